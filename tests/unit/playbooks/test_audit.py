# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the playbook that audits a fleet: each account has a row in the report, even if others fail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from fleet.accounts import (
    Account,
    make_compliant_accounts,
)
from fleet.inventory import Fleet

MakeFleet = Callable[[list[Account]], Fleet]
Report = dict[str, Any]


@dataclass
class Run:
    """A run of the audit.

    :ivar code: its exit code.
    :ivar output: its output and its errors.
    :ivar json: the file of the report in JSON.
    :ivar html: the file of the report in HTML.
    """

    code: int
    output: str
    json: Path
    html: Path

    def report(self) -> Report:
        report: Report = json.loads(self.json.read_text(encoding="ascii"))
        return report

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.report()["accounts"]}

    def text(self) -> str:
        """Return everything that the run wrote."""
        return self.output + self.json.read_text(encoding="ascii") + self.html.read_text(encoding="utf-8")


@pytest.fixture
def run_audit(run_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Callable[..., Run]:
    """Return a function that audits a fleet, with more options and variables."""

    def run(fleet: Fleet, *options: str, **variables: Any) -> Run:
        files = {form: tmp_path / "out" / f"report.{form}" for form in ("json", "html")}
        reports = {f"incident_manager_report_{form}": str(file) for form, file in files.items()}
        finished = run_command(
            "ansible-playbook",
            "incident_manager.aws.audit",
            f"--inventory={fleet.write_inventory(tmp_path / 'inventory.json')}",
            f"--extra-vars={json.dumps({**reports, **variables})}",
            *options,
            **fleet.environment,
        )
        output = finished.stdout + finished.stderr
        assert "Traceback" not in output
        return Run(finished.returncode, output, **files)

    return run


@pytest.mark.slow
def test_the_end_of_the_output(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    """The output ends with the report's text and Ansible's recap, which has the status of each account."""
    accounts = [*(Account(number, "role") for number in range(23)), *make_compliant_accounts(25, "profile")[23:]]
    run = run_audit(make_fleet(accounts))
    shown, _separator, recap = run.output.partition("TASK [Show the report]")[2].partition("PLAY RECAP")
    lines = [line.strip(' ,"') for line in shown.splitlines()]
    named = ", ".join(f"{account.name} ({account.account_id})" for account in accounts[:5])
    assert f"failed: {named} and 18 more" in lines
    assert "- There is no replication set, but there must be one" in lines
    assert f"Wrote: {run.json}" in lines and f"Wrote: {run.html}" in lines
    failed = {line.split()[0] for line in recap.splitlines() if " failed=1 " in line}
    assert failed == {account.name for account in accounts[:23]}


@pytest.mark.slow
def test_the_report_is_displayed_without_hosts_that_pass(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    fleet = make_fleet(make_compliant_accounts(3, "keys"))
    fleet.environment["ANSIBLE_DISPLAY_OK_HOSTS"] = "false"
    run = run_audit(fleet)
    assert run.code == 0 and f"Wrote: {run.json}" in run.output
    assert "ok: [account-0001]" not in run.output


@pytest.mark.slow
def test_limit(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    accounts = [*make_compliant_accounts(3, "keys"), Account(3, "role")]
    run = run_audit(make_fleet(accounts), "--limit=by_keys")
    assert (run.code, sorted(run.rows())) == (0, [account.name for account in accounts[:3]])


@pytest.mark.slow
def test_check_mode_writes_no_files(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    run = run_audit(make_fleet(make_compliant_accounts(3, "profile")), "--check")
    assert "Would write: " in run.output
    assert not run.json.parent.exists()


@pytest.mark.slow
def test_hosts_without_the_options_of_an_account(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    """The variable is missing, or not a dictionary."""
    fleet = make_fleet(make_compliant_accounts(2, "role"))
    inventory = fleet.inventory()
    inventory["all"]["hosts"] |= {"printer": None, "router": {"incident_manager_account": "eu-west-1"}}
    fleet.inventory = lambda *_accounts: inventory  # type: ignore[method-assign]
    run = run_audit(fleet)
    assert run.code == 2
    rows = run.rows()
    for name, part in (
        ("printer", "'incident_manager_account' is undefined"),
        ("router", "account: the value is not a mapping. Set a mapping."),
    ):
        row = rows.pop(name)
        assert (row["outcome"], row["account_id"], row["rules"]) == ("unknown", None, None)
        assert part in row["msg"]
    assert [row["outcome"] for row in rows.values()] == ["passed", "passed"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"incident_manager_report_html": ""},
        {"incident_manager_report_csv": None},
        {"incident_manager_report_junit": 5},
        {"incident_manager_report_only": "maybe"},
    ],
)
def test_variables_for_the_report_are_validated_before_any_account_is_asked(
    make_fleet: MakeFleet, run_audit: Callable[..., Run], endpoint: LocalEndpoint, variables: dict[str, Any]
) -> None:
    run = run_audit(make_fleet(make_compliant_accounts(2, "keys")), **variables)
    assert run.code == 2 and "must be true or false" in run.output
    assert endpoint.operations == [] and not run.json.exists()
