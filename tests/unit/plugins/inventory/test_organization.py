# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the inventory of an organization's accounts, with moto's Organizations at the endpoint."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible_collections.incident_manager.aws.plugins.module_utils._organization import listing
from endpoint.client import SECRET_KEY
from endpoint.server import LocalEndpoint
from helpers.credentials import module_options
from helpers.failing_servers import hanging_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.organizations.exceptions import OrganizationsClientError
from moto.organizations.responses import OrganizationsResponse

MANAGEMENT, PAYMENTS, SHOP, ARCHIVE = "123456789012", "111111111111", "222222222222", "333333333333"
ACCOUNTS: list[dict[str, Any]] = [
    {"id": PAYMENTS, "name": "Payments", "units": ["Workloads", "Prod"], "tags": {"Team": "A", "Empty": ""}},
    {"id": SHOP, "name": "Shop", "units": ["Sandbox", "Prod"], "email": "somebody@example.com"},
    {"id": ARCHIVE, "name": "Archive"},
]
KNOWS_STATE = "State" in botocore.session.get_session().get_service_model("organizations").shape_for("Account").members

Answer = dict[str, Any]
Change = Callable[[Answer, dict[str, Any]], Answer]


class Organizations:
    """The calls that Organizations got, and functions that change its answers.

    :ivar calls: the operations, each with its input.
    :ivar changes: for an operation, a function that takes moto's answer and the input, and returns the answer or raises an
        error. moto's answer is empty if moto refuses the call.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.changes: dict[str, Change] = {}

    def count(self) -> dict[str, int]:
        return dict(Counter(operation for operation, _given in self.calls))

    def change_accounts(self, change: Callable[[Answer], None]) -> None:
        """Change each account that ListAccounts returns."""

        def changed(answer: Answer, _given: dict[str, Any]) -> Answer:
            for account in answer["Accounts"]:
                change(account)
            return answer

        self.changes["ListAccounts"] = changed


@pytest.fixture
def organizations(monkeypatch: pytest.MonkeyPatch) -> Organizations:
    """Return the calls that Organizations gets. As with an old botocore, no account has Paths."""
    control = Organizations()

    def wrap(name: str, operation: str) -> None:
        of_moto = getattr(OrganizationsResponse, name)

        def method(response: OrganizationsResponse) -> str:
            given = response.request_params
            control.calls.append((operation, given))
            if operation not in control.changes:
                return str(of_moto(response))
            answer: Answer = {}
            # moto does not know what only a changed answer names.
            with suppress(Exception):
                answer = json.loads(of_moto(response))
            return json.dumps(control.changes[operation](answer, given))

        monkeypatch.setattr(OrganizationsResponse, name, method)

    for name, operation in (
        ("list_accounts", "ListAccounts"),
        ("list_parents", "ListParents"),
        ("describe_organizational_unit", "DescribeOrganizationalUnit"),
        ("list_tags_for_resource", "ListTagsForResource"),
    ):
        wrap(name, operation)
    return control


def without_paths(organizations: Organizations) -> None:
    organizations.change_accounts(lambda account: account.pop("Paths"))


class Source:
    """A source of the plugin, in a file.

    :ivar path: the file.
    """

    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        self.path = folder / "accounts.organization.yml"
        self._options = options

    def write(self, **given: Any) -> Path:
        """Write the source. An option that is None is left out."""
        options = {
            "plugin": "incident_manager.aws.organization",
            "role_name": "incident-manager-audit",
            **self._options,
            "region": "eu-west-1",
            **given,
        }
        self.path.write_text(yaml.safe_dump({name: value for name, value in options.items() if value is not None}))
        return self.path

    def parse(self, inventory: InventoryData | None = None, use_cache: bool = True, **given: Any) -> InventoryData:
        """Write the source and parse it, as ansible-core does."""
        inventory = inventory or InventoryData()
        plugin = inventory_loader.get("incident_manager.aws.organization")
        path = str(self.write(**given))
        assert plugin.verify_file(path)
        try:
            plugin.parse(inventory, DataLoader(), path, cache=use_cache)
        finally:
            # Other calls at the time of a failure must not reach the next test.
            for thread in threading.enumerate():
                if thread.name.startswith("incident_manager.aws "):
                    thread.join(timeout=5)
        if plugin.get_option("cache"):
            plugin.update_cache_if_changed()
        return inventory

    def fails(self, **given: Any) -> str:
        """Parse the source, assert that this fails and adds no host, and return the message."""
        inventory = InventoryData()
        with pytest.raises(AnsibleParserError) as raised:
            self.parse(inventory, **given)
        assert not inventory.hosts
        message = str(raised.value.message)
        assert "\n" not in message and "Traceback" not in message and SECRET_KEY not in message
        assert "Please report" not in message
        return message


@pytest.fixture
def source(endpoint: LocalEndpoint, connection_options: dict[str, str], tmp_path: Path) -> Source:
    """Return the source of an organization with three accounts besides the management account."""
    endpoint.make_organization(ACCOUNTS, MANAGEMENT)
    return Source(tmp_path, connection_options)


def names(inventory: InventoryData) -> list[str]:
    return sorted(inventory.hosts)


def variables(inventory: InventoryData, host: str) -> dict[str, Any]:
    """Return the variables of a host that the source has set."""
    found = inventory.hosts[host].get_vars()
    return {name: value for name, value in found.items() if not name.startswith(("inventory_", "group_names"))}


def groups(inventory: InventoryData) -> dict[str, list[str]]:
    """Return the hosts of each group, including those of its children."""
    return {
        name: sorted(host.name for host in group.get_hosts())
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


# Hosts and groups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_paths", [True, False])
def test_an_account_is_a_host(source: Source, organizations: Organizations, has_paths: bool) -> None:
    if not has_paths:
        without_paths(organizations)
    inventory = source.parse()
    assert names(inventory) == [PAYMENTS, SHOP, ARCHIVE]
    found = variables(inventory, PAYMENTS)
    organization_id = found.pop("organization_id")
    units = found.pop("organizational_units")
    assert found == {
        "account_id": PAYMENTS,
        "account_arn": f"arn:aws:organizations::{MANAGEMENT}:account/{organization_id}/{PAYMENTS}",
        "account_name": "Payments",
        "account_state": "ACTIVE",
        "account_joined_method": "CREATED",
        "account_joined_timestamp": "2020-01-01T00:01:00.000000+00:00",
        "organizational_unit_path": "/Workloads/Prod",
        "incident_manager_account": {
            "region": "eu-west-1",
            "search_regions": ["all"],
            "account_id": PAYMENTS,
            "assume_role_arn": f"arn:aws:iam::{PAYMENTS}:role/incident-manager-audit",
        },
    }
    assert [unit["name"] for unit in units] == ["Workloads", "Prod"]
    assert all(unit["id"].startswith("ou-") for unit in units)
    assert variables(inventory, ARCHIVE)["organizational_unit_path"] == "/"
    assert groups(inventory) == {
        "ou_Workloads": [PAYMENTS],
        "ou_Workloads__Prod": [PAYMENTS],
        "ou_Sandbox": [SHOP],
        "ou_Sandbox__Prod": [SHOP],
    }
    assert [child.name for child in inventory.groups["ou_Sandbox"].child_groups] == ["ou_Sandbox__Prod"]


def test_optional_variables(source: Source, organizations: Organizations) -> None:
    inventory = source.parse(include_tags=True, include_email=True, search_regions=["us-east-1"])
    found = variables(inventory, SHOP)
    assert (found["account_email"], found["account_tags"]) == ("somebody@example.com", {})
    assert found["incident_manager_account"]["search_regions"] == ["us-east-1"]
    assert variables(inventory, PAYMENTS)["account_tags"] == {"Team": "A", "Empty": ""}
    assert organizations.count()["ListTagsForResource"] == 4


def test_calls(endpoint: LocalEndpoint, source: Source, organizations: Organizations) -> None:
    """Each page takes one call, and each unit is described once. Without Paths, each parent is requested once."""
    accounts = [
        {"id": str(300_000_000_000 + number), "name": f"Account {number}", "units": ["Workloads", f"Unit {number % 3}"]}
        for number in range(44)
    ]
    endpoint.make_organization(accounts, MANAGEMENT)
    assert len(source.parse().hosts) == 44
    with_paths = {"ListAccounts": 3, "DescribeOrganizationalUnit": 4}
    if KNOWS_STATE:
        assert organizations.count() == with_paths
    organizations.calls.clear()
    without_paths(organizations)
    assert len(source.parse().hosts) == 44
    # The organization has 45 accounts and 4 units.
    assert organizations.count() == {**with_paths, "ListParents": 49}


def test_empty_pages(source: Source, organizations: Organizations) -> None:
    """Organizations can return an empty page before the last one (API reference)."""

    pages: list[Answer] = []

    def change(answer: Answer, given: dict[str, Any]) -> Answer:
        pages.append(answer)
        return pages[0] if "NextToken" in given else {"Accounts": [], "NextToken": "next"}

    organizations.changes["ListAccounts"] = change
    assert names(source.parse()) == [PAYMENTS, SHOP, ARCHIVE]
    assert len(pages) == 2


@pytest.mark.parametrize(
    ("states", "state"),
    [({"State": "CLOSED", "Status": "SUSPENDED"}, "CLOSED"), ({"Status": "SUSPENDED"}, "SUSPENDED")],
)
def test_state_and_status(source: Source, organizations: Organizations, states: Answer, state: str) -> None:
    def change(account: Answer) -> None:
        if account["Id"] == SHOP:
            del account["State"], account["Status"]
            account.update(states)

    organizations.change_accounts(change)
    expected = state if KNOWS_STATE else states["Status"]
    assert variables(source.parse(include_inactive=True), SHOP)["account_state"] == expected


def test_only_state(source: Source, organizations: Organizations) -> None:
    """AWS is retiring Status. Without it, an old botocore returns no state."""
    organizations.change_accounts(lambda account: account.pop("Status"))
    if KNOWS_STATE:
        assert variables(source.parse(), SHOP)["account_state"] == "ACTIVE"
    else:
        message = source.fails()
        assert "neither State nor Status" in message and "Install a newer botocore" in message


def test_accounts_that_are_not_active(
    endpoint: LocalEndpoint, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    states = ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "SUSPENDED"]
    accounts = [{"id": f"30000000000{number}", "name": "A", "state": state} for number, state in enumerate(states)]
    endpoint.make_organization(accounts, MANAGEMENT)
    assert names(source.parse()) == ["300000000000"]
    said = " ".join(capsys.readouterr().err.split())
    assert "leaves out 4 of the 5 accounts" in said
    assert "3 accounts that are not active (1 PENDING_CLOSURE, 2 SUSPENDED; include_inactive: false)" in said
    assert f"the management account {MANAGEMENT} (management_account: skip)" in said
    assert len(source.parse(include_inactive=True).hosts) == 4
    assert "not active" not in capsys.readouterr().err


def test_the_management_account(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    inventory = source.parse(management_account="caller")
    assert MANAGEMENT in inventory.hosts
    account = variables(inventory, MANAGEMENT)["incident_manager_account"]
    assert account == {"region": "eu-west-1", "search_regions": ["all"], "account_id": MANAGEMENT}
    assert "leaves out" not in capsys.readouterr().err


def test_a_role_lists(endpoint: LocalEndpoint, source: Source) -> None:
    """The role of the source is also the role of the management account's host."""
    role = f"arn:aws:iam::{MANAGEMENT}:role/reader"
    inventory = source.parse(management_account="caller", assume_role_arn=role)
    assert variables(inventory, MANAGEMENT)["incident_manager_account"]["assume_role_arn"] == role
    assert variables(inventory, SHOP)["incident_manager_account"]["assume_role_arn"].endswith("/incident-manager-audit")


