# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of a replication set does next, from what AWS reports and what was sent. Nothing of AWS is imported here.

Two things make this more than a plan. Reads may lag: whether they are consistent right after a write is unknown. And the
response to a call may be lost, so that it is not known whether AWS has taken the step. Hence:

* A step that AWS has taken is never sent again. Until AWS reports it, nothing else is decided.
* A step whose outcome is unknown is sent again, with its client token, or found in what AWS reports.
* What was not there when the plan was made is not deleted.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, NamedTuple

from .._aws.errors import (
    ACCESS_DENIED,
    CHANGE_NOT_VISIBLE,
    CONFLICT,
    NO_ANSWER_ERRORS,
    NOT_FOUND,
    REPLICATION_SET_CHANGED,
    REPLICATION_SET_DELETED,
    REPLICATION_SET_FAILED,
    UNRECOGNIZED_CLIENT,
    AnsibleSSMIncidentsError,
)
from .observe import Observation
from .plan import (
    ADD_REGION,
    CREATE,
    DELETE,
    DELETE_REGION,
    TAG,
    UNTAG,
    UPDATE_PROTECTION,
    CurrentState,
    Step,
    predict,
)
from .service import ACTIVE, DELETING, FAILED, kms_key_of_region

#: In seconds. The first pauses are short for what is quick.
PAUSES = (1, 2, 4, 8, 16, 30)

#: How long to wait, in seconds, until AWS reports a step that it has taken, and how long to try again although AWS refuses
#: a step while no change is in progress.
VISIBLE_SECONDS = 120
REFUSED_SECONDS = 300

#: How long to try, in seconds, to read the set for the first time.
FIRST_READ_SECONDS = 60

# The outcomes of a step that was sent.
DONE = "done"
REFUSED = "refused"
UNKNOWN = "unknown"

#: Other Regions may accept what one Region refuses so: a policy can deny a Region, and a Region may not be in the set (any
#: more), or not enabled for the account.
_REGIONAL_ERRORS = (ACCESS_DENIED, NOT_FOUND, UNRECOGNIZED_CLIENT)


class Attempt(NamedTuple):
    """A step that was sent, once or several times.

    :ivar token: the client token of every try, so that AWS takes the step once.
    :ivar before: what AWS had reported.
    :ivar outcome: DONE, REFUSED, or UNKNOWN if AWS may have taken the step although a call failed.
    :ivar tries: how often it was sent.
    :ivar first_at: when it was sent first, and when last, in seconds.
    :ivar failures: the Regions that have failed, with the failure of each; emptied if all are tried again.
    :ivar not_before: when AWS lets the step be tried again.
    """

    step: Step
    token: str
    before: Observation
    first_at: float
    last_at: float
    outcome: str = REFUSED
    tries: int = 0
    failures: Mapping[str, AnsibleSSMIncidentsError] = {}
    not_before: float = 0

    def answered(self, now: float) -> Attempt:
        """Return the attempt after AWS has taken the step."""
        return self._replace(outcome=DONE, tries=self.tries + 1, last_at=now, failures={})

    def failed(self, region: str, failure: AnsibleSSMIncidentsError, now: float, not_before: float) -> Attempt:
        """Return the attempt after a call that failed. A doubt stays."""
        outcome = UNKNOWN if failure.is_temporary else self.outcome
        failures = {**({} if region in self.failures else self.failures), region: failure}
        return self._replace(
            outcome=outcome, tries=self.tries + 1, last_at=now, failures=failures, not_before=not_before
        )


class Waiting(NamedTuple):
    """What the change waits for, and since when."""

    reason: str
    since: float


