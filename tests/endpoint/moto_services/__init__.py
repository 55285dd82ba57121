# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder for moto's search path: each package in it becomes ``moto.<name>``, see backend.py.

Import ``moto.ssmincidents``, never this package: a second copy of the module would have a second state.
"""

from __future__ import annotations
