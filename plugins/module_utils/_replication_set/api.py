# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to Incident Manager. Each takes a client, how the call is tried, and then the parameters of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._aws.calls import AS_CONFIGURED, Attempts, call_aws, required_member
from .service import is_replication_set_arn
from .state import ReplicationSet, parse_replication_set

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .steps import Step


# An account has at most one set (CloudFormation, Terraform), so a list with more pages than this is not from AWS.
_MAX_PAGES = 20


def list_replication_sets(client: BaseClient, attempts: Attempts = AS_CONFIGURED) -> list[str]:
    """Return the ARNs of the account's replication sets: one or none (ListReplicationSets, every page).

    :raises Failure: for every error.
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
        return list(arns)

    return call_aws(client, "list the replication sets", list_every_page, attempts)


def get_replication_set(client: BaseClient, attempts: Attempts = AS_CONFIGURED, *, arn: str) -> ReplicationSet:
    """Return a replication set (GetReplicationSet), from a Region that is in the set.

    :raises Failure: for every error, a set that is not found included.
    """

    def get() -> ReplicationSet:
        return parse_replication_set(required_member(client.get_replication_set(arn=arn), "replicationSet", dict), arn)

    return call_aws(client, f"get the replication set {arn}", get, attempts)


def list_tags(client: BaseClient, attempts: Attempts = AS_CONFIGURED, *, arn: str) -> dict[str, str]:
    """Return a replication set's tags as a dict (ListTagsForResource).

    :raises Failure: for every error.
    """

    def list_all() -> dict[str, str]:
        return required_member(client.list_tags_for_resource(resourceArn=arn), "tags", dict)

    return call_aws(client, f"list the tags of the replication set {arn}", list_all, attempts)


def send(client: BaseClient, attempts: Attempts, *, arn: str, step: Step, token: str) -> str:
    """Send a step.

    :param arn: the set's ARN; empty to create one.
    :param token: the client token, the same for every attempt at the step, so that AWS makes the step once.
    :return: the set's ARN.
    :raises Failure: for every error.
    """

    def call() -> str:
        response = getattr(client, step.operation)(**step.request(arn, token))
        if not arn and not is_replication_set_arn(response.get("arn")):
            raise ValueError(f"{response.get('arn')!r} is not the ARN of a replication set")
        # By the model, the status of all other steps is 204, and there is no body. Any other response is not from AWS.
        if arn and response["ResponseMetadata"]["HTTPStatusCode"] != 204:
            raise ValueError("the status is not 204")
        return arn or response["arn"]

    return call_aws(client, step.describe(arn), call, attempts)
