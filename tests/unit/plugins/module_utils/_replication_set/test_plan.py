# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the plan. Every set that four Regions and three keys can make is changed to every other one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import DesiredState
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.plan import plan_regions, plan_steps
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import Region, ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.steps import (
    AddRegion,
    Create,
    Delete,
    DeleteRegion,
    Protect,
    Step,
    Tag,
    Untag,
    predict,
)
from helpers.replication_sets import NAMES, SETS, is_mixed, key, possible_keys


def set_of(
    keys: Mapping[str, str | None], protected: bool = False, tags: Mapping[str, str] | None = None
) -> ReplicationSet:
    """Return a set with Regions and their keys."""
    return ReplicationSet("", "ACTIVE", {name: Region(key) for name, key in keys.items()}, protected, tags or {})


def region_of(step: Step) -> str:
    assert isinstance(step, (AddRegion, DeleteRegion))
    return step.region


def hashable(regions: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(regions.items())


@cache
def distances(start: frozenset[tuple[str, str]]) -> dict[frozenset[tuple[str, str]], int]:
    """Return the number of calls from a set to each other set, found by trying all calls that the service allows."""
    reached = {start: 0}
    queue = deque([start])
    while queue:
        current = queue.popleft()
        regions = dict(current)
        neighbours = [
            hashable({**regions, name: key}) for name in NAMES if name not in regions for key in possible_keys(name)
        ]
        if len(regions) == 3:
            neighbours = []
        if len(regions) > 1:
            neighbours += [current - {item} for item in current]
        if is_mixed(regions):
            neighbours = []
        for neighbour in neighbours:
            if neighbour not in reached and not is_mixed(dict(neighbour)):
                reached[neighbour] = reached[current] + 1
                queue.append(neighbour)
    return reached


@cache
def counts_of_orders(current: frozenset[tuple[str, str]], desired: frozenset[tuple[str, str]]) -> set[tuple[int, int]]:
    """Return the smallest and the total number of Regions after each call, for every shortest order of calls."""
    if current == desired:
        return {(3, 0)}
    regions = dict(current)
    following = [current - {item} for item in current - desired if len(regions) > 1]
    following += [current | {item} for item in desired - current if item[0] not in regions and len(regions) < 3]
    return {
        (min(len(after), least), len(after) + total)
        for after in following
        for least, total in counts_of_orders(after, desired)
    }


@pytest.mark.parametrize("current", SETS, ids="-".join)
def test_the_order_keeps_the_most_regions(current: dict[str, str]) -> None:
    for desired in SETS:
        if len({key == "DefaultKey" for key in [*current.values(), *desired.values()]}) > 1:
            continue
        counts = counts_of_orders(hashable(current), hashable(desired))
        if not counts:
            assert len(current) == 1 and set(current) == set(desired)
            continue
        regions, numbers = set(current), []
        for step in plan_regions(current, desired):
            regions ^= {region_of(step)}
            numbers.append(len(regions))
        assert (min(numbers, default=3), sum(numbers)) == max(counts)


@pytest.mark.parametrize("current", SETS, ids="-".join)
def test_every_pair(current: dict[str, str]) -> None:
    for desired in SETS:
        reachable = distances(hashable(current))
        if hashable(desired) not in reachable:
            with pytest.raises(Failure) as failure:
                plan_regions(current, desired)
            assert failure.value.code == "UnsupportedChange"
            continue
        # A detour through a Region that is not desired would be possible, but the plan does not take it.
        if len(current) == 1 and current != desired and set(current) == set(desired):
            with pytest.raises(Failure, match="only Region"):
                plan_regions(current, desired)
            continue
        regions = set_of(current)
        for step in plan_regions(current, desired):
            # A Region that has its desired key is never changed.
            name = region_of(step)
            assert current.get(name) != desired.get(name)
            could_add = len(regions.regions) < 3 and any(other not in regions.regions for other in desired)
            assert isinstance(step, AddRegion if could_add else DeleteRegion)
            assert (name in regions.regions) == isinstance(step, DeleteRegion)
            moved = predict(regions, [step])
            assert moved is not None and 1 <= len(moved.regions) <= 3 and not is_mixed(moved.keys)
            regions = moved
        assert regions.keys == desired
        assert len(plan_regions(current, desired)) == reachable[hashable(desired)]


def deletion(protected: bool | None) -> DesiredState:
    """Return what a task asks for that deletes the set."""
    return DesiredState(is_deleted=True, deletion_protected=protected)


def desired(**options: object) -> DesiredState:
    """Return what a task with these options asks for."""
    return DesiredState(**options)  # type: ignore[arg-type]


CURRENT = set_of({"eu-west-1": "DefaultKey", "eu-north-1": "DefaultKey"}, False, {"Team": "A", "Old": "1"})


def test_no_options_take_no_steps() -> None:
    assert plan_steps(CURRENT, desired()) == []


def test_options_that_are_met_take_no_steps() -> None:
    same = desired(regions=CURRENT.keys, deletion_protected=False, tags=CURRENT.tags)
    assert plan_steps(CURRENT, same) == []


def test_create_then_protect() -> None:
    regions = {"eu-west-1": "DefaultKey"}
    assert plan_steps(None, desired(regions=regions, deletion_protected=True, tags={"a": "b"})) == [
        Create(regions, {"a": "b"}),
        Protect(True),
    ]
    assert len(plan_steps(None, desired(regions=regions, deletion_protected=False))) == 1


def test_create_needs_regions() -> None:
    with pytest.raises(Failure, match="regions"):
        plan_steps(None, desired(tags={}))


def test_protection_is_turned_on_first_and_off_last() -> None:
    moved = {"eu-west-1": "DefaultKey"}
    on = plan_steps(CURRENT, desired(regions=moved, deletion_protected=True, tags={}))
    assert [type(step) for step in on] == [Protect, Untag, DeleteRegion]
    off = plan_steps(replace(CURRENT, deletion_protected=True), desired(regions=moved, deletion_protected=False))
    assert [type(step) for step in off] == [DeleteRegion, Protect]


def test_tags_are_removed_before_others_are_added() -> None:
    steps = plan_steps(CURRENT, desired(tags={"Team": "B", "New": "2"}))
    assert steps == [Untag(["Old"]), Tag({"New": "2", "Team": "B"})]
    kept = plan_steps(CURRENT, desired(tags={"New": "2"}, purge_tags=False))
    assert kept == [Tag({"New": "2"})]
    assert [type(step) for step in plan_steps(CURRENT, desired(tags={}))] == [Untag]


def test_regions_are_kept_without_purge() -> None:
    steps = plan_steps(CURRENT, desired(regions={"us-east-1": "DefaultKey"}, purge_regions=False))
    assert steps == [AddRegion("us-east-1", "DefaultKey")]
    too_many = {"us-east-1": "DefaultKey", "eu-west-3": "DefaultKey"}
    with pytest.raises(Failure, match="4 Regions"):
        plan_steps(CURRENT, desired(regions=too_many, purge_regions=False))


# Keys -----------------------------------------------------------------------------------------------------------------

OWN_KEYS = set_of({name: key(name) for name in ("eu-north-1", "eu-west-1")})


def refusal(current: ReplicationSet | None, wanted: DesiredState) -> Failure:
    """Plan a change that the service does not support, and return the failure."""
    with pytest.raises(Failure) as failure:
        plan_steps(current, wanted)
    return failure.value


def test_a_key_is_replaced_only_if_told() -> None:
    other = {**OWN_KEYS.keys, "eu-west-1": key("eu-west-1", 2)}
    failure = refusal(OWN_KEYS, desired(regions=other))
    assert failure.code == "KeyMismatch" and "replace_keys: true" in str(failure)
    steps = plan_steps(OWN_KEYS, desired(regions=other, replace_keys=True))
    assert [type(step) for step in steps] == [DeleteRegion, AddRegion]


@pytest.mark.parametrize("current", [regions for regions in SETS if len(regions) > 1], ids="-".join)
def test_a_region_keeps_its_key_if_the_task_names_none(current: dict[str, str]) -> None:
    state = set_of(current)
    for replace_keys in (False, True):
        unchanged = desired(regions=dict.fromkeys(current), replace_keys=replace_keys)
        assert plan_steps(state, unchanged) == []
    if is_mixed(current):
        return
    deleted, *kept = current
    assert plan_steps(state, desired(regions=dict.fromkeys(kept))) == [DeleteRegion(deleted)]


@pytest.mark.parametrize("wanted", [None, "DefaultKey"])
def test_a_region_is_added_with_a_key_of_the_sets_kind(wanted: str | None) -> None:
    add = desired(regions={"us-east-1": wanted}, purge_regions=False)
    assert plan_steps(CURRENT, add) == [AddRegion("us-east-1", "DefaultKey")]
    failure = refusal(OWN_KEYS, add)
    assert failure.code == "UnsupportedChange"
    assert "us-east-1" in str(failure) and "Set sse_kms_key_id of us-east-1" in str(failure)
    given = desired(regions={"us-east-1": key("us-east-1")}, purge_regions=False)
    steps = plan_steps(OWN_KEYS, given)
    assert steps == [AddRegion("us-east-1", key("us-east-1"))]


def test_a_set_is_created_with_keys_of_one_kind() -> None:
    (step,) = plan_steps(None, desired(regions={"eu-west-1": None, "us-east-1": "DefaultKey"}))
    assert isinstance(step, Create) and step.regions == {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"}
    failure = refusal(None, desired(regions={"eu-west-1": key("eu-west-1"), "us-east-1": None}))
    assert failure.code == "UnsupportedChange"
    assert "Set sse_kms_key_id of us-east-1" in str(failure)


@pytest.mark.parametrize("replace_keys", [False, True])
@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize("to_own_keys", [False, True])
def test_the_kind_of_key_can_not_be_changed(replace_keys: bool, move: bool, to_own_keys: bool) -> None:
    """Neither in the same Regions nor by a move to others, because a set never has keys of both kinds."""
    current, kind = (CURRENT, key) if to_own_keys else (OWN_KEYS, lambda _region: "DefaultKey")
    names = ("us-east-1", "eu-central-1") if move else ("eu-west-1", "eu-north-1")
    wanted = desired(regions={name: kind(name) for name in names}, replace_keys=replace_keys)
    failure = refusal(current, wanted)
    assert failure.code == "UnsupportedChange"
    for part in ("deleted and created again", "all of Incident Manager's data", *names):
        assert part in str(failure)
    assert '"Configuring replication sets and Findings"' in str(failure)


def test_the_key_of_an_only_region_can_not_be_changed() -> None:
    current = set_of({"eu-west-1": key("eu-west-1")})
    failure = refusal(current, desired(regions={"eu-west-1": key("eu-west-1", 2)}, replace_keys=True))
    assert failure.code == "UnsupportedChange"
    assert "only Region" in str(failure) and '"Configuring replication sets and Findings"' in str(failure)


def test_in_a_mixed_set_only_the_regions_can_not_be_changed() -> None:
    current = set_of({"eu-west-1": key("eu-west-1"), "us-east-1": "DefaultKey"}, False, {"Old": "1"})
    kept = desired(regions=current.keys, deletion_protected=True, tags={})
    assert [type(step) for step in plan_steps(current, kept)] == [Protect, Untag]
    assert plan_steps(current, deletion(None)) == [Delete()]
    for names in (["eu-west-1"], ["us-east-1"], ["eu-west-1", "us-east-1", "us-east-2"]):
        failure = refusal(current, desired(regions=dict.fromkeys(names)))
        assert failure.code == "UnsupportedChange"
        assert "AWS owned key in us-east-1" in str(failure) and "customer managed key in eu-west-1" in str(failure)


def test_deleting() -> None:
    assert plan_steps(None, deletion(None)) == []
    assert plan_steps(CURRENT, deletion(None)) == [Delete()]
    protected = replace(CURRENT, deletion_protected=True)
    for option in (None, True):
        with pytest.raises(Failure, match="deletion_protected: false"):
            plan_steps(protected, deletion(option))
    assert plan_steps(protected, deletion(False)) == [Protect(False), Delete()]


def test_predict_returns_the_set_after_the_steps() -> None:
    moved = desired(regions={"us-east-1": "DefaultKey"}, deletion_protected=True, tags={"New": "2"})
    after = set_of({"us-east-1": "DefaultKey"}, True, {"New": "2"})
    assert predict(CURRENT, plan_steps(CURRENT, moved)) == after
    assert predict(None, plan_steps(None, moved)) == after
    assert predict(CURRENT, plan_steps(CURRENT, deletion(None))) is None


@pytest.mark.parametrize("replace_keys", [False, True])
@pytest.mark.parametrize("wanted", ["DefaultKey", key("eu-west-1")])
def test_a_region_is_not_deleted_for_its_key_if_aws_does_not_report_it(wanted: str, replace_keys: bool) -> None:
    other = wanted.replace("eu-west-1", "eu-north-1")
    current = set_of({"eu-west-1": None, "eu-north-1": other})
    failure = refusal(current, desired(regions={"eu-west-1": wanted, "eu-north-1": other}, replace_keys=replace_keys))
    assert failure.code == "UnsupportedChange" and "does not report the KMS key of eu-west-1" in str(failure)
    # If the task names no key, nothing is compared.
    assert plan_steps(current, desired(regions={"eu-west-1": None, "eu-north-1": None})) == []
    added = wanted.replace("eu-west-1", "us-east-1")
    steps = plan_steps(current, desired(regions={"us-east-1": added}, purge_regions=False))
    assert steps == [AddRegion("us-east-1", added)]
    assert predict(current, steps).keys["eu-west-1"] is None  # type: ignore[union-attr]
    # A Region that the task does not name is deleted, whatever its key is.
    away = plan_steps(current, desired(regions={"eu-north-1": other}))
    assert away == [DeleteRegion("eu-west-1")]
