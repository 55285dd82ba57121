# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the report's action, as Ansible loads it: its summary, its text and its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.action.ssm_incidents_replication_set_report import ActionModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import iso_time
from helpers.checkout import MODULES, documentation

Report = Callable[..., Any]
OLDER = "2026-11-01T00:00:00.000000+00:00"
NEWER = "2026-11-02T00:00:00.000000+00:00"


def audit_result(outcome: str = "passed", number: int = 0, **differing: Any) -> dict[str, Any]:
    """Return a result of the audit's action, with a number of findings."""
    finding = {
        "rule": "active",
        "region": None,
        "expected": "ACTIVE",
        "actual": "FAILED",
        "known": True,
        "msg": "Is FAILED",
    }
    return {
        "changed": False,
        "failed": False,
        "account_id": "111122223333",
        "expected_account_id": None,
        "outcome": outcome,
        "msg": f"This one {outcome}.",
        "exists": True,
        "region": "eu-west-1",
        "replication_set": {
            **dict.fromkeys(("created_by", "created_time", "last_modified_by", "last_modified_time")),
            "arn": "arn",
            "status": "ACTIVE",
            "region_map": {},
            "deletion_protected": True,
            "tags": None,
        },
        "findings": [finding] * number,
        "rules": {"state": "present"},
        "time": NEWER,
        **differing,
    }


AUDITS = {
    "a-passed": audit_result(),
    "b-few": audit_result("failed", 1, account_id="222222222222"),
    "c-denied": audit_result(
        "unknown", account_id=None, exists=None, replication_set=None, error={"code": "X", "message": "y"}
    ),
    "d-many": audit_result("failed", 3, account_id="444444444444"),
    "e-few": audit_result("failed", 1, account_id="555555555555"),
}


@pytest.fixture
def make_report(run_action: Report, capfd: pytest.CaptureFixture[str]) -> Report:
    """Return a function that runs the action. The action must not display anything, because callbacks do that."""

    def run(_keywords: dict[str, Any] | None = None, **given: Any) -> Any:
        outcome = run_action("ssm_incidents_replication_set_report", _keywords=_keywords, _connected=False, **given)
        assert capfd.readouterr() == ("", "")
        return outcome

    return run