def test_a_delegated_administrator(endpoint: LocalEndpoint, source: Source) -> None:
    endpoint.make_organization(ACCOUNTS, MANAGEMENT, [SHOP])
    keys: dict[str, Any] = dict(module_options(endpoint.make_user(["*"], account=SHOP)))
    assert names(source.parse(**keys)) == [PAYMENTS, SHOP, ARCHIVE]


def test_the_hosts_have_the_profile_of_the_source(source: Source, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[profile audit]\naws_access_key_id = KEY\naws_secret_access_key = {SECRET_KEY}\n"
    )
    inventory = source.parse(profile="audit", access_key=None, secret_key=None)
    account = variables(inventory, SHOP)["incident_manager_account"]
    assert account["profile"] == "audit"
    assert [account[name] for name in ("access_key", "secret_key", "session_token")] == ["", "", ""]


def test_another_partition(source: Source, organizations: Organizations) -> None:
    organizations.change_accounts(lambda account: account.update(Arn=account["Arn"].replace("arn:aws:", "arn:aws-cn:")))
    account = variables(source.parse(role_name="audit/reader"), SHOP)["incident_manager_account"]
    assert account["assume_role_arn"] == f"arn:aws-cn:iam::{SHOP}:role/audit/reader"


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hostnames", "expected"),
    [
        (["account_name"], ["Archive", "Payments", "Shop"]),
        (["tag:Team", "account_name"], ["A", "Archive", "Shop"]),
        (["tag:Empty"], [PAYMENTS, SHOP, ARCHIVE]),
        (
            ["account_email"],
            [f"account-{PAYMENTS}@example.com", f"account-{ARCHIVE}@example.com", "somebody@example.com"],
        ),
        (
            [{"name": "account_name", "prefix": "account_id", "separator": "-"}],
            [f"{PAYMENTS}-Payments", f"{SHOP}-Shop", f"{ARCHIVE}-Archive"],
        ),
        ([{"name": "account_name", "prefix": "tag:Team"}], ["A_Payments", "Archive", "Shop"]),
    ],
)
def test_hostnames(source: Source, hostnames: list[Any], expected: list[str]) -> None:
    assert names(source.parse(hostnames=hostnames, include_tags=True, include_email=True)) == expected


