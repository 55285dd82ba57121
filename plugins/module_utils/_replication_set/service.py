# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Constants of the service and validation of its names, with their sources."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.arn import parse_aws_arn

from .._aws.errors import invalid_option

#: botocore's name of the service.
SERVICE = "ssm-incidents"

#: The largest number of Regions and of tags (botocore's model, shapes RegionMapInput and TagMap).
MAX_REGIONS = 3
MAX_TAGS = 50

# Statuses of a set and of its Regions (botocore's model, shapes ReplicationSetStatus and RegionStatus).
ACTIVE = "ACTIVE"
DELETING = "DELETING"
FAILED = "FAILED"

#: The pauses between two reads of a set, in seconds. The first ones are short, for quick changes.
PAUSES = (1, 2, 4, 8, 16, 30)

#: How GetReplicationSet names the AWS owned key (AWS CLI's examples).
DEFAULT_KEY = "DefaultKey"

#: The ARN of a KMS key, which is how the service reports a customer managed key (Terraform).
KMS_KEY_ARN = re.compile(
    r"(?P<location>arn:(?P<partition>aws[a-z-]*):kms:(?P<region>[a-z0-9-]+):[0-9]{12}:)(?P<key>key/[A-Za-z0-9-]+)"
)

#: A pattern for such ARNs, with the wildcards * and ?.
KMS_KEY_ARN_PATTERN = re.compile(r"arn:\S+")

# botocore's model, shapes TagKey and TagValue.
TAG_KEY = re.compile(r"(?!aws:)[A-Za-z0-9 _=@:.+\-/,]{1,128}")
TAG_VALUE = re.compile(r"[A-Za-z0-9 _=@:.+\-/,]{0,256}")

_EXAMPLE_ARN = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"

# The partitions that are valid in an ARN (botocore's model, shape Arn).
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def is_replication_set_arn(arn: Any) -> bool:
    """Return whether a value is the ARN of a replication set, which has an account ID and no Region (AWS CLI's examples,
    Terraform). Whether the set exists is not checked."""
    parts = parse_aws_arn(arn) if isinstance(arn, str) else None
    if not parts or parts["partition"] not in _PARTITIONS or not re.fullmatch("[0-9]{12}", parts["account_id"]):
        return False
    # parse_aws_arn finds an ARN anywhere in a text. Here, the whole text must be the ARN.
    whole = f"arn:{parts['partition']}:{SERVICE}::{parts['account_id']}:{parts['resource']}"
    return arn == whole and re.fullmatch("replication-set/[A-Za-z0-9-]+", parts["resource"]) is not None


def validate_replication_set_arn(arn: str | None) -> None:
    """Validate that a value is the ARN of a replication set, or None.

    :raises Failure: names the value and what it must be.
    """
    if arn is not None and not is_replication_set_arn(arn):
        raise invalid_option(
            "arn", f"{arn!r} is not the ARN of a replication set", f"It must be an ARN such as {_EXAMPLE_ARN}"
        )
