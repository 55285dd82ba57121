# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of a fleet: what each contains, and how an audit reaches it.

Both depend only on the account's number. An account can also fail in one of ten ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

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
# How an audit gets an account's credentials.
CREDENTIALS = ("role", "profile", "keys")
ROLE_NAME = "incident-manager-audit"
# Regions for the sets and the connections, besides eu-west-1, which RULES requires.
_OTHER_REGIONS = ("ap-northeast-1", "ca-central-1", "eu-central-1", "sa-east-1", "us-east-1", "us-west-2")


class Failure(NamedTuple):
    """One way in which the audit of an account fails.

    :ivar credentials: one of CREDENTIALS; None for any of them.
    :ivar code: error.code of the account's row; None if the row has no error because the task does not run.
    :ivar message_parts: parts of the row's msg. They can have {account_id}, {name} and the names of failing_servers().
    :ivar host_variables: variables of the host that differ; None removes a variable. Texts can have the names of
        failing_servers().
    :ivar fault: the endpoint's fault rule for the account.
    """

    credentials: str | None
    code: str | None
    message_parts: tuple[str, ...]
    host_variables: Mapping[str, Any] = {}
    fault: Mapping[str, Any] | None = None


FAILURES: dict[str, Failure] = {
    "role does not trust the caller": Failure(
        "role",
        "AccessDenied",
        ("assume the role", "{account_id}", "trust policy"),
        host_variables={"endpoint": "{refusing_sts}"},
    ),
    "policy lacks the action": Failure(
        "role",
        "AccessDeniedException",
        ("not authorized to perform: ssm-incidents:ListReplicationSets", "IAM policy"),
        fault={
            "fault": "error",
            "code": "AccessDeniedException",
            "message": "User is not authorized to perform: ssm-incidents:ListReplicationSets on resource: *",
        },
    ),
    "endpoint hangs": Failure(
        "role",
        "ReadTimeoutError",
        ("Read timeout", "read_timeout"),
        host_variables={
            "endpoint": "{hanging_server}",
            "account_aws_config": {"read_timeout": 1, "retries": {"total_max_attempts": 1}},
        },
    ),
    "endpoint refuses connections": Failure(
        None,
        "EndpointConnectionError",
        ("Could not connect", "{closed_port}"),
        host_variables={"endpoint": "{closed_port}"},
    ),
    "profile does not exist": Failure(
        "profile",
        "ProfileNotFound",
        ("no-such-profile", "could not be found"),
        host_variables={"profile": "no-such-profile"},
    ),
    "keys are wrong": Failure(
        "keys",
        "UnrecognizedClientException",
        ("security token", "Check the credentials"),
        fault={
            "fault": "error",
            "code": "UnrecognizedClientException",
            "message": "The security token included in the request is invalid.",
            "http_status": 403,
        },
    ),
    "variable is not defined": Failure(
        "role", None, ("'account_id' is undefined",), host_variables={"account_id": None}
    ),
    "option is misspelled": Failure(
        "keys",
        "InvalidParameter",
        ("Unsupported parameters: account.regoin.", " region,"),
        host_variables={"incident_manager_account": {"regoin": "eu-west-1"}},
    ),
    "proxy answers with a page": Failure(
        None, "MalformedAnswer", ("can't be read", "proxy"), fault={"fault": "not_json"}
    ),
    # The last one, because the audit retries for half a minute.
    "calls are throttled": Failure(
        None, "ThrottlingException", ("Rate exceeded", "throttled the request"), fault={"fault": "throttle"}
    ),
}
QUICK_FAILURES = tuple(FAILURES)[:-1]


@dataclass(frozen=True)
class Account:
    """An account of the fleet.

    :ivar credentials: one of CREDENTIALS.
    :ivar group: a key of GROUP_RULES.
    :ivar region: the Region of the connection, which the audit asks first.
    :ivar search_regions: the Regions that it asks next; only the last of them is in the set.
    :ivar body: the set, as GetReplicationSet returns it; None for no set.
    :ivar tags: the set's tags.
    :ivar tags_denied: whether listing the tags is denied.
    :ivar failure: a key of FAILURES; None for an account whose audit does not fail.
    """

    number: int
    credentials: str
    group: str = "standard"
    region: str = "eu-west-1"
    search_regions: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    tags_denied: bool = False
    failure: str | None = None

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


