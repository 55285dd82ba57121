# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object that is read and compared as a whole, and what its three phases mean. Nothing of AWS is imported here."""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional, Tuple

from .kinds import Kind

#: The three phases: of everything, of the lists once more, and of what differs.
FIRST, SECOND, AGAIN = range(3)

#: What the second phase has found. The manifest names these.
CAME, WENT, CHANGED = "came", "went", "changed"

#: An object that a list has which failed before, or that was listed and not found. Whether the object is new is unknown.
LATE = "late"

#: Something of the object could not be read for a reason that may have passed.
RETRY = "retry"


Failures = FrozenSet[Tuple[str, Optional[str]]]


class Unit:
    """
    An object with its parts, such as an incident with its timeline events.

    :ivar listed: for the first and the second phase, the operations and Regions that listed it, as bits.
    :ivar views: what the lists of the latest of these phases said of the object itself: a fingerprint, with its Regions.
    :ivar prints: for the first and the second phase, the sum of the fingerprints of all that lists said of it.
    :ivar parts: for each of the three phases, the sum of the fingerprints of what lists of its parts have.
    :ivar failures: for each phase, the operations that failed, each with the ID of the part that it should read.
    :ivar unlisted: the phases in which a list of its parts could not be read, or was not asked for again.
    :ivar passing: the phases in which something failed for a reason that may pass.
    :ivar is_doubtful: whether AWS listed it, or a part of it, and did not find it afterwards.
    :ivar is_read: whether the object itself was returned when it was read.
    :ivar is_gone: whether it was not found any more.
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
    """Return what the first two phases say of an object: CAME, WENT, CHANGED, LATE, RETRY, or None if all is well.

    :param is_first_unsure: whether a list that may have the object failed in the first phase.
    :param is_second_unsure: whether one failed in the second phase, or was not asked for again.
    """
    first, second = unit.listed
    # A list of what belongs to another object is asked for again with that object.
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
    What becomes of an object that was read again.

    :ivar replaces: whether the last phase takes the place of the first, in the files and in what is missing.
    :ivar is_dropped: whether the last phase is dropped from the files.
    :ivar forgets: whether what failed in the last phase is not named.
    :ivar change: what the manifest says of it: CAME, WENT, CHANGED, or None.
    :ivar is_exported: whether the files have the object as it was after the change.
    :ivar is_unstable: whether it had changed once more, or a Region is late.
    """

    replaces: bool = False
    is_dropped: bool = False
    forgets: bool = False
    change: str | None = None
    is_exported: bool = False
    is_unstable: bool = False


def result_of_reading_again(unit: Unit, found: str) -> Result:
    """Return what becomes of an object that was read again.

    :param found: what compare() has found.
    """
    named = CHANGED if found == CHANGED else None
    if unit.is_gone:
        return Result(is_dropped=True, change=WENT)
    if found in (CAME, LATE):
        return Result(change=CAME if found == CAME else None, is_exported=unit.is_read)
    # The second phase has not asked for the parts of what it did not list.
    looked = (SECOND, FIRST) if unit.listed[SECOND] else (FIRST,)
    listed = [phase for phase in looked if phase not in unit.unlisted]
    if listed and AGAIN not in unit.unlisted and unit.parts[AGAIN] != unit.parts[listed[0]]:
        # Lists of an incident that was deleted meanwhile are empty (alchemy-run's tests): the first phase is not given up.
        return Result(is_dropped=True, forgets=True, change=named, is_unstable=True)
    # A phase that is older is better than one in which more has failed.
    is_better = unit.failures[AGAIN] <= unit.failures[FIRST]
    # Why it is not known whether it is still there is named.
    forgets = not is_better and found == RETRY
    return Result(replaces=is_better, is_dropped=not is_better, forgets=forgets, change=named, is_exported=is_better)
