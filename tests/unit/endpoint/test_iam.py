# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's IAM in front of the service, on the wire: signatures and policies are checked once it is asked to."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from .calls import ARN, code_of, control, send, send_signed

if TYPE_CHECKING:
    from endpoint.server import LocalEndpoint

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


def call(client: Any, operation: str) -> str:
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    return code_of(getattr(client, methods[operation]), **CALLS[operation])


@pytest.fixture
def guarded(endpoint: LocalEndpoint) -> LocalEndpoint:
    """An endpoint with a set, where IAM is enforced."""
    endpoint.seed(SET, arn=ARN)
    endpoint.configure(enforce_iam=True, transition={"progression": "immediate"})
    return endpoint


@pytest.mark.parametrize("operation", CALLS)
def test_one_action(guarded: LocalEndpoint, operation: str) -> None:
    """Allowed it goes through (create as far as the quota); every other action is denied."""
    client = guarded.client(user=guarded.make_user([f"ssm-incidents:{operation}"]))
    quota = "ServiceQuotaExceededException"
    assert call(client, operation) == (quota if operation == "CreateReplicationSet" else "")
    for other in sorted(CALLS.keys() - {operation}):
        assert call(client, other) == "AccessDeniedException"


def test_the_answer_is_of_the_model(guarded: LocalEndpoint) -> None:
    client = guarded.client(user=guarded.make_user([]))
    with pytest.raises(client.exceptions.AccessDeniedException) as caught:
        client.get_replication_set(arn=ARN)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    message = answer["Error"]["Message"]
    assert "is not authorized to perform: ssm-incidents:GetReplicationSet on resource: " + ARN in message
    assert answer["message"] == message


@pytest.mark.parametrize(
    ("resource", "code"),
    [("*", ""), (ARN, ""), (ARN[:-4] + "*", ""), (ARN[:-1], "AccessDeniedException")],
)
def test_resources(guarded: LocalEndpoint, resource: str, code: str) -> None:
    statement = {"Effect": "Allow", "Action": "ssm-incidents:Get*", "Resource": resource}
    user = guarded.make_user({"Version": "2012-10-17", "Statement": [statement]})
    assert call(guarded.client(user=user), "GetReplicationSet") == code


def test_a_set_s_arn_allows_no_list(guarded: LocalEndpoint) -> None:
    statement = {"Effect": "Allow", "Action": "ssm-incidents:*", "Resource": ARN}
    client = guarded.client(user=guarded.make_user({"Version": "2012-10-17", "Statement": [statement]}))
    assert call(client, "GetReplicationSet") == ""
    assert call(client, "ListReplicationSets") == "AccessDeniedException"


def test_deny_wins(guarded: LocalEndpoint) -> None:
    allow = {"Effect": "Allow", "Action": "ssm-incidents:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "ssm-incidents:ListTagsForResource", "Resource": "*"}
    client = guarded.client(user=guarded.make_user({"Version": "2012-10-17", "Statement": [allow, deny]}))
    assert call(client, "GetReplicationSet") == ""
    assert call(client, "ListTagsForResource") == "AccessDeniedException"


def test_unknown_keys_and_wrong_secrets(guarded: LocalEndpoint, client: Any) -> None:
    assert call(client, "ListReplicationSets") == "UnrecognizedClientException"
    user = {**guarded.make_user(["ssm-incidents:*"]), "aws_secret_access_key": "another"}
    with pytest.raises(ClientError) as caught:
        guarded.client(user=user).list_replication_sets()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert send_signed(guarded.url, "POST", "/listReplicationSets", {})[0] == 403


def test_an_assumed_role(guarded: LocalEndpoint) -> None:
    account = "222222222222"
    iam = guarded.client("iam", account=account)
    iam.create_role(RoleName="endpoint", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    client = guarded.client(account=account)
    assert call(client, "ListReplicationSets") == "AccessDeniedException"
    policy = (
        '{"Version": "2012-10-17", "Statement":'
        ' [{"Effect": "Allow", "Action": "ssm-incidents:ListReplicationSets", "Resource": "*"}]}'
    )
    iam.put_role_policy(RoleName="endpoint", PolicyName="p", PolicyDocument=policy)
    assert call(client, "ListReplicationSets") == ""
    iam.delete_role_policy(RoleName="endpoint", PolicyName="p")
    iam.delete_role(RoleName="endpoint")


def test_over_http(endpoint: LocalEndpoint) -> None:
    control(endpoint.url, "POST", "settings", {"enforce_iam": True})
    status, user = control(endpoint.url, "POST", "users", {"policy": ["ssm-incidents:ListReplicationSets"]})
    assert status == 200
    client = endpoint.client(user=user)
    assert call(client, "ListReplicationSets") == ""
    assert call(client, "GetReplicationSet") == "AccessDeniedException"
    control(endpoint.url, "POST", "settings", {"enforce_iam": False})
    assert call(client, "GetReplicationSet") == "ResourceNotFoundException"


def test_moto_s_own_switch(endpoint: LocalEndpoint) -> None:
    """It is for all services, and answers for this one in this one's format."""
    endpoint.seed(SET, arn=ARN)
    client = endpoint.client(user=endpoint.make_user(["ssm-incidents:GetReplicationSet"]))
    before = send(endpoint.url, "POST", "/moto-api/reset-auth", "0")[1]["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    try:
        assert call(client, "GetReplicationSet") == ""
        assert call(client, "ListTagsForResource") == "AccessDeniedException"
        assert code_of(endpoint.client("iam").list_users) == "InvalidClientTokenId"
    finally:
        send(endpoint.url, "POST", "/moto-api/reset-auth", str(before))
    assert call(client, "ListTagsForResource") == ""


@pytest.mark.parametrize("authorization", [None, "AWS4-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=0"])
def test_a_request_without_a_signature_is_refused(endpoint: LocalEndpoint, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    request = urllib.request.Request(f"{endpoint.url}/listReplicationSets", b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 403
    assert refused.value.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
