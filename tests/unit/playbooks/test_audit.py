# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the playbook that audits a fleet: each account has a row in the report, even if others fail."""

from __future__ import annotations

import faulthandler
import json
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from fleet.accounts import (
    CREDENTIALS,
    FAILURES,
    QUICK_FAILURES,
    Account,
    make_accounts,
    make_compliant_accounts,
)
from fleet.expected_rows import comparable_row, expected_message_parts, expected_row
from fleet.inventory import Fleet
from moto.sts.models import sts_backends

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


def assert_rows(rows: dict[str, dict[str, Any]], accounts: list[Account], failing_urls: dict[str, str]) -> None:
    """Assert that each account has the expected row."""
    assert sorted(rows) == sorted(account.name for account in accounts)
    for account in accounts:
        row = rows[account.name]
        assert comparable_row(row) == expected_row(account), (account.failure, row["msg"])
        if account.failure is None:
            assert_messages(row)
        else:
            for part in expected_message_parts(account, failing_urls):
                assert part in row["msg"], account.failure


def assert_messages(row: dict[str, Any]) -> None:
    """Assert that a row's msg describes the set and the findings."""
    assert row["msg"].startswith(
        f"The replication set {row['replication_set']['arn']}" if row["exists"] else "The account"
    )
    assert ("meets the rules" in row["msg"]) == (row["outcome"] == "passed")
    for finding in row["findings"]:
        assert finding["msg"] in row["msg"]
        assert (finding["region"] or "") in finding["msg"]
        if finding["rule"] in ("active", "allowed_kms_keys") and finding["known"]:
            assert finding["actual"] in finding["msg"]


def assert_order_and_summary(report: Report) -> None:
    """Assert that the failed accounts come first, and that the summary counts all accounts."""
    outcomes = [row["outcome"] for row in report["accounts"]]
    assert outcomes == sorted(outcomes, key=["failed", "unknown", "passed"].index)
    assert report["summary"] == {
        "failed": 0,
        "unknown": 0,
        "passed": 0,
        **Counter(outcomes),
        "accounts": len(outcomes),
    }
    # Times of one length in one time zone sort as strings.
    assert {len(time) for time in [report["time"], *(row["time"] for row in report["accounts"])]} == {32}
    assert max(row["time"] for row in report["accounts"]) <= report["time"]


def secrets_of(fleet: Fleet) -> set[str]:
    """Return the secrets of a fleet, including those that STS has issued for its roles."""
    roles = [role for backends in sts_backends.values() for role in backends["aws"].assumed_roles]
    issued = [role for role in roles if role.account_id in {account.account_id for account in fleet.accounts}]
    assert issued
    return fleet.secrets | {secret for role in issued for secret in (role.secret_access_key, role.session_token)}


@pytest.mark.slow
def test_every_account_has_its_row(
    make_fleet: MakeFleet, run_audit: Callable[..., Run], failing_urls: dict[str, str], thorough: bool
) -> None:
    number, failing = (150, 30) if thorough else (40, 10)
    # pytest's limit is two minutes. run_command has its own limit.
    faulthandler.cancel_dump_traceback_later()
    accounts = make_accounts(number, failing)
    failures = Counter(account.failure for account in accounts if account.failure)
    assert failures == dict.fromkeys(FAILURES, failing // 10)
    assert {account.credentials for account in accounts} == set(CREDENTIALS)
    run = run_audit(make_fleet(accounts), "--forks=20")
    assert run.code == 2
    report = run.report()
    assert_rows(run.rows(), accounts, failing_urls)
    assert_order_and_summary(report)
    # The accounts have all outcomes and all findings.
    rows = [expected_row(account) for account in accounts if account.failure is None]
    assert {row["outcome"] for row in rows} == {"failed", "unknown", "passed"}
    assert {row["exists"] for row in rows} == {True, False}
    assert {finding["rule"] for row in rows for finding in row["findings"]} == {
        "active",
        "allowed_kms_keys",
        "customer_managed_keys",
        "deletion_protected",
        "minimum_regions",
        "regions",
        "state",
        "tags",
    }
    assert all(account.name in run.html.read_text(encoding="utf-8") for account in accounts)


@pytest.mark.slow
def test_no_secret_is_written(
    make_fleet: MakeFleet, run_audit: Callable[..., Run], failing_urls: dict[str, str]
) -> None:
    accounts = make_accounts(2 * len(QUICK_FAILURES), len(QUICK_FAILURES), QUICK_FAILURES)
    fleet = make_fleet(accounts)
    run = run_audit(fleet, "-vvv")
    assert_rows(run.rows(), accounts, failing_urls)
    text = run.text()
    for secret in secrets_of(fleet):
        assert len(secret) > 10
        assert secret not in text


@pytest.mark.slow
def test_a_finding_fails_the_play(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    run = run_audit(make_fleet([Account(0, "keys")]))
    assert run.code == 2
    (row,) = run.report()["accounts"]
    assert (row["outcome"], row["exists"]) == ("failed", False)


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
def test_limit(make_fleet: MakeFleet, run_audit: Callable[..., Run], failing_urls: dict[str, str]) -> None:
    accounts = make_accounts(9, 1, ["option is misspelled"])
    run = run_audit(make_fleet(accounts), "--limit=by_keys")
    assert_rows(run.rows(), [account for account in accounts if account.credentials == "keys"], failing_urls)


@pytest.mark.slow
def test_check_mode_writes_no_files(make_fleet: MakeFleet, run_audit: Callable[..., Run]) -> None:
    run = run_audit(make_fleet(make_accounts(3)), "--check")
    assert "Would write: " in run.output
    assert not run.json.parent.exists()


@pytest.mark.slow
def test_hosts_without_the_options_of_an_account(
    make_fleet: MakeFleet, run_audit: Callable[..., Run], failing_urls: dict[str, str]
) -> None:
    """The variable is missing, or not a dictionary."""
    accounts = make_accounts(4)
    fleet = make_fleet(accounts)
    inventory = fleet.inventory()
    inventory["all"]["hosts"] |= {"printer": None, "router": {"incident_manager_account": "eu-west-1"}}
    fleet.inventory = lambda *_accounts: inventory  # type: ignore[method-assign]
    run = run_audit(fleet)
    assert run.code == 2
    rows = run.rows()
    for name, part in (
        ("printer", "'incident_manager_account' is undefined"),
        ("router", "account: the value is not a mapping. Set a mapping, such as"),
    ):
        row = rows.pop(name)
        assert (row["outcome"], row["account_id"], row["rules"]) == ("unknown", None, None)
        assert part in row["msg"]
    assert_rows(rows, accounts, failing_urls)


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