@pytest.mark.parametrize(
    ("second", "parts"),
    [
        ("Payments", ["both have the host name 'Payments'", PAYMENTS, SHOP]),
        ("localhost", ["'localhost'", "Ansible or a group", SHOP]),
        ("ou_Workloads", ["'ou_Workloads'", SHOP]),
        (PAYMENTS, [f"'{PAYMENTS}'", "another account's ID", SHOP]),
    ],
)
def test_two_accounts_are_never_one_host(
    endpoint: LocalEndpoint, source: Source, second: str, parts: list[str]
) -> None:
    endpoint.make_organization([ACCOUNTS[0], {"id": SHOP, "name": second}], MANAGEMENT)
    message = source.fails(hostnames=["account_name"])
    assert message.startswith("hostnames: ") and "prefix: account_id" in message
    assert all(part in message for part in parts)


@pytest.mark.parametrize(
    "units", [(["A", "B"], ["A__B"]), (["A B"], ["A-B"]), (["a", "b", "c"], ["a", "b__c"])], ids=str
)
def test_two_units_never_share_a_group(
    endpoint: LocalEndpoint, source: Source, units: tuple[list[str], list[str]]
) -> None:
    accounts = [{"id": f"30000000000{number}", "name": "A", "units": path} for number, path in enumerate(units)]
    endpoint.make_organization(accounts, MANAGEMENT)
    message = source.fails()
    assert message.startswith("unit_groups: ") and "unit_groups: id" in message
    assert all(f"/{'/'.join(path)} (ou-" in message for path in units)
    by_id = groups(source.parse(unit_groups="id"))
    assert sorted(by_id.values()).count(["300000000000"]) == len(units[0]) - (units[0][0] == units[1][0])


def test_constructed(source: Source) -> None:
    inventory = source.parse(
        include_tags=True,
        strict=False,
        compose={"team": "account_tags.Team", "incident_manager_rules": "{'minimum_regions': 2}"},
        groups={"payments": "account_name == 'Payments'"},
        keyed_groups=[{"key": "account_joined_method", "prefix": "joined"}],
    )
    assert variables(inventory, PAYMENTS)["team"] == "A"
    assert variables(inventory, SHOP)["incident_manager_rules"] == {"minimum_regions": 2}
    assert "team" not in variables(inventory, SHOP)
    found = groups(inventory)
    assert (found["payments"], found["joined_CREATED"]) == ([PAYMENTS], [PAYMENTS, SHOP, ARCHIVE])


