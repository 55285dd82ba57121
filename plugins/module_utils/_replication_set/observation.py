# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report of AWS about a replication set, and what it shows. Nothing of AWS is imported here."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple

from .plan import ADD_REGION, CREATE, DELETE, DELETE_REGION, TAG, UPDATE_PROTECTION, CurrentState, Step
from .service import ACTIVE, DELETING, FAILED, kms_key_of_region


class Observation(NamedTuple):
    """What AWS reports about the set at one time.

    :ivar region: the Region that returned the set, or None.
    :ivar arn: the set's ARN; empty if it is not known.
    :ivar replication_set: the set as botocore parsed it; None if the account has no such set.
    :ivar tags: the set's tags; None if they were not listed.
    :ivar other_arns: the ARNs of the account's sets, if the requested set is not among them.
    """

    region: str | None
    arn: str
    replication_set: dict[str, Any] | None
    tags: dict[str, str] | None = None
    other_arns: tuple[str, ...] = ()


def current_state(seen: Observation) -> CurrentState | None:
    """Return the reported state, for a plan; None for no set."""
    if seen.replication_set is None:
        return None
    regions = seen.replication_set["regionMap"].items()
    return CurrentState(
        {name: kms_key_of_region(info) for name, info in regions},
        bool(seen.replication_set.get("deletionProtected")),
        seen.tags or {},
    )


def is_changing(seen: Observation) -> bool:
    """Return whether a change of the set is in progress. AWS then accepts no other change (CloudFormation).

    An unknown status of the set or of a Region counts as a change in progress, because the set is not ready.
    """
    if seen.replication_set is None or seen.replication_set["status"] == FAILED:
        return False
    statuses = region_statuses(seen).values()
    return seen.replication_set["status"] != ACTIVE or any(status not in (ACTIVE, FAILED) for status in statuses)


def region_statuses(seen: Observation) -> dict[str, str | None]:
    """Return the status of each of the set's Regions."""
    return {name: info.get("status") for name, info in _regions(seen).items()}


def missing_effects(steps: Iterable[Step], seen: Observation) -> list[Step]:
    """Return the steps whose effect AWS does not report, without the effects that a later step has reverted."""
    steps = list(steps)
    missing = []
    for number, step in enumerate(steps):
        later = {effect for other in steps[number + 1 :] for effect in effects_of(other)}
        lasting = {effect: value for effect, value in effects_of(step).items() if effect not in later}
        if not all(is_reported(effect, value, seen) for effect, value in lasting.items()):
            missing.append(step)
    return missing


def is_visible(step: Step, seen: Observation) -> bool:
    """Return whether AWS reports the effect of a step whose outcome is unknown."""
    if step.action == CREATE and set(region_statuses(seen)) != set(step.values["regions"]):
        # Somebody else created this set.
        return False
    return not missing_effects([step], seen)


def effects_of(step: Step) -> dict[tuple[str, str], Any]:
    """Return the effects of a step on the set, Regions (with their keys), protection and tags, each with its value or None."""
    values = step.values
    if step.action == CREATE:
        return {("set", ""): True}
    if step.action == DELETE:
        return {("set", ""): None}
    if step.action == ADD_REGION:
        return {("region", values["region"]): values["sse_kms_key_id"]}
    if step.action == DELETE_REGION:
        return {("region", values["region"]): None}
    if step.action == UPDATE_PROTECTION:
        return {("protection", ""): values["deletion_protected"]}
    if step.action == TAG:
        return {("tag", key): value for key, value in values["tags"].items()}
    return {("tag", key): None for key in values["tag_keys"]}


def is_reported(effect: tuple[str, str], value: Any, seen: Observation) -> bool:
    """Return whether AWS reports an effect with its value."""
    kind, name = effect
    if kind == "set":
        is_gone = seen.replication_set is None or seen.replication_set["status"] == DELETING
        return is_gone is (value is None)
    if seen.replication_set is None:
        return False
    if kind == "protection":
        return bool(seen.replication_set.get("deletionProtected")) is value
    if kind == "tag":
        return seen.tags is None or seen.tags.get(name) == value
    info = _regions(seen).get(name)
    is_gone = info is None or info.get("status") == DELETING
    # If AWS leaves the key out, it is unknown.
    return is_gone if value is None else not is_gone and info is not None and kms_key_of_region(info) in (value, None)


def _regions(seen: Observation) -> Mapping[str, Mapping[str, Any]]:
    return seen.replication_set["regionMap"] if seen.replication_set else {}


def failed_regions(seen: Observation) -> dict[str, str]:
    """Return the Regions that are FAILED, each with AWS's message."""
    return {
        name: info.get("statusMessage") or "no message"
        for name, info in _regions(seen).items()
        if info.get("status") == FAILED
    }


def is_failed(seen: Observation) -> bool:
    """Return whether the set itself is FAILED."""
    return seen.replication_set is not None and seen.replication_set["status"] == FAILED


def fingerprint(seen: Observation) -> tuple[Any, ...]:
    """Return a value that differs for different states of the set."""
    replication_set = seen.replication_set or {}
    return (
        current_state(seen),
        replication_set.get("status"),
        replication_set.get("lastModifiedTime"),
        region_statuses(seen),
    )


def reported(effect: tuple[str, str], seen: Observation) -> Any:
    """Return the value that AWS reports for an effect; None for no value."""
    kind, name = effect
    current = current_state(seen)
    if kind == "set" or current is None:
        return current and True
    if kind == "region":
        return current.regions.get(name)
    return current.deletion_protected if kind == "protection" else current.tags.get(name)


def described_effect(effect: tuple[str, str], value: Any) -> str:
    """Return an effect with its value, in words for a message."""
    kind, name = effect
    if kind == "protection":
        return f"deletion protection {'on' if value else 'off'}"
    if value is None:
        return {"set": "no replication set", "region": f"no Region {name}", "tag": f"no tag {name}"}[kind]
    if kind == "region":
        return f"Region {name} with the KMS key {value}"
    return f"the tag {name} with the value {value!r}" if kind == "tag" else "a replication set"
