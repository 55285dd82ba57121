# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the replication set of the demo's account, with a response plan, a contact and an open incident."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from endpoint.client import ControlClient, active_set  # noqa: E402
from helpers.incident_data import contact, incident, response_plan, timeline_event  # noqa: E402

CONTROL = ControlClient(os.environ["INCIDENT_MANAGER_ENDPOINT"])
CONTROL.seed(
    active_set({"eu-central-1": "DefaultKey", "eu-west-1": "DefaultKey"}, deletionProtected=True),
    tags={"Team": "Resilience"},
)
CONTROL.seed_data(
    response_plan("payments-down"),
    contact("on-call", region="eu-central-1"),
    incident("one"),
    timeline_event("one", "e1"),
    timeline_event("one", "e2"),
)