def test_strict_fails_and_adds_no_host(source: Source) -> None:
    """ansible-core would keep hosts that a source adds before it fails."""
    assert SHOP in source.fails(include_tags=True, strict=True, compose={"team": "account_tags.Team"})
    inventory = InventoryData()
    inventory.add_host(SHOP)
    inventory.add_host("other")
    with pytest.raises(AnsibleParserError):
        source.parse(inventory, include_tags=True, strict=True, compose={"team": "account_tags.Team"})
    assert names(inventory) == [SHOP, "other"]


# Failures -------------------------------------------------------------------------------------------------------------


def refuse(code: str, message: str = "No.") -> Change:
    def change(_answer: Answer, _given: dict[str, Any]) -> Answer:
        raise OrganizationsClientError(code, message)

    return change


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    "operation", ["ListAccounts", "ListParents", "DescribeOrganizationalUnit", "ListTagsForResource"]
)
@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "delegated administrator"),
        ("TooManyRequestsException", "throttled the request. Try again later."),
        ("ServiceException", "internal error of AWS Organizations. Try again later."),
        ("AWSOrganizationsNotInUseException", "is not in an organization"),
        ("OrganizationalUnitNotFoundException", "may have changed"),
    ],
)
def test_a_call_fails(
    source: Source, organizations: Organizations, sleeps: list[float], operation: str, code: str, advice: str
) -> None:
    without_paths(organizations)
    organizations.changes[operation] = refuse(code)
    message = source.fails(include_tags=True)
    assert code in message and operation in message and advice in message and "in Region eu-west-1" in message
    is_transient = "Try again later" in advice
    assert (len(sleeps) > 0) == ("attempts: " in message) == is_transient


def test_a_call_is_retried(source: Source, organizations: Organizations, sleeps: list[float]) -> None:
    failures = ["TooManyRequestsException"] * 3 + ["ServiceException"] * 3

    def change(answer: Answer, _given: dict[str, Any]) -> Answer:
        if failures:
            raise OrganizationsClientError(failures.pop(), "No.")
        return answer

    organizations.changes["DescribeOrganizationalUnit"] = change
    assert names(source.parse()) == [PAYMENTS, SHOP, ARCHIVE]
    assert not failures


def test_a_member_may_not_list(endpoint: LocalEndpoint, source: Source) -> None:
    keys: dict[str, Any] = dict(module_options(endpoint.make_user(["*"], account=SHOP)))
    assert "AccessDeniedException" in source.fails(**keys)


def test_the_second_page_fails(endpoint: LocalEndpoint, source: Source, organizations: Organizations) -> None:
    accounts = [{"id": str(300_000_000_000 + number), "name": "A"} for number in range(30)]
    endpoint.make_organization(accounts, MANAGEMENT)

    def change(answer: Answer, given: dict[str, Any]) -> Answer:
        return refuse("AccessDeniedException")(answer, given) if "NextToken" in given else answer

    organizations.changes["ListAccounts"] = change
    assert "list the accounts" in source.fails()
    assert organizations.count()["ListAccounts"] == 2


def accounts_as(change: Callable[[list[Any]], list[Any]], **others: Any) -> Change:
    return lambda answer, _given: {**answer, "Accounts": change(answer["Accounts"]), **others}


def each(**members: Any) -> Change:
    return accounts_as(lambda accounts: [{**account, **members} for account in accounts])


MALFORMED: list[tuple[str, Change, str]] = [
    ("ListAccounts", lambda _answer, _given: {}, "Accounts is missing"),
    ("ListAccounts", lambda _answer, _given: {"Accounts": []}, "0 organizations"),
    ("ListAccounts", lambda _answer, _given: {"Accounts": None}, "Accounts"),
    ("ListAccounts", accounts_as(lambda accounts: accounts[1:]), "is missing from the list"),
    ("ListAccounts", accounts_as(lambda accounts: [*accounts, accounts[1]]), "twice"),
    ("ListAccounts", accounts_as(lambda accounts: [*accounts, None]), "] is not a structure"),
    ("ListAccounts", accounts_as(lambda accounts: [*accounts, "text"]), "] is not a structure"),
    ("ListAccounts", accounts_as(lambda accounts: [*accounts, {}]), "not the ARN of the account"),
    ("ListAccounts", each(Id=SHOP), "not the ARN of the account"),
    ("ListAccounts", each(Arn=f"arn:aws:iam::{SHOP}:root"), "not the ARN of the account"),
    (
        "ListAccounts",
        accounts_as(
            lambda accounts: [
                *accounts[:-1],
                {
                    **accounts[-1],
                    "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/o-anotherone1/{ARCHIVE}",
                    "Paths": [],
                },
            ]
        ),
        "2 organizations",
    ),
    ("ListAccounts", each(State="", Status=""), "neither State nor Status"),
    ("ListAccounts", each(State=None, Status=None), "neither State nor Status"),
    ("ListAccounts", each(State=1, Status=1), "Status is not a string"),
    ("ListAccounts", each(Name={"a": 1}), "Accounts[0].Name is not a string"),
    ("ListAccounts", each(JoinedTimestamp="never"), "can't be read"),
    ("ListAccounts", each(JoinedTimestamp=1e300), "can't be read"),
    ("ListAccounts", accounts_as(list, NextToken=1), "NextToken"),
    ("ListAccounts", lambda _answer, _given: {"Accounts": [], "NextToken": "again"}, "does not end"),
    ("ListParents", lambda _answer, _given: {}, "Parents is missing"),
    ("ListParents", lambda _answer, _given: {"Parents": []}, "must be one root or organizational unit"),
    (
        "ListParents",
        lambda answer, _given: {"Parents": answer["Parents"] * 2},
        "must be one root or organizational unit",
    ),
    ("ListParents", lambda _answer, _given: {"Parents": [{"Id": PAYMENTS}]}, "must be one root or organizational unit"),
    ("ListParents", lambda _answer, _given: {"Parents": [{"Id": "ou-abcd-12345678"}]}, "is inside itself"),
    ("DescribeOrganizationalUnit", lambda _answer, _given: {}, "OrganizationalUnit is missing"),
    (
        "DescribeOrganizationalUnit",
        lambda _answer, _given: {"OrganizationalUnit": {"Id": "ou-abcd-12345678", "Name": "A"}},
        "the response describes 'ou-abcd-12345678'",
    ),
    (
        "DescribeOrganizationalUnit",
        lambda _answer, given: {"OrganizationalUnit": {"Id": given["OrganizationalUnitId"]}},
        "Name",
    ),
    ("ListTagsForResource", lambda _answer, _given: {}, "Tags is missing"),
    ("ListTagsForResource", lambda _answer, _given: {"Tags": [{"Key": "A"}]}, "Value is missing"),
    ("ListTagsForResource", lambda _answer, _given: {"Tags": [None]}, "Tags[0] is not a structure"),
]


