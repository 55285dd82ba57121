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

from typing import Any, Callable, Iterable, Mapping, NamedTuple

from .._aws.errors import (
    ACCESS_DENIED,
    CHANGE_NOT_VISIBLE,
    CONFLICT,
    MALFORMED_ANSWER,
    NO_ANSWER_ERRORS,
    NO_REPLICATION_SET,
    NOT_FOUND,
    QUOTA_EXCEEDED,
    REPLICATION_SET_CHANGED,
    REPLICATION_SET_DELETED,
    REPLICATION_SET_FAILED,
    UNRECOGNIZED_CLIENT,
    AnsibleSSMIncidentsError,
)
from .observation import (
    Observation,
    current_state,
    described_effect,
    effects_of,
    failed_regions,
    fingerprint,
    is_changing,
    is_failed,
    is_reported,
    is_visible,
    missing_effects,
    region_statuses,
    reported,
)
from .plan import ADD_REGION, DELETE, DELETE_REGION, UNTAG, UPDATE_PROTECTION, CurrentState, Step
from .service import PAUSES

#: How long to wait until AWS reports a step that it accepted, and the longest pause during this wait, in seconds.
VISIBLE_SECONDS = 120
VISIBLE_PAUSE = 10

#: How long to retry a step that AWS rejects while no change is in progress, or a call whose response is not from AWS, in
#: seconds.
REFUSED_SECONDS = 300

#: How long to retry the first read of the set, in seconds, and how long if no Region responds.
FIRST_READ_SECONDS = 60
NO_ANSWER_SECONDS = 3

# The outcomes of a step that was sent.
DONE = "done"
REFUSED = "refused"
UNKNOWN = "unknown"

#: Other Regions may accept a step that one Region rejects with these codes: a policy can deny a Region, and a Region may
#: not be in the set, or not be enabled for the account.
_REGIONAL_ERRORS = (ACCESS_DENIED, NOT_FOUND, UNRECOGNIZED_CLIENT)

#: AWS's codes if the set no longer exists, or if there is already one. AWS may not report this yet.
_STALE_ERRORS = (NOT_FOUND, QUOTA_EXCEEDED)


def is_not_from_aws(failure: AnsibleSSMIncidentsError) -> bool:
    """Return whether an error has an HTTP status but no error code from AWS.

    Such an error is from something between the host and AWS. AWS may have carried out the request.
    """
    return failure.code.isdigit()


class Attempt(NamedTuple):
    """A step that was sent, once or several times.

    :ivar token: the client token of every try, so that AWS makes the step once.
    :ivar before: the last report of AWS before the step.
    :ivar outcome: DONE, REFUSED, or UNKNOWN if AWS may have accepted the step although the call failed.
    :ivar tries: the number of times that it was sent.
    :ivar last_at: when it was last sent, in seconds.
    :ivar refused_at: when AWS first rejected it, in seconds; None if AWS has not rejected it.
    :ivar failures: the Regions that have failed, each with its failure; cleared when the Regions are tried again.
    :ivar not_before: when AWS allows another try; 0 if AWS sent no time.
    """

    step: Step
    token: str
    before: Observation
    last_at: float
    refused_at: float | None = None
    outcome: str = REFUSED
    tries: int = 0
    failures: Mapping[str, AnsibleSSMIncidentsError] = {}
    not_before: float = 0

    @property
    def refused_in(self) -> set[str]:
        """The Regions that rejected the step. A conflict concerns the set, not the Region."""
        return {region for region, failure in self.failures.items() if failure.code != CONFLICT}

    def answered(self, now: float) -> Attempt:
        """Return the attempt after AWS accepted the step."""
        return self._replace(outcome=DONE, tries=self.tries + 1, last_at=now, failures={})

    def failed(self, region: str, failure: AnsibleSSMIncidentsError, now: float, not_before: float) -> Attempt:
        """Return the attempt after a call that failed. An outcome that is unknown stays unknown."""
        outcome = UNKNOWN if failure.is_temporary or is_not_from_aws(failure) else self.outcome
        refused_at = now if self.refused_at is None and not failure.is_temporary else self.refused_at
        failures = {**({} if region in self.failures else self.failures), region: failure}
        return self._replace(
            outcome=outcome,
            tries=self.tries + 1,
            last_at=now,
            refused_at=refused_at,
            failures=failures,
            not_before=not_before,
        )


