# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the simulation's own machinery: the worlds, their time and faults, and the search for the best order."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.calls import ONCE
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.api import (
    get_replication_set,
    list_replication_sets,
    list_tags,
    send,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import (
    AddRegion,
    DeleteRegion,
    Protect,
    Tag,
)
from endpoint.backend import models
from simulation.orders import best_order
from simulation.remote import Connection, SimulatedWire
from simulation.run import simulate
from simulation.scenario import (
    DEFAULT_KEY,
    REGIONS,
    TRANSIENT,
    Act,
    Fault,
    Outage,
    Scenario,
    Start,
    kms_key,
    make_scenario,
)
from simulation.simplify import simplify
from simulation.world import Killed, World, random_of, world_of

TWO = Start({"eu-west-1": DEFAULT_KEY, "us-east-1": DEFAULT_KEY}, tags={"Team": "ops"})
TAG = Tag({"Team": "sre"})


def wire_of(world: World) -> SimulatedWire:
    return SimulatedWire(Connection(world, "us-east-1"), 100)


def test_a_world_is_the_same_every_time() -> None:
    scenario = make_scenario(random_of(1, 3))
    assert scenario == make_scenario(random_of(1, 3)) != make_scenario(random_of(1, 4))
    first, second = simulate(scenario), simulate(scenario)
    shown = [
        [(call.at, call.region, call.operation, call.code) for call in world.calls]
        for world in (first.world, second.world)
    ]
    assert shown[0] == shown[1]


def test_a_world_leaves_nothing_behind() -> None:
    clock, settings = models.CLOCK, dataclasses.asdict(models.SETTINGS)
    with world_of(Scenario(start=TWO, lag={"reads": 2}, settings={"empty_list_pages": 3})):
        assert models.CLOCK is not clock
        assert dataclasses.asdict(models.SETTINGS) != settings
    assert models.CLOCK is clock
    assert dataclasses.asdict(models.SETTINGS) == settings


def test_a_call_takes_a_moment_and_one_that_hangs_takes_20_seconds() -> None:
    with world_of(Scenario(start=TWO, faults=[Fault("hang", "read", 1)])) as world:
        wire = wire_of(world)
        get_replication_set(wire.client("us-east-1"), arn=world.arn)
        assert world.time == pytest.approx(0.05)
        with pytest.raises(Failure) as failure:
            get_replication_set(wire.client("us-east-1"), arn=world.arn)
        assert failure.value.code == "ReadTimeoutError"
        assert world.time == pytest.approx(20.1)


def test_parallel_calls_end_in_their_order() -> None:
    outages = [Outage("hang", ["eu-west-1"]), Outage("drop", ["us-west-2"])]
    with world_of(Scenario(start=TWO, outages=outages)) as world:
        results = [
            (region, isinstance(result, Failure), round(world.time, 2))
            for region, result in wire_of(world).ask(["eu-west-1", "us-west-2", "us-east-1"], list_replication_sets)
        ]
    # The connection's own Region is called first.
    assert results == [("us-east-1", False, 0.05), ("us-west-2", True, 0.1), ("eu-west-1", True, 20.05)]


@pytest.mark.parametrize("detail", range(len(TRANSIENT)))
def test_transient_errors_are_those_of_the_collection(detail: int) -> None:
    with world_of(Scenario(start=TWO, faults=[Fault("error", "read", 0, detail)])) as world:
        with pytest.raises(Failure) as failure:
            get_replication_set(wire_of(world).client("us-east-1"), arn=world.arn)
        assert failure.value.is_transient
        code, status = TRANSIENT[detail]
        # What has only a status is not from AWS, and is not quoted.
        assert ("[call-0]" if code else f"HTTP status {status}") in failure.value.reason


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("reset after", {"Team": "sre"}), ("error after", {"Team": "sre"}), ("reset", {"Team": "ops"})],
)
def test_an_answer_is_lost_before_or_after_the_call_takes_effect(kind: str, expected: dict[str, str]) -> None:
    with world_of(Scenario(start=TWO, faults=[Fault(kind, "write", 0)])) as world:
        with pytest.raises(Failure):
            send(wire_of(world).client("us-east-1"), ONCE, arn=world.arn, step=TAG, token="token")
        state = world.truth()
        assert state and state.tags == expected
        assert world.calls[0].took_effect == (expected == {"Team": "sre"})


def test_a_late_call_takes_effect_after_it_has_timed_out() -> None:
    with world_of(Scenario(start=TWO, faults=[Fault("late", "write", 0, detail=5)])) as world:
        wire = wire_of(world)
        with pytest.raises(Failure):
            send(wire.client("us-east-1"), ONCE, arn=world.arn, step=TAG, token="token")
        assert list_tags(wire.client("us-east-1"), arn=world.arn) == {"Team": "ops"}
        world.sleep(10)
        assert list_tags(wire.client("us-east-1"), arn=world.arn) == {"Team": "sre"}


