# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

#: The collection's version as the User-Agent names it; a test holds it equal to galaxy.yml's.
VERSION = "1.0.0"
