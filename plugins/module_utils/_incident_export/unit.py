# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object that is read and compared as a whole, and the decisions about it. Nothing of AWS is imported here.

export.py describes the three phases of an export.
"""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional, Tuple

from .kinds import Kind

#: The phases of an export: read everything, make all lists again, and read again what differs.
FIRST, SECOND, AGAIN = range(3)

#: An object was created, deleted or changed during the export. The manifest uses these words.
CAME, WENT, CHANGED = "came", "went", "changed"

#: The first phase has nothing of an object, but the object may have existed then: a list that may contain it failed, or AWS
#: listed it and did not find it afterwards. The third phase reads it, but it does not count as a change.
LATE = "late"

#: The third phase reads an object again because of a temporary error, or because a list that may contain it failed.
RETRY = "retry"

# Operations that failed, each with the ID of the part that it should have read. The ID is None for a list, and for the object.
Failures = FrozenSet[Tuple[str, Optional[str]]]


class Unit:
    """
    An object with its parts, such as an incident with its timeline events.

    Fingerprints are kept and compared instead of responses, to save memory. The sum of the fingerprints of several items does
    not depend on their order.

    :ivar listed: for the first and the second phase, the lists that contained the object. Each list, an operation in a Region,
        is a bit.
    :ivar views: the Regions that listed the object, by the fingerprint of the item in their list. Regions whose items are equal
        have the same view of the object. The third phase uses the views of the second.
    :ivar prints: for the first and the second phase, the sum of the fingerprints of all items that lists returned for the
        object and for its parts.
    :ivar parts: for each phase, the sum of the fingerprints of the items that lists returned for its parts.
    :ivar failures: for each phase, the operations that failed.
    :ivar unlisted: the phases in which a list of its parts failed, or was not made again.
    :ivar passing: the phases in which an operation failed with a temporary error.
    :ivar is_doubtful: whether AWS listed the object or a part of it, and did not find it afterwards.
    :ivar is_read: whether AWS has returned the object itself.
    :ivar is_gone: whether no Region found the object when it was last read.
    """

    __slots__ = (
        "arn",
        "failures",
        "is_doubtful",
        "is_gone",
        "is_read",
        "kind",
        "listed",
        "parts",
        "passing",
        "prints",
        "unlisted",
        "views",
    )

    def __init__(self, kind: Kind, arn: str) -> None:
        self.kind = kind
        self.arn = arn
        self.listed = [0, 0]
        self.views: dict[int, list[str]] = {}
        self.prints = [0, 0]
        self.parts = [0, 0, 0]
        self.failures: tuple[Failures, Failures, Failures] = (frozenset(), frozenset(), frozenset())
        self.unlisted: frozenset[int] = frozenset()
        self.passing: frozenset[int] = frozenset()
        self.is_doubtful = False
        self.is_read = False
        self.is_gone = False


def compare(unit: Unit, is_first_unsure: bool, is_second_unsure: bool) -> str | None:
    """Return why the third phase must read an object, from the lists of the first two phases.

    :param is_first_unsure: whether a list that may contain the object failed in the first phase.
    :param is_second_unsure: whether such a list failed in the second phase, or was not made again.
    :return: CAME, WENT, CHANGED, LATE or RETRY; None if it need not be read again.
    """
    first, second = unit.listed
    # This does not apply to kinds that only the lists of other objects contain: the third phase makes those lists again.
    is_unsure = is_second_unsure and None in unit.kind.lists.values()
    if not second:
        return None if not first or is_unsure else RETRY if is_second_unsure else WENT
    if not first:
        return LATE if is_first_unsure else CAME
    if unit.passing:
        return RETRY
    if unit.is_doubtful:
        return CHANGED if unit.is_read else LATE
    if is_unsure or SECOND in unit.unlisted or unit.prints[FIRST] == unit.prints[SECOND]:
        return None
    return RETRY if is_first_unsure or is_second_unsure else CHANGED


class Result(NamedTuple):
    """
    What the export does with an object that the third phase has read.

    :ivar replaces: whether the records and the failures of the third phase replace those of the first and the second phase.
    :ivar is_dropped: whether the records of the third phase are dropped.
    :ivar forgets: whether the failures of the third phase are dropped.
    :ivar change: the change for the manifest: CAME, WENT or CHANGED; None for no change.
    :ivar is_exported: whether the files contain the object as it was after the change.
    :ivar is_unstable: whether the lists of its parts changed again before the third phase. Either the object changed again, or a
        Region returns changes late.
    """

    replaces: bool = False
    is_dropped: bool = False
    forgets: bool = False
    change: str | None = None
    is_exported: bool = False
    is_unstable: bool = False


def result_of_reading_again(unit: Unit, found: str) -> Result:
    """Return what the export does with an object that the third phase has read.

    :param found: why it was read again, as compare() returns it.
    """
    named = CHANGED if found == CHANGED else None
    if unit.is_gone:
        return Result(is_dropped=True, change=WENT)
    if found in (CAME, LATE):
        return Result(change=CAME if found == CAME else None, is_exported=unit.is_read)
    # The second phase lists the parts of an object only if a list contained the object in this phase.
    looked = (SECOND, FIRST) if unit.listed[SECOND] else (FIRST,)
    listed = [phase for phase in looked if phase not in unit.unlisted]
    if listed and AGAIN not in unit.unlisted and unit.parts[AGAIN] != unit.parts[listed[0]]:
        # Keep what the first phase has read: if the incident was deleted in the meantime, all its lists are empty
        # (alchemy-run's tests).
        return Result(is_dropped=True, forgets=True, change=named, is_unstable=True)
    # An older copy is better than a newer one with more failures.
    is_better = unit.failures[AGAIN] <= unit.failures[FIRST]
    # For an object that was no longer listed, the failures stay: they are why it is not known whether it still exists.
    forgets = not is_better and found == RETRY
    return Result(replaces=is_better, is_dropped=not is_better, forgets=forgets, change=named, is_exported=is_better)
