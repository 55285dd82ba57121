# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports what a replication set holds to files.

A unit is an object that is read and compared as a whole, with its parts: an incident with its timeline events, a contact with
its contact channels (see kinds.py). An export is a loop:

    In each round, list everything. Then visit each unit that is not settled, or that is not listed as it was at its last visit.
    A visit lists the unit's parts, and reads the unit. If that is what the last visit has found, the unit is settled. Otherwise,
    the visit reads the parts too, and there is a new copy of the unit. The loop ends when all units are settled.

What Regions list is compared for each Region by itself, because Regions may always differ. A list that failed says nothing: a
unit that it contained is taken to be in it. If no list contains a unit any more, it is visited with its ARN, and is gone if no
Region finds it. The replication set is visited last, because its data can disappear as soon as its deletion has begun.

The threads of workers.py make the lists and the visits, and only the main thread changes units. The copies are in a file, so that
the memory holds an offset and the fingerprints of the lists for each unit, and nothing for its parts. At the end, the newest
copy of each unit goes to the files of the export.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Tuple

from .._aws.arn import account_id_of_arn, is_of_another_account
from .._aws.errors import EXPORT_INCOMPLETE, NOT_FOUND, REPLICATION_SET_CHANGED, Failure
from .._aws.text import iso_time
from .._replication_set.service import DELETING
from .counts import PARTS, Lists
from .files import Spool, file_name, fingerprint, write_files, write_manifest
from .kinds import FORMAT_VERSION, KINDS, NOT_INCLUDED, REPLICATION_SET, Kind, is_unit, periods, units_below
from .read import Place, Reader, RegionList, too_late
from .visit import Failed, Unit, Visit, Visitor
from .workers import Workers

if TYPE_CHECKING:
    from .._aws.connection import Connection
    from .._aws.progress import Progress
    from .directory import NewDirectory

#: The maximum number of failures that the module returns. The manifest contains all.
MAX_RETURNED = 20

#: The maximum number of rounds. What still changes in the last one is exported as the last visit has found it.
MAX_ROUNDS = 4

# The maximum number of groups of failures in the message. A group has the same operation, code and Region.
_MAX_GROUPS = 5

# What failed: the operation, the code and the Region.
Failures = Tuple[str, str, str]

# A round has three quarters of the remaining time, so that there is time to look at everything again. Its lists have half of
# that, so that there is time for the other Regions if one hangs.
_SHARE_OF_ROUND, _SHARE_OF_LISTS = 3 / 4, 1 / 2

# An object was created, deleted or changed during the export. The manifest uses these words.
CAME, WENT, CHANGED = "came", "went", "changed"


class Units:
    """
    All units that are known, and what the lists of a round say about them.

    :ivar shared: the objects of other accounts: their kinds and ARNs.
    """

    def __init__(self, account_id: str) -> None:
        self.by_arn: dict[str, Unit] = {}
        self.shared: set[tuple[str, str]] = set()
        self._account_id = account_id
        # The kinds of unit whose list failed in a Region in this round, each with the Region, and those of all rounds before.
        self._failed: set[tuple[str, str]] = set()
        self._ever_failed: set[str] = set()
        self._is_first_round = True

    def begin_round(self) -> None:
        """Forget what the lists have said so far."""
        self._is_first_round = not self.by_arn
        self._ever_failed |= {kind for kind, _region in self._failed}
        self._failed = set()
        for unit in self.by_arn.values():
            unit.listed = {}

    def add(self, kind: Kind, arn: str, region: str, view: str, parent: Unit | None = None) -> None:
        """Note that a list contains a unit.

        :param view: the fingerprint of the item.
        :param parent: the unit whose list it is; None for a list of all objects in a Region.
        """
        if is_of_another_account(arn, self._account_id):
            # It belongs to the replication set of another account.
            self.shared.add((kind.name, arn))
            return
        if arn not in self.by_arn:
            unit = self.by_arn[arn] = Unit(kind, arn)
            # If a list failed before, the unit may have existed then.
            unit.change = None if self._is_first_round or kind.name in self._ever_failed else CAME
        self.by_arn[arn].listed[region] = self.by_arn[arn].ever[region] = view
        if parent:
            self.by_arn[arn].parents.add(parent)

    def note_failed_list(self, kind: Kind, region: str) -> None:
        """Note that a list is incomplete, and so are the lists of the units that it may contain."""
        self._failed |= {(name, region) for name in units_below(kind)}

    def views(self, unit: Unit) -> dict[str, str]:
        """Return the Regions that list a unit, each with the fingerprint of its item. A list that failed has not changed."""
        before = {name: view for name, view in unit.views.items() if (unit.kind.name, name) in self._failed}
        return {**before, **unit.listed}

    def is_gone(self, unit: Unit) -> bool:
        """Return whether a unit that no Region finds is gone: all its lists are complete, and none contains it."""
        return not unit.listed and not any(kind == unit.kind.name for kind, _region in self._failed)

    def unvisited(self, visited: set[str]) -> list[Unit]:
        """Return units to visit now. If a part of them must be visited, their lists are made first, which contain it.

        :param visited: the ARNs of the units that were visited in this round.
        """
        stale = {unit for unit in self.by_arn.values() if self._is_stale(unit)}
        stale |= {parent for unit in stale for parent in unit.parents if parent.change != WENT}
        waiting = {unit for unit in stale if unit.arn not in visited}
        return [unit for unit in self.by_arn.values() if unit in waiting and not waiting & unit.parents]

    def _is_stale(self, unit: Unit) -> bool:
        if unit.kind is REPLICATION_SET:
            return False
        # The lists of other units are made only if these are visited.
        is_known = bool(unit.listed) or unit.kind.is_listed_by_region
        if unit.change == WENT:
            # An object can be made again with the same ARN, and be listed as before.
            return bool(unit.listed)
        return not unit.is_settled or (is_known and self.views(unit) != unit.views)