def read_report(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def account_names(path: Path) -> list[str]:
    return [row["name"] for row in read_report(path)["accounts"]]


def test_order_and_summary(make_report: Report, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "audit.json"
    outcome = make_report(audits=AUDITS, json=str(path), html=str(tmp_path / "audit.html"))
    assert account_names(path) == ["d-many", "b-few", "e-few", "c-denied", "a-passed"]
    counts = {"accounts": 5, "failed": 3, "unknown": 1, "passed": 1}
    assert outcome["summary"] == read_report(path)["summary"] == counts
    assert (outcome.failed, outcome["changed"]) == (True, True)
    for row in read_report(path)["accounts"]:
        audit = AUDITS[row["name"]]
        assert row == {key: audit.get(key) for key in row if key != "name"} | {"name": row["name"]}
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert all(name in page for name in AUDITS)
    assert sorted(tmp_path.rglob(".*")) == []


def test_every_format_has_every_account(make_report: Report, tmp_path: Path) -> None:
    forms = ("csv", "html", "json", "junit")
    make_report(audits=AUDITS, **{form: str(tmp_path / form) for form in forms})
    for form in forms:
        text = (tmp_path / form).read_text(encoding="utf-8")
        assert all(name in text for name in AUDITS)


def test_text(make_report: Report, tmp_path: Path) -> None:
    outcome = make_report(audits=AUDITS, html=str(tmp_path / "audit.html"))
    assert outcome["text"] == [
        "3 of 5 accounts failed, 1 has an unknown outcome",
        "failed: d-many (444444444444)",
        *["  - Is FAILED"] * 3,
        "failed: b-few (222222222222), e-few (555555555555)",
        "  - Is FAILED",
        "unknown: c-denied",
        "  - This one unknown.",
        f"Wrote: {tmp_path / 'audit.html'}",
    ]


def test_the_text_is_short(make_report: Report) -> None:
    """Accounts with the same findings are listed together, and the number of others is limited."""
    audits = {f"account-{number}": audit_result("failed", 1, account_id=f"{number:012}") for number in range(500)}
    for number in range(30):
        audits[f"odd-{number}"] = audit_result("unknown", account_id=None, msg=f"Failed in way {number}")
    text = make_report(audits=audits)["text"]
    assert len(text) == 1 + 2 * 20 + 1
    assert text[1].startswith("failed: account-0 (000000000000), account-1 (") and text[1].endswith(" and 495 more")
    assert text[-1] == "... and 11 more accounts"


def test_grave_findings_come_first(make_report: Report, tmp_path: Path) -> None:
    """Accounts without a working set come before those with more findings of other kinds."""
    missing = {"rule": "state", "region": None, "expected": "present", "actual": "absent", "known": True, "msg": "None"}
    superfluous = {**missing, "expected": "absent", "actual": "present"}
    tag = {**missing, "rule": "tags", "expected": {"Team": None}, "actual": {}}
    findings = {
        "a-tags": [tag, tag],
        "b-retired": [superfluous],
        "c-missing": [missing],
        "d-inactive": [tag, {**missing, "rule": "active"}],
    }
    audits = {
        name: audit_result("failed", account_id=f"{number:012}", findings=found)
        for number, (name, found) in enumerate(findings.items())
    }
    make_report(audits=audits, json=str(tmp_path / "audit.json"))
    assert account_names(tmp_path / "audit.json") == ["d-inactive", "c-missing", "a-tags", "b-retired"]


def test_control_characters_are_not_in_the_text(make_report: Report) -> None:
    result = audit_result("unknown", msg="\x1b[2J\x07\u202egone\nnext line\ud800")
    assert all(line.isprintable() for line in make_report(audits={"\x1b]0;title\x07": result})["text"])


@pytest.mark.parametrize(
    ("result", "part"),
    [
        ({"failed": True, "msg": "'x' is undefined\n\nThe error appears to be in ..."}, "'x' is undefined"),
        ({"failed": True, "msg": "minimum_region: no such option", "error": {"code": "InvalidParameter"}}, "no such"),
        ({"unreachable": True, "msg": "No route"}, "No route"),
        (
            {
                "failed": True,
                "msg": "The field 'module_defaults' has an invalid value, which includes an undefined variable.. "
                "{'region': '{{ x }}', 'secret_key': 'a-secret'}: {{ x }}: 'x' is undefined\n\nThe error appears ...",
            },
            "undefined variable.. {...}: 'x' is undefined",
        ),
        ({}, "no result"),
        (None, "no result"),
        ({"failed": True, "msg": "template error while templating string: x. String: a-secret{{"}, "templating string"),
    ],
)
def test_results_of_other_tasks_do_not_pass(
    make_report: Report, tmp_path: Path, result: dict[str, Any] | None, part: str
) -> None:
    path = tmp_path / "audit.json"
    make_report(audits={"a": result}, json=str(path))
    (row,) = read_report(path)["accounts"]
    assert row["outcome"] == "unknown" and part in row["msg"]
    assert "\n" not in row["msg"] and "a-secret" not in path.read_text()
    assert set(row) == {"name", *AUDITS["a-passed"], "error"} - {"changed", "failed"}


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize("report_only", [True, False])
@pytest.mark.parametrize("result", ["passed", "failed", "unknown"])
def test_an_account_that_did_not_fail_as_a_host_is_unreported(
    make_report: Report, result: str, report_only: bool, failed: bool
) -> None:
    audits = {"a": audit_result(), "b": audit_result(result, account_id="222222222222", failed=failed)}
    outcome = make_report(audits=audits, report_only=report_only)
    unreported = result != "passed" and not failed
    assert outcome["unreported"] == (["b"] if unreported else [])
    assert outcome.failed == (unreported and not report_only)


@pytest.mark.parametrize(
    ("fail_on", "unreported"), [(["failed"], ["b"]), ("unknown", ["c"]), ("failed,unknown", ["b", "c"])]
)
def test_which_outcomes_fail(make_report: Report, fail_on: Any, unreported: list[str]) -> None:
    audits = {
        name: audit_result(outcome, account_id=3 * f"{number}111")
        for number, (name, outcome) in enumerate({"a": "passed", "b": "failed", "c": "unknown"}.items())
    }
    outcome = make_report(audits=audits, fail_on=fail_on)
    assert (outcome["unreported"], outcome.failed) == (unreported, True)
    assert not make_report(audits={"a": audits["a"]}, fail_on=fail_on).failed


def test_custom_statistics(make_report: Report, tmp_path: Path) -> None:
    outcome = make_report(audits=AUDITS, json=str(tmp_path / "a.json"))
    assert outcome["ansible_stats"]["data"] == {
        "incident_manager_audit": {
            "headline": "3 of 5 accounts failed, 1 has an unknown outcome",
            **{"accounts": 5, "failed": 3, "unknown": 1, "passed": 1},
            "files": {"json": str(tmp_path / "a.json")},
        }
    }
    outcome = make_report({"check_mode": True}, audits=AUDITS, csv=str(tmp_path / "a.csv"))
    assert outcome["ansible_stats"]["data"]["incident_manager_audit"]["files"] == {}


def test_accounts_of_earlier_reports_are_unreported(make_report: Report, tmp_path: Path) -> None:
    make_report(audits={"a": audit_result("failed", 1, failed=True)}, json=str(tmp_path / "a.json"))
    outcome = make_report(reports=[str(tmp_path / "a.json")])
    assert outcome.failed and outcome["unreported"] == ["a"]


def test_an_audit_without_any_result_fails(make_report: Report) -> None:
    outcome = make_report(audits={"a": {}, "b": {}})
    assert outcome.failed and outcome["unreported"] == ["a", "b"]


def test_check_mode_writes_nothing(make_report: Report, tmp_path: Path) -> None:
    paths = {"html": str(tmp_path / "new" / "audit.html"), "json": str(tmp_path / "audit.json")}
    outcome = make_report(_keywords={"check_mode": True}, audits={"a": audit_result()}, **paths)
    assert (outcome.failed, outcome["changed"]) == (False, True)
    assert [line.partition(":")[0] for line in outcome["text"][1:]] == ["Would write"] * 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_report(make_report: Report) -> None:
    outcome = make_report(audits={})
    assert outcome.failed and "both are empty" in outcome["msg"]


# Merging --------------------------------------------------------------------------------------------------------------


def test_merged_reports_equal_one_report(make_report: Report, tmp_path: Path) -> None:
    for number, name in enumerate(AUDITS):
        make_report(audits={name: AUDITS[name]}, json=str(tmp_path / f"slice-{number}.json"))
    make_report(audits=AUDITS, json=str(tmp_path / "once.json"))
    make_report(reports=[str(tmp_path / "slice-*.json")], json=str(tmp_path / "merged.json"))
    once, merged = read_report(tmp_path / "once.json"), read_report(tmp_path / "merged.json")
    assert once.pop("time") < merged.pop("time")
    assert once == merged


@pytest.mark.parametrize("order", [["old", "new"], ["new", "old"]])
def test_the_newest_row_of_a_name_is_taken(make_report: Report, tmp_path: Path, order: list[str]) -> None:
    make_report(
        audits={"a": audit_result("failed", 1, time=OLDER), "b": audit_result(time=OLDER, account_id="222222222222")},
        json=str(tmp_path / "old"),
    )
    make_report(audits={"a": audit_result(time=NEWER)}, json=str(tmp_path / "new"))
    path = tmp_path / "merged.json"
    outcome = make_report(reports=[str(tmp_path / name) for name in order], json=str(path))
    assert not outcome.failed
    assert {row["name"]: row["time"] for row in read_report(path)["accounts"]} == {"a": NEWER, "b": OLDER}


def test_audits_and_an_earlier_report(make_report: Report, tmp_path: Path) -> None:
    make_report(audits={"a": audit_result("failed", 1, time=OLDER)}, json=str(tmp_path / "all.json"))
    again = make_report(
        audits={"a": audit_result()}, reports=[str(tmp_path / "all.json")], json=str(tmp_path / "all.json")
    )
    assert again["summary"]["passed"] == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "does not exist"),
        ("", "Expecting value"),
        ("<html>", "Expecting value"),
        ("[]", "not a report"),
        ('{"accounts": []}', "not a report"),
        ('{"format_version": 1, "accounts": []}', "format_version is 1"),
        ('{"format_version": 2}', "missing or malformed"),
        ('{"format_version": 2, "accounts": [{"name": "a"}]}', "missing or malformed"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_other_files_are_refused_by_name(
    make_report: Report, tmp_path: Path, text: str | bytes | None, part: str
) -> None:
    path = tmp_path / "slice.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    out = tmp_path / "all.json"
    outcome = make_report(audits={"a": audit_result()}, reports=[str(path)], json=str(out))
    assert outcome.failed and str(path) in outcome["msg"] and part in outcome["msg"]
    assert not out.exists()


@pytest.mark.parametrize(("minutes", "refused"), [(-1, False), (3, False), (7, True), (3_000_000, True)])
def test_a_row_from_the_future_is_refused_by_name(
    make_report: Report, tmp_path: Path, minutes: int, refused: bool
) -> None:
    """Such a row would replace every later row of its name, even one that failed."""
    time = iso_time(datetime.now(UTC) + timedelta(minutes=minutes))
    make_report(audits={"a": audit_result(), "b": audit_result(time=time)}, json=str(tmp_path / "early.json"))
    today = {"b": audit_result("failed", 1, time=iso_time(datetime.now(UTC)))}
    outcome = make_report(audits=today, reports=[str(tmp_path / "early.json")], json=str(tmp_path / "all.json"))
    if refused:
        assert outcome["error"]["code"] == "InvalidReport"
        assert all(part in outcome["msg"] for part in ("early.json", f"b was audited at {time}", "in the future"))
        assert not (tmp_path / "all.json").exists()
    else:
        assert outcome["summary"]["accounts"] == 2


def test_two_names_of_one_file_are_refused(make_report: Report, tmp_path: Path) -> None:
    path = tmp_path / "audit"
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(path)
    for other in (f"{tmp_path}/./audit", f"{tmp_path}/folder/../audit", str(tmp_path / "link")):
        outcome = make_report(audits={"a": audit_result()}, json=str(path), html=other)
        assert outcome["error"]["code"] == "InvalidParameter" and "Specify different files" in outcome["msg"]
        assert not path.exists()


@pytest.mark.parametrize(
    "differing",
    [
        {"replication_set": "x"},
        {"outcome": ["passed"]},
        {"outcome": "passd"},
        {"findings": "x"},
        {"error": "x"},
        {"rules": []},
        {"time": "zzz"},
        {"time": "2026-11-02"},
        {"name": 5},
        {"msg": None},
        {"account_id": 5},
        # An account that passed was audited.
        {"account_id": None},
        {"account_id": ""},
        {"name": ""},
        {"exists": None, "replication_set": None},
        {"rules": None},
        {"replication_set": {"region_map": []}},
        {"replication_set": {"region_map": {"a": "b"}}},
        {"outcome": "failed", "findings": [None]},
        {"error": {}},
        {"error": {"code": "X", "message": "y"}},
        {"findings": [{"rule": "tags", "region": None, "expected": {}, "actual": {}, "known": True, "msg": "x"}]},
    ],
    ids=str,
)
def test_a_damaged_report_is_refused(make_report: Report, tmp_path: Path, differing: dict[str, Any]) -> None:
    make_report(audits={"a": audit_result()}, json=str(tmp_path / "whole.json"))
    whole = read_report(tmp_path / "whole.json")
    whole["accounts"][0] |= differing
    (tmp_path / "damaged.json").write_text(json.dumps(whole))
    outcome = make_report(reports=[str(tmp_path / "damaged.json")])
    assert outcome.failed and "can't be merged" in outcome["msg"]


@pytest.mark.parametrize("remove", [True, False])
def test_a_report_whose_rows_are_not_those_of_its_summary_is_refused(
    make_report: Report, tmp_path: Path, remove: bool
) -> None:
    """For example because somebody has removed the accounts that failed, or added rows of the same name that passed."""
    path = tmp_path / "edited.json"
    make_report(audits=AUDITS, json=str(path))
    report = read_report(path)
    rows = report["accounts"]
    report["accounts"] = (
        [row for row in rows if row["outcome"] == "passed"]
        if remove
        else [*rows[1:], *({**row, "outcome": "failed"} for row in rows[1:2])]
    )
    path.write_text(json.dumps(report))
    outcome = make_report(reports=[str(path)])
    assert outcome["error"]["code"] == "InvalidReport" and "may have been edited" in outcome["msg"]


def test_of_two_rows_of_the_same_time_the_worse_one_counts(make_report: Report, tmp_path: Path) -> None:
    make_report(audits={"a": audit_result()}, json=str(tmp_path / "a.json"))
    for reports in ([], [str(tmp_path / "a.json")]):
        assert make_report(audits={"a": audit_result("failed", 1)}, reports=reports)["summary"]["failed"] == 1
    make_report(audits={"a": audit_result("failed", 1)}, json=str(tmp_path / "b.json"))
    reports = [str(tmp_path / "b.json"), str(tmp_path / "a.json")]
    assert make_report(reports=reports)["summary"]["failed"] == 1


def test_one_name_for_two_accounts_is_refused(make_report: Report, tmp_path: Path) -> None:
    make_report(audits={"a": audit_result("failed", 1, account_id="444455556666")}, json=str(tmp_path / "one.json"))
    outcome = make_report(audits={"a": audit_result()}, reports=[str(tmp_path / "one.json")])
    assert outcome.failed
    assert all(part in outcome["msg"] for part in ("The name a has two account IDs", "444455556666", "111122223333"))


def test_one_account_under_two_names_does_not_pass(make_report: Report, tmp_path: Path) -> None:
    """One of the names may stand for an account that was not audited."""
    audits = {
        "a": audit_result(expected_account_id="111122223333"),
        "b": audit_result(),
        "c": audit_result(account_id="444455556666"),
        "d": audit_result("failed", 1),
    }
    outcome = make_report(audits=audits, json=str(tmp_path / "a.json"), html=str(tmp_path / "a.html"))
    (note,) = read_report(tmp_path / "a.json")["notes"]
    assert note == "Account 111122223333 was audited under several names: a, b, d."
    assert note in outcome["text"] and note in (tmp_path / "a.html").read_text()
    rows = {row["name"]: row for row in read_report(tmp_path / "a.json")["accounts"]}
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "a": "passed",
        "b": "unknown",
        "c": "passed",
        "d": "failed",
    }
    assert note in rows["b"]["msg"] and "set account_id to 111122223333 for each" in rows["b"]["msg"]
    assert outcome["unreported"] == ["d", "b"] and outcome.failed


def test_one_account_under_two_names_on_purpose(make_report: Report) -> None:
    same = audit_result(expected_account_id="111122223333")
    outcome = make_report(audits={"a": same, "b": same})
    assert not outcome.failed and outcome["summary"]["passed"] == 2


def test_failed_results_do_not_pass(make_report: Report) -> None:
    assert make_report(audits={"a": audit_result(failed=True)}, report_only=True)["summary"]["failed"] == 1


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"reports": ""}, "reports: the file  does not exist"),
        ({"html": ""}, "html: must not be empty"),
        ({"csv": ""}, "csv: must not be empty"),
        ({"json": ""}, "json: must not be empty"),
        ({"html": "same", "json": "same"}, "html, json: two of them are the same file"),
        ({"csv": "same", "junit": "./same"}, "csv, junit: two of them are the same file"),
    ],
)
def test_invalid_options(make_report: Report, given: dict[str, Any], part: str) -> None:
    outcome = make_report(**{"audits": {"a": audit_result()}, "report_only": True, **given})
    assert outcome.failed and part in outcome["msg"]


