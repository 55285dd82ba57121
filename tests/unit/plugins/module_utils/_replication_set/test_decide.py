# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what a change does next: a table of what AWS reports and what was sent, each with the decision."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.decide import (
    DONE,
    REJECTED,
    UNKNOWN,
    Attempt,
    History,
    Wait,
    decide,
    wait_for_response,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import DesiredState
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import Region, ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import (
    AddRegion,
    Create,
    Delete,
    DeleteRegion,
    Protect,
    Step,
)

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
NOW = 1000.0


def seen(status: str = "ACTIVE", protected: bool = False, tags: Any = None, **regions: str) -> ReplicationSet:
    """Return what AWS reports: a set with Regions such as a and b, each with its status."""
    return ReplicationSet(
        ARN, status, {name: Region("DefaultKey", one) for name, one in regions.items()}, protected, tags
    )


CUSTOMER_KEYS = ReplicationSet(
    ARN,
    "FAILED",
    {
        "a": Region("arn:aws:kms:a:123456789012:key/2"),
        "b": Region("arn:aws:kms:b:123456789012:key/2", "FAILED"),
    },
)
NONE = None
A = seen(a="ACTIVE")
AB = seen(a="ACTIVE", b="ACTIVE")
ADDING_B = seen("UPDATING", a="ACTIVE", b="CREATING")
ADD_B = AddRegion("b", "DefaultKey")
DELETE_A = DeleteRegion("a")
DELETE_B = DeleteRegion("b")
DELETE = Delete()
CREATE = Create({"a": "DefaultKey"}, {})
PROTECT = Protect(True)


def present(*names: str, **options: Any) -> DesiredState:
    """Return what a task asks for: these Regions. If there are none, it asks for other things only."""
    return DesiredState(**{"regions": dict.fromkeys(names) if names else None, **options})


ABSENT = DesiredState(ARN, is_deleted=True)


def failure(code: str, temporary: bool = False) -> Failure:
    return Failure("Failed", code=code, reason="AWS said so", is_transient=temporary)


CONFLICT = failure("ConflictException")
INVALID = failure("ValidationException")
DENIED = failure("AccessDeniedException")
FAULT = failure("ServiceUnavailable", temporary=True)
RESET = failure("ConnectionClosedError")


def attempt(step: Step, outcome: str, before: ReplicationSet | None, ago: float = 1.0, **fields: Any) -> Attempt:
    """Return a step that was sent once, some seconds ago."""
    return Attempt(step, "token", before, outcome, **{"failed_tries": 1, "retry_at": NOW - ago + 1, **fields})


def after(*attempts: Attempt, plan: tuple[Step, ...] = ()) -> History:
    """Return the history of a run that has seen the set. By default, its plan has the steps of the attempts."""
    return History(attempts, plan or tuple(attempt.step for attempt in attempts))


START = History()


