# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exporting what a replication set holds: everything is read, looked at once more, and what differs is read again.

An object of a kind that is_unit() knows is read as a whole, with its parts: an incident with its timeline events, a contact
with its channels. What all lists say of it is added up to a fingerprint, so that the second look needs no more memory
than a few hundred bytes for each such object.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timezone
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple

from .._aws.arn import is_account_id
from .._aws.errors import (
    EXPORT_INCOMPLETE,
    MALFORMED_ANSWER,
    NOT_FOUND,
    REPLICATION_SET_CHANGED,
    WAIT_TIMEOUT,
    AnsibleSSMIncidentsError,
)
from .._aws.text import shorten
from .._incident_data.contents import PARTS
from .._replication_set.facts import iso_time
from .kinds import (
    FORMAT_VERSION,
    KINDS,
    LEVELS,
    NONE_IF_NOT_FOUND,
    NOT_INCLUDED,
    REPLICATION_SET,
    Kind,
    is_unit,
    periods,
    sub_lists,
)
from .lines import fingerprint
from .reads import Reads
from .store import CHANGES, MISSING, Store
from .work import Task, carry_out

if TYPE_CHECKING:
    from .._aws.connection import Connection
    from .folder import NewFolder

# The three readings: of everything, of the lists once more, and of what differs.
_FIRST, _SECOND, _AGAIN = range(3)

#: So many of what could not be read are returned. The manifest has all.
MAX_RETURNED = 20

# So many of them, by operation, code and Region, are in the message.
_MAX_GROUPS = 5


class Unit:
    """
    An object that is read and compared as a whole.

    :ivar listed: for the first and the second reading, the operations and Regions that listed it, as bits.
    :ivar prints: for the first and the second reading, the sum of the fingerprints of all that lists said of it.
    :ivar parts: for each of the three readings, the sum of the fingerprints of what lists of its parts have.
    :ivar is_doubtful: whether AWS listed it, or a part of it, and did not find it afterwards.
    :ivar is_incomparable: whether a list of its parts failed, so that its fingerprints differ anyway.
    :ivar failed: the readings in which something of it could not be read, which the manifest says.
    :ivar is_read: whether it was found when it was read.
    :ivar is_gone: whether it was not found any more.
    """

    __slots__ = (
        "arn",
        "failed",
        "is_doubtful",
        "is_gone",
        "is_incomparable",
        "is_read",
        "kind",
        "listed",
        "parts",
        "prints",
    )

    def __init__(self, kind: Kind, arn: str) -> None:
        self.kind = kind
        self.arn = arn
        self.listed = [0, 0]
        self.prints = [0, 0]
        self.parts = [0, 0, 0]
        self.is_doubtful = False
        self.is_incomparable = False
        self.failed: tuple[int, ...] = ()
        self.is_read = False
        self.is_gone = False


class Place(NamedTuple):
    """What a call is about, as far as it is known: a list of a Region is about no object."""

    kind: Kind
    operation: str
    region: str
    unit: Unit | None = None
    item_id: str | None = None


class Seen:
    """What the lists of the parts of one object have returned, in all Regions."""

    def __init__(self) -> None:
        self.taken: Counter[Any] = Counter()
        self.in_region: dict[str, Counter[Any]] = {}


class Summary(NamedTuple):
    """
    The result of an export.

    :ivar complete: whether everything was read.
    :ivar counts: the number of objects of each kind.
    :ivar missing: the first of what could not be read, each with kind, arn, id, operation, region and code.
    :ivar missing_count: how much could not be read.
    :ivar missing_by: how often, by operation, code and Region.
    :ivar changes_count: how many objects came, went or changed meanwhile.
    """

    complete: bool
    counts: dict[str, int]
    missing: list[dict[str, Any]]
    missing_count: int
    missing_by: Mapping[tuple[str, str, str], int]
    changes_count: int


