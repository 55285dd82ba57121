# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the audits of many accounts to one report. Nothing of AWS is imported here, and nothing is read or written.

The report's form is documented in the guide on auditing; what is added to it keeps FORMAT_VERSION, what is changed or
taken away makes a new one.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterable, Iterator, Mapping

from ansible_collections.incident_manager.aws.plugins.module_utils._text import one_line

from ._rules import FAILED, NOT_ASKED, PASSED

FORMAT_VERSION = 1

#: The outcomes, the worst first, as people read them.
OUTCOMES = {FAILED: "failed", NOT_ASKED: "could not be asked", PASSED: "passed"}

#: What an account's row has besides its name: what the audit returned, as it returned it.
_FIELDS = ("account_id", "outcome", "msg", "exists", "region", "replication_set", "findings", "error", "rules", "time")

# iso_time()'s form.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")

Report = Mapping[str, Any]


class TwoAccounts(Exception):
    """One name stands for two accounts."""


class NotAReport(Exception):
    """A text that is not a report of this format."""


def account(name: str, audit: Mapping[str, Any], time: str) -> dict[str, Any]:
    """Return an account's row.

    :param name: the host's name in the inventory.
    :param audit: what the audit's task returned for the host. A task that did not get so far as to ask, for a variable
        that is not defined, say, has a failure of Ansible's own, and an account that it says nothing of was not asked.
    :param time: stands in where the audit has none.
    """
    row = {"name": str(name), **{field: audit.get(field) for field in _FIELDS}}
    row["findings"] = list(row["findings"] or [])
    row["time"] = row["time"] or time
    if row["outcome"] not in OUTCOMES:
        row["outcome"] = NOT_ASKED
        msg = str(row["msg"] or "The audit has no result for this account.")
        row["msg"] = msg if row["error"] else _without_variables(msg)
    elif row["outcome"] == PASSED and audit.get("failed"):
        # By failed_when, say: what Ansible takes for a failure is no pass.
        row["outcome"] = FAILED
    return row


def _without_variables(msg: str) -> str:
    """Return a message of ansible-core's without the variables that it quotes, which may hold secrets.

    Before what is wrong with a variable, ansible-core 2.18 and older put the whole of every variable that leads to it; after
    it, the playbook's source.
    """
    what = msg.partition("\n\nThe error appears")[0].partition(" String: ")[0]
    return re.sub(r"\{.*\}", "{...}", what, flags=re.DOTALL)


def report(accounts: Iterable[Mapping[str, Any]], time: str) -> dict[str, Any]:
    """Return the report of accounts: the worst first, and of several rows of one name the newest.

    :param time: when it is made, in ISO 8601 and UTC.
    :raises TwoAccounts: where rows of one name are of different accounts.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for row in accounts:
        other = newest.get(row["name"], row)
        if other["account_id"] and row["account_id"] and other["account_id"] != row["account_id"]:
            raise TwoAccounts(f"{row['name']} is the account {other['account_id']}, and {row['account_id']} too")
        # Times are texts of one form, so that they sort as they are.
        if row["time"] >= other["time"]:
            newest[row["name"]] = row
    ranks = list(OUTCOMES)
    rows = sorted(
        newest.values(), key=lambda row: (ranks.index(row["outcome"]), -len(row["findings"]), str(row["name"]))
    )
    summary = {"accounts": len(rows), **dict.fromkeys(sorted(OUTCOMES), 0)}
    for row in rows:
        summary[row["outcome"]] += 1
    return {
        "format_version": FORMAT_VERSION,
        "time": time,
        "summary": summary,
        "notes": list(_notes(rows)),
        "accounts": rows,
    }


def _notes(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what looks odd in a fleet, though no account breaks a rule by it."""
    names: dict[str, list[str]] = {}
    for row in rows:
        if row["account_id"]:
            names.setdefault(row["account_id"], []).append(row["name"])
    for account_id, its in sorted(names.items()):
        if len(its) > 1:
            listed = ", ".join(sorted(its)[:5]) + (f" and {len(its) - 5} more" if len(its) > 5 else "")
            yield f"One account, {account_id}, answered for {listed}: are they all reached with their own credentials?"


def to_json(what: Report) -> str:
    """Return a report as the text that from_json() takes: pure ASCII, whatever is in it."""
    return json.dumps(what, indent=2) + "\n"


def from_json(text: str) -> Report:
    """Return the report that a text is.

    :raises NotAReport: says why it is none.
    """
    try:
        what = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise NotAReport(f"it is not JSON ({error})") from error
    if not isinstance(what, dict) or "format_version" not in what:
        raise NotAReport("it is JSON, but no report of an audit")
    if what["format_version"] != FORMAT_VERSION:
        raise NotAReport(f"its format_version is {what['format_version']!r}, and only {FORMAT_VERSION} is known here")
    rows = what.get("accounts")
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise NotAReport("it has the form of a report only in part; was it edited?")
    return what


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or not all(field in row for field in _FIELDS):
        return False
    facts = row["replication_set"] or {}
    return (
        all(isinstance(row.get(field), str) for field in ("name", "time", "outcome", "msg"))
        and _TIME.fullmatch(row["time"]) is not None
        and row["outcome"] in OUTCOMES
        and isinstance(row["account_id"], (str, type(None)))
        and isinstance(row["findings"], list)
        and all(isinstance(field, (dict, type(None))) for field in (row["error"], row["rules"], *row["findings"]))
        and None not in row["findings"]
        and isinstance(facts, dict)
        and all(isinstance(facts.get(field), (dict, type(None))) for field in ("region_map", "tags"))
        and all(isinstance(info, (dict, type(None))) for info in (facts.get("region_map") or {}).values())
    )


def headline(what: Report) -> str:
    """Return how many accounts passed, failed and could not be asked."""
    summary = what["summary"]
    counts = ", ".join(f"{summary[how]} {words}" for how, words in OUTCOMES.items() if how != PASSED)
    return f"{_counted(summary['accounts'])}: {summary[PASSED]} passed, {counts}"


def in_order(what: Report) -> bool:
    """Tell whether there is an account, and every one passed."""
    return 0 < what["summary"]["accounts"] == what["summary"][PASSED]


def lines(what: Report, most: int) -> Iterator[str]:
    """Yield a report as lines for a terminal: the headline, then what is wrong with the worst accounts.

    :param most: how many accounts to name.
    """
    yield headline(what)
    wrong = [row for row in what["accounts"] if row["outcome"] != PASSED]
    for row in wrong[:most]:
        name = f"{row['name']} ({row['account_id']})" if row["account_id"] else row["name"]
        yield f"  {one_line(name)}: {OUTCOMES[row['outcome']]}"
        for said in [finding.get("msg") for finding in row["findings"]] or [row["msg"]]:
            yield f"    - {one_line(str(said))}"
    if len(wrong) > most:
        yield f"  ... and {_counted(len(wrong) - most)} more"
    for note in what["notes"]:
        yield one_line(note)


def _counted(number: int) -> str:
    return f"{number} account{'' if number == 1 else 's'}"
