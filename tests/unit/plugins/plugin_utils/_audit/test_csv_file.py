# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the CSV file of an audit."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.csv_file import COLUMNS, to_csv
from hypothesis import example, given

from .reports import (
    FAILED,
    HOSTILE,
    NO_SET,
    PASSED,
    UNKNOWN,
    account,
    any_json,
    any_report,
    finding,
    report_of,
    report_with,
)

HEADER = "name,account_id,outcome,rule,region,expected,actual,known,msg,error_code,arn,time"
ARN = PASSED["replication_set"]["arn"]
TIME = "2026-11-23T05:59:00.000000+00:00"

# Characters that begin a formula in a spreadsheet, and characters that it may skip before them.
FORMULA = re.compile("[\\s'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]")


def cells(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))


def records(report: dict[str, Any]) -> list[dict[str, str]]:
    """Return the lines of a report's CSV file."""
    return list(csv.DictReader(StringIO(to_csv(report), newline="")))


def record_of_finding(expected: Any, actual: Any = None) -> dict[str, str]:
    """Return the line of an account with one finding."""
    (record,) = records(report_of({**FAILED, "findings": [finding("regions", expected, actual, "Wrong")]}))
    return record


def test_the_lines_of_a_report() -> None:
    expected_lines = [
        HEADER,
        f"payments-prod,111122223333,failed,deletion_protected,,true,false,true,Can be deleted,,{ARN},{TIME}",
        f"payments-prod,111122223333,failed,active,eu-west-1,ACTIVE,null,false,Status not known,,{ARN},{TIME}",
        f"data-lake,,unknown,,,,,,{UNKNOWN['msg']},AccessDeniedException,,{TIME}",
        f"web-prod,555566667777,passed,,,,,,All rules are met,,{ARN},{TIME}",
    ]
    findings = [
        {
            "rule": "deletion_protected",
            "region": None,
            "expected": True,
            "actual": False,
            "known": True,
            "msg": "Can be deleted",
        },
        {
            "rule": "active",
            "region": "eu-west-1",
            "expected": "ACTIVE",
            "actual": None,
            "known": False,
            "msg": "Status not known",
        },
    ]
    text = to_csv(report_of({**FAILED, "findings": findings}, UNKNOWN, PASSED))
    assert cells(text) == [line.split(",") for line in expected_lines]
    assert text.endswith("\n")


def test_a_report_without_accounts_is_a_header() -> None:
    assert cells(to_csv(report_of())) == [HEADER.split(",")]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (["eu-central-1", "eu-west-1"], '["eu-central-1", "eu-west-1"]'),
        ({"Team": None}, '{"Team": null}'),
        ("ACTIVE", "ACTIVE"),
        (2, "2"),
        (-2, "'-2"),
        (None, "null"),
    ],
)
def test_a_value_that_is_not_a_text_is_in_json(value: Any, cell: str) -> None:
    record = record_of_finding(expected=value, actual=value)
    assert record["expected"] == record["actual"] == cell


@given(value=any_json)
def test_any_value_can_be_read_again(value: Any) -> None:
    cell = record_of_finding(expected=value)["expected"]
    if not isinstance(value, str):
        json.loads(cell.removeprefix("'") if FORMULA.match(cell) else cell)


def test_an_account_id_keeps_its_zeros_and_is_quoted_as_a_text() -> None:
    text = to_csv(report_of(account("web", "passed", account_id="000000000012")))
    assert '"000000000012"' in text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("  =1", "'=1"),
        ("\u200b=1", "' =1"),
        ('"=1"', '\'"=1"'),
        ("'=1", "''=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ("a=1", "a=1"),
        ("'a", "'a"),
        ("line\nbreak\r\nand\ttab\u2028end", "line break and tab end"),
        ("\x00\x1b[31m\x7f", "\u2400\u241b[31m\ufffd"),
        ("\ud800", "\ufffd"),
        ('quote " and, comma', 'quote " and, comma'),
    ],
)
def test_hostile_text(text: str, cell: str) -> None:
    record = records(report_with(lambda _field: text))[0]
    assert {record[column] for column in COLUMNS if column not in ("outcome", "region", "known")} == {cell}


@given(report=any_report)
@example(report=report_with(lambda _field: "=1"))
@example(report=report_with(lambda _field: 'a";"=1'))
@example(report=report_with(lambda _field: HOSTILE["newline"]))
@example(report=report_of(NO_SET))
def test_no_report_has_a_formula_or_a_record_of_several_lines(report: dict[str, Any]) -> None:
    text = to_csv(report)
    text.encode()
    count = sum(max(1, len(account["findings"])) for account in report["accounts"])
    lines = text.splitlines()
    assert len(lines) == 1 + count
    assert all(len(line) == len(HEADER.split(",")) for line in cells(text))
    # A spreadsheet may use another character as the delimiter.
    for delimiter in ",;":
        for cell in (cell for line in cells(text, delimiter) for cell in line):
            assert cell.startswith("'") or not FORMULA.match(cell)
            assert all(character.isprintable() for character in cell)
