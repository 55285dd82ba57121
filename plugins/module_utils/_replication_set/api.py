# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to Incident Manager: one function for each operation."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from .._aws.arn import is_region_name
from .._aws.calls import AS_CONFIGURED, ONCE, Attempts, call_aws, required_member
from .service import DEFAULT_KEY, is_replication_set_arn

if TYPE_CHECKING:
    from botocore.client import BaseClient


# An account has at most one set (CloudFormation, Terraform), so a list with more pages than this is not from AWS.
_MAX_PAGES = 20


def list_replication_sets(client: BaseClient, attempts: Attempts = AS_CONFIGURED) -> list[str]:
    """Return the ARNs of the account's replication sets: one or none (ListReplicationSets, every page).

    :raises AnsibleSSMIncidentsError: for every error.
    """

    def list_every_page() -> list[str]:
        arns: dict[str, None] = {}
        for number, page in enumerate(client.get_paginator("list_replication_sets").paginate()):
            if number == _MAX_PAGES:
                raise ValueError(f"the list has more than {_MAX_PAGES} pages")
            for arn in required_member(page, "replicationSetArns", list):
                if not is_replication_set_arn(arn):
                    raise ValueError(f"{arn!r} is not the ARN of a replication set")
                arns[arn] = None
            if not isinstance(page.get("nextToken"), (str, type(None))):
                # botocore would treat 0 as the end of the list.
                raise ValueError("nextToken is not a str")
        return list(arns)

    return call_aws(client, "list the replication sets", list_every_page, attempts)


def get_replication_set(client: BaseClient, arn: str, attempts: Attempts = AS_CONFIGURED) -> dict[str, Any]:
    """Return replicationSet of GetReplicationSet, which succeeds only in a Region that is in the set.

    :raises AnsibleSSMIncidentsError: for every error, a set that is not found included.
    """

    def get() -> dict[str, Any]:
        replication_set = required_member(client.get_replication_set(arn=arn), "replicationSet", dict)
        _validate_replication_set(replication_set, arn)
        return replication_set

    return call_aws(client, f"get the replication set {arn}", get, attempts)


def list_tags(client: BaseClient, arn: str, attempts: Attempts = AS_CONFIGURED) -> dict[str, str]:
    """Return a replication set's tags as a dict (ListTagsForResource).

    :raises AnsibleSSMIncidentsError: for every error.
    """

    def list_all() -> dict[str, str]:
        answer = required_member(client.list_tags_for_resource(resourceArn=arn), "tags", dict)
        return {key: required_member(answer, key, str) for key in answer}

    return call_aws(client, f"list the tags of the replication set {arn}", list_all, attempts)


def create_replication_set(
    client: BaseClient, regions: Mapping[str, str], tags: Mapping[str, str], client_token: str
) -> str:
    """Create the account's replication set, which is then CREATING, and return its ARN (CreateReplicationSet).

    :param regions: Region names, each with its KMS key.
    :param client_token: the same for each attempt at a change, so that AWS makes the change once.
    :raises AnsibleSSMIncidentsError: for every error.
    """
    request = {
        "regions": {name: _kms_key_parameter(key) for name, key in regions.items()},
        "clientToken": client_token,
        # An empty map is not valid (botocore's model).
        **({"tags": dict(tags)} if tags else {}),
    }

    def create() -> str:
        arn = client.create_replication_set(**request).get("arn")
        if not is_replication_set_arn(arn):
            raise ValueError(f"{arn!r} is not the ARN of a replication set")
        return arn

    return call_aws(
        client,
        "create a replication set",
        create,
        ONCE,
    )


def add_region(client: BaseClient, arn: str, region: str, sse_kms_key_id: str, client_token: str) -> None:
    """Add a Region (UpdateReplicationSet). The set is then UPDATING. Raises AnsibleSSMIncidentsError."""
    action = {"addRegionAction": {"regionName": region, **_kms_key_parameter(sse_kms_key_id)}}
    _update(client, f"add Region {region} to", arn, action, client_token)


def delete_region(client: BaseClient, arn: str, region: str, client_token: str) -> None:
    """Delete a Region (UpdateReplicationSet). The set is then UPDATING. Raises AnsibleSSMIncidentsError."""
    _update(client, f"delete Region {region} from", arn, {"deleteRegionAction": {"regionName": region}}, client_token)