@pytest.mark.sample(7)
@pytest.mark.parametrize(("operation", "change", "part"), MALFORMED, ids=[f"{case[0]} {case[2]}" for case in MALFORMED])
def test_a_malformed_answer(
    source: Source, organizations: Organizations, operation: str, change: Change, part: str
) -> None:
    without_paths(organizations)
    organizations.changes[operation] = change
    message = source.fails(include_tags=True)
    assert part in message and message.startswith("Failed to ")


def test_a_list_that_does_not_end(
    source: Source, organizations: Organizations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page has a token for another page."""
    module = "ansible_collections.incident_manager.aws.plugins.module_utils._organization.api"
    monkeypatch.setattr(f"{module}._MAX_PAGES", 50)
    pages = iter(range(1000))
    organizations.changes["ListAccounts"] = lambda _answer, _given: {"Accounts": [], "NextToken": f"page {next(pages)}"}
    assert "does not end after 51 pages" in source.fails()


def test_no_secret_is_shown(source: Source, organizations: Organizations) -> None:
    organizations.changes["ListAccounts"] = refuse("AccessDeniedException", f"The key {SECRET_KEY}\n\x1b[31m is wrong.")
    message = source.fails()
    assert "********" in message and "\x1b" not in message


def test_an_endpoint_that_hangs(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(listing.LISTING_DEFAULTS, "read_timeout", 0.2)
    with hanging_server() as url:
        message = source.fails(endpoint_url=url)
    assert "Read timeout" in message and url in message


def test_an_endpoint_that_refuses_connections(source: Source, closed_url: str) -> None:
    message = source.fails(endpoint_url=closed_url)
    assert "Could not connect" in message and "can reach this endpoint" in message
    assert "aws_config" in message


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"include_inactve": True}, ["include_inactve: this is not an option", "Did you mean include_inactive?"]),
        ({"role_name": None}, ["role_name"]),
        ({"role_name": "not a role"}, ["role_name: 'not a role'"]),
        ({"role_name": "{{ name }}"}, ["role_name: '{{ name }}'"]),
        ({"region": None}, ["region"]),
        ({"search_regions": ["eu-west"]}, ["search_regions", "'eu-west'"]),
        ({"management_account": "role"}, ["management_account"]),
        ({"access_key": ""}, ["access_key: must not be empty"]),
        ({"secret_key": None, "aws_secret_access_key": ""}, ["aws_secret_access_key: must not be empty"]),
        ({"assume_role_arn": "reader"}, ["assume_role_arn: 'reader' is not the ARN of a role"]),
        ({"profile": "no-such-profile"}, ["profile", "can't be used together with access_key"]),
        ({"hostnames": ["nick"]}, ["hostnames: 'nick' can't be used"]),
        ({"hostnames": ["tag:Team"]}, ["include_tags: true"]),
        ({"hostnames": ["account_email"]}, ["include_email: true"]),
        ({"hostnames": [{"prefix": "account_id"}]}, ["hostnames: None can't be used"]),
        ({"hostnames": [{"name": "account_id", "suffix": "x"}]}, ["'suffix'"]),
        ({"hostnames": [[]]}, ["hostnames: [] can't be used"]),
    ],
    ids=str,
)
def test_an_option_is_refused(
    source: Source, organizations: Organizations, options: dict[str, Any], parts: list[str]
) -> None:
    message = source.fails(**options)
    assert all(part in message for part in parts), message
    assert not organizations.calls


@pytest.mark.parametrize(
    ("name", "expected"), [("organization.yml", True), ("accounts.yml", True), ("a.yaml", True), ("a.ini", False)]
)
def test_the_name_of_the_file(tmp_path: Path, name: str, expected: bool) -> None:
    (tmp_path / name).write_text("plugin: incident_manager.aws.organization\n")
    assert inventory_loader.get("incident_manager.aws.organization").verify_file(str(tmp_path / name)) is expected


@pytest.mark.parametrize("content", ["- plugin: incident_manager.aws.organization\n", "plugin\n", ""])
def test_a_source_that_is_not_a_mapping(tmp_path: Path, content: str) -> None:
    path = tmp_path / "organization.yml"
    path.write_text(content)
    with pytest.raises(AnsibleParserError) as raised:
        inventory_loader.get("incident_manager.aws.organization").parse(InventoryData(), DataLoader(), str(path))
    assert "Please report" not in str(raised.value) and str(path) in str(raised.value)


def test_boto3_is_missing(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.amazon.aws.plugins.module_utils.botocore.HAS_BOTO3", False)
    message = source.fails()
    assert message.startswith("Failed to load boto3") and "Install boto3 and botocore" in message


# The cache ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cached(source: Source, tmp_path: Path) -> Callable[..., InventoryData]:
    """Return a function that parses the source with a cache in files."""
    options: dict[str, Any] = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
    }
    return lambda **given: source.parse(**options, **given)


def test_the_cache_is_used(cached: Callable[..., InventoryData], organizations: Organizations, tmp_path: Path) -> None:
    first = cached(include_tags=True)
    organizations.calls.clear()
    second = cached(include_tags=True, role_name="another", unit_groups="id", hostnames=["account_name"])
    assert organizations.calls == [("ListAccounts", {"MaxResults": 1})]
    assert names(second) == ["Archive", "Payments", "Shop"]
    different = ("incident_manager_account",)
    for host, name in ((PAYMENTS, "Payments"), (SHOP, "Shop")):
        before, after = variables(first, host), variables(second, name)
        assert {key: before[key] for key in before if key not in different} == {
            key: after[key] for key in after if key not in different
        }
    assert variables(second, "Shop")["incident_manager_account"]["assume_role_arn"].endswith("/another")
    organizations.calls.clear()
    # This is what --flush-cache does.
    assert len(cached(include_tags=True, use_cache=False).hosts) == 3
    assert organizations.count()["ListTagsForResource"] == 4


def test_the_cache_has_no_credentials(cached: Callable[..., InventoryData], tmp_path: Path) -> None:
    cached(include_tags=True)
    (file,) = (tmp_path / "cache").iterdir()
    text = file.read_text()
    assert PAYMENTS in text and SECRET_KEY not in text and "LOCALENDPOINTKEY" not in text and "example.com" not in text


@pytest.mark.parametrize("options", [{"include_tags": True}, {"include_email": True}])
def test_a_cache_of_other_data_is_not_used(
    cached: Callable[..., InventoryData], organizations: Organizations, options: dict[str, Any]
) -> None:
    cached()
    inventory = cached(**options)
    (name,) = options
    assert name.replace("include", "account") in variables(inventory, SHOP)
    assert organizations.count()["ListAccounts"] == 4


def test_a_cache_of_another_organization_is_not_used(
    cached: Callable[..., InventoryData], endpoint: LocalEndpoint
) -> None:
    assert len(cached().hosts) == 3
    endpoint.make_organization([{"id": "444444444444", "name": "Another"}], MANAGEMENT)
    assert names(cached()) == ["444444444444"]


def test_the_cache_is_not_used_without_access(
    cached: Callable[..., InventoryData], organizations: Organizations
) -> None:
    cached()
    organizations.changes["ListAccounts"] = refuse("AccessDeniedException")
    with pytest.raises(AnsibleParserError, match="AccessDeniedException"):
        cached()


# As commands ----------------------------------------------------------------------------------------------------------


HOSTILE = [
    "{{ CALL }}",
    "CALL",
    "{% if CALL %}{% endif %}",
    "{# #}{{ CALL }}",
    "#jinja2: variable_start_string:'A'\nA CALL }}",
]


@pytest.mark.sample(3)
@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("as_key", [False, True])
def test_texts_are_not_templates(
    endpoint: LocalEndpoint,
    source: Source,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    template_text: str,
    text: str,
    as_key: bool,
) -> None:
    """Nor are they expressions, whatever a playbook does with them. The fixture fails if the command of a text has run."""
    text = text.replace("CALL", template_text[3:-3])
    tags = {text: "x"} if as_key else {"Team": text}
    endpoint.make_organization([{"id": SHOP, "name": text, "units": [text], "tags": tags}], MANAGEMENT)
    path = source.write(
        include_tags=True,
        strict=False,
        hostnames=["account_name"],
        compose={
            "note": "account_name",
            "again": "account_tags.Team ~ '!'",
            "key": "(account_tags | list | first) ~ ''",
        },
        keyed_groups=[{"key": "account_tags"}],
    )
    names = ["account_name", "account_tags", "note", "again", "key", "organizational_unit_path", "organizational_units"]
    if as_key:
        names.remove("again")
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.debug": {"msg": "{{ " + name + " }}"}}
        for name in (*names, "inventory_hostname", "group_names")
    ]
    tasks += [{"ansible.builtin.set_fact": {"copied": "{{ account_tags.keys() | first ~ '' }}"}}]
    for name in ("account_name", "note", "key", "copied"):
        tasks += [
            {"ansible.builtin.debug": {"msg": "{{ " + name + " }}"}, "when": name, "ignore_errors": True},
            {"ansible.builtin.debug": {"msg": "x"}, "when": "{{ " + name + " }}", "ignore_errors": True},
            {"ansible.builtin.debug": {"var": "{{ " + name + " }}"}, "ignore_errors": True},
        ]
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": tasks}
    (tmp_path / "playbook.json").write_text(json.dumps([play]))
    outcome = run_command("ansible-playbook", "--inventory", path, "playbook.json")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "lookup('pipe'" in outcome.stdout


def test_keys_and_surrogates_are_transportable(source: Source, organizations: Organizations) -> None:
    def change(answer: Answer, _given: dict[str, Any]) -> Answer:
        return {"Tags": [{"Key": "__ansible_type", "Value": "a\ud800b"}]}

    organizations.changes["ListTagsForResource"] = change
    assert variables(source.parse(include_tags=True), SHOP)["account_tags"] == {
        "\\__ansible_type": "a\N{REPLACEMENT CHARACTER}b"
    }


# Hosts that would be merged -------------------------------------------------------------------------------------------


def with_group(name: str) -> InventoryData:
    inventory = InventoryData()
    inventory.add_group(name)
    return inventory


def with_host(name: str, **variables: str) -> InventoryData:
    inventory = InventoryData()
    inventory.add_host(name)
    for variable, value in variables.items():
        inventory.set_variable(name, variable, value)
    return inventory


def test_a_host_is_never_a_group(endpoint: LocalEndpoint, source: Source) -> None:
    """If a group had the same name, Ansible would put the group instead of the host into the host's groups."""
    endpoint.make_organization([{"id": SHOP, "name": "production"}, {"id": PAYMENTS, "name": "x"}], MANAGEMENT)
    inventory = with_group("production")
    with pytest.raises(AnsibleParserError, match="'production', but a group has this name"):
        source.parse(inventory, hostnames=["account_name"])
    assert not inventory.hosts and set(inventory.groups) == {"all", "ungrouped", "production"}
    by_name = [{"key": "account_name", "prefix": "", "separator": ""}]
    for composed in ({"keyed_groups": by_name}, {"groups": {"production": True}}):
        assert "hostnames" in source.fails(hostnames=["account_name"], **composed)


@pytest.mark.parametrize("strict", [True, False])
def test_a_host_of_another_source_stays_as_it_is(endpoint: LocalEndpoint, source: Source, strict: bool) -> None:
    endpoint.make_organization([{"id": SHOP, "name": "payments"}], MANAGEMENT)
    inventory = with_host("payments", account_id="777777777777")
    before = inventory.hosts["payments"].get_vars()
    with pytest.raises(AnsibleParserError, match="but the account 777777777777 already has it"):
        source.parse(inventory, hostnames=["account_name"], strict=strict)
    assert inventory.hosts["payments"].get_vars() == before and names(inventory) == ["payments"]


def test_a_source_that_fails_changes_no_host_of_another_one(source: Source) -> None:
    inventory = with_host(SHOP, owner="somebody")
    with pytest.raises(AnsibleParserError, match="Failed to add the account"):
        source.parse(inventory, strict=True, compose={"x": "nope.y"})
    found = variables(inventory, SHOP)
    assert found["owner"] == "somebody" and "account_id" not in found
    # Without the failure, both sources add to this host.
    found = variables(source.parse(inventory), SHOP)
    assert (found["owner"], found["account_id"]) == ("somebody", SHOP)


@pytest.mark.parametrize("option", ["access_key", "secret_key", "session_token"])
@pytest.mark.parametrize("value", [["A-SECRET-OF-THE-SOURCE"], {"a": "A-SECRET-OF-THE-SOURCE"}])
def test_a_credential_of_the_wrong_type_is_not_shown(source: Source, option: str, value: Any) -> None:
    message = source.fails(**{option: value})
    assert "A-SECRET" not in message and option in message


def test_an_empty_token_does_not_end_the_list(source: Source, organizations: Organizations) -> None:
    def change(answer: Answer, _given: dict[str, Any]) -> Answer:
        return {**answer, "NextToken": ""}

    organizations.changes["ListAccounts"] = change
    assert "NextToken" in source.fails()


def test_a_list_without_end_is_not_read_to_its_end(source: Source, organizations: Organizations) -> None:
    pages: list[Answer] = []

    def change(answer: Answer, _given: dict[str, Any]) -> Answer:
        pages.append(answer)
        return {**pages[0], "NextToken": f"page-{len(pages)}"}

    organizations.changes["ListAccounts"] = change
    assert "twice" in source.fails()
    assert [operation for operation, _given in organizations.calls].count("ListAccounts") == 2


def rewrite_cache(folder: Path, change: Callable[[Any], Any]) -> Any:
    """Change what the cache in a folder contains, the mapping that the plugin stored, and return the new content."""
    (file,) = folder.iterdir()
    stored = json.loads(file.read_text())
    is_wrapped = "__payload__" in stored
    content = change(json.loads(stored["__payload__"]) if is_wrapped else stored)
    file.write_text(json.dumps({**stored, "__payload__": json.dumps(content)} if is_wrapped else content))
    return content


TEMPLATE = "{{ lookup('pipe', 'touch evaluated') }}"
ELEMENTS: list[Any] = [None, "", TEMPLATE, 0, [], {}, "777777777777", {"__ansible_type": "x"}, ["x"]]


# The values that any text may replace.
TEXTS = {"Name", "JoinedMethod", "State", "unit_names", "tags"}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TEMPLATE),
    lambda values: (
        st.lists(values)
        | st.dictionaries(
            st.text() | st.sampled_from(["__ansible_type", "__ansible_unsafe", "__ansible_vault"]), values
        )
    ),
    max_leaves=10,
)


