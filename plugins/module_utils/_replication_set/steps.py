# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a change: one class for each kind. Nothing of AWS is imported here.

A step is one call to AWS. It is plain data: its fields are what the managing module returns about it. When its effect is visible,
and which keys it needs, follows from the set after the step. To add a kind of step, add a class.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Iterable, Mapping, Sequence

from .service import ACTIVE, DEFAULT_KEY, DELETING
from .state import Region, ReplicationSet, customer_managed_keys


class Step:
    """One call to AWS that changes a set.

    :cvar action: the step's name in the result of the managing module.
    :cvar operation: the operation, as botocore's clients name it.
    :cvar words: what the step does, in the words that follow "Failed to", with the names of fields.
    """

    action: ClassVar[str]
    operation: ClassVar[str]
    words: ClassVar[str]

    def request(self, arn: str, token: str) -> dict[str, Any]:
        """Return the parameters of the operation.

        :param arn: the set's ARN.
        :param token: the client token, for operations that have one. Of several calls with the same token, AWS makes one.
        """
        raise NotImplementedError

    def describe(self, arn: str) -> str:
        """Return what the step does, in the words that follow "Failed to"."""
        return self.words.format(arn=arn, **vars(self))

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        """Return the set after the step; None for no set. A step whose effect is there changes nothing."""
        raise NotImplementedError

    def targets(self, before: ReplicationSet | None) -> Iterable[str]:
        """Return the Regions to which the step can be sent: those that are in the set before and after it."""
        return before.regions if before else ()

    def deletions(self) -> Iterable[str]:
        """Return what the step deletes, in words for a message."""
        return ()

    def is_visible(self, seen: ReplicationSet | None) -> bool:
        """Return whether AWS reports the effect of the step."""
        return seen is not None and self.after(seen) == seen


@dataclass(frozen=True)
class Create(Step):
    """Create the account's set.

    :ivar regions: Region names, each with its KMS key.
    """

    action = operation = "create_replication_set"
    words = "create a replication set"

    regions: Mapping[str, str]
    tags: Mapping[str, str]

    def request(self, arn: str, token: str) -> dict[str, Any]:
        regions = {name: _key_parameter(key) for name, key in self.regions.items()}
        # An empty map of tags is not valid (botocore's model).
        return {"regions": regions, "clientToken": token, **({"tags": self.tags} if self.tags else {})}

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        if before and before.status != DELETING:
            return before
        return self.created()

    def created(self) -> ReplicationSet:
        """Return the set that the step creates."""
        return ReplicationSet("", ACTIVE, {name: Region(key) for name, key in self.regions.items()}, tags=self.tags)

    def targets(self, before: ReplicationSet | None) -> Iterable[str]:
        return self.regions

    def is_visible(self, seen: ReplicationSet | None) -> bool:
        # A set with other Regions was created by somebody else.
        return seen is not None and seen.status != DELETING and set(seen.regions) == set(self.regions)


@dataclass(frozen=True)
class AddRegion(Step):
    """Add a Region. The set is then UPDATING."""

    action = "add_region"
    operation = "update_replication_set"
    words = "add Region {region} to the replication set {arn}"

    region: str
    sse_kms_key_id: str

    def request(self, arn: str, token: str) -> dict[str, Any]:
        action = {"addRegionAction": {"regionName": self.region, **_key_parameter(self.sse_kms_key_id)}}
        return {"arn": arn, "actions": [action], "clientToken": token}  # one action a call (botocore's model)

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        if before is None:
            return None
        present = before.regions.get(self.region)
        # A key that AWS left out can be this one.
        if present and present.status != DELETING and present.key in (self.sse_kms_key_id, None):
            return before
        return replace(before, regions={**before.regions, self.region: Region(self.sse_kms_key_id)})


