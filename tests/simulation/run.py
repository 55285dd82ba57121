# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the managing module's task in a world, as often as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import all_service_regions
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import PARTS
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.change import Change
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import desired_state
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.guard import Guard
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import Step
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.task import change_replication_set

from .remote import Connection, SimulatedWire
from .scenario import Scenario
from .world import MAX_CALLS, TASK, Call, Endless, Killed, State, World, world_of

#: How often the task runs again once everything works.
RUNS_UNTIL_CONVERGED = 3

#: The options of the managing module.
DEFAULTS: Mapping[str, Any] = {
    "state": "present",
    "arn": None,
    "regions": None,
    "purge_regions": True,
    "replace_keys": False,
    "deletion_protected": None,
    "tags": None,
    "purge_tags": True,
    "allow_open_incidents": False,
    "wait": True,
    "wait_timeout": 7200,
}


@dataclass
class Run:
    """One run of the task.

    :ivar began: when the run began, in seconds after the start of the world. ended is in the same unit.
    :ivar before: the truth at its start; after: the truth at its end.
    :ivar planned: the steps of the plan.
    :ivar result: the module's result; empty if the process ended.
    :ivar crash: an exception that is not one of the collection's.
    :ivar is_calm: whether everything worked during the run.
    """

    number: int
    params: Mapping[str, Any]
    began: float
    before: State | None
    is_calm: bool
    planned: list[Step] = field(default_factory=list)
    ended: float = 0
    after: State | None = None
    result: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    crash: BaseException | None = None
    killed: bool = False
    calls: list[Call] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        return not (self.killed or self.failure or self.crash)

    @property
    def own_calls(self) -> list[Call]:
        return [call for call in self.calls if call.by == TASK]

    @property
    def writes(self) -> list[Call]:
        """Return the calls of the task whose operations write."""
        return [call for call in self.own_calls if call.is_write]

    def actions(self, status: str) -> list[dict[str, Any]]:
        return [action for action in self.result.get("actions", []) if action["status"] == status]

    @property
    def outcome(self) -> str:
        if self.killed:
            return "killed"
        if self.crash:
            return f"crashed: {type(self.crash).__name__}"
        return self.failure.code if self.failure else "changed" if self.result["changed"] else "ok"

    def __str__(self) -> str:
        """Return the calls, and how the run ended."""
        actions = ", ".join(f"{step['action']} {step['status']}" for step in self.result.get("actions", []))
        lines = [f"run {self.number}{' (everything works)' if self.is_calm else ''}:", *self._lines()]
        end = (
            f"  ended at {self.ended:.2f} s: {self.outcome}; changed: {self.result.get('changed')}; actions: {actions}"
        )
        lines += [end, f"  the truth: {self.after}"]
        lines += [f"  {self.failure}"] if self.failure else []
        return "\n".join(lines)

    def _lines(self) -> Iterator[str]:
        """Yield the calls. Those that are made side by side and fail in the same way share a line."""
        for (_at, _operation, code), group in groupby(
            self.calls, key=lambda call: (call.at, call.operation, call.code)
        ):
            first, *others = group
            yield str(first)
            if others and code:
                yield f"{'':13}and {len(others)} others, which fail in the same way"
            else:
                yield from map(str, others)


@dataclass
class Simulation:
    """A world after all runs of its task."""

    scenario: Scenario
    world: World
    runs: list[Run]


def simulate(scenario: Scenario) -> Simulation:
    """Run the task in a world of faults, again if its process was killed, and then while everything works."""
    with world_of(scenario) as world:
        params = {**DEFAULTS, **scenario.task}
        if params["arn"] or params["state"] == "absent":
            params["arn"] = world.arn[:-4] + "ffff" if scenario.owns_other else world.arn
        runs = [run_task(world, params)]
        while runs[-1].killed and len(runs) < RUNS_UNTIL_CONVERGED:
            runs.append(run_task(world, params))
        world.calm()
        world.finish_late_calls()
        for _number in range(RUNS_UNTIL_CONVERGED):
            runs.append(run_task(world, {**params, "wait": True, "wait_timeout": 10_000}))
            if runs[-1].succeeded and not runs[-1].result["changed"]:
                break
        return Simulation(scenario, world, runs)


def run_task(world: World, params: Mapping[str, Any]) -> Run:
    """Run the task once."""
    world.run += 1
    world.calls_of_run = 0
    first = len(world.calls)
    run = Run(world.run, params, world.time, world.truth(), world.is_calm)
    connection = Connection(world, world.scenario.caller)
    wire = SimulatedWire(connection, world.time + params["wait_timeout"])
    guard = _Guard(run, cast(Any, connection), wire, _nothing, False, run.warnings.append)
    try:
        desired = desired_state(params, all_service_regions("ssm-incidents"))
        change = Change(wire, desired, params["wait"], params["wait_timeout"], lambda _line: None, lambda _line: None)
        change_replication_set(change, guard, run.result, run.warnings.append, check_mode=False, diff=False)
    except Failure as failure:
        run.failure = failure
    except BaseException as error:
        run.crash = error
    if world.calls_of_run > MAX_CALLS:
        run.failure, run.crash = None, Endless(f"more than {MAX_CALLS} calls")
    if any(call.outcome == Killed.__name__ for call in world.calls[first:]):
        run.killed, run.failure, run.crash, run.result = True, None, None, {}
    run.ended, run.after = world.time, world.truth()
    run.calls = world.calls[first:]
    return run


class _Guard(Guard):
    """A guard that records the plan."""

    def __init__(self, run: Run, *parameters: Any) -> None:
        super().__init__(*parameters)
        self._run = run

    def validate_keys(self, current: ReplicationSet | None, steps: Iterable[Step]) -> None:
        self._run.planned = self._run.planned or list(steps)
        super().validate_keys(current, steps)


def _nothing(*_request: object) -> tuple[dict[str, Any], bool]:
    """Return that nothing is in the set. A world does not have what the set holds."""
    return {"counts": dict.fromkeys(PARTS, 0), "missing": []}, False
