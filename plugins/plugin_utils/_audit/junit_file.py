# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JUnit XML file of an audit's report, for CI servers. Any text in the report may be malicious.

Two schemas describe the format: JUnit.xsd of windyroad/JUnit-Schema, which is Ant's format, and junit-10.xsd of Jenkins'
xUnit plugin. A file that to_junit() writes is valid against both.
"""

from __future__ import annotations

from typing import Any, Mapping
from xml.etree import ElementTree

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import shorten

from .rules import FAILED, PASSED, UNKNOWN
from .text import as_line

# CI servers sort test results, and compare them between runs, by this name and the names of the accounts.
_SUITE = "incident_manager.aws.audit"

# A report does not contain the duration of an audit, but the schema requires a number of seconds.
_NO_TIME = "0"


def to_junit(report: Mapping[str, Any]) -> str:
    """Return a report as JUnit XML: one test suite, in which each account is a test case.

    An account that failed is a failure with its findings, one per line. An account whose outcome is unknown is an error. The
    report's notes are the suite's output. Control characters, and all others that XML does not allow, are replaced.

    :param report: the report. Its accounts keep their order.
    :return: a complete document that can be encoded as UTF-8.
    """
    summary = report["summary"]
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _SUITE,
            "tests": str(summary["accounts"]),
            "failures": str(summary[FAILED]),
            "errors": str(summary[UNKNOWN]),
            "skipped": "0",
            "time": _NO_TIME,
            # The schema allows neither an offset nor a fraction.
            "timestamp": report["time"].partition(".")[0],
            "hostname": "localhost",  # Required. It is the schema's value for a host that is not known.
        },
    )
    ElementTree.SubElement(suite, "properties")
    for row in report["accounts"]:
        suite.append(_test_case(row))
    ElementTree.SubElement(suite, "system-out").text = "\n".join(map(as_line, report["notes"]))
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suite, encoding="unicode")}\n'


def _test_case(row: Mapping[str, Any]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": _SUITE, "name": as_line(row["name"]), "time": _NO_TIME})
    outcome = row["outcome"]
    if outcome != PASSED:
        # Never a text of the report, because GitLab's parser interprets some types as the type of the element's content.
        problem = ElementTree.SubElement(case, "failure" if outcome == FAILED else "error", {"type": outcome})
        first, *others = _problems(row)
        problem.set("message", shorten(first) + (f" (and {len(others)} more)" if others else ""))
        problem.text = "\n".join([first, *others, *_details(row)])
    return case


def _problems(row: Mapping[str, Any]) -> list[str]:
    """Return the problems of an account, each as a line: its findings, or its message if it has none."""
    findings = [as_line(f"{finding['rule']}: {finding['msg']}") for finding in row["findings"]]
    start = f"{row['error']['code']}: " if row["error"] else ""
    return findings or [as_line(f"{start}{row['msg']}")]


def _details(row: Mapping[str, Any]) -> list[str]:
    """Return the message of AWS or of a library, as lines, unless the account's message contains it."""
    error = row["error"]
    return [as_line(error["message"])] if error and error["message"] not in row["msg"] else []