class Export:
    """
    The loop of an export.

    :param workers: makes the lists and the visits.
    :param arn: the ARN of the replication set.
    :param regions: all Regions of the set.
    :param deadline: a time of time.monotonic(). No call is made after it.
    :param progress: shows the user how much has been read.
    :ivar the_set: the replication set. No list contains it.
    :ivar units: all other units.
    :ivar unsettled: the number of units that still differed when they were visited for the last time.
    """

    def __init__(
        self,
        visitor: Visitor,
        workers: Workers,
        arn: str,
        regions: Iterable[str],
        deadline: float,
        progress: Progress,
    ) -> None:
        self.the_set = Unit(REPLICATION_SET, arn)
        self.the_set.views = self.the_set.ever = dict.fromkeys(regions, "")
        self.units = Units(account_id_of_arn(arn))
        self.unsettled = 0
        self._visitor = visitor
        self._workers = workers
        self._deadline = deadline
        self._progress = progress
        # The lists that failed in the last round.
        self._failed_lists: list[RegionList] = []

    def run(self) -> list[dict[str, Any]]:
        """Read everything.

        :return: why the export is incomplete, as entries of missing, without those of the copies.
        """
        for _number in range(MAX_ROUNDS):
            end = self._deadline - (1 - _SHARE_OF_ROUND) * (self._deadline - time.monotonic())
            self._run_round(end)
            is_over = time.monotonic() >= end
            is_stale = any(one.failure and one.failure.is_transient for one in self._failed_lists)
            is_stale = is_stale or not all(unit.is_settled for unit in self.all_units())
            if not is_stale or time.monotonic() >= self._deadline:
                break
        failures = [(one.place, one.failure) for one in self._failed_lists if one.failure]
        failures += [failure for unit in self.all_units() for failure in self._problems(unit, is_over)]
        failures += self._problems_of_set()
        return [*self._visitor.unknown_operations(), *(self._visitor.entry(*failure) for failure in failures)]

    def all_units(self) -> list[Unit]:
        """Return all units that are known, the replication set first."""
        return [self.the_set, *self.units.by_arn.values()]

    def _run_round(self, deadline: float) -> None:
        """List everything, and visit the units that are not settled, or that are not listed as they were."""
        self._visitor.reader.forget_troubles()
        self.units.begin_round()
        self._list_all(time.monotonic() + _SHARE_OF_LISTS * (deadline - time.monotonic()))
        visited: set[str] = set()
        while True:
            units = self.units.unvisited(visited)
            if not units:
                break
            visited |= {unit.arn for unit in units}
            self._visit(units, deadline)
        self._visit([self.the_set], self._deadline)

    def _list_all(self, deadline: float) -> None:
        """Make the lists of all objects in each Region."""
        kinds = [(kind, name) for kind in KINDS.values() for name, parent in kind.lists.items() if parent is None]
        lists = [RegionList(kind, name, region) for kind, name in kinds for region in sorted(self.the_set.views)]
        lists = [one for one in lists if one.place.operation not in self._visitor.unknown]
        self._failed_lists = []
        for one, is_in_time in self._workers.run(partial(self._read_list, deadline=deadline), lists, deadline):
            place = one.place
            ended = one if is_in_time else one.cut(too_late("", "it was not listed"))
            for arn, view in (item for page in ended.pages for item in page):
                self.units.add(place.kind, arn, place.region, view)
            if ended.failure:
                self._failed_lists.append(ended)
                self.units.note_failed_list(place.kind, place.region)

    def _read_list(self, one: RegionList, deadline: float) -> None:
        """Read a list. Its items are not kept."""
        self._visitor.reader.read_list(one, deadline, lambda item: (item[one.place.kind.id or ""], fingerprint(item)))

    def _visit(self, units: Iterable[Unit], deadline: float) -> None:
        """Visit units, and take what the visits have found."""
        visits = (Visit(unit, self.units.views(unit) or unit.ever, deadline) for unit in units)
        for visit, is_in_time in self._workers.run(self._visitor.run, visits, deadline):
            if is_in_time:
                self._take(visit)
            elif visit.unit.offset is None:
                self._take(visit.cut(self._visitor.entry(visit.place, too_late("", "it was not read"))))
            else:
                visit.unit.is_settled = False
            self._progress.show_at_times(self._described)

    def _described(self) -> str:
        """Return how many of the listed units have been read, in words."""
        listed = Counter(unit.kind.name for unit in self.all_units())
        read = Counter(unit.kind.name for unit in self.all_units() if unit.offset is not None)
        return "exported: " + ", ".join(
            f"{read[name]:,} of {number:,} {name.replace('_', ' ')}" for name, number in listed.items()
        )

    def _take(self, visit: Visit) -> None:
        """Take what a visit has found about a unit."""
        unit = visit.unit
        for kind, arn, region, view in visit.found:
            self.units.add(kind, arn, region, view, unit)
        for entry in visit.copy.missing:
            kind = KINDS[entry["kind"]]
            if kind is not unit.kind and is_unit(kind):
                self.units.note_failed_list(kind, entry["region"])
        unit.views = dict(visit.views)
        if visit.outcome == Visit.GONE and self.units.is_gone(unit):
            unit.change, unit.is_settled = WENT, True
            return
        unit.is_settled = visit.outcome == Visit.AS_BEFORE
        if not unit.is_settled:
            self._save(visit)
        elif unit.change == WENT:
            unit.change = CHANGED

    def _save(self, visit: Visit) -> None:
        """Save a new copy of a unit."""
        unit, prints = visit.unit, visit.copy.prints
        before = self._visitor.spool.copy(unit.offset).prints
        # A list or an operation that failed is not a change.
        differs = any(prints[name] != before[name] for name in prints.keys() & before.keys())
        if (differs or unit.change == WENT) and unit.change != CAME:
            unit.change = CHANGED
        unit.is_moving = differs or (unit.change == CAME and unit.offset is None)
        unit.offset = self._visitor.spool.append(visit.copy, visit.lines)

    def _problems(self, unit: Unit, is_over: bool) -> Iterator[Failed]:
        """Yield why a unit is not settled, unless its copy says that.

        :param is_over: whether the last round had not enough time.
        """
        if unit.is_settled or self._visitor.spool.copy(unit.offset).is_stale:
            return
        if unit.is_moving and not is_over:
            self.unsettled += 1
            failure = _changed("it still changed when the module read it for the last time")
        else:
            # There was not enough time, or transient errors have delayed it until the last round.
            failure = too_late("", "it was not checked for changes")
        yield Place(unit.kind, "", "", unit.arn), failure

    def _problems_of_set(self) -> Iterator[Failed]:
        """Yield what makes any export of the set incomplete: its deletion, and Regions that were added to it."""
        place = Place(REPLICATION_SET, "", "", self.the_set.arn)
        if self.the_set.change == WENT:
            yield place, _changed("it was deleted during the export")
        for _name, text in self._visitor.spool.lines(self.the_set.offset):
            replication_set = json.loads(text).get("GetReplicationSet", {}).get("replicationSet", {})
            if replication_set.get("status") == DELETING:
                yield place, _changed("it is being deleted")
            for region in sorted(replication_set.get("regionMap", {}).keys() - self.the_set.views.keys()):
                reason = f"Region {region} was added to the set during the export, and nothing was read from it"
                yield place._replace(operation="GetReplicationSet", region=region), _changed(reason)


