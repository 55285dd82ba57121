# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visits of a unit: what its lists and its reads return in all Regions that list it. export.py says when a unit is visited."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Optional, Sequence, Tuple

from .._aws.errors import MISSING_LIBRARY, NOT_FOUND, Failure
from .._aws.text import shorten
from .files import Copy, Spool, fingerprint
from .kinds import KINDS, NONE_IF_NOT_FOUND, Kind, is_unit, sub_lists
from .read import Place, Reader

if TYPE_CHECKING:
    from .files import Record

# What a call has failed with.
Failed = Tuple[Place, Failure]

# The parts of a kind that lists contain: the ID of each (None if it has none), and for each fingerprint of its items how often
# each Region contains the item.
Parts = Mapping[Optional[str], Mapping[str, "Counter[str]"]]


class Unit:
    """
    An object that is read and compared as a whole, with its parts, such as an incident with its timeline events.

    :ivar parents: the units whose lists contain it, for a kind that is not listed in a Region.
    :ivar listed: the Regions whose lists contain it in this round, each with the fingerprint of its item.
    :ivar views: the same, as it was at the last visit.
    :ivar ever: all Regions that have listed it, each with the last fingerprint. If no list contains it any more, they are asked.
    :ivar offset: the offset of its newest copy in the spool; None if it was not read yet.
    :ivar is_settled: whether the last visit has found the same as the one before, or that it is gone.
    :ivar is_moving: whether the last visit has found a change.
    :ivar change: why it is in changes of the manifest: came, went or changed; None for no change.
    """

    __slots__ = ("arn", "change", "ever", "is_moving", "is_settled", "kind", "listed", "offset", "parents", "views")

    def __init__(self, kind: Kind, arn: str) -> None:
        self.kind = kind
        self.arn = arn
        self.parents: set[Unit] = set()
        self.listed: dict[str, str] = {}
        self.views: dict[str, str] = {}
        self.ever: dict[str, str] = {}
        self.offset: int | None = None
        self.is_settled = self.is_moving = False
        self.change: str | None = None


class Visit:
    """
    A visit of a unit. A worker fills it in.

    :ivar views: the Regions that list the unit, each with the fingerprint of its item.
    :ivar deadline: a time of time.monotonic(). No call is made after it.
    :ivar place: the last call.
    :ivar copy: what was read.
    :ivar lines: the lines of the copy, each with the name of its kind.
    :ivar found: the units that the unit lists, each with its kind, ARN, Region and fingerprint.
    :ivar outcome: AS_BEFORE or GONE; None if there is a new copy.
    """

    #: The visit has found what the last one had found. The parts were not read.
    AS_BEFORE = "as before"
    #: No Region has found the unit. The copy has what was read before.
    GONE = "gone"

    def __init__(self, unit: Unit, views: Mapping[str, str], deadline: float) -> None:
        self.unit = unit
        self.views = views
        self.deadline = deadline
        self.place = Place(unit.kind, unit.kind.gets[0], min(views), unit.arn)
        self.copy = Copy(dict(views), [])
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.found: list[tuple[Kind, str, str, str]] = []
        self.outcome: str | None = None

    def cut(self, entry: dict[str, Any]) -> Visit:
        """Return what the visit has read so far, with an entry of missing for the last call. A thread may still fill in this one.

        :param entry: the last call, as an entry of missing.
        """
        cut = Visit(self.unit, self.views, self.deadline)
        cut.copy = Copy({}, [*self.copy.missing, entry], True)
        cut.lines, cut.found = list(self.lines), list(self.found)
        return cut


def _failed(copy: Copy) -> set[tuple[str | None, ...]]:
    """Return what failed about a unit itself and its lists, without its parts."""
    names = ("kind", "operation", "region", "code")
    return {tuple(entry[name] for name in names) for entry in copy.missing if entry["id"] is None}


