# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account of the examples in README, in the guides and on the modules' pages. Each example works in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.incident_data import contact, incident, response_plan
from moto.iam.models import iam_backends

from .client import ACCESS_KEY, SECRET_KEY, active_set

if TYPE_CHECKING:
    from .control import Control

ACCOUNT = "111122223333"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
# The Regions of the set, and those to which examples move it. Each has a key.
REGIONS = ("eu-central-1", "eu-west-1")
OTHER_REGIONS = ("eu-north-1", "eu-west-2", "eu-west-3", "us-east-1")
KEYS = {
    name: f"arn:aws:kms:{name}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab" for name in REGIONS + OTHER_REGIONS
}
# The key that replaces another one.
OTHER_KEY = f"arn:aws:kms:eu-north-1:{ACCOUNT}:key/abcd1234-ab12-cd34-ef56-abcdef123456"
TAGS = {"CostCenter": "A-1", "Team": "Resilience"}
CREATOR = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/username"
SET: dict[str, Any] = active_set(
    {name: KEYS[name] for name in REGIONS},
    createdBy=CREATOR,
    createdTime="2021-05-14T17:57:22.010000+00:00",
    deletionProtected=True,
    lastModifiedBy=CREATOR,
    lastModifiedTime="2026-03-01T12:00:00.000000+00:00",
)
# The other accounts have no replication set.
ORGANIZATION = [
    {"id": ACCOUNT, "name": "payments", "units": ["Workloads", "Production"]},
    {"id": "222233334444", "name": "shop", "units": ["Workloads", "Production"]},
    {"id": "333344445555", "name": "archive", "units": ["Retired"]},
]


def make_account(control: Control) -> None:
    """Make the account as it is at the start: its access key, KMS keys, replication set and organization.

    The access key stays the account's as long as the process lives, because moto has one IAM per process.
    """
    iam = iam_backends[ACCOUNT]["aws"]
    if ACCESS_KEY not in iam.access_keys:
        # moto itself would choose the access key.
        made = iam.access_keys.pop(control.make_user(["*"], ACCOUNT)["aws_access_key_id"])
        made.access_key_id, made.secret_access_key = ACCESS_KEY, SECRET_KEY
        iam.access_keys[ACCESS_KEY] = made
    for arn in (*KEYS.values(), OTHER_KEY):
        control.make_key(arn)
    control.seed(SET, ACCOUNT, ARN, TAGS)
    control.seed_data(
        response_plan("payments-down", ACCOUNT),
        contact("on-call", region="eu-west-1", account=ACCOUNT),
        incident("one", "RESOLVED", ACCOUNT, title="Payments are down"),
        account=ACCOUNT,
    )
    control.make_organization(ORGANIZATION, delegated_administrators=[ACCOUNT])
