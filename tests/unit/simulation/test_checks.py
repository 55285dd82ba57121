# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the rules of the simulation: each rule finds a run that breaks it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from simulation import checks
from simulation.checks import broken_rules
from simulation.run import Run, Simulation, simulate
from simulation.scenario import DEFAULT_KEY, Fault, Outage, Scenario, Start

OLD, NEW, STAYING = "us-west-2", "eu-central-1", "eu-west-1"
START = Start({OLD: DEFAULT_KEY, STAYING: DEFAULT_KEY}, protected=True, tags={"Team": "ops"})
MOVE = Scenario(
    task={"regions": [{"name": NEW}, {"name": STAYING}], "tags": {"Team": "sre"}, "deletion_protected": False},
    caller=STAYING,
    start=START,
)
DENIED = dataclasses.replace(MOVE, outages=[Outage("denied", operations=("UpdateReplicationSet",))])
WITHOUT_WAIT = dataclasses.replace(MOVE, task={"deletion_protected": False, "wait": False})

ONE_DOWN = dataclasses.replace(MOVE, outages=[Outage("drop", regions=[OLD])])

Tamper = Callable[[Simulation], None]


def first(simulation: Simulation) -> Run:
    return simulation.runs[0]


def write_of(simulation: Simulation, operation: str) -> Any:
    return next(call for call in first(simulation).writes if call.operation == operation)


def lose_the_set(simulation: Simulation) -> None:
    write_of(simulation, "UpdateReplicationSet").after = None


def lose_a_region(simulation: Simulation) -> None:
    call = write_of(simulation, "UpdateReplicationSet")
    call.after = call.after._replace(regions={STAYING: DEFAULT_KEY})


def take_a_detour(simulation: Simulation) -> None:
    run = first(simulation)
    call = next(call for call in reversed(run.calls) if call.operation == "UpdateReplicationSet")
    state = call.after
    assert state
    there = state._replace(regions={**state.regions, OLD: DEFAULT_KEY})
    adding = {"arn": state.arn, "actions": [{"addRegionAction": {"regionName": OLD}}]}
    run.calls.append(dataclasses.replace(call, arguments=adding, before=state, after=there))
    run.calls.append(dataclasses.replace(call, before=there, after=state))


def claim_no_change(simulation: Simulation) -> None:
    first(simulation).result["changed"] = False


def claim_a_change(simulation: Simulation) -> None:
    simulation.runs[-1].result["changed"] = True


def leave_out_an_action(simulation: Simulation) -> None:
    first(simulation).result["actions"].pop()


def invent_an_action(simulation: Simulation) -> None:
    action = {"action": "add_region", "region": OLD, "sse_kms_key_id": DEFAULT_KEY, "status": "done"}
    first(simulation).result["actions"].append(action)


def list_an_action_twice(simulation: Simulation) -> None:
    actions = first(simulation).result["actions"]
    actions.append(actions[0])


def doubt_an_action(simulation: Simulation) -> None:
    first(simulation).result["actions"][0]["status"] = "unknown"


def miss_a_tag(simulation: Simulation) -> None:
    run = first(simulation)
    run.after = run.after and run.after._replace(tags={})


def miss_a_region(simulation: Simulation) -> None:
    run = first(simulation)
    run.after = run.after and run.after._replace(regions={STAYING: DEFAULT_KEY})


def end_early(simulation: Simulation) -> None:
    run = first(simulation)
    run.after = run.after and run.after._replace(statuses={STAYING: "ACTIVE", NEW: "CREATING"})


def return_other_facts(simulation: Simulation) -> None:
    first(simulation).result["replication_set"]["deletion_protected"] = True


def return_no_set(simulation: Simulation) -> None:
    first(simulation).result["exists"] = False


def fail_without_words(simulation: Simulation) -> None:
    first(simulation).failure = Failure("Failed to change it", code="AccessDeniedException", reason="it is denied")


def time_out_without_words(simulation: Simulation) -> None:
    first(simulation).failure = Failure("Timed out", code="WaitTimeout", reason="it is ACTIVE")


def fail_for_no_reason(simulation: Simulation) -> None:
    simulation.runs[-1].failure = Failure("Failed", code="ReplicationSetFailed", reason="")


def take_too_long(simulation: Simulation) -> None:
    first(simulation).ended = first(simulation).began + 7216


