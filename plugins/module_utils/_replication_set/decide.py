# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next action of a change, from what AWS reports and from the steps that were sent. Nothing of AWS is imported here.

A plan alone is not enough, for two reasons. Reads can lag: it is unknown whether they are consistent right after a write.
And the response to a call can be lost: then it is not known whether AWS accepted the step. Therefore:

* A step that AWS accepted is never sent again. Until AWS reports its effect, no other step is sent.
* A step whose outcome is unknown is sent again with the same client token, unless AWS reports its effect.
* The change deletes only what existed when the first plan was made.
"""

from __future__ import annotations

import math
from typing import Callable, Iterable, Mapping, NamedTuple

from .._aws import errors
from .._aws.errors import Failure
from .desired import DesiredState
from .plan import plan_steps
from .service import FAILED, PAUSES
from .state import ReplicationSet
from .steps import AddRegion, DeleteRegion, Step, predict

#: How long to wait until AWS reports a step that it accepted, and the longest pause during this wait, in seconds.
VISIBLE_SECONDS = 120
VISIBLE_PAUSE = 10

#: How long to retry a step that AWS rejects while no change is in progress, or a call whose response is not from AWS, in
#: seconds.
REJECTED_SECONDS = 300

#: How long to retry the first read of the set, in seconds, and how long if no Region responds.
FIRST_READ_SECONDS = 60
NO_RESPONSE_SECONDS = 3

# The outcomes of a step that was sent.
DONE = "done"
REJECTED = "rejected"
UNKNOWN = "unknown"

#: Other Regions may accept a step that one Region rejects with these codes: a policy can deny a Region, and a Region may
#: not be in the set, or not be enabled for the account.
_REGIONAL_ERRORS = (errors.ACCESS_DENIED, errors.NOT_FOUND, errors.UNRECOGNIZED_CLIENT)

#: AWS's codes if the set no longer exists, or if there is already one. AWS may not report this yet.
_STALE_ERRORS = (errors.NOT_FOUND, errors.QUOTA_EXCEEDED)


def is_not_from_aws(failure: Failure) -> bool:
    """Return whether an error has an HTTP status but no error code from AWS.

    Such an error is from something between the host and AWS. AWS may have carried out the request.
    """
    return failure.code.isdigit()


class Attempt(NamedTuple):
    """A step that was sent, once or several times.

    :ivar token: the client token of every try, so that AWS makes the step once.
    :ivar before: the last report of AWS before the step.
    :ivar outcome: DONE, REJECTED, or UNKNOWN if AWS may have accepted the step although the call failed.
    :ivar failed_tries: the number of times that it was sent and the call failed.
    :ivar retry_at: when to send it again, in seconds.
    :ivar failures: the Regions that have failed, each with its failure; cleared when the Regions are tried again.
    :ivar not_before: when AWS allows another try; 0 if AWS sent no time.
    """

    step: Step
    token: str
    before: ReplicationSet | None
    outcome: str = REJECTED
    failed_tries: int = 0
    retry_at: float = 0
    failures: Mapping[str, Failure] = {}
    not_before: float = 0

    @property
    def rejected_in(self) -> set[str]:
        """The Regions that rejected the step. A conflict concerns the set, not the Region."""
        return {region for region, failure in self.failures.items() if failure.code != errors.CONFLICT}

    def accepted(self) -> Attempt:
        """Return the attempt after AWS accepted the step."""
        return self._replace(outcome=DONE, failures={})

    def failed(self, region: str, failure: Failure, now: float, not_before: float) -> Attempt:
        """Return the attempt after a call that failed. An outcome that is unknown stays unknown."""
        return self._replace(
            outcome=UNKNOWN if failure.is_transient or is_not_from_aws(failure) else self.outcome,
            failed_tries=self.failed_tries + 1,
            retry_at=now + PAUSES[min(self.failed_tries, len(PAUSES) - 1)],
            failures={**({} if region in self.failures else self.failures), region: failure},
            not_before=not_before,
        )

    def after(self, seen: ReplicationSet | None) -> Attempt:
        """Return the attempt after a report of AWS: the step is done if AWS reports its effect."""
        if self.outcome == UNKNOWN and self.step.is_visible(seen):
            return self.accepted()
        if self.outcome == REJECTED and seen and seen.is_changing:
            # AWS rejected the step because another change was in progress. Try the step again after that change.
            return self._replace(before=seen)
        return self


class History(NamedTuple):
    """What has happened so far.

    :ivar attempts: the steps that were sent, in order.
    :ivar first_plan: the steps that were planned before any step was sent; None before there is a plan.
    """

    attempts: tuple[Attempt, ...] = ()
    first_plan: tuple[Step, ...] | None = None

    def steps(self, outcome: str) -> list[Step]:
        """Return the steps with an outcome."""
        return [attempt.step for attempt in self.attempts if attempt.outcome == outcome]

    @property
    def last_failure(self) -> Failure | None:
        """The last failure of the step that was sent last; None if AWS accepted the step."""
        failures = list(self.attempts[-1].failures.values()) if self.attempts else []
        return failures[-1] if failures else None

    def attempt_of(self, step: Step) -> Attempt | None:
        """Return the attempt at a step: the last of all attempts, or an earlier one whose outcome is unknown; otherwise None.

        A step that is done has no attempt, because it is not sent again.
        """
        for attempt in reversed(self.attempts):
            if attempt.step == step and (attempt.outcome == UNKNOWN or attempt == self.attempts[-1]):
                return None if attempt.outcome == DONE else attempt
        return None

    def with_plan(self, steps: Iterable[Step]) -> History:
        """Return the history with a plan. Only the first one counts."""
        return self._replace(first_plan=tuple(steps)) if self.first_plan is None else self

    def with_attempt(self, attempt: Attempt) -> History:
        """Return the history with an attempt as the last one. It replaces its own earlier state."""
        others = tuple(other for other in self.attempts if other.token != attempt.token)
        return self._replace(attempts=(*others, attempt))

    def after(self, seen: ReplicationSet | None) -> History:
        """Return the history after a report of AWS."""
        return self._replace(attempts=tuple(attempt.after(seen) for attempt in self.attempts))


class Wait(NamedTuple):
    """Read again after a pause.

    :ivar reason: one word for what the change waits for. It is the same as long as the change waits for the same thing.
    :ivar failure: the failure that made the change wait, if there is one.
    :ivar limit: how long to wait for the same reason, in seconds. After that, the change fails with the failure.
    :ivar pause: the pause in seconds; None for a pause that grows.
    :ivar longest: the longest pause, if it grows.
    """

    reason: str
    failure: Failure | None = None
    limit: float = math.inf
    pause: float | None = None
    longest: float = PAUSES[-1]


def decide(
    desired: DesiredState,
    history: History,
    seen: ReplicationSet | None,
    other_arns: Iterable[str],
    now: float,
    is_untried: Callable[[Attempt], bool],
) -> Wait | list[Step]:
    """Return the remaining steps, of which the first is to be sent now, or that the change waits.

    :param seen: what AWS reports; None for no set.
    :param other_arns: the ARNs of the account's other sets.
    :param now: the time in seconds.
    :param is_untried: returns whether there is a Region to which a step can be sent and was not sent yet.
    :raises Failure: if the change can't go on.
    """
    done = [step for step in history.steps(DONE) if not _is_overtaken(step, desired, seen)]
    _validate_outcome(history, seen)
    if seen and seen.is_changing:
        return Wait("change")
    others = ", ".join(other_arns)
    if not seen and not desired.is_deleted and any(attempt.before for attempt in history.attempts):
        deleted = Failure(
            "Another user or job deleted the replication set during this task"
            + (f". The account now has {others}" if others else ""),
            code=errors.REPLICATION_SET_DELETED,
        )
        return Wait("set", deleted, VISIBLE_SECONDS, longest=VISIBLE_PAUSE)
    if predict(seen, done) != seen:
        return Wait("effect", _not_visible(done, seen), VISIBLE_SECONDS, longest=VISIBLE_PAUSE)
    if not seen and not desired.is_deleted and desired.arn:
        but = f", but it has {others}" if others else ""
        raise Failure(f"The account has no replication set {desired.arn}{but}", code=errors.NO_REPLICATION_SET)
    steps = plan_steps(seen, desired)
    _validate_deletions(history, steps)
    _validate_failed_regions(desired, seen, steps)
    attempt = history.attempt_of(steps[0]) if steps else None
    return (attempt and _wait_to_retry(attempt, seen, now, is_untried(attempt))) or steps


# Waiting --------------------------------------------------------------------------------------------------------------


def wait_for_response(history: History, failure: Failure) -> Wait:
    """Return that the change waits after a read that failed. Raises the failure if the change can't go on."""
    # A listed set that is not found is being added to or deleted from a Region, or the list lags.
    if not failure.is_transient and failure.code != errors.NOT_FOUND:
        raise failure
    limit = math.inf
    if history.first_plan is None:
        limit = NO_RESPONSE_SECONDS if failure.code in errors.NO_RESPONSE_ERRORS else FIRST_READ_SECONDS
    elif failure.code == errors.MALFORMED_ANSWER:
        # A response that is not from AWS rarely is a transient problem.
        limit = REJECTED_SECONDS
    return Wait("response", failure, limit)