class Waiting(NamedTuple):
    """The reason for waiting, and when the waiting began."""

    reason: str
    since: float


class History(NamedTuple):
    """What has happened so far.

    :ivar started_at: when the first read began, in seconds.
    :ivar attempts: the steps that were sent, in order.
    :ivar first_plan: the steps that were planned before any step was sent; None before there is a plan.
    :ivar was_seen: whether a plan was made for a set that exists.
    :ivar waiting: what the last decision waits for; None if it does not wait.
    """

    started_at: float
    attempts: tuple[Attempt, ...] = ()
    first_plan: tuple[Step, ...] | None = None
    was_seen: bool = False
    waiting: Waiting | None = None

    def steps(self, outcome: str) -> list[Step]:
        """Return the steps with an outcome."""
        return [attempt.step for attempt in self.attempts if attempt.outcome == outcome]

    def attempt_of(self, step: Step) -> Attempt | None:
        """Return the attempt at a step: the last of all attempts, or an earlier one whose outcome is unknown; otherwise None.

        A step that is done has no attempt, because it is not sent again.
        """
        for attempt in reversed(self.attempts):
            if attempt.step == step and (attempt.outcome == UNKNOWN or attempt == self.attempts[-1]):
                return None if attempt.outcome == DONE else attempt
        return None

    def with_attempt(self, attempt: Attempt) -> History:
        """Return the history with an attempt as the last one. It replaces its own earlier state."""
        others = tuple(other for other in self.attempts if other.token != attempt.token)
        return self._replace(attempts=(*others, attempt))

    def after(self, seen: Observation) -> History:
        """Return the history after a report of AWS: a step is done if AWS reports its effect."""

        def updated(attempt: Attempt) -> Attempt:
            if attempt.outcome == UNKNOWN and is_visible(attempt.step, seen):
                return attempt._replace(outcome=DONE)
            # AWS rejected the step because another change was in progress. Try the step again after that change.
            is_another = attempt.outcome == REFUSED and is_changing(seen)
            return attempt._replace(before=seen, refused_at=None) if is_another else attempt

        attempts = tuple(updated(attempt) for attempt in self.attempts)
        return self._replace(attempts=attempts)


class Task(NamedTuple):
    """The task of the user.

    :ivar arn: the ARN of the set, if the option is set.
    :ivar plan: returns the steps from the current state (None for no set) to the desired state.
    :ivar is_deletion: whether the task deletes the set.
    :ivar region_names: the Regions that must be in the set and must not be FAILED; None if the option is not set.
    """

    arn: str | None
    plan: Callable[[CurrentState | None], list[Step]]
    is_deletion: bool = False
    region_names: frozenset[str] | None = None


class Wait(NamedTuple):
    """Read again after a pause.

    :ivar reason: one word for what the change waits for. It is the same as long as the change waits for the same thing.
    :ivar seconds: the pause; None for a pause that grows.
    :ivar failure: the failure that made the change wait, if there is one.
    :ivar longest: the longest pause.
    """

    reason: str
    seconds: float | None = None
    failure: AnsibleSSMIncidentsError | None = None
    longest: float = PAUSES[-1]


class Send(NamedTuple):
    """Send a step.

    :ivar steps: all remaining steps.
    :ivar current: the state before them.
    """

    step: Step
    steps: list[Step]
    current: CurrentState | None


class Done(NamedTuple):
    """Nothing is left to do."""

    current: CurrentState | None


def decide(
    task: Task,
    history: History,
    seen: Observation | AnsibleSSMIncidentsError,
    now: float,
    is_untried: Callable[[Attempt], bool],
) -> Wait | Send | Done:
    """Return what to do next.

    :param seen: what AWS reports, or the failure to read it.
    :param now: the time in seconds.
    :param is_untried: returns whether there is a Region to which a step can be sent and was not sent yet.
    :raises AnsibleSSMIncidentsError: if the change can't go on.
    """
    if isinstance(seen, AnsibleSSMIncidentsError):
        return _wait_for_answer(history, seen, now)
    _validate_outcome(history, seen)
    if is_changing(seen):
        return Wait("change")
    current = current_state(seen)
    if current is None and history.was_seen and not task.is_deletion:
        return _wait_at_most(VISIBLE_SECONDS, "set", _deleted(seen), history, now)
    missing = [
        step for step in missing_effects(history.steps(DONE), seen) if not _is_overtaken(step, task, history, seen)
    ]
    if missing and not (task.is_deletion and current is None):
        return _wait_at_most(VISIBLE_SECONDS, "effect", _not_visible(missing, seen), history, now)
    if current is None and task.arn and not task.is_deletion:
        raise _no_such_set(task.arn, seen)
    steps = task.plan(current)
    _validate_deletions(history, steps)
    _validate_failed_regions(task, seen, steps)
    if not steps:
        return Done(current)
    send = Send(steps[0], steps, current)
    attempt = history.attempt_of(send.step)
    return _try_again(send, attempt, seen, now, is_untried(attempt)) if attempt else send


