# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages that backend.py adds to moto: each is imported as ``moto.<name>``.

Import ``moto.ssmincidents``, never this package: a second copy of the module would have a second state.
"""

from __future__ import annotations
