# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of the managing module: plans the change, checks it, makes it, and returns its result."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Callable, Iterable

from .._aws.errors import ON_MODULE_HOST, Failure, as_failure
from .change import Change
from .facts import replication_set_facts
from .guard import Guard
from .info import tags_or_none
from .state import ReplicationSet
from .steps import Create, Delete, Protect, Step, numbered, predict

# User Guide, "Incident Manager availability change".
MAY_BE_FINAL = (
    "The deletion may be final, because Incident Manager is closed to new customers, and AWS may not let the account create"
    " another replication set"
)


def change_replication_set(
    change: Change,
    guard: Guard,
    result: dict[str, Any],
    warn: Callable[[str], object],
    *,
    check_mode: bool,
    diff: bool,
) -> None:
    """Run the task of the managing module. In check mode, only plan it.

    :param change: the change, which has not begun.
    :param result: the module's result is added to it, even after a failure.
    :param diff: whether the result has a diff.
    :raises Failure: if anything fails.
    """
    try:
        change.plan()
        before, planned = change.current, list(change.remaining)
        guard.validate_keys(before, planned)
        is_deletion = any(isinstance(step, Delete) for step in planned)
        if before and is_deletion:
            result["data"] = guard.count(before)
            if diff and not change.is_over():
                before = _with_tags(change, before, warn)
            # List them twice: between two pages, an incident can move to the page that was already read. Nothing is called
            # between the second time and the deletion.
            guard.validate_no_open_incident(before)
        if not check_mode:
            change.apply(guard.validate)
        result.update(_facts_result(change, change.wait or check_mode, warn))
    except BaseException as error:  # After any error or interruption, AWS may have accepted steps.
        result.update(_steps_result(change, "not_reached"))
        raise _with_steps(as_failure(error), change) from None
    result.update(_steps_result(change, "planned"))
    if is_deletion and check_mode:
        warn(f"This task deletes the replication set and all of Incident Manager's data. {MAY_BE_FINAL}.")
    if diff:
        include_tags = is_deletion or change.desired.tags is not None
        result["diff"] = {
            "before": _shown(before, include_tags),
            "after": _shown(predict(before, planned), include_tags),
            # Ansible displays it below the others.
            "prepared": "".join(f"{line}\n" for line in numbered(planned)),
        }
    if diff and is_deletion:
        result["diff"]["before"]["data"] = result["data"]
        result["diff"]["after_header"] = f"no replication set. {MAY_BE_FINAL}"


def _steps_result(change: Change, remaining_status: str) -> dict[str, Any]:
    """Return the steps as the module returns them.

    :param remaining_status: the status of the remaining steps.
    """
    steps = [(step, "done") for step in change.done] + [(step, "unknown") for step in change.unknown]
    steps += [(step, remaining_status) for step in change.remaining if step not in change.unknown]
    return {
        "changed": any(status != "not_reached" for _step, status in steps),
        "actions": [{"action": step.action, **vars(step), "status": status} for step, status in steps],
    }


def _with_steps(failure: Failure, change: Change) -> Failure:
    """Return a failure that also names the steps that AWS accepted before it."""
    sentences = [failure.advice]
    if change.done:
        sentences.append(f"Before that, AWS accepted: {_described(change.done)}.")
    if change.unknown:
        sentences.append(f"It is not known whether AWS accepted: {_described(change.unknown)}.")
    if Protect(False) in change.done and change.current and not change.current.deletion_protected:
        sentences.append("Deletion protection is now off.")
    return failure.with_advice(" ".join(filter(None, sentences)))


def _described(steps: Iterable[Step]) -> str:
    """Return steps in words for a message: the actions, each with its Region if it has one."""
    return ", ".join(" ".join(filter(None, (step.action, getattr(step, "region", None)))) for step in steps)


def _facts_result(change: Change, waited: bool, warn: Callable[[str], object]) -> dict[str, Any]:
    """Return exists, region and replication_set as the info module returns them.

    :param waited: whether the change waited for its last step, so that its last report is up to date.
    :raises Failure: if the set or its tags can't be read.
    """
    found, reason = change.seen, "AWS does not report the replication set."
    if not waited:
        is_created = any(isinstance(step, Create) for step in change.done)
        try:
            found = change.look()
        except Failure as failure:
            found, reason = None, failure.describe(ON_MODULE_HOST, change.mask)
        if found is None or (is_created and found.replication_set is None):
            warn(f"{reason} AWS accepted the step, but the replication set can't be read yet, so its facts are null.")
            unknown = replication_set_facts(ReplicationSet(change.arn, "", {}))
            return {"exists": True, "region": change.region, "replication_set": unknown}
    if found and found.other_arns:
        others = ", ".join(found.other_arns)
        warn(
            f"The account has no replication set {change.arn}, but it has {others}. The facts about that set are returned."
        )
        found = change.find(found.other_arns[0])
    if found is None or found.replication_set is None:
        return {"exists": False, "region": change.region, "replication_set": {}}
    facts = replication_set_facts(_with_tags(change, found.replication_set, warn))
    return {"exists": True, "region": found.region, "replication_set": facts}


def _with_tags(change: Change, replication_set: ReplicationSet, warn: Callable[[str], object]) -> ReplicationSet:
    """Return a set with its tags. If the caller has no permission to list them, warn and return it without."""
    if replication_set.tags is not None:
        return replication_set
    tags = tags_or_none(partial(change.list_tags_for_result, replication_set), change.mask, warn)
    return replace(replication_set, tags=tags)


def _shown(state: ReplicationSet | None, include_tags: bool) -> dict[str, Any]:
    """Return a set as the diff shows it, without the tags if they were not listed."""
    if state is None:
        return {}
    shown = {"regions": state.keys, "deletion_protected": state.deletion_protected}
    return {**shown, "tags": state.tags or {}} if include_tags else shown