def update_deletion_protection(client: BaseClient, arn: str, deletion_protected: bool, client_token: str) -> None:
    """Turn deletion protection on or off (UpdateDeletionProtection). Raises AnsibleSSMIncidentsError."""
    _write(
        client,
        f"turn deletion protection {'on' if deletion_protected else 'off'} for the replication set {arn}",
        lambda: client.update_deletion_protection(
            arn=arn, deletionProtected=deletion_protected, clientToken=client_token
        ),
    )


def delete_replication_set(client: BaseClient, arn: str) -> None:
    """Delete the set with all its Regions and data (DeleteReplicationSet). Raises AnsibleSSMIncidentsError."""
    _write(client, f"delete the replication set {arn}", lambda: client.delete_replication_set(arn=arn))


def tag_resource(client: BaseClient, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags, or change their values (TagResource). Raises AnsibleSSMIncidentsError."""
    _write(
        client,
        f"tag the replication set {arn}",
        lambda: client.tag_resource(resourceArn=arn, tags=dict(tags)),
    )


def untag_resource(client: BaseClient, arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags (UntagResource). Raises AnsibleSSMIncidentsError."""
    _write(
        client,
        f"remove tags from the replication set {arn}",
        lambda: client.untag_resource(resourceArn=arn, tagKeys=list(tag_keys)),
    )


def _update(client: BaseClient, description: str, arn: str, action: Mapping[str, Any], client_token: str) -> None:
    _write(
        client,
        f"{description} the replication set {arn}",
        # One action per call (botocore's model).
        lambda: client.update_replication_set(arn=arn, actions=[action], clientToken=client_token),
    )


def _kms_key_parameter(sse_kms_key_id: str) -> dict[str, str]:
    # The service returns this value for the AWS owned key. A request for that key has no sseKmsKeyId.
    return {} if sse_kms_key_id == DEFAULT_KEY else {"sseKmsKeyId": sse_kms_key_id}


def _write(client: BaseClient, description: str, call: Callable[[], Any]) -> None:
    """Make a call that changes something, without retries: the caller reads the set before it tries again."""

    def call_and_check() -> None:
        # By the model, the status is 204 and there is no body. Any other response is not from AWS.
        if call()["ResponseMetadata"]["HTTPStatusCode"] != 204:
            raise ValueError("the status is not 204")

    call_aws(client, description, call_and_check, ONCE)


# The types of the optional members (botocore's model, shapes ReplicationSet and RegionInfo).
_SET_TYPES = {
    "arn": str,
    "createdBy": str,
    "createdTime": datetime,
    "deletionProtected": bool,
    "lastModifiedBy": str,
    "lastModifiedTime": datetime,
}
_REGION_TYPES = {"sseKmsKeyId": str, "status": str, "statusMessage": str, "statusUpdateDateTime": datetime}


def _validate_replication_set(replication_set: Mapping[str, Any], arn: str) -> None:
    """Validate the shape of a replicationSet from GetReplicationSet. botocore does not validate responses.

    :raises ValueError, OverflowError: names a member that is missing, has another type, or belongs to another set.
    """
    required_member(replication_set, "status", str)
    _validate_types("", replication_set, _SET_TYPES)
    if replication_set.get("arn") not in (None, arn):
        raise ValueError("arn is the ARN of another replication set")
    regions = required_member(replication_set, "regionMap", dict)
    if not regions:
        raise ValueError("regionMap is empty")
    for name in regions:
        if not is_region_name(name):
            raise ValueError(f"{name!r} in regionMap is not the name of a Region")
        _validate_types(f"{name}.", required_member(regions, name, dict), _REGION_TYPES)


def _validate_types(prefix: str, answer: Mapping[str, Any], types: Mapping[str, type]) -> None:
    for name, kind in types.items():
        value = answer.get(name)
        if value is not None and (not isinstance(value, kind) or value == ""):
            raise ValueError(f"{prefix}{name} is not a {kind.__name__}")
        if isinstance(value, datetime):
            value.astimezone(timezone.utc)  # OverflowError if the time is out of range in UTC
