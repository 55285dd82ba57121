# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visits of a unit: what its lists and its reads return in all Regions that have it. export.py says when a unit is visited.

What was read is given up only for an answer: a Region has a newer record of the same object, or says that it does not have the
object. A failure is no answer, and neither is an empty response where there was data, nor a Region that does not have the unit
any more.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence, Tuple

from .._aws.errors import NOT_FOUND, Failure
from .files import Copy, Spool, fingerprint
from .kinds import KINDS, NONE_IF_NOT_FOUND, Kind, is_unit
from .read import Listing, Place, Reader, missing_entry

if TYPE_CHECKING:
    from .files import Record

# What a call has failed with.
Failed = Tuple[Place, Failure]

#: The view of a Region that has listed an object, and does not list it any more.
UNLISTED = ""

# The Regions that have an object, each with the fingerprint of the item that its list contains, or UNLISTED.
Views = Mapping[str, str]


class Unit:
    """
    An object that is read and compared as a whole, with its parts, such as an incident with its timeline events.

    :ivar views: its Regions. A Region that does not list the unit any more, and does not find it, is removed.
    :ivar offset: the offset of its newest copy in the spool; None if it was not read yet.
    :ivar is_settled: whether the last visit has found the same as the one before, or that it is gone.
    :ivar problem: why the export is incomplete because of the unit, apart from what its copy says.
    :ivar change: why it is in changes of the manifest: came, went or changed; None for no change.
    """

    __slots__ = ("arn", "change", "is_settled", "kind", "offset", "problem", "views")

    def __init__(self, kind: Kind, arn: str, views: Views) -> None:
        self.kind = kind
        self.arn = arn
        self.views = views
        self.offset: int | None = None
        self.is_settled = False
        self.problem: Failed | None = None
        self.change: str | None = None


class Item(NamedTuple):
    """An item of a list: its ID (None if it has none), its fingerprint, and itself if the object is not read."""

    id: str | None
    view: str
    body: dict[str, Any] | None


class Line(NamedTuple):
    """
    A line of the file of a kind.

    :ivar regions: the Regions that it speaks for.
    :ivar lost: the operations that have failed, or have returned an empty response.
    """

    kind: str
    record: dict[str, Any]
    regions: Iterable[str] = ()
    lost: Iterable[str] = ()

    @property
    def content(self) -> str:
        """The fingerprint of what it contains, from whichever Region."""
        return fingerprint({**self.record, "region": "", "kind": self.kind})


