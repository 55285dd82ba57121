# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name, and displays its progress; plugins/modules has its documentation."""

from __future__ import annotations

from ansible_collections.incident_manager.aws.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """Everything is in the base class."""