class Export:
    """
    An export.

    :param arn: the set's ARN.
    :param regions: all Regions of the set.
    :param home: the one that returned the set.
    :param folder: where the files are written.
    :param workers: how many calls are made at a time.
    :param deadline: a time of time.monotonic(), after which no call is made.
    :raises AnsibleSSMIncidentsError: if a client can't be made, or a file can't be written.
    """

    def __init__(
        self,
        connection: Connection,
        arn: str,
        regions: Iterable[str],
        home: str,
        folder: NewFolder,
        workers: int,
        deadline: float,
    ) -> None:
        self._mask: Callable[[Any], Any] = connection.mask
        self._arn = arn
        self._account_id = arn.split(":")[4]
        self._regions = sorted(regions)
        self._started = _now()
        self._periods = periods(self._started)
        self._workers = workers
        self._deadline = deadline
        self._reads = Reads(connection, self._regions, deadline)
        self._store = Store(folder)
        # Of the members below.
        self._lock = Lock()
        the_set = Unit(REPLICATION_SET, arn)
        self._units: dict[str, Unit] = {arn: the_set}
        self._bits: dict[tuple[str, str], int] = {}
        the_set.listed[_FIRST] = self._bit("", home)
        self._again: dict[str, str] = {}
        self._failed_lists: set[tuple[str | None, str, str]] = set()
        self._unsure_kinds: set[str] = set()
        self._shared: set[tuple[str, str]] = set()
        self._missing: list[dict[str, Any]] = []
        self._missing_by: Counter[tuple[str, str, str]] = Counter()
        self._changes = 0
        self._unknown_operations = self._find_unknown_operations()

    def run(self) -> Summary:
        """Read everything, and write all files.

        What can't be read is no error, but named in the manifest.

        :raises AnsibleSSMIncidentsError: if a file can't be written.
        """
        try:
            return self._run()
        finally:
            # A thread whose call hangs can't write into a folder that is not there any more.
            self._store.stop()

    def _run(self) -> Summary:
        self._read(_FIRST)
        if time.monotonic() < self._deadline:
            self._read(_SECOND)
            self._compare()
            self._read(_AGAIN)
        else:
            self._note_missing(Place(REPLICATION_SET, "", ""), _too_late(_SECOND))
        outdated, useless = self._results_of_reading_again()
        self._store.close()
        complete = not self._missing_by
        self._store.replace(outdated, useless)
        counts = self._store.write_manifest(self._manifest(complete))
        return Summary(complete, counts, self._missing, sum(self._missing_by.values()), self._missing_by, self._changes)

    def _manifest(self, complete: bool) -> dict[str, Any]:
        return {
            "format_version": FORMAT_VERSION,
            "account_id": self._account_id,
            "replication_set_arn": self._arn,
            "regions": self._regions,
            "started": self._started,
            "ended": _now(),
            "complete": complete,
            "not_included": list(NOT_INCLUDED),
            "periods": {
                kind.name: dict(zip(("start", "end"), self._periods[kind.times]))
                for kind in KINDS.values()
                if kind.times
            },
            "shared_by_other_accounts": dict(Counter(kind for kind, _arn in sorted(self._shared))),
        }

    # Readings -----------------------------------------------------------------------------------------------------

    def _read(self, reading: int) -> None:
        """Carry out one of the three readings."""
        if reading != _AGAIN:
            self._carry_out(self._region_lists(reading), reading)
        for level in LEVELS:
            self._carry_out(self._unit_tasks(level, reading), reading)

    def _carry_out(self, tasks: Iterable[Task], reading: int) -> None:
        for task in carry_out(tasks, self._workers, self._deadline):
            self._fail(task.what, _too_late(reading), reading)

    def _region_lists(self, reading: int) -> Iterator[Task]:
        for kind in KINDS.values():
            for operation, parent in kind.lists.items():
                for region in self._regions:
                    place = Place(kind, operation, region)
                    if parent is None and self._is_listable(place, reading):
                        yield self._list_task(place, reading, Seen())

    def _is_listable(self, place: Place, reading: int) -> bool:
        """Tell whether a list is to be made: one that has failed is named already, and needs no second look."""
        arn = place.unit.arn if place.unit else None
        has_failed = (arn, place.operation, place.region) in self._failed_lists
        return place.operation not in self._unknown_operations and not (reading == _SECOND and has_failed)

    def _unit_tasks(self, level: Iterable[Kind], reading: int) -> Iterator[Task]:
        """Yield the tasks for all objects of some kinds that are known now."""
        for arn in list(self._units):
            unit = self._units[arn]
            if unit.kind not in level:
                continue
            if (reading == _FIRST and unit.listed[_FIRST]) or (reading == _AGAIN and arn in self._again):
                yield self._unit_task(unit, self._read_unit, reading)
            elif reading == _SECOND and self._is_listed_again(unit):
                yield self._unit_task(unit, self._look_at_unit, reading)

    def _is_listed_again(self, unit: Unit) -> bool:
        return unit.kind is REPLICATION_SET or bool(unit.listed[_FIRST] and unit.listed[_SECOND])

    def _unit_task(self, unit: Unit, run: Callable[[Unit, int], list[Task]], reading: int) -> Task:
        operation = unit.kind.gets[0] if run == self._read_unit else next(iter(unit.kind.lists), unit.kind.gets[0])
        return Task(Place(unit.kind, operation, self._home(unit), unit), partial(run, unit, reading))

    def _read_unit(self, unit: Unit, reading: int) -> list[Task]:
        """Read an object, and return the tasks that list its parts."""
        record = self._get(Place(unit.kind, "", self._home(unit), unit), reading)
        if unit.is_gone:
            return []
        unit.is_read = True
        if record:
            self._write(unit.kind, {"arn": unit.arn, "region": self._home(unit), **record}, reading)
        if unit.kind is REPLICATION_SET and reading == _FIRST:
            unit.prints[_FIRST] = fingerprint(record)
        return self._part_lists(unit, reading)

    def _look_at_unit(self, unit: Unit, reading: int) -> list[Task]:
        """Return the tasks that list the parts of an object once more. The set itself is in no list: it is read."""
        if unit.kind is REPLICATION_SET:
            self._look_at_set(unit)
        return self._part_lists(unit, reading)

    def _look_at_set(self, unit: Unit) -> None:
        record = self._get(Place(unit.kind, "", self._home(unit), unit), _SECOND)
        if unit.is_gone:
            return
        unit.listed[_SECOND] = unit.listed[_FIRST]
        unit.prints[_SECOND] = fingerprint(record)
        for region in record.get("GetReplicationSet", {}).get("replicationSet", {}).get("regionMap") or {}:
            if region not in self._regions:
                reason = f"Region {region} was added to the set during the export, and was not asked"
                failure = AnsibleSSMIncidentsError("", code=REPLICATION_SET_CHANGED, reason=reason)
                self._note_missing(Place(unit.kind, "GetReplicationSet", region, unit), failure)

    def _get(self, about: Place, reading: int) -> dict[str, Any]:
        """Return the responses of all operations that read an object, by operation.

        :param about: the object, which is a part of the unit if it has an item_id.
        """
        kind, unit, item_id = about.kind, about.unit, about.item_id
        if unit is None:
            raise AssertionError("only an object that is known is read")
        record = {}
        for operation in kind.gets:
            place = about._replace(operation=operation)
            if operation in self._unknown_operations:
                continue
            try:
                record[operation] = self._reads.get(
                    kind, operation, about.region, item_id or unit.arn, unit.arn if item_id else None
                )
            except AnsibleSSMIncidentsError as failure:
                if failure.code != NOT_FOUND:
                    self._fail(place, failure, reading)
                elif operation in NONE_IF_NOT_FOUND:
                    pass
                elif item_id is None and operation == kind.gets[0] and (unit.is_read or reading != _AGAIN):
                    unit.is_doubtful = unit.is_gone = True
                    return {}
                else:
                    self._doubt(place, failure, reading)
        return record

    # Lists --------------------------------------------------------------------------------------------------------

    def _part_lists(self, unit: Unit, reading: int) -> list[Task]:
        """Return the tasks that list the parts of an object, in each Region that has listed it.

        Lists of an incident that does not exist are empty (alchemy-run's tests): the incident is looked at first.
        """
        tasks = []
        for kind, operation in sub_lists(unit.kind):
            seen = Seen()
            places = [Place(kind, operation, region, unit) for region in self._regions_of(unit)]
            tasks += [self._list_task(place, reading, seen) for place in places if self._is_listable(place, reading)]
        return tasks

    def _list_task(self, place: Place, reading: int, seen: Seen, tokens: tuple[str, ...] = ()) -> Task:
        return Task(place, partial(self._list, place, reading, seen, tokens))

    def _list(self, place: Place, reading: int, seen: Seen, tokens: tuple[str, ...]) -> list[Task]:
        """Read a page, and return the tasks that follow from it: those for its items, and the next page."""
        kind, operation, region, unit = place[:4]
        token = tokens[-1] if tokens else None
        period = self._periods[kind.times] if kind.times else None
        try:
            page = self._reads.page(kind, operation, region, unit.arn if unit else None, token, period)
            if page.token is not None and page.token in tokens:
                raise AnsibleSSMIncidentsError(
                    f"Failed to call {operation}",
                    code=MALFORMED_ANSWER,
                    reason="the list does not end: a page comes again",
                )
        except AnsibleSSMIncidentsError as failure:
            if failure.code == NOT_FOUND and unit:
                self._doubt(place, failure, reading)
            else:
                self._fail(place, failure, reading)
            return []
        tasks = []
        for item in page.items:
            tasks += self._take(place, item, reading, seen)
        if page.token is not None:
            tasks.append(self._list_task(place, reading, seen, (*tokens, page.token)))
        return tasks

    def _take(self, place: Place, item: dict[str, Any], reading: int, seen: Seen) -> list[Task]:
        """Take an item of a list, if it is not known yet, and return the tasks that read it."""
        kind, operation, region, unit = place[:4]
        item_id = item[kind.id] if kind.id else None
        key = item_id or fingerprint(item)
        with self._lock:
            here = seen.in_region.setdefault(region, Counter())
            here[key] += 1
            # An object that others are created before moves to the next page, which lists it again.
            if item_id and here[key] > 1:
                return []
            if unit:
                unit.parts[reading] += fingerprint(operation, region, item)
            if unit and reading != _AGAIN:
                unit.prints[reading] += fingerprint(operation, region, item)
            if is_unit(kind):
                self._register(place, item, reading)
                return []
            is_new = here[key] > seen.taken[key]
            seen.taken[key] += is_new
        if not is_new or reading == _SECOND or unit is None:
            return []
        if not kind.gets:
            self._write(kind, {**_part(unit, item_id, region), operation: item}, reading)
            return []
        part = Place(kind, kind.gets[0], region, unit, item_id)
        return [Task(part, partial(self._read_part, part, reading))]

    def _read_part(self, part: Place, reading: int) -> list[Task]:
        record = self._get(part, reading)
        if record and part.unit:
            self._write(part.kind, {**_part(part.unit, part.item_id, part.region), **record}, reading)
        return []

    def _register(self, place: Place, item: dict[str, Any], reading: int) -> None:
        """Remember that a list has an object. The lock is held."""
        arn = item[place.kind.id or ""]
        if is_account_id(arn.split(":")[4]) and arn.split(":")[4] != self._account_id:
            # It belongs to the other account's replication set.
            self._shared.add((place.kind.name, arn))
            return
        unit = self._units.get(arn)
        if unit is None:
            unit = self._units[arn] = Unit(place.kind, arn)
            if reading == _AGAIN:
                self._again[arn] = "came"
        which = min(reading, _SECOND)
        if reading != _AGAIN or arn in self._again:
            unit.listed[which] |= self._bit(place.operation, place.region)
        if reading != _AGAIN:
            unit.prints[which] += fingerprint(place.operation, place.region, item)

    # Looking again ------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Find what came, went or changed between the first and the second reading."""
        for arn, unit in list(self._units.items()):
            first, second = unit.listed
            is_sure = unit.kind.name not in self._unsure_kinds
            differs = is_sure and not unit.is_incomparable and unit.prints[_FIRST] != unit.prints[_SECOND]
            if is_sure and not second:
                self._note_gone(unit)
            elif is_sure and not first:
                self._again[arn] = "came"
            elif unit.is_doubtful or differs:
                # What was listed and not found has no first reading.
                self._again[arn] = "changed" if unit.is_read else "came"
            unit.is_gone = False

    def _results_of_reading_again(self) -> tuple[set[str], set[str]]:
        """Return the ARNs of the objects whose first reading is outdated, and of those whose second one is useless."""
        outdated: set[str] = set()
        useless: set[str] = set()
        for arn, change in list(self._again.items()):
            unit = self._units[arn]
            # A reading that is older and complete is better than one that is not.
            is_worse = _AGAIN in unit.failed and unit.is_read and _FIRST not in unit.failed
            if unit.is_gone:
                self._note_gone(unit)
                useless.add(arn)
            elif change == "changed" and not unit.is_incomparable and unit.parts[_AGAIN] != unit.parts[_SECOND]:
                # It was deleted, or changed once more, or a Region is late: what was read first is not given up for that.
                self._note_change(unit, change, exported=False)
                self._note_missing(
                    Place(unit.kind, "", "", unit), _unstable("it changed again while it was read again")
                )
                useless.add(arn)
            elif change == "changed":
                self._note_change(unit, change, exported=not is_worse)
                (useless if is_worse else outdated).add(arn)
            else:
                self._note_change(unit, change, exported=unit.is_read)
        return outdated, useless

    # What went wrong ----------------------------------------------------------------------------------------------

    def _find_unknown_operations(self) -> set[str]:
        unknown = set()
        for kind in KINDS.values():
            for operation in (*kind.lists, *kind.gets):
                failure = self._reads.missing_operation(kind, operation)
                if failure:
                    unknown.add(operation)
                    self._note_missing(Place(kind, operation, ""), failure)
        return unknown

    def _doubt(self, place: Place, failure: AnsibleSSMIncidentsError, reading: int) -> None:
        """Take note that something was listed and is not found, which the next reading explains or else is a failure."""
        if reading == _AGAIN:
            self._fail(place, failure, reading)
        elif place.unit:
            place.unit.is_doubtful = True

    def _fail(self, place: Place, failure: AnsibleSSMIncidentsError, reading: int) -> None:
        unit = place.unit
        with self._lock:
            if unit and reading not in unit.failed:
                unit.failed = (*unit.failed, reading)
            if place.operation in place.kind.lists:
                self._failed_lists.add((unit.arn if unit else None, place.operation, place.region))
                if unit:
                    unit.is_incomparable = True
                if is_unit(place.kind):
                    self._unsure_kinds.add(place.kind.name)
        self._note_missing(place, failure)

    def _note_missing(self, place: Place, failure: AnsibleSSMIncidentsError) -> None:
        facts = {
            "kind": place.kind.name,
            "arn": place.unit.arn if place.unit else None,
            "id": place.item_id,
            "operation": place.operation or None,
            "region": place.region or None,
            "code": failure.code,
        }
        self._store.note(MISSING, {**facts, "reason": shorten(self._mask(failure.reason))})
        with self._lock:
            self._missing_by[place.operation, failure.code, place.region] += 1
            if len(self._missing) < MAX_RETURNED:
                self._missing.append(facts)

    def _note_gone(self, unit: Unit) -> None:
        # Lists of the parts of what does not exist are empty (alchemy-run's tests).
        self._note_change(unit, "went", exported=unit.is_read and not sub_lists(unit.kind))
        if unit.kind is REPLICATION_SET:
            self._note_missing(Place(unit.kind, "", "", unit), _unstable("it was deleted during the export"))

    def _note_change(self, unit: Unit, change: str, exported: bool) -> None:
        """Take note of a change for the manifest.

        :param exported: whether the files have the object as it was after the change or, if it went, before.
        """
        self._store.note(CHANGES, {"kind": unit.kind.name, "arn": unit.arn, "change": change, "exported": exported})
        self._changes += 1

    # Regions ------------------------------------------------------------------------------------------------------

    def _bit(self, operation: str, region: str) -> int:
        return self._bits.setdefault((operation, region), 1 << len(self._bits))

    def _regions_of(self, unit: Unit) -> list[str]:
        """Return the Regions that have listed an object, in the order of their names."""
        listed = unit.listed[_FIRST] | unit.listed[_SECOND]
        return sorted({region for (_operation, region), bit in self._bits.items() if bit & listed})

    def _home(self, unit: Unit) -> str:
        """Return the Region in which an object is read."""
        return self._regions_of(unit)[0]

    def _write(self, kind: Kind, record: Mapping[str, Any], reading: int) -> None:
        self._store.write(kind.name, record, again=reading == _AGAIN)


