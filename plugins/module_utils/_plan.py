# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from the replication set that is there to the one that is wanted. Nothing of AWS is imported here.

The rules are the service's: 1 to 3 Regions at any time (botocore's model), one Region added or deleted a call
(CloudFormation), a Region's KMS key changed only by deleting the Region and adding it again (User Guide), and the last
Region never deleted but together with the set, as that deletes all of the account's Incident Manager data (User Guide).
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

MAX_REGIONS = 3
MAX_TAGS = 50

CREATE = "create_replication_set"
ADD_REGION = "add_region"
DELETE_REGION = "delete_region"
PROTECT = "update_deletion_protection"
TAG = "tag_resource"
UNTAG = "untag_resource"
DELETE = "delete_replication_set"

#: Region names, each with the ARN of its KMS key or DEFAULT_KEY.
Regions = Mapping[str, str]


class Present(NamedTuple):
    """What of a replication set can be changed, as it is."""

    regions: dict[str, str]
    deletion_protected: bool
    tags: dict[str, str]


class Wanted(NamedTuple):
    """What the set shall be like; None for what shall not be touched."""

    regions: dict[str, str] | None
    purge_regions: bool
    replace_keys: bool
    deletion_protected: bool | None
    tags: dict[str, str] | None
    purge_tags: bool


class Step(NamedTuple):
    """One call to AWS: what it does, and with which values."""

    action: str
    values: dict[str, Any]


class PlanError(Exception):
    """There is no way from here to there, or none that the user has allowed; the message says why."""


def steps_to(present: Present | None, wanted: Wanted) -> list[Step]:
    """Return the steps from what is there to what is wanted, in their order; none where it is there already.

    Protection is turned on first and off last. The quick steps come before those that take minutes.

    :param present: None where the account has no set.
    :raises PlanError: where the service can't do that, or the user has not allowed it.
    """
    if present is None:
        if not wanted.regions:
            raise PlanError("regions: the account has no replication set, and to create one, its Regions must be given")
        create = Step(CREATE, {"regions": wanted.regions, "tags": wanted.tags or {}})
        return [create, *_protection(False, wanted.deletion_protected)]
    regions = [] if wanted.regions is None else region_steps(present.regions, _regions_wanted(present, wanted))
    protection = _protection(present.deletion_protected, wanted.deletion_protected)
    quick = _tag_steps(present.tags, wanted)
    return [*protection, *quick, *regions] if wanted.deletion_protected else [*quick, *regions, *protection]


def steps_to_nothing(present: Present | None, deletion_protected: bool | None) -> list[Step]:
    """Return the steps that delete the set and with it all of Incident Manager's data.

    :param deletion_protected: what the same task says of it; only False allows to turn protection off.
    :raises PlanError: where protection is on and the task does not say to turn it off.
    """
    if present is None:
        return []
    if present.deletion_protected and deletion_protected is not False:
        raise PlanError(
            "deletion_protected: deletion protection is on, and it is there to keep all of Incident Manager's data from"
            " being deleted with the set. To delete both all the same, say deletion_protected: false in the same task"
        )
    return [*_protection(present.deletion_protected, False), Step(DELETE, {})]


def after(present: Present | None, steps: Iterable[Step]) -> Present | None:
    """Return what is there once the steps are taken; None for no set."""
    for step in steps:
        values = step.values
        if step.action == CREATE:
            present = Present(dict(values["regions"]), False, dict(values["tags"]))
        elif present is None or step.action == DELETE:
            return None
        elif step.action == ADD_REGION:
            present = present._replace(regions={**present.regions, values["region"]: values["sse_kms_key_id"]})
        elif step.action == DELETE_REGION:
            kept = {name: key for name, key in present.regions.items() if name != values["region"]}
            present = present._replace(regions=kept)
        elif step.action == PROTECT:
            present = present._replace(deletion_protected=values["deletion_protected"])
        elif step.action == TAG:
            present = present._replace(tags={**present.tags, **values["tags"]})
        elif step.action == UNTAG:
            kept = {key: value for key, value in present.tags.items() if key not in values["tag_keys"]}
            present = present._replace(tags=kept)
    return present


