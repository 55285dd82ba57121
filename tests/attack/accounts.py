# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of an attacked fleet: what each has, how a host of the inventory reaches it, and its secrets."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit, urlunsplit

REGION = "eu-west-1"
REGIONS = (REGION, "eu-central-1")

#: Rules that an intact replication set meets. Each of them depends on a different part of the answers.
RULES: Mapping[str, Any] = {
    "regions": list(REGIONS),
    "deletion_protected": True,
    "allowed_kms_keys": ["DefaultKey"],
    "tags": {"Team": "Resilience"},
}
ABSENT: Mapping[str, Any] = {"state": "absent"}
ANY: Mapping[str, Any] = {"state": "any"}

#: How a host can reach its account.
WAYS = ("keys", "temporary keys", "password in endpoint_url", "role", "profile", "role of profile")

#: The beginning of every session token of AWS. It is not a secret.
TOKEN_BEGINNING = "IQoJb3JpZ2luX2Vj"


@dataclass(frozen=True)
class Keys:
    """Credentials.

    :ivar token: the session token, of 917 characters as AWS's are; empty for permanent keys.
    """

    access_key: str
    secret_key: str
    token: str = ""

    @classmethod
    def make(cls, seed: str, *, temporary: bool) -> Keys:
        """Return the same keys for the same seed."""

        def text(length: int, letters: str) -> str:
            return "".join(generator.choices(letters, k=length))

        generator = random.Random(seed)
        # Other forms of a text, such as percent-encoding, change slashes and plus signs.
        letters = string.ascii_letters + string.digits + "/+"
        return cls(
            ("ASIA" if temporary else "AKIA") + text(16, string.ascii_uppercase + string.digits),
            f"{text(12, letters)}/{text(14, letters)}+{text(12, letters)}",
            f"{TOKEN_BEGINNING}{text(899, letters)}==" if temporary else "",
        )

    @property
    def secrets(self) -> set[str]:
        return {self.secret_key, self.token} - {""}


@dataclass
class Account:
    """An AWS account, and the host that stands for it.

    :ivar name: the host's name in the inventory, and the first part of the path of each of its requests.
    :ivar way: one of WAYS.
    :ivar rules: incident_manager_rules; None for none.
    :ivar has_set: whether it has a replication set.
    :ivar changes: members of the set that differ from the one in order.
    :ivar options: further options of incident_manager_account.
    :ivar line_break: an option with a secret that has a line break at its end, as a block of YAML has.
    """

    name: str
    number: int
    way: str = "keys"
    rules: Mapping[str, Any] | None = None
    has_set: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    line_break: str = ""
    region: str = REGION

    @cached_property
    def account_id(self) -> str:
        return f"{210000000000 + self.number:012}"

    @cached_property
    def path(self) -> str:
        """The first part of the path of the host's requests. It tells the endpoint which account they are for."""
        return f"host-{self.number}"

    @cached_property
    def arn(self) -> str:
        return f"arn:aws:ssm-incidents::{self.account_id}:replication-set/{self.number:08x}-4bf9-bb3f-413c-08df53673b57"

    @cached_property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/audit"

    @cached_property
    def keys(self) -> Keys:
        """The host's credentials. With a role, they belong to a user who may assume it."""
        return Keys.make(f"keys {self.number}", temporary=self.way in ("temporary keys", "password in endpoint_url"))

    @cached_property
    def role_keys(self) -> Keys:
        """The credentials that STS issues for the role."""
        return Keys.make(f"role {self.number}", temporary=True)

    @property
    def has_role(self) -> bool:
        return self.way in ("role", "role of profile")

    @cached_property
    def password(self) -> str:
        seed = f"password {self.number}"
        return (
            Keys.make(seed, temporary=False).secret_key.translate({47: "_", 43: "-"})
            if self.way == "password in endpoint_url"
            else ""
        )

    @property
    def secrets(self) -> set[str]:
        role = self.role_keys.secrets if self.has_role else set()
        return (self.keys.secrets | role | {self.password}) - {""}

    @property
    def replication_set(self) -> dict[str, Any]:
        """What GetReplicationSet returns: as recorded by AWS (AWS CLI's examples), without arn and statusUpdateDateTime."""
        user = f"arn:aws:sts::{self.account_id}:assumed-role/Admin/username"
        region = {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE", "statusMessage": "Tagging inaccessible"}
        return {
            "createdBy": user,
            "createdTime": 1621014442.01,
            "deletionProtected": True,
            "lastModifiedBy": user,
            "lastModifiedTime": 1621014442.01,
            "regionMap": {name: dict(region) for name in REGIONS},
            "status": "ACTIVE",
            **self.changes,
        }

    def host_variables(self, url: str) -> dict[str, Any]:
        """Return the host's variables in the inventory."""
        options: dict[str, Any] = {"region": self.region}
        if self.way in ("profile", "role of profile"):
            options["profile"] = self.path
        else:
            options |= {"access_key": self.keys.access_key, "secret_key": self.keys.secret_key}
            options |= {"session_token": self.keys.token} if self.keys.token else {}
        if self.way == "role":
            options["assume_role_arn"] = self.role_arn
        if self.line_break:
            options[self.line_break] += "\n"
        options["endpoint_url"] = self.url(url)
        rules = {} if self.rules is None else {"incident_manager_rules": dict(self.rules)}
        return {"incident_manager_account": {**options, **self.options}, **rules}

    def url(self, url: str) -> str:
        parts = urlsplit(url)
        address = f"user:{self.password}@{parts.netloc}" if self.password else parts.netloc
        return urlunsplit(parts._replace(netloc=address, path=f"/{self.path}"))

    def profiles(self, url: str) -> str:
        """Return the host's profile in AWS's credentials file; empty without one."""
        keys = f"aws_access_key_id = {self.keys.access_key}\naws_secret_access_key = {self.keys.secret_key}\n"
        if self.way == "profile":
            return f"[{self.path}]\n{keys}"
        if self.way == "role of profile":
            role = f"role_arn = {self.role_arn}\nsource_profile = {self.path}-source\nendpoint_url = {self.url(url)}\n"
            return f"[{self.path}]\n{role}region = {self.region}\n[{self.path}-source]\n{keys}"
        return ""


def inventory(accounts: Iterable[Account], url: str) -> str:
    """Return an inventory in JSON of the accounts, which are reached at a URL."""
    return json.dumps({"all": {"hosts": {account.name: account.host_variables(url) for account in accounts}}})