def make_accounts(number: int, failing: int = 0, failures: Sequence[str] = tuple(FAILURES)) -> list[Account]:
    """Return accounts, some of which fail. The failures take turns."""
    failure_of = {round(index * number / failing): failures[index % len(failures)] for index in range(failing)}
    return [_make_account(index, failure_of.get(index)) for index in range(number)]


def make_compliant_accounts(number: int, credentials: str) -> list[Account]:
    """Return accounts that meet RULES, all with the same kind of credentials."""
    return [
        Account(
            index, credentials, body=_compliant_body(index, Random(index), "us-east-1"), tags=_compliant_tags(index)
        )
        for index in range(number)
    ]


def _make_account(number: int, failure: str | None) -> Account:
    random = Random(number)
    credentials = (FAILURES[failure].credentials if failure else None) or CREDENTIALS[number % len(CREDENTIALS)]
    second = random.choice(_OTHER_REGIONS)
    body, tags = _compliant_body(number, random, second), _compliant_tags(number)
    group = random.choices(("standard", "retired", "trial"), (8, 1, 2))[0]
    exists = random.random() < (0.3 if group == "retired" else 0.85)
    tags_denied = False
    for _defect in range(random.choice((0, 0, 1, 1, 2))):
        defect = random.choice(_DEFECTS)
        tags_denied |= defect == "tags denied"
        _apply_defect(defect, body, tags, second, random)
    # GetReplicationSet answers in an ACTIVE Region only.
    working = [name for name, info in body["regionMap"].items() if info["status"] == "ACTIVE"]
    region = random.choice(working)
    search: tuple[str, ...] = ()
    # A quarter of the accounts have search_regions.
    if random.random() < 0.25:
        outside = [name for name in _OTHER_REGIONS if name not in body["regionMap"]]
        search = (outside[0], region)
        region = outside[1]
    return Account(number, credentials, group, region, search, body if exists else None, tags, tags_denied, failure)


_DEFECTS = (
    "another region",
    "deleting",
    "failed",
    "foreign key",
    "key missing",
    "one region",
    "owned key",
    "protection missing",
    "tag missing",
    "tag differs",
    "tags denied",
    "unprotected",
)


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


def _apply_defect(defect: str, body: dict[str, Any], tags: dict[str, str], second: str, random: Random) -> None:
    """Change a set so that it breaks a rule, or lacks a fact that a rule needs. At least one Region stays ACTIVE."""
    regions: dict[str, dict[str, str]] = body["regionMap"]
    if defect == "another region" and "eu-west-1" in regions:
        moved = regions.pop("eu-west-1")
        if moved.get("sseKmsKeyId") != "DefaultKey":
            moved["sseKmsKeyId"] = _key("eu-west-2", KEY_ACCOUNT, random)
        regions["eu-west-2"] = moved
    elif defect == "deleting" and len(regions) > 1:
        body["status"] = "UPDATING"
        regions[second]["status"] = "DELETING"
    elif defect == "failed" and len(regions) > 1:
        body["status"] = "FAILED"
        regions[second].update(status="FAILED", statusMessage="The key is disabled")
    elif defect == "foreign key" and regions[second].get("sseKmsKeyId") != "DefaultKey":
        regions[second]["sseKmsKeyId"] = _key(second, "111122223333", random)
    elif defect == "key missing":
        regions[second].pop("sseKmsKeyId", None)
    elif defect == "one region" and len(regions) > 1 and body["status"] == "ACTIVE":
        del regions[next(name for name in regions if name != second)]
    elif defect == "owned key":
        # A set has the AWS owned key in all Regions, or in none.
        for info in regions.values():
            info["sseKmsKeyId"] = "DefaultKey"
    elif defect == "protection missing":
        body.pop("deletionProtected", None)
    elif defect == "tag missing":
        tags.pop("CostCenter", None)
    elif defect == "tag differs":
        tags["Team"] = "resilience"
    elif defect == "unprotected":
        body["deletionProtected"] = False