def crash(simulation: Simulation) -> None:
    first(simulation).crash = KeyError("regionMap")


def fail_unexpectedly(simulation: Simulation) -> None:
    first(simulation).failure = Failure("What?", code="UnexpectedError", reason="")


def plan_nothing(simulation: Simulation) -> None:
    first(simulation).planned.clear()


def send_again(simulation: Simulation) -> None:
    run = first(simulation)
    run.calls.append(write_of(simulation, "TagResource"))


def keep_changing(simulation: Simulation) -> None:
    simulation.runs[-1].calls.append(write_of(simulation, "TagResource"))


def never_arrive(simulation: Simulation) -> None:
    run = simulation.runs[-1]
    run.after = run.after and run.after._replace(protected=True)


def send_a_second_step(simulation: Simulation) -> None:
    run = first(simulation)
    call = run.writes[0]
    run.calls.append(dataclasses.replace(call, arguments={**call.arguments, "deletionProtected": True}))


def claim_the_step(simulation: Simulation) -> None:
    first(simulation).result["actions"] = []


TAMPERED: list[tuple[str, Scenario, Tamper]] = [
    ("the_set_is_never_without_a_region", MOVE, lose_the_set),
    ("no_fewer_regions_than_necessary", MOVE, lose_a_region),
    ("no_fewer_regions_than_necessary", MOVE, take_a_detour),
    ("changed_is_true_if_a_write_took_effect", MOVE, claim_no_change),
    ("changed_is_true_if_a_write_took_effect", MOVE, claim_a_change),
    ("actions_are_the_writes", MOVE, leave_out_an_action),
    ("actions_are_the_writes", MOVE, invent_an_action),
    ("actions_are_the_writes", MOVE, list_an_action_twice),
    ("only_a_step_in_doubt_is_unknown", MOVE, doubt_an_action),
    ("a_success_has_the_desired_state", MOVE, miss_a_tag),
    ("a_success_has_the_desired_state", MOVE, miss_a_region),
    ("a_success_has_the_desired_state", MOVE, end_early),
    ("a_success_has_the_desired_state", WITHOUT_WAIT, claim_the_step),
    ("facts_match_the_set", MOVE, return_other_facts),
    ("facts_match_the_set", MOVE, return_no_set),
    ("a_failure_quotes_aws", DENIED, fail_without_words),
    ("a_failure_quotes_aws", DENIED, time_out_without_words),
    ("the_time_is_bounded", MOVE, take_too_long),
    ("every_failure_is_explained", MOVE, crash),
    ("every_failure_is_explained", MOVE, fail_unexpectedly),
    ("a_run_removes_only_what_it_planned", MOVE, plan_nothing),
    ("a_step_is_taken_once", MOVE, send_again),
    ("without_wait_one_step_is_sent", WITHOUT_WAIT, send_a_second_step),
    ("temporary_faults_do_not_stop_a_task", ONE_DOWN, fail_without_words),
    ("it_converges", MOVE, fail_for_no_reason),
    ("it_converges", MOVE, keep_changing),
    ("it_converges", MOVE, never_arrive),
]


def test_every_rule_is_broken_here() -> None:
    assert {name for name, _scenario, _tamper in TAMPERED} == {check.__name__ for check in checks.CHECKS}


@pytest.mark.parametrize("scenario", [MOVE, DENIED, WITHOUT_WAIT, ONE_DOWN])
def test_untouched_runs_break_no_rule(scenario: Scenario) -> None:
    assert broken_rules(simulate(scenario)) == {}


@pytest.mark.parametrize(("rule", "scenario", "tamper"), TAMPERED)
def test_a_rule_finds_a_run_that_breaks_it(rule: str, scenario: Scenario, tamper: Tamper) -> None:
    simulation = simulate(scenario)
    tamper(simulation)
    assert rule in broken_rules(simulation)


def test_a_step_with_a_lost_answer_may_be_done_or_unknown() -> None:
    lost = dataclasses.replace(MOVE, task={"deletion_protected": False}, faults=[Fault("reset after", "write", 0)])
    simulation = simulate(lost)
    assert broken_rules(simulation) == {}
    for action in first(simulation).result["actions"]:
        action["status"] = "unknown"
    assert broken_rules(simulation) == {}
