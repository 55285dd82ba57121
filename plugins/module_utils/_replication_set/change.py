# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of a replication set to its desired state, step by step, with everything that can go wrong in between."""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping
from uuid import uuid4

from .._aws.errors import (
    ACCESS_DENIED,
    ADVICE,
    CONFLICT,
    NOT_FOUND,
    REPLICATION_SET_DELETED,
    REPLICATION_SET_FAILED,
    WAIT_REQUIRED,
    WAIT_TIMEOUT,
    AnsibleSSMIncidentsError,
    is_transient,
)
from . import api
from .plan import ADD_REGION, CREATE, DELETE, DELETE_REGION, TAG, UNTAG, UPDATE_PROTECTION, CurrentState, Step
from .search import ALL_REGIONS, find_replication_set
from .service import ACTIVE, FAILED, SERVICE, kms_key_of_region

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

# In seconds. botocore's own waiters give up after 150 s and don't survive a dropped connection; a change takes minutes up
# to hours (CloudFormation and Terraform wait 2 hours). The first pauses are short for what is quick.
_PAUSES = (1, 2, 4, 8, 16, 30)

Planner = Callable[["CurrentState | None"], "list[Step]"]
Validator = Callable[["CurrentState | None", "list[Step]"], object]


class Change:
    """The change of one replication set.

    After every step the set is read and the rest is planned anew. So it makes no difference whether a step was taken by
    this run, by one that was killed, or by somebody else, nor whether the answer to a call was lost.

    :ivar arn: the set's ARN; None as long as there is none.
    :ivar replication_set: the set as last read, as botocore parsed it; None if there is none.
    :ivar current: its state then; the tags only if the plan depends on them.
    :ivar done: the steps that AWS took, in their order.
    :ivar remaining: the steps that are still to take.
    :ivar may_have_changed: whether AWS may have done what the last call asked, although the call failed.
    :ivar other_arns: the account's sets, if the one that was given was not found.
    """

    def __init__(
        self,
        connection: Connection,
        arn: str | None,
        plan: Planner,
        validate: Validator,
        wait_timeout: float,
        include_tags: bool = False,
        is_deletion: bool = False,
    ) -> None:
        """
        :param plan: returns the steps from the current state, None for no set, to the desired one.
        :param validate: raises AnsibleSSMIncidentsError if steps, the current state given, can't succeed.
        :param wait_timeout: in seconds, for everything together.
        :param include_tags: whether the plan depends on the tags.
        :param is_deletion: whether the set is to be deleted: it may be FAILED then, and may be gone.
        """
        self.arn = self._target_arn = arn
        self.replication_set: dict[str, Any] | None = None
        self.current: CurrentState | None = None
        self.done: list[Step] = []
        self.remaining: list[Step] = []
        self._connection = connection
        self._plan = plan
        self._validate = validate
        self._wait_timeout = wait_timeout
        self._deadline = time.monotonic() + wait_timeout
        self._include_tags = include_tags
        self._is_deletion = is_deletion
        self._accept_failed = is_deletion
        self._was_seen = False
        self.other_arns: list[str] = []
        self.may_have_changed = False
        self._region: str | None = None
        self._client_token: tuple[Step, str] | None = None

    def prepare(self) -> None:
        """Read the set, wait until no other change of it is in progress, and plan. Nothing is changed.

        :raises AnsibleSSMIncidentsError: if the set can't be read, has failed, is not ACTIVE in time, or the change is not possible.
        """
        self._wait_and_plan(retry=False)

    def apply(self, wait: bool) -> None:
        """Take the remaining steps.

        :param wait: whether to wait for the last one as well.
        :raises AnsibleSSMIncidentsError: if a step is refused, the set or a Region fails, or the time is over.
        """
        pauses = _pauses()
        while self.remaining:
            if not wait:
                self.validate_single_step()
            step, before = self.remaining[0], self._observed_state()
            failure = self._run_step(step)
            if failure is None:
                self.done.append(step)
                self.remaining = self.remaining[1:]
                # A set that could be deleted although it had failed must not fail while it is deleted.
                self._accept_failed = self._accept_failed and step.action != DELETE
                if not wait and not self.remaining:
                    self._read()
                    return
            self.may_have_changed = failure is not None and is_transient(failure)
            was_changing = self._wait_and_plan()
            # Compare with the set: the response to the call may be lost.
            if step not in self.remaining:
                self.done += [step] if self.may_have_changed else []
                self._client_token = None
            elif failure is None:
                # Not visible yet, or undone by somebody else; the second time, assume that somebody undid it.
                self._client_token = None if self.done[-2:] == [step, step] else self._client_token
                self._pause(next(pauses), None)
            elif failure.code == CONFLICT or is_transient(failure) or was_changing or before != self._observed_state():
                # The reason for the refusal may be gone.
                self._pause(next(pauses), failure)
            else:
                self.may_have_changed = False
                raise failure
            self.may_have_changed = False

    def validate_single_step(self) -> None:
        """Refuse a change of several steps, for a task that does not wait. Raises AnsibleSSMIncidentsError."""
        if len(self.remaining) > 1:
            actions = ", ".join(step.action for step in self.remaining)
            raise AnsibleSSMIncidentsError(
                f"wait: false allows one step, and this change takes {len(self.remaining)}: {actions}",
                code=WAIT_REQUIRED,
            )

    def client(self) -> BaseClient:
        """Return a client for a Region that is in the set, or for the connection's own if there is none."""
        return self._connection.client(SERVICE, self._region)

    # Steps ------------------------------------------------------------------------------------------------------------

    def _run_step(self, step: Step) -> AnsibleSSMIncidentsError | None:
        """Make a step's call, in a Region that stays, and return the failure if it failed."""
        self._region = self._region_for(step)
        try:
            # Sent once: a call that is sent again before the set is read could delete what is the last Region by then.
            self._call(step, self._connection.client(SERVICE, self._region, retry=False), self._token_for(step))
        except AnsibleSSMIncidentsError as failure:
            return failure
        return None

    def _call(self, step: Step, client: BaseClient, token: str) -> None:
        if step.action == CREATE:
            self.arn = api.create_replication_set(client, client_token=token, **step.values)
            return
        arn = str(self.arn)
        if step.action == ADD_REGION:
            api.add_region(client, arn, client_token=token, **step.values)
        elif step.action == DELETE_REGION:
            api.delete_region(client, arn, client_token=token, **step.values)
        elif step.action == UPDATE_PROTECTION:
            api.update_deletion_protection(client, arn, client_token=token, **step.values)
        elif step.action == TAG:
            api.tag_resource(client, arn, **step.values)
        elif step.action == UNTAG:
            api.untag_resource(client, arn, **step.values)
        elif step.action == DELETE:
            api.delete_replication_set(client, arn)

    def _token_for(self, step: Step) -> str:
        """Return the client token of a step: the same for every try, so that AWS takes the step once."""
        if self._client_token is None or self._client_token[0] != step:
            self._client_token = (step, str(uuid4()))
        return self._client_token[1]

    def _region_for(self, step: Step) -> str:
        """Return the Region to send a step to and to read the set from: one that is in the set, before and after.

        For a deletion that is a guard as well. If the Region to delete is the last one by now, the Region that is called
        is no longer in the set, and is likely, though not known, to refuse.
        """
        regions = step.values["regions"] if step.action == CREATE else self._regions()
        staying = sorted(
            region for region in regions if step.action != DELETE_REGION or region != step.values["region"]
        )
        return self._connection.region if self._connection.region in staying else staying[0]

    def _regions(self) -> list[str]:
        return list(self.replication_set["regionMap"]) if self.replication_set else []

    def _current_state(self) -> CurrentState | None:
        if self.replication_set is None:
            return None
        regions = self.replication_set["regionMap"].items()
        return CurrentState(
            {name: kms_key_of_region(info) for name, info in regions},
            bool(self.replication_set.get("deletionProtected")),
            api.list_tags(self.client(), str(self.arn)) if self._include_tags else {},
        )

    # Reading and waiting ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the set, from the Region that answered last or, if that is unknown, from any."""
        if self._region and self.arn:
            try:
                self.replication_set = api.get_replication_set(self.client(), self.arn)
                return
            except AnsibleSSMIncidentsError as failure:
                # A policy with a condition on the set's tags denies the call once the set is gone.
                may_be_gone = (NOT_FOUND, ACCESS_DENIED) if self._is_deletion else (NOT_FOUND,)
                if failure.code not in may_be_gone:
                    raise
        try:
            result = find_replication_set(self._connection, self._target_arn, [ALL_REGIONS])
        except AnsibleSSMIncidentsError as failure:
            # If some Regions did not answer, the list decides, which any Region has.
            if not self._target_arn or not self._is_unlisted(failure):
                raise
            self.replication_set = self._region = None
            return
        self.arn = result.arn or self._target_arn
        self.replication_set = result.replication_set
        self._region = result.client.meta.region_name if result.replication_set else None

    def _is_unlisted(self, failure: AnsibleSSMIncidentsError) -> bool:
        try:
            self.other_arns = api.list_replication_sets(self._connection.client(SERVICE))
        except AnsibleSSMIncidentsError:
            # Without the list, it is enough that no Region has the set.
            return failure.code == NOT_FOUND
        return self._target_arn not in self.other_arns

    def _wait_and_plan(self, retry: bool = True) -> bool:
        """Read the set until no change of it is in progress, and plan the remaining steps.

        :param retry: whether to read again after a transient error of the first read.
        :return: whether a change was in progress.
        """
        pauses = _pauses()
        was_changing = False
        while True:
            failure = None
            try:
                self._read()
                if not self._is_changing():
                    self._validate_status()
                    self.current = self._current_state()
                    break
                was_changing = True
            except AnsibleSSMIncidentsError as error:
                # A set that is listed but not found is being added to, or deleted from, the Region that was asked.
                if not retry or not (is_transient(error) or error.code == NOT_FOUND):
                    raise
                failure = error
            retry = True
            self._pause(next(pauses), failure)
        if self.current:
            self._target_arn = self.arn
        elif self._was_seen and not self._is_deletion:
            raise AnsibleSSMIncidentsError(
                f"The replication set {self.arn} is gone: somebody else has deleted it during this task",
                code=REPLICATION_SET_DELETED,
            )
        self._was_seen = self._was_seen or self.current is not None
        self.remaining = self._plan(self.current)
        self._validate(self.current, self.remaining)
        return was_changing

    def _observed_state(self) -> tuple[Any, ...]:
        """Return what tells one state of the set from another."""
        read = self.replication_set or {}
        return (self.current, read.get("status"), read.get("lastModifiedTime"))

    def _is_changing(self) -> bool:
        """Tell whether a change of the set is in progress: AWS takes no other change then (CloudFormation).

        A status that is not known here counts as one, and so does a Region's: the set is not ready.
        """
        if self.replication_set is None or self._status() == FAILED:
            return False
        statuses = [info.get("status") for info in self.replication_set["regionMap"].values()]
        return self._status() != ACTIVE or any(status not in (ACTIVE, FAILED) for status in statuses)

    def _status(self) -> str | None:
        return self.replication_set["status"] if self.replication_set else None

    def _pause(self, seconds: float, failure: AnsibleSSMIncidentsError | None) -> None:
        """Sleep, unless the time is over."""
        left = self._deadline - time.monotonic()
        if left > 0:
            time.sleep(min(seconds, left))
            return
        raise AnsibleSSMIncidentsError(
            f"Timed out after {self._wait_timeout:g} s while changing {self._name()} in Region {self._region_name()}",
            code=WAIT_TIMEOUT,
            reason=failure.reason if failure else f"it is {self._status()}, with {self._region_statuses()}",
            advice=f"{'AWS continues the steps that have started. ' if self.done else ''}{ADVICE[WAIT_TIMEOUT]}",
        )

    def _name(self) -> str:
        return f"the replication set {self.arn}" if self.arn else "the account's replication set"

    def _region_name(self) -> str:
        return self._region or self._connection.region

    def _validate_status(self) -> None:
        """:raises AnsibleSSMIncidentsError: if the set or one of its Regions is FAILED."""
        if self.replication_set is None or self._accept_failed:
            return
        regions = self.replication_set["regionMap"].items()
        failed = [f"{name} ({info.get('statusMessage') or 'no message'})" for name, info in regions if _failed(info)]
        if failed or _failed(self.replication_set):
            raise AnsibleSSMIncidentsError(
                f"The replication set {self.arn} has failed",
                code=REPLICATION_SET_FAILED,
                reason=f"Regions that are FAILED: {', '.join(failed) or 'none, only the set itself'}",
            )

    def _region_statuses(self) -> str:
        regions = self.replication_set["regionMap"].items() if self.replication_set else ()
        return ", ".join(f"{name} {info.get('status')}" for name, info in regions) or "no Region"


def _failed(answer: Mapping[str, Any]) -> bool:
    return answer.get("status") == FAILED


def _pauses() -> Iterator[int]:
    return chain(_PAUSES, repeat(_PAUSES[-1]))