CASES: dict[str, tuple[DesiredState, History, ReplicationSet | Failure | None, Any]] = {
    # No step was sent yet.
    "as asked": (present("a"), START, A, DONE),
    "a Region is missing": (present("a", "b"), START, A, ADD_B),
    "no set": (present("a"), START, NONE, CREATE),
    "no set of this ARN": (present("a", arn=ARN), START, NONE, "NoReplicationSet"),
    "nothing to delete": (ABSENT, START, NONE, DONE),
    "to be deleted": (ABSENT, START, AB, DELETE),
    "to be deleted, protected": (ABSENT, START, seen(protected=True, a="ACTIVE"), "DeletionProtected"),
    "somebody else's change": (present("a", "b"), START, ADDING_B, "change"),
    "an unknown status": (present("a", "b"), START, seen("NEW", a="ACTIVE"), "change"),
    "an ACTIVE set with a Region that is CREATING": (
        present("a", "b"),
        START,
        seen(a="ACTIVE", b="CREATING"),
        "change",
    ),
    # The set can't be read.
    "the first read is throttled": (present("a"), START, failure("ThrottlingException", True), "response"),
    "nothing answers": (present("a"), START, RESET, "response"),
    "the list is denied": (present("a"), START, DENIED, "AccessDeniedException"),
    "listed, but not found": (present("a"), START, failure("ResourceNotFoundException"), "response"),
    "the list does not end": (
        present("a", "b"),
        after(attempt(ADD_B, DONE, A)),
        failure("MalformedAnswer"),
        "response",
    ),
    "nothing answers while a step is in progress": (
        present("a", "b"),
        after(attempt(ADD_B, DONE, A)),
        RESET,
        "response",
    ),
    # A step was taken.
    "it can be seen": (present("a", "b"), after(attempt(ADD_B, DONE, A)), AB, DONE),
    "it is in progress": (present("a", "b"), after(attempt(ADD_B, DONE, A)), ADDING_B, "change"),
    "it can't be seen yet": (present("a", "b"), after(attempt(ADD_B, DONE, A)), A, "effect"),
    "the next step": (present("b"), after(attempt(ADD_B, DONE, A), plan=(ADD_B, DELETE_A)), AB, DELETE_A),
    "the next step waits for the one before": (
        present("b"),
        after(attempt(ADD_B, DONE, A), plan=(ADD_B, DELETE_A)),
        A,
        "effect",
    ),
    "a created set can't be seen yet": (
        present("a"),
        after(attempt(CREATE, DONE, NONE)),
        NONE,
        "effect",
    ),
    "a created set is listed, but not found": (
        present("a"),
        after(attempt(CREATE, DONE, NONE)),
        failure("ResourceNotFoundException"),
        "response",
    ),
    "the deletion can't be seen yet": (ABSENT, after(attempt(DELETE, DONE, AB)), AB, "effect"),
    "the deletion is complete": (ABSENT, after(attempt(DELETE, DONE, AB)), NONE, DONE),
    "protection is off, and the set gone": (
        ABSENT,
        after(attempt(Protect(False), DONE, AB)),
        NONE,
        DONE,
    ),
    # A step's outcome is unknown.
    "the answer is lost, the step can't be seen": (
        present("a", "b"),
        after(attempt(ADD_B, UNKNOWN, A, failures={"a": FAULT})),
        A,
        ADD_B,
    ),
    "the answer is lost, and then refused": (
        present("a", "b"),
        after(attempt(ADD_B, UNKNOWN, A, failures={"a": INVALID})),
        A,
        "outcome",
    ),
    # A step was refused.
    "refused": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, failures={"a": INVALID})),
        A,
        "ValidationException",
    ),
    "refused, as somebody else has taken it": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, failures={"a": INVALID})),
        AB,
        DONE,
    ),
    "refused, and the set has changed": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, 60, failures={"a": INVALID})),
        seen(protected=True, a="ACTIVE"),
        ADD_B,
    ),
    "refused while somebody else's change was in progress": (
        present("a", deletion_protected=True),
        after(
            attempt(PROTECT, REJECTED, ADDING_B, 900, failures={"a": INVALID}),
            plan=(PROTECT, DELETE_B),
        ),
        AB,
        PROTECT,
    ),
    "a conflict": (present("a", "b"), after(attempt(ADD_B, REJECTED, A, failures={"a": CONFLICT})), A, ADD_B),
    "a conflict just now": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, 0.5, failures={"a": CONFLICT})),
        A,
        "acceptance",
    ),
    "a conflict with a time": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, 400, failures={"a": CONFLICT}, not_before=NOW + 90)),
        A,
        "retryAfter",
    ),
    "a conflict with a time that has come": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, 400, failures={"a": CONFLICT}, not_before=NOW - 1)),
        A,
        ADD_B,
    ),
    # Somebody else changes the set.
    "somebody deletes the set": (
        present("a", "b"),
        after(attempt(ADD_B, REJECTED, A, failures={"a": CONFLICT})),
        NONE,
        "set",
    ),
    "somebody adds a Region": (
        present("a", "b"),
        after(attempt(ADD_B, DONE, A)),
        seen(a="ACTIVE", b="ACTIVE", c="ACTIVE"),
        "ReplicationSetChanged",
    ),
    "somebody turns protection on": (
        DesiredState(ARN, is_deleted=True, deletion_protected=False),
        after(attempt(DELETE, REJECTED, AB, failures={"a": INVALID})),
        seen(protected=True, a="ACTIVE", b="ACTIVE"),
        "ReplicationSetChanged",
    ),
    # The set or a Region is FAILED.
    "the step has failed": (
        present("a", "b"),
        after(attempt(ADD_B, DONE, A)),
        seen("FAILED", a="ACTIVE", b="FAILED"),
        "ReplicationSetFailed",
    ),
    "a FAILED Region is dropped": (present("b"), START, seen("FAILED", a="FAILED", b="ACTIVE"), DELETE_A),
    "a FAILED Region that stays": (
        present("a", "b"),
        START,
        seen("FAILED", a="FAILED", c="ACTIVE"),
        "ReplicationSetFailed",
    ),
    "a FAILED Region that is asked for": (
        present("a", "b"),
        START,
        seen("FAILED", a="FAILED", b="ACTIVE"),
        "ReplicationSetFailed",
    ),
    "the only Region that works would have to be deleted first": (
        present("a", replace_keys=True, regions={"a": "arn:aws:kms:a:123456789012:key/1"}),
        START,
        CUSTOMER_KEYS,
        "ReplicationSetFailed",
    ),
    "protection of a FAILED set": (
        present(deletion_protected=True),
        START,
        seen("FAILED", a="FAILED", b="ACTIVE"),
        PROTECT,
    ),
    "a FAILED set is deleted": (ABSENT, START, seen("FAILED", a="FAILED"), DELETE),
    "a FAILED set was deleted, which can't be seen yet": (
        ABSENT,
        after(attempt(DELETE, DONE, seen("FAILED", a="FAILED"))),
        seen("FAILED", a="FAILED"),
        "effect",
    ),
    "the deletion has failed": (
        ABSENT,
        after(attempt(DELETE, DONE, AB)),
        seen("FAILED", a="FAILED", b="ACTIVE"),
        "ReplicationSetFailed",
    ),
}