@dataclass(frozen=True)
class DeleteRegion(Step):
    """Delete a Region. The set is then UPDATING."""

    action = "delete_region"
    operation = "update_replication_set"
    words = "delete Region {region} from the replication set {arn}"

    region: str

    def request(self, arn: str, token: str) -> dict[str, Any]:
        action = {"deleteRegionAction": {"regionName": self.region}}
        return {"arn": arn, "actions": [action], "clientToken": token}

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        present = before.regions.get(self.region) if before else None
        if before is None or present is None or present.status == DELETING:
            return before
        return replace(before, regions={name: one for name, one in before.regions.items() if name != self.region})

    def targets(self, before: ReplicationSet | None) -> Iterable[str]:
        # This also protects the last Region from deletion. If somebody else has deleted the other Regions, the Region that is called
        # is no longer in the set. It is likely, but not known, that it rejects the call.
        return [name for name in super().targets(before) if name != self.region]

    def deletions(self) -> Iterable[str]:
        return [f"delete Region {self.region}"]


@dataclass(frozen=True)
class Protect(Step):
    """Turn deletion protection on or off."""

    action = operation = "update_deletion_protection"

    deletion_protected: bool

    def request(self, arn: str, token: str) -> dict[str, Any]:
        return {"arn": arn, "deletionProtected": self.deletion_protected, "clientToken": token}

    def describe(self, arn: str) -> str:
        return f"turn deletion protection {'on' if self.deletion_protected else 'off'} for the replication set {arn}"

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        return before and replace(before, deletion_protected=self.deletion_protected)

    def deletions(self) -> Iterable[str]:
        return [] if self.deletion_protected else ["turn deletion protection off"]


@dataclass(frozen=True)
class Tag(Step):
    """Add tags, or change their values."""

    action = operation = "tag_resource"
    words = "tag the replication set {arn}"

    tags: Mapping[str, str]

    def request(self, arn: str, token: str) -> dict[str, Any]:
        return {"resourceArn": arn, "tags": self.tags}

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        return before and replace(before, tags={**(before.tags or {}), **self.tags})


@dataclass(frozen=True)
class Untag(Step):
    """Remove tags."""

    action = operation = "untag_resource"
    words = "remove tags from the replication set {arn}"

    tag_keys: Sequence[str]

    def request(self, arn: str, token: str) -> dict[str, Any]:
        return {"resourceArn": arn, "tagKeys": self.tag_keys}

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        left = {key: value for key, value in ((before and before.tags) or {}).items() if key not in self.tag_keys}
        return before and replace(before, tags=left)

    def deletions(self) -> Iterable[str]:
        return [f"remove the tag {key}" for key in self.tag_keys]


@dataclass(frozen=True)
class Delete(Step):
    """Delete the set with all its Regions and data."""

    action = operation = "delete_replication_set"
    words = "delete the replication set {arn}"

    def request(self, arn: str, token: str) -> dict[str, Any]:
        return {"arn": arn}

    def after(self, before: ReplicationSet | None) -> ReplicationSet | None:
        return before if before and before.status == DELETING else None

    def deletions(self) -> Iterable[str]:
        return ["delete the replication set"]

    def is_visible(self, seen: ReplicationSet | None) -> bool:
        return self.after(seen) == seen


def predict(state: ReplicationSet | None, steps: Iterable[Step]) -> ReplicationSet | None:
    """Return the set after steps; None for no set."""
    for step in steps:
        state = step.after(state)
    return state


def numbered(steps: Sequence[Step]) -> list[str]:
    """Return steps in words for the user, in order: a line for each."""
    return [f"planned: {step.describe('').strip()} (step {n} of {len(steps)})" for n, step in enumerate(steps, 1)]


def needed_keys(state: ReplicationSet | None, steps: Iterable[Step]) -> dict[tuple[str, str], Step]:
    """Return the customer managed keys that steps depend on: those that they use, and those of what they delete.

    :param state: the set before the steps.
    :return: Regions and ARNs of keys, each pair with the first step that depends on the key.
    """
    keys: dict[tuple[str, str], Step] = {}
    for step in steps:
        after = step.after(state)
        old, new = (customer_managed_keys(one.keys) if one else [] for one in (state, after))
        for key in (*old, *new):
            if not (key in old and key in new):
                keys.setdefault(key, step)
        state = after
    return keys


def _key_parameter(sse_kms_key_id: str) -> dict[str, str]:
    # The service returns this value for the AWS owned key. A request for that key has no sseKmsKeyId.
    return {} if sse_kms_key_id == DEFAULT_KEY else {"sseKmsKeyId": sse_kms_key_id}