def _is_overtaken(step: Step, desired: DesiredState, seen: ReplicationSet | None) -> bool:
    """Return whether a Region that this run deleted is in the set again, with the key that the task specifies.

    Two tasks can replace the key of the same Region at the same time.
    """
    if not isinstance(step, DeleteRegion) or seen is None:
        return False
    key = (desired.regions or {}).get(step.region)
    return key is not None and seen.keys.get(step.region) == key


def _wait_to_retry(attempt: Attempt, seen: ReplicationSet | None, now: float, untried: bool) -> Wait | None:
    """Return that the change waits until it sends a step again that has failed; None if it sends the step now."""
    failures = list(attempt.failures.values())
    last = failures[-1]
    if untried and (last.is_transient or last.code in _REGIONAL_ERRORS or is_not_from_aws(last)):
        return None
    if now < attempt.not_before:
        return Wait("retryAfter", last, pause=attempt.not_before - now)
    reason, failure, limit = "retry", last, math.inf
    rejections = [failure for failure in failures if not failure.is_transient]
    if rejections:
        is_conflict = any(failure.code == errors.CONFLICT for failure in rejections)
        reason, failure, limit = "acceptance", rejections[0], REJECTED_SECONDS
        if attempt.before == seen and not is_conflict and len(rejections) == len(failures):
            if attempt.outcome != UNKNOWN and last.code not in _STALE_ERRORS:
                raise failure
            # AWS may have accepted the step at an earlier try, or its reports lag: wait until it reports the effect.
            return Wait("outcome", failure, VISIBLE_SECONDS, longest=VISIBLE_PAUSE)
    return None if now >= attempt.retry_at else Wait(reason, failure, limit, attempt.retry_at - now)


