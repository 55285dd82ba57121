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

from typing import Mapping

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from .._aws import errors
from .._aws.errors import Failure
from .desired import DesiredState
from .service import DEFAULT_KEY, MAX_REGIONS, MAX_TAGS
from .state import ReplicationSet, regions_by_kind_of_key
from .steps import AddRegion, Create, Delete, DeleteRegion, Protect, Step, Tag, Untag

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


def plan_steps(current: ReplicationSet | None, desired: DesiredState) -> list[Step]:
    """Return the steps from the current state to the desired state, in order; none if nothing differs.

    :param current: None if the account has no set.
    :raises Failure: if the service does not support the change, or if the options do not allow it.
    """
    if desired.is_deleted:
        return _plan_deletion(current, desired)
    return _plan_creation(desired) if current is None else _plan_changes(current, desired)


def _plan_deletion(current: ReplicationSet | None, desired: DesiredState) -> list[Step]:
    if current is None:
        return []
    if current.deletion_protected and desired.deletion_protected is not False:
        raise Failure(
            "Deletion protection is on, and prevents the deletion of the replication set and of all of Incident Manager's data",
            code=errors.DELETION_PROTECTED,
        )
    return [*_plan_protection(current.deletion_protected, False), Delete()]


def _plan_creation(desired: DesiredState) -> list[Step]:
    if not desired.regions:
        raise Failure(
            "The account has no replication set, and the option regions is not set",
            code=errors.NO_REPLICATION_SET,
            advice="To create a replication set, set regions.",
        )
    regions = {name: key or DEFAULT_KEY for name, key in desired.regions.items()}
    _validate_kinds({}, regions)
    return [Create(regions, desired.tags or {}), *_plan_protection(False, desired.deletion_protected)]


def _plan_changes(current: ReplicationSet, desired: DesiredState) -> list[Step]:
    """Return the steps for an existing set. Deletion protection is turned on first or off last. Tags come before Regions, which
    take minutes."""
    regions = [] if desired.regions is None else plan_regions(current.keys, _target_regions(current.keys, desired))
    protection = _plan_protection(current.deletion_protected, desired.deletion_protected)
    tags = _plan_tags(current.tags or {}, desired)
    return [*protection, *tags, *regions] if desired.deletion_protected else [*tags, *regions, *protection]


