# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the steps from every set of four Regions and three keys to every other one, and of single steps."""

from __future__ import annotations

from collections import deque
from functools import cache
from itertools import combinations, product

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._plan import (
    ADD_REGION,
    CREATE,
    DELETE,
    DELETE_REGION,
    PROTECT,
    TAG,
    UNTAG,
    PlanError,
    Present,
    Step,
    Wanted,
    after,
    region_steps,
    steps_to,
    steps_to_nothing,
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


@pytest.mark.parametrize("present", SETS, ids="-".join)
def test_every_pair(present: dict[str, str]) -> None:
    for wanted in SETS:
        if len(present) == 1 and present != wanted and set(present) == set(wanted):
            with pytest.raises(PlanError, match="only Region"):
                region_steps(present, wanted)
            continue
        regions = Present(dict(present), False, {})
        for step in region_steps(present, wanted):
            # A Region that is to stay as it is is never changed.
            name = step.values["region"]
            assert present.get(name) != wanted.get(name)
            could_add = len(regions.regions) < 3 and any(other not in regions.regions for other in wanted)
            assert step.action == (ADD_REGION if could_add else DELETE_REGION)
            assert (name in regions.regions) == (step.action == DELETE_REGION)
            moved = after(regions, [step])
            assert moved is not None and 1 <= len(moved.regions) <= 3
            regions = moved
        assert regions.regions == wanted
        assert len(region_steps(present, wanted)) == distances(hashable(present))[hashable(wanted)]


def wanted(**options: object) -> Wanted:
    """Return what a task with these options wants."""
    defaults = Wanted(
        regions=None, purge_regions=True, replace_keys=False, deletion_protected=None, tags=None, purge_tags=True
    )
    return defaults._replace(**options)  # type: ignore[arg-type]


PRESENT = Present({"eu-west-1": "DefaultKey", "eu-north-1": "DefaultKey"}, False, {"Team": "A", "Old": "1"})


def test_no_options_take_no_steps() -> None:
    assert steps_to(PRESENT, wanted()) == []


def test_options_that_are_met_take_no_steps() -> None:
    same = wanted(regions=PRESENT.regions, deletion_protected=False, tags=PRESENT.tags)
    assert steps_to(PRESENT, same) == []


def test_create_then_protect() -> None:
    regions = {"eu-west-1": "DefaultKey"}
    assert steps_to(None, wanted(regions=regions, deletion_protected=True, tags={"a": "b"})) == [
        Step(CREATE, {"regions": regions, "tags": {"a": "b"}}),
        Step(PROTECT, {"deletion_protected": True}),
    ]
    assert len(steps_to(None, wanted(regions=regions, deletion_protected=False))) == 1


def test_create_needs_regions() -> None:
    with pytest.raises(PlanError, match="regions"):
        steps_to(None, wanted(tags={}))


def test_protection_is_turned_on_first_and_off_last() -> None:
    moved = {"eu-west-1": "DefaultKey"}
    on = steps_to(PRESENT, wanted(regions=moved, deletion_protected=True, tags={}))
    assert [step.action for step in on] == [PROTECT, UNTAG, DELETE_REGION]
    off = steps_to(PRESENT._replace(deletion_protected=True), wanted(regions=moved, deletion_protected=False))
    assert [step.action for step in off] == [DELETE_REGION, PROTECT]


def test_tags_are_removed_before_others_are_added() -> None:
    steps = steps_to(PRESENT, wanted(tags={"Team": "B", "New": "2"}))
    assert steps == [Step(UNTAG, {"tag_keys": ["Old"]}), Step(TAG, {"tags": {"New": "2", "Team": "B"}})]
    kept = steps_to(PRESENT, wanted(tags={"New": "2"}, purge_tags=False))
    assert kept == [Step(TAG, {"tags": {"New": "2"}})]
    assert [step.action for step in steps_to(PRESENT, wanted(tags={}))] == [UNTAG]


def test_regions_are_kept_without_purge() -> None:
    steps = steps_to(PRESENT, wanted(regions={"us-east-1": "DefaultKey"}, purge_regions=False))
    assert steps == [Step(ADD_REGION, {"region": "us-east-1", "sse_kms_key_id": "DefaultKey"})]
    too_many = {"us-east-1": "DefaultKey", "eu-west-3": "DefaultKey"}
    with pytest.raises(PlanError, match="4 Regions"):
        steps_to(PRESENT, wanted(regions=too_many, purge_regions=False))


def test_a_key_is_replaced_only_if_told() -> None:
    other = {**PRESENT.regions, "eu-west-1": KEYS[1]}
    with pytest.raises(PlanError, match="replace_keys: true"):
        steps_to(PRESENT, wanted(regions=other))
    steps = steps_to(PRESENT, wanted(regions=other, replace_keys=True))
    assert [step.action for step in steps] == [DELETE_REGION, ADD_REGION]


def test_deleting() -> None:
    assert steps_to_nothing(None, None) == []
    assert steps_to_nothing(PRESENT, None) == [Step(DELETE, {})]
    protected = PRESENT._replace(deletion_protected=True)
    for option in (None, True):
        with pytest.raises(PlanError, match="deletion_protected: false"):
            steps_to_nothing(protected, option)
    assert steps_to_nothing(protected, False) == [Step(PROTECT, {"deletion_protected": False}), Step(DELETE, {})]


def test_after_returns_the_set_after_the_steps() -> None:
    moved = wanted(regions={"us-east-1": KEYS[1]}, deletion_protected=True, tags={"New": "2"})
    assert after(PRESENT, steps_to(PRESENT, moved)) == Present({"us-east-1": KEYS[1]}, True, {"New": "2"})
    assert after(None, steps_to(None, moved)) == Present({"us-east-1": KEYS[1]}, True, {"New": "2"})
    assert after(PRESENT, steps_to_nothing(PRESENT, None)) is None
