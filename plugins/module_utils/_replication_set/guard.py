# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is checked before a step is sent: the keys that the steps depend on, and the data that a deletion deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Tuple

from .._aws.errors import KEY_NOT_USABLE, OPEN_INCIDENTS, Failure
from .._aws.text import one_line, shorten
from .facts import DISABLED_STATES, key_problem
from .keys import TIMEOUT, describe_keys
from .state import ReplicationSet
from .steps import Delete, DeleteRegion, Step, needed_keys

if TYPE_CHECKING:
    from .._aws.connection import Connection
    from .change import ChangeWire

# The shortest time limits if the task is about to time out, and the longest one for counting what is deleted, in seconds.
_SHORTEST_KEY_CHECK, _SHORTEST_LIST, _LONGEST_LIST = 2, 3, 60

_ENABLE_ADVICE = (
    "If the deletion of the key is pending, cancel it (kms:CancelKeyDeletion). Enable the key (kms:EnableKey), and run the task"
    " again. Disable or delete a key only when nothing is encrypted with it."
)

#: Lists what a set holds, or only the open incidents, within a number of seconds. Returns the facts that ssm_incidents_data_info
#: returns, and whether AWS denies the caller the list of incidents.
ListData = Callable[["Connection", ReplicationSet, bool, float], Tuple[Mapping[str, Any], bool]]


class Guard:
    """Checks a change before each of its steps.

    Steps can take hours, so each key is described again before each step. A key that could not be described is not tried again.
    """

    def __init__(
        self,
        connection: Connection,
        wire: ChangeWire,
        list_data: ListData,
        allow_open_incidents: bool,
        warn: Callable[[str], object],
    ) -> None:
        """
        :param wire: has the clock of the change.
        :param list_data: lists what a set holds.
        :param allow_open_incidents: whether a set with open incidents can be deleted.
        :param warn: called with a warning for what can't be checked.
        """
        self._connection = connection
        self._seconds_left = wire.seconds_left
        self._list_data = list_data
        self._allow_open_incidents = allow_open_incidents
        self._warn = warn
        self._unchecked: set[tuple[str, str]] = set()
        # Whether AWS has denied the list of incidents each time so far. Otherwise, the caller has the permission.
        self._is_denied = True

    def validate(self, current: ReplicationSet | None, steps: list[Step]) -> None:
        """Validate that steps can be sent after the first one. Raises Failure."""
        self.validate_keys(current, steps)
        if current and steps and isinstance(steps[0], Delete):
            # An incident may have been opened during the step before the deletion.
            self.validate_no_open_incident(current)

    # Keys -------------------------------------------------------------------------------------------------------------

    def validate_keys(self, current: ReplicationSet | None, steps: Iterable[Step]) -> None:
        """Validate that the steps' keys can be used.

        :param current: the set before the steps.
        :raises Failure: names the key, its Region, its state, and what the state prevents.
        """
        needed = {key: step for key, step in needed_keys(current, steps).items() if key not in self._unchecked}
        seconds = min(TIMEOUT + 1, max(_SHORTEST_KEY_CHECK, self._seconds_left()))
        consequence = "The task continues without checking this key."
        described = describe_keys(self._connection, needed, self._warn, consequence, seconds)
        self._unchecked |= needed.keys() - described.keys()
        for (region, arn), key in described.items():
            self._validate_key(region, arn, key, needed[region, arn])

    def _validate_key(self, region: str, arn: str, key: Mapping[str, Any], step: Step) -> None:
        problem = self._connection.mask(key_problem(key))
        if not problem:
            return
        what = f"The KMS key {arn} of Region {region} can't be used: {one_line(shorten(problem))}"
        if not isinstance(step, (DeleteRegion, Delete)):
            raise Failure(what, code=KEY_NOT_USABLE)
        target = "the replication set" if isinstance(step, Delete) else f"Region {region}"
        is_gone = key["key_state"] is None
        if (is_gone and isinstance(step, Delete)) or not (is_gone or key["key_state"] in DISABLED_STATES):
            # A key that does not exist can't be enabled. Of keys in other states, AWS does not say that they prevent a deletion.
            self._unchecked.add((region, arn))
            self._warn(
                f"{what}. It is not known whether AWS deletes {target} with such a key. If the deletion fails, contact AWS"
                " Support."
            )
            return
        raise Failure(
            f"{what}. The deletion of {target} would fail",
            code=KEY_NOT_USABLE,
            advice="Contact AWS Support." if is_gone else _ENABLE_ADVICE,
        )

    # Data -------------------------------------------------------------------------------------------------------------

    def count(self, current: ReplicationSet) -> dict[str, int | None]:
        """Return the number of resources of each kind in the set. Warn for a kind that can't be listed; its number is None."""
        facts = self._list(current)
        reasons: dict[str, list[str]] = {}
        for missing in facts["missing"]:
            reasons.setdefault(missing["msg"], []).append(missing["part"])
        for reason, parts in reasons.items():
            unknown = " It is not known whether an incident is open." if "open_incidents" in parts else ""
            self._warn(
                f"Failed to count all data that is deleted with the replication set ({', '.join(parts)}). {reason}{unknown}"
            )
        counts: dict[str, int | None] = facts["counts"]
        return counts

    def validate_no_open_incident(self, current: ReplicationSet) -> None:
        """Validate that no incident is open, unless the options allow it or the caller has no permission to list the incidents.

        :raises Failure: if an incident is open, or if the incidents can't be listed for another reason.
        """
        if self._allow_open_incidents:
            return
        facts = self._list(current, only_open_incidents=True)
        number = facts["counts"]["open_incidents"]
        if number:
            are = f"{number} open incident{'s' if number > 1 else ''}"
            raise Failure(
                f"The replication set {current.arn} has {are}, which would be deleted with it", code=OPEN_INCIDENTS
            )
        if facts["missing"] and not self._is_denied:
            raise Failure(
                f"It is not known whether the replication set {current.arn} has an open incident, which would be deleted with it",
                code=OPEN_INCIDENTS,
                reason=facts["missing"][0]["msg"].rstrip("."),
                advice="Run the task again, or set allow_open_incidents: true to delete open incidents too.",
            )

    def _list(self, current: ReplicationSet, only_open_incidents: bool = False) -> Mapping[str, Any]:
        # A message has these seconds.
        seconds = round(min(_LONGEST_LIST, max(_SHORTEST_LIST, self._seconds_left())), 1)
        facts, is_denied = self._list_data(self._connection, current, only_open_incidents, seconds)
        self._is_denied = self._is_denied and is_denied
        return facts
