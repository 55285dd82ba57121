# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication set: as AWS returns it, or as steps leave it. Nothing of AWS is imported here.

Only this file reads the members of a GetReplicationSet response.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._aws.arn import is_region_name
from .._aws.text import iso_time
from .service import ACTIVE, DEFAULT_KEY, FAILED


@dataclass(frozen=True)
class Region:
    """A Region of a set.

    :ivar key: the ARN of its KMS key or DEFAULT_KEY. None if AWS left it out: by the model, it may. The kind of the key is then
        unknown. The recorded responses have it, also for the AWS owned key (AWS CLI's examples).
    :ivar status: one of botocore's shape RegionStatus, or a status that AWS adds later; None if AWS left it out.
    :ivar message: what AWS says about the status; empty for nothing.
    :ivar facts: all members that AWS returned, as the modules return them.
    """

    key: str | None
    status: str | None = ACTIVE
    message: str = field(default="", compare=False)
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class ReplicationSet:
    """A replication set. Two of them are equal if everything that a change looks at is the same.

    :ivar arn: its ARN; empty for a set that is only planned.
    :ivar status: one of botocore's shape ReplicationSetStatus, or a status that AWS adds later.
    :ivar tags: None if they were not listed.
    :ivar facts: all members that AWS returned, without the Regions, as the modules return them.
    """

    arn: str
    status: str
    regions: Mapping[str, Region]
    deletion_protected: bool = False
    tags: Mapping[str, str] | None = None
    last_modified: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

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


def parse_replication_set(response: Mapping[str, Any], arn: str) -> ReplicationSet:
    """Return the set in a response, whose types have been validated with botocore's model.

    :param response: replicationSet of a GetReplicationSet response, as botocore parsed it.
    :param arn: the ARN in the request. By the model, and in recorded responses, AWS may leave it out.
    :raises ValueError, OverflowError: if a member is missing or empty, is out of range, or belongs to another set.
    """
    for name in ("status", "regionMap"):
        if not response.get(name):
            raise ValueError(f"{name} is missing or empty")
    if response.get("arn") not in (None, arn):
        raise ValueError("arn is the ARN of another replication set")
    regions = response["regionMap"]
    for name in regions:
        if not is_region_name(name):
            raise ValueError(f"{name!r} in regionMap is not the name of a Region")
        if regions[name].get("sseKmsKeyId") == "":
            raise ValueError(f"sseKmsKeyId of {name} is empty")
    return ReplicationSet(
        arn,
        response["status"],
        {
            name: Region(
                info.get("sseKmsKeyId"), info.get("status"), info.get("statusMessage") or "", snake_cased(info)
            )
            for name, info in regions.items()
        },
        bool(response.get("deletionProtected")),
        last_modified=response.get("lastModifiedTime"),
        facts=snake_cased({name: value for name, value in response.items() if name != "regionMap"}),
    )


def snake_cased(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return members of a response as facts. Times are ISO 8601 in UTC. Raises OverflowError if a time is out of range in UTC."""
    facts = camel_dict_to_snake_dict(response)
    return {key: iso_time(value) if isinstance(value, datetime) else value for key, value in facts.items()}


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
