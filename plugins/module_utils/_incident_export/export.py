# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports what a replication set holds to files.

A unit is an object that the export reads and compares as a whole, with its parts: an incident with its timeline events, a
contact with its contact channels (see kinds.py and unit.py). An export has three phases:

1. FIRST makes the lists of all Regions, reads each object that they contain, lists and reads the parts of the objects, and
   writes everything to the files.
2. SECOND makes all lists again, but reads no object except the replication set. For each unit, it compares the fingerprints of
   all items that the lists have returned in the two phases.
3. AGAIN reads each unit that was created or changed, or that could not be read because of a temporary error. It also reads units
   that are no longer listed, to find out whether they were deleted. At the end, what AGAIN has read replaces the older records
   of a unit, if it is not worse.

Each list and each object is a task of work.py, and several threads run the tasks. A failure is noted in a file. After the
last phase, a failure that a later phase has settled is dropped, and all others are written to the manifest.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timezone
from enum import Enum, auto
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._aws.arn import is_of_another_account
from .._aws.errors import (
    EXPORT_INCOMPLETE,
    NOT_FOUND,
    REPLICATION_SET_CHANGED,
    WAIT_TIMEOUT,
    Failure,
)
from .._aws.text import iso_time, shorten
from .._incident_data.api import MAX_PAGES, endless_list
from .._incident_data.contents import PARTS
from .._replication_set.service import DELETING
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
    units_below,
)
from .lines import fingerprint
from .reads import Reads
from .store import CHANGES, MISSING, Store
from .unit import AGAIN, CAME, FIRST, LATE, SECOND, WENT, Unit, compare, result_of_reading_again
from .work import Task, carry_out

if TYPE_CHECKING:
    from .._aws.connection import Connection
    from .folder import NewFolder

#: The maximum number of failures that the module returns. The manifest contains all.
MAX_RETURNED = 20

# The maximum number of groups of failures in the message. A group has the same operation, code and Region.
_MAX_GROUPS = 5


class Place(NamedTuple):
    """The subject of a call or a failure.

    :ivar kind: the kind of object that the call lists or reads.
    :ivar operation: the operation; empty if the failure is not about one operation.
    :ivar region: the Region that is called; empty if none is called.
    :ivar unit: the unit that is read, or whose parts are listed or read; None for a list of all objects in the Region.
    :ivar item_id: the ID of the part that is read; None for the unit itself and for a list.
    """

    kind: Kind
    operation: str
    region: str
    unit: Unit | None = None
    item_id: str | None = None


# A list: the ARN of the unit whose parts it lists (None for a list of all objects in a Region), the operation, and the Region.
ListKey = Tuple[Optional[str], str, str]


class ListState(Enum):
    """The state of a list that failed in the first phase."""

    #: The second phase makes the list again.
    FAILED = auto()
    #: The error was not temporary, so the list is not made again.
    GIVEN_UP = auto()
    #: The second phase completed the list.
    RECOVERED = auto()
    #: The list failed in the second phase too.
    FAILED_AGAIN = auto()


class Seen:
    """
    The items that lists have returned: one list of all objects in a Region, or the lists of one kind of part of a unit in all
    Regions that have the unit.

    :ivar open: the number of lists that have not ended.
    :ivar taken: how often an item is exported, by fingerprint: as often as the Region that has returned it most often.
    :ivar here: how often a Region has returned an item, by Region and the item's ID. An item without an ID has its fingerprint
        instead.
    :ivar views: the views of each part, by its ID: the fingerprints of its items, each with the Regions that returned the item.
    """

    def __init__(self, number: int) -> None:
        self.open = number
        self.taken: Counter[int] = Counter()
        self.here: Counter[tuple[str, Any]] = Counter()
        self.views: dict[str, dict[int, list[str]]] = {}


