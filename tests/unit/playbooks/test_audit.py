# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that audits a fleet, as its users run it: every account has its row, whatever happens to the others."""

from __future__ import annotations

import faulthandler
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from fleet import (
    QUICK_WAYS,
    WAYS,
    Account,
    Fleet,
    Wrecks,
    accounts,
    expected_broken_row,
    expected_row,
    expected_words,
    perfect_accounts,
    sorted_row,
)
from moto.sts.models import sts_backends

CHECKOUT = Path(__file__).parents[3]
Report = dict[str, Any]


@pytest.fixture
def wrecks() -> Iterator[Wrecks]:
    with Wrecks() as wrecks:
        yield wrecks


@pytest.fixture
def make_fleet(endpoint: LocalEndpoint, wrecks: Wrecks, tmp_path: Path) -> Callable[[list[Account]], Fleet]:
    return lambda wanted: Fleet(endpoint.url, wanted, tmp_path / "fleet", wrecks)


class Run:
    """A run of the audit: its exit code, all that it printed, and what it wrote."""

    def __init__(self, folder: Path, fleet: Fleet, *options: str, **variables: Any) -> None:
        inventory = fleet.write_inventory(folder / "inventory.json")
        self.json, self.html = folder / "out" / "report.json", folder / "out" / "report.html"
        given = {"incident_manager_report_json": str(self.json), "incident_manager_report_html": str(self.html)}
        command = [
            str(Path(sys.prefix, "bin", "ansible-playbook")),
            "incident_manager.aws.audit",
            f"--inventory={inventory}",
            f"--extra-vars={json.dumps({**given, **variables})}",
            *options,
        ]
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build" / "root"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
            **fleet.environment,
        }
        run = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        self.code, self.output = run.returncode, run.stdout
        assert "Traceback" not in self.output

    def report(self) -> Report:
        report: Report = json.loads(self.json.read_text(encoding="ascii"))
        return report

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.report()["accounts"]}


def check_rows(rows: dict[str, dict[str, Any]], wanted: list[Account], wrecks: Wrecks) -> None:
    """Hold every row to what the fleet says of its account, and count none twice."""
    assert sorted(rows) == sorted(account.name for account in wanted)
    for account in wanted:
        row = rows[account.name]
        if account.way is None:
            assert sorted_row(row) == expected_row(account)
            check_prose(row)
        else:
            assert sorted_row(row) == expected_broken_row(account), (account.way, row["msg"])
            for word in expected_words(account, wrecks):
                assert word in row["msg"], account.way


def check_prose(row: dict[str, Any]) -> None:
    assert row["msg"].startswith(
        f"The replication set {row['replication_set']['arn']}" if row["exists"] else "The account"
    )
    assert ("meets the rules" in row["msg"]) == (row["outcome"] == "passed")
    for finding in row["findings"]:
        assert finding["msg"] in row["msg"]
        assert (finding["region"] or "") in finding["msg"]
        if finding["rule"] in ("active", "allowed_kms_keys") and finding["known"]:
            assert finding["found"] in finding["msg"]


def check_report(report: Report) -> None:
    """The worst come first, and the summary counts what is there."""
    outcomes = [row["outcome"] for row in report["accounts"]]
    assert outcomes == sorted(outcomes, key=["failed", "not_asked", "passed"].index)
    assert report["summary"] == {
        "failed": 0,
        "not_asked": 0,
        "passed": 0,
        **Counter(outcomes),
        "accounts": len(outcomes),
    }
    # Texts of one length in one time zone: as such they sort.
    assert {len(time) for time in [report["time"], *(row["time"] for row in report["accounts"])]} == {32}
    assert max(row["time"] for row in report["accounts"]) <= report["time"]


def secrets_of(fleet: Fleet) -> set[str]:
    """All that must not be told: what the fleet was made with, and what STS gave to those who assumed a role."""
    roles = [role for backends in sts_backends.values() for role in backends["aws"].assumed_roles]
    mine = [role for role in roles if role.account_id in {account.account_id for account in fleet.accounts}]
    assert mine
    return fleet.secrets | {secret for role in mine for secret in (role.secret_access_key, role.session_token)}


def kinds_of(wanted: list[Account]) -> set[str]:
    return {account.kind for account in wanted}


