# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The option search_regions, for a replication set whose Regions are not known."""

    DOCUMENTATION = r"""
options:
  search_regions:
    description:
      - Additional Regions to search if the connection's Region does not return the replication set. The connection's
        Region is searched first, then the additional Regions in parallel. The first Region that returns the set ends
        the search. The result is that the account has no replication set only if no Region lists one.
      - V(all) stands for every Region of the partition in which Incident Manager is available, according to the
        installed botocore.
      - If empty, only the connection's Region is searched.
      - A Region that can't be searched (not enabled, denied by a policy, unreachable) does not stop the search. If no
        Region returns the set and a Region could not be searched, the task fails and names that Region.
      - Connecting to a Region times out after 10 seconds and reading its response after 20 seconds. A call that AWS
        throttles, that fails with an internal error of the service, or whose connection breaks, is made up to ten
        times. A call that times out is made twice, and a call to an endpoint that can't be reached three times. If the
        plugin has the option C(aws_config), the option overrides these limits (C(connect_timeout), C(read_timeout),
        C(retries)). E(AWS_MAX_ATTEMPTS), or C(max_attempts) of the profile, sets the number of attempts too.
      - A call is not retried after 45 seconds. Regardless of the options, the search does not wait longer than 45
        seconds for the additional Regions. With the default time limits, the whole search therefore ends within three
        minutes. If no Region responds, the search takes about 80 seconds. There is no limit for a response that arrives
        a few bytes at a time, and the time limits of the host's own resolver apply to a name server that does not
        respond.
      - If a program (C(credential_process)) or another provider returns no credentials within 60 seconds, the task fails.
    type: list
    elements: str
    default: []
"""
