# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to find a replication set whose Regions are not known."""

    DOCUMENTATION = r"""
options:
  search_regions:
    description:
      - Further Regions to ask where the connection's own Region, which is asked first, has no answer.
        They are asked all at once. The first Region that returns the set ends the search.
      - V(all) stands for every Region of the partition where Incident Manager exists, as the installed botocore knows them.
      - Left empty, only the connection's own Region is asked.
      - A Region that refuses (not enabled, denied by a policy, unreachable) does not stop the search. If nothing is
        found and a Region could not be searched, that is a failure, which names that Region.
      - With this option a Region gets 10 s for the connection and 20 s for an answer, twice, unless C(aws_config), where that
        is an option, says otherwise. As its own Region is asked first, it takes at most about 80 s to give up where all of them hang.
    type: list
    elements: str
    default: []
"""
