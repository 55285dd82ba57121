# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what a change does next: a table of what AWS reports and what was sent, each with the decision."""

from __future__ import annotations

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
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import DesiredState
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import Region, ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import (
    AddRegion,
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


A = seen(a="ACTIVE")
ADDING_B = seen("UPDATING", a="ACTIVE", b="CREATING")
ADD_B = AddRegion("b", "DefaultKey")
PROTECT = Protect(True)


def present(*names: str, **options: Any) -> DesiredState:
    """Return what a task asks for: these Regions. If there are none, it asks for other things only."""
    return DesiredState(**{"regions": dict.fromkeys(names) if names else None, **options})


def failure(code: str, temporary: bool = False) -> Failure:
    return Failure("Failed", code=code, reason="AWS said so", is_transient=temporary)


CONFLICT = failure("ConflictException")
INVALID = failure("ValidationException")
DENIED = failure("AccessDeniedException")
FAULT = failure("ServiceUnavailable", temporary=True)
RESET = failure("ConnectionClosedError")


def attempt(step: Step, outcome: str, before: ReplicationSet | None, ago: float = 1.0, **fields: Any) -> Attempt:
    """Return a step that was sent once, some seconds ago."""
    fields.setdefault("tries", 1)
    fields.setdefault("rejected_at", NOW - ago)
    return Attempt(step, "token", before, NOW - ago, outcome=outcome, **fields)


def after(*attempts: Attempt, plan: tuple[Step, ...] | None = (), **fields: Any) -> History:
    """Return the history of a run that has seen the set. By default, its plan has the steps of the attempts."""
    plan = tuple(attempt.step for attempt in attempts) if plan == () else plan
    return History(**{"started_at": 0.0, "attempts": attempts, "first_plan": plan, **fields})


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
    again = history.with_attempt(doubtful.accepted(NOW))
    assert [(other.step, other.outcome) for other in again.attempts] == [(PROTECT, DONE), (ADD_B, DONE)]
