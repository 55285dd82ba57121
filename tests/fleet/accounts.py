# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a fleet: what each contains, and how an audit reaches it. Both depend only on the account's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from endpoint.client import active_set

# The account of the KMS keys that RULES allows.
KEY_ACCOUNT = "999988887777"
ALLOWED_KEYS = [f"arn:aws:kms:*:{KEY_ACCOUNT}:key/*"]
RULES: dict[str, Any] = {
    "state": "present",
    "regions": ["eu-west-1"],
    "minimum_regions": 2,
    "active": True,
    "customer_managed_keys": True,
    "allowed_kms_keys": ALLOWED_KEYS,
    "usable_keys": False,
    "deletion_protected": True,
    "tags": {"Team": "Resilience", "CostCenter": None},
}
# The rules of each group of accounts.
GROUP_RULES = {
    "standard": RULES,
    "retired": {"state": "absent"},
    "trial": {
        "state": "any",
        "minimum_regions": 1,
        "active": False,
        "customer_managed_keys": False,
        "usable_keys": False,
    },
}
ROLE_NAME = "incident-manager-audit"


@dataclass(frozen=True)
class Account:
    """An account of the fleet.

    :ivar credentials: how an audit gets the account's credentials: role, profile or keys.
    :ivar group: a key of GROUP_RULES.
    :ivar region: the Region of the connection, which the audit asks first.
    :ivar body: the set, as GetReplicationSet returns it; None for no set.
    :ivar tags: the set's tags.
    :ivar tags_denied: whether listing the tags is denied.
    """

    number: int
    credentials: str
    group: str = "standard"
    region: str = "eu-west-1"
    body: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    tags_denied: bool = False

    @property
    def name(self) -> str:
        return f"account-{self.number:04}"

    @property
    def account_id(self) -> str:
        return str(300_000_000_000 + 7919 * self.number)

    @property
    def arn(self) -> str:
        uuid = f"{self.number:08x}-4bf9-bb3f-413c-08df53673b57"
        return f"arn:aws:ssm-incidents::{self.account_id}:replication-set/{uuid}"

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/{ROLE_NAME}"


def make_compliant_accounts(number: int, credentials: str) -> list[Account]:
    """Return accounts that meet RULES, all with the same kind of credentials."""
    return [
        Account(
            index, credentials, body=_compliant_body(index, Random(index), "us-east-1"), tags=_compliant_tags(index)
        )
        for index in range(number)
    ]


def _compliant_body(number: int, random: Random, second: str) -> dict[str, Any]:
    created = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number, milliseconds=number % 1000)
    body = active_set(
        {name: _key(name, KEY_ACCOUNT, random) for name in ("eu-west-1", second)},
        createdBy=f"arn:aws:sts::{number:012}:assumed-role/Admin/creator-{number}",
        createdTime=created.isoformat(),
        deletionProtected=True,
        lastModifiedBy=f"arn:aws:sts::{number:012}:assumed-role/Admin/modifier-{number}",
        lastModifiedTime=(created + timedelta(days=1)).isoformat(),
    )
    if number % 5 == 0:
        body["regionMap"][second]["statusMessage"] = f"Tagging <inaccessible> & späte Antwort {number}"
    if number % 2:
        for info in body["regionMap"].values():
            info["statusUpdateDateTime"] = (created + timedelta(hours=1)).isoformat()
    return body


def _compliant_tags(number: int) -> dict[str, str]:
    return {"Team": "Resilience", "CostCenter": f"cost-{number}", "aws:createdBy": f"stack {number}"}


def _key(region: str, account: str, random: Random) -> str:
    return f"arn:aws:kms:{region}:{account}:key/{random.getrandbits(32):08x}-12ab-34cd-56ef-1234567890ab"
