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
from endpoint.client import ControlClient, moto_iam
from endpoint.server import LocalEndpoint

from .calls import ARN, error_code, send_signed

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


@pytest.mark.parametrize(
    ("condition", "tags", "allowed"),
    [
        ({"StringEquals": {"aws:RequestTag/Team": "Resilience"}}, TEAM, True),
        ({"StringEquals": {"aws:RequestTag/Team": ["Other", "Resilience"]}}, TEAM, True),
        ({"StringLike": {"aws:RequestTag/Team": "Res*"}}, TEAM, True),
        ({"StringEquals": {"aws:RequestTag/Team": "Resilience"}}, {"Team": "Other"}, False),
        ({"StringEquals": {"aws:RequestTag/Team": "Resilience"}}, {"Other": "Resilience"}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Other"]}}, TEAM, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}, {**TEAM, "Other": "1"}, False),
        ({"StringEquals": {"aws:ResourceTag/Team": "Resilience"}}, TEAM, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, TEAM, False),
    ],
)
def test_conditions_on_a_create(endpoint: LocalEndpoint, condition: Any, tags: Any, allowed: bool) -> None:
    endpoint.configure(enforce_iam=True)
    client = allow(endpoint, {**CREATE, "Condition": condition}, TAG, LINK)
    code = error_code(client.create_replication_set, regions={"us-east-1": {}}, tags=tags)
    assert code == ("" if allowed else "AccessDeniedException")


@pytest.mark.slow
@pytest.mark.parametrize("tags", [TEAM, {"Team": "Other"}, {}])
@pytest.mark.parametrize("operation", [name for name, given in CALLS.items() if ARN in given.values()])
def test_conditions_on_the_tags_of_a_set(endpoint: LocalEndpoint, operation: str, tags: dict[str, str]) -> None:
    """aws:ResourceTag works for all of these but UpdateReplicationSet (Service Authorization Reference)."""
    endpoint.seed(SET, arn=ARN, tags=tags)
    endpoint.configure(enforce_iam=True, transition={"progression": "immediate"})
    condition = {"StringEquals": {"aws:ResourceTag/Team": "Resilience"}}
    statement = {"Effect": "Allow", "Action": f"ssm-incidents:{operation}", "Resource": "*"}
    expected = "" if tags == TEAM and operation != "UpdateReplicationSet" else "AccessDeniedException"
    assert code_of(allow(endpoint, {**statement, "Condition": condition}), operation) == expected
    # A Deny with a condition denies if the condition holds or can't be evaluated.
    denial = {**statement, "Effect": "Deny", "Condition": condition}
    denied = tags == TEAM and operation != "UpdateReplicationSet"
    endpoint.seed(SET, arn=ARN, tags=tags)
    assert code_of(allow(endpoint, statement, denial), operation) == ("AccessDeniedException" if denied else "")
    unknown = {**denial, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert code_of(allow(endpoint, statement, unknown), operation) == "AccessDeniedException"


def test_unknown_keys_and_wrong_secrets(iam_endpoint: LocalEndpoint, client: Any) -> None:
    assert code_of(client, "ListReplicationSets") == "UnrecognizedClientException"
    user = {**iam_endpoint.make_user(["ssm-incidents:*"]), "aws_secret_access_key": "another"}
    with pytest.raises(ClientError) as caught:
        iam_endpoint.client(user=user).list_replication_sets()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert send_signed(iam_endpoint.url, "POST", "/listReplicationSets", {})[0] == 403


def test_control_over_http(endpoint: LocalEndpoint, control: ControlClient) -> None:
    control.configure(enforce_iam=True)
    status, user = control.request("POST", "users", {"policy": ["ssm-incidents:ListReplicationSets"]})
    assert status == 200
    client = endpoint.client(user=user)
    assert code_of(client, "ListReplicationSets") == ""
    assert code_of(client, "GetReplicationSet") == "AccessDeniedException"
    control.configure(enforce_iam=False)
    assert code_of(client, "GetReplicationSet") == "ResourceNotFoundException"


def test_iam_of_all_services(endpoint: LocalEndpoint) -> None:
    """moto can enforce IAM for all services. This service then answers with errors in its own format."""
    endpoint.seed(SET, arn=ARN)
    client = endpoint.client(user=endpoint.make_user(["ssm-incidents:GetReplicationSet"]))
    with moto_iam(endpoint.url):
        assert code_of(client, "GetReplicationSet") == ""
        assert code_of(client, "ListTagsForResource") == "AccessDeniedException"
        assert error_code(endpoint.client("iam").list_users) == "InvalidClientTokenId"
    assert code_of(client, "ListTagsForResource") == ""


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
