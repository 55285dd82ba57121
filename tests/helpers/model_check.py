# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares JSON with botocore's model of a service. botocore itself accepts answers that differ from the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

TYPE, UNKNOWN, MISSING, ENUM = "type", "unknown member", "missing member", "value outside of an enum"
_TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "timestamp": (int, float),
}


class Difference(NamedTuple):
    """One difference between a JSON value and its shape.

    :ivar kind: TYPE, UNKNOWN, MISSING or ENUM.
    :ivar member: the name of the member that differs. For an item of a list or a map, this is the name of the list or map.
    :ivar path: where it is.
    """

    kind: str
    member: str
    path: str


def differences(shape: Shape, value: Any, member: str = "", path: str = "") -> Iterator[Difference]:
    """Yield the differences between a JSON value and its shape in the model."""
    is_bool_as_number = isinstance(value, bool) and shape.type_name != "boolean"
    if is_bool_as_number or not isinstance(value, _TYPES[shape.type_name]):
        yield Difference(TYPE, member, path)
        return
    given: Any = value
    if isinstance(shape, StructureShape):
        yield from (Difference(UNKNOWN, name, f"{path}.{name}") for name in given if name not in shape.members)
        missing = [name for name in shape.required_members if name not in given]
        yield from (Difference(MISSING, name, f"{path}.{name}") for name in missing)
        for name in given.keys() & shape.members.keys():
            yield from differences(shape.members[name], given[name], name, f"{path}.{name}")
    elif isinstance(shape, MapShape):
        for name, item in given.items():
            yield from differences(shape.value, item, member, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for item in given:
            yield from differences(shape.member, item, member, f"{path}[]")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield Difference(ENUM, member, path)
