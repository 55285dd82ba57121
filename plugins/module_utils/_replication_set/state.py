# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication set: as AWS returns it, or as steps leave it. Nothing of AWS is imported here.

Only this file reads the members of a GetReplicationSet response. botocore does not validate responses, so it also validates them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Mapping, TypeVar

from .._aws.arn import is_region_name
from .service import ACTIVE, DEFAULT_KEY, FAILED

Value = TypeVar("Value")


@dataclass(frozen=True)
class Region:
    """A Region of a set.

    :ivar key: the ARN of its KMS key or DEFAULT_KEY. None if AWS left it out: by the model, it may. The kind of the key is then
        unknown. The recorded responses have it, also for the AWS owned key (AWS CLI's examples).
    :ivar status: one of botocore's shape RegionStatus, or a status that AWS adds later; None if AWS left it out.
    :ivar message: what AWS says about the status; empty for nothing.
    :ivar response: all members as AWS returned them, for the facts.
    """

    key: str | None
    status: str | None = ACTIVE
    message: str = field(default="", compare=False)
    response: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class ReplicationSet:
    """A replication set. Two of them are equal if everything that a change looks at is the same.

    :ivar arn: its ARN; empty for a set that is only planned.
    :ivar status: one of botocore's shape ReplicationSetStatus, or a status that AWS adds later.
    :ivar tags: None if they were not listed.
    :ivar response: all members as AWS returned them, without the Regions, for the facts.
    """

    arn: str
    status: str
    regions: Mapping[str, Region]
    deletion_protected: bool = False
    tags: Mapping[str, str] | None = None
    last_modified: datetime | None = None
    response: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def keys(self) -> dict[str, str | None]:
        """The names of the Regions, each with its KMS key."""
        return {name: region.key for name, region in self.regions.items()}

    @property
    def failed_regions(self) -> dict[str, str]:
        """The Regions that are FAILED, each with AWS's message."""
        return {name: one.message or "no message" for name, one in self.regions.items() if one.status == FAILED}

    @property
    def is_changing(self) -> bool:
        """Whether a change is in progress. AWS then accepts no other change (CloudFormation).

        An unknown status of the set or of a Region counts as a change in progress, because the set is not ready.
        """
        statuses = {region.status for region in self.regions.values()}
        return self.status != FAILED and (self.status != ACTIVE or not statuses <= {ACTIVE, FAILED})

    def described_status(self) -> str:
        """Return the status of the set and of its Regions, for a message."""
        regions = ", ".join(f"{name} {region.status}" for name, region in self.regions.items())
        return f"the set is {self.status}, and its Regions are {regions}"


def parse_replication_set(response: Any, arn: str) -> ReplicationSet:
    """Return the set in a response.

    :param response: replicationSet of a GetReplicationSet response, as botocore parsed it.
    :param arn: the ARN in the request. By the model, and in recorded responses, AWS may leave it out.
    :raises ValueError, OverflowError: names a member that is missing, has another type, or belongs to another set.
    """
    status = _required(_member(response, "status", str), "status")
    regions = _required(_member(response, "regionMap", dict), "regionMap")
    if not regions:
        raise ValueError("regionMap is empty")
    if _member(response, "arn", str) not in (None, arn):
        raise ValueError("arn is the ARN of another replication set")
    for name, kind in {"createdBy": str, "createdTime": datetime, "lastModifiedBy": str}.items():
        _member(response, name, kind)
    return ReplicationSet(
        arn,
        status,
        {name: _parse_region(regions, name) for name in regions},
        bool(_member(response, "deletionProtected", bool)),
        last_modified=_member(response, "lastModifiedTime", datetime),
        response={name: value for name, value in response.items() if name != "regionMap"},
    )


def _parse_region(regions: Mapping[str, Any], name: str) -> Region:
    if not is_region_name(name):
        raise ValueError(f"{name!r} in regionMap is not the name of a Region")
    response = _required(_member(regions, name, dict), name)
    try:
        _member(response, "statusUpdateDateTime", datetime)
        return Region(
            _member(response, "sseKmsKeyId", str),
            _member(response, "status", str),
            _member(response, "statusMessage", str) or "",
            response,
        )
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from None


def _required(value: Value | None, name: str) -> Value:
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _member(response: Mapping[str, Any], name: str, kind: type[Value]) -> Value | None:
    """Return a member of a response, or None if it is missing."""
    value = response.get(name)
    if value is not None and (not isinstance(value, kind) or value == ""):
        raise ValueError(f"{name} is not a {kind.__name__}")
    if isinstance(value, datetime):
        value.astimezone(timezone.utc)  # OverflowError if the time is out of range in UTC
    return value


def regions_by_kind_of_key(keys: Mapping[str, str | None]) -> tuple[list[str], list[str]]:
    """Return the Regions with the AWS owned key, and those with a customer managed key.

    All Regions of a set have the same kind (Terraform's documentation).

    :param keys: Region names, each with its key. A Region with an unknown key is in neither list.
    """
    owned = [name for name, key in keys.items() if key == DEFAULT_KEY]
    return owned, [name for name, key in keys.items() if key not in (DEFAULT_KEY, None)]


def customer_managed_keys(keys: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Return the Regions with a customer managed key, each with the ARN of the key."""
    return [(name, key) for name, key in keys.items() if key not in (DEFAULT_KEY, None)]