# Waiting --------------------------------------------------------------------------------------------------------------


def _wait_at_most(seconds: float, reason: str, failure: AnsibleSSMIncidentsError, history: History, now: float) -> Wait:
    """Wait, or raise the failure if the change has waited this long for the same reason."""
    if history.waiting and history.waiting.reason == reason and now - history.waiting.since >= seconds:
        raise failure
    return Wait(reason, failure=failure, longest=VISIBLE_PAUSE)


def _wait_for_answer(history: History, failure: AnsibleSSMIncidentsError, now: float) -> Wait:
    # A listed set that is not found is being added to or deleted from a Region, or the list lags.
    if not failure.is_temporary and failure.code != NOT_FOUND:
        raise failure
    if history.first_plan is None:
        seconds = NO_ANSWER_SECONDS if failure.code in NO_ANSWER_ERRORS else FIRST_READ_SECONDS
        if now - history.started_at >= seconds and history.waiting:
            raise failure
    if failure.code == MALFORMED_ANSWER:
        # A response that is not from AWS rarely is a temporary problem.
        return _wait_at_most(REFUSED_SECONDS, "answer", failure, history, now)
    return Wait("answer", failure=failure)


def _is_overtaken(step: Step, task: Task, history: History, seen: Observation) -> bool:
    """Return whether somebody else has added a Region again that this run deleted, in the way that the task wants it.

    Two tasks can replace the key of the same Region at the same time. A read that lags returns no new key.
    """
    if step.action != DELETE_REGION:
        return False
    ((effect, _value),) = effects_of(step).items()
    earlier = [reported(effect, attempt.before) for attempt in history.attempts]
    is_new = reported(effect, seen) not in earlier
    return is_new and all(effect not in effects_of(other) for other in task.plan(current_state(seen)))


def _try_again(send: Send, attempt: Attempt, seen: Observation, now: float, untried: bool) -> Wait | Send:
    """Return whether and when to send a step again after it failed."""
    failures = list(attempt.failures.values())
    last = failures[-1]
    if untried and (last.is_temporary or last.code in _REGIONAL_ERRORS or is_not_from_aws(last)):
        return send
    refusals = [failure for failure in failures if not failure.is_temporary]
    if refusals:
        refusal = refusals[0]
        is_changed = fingerprint(attempt.before) != fingerprint(seen)
        is_conflict = any(failure.code == CONFLICT for failure in refusals)
        if is_changed or is_conflict or len(refusals) < len(failures):
            _raise_after(REFUSED_SECONDS, refusal, attempt, now)
        elif attempt.outcome == UNKNOWN or last.code in _STALE_ERRORS:
            # AWS may have accepted the step at an earlier try, or its reports lag: wait until it reports the effect.
            _raise_after(VISIBLE_SECONDS, refusal, attempt, now)
            return Wait("outcome", failure=refusal, longest=VISIBLE_PAUSE)
        else:
            raise refusal
    due = max(attempt.not_before, attempt.last_at + PAUSES[min(attempt.tries, len(PAUSES)) - 1])
    return send if now >= due else Wait("retry", due - now, last)


def _raise_after(seconds: float, failure: AnsibleSSMIncidentsError, attempt: Attempt, now: float) -> None:
    """Raise the failure if AWS has rejected a step for this long, counted from when it allowed another try."""
    since = now if attempt.refused_at is None else attempt.refused_at
    if now - max(since, attempt.not_before) >= seconds:
        raise failure


# Validating -----------------------------------------------------------------------------------------------------------