class History(NamedTuple):
    """What has happened so far.

    :ivar started_at: when the first read began, in seconds.
    :ivar attempts: the steps that were sent, in their order.
    :ivar first_plan: the steps that were planned before anything was sent; None as long as there is no plan.
    :ivar was_seen: whether a plan was made for a set that exists.
    :ivar waiting: what the last decision waits for; None if it does not.
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
        """Return the attempt that is in progress, if it is one of this step."""
        last = self.attempts[-1] if self.attempts else None
        return last if last and last.step == step and last.outcome != DONE else None

    def with_attempt(self, attempt: Attempt) -> History:
        """Return the history with a new attempt, or with another state of the last one."""
        replaced = bool(self.attempts) and self.attempts[-1].token == attempt.token
        return self._replace(attempts=(*(self.attempts[:-1] if replaced else self.attempts), attempt))

    def after(self, seen: Observation) -> History:
        """Return the history after AWS has reported the set: steps that can be seen were taken."""

        def reported(attempt: Attempt) -> Attempt:
            if attempt.outcome == UNKNOWN and not missing_effects([attempt.step], seen):
                return attempt._replace(outcome=DONE)
            # What refused a step is another change that is in progress: the step is to be tried again after it.
            return attempt._replace(before=seen) if attempt.outcome == REFUSED and is_changing(seen) else attempt

        attempts = tuple(reported(attempt) for attempt in self.attempts)
        return self._replace(attempts=attempts)


class Task(NamedTuple):
    """What the user asks for.

    :ivar plan: returns the steps from the current state, None for no set, to the desired one.
    :ivar is_deletion: whether the set is to be deleted.
    :ivar region_names: the Regions that the set must have and that must work; None if they are not asked for.
    """

    plan: Callable[[CurrentState | None], list[Step]]
    is_deletion: bool = False
    region_names: frozenset[str] | None = None


class Wait(NamedTuple):
    """Look again after a pause.

    :ivar reason: what for: one word, which is the same as long as it is for the same.
    :ivar seconds: the pause; None for one that grows.
    :ivar failure: what has failed, if something has.
    """

    reason: str
    seconds: float | None = None
    failure: AnsibleSSMIncidentsError | None = None


class Send(NamedTuple):
    """Send a step.

    :ivar steps: all steps that are still to take.
    :ivar current: the state before them.
    """

    step: Step
    steps: list[Step]
    current: CurrentState | None


class Done(NamedTuple):
    """Everything is as asked."""

    current: CurrentState | None


def decide(
    task: Task, history: History, seen: Observation | AnsibleSSMIncidentsError, now: float, untried: bool = False
) -> Wait | Send | Done:
    """Return what to do next.

    :param seen: what AWS reports, or why it can't be read.
    :param now: the time in seconds.
    :param untried: whether the step that is in progress can be sent to a Region that it was not sent to.
    :raises AnsibleSSMIncidentsError: if the change can't go on.
    """
    if isinstance(seen, AnsibleSSMIncidentsError):
        return _wait_for_answer(history, seen, now)
    _validate_outcome(history, seen)
    if is_changing(seen):
        return Wait("change")
    current = current_state(seen)
    if current is None and history.was_seen and not task.is_deletion:
        return _wait_at_most(VISIBLE_SECONDS, "set", _deleted(), history, now)
    missing = missing_effects(history.steps(DONE), seen)
    if missing and not (task.is_deletion and current is None):
        return _wait_at_most(VISIBLE_SECONDS, "effect", _not_visible(history, missing, seen), history, now)
    steps = task.plan(current)
    _validate_license(history, steps)
    _validate_failed_regions(task, seen, steps)
    if not steps:
        return Done(current)
    send = Send(steps[0], steps, current)
    attempt = history.attempt_of(send.step)
    return _try_again(send, attempt, history, seen, now, untried) if attempt else send


def current_state(seen: Observation) -> CurrentState | None:
    """Return the state that AWS reports, as plans have it; None for no set."""
    if seen.replication_set is None:
        return None
    regions = seen.replication_set["regionMap"].items()
    return CurrentState(
        {name: kms_key_of_region(info) for name, info in regions},
        bool(seen.replication_set.get("deletionProtected")),
        seen.tags or {},
    )


def is_changing(seen: Observation) -> bool:
    """Tell whether a change of the set is in progress: AWS takes no other change then (CloudFormation).

    A status that is not known here counts as one, and so does a Region's: the set is not ready.
    """
    if seen.replication_set is None or seen.replication_set["status"] == FAILED:
        return False
    statuses = region_statuses(seen).values()
    return seen.replication_set["status"] != ACTIVE or any(status not in (ACTIVE, FAILED) for status in statuses)


def region_statuses(seen: Observation) -> dict[str, str | None]:
    """Return the status of each of the set's Regions."""
    return {name: info.get("status") for name, info in _regions(seen).items()}


