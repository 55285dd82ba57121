# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that a replication set holds, and their checks when they are seeded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from ..utils import CONTACTS, service_model, service_regions, violations
from .kinds import KINDS, READS, Kind, members_of, result_member

_MEMBERS = ("kind", "body", "parent", "tags", "regions")


@dataclass(frozen=True)
class Item:
    """
    An object.

    :ivar body: the object as it is on the wire. Times are epoch seconds.
    :ivar id: its ARN or ID; a number as text if the kind has neither.
    :ivar parents: the ARNs of the objects that it belongs to.
    :ivar regions: the Regions that show it; None for the default of shown_in().
    """

    kind: str
    id: str
    body: Mapping[str, Any]
    parents: tuple[str, ...]
    tags: Mapping[str, str]
    regions: tuple[str, ...] | None

    def shown_in(self, region: str) -> bool:
        """
        Return whether a Region shows the object.

        Whether each Region of the set shows everything is *unknown*. By default, an object whose ARN names a Region is shown
        in that Region only. Other objects are shown in all Regions of the set.
        """
        if self.regions is not None:
            return region in self.regions
        return _region_of(self.id) in (None, region)


class Data:
    """The objects of one replication set, in the order in which they were seeded."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Item] = {}
        # (kind, parent's ARN or None for all) -> key -> the object.
        self._listed: dict[tuple[str, str | None], dict[tuple[str, str], Item]] = {}
        self._by_arn: dict[str, Item] = {}
        self._number = 0

    def __deepcopy__(self, _memo: Any) -> Data:
        # Copies of a set, for reads that lag, share what the set holds, because no call changes it.
        return self

    def seed(self, given: Iterable[Any]) -> list[str]:
        """
        Add objects. An object replaces one with the same identity.

        :param given: mappings with ``kind``, ``body`` (the answer to the operation that gets such an object, or an item of
            the one that lists them; times are epoch seconds, ISO 8601 or datetimes), and, if needed, ``parent`` (an ARN),
            ``tags`` (a map) and ``regions`` (those that show it).
        :return: the ARN or ID of each.
        :raises ValueError, TypeError: for an object that does not agree with botocore's model. In this case none is added.
        """
        items = [self._parse(one) for one in given]
        for item in items:
            self._remove(item.kind, item.id, item.parents)
            key = _key(item.kind, item.id, item.parents)
            self._items[key] = item
            for parent in (None, *item.parents):
                self._listed.setdefault((item.kind, parent), {})[key] = item
            if item.id.startswith("arn:"):
                self._by_arn[item.id] = item
        return [item.id for item in items]

    def remove(self, kind: str, item_id: str, parent: str | None = None) -> None:
        """
        Remove an object.

        :param parent: the ARN of the object that it belongs to, if its own ID is not an ARN.
        :raises ValueError: if there is no such object.
        """
        if not self._remove(kind, item_id, (parent,) if parent else ()):
            raise ValueError(f"there is no {kind} {item_id!r}")

    def _remove(self, kind: str, item_id: str, parents: tuple[str, ...]) -> bool:
        key = _key(kind, item_id, parents)
        item = self._items.pop(key, None)
        if item is None:
            return False
        for parent in (None, *item.parents):
            del self._listed[kind, parent][key]
        self._by_arn.pop(item.id, None)
        return True

    def listed(self, kind: str, parent: str | None, region: str) -> Iterator[Item]:
        """Yield the objects of a kind, of one parent or all, that a Region shows."""
        found = self._listed.get((kind, parent), {})
        return (item for item in found.values() if item.shown_in(region))

    def by_arn(self, arn: str, region: str) -> Item | None:
        """Return the object with an ARN, if the Region shows it."""
        item = self._by_arn.get(arn)
        return item if item is not None and item.shown_in(region) else None

    def _parse(self, given: Any) -> Item:
        if not isinstance(given, Mapping):
            raise TypeError(f"an object to seed is a JSON object, not {given!r}")
        if unknown := set(given) - set(_MEMBERS):
            raise ValueError(f"unknown in an object to seed: {', '.join(sorted(map(str, unknown)))}")
        name = given.get("kind")
        if name not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {name!r}")
        kind = KINDS[name]
        body = _checked_body(name, kind, given.get("body"))
        parents = tuple(str(body[member]) for member in kind.parents if member in body)
        if isinstance(parent := given.get("parent"), str):
            parents = (*(known for known in parents if known != parent), parent)
        elif parent is not None or (kind.needs_parent and not parents):
            raise ValueError(f"a {name} needs a parent, the ARN of what it belongs to, not {parent!r}")
        return Item(
            kind=name,
            id=str(body[kind.id]) if kind.id and kind.id in body else self._new_id(name),
            body=body,
            parents=parents,
            tags=_checked_tags(name, kind, given.get("tags")),
            regions=_checked_regions(given.get("regions")),
        )

    def _new_id(self, name: str) -> str:
        # A contact has one policy: its parent identifies it.
        if name == "contact_policy":
            return "policy"
        self._number += 1
        return str(self._number)


def _key(kind: str, item_id: str, parents: tuple[str, ...]) -> tuple[str, str]:
    """Return what identifies an object: its ARN, or its ID and the ARN that it belongs to."""
    return kind, item_id if item_id.startswith("arn:") or not parents else f"{parents[0]} {item_id}"


def _region_of(arn: str) -> str | None:
    return (arn.split(":", 4)[3] or None) if arn.startswith("arn:") else None


def _checked_body(name: str, kind: Kind, given: Any) -> dict[str, Any]:
    """Return an object's body as it is on the wire."""
    if not isinstance(given, Mapping):
        raise TypeError(f"the body of a {name} must be a JSON object, not {given!r}")
    wrappers = {result_member(kind.service, operation) for operation, of in READS[kind.service].items() if of == name}
    if len(given) == 1 and (only := next(iter(given))) in wrappers and isinstance(given[only], Mapping):
        given = given[only]
    shape = members_of(service_model(kind.service).shape_for(kind.shape))
    body: dict[str, Any] = as_sent(shape, given)
    if problems := [*_unknown_members(shape, body, name), *violations(shape, body)]:
        raise ValueError(f"not a {name}: {'; '.join(problems)}")
    # A copy, which must be valid JSON.
    copied: dict[str, Any] = json.loads(json.dumps(body))
    return copied


