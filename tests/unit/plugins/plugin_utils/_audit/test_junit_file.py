# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the JUnit XML file of an audit."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.junit_file import to_junit
from hypothesis import example, given

from .reports import FAILED, HOSTILE, NO_SET, PASSED, REPORT, UNKNOWN, any_report, finding, report_of, report_with


def parse(report: dict[str, Any]) -> ElementTree.Element:
    return ElementTree.fromstring(to_junit(report).encode())


def problem_of(account: dict[str, Any]) -> ElementTree.Element:
    """Return the failure or the error of an account."""
    (problem,) = parse(report_of(account)).findall("testcase/*")
    return problem


def test_the_suite_counts_its_test_cases() -> None:
    suite = parse({**REPORT, "notes": ["One account answered for two names.", "And a second note."]})
    assert suite.tag == "testsuite"
    assert suite.attrib == {
        "name": "incident_manager.aws.audit",
        "hostname": "localhost",
        "timestamp": "2026-11-23T06:00:00",
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "0",
        "time": "0",
    }
    # Ant's schema requires this order.
    assert [child.tag for child in suite] == ["properties", *["testcase"] * 5, "system-out", "system-err"]
    assert suite.findtext("system-out") == "One account answered for two names.\nAnd a second note."


def test_each_account_is_a_test_case_in_the_order_of_the_report() -> None:
    cases = parse(REPORT).findall("testcase")
    assert [(case.get("name"), [child.tag for child in case]) for case in cases] == [
        ("payments-prod", ["failure"]),
        ("sandbox", ["failure"]),
        ("data-lake", ["error"]),
        ("legacy", []),
        ("web-prod", []),
    ]
    assert {(case.get("classname"), case.get("time")) for case in cases} == {("incident_manager.aws.audit", "0")}


def test_a_failure_has_all_findings() -> None:
    failure = problem_of(FAILED)
    assert failure.attrib == {"message": "deletion_protected: Can be deleted (and 1 more)", "type": "failed"}
    assert failure.text == "deletion_protected: Can be deleted\nregions: Other Regions are wanted"
    assert problem_of(NO_SET).get("message") == "state: Has no replication set"


def test_an_error_has_its_code_the_message_and_what_aws_said() -> None:
    error = problem_of(UNKNOWN)
    assert error.tag == "error"
    assert error.attrib == {"message": f"AccessDeniedException: {UNKNOWN['msg']}", "type": "unknown"}
    assert error.text == f"AccessDeniedException: {UNKNOWN['msg']}\nUser audit is not authorized"
    repeated = problem_of({**UNKNOWN, "msg": "It failed: User audit is not authorized"})
    assert repeated.text == "AccessDeniedException: It failed: User audit is not authorized"


def test_an_account_whose_findings_are_all_unknown_is_an_error() -> None:
    unknown = finding("tags", {"Team": None}, None, "Tags not known", known=False)
    error = problem_of({**PASSED, "outcome": "unknown", "findings": [unknown]})
    assert (error.tag, error.text) == ("error", "tags: Tags not known")


def test_the_message_is_short_and_the_text_is_complete() -> None:
    error = problem_of({**UNKNOWN, "error": None, "msg": "W" * 10_000})
    assert len(error.get("message", "")) < 600
    assert error.text == "W" * 10_000


def test_a_report_without_accounts() -> None:
    suite = parse(report_of())
    assert (suite.get("tests"), suite.findall("testcase")) == ("0", [])


# The characters that XML 1.0 allows (production 2).
XML = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


@given(report=any_report)
@example(report=report_with(lambda _field: "]]>"))
@example(report=report_with(lambda _field: "yaml"))
@example(report=report_with(lambda _field: HOSTILE["control"]))
@example(report=report_with(lambda _field: HOSTILE["surrogate"]))
def test_any_report_is_well_formed_and_counted(report: dict[str, Any]) -> None:
    text = to_junit(report)
    assert XML.fullmatch(text)
    suite = ElementTree.fromstring(text.encode())
    for attribute, path in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        assert int(suite.get(attribute, "")) == len(suite.findall(path))
    accounts = report["accounts"]
    assert len(accounts) == int(suite.get("tests", ""))
    for account, case in zip(accounts, suite.findall("testcase"), strict=True):
        findings = account.get("findings") or []
        for problem in case:
            # GitLab reads other types as those of the element's content.
            assert problem.get("type") in ("failed", "unknown")
            assert problem.text and len(problem.text.split("\n")) >= len(findings)
        assert (len(case) == 0) == (account.get("outcome") == "passed")
