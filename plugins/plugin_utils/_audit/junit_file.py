# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JUnit XML file of an audit's report, for CI servers. Any text in the report may be malicious.

Two schemas describe the format: JUnit.xsd of windyroad/JUnit-Schema, which is Ant's format, and junit-10.xsd of Jenkins'
xUnit plugin. A file that to_junit() writes is valid against both. The exception is a report without a time, which the
first schema requires.
"""

from __future__ import annotations

from typing import Any, Mapping
from xml.etree import ElementTree

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import shorten

from .report import count_outcomes, outcome_of_row
from .rules import FAILED, PASSED, UNKNOWN
from .text import as_line, utc

# CI servers sort test results, and compare them between runs, by this name and the names of the accounts.
_SUITE = "incident_manager.aws.audit"

# A report does not contain the duration of an audit, but the schema requires a number of seconds.
_NO_TIME = "0"


def to_junit(report: Mapping[str, Any]) -> str:
    """Return a report as JUnit XML: one test suite, in which each account is a test case.

    An account that failed is a failure with its findings, one per line. An account whose outcome is unknown is an error. The
    report's notes are the suite's output. Control characters, and all others that XML does not allow, are replaced.

    :param report: the report; any value in it may be null or missing. Its accounts keep their order.
    :return: a complete document that can be encoded as UTF-8.
    """
    counts = count_outcomes(report)
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _SUITE,
            "tests": str(sum(counts.values())),
            "failures": str(counts[FAILED]),
            "errors": str(counts[UNKNOWN]),
            "skipped": "0",
            "time": _NO_TIME,
            "hostname": "localhost",  # Required. It is the schema's value for a host that is not known.
        },
    )
    time = utc(report.get("time"))
    if time:
        # The schema allows neither an offset nor a fraction.
        suite.set("timestamp", time.replace(tzinfo=None).isoformat(timespec="seconds"))
    ElementTree.SubElement(suite, "properties")
    for row in report.get("accounts") or []:
        suite.append(_test_case(row))
    ElementTree.SubElement(suite, "system-out").text = "\n".join(map(as_line, report.get("notes") or []))
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suite, encoding="unicode")}\n'


def _test_case(row: Mapping[str, Any]) -> ElementTree.Element:
    name = row.get("name")
    case = ElementTree.Element(
        "testcase", {"classname": _SUITE, "name": "No name" if name is None else as_line(name), "time": _NO_TIME}
    )
    outcome = outcome_of_row(row)
    if outcome != PASSED:
        # Never a text of the report, because GitLab's parser interprets some types as the type of the element's content.
        problem = ElementTree.SubElement(case, "failure" if outcome == FAILED else "error", {"type": outcome})
        first, *others = _problems(row)
        problem.set("message", shorten(first) + (f" (and {len(others)} more)" if others else ""))
        problem.text = "\n".join([first, *others, *_details(row)])
    return case


def _problems(row: Mapping[str, Any]) -> list[str]:
    """Return the problems of an account, each as a line: its findings, or its message if it has none."""
    findings = [
        _joined((finding or {}).get("rule"), (finding or {}).get("msg")) for finding in row.get("findings") or []
    ]
    return findings or [_joined((row.get("error") or {}).get("code"), row.get("msg"))]


def _details(row: Mapping[str, Any]) -> list[str]:
    """Return the message of AWS or of a library, as lines, unless the account's message contains it."""
    message = (row.get("error") or {}).get("message")
    return [] if message is None or str(message) in str(row.get("msg")) else [as_line(message)]


def _joined(topic: Any, text: Any) -> str:
    return ": ".join(as_line(part) for part in (topic, text) if part is not None) or "No message"