@pytest.mark.slow
def test_every_account_has_its_row(
    make_fleet: Callable[[list[Account]], Fleet], wrecks: Wrecks, tmp_path: Path, thorough: bool
) -> None:
    number, broken = (1000, 50) if thorough else (60, 10)
    # Two minutes are what pytest lets a test take; Run has a limit of its own.
    faulthandler.cancel_dump_traceback_later()
    wanted = accounts(number, broken)
    ways = Counter(account.way for account in wanted if account.way)
    assert ways == dict.fromkeys(WAYS, broken // 10)
    assert kinds_of(wanted) == {"role", "profile", "keys"}
    run = Run(tmp_path, make_fleet(wanted), "--forks=20")
    assert run.code == 2
    report = run.report()
    check_rows(run.rows(), wanted, wrecks)
    check_report(report)
    # All that an account can be is among them.
    healthy = [expected_row(account) for account in wanted if account.way is None]
    assert {row["outcome"] for row in healthy} == {"failed", "not_asked", "passed"}
    assert {row["exists"] for row in healthy} == {True, False}
    assert {finding["rule"] for row in healthy for finding in row["findings"]} == {
        "active",
        "allowed_kms_keys",
        "customer_managed_keys",
        "deletion_protected",
        "minimum_regions",
        "regions",
        "state",
        "tags",
    }
    summary = report["summary"]
    assert (
        f"{number} accounts: {summary['passed']} passed, {summary['failed']} failed, "
        f"{summary['not_asked']} could not be asked" in run.output
    )
    assert all(account.name in run.html.read_text(encoding="utf-8") for account in wanted)


@pytest.mark.slow
def test_nothing_secret_is_told(make_fleet: Callable[[list[Account]], Fleet], wrecks: Wrecks, tmp_path: Path) -> None:
    wanted = accounts(2 * len(QUICK_WAYS), len(QUICK_WAYS), QUICK_WAYS)
    fleet = make_fleet(wanted)
    run = Run(tmp_path, fleet, "-vvv")
    check_rows(run.rows(), wanted, wrecks)
    told = {
        "output": run.output,
        "json": run.json.read_text(encoding="ascii"),
        "html": run.html.read_text(encoding="utf-8"),
    }
    for secret in secrets_of(fleet):
        assert len(secret) > 10
        assert [where for where, text in told.items() if secret in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("way", QUICK_WAYS)
def test_the_first_account_is_broken(
    make_fleet: Callable[[list[Account]], Fleet], wrecks: Wrecks, tmp_path: Path, way: str
) -> None:
    """The report is made in its place, and must not fall with it; nor may it tell what is in its variables."""
    wanted = [*accounts(1, 1, [way]), replace(accounts(2)[1], kind="role")]
    fleet = make_fleet(wanted)
    run = Run(tmp_path, fleet)
    check_rows(run.rows(), wanted, wrecks)
    told = run.output + run.json.read_text(encoding="ascii") + run.html.read_text(encoding="utf-8")
    assert [secret for secret in secrets_of(fleet) if secret in told] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "report_only", "code"), [(1, None, 2), (1, False, 2), (1, True, 0), (0, None, 0), (0, True, 0)]
)
def test_exit_code(
    make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path, broken: int, report_only: bool | None, code: int
) -> None:
    wanted = perfect_accounts(3, "keys") + [Account(3, "role", way=QUICK_WAYS[0])] * broken
    variables = {} if report_only is None else {"incident_manager_report_only": report_only}
    run = Run(tmp_path, make_fleet(wanted), **variables)
    assert run.code == code
    assert run.report()["summary"] == {"accounts": 3 + broken, "failed": 0, "not_asked": broken, "passed": 3}


@pytest.mark.slow
def test_a_finding_fails_the_play(make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path) -> None:
    without = Account(0, "keys")
    run = Run(tmp_path, make_fleet([without]))
    assert run.code == 2
    (row,) = run.report()["accounts"]
    assert (row["outcome"], row["exists"]) == ("failed", False)


@pytest.mark.slow
def test_summary_on_the_screen(make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path) -> None:
    wanted = [*perfect_accounts(2, "profile"), *(Account(number, "role") for number in range(2, 25))]
    run = Run(tmp_path, make_fleet(wanted))
    lines = run.output.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith("25 accounts: 2 passed, 23 failed")]
    named = {line.split()[0] for line in lines[start:] if line.startswith("  account-")}
    assert named == {account.name for account in wanted[2:22]}
    assert f"  account-0002 ({wanted[2].account_id}): failed" in lines
    assert "    - There is no replication set" in lines
    assert "  ... and 3 accounts more" in lines
    assert f"Written: {run.json}" in lines and f"Written: {run.html}" in lines


@pytest.mark.slow
def test_limit(make_fleet: Callable[[list[Account]], Fleet], wrecks: Wrecks, tmp_path: Path) -> None:
    wanted = accounts(9, 1, ["option that is misspelt"])
    run = Run(tmp_path, make_fleet(wanted), "--limit=by_keys")
    check_rows(run.rows(), [account for account in wanted if account.kind == "keys"], wrecks)


@pytest.mark.slow
def test_check_mode(make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path) -> None:
    run = Run(tmp_path, make_fleet(accounts(3)), "--check")
    assert "3 accounts: " in run.output
    assert not run.json.parent.exists()


@pytest.mark.slow
def test_check_mode_says_of_no_file_that_it_was_written(
    make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path
) -> None:
    assert "Written:" not in Run(tmp_path, make_fleet(accounts(3)), "--check").output


@pytest.mark.slow
def test_a_host_that_says_nothing_of_its_account(
    make_fleet: Callable[[list[Account]], Fleet], wrecks: Wrecks, tmp_path: Path
) -> None:
    """The variable may be missing at all, or be no dictionary."""
    wanted = accounts(4)
    fleet = make_fleet(wanted)
    inventory = fleet.inventory()
    inventory["all"]["hosts"] |= {"printer": None, "router": {"incident_manager_account": "eu-west-1"}}
    fleet.inventory = lambda *_accounts: inventory  # type: ignore[method-assign]
    run = Run(tmp_path, fleet)
    assert run.code == 2
    rows = run.rows()
    for name, words in (
        ("printer", "'incident_manager_account' is undefined"),
        ("router", "incident_manager_account is not a mapping"),
    ):
        row = rows.pop(name)
        assert (row["outcome"], row["account_id"], row["rules"]) == ("not_asked", None, None)
        assert words in row["msg"]
    check_rows(rows, wanted, wrecks)


@pytest.mark.slow
def test_rules_that_are_refused(make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path) -> None:
    run = Run(tmp_path, make_fleet(accounts(3)), incident_manager_rules={"minimum_regions": 4})
    assert run.code == 2
    for row in run.rows().values():
        assert (row["outcome"], row["error"]["code"]) == ("not_asked", "InvalidParameter")
        assert "minimum_regions: 4 given" in row["msg"]


@pytest.mark.slow
def test_no_account_at_all(make_fleet: Callable[[list[Account]], Fleet], tmp_path: Path) -> None:
    """An empty inventory, which a broken inventory plugin leaves, is no audit that passed."""
    run = Run(tmp_path, make_fleet([]))
    assert run.code != 0
    assert not run.json.exists()
