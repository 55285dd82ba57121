# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ARN of a replication set looks like, and the name of a Region."""

from __future__ import annotations

import re
from typing import Any, Iterable

from ansible_collections.amazon.aws.plugins.module_utils.arn import parse_aws_arn

from ._errors import refusal

_EXAMPLE = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"

# IAM's characters for a role's path and name (IAM User Guide, "IAM identifiers").
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)

#: The partitions that the service's own model admits in an ARN (botocore, shape Arn).
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def is_replication_set_arn(arn: Any) -> bool:
    """Tell whether something is the ARN of a replication set, which has an account and no Region (AWS CLI's examples,
    Terraform). Which ids exist is for the service to say."""
    parts = parse_aws_arn(arn) if isinstance(arn, str) else None
    if not parts or parts["partition"] not in _PARTITIONS or not re.fullmatch("[0-9]{12}", parts["account_id"]):
        return False
    # parse_aws_arn finds an ARN anywhere in a text; only the whole text will do.
    whole = f"arn:{parts['partition']}:ssm-incidents::{parts['account_id']}:{parts['resource']}"
    return arn == whole and re.fullmatch("replication-set/[A-Za-z0-9-]+", parts["resource"]) is not None


def complain_about_arn(arn: str | None) -> None:
    """Refuse a text that is not the ARN of a replication set; None, for no ARN at all, is fine.

    :raises AnsibleSSMIncidentsError: says what was given and what is expected.
    """
    if arn is not None and not is_replication_set_arn(arn):
        raise refusal("arn", f"{arn!r} is not the ARN of a replication set", f"Expected is an ARN like {_EXAMPLE}")


def complain_about_regions(option: str, names: Iterable[str]) -> None:
    """Refuse a text that does not look like a Region's name, such as eu-west-1; whether it exists is not asked.

    :param option: where the names come from, for the message.
    :raises AnsibleSSMIncidentsError: says what was given and what is expected.
    """
    for name in names:
        if not (isinstance(name, str) and re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", name)):
            more = ", or all" if option == "search_regions" else ""
            raise refusal(option, f"{name!r} is not the name of a Region", f"Expected is a name like eu-west-1{more}")


def partition_of_arn(arn: str) -> str:
    """Return the partition of a well-formed ARN, such as aws-cn."""
    return str(parse_aws_arn(arn)["partition"])


def account_of_arn(arn: str) -> str:
    """Return the account of a well-formed ARN, twelve digits."""
    return str(parse_aws_arn(arn)["account_id"])


def complain_about_role(arn: str | None) -> None:
    """Refuse a text that is not the ARN of an IAM role; None, for no role at all, is fine.

    :raises AnsibleSSMIncidentsError: says what was given and what is expected.
    """
    if arn is not None and not (isinstance(arn, str) and _ROLE.fullmatch(arn)):
        example = "arn:aws:iam::111122223333:role/audit"
        raise refusal("assume_role_arn", f"{arn!r} is not the ARN of a role", f"Expected is an ARN like {example}")


def account_of_role(arn: str) -> str:
    """Return the account of a role's ARN, twelve digits."""
    return arn.split(":")[4]
