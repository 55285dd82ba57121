# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto backend for AWS Systems Manager Incident Manager (``ssm-incidents``): replication sets and their tags."""

from __future__ import annotations

from .models import ssmincidents_backends

__all__ = ["ssmincidents_backends"]
