# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of audits whose inventory is an organization: all of its accounts are audited, or the run fails."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from endpoint.control import DEFAULT_ACCOUNT
from endpoint.server import LocalEndpoint
from fleet.accounts import GROUP_RULES, Account, make_compliant_accounts
from fleet.inventory import Fleet
from fleet.organization import members, units_of, write_inventory

MakeFleet = Callable[[list[Account]], Fleet]
Audit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def audit(run_command: Callable[..., subprocess.CompletedProcess[str]], connection_variables: dict[str, str]) -> Audit:
    """Return a function that audits the hosts of sources, with more variables and environment variables."""

    def run(sources: list[Path], environment: dict[str, str] | None = None, **variables: Any) -> Any:
        return run_command(
            "ansible-playbook",
            "incident_manager.aws.audit",
            "--forks=20",
            *(f"--inventory={source}" for source in sources),
            f"--extra-vars={json.dumps({'incident_manager_report_json': 'report.json', **variables})}",
            **{UNPARSED: "true", **connection_variables, **(environment or {})},
        )

    return run


@pytest.mark.slow
def test_an_organization_is_audited_by_the_rules_of_its_units(
    make_fleet: MakeFleet, endpoint: LocalEndpoint, audit: Audit, tmp_path: Path
) -> None:
    # In each unit, one account has a set whose tags are listed, one has tags that are denied, and one has no set.
    changes: list[dict[str, Any]] = [{}, {"tags_denied": True}, {"body": None}]
    of_groups = zip(make_compliant_accounts(30, "role"), itertools.cycle(GROUP_RULES), strict=False)
    accounts = [replace(account, group=group, **changes[account.number // 3 % 3]) for account, group in of_groups]
    assert len({units_of(account) for account in accounts}) == 6
    make_fleet(accounts)
    suspended = {"id": "999999999999", "name": "suspended", "state": "SUSPENDED"}
    endpoint.make_organization([*members(accounts), suspended], DEFAULT_ACCOUNT)
    outcome = audit([write_inventory(tmp_path / "inventory")])
    assert outcome.returncode == 2
    output = " ".join((outcome.stdout + outcome.stderr).split())
    assert "leaves out 2 of the 32 accounts" in output and "Traceback" not in output
    report = json.loads((tmp_path / "report.json").read_text())
    rows = {row["name"]: (row["account_id"], row["outcome"]) for row in report["accounts"]}
    assert rows == {account.name: (account.account_id, expected_outcome(account)) for account in accounts}


def expected_outcome(account: Account) -> str:
    """Return the outcome of an account by the rules of its group. Only those of "standard" are about tags."""
    if account.group == "standard":
        return "failed" if account.body is None else "unknown" if account.tags_denied else "passed"
    return "failed" if account.group == "retired" and account.body else "passed"


UNPARSED = "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"
# Whether Ansible fails if a source fails, the number of accounts, and a part of the output.
CHECKS: list[tuple[str, dict[str, str], dict[str, Any], str]] = [
    ("set", {}, {}, "Completely failed to parse inventory source"),
    ("not set", {UNPARSED: "false"}, {}, "By default, Ansible skips what it fails to read in an inventory"),
    # The number of hosts that are left does not excuse the missing setting.
    (
        "not set, right number",
        {UNPARSED: "false"},
        {"incident_manager_expected_accounts": 2},
        "By default, Ansible skips what it fails to read in an inventory",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "variables", "part"), [case[1:] for case in CHECKS], ids=[case[0] for case in CHECKS]
)
def test_a_run_ends_if_the_organization_can_not_be_listed(
    make_fleet: MakeFleet,
    endpoint: LocalEndpoint,
    audit: Audit,
    tmp_path: Path,
    environment: dict[str, str],
    variables: dict[str, Any],
    part: str,
) -> None:
    """By default, ansible-core goes on with the hosts of the other sources."""
    accounts = make_compliant_accounts(5, "role")
    fleet = make_fleet(accounts)
    # The caller is a member, who may not list the accounts.
    endpoint.make_organization([*members(accounts), {"id": DEFAULT_ACCOUNT, "name": "Caller"}], "210000000000")
    sources = [write_inventory(tmp_path / "inventory"), fleet.write_inventory(tmp_path / "static.json", accounts[:2])]
    outcome = audit(sources, environment, **variables)
    output = " ".join((outcome.stdout + outcome.stderr).split())
    assert outcome.returncode not in (0, None), output
    assert "AccessDeniedException" in output and "delegated administrator" in output
    assert part in output and "Traceback" not in output
    assert endpoint.operations == [] and not (tmp_path / "report.json").exists()


@pytest.mark.slow
def test_a_run_ends_without_accounts(
    make_fleet: MakeFleet, endpoint: LocalEndpoint, audit: Audit, tmp_path: Path
) -> None:
    make_fleet([])
    endpoint.make_organization([], "210000000000")
    source = write_inventory(tmp_path / "inventory")
    for setting, part in {"true": "Failed to parse", "false": "The inventory has no hosts"}.items():
        outcome = audit([source], {UNPARSED: setting})
        output = " ".join((outcome.stdout + outcome.stderr).split())
        assert outcome.returncode != 0 and part in output
        assert "AWSOrganizationsNotInUseException" in output and "Use credentials of the management account" in output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "part"),
    [
        (
            {"incident_manager_account": {"account_id": "777777777777", "region": "eu-west-1"}},
            "but the credentials belong to account",
        ),
        ({"account_id": "777777777777"}, "but the credentials belong to account"),
        (
            {
                "account_id": "777777777777",
                "incident_manager_account": {"account_id": "777777777777", "region": "eu-west-1"},
            },
            "but the credentials belong to account",
        ),
        # The merged host is audited with the credentials of another account.
        ({"incident_manager_account": {"region": "eu-west-1"}}, "but the credentials belong to account"),
    ],
    ids=str,
)
def test_a_host_that_contradicts_itself_does_not_pass(
    make_fleet: MakeFleet, endpoint: LocalEndpoint, audit: Audit, tmp_path: Path, own: dict[str, Any], part: str
) -> None:
    accounts = make_compliant_accounts(2, "role")
    make_fleet(accounts)
    endpoint.make_organization(members(accounts), DEFAULT_ACCOUNT)
    static = tmp_path / "static.json"
    static.write_text(json.dumps({"all": {"hosts": {accounts[0].name: own}}}))
    outcome = audit([write_inventory(tmp_path / "inventory"), static], incident_manager_expected_accounts=2)
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    rows = {row["name"]: row for row in json.loads((tmp_path / "report.json").read_text())["accounts"]}
    assert part in rows[accounts[0].name]["msg"] and rows[accounts[0].name]["outcome"] == "unknown"
    assert rows[accounts[1].name]["outcome"] != "unknown"


@pytest.mark.slow
@pytest.mark.parametrize("is_first", [True, False])
def test_groups_that_form_a_loop_do_not_pass(
    make_fleet: MakeFleet, endpoint: LocalEndpoint, audit: Audit, tmp_path: Path, is_first: bool
) -> None:
    """Whichever source ansible-core reads first, no account passes without the rules of its units."""
    accounts = make_compliant_accounts(2, "role")
    make_fleet(accounts)
    endpoint.make_organization(
        [{**member, "units": ["Workloads", "Prod"]} for member in members(accounts)], DEFAULT_ACCOUNT
    )
    source = write_inventory(tmp_path / "inventory")
    rules = source.parent / "group_vars" / "ou_Workloads.json"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text(json.dumps({"incident_manager_rules": {"state": "absent"}}))
    static = tmp_path / "static.json"
    children: dict[str, Any] = {"ou_Workloads__Prod": {"children": {"ou_Workloads": {}}}}
    static.write_text(json.dumps({"all": {"hosts": {"extra": {}}, "children": children}}))
    sources = [source, static] if is_first else [static, source]
    outcome = audit(sources, incident_manager_expected_accounts=3 if is_first else 1)
    output = " ".join((outcome.stdout + outcome.stderr).split())
    assert outcome.returncode != 0, output
    assert "recursive dependency loop" in output or "Failed to parse" in output
    report = tmp_path / "report.json"
    rows = json.loads(report.read_text())["accounts"] if report.exists() else []
    assert all(row["outcome"] != "passed" for row in rows), rows