# Validating -----------------------------------------------------------------------------------------------------------


def _validate_outcome(history: History, seen: ReplicationSet | None) -> None:
    """Validate that the steps of this run have not failed. Raises Failure with AWS's messages."""
    if not seen or not history.attempts:
        return
    before = history.attempts[-1].before
    new = set(seen.failed_regions) - set(before.failed_regions if before else ())
    if new or (seen.status == FAILED and not (before and before.status == FAILED)):
        raise _failed(seen)


def _validate_failed_regions(desired: DesiredState, seen: ReplicationSet | None, steps: Iterable[Step]) -> None:
    """Validate that no remaining Region is FAILED, if the task changes or names Regions, and that at least one Region works
    at any time.

    :raises Failure: with AWS's messages.
    """
    if desired.is_deleted or seen is None:
        return
    state: ReplicationSet | None = seen
    for step in steps:
        state = step.after(state)
        if isinstance(step, DeleteRegion) and state and set(state.regions) <= set(state.failed_regions):
            raise _failed(seen)
    changes = any(isinstance(step, (AddRegion, DeleteRegion)) for step in steps)
    failed = set(state.failed_regions) if state else set()
    named = desired.regions is not None and (failed & set(desired.regions) or seen.status == FAILED)
    if (failed and changes) or (named and not steps):
        raise _failed(seen)


def _validate_deletions(history: History, steps: Iterable[Step]) -> None:
    """Validate that the steps delete only what the first plan deletes. Raises Failure."""
    if history.first_plan is None:
        return
    planned = [deletion for step in history.first_plan for deletion in step.deletions()]
    new = {deletion for step in steps for deletion in step.deletions() if deletion not in planned}
    if new:
        raise Failure(
            "Another user or job changed the replication set during this task. The task would now have to"
            f" {', '.join(sorted(new))}, which was not in its plan at the start",
            code=errors.REPLICATION_SET_CHANGED,
        )


# Failures -------------------------------------------------------------------------------------------------------------


def _failed(seen: ReplicationSet) -> Failure:
    regions = ", ".join(f"{name} ({text})" for name, text in seen.failed_regions.items())
    return Failure(
        f"The replication set {seen.arn} has failed",
        code=errors.REPLICATION_SET_FAILED,
        reason=f"the status is FAILED in {regions}" if regions else "its status is FAILED, but no Region is FAILED",
    )


def _not_visible(done: Iterable[Step], seen: ReplicationSet | None) -> Failure:
    """Return the failure for steps that AWS accepted but does not report, with what it reports instead."""
    if seen and seen.failed_regions:
        return _failed(seen)
    expected = predict(seen, done)
    missing = [step.action for step in done if not step.is_visible(seen) and step.is_visible(expected)]
    reported, wanted = _described(seen), _described(expected)
    topics = sorted(topic for topic in {**wanted, **reported} if wanted.get(topic) != reported.get(topic))
    differences = [
        f"AWS reports {reported.get(topic, f'no {topic}')}, but the task expects {wanted.get(topic, f'no {topic}')}"
        for topic in topics
        if (seen and expected) or topic == "replication set"
    ]
    return Failure(
        f"AWS accepted {', '.join(missing)}, but does not report the change",
        code=errors.CHANGE_NOT_VISIBLE,
        reason="; ".join(differences),
    )


def _described(state: ReplicationSet | None) -> dict[str, str]:
    """Return what a set has, each with its value, in words for a message."""
    if state is None:
        return {}
    return {
        "replication set": "a replication set",
        "protection": f"deletion protection {'on' if state.deletion_protected else 'off'}",
        **{f"Region {name}": f"Region {name} with the KMS key {key}" for name, key in state.keys.items()},
        **{f"tag {name}": f"the tag {name} with the value {value!r}" for name, value in (state.tags or {}).items()},
    }