def missing_effects(steps: Iterable[Step], seen: Observation) -> list[Step]:
    """Return the steps whose effect AWS does not report, without those that a later one of them has undone."""
    steps = list(steps)
    missing = []
    for number, step in enumerate(steps):
        later = {effect for other in steps[number + 1 :] for effect in _effects(other)}
        lasting = {effect: value for effect, value in _effects(step).items() if effect not in later}
        if not all(_is_reported(effect, value, seen) for effect, value in lasting.items()):
            missing.append(step)
    return missing


def _effects(step: Step) -> dict[tuple[str, str], Any]:
    """Return what a step brings about: the set, Regions with their keys, protection and tags, each with its value or None."""
    values = step.values
    if step.action == CREATE:
        return {("set", ""): True}
    if step.action == DELETE:
        return {("set", ""): None}
    if step.action == ADD_REGION:
        return {("region", values["region"]): values["sse_kms_key_id"]}
    if step.action == DELETE_REGION:
        return {("region", values["region"]): None}
    if step.action == UPDATE_PROTECTION:
        return {("protection", ""): values["deletion_protected"]}
    if step.action == TAG:
        return {("tag", key): value for key, value in values["tags"].items()}
    return {("tag", key): None for key in values["tag_keys"]}


def _is_reported(effect: tuple[str, str], value: Any, seen: Observation) -> bool:
    kind, name = effect
    if kind == "set":
        is_gone = seen.replication_set is None or seen.replication_set["status"] == DELETING
        return is_gone is (value is None)
    if seen.replication_set is None:
        return False
    if kind == "protection":
        return bool(seen.replication_set.get("deletionProtected")) is value
    if kind == "tag":
        return seen.tags is None or seen.tags.get(name) == value
    info = _regions(seen).get(name)
    is_gone = info is None or info.get("status") == DELETING
    # A key that AWS leaves out is unknown.
    return is_gone if value is None else not is_gone and info is not None and kms_key_of_region(info) in (value, None)


def _regions(seen: Observation) -> Mapping[str, Mapping[str, Any]]:
    return seen.replication_set["regionMap"] if seen.replication_set else {}


def _failed_regions(seen: Observation) -> dict[str, str]:
    """Return the Regions that are FAILED, each with AWS's message."""
    return {
        name: info.get("statusMessage") or "no message"
        for name, info in _regions(seen).items()
        if info.get("status") == FAILED
    }


def _is_failed(seen: Observation) -> bool:
    return seen.replication_set is not None and seen.replication_set["status"] == FAILED


# Waiting --------------------------------------------------------------------------------------------------------------


def _wait_at_most(seconds: float, reason: str, failure: AnsibleSSMIncidentsError, history: History, now: float) -> Wait:
    """Wait, or raise the failure if the change waits for the same reason so long already."""
    if history.waiting and history.waiting.reason == reason and now - history.waiting.since >= seconds:
        raise failure
    return Wait(reason, failure=failure)


def _wait_for_answer(history: History, failure: AnsibleSSMIncidentsError, now: float) -> Wait:
    # A set that is listed and not found is on its way into a Region, or out of it, or the list is late.
    if not failure.is_temporary and failure.code != NOT_FOUND:
        raise failure
    if history.first_plan is None and (
        failure.code in NO_ANSWER_ERRORS or now - history.started_at >= FIRST_READ_SECONDS
    ):
        raise failure
    return Wait("answer", failure=failure)


def _try_again(
    send: Send, attempt: Attempt, history: History, seen: Observation, now: float, untried: bool
) -> Wait | Send:
    """Return whether and when to send a step again that was sent in vain."""
    failures = list(attempt.failures.values())
    last = failures[-1]
    if untried and (last.is_temporary or last.code in _REGIONAL_ERRORS):
        return send
    refusals = [failure for failure in failures if not failure.is_temporary]
    if refusals and _fingerprint(attempt.before) == _fingerprint(seen):
        refusal = refusals[0]
        if last.code == CONFLICT or len(refusals) < len(failures):
            _raise_after(REFUSED_SECONDS, refusal, attempt, now)
        elif attempt.outcome == UNKNOWN:
            # AWS may have taken the step at an earlier try, and refuses it for that: it will be seen.
            _raise_after(VISIBLE_SECONDS, refusal, attempt, now)
            return Wait("outcome", failure=refusal)
        else:
            raise refusal
    due = max(attempt.not_before, attempt.last_at + PAUSES[min(attempt.tries, len(PAUSES)) - 1])
    return send if now >= due else Wait("retry", due - now, last)