class Visitor:
    """
    Makes visits. Several threads can use it.

    :param mask: masks secrets in the reasons of failures.
    :ivar reader: makes the calls.
    :ivar spool: the copies of the units.
    :ivar unknown: the operations that the installed botocore does not know, each with its kind. They are not called.
    """

    def __init__(self, reader: Reader, spool: Spool, mask: Callable[[Any], Any]) -> None:
        self.reader = reader
        self.spool = spool
        self._mask = mask
        operations = ((kind, operation) for kind in KINDS.values() for operation in (*kind.lists, *kind.gets))
        self.unknown = {operation: kind for kind, operation in operations if not reader.knows(kind, operation)}

    def run(self, visit: Visit) -> None:
        """List the parts of a unit, and read the unit. If something differs from the last visit, read the parts too."""
        unit, copy = visit.unit, visit.copy
        before = self.spool.copy(unit.offset)
        kinds = {kind.name: kind for kind, _operation in sub_lists(unit.kind)}.values()
        parts = [(kind, *self._list_parts(visit, kind)) for kind in kinds]
        # The unit is read after its lists, because the lists of an incident that is gone are empty, and raise no error
        # (alchemy-run's tests).
        absent = self._read(visit, unit.kind, None, _regions_by_view(visit.views))
        is_stale = copy.is_stale or before.is_stale or unit.offset is None
        if not absent and not is_stale and copy.prints == before.prints and _failed(copy) == _failed(before):
            visit.outcome = Visit.AS_BEFORE
            return
        old = [(name, json.loads(text)) for name, text in self.spool.lines(unit.offset)]
        if absent:
            self.fail(copy, *absent)
            visit.outcome, visit.lines = Visit.GONE, old
            copy.missing += [entry for entry in before.missing if entry not in copy.missing]
            copy.prints.clear()
            return
        for kind, listed, items in parts:
            self._read_parts(visit, kind, listed, items)
            # What lists do not contain any more is gone only if no Region finds it.
            old_ids = {record["id"] for name, record in old if name == kind.name and kind.gets}
            for item_id in sorted(old_ids - listed.keys()):
                self._read(visit, kind, item_id, [list(unit.ever)])
        _keep_old(visit, old)

    def fail(self, copy: Copy, place: Place, failure: Failure) -> None:
        """Note a failure. If AWS may return the same later, the copy is stale."""
        copy.is_stale = copy.is_stale or failure.is_transient or failure.code == NOT_FOUND
        copy.missing.append(self.entry(place, failure))

    def entry(self, place: Place, failure: Failure) -> dict[str, Any]:
        """Return a failure as an entry of missing in the manifest."""
        return {
            "kind": place.kind.name,
            "arn": place.arn,
            "id": place.item_id,
            "operation": place.operation or None,
            "region": place.region or None,
            "code": failure.code,
            "reason": shorten(self._mask(failure.reason)),
        }

    def unknown_operations(self) -> list[dict[str, Any]]:
        """Return an entry of missing for each operation that the installed botocore does not know."""
        reason = "the installed botocore does not know this operation"
        failure = Failure("", code=MISSING_LIBRARY, reason=reason)
        return [self.entry(Place(kind, operation, ""), failure) for operation, kind in self.unknown.items()]

    def _list_parts(self, visit: Visit, kind: Kind) -> tuple[Parts, dict[str, dict[str, Any]]]:
        """List the parts of a kind in all Regions that list the unit. Parts that are units are added to ``found`` instead.

        :return: the parts, and the items of kinds that are not read, by fingerprint, under the name of the operation.
        """
        parts: dict[str | None, dict[str, Counter[str]]] = {}
        items: dict[str, dict[str, Any]] = {}
        for operation, parent in kind.lists.items():
            if parent != visit.unit.kind.name or operation in self.unknown:
                continue
            for region in sorted(visit.views):
                visit.place = place = Place(kind, operation, region, visit.unit.arn)
                prints: list[str] = []
                try:
                    for item in (item for page in self.reader.pages(place, visit.deadline) for item in page):
                        item_id, view = item[kind.id] if kind.id else None, fingerprint(item)
                        here = parts.setdefault(item_id, {})
                        # If an object is created during a list, others move to the next page, which returns them again.
                        if item_id and any(region in regions for regions in here.values()):
                            continue
                        here.setdefault(view, Counter())[region] += 1
                        prints.append(view)
                        if is_unit(kind):
                            visit.found.append((kind, item[kind.id or ""], region, view))
                        elif not kind.gets:
                            items[view] = {operation: item}
                except Failure as failure:
                    self.fail(visit.copy, place, failure)
                else:
                    if not is_unit(kind):
                        visit.copy.prints[f"{operation} {region}"] = fingerprint(sorted(prints))
        return ({}, {}) if is_unit(kind) else (parts, items)

    def _read_parts(self, visit: Visit, kind: Kind, listed: Parts, items: Mapping[str, Record]) -> None:
        """Add the parts that lists contain as lines: read them, or take the items as often as the Region that has most."""
        for item_id, views in listed.items():
            if kind.gets:
                absent = self._read(visit, kind, item_id, [list(regions) for regions in views.values()])
                if absent:
                    self.fail(visit.copy, *absent)
                continue
            for view, regions in views.items():
                region, number = regions.most_common(1)[0]
                visit.lines += [_line(visit, kind, item_id, region, items[view])] * number

    def _read(self, visit: Visit, kind: Kind, item_id: str | None, views: Iterable[Sequence[str]]) -> Failed | None:
        """Read an object once for each view of it, and add the records that differ as lines.

        :param item_id: the ID of the part to read; None for the unit itself.
        :param views: for each view, the Regions that have it.
        :return: the failure if no Region finds the object; it is not noted then.
        """
        absent: list[Failed] = []
        found = False
        seen = set()
        for regions in views:
            record: dict[str, Any] = {}
            line_region = ""
            for operation in kind.gets:
                if operation in self.unknown:
                    continue
                response, failed = self._get(visit, Place(kind, operation, "", visit.unit.arn, item_id), regions)
                if response:
                    region, record[operation] = response
                    line_region = line_region or region
                    if not item_id:
                        visit.copy.prints[f"{operation} {region}"] = fingerprint(record[operation])
                if failed and operation == kind.gets[0] and failed[1].code == NOT_FOUND:
                    absent.append(failed)
                    break
                if failed:
                    self.fail(visit.copy, *failed)
                found = True
            if record and fingerprint(record) not in seen:
                seen.add(fingerprint(record))
                visit.lines.append(_line(visit, kind, item_id, line_region, record))
        if absent and not found:
            return absent[0]
        for failed in absent:
            self.fail(visit.copy, *failed)
        return None

    def _get(
        self, visit: Visit, place: Place, regions: Iterable[str]
    ) -> tuple[tuple[str, dict[str, Any]] | None, Failed | None]:
        """Call an operation in the Regions of a view, until one returns something.

        A Region that returns no tags or no policy is believed only if no other one returns any.

        :return: the response with its Region, and the failure if it is not known whether the response is all there is.
        """
        kind, empty = place.kind, None
        failures: list[Failed] = []
        for region in self.reader.healthiest(regions):
            visit.place = place = place._replace(region=region)
            try:
                response = self.reader.get(place, visit.deadline)
            except Failure as failure:
                if failure.code != NOT_FOUND or place.operation not in NONE_IF_NOT_FOUND:
                    failures.append((place, failure))
                continue
            if place.operation == kind.gets[0] or any(response[name] for name in response if name != kind.id):
                return (region, response), None
            empty = empty or (region, response)
        # That something failed is more than that it was not found.
        failures.sort(key=lambda failed: failed[1].code == NOT_FOUND)
        return empty, failures[0] if failures else None


