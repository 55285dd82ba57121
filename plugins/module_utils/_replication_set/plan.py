# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a change: the steps from the current state of a replication set to the desired one.

Nothing of AWS is imported here. The rules of the service are:

* A set has 1 to 3 Regions at any time (botocore's model).
* One call adds or deletes one Region (CloudFormation).
* A set has the AWS owned key in all Regions, or customer managed keys in all Regions (Terraform's documentation).
* To get another customer managed key, a Region must be deleted and added again (Terraform's documentation).
* Deleting the last Region deletes the set and all of the account's Incident Manager data (User Guide).
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from .._aws.errors import (
    DELETION_PROTECTED,
    KEY_MISMATCH,
    NO_REPLICATION_SET,
    UNSUPPORTED_CHANGE,
    AnsibleSSMIncidentsError,
)
from .desired import DesiredState
from .service import DEFAULT_KEY, MAX_REGIONS, MAX_TAGS, customer_managed_keys, regions_by_kind_of_key

# The actions of steps, as the managing module returns them.
CREATE = "create_replication_set"
ADD_REGION = "add_region"
DELETE_REGION = "delete_region"
UPDATE_PROTECTION = "update_deletion_protection"
TAG = "tag_resource"
UNTAG = "untag_resource"
DELETE = "delete_replication_set"

# The sources for the advice. AWS's own developers wrote this Terraform resource and its documentation page.
_PAGES = (
    '(Incident Manager User Guide, "Configuring replication sets and Findings"; Terraform,'
    " aws_ssmincidents_replication_set)"
)
_RECREATE_ADVICE = (
    "To change between the AWS owned key and customer managed keys, the replication set must be deleted and created"
    f" again, which deletes all of Incident Manager's data {_PAGES}. AWS may not let the account create another set,"
    " because Incident Manager is closed to new customers."
)


class CurrentState(NamedTuple):
    """The current state of a replication set.

    :ivar regions: Region names, each with the ARN of its KMS key or DEFAULT_KEY, or None if AWS left the key out.
    """

    regions: dict[str, str | None]
    deletion_protected: bool
    tags: dict[str, str]


class Step(NamedTuple):
    """One call to AWS: its action and its values."""

    action: str
    values: dict[str, Any]


def plan_changes(current: CurrentState | None, desired: DesiredState) -> list[Step]:
    """Return the steps from the current state to the desired state, in order; none if nothing differs.

    For an existing set, deletion protection is turned on first or off last. Tags come before Regions, which take minutes.

    :param current: None if the account has no set.
    :raises AnsibleSSMIncidentsError: if the service does not support the change, or if the options do not allow it.
    """
    if current is None:
        if not desired.regions:
            raise AnsibleSSMIncidentsError(
                "The account has no replication set, and the option regions is not set",
                code=NO_REPLICATION_SET,
                advice="To create a replication set, set regions.",
            )
        regions = {name: key or DEFAULT_KEY for name, key in desired.regions.items()}
        _validate_new_kinds(regions)
        create = Step(CREATE, {"regions": regions, "tags": desired.tags or {}})
        return [create, *_plan_protection(False, desired.deletion_protected)]
    steps = [] if desired.regions is None else plan_regions(current.regions, _target_regions(current, desired))
    protection = _plan_protection(current.deletion_protected, desired.deletion_protected)
    tags = _plan_tags(current.tags, desired)
    return [*protection, *tags, *steps] if desired.deletion_protected else [*tags, *steps, *protection]


def plan_deletion(current: CurrentState | None, deletion_protected: bool | None) -> list[Step]:
    """Return the steps that delete the set and all of Incident Manager's data.

    :param deletion_protected: the option of the task; only False allows turning deletion protection off.
    :raises AnsibleSSMIncidentsError: if deletion protection is on and the task does not turn it off.
    """
    if current is None:
        return []
    if current.deletion_protected and deletion_protected is not False:
        raise AnsibleSSMIncidentsError(
            "Deletion protection is on, and prevents the deletion of the replication set and of all of Incident Manager's data",
            code=DELETION_PROTECTED,
        )
    return [*_plan_protection(current.deletion_protected, False), Step(DELETE, {})]


def predict(current: CurrentState | None, steps: Iterable[Step]) -> CurrentState | None:
    """Return the state after the steps; None for no set."""
    state = current
    for step in steps:
        values = step.values
        if step.action == CREATE:
            state = CurrentState(dict(values["regions"]), False, dict(values["tags"]))
        elif state is None or step.action == DELETE:
            return None
        elif step.action == ADD_REGION:
            state = state._replace(regions={**state.regions, values["region"]: values["sse_kms_key_id"]})
        elif step.action == DELETE_REGION:
            regions = {name: key for name, key in state.regions.items() if name != values["region"]}
            state = state._replace(regions=regions)
        elif step.action == UPDATE_PROTECTION:
            state = state._replace(deletion_protected=values["deletion_protected"])
        elif step.action == TAG:
            state = state._replace(tags={**state.tags, **values["tags"]})
        elif step.action == UNTAG:
            tags = {key: value for key, value in state.tags.items() if key not in values["tag_keys"]}
            state = state._replace(tags=tags)
    return state


def keys_of_steps(current: CurrentState | None, steps: Iterable[Step]) -> dict[tuple[str, str], Step]:
    """Return the customer managed keys that steps depend on: those that they use, and those of what they delete.

    :param current: the state before the steps.
    :return: Regions and ARNs of keys, each pair with the first step that depends on the key.
    """
    keys: dict[tuple[str, str], Step] = {}
    for step in steps:
        regions: dict[str, str | None] = {}
        if step.action == CREATE:
            regions = step.values["regions"]
        elif step.action == ADD_REGION:
            regions = {step.values["region"]: step.values["sse_kms_key_id"]}
        elif step.action == DELETE_REGION and current:
            # Steps never delete a Region that they add.
            regions = {step.values["region"]: current.regions.get(step.values["region"])}
        elif step.action == DELETE and current:
            regions = current.regions
        for key in customer_managed_keys(regions):
            keys.setdefault(key, step)
    return keys


def plan_regions(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> list[Step]:
    """Return the steps from the current Regions to the desired Regions.

    All possible orders have the same steps: each wrong Region is deleted once, and each missing Region is added once. The plan
    has an order that keeps the smallest number of Regions at any time as large as possible. Among several such orders, it has
    one with the largest sum of the numbers of Regions after each step.

    :param current: the names of the set's Regions, each with its KMS key; 1 to 3.
    :param desired: the desired Regions; 1 to 3.
    :raises AnsibleSSMIncidentsError: if the key of the set's only Region would change, or if the Regions would have
        different kinds of keys.
    """
    if current != desired:
        _validate_kinds(current, desired)
    order = _best_order(dict(current), desired)
    if order is None:
        (name,) = current
        raise AnsibleSSMIncidentsError(
            f"The KMS key of {name} can't be changed, because {name} is the set's only Region. The Region would have to be deleted"
            " and added again, but deleting the last Region deletes the set and all of Incident Manager's data",
            code=UNSUPPORTED_CHANGE,
            advice=(
                f"Add another Region first. Otherwise the set must be deleted and created again {_PAGES}, and AWS may not let"
                " the account create another one."
            ),
        )
    return order.steps


def _plan_protection(current: bool, desired: bool | None) -> list[Step]:
    return [] if desired in (None, current) else [Step(UPDATE_PROTECTION, {"deletion_protected": desired})]


def _plan_tags(current: Mapping[str, str], desired: DesiredState) -> list[Step]:
    if desired.tags is None:
        return []
    # AWS's own tags can't be changed, and don't count toward the limit (AWS General Reference, tag naming limits).
    own = {key: value for key, value in current.items() if not key.lower().startswith("aws:")}
    to_set, to_remove = compare_aws_tags(own, desired.tags, desired.purge_tags)
    steps = []
    # Remove tags first, so that the set never has more than 50 tags.
    if to_remove:
        steps.append(Step(UNTAG, {"tag_keys": sorted(to_remove)}))
    count = len({*own, *to_set} - set(to_remove))
    if count > MAX_TAGS:
        raise AnsibleSSMIncidentsError(
            f"tags: the replication set would have {count} tags, because purge_tags is false",
            code=UNSUPPORTED_CHANGE,
            advice=f"A replication set can have at most {MAX_TAGS} tags. Remove some, or set purge_tags: true.",
        )
    if to_set:
        steps.append(Step(TAG, {"tags": dict(sorted(to_set.items()))}))
    return steps


def _target_regions(current: CurrentState, desired: DesiredState) -> dict[str, str | None]:
    """Return the desired Regions, each with its key. If the options name no key, a Region keeps the key that it has, and a
    Region that is added gets the AWS owned key."""
    regions: dict[str, str | None] = {} if desired.purge_regions else dict(current.regions)
    for name, key in (desired.regions or {}).items():
        regions[name] = current.regions.get(name, DEFAULT_KEY) if key is None else key
    if len(regions) > MAX_REGIONS:
        raise AnsibleSSMIncidentsError(
            f"regions: with purge_regions: false, the set would have {len(regions)} Regions ({', '.join(sorted(regions))})",
            code=UNSUPPORTED_CHANGE,
            advice=f"A replication set can have at most {MAX_REGIONS} Regions. Name fewer, or set purge_regions: true.",
        )
    different = sorted(name for name in regions if current.regions.get(name, regions[name]) != regions[name])
    for name in different:
        if current.regions[name] is None:
            # It is unknown whether the keys differ, and replacing the key would delete the Region.
            raise AnsibleSSMIncidentsError(
                f"regions: AWS does not report the KMS key of {name}, so it can't be compared with {regions[name]}",
                code=UNSUPPORTED_CHANGE,
                advice=f"To leave the Region unchanged, omit {name} from regions and set purge_regions: false.",
            )
    if different and not desired.replace_keys:
        # Report an impossible change first.
        plan_regions(current.regions, regions)
        keys = ", ".join(f"{name} has {current.regions[name]}, not {regions[name]}" for name in different)
        raise AnsibleSSMIncidentsError(f"regions: the KMS key differs ({keys})", code=KEY_MISMATCH)
    return regions


def _validate_new_kinds(regions: Mapping[str, str]) -> None:
    """Validate that all Regions of a new set have the same kind of key. Raises AnsibleSSMIncidentsError."""
    owned, managed = regions_by_kind_of_key(regions)
    if owned and managed:
        raise AnsibleSSMIncidentsError(
            f"regions: the new set would have {_described_kinds(owned, managed)}, but all Regions must have the same kind of key",
            code=UNSUPPORTED_CHANGE,
            advice=f"{_key_advice(owned)} To use the AWS owned key in all Regions, omit sse_kms_key_id.",
        )


def _validate_kinds(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> None:
    """Validate that all of a set's Regions have the same kind of key, and that no desired Region has the other kind.

    The kind can't be changed by any order of steps, because all Regions of a set have the same kind.

    :raises AnsibleSSMIncidentsError: names the Regions.
    """
    owned, managed = regions_by_kind_of_key(current)
    if current and not owned and not managed and set(desired) - set(current):
        raise AnsibleSSMIncidentsError(
            "regions: AWS reports no KMS key of the set, so the kind of key for a new Region is not known",
            code=UNSUPPORTED_CHANGE,
            advice="Do not add a Region, or contact AWS Support.",
        )
    if owned and managed:
        raise AnsibleSSMIncidentsError(
            f"regions: the set has {_described_kinds(owned, managed)}. Incident Manager does not support both kinds in one"
            " set, so the Regions can't be changed",
            code=UNSUPPORTED_CHANGE,
            advice=_RECREATE_ADVICE,
        )
    desired_owned, desired_managed = regions_by_kind_of_key(desired)
    if managed and desired_owned:
        is_addition = not set(desired_owned) & set(current)
        raise AnsibleSSMIncidentsError(
            f"regions: {', '.join(desired_owned)} would have the AWS owned key, but the set has customer managed keys",
            code=UNSUPPORTED_CHANGE,
            advice=f"{_key_advice(desired_owned)} {_RECREATE_ADVICE}" if is_addition else _RECREATE_ADVICE,
        )
    if owned and desired_managed:
        raise AnsibleSSMIncidentsError(
            f"regions: {', '.join(desired_managed)} would have a customer managed key, but the set has the AWS owned key",
            code=UNSUPPORTED_CHANGE,
            advice=_RECREATE_ADVICE,
        )


def _described_kinds(owned: list[str], managed: list[str]) -> str:
    return f"the AWS owned key in {', '.join(owned)} and a customer managed key in {', '.join(managed)}"


def _key_advice(regions: list[str]) -> str:
    return f"Set sse_kms_key_id of {', '.join(regions)} to the ARN of a KMS key in the same Region."


class _Order(NamedTuple):
    """An order of steps.

    :ivar counts: the smallest number of Regions at any time, and the sum of the numbers of Regions after each step.
    """

    counts: tuple[int, int]
    steps: list[Step]


def _best_order(
    current: dict[str, str | None], desired: Mapping[str, str | None], least: int = MAX_REGIONS
) -> _Order | None:
    """Return the best order of the steps within the service's limits; None if there is no such order.

    :param least: the smallest number of Regions so far.
    """
    missing = [name for name in desired if name not in current]
    wrong = [name for name in current if name not in desired or desired[name] != current[name]]
    if not missing and not wrong:
        return _Order((least, 0), [])
    first_steps = []
    if len(current) < MAX_REGIONS:
        first_steps += [Step(ADD_REGION, {"region": name, "sse_kms_key_id": desired[name]}) for name in missing]
    if len(current) > 1:
        first_steps += [Step(DELETE_REGION, {"region": name}) for name in wrong]
    best: _Order | None = None
    for step in first_steps:
        regions = {name: key for name, key in current.items() if name != step.values["region"]}
        if step.action == ADD_REGION:
            regions[step.values["region"]] = step.values["sse_kms_key_id"]
        rest = _best_order(regions, desired, min(least, len(regions)))
        if rest is None:
            continue
        order = _Order((rest.counts[0], rest.counts[1] + len(regions)), [step, *rest.steps])
        if best is None or order.counts > best.counts:
            best = order
    return best
