# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the members that botocore does not know and that an export adds to a parsed response."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.read import with_unknown_members
from botocore.model import ShapeResolver

SHAPES = {
    "Thing": {
        "type": "structure",
        "members": {
            "name": {"shape": "Text", "locationName": "Name"},
            "inner": {"shape": "Thing"},
            "things": {"shape": "Things"},
            "byName": {"shape": "ByName"},
        },
    },
    "Things": {"type": "list", "member": {"shape": "Thing"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Thing"}},
    "Text": {"type": "string"},
}


@pytest.mark.parametrize(
    ("body", "parsed", "expected", "names"),
    [
        ({"Name": "a"}, {"name": "a"}, {"name": "a"}, set()),
        ({"Name": "a", "new": {"x": 1}}, {"name": "a"}, {"name": "a", "new": {"x": 1}}, {"new"}),
        ({"new": None}, {}, {}, set()),
        ({"inner": {"new": 0}}, {"inner": {}}, {"inner": {"new": 0}}, {"new"}),
        (
            {"things": [{"b": 1}, {}, {"c": 2}]},
            {"things": [{}, {}, {}]},
            {"things": [{"b": 1}, {}, {"c": 2}]},
            {"b", "c"},
        ),
        ({"byName": {"k": {"b": []}}}, {"byName": {"k": {}}}, {"byName": {"k": {"b": []}}}, {"b"}),
        # A union whose member botocore does not know.
        ({"inner": {"b": 1}}, {"inner": {"SDK_UNKNOWN_MEMBER": {"name": "b"}}}, {"inner": {"b": 1}}, {"b"}),
        # Values of the wrong type are left out. If a member is needed, its absence is reported.
        ({"inner": "text", "things": {}}, {}, {}, set()),
    ],
)
def test_unknown_members(body: Any, parsed: Any, expected: Any, names: set[str]) -> None:
    shape = ShapeResolver(SHAPES).get_shape_by_name("Thing")
    assert with_unknown_members(shape, body, parsed) == names
    assert parsed == expected
