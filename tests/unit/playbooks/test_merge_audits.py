# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet that is audited in slices, as automation controller runs a sliced job: one report comes of them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from fleet import QUICK_WAYS, Account, Fleet, Wrecks, accounts

CHECKOUT = Path(__file__).parents[3]
SLICES = 3
Report = dict[str, Any]

RUNNER = Path(sys.prefix, "bin", "ansible-runner")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RUNNER.exists(), reason="ansible-runner is in the newest environment only"),
]


@pytest.fixture
def fleet(endpoint: LocalEndpoint, tmp_path: Path) -> Iterator[Fleet]:
    with Wrecks() as wrecks:
        yield Fleet(endpoint.url, accounts(27, 9, QUICK_WAYS), tmp_path / "fleet", wrecks)


class Job:
    """A job, in a folder of its own: ansible-runner's, with an inventory and extra variables."""

    def __init__(self, folder: Path, fleet: Fleet, playbook: str, inventory: Any, **variables: Any) -> None:
        self.report_file = folder / "report.json"
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build" / "root"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{RUNNER.parent}:{os.environ['PATH']}",
            **fleet.environment,
        }
        files = {
            "inventory/hosts.json": inventory,
            "env/extravars": {"incident_manager_report_json": str(self.report_file), **variables},
            "env/envvars": environment,
        }
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), encoding="utf-8")
        command = [
            str(RUNNER),
            "run",
            str(folder),
            f"--playbook=incident_manager.aws.{playbook}",
            "--ident=job",
            "--quiet",
        ]
        self.code = subprocess.run(command, env=environment, check=False).returncode
        artifacts = folder / "artifacts" / "job"
        self.output = (artifacts / "stdout").read_text(encoding="utf-8")
        events = [json.loads(path.read_text(encoding="utf-8")) for path in artifacts.glob("job_events/*.json")]
        self.msgs = [event.get("event_data", {}).get("res", {}).get("msg", "") for event in events]

    def report(self) -> Report:
        report: Report = json.loads(self.report_file.read_text(encoding="ascii"))
        return report


@pytest.fixture
def audit(fleet: Fleet, tmp_path: Path) -> Callable[[str, list[Account]], Job]:
    return lambda name, some: Job(tmp_path / name, fleet, "audit", fleet.inventory(some))


@pytest.fixture
def merge(fleet: Fleet, tmp_path: Path) -> Callable[..., Job]:
    return lambda name, **variables: Job(tmp_path / name, fleet, "merge_audits", {}, **variables)


def sliced(whole: list[Account], number: int) -> list[Account]:
    """Return a slice as automation controller makes it: every so-manieth host (awx, Inventory.get_script_data)."""
    return whole[number::SLICES]


def timeless(report: Report) -> Report:
    return {**report, "time": None, "accounts": [{**row, "time": None} for row in report["accounts"]]}


def test_slices_make_the_whole(
    fleet: Fleet, audit: Callable[[str, list[Account]], Job], merge: Callable[..., Job], tmp_path: Path
) -> None:
    whole = audit("whole", fleet.accounts)
    slices = [audit(f"slice-{number}", sliced(fleet.accounts, number)) for number in range(SLICES)]
    assert {len(job.report()["accounts"]) for job in slices} == {len(fleet.accounts) // SLICES}
    merged = merge("merged", incident_manager_reports=f"{tmp_path}/slice-*/report.json")
    assert timeless(merged.report()) == timeless(whole.report())
    times = {row["name"]: row["time"] for job in slices for row in job.report()["accounts"]}
    assert {row["name"]: row["time"] for row in merged.report()["accounts"]} == times
    assert (merged.code, whole.code) == (2, 2)
    assert f"{len(fleet.accounts)} accounts: " in merged.output
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
def reports(tmp_path: Path) -> Callable[..., None]:
    """Write reports with one account each, by name of the file, account and day of the audit."""

    def write(**written: tuple[str, int]) -> None:
        for stem, (name, day) in written.items():
            row = {
                **dict.fromkeys(("account_id", "error", "exists", "region", "replication_set", "rules")),
                **{"name": name, "findings": [], "msg": f"from {stem}", "outcome": "passed"},
                "time": f"2026-01-{day:02}T00:00:00.000000+00:00",
            }
            report: Report = {"format_version": 1, "time": row["time"], "summary": {}, "accounts": [row]}
            (tmp_path / f"{stem}.json").write_text(json.dumps(report), encoding="utf-8")

    return write


def test_the_newest_row_counts(reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path) -> None:
    reports(first=("a", 2), older=("a", 1), other=("b", 1), newer=("b", 3))
    for number, order in enumerate((["first", "older", "other", "newer"], ["newer", "other", "older", "first"])):
        job = merge(f"merged-{number}", incident_manager_reports=[f"{tmp_path}/{stem}.json" for stem in order])
        assert [(row["name"], row["msg"]) for row in job.report()["accounts"]] == [
            ("a", "from first"),
            ("b", "from newer"),
        ]
        assert job.report()["summary"] == {"accounts": 2, "failed": 0, "not_asked": 0, "passed": 2}
        assert job.code == 0


@pytest.mark.parametrize("as_list", [True, False])
def test_patterns(reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path, as_list: bool) -> None:
    reports(east1=("a", 1), east2=("b", 1), west1=("c", 1), north=("d", 1))
    patterns = [f"{tmp_path}/east?.json", f"{tmp_path}/w*.json", f"{tmp_path}/north.json"]
    job = merge("merged", incident_manager_reports=patterns if as_list else ",".join(patterns))
    assert [row["name"] for row in job.report()["accounts"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>", "it is not JSON"),
        ("[]", "no report of an audit"),
        ('{"format_version": 2}', "its format_version is 2"),
        ('{"format_version": 1, "accounts": [{"name": "a"}]}', "only in part"),
        (None, "there is no file"),
    ],
)
def test_what_is_no_report(
    reports: Callable[..., None], merge: Callable[..., Job], tmp_path: Path, text: str | None, words: str
) -> None:
    """It is refused by its name, and nothing is written without it."""
    reports(fine=("a", 1))
    if text is not None:
        (tmp_path / "other.json").write_text(text, encoding="utf-8")
    job = merge("merged", incident_manager_reports=[f"{tmp_path}/fine.json", f"{tmp_path}/other.json"])
    assert job.code == 2
    assert [msg for msg in job.msgs if f"{tmp_path}/other.json" in msg and words in msg]
    assert not job.report_file.exists()


def test_no_report_at_all(merge: Callable[..., Job], tmp_path: Path) -> None:
    job = merge("merged", incident_manager_reports=f"{tmp_path}/slice-*/report.json")
    assert job.code == 2
    assert [msg for msg in job.msgs if f"there is no file {tmp_path}/slice-*/report.json" in msg]