@pytest.mark.slow
@given(
    raw=st.binary() | JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    content=st.none() | JSON_VALUES | JSON_VALUES.map(lambda value: {"organization": json.dumps(value)}),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_content_of_the_cache_is_an_error(
    cached: Callable[..., InventoryData], tmp_path: Path, raw: bytes, content: Any
) -> None:
    cached(include_tags=True)
    if content is None:
        (file,) = (tmp_path / "cache").iterdir()
        file.write_bytes(raw)
    else:
        rewrite_cache(tmp_path / "cache", lambda _stored: content)
    assert names(cached(include_tags=True)) == sorted([PAYMENTS, SHOP, ARCHIVE])


def test_a_cache_that_can_not_be_written_adds_nothing(
    cached: Callable[..., InventoryData], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: Any) -> None:
        raise TypeError("not serializable")

    monkeypatch.setattr("ansible.plugins.cache.BaseFileCacheModule.set", fail)
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError, match=r"Failed to write the cache: .*not serializable.* Check cache_plugin"):
        cached(inventory=inventory)
    assert not inventory.hosts


def test_keys_of_tags_that_have_a_meaning_in_ansible(
    cached: Callable[..., InventoryData], endpoint: LocalEndpoint, organizations: Organizations
) -> None:
    tags = {"__ansible_type": "x", "__ansible_unsafe": "y", "__ansible_vault": "z"}
    endpoint.make_organization([{"id": SHOP, "name": "Shop", "tags": tags}], MANAGEMENT)
    first = variables(cached(include_tags=True), SHOP)
    organizations.calls.clear()
    assert variables(cached(include_tags=True), SHOP) == first
    assert organizations.calls == [("ListAccounts", {"MaxResults": 1})]


