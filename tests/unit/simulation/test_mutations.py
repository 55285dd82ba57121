# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that the simulation finds mutations of the code that changes a set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set import change, decide, plan
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import DeleteRegion, Step
from simulation.checks import broken_rules
from simulation.remote import SimulatedWire
from simulation.run import simulate
from simulation.scenario import DEFAULT_KEY, WRITES, Act, Fault, Outage, Scenario, Start

A, B, C, D = "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"


def start(*names: str) -> Start:
    return Start(dict.fromkeys(names, DEFAULT_KEY), tags={"Team": "ops"})


def leaving(*names: str, **others: Any) -> dict[str, Any]:
    return {"regions": [{"name": name} for name in names], **others}


CORNERED = Scenario(task=leaving(B), caller=C, start=start(B, C), acts=[Act("corner", "write", 0)])
LOST = Scenario(task=leaving(B), start=start(B, C), faults=[Fault("reset after", "write", 0)])
LAGGING = Scenario(task=leaving(B), start=start(B, C, D), lag={"seconds": 6}, polls=0)
TAGGED = Scenario(task={"tags": {"Team": "sre"}}, start=start(B, C), acts=[Act("tag", "write", 0, "New")])
SLOW = Scenario(task=leaving(A, B, wait_timeout=60), start=start(B), seconds=4000)
REFUSED = Scenario(task=leaving(B), start=start(B, C), outages=[Outage("denied", operations=WRITES)])
DENIED = Scenario(task={"tags": {}}, caller=B, start=start(B, C), outages=[Outage("503", [B], WRITES)])
MOVE = Scenario(task=leaving(A, B), start=start(C, D))


def send_anywhere(patch: pytest.MonkeyPatch) -> None:
    """Send a step to any Region, even the deletion of a Region to that Region itself."""

    def targets(self: change.Change, step: Step) -> list[str]:
        return sorted(self._regions, key=lambda name: name != getattr(step, "region", None))

    patch.setattr(change.Change, "_targets", targets)


def drop_doubts(patch: pytest.MonkeyPatch) -> None:
    failed = decide.Attempt.failed
    patch.setattr(decide.Attempt, "failed", lambda *given: failed(*given)._replace(outcome=decide.REJECTED))


def doubt_all(patch: pytest.MonkeyPatch) -> None:
    failed = decide.Attempt.failed
    patch.setattr(decide.Attempt, "failed", lambda *given: failed(*given)._replace(outcome=decide.UNKNOWN))


def forget_what_was_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "predict", lambda seen, _steps: seen)


def purge_what_is_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_validate_deletions", lambda *_given: None)


def never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimulatedWire, "seconds_left", lambda _self: 1e6)


def do_not_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ReplicationSet, "is_changing", False)


def send_to_one_region(patch: pytest.MonkeyPatch) -> None:
    targets = change.Change._targets
    patch.setattr(change.Change, "_targets", lambda self, step: sorted(targets(self, step))[:1])


def delete_first(patch: pytest.MonkeyPatch) -> None:
    best = plan.plan_regions

    def plan_regions(current: Any, desired: Any) -> list[Step]:
        steps = best(current, desired)
        deletions = [step for step in steps if isinstance(step, DeleteRegion)]
        return [*deletions[:1], *(step for step in steps if step not in deletions[:1])] if len(current) > 1 else steps

    patch.setattr(plan, "plan_regions", plan_regions)


Mutation = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("mutation", "scenario", "rule"),
    [
        (send_anywhere, CORNERED, "the_set_is_never_without_a_region"),
        (drop_doubts, LOST, "actions_are_the_writes"),
        (doubt_all, REFUSED, "only_a_step_in_doubt_is_unknown"),
        (forget_what_was_done, LAGGING, "a_step_is_taken_once"),
        (purge_what_is_new, TAGGED, "a_run_removes_only_what_it_planned"),
        (never_end, SLOW, "the_time_is_bounded"),
        (do_not_wait, SLOW, "a_success_has_the_desired_state"),
        (send_to_one_region, DENIED, "temporary_faults_do_not_stop_a_task"),
        (delete_first, MOVE, "no_fewer_regions_than_necessary"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mutation_is_found(
    mutation: Mutation, scenario: Scenario, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken_rules(simulate(scenario)) == {}
    mutation(monkeypatch)
    assert rule in broken_rules(simulate(scenario))
