# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a replication set from what it is to what it shall be, step by step, whatever happens on the way."""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping
from uuid import uuid4

from . import _api
from ._errors import NO_ANSWER, NOT_FOUND, PASSING_FAULTS, AnsibleSSMIncidentsError
from ._facts import DEFAULT_KEY
from ._plan import ADD_REGION, CREATE, DELETE, DELETE_REGION, PROTECT, TAG, UNTAG, PlanError, Present, Step
from ._search import ALL, find_replication_set

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._connection import Connection

# botocore's own waiters give up after 150 s and don't survive a dropped connection; a change takes minutes up to hours
# (CloudFormation and Terraform wait 2 hours). The first pauses are short for what is quick.
_PAUSES = (1, 2, 4, 8, 16, 30)
_BUSY = ("CREATING", "UPDATING", "DELETING")


class WaitTimeout(Exception):
    """The time is over, and a change is still under way."""


class SetIsGone(Exception):
    """The set that was to be changed is not there any more."""


class ReplicationSetFailed(Exception):
    """The service says FAILED, of the set or of a Region."""


Plan = Callable[["Present | None"], "list[Step]"]


class Change:
    """The change of one replication set.

    After every step the set is read and the rest is planned anew. So it makes no difference whether a step was taken by
    this run, by one that was killed, or by somebody else, nor whether the answer to a call got lost.

    :ivar arn: the set's ARN; None as long as there is none.
    :ivar replication_set: the set as last read, as botocore says it; None where there is none.
    :ivar present: what of it can be changed, as of then; tags only where the plan has to know them.
    :ivar done: the steps that AWS took, in their order.
    :ivar left: the steps that are still to take.
    :ivar may_have_changed: whether the fate of the last call is not known.
    :ivar listed: the account's sets, where the one asked for was looked for in vain.
    """

    def __init__(
        self,
        connection: Connection,
        arn: str | None,
        plan: Plan,
        wait_timeout: float,
        with_tags: bool = False,
        may_have_failed: bool = False,
        gone_is_fine: bool = False,
    ) -> None:
        """
        :param plan: what to do, by what is there.
        :param wait_timeout: in seconds, for everything together.
        :param with_tags: whether the plan has to know the tags.
        :param may_have_failed: whether to go on with a set that is FAILED, or has such a Region.
        :param gone_is_fine: whether the set may go while the change is under way.
        """
        self.arn = self._given_arn = arn
        self.replication_set: dict[str, Any] | None = None
        self.present: Present | None = None
        self.done: list[Step] = []
        self.left: list[Step] = []
        self._connection = connection
        self._plan = plan
        self._wait_timeout = wait_timeout
        self._deadline = time.monotonic() + wait_timeout
        self._with_tags = with_tags
        self._may_have_failed = may_have_failed
        self._gone_is_fine = gone_is_fine
        self._seen = False
        self.listed: list[str] = []
        self.may_have_changed = False
        self._home: str | None = None
        self._try: tuple[Step, str] | None = None

    def prepare(self) -> None:
        """Read the set, wait until no other change of it is under way, and plan. Nothing is changed.

        :raises PlanError: where the plan says so.
        :raises AnsibleSSMIncidentsError: where the set can't be read, has failed, or does not settle in time.
        """
        self._settle(patiently=False)

    def carry_out(self, wait: bool) -> None:
        """Take the steps that are left.

        :param wait: whether to wait for the last one as well.
        :raises AnsibleSSMIncidentsError: where a step is refused, the set or a Region fails, or the time is over.
        """
        pauses = _pauses()
        while self.left:
            if not wait and len(self.left) > 1:
                raise PlanError(f"wait: false allows for one step, and {len(self.left)} are left by now")
            step, before = self.left[0], self._fingerprint()
            failure = self._take(step)
            if failure is None:
                self.done.append(step)
                self.left = self.left[1:]
                # A set that could be deleted although it had failed must not fail on the way.
                self._may_have_failed = self._may_have_failed and step.action != DELETE
                if not wait and not self.left:
                    self._read()
                    return
            self.may_have_changed = failure is not None and _passes(failure)
            was_busy = self._settle()
            # What is there counts, not what the answer to the call was, nor whether it arrived.
            if step not in self.left:
                self.done += [step] if self.may_have_changed else []
                self._try = None
            elif failure is None:
                # Not to be seen yet, or undone by somebody else; the second time it is taken for undone.
                self._try = None if self.done[-2:] == [step, step] else self._try
                self._pause(next(pauses), None)
            elif failure.code == "ConflictException" or _passes(failure) or was_busy or before != self._fingerprint():
                # What was refused was refused for something that has changed meanwhile.
                self._pause(next(pauses), failure)
            else:
                self.may_have_changed = False
                raise failure
            self.may_have_changed = False

    def client(self) -> BaseClient:
        """Return a client for a Region that is in the set, or for the connection's own where there is none."""
        return self._connection.client(self._home)

    # Steps ------------------------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> AnsibleSSMIncidentsError | None:
        """Make a step's call, from a Region that stays; return the failure where it failed."""
        self._home = self._region_for(step)
        try:
            # Sent once: a call that is sent again without looking could delete what is the last Region by then.
            self._call(step, self._connection.client(self._home, once=True), self._token(step))
        except AnsibleSSMIncidentsError as failure:
            return failure
        return None

    def _call(self, step: Step, client: BaseClient, token: str) -> None:
        if step.action == CREATE:
            self.arn = _api.create_replication_set(client, client_token=token, **step.values)
            return
        arn = str(self.arn)
        if step.action == ADD_REGION:
            _api.add_region(client, arn, client_token=token, **step.values)
        elif step.action == DELETE_REGION:
            _api.delete_region(client, arn, client_token=token, **step.values)
        elif step.action == PROTECT:
            _api.update_deletion_protection(client, arn, client_token=token, **step.values)
        elif step.action == TAG:
            _api.tag(client, arn, **step.values)
        elif step.action == UNTAG:
            _api.untag(client, arn, **step.values)
        elif step.action == DELETE:
            _api.delete_replication_set(client, arn)

    def _token(self, step: Step) -> str:
        """Return the client token of a step: the same for every try, so that AWS makes it once."""
        if self._try is None or self._try[0] != step:
            self._try = (step, str(uuid4()))
        return self._try[1]

    def _region_for(self, step: Step) -> str:
        """Return a Region to send a step to and to watch it from: one that is in the set, before and after.

        For a deletion that is a guard as well. Should the Region be the last one by now, the one asked is not in the set
        any more, and is likely, though not known, to refuse.
        """
        there = step.values["regions"] if step.action == CREATE else self._regions()
        staying = sorted(region for region in there if step.action != DELETE_REGION or region != step.values["region"])
        return self._connection.region if self._connection.region in staying else staying[0]

    def _regions(self) -> list[str]:
        return list(self.replication_set["regionMap"]) if self.replication_set else []

    def _what_is_present(self) -> Present | None:
        if self.replication_set is None:
            return None
        regions = self.replication_set["regionMap"].items()
        return Present(
            # By the model a Region's key may be left out; the recorded answers name DefaultKey.
            {name: info.get("sseKmsKeyId") or DEFAULT_KEY for name, info in regions},
            bool(self.replication_set.get("deletionProtected")),
            _api.list_tags(self.client(), str(self.arn)) if self._with_tags else {},
        )

    # Reading and waiting ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the set from where it is."""
        if self._home and self.arn:
            try:
                self.replication_set = _api.get_replication_set(self.client(), self.arn)
                return
            except AnsibleSSMIncidentsError as failure:
                if failure.code != NOT_FOUND:
                    raise
        try:
            answer = find_replication_set(self._connection, self._given_arn, [ALL])
        except AnsibleSSMIncidentsError as failure:
            # Not found although some Regions could not be asked: the list, which any Region has, is decisive.
            if not self._given_arn or not self._is_unlisted(failure):
                raise
            self.replication_set = self._home = None
            return
        self.arn = answer.arn or self._given_arn
        self.replication_set = answer.replication_set
        self._home = answer.client.meta.region_name if answer.replication_set else None

    def _is_unlisted(self, failure: AnsibleSSMIncidentsError) -> bool:
        try:
            self.listed = _api.list_replication_sets(self._connection.client())
        except AnsibleSSMIncidentsError:
            # Without a list, every Region's word that the set is not there will do.
            return failure.code == NOT_FOUND
        return self._given_arn not in self.listed

    def _settle(self, patiently: bool = True) -> bool:
        """Read the set until no change of it is under way, and plan what is left.

        :param patiently: whether to read on after a fault that passes.
        :return: whether a change was under way.
        """
        pauses = _pauses()
        was_busy = False
        while True:
            failure = None
            try:
                self._read()
                if self._status() not in _BUSY:
                    self._refuse_failed()
                    self.present = self._what_is_present()
                    break
                was_busy = True
            except AnsibleSSMIncidentsError as error:
                # A set that is listed but not found is on its way to or from the Region that was asked.
                if not patiently or not (_passes(error) or error.code == NOT_FOUND):
                    raise
                failure = error
            patiently = True
            self._pause(next(pauses), failure)
        if self.present:
            self._given_arn = self.arn
        elif self._seen and not self._gone_is_fine:
            raise AnsibleSSMIncidentsError(
                f"The replication set {self.arn} is gone: somebody else has deleted it during this task",
                SetIsGone("it was there when the task began"),
                advice="Run the task again if a new one shall be created.",
            )
        self._seen = self._seen or self.present is not None
        self.left = self._plan(self.present)
        return was_busy

    def _fingerprint(self) -> tuple[Any, ...]:
        """Return what tells one state of the set from another."""
        there = self.replication_set or {}
        return (self.present, there.get("status"), there.get("lastModifiedTime"))

    def _status(self) -> str | None:
        return self.replication_set["status"] if self.replication_set else None

    def _pause(self, seconds: float, failure: AnsibleSSMIncidentsError | None) -> None:
        """Sleep, unless the time is over."""
        left = self._deadline - time.monotonic()
        if left > 0:
            time.sleep(min(seconds, left))
            return
        raise AnsibleSSMIncidentsError(
            f"Waited {self._wait_timeout:g} s for the replication set {self.arn} to settle",
            WaitTimeout(failure.reason if failure else f"it is {self._status()}, with {self._regions_by_status()}"),
            advice=f"{'What was begun goes on in AWS. ' if self.done else ''}Run the task again, with a longer wait_timeout.",
        )

    def _refuse_failed(self) -> None:
        """:raises AnsibleSSMIncidentsError: where the set or one of its Regions is FAILED."""
        if self.replication_set is None or self._may_have_failed:
            return
        regions = self.replication_set["regionMap"].items()
        failed = [f"{name} ({info.get('statusMessage') or 'no message'})" for name, info in regions if _failed(info)]
        if failed or _failed(self.replication_set):
            raise AnsibleSSMIncidentsError(
                f"The replication set {self.arn} has failed",
                ReplicationSetFailed(f"Regions that are FAILED: {', '.join(failed) or 'none, only the set itself'}"),
                advice="Mend what the messages name, such as the KMS key's policy, delete the Region from the set in the"
                " console, or ask AWS Support.",
            )

    def _regions_by_status(self) -> str:
        regions = self.replication_set["regionMap"].items() if self.replication_set else ()
        return ", ".join(f"{name} {info.get('status')}" for name, info in regions) or "no Region"


def _failed(answer: Mapping[str, Any]) -> bool:
    return answer.get("status") == "FAILED"


def _passes(failure: AnsibleSSMIncidentsError) -> bool:
    return failure.code in PASSING_FAULTS or failure.code in NO_ANSWER


def _pauses() -> Iterator[int]:
    return chain(_PAUSES, repeat(_PAUSES[-1]))
