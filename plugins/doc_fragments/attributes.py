# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of this collection's modules."""

    DOCUMENTATION = r"""
attributes:
  action_group:
    description:
      - Use C(group/incident_manager.aws.aws) in C(module_defaults) to set defaults for this module and for the modules
        of the amazon.aws collection, such as M(amazon.aws.aws_caller_info).
    support: full
    membership:
      - incident_manager.aws.aws
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled by the module has not changed in a relevant way.
options: {}
"""

    # The descriptions are ansible-core's own (action_common_attributes), in this collection's words.
    ON_CONTROLLER = r"""
attributes:
  action:
    description: Runs as an action plugin on the controller. Nothing runs on the target host.
    support: full
  async:
    description: Supports the C(async) keyword.
    support: none
    details:
      - The task fails if C(async) is set. Ansible runs the task for several hosts at the same time (C(forks)) anyway.
  become:
    description: Is usable along with the C(become) keywords.
    support: none
    details:
      - C(become) has no effect, because the task runs on the controller as the user who runs Ansible.
  connection:
    description: Uses the host's connection to run code there.
    support: none
  delegation:
    description: Can be used with C(delegate_to) and related keywords.
    support: partial
    details:
      - C(delegate_to) has no effect, because the task always runs on the controller. C(run_once) and C(loop) work as
        usual.
options: {}
"""

    PROGRESS = r"""
attributes:
  action:
    description: Has an action plugin, which runs on the controller.
    support: full
    details:
      - The action plugin of the same name runs the module, and displays its progress.
  async:
    description: Supports the C(async) keyword.
    support: full
notes:
  - Since version 4.2.0, Ansible displays the progress of the module on the standard error while the module runs. This
    requires a local connection, as for C(localhost), because Ansible reads the progress from a file that the module
    writes. With C(become), the other user must be root to write this file. Otherwise, or with C(no_log), Ansible
    displays nothing.
  - To turn the progress off, set the variable C(incident_manager_progress) to V(false), or set the environment variable
    E(INCIDENT_MANAGER_PROGRESS) to V(false) for C(ansible-playbook).
options: {}
"""

    INFO_MODULE = r"""
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
    details:
      - This module only reads.
options: {}
"""