# Other sources --------------------------------------------------------------------------------------------------------


def relations(inventory: InventoryData) -> dict[str, Any]:
    return {
        name: (sorted(map(str, group.child_groups)), sorted(map(str, group.hosts)))
        for name, group in inventory.groups.items()
    }


def test_a_loop_of_groups_adds_nothing(source: Source) -> None:
    inventory = with_group("ou_Workloads__Prod")
    inventory.add_group("ou_Workloads")
    inventory.add_child("ou_Workloads__Prod", "ou_Workloads")
    before = relations(inventory)
    with pytest.raises(AnsibleParserError, match="recursive dependency loop"):
        source.parse(inventory)
    assert not inventory.hosts and relations(inventory) == before


def test_a_group_is_never_a_host(source: Source) -> None:
    inventory = with_host("ou_Workloads")
    with pytest.raises(AnsibleParserError, match="'ou_Workloads' would have the name of a host"):
        source.parse(inventory)
    assert names(inventory) == ["ou_Workloads"] and set(inventory.groups) == {"all", "ungrouped"}


@pytest.mark.parametrize(
    "variables",
    [
        {"account_id": 777777777777},
        {"incident_manager_account": {"account_id": "777777777777"}},
        {"incident_manager_account": {"account_id": 777777777777}},
        {"incident_manager_account": {"assume_role_arn": "arn:aws:iam::777777777777:role/a"}},
        {"incident_manager_account": {"iam_role_arn": "arn:aws:iam::777777777777:role/a"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("of_group", [False, True])
def test_a_host_of_another_account_is_never_merged(source: Source, variables: dict[str, Any], of_group: bool) -> None:
    inventory = with_group("others")
    inventory.add_host(SHOP, "others")
    for name, value in variables.items():
        inventory.set_variable("others" if of_group else SHOP, name, value)
    with pytest.raises(AnsibleParserError, match="but the account 777777777777 already has it"):
        source.parse(inventory)
    assert names(inventory) == [SHOP] and "ou_Sandbox" not in inventory.groups


@pytest.mark.parametrize(
    "options", [{"profile": "old"}, {"assume_role_arn": "arn:aws:iam::{{ other }}:role/a"}, "{profile: old}"], ids=str
)
def test_a_host_of_an_unknown_account_is_never_merged(source: Source, options: Any) -> None:
    inventory = with_group("others")
    inventory.add_host(SHOP, "others")
    inventory.set_variable(SHOP, "incident_manager_account", options)
    with pytest.raises(AnsibleParserError, match="another source has a host of this name"):
        source.parse(inventory)
    assert names(inventory) == [SHOP]


@pytest.mark.parametrize("value", ["{{ lookup('env', 'NOT_SET') }}", "{{ none }}", "{{ false }}", "{{ [] }}"])
@pytest.mark.parametrize("option", ["profile", "aws_profile", "assume_role_arn", "access_key", "secret_key"])
def test_an_option_that_is_empty_as_a_template(
    source: Source, organizations: Organizations, option: str, value: str
) -> None:
    """Otherwise, the credentials in the environment would be used."""
    keys = {} if "key" in option else {"access_key": None, "secret_key": None}
    assert f"{option}: must not be empty" in source.fails(**{**keys, option: value})
    assert not organizations.calls


def test_a_secret_key_that_is_null(source: Source, organizations: Organizations, monkeypatch: Any) -> None:
    """Otherwise, the secret key in the environment would be used with the access key of the source."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    path = source.write()
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "secret_key": None}))
    with pytest.raises(AnsibleParserError, match="secret_key: must not be empty"):
        inventory_loader.get("incident_manager.aws.organization").parse(InventoryData(), DataLoader(), str(path))
    assert not organizations.calls


@pytest.mark.parametrize("value", ["", "{{ lookup('env', 'NOT_SET') }}", "{{ '' }}"])
def test_an_empty_region(source: Source, organizations: Organizations, value: str, monkeypatch: Any) -> None:
    """Otherwise, every account would be audited from the Region of the environment."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert "region: must not be empty" in source.fails(region=value)
    assert not organizations.calls


def test_options_of_botocore(source: Source) -> None:
    with hanging_server() as url:
        config = {"read_timeout": 0.2, "retries": {"total_max_attempts": 1}}
        assert "Read timeout" in source.fails(endpoint_url=url, aws_config=config)
    assert "aws_config" in source.fails(aws_config={"read_timeut": 1})


def test_a_misspelled_required_option(source: Source) -> None:
    assert "Did you mean role_name?" in source.fails(role_name=None, role_nam="audit")