def _part(unit: Unit, item_id: str | None, region: str) -> dict[str, str]:
    """Return the first members of the line of a part."""
    return {"parent": unit.arn, **({"id": item_id} if item_id else {}), "region": region}


def _too_late(reading: int) -> AnsibleSSMIncidentsError:
    what = "it was not looked at once more" if reading == _SECOND else "it was not read"
    return AnsibleSSMIncidentsError("", code=WAIT_TIMEOUT, reason=f"{what} within the time limit")


def _unstable(reason: str) -> AnsibleSSMIncidentsError:
    return AnsibleSSMIncidentsError("", code=REPLICATION_SET_CHANGED, reason=reason)


def _now() -> str:
    return iso_time(datetime.now(timezone.utc))


def incomplete(arn: str, missing_by: Mapping[tuple[str, str, str], int]) -> AnsibleSSMIncidentsError:
    """Return the failure of an export to which something is missing.

    It names what was called and AWS's code, and quotes no message: these can be about people.

    :param missing_by: as of a Summary.
    """
    counted = sorted(missing_by.items(), key=lambda item: (-item[1], item[0]))
    groups = [
        f"{operation or 'the second look'}{f' in Region {region}' if region else ''} ({code}{f', {number} times' if number > 1 else ''})"
        for (operation, code, region), number in counted[:_MAX_GROUPS]
    ]
    more = len(counted) - len(groups)
    return AnsibleSSMIncidentsError(
        f"Failed to export everything that the replication set {arn} holds",
        code=EXPORT_INCOMPLETE,
        reason=f"{', '.join(groups)}{f' and {more} more' if more else ''} failed. Nothing was written",
    )


def summary_of_counts(data: Mapping[str, Any]) -> Summary:
    """Return what data_counts() has counted as the result of an export that was not made."""
    missing = [
        {
            "kind": one["part"],
            "arn": None,
            "id": None,
            "operation": "".join(word.title() for word in PARTS[one["part"]].operation.split("_")),
            "region": one["region"],
            "code": one["code"],
        }
        for one in data["missing"]
    ]
    missing_by = Counter((one["operation"], one["code"], one["region"]) for one in missing)
    return Summary(data["complete"], data["counts"], missing[:MAX_RETURNED], len(missing), missing_by, 0)