class Visit:
    """
    A visit of a unit. A worker fills it in.

    :ivar deadline: a time of time.monotonic(). No call is made after it.
    :ivar copy: what was read.
    :ivar lines: the lines of the copy.
    :ivar returned: the objects that were read: their kinds, IDs and Regions.
    :ivar gone: the parts that a Region does not find: the same. For a kind without reads, the ID is None: the list was complete.
    :ivar absent: the Regions that do not find the unit.
    :ivar is_as_before: whether the visit has found what the last one had found. The parts were not read.
    """

    def __init__(self, unit: Unit, deadline: float) -> None:
        self.unit = unit
        self.views = dict(unit.views)
        self.deadline = deadline
        self.copy = Copy({}, [])
        self.lines: list[Line] = []
        self.returned: set[tuple[str, str | None, str]] = set()
        self.gone: set[tuple[str, str | None, str]] = set()
        self.absent: dict[str, Failed] = {}
        self.is_as_before = False

    def not_found(self) -> Failed | None:
        """Return the failure if no Region finds the unit."""
        return next(iter(self.absent.values()), None) if self.absent.keys() == self.views.keys() else None


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
        self.mask = mask
        operations = ((kind, operation) for kind in KINDS.values() for operation in (*kind.lists, *kind.gets))
        self.unknown = {operation: kind for kind, operation in operations if not reader.knows(kind, operation)}

    def run(self, visit: Visit) -> None:
        """List the parts of a unit, and read the unit. If something differs from the last visit, read the parts too."""
        unit, copy = visit.unit, visit.copy
        kinds = [kind for kind in KINDS.values() if unit.kind.name in kind.lists.values() and not is_unit(kind)]
        listings = [one for kind in kinds for one in self.listings(kind, unit.kind.name, unit.arn, visit.views)]
        for listing in listings:
            self.read_list(listing, visit.deadline)
        # The unit is read after its lists, because the lists of an incident that is gone are empty, and raise no error
        # (alchemy-run's tests).
        self._read(visit, unit.kind, None, visit.views)
        for listing in listings:
            self._note(visit, listing)
        before = self.spool.copy(unit.offset)
        is_stale = copy.is_stale or before.is_stale or unit.offset is None
        visit.is_as_before = not is_stale and copy.prints == before.prints
        if visit.not_found() or visit.is_as_before:
            return
        old = [Line(name, json.loads(text)) for name, text in self.spool.lines(unit.offset)]
        # Parts without reads come first, because the time limit can end the reads.
        for kind in sorted(kinds, key=lambda kind: bool(kind.gets)):
            lists = [listing for listing in listings if listing.place.kind is kind]
            if kind.gets:
                self._read_parts(visit, kind, lists, [line.record for line in old if line.kind == kind.name])
            else:
                _take_parts(visit, lists)
        self._keep(visit, old)

    def late(self, visit: Visit) -> Visit:
        """Return a visit that has not ended in time as if its calls had failed at the deadline, with what was read before."""
        late = Visit(visit.unit, deadline=0)
        self.run(late)
        late.lines = list(visit.lines)
        return late

    def read_list(self, listing: Listing, deadline: float) -> None:
        """Read a list. Of objects that are read one by one, the items are not kept."""
        kind = listing.place.kind

        def take(item: dict[str, Any]) -> Item:
            return Item(item[kind.id] if kind.id else None, fingerprint(item), None if kind.gets else item)

        self.reader.read_list(listing, deadline, take)

    def listings(self, kind: Kind, parent: str | None, arn: str | None, regions: Iterable[str]) -> list[Listing]:
        """Return the lists of a kind, before they are read.

        :param parent: the kind of the object with the ARN, whose parts are listed; None to list all objects in each Region.
        """
        operations = [name for name, of in kind.lists.items() if of == parent and name not in self.unknown]
        return [Listing(Place(kind, name, region, arn)) for name in operations for region in sorted(regions)]

    def _fail(self, visit: Visit, place: Place, failure: Failure) -> None:
        """Note a failure. If AWS may return the same later, the copy is stale."""
        visit.copy.is_stale = visit.copy.is_stale or is_open(failure)
        visit.copy.missing.append(missing_entry(place, failure, self.mask))

    def _note(self, visit: Visit, listing: Listing) -> None:
        """Note what a list of parts says. If its Region does not have the unit, it says nothing."""
        place, region = listing.place, listing.place.region
        if region in visit.absent:
            return
        if listing.failure:
            self._fail(visit, place, listing.failure)
            return
        prints = sorted({item.view for item in items_of(listing)})
        visit.copy.prints[f"{place.operation} {region}"] = fingerprint(prints) if listing.is_answer else ""
        if listing.is_answer and not place.kind.gets:
            visit.gone.add((place.kind.name, None, region))

    def _read_parts(self, visit: Visit, kind: Kind, listings: Iterable[Listing], old: Iterable[Record]) -> None:
        """Read the parts of a kind that the lists contain.

        What the lists do not contain any more is gone only if the Regions do not find it.

        :param old: the records of the last copy.
        """
        parts: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for listing in listings:
            for item in items_of(listing):
                parts[item.id or ""][listing.place.region] = item.view
        present = visit.views.keys() - visit.absent.keys()
        for record in old:
            part = parts[record["id"]]
            # If its Region does not list it any more, any of them may have it.
            for region in () if part.get(record["region"]) else present:
                part.setdefault(region, UNLISTED)
        for item_id, views in parts.items():
            self._read(visit, kind, item_id, views)

    def _read(self, visit: Visit, kind: Kind, item_id: str | None, views: Views) -> None:
        """Read an object once for each view of it, and add the records as lines.

        :param item_id: the ID of the part to read; None for the unit itself.
        """
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for region in sorted(views):
            groups[views[region] or region].append(region)
        absent: dict[str, Failed] = {}
        for regions in groups.values():
            failed = self._read_version(visit, Place(kind, "", "", visit.unit.arn, item_id), regions)
            absent.update(dict.fromkeys(regions, failed) if failed else {})
        if not item_id:
            visit.absent = absent
            if visit.not_found():
                return
        for name, regions in groups.items():
            failed = absent.get(regions[0])
            if failed and views[regions[0]]:
                self._fail(visit, *failed)
            elif failed and item_id:
                visit.gone.add((kind.name, item_id, name))

    def _read_version(self, visit: Visit, place: Place, regions: Sequence[str]) -> Failed | None:
        """Read an object from Regions that list it alike, and add its line.

        :return: the failure if no Region finds the object; it is not noted then.
        """
        kind, item_id = place.kind, place.id
        record: dict[str, Any] = {}
        line_region, lost = "", []
        for operation in (name for name in kind.gets if name not in self.unknown):
            region, response, failed = self._get(visit, place._replace(operation=operation), regions)
            if failed and operation == kind.gets[0] and failed[1].code == NOT_FOUND:
                return failed
            if failed:
                self._fail(visit, *failed)
            if failed or response == {}:
                lost.append(operation)
            if region and not item_id:
                visit.copy.prints[f"{operation} {region}"] = "" if response == {} else fingerprint(response)
            if response is not None:
                line_region, record[operation] = line_region or region, response
        is_read = kind.gets[0] in record
        if is_read:
            visit.returned |= {(kind.name, item_id, region) for region in regions}
        # Without its first response, a line is not worth more than an older one.
        if is_read or (record and visit.unit.offset is None):
            line = _line(visit, kind, item_id, line_region, record)
            visit.lines.append(line._replace(regions=regions, lost=lost))
        return None

    def _get(
        self, visit: Visit, place: Place, regions: Iterable[str]
    ) -> tuple[str, dict[str, Any] | None, Failed | None]:
        """Call an operation in the Regions of a view, until one returns something.

        A Region that returns no tags or no policy is believed only if no other one returns any.

        :return: the Region, its response (None if it says that there is none), and the failure if it is not known whether the
            response is all there is. Without a response, the Region is empty.
        """
        empty: tuple[str, dict[str, Any] | None] = ("", None)
        failures: list[Failed] = []
        for region in self.reader.healthiest(regions):
            place = place._replace(region=region)
            try:
                response = self.reader.get(place, visit.deadline)
            except Failure as failure:
                if failure.code != NOT_FOUND or place.operation not in NONE_IF_NOT_FOUND:
                    failures.append((place, failure))
                elif not empty[0]:
                    empty = region, None
                continue
            if place.operation == place.kind.gets[0] or any(
                response[name] for name in response if name != place.kind.id
            ):
                return region, response, None
            if not empty[1]:
                empty = region, response
        # That something failed is more than that it was not found.
        failures.sort(key=lambda failed: failed[1].code == NOT_FOUND)
        return (*empty, failures[0] if failures else None)

    def _keep(self, visit: Visit, old: Iterable[Line]) -> None:
        """Remove lines that Regions have in common. Add what the last copy has and no answer has replaced.

        That a Region does not have a part is an answer only if it has the unit after that: the parts of an incident that is deleted
        are gone too, and the other Regions may be behind.

        :param old: the lines of the last copy.
        """
        unit, present = visit.unit, visit.views.keys() - visit.absent.keys()
        has_unit: dict[str, bool] = {}

        def is_answered(line: Line, region: str) -> bool:
            name, item_id = line.kind, line.record.get("id") if KINDS[line.kind].gets else None
            if (name, item_id, region) not in visit.gone:
                return (name, item_id, region) in visit.returned
            if region not in has_unit:
                place = Place(unit.kind, unit.kind.gets[0], region, unit.arn)
                try:
                    has_unit[region] = bool(self.reader.get(place, visit.deadline))
                except Failure:
                    has_unit[region] = False
            return has_unit[region]

        kept = []
        for line in old:
            region, part = line.record["region"], (line.kind, line.record.get("id"))
            if (*part, region) not in visit.returned:
                kept.append(line)
                continue
            for newer in visit.lines:
                if (newer.kind, newer.record.get("id")) == part and region in newer.regions:
                    newer.record.update({name: line.record[name] for name in newer.lost if name in line.record})
        contents: set[str] = set()
        lines, visit.lines = visit.lines, []
        for line in lines:
            content = line.content
            if content not in contents or not KINDS[line.kind].gets:
                visit.lines.append(line)
            contents.add(content)
        for line in kept:
            regions = {line.record["region"], *present}
            if line.content not in contents and not all(is_answered(line, region) for region in regions):
                visit.lines.append(line)


