# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes an organization at the local endpoint, with the replication sets of its accounts. One account denies access."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from endpoint.client import ControlClient, active_set  # noqa: E402

MANAGEMENT_ACCOUNT = "123456789012"
# The accounts of each organizational unit.
UNITS: dict[tuple[str, ...], dict[str, str]] = {
    ("Workloads", "Production"): {
        "111122223333": "payments-production",
        "222233334444": "shop-production",
        "333344445555": "identity",
        "444455556666": "data-lake",
        "555566667777": "search",
    },
    ("Workloads", "Staging"): {"111122224444": "payments-staging", "222233335555": "shop-staging"},
    ("Workloads", "Sandbox"): {"666677778888": "sandbox"},
    ("Retired",): {"777788889999": "crm", "888899990000": "intranet"},
}
CONTROL = ControlClient(os.environ["INCIDENT_MANAGER_ENDPOINT"])


def main() -> None:
    members = [
        {"id": account, "name": name, "units": units}
        for units, names in UNITS.items()
        for account, name in names.items()
    ]
    closed = {"id": "999900001111", "name": "blog", "state": "SUSPENDED"}
    CONTROL.make_organization([*members, closed], MANAGEMENT_ACCOUNT)
    seed("111122223333")
    seed("111122224444")
    seed("222233334444", keys={"eu-west-1": "DefaultKey"}, deletionProtected=False)
    # 222233335555 has no set.
    seed("333344445555")
    denied = {
        "fault": "error",
        "code": "AccessDeniedException",
        "message": "User: arn:aws:sts::333344445555:assumed-role/incident-manager-audit/incident_manager.aws is not"
        " authorized to perform: ssm-incidents:ListReplicationSets",
    }
    CONTROL.add_faults({**denied, "account": "333344445555", "times": None})
    seed("444455556666", tags={}, status="FAILED", failed_region="eu-central-1")
    seed("555566667777", keys=own_keys("555566667777", "eu-west-1", "eu-central-1", "eu-north-1"))
    # The rules of 666677778888 have a typing error. 777788889999 has no set, as its rules require.
    seed("888899990000", tags={"Team": "Intranet"})


def seed(
    account: str,
    keys: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    failed_region: str | None = None,
    **members: Any,
) -> None:
    """Seed an account's set, by default in two Regions with keys of the account, protected and tagged."""
    keys = own_keys(account, "eu-central-1", "eu-west-1") if keys is None else keys
    body = active_set(keys, **{"deletionProtected": True, **members})
    if failed_region:
        body["regionMap"][failed_region] |= {
            "status": "FAILED",
            "statusMessage": "The KMS key is pending deletion",
        }
    CONTROL.seed(body, account, tags={"Team": "Resilience"} if tags is None else tags)


def own_keys(account: str, *regions: str) -> dict[str, str]:
    """Return a KMS key of the account for each Region."""
    return {name: f"arn:aws:kms:{name}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab" for name in regions}


if __name__ == "__main__":
    main()