@pytest.mark.parametrize(("kind", "end"), [("kill after", Killed), ("interrupt after", KeyboardInterrupt)])
def test_the_process_ends(kind: str, end: type[BaseException]) -> None:
    with world_of(Scenario(start=TWO, faults=[Fault(kind, "write", 0)])) as world:
        with pytest.raises(end):
            send(wire_of(world).client("us-east-1"), ONCE, arn=world.arn, step=TAG, token="token")
        assert world.calls[0].took_effect


def test_an_outage_begins_and_ends() -> None:
    with world_of(Scenario(start=TWO, outages=[Outage("503", ["us-east-1"], since=1, until=2)])) as world:
        wire = wire_of(world)
        get_replication_set(wire.client("us-east-1"), arn=world.arn)
        world.sleep(1)
        with pytest.raises(Failure):
            get_replication_set(wire.client("us-east-1"), arn=world.arn)
        get_replication_set(wire.client("eu-west-1"), arn=world.arn)
        world.sleep(1)
        get_replication_set(wire.client("us-east-1"), arn=world.arn)


def test_a_change_takes_its_time() -> None:
    with world_of(Scenario(start=TWO, seconds=90)) as world:
        wire = wire_of(world)
        adding = AddRegion("us-west-2", DEFAULT_KEY)
        send(wire.client("us-east-1"), ONCE, arn=world.arn, step=adding, token="token")
        world.sleep(80)
        assert get_replication_set(wire.client("us-east-1"), arn=world.arn).status == "UPDATING"
        world.sleep(20)
        assert get_replication_set(wire.client("us-east-1"), arn=world.arn).status == "ACTIVE"


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (Act("add Region", "call", 0, "us-west-2"), ["eu-west-1", "us-east-1", "us-west-2"]),
        (Act("delete Region", "call", 0, "us-east-1"), ["eu-west-1"]),
        (Act("recreate", "call", 0), ["eu-west-1", "us-east-1"]),
        (Act("delete", "call", 0), None),
    ],
)
def test_somebody_else_changes_the_set(act: Act, expected: list[str] | None) -> None:
    with world_of(Scenario(start=TWO, acts=[act])) as world:
        list_replication_sets(wire_of(world).client("us-east-1"))
        state = world.truth()
        assert (sorted(state.regions) if state else None) == expected
        assert (state is not None and state.arn != world.arn) == (act.kind == "recreate")


def test_somebody_else_undoes_a_step() -> None:
    with world_of(Scenario(start=TWO, acts=[Act("undo", "write", 1)])) as world:
        wire = wire_of(world)
        send(wire.client("us-east-1"), ONCE, arn=world.arn, step=Protect(True), token="token")
        send(wire.client("us-east-1"), ONCE, arn=world.arn, step=TAG, token="token")
        state = world.truth()
        assert state and not state.protected


@pytest.mark.parametrize(
    ("current", "desired", "sizes"),
    [
        ("ab", "ab", (2,)),
        ("a", "b", (1, 2, 1)),
        ("ab", "cd", (2, 3, 2, 3, 2)),
        ("abc", "abd", (3, 2, 3)),
        ("aB", "Ac", (2, 3, 2, 3, 2)),
    ],
)
def test_best_order(current: str, desired: str, sizes: tuple[int, ...]) -> None:
    """A letter is a Region. The same letter in upper case is that Region with another key."""
    order = best_order({letter.lower(): letter for letter in current}, {letter.lower(): letter for letter in desired})
    assert order and order.sizes == sizes


def test_no_order_changes_the_key_of_the_only_region() -> None:
    assert best_order({"a": "1"}, {"a": "2"}) is None


def test_simplify_leaves_out_what_the_broken_rule_does_not_need() -> None:
    scenario = make_scenario(random_of(1, 12))
    fault = Fault("reset", "write", 0)
    simpler = simplify(
        dataclasses.replace(scenario, faults=[fault, Fault("hang", "read", 3)]), lambda other: fault in other.faults
    )
    assert (simpler.faults, simpler.outages, simpler.acts, simpler.lag) == ([fault], [], [], {})


def test_every_key_of_the_worlds_exists() -> None:
    keys = {name: kms_key(name, 2) for name in REGIONS[:3]}
    with world_of(Scenario(start=Start(keys))) as world:
        wire = wire_of(world)
        send(wire.client("us-east-1"), ONCE, arn=world.arn, step=DeleteRegion("eu-west-1"), token="token")
        for _poll in range(3):
            get_replication_set(wire.client("us-east-1"), arn=world.arn)
        adding = AddRegion("us-west-2", kms_key("us-west-2", 1))
        send(wire.client("us-east-1"), ONCE, arn=world.arn, step=adding, token="other token")
