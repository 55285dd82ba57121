# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of accounts at a running local endpoint, with the inventory that reaches them and what an audit must find.

What is in the accounts is a function of their number alone, and so is what an audit must find. Some can be broken, in
ten ways; what an account looks like then comes from the endpoint's fault rules, or from the sockets of Wrecks.

Usage: fleet.py ACCOUNTS BROKEN FOLDER COMMAND [ARGUMENT...]

Runs the command with the fleet's inventory, FOLDER/inventory.json, as Ansible's. The endpoint is the one that
INCIDENT_MANAGER_ENDPOINT names.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs

# Which account owns the keys that everything is to be encrypted with.
KEY_ACCOUNT = "999988887777"
ALLOWED_KEYS = [f"arn:aws:kms:*:{KEY_ACCOUNT}:key/*"]
RULES: dict[str, Any] = {
    "state": "present",
    "regions": ["eu-west-1"],
    "minimum_regions": 2,
    "active": True,
    "customer_managed_keys": True,
    "allowed_kms_keys": ALLOWED_KEYS,
    "deletion_protected": True,
    "tags": {"Team": "Resilience", "CostCenter": None},
}
# What the audit holds an account to, by the group that its host is in.
RULES_OF = {
    "standard": RULES,
    "retired": {"state": "absent"},
    "trial": {"state": "any", "minimum_regions": 1, "active": False, "customer_managed_keys": False},
}
KINDS = ("role", "profile", "keys")
# Regions that an account may ask from; eu-west-1, which the rules want, is not among them.
_OTHER_REGIONS = ("ap-northeast-1", "ca-central-1", "eu-central-1", "sa-east-1", "us-east-1", "us-west-2")
_ROLE = "incident-manager-audit"
_HUB = "210000000000"


class Way(NamedTuple):
    """One way for an account to be broken.

    :ivar kind: how such an account is reached; None where any kind will do.
    :ivar code: error.code of its row; None where the row has no error, for the task did not come so far.
    :ivar words: what its msg has to say; {account_id} and {name} stand for the account's.
    :ivar host: variables of its host that are not as they should be; {silent}, {deaf} and {refusing} stand for URLs.
    :ivar fault: the endpoint's rule for the account.
    """

    kind: str | None
    code: str | None
    words: tuple[str, ...]
    host: Mapping[str, Any] = {}
    fault: Mapping[str, Any] | None = None


