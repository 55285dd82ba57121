# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the steps from every set of four Regions and three keys to every other one, and of single steps."""

from __future__ import annotations

from collections import deque
from functools import cache
from itertools import combinations, product

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import AnsibleSSMIncidentsError
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import DesiredState
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.plan import (
    ADD_REGION,
    CREATE,
    DELETE,
    DELETE_REGION,
    TAG,
    UNTAG,
    UPDATE_PROTECTION,
    CurrentState,
    Step,
    plan_changes,
    plan_deletion,
    plan_regions,
    predict,
)

NAMES = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1")
KEYS = (
    "DefaultKey",
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:kms:us-east-1:111122223333:key/abcd1234-ab12-cd34-ef56-abcdef123456",
)
SETS = [
    dict(zip(names, keys, strict=True))
    for count in (1, 2, 3)
    for names in combinations(NAMES, count)
    for keys in product(KEYS, repeat=count)
]


def hashable(regions: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(regions.items())


@cache
def distances(start: frozenset[tuple[str, str]]) -> dict[frozenset[tuple[str, str]], int]:
    """Return the number of calls from one set to each other, found by trying all calls that the service allows."""
    reached = {start: 0}
    queue = deque([start])
    while queue:
        current = queue.popleft()
        regions = dict(current)
        neighbours = [hashable({**regions, name: key}) for name in NAMES if name not in regions for key in KEYS]
        if len(regions) == 3:
            neighbours = []
        if len(regions) > 1:
            neighbours += [current - {item} for item in current]
        for neighbour in neighbours:
            if neighbour not in reached:
                reached[neighbour] = reached[current] + 1
                queue.append(neighbour)
    return reached


@pytest.mark.parametrize("current", SETS, ids="-".join)
def test_every_pair(current: dict[str, str]) -> None:
    for desired in SETS:
        if len(current) == 1 and current != desired and set(current) == set(desired):
            with pytest.raises(AnsibleSSMIncidentsError, match="only Region"):
                plan_regions(current, desired)
            continue
        regions = CurrentState(dict(current), False, {})
        for step in plan_regions(current, desired):
            # A Region that is to stay as it is is never changed.
            name = step.values["region"]
            assert current.get(name) != desired.get(name)
            could_add = len(regions.regions) < 3 and any(other not in regions.regions for other in desired)
            assert step.action == (ADD_REGION if could_add else DELETE_REGION)
            assert (name in regions.regions) == (step.action == DELETE_REGION)
            moved = predict(regions, [step])
            assert moved is not None and 1 <= len(moved.regions) <= 3
            regions = moved
        assert regions.regions == desired
        assert len(plan_regions(current, desired)) == distances(hashable(current))[hashable(desired)]


def desired(**options: object) -> DesiredState:
    """Return what a task with these options asks for."""
    defaults = DesiredState(
        regions=None, purge_regions=True, replace_keys=False, deletion_protected=None, tags=None, purge_tags=True
    )
    return defaults._replace(**options)  # type: ignore[arg-type]


CURRENT = CurrentState({"eu-west-1": "DefaultKey", "eu-north-1": "DefaultKey"}, False, {"Team": "A", "Old": "1"})


def test_no_options_take_no_steps() -> None:
    assert plan_changes(CURRENT, desired()) == []


def test_options_that_are_met_take_no_steps() -> None:
    same = desired(regions=CURRENT.regions, deletion_protected=False, tags=CURRENT.tags)
    assert plan_changes(CURRENT, same) == []


def test_create_then_protect() -> None:
    regions = {"eu-west-1": "DefaultKey"}
    assert plan_changes(None, desired(regions=regions, deletion_protected=True, tags={"a": "b"})) == [
        Step(CREATE, {"regions": regions, "tags": {"a": "b"}}),
        Step(UPDATE_PROTECTION, {"deletion_protected": True}),
    ]
    assert len(plan_changes(None, desired(regions=regions, deletion_protected=False))) == 1


def test_create_needs_regions() -> None:
    with pytest.raises(AnsibleSSMIncidentsError, match="regions"):
        plan_changes(None, desired(tags={}))


def test_protection_is_turned_on_first_and_off_last() -> None:
    moved = {"eu-west-1": "DefaultKey"}
    on = plan_changes(CURRENT, desired(regions=moved, deletion_protected=True, tags={}))
    assert [step.action for step in on] == [UPDATE_PROTECTION, UNTAG, DELETE_REGION]
    off = plan_changes(CURRENT._replace(deletion_protected=True), desired(regions=moved, deletion_protected=False))
    assert [step.action for step in off] == [DELETE_REGION, UPDATE_PROTECTION]


def test_tags_are_removed_before_others_are_added() -> None:
    steps = plan_changes(CURRENT, desired(tags={"Team": "B", "New": "2"}))
    assert steps == [Step(UNTAG, {"tag_keys": ["Old"]}), Step(TAG, {"tags": {"New": "2", "Team": "B"}})]
    kept = plan_changes(CURRENT, desired(tags={"New": "2"}, purge_tags=False))
    assert kept == [Step(TAG, {"tags": {"New": "2"}})]
    assert [step.action for step in plan_changes(CURRENT, desired(tags={}))] == [UNTAG]


def test_regions_are_kept_without_purge() -> None:
    steps = plan_changes(CURRENT, desired(regions={"us-east-1": "DefaultKey"}, purge_regions=False))
    assert steps == [Step(ADD_REGION, {"region": "us-east-1", "sse_kms_key_id": "DefaultKey"})]
    too_many = {"us-east-1": "DefaultKey", "eu-west-3": "DefaultKey"}
    with pytest.raises(AnsibleSSMIncidentsError, match="4 Regions"):
        plan_changes(CURRENT, desired(regions=too_many, purge_regions=False))


def test_a_key_is_replaced_only_if_told() -> None:
    other = {**CURRENT.regions, "eu-west-1": KEYS[1]}
    with pytest.raises(AnsibleSSMIncidentsError, match="replace_keys: true"):
        plan_changes(CURRENT, desired(regions=other))
    steps = plan_changes(CURRENT, desired(regions=other, replace_keys=True))
    assert [step.action for step in steps] == [DELETE_REGION, ADD_REGION]


def test_deleting() -> None:
    assert plan_deletion(None, None) == []
    assert plan_deletion(CURRENT, None) == [Step(DELETE, {})]
    protected = CURRENT._replace(deletion_protected=True)
    for option in (None, True):
        with pytest.raises(AnsibleSSMIncidentsError, match="deletion_protected: false"):
            plan_deletion(protected, option)
    assert plan_deletion(protected, False) == [Step(UPDATE_PROTECTION, {"deletion_protected": False}), Step(DELETE, {})]


def test_after_returns_the_set_after_the_steps() -> None:
    moved = desired(regions={"us-east-1": KEYS[1]}, deletion_protected=True, tags={"New": "2"})
    assert predict(CURRENT, plan_changes(CURRENT, moved)) == CurrentState({"us-east-1": KEYS[1]}, True, {"New": "2"})
    assert predict(None, plan_changes(None, moved)) == CurrentState({"us-east-1": KEYS[1]}, True, {"New": "2"})
    assert predict(CURRENT, plan_deletion(CURRENT, None)) is None


@pytest.mark.parametrize("replace_keys", [False, True])
@pytest.mark.parametrize("key", KEYS[:2])
def test_a_region_whose_key_aws_leaves_out_is_never_deleted_for_its_key(key: str, replace_keys: bool) -> None:
    current = CURRENT._replace(regions={"eu-west-1": None, "eu-north-1": "DefaultKey"})
    with pytest.raises(AnsibleSSMIncidentsError, match="does not report the KMS key of eu-west-1") as failure:
        plan_changes(current, desired(regions={**CURRENT.regions, "eu-west-1": key}, replace_keys=replace_keys))
    assert failure.value.code == "UnsupportedChange"
    steps = plan_changes(current, desired(regions={"us-east-1": key}, purge_regions=False))
    assert steps == [Step(ADD_REGION, {"region": "us-east-1", "sse_kms_key_id": key})]
    assert predict(current, steps).regions["eu-west-1"] is None  # type: ignore[union-attr]
    # A Region that is not wanted any more is deleted, whatever its key.
    away = plan_changes(current, desired(regions={"eu-north-1": "DefaultKey"}))
    assert away == [Step(DELETE_REGION, {"region": "eu-west-1"})]
