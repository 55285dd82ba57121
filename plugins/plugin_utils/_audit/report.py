# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the audits of many accounts. Pure: nothing of boto3 is imported here, and no file is read or written.

The guide on auditing documents the report's format. Adding a key keeps FORMAT_VERSION. Changing or removing a key requires
a new version.
"""

from __future__ import annotations

import json
import re
from typing import Any, Collection, Iterable, Iterator, Mapping

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import ACCOUNT_MISMATCH, Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import one_line
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import (
    REGION_FIELDS,
    SET_FIELDS,
)

from .rules import FAILED, OUTCOMES, PASSED, UNKNOWN, is_grave

FORMAT_VERSION = 2

_TEXT = (str, None)
# The shape of a row: a type, None, alternatives, a list of a shape, or a mapping with at least these keys. In a mapping, the key
# str stands for any key.
_KMS_KEY = {"key_state": _TEXT, "deletion_date": _TEXT}
_REGION = {**dict.fromkeys(REGION_FIELDS, _TEXT), "kms_key": (_KMS_KEY, None)}
_SET = {
    **dict.fromkeys(SET_FIELDS, _TEXT),
    "deletion_protected": (bool, None),
    "region_map": {str: _REGION},
    "tags": ({str: str}, None),
}
_ROW = {
    "name": str,
    "account_id": _TEXT,
    "outcome": str,
    "msg": str,
    "exists": (bool, None),
    "region": _TEXT,
    # Empty if there is no set, null if that is not known.
    "replication_set": (_SET, {str: None}, None),
    "findings": [{"rule": str, "region": _TEXT, "expected": object, "actual": object, "known": bool, "msg": str}],
    "error": ({"code": str, "message": str}, None),
    "rules": ({str: object}, None),
    "time": str,
    "expected_account_id": _TEXT,
}

# The most names of accounts with the same findings on a line.
_MAX_NAMES = 5

# As iso_time() writes it.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")

Report = Mapping[str, Any]


def build_row(name: str, audit: Mapping[str, Any], time: str) -> dict[str, Any]:
    """Return an account's row.

    :param name: the host's name in the inventory.
    :param audit: what the audit's task returned for the host. If Ansible failed before the account was audited, for example
        because of an undefined variable, this is Ansible's failure. The outcome is then unknown, as for any other value that is
        not the result of an audit.
    :param time: the row's time if the audit has none.
    """
    row = {**{field: audit.get(field) for field in _ROW}, "name": str(name)}
    row["findings"] = row["findings"] or []
    row["time"] = row["time"] or time
    if row["outcome"] == PASSED and audit.get("failed"):
        # For example because of failed_when: if Ansible counts the task as failed, the account has not passed.
        row["outcome"] = FAILED
    if row["outcome"] is None and row["error"]:
        # An option was rejected.
        row["outcome"] = UNKNOWN
    if _is_row(row):
        return row
    msg = _without_variables(str(row["msg"] or "The audit has no result for this account."))
    return {**dict.fromkeys(_ROW), "name": str(name), "outcome": UNKNOWN, "msg": msg, "findings": [], "time": time}


def _without_variables(msg: str) -> str:
    """Return a message of ansible-core without the variables that it quotes, which may contain secrets.

    If a variable refers to an undefined variable, ansible-core 2.18 and older first quote the value of the variable, then
    name the undefined one, and then quote the playbook.
    """
    text = msg.partition("\n\nThe error appears")[0].partition(" String: ")[0]
    return re.sub(r"\{.*\}", "{...}", text, flags=re.DOTALL)


def build_report(rows: Iterable[Mapping[str, Any]], time: str) -> dict[str, Any]:
    """Return the report of accounts, the worst first. If several rows have the same name, it contains the newest.

    :param time: the time of the report, in ISO 8601 and UTC.
    :raises Failure: if rows with the same name are of different accounts.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        other = newest.get(row["name"], row)
        if other["account_id"] and row["account_id"] and other["account_id"] != row["account_id"]:
            raise Failure(
                f"The name {row['name']} has two account IDs, {other['account_id']} and {row['account_id']}",
                code=ACCOUNT_MISMATCH,
                advice="Use a unique name for each account.",
            )
        # All times have the same format, so comparing the strings compares the times. At the same time, the worse row counts.
        if (row["time"], -OUTCOMES.index(row["outcome"])) >= (other["time"], -OUTCOMES.index(other["outcome"])):
            newest[row["name"]] = row
    shared = _shared_accounts(newest.values())
    worst_first = sorted((_unless_shared(row, shared) for row in newest.values()), key=_rank)
    return {
        "format_version": FORMAT_VERSION,
        "time": time,
        "summary": _summary(worst_first),
        "notes": [f"{note}." for note in shared.values()],
        "accounts": worst_first,
    }


def _summary(rows: Collection[Mapping[str, Any]]) -> dict[str, int]:
    outcomes = [row["outcome"] for row in rows]
    return {"accounts": len(rows), **{outcome: outcomes.count(outcome) for outcome in sorted(OUTCOMES)}}


def _rank(row: Mapping[str, Any]) -> tuple[int, bool, int, str]:
    """Return the sort key that puts the worst row first."""
    findings = row["findings"]
    is_first = any(is_grave(finding) for finding in findings)
    return OUTCOMES.index(row["outcome"]), not is_first, -len(findings), str(row["name"])