def plan_regions(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> list[Step]:
    """Return the steps from the current Regions to the desired Regions.

    Each wrong Region is deleted once, and each missing Region is added once. A Region is added as soon as there is room for it. Of all
    orders, this one keeps the smallest number of Regions at any time as large as possible, and then the sum of the numbers of
    Regions after each step (a test compares it with all others).

    :param current: the names of the set's Regions, each with its KMS key; 1 to 3.
    :param desired: the desired Regions; 1 to 3.
    :raises Failure: if the key of the set's only Region would change, or if the Regions would have
        different kinds of keys.
    """
    if current != desired:
        _validate_kinds(current, desired)
    if len(current) == 1 and set(current) == set(desired) and current != desired:
        (name,) = current
        raise Failure(
            f"The KMS key of {name} can't be changed, because {name} is the set's only Region. The Region would have to be deleted"
            " and added again, but deleting the last Region deletes the set and all of Incident Manager's data",
            code=errors.UNSUPPORTED_CHANGE,
            advice=(
                f"Add another Region first. Otherwise the set must be deleted and created again {_PAGES}, and AWS may not let"
                " the account create another one."
            ),
        )
    regions = dict(current)
    steps: list[Step] = []
    while regions != desired:
        missing = [name for name in desired if name not in regions]
        wrong = [name for name in regions if desired.get(name, "") != regions[name]]
        if missing and len(regions) < MAX_REGIONS:
            regions[missing[0]] = desired[missing[0]]
            steps.append(AddRegion(missing[0], desired[missing[0]] or DEFAULT_KEY))
        else:
            # If no Region waits to be added, first delete one whose key is replaced: it is added again next.
            name = next((name for name in wrong if missing or name in desired), wrong[0])
            del regions[name]
            steps.append(DeleteRegion(name))
    return steps


def _plan_protection(current: bool, desired: bool | None) -> list[Step]:
    return [] if desired in (None, current) else [Protect(desired)]


def _plan_tags(current: Mapping[str, str], desired: DesiredState) -> list[Step]:
    if desired.tags is None:
        return []
    # AWS's own tags can't be changed, and don't count toward the limit (AWS General Reference, tag naming limits).
    own = {key: value for key, value in current.items() if not key.lower().startswith("aws:")}
    to_set, to_remove = compare_aws_tags(own, desired.tags, desired.purge_tags)
    steps: list[Step] = []
    # Remove tags first, so that the set never has more than 50 tags.
    if to_remove:
        steps.append(Untag(sorted(to_remove)))
    count = len({*own, *to_set} - set(to_remove))
    if count > MAX_TAGS:
        raise Failure(
            f"tags: the replication set would have {count} tags, because purge_tags is false",
            code=errors.UNSUPPORTED_CHANGE,
            advice=f"A replication set can have at most {MAX_TAGS} tags. Remove some, or set purge_tags: true.",
        )
    if to_set:
        steps.append(Tag(dict(sorted(to_set.items()))))
    return steps


def _target_regions(current: Mapping[str, str | None], desired: DesiredState) -> dict[str, str | None]:
    """Return the desired Regions, each with its key. If the options name no key, a Region keeps the key that it has, and a
    Region that is added gets the AWS owned key."""
    regions: dict[str, str | None] = {} if desired.purge_regions else dict(current)
    for name, key in (desired.regions or {}).items():
        regions[name] = current.get(name, DEFAULT_KEY) if key is None else key
    if len(regions) > MAX_REGIONS:
        raise Failure(
            f"regions: with purge_regions: false, the set would have {len(regions)} Regions ({', '.join(sorted(regions))})",
            code=errors.UNSUPPORTED_CHANGE,
            advice=f"A replication set can have at most {MAX_REGIONS} Regions. Name fewer, or set purge_regions: true.",
        )
    different = sorted(name for name in regions if current.get(name, regions[name]) != regions[name])
    for name in different:
        if current[name] is None:
            # It is unknown whether the keys differ, and replacing the key would delete the Region.
            raise Failure(
                f"regions: AWS does not report the KMS key of {name}, so it can't be compared with {regions[name]}",
                code=errors.UNSUPPORTED_CHANGE,
                advice=f"To leave the Region unchanged, omit {name} from regions and set purge_regions: false.",
            )
    if different and not desired.replace_keys:
        # Report an impossible change first.
        plan_regions(current, regions)
        keys = ", ".join(f"{name} has {current[name]}, not {regions[name]}" for name in different)
        raise Failure(f"regions: the KMS key differs ({keys})", code=errors.KEY_MISMATCH)
    return regions


def _validate_kinds(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> None:
    """Validate that all of a set's Regions have the same kind of key, and that no desired Region has the other kind.

    The kind can't be changed by any order of steps, because all Regions of a set have the same kind.

    :param current: the set's Regions, each with its key; empty for a set that is created.
    :raises Failure: names the Regions.
    """
    owned, managed = regions_by_kind_of_key(current)
    if current and not owned and not managed and set(desired) - set(current):
        raise Failure(
            "regions: AWS reports no KMS key of the set, so the kind of key for a new Region is not known",
            code=errors.UNSUPPORTED_CHANGE,
            advice="Do not add a Region, or contact AWS Support.",
        )
    if owned and managed:
        raise Failure(
            f"regions: the set has {_described_kinds(owned, managed)}. Incident Manager does not support both kinds in one"
            " set, so the Regions can't be changed",
            code=errors.UNSUPPORTED_CHANGE,
            advice=_RECREATE_ADVICE,
        )
    desired_owned, desired_managed = regions_by_kind_of_key(desired)
    if not current and desired_owned and desired_managed:
        kinds = _described_kinds(desired_owned, desired_managed)
        raise Failure(
            f"regions: the new set would have {kinds}, but all Regions must have the same kind of key",
            code=errors.UNSUPPORTED_CHANGE,
            advice=f"{_key_advice(desired_owned)} To use the AWS owned key in all Regions, omit sse_kms_key_id.",
        )
    advice = _RECREATE_ADVICE
    if managed and desired_owned:
        problem = f"{', '.join(desired_owned)} would have the AWS owned key, but the set has customer managed keys"
        if not set(desired_owned) & set(current):
            advice = f"{_key_advice(desired_owned)} {advice}"
    elif owned and desired_managed:
        problem = f"{', '.join(desired_managed)} would have a customer managed key, but the set has the AWS owned key"
    else:
        return
    raise Failure(f"regions: {problem}", code=errors.UNSUPPORTED_CHANGE, advice=advice)


def _described_kinds(owned: list[str], managed: list[str]) -> str:
    return f"the AWS owned key in {', '.join(owned)} and a customer managed key in {', '.join(managed)}"


def _key_advice(regions: list[str]) -> str:
    return f"Set sse_kms_key_id of {', '.join(regions)} to the ARN of a KMS key in the same Region."