def _regions_by_view(views: Mapping[str, str]) -> list[list[str]]:
    """Return the Regions that list a unit, grouped by what they list."""
    found: dict[str, list[str]] = {}
    for region in sorted(views):
        found.setdefault(views[region], []).append(region)
    return list(found.values())


def _line(visit: Visit, kind: Kind, item_id: str | None, region: str, responses: Record) -> tuple[str, dict[str, Any]]:
    """Return a line of the file of a kind: the unit itself, or a part of it, with the responses that return it."""
    arn = visit.unit.arn
    head = {"arn": arn} if kind is visit.unit.kind else {"parent": arn, **({"id": item_id} if item_id else {})}
    return kind.name, {**head, "region": region, **responses}


def _keep_old(visit: Visit, old: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Add to a new copy what the old one has, and what this visit could not read.

    :param old: the lines of the old copy.
    """
    failed = {(entry["kind"], entry["id"], entry["operation"]) for entry in visit.copy.missing}
    lines: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name, new in visit.lines:
        lines.setdefault((name, _identity(new)), []).append(new)
    for name, record in old:
        item_id, same = record.get("id"), lines.get((name, _identity(record)), [])
        lost = [operation for operation in KINDS[name].gets if (name, item_id, operation) in failed]
        for new in same:
            new.update({operation: record[operation] for operation in lost if operation in record.keys() - new.keys()})
        if KINDS[name].gets:
            is_kept = KINDS[name].gets[0] in lost and all(new["region"] != record["region"] for new in same)
        else:
            is_kept = not same and any((name, None, operation) in failed for operation in KINDS[name].lists)
        if is_kept:
            visit.lines.append((name, record))


def _identity(record: Record) -> str:
    """Return what identifies a line in its file: the ARN or the ID of the object, or else all of it but the Region."""
    return record.get("arn") or record.get("id") or fingerprint({**record, "region": ""})
