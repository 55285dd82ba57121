# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a replication set: the validated options of the managing module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible.module_utils.common.text.converters import to_text

from .._aws.arn import validate_region_names
from .._aws.errors import invalid_option
from .._aws.text import original_key
from .service import (
    DEFAULT_KEY,
    KMS_KEY_ARN,
    MAX_REGIONS,
    MAX_TAGS,
    TAG_KEY,
    TAG_VALUE,
    validate_replication_set_arn,
)
from .state import regions_by_kind_of_key


@dataclass(frozen=True)
class DesiredState:
    """The desired state of a set; None for what does not change.

    :ivar arn: the set's ARN, if the option is set.
    :ivar is_deleted: whether the set is to be deleted.
    :ivar regions: Region names, each with the ARN of its KMS key or DEFAULT_KEY. None means the key that the Region
        has, or the AWS owned key for a Region that is added.
    :ivar purge_regions: whether to delete the Regions that regions does not name.
    :ivar replace_keys: whether to delete a Region whose key differs, and add it again.
    :ivar tags: the tags, all keys and values as texts.
    :ivar purge_tags: whether to remove the tags that tags does not name.
    """

    arn: str | None = None
    is_deleted: bool = False
    regions: Mapping[str, str | None] | None = None
    purge_regions: bool = True
    replace_keys: bool = False
    deletion_protected: bool | None = None
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True


def desired_state(params: Mapping[str, Any], partitions: Mapping[str, str]) -> DesiredState:
    """Return the desired state for the managing module's options.

    :param partitions: the Regions where the service exists, each with its partition.
    :raises Failure: names the option, the value and the problem.
    """
    arn, is_deleted = params["arn"], params["state"] == "absent"
    validate_replication_set_arn(arn)
    if params["wait_timeout"] < 0:
        raise invalid_option("wait_timeout", f"{params['wait_timeout']} is negative", "It must be 0 or more seconds")
    if is_deleted:
        if params["deletion_protected"]:
            raise invalid_option(
                "deletion_protected", "true contradicts state: absent", "Set false, or omit the option"
            )
        return DesiredState(arn, is_deleted, deletion_protected=params["deletion_protected"])
    return DesiredState(
        arn,
        is_deleted,
        _desired_regions(params["regions"], partitions),
        params["purge_regions"],
        params["replace_keys"],
        params["deletion_protected"],
        _desired_tags(params["tags"]),
        params["purge_tags"],
    )


def _desired_regions(regions: Sequence[Any] | None, partitions: Mapping[str, str]) -> dict[str, str | None] | None:
    if regions is None:
        return None
    if regions and not isinstance(regions[0], dict):
        expected = (
            "a name such as eu-west-1. If any Region needs more than a name, write every Region as {name: eu-west-1}"
        )
        validate_region_names("regions", regions, expected)
        regions = [{"name": name} for name in regions]
    if not 1 <= len(regions) <= MAX_REGIONS:
        raise invalid_option(
            "regions", f"there are {len(regions)} Regions", f"A replication set must have 1 to {MAX_REGIONS} Regions"
        )
    names = [region["name"] for region in regions]
    validate_region_names("regions", names)
    desired: dict[str, str | None] = {}
    for region in regions:
        name, key = region["name"], region.get("sse_kms_key_id")
        if names.count(name) > 1:
            raise invalid_option("regions", f"{name!r} is specified more than once", "Specify each Region once")
        if name not in partitions:
            raise invalid_option(
                "regions",
                f"Incident Manager does not exist in {name!r}, according to botocore",
                f"Use one of {', '.join(partitions)}, or install a newer botocore",
            )
        if key is not None:
            _validate_key(name, key, partitions[name])
        desired[name] = key
    owned, managed = regions_by_kind_of_key(desired)
    if owned and managed:
        raise invalid_option(
            "regions",
            f"the AWS owned key is specified for {', '.join(owned)}, but a customer managed key for {', '.join(managed)}",
            "Use either the AWS owned key in all Regions or customer managed keys in all Regions",
        )
    return desired


def _desired_tags(tags: Mapping[Any, Any] | None) -> dict[str, str] | None:
    if tags is None:
        return None
    if None in tags.values():
        raise invalid_option("tags", "a value is null", "Specify a text, which can be empty")
    texts = {original_key(to_text(key)): to_text(value) for key, value in tags.items()}
    if len(texts) > MAX_TAGS:
        raise invalid_option(
            "tags", f"there are {len(texts)} tags", f"A replication set can have at most {MAX_TAGS} tags"
        )
    for key, value in texts.items():
        if not TAG_KEY.fullmatch(key):
            raise invalid_option(
                "tags",
                f"{key!r} is not a valid tag key",
                "It must have 1 to 128 characters (A-Z a-z 0-9, spaces, commas and _ = @ : . + - /) and must not begin with aws:",
            )
        if not TAG_VALUE.fullmatch(value):
            raise invalid_option(
                "tags",
                f"{value!r} is not a valid value of the tag {key!r}",
                "It must have at most 256 characters (A-Z a-z 0-9, spaces, commas and _ = @ : . + - /)",
            )
    return texts


def _validate_key(region: str, key: str, partition: str) -> None:
    if key == DEFAULT_KEY:
        return
    arn = KMS_KEY_ARN.fullmatch(key)
    if not arn:
        raise invalid_option(
            "regions",
            f"sse_kms_key_id {key!r} of {region} is not the ARN of a KMS key",
            "It must not be an alias or a key ID, because the service reports ARNs",
        )
    if (arn["partition"], arn["region"]) != (partition, region):
        # AWS would reject it too late: by then, the Region whose key is replaced is already deleted.
        raise invalid_option(
            "regions",
            f"sse_kms_key_id {key!r} of {region} is a KMS key in {arn['region']}, partition {arn['partition']}",
            f"It must be a KMS key in the Region that it encrypts: {region}, partition {partition} (Incident Manager"
            ' User Guide, "Data protection in Incident Manager")',
        )
