# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of how moto's IAM checks signatures and policies."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoint.server import LocalEndpoint

from .calls import ARN, error_code

SET = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}, "us-east-2": {"status": "ACTIVE"}}}

CALLS: dict[str, dict[str, Any]] = {
    "ListReplicationSets": {},
    "GetReplicationSet": {"arn": ARN},
    "ListTagsForResource": {"resourceArn": ARN},
    "TagResource": {"resourceArn": ARN, "tags": {"a": "b c"}},
    "UntagResource": {"resourceArn": ARN, "tagKeys": ["a", "with space"]},
    "UpdateDeletionProtection": {"arn": ARN, "deletionProtected": False},
    "UpdateReplicationSet": {"arn": ARN, "actions": [{"deleteRegionAction": {"regionName": "us-east-2"}}]},
    "DeleteReplicationSet": {"arn": ARN},
    "CreateReplicationSet": {"regions": {"us-east-1": {}}},
}


def code_of(client: Any, operation: str) -> str:
    """Call an operation, and return the code of its error, or "" if it succeeds."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    return error_code(getattr(client, methods[operation]), **CALLS[operation])


@pytest.fixture
def iam_endpoint(endpoint: LocalEndpoint) -> LocalEndpoint:
    """Return the endpoint with a set and with enforce_iam."""
    endpoint.seed(SET, arn=ARN)
    endpoint.configure(enforce_iam=True, transition={"progression": "immediate"})
    return endpoint


@pytest.mark.parametrize("operation", CALLS)
def test_each_action(iam_endpoint: LocalEndpoint, operation: str) -> None:
    """The allowed action succeeds. CreateReplicationSet gets as far as the quota. Every other action is denied."""
    # CreateReplicationSet also needs iam:CreateServiceLinkedRole.
    user = iam_endpoint.make_user([f"ssm-incidents:{operation}", "iam:CreateServiceLinkedRole"])
    client = iam_endpoint.client(user=user)
    quota = "ServiceQuotaExceededException"
    assert code_of(client, operation) == (quota if operation == "CreateReplicationSet" else "")
    for other in sorted(CALLS.keys() - {operation}):
        assert code_of(client, other) == "AccessDeniedException"


def test_the_arn_of_a_set_does_not_allow_listing(iam_endpoint: LocalEndpoint) -> None:
    statement = {"Effect": "Allow", "Action": "ssm-incidents:*", "Resource": ARN}
    client = iam_endpoint.client(user=iam_endpoint.make_user({"Version": "2012-10-17", "Statement": [statement]}))
    assert code_of(client, "GetReplicationSet") == ""
    assert code_of(client, "ListReplicationSets") == "AccessDeniedException"


# What a create needs besides, and conditions --------------------------------------------------------------------------

ROLE = "arn:aws:iam::123456789012:role/aws-service-role/ssm-incidents.amazonaws.com/AWSServiceRoleforIncidentManager"
CREATE = {"Effect": "Allow", "Action": "ssm-incidents:CreateReplicationSet", "Resource": "*"}
TAG = {"Effect": "Allow", "Action": "ssm-incidents:TagResource", "Resource": ARN.rpartition("/")[0] + "/*"}
LINK = {
    "Effect": "Allow",
    "Action": "iam:CreateServiceLinkedRole",
    "Resource": ROLE,
    "Condition": {"StringLike": {"iam:AWSServiceName": "ssm-incidents.amazonaws.com"}},
}
TEAM = {"Team": "Resilience"}


def allow(endpoint: LocalEndpoint, *statements: dict[str, Any]) -> Any:
    """Return a client of a user whose policy has these statements."""
    return endpoint.client(user=endpoint.make_user({"Version": "2012-10-17", "Statement": list(statements)}))


@pytest.mark.parametrize(
    ("statements", "tags", "denied"),
    [
        ([CREATE, TAG, LINK], TEAM, ""),
        ([CREATE, LINK], {}, ""),
        ([CREATE, LINK], TEAM, "ssm-incidents:TagResource"),
        ([CREATE, TAG], TEAM, "iam:CreateServiceLinkedRole"),
        ([CREATE, TAG, {**LINK, "Resource": ROLE.replace("ssm-incidents", "autoscaling")}], {}, "iam:CreateService"),
        ([TAG, LINK], {}, "ssm-incidents:CreateReplicationSet"),
    ],
)
def test_permissions_for_a_create(endpoint: LocalEndpoint, statements: Any, tags: dict[str, str], denied: str) -> None:
    endpoint.configure(enforce_iam=True)
    given: dict[str, Any] = {"regions": {"us-east-1": {}}, **({"tags": tags} if tags else {})}
    client = allow(endpoint, *statements)
    if not denied:
        client.create_replication_set(**given)
        return
    with pytest.raises(ClientError, match=f"AccessDeniedException.*not authorized to perform: {denied}"):
        client.create_replication_set(**given)


@pytest.mark.parametrize("authorization", [None, "AWS4-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=0"])
@pytest.mark.parametrize(
    ("path", "target"), [("listReplicationSets", ""), ("listIncidentRecords", ""), ("", "SSMContacts.ListContacts")]
)
def test_a_request_without_a_signature_is_refused(
    endpoint: LocalEndpoint, authorization: str | None, path: str, target: str
) -> None:
    headers = {"Authorization": authorization or "", "X-Amz-Target": target}
    given = {name: value for name, value in headers.items() if value}
    request = urllib.request.Request(f"{endpoint.url}/{path}", b"{}", given, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 403
    assert refused.value.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