def export_data(
    connection: Connection,
    arn: str,
    regions: Iterable[str],
    directory: NewDirectory,
    workers: int,
    deadline: float,
    progress: Progress,
) -> tuple[dict[str, Any], Counter[Failures]]:
    """Export everything that a replication set holds, and write all files.

    A call that fails raises no error. The manifest names it.

    :param arn: the set's ARN.
    :param regions: all Regions of the set.
    :param directory: the directory for the files.
    :param workers: the number of calls that are made at the same time.
    :param deadline: a time of time.monotonic(). No call is made after it.
    :param progress: shows the user how much has been read.
    :return: the result, and the numbers of failures for incomplete().
    :raises Failure: if a file can't be written.
    """
    started, regions = _now(), sorted(regions)
    reader = Reader(connection, regions, list(KINDS.values()), periods(started))
    spool = Spool(directory)
    export = Export(Visitor(reader, spool, connection.mask), Workers(workers), arn, regions, deadline, progress)
    incomplete_because = export.run()
    units = export.all_units()

    def missing() -> Iterator[dict[str, Any]]:
        yield from incomplete_because
        for unit in units:
            # What could not be read of a unit that is gone does not exist any more.
            yield from [] if unit.change == WENT else spool.copy(unit.offset).missing

    def changes() -> Iterator[dict[str, Any]]:
        for unit in (unit for unit in units if unit.change):
            is_read = any(name == unit.kind.name for name, _text in spool.lines(unit.offset))
            # An object that is gone was not found before it was known to be gone.
            missing = {entry["code"] for entry in spool.copy(unit.offset).missing}
            is_exported = unit.is_settled and is_read and missing <= ({NOT_FOUND} if unit.change == WENT else set())
            yield {"kind": unit.kind.name, "arn": unit.arn, "change": unit.change, "exported": is_exported}

    files = write_files(directory, (line for unit in units for line in spool.lines(unit.offset)))
    counts = {name: one.pop("lines") for name, one in files.items()}
    changes_count = sum(bool(unit.change) for unit in units)
    result, failures = _result(counts, missing(), changes_count, export.unsettled)
    facts = {
        "format_version": FORMAT_VERSION,
        "account_id": account_id_of_arn(arn),
        "replication_set_arn": arn,
        "regions": regions,
        "started": started,
        "ended": _now(),
        "complete": result["complete"],
        "unsettled": export.unsettled,
        "not_included": list(NOT_INCLUDED),
        "periods": {
            kind.name: dict(zip(("start", "end"), periods(started)[kind.times]))
            for kind in KINDS.values()
            if kind.times
        },
        "shared_by_other_accounts": dict(Counter(kind for kind, _arn in sorted(export.units.shared))),
        "responses_without_list": dict(sorted(reader.without_list.items())),
        "members_unknown_to_botocore": {
            name: sorted(reader.unknown_members[name]) for name in sorted(reader.unknown_members)
        },
        "counts": counts,
        "files": {file_name(name): one for name, one in files.items()},
    }
    write_manifest(directory, facts, {"changes": changes(), "missing": missing()})
    return result, failures