def _protection(present: bool, wanted: bool | None) -> list[Step]:
    return [] if wanted in (None, present) else [Step(PROTECT, {"deletion_protected": wanted})]


def _tag_steps(present: Mapping[str, str], wanted: Wanted) -> list[Step]:
    if wanted.tags is None:
        return []
    to_set, to_remove = compare_aws_tags(present, wanted.tags, wanted.purge_tags)
    steps = []
    # Removed first: 50 tags are the most at any time.
    if to_remove:
        steps.append(Step(UNTAG, {"tag_keys": sorted(to_remove)}))
    kept = [key for key in present if key not in to_remove]
    if len({*kept, *to_set}) > MAX_TAGS:
        raise PlanError(
            f"tags: with those that it keeps the set would have {len({*kept, *to_set})} tags, and it can have {MAX_TAGS}"
        )
    if to_set:
        steps.append(Step(TAG, {"tags": dict(sorted(to_set.items()))}))
    return steps


def _regions_wanted(present: Present, wanted: Wanted) -> dict[str, str]:
    regions = dict(wanted.regions or {})
    if not wanted.purge_regions:
        regions = {**present.regions, **regions}
    if len(regions) > MAX_REGIONS:
        raise PlanError(
            f"regions: with purge_regions: false the set would have {len(regions)} Regions"
            f" ({', '.join(sorted(regions))}), and it can have {MAX_REGIONS}"
        )
    changed = sorted(name for name in regions if present.regions.get(name, regions[name]) != regions[name])
    if changed and not wanted.replace_keys:
        # Where it is impossible anyway, that is the thing to say.
        region_steps(present.regions, regions)
        keys = ", ".join(f"{name} has {present.regions[name]}, not {regions[name]}" for name in changed)
        raise PlanError(
            f"regions: the KMS key differs ({keys}). A Region's key can't be edited: the Region has to be deleted from"
            " the set and added again. Say replace_keys: true to do that, or give the key that it has"
        )
    return regions


def region_steps(present: Regions, wanted: Regions) -> list[Step]:
    """Return the shortest list of steps from one set of Regions to another.

    Regions are added before others are deleted wherever three Regions allow that, so that the set never has fewer than
    it must.

    :param present: the set's Regions, by name, with the KMS key of each; 1 to 3.
    :param wanted: those it shall have; 1 to 3.
    :raises PlanError: where a set's only Region would have to change its key.
    """
    steps = next(_orders(dict(present), wanted), None)
    if steps is None:
        (name,) = present
        raise PlanError(
            f"regions: {name} is the set's only Region. To change its KMS key it would have to be deleted and added again, and"
            " to delete the last Region is to delete the set and all of Incident Manager's data with it. Add another"
            " Region first"
        )
    return steps


def _orders(present: dict[str, str], wanted: Regions) -> Iterator[list[Step]]:
    """Yield every order of the steps that keeps to the service's limits, the most careful first.

    All orders are as long: each Region that is wrong is deleted once, and each that is missing added once.
    """
    missing = [name for name in wanted if name not in present]
    wrong = [name for name in present if wanted.get(name) != present[name]]
    if not missing and not wrong:
        yield []
    if len(present) < MAX_REGIONS:
        for name in missing:
            for rest in _orders({**present, name: wanted[name]}, wanted):
                yield [Step(ADD_REGION, {"region": name, "sse_kms_key_id": wanted[name]}), *rest]
    if len(present) > 1:
        for name in wrong:
            for rest in _orders({key: present[key] for key in present if key != name}, wanted):
                yield [Step(DELETE_REGION, {"region": name}), *rest]
