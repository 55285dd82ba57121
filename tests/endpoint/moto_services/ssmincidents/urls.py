# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ssmincidents and ssmcontacts base URLs, and one path for all requests: botocore's model has the operations' paths."""

from __future__ import annotations

from .responses import SSMIncidentsResponse

# Every host name, also those of FIPS, dual-stack and other partitions' endpoints. With mock_aws a request whose host name
# does not match would be sent to the real network.
url_bases = [r"https?://ssm-(?:incidents|contacts)(?:-fips)?\.[^/]+"]

url_paths = {"{0}/.*$": SSMIncidentsResponse.dispatch, "{0}/$": SSMIncidentsResponse.dispatch}