def _unknown_members(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from (f"{path} has no member {name}" for name in value if name not in shape.members)
        for name in value.keys() & shape.members.keys():
            yield from _unknown_members(shape.members[name], value[name], f"{path}.{name}")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _unknown_members(shape.value, item, f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _unknown_members(shape.member, item, f"{path}[]")


def as_sent(shape: Shape, value: Any) -> Any:
    """Return a value with times as epoch seconds, as both APIs send them [model]."""
    if shape.type_name == "timestamp" and isinstance(value, str | datetime):
        return parse_timestamp(value).timestamp()
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: as_sent(shape.members[name], item) if name in shape.members else item for name, item in value.items()
        }
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: as_sent(shape.value, item) for name, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [as_sent(shape.member, item) for item in value]
    return value


def _checked_tags(name: str, kind: Kind, given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not kind.has_tags:
        raise ValueError(f"a {name} has no tags")
    if not isinstance(given, Mapping):
        raise TypeError(f"tags must be a JSON object, not {given!r}")
    model, tags = service_model(kind.service), dict(given)
    if kind.service == CONTACTS:
        problems = violations(
            model.shape_for("TagsList"), [{"Key": key, "Value": value} for key, value in tags.items()]
        )
    else:
        problems = violations(model.shape_for("TagMap"), tags) if tags else iter(())
    if found := list(problems):
        raise ValueError(f"the tags of {name} are invalid: {'; '.join(found)}")
    return tags


def _checked_regions(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list | tuple) or not set(given) <= service_regions():
        raise ValueError(f"regions must be a list of the service's Regions, not {given!r}")
    return tuple(given)
