# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put the replication sets of accounts.yml into the local endpoint, and make one account refuse to answer."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

CONTROL = os.environ["INCIDENT_MANAGER_ENDPOINT"] + "/incident-manager-endpoint"
OWNED_BY_AWS = "DefaultKey"


def main() -> None:
    add("111122223333")
    add("111122224444")
    add("222233334444", regions={"eu-west-1": OWNED_BY_AWS}, deletionProtected=False)
    # 222233335555 has none.
    add("333344445555")
    refusal = {
        "fault": "error",
        "code": "AccessDeniedException",
        "message": "User: arn:aws:sts::333344445555:assumed-role/incident-manager-audit/incident_manager.aws is not"
        " authorized to perform: ssm-incidents:ListReplicationSets",
    }
    post("faults", [{**refusal, "account": "333344445555", "times": None}])
    add("444455556666", status="FAILED", failed="eu-central-1", tags={})
    add("555566667777", regions={"eu-west-1": None, "eu-central-1": None, "eu-north-1": None})
    # 777788889999 has none, and is to have none.
    add("888899990000", tags={"Team": "Intranet"})


def add(
    account: str,
    regions: dict[str, str | None] | None = None,
    failed: str = "",
    tags: dict[str, str] | None = None,
    **body: Any,
) -> None:
    """Seed an account's set: in two Regions, with keys of its own, protected and tagged, unless said otherwise."""
    region_map = {}
    for name, key in (regions or {"eu-central-1": None, "eu-west-1": None}).items():
        own = f"arn:aws:kms:{name}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        region_map[name] = {"sseKmsKeyId": key or own, "status": "ACTIVE"}
        if name == failed:
            region_map[name] |= {"status": "FAILED", "statusMessage": "The KMS key is pending deletion"}
    whole = {"status": "ACTIVE", "deletionProtected": True, "regionMap": region_map, **body}
    tags = {"Team": "Resilience"} if tags is None else tags
    post("seed", {"account": account, "body": whole, "tags": tags})


def post(path: str, body: object) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{CONTROL}/{path}", json.dumps(body).encode(), headers, method="POST")
    urllib.request.urlopen(request).close()


if __name__ == "__main__":
    main()
