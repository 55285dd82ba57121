# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a change: the steps from the current state of a replication set to the desired one.

Nothing of AWS is imported here. The rules are the service's: 1 to 3 Regions at any time (botocore's model), one Region
added or deleted a call (CloudFormation), the AWS owned key in all Regions or customer managed keys in all (Terraform's
documentation), another customer managed key for a Region only by deleting the Region and adding it again (Terraform's
documentation), and the last Region deleted only together with the set, as that deletes all of the account's Incident
Manager data (User Guide).
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

# The actions of steps, by the names that the managing module returns.
CREATE = "create_replication_set"
ADD_REGION = "add_region"
DELETE_REGION = "delete_region"
UPDATE_PROTECTION = "update_deletion_protection"
TAG = "tag_resource"
UNTAG = "untag_resource"
DELETE = "delete_replication_set"

# What Terraform's page says comes from AWS's own people, who wrote that resource.
_PAGES = (
    '(Incident Manager User Guide, "Configuring replication sets and Findings"; Terraform,'
    " aws_ssmincidents_replication_set)"
)
_RECREATE_ADVICE = (
    "To change between the AWS owned key and customer managed keys, the replication set and all of Incident Manager's"
    f" data must be deleted and created again {_PAGES}. AWS may not let the account create another one, as Incident Manager is"
    " closed to new customers."
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
    """Return the steps from the current state to the desired one, in their order; none if nothing differs.

    For an existing set, deletion protection is turned on first or off last, and tags come before Regions, which take minutes.

    :param current: None if the account has no set.
    :raises AnsibleSSMIncidentsError: if the service can't do that, or the user has not allowed it.
    """
    if current is None:
        if not desired.regions:
            raise AnsibleSSMIncidentsError(
                "The account has no replication set, and regions is not set",
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
    """Return the steps that delete the set and with it all of Incident Manager's data.

    :param deletion_protected: the option of the same task; only False allows to turn protection off.
    :raises AnsibleSSMIncidentsError: if protection is on and the task does not turn it off.
    """
    if current is None:
        return []
    if current.deletion_protected and deletion_protected is not False:
        raise AnsibleSSMIncidentsError(
            "Deletion protection is on, which keeps all of Incident Manager's data from being deleted with the set",
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
    """Return the customer managed keys that steps depend on: what they encrypt with, and what they delete is encrypted with.

    :param current: the state before the steps.
    :return: Regions and the ARNs of keys, each with the first step that depends on it.
    """
    keys: dict[tuple[str, str], Step] = {}
    for step in steps:
        regions: dict[str, str | None] = {}
        if step.action == CREATE:
            regions = step.values["regions"]
        elif step.action == ADD_REGION:
            regions = {step.values["region"]: step.values["sse_kms_key_id"]}
        elif step.action == DELETE_REGION and current:
            # A Region that is added by these steps is not deleted by them.
            regions = {step.values["region"]: current.regions.get(step.values["region"])}
        elif step.action == DELETE and current:
            regions = current.regions
        for key in customer_managed_keys(regions):
            keys.setdefault(key, step)
    return keys


def plan_regions(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> list[Step]:
    """Return the steps from one set of Regions to another.

    All orders of them have one length: each Region that is wrong is deleted once, and each that is missing is added once. Of
    all orders it is one with the most Regions at its worst moment, and of these one with the most Regions all in all.

    :param current: the set's Regions, by name, with the KMS key of each; 1 to 3.
    :param desired: the desired Regions; 1 to 3.
    :raises AnsibleSSMIncidentsError: if a set's only Region would have to change its key, or if not all Regions had the
        same kind of key on the way.
    """
    if current != desired:
        _validate_kinds(current, desired)
    order = _best_order(dict(current), desired)
    if order is None:
        (name,) = current
        raise AnsibleSSMIncidentsError(
            f"{name} is the set's only Region. To change its KMS key it would have to be deleted and added again, and"
            " deleting the last Region deletes the set and all of Incident Manager's data",
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
    # AWS's own tags can't be changed, and don't count (AWS General Reference, tag naming limits).
    own = {key: value for key, value in current.items() if not key.lower().startswith("aws:")}
    to_set, to_remove = compare_aws_tags(own, desired.tags, desired.purge_tags)
    steps = []
    # Removed first: a set never has more than 50 tags.
    if to_remove:
        steps.append(Step(UNTAG, {"tag_keys": sorted(to_remove)}))
    count = len({*own, *to_set} - set(to_remove))
    if count > MAX_TAGS:
        raise AnsibleSSMIncidentsError(
            f"tags: the replication set would have {count} tags, because purge_tags is false",
            code=UNSUPPORTED_CHANGE,
            advice=f"A replication set has {MAX_TAGS} tags at most.",
        )
    if to_set:
        steps.append(Step(TAG, {"tags": dict(sorted(to_set.items()))}))
    return steps


def _target_regions(current: CurrentState, desired: DesiredState) -> dict[str, str | None]:
    """Return the desired Regions, each with its key: without one in the options, the key that the Region has, or the AWS
    owned key if the Region is added."""
    regions: dict[str, str | None] = {} if desired.purge_regions else dict(current.regions)
    for name, key in (desired.regions or {}).items():
        regions[name] = current.regions.get(name, DEFAULT_KEY) if key is None else key
    if len(regions) > MAX_REGIONS:
        raise AnsibleSSMIncidentsError(
            f"regions: with purge_regions: false the set would have {len(regions)} Regions ({', '.join(sorted(regions))})",
            code=UNSUPPORTED_CHANGE,
            advice=f"A replication set has {MAX_REGIONS} Regions at most.",
        )
    different = sorted(name for name in regions if current.regions.get(name, regions[name]) != regions[name])
    for name in different:
        if current.regions[name] is None:
            # Whether it is another key is unknown, and to replace it would delete the Region.
            raise AnsibleSSMIncidentsError(
                f"regions: AWS does not report the KMS key of {name}, so it can't be compared with {regions[name]}",
                code=UNSUPPORTED_CHANGE,
                advice=f"Leave {name} out of regions and set purge_regions: false, so that the Region stays as it is.",
            )
    if different and not desired.replace_keys:
        # Report an impossible change first.
        plan_regions(current.regions, regions)
        keys = ", ".join(f"{name} has {current.regions[name]}, not {regions[name]}" for name in different)
        raise AnsibleSSMIncidentsError(f"regions: the KMS key differs ({keys})", code=KEY_MISMATCH)
    return regions


def _validate_new_kinds(regions: Mapping[str, str]) -> None:
    """Validate that the Regions of a new set have one kind of key. Raises AnsibleSSMIncidentsError."""
    owned, managed = regions_by_kind_of_key(regions)
    if owned and managed:
        raise AnsibleSSMIncidentsError(
            f"regions: the new set would have {_described_kinds(owned, managed)}, and a set has one kind of key",
            code=UNSUPPORTED_CHANGE,
            advice=f"{_key_advice(owned)} Or set none, to use the AWS owned key in all Regions.",
        )


def _validate_kinds(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> None:
    """Validate that a set's Regions have one kind of key, and that no Region of the other kind is desired.

    To change the kind is impossible in any order of steps, as all of a set's Regions have the same.

    :raises AnsibleSSMIncidentsError: names the Regions.
    """
    owned, managed = regions_by_kind_of_key(current)
    if current and not owned and not managed and set(desired) - set(current):
        raise AnsibleSSMIncidentsError(
            "regions: AWS reports no KMS key of the set, so it is not known which kind of key an added Region must have",
            code=UNSUPPORTED_CHANGE,
            advice="Add no Region, or contact AWS Support.",
        )
    if owned and managed:
        raise AnsibleSSMIncidentsError(
            f"regions: the set has {_described_kinds(owned, managed)}. Incident Manager does not support both kinds in one"
            " set, so that its Regions can't be changed",
            code=UNSUPPORTED_CHANGE,
            advice=_RECREATE_ADVICE,
        )
    desired_owned, desired_managed = regions_by_kind_of_key(desired)
    if managed and desired_owned:
        is_addition = not set(desired_owned) & set(current)
        raise AnsibleSSMIncidentsError(
            f"regions: {', '.join(desired_owned)} would have the AWS owned key, and the set has customer managed keys",
            code=UNSUPPORTED_CHANGE,
            advice=f"{_key_advice(desired_owned)} {_RECREATE_ADVICE}" if is_addition else _RECREATE_ADVICE,
        )
    if owned and desired_managed:
        raise AnsibleSSMIncidentsError(
            f"regions: {', '.join(desired_managed)} would have a customer managed key, and the set has the AWS owned key",
            code=UNSUPPORTED_CHANGE,
            advice=_RECREATE_ADVICE,
        )


def _described_kinds(owned: list[str], managed: list[str]) -> str:
    return f"the AWS owned key in {', '.join(owned)} and a customer managed key in {', '.join(managed)}"


def _key_advice(regions: list[str]) -> str:
    return f"Set sse_kms_key_id of {', '.join(regions)} to the ARN of a KMS key in the same Region."


class _Order(NamedTuple):
    """An order of steps.

    :ivar counts: the smallest number of Regions on the way, and the sum of the numbers after each step.
    """

    counts: tuple[int, int]
    steps: list[Step]


def _best_order(
    current: dict[str, str | None], desired: Mapping[str, str | None], least: int = MAX_REGIONS
) -> _Order | None:
    """Return the best order of the steps that keeps to the service's limits; None if there is no order.

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
