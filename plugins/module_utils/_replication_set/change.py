# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of a replication set to its desired state: read, decide and send a step, until nothing is left to do.

After every step, the set is read and the remaining steps are planned again. It makes no difference whether this run,
an earlier run that was killed, or somebody else made a step. decide.py decides what to do next.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Callable
from uuid import uuid4

from .._aws.errors import ADVICE, WAIT_REQUIRED, WAIT_TIMEOUT, AnsibleSSMIncidentsError, aws_response
from .._aws.text import iso_time
from .decide import DONE, UNKNOWN, Attempt, Done, History, Send, Task, Wait, Waiting, decide
from .observation import Observation, region_statuses
from .observe import Observer
from .plan import CREATE, DELETE_REGION, CurrentState, Step
from .remote import Remote
from .service import FAILED, PAUSES

# How long after the time limit the first step may be sent, in seconds. With a wait_timeout of 0, the set is read first.
_GRACE = 2

Validator = Callable[["CurrentState | None", "list[Step]"], object]


class Change:
    """The change of one replication set.

    :ivar seen: the last report of AWS; None before the first one.
    :ivar current: the state that the last plan was made for; None for no set.
    :ivar remaining: the steps of the last plan that AWS has not accepted.
    """

    def __init__(
        self,
        remote: Remote,
        observer: Observer,
        task: Task,
        wait_timeout: float,
        validate: Validator,
        log: Callable[[str], object],
    ) -> None:
        """
        :param remote: the calls to AWS, and the clock.
        :param observer: reads the set.
        :param task: the task of the user.
        :param wait_timeout: the time limit of the whole change in seconds, for the message.
        :param validate: raises AnsibleSSMIncidentsError if the steps from the current state can't succeed.
        :param log: logs a line for each step that AWS has accepted.
        """
        self.seen: Observation | None = None
        self.current: CurrentState | None = None
        self.remaining: list[Step] = []
        self._remote = remote
        self._observer = observer
        self._task = task
        self._wait_timeout = wait_timeout
        self._validate = validate
        self._log = log
        self._history = History(remote.now())
        self._decision: Send | Done = Done(None)

    @property
    def done(self) -> list[Step]:
        """The steps that AWS has accepted, in order."""
        return self._history.steps(DONE)

    @property
    def unknown(self) -> list[Step]:
        """The steps that AWS may have accepted, although the call failed."""
        return [step for step in self._history.steps(UNKNOWN) if step not in self.done]

    @property
    def arn(self) -> str:
        """The set's ARN; empty if it is not known."""
        return self._observer.arn or ""

    def prepare(self) -> None:
        """Read the set, wait until no other change of it is in progress, and plan. This changes nothing.

        :raises AnsibleSSMIncidentsError: if the set can't be read, if it is not ACTIVE in time, or if the change is not possible.
        """
        self._next()
        self._history = self._history._replace(first_plan=tuple(self.remaining))

    def apply(self, wait: bool) -> None:
        """Send the remaining steps.

        :param wait: whether to wait until the last step is complete.
        :raises AnsibleSSMIncidentsError: if AWS rejects a step, if the set or a Region fails, or if the change times out.
        """
        while isinstance(self._decision, Send):
            if not wait:
                self.validate_single_step()
            if self._remote.seconds_left() <= (0 if self._history.attempts else -_GRACE):
                attempt = self._history.attempt_of(self._decision.step)
                failures = list(attempt.failures.values()) if attempt else []
                raise self._timed_out(Wait("time", failure=failures[-1] if failures else None))
            self._send(self._decision)
            self._next(wait)

    def validate_single_step(self) -> None:
        """Validate that there is at most one step, for a task that does not wait. Raises AnsibleSSMIncidentsError."""
        if len(self.remaining) > 1:
            actions = ", ".join(step.action for step in self.remaining)
            raise AnsibleSSMIncidentsError(
                f"wait: false allows only one step, but this change takes {len(self.remaining)} steps: {actions}",
                code=WAIT_REQUIRED,
            )

    # Read and decide --------------------------------------------------------------------------------------------------

    def _next(self, wait: bool = True) -> None:
        """Read and decide until there is a step to send or nothing is left to do.

        :param wait: whether to wait for a step that AWS has accepted.
        """
        pauses = 0
        while True:
            if not wait and self._history.attempts[-1].outcome == DONE:
                self._decision = Done(None)
                return
            seen = self._look()
            decision = decide(self._task, self._history, seen, self._remote.now(), self._is_untried)
            if not isinstance(decision, Wait):
                break
            self._wait(decision, PAUSES[min(pauses, len(PAUSES) - 1)])
            pauses += 1
        was_seen = self._history.was_seen or decision.current is not None
        self._history = self._history._replace(waiting=None, was_seen=was_seen)
        self.current = decision.current
        self.remaining = decision.steps if isinstance(decision, Send) else []
        self._decision = decision
        self._validate(self.current, self.remaining)

    def _look(self) -> Observation | AnsibleSSMIncidentsError:
        done = self.done
        try:
            self.seen = self._observer.look()
        except AnsibleSSMIncidentsError as failure:
            return failure
        if self.seen.replication_set is None and self._history.first_plan is None:
            # The set that was DELETING when the task began no longer exists.
            self._observer.forget()
        self._history = self._history.after(self.seen)
        for step in self.done[len(done) :]:
            self._log_step(step)
        self.remaining = [step for step in self.remaining if step not in self.done]
        return self.seen

    def _wait(self, decision: Wait, pause: float) -> None:
        """Sleep for a pause. Raises AnsibleSSMIncidentsError if the change has timed out."""
        now = self._remote.now()
        waiting = self._history.waiting
        if waiting is None or waiting.reason != decision.reason:
            self._history = self._history._replace(waiting=Waiting(decision.reason, now))
        left = self._remote.seconds_left()
        seconds = min(pause, decision.longest) if decision.seconds is None else decision.seconds
        if left <= 0 or (decision.seconds is not None and decision.seconds > left + 1):
            raise self._timed_out(decision)
        self._remote.sleep(min(seconds, left))

    def _timed_out(self, decision: Wait) -> AnsibleSSMIncidentsError:
        name = f"the replication set {self.arn}" if self.arn else "the account's replication set"
        region = (self.seen and self.seen.region) or self._remote.region
        message = f"Timed out after {self._wait_timeout:g} s while changing {name} in Region {region}"
        if decision.failure:
            # A long reason is shortened, a message is not.
            message, reason = f"{message}: {decision.failure.message}", decision.failure.reason
        elif self.seen and self.seen.replication_set:
            statuses = ", ".join(f"{name} {status}" for name, status in region_statuses(self.seen).items())
            reason = f"the set is {self.seen.replication_set['status']}, and its Regions are {statuses}"
        else:
            reason = "AWS reports no replication set"
        advice = ADVICE[WAIT_TIMEOUT]
        moment = _retry_after(decision.failure)
        if moment:
            advice = f"AWS allows another attempt after {iso_time(moment)}. Run the task again after that time."
        return AnsibleSSMIncidentsError(
            message,
            code=WAIT_TIMEOUT,
            reason=reason,
            advice=f"{'AWS continues the steps that have started. ' if self.done else ''}{advice}",
        )

    # Send --------------------------------------------------------------------------------------------------------------

    def _send(self, decision: Send) -> None:
        """Send a step once, to a Region that has not rejected it, and record the result."""
        step = decision.step
        attempt = self._history.attempt_of(step)
        now = self._remote.now()
        if attempt is None:
            attempt = Attempt(step, str(uuid4()), self._seen(), last_at=now)
        regions = self._regions_for(step)
        untried = [region for region in regions if region not in attempt.failures]
        not_refusing = [region for region in regions if region not in attempt.refused_in]
        region = (untried or not_refusing or regions)[0]
        # If the task is interrupted during the call, AWS may have accepted the step.
        self._history = self._history.with_attempt(attempt._replace(outcome=UNKNOWN, before=self._seen()))
        call = partial(self._remote.send, region, self.arn, step, attempt.token)
        ((_region, result),) = self._remote.side_by_side({region: call})
        now = self._remote.now()
        if isinstance(result, AnsibleSSMIncidentsError):
            self._observer.record(region, result)
            moment = _retry_after(result)
            not_before = now + self._remote.seconds_until(moment) if moment else 0
            attempt = attempt.failed(region, result, now, not_before)
        else:
            self._observer.record(region, None)
            if step.action == CREATE:
                self._observer.remember(result, [region, *step.values["regions"]])
            attempt = attempt.answered(now)
            self.remaining = [other for other in self.remaining if other != step]
            self._log_step(step)
        self._history = self._history.with_attempt(attempt._replace(before=self._seen()))

    def _seen(self) -> Observation:
        if self.seen is None:
            raise AssertionError("no step is sent before the set is read")
        return self.seen

    def _is_untried(self, attempt: Attempt) -> bool:
        """Return whether there is a Region in which the step has not failed yet."""
        return any(region not in attempt.failures for region in self._regions_for(attempt.step))

    def _regions_for(self, step: Step) -> list[str]:
        """Return the Regions to send a step to: those that are in the set before and after the step.

        This also protects the last Region from deletion. If somebody else has deleted the other Regions, the Region that is
        called is no longer in the set. It is likely, but not known, that it rejects the call.
        """
        seen = self._seen().replication_set
        regions = step.values["regions"] if step.action == CREATE else seen["regionMap"] if seen else {}
        staying = [region for region in regions if step.action != DELETE_REGION or region != step.values["region"]]
        failed = {name for name, info in (seen["regionMap"] if seen else {}).items() if info.get("status") == FAILED}
        return sorted(self._observer.healthiest_first(staying), key=lambda region: region in failed)

    def _log_step(self, step: Step) -> None:
        values = ", ".join(f"{name}: {value}" for name, value in step.values.items())
        self._log(f"AWS accepted {step.action} for the replication set {self.arn} ({values})")


def _retry_after(failure: AnsibleSSMIncidentsError | None) -> datetime | None:
    """Return the time after which AWS allows another attempt, if it sent one (ConflictException, botocore's model)."""
    moment = aws_response(failure.cause if failure else None).get("retryAfter")
    if not isinstance(moment, datetime):
        return None
    try:
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except OverflowError:
        return None
