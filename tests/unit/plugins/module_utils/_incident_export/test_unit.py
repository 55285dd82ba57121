# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what the three readings of an object mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.kinds import KINDS
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.unit import (
    AGAIN,
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
    """Return an incident that was read and looked at again without a change."""
    one = Unit(KINDS["incident_records"], "arn")
    quiet = {"listed": [1, 1], "prints": [5, 5], "parts": [3, 3, 3], "is_read": True}
    for name, value in {**quiet, **members}.items():
        setattr(one, name, frozenset(value) if isinstance(value, set) else value)
    return one


@pytest.mark.parametrize(
    ("members", "unsure", "expected"),
    [
        ({}, (), None),
        ({"prints": [5, 6]}, (), CHANGED),
        ({"listed": [1, 0]}, (), WENT),
        ({"listed": [0, 1]}, (), CAME),
        # A list that failed says nothing about what it does not have.
        ({"listed": [1, 0]}, (SECOND,), None),
        ({"listed": [0, 1]}, (FIRST,), LATE),
        ({"listed": [0, 1]}, (SECOND,), CAME),
        ({"prints": [5, 6]}, (SECOND,), None),
        ({"prints": [5, 6]}, (FIRST,), RETRY),
        ({"prints": [5, 6]}, (FIRST, SECOND), None),
        # What failed for a reason that may pass is read again, whether it has changed or not.
        ({"passing": {FIRST}}, (), RETRY),
        ({"passing": {SECOND}, "prints": [5, 6]}, (), RETRY),
        ({"failed": {FIRST}}, (), None),
        ({"failed": {FIRST}, "unlisted": {FIRST, SECOND}, "prints": [5, 6]}, (), None),
        # Listed and not found.
        ({"is_doubtful": True}, (), CHANGED),
        ({"is_doubtful": True, "is_read": False}, (), CAME),
        ({"listed": [0, 0]}, (), None),
    ],
)
def test_what_two_readings_say(members: dict[str, Any], unsure: tuple[int, ...], expected: str | None) -> None:
    assert compare(unit(**members), FIRST in unsure, SECOND in unsure) == expected


BETTER = Result(replaces=True, change=CHANGED, is_exported=True)
KEPT = Result(is_dropped=True, change=CHANGED)


@pytest.mark.parametrize(
    ("found", "members", "expected"),
    [
        (CHANGED, {}, BETTER),
        (CHANGED, {"is_gone": True}, Result(is_dropped=True, change=WENT)),
        # It changed once more, or was deleted meanwhile, or a Region is late.
        (CHANGED, {"parts": [3, 4, 5]}, KEPT._replace(is_unstable=True)),
        (RETRY, {"parts": [3, 4, 5]}, Result(is_dropped=True, is_unstable=True)),
        # A first reading that is complete is not given up for one that is not.
        (CHANGED, {"failed": {AGAIN}}, KEPT),
        (CHANGED, {"failed": {FIRST, AGAIN}}, BETTER),
        (CHANGED, {"failed": {FIRST, AGAIN}, "passing": {AGAIN}}, KEPT),
        (CHANGED, {"failed": {AGAIN}, "is_read": False}, BETTER),
        (RETRY, {"failed": {FIRST}, "passing": {FIRST}}, Result(replaces=True, is_exported=True)),
        # What is denied both times is named once.
        (RETRY, {"failed": {FIRST, AGAIN}, "passing": {FIRST}}, Result(replaces=True, is_exported=True)),
        (
            RETRY,
            {"failed": {FIRST, AGAIN}, "passing": {FIRST, AGAIN}},
            Result(is_dropped=True, forgets=True),
        ),
        # The latest list that was read to its end counts.
        (RETRY, {"parts": [3, 9, 3], "unlisted": {SECOND}}, Result(replaces=True, is_exported=True)),
        (RETRY, {"parts": [2, 9, 3], "unlisted": {FIRST, SECOND}}, Result(replaces=True, is_exported=True)),
        (CAME, {"parts": [0, 0, 3]}, Result(change=CAME, is_exported=True)),
        (CAME, {"is_read": False}, Result(change=CAME)),
        (LATE, {"parts": [0, 0, 3]}, Result(is_exported=True)),
    ],
)
def test_what_becomes_of_an_object_that_is_read_again(found: str, members: dict[str, Any], expected: Result) -> None:
    assert result_of_reading_again(unit(**members), found) == expected
