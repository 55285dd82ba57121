# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of changes of a replication set in generated worlds, through botocore and the local endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from endpoint.backend import models
from endpoint.client import active_set
from endpoint.control import DEFAULT_ACCOUNT
from endpoint.server import LocalEndpoint
from simulation.checks import differences, is_impossible
from simulation.run import DEFAULTS, RUNS_UNTIL_CONVERGED
from simulation.scenario import DEFAULT_KEY, REGIONS, TRANSIENT
from simulation.world import State, lasting, random_of, truth_of

_WRITES = ("CreateReplicationSet", "UpdateReplicationSet", "UpdateDeletionProtection", "TagResource", "UntagResource")
_READS = ("GetReplicationSet", "ListReplicationSets", "ListTagsForResource")
_MODULE = "ssm_incidents_replication_set"


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace time.sleep with a function that only advances time.monotonic."""
    slept, monotonic = [0.0], time.monotonic

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: monotonic() + slept[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_no_world_breaks_a_rule(
    run_module: Callable[..., Any], endpoint: LocalEndpoint, virtual_time: None, thorough: bool, seed: int
) -> None:
    for number in range(15 if thorough else 4):
        endpoint.reset()
        params = make_world(endpoint, random_of(seed, number))
        try:
            check_world(run_module, endpoint, params)
        except AssertionError as error:
            raise AssertionError(f"the world {seed}-{number}, with {params}") from error


def make_world(endpoint: LocalEndpoint, random: Random) -> dict[str, Any]:
    """Put a set and faults into the endpoint, and return the options of a task."""
    start = random.sample(REGIONS, random.choice([1, 2, 2, 3]))
    arn = endpoint.seed(
        active_set(dict.fromkeys(start, DEFAULT_KEY), deletionProtected=random.random() < 0.3),
        tags=random.choice([{}, {"Team": "ops"}]),
    )
    endpoint.configure(
        transition={"progression": "manual", "times": random.choice([0, 1, 3])},
        read_lag=random.choice([{}, {}, {"reads": 1}, {"reads": 3}]),
        answer_shape=random.choice(["recorded", "model"]),
        deleting_region_answers=random.random() < 0.3,
        unavailable_regions={
            name: random.choice(["drop", "503", "denied"])
            for name in random.sample(REGIONS, random.choice([0, 0, 1, 1, 2]))
        },
    )
    for _fault in range(random.choice([0, 1, 1, 2, 3])):
        endpoint.faults.add(make_fault(random))
    task: dict[str, Any] = {"region": random.choice(REGIONS)}
    if random.random() < 0.15:
        return {**task, "state": "absent", "arn": arn, "deletion_protected": random.choice([None, False])}
    if random.random() < 0.8:
        task["regions"] = [{"name": name} for name in random.sample(REGIONS, random.choice([1, 2, 2, 3]))]
    if random.random() < 0.4:
        task["tags"] = random.choice([{"Team": "sre"}, {}, {"Owner": "me"}])
    if random.random() < 0.3:
        task["deletion_protected"] = random.choice([True, False])
    return task


def make_fault(random: Random) -> dict[str, Any]:
    operation = random.choice([*_WRITES, "UpdateReplicationSet", "UpdateReplicationSet", *_READS])
    rule: dict[str, Any] = {"operation": operation, "after": random.random() < 0.5, "times": random.choice([1, 1, 2])}
    kind = random.choice(["error", "error", "reset", "empty", "not_json", "conflict", "denied"])
    if kind == "error":
        code, status = random.choice([item for item in TRANSIENT if item[0]])
        return {**rule, "fault": "error", "code": code, "http_status": status}
    if kind == "conflict" and operation in _WRITES:
        return {**rule, "fault": "error", "code": "ConflictException", "after": False}
    if kind == "denied":
        return {**rule, "fault": "error", "code": "AccessDeniedException", "after": False}
    return {**rule, "fault": "reset" if kind == "conflict" else kind}


def truth() -> State | None:
    with models.LOCK:
        return truth_of(models.ssmincidents_backends[DEFAULT_ACCOUNT]["aws"])


def check_world(run_module: Callable[..., Any], endpoint: LocalEndpoint, options: dict[str, Any]) -> None:
    params = {**DEFAULTS, **options}
    before = truth()
    outcome = run_module(_MODULE, **options)
    after = truth()
    check_run(outcome, before, after, params)
    if not outcome.failed and not models.SETTINGS.read_lag:
        assert differences(after, params) == []
    endpoint.faults.clear()
    endpoint.configure(unavailable_regions={}, read_lag={})
    for _run in range(RUNS_UNTIL_CONVERGED):
        before = truth()
        outcome = run_module(_MODULE, **options)
        after = truth()
        check_run(outcome, before, after, params)
        if outcome.failed:
            assert is_impossible(outcome["error"]["code"], after, params), outcome["msg"]
            return
        assert differences(after, params) == []
        if not outcome["changed"]:
            return
    raise AssertionError("the task still changes something")


def check_run(outcome: Any, before: State | None, after: State | None, params: dict[str, Any]) -> None:
    """Check what holds after every run if nobody else changes the set."""
    assert "Traceback" not in outcome.output
    if outcome.failed:
        assert outcome["error"]["code"] != "UnexpectedError", outcome["msg"]
    assert after is not None or params["state"] == "absent"
    actions = [action for action in outcome.result.get("actions", []) if action["status"] in ("done", "unknown")]
    assert bool(outcome.result.get("changed")) == bool(actions)
    if lasting(before) != lasting(after):
        assert actions, "actions leave out what AWS has done"
    elif outcome.result.get("changed"):
        undoable = {"tag_resource", "untag_resource"}
        assert all(action["status"] == "unknown" or action["action"] in undoable for action in actions), actions
