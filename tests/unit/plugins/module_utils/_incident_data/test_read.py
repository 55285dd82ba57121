# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of responses as an export has them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.read import plain
from botocore.model import ShapeResolver

SHAPES = {
    "Thing": {
        "type": "structure",
        "members": {
            "name": {"shape": "Text"},
            "inner": {"shape": "Thing"},
            "things": {"shape": "Things"},
            "byName": {"shape": "ByName"},
            "time": {"shape": "Time"},
        },
    },
    "Things": {"type": "list", "member": {"shape": "Thing"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Thing"}},
    "Text": {"type": "string"},
    "Time": {"type": "timestamp"},
}


@pytest.mark.parametrize(
    ("body", "expected", "names"),
    [
        ({"name": "a"}, {"name": "a"}, set()),
        ({"name": "a", "new": {"x": 1, "y": None}}, {"name": "a", "new": {"x": 1, "y": None}}, {"new"}),
        ({"new": None, "name": None}, {}, set()),
        ({"inner": {"new": 0}}, {"inner": {"new": 0}}, {"new"}),
        ({"things": [{"b": 1}, {}, {"c": 2}]}, {"things": [{"b": 1}, {}, {"c": 2}]}, {"b", "c"}),
        ({"byName": {"k": {"b": []}}}, {"byName": {"k": {"b": []}}}, {"b"}),
        ({"time": 1.5}, {"time": "1970-01-01T00:00:01.500000+00:00"}, set()),
        ({"time": "2026-01-02T03:04:05+01:00"}, {"time": "2026-01-02T02:04:05.000000+00:00"}, set()),
    ],
)
def test_members_are_as_aws_sent_them(body: Any, expected: Any, names: set[str]) -> None:
    """Also those that botocore does not know. Times are texts."""
    unknown: set[str] = set()
    assert plain(ShapeResolver(SHAPES).get_shape_by_name("Thing"), body, unknown) == expected
    assert unknown == names


@pytest.mark.parametrize("body", [{"new": [float("inf")]}, {"time": 1e30}])
def test_values_that_json_or_a_clock_can_not_represent(body: Any) -> None:
    with pytest.raises((ValueError, OverflowError, RuntimeError)):
        plain(ShapeResolver(SHAPES).get_shape_by_name("Thing"), body, set())
