# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what an export does with an object, depending on its three readings."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.kinds import KINDS
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.unit import (
    CAME,
    CHANGED,
    FIRST,
    LATE,
    RETRY,
    SECOND,
    WENT,
    Result,
    Unit,
    compare,
    result_of_reading_again,
)


def unit(**members: Any) -> Unit:
    """Return an incident that was read and that the second look found unchanged."""
    one = Unit(KINDS["incident_records"], "arn")
    quiet = {"listed": [1, 1], "prints": [5, 5], "parts": [3, 3, 3], "is_read": True}
    for name, value in {**quiet, **members}.items():
        setattr(one, name, frozenset(value) if isinstance(value, set) else value)
    return one


def failures(first: str = "", again: str = "") -> dict[str, Any]:
    """Return an argument for unit(): the operations that failed in the first and in the last reading."""
    return {"failures": tuple(frozenset((name, None) for name in names.split()) for names in (first, "", again))}


@pytest.mark.parametrize(
    ("members", "unsure", "expected"),
    [
        ({}, (), None),
        ({"prints": [5, 6]}, (), CHANGED),
        ({"listed": [1, 0]}, (), WENT),
        ({"listed": [0, 1]}, (), CAME),
        # A list that failed says nothing about objects that it does not have.
        ({"listed": [1, 0]}, (SECOND,), None),
        ({"listed": [0, 1]}, (FIRST,), LATE),
        ({"listed": [0, 1]}, (SECOND,), CAME),
        ({"prints": [5, 6]}, (SECOND,), None),
        ({"prints": [5, 6]}, (FIRST,), RETRY),
        ({"prints": [5, 6]}, (FIRST, SECOND), None),
        # After a temporary failure an object is read again, whether it has changed or not.
        ({"passing": {FIRST}}, (), RETRY),
        ({"passing": {SECOND}, "prints": [5, 6]}, (), RETRY),
        (failures("GetContactPolicy"), (), None),
        ({"unlisted": {FIRST, SECOND}, "prints": [5, 6]}, (), None),
        # The object was listed but not found.
        ({"is_doubtful": True}, (), CHANGED),
        ({"is_doubtful": True, "is_read": False}, (), LATE),
        # The lists of an object are requested again when the object is read again, and so are the objects in them.
        ({"kind": KINDS["pages"], "listed": [1, 0]}, (SECOND,), RETRY),
        ({"kind": KINDS["pages"], "listed": [1, 0]}, (), WENT),
        ({"kind": KINDS["pages"], "prints": [5, 6]}, (SECOND,), RETRY),
        ({"kind": KINDS["pages"]}, (SECOND,), None),
        ({"listed": [0, 0]}, (), None),
    ],
)
def test_comparing_two_readings(members: dict[str, Any], unsure: tuple[int, ...], expected: str | None) -> None:
    assert compare(unit(**members), FIRST in unsure, SECOND in unsure) == expected


BETTER = Result(replaces=True, change=CHANGED, is_exported=True)
KEPT = Result(is_dropped=True, change=CHANGED)


@pytest.mark.parametrize(
    ("found", "members", "expected"),
    [
        (CHANGED, {}, BETTER),
        (CHANGED, {"is_gone": True}, Result(is_dropped=True, change=WENT)),
        # The object has changed once more or was deleted meanwhile, or a Region's reads lag.
        (CHANGED, {"parts": [3, 4, 5]}, KEPT._replace(is_unstable=True, forgets=True)),
        (RETRY, {"parts": [3, 4, 5]}, Result(is_dropped=True, is_unstable=True, forgets=True)),
        # The first reading is not replaced with one in which more has failed.
        (CHANGED, failures("", "GetTimelineEvent"), KEPT),
        (CHANGED, failures("ListRelatedItems", "ListRelatedItems"), BETTER),
        (CHANGED, failures("ListRelatedItems", "ListRelatedItems GetTimelineEvent"), KEPT),
        (RETRY, failures("GetTimelineEvent"), Result(replaces=True, is_exported=True)),
        # A call that is denied both times is named once.
        (
            RETRY,
            failures("ListRelatedItems GetTimelineEvent", "ListRelatedItems"),
            Result(replaces=True, is_exported=True),
        ),
        (RETRY, failures("GetTimelineEvent", "GetIncidentRecord"), Result(is_dropped=True, forgets=True)),
        (RETRY, failures("", "GetIncidentRecord"), Result(is_dropped=True, forgets=True)),
        # The object was not listed, but still exists. Only its first reading had lists of its parts.
        (WENT, {"listed": [1, 0], "parts": [3, 0, 3]}, Result(replaces=True, is_exported=True)),
        (WENT, {"listed": [1, 0], "parts": [3, 0, 4]}, Result(is_dropped=True, is_unstable=True, forgets=True)),
        (WENT, {"listed": [1, 0], "is_gone": True}, Result(is_dropped=True, change=WENT)),
        # It is not known whether the object still exists, and the export says so.
        (WENT, {"listed": [1, 0], "parts": [3, 0, 3], **failures("", "GetIncidentRecord")}, Result(is_dropped=True)),
        # The latest list that was read to its end counts.
        (RETRY, {"parts": [3, 9, 3], "unlisted": {SECOND}}, Result(replaces=True, is_exported=True)),
        (RETRY, {"parts": [2, 9, 3], "unlisted": {FIRST, SECOND}}, Result(replaces=True, is_exported=True)),
        (CAME, {"parts": [0, 0, 3]}, Result(change=CAME, is_exported=True)),
        (CAME, {"is_read": False}, Result(change=CAME)),
        (LATE, {"parts": [0, 0, 3]}, Result(is_exported=True)),
    ],
)
def test_the_result_of_reading_an_object_again(found: str, members: dict[str, Any], expected: Result) -> None:
    assert result_of_reading_again(unit(**members), found) == expected