def _shared_accounts(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the IDs of the accounts that were audited under several names, each with a sentence that says so."""
    names_by_account_id: dict[str, list[str]] = {}
    for row in rows:
        # If exists is None, the account was not audited.
        if row["account_id"] and row["exists"] is not None:
            names_by_account_id.setdefault(row["account_id"], []).append(row["name"])
    return {
        account_id: f"Account {account_id} was audited under several names: {_listed(sorted(names))}"
        for account_id, names in sorted(names_by_account_id.items())
        if len(names) > 1
    }


def _unless_shared(row: Mapping[str, Any], shared: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a row. If it passed, but its account was audited under several names and was not expected, it becomes unknown.

    One of the names may stand for an account that was not audited.
    """
    account_id = row["account_id"]
    if row["outcome"] != PASSED or account_id not in shared or row["expected_account_id"] == account_id:
        return row
    advice = (
        "Check that each name has its own credentials. If the names are meant to be the same account, set account_id to"
        f" {account_id} for each name."
    )
    return {**row, "outcome": UNKNOWN, "msg": f"{shared[account_id]}. {advice}"}


def to_json(report: Report) -> str:
    """Return a report as the JSON that from_json() accepts. It is always ASCII."""
    return json.dumps(report, indent=2) + "\n"


def from_json(text: str, latest: str) -> Report:
    """Return the report that to_json() has written.

    :param latest: the latest time that a row may have. A row from the future would replace every newer row.
    :raises ValueError: if the text is not such a report. The message says why.
    """
    report = json.loads(text)
    if not isinstance(report, dict) or "format_version" not in report:
        raise ValueError("it is JSON, but not a report of an audit")
    if report["format_version"] != FORMAT_VERSION:
        raise ValueError(f"its format_version is {report['format_version']!r}, but must be {FORMAT_VERSION}")
    rows = report.get("accounts")
    if (
        not isinstance(rows, list)
        or not all(_is_row(row) for row in rows)
        or len({row["name"] for row in rows}) < len(rows)
        or report.get("summary") != _summary(rows)
    ):
        raise ValueError("a part of the report is missing or malformed; the file may have been edited")
    for row in rows:
        # All times have the same format, so comparing the strings compares the times.
        if row["time"] > latest:
            raise ValueError(f"{row['name']} was audited at {row['time']}, which is in the future")
    return report


def _is_row(row: Any) -> bool:
    """Return whether a value is a row of a report. An account that passed was audited."""
    if not _has_shape(row, _ROW):
        return False
    was_audited = row["exists"] is not None and row["account_id"] and row["rules"]
    can_pass = row["name"] and was_audited and not row["findings"] and row["error"] is None
    return (
        bool(row["exists"]) == bool(row["replication_set"])
        and row["outcome"] in OUTCOMES
        and _TIME.fullmatch(row["time"]) is not None
        and bool(can_pass or row["outcome"] != PASSED)
    )


def _has_shape(value: Any, shape: Any) -> bool:
    if isinstance(shape, tuple):
        return any(_has_shape(value, alternative) for alternative in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_has_shape(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        expected = dict.fromkeys(value, shape[str]) if str in shape else shape
        return all(key in value and _has_shape(value[key], inner) for key, inner in expected.items())
    return value is None if shape is None else isinstance(value, shape)


def headline(report: Report) -> str:
    """Return the result of the audit as a sentence without a full stop. It always says how many outcomes are unknown."""
    failed, unknown, passed = (report["summary"][outcome] for outcome in OUTCOMES)
    total = failed + unknown + passed
    if not total:
        return "No account was audited"
    if passed == total:
        return "1 account passed" if total == 1 else f"All {total} accounts passed"
    subject = "1 account" if total == 1 else f"{failed or unknown} of {total} accounts"
    unknown_outcome = f"{'has' if unknown == 1 else 'have'} an unknown outcome"
    if not failed:
        return f"{subject} {unknown_outcome}"
    return f"{subject} failed" + (f", {unknown} {unknown_outcome}" if unknown else "")


def text_lines(report: Report, limit: int) -> Iterator[str]:
    """Yield a report as lines for a terminal: the headline, then the accounts that did not pass, the worst first.

    Accounts with the same findings are listed together.

    :param limit: how many different groups of findings to show.
    """
    yield headline(report)
    names_by_problem: dict[tuple[str, ...], list[str]] = {}
    for row in report["accounts"]:
        if row["outcome"] != PASSED:
            problems = [finding["msg"] for finding in row["findings"]] or [row["msg"]]
            name = f"{row['name']} ({row['account_id']})" if row["account_id"] else row["name"]
            names_by_problem.setdefault((row["outcome"], *problems), []).append(name)
    for (outcome, *problems), names in list(names_by_problem.items())[:limit]:
        yield one_line(f"{outcome}: {_listed(names)}")
        for problem in problems:
            yield f"  - {one_line(problem)}"
    more = sum(map(len, list(names_by_problem.values())[limit:]))
    if more:
        yield f"... and {more} more account{'' if more == 1 else 's'}"
    for note in report["notes"]:
        yield one_line(note)


def _listed(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
