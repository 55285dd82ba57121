# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSV file of an audit's report, for spreadsheets and databases. Any text in the report may be malicious."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any, Iterator, Mapping

from .text import as_line, as_text

#: The columns, in this order. A later version may add columns at the end.
COLUMNS = (
    "name",
    "account_id",
    "outcome",
    "rule",
    "region",
    "expected",
    "actual",
    "known",
    "msg",
    "error_code",
    "arn",
    "time",
)

# The places where a formula could begin: the start of a cell, also after quotation marks, and after a semicolon, because a
# spreadsheet for a language with decimal commas splits a line there. The fullwidth forms of the signs count too.
_START_OF_FORMULA = re.compile("(^|;)(?=[\\s'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def to_csv(report: Mapping[str, Any]) -> str:
    """Return a report as CSV: a header, then a line for each finding, and a line for each account without findings.

    Text that a spreadsheet could interpret as a formula is prefixed with an apostrophe. Such text begins with =, +, - or @,
    with or without quotation marks before it, at the start of a cell or after a semicolon. Line breaks, tabs and other
    control characters are replaced, so that each line of the file is one record. Every cell is quoted, so that readers that
    distinguish text from numbers read an account ID as text. In Excel, import this column as text to keep leading zeros.

    :param report: the report. Its accounts keep their order.
    :return: lines with the COLUMNS, which are named as in the report. error_code is the code of the account's error, arn
        is the ARN of its replication set, and region is the Region of the finding. In a line without a finding, msg is the
        message of the account. expected and actual are JSON unless they are strings. Any other cell is empty if its value is null.
    """
    file = StringIO()
    writer = csv.DictWriter(file, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for row in report["accounts"]:
        for values in _values(row):
            writer.writerow({column: _cell(value) for column, value in values.items()})
    return file.getvalue()


def _values(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the values of each line of an account."""
    account = {
        **{column: row[column] for column in ("name", "account_id", "time", "outcome")},
        "error_code": (row["error"] or {}).get("code"),
        "arn": (row["replication_set"] or {}).get("arn"),
    }
    if not row["findings"]:
        yield {**account, "msg": row["msg"]}
    for finding in row["findings"]:
        yield {
            **account,
            **{column: finding[column] for column in ("rule", "region", "known", "msg")},
            **{column: as_text(finding[column]) for column in ("expected", "actual")},
        }


def _cell(value: Any) -> str:
    return "" if value is None else _START_OF_FORMULA.sub(r"\1'", as_line(value))
