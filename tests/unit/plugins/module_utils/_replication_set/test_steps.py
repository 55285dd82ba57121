# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the kinds of steps: the request, the set after the step, and what follows from that."""

from __future__ import annotations

from dataclasses import replace

import botocore.session
import pytest
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
    needed_keys,
    predict,
)
from botocore import xform_name
from botocore.validate import ParamValidator
from helpers.replication_sets import key

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
A, B, C = "eu-central-1", "eu-west-1", "us-east-1"
BEFORE = ReplicationSet(ARN, "ACTIVE", {A: Region(key(A)), B: Region(key(B))}, tags={"Team": "ops", "Old": "1"})
AFTER: list[tuple[Step, ReplicationSet | None]] = [
    (AddRegion(C, key(C)), replace(BEFORE, regions={**BEFORE.regions, C: Region(key(C))})),
    (DeleteRegion(B), replace(BEFORE, regions={A: Region(key(A))})),
    (Protect(True), replace(BEFORE, deletion_protected=True)),
    (Tag({"Team": "sre"}), replace(BEFORE, tags={"Team": "sre", "Old": "1"})),
    (Untag(["Old"]), replace(BEFORE, tags={"Team": "ops"})),
    (Delete(), None),
]
CREATE = Create({A: key(A), B: "DefaultKey"}, {"Team": "ops"})
STEPS = [CREATE, Create({A: "DefaultKey"}, {}), AddRegion(C, "DefaultKey"), *(step for step, _after in AFTER)]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_botocores_model_allows_the_request(step: Step) -> None:
    model = botocore.session.get_session().get_service_model("ssm-incidents")
    (operation,) = (name for name in model.operation_names if xform_name(name) == step.operation)
    request = step.request(ARN, "00000000-0000-4000-8000-000000000000")
    assert not ParamValidator().validate(request, model.operation_model(operation).input_shape).has_errors()


@pytest.mark.parametrize(("step", "after"), AFTER, ids=str)
def test_a_step_is_visible_if_it_changes_nothing_more(step: Step, after: ReplicationSet | None) -> None:
    assert step.after(BEFORE) == after and step.after(after) == after
    assert step.is_visible(after) and not step.is_visible(BEFORE)
    assert isinstance(step, Delete) or not step.is_visible(None)


def test_a_set_is_created_once() -> None:
    created = CREATE.after(None)
    assert created and created.keys == CREATE.regions and created.tags == CREATE.tags
    assert CREATE.is_visible(replace(created, arn=ARN, status="CREATING", tags=None))
    assert not CREATE.is_visible(None) and not CREATE.is_visible(replace(created, status="DELETING"))
    # Another job created this set.
    assert not CREATE.is_visible(DeleteRegion(B).after(created))


def test_what_is_being_deleted_counts_as_deleted() -> None:
    leaving = replace(BEFORE, regions={**BEFORE.regions, B: Region(key(B), "DELETING")})
    assert DeleteRegion(B).is_visible(leaving) and not AddRegion(B, key(B)).is_visible(leaving)
    assert Delete().is_visible(replace(BEFORE, status="DELETING"))


def test_a_key_that_aws_leaves_out_can_be_the_right_one() -> None:
    unknown = replace(BEFORE, regions={**BEFORE.regions, B: Region(None)})
    assert AddRegion(B, key(B)).is_visible(unknown) and not AddRegion(B, key(B, 2)).is_visible(BEFORE)


def test_the_last_step_about_a_region_counts() -> None:
    replaced = predict(BEFORE, [DeleteRegion(B), AddRegion(B, key(B, 2))])
    assert replaced and replaced.keys == {A: key(A), B: key(B, 2)}
    assert predict(replaced, [DeleteRegion(B), AddRegion(B, key(B, 2))]) == replaced


def test_a_region_is_not_deleted_through_itself() -> None:
    assert list(DeleteRegion(B).targets(BEFORE)) == [A]
    assert list(AddRegion(C, key(C)).targets(BEFORE)) == list(Delete().targets(BEFORE)) == [A, B]
    assert list(CREATE.targets(None)) == [A, B]


def test_the_keys_that_steps_depend_on() -> None:
    delete, add, remove = DeleteRegion(B), AddRegion(B, key(B, 2)), Delete()
    assert needed_keys(BEFORE, [Protect(True), Tag({})]) == {}
    assert needed_keys(BEFORE, [delete, add]) == {(B, key(B)): delete, (B, key(B, 2)): add}
    assert needed_keys(BEFORE, [remove]) == {(A, key(A)): remove, (B, key(B)): remove}
    assert needed_keys(None, [CREATE]) == {(A, key(A)): CREATE}


def test_deletions_are_named() -> None:
    named = [
        list(step.deletions()) for step in (Untag(["Old"]), Protect(False), Protect(True), DeleteRegion(B), Delete())
    ]
    assert named == [
        ["remove the tag Old"],
        ["turn deletion protection off"],
        [],
        [f"delete Region {B}"],
        ["delete the replication set"],
    ]
