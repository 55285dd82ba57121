# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a replication set holds, as the read operations of both APIs return it: objects are seeded in AWS's own JSON.

No object can be made or changed by a call. kinds.py is the table of kinds and operations, data.py holds the objects of a
set, answers.py answers the operations.
"""
