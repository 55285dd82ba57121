# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARNs and names of Regions, for any service."""

from __future__ import annotations

import re
from typing import Any, Iterable

from ansible_collections.amazon.aws.plugins.module_utils.arn import parse_aws_arn

from .errors import invalid_option

# IAM's characters for a role's path and name (IAM User Guide, "IAM identifiers").
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
_REGION_NAME = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")


def partition_of_arn(arn: str) -> str:
    """Return the partition of a well-formed ARN, such as aws-cn."""
    return str(parse_aws_arn(arn)["partition"])


def account_id_of_arn(arn: str) -> str:
    """Return the account ID of a well-formed ARN, twelve digits."""
    return str(parse_aws_arn(arn)["account_id"])


def is_arn_of(arn: str, resource_type: str) -> bool:
    """Return whether a text has the form of the ARN of a type of resource, such as rotation in ...:rotation/ID."""
    return arn.startswith("arn:") and "".join(arn.split(":", 5)[5:]).startswith(f"{resource_type}/")


def is_role_arn(value: Any) -> bool:
    """Return whether a value has the format of the ARN of an IAM role."""
    return isinstance(value, str) and _ROLE_ARN.fullmatch(value) is not None


def validate_role_arn(option: str, arn: str | None) -> None:
    """Validate that a value is the ARN of an IAM role, or None.

    :param option: the option that the ARN comes from.
    :raises Failure: names the value and what it must be.
    """
    if arn is not None and not is_role_arn(arn):
        example = "arn:aws:iam::111122223333:role/audit"
        raise invalid_option(option, f"{arn!r} is not the ARN of a role", f"It must be an ARN such as {example}")


def is_account_id(value: Any) -> bool:
    """Return whether a value has the format of an account ID: a text of twelve digits."""
    return isinstance(value, str) and re.fullmatch("[0-9]{12}", value) is not None


def is_of_another_account(arn: str, account_id: str) -> bool:
    """Return whether an ARN names another account. An ARN can also name no account, or AWS itself."""
    return any(is_account_id(named) and named != account_id for named in arn.split(":")[4:5])


def is_region_name(name: Any) -> bool:
    """Return whether a value has the format of a Region's name."""
    return isinstance(name, str) and _REGION_NAME.fullmatch(name) is not None


def validate_region_names(option: str, names: Iterable[str], expected: str = "a name such as eu-west-1") -> None:
    """Validate that values have the format of a Region's name. Whether the Region exists is not checked.

    :param option: the option that the names come from.
    :param expected: what the value must be.
    :raises Failure: names the value and what it must be.
    """
    for name in names:
        if not is_region_name(name):
            raise invalid_option(option, f"{name!r} is not the name of a Region", f"It must be {expected}")
