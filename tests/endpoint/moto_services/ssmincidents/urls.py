# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ssmincidents base URL and paths."""

from __future__ import annotations

from .responses import SSMIncidentsResponse

url_bases = [r"https?://ssm-incidents\.(.+)\.amazonaws\.com"]

url_paths = {
    "{0}/createReplicationSet$": SSMIncidentsResponse.dispatch,
    "{0}/deleteReplicationSet$": SSMIncidentsResponse.dispatch,
    "{0}/getReplicationSet$": SSMIncidentsResponse.dispatch,
    "{0}/listReplicationSets$": SSMIncidentsResponse.dispatch,
    "{0}/updateDeletionProtection$": SSMIncidentsResponse.dispatch,
    "{0}/updateReplicationSet$": SSMIncidentsResponse.dispatch,
    "{0}/tags/(?P<resourceArn>.+)$": SSMIncidentsResponse.dispatch,
}