class Copy(NamedTuple):
    """
    An object as one Region returned it.

    :ivar record: the responses, by the operations that read the object.
    :ivar failures: the operations that failed, each with its failure.
    """

    region: str
    record: dict[str, Any]
    failures: list[tuple[str, Failure]]

    def is_gone(self, kind: Kind) -> bool:
        """Return whether the first operation did not find the object."""
        return any(operation == kind.gets[0] and failure.code == NOT_FOUND for operation, failure in self.failures)


class Summary(NamedTuple):
    """
    The result of an export.

    :ivar complete: whether everything was read.
    :ivar counts: the number of lines of each kind.
    :ivar missing: the first failures, each with kind, arn, id, operation, region and code.
    :ivar missing_count: the number of all failures.
    :ivar missing_by: the number of failures, by operation, code and Region.
    :ivar changes_count: the number of objects that were created, deleted or changed during the export.
    """

    complete: bool
    counts: dict[str, int]
    missing: list[dict[str, Any]]
    missing_count: int
    missing_by: Mapping[tuple[str, str, str], int]
    changes_count: int


class Export:
    """
    An export of a replication set.

    :param arn: the set's ARN.
    :param regions: all Regions of the set.
    :param home: the Region that returned the set.
    :param folder: the directory for the files.
    :param workers: the number of calls that are made at the same time.
    :param deadline: a time of time.monotonic(). No call is made after it.
    :raises Failure: if a client can't be made, or a file can't be written.
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
        # Protects the members below, which several threads change.
        self._lock = Lock()
        the_set = Unit(REPLICATION_SET, arn)
        # All units that are known, by ARN.
        self._units: dict[str, Unit] = {arn: the_set}
        # The bit of each list, by operation and Region: see Unit.listed.
        self._bits: dict[tuple[str, str], int] = {}
        # No list contains the set. An operation without a name stands for the list that would.
        the_set.listed[FIRST] = self._bit("", home)
        # The units that the third phase reads, by ARN, each with the reason: see compare().
        self._again: dict[str, str] = {}
        # The lists that failed in the first phase.
        self._failed_lists: dict[ListKey, ListState] = {}
        # The kinds whose lists are incomplete in the first and in the second phase.
        self._unsure_kinds: tuple[set[str], set[str]] = (set(), set())
        # The lists that did not end in time, each with its phase. What they return later does not count.
        self._abandoned: set[tuple[int, str | None, str, str]] = set()
        # The ARNs of units, each with a phase whose failures no longer count.
        self._settled: set[tuple[str, int]] = set()
        # The objects of other accounts: their kinds and ARNs.
        self._shared: set[tuple[str, str]] = set()
        self._missing: list[dict[str, Any]] = []
        self._missing_by: Counter[tuple[str, str, str]] = Counter()
        self._changes = 0
        self._is_deleting = False
        self._unknown_operations = self._find_unknown_operations()

    def run(self) -> Summary:
        """Read everything, and write all files.

        A call that fails raises no error. The manifest names it.

        :raises Failure: if a file can't be written.
        """
        try:
            return self._run()
        finally:
            # A thread whose call hangs must not write to a directory that no longer exists.
            self._store.stop()

    def _run(self) -> Summary:
        self._run_phase(FIRST)
        if time.monotonic() < self._deadline:
            self._run_phase(SECOND)
            self._compare()
            self._run_phase(AGAIN)
        else:
            self._note_missing(Place(REPLICATION_SET, "", ""), _too_late(SECOND))
        outdated, useless = self._end_reading_again()
        self._store.close()
        self._store.replace(outdated, useless)
        self._store.convert(MISSING, self._settle)
        complete = not self._missing_by
        counts = self._store.write_manifest(self._manifest(complete))
        return Summary(complete, counts, self._missing, sum(self._missing_by.values()), self._missing_by, self._changes)

    def _manifest(self, complete: bool) -> dict[str, Any]:
        """Return the facts for the manifest, without the lists and the facts about the files."""
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
            "responses_without_list": dict(sorted(self._reads.without_list.items())),
            "members_unknown_to_botocore": {
                operation: sorted(names) for operation, names in sorted(self._reads.unknown_members.items())
            },
        }

    # Phases -------------------------------------------------------------------------------------------------------

    def _run_phase(self, phase: int) -> None:
        """Run one of the three phases."""
        if phase != AGAIN:
            for unit in self._units.values():
                unit.views = {}
            # All lists end before the first object is read. If a Region hangs, half of the time is left for the other Regions.
            half = (time.monotonic() + self._deadline) / 2
            self._carry_out(self._region_lists(phase), phase, half)
        for level in LEVELS:
            self._carry_out(self._unit_tasks(level, phase), phase, self._deadline)
        if phase == SECOND:
            # Last, because what the set holds can disappear as soon as the deletion of the set has begun.
            the_set = self._unit_task(self._units[self._arn], self._look_at_unit, phase)
            self._carry_out([the_set], phase, self._deadline)

    def _carry_out(self, tasks: Iterable[Task], phase: int, deadline: float) -> None:
        """Run tasks, and note a failure for each task that did not end in time."""
        for task in carry_out(tasks, self._workers, deadline):
            with self._lock:
                self._abandoned.add((phase, *_list_key(task.what)))
            self._fail(task.what, _too_late(phase), phase)

    def _region_lists(self, phase: int) -> Iterator[Task]:
        """Yield the tasks that list all objects of a kind in a Region, for each kind and Region."""
        for kind in KINDS.values():
            for operation, parent in kind.lists.items():
                for region in self._regions:
                    place = Place(kind, operation, region)
                    if parent is None and self._is_listable(place, phase):
                        yield self._list_task(place, phase, Seen(1))

    def _is_listable(self, place: Place, phase: int) -> bool:
        """Return whether to make a list. The second phase does not repeat a list whose error was not temporary."""
        is_given_up = phase == SECOND and self._failed_lists.get(_list_key(place)) is ListState.GIVEN_UP
        return place.operation not in self._unknown_operations and not is_given_up

    def _unit_tasks(self, level: Iterable[Kind], phase: int) -> Iterator[Task]:
        """Yield the tasks of a phase for the units of some kinds that are known now."""
        for arn in list(self._units):
            unit = self._units[arn]
            if unit.kind not in level:
                continue
            if (phase == FIRST and unit.listed[FIRST]) or (phase == AGAIN and arn in self._again):
                yield self._unit_task(unit, self._read_unit, phase)
            elif phase == SECOND and unit.listed[FIRST] and unit.listed[SECOND]:
                yield self._unit_task(unit, self._look_at_unit, phase)

    def _unit_task(self, unit: Unit, run: Callable[[Unit, int], list[Task]], phase: int) -> Task:
        """Return the task that runs a method for a unit.

        If the task does not end in time, the failure names the operation: the first one that reads the unit, or the list that
        contains it.
        """
        operation = unit.kind.gets[0] if run == self._read_unit else next(iter(unit.kind.lists), unit.kind.gets[0])
        return Task(Place(unit.kind, operation, self._regions_of(unit)[0], unit), partial(run, unit, phase))

    # Objects ------------------------------------------------------------------------------------------------------

    def _read_unit(self, unit: Unit, phase: int) -> list[Task]:
        """Read a unit, write it, and return the tasks that list its parts."""
        found = self._read_views(Place(unit.kind, "", "", unit), self._views_of(unit), phase)
        if unit.is_gone:
            return []
        unit.is_read = unit.is_read or any(unit.kind.gets[0] in one.record for one in found)
        for one in found:
            self._write(unit.kind, {"arn": unit.arn, "region": one.region, **one.record}, phase)
        if unit.kind is REPLICATION_SET:
            self._note_deletion(unit, found)
            if phase == FIRST:
                unit.prints[FIRST] = fingerprint([one.record for one in found])
        return self._part_lists(unit, phase)

    def _look_at_unit(self, unit: Unit, phase: int) -> list[Task]:
        """Return the tasks that list the parts of a unit again. The replication set is read, because no list contains it."""
        if unit.kind is REPLICATION_SET:
            self._look_at_set(unit)
        return self._part_lists(unit, phase)

    def _look_at_set(self, unit: Unit) -> None:
        """Read the replication set again. Note a failure for each Region that was added to it."""
        found = self._read_views(Place(unit.kind, "", "", unit), self._views_of(unit), SECOND)
        if unit.is_gone:
            return
        self._note_deletion(unit, found)
        unit.listed[SECOND] = unit.listed[FIRST]
        unit.prints[SECOND] = fingerprint([one.record for one in found])
        for region in sorted({region for one in found for region in _set_of(one.record).get("regionMap") or {}}):
            if region not in self._regions:
                reason = f"Region {region} was added to the set during the export, and nothing was read from it"
                failure = Failure("", code=REPLICATION_SET_CHANGED, reason=reason)
                self._note_missing(Place(unit.kind, "GetReplicationSet", region, unit), failure)

    def _note_deletion(self, unit: Unit, found: Iterable[Copy]) -> None:
        """Note a failure, once, if the set is being deleted, whichever phase has seen it."""
        if not self._is_deleting and any(_set_of(one.record).get("status") == DELETING for one in found):
            self._is_deleting = True
            self._note_missing(Place(unit.kind, "", "", unit), _unstable("it is being deleted"))

    def _read_views(self, about: Place, views: Iterable[Sequence[str]], phase: int) -> list[Copy]:
        """Read an object once for each view of it, and return the copies that differ.

        :param about: the object: the unit, or a part of it if there is an item_id.
        :param views: for each view, the Regions that have it. The object is read in one of them.
        :return: the copies; none if no Region finds the unit.
        """
        kind, unit = about.kind, about.unit
        if unit is None:
            raise AssertionError("only a unit and its parts are read")
        found = [self._read_in_any(about, regions) for regions in views]
        may_be_gone = phase != AGAIN or unit.is_read or self._again.get(unit.arn) == WENT
        if not about.item_id and may_be_gone and all(one.is_gone(kind) for one in found):
            unit.is_doubtful = unit.is_gone = True
            return []
        for one in found:
            for operation, failure in one.failures:
                place = about._replace(operation=operation, region=one.region)
                if failure.code == NOT_FOUND:
                    self._doubt(place, failure, phase)
                else:
                    self._fail(place, failure, phase)
        return list({fingerprint(one.record): one for one in reversed(found) if one.record}.values())[::-1]

    def _read_in_any(self, about: Place, regions: Iterable[str]) -> Copy:
        """Read an object in Regions, one after the other, until one returns all of it. If none does, return the fullest copy."""
        best: Copy | None = None
        for region in regions:
            if best is not None and time.monotonic() >= self._deadline:
                break
            one = self._read_in(about, region)
            if best is None or len(one.record) > len(best.record):
                best = one
            if not one.failures:
                break
        if best is None:
            raise AssertionError("an object is in at least one Region")
        return best

    def _read_in(self, about: Place, region: str) -> Copy:
        """Read an object in one Region, with all operations of its kind."""
        kind, item_id, arn = about.kind, about.item_id, about.unit.arn if about.unit else ""
        one = Copy(region, {}, [])
        for operation in kind.gets:
            if operation in self._unknown_operations:
                continue
            try:
                one.record[operation] = self._reads.get(
                    kind, operation, region, item_id or arn, arn if item_id else None
                )
            except Failure as failure:
                if failure.code != NOT_FOUND or operation not in NONE_IF_NOT_FOUND:
                    one.failures.append((operation, failure))
            if one.is_gone(kind):
                break
        return one

    # Lists --------------------------------------------------------------------------------------------------------

    def _part_lists(self, unit: Unit, phase: int) -> list[Task]:
        """Return the tasks that list the parts of a unit, in each Region that has listed the unit.

        The first and the third phase read the unit before they list its parts, because for an incident that does not exist, these
        lists are empty and raise no error (alchemy-run's tests).
        """
        tasks = []
        for kind, operation in sub_lists(unit.kind):
            places = [Place(kind, operation, region, unit) for region in self._regions_of(unit)]
            places = [place for place in places if self._is_listable(place, phase)]
            seen = Seen(len(places))
            tasks += [self._list_task(place, phase, seen) for place in places]
        return tasks

    def _list_task(self, place: Place, phase: int, seen: Seen, tokens: tuple[str, ...] = ()) -> Task:
        return Task(place, partial(self._list, place, phase, seen, tokens))

    def _list(self, place: Place, phase: int, seen: Seen, tokens: tuple[str, ...]) -> list[Task]:
        """Read a page of a list, and return the task for the next page or, after the last page, the tasks that read the parts.

        :param tokens: the tokens of the pages so far; empty for the first page.
        """
        kind, operation, region, unit = place[:4]
        token = tokens[-1] if tokens else None
        period = self._periods[kind.times] if kind.times else None
        try:
            page = self._reads.page(kind, operation, region, unit.arn if unit else None, token, period)
            if self._is_abandoned(place, phase):
                return []
            for item in page.items:
                self._take(place, item, phase, seen)
            if page.token is not None:
                if page.token in tokens or len(tokens) + 1 >= MAX_PAGES:
                    raise endless_list(f"Failed to call {operation}")
                return [self._list_task(place, phase, seen, (*tokens, page.token))]
            if phase == SECOND:
                with self._lock:
                    self._note_second_result(place, ListState.RECOVERED)
        except Failure as failure:
            if self._is_abandoned(place, phase):
                return []
            if failure.code == NOT_FOUND and unit:
                self._doubt(place, failure, phase)
            else:
                self._fail(place, failure, phase)
        return self._part_tasks(place, phase, seen)

    def _note_second_result(self, place: Place, state: ListState) -> None:
        """Note the result of the second phase for a list, if the list failed in the first phase. The lock is held."""
        if _list_key(place) in self._failed_lists:
            self._failed_lists[_list_key(place)] = state

    def _is_abandoned(self, place: Place, phase: int) -> bool:
        """Return whether a list did not end in time, so that what it returns no longer counts."""
        with self._lock:
            return (phase, *_list_key(place)) in self._abandoned

    def _part_tasks(self, place: Place, phase: int, seen: Seen) -> list[Task]:
        """Return the tasks that read the parts of a unit, when the last of their lists has ended; none before that."""
        with self._lock:
            seen.open -= 1
            if seen.open:
                return []
        tasks = []
        for item_id, views in seen.views.items():
            regions = list(views.values())
            part = Place(place.kind, place.kind.gets[0], regions[0][0], place.unit, item_id)
            tasks.append(Task(part, partial(self._read_part, part, regions, phase)))
        return tasks

    def _read_part(self, part: Place, views: Sequence[Sequence[str]], phase: int) -> list[Task]:
        """Read a part of a unit, and write it."""
        for one in self._read_views(part, views, phase):
            self._write_part(part, one.region, one.record, phase)
        return []

    def _take(self, place: Place, item: dict[str, Any], phase: int, seen: Seen) -> None:
        """Record an item of a list: register a unit, or remember a part that must be read, or write the item itself."""
        kind, operation, region, unit = place[:4]
        item_id = item[kind.id] if kind.id else None
        view = fingerprint(item)
        here = (region, item_id or view)
        with self._lock:
            seen.here[here] += 1
            # If an object is created during a list, others move to the next page, which returns them again.
            if item_id and seen.here[here] > 1:
                return
            listed = fingerprint(operation, region, item)
            if unit:
                unit.parts[phase] += listed
            if unit and phase != AGAIN:
                unit.prints[phase] += listed
            if is_unit(kind):
                self._register(place, item, view, listed, phase)
                return
            if kind.gets and phase != SECOND:
                seen.views.setdefault(item_id or "", {}).setdefault(view, []).append(region)
            is_new = seen.here[here] > seen.taken[view]
            seen.taken[view] += is_new
        if is_new and not kind.gets and phase != SECOND:
            self._write_part(place._replace(item_id=item_id), region, {operation: item}, phase)

    def _register(self, place: Place, item: dict[str, Any], view: int, listed: int, phase: int) -> None:
        """Record that a list contains a unit. The lock is held."""
        arn = item[place.kind.id or ""]
        if is_of_another_account(arn, self._account_id):
            # It belongs to the replication set of another account.
            self._shared.add((place.kind.name, arn))
            return
        unit = self._units.get(arn)
        if unit is None:
            unit = self._units[arn] = Unit(place.kind, arn)
            if phase == AGAIN:
                self._again[arn] = LATE if any(place.kind.name in kinds for kinds in self._unsure_kinds) else CAME
        which = min(phase, SECOND)
        if phase != AGAIN or arn in self._again:
            unit.listed[which] |= self._bit(place.operation, place.region)
        if phase != AGAIN:
            unit.prints[which] += listed
            regions = unit.views.setdefault(view, [])
            if place.region not in regions:
                regions.append(place.region)

    # Comparing ----------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Find the units that the third phase must read: compare the lists of the first and the second phase."""
        for arn, unit in self._units.items():
            first, second = (unit.kind.name in kinds for kinds in self._unsure_kinds)
            found = compare(unit, first, second)
            if found:
                # This includes units that are no longer listed: if another object is deleted while a list is read, a unit can
                # move to a page that was already read.
                self._again[arn] = found
            unit.is_gone = False

    def _end_reading_again(self) -> tuple[set[str], set[str]]:
        """Decide about the units that the third phase has read, and note their changes.

        :return: the ARNs of the units whose older records are outdated, and of those whose new records are useless.
        """
        outdated: set[str] = set()
        useless: set[str] = set()
        for arn, found in self._again.items():
            unit = self._units[arn]
            result = result_of_reading_again(unit, found)
            if result.replaces:
                outdated.add(arn)
                self._settled |= {(arn, FIRST), (arn, SECOND)}
            if result.is_dropped:
                useless.add(arn)
            if result.forgets:
                self._settled.add((arn, AGAIN))
            if result.is_unstable:
                self._note_missing(
                    Place(unit.kind, "", "", unit), _unstable("it changed again while the module read it again")
                )
            if result.change == WENT:
                self._note_gone(unit)
            elif result.change:
                self._note_change(unit, result.change, result.is_exported)
        return outdated, useless

    # Failures -----------------------------------------------------------------------------------------------------

    def _find_unknown_operations(self) -> set[str]:
        """Return the operations that the installed botocore does not know, and note a failure for each."""
        unknown = set()
        for kind in KINDS.values():
            for operation in (*kind.lists, *kind.gets):
                failure = self._reads.missing_operation(kind, operation)
                if failure:
                    unknown.add(operation)
                    self._note_missing(Place(kind, operation, ""), failure)
        return unknown

    def _doubt(self, place: Place, failure: Failure, phase: int) -> None:
        """Note that AWS did not find a unit or a part that it has listed.

        Before the third phase this is not a failure, because the third phase reads the unit again.
        """
        if phase == AGAIN:
            self._fail(place, failure, phase)
        elif place.unit:
            place.unit.is_doubtful = True

    def _fail(self, place: Place, failure: Failure, phase: int) -> None:
        """Note a failure to list or to read something in a phase."""
        unit = place.unit
        with self._lock:
            if unit:
                failures = list(unit.failures)
                failures[phase] |= {(place.operation, place.item_id)}
                unit.failures = (failures[FIRST], failures[SECOND], failures[AGAIN])
                if failure.is_transient:
                    unit.passing |= {phase}
            if place.operation in place.kind.lists:
                self._fail_list(place, failure, phase)
        self._note_missing(place, failure, phase)

    def _fail_list(self, place: Place, failure: Failure, phase: int) -> None:
        """Note that a list failed in a phase, and which units and kinds are therefore incomplete. The lock is held."""
        phases = {phase}
        if phase == SECOND:
            self._note_second_result(place, ListState.FAILED_AGAIN)
        elif phase == FIRST:
            is_given_up = not failure.is_transient and failure.code != WAIT_TIMEOUT
            self._failed_lists[_list_key(place)] = ListState.GIVEN_UP if is_given_up else ListState.FAILED
            if is_given_up:
                # A list that is not made again is incomplete in the second phase too.
                phases.add(SECOND)
        if place.unit:
            place.unit.unlisted |= phases
        if is_unit(place.kind):
            for one in phases - {AGAIN}:
                self._unsure_kinds[one].update(units_below(place.kind))

    def _note_missing(self, place: Place, failure: Failure, phase: int | None = None) -> None:
        """Note a failure for the manifest. _settle() decides at the end whether it still counts.

        :param phase: the phase of the failure; None for a failure that no later phase can settle.
        """
        self._store.note(
            MISSING,
            {
                "kind": place.kind.name,
                "arn": place.unit.arn if place.unit else None,
                "id": place.item_id,
                "operation": place.operation or None,
                "region": place.region or None,
                "code": failure.code,
                "reason": shorten(self._mask(failure.reason)),
                "phase": phase,
            },
        )

    def _settle(self, note: Mapping[str, Any]) -> dict[str, Any] | None:
        """Count a failure, and return its entry for the manifest; None if a later phase has settled it."""
        entry = dict(note)
        phase, operation = entry.pop("phase"), entry["operation"]
        state = self._failed_lists.get((entry["arn"], operation, entry["region"])) if phase == FIRST else None
        # The third phase reads the units of a list that the second phase has completed. A list of parts is settled only if the
        # third phase reads its unit.
        is_recovered = state is ListState.RECOVERED and is_unit(KINDS[entry["kind"]])
        # The entry of the second phase names a list that failed again.
        if (entry["arn"], phase) in self._settled or is_recovered or state is ListState.FAILED_AGAIN:
            return None
        self._missing_by[operation or "", entry["code"], entry["region"] or ""] += 1
        if len(self._missing) < MAX_RETURNED:
            self._missing.append({name: value for name, value in entry.items() if name != "reason"})
        return entry

    def _note_gone(self, unit: Unit) -> None:
        """Note that a unit was deleted."""
        # If the unit has parts, their lists may have been empty because it no longer existed (alchemy-run's tests).
        self._note_change(unit, WENT, exported=unit.is_read and not sub_lists(unit.kind))
        if unit.kind is REPLICATION_SET:
            self._note_missing(Place(unit.kind, "", "", unit), _unstable("it was deleted during the export"))

    def _note_change(self, unit: Unit, change: str, exported: bool) -> None:
        """Note a change for the manifest.

        :param change: CAME, WENT or CHANGED.
        :param exported: whether the files contain the unit as it was after the change or, if it was deleted, before.
        """
        self._store.note(CHANGES, {"kind": unit.kind.name, "arn": unit.arn, "change": change, "exported": exported})
        self._changes += 1

    # Regions ------------------------------------------------------------------------------------------------------

    def _bit(self, operation: str, region: str) -> int:
        """Return the bit of a list for Unit.listed."""
        return self._bits.setdefault((operation, region), 1 << len(self._bits))

    def _regions_of(self, unit: Unit) -> list[str]:
        """Return the Regions that have listed a unit, sorted by name."""
        with self._lock:
            listed = unit.listed[FIRST] | unit.listed[SECOND]
            return sorted({region for (_operation, region), bit in self._bits.items() if bit & listed})

    def _views_of(self, unit: Unit) -> list[list[str]]:
        """Return the Regions that list a unit, grouped by their views of it. All Regions of the set have one view of the set."""
        if unit.kind is REPLICATION_SET:
            (home,) = self._regions_of(unit)
            return [[home, *(region for region in self._regions if region != home)]]
        return sorted(sorted(regions) for regions in unit.views.values()) or [self._regions_of(unit)]

    def _write(self, kind: Kind, record: Mapping[str, Any], phase: int) -> None:
        """Write a line to the file of a kind."""
        self._store.write(kind.name, record, again=phase == AGAIN)

    def _write_part(self, place: Place, region: str, record: Mapping[str, Any], phase: int) -> None:
        """Write a part of a unit as a line, with the ARN of the unit and the part's ID, if it has one."""
        head = {"parent": place.unit.arn if place.unit else "", **({"id": place.item_id} if place.item_id else {})}
        self._write(place.kind, {**head, "region": region, **record}, phase)


def _list_key(place: Place) -> ListKey:
    return (place.unit.arn if place.unit else None, place.operation, place.region)


def _set_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the replication set in the record of a copy; empty if it could not be read."""
    found: Mapping[str, Any] = record.get("GetReplicationSet", {}).get("replicationSet", {})
    return found


def _too_late(phase: int) -> Failure:
    what = "it was not checked for changes" if phase == SECOND else "it was not read"
    return Failure("", code=WAIT_TIMEOUT, reason=f"{what} within the time limit")


def _unstable(reason: str) -> Failure:
    return Failure("", code=REPLICATION_SET_CHANGED, reason=reason)


def _now() -> str:
    return iso_time(datetime.now(timezone.utc))


def incomplete(arn: str, missing_by: Mapping[tuple[str, str, str], int]) -> Failure:
    """Return the failure of an export that is incomplete.

    Its message has operations and codes. It quotes no message of AWS, because a message can contain personal data.

    :param missing_by: the number of failures, as in a Summary.
    """
    counted = sorted(missing_by.items(), key=lambda item: (-item[1], item[0]))
    groups = [_failed_group(*what, number) for what, number in counted[:_MAX_GROUPS]]
    more = len(counted) - len(groups)
    return Failure(
        f"Failed to export everything that the replication set {arn} holds",
        code=EXPORT_INCOMPLETE,
        reason=f"{', '.join(groups)}{f' and {more} more' if more else ''}. Nothing was written",
    )


def _failed_group(operation: str, code: str, region: str, number: int) -> str:
    """Return what failed so many times, in words for a message."""
    if code == REPLICATION_SET_CHANGED:
        what = "the set or an object changed during the export"
    else:
        what = f"{operation or 'the check for changes'}{f' in Region {region}' if region else ''} failed"
    return f"{what} ({code}{f', {number} times' if number > 1 else ''})"


def summary_of_counts(data: Mapping[str, Any]) -> Summary:
    """Return the result of check mode, which makes no export.

    :param data: the facts about what the replication set holds, as data_facts() returns them.
    """
    calls: dict[tuple[str, str], dict[str, Any]] = {}
    for one in data["missing"]:
        operation = "".join(word.title() for word in PARTS[one["part"]].operation.split("_"))
        region, code = one["region"], one["code"]
        entry = {"kind": one["part"], "arn": None, "id": None, "operation": operation, "region": region, "code": code}
        # Several parts come from the same list.
        calls.setdefault((operation, region), entry)
    missing = list(calls.values())
    missing_by = Counter((one["operation"], one["code"], one["region"]) for one in missing)
    return Summary(data["complete"], data["counts"], missing[:MAX_RETURNED], len(missing), missing_by, 0)