def is_open(failure: Failure) -> bool:
    """Return whether AWS may return something else later."""
    return failure.is_transient or failure.code == NOT_FOUND


def items_of(listing: Listing) -> Iterator[Item]:
    """Yield the items of a list.

    If an object is created during a list, others move to the next page, which returns them again.
    """
    seen: set[tuple[str, str]] = set()
    for page in listing.pages:
        new = [item for item in page if not item.id or (item.id, item.view) not in seen]
        seen |= {(item.id, item.view) for item in new}
        yield from new


def _take_parts(visit: Visit, listings: Iterable[Listing]) -> None:
    """Add the items of the lists of a kind as lines, each as often as the Region lists it that lists it most often."""
    taken: Counter[str] = Counter()
    for listing in listings:
        place, numbers = listing.place, Counter[str]()
        for item in items_of(listing):
            numbers[item.view] += 1
            if numbers[item.view] > taken[item.view]:
                taken[item.view] += 1
                visit.lines.append(_line(visit, place.kind, item.id, place.region, {place.operation: item.body}))


def _line(visit: Visit, kind: Kind, item_id: str | None, region: str, responses: Record) -> Line:
    """Return a line of the file of a kind: the unit itself, or a part of it, with the responses that return it."""
    arn = visit.unit.arn
    head = {"arn": arn} if kind is visit.unit.kind else {"parent": arn, **({"id": item_id} if item_id else {})}
    return Line(kind.name, {**head, "region": region, **responses})
