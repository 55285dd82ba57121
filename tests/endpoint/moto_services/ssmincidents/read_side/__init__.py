# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a replication set holds, as the read operations of both APIs return it: objects are seeded in AWS's own JSON.

No call can make or change an object. kinds.py has the kinds and the operations, data.py has the objects of a set, and
answers.py answers the operations.
"""