def _raise_after(seconds: float, failure: AnsibleSSMIncidentsError, attempt: Attempt, now: float) -> None:
    """Raise the failure if a step is tried so long already, or so long after AWS has let it be tried again."""
    if now - max(attempt.first_at, attempt.not_before) >= seconds:
        raise failure


def _fingerprint(seen: Observation) -> tuple[Any, ...]:
    """Return what tells one state of the set from another."""
    replication_set = seen.replication_set or {}
    return (
        current_state(seen),
        replication_set.get("status"),
        replication_set.get("lastModifiedTime"),
        region_statuses(seen),
    )


# Validating -----------------------------------------------------------------------------------------------------------


def _validate_outcome(history: History, seen: Observation) -> None:
    """Validate that what this run has started has not failed. Raises AnsibleSSMIncidentsError with AWS's messages."""
    if not history.steps(DONE) and not history.steps(UNKNOWN):
        return
    before = history.attempts[-1].before
    new = {name: text for name, text in _failed_regions(seen).items() if name not in _failed_regions(before)}
    if new or (_is_failed(seen) and not _is_failed(before)):
        raise _failed(seen)


def _validate_failed_regions(task: Task, seen: Observation, steps: list[Step]) -> None:
    """Validate that no Region that stays is FAILED, if the Regions are to be changed or were asked for."""
    if task.is_deletion or seen.replication_set is None:
        return
    staying = set(_failed_regions(seen)) - {step.values["region"] for step in steps if step.action == DELETE_REGION}
    changes_regions = any(step.action in (ADD_REGION, DELETE_REGION) for step in steps)
    is_not_as_asked = not steps and task.region_names is not None and (staying & task.region_names or _is_failed(seen))
    if is_not_as_asked or (staying and changes_regions):
        raise _failed(seen)


def _validate_license(history: History, steps: Iterable[Step]) -> None:
    """Validate that the steps delete only what was there when the plan was made. Raises AnsibleSSMIncidentsError."""
    if history.first_plan is None:
        return
    new = _deletions(steps) - _deletions(history.first_plan)
    if new:
        raise AnsibleSSMIncidentsError(
            f"Somebody else has changed the replication set during this task, which would now have to {', '.join(sorted(new))}."
            " The plan that it has made at the start does not include that",
            code=REPLICATION_SET_CHANGED,
        )


def _deletions(steps: Iterable[Step]) -> set[str]:
    """Return what steps delete, as messages name it."""
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
    regions = ", ".join(f"{name} ({text})" for name, text in _failed_regions(seen).items())
    return AnsibleSSMIncidentsError(
        f"The replication set {seen.arn} has failed",
        code=REPLICATION_SET_FAILED,
        reason=f"Regions that are FAILED: {regions or 'none, only the set itself'}",
    )


def _deleted() -> AnsibleSSMIncidentsError:
    return AnsibleSSMIncidentsError(
        "The replication set is gone: somebody else has deleted it during this task", code=REPLICATION_SET_DELETED
    )


def _not_visible(history: History, missing: list[Step], seen: Observation) -> AnsibleSSMIncidentsError:
    """Return the failure for steps that AWS has taken and does not report, with what it reports."""
    failed = _failed_regions(seen)
    if failed:
        return _failed(seen)
    expected = predict(current_state(history.attempts[0].before), history.steps(DONE))
    return AnsibleSSMIncidentsError(
        f"AWS has accepted {', '.join(step.action for step in missing)}, and does not report it",
        code=CHANGE_NOT_VISIBLE,
        reason=f"AWS reports {_described(current_state(seen))}, and the task expects {_described(expected)}",
    )


def _described(state: CurrentState | None) -> str:
    if state is None:
        return "no replication set"
    regions = ", ".join(f"{name} with the KMS key {key}" for name, key in sorted(state.regions.items()))
    protection = "on" if state.deletion_protected else "off"
    return f"{regions}; deletion protection {protection}; the tags {dict(sorted(state.tags.items()))}"