def decision_of(case: str) -> Any:
    task, history, reported, _expected = CASES[case]
    if isinstance(reported, Failure):
        return wait_for_response(history, reported)
    return decide(task, history, reported, (), NOW, lambda _attempt: False)


@pytest.mark.parametrize("case", CASES)
def test_decision(case: str) -> None:
    """The decision is the step to send, the reason to wait, the code of the failure, or DONE."""
    decision: Any
    try:
        decision = decision_of(case)
    except Failure as error:
        decision = Wait(error.code)
    found = decision.reason if isinstance(decision, Wait) else decision[0] if decision else DONE
    assert found == CASES[case][-1]


@pytest.mark.parametrize(
    ("case", "code", "limit"),
    [
        ("the first read is throttled", "ThrottlingException", 60),
        ("nothing answers", "ConnectionClosedError", 3),
        ("nothing answers while a step is in progress", "ConnectionClosedError", math.inf),
        ("the list does not end", "MalformedAnswer", 300),
        ("it can't be seen yet", "ChangeNotVisible", 120),
        ("the answer is lost, and then refused", "ValidationException", 120),
        ("somebody deletes the set", "ReplicationSetDeleted", 120),
        ("a conflict just now", "ConflictException", 300),
        ("a conflict with a time", "ConflictException", math.inf),
    ],
)
def test_the_change_waits_for_a_limited_time(case: str, code: str, limit: float) -> None:
    wait = decision_of(case)
    assert wait.failure.code == code and wait.limit == limit


@pytest.mark.parametrize("error", [RESET, FAULT, DENIED, failure("ResourceNotFoundException"), INVALID, CONFLICT])
def test_another_region_is_tried_at_once_if_it_may_accept_the_step(error: Failure) -> None:
    sent = attempt(ADD_B, REJECTED, A, 0).failed("a", error, NOW, 0)
    if error is INVALID:
        with pytest.raises(Failure) as raised:
            decide(present("a", "b"), after(sent), A, (), NOW, lambda _attempt: True)
        assert raised.value is error
    else:
        decision = decide(present("a", "b"), after(sent), A, (), NOW, lambda _attempt: True)
        assert isinstance(decision, Wait) == (error is CONFLICT)


def test_a_step_stays_in_doubt_until_it_can_be_seen() -> None:
    sent = attempt(ADD_B, REJECTED, A).failed("a", FAULT, NOW, 0).failed("b", DENIED, NOW, 0)
    assert sent.outcome == UNKNOWN
    assert after(sent).after(A).attempts[0].outcome == UNKNOWN
    assert after(sent).after(ADDING_B).attempts[0].outcome == DONE


def test_a_step_in_doubt_keeps_its_attempt_if_another_step_is_sent() -> None:
    doubtful = attempt(ADD_B, UNKNOWN, A, failures={"a": RESET})
    history = after(doubtful).with_attempt(attempt(PROTECT, DONE, A)._replace(token="another"))
    assert history.attempt_of(ADD_B) == doubtful and history.attempt_of(PROTECT) is None
    again = history.with_attempt(doubtful.accepted())
    assert [(other.step, other.outcome) for other in again.attempts] == [(PROTECT, DONE), (ADD_B, DONE)]
