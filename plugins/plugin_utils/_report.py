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

from ._rules import FAILED, NOT_ASKED, PASSED

FORMAT_VERSION = 1

#: The outcomes, the worst first, as people read them.
OUTCOMES = {FAILED: "failed", NOT_ASKED: "could not be asked", PASSED: "passed"}

#: What an account's row has besides its name: what the audit returned, as it returned it.
_FIELDS = ("account_id", "outcome", "msg", "exists", "region", "replication_set", "findings", "error", "rules", "time")

Report = Mapping[str, Any]


class NotAReport(Exception):
    """A text that is not a report of this format."""


def account(name: str, audit: Mapping[str, Any], time: str) -> dict[str, Any]:
    """Return an account's row.

    :param name: the host's name in the inventory.
    :param audit: what the audit's task returned for the host. A task that did not get so far as to ask, for a variable
        that is not defined, say, has a failure of Ansible's own, and an account that it says nothing of was not asked.
    :param time: stands in where the audit has none.
    """
    row = {"name": name, **{field: audit.get(field) for field in _FIELDS}}
    row["findings"] = list(row["findings"] or [])
    row["time"] = row["time"] or time
    if row["outcome"] not in OUTCOMES:
        row["outcome"] = NOT_ASKED
        msg = str(row["msg"] or "The audit has no result for this account.")
        row["msg"] = msg if row["error"] else _without_variables(msg)
    return row


def _without_variables(msg: str) -> str:
    """Return a message of ansible-core's without the variables that it quotes, which may hold secrets.

    Before what is wrong with a variable, ansible-core 2.18 puts the whole of every variable that leads to it; after it, the
    playbook's source.
    """
    return re.sub(r"\{.*\}", "{...}", msg.partition("\n\nThe error appears")[0], flags=re.DOTALL)


def report(accounts: Iterable[Mapping[str, Any]], time: str) -> dict[str, Any]:
    """Return the report of accounts: the worst first, and of several rows of one name the newest.

    :param time: when it is made, in ISO 8601 and UTC.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for row in accounts:
        if row["name"] not in newest or row["time"] >= newest[row["name"]]["time"]:
            newest[row["name"]] = row
    ranks = list(OUTCOMES)
    rows = sorted(
        newest.values(), key=lambda row: (ranks.index(row["outcome"]), -len(row["findings"]), str(row["name"]))
    )
    summary = {"accounts": len(rows), **dict.fromkeys(sorted(OUTCOMES), 0)}
    for row in rows:
        summary[row["outcome"]] += 1
    return {"format_version": FORMAT_VERSION, "time": time, "summary": summary, "accounts": rows}


def to_json(what: Report) -> str:
    """Return a report as the text that from_json() takes: pure ASCII, whatever is in it."""
    return json.dumps(what, indent=2) + "\n"


def from_json(text: str) -> Report:
    """Return the report that a text is.

    :raises NotAReport: says why it is none.
    """
    try:
        what = json.loads(text)
    except ValueError as error:
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
    return (
        isinstance(row, dict)
        and all(field in row for field in _FIELDS)
        and all(isinstance(row.get(field), str) for field in ("name", "time"))
        and row["outcome"] in OUTCOMES
        and isinstance(row["findings"], list)
        and all(isinstance(finding, dict) for finding in row["findings"])
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
        yield _printable(f"  {name}: {OUTCOMES[row['outcome']]}")
        for said in [finding.get("msg") for finding in row["findings"]] or [row["msg"]]:
            yield _printable(f"    - {said}")
    if len(wrong) > most:
        yield f"  ... and {_counted(len(wrong) - most)} more"


def _counted(number: int) -> str:
    return f"{number} account{'' if number == 1 else 's'}"


def _printable(text: str) -> str:
    # AWS's texts are others' texts, and a terminal obeys control characters.
    # Ends of lines, which are among them, are no harm as spaces.
    return "".join(letter if letter.isprintable() else " " for letter in text)
