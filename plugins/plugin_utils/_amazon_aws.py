# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails with a message if amazon.aws is not installed.

Each plugin that runs on the controller imports this file before amazon.aws. To ansible-core, an ImportError in a plugin is a
bug of the plugin.
"""

from __future__ import annotations

from ansible.errors import AnsibleError

try:
    import ansible_collections.amazon.aws  # noqa: F401  # pylint: disable=unused-import
except ImportError:
    raise AnsibleError(
        "The collection incident_manager.aws requires the collection amazon.aws, which is not installed on this controller. To"
        " install it, run: ansible-galaxy collection install amazon.aws"
    ) from None
