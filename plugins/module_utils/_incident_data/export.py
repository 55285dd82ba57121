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
from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Sequence, Tuple

from .._aws.arn import account_id_of_arn, is_of_another_account
from .._aws.errors import EXPORT_INCOMPLETE, MISSING_LIBRARY, REPLICATION_SET_CHANGED, Failure
from .._aws.text import iso_time
from .._replication_set.service import DELETING
from .counts import PARTS, Lists
from .files import Spool, write_files, write_manifest
from .kinds import FORMAT_VERSION, KINDS, NOT_INCLUDED, REPLICATION_SET, Kind, is_unit, periods, units_below
from .read import Listing, Place, Reader, missing_entry, too_late
from .visit import UNLISTED, Failed, Unit, Views, Visit, Visitor, is_open, items_of
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

# The view of a Region whose list does not say whether it contains a unit.
_UNKNOWN = "unknown"


class Export:
    """
    The loop of an export.

    :param workers: makes the lists and the visits.
    :param arn: the ARN of the replication set.
    :param regions: all Regions of the set.
    :param deadline: a time of time.monotonic(). No call is made after it.
    :param progress: shows the user how much has been read.
    :ivar the_set: the replication set. No list contains it.
    :ivar units: all other units, by ARN. Those with an offset were read.
    :ivar shared: the objects of other accounts: their kinds and ARNs.
    :ivar failed_lists: the lists of units that have failed in the last round.
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
        self.the_set = Unit(REPLICATION_SET, arn, dict.fromkeys(regions, _UNKNOWN))
        self.units: dict[str, Unit] = {}
        self.shared: set[tuple[str, str]] = set()
        self.failed_lists: list[Failed] = []
        # The Regions that a response has lacked, and those that only a response had. Later responses do not undo that.
        self._changed_regions: set[str] = set()
        self._visitor = visitor
        self._workers = workers
        self._deadline = deadline
        self._progress = progress
        # The kinds of unit whose lists were complete in an earlier round.
        self._complete: set[str] = set()

    def run(self) -> None:
        """Read everything."""
        for _number in range(MAX_ROUNDS):
            end = self._deadline - (1 - _SHARE_OF_ROUND) * (self._deadline - time.monotonic())
            self._visitor.reader.forget_troubles()
            self._list_all(time.monotonic() + _SHARE_OF_LISTS * (end - time.monotonic()))
            self._visit([unit for unit in self.units.values() if not unit.is_settled], end)
            self._visit([self.the_set], self._deadline)
            # A unit that is gone has no lists.
            gone = {unit.arn for unit in self.units.values() if unit.change == WENT}
            self.failed_lists = [failed for failed in self.failed_lists if failed[0].arn not in gone]
            is_settled = all(unit.is_settled for unit in self.all_units())
            is_listed = not any(is_open(failure) for _place, failure in self.failed_lists)
            if (is_settled and is_listed) or time.monotonic() >= self._deadline:
                break

    def all_units(self) -> list[Unit]:
        """Return all units that are known, the replication set first."""
        return [self.the_set, *self.units.values()]

    def problems(self) -> Iterator[Failed]:
        """Yield why the export is incomplete, apart from what the copies of the units say."""
        reason = "the installed botocore does not know this operation"
        for operation, kind in self._visitor.unknown.items():
            yield Place(kind, operation, ""), Failure("", code=MISSING_LIBRARY, reason=reason)
        yield from self.failed_lists
        yield from (unit.problem for unit in self.all_units() if unit.problem)
        # What makes any export of the set incomplete.
        place = Place(REPLICATION_SET, "GetReplicationSet", "", self.the_set.arn)
        if self.the_set.change == WENT:
            yield place._replace(operation=""), _changed("it was deleted during the export")
        for _name, text in self._visitor.spool.lines(self.the_set.offset):
            replication_set = json.loads(text).get("GetReplicationSet", {}).get("replicationSet", {})
            if replication_set.get("status") == DELETING:
                yield place._replace(operation=""), _changed("it is being deleted")
        for region in sorted(self._changed_regions):
            how = "added to the set during the export, and nothing was read from it"
            how = "removed from the set during the export" if region in self.the_set.views else how
            yield place._replace(region=region), _changed(f"Region {region} was {how}")

    def _list_all(self, deadline: float) -> None:
        """List all units: those of the Regions first, and then those that belong to other units."""
        self.failed_lists = []
        failed: set[tuple[str, str]] = set()
        kinds = [kind for kind in KINDS.values() if is_unit(kind) and kind is not REPLICATION_SET]
        below = [[kind] for kind in kinds if not kind.is_listed_by_region]
        steps = [[kind for kind in kinds if kind.is_listed_by_region], *below]
        for number, some in enumerate(steps):
            # A list that hangs leaves time for the next step.
            seconds = (deadline - time.monotonic()) / (len(steps) - number)
            failed |= self._list(some, time.monotonic() + seconds)
        incomplete = {name for kind, _region in failed for name in units_below(KINDS[kind])}
        self._complete |= {kind.name for kind in kinds} - incomplete

    def _list(self, kinds: Sequence[Kind], deadline: float) -> set[tuple[str, str]]:
        """Make the lists of some kinds, and note what they contain.

        :return: the kinds whose lists failed, each with the Region.
        """
        listings = [
            listing
            for kind in kinds
            for parent in dict.fromkeys(kind.lists.values())
            for arn, views in self._parents(parent)
            for listing in self._visitor.listings(kind, parent, arn, views)
        ]
        found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        failed = set()

        def read(listing: Listing) -> None:
            self._visitor.read_list(listing, deadline)

        for one, is_in_time in self._workers.run(read, listings, deadline):
            place, listing = one.place, one if is_in_time else one.cut(too_late("", "it was not listed"))
            for item in items_of(listing):
                found[place.kind.name, item.id or ""][place.region] = item.view
            if listing.failure:
                self.failed_lists.append((place, listing.failure))
                failed.add((place.kind.name, place.region))
        for name, arn in found:
            if is_of_another_account(arn, account_id_of_arn(self.the_set.arn)):
                # It belongs to the replication set of another account.
                self.shared.add((name, arn))
            elif arn not in self.units:
                unit = self.units[arn] = Unit(KINDS[name], arn, {})
                unit.change = CAME if name in self._complete else None
        for unit in self.units.values():
            if unit.kind in kinds:
                regions = {region for name, region in failed if name == unit.kind.name}
                self._note(unit, found.get((unit.kind.name, unit.arn), {}), regions)
        return failed

    def _parents(self, kind: str | None) -> list[tuple[str | None, Views]]:
        """Return the units of a kind, each with its Regions. Without a kind, return the Regions of the set."""
        if kind is None:
            return [(None, self.the_set.views)]
        return [(unit.arn, unit.views) for unit in self.units.values() if unit.kind.name == kind]

    def _note(self, unit: Unit, listed: Views, failed: Iterable[str]) -> None:
        """Note which Regions list a unit. A list that failed has not changed."""
        views = {region: view if region in failed else UNLISTED for region, view in unit.views.items()}
        views.update(listed)
        if unit.views and not any(views.values()):
            # It is gone only if no list can contain it.
            views.update(dict.fromkeys(failed, _UNKNOWN))
        unit.is_settled = unit.is_settled and views == unit.views
        unit.views = views

    def _visit(self, units: Iterable[Unit], deadline: float) -> None:
        """Visit units, and take what the visits have found."""
        visits = (Visit(unit, deadline) for unit in units)
        for visit, is_in_time in self._workers.run(self._visitor.run, visits, deadline):
            if is_in_time:
                self._take(visit)
            elif visit.unit.offset is None:
                self._take(self._visitor.late(visit))
            else:
                visit.unit.is_settled, visit.unit.problem = False, _unchecked(visit.unit)
            self._progress.show_at_times(self._described)

    def _described(self) -> str:
        """Return how many of the listed units have been read, in words."""
        listed = Counter(unit.kind.name for unit in self.all_units())
        read = Counter(unit.kind.name for unit in self.all_units() if unit.offset is not None)
        return "read: " + ", ".join(
            f"{read[name]:,} of {number:,} {name.replace('_', ' ')}" for name, number in listed.items()
        )

    def _take(self, visit: Visit) -> None:
        """Take what a visit has found about a unit."""
        unit, not_found = visit.unit, visit.not_found()
        if unit is self.the_set:
            for line in visit.lines:
                regions = line.record.get("GetReplicationSet", {}).get("replicationSet", {}).get("regionMap", {}).keys()
                # A set that is being created or deleted may have no Regions.
                self._changed_regions |= regions ^ unit.views.keys() if regions else set()
        unit.views = {name: view for name, view in unit.views.items() if view or name not in visit.absent}
        unit.is_settled, unit.problem = visit.is_as_before, None
        if not_found and (unit is self.the_set or not any(unit.views.values())):
            unit.is_settled, unit.change = True, WENT
        elif not_found:
            # It is listed.
            unit.problem = not_found
        elif unit.is_settled:
            unit.change = CHANGED if unit.change == WENT else unit.change
        else:
            self._save(visit)

    def _save(self, visit: Visit) -> None:
        """Save a new copy of a unit."""
        unit, prints, spool = visit.unit, visit.copy.prints, self._visitor.spool
        before = spool.copy(unit.offset).prints
        # A list or an operation that failed, or whose response was empty, is not a change.
        is_changed = any(prints[name] and prints[name] != before[name] for name in prints.keys() & before.keys())
        is_new = unit.change == CAME and unit.offset is None
        if unit.change == WENT or (is_changed and unit.change != CAME):
            unit.change = CHANGED
        if (is_changed or is_new) and not visit.copy.is_stale:
            reason = "it still changed when the module read it for the last time"
            unit.problem = Place(unit.kind, "", "", unit.arn), _changed(reason)
        elif not visit.copy.is_stale:
            unit.problem = _unchecked(unit)
        unit.offset = spool.append(visit.copy, ((line.kind, line.record) for line in visit.lines))


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
    reader = Reader(connection, regions, periods(started))
    spool = Spool(directory)
    threads, visitor = Workers(workers), Visitor(reader, spool, connection.mask)
    export = Export(visitor, threads, arn, regions, deadline, progress)
    export.run()
    threads.end()
    units = export.all_units()
    problems = [unit.problem for unit in units if unit.problem]
    unsettled = sum(failure.code == REPLICATION_SET_CHANGED for _place, failure in problems)

    def missing() -> Iterator[dict[str, Any]]:
        for place, failure in export.problems():
            yield missing_entry(place, failure, connection.mask)
        for unit in units:
            # What could not be read of a unit that is gone does not exist any more.
            yield from [] if unit.change == WENT else spool.copy(unit.offset).missing

    def changes() -> Iterator[dict[str, Any]]:
        for unit in (unit for unit in units if unit.change):
            is_read = any(name == unit.kind.name for name, _text in spool.lines(unit.offset))
            # The installed botocore may not know how to read some of its parts.
            is_unknown = any(
                unit.kind in (kind, *(KINDS[name] for name in kind.lists.values() if name))
                for kind in visitor.unknown.values()
            )
            is_whole = is_read and not is_unknown and not unit.problem and not spool.copy(unit.offset).missing
            yield {"kind": unit.kind.name, "arn": unit.arn, "change": unit.change, "exported": is_whole}

    counts, files = write_files(directory, (line for unit in units for line in spool.lines(unit.offset)))
    changes_count = sum(bool(unit.change) for unit in units)
    result, failures = _result(counts, missing(), changes_count, unsettled)
    facts = {
        "format_version": FORMAT_VERSION,
        "account_id": account_id_of_arn(arn),
        "replication_set_arn": arn,
        "regions": regions,
        "started": started,
        "ended": _now(),
        "complete": result["complete"],
        "unsettled": unsettled,
        "not_included": list(NOT_INCLUDED),
        "periods": periods(started),
        "shared_by_other_accounts": dict(Counter(kind for kind, _arn in sorted(export.shared))),
        "responses_without_list": dict(sorted(reader.without_list.items())),
        "members_unknown_to_botocore": {name: sorted(found) for name, found in sorted(reader.unknown_members.items())},
        "counts": counts,
        "files": files,
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


def _unchecked(unit: Unit) -> Failed:
    return Place(unit.kind, "", "", unit.arn), too_late("", "it was not checked for changes")


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


def result_of_counts(
    connection: Connection, counts: Mapping[str, Any], lists: Lists
) -> tuple[dict[str, Any], Counter[Failures]]:
    """Return the result of check mode, which makes no export, and the numbers of failures for incomplete().

    :param counts: the counts of data_facts().
    :param lists: the lists with what was counted.
    """
    parts = {PARTS[part].name: part for part in reversed(list(PARTS))}
    failed = [missing_entry(one.place, one.failure, connection.mask) for one in lists.lists if one.failure]
    return _result(counts, [{**entry, "kind": parts[entry["kind"]]} for entry in failed])
