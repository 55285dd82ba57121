# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to AWS, one function each. Every call is retried where the fault passes, and fails in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

try:
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = ValueError  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from ._arn import is_replication_set_arn
from ._errors import PASSING_FAULTS, AnsibleSSMIncidentsError, MalformedAnswer, SSMIncidentsErrorHandler
from ._facts import DEFAULT_KEY

if TYPE_CHECKING:
    from botocore.client import BaseClient

# How botocore's parser fails on JSON of another shape than the model's (all seen in tests).
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, ResponseParserError, RuntimeError, TypeError, ValueError)


def assume_role(client: BaseClient, role: str) -> dict[str, Any]:
    """Return the temporary credentials of a role: AccessKeyId, SecretAccessKey, SessionToken (STS's AssumeRole).

    :param client: a client for STS, with the credentials that may assume the role.
    :raises AnsibleSSMIncidentsError: for every fault.
    """

    def assume() -> dict[str, Any]:
        # The session's name is what CloudTrail shows.
        answer = client.assume_role(RoleArn=role, RoleSessionName="incident_manager.aws")
        credentials = _member(answer, "Credentials", dict)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
            _member(credentials, name, str)
        return credentials

    try:
        return _call(client, f"assume the role {role}", assume)
    except AnsibleSSMIncidentsError as failure:
        if failure.code != "AccessDenied":
            raise
        raise failure.advising(
            "Allow the caller sts:AssumeRole for this role, and name the caller in the role's trust policy."
        ) from failure


def list_replication_sets(client: BaseClient) -> list[str]:
    """Return the ARNs of the account's replication sets: one or none (ListReplicationSets, every page).

    :raises AnsibleSSMIncidentsError: for every fault.
    """

    def every_page() -> list[str]:
        pages = client.get_paginator("list_replication_sets").paginate()
        arns = [arn for page in pages for arn in _member(page, "replicationSetArns", list)]
        for arn in arns:
            if not is_replication_set_arn(arn):
                raise ValueError(f"{arn!r} is not the ARN of a replication set")
        return arns

    return _call(client, "list the replication sets", every_page)


def get_replication_set(client: BaseClient, arn: str) -> dict[str, Any]:
    """Return replicationSet of GetReplicationSet, which answers only in a Region that is in the set.

    :raises AnsibleSSMIncidentsError: for every fault, a set that is not there included.
    """

    def get() -> dict[str, Any]:
        replication_set = _member(client.get_replication_set(arn=arn), "replicationSet", dict)
        _member(replication_set, "status", str)
        _member(replication_set, "regionMap", dict)
        return replication_set

    return _call(client, f"get the replication set {arn}", get)


def list_tags(client: BaseClient, arn: str) -> dict[str, str]:
    """Return a replication set's tags as a plain map (ListTagsForResource).

    :raises AnsibleSSMIncidentsError: for every fault.
    """

    def tags() -> dict[str, str]:
        answer = _member(client.list_tags_for_resource(resourceArn=arn), "tags", dict)
        return {key: _member(answer, key, str) for key in answer}

    return _call(client, f"list the tags of the replication set {arn}", tags)


def create_replication_set(
    client: BaseClient, regions: Mapping[str, str], tags: Mapping[str, str], client_token: str
) -> str:
    """Create the account's replication set and return its ARN (CreateReplicationSet); it is CREATING then.

    :param regions: names and KMS keys.
    :param client_token: the same for each try of the same change, so that it is made once.
    :raises AnsibleSSMIncidentsError: for every fault.
    """
    request = {
        "regions": {name: _key_member(key) for name, key in regions.items()},
        "clientToken": client_token,
        # An empty map is not a valid one (botocore's model).
        **({"tags": dict(tags)} if tags else {}),
    }
    return _call(
        client,
        "create a replication set",
        lambda: _member(client.create_replication_set(**request), "arn", str),
        tries=1,
    )


def add_region(client: BaseClient, arn: str, region: str, sse_kms_key_id: str, client_token: str) -> None:
    """Add a Region (UpdateReplicationSet); the set is UPDATING then. Raises AnsibleSSMIncidentsError."""
    action = {"addRegionAction": {"regionName": region, **_key_member(sse_kms_key_id)}}
    _update(client, f"add Region {region} to", arn, action, client_token)


def delete_region(client: BaseClient, arn: str, region: str, client_token: str) -> None:
    """Delete a Region (UpdateReplicationSet); the set is UPDATING then. Raises AnsibleSSMIncidentsError."""
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


def tag(client: BaseClient, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags, or give them other values (TagResource). Raises AnsibleSSMIncidentsError."""
    _write(
        client,
        f"tag the replication set {arn}",
        lambda: client.tag_resource(resourceArn=arn, tags=dict(tags)),
    )


def untag(client: BaseClient, arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags (UntagResource). Raises AnsibleSSMIncidentsError."""
    _write(
        client,
        f"remove tags from the replication set {arn}",
        lambda: client.untag_resource(resourceArn=arn, tagKeys=list(tag_keys)),
    )


def _update(client: BaseClient, attempt: str, arn: str, action: Mapping[str, Any], client_token: str) -> None:
    _write(
        client,
        f"{attempt} the replication set {arn}",
        # One action a call (botocore's model).
        lambda: client.update_replication_set(arn=arn, actions=[action], clientToken=client_token),
    )


def _key_member(sse_kms_key_id: str) -> dict[str, str]:
    # DefaultKey is how the service names the key that AWS owns; asked for, it is left out.
    return {} if sse_kms_key_id == DEFAULT_KEY else {"sseKmsKeyId": sse_kms_key_id}


def _write(client: BaseClient, attempt: str, call: Callable[[], Any]) -> None:
    """Make a call that changes something and has no answer but its status: once, for its caller looks before a retry."""

    def answered() -> None:
        # By the model it is 204; with anything else somebody else has answered.
        if call()["ResponseMetadata"]["HTTPStatusCode"] != 204:
            raise ValueError("the status is not 204")

    _call(client, attempt, answered, tries=1)


def _call(client: BaseClient, attempt: str, call: Callable[[], Any], tries: int = 10) -> Any:
    """Make a call, with its faults told in this collection's words.

    :param attempt: what the call does, as the sentence goes on after "Failed to".
    :param tries: how often to try where the fault passes.
    """
    attempt = f"{attempt} in Region {client.meta.region_name}"
    retry = AWSRetry.jittered_backoff(retries=tries, delay=1, max_delay=10, catch_extra_error_codes=PASSING_FAULTS)
    try:
        return SSMIncidentsErrorHandler.common_error_handler(attempt)(retry(call))()
    except _UNREADABLE as error:
        fault = MalformedAnswer(f"the answer can't be read ({type(error).__name__}: {error})")
        raise AnsibleSSMIncidentsError(f"Failed to {attempt}", fault) from error


def _member(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    # botocore takes a body that is empty or not JSON for an answer without members.
    if not isinstance(answer.get(name), kind):
        raise ValueError(f"{name} is not there")
    return answer[name]
