# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the playbook that merges the reports of several runs, as of a sliced job in automation controller."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fleet.accounts import QUICK_FAILURES, Account, make_accounts
from fleet.inventory import Fleet

SLICES = 3
Report = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(sys.prefix, "bin", "ansible-runner").exists(),
        reason="There is no ansible-runner in this environment",
    ),
]


@pytest.fixture
def fleet(make_fleet: Callable[[list[Account]], Fleet]) -> Fleet:
    return make_fleet(make_accounts(27, 9, QUICK_FAILURES))


@dataclass
class Job:
    """A job of ansible-runner.

    :ivar code: its exit code.
    :ivar output: the playbook's output.
    :ivar messages: the msg of each event.
    :ivar report_file: where the report is written.
    """

    code: int
    output: str
    messages: list[str]
    report_file: Path

    def report(self) -> Report:
        report: Report = json.loads(self.report_file.read_text(encoding="ascii"))
        return report


@pytest.fixture
def run_job(
    fleet: Fleet,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    ansible_environment: dict[str, str],
    tmp_path: Path,
) -> Callable[..., Job]:
    """Return a function that runs a playbook as a job, in its own folder, with an inventory and variables."""

    def run(name: str, playbook: str, inventory: Any, **variables: Any) -> Job:
        folder = tmp_path / name
        report_file = folder / "report.json"
        files = {
            "inventory/hosts.json": inventory,
            "env/extravars": {"incident_manager_report_json": str(report_file), **variables},
            "env/envvars": {
                **ansible_environment,
                **fleet.environment,
                # The inventory of ansible-runner is a folder.
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            },
        }
        for file, content in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), encoding="utf-8")
        options = [f"--playbook=incident_manager.aws.{playbook}", "--ident=job", "--quiet"]
        finished = run_command("ansible-runner", "run", folder, *options, **fleet.environment)
        artifacts = folder / "artifacts" / "job"
        events = [json.loads(path.read_text(encoding="utf-8")) for path in artifacts.glob("job_events/*.json")]
        return Job(
            finished.returncode,
            (artifacts / "stdout").read_text(encoding="utf-8"),
            [event.get("event_data", {}).get("res", {}).get("msg", "") for event in events],
            report_file,
        )

    return run


@pytest.fixture
def audit(fleet: Fleet, run_job: Callable[..., Job]) -> Callable[[str, list[Account]], Job]:
    return lambda name, accounts: run_job(name, "audit", fleet.inventory(accounts))


@pytest.fixture
def merge(run_job: Callable[..., Job]) -> Callable[..., Job]:
    return lambda name, **variables: run_job(name, "merge_audits", {}, **variables)


def slice_of(accounts: list[Account], number: int) -> list[Account]:
    """Return a slice as automation controller makes it (awx, Inventory.get_script_data)."""
    return accounts[number::SLICES]


def without_times(report: Report) -> Report:
    return {**report, "time": None, "accounts": [{**row, "time": None} for row in report["accounts"]]}


def test_merged_slices_equal_one_run(
    fleet: Fleet, audit: Callable[[str, list[Account]], Job], merge: Callable[..., Job], tmp_path: Path
) -> None:
    one_run = audit("one-run", fleet.accounts)
    slices = [audit(f"slice-{number}", slice_of(fleet.accounts, number)) for number in range(SLICES)]
    assert {len(job.report()["accounts"]) for job in slices} == {len(fleet.accounts) // SLICES}
    merged = merge("merged", incident_manager_reports=f"{tmp_path}/slice-*/report.json")
    assert without_times(merged.report()) == without_times(one_run.report())
    times = {row["name"]: row["time"] for job in slices for row in job.report()["accounts"]}
    assert {row["name"]: row["time"] for row in merged.report()["accounts"]} == times
    assert (merged.code, one_run.code) == (2, 2)
    assert f" of {len(fleet.accounts)} accounts failed" in merged.output
    again = merge(
        "again",
        incident_manager_reports=[str(merged.report_file)],
        incident_manager_report_only=True,
        incident_manager_report_html=f"{tmp_path}/page.html",
    )
    assert again.code == 0
    assert again.report()["accounts"] == merged.report()["accounts"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(account.name in page for account in fleet.accounts)


@pytest.fixture
def write_reports(tmp_path: Path) -> Callable[..., None]:
    """Return a function that writes reports of one account each: file=(account, day of the audit)."""

    def write(**written: tuple[str, int]) -> None:
        for stem, (name, day) in written.items():
            # Accounts that have no set and must have none.
            row = {
                **{"error": None, "exists": False, "region": "eu-west-1", "replication_set": {}, "findings": []},
                **{"account_id": f"{ord(name):012}", "expected_account_id": None},
                **{"name": name, "msg": f"from {stem}", "outcome": "passed", "rules": {"state": "absent"}},
                "time": f"2026-01-{day:02}T00:00:00.000000+00:00",
            }
            report: Report = {"format_version": 2, "time": row["time"], "accounts": [row]}
            report["summary"] = {"accounts": 1, "failed": 0, "unknown": 0, "passed": 1}
            (tmp_path / f"{stem}.json").write_text(json.dumps(report), encoding="utf-8")

    return write


def test_the_newest_row_is_taken(write_reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path) -> None:
    write_reports(first=("a", 2), older=("a", 1), other=("b", 1), newer=("b", 3))
    for number, order in enumerate((["first", "older", "other", "newer"], ["newer", "other", "older", "first"])):
        job = merge(f"merged-{number}", incident_manager_reports=[f"{tmp_path}/{stem}.json" for stem in order])
        assert [(row["name"], row["msg"]) for row in job.report()["accounts"]] == [
            ("a", "from first"),
            ("b", "from newer"),
        ]
        assert job.report()["summary"] == {"accounts": 2, "failed": 0, "unknown": 0, "passed": 2}
        assert job.code == 0


@pytest.mark.parametrize("as_list", [True, False])
def test_patterns(write_reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path, as_list: bool) -> None:
    write_reports(east1=("a", 1), east2=("b", 1), west1=("c", 1), north=("d", 1))
    patterns = [f"{tmp_path}/east?.json", f"{tmp_path}/w*.json", f"{tmp_path}/north.json"]
    job = merge("merged", incident_manager_reports=patterns if as_list else ",".join(patterns))
    assert [row["name"] for row in job.report()["accounts"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("<html>", "it is not JSON"),
        ("[]", "not a report of an audit"),
        ('{"format_version": 1}', "its format_version is 1, but must be 2"),
        ('{"format_version": 2, "accounts": [{"name": "a"}]}', "missing or malformed"),
        (None, "does not exist"),
    ],
)
def test_other_files_are_refused(
    write_reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path, text: str | None, part: str
) -> None:
    """The message names the file, and no report is written."""
    write_reports(fine=("a", 1))
    if text is not None:
        (tmp_path / "other.json").write_text(text, encoding="utf-8")
    job = merge("merged", incident_manager_reports=[f"{tmp_path}/fine.json", f"{tmp_path}/other.json"])
    assert job.code == 2
    assert [msg for msg in job.messages if f"{tmp_path}/other.json" in msg and part in msg]
    assert not job.report_file.exists()


def test_no_matching_files(merge: Callable[..., Job], tmp_path: Path) -> None:
    job = merge("merged", incident_manager_reports=f"{tmp_path}/slice-*/report.json")
    assert job.code == 2
    assert [msg for msg in job.messages if f"the file {tmp_path}/slice-*/report.json does not exist" in msg]