def _result(
    counts: Mapping[str, Any], missing: Iterable[Mapping[str, Any]], changes_count: int = 0, unsettled: int = 0
) -> tuple[dict[str, Any], Counter[Failures]]:
    """Return the result as ssm_incidents_export documents it, and the number of failures by operation, code and Region.

    :param missing: all failures, as entries of the manifest.
    """
    failures: Counter[Failures] = Counter()
    first: list[dict[str, Any]] = []
    for entry in missing:
        failures[entry["operation"] or "", entry["code"], entry["region"] or ""] += 1
        if len(first) < MAX_RETURNED:
            first.append({name: value for name, value in entry.items() if name != "reason"})
    result = {"complete": not failures, "counts": counts, "changes_count": changes_count, "unsettled": unsettled}
    return {**result, "missing": first, "missing_count": sum(failures.values())}, failures


def _changed(reason: str) -> Failure:
    return Failure("", code=REPLICATION_SET_CHANGED, reason=reason)


def _now() -> str:
    return iso_time(datetime.now(timezone.utc))


def incomplete(arn: str, failures: Counter[Failures]) -> Failure:
    """Return the failure of an export that is incomplete.

    Its message has operations and codes. It quotes no message of AWS, because a message can contain personal data.

    :param failures: the number of failures, by operation, code and Region.
    """
    counted = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
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


def result_of_counts(counts: Mapping[str, Any], lists: Lists) -> tuple[dict[str, Any], Counter[Failures]]:
    """Return the result of check mode, which makes no export, and the numbers of failures for incomplete().

    :param counts: the counts of data_facts().
    :param lists: the lists with what was counted.
    """
    missing = []
    for one in lists.lists:
        if one.failure:
            part = next(part for part, kind in PARTS.items() if kind is one.place.kind)
            entry = {
                "kind": part,
                "arn": None,
                "id": None,
                "operation": one.place.operation,
                "region": one.place.region,
            }
            missing.append({**entry, "code": one.failure.code})
    return _result(counts, missing)