WAYS: dict[str, Way] = {
    "role that does not trust the caller": Way(
        "role", "AccessDenied", ("assume the role", "{account_id}", "trust policy"), host={"endpoint": "{refusing}"}
    ),
    "policy without the action": Way(
        "role",
        "AccessDeniedException",
        ("not authorized to perform: ssm-incidents:ListReplicationSets", "IAM policy"),
        fault={
            "fault": "error",
            "code": "AccessDeniedException",
            "message": "User is not authorized to perform: ssm-incidents:ListReplicationSets on resource: *",
        },
    ),
    "endpoint that hangs": Way(
        "role",
        "ReadTimeoutError",
        ("Read timeout", "read_timeout"),
        host={
            "endpoint": "{silent}",
            "account_aws_config": {"read_timeout": 1, "retries": {"total_max_attempts": 1}},
        },
    ),
    "endpoint where nobody listens": Way(
        None, "EndpointConnectionError", ("Could not connect", "{deaf}"), host={"endpoint": "{deaf}"}
    ),
    "profile that is not in the file": Way(
        "profile", "ProfileNotFound", ("no-such-profile", "could not be found"), host={"profile": "no-such-profile"}
    ),
    "keys that are wrong": Way(
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
    "variable that is not defined": Way("role", None, ("'account_id' is undefined",), host={"account_id": None}),
    "option that is misspelt": Way(
        "keys",
        "InvalidParameter",
        ("Unsupported options", "regoin", "region"),
        host={"incident_manager_account": {"regoin": "eu-west-1"}},
    ),
    "proxy that answers with a page": Way(
        None, "MalformedAnswer", ("can't be read", "proxy"), fault={"fault": "not_json"}
    ),
    # The last one: it takes half a minute until the audit gives up.
    "throttled for ever": Way(
        None, "ThrottlingException", ("Rate exceeded", "retried with backoff"), fault={"fault": "throttle"}
    ),
}
QUICK_WAYS = tuple(WAYS)[:-1]


@dataclass(frozen=True)
class Account:
    """An account: what is in it, and how an audit reaches it.

    :ivar group: which rules it is held to.
    :ivar region: where an audit asks first.
    :ivar search_regions: where it asks next; only the last of them is in the set.
    :ivar body: the replication set, in GetReplicationSet's words; None for no set.
    :ivar tags: the set's.
    :ivar tags_hidden: whether the caller may not list them.
    :ivar way: how the account is broken, a key of WAYS; None for a healthy one.
    """

    number: int
    kind: str
    group: str = "standard"
    region: str = "eu-west-1"
    search_regions: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    tags_hidden: bool = False
    way: str | None = None

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
    def role(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/{_ROLE}"


# What is in the accounts ----------------------------------------------------------------------------------------------


def accounts(
    number: int, broken: int = 0, ways: Sequence[str] = tuple(WAYS), kinds: Sequence[str] = KINDS
) -> list[Account]:
    """Return so many accounts, the broken ones spread among them and over the ways."""
    places = {round(place * number / broken): ways[place % len(ways)] for place in range(broken)}
    return [_account(index, places.get(index), kinds) for index in range(number)]


def perfect_accounts(number: int, kind: str) -> list[Account]:
    """Return so many accounts that meet the rules, all reached in the same way."""
    return [
        Account(index, kind, body=_perfect_body(index, Random(index), "us-east-1"), tags=_perfect_tags(index))
        for index in range(number)
    ]


def _account(number: int, way: str | None, kinds: Sequence[str]) -> Account:
    random = Random(number)
    kind = (WAYS[way].kind if way else None) or kinds[number % len(kinds)]
    second = random.choice(_OTHER_REGIONS)
    body, tags = _perfect_body(number, random, second), _perfect_tags(number)
    group = random.choices(("standard", "retired", "trial"), (8, 1, 2))[0]
    there: dict[str, Any] | None = body if random.random() < (0.3 if group == "retired" else 0.85) else None
    tags_hidden = False
    for _defect in range(random.choice((0, 0, 1, 1, 2))):
        defect = random.choice(_DEFECTS)
        tags_hidden |= defect == "tags hidden"
        _spoil(defect, body, tags, second, random)
    # Only a Region that works answers, and not all accounts are asked where their set is.
    answering = [name for name, info in body["regionMap"].items() if info["status"] in ("ACTIVE", "DELETING")]
    region = random.choice(answering)
    search: tuple[str, ...] = ()
    if random.random() < 0.25:
        outside = [name for name in _OTHER_REGIONS if name not in body["regionMap"]]
        search = (outside[0], region)
        region = outside[1]
    return Account(number, kind, group, region, search, there, tags, tags_hidden, way)


_DEFECTS = (
    "another region",
    "deleting",
    "failed",
    "foreign key",
    "key left out",
    "one region",
    "owned key",
    "protection left out",
    "tag missing",
    "tag other",
    "tags hidden",
    "unprotected",
)


def _perfect_body(number: int, random: Random, second: str) -> dict[str, Any]:
    created = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number, milliseconds=number % 1000)
    region_map = {
        name: {"sseKmsKeyId": _key(name, KEY_ACCOUNT, random), "status": "ACTIVE"} for name in ("eu-west-1", second)
    }
    if number % 5 == 0:
        region_map[second]["statusMessage"] = f"Tagging <inaccessible> & späte Antwort {number}"
    if number % 2:
        for info in region_map.values():
            info["statusUpdateDateTime"] = (created + timedelta(hours=1)).isoformat()
    return {
        "createdBy": f"arn:aws:sts::{number:012}:assumed-role/Admin/creator-{number}",
        "createdTime": created.isoformat(),
        "deletionProtected": True,
        "lastModifiedBy": f"arn:aws:sts::{number:012}:assumed-role/Admin/modifier-{number}",
        "lastModifiedTime": (created + timedelta(days=1)).isoformat(),
        "regionMap": region_map,
        "status": "ACTIVE",
    }


def _perfect_tags(number: int) -> dict[str, str]:
    return {"Team": "Resilience", "CostCenter": f"cost-{number}", "aws:createdBy": f"stack {number}"}


def _key(region: str, account: str, random: Random) -> str:
    return f"arn:aws:kms:{region}:{account}:key/{random.getrandbits(32):08x}-12ab-34cd-56ef-1234567890ab"


def _spoil(defect: str, body: dict[str, Any], tags: dict[str, str], second: str, random: Random) -> None:
    """Make a set break a rule, or hide what a rule wants to know. At least one Region stays that works."""
    regions: dict[str, dict[str, str]] = body["regionMap"]
    if defect == "another region" and "eu-west-1" in regions:
        moved = regions.pop("eu-west-1")
        regions["eu-west-2"] = {**moved, "sseKmsKeyId": _key("eu-west-2", KEY_ACCOUNT, random)}
    elif defect == "deleting" and len(regions) > 1:
        body["status"] = "UPDATING"
        regions[second]["status"] = "DELETING"
    elif defect == "failed" and len(regions) > 1:
        body["status"] = "FAILED"
        regions[second].update(status="FAILED", statusMessage="The key is disabled")
    elif defect == "foreign key":
        regions[second]["sseKmsKeyId"] = _key(second, "111122223333", random)
    elif defect == "key left out":
        regions[second].pop("sseKmsKeyId", None)
    elif defect == "one region" and len(regions) > 1 and body["status"] == "ACTIVE":
        del regions[next(name for name in regions if name != second)]
    elif defect == "owned key":
        regions[second]["sseKmsKeyId"] = "DefaultKey"
    elif defect == "protection left out":
        body.pop("deletionProtected", None)
    elif defect == "tag missing":
        tags.pop("CostCenter", None)
    elif defect == "tag other":
        tags["Team"] = "resilience"
    elif defect == "unprotected":
        body["deletionProtected"] = False


# What an audit must find ----------------------------------------------------------------------------------------------


def expected_row(account: Account) -> dict[str, Any]:
    """Return a healthy account's row of the report, but for its time and its prose.

    Worked out from what the account was given, without the collection's code. The findings are sorted, as sorted_row()
    sorts those of a row.
    """
    rules, body = RULES_OF[account.group], account.body
    findings = _expected_findings(account)
    outcome = "passed"
    if findings:
        outcome = "failed" if any(finding["known"] for finding in findings) else "not_asked"
    answers = account.region
    if body is not None and account.search_regions:
        answers = account.search_regions[-1]
    shown = {}
    if body is not None:
        shown = {
            "arn": account.arn,
            "created_by": body["createdBy"],
            "created_time": _utc(body["createdTime"]),
            "deletion_protected": body.get("deletionProtected"),
            "last_modified_by": body["lastModifiedBy"],
            "last_modified_time": _utc(body["lastModifiedTime"]),
            "region_map": {
                name: {
                    "sse_kms_key_id": info.get("sseKmsKeyId"),
                    "status": info["status"],
                    "status_message": info.get("statusMessage"),
                    "status_update_date_time": _utc(info.get("statusUpdateDateTime")),
                }
                for name, info in body["regionMap"].items()
            },
            "status": body["status"],
            # Listed only where a rule needs them.
            "tags": dict(account.tags) if "tags" in rules and not account.tags_hidden else None,
        }
    return {
        "name": account.name,
        "account_id": account.account_id,
        "outcome": outcome,
        "exists": body is not None,
        "region": answers,
        "replication_set": shown,
        "findings": _sorted(findings),
        "error": None,
        "rules": dict(rules),
    }


def expected_broken_row(account: Account) -> dict[str, Any]:
    """Return a broken account's row, but for its time, its prose and the error's."""
    assert account.way
    way = WAYS[account.way]
    # A task that did not come so far as to ask knows neither.
    came_far = way.code not in (None, "InvalidParameter")
    return {
        "name": account.name,
        "account_id": account.account_id if came_far and account.kind == "role" else None,
        "outcome": "not_asked",
        "exists": None,
        "region": None,
        "replication_set": None,
        "findings": [],
        "error": way.code,
        "rules": dict(RULES_OF[account.group]) if came_far else None,
    }


def expected_words(account: Account, wrecks: Wrecks) -> list[str]:
    """Return what a broken account's msg must say."""
    assert account.way
    urls = wrecks.urls()
    return [word.format(account_id=account.account_id, name=account.name, **urls) for word in WAYS[account.way].words]


def sorted_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a report in the form of the expected ones: without time and prose."""
    kept = {key: value for key, value in row.items() if key not in ("msg", "time")}
    findings = [{key: value for key, value in finding.items() if key != "msg"} for finding in row["findings"]]
    # In "error" the words are the service's.
    return {**kept, "findings": _sorted(findings), "error": row["error"] and row["error"]["code"]}


def _sorted(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(findings, key=lambda finding: json.dumps(finding, sort_keys=True))


def _expected_findings(account: Account) -> list[dict[str, Any]]:
    body = account.body
    found: list[dict[str, Any]] = []

    def add(rule: str, wanted: Any, there: Any, region: str | None = None, known: bool = True) -> None:
        found.append({"rule": rule, "region": region, "wanted": wanted, "found": there, "known": known})

    if account.group == "retired":
        if body is not None:
            add("state", "absent", "present")
        return found
    if body is None:
        if account.group == "standard":
            add("state", "present", "absent")
        return found
    # A trial is held to one Region that stays, and each of these sets has one.
    if account.group == "trial":
        return found
    regions = body["regionMap"]
    staying = sorted(name for name in regions if regions[name]["status"] != "DELETING")
    if "eu-west-1" not in staying:
        add("regions", ["eu-west-1"], staying, region="eu-west-1")
    if len(staying) == 1:
        add("minimum_regions", 2, 1)
    if body["status"] != "ACTIVE":
        add("active", "ACTIVE", body["status"])
    for name, info in regions.items():
        if info["status"] != "ACTIVE":
            add("active", "ACTIVE", info["status"], region=name)
        key = info.get("sseKmsKeyId")
        if key == "DefaultKey" or key is None:
            add("customer_managed_keys", True, key, region=name, known=key is not None)
        if key is None or f":{KEY_ACCOUNT}:" not in key:
            add("allowed_kms_keys", ALLOWED_KEYS, key, region=name, known=key is not None)
    if body.get("deletionProtected") is not True:
        there = body.get("deletionProtected")
        add("deletion_protected", True, there, known=there is not None)
    if account.tags_hidden:
        add("tags", RULES["tags"], None, known=False)
        return found
    if account.tags["Team"] != "Resilience":
        add("tags", {"Team": "Resilience"}, {"Team": account.tags["Team"]})
    if "CostCenter" not in account.tags:
        add("tags", {"CostCenter": None}, {})
    return found


def _utc(time: str | None) -> str | None:
    return time and datetime.fromisoformat(time).astimezone(UTC).isoformat(timespec="microseconds")


# The accounts at an endpoint ------------------------------------------------------------------------------------------


class Wrecks:
    """What an account may find at its endpoint's place, on loopback: a socket that never answers, a port where nobody
    listens, and a security token service that refuses every role, as AWS's words it."""

    def __enter__(self) -> Self:
        # The kernel takes so many connections by itself, and nobody ever reads from them.
        self._silent = socket.create_server(("127.0.0.1", 0), backlog=128)
        # Bound, so that nobody else gets the port, and not listening.
        self._deaf = socket.socket()
        self._deaf.bind(("127.0.0.1", 0))
        self._refusing = ThreadingHTTPServer(("127.0.0.1", 0), _RefusingRoles)
        self._thread = Thread(target=self._refusing.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._refusing.shutdown()
        self._thread.join()
        self._refusing.server_close()
        self._deaf.close()
        self._silent.close()

    def urls(self) -> dict[str, str]:
        """Return the URLs by the names that Way.host has for them."""
        ports = {
            "silent": self._silent.getsockname()[1],
            "deaf": self._deaf.getsockname()[1],
            "refusing": self._refusing.server_port,
        }
        return {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


class _RefusingRoles(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        words = (
            f"User: arn:aws:iam::{_HUB}:user/audit is not authorized to perform: sts:AssumeRole on resource:"
            f" {asked['RoleArn'][0]}"
        )
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{words}</Message></Error>"
        body = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}</ErrorResponse>'.encode()
        self.send_response(403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


class Fleet:
    """Accounts at an endpoint.

    :param endpoint: its URL.
    :param folder: for the AWS configuration files of those that are reached by a profile.
    :param wrecks: needed where an account is broken.
    :ivar environment: where Ansible finds these files.
    :ivar secrets: all secret keys and session tokens that the inventory or the files have.
    """

    def __init__(self, endpoint: str, accounts: Iterable[Account], folder: Path, wrecks: Wrecks | None = None) -> None:
        self.accounts = list(accounts)
        self.environment = {
            "AWS_CONFIG_FILE": str(folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
        }
        self.secrets: set[str] = set()
        self._endpoint = endpoint
        self._urls = wrecks.urls() if wrecks else {}
        self._hub = self._user(_HUB)
        self._profiles = [f"[profile hub]\n{_ini(self._hub)}"]
        # A set on the move stays on the move, however often it is asked for.
        self._control("settings", {"transition": {"progression": "time", "seconds": 10**9}})
        self._hosts = {account.name: self._make(account) for account in self.accounts}
        folder.mkdir(parents=True, exist_ok=True)
        Path(self.environment["AWS_CONFIG_FILE"]).write_text("\n".join(self._profiles), encoding="utf-8")
        Path(self.environment["AWS_SHARED_CREDENTIALS_FILE"]).touch()
        rules = [fault for account in self.accounts for fault in _faults(account)]
        if rules:
            self._control("faults", rules)

    def inventory(self, accounts: Iterable[Account] | None = None) -> dict[str, Any]:
        """Return the inventory of all accounts or of some, as Ansible's YAML inventory plugin takes it."""
        some = self.accounts if accounts is None else list(accounts)
        children: dict[str, Any] = {
            "by_role": {
                "vars": {
                    "incident_manager_account": {
                        **_COMMON,
                        "access_key": self._hub["aws_access_key_id"],
                        "secret_key": self._hub["aws_secret_access_key"],
                        # One line for all accounts of an organization.
                        "assume_role_arn": f"arn:aws:iam::{{{{ account_id }}}}:role/{_ROLE}",
                    }
                }
            },
            "by_profile": {"vars": {"incident_manager_account": {**_COMMON, "profile": "{{ profile }}"}}},
            "by_keys": {
                "vars": {
                    "incident_manager_account": {
                        **_COMMON,
                        "access_key": "{{ account_key.aws_access_key_id }}",
                        "secret_key": "{{ account_key.aws_secret_access_key }}",
                        "session_token": "{{ account_key.aws_session_token | default(omit) }}",
                    }
                }
            },
            **{group: {"vars": {"incident_manager_rules": rules}} for group, rules in RULES_OF.items()},
        }
        for account in some:
            for group in (f"by_{account.kind}", account.group):
                children[group].setdefault("hosts", {})[account.name] = None
        hosts = {account.name: self._hosts[account.name] for account in some}
        return {"all": {"hosts": hosts, "children": children, "vars": {"endpoint": self._endpoint}}}

    def write_inventory(self, path: Path, accounts: Iterable[Account] | None = None) -> Path:
        path.write_text(json.dumps(self.inventory(accounts), indent=1), encoding="utf-8")
        return path

    def _make(self, account: Account) -> dict[str, Any]:
        """Put an account in place, and return the variables of its host."""
        if account.body is not None:
            seed = {"body": account.body, "account": account.account_id, "arn": account.arn, "tags": account.tags}
            self._control("seed", seed)
        host: dict[str, Any] = {"account_id": account.account_id, "account_region": account.region}
        if account.search_regions:
            host["account_search_regions"] = list(account.search_regions)
        if account.kind == "keys":
            host["account_key"] = self._user(account.account_id)
            if account.number % 2:
                # As temporary credentials have one; the endpoint takes any.
                host["account_key"]["aws_session_token"] = token = f"session-token-of-{account.account_id}"
                self.secrets.add(token)
        elif account.kind == "profile":
            host["profile"] = account.name
            self._profiles.append(f"[profile {account.name}]\n{self._profile(account)}")
        for name, value in (WAYS[account.way].host if account.way else {}).items():
            if value is None:
                del host[name]
            else:
                host[name] = value.format(**self._urls) if isinstance(value, str) else value
        return host

    def _profile(self, account: Account) -> str:
        if account.number % 2:
            return _ini(self._user(account.account_id))
        # boto3 itself assumes the role then, and looks for the endpoint here.
        return _ini({"role_arn": account.role, "source_profile": "hub", "endpoint_url": self._endpoint})

    def _user(self, account_id: str) -> dict[str, str]:
        user: dict[str, str] = self._control("users", {"policy": ["ssm-incidents:*"], "account": account_id})
        self.secrets.add(user["aws_secret_access_key"])
        return user

    def _control(self, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self._endpoint}/incident-manager-endpoint/{path}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


_COMMON = {
    "endpoint_url": "{{ endpoint }}",
    "region": "{{ account_region }}",
    "search_regions": "{{ account_search_regions | default([]) }}",
    "aws_config": "{{ account_aws_config | default(omit) }}",
}


def _faults(account: Account) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if account.way and (fault := WAYS[account.way].fault):
        rules.append({**fault, "account": account.account_id, "times": None})
    if account.tags_hidden:
        denied = {"fault": "error", "code": "AccessDeniedException", "operation": "ListTagsForResource"}
        rules.append({**denied, "account": account.account_id, "times": None})
    return rules


def _ini(settings: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def main() -> int:
    number, broken, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    with Wrecks() as wrecks:
        fleet = Fleet(os.environ["INCIDENT_MANAGER_ENDPOINT"], accounts(number, broken), folder, wrecks)
        inventory = fleet.write_inventory(folder / "inventory.json")
        environment = {**os.environ, **fleet.environment, "ANSIBLE_INVENTORY": str(inventory)}
        # The way to all of these accounts is in the inventory.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.pop(name, None)
        return subprocess.run(sys.argv[4:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
