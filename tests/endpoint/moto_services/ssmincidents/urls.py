# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base URLs of ssm-incidents and ssm-contacts, with one path for all requests. utils.py reads the paths from the model."""

from __future__ import annotations

from .responses import SSMIncidentsResponse

# All host names, including those of FIPS and dual-stack endpoints and of other partitions. With mock_aws, a request whose host
# name does not match would go to the real network.
url_bases = [r"https?://ssm-(?:incidents|contacts)(?:-fips)?\.[^/]+"]

url_paths = {"{0}/.*$": SSMIncidentsResponse.dispatch, "{0}/$": SSMIncidentsResponse.dispatch}