def _validate_outcome(history: History, seen: Observation) -> None:
    """Validate that the steps of this run have not failed. Raises AnsibleSSMIncidentsError with AWS's messages."""
    if not history.steps(DONE) and not history.steps(UNKNOWN):
        return
    before = history.attempts[-1].before
    new = {name: text for name, text in failed_regions(seen).items() if name not in failed_regions(before)}
    if new or (is_failed(seen) and not is_failed(before)):
        raise _failed(seen)


def _validate_failed_regions(task: Task, seen: Observation, steps: list[Step]) -> None:
    """Validate that no remaining Region is FAILED, if the task changes or names Regions, and that at least one Region works
    at any time.

    :raises AnsibleSSMIncidentsError: with AWS's messages.
    """
    if task.is_deletion or seen.replication_set is None:
        return
    staying = set(failed_regions(seen)) - {step.values["region"] for step in steps if step.action == DELETE_REGION}
    changes_regions = any(step.action in (ADD_REGION, DELETE_REGION) for step in steps)
    is_not_as_asked = not steps and task.region_names is not None and (staying & task.region_names or is_failed(seen))
    if is_not_as_asked or (staying and changes_regions):
        raise _failed(seen)
    working = set(region_statuses(seen)) - set(failed_regions(seen))
    for step in steps:
        if step.action == ADD_REGION:
            working.add(step.values["region"])
        elif step.action == DELETE_REGION:
            working.discard(step.values["region"])
            if not working:
                raise _failed(seen)


def _validate_deletions(history: History, steps: Iterable[Step]) -> None:
    """Validate that the steps delete only what the first plan deletes. Raises AnsibleSSMIncidentsError."""
    if history.first_plan is None:
        return
    new = _deletions(steps) - _deletions(history.first_plan)
    if new:
        raise AnsibleSSMIncidentsError(
            "Another user or job changed the replication set during this task. The task would now have to"
            f" {', '.join(sorted(new))}, which was not in its plan at the start",
            code=REPLICATION_SET_CHANGED,
        )


def _deletions(steps: Iterable[Step]) -> set[str]:
    """Return what the steps delete, in words for a message."""
    deletions = set()
    for step in steps:
        if step.action == DELETE_REGION:
            deletions.add(f"delete Region {step.values['region']}")
        elif step.action == UNTAG:
            deletions |= {f"remove the tag {key}" for key in step.values["tag_keys"]}
        elif step.action == UPDATE_PROTECTION and not step.values["deletion_protected"]:
            deletions.add("turn deletion protection off")
        elif step.action == DELETE:
            deletions.add("delete the replication set")
    return deletions


# Failures -------------------------------------------------------------------------------------------------------------


def _failed(seen: Observation) -> AnsibleSSMIncidentsError:
    regions = ", ".join(f"{name} ({text})" for name, text in failed_regions(seen).items())
    return AnsibleSSMIncidentsError(
        f"The replication set {seen.arn} has failed",
        code=REPLICATION_SET_FAILED,
        reason=f"the status is FAILED in {regions}" if regions else "its status is FAILED, but no Region is FAILED",
    )


def _no_such_set(arn: str, seen: Observation) -> AnsibleSSMIncidentsError:
    others = f", but it has {', '.join(seen.other_arns)}" if seen.other_arns else ""
    return AnsibleSSMIncidentsError(f"The account has no replication set {arn}{others}", code=NO_REPLICATION_SET)


def _deleted(seen: Observation) -> AnsibleSSMIncidentsError:
    others = f". The account now has {', '.join(seen.other_arns)}" if seen.other_arns else ""
    return AnsibleSSMIncidentsError(
        f"Another user or job deleted the replication set during this task{others}",
        code=REPLICATION_SET_DELETED,
    )


def _not_visible(missing: list[Step], seen: Observation) -> AnsibleSSMIncidentsError:
    """Return the failure for steps that AWS accepted but does not report, with what it reports instead."""
    failed = failed_regions(seen)
    if failed:
        return _failed(seen)
    effects: dict[tuple[str, str], Any] = {}
    for step in missing:
        effects.update(effects_of(step))
    differences = [
        f"AWS reports {described_effect(effect, reported(effect, seen))}, but the task expects {described_effect(effect, value)}"
        for effect, value in effects.items()
        if not is_reported(effect, value, seen)
    ]
    return AnsibleSSMIncidentsError(
        f"AWS accepted {', '.join(step.action for step in missing)}, but does not report the change",
        code=CHANGE_NOT_VISIBLE,
        reason="; ".join(differences),
    )