@pytest.mark.parametrize("name", [5, "a"])
def test_a_name_may_be_a_number(make_report: Report, tmp_path: Path, name: Any) -> None:
    path = tmp_path / "a.json"
    make_report(audits={name: audit_result()}, json=str(path))
    assert not make_report(reports=[str(path)]).failed


def test_a_link_and_a_mode_are_kept(make_report: Report, tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    make_report(audits={"a": audit_result()}, json=str(link))
    assert link.is_symlink() and account_names(target) == ["a"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_device_is_written_to(make_report: Report) -> None:
    assert not make_report(audits={"a": audit_result()}, json="/dev/null").failed
    assert Path("/dev/null").is_char_device()


def test_an_impossible_file_name(make_report: Report, tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    outcome = make_report(audits={"a": audit_result()}, html="/", json=str(path))
    assert outcome.failed and "Failed to write" in outcome["msg"]
    assert account_names(path) == ["a"]


def test_the_other_file_is_written_if_one_cannot_be(make_report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    html, path = tmp_path / "file" / "audit.html", tmp_path / "audit.json"
    outcome = make_report(audits={"a": audit_result()}, html=str(html), json=str(path))
    assert outcome.failed and str(html) in outcome["msg"]
    assert account_names(path) == ["a"] and outcome["summary"]["passed"] == 1
    assert outcome["text"] == ["1 account passed", f"Wrote: {path}"]


def test_a_failed_write_keeps_the_earlier_file(
    make_report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.json"
    make_report(audits={"a": audit_result()}, json=str(path))

    def raise_no_space(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", raise_no_space)
    outcome = make_report(audits={"b": audit_result()}, json=str(path))
    assert outcome.failed and "No space left" in outcome["msg"]
    assert [file.name for file in tmp_path.iterdir()] == ["audit.json"] and account_names(path) == ["a"]


def test_the_documented_options_are_those_of_the_argument_spec() -> None:
    text = documentation(MODULES / "ssm_incidents_replication_set_report.py", "DOCUMENTATION")
    options = yaml.safe_load(text)["options"]
    assert set(options) == set(ActionModule.argument_spec)
    for name, option in options.items():
        for key in ("type", "elements", "default"):
            assert option.get(key) == ActionModule.argument_spec[name].get(key), (name, key)
