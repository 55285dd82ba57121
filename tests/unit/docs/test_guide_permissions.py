# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of the guide on permissions are enough, and less fails as the guide says."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from endpoint.server import LocalEndpoint

from .conftest import ACCOUNT, ARN, GUIDES, code_blocks

*POLICIES, MANAGE, ROLE, TRUST, AUDITOR = [
    json.loads(block) for block in code_blocks(GUIDES / "guide_permissions.rst", "json")
]
USES = [{"arn": ARN, "include_tags": False}, {"arn": ARN}, {}]
Policy = dict[str, Any]


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return [given] if isinstance(given, str) else list(given)


def each_less_one(policy: Policy) -> Iterator[tuple[str, Policy]]:
    for taken in [action for statement in policy["Statement"] for action in actions(statement)]:
        kept = [
            {**statement, "Action": [action for action in actions(statement) if action != taken]}
            for statement in policy["Statement"]
        ]
        yield taken, {**policy, "Statement": [statement for statement in kept if statement["Action"]]}


@pytest.fixture
def info_as(run_module: Callable[..., Any], endpoint: LocalEndpoint) -> Callable[..., Any]:
    """Run the info module as a user of the account with a policy."""
    region = {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": region}}, ACCOUNT, arn=ARN, tags={"Team": "A"})
    endpoint.configure(enforce_iam=True)

    def run(policy: Policy, **options: Any) -> Any:
        user = endpoint.make_user(policy, account=ACCOUNT)
        keys = {"access_key": user["aws_access_key_id"], "secret_key": user["aws_secret_access_key"]}
        return run_module("ssm_incidents_replication_set_info", **keys, **options)

    return run


def test_there_is_a_policy_for_each_use() -> None:
    assert len(POLICIES) == len(USES)


@pytest.mark.parametrize(("policy", "use"), list(zip(POLICIES, USES, strict=True)), ids=str)
def test_the_policy_is_enough(info_as: Callable[..., Any], policy: Policy, use: dict[str, Any]) -> None:
    outcome = info_as(policy, **use)
    assert not outcome.failed, outcome["msg"]
    assert outcome["replication_set"]["tags"] == (None if use.get("include_tags") is False else {"Team": "A"})
    assert not outcome.result.get("warnings")


@pytest.mark.parametrize(
    ("taken", "less", "use"),
    [(taken, less, use) for policy, use in zip(POLICIES, USES, strict=True) for taken, less in each_less_one(policy)],
    ids=str,
)
def test_less_fails_as_documented(info_as: Callable[..., Any], taken: str, less: Policy, use: dict[str, Any]) -> None:
    outcome = info_as(less, **use)
    if taken == "ssm-incidents:ListTagsForResource":
        assert not outcome.failed
        assert outcome["replication_set"]["tags"] is None and len(outcome["warnings"]) == 1
    else:
        assert outcome["error"]["code"] == "AccessDeniedException"
        assert taken.partition(":")[2] in outcome["msg"]


TASKS: dict[str, dict[str, Any]] = {
    # One task that needs the action, each.
    "CreateReplicationSet": {"regions": [{"name": "us-east-1"}]},
    "UpdateReplicationSet": {"regions": [{"name": "us-east-1"}, {"name": "eu-west-1"}]},
    "UpdateDeletionProtection": {"deletion_protected": True},
    "DeleteReplicationSet": {"state": "absent", "arn": ARN},
    "TagResource": {"tags": {"New": "1"}, "purge_tags": False},
    "UntagResource": {"tags": {}},
    "ListTagsForResource": {"tags": {}},
    "ListReplicationSets": {},
    "GetReplicationSet": {},
}


@pytest.mark.parametrize("enough", [True, False])
@pytest.mark.parametrize("action", TASKS)
def test_managing(
    run_module: Callable[..., Any],
    info_as: Callable[..., Any],
    endpoint: LocalEndpoint,
    naps: list[float],
    action: str,
    enough: bool,
) -> None:
    if action == "CreateReplicationSet":
        endpoint.reset()
        endpoint.configure(enforce_iam=True)
    endpoint.configure(transition={"progression": "immediate"})
    (less,) = [policy for taken, policy in each_less_one(MANAGE) if taken == f"ssm-incidents:{action}"]
    user = endpoint.make_user(MANAGE if enough else less, account=ACCOUNT)
    keys = {"access_key": user["aws_access_key_id"], "secret_key": user["aws_secret_access_key"]}
    outcome = run_module("ssm_incidents_replication_set", **keys, **TASKS[action])
    if enough:
        assert not outcome.failed, outcome["msg"]
    else:
        assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"
        assert outcome["changed"] is False
        assert action in outcome["msg"]


def test_there_is_a_task_for_each_action() -> None:
    assert {f"ssm-incidents:{action}" for action in TASKS} == {
        action for statement in MANAGE["Statement"] for action in actions(statement)
    }


# The role that the audit assumes --------------------------------------------------------------------------------------

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/incident-manager-audit"
AUDITING_ACCOUNT = "444455556666"


@pytest.fixture
def audit_as(run_action: Callable[..., Any], endpoint: LocalEndpoint) -> Iterator[Callable[..., Any]]:
    """Run the audit as a user of another account with one policy, through the role with another; all of IAM is enforced."""
    region = {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}
    body = {"status": "ACTIVE", "regionMap": {"us-east-1": region, "us-east-2": region}}
    endpoint.seed(body, ACCOUNT, arn=ARN, tags={"Team": "A"})
    iam = endpoint.session("us-east-1", ACCOUNT).client("iam", endpoint_url=endpoint.url)
    name = ROLE_ARN.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    def run(auditor: Policy, role: Policy) -> Any:
        iam.put_role_policy(RoleName=name, PolicyName="audit", PolicyDocument=json.dumps(role))
        user = endpoint.make_user(auditor, account=AUDITING_ACCOUNT)
        keys = {"access_key": user["aws_access_key_id"], "secret_key": user["aws_secret_access_key"]}
        before = enforce(endpoint, 0)
        try:
            return run_action(
                "ssm_incidents_replication_set_audit", **keys, assume_role_arn=ROLE_ARN, tags={"Team": "A"}
            )
        finally:
            enforce(endpoint, before)

    yield run
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def enforce(endpoint: LocalEndpoint, after: float) -> float:
    """Let moto enforce IAM after so many calls, for STS too, and return what it was."""
    headers = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{endpoint.url}/moto-api/reset-auth", str(after).encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return float(json.load(answer)["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"])


def test_the_roles_policies_are_enough(audit_as: Callable[..., Any]) -> None:
    outcome = audit_as(AUDITOR, ROLE)
    assert outcome["outcome"] == "passed", outcome["msg"]
    assert outcome["replication_set"]["tags"] == {"Team": "A"}


@pytest.mark.parametrize(("taken", "less"), list(each_less_one(ROLE)), ids=str)
def test_less_for_the_role_fails_as_documented(audit_as: Callable[..., Any], taken: str, less: Policy) -> None:
    outcome = audit_as(AUDITOR, less)
    assert outcome.failed and outcome["outcome"] == "not_asked"
    assert taken.partition(":")[2] in outcome["msg"]


def test_who_audits_has_to_be_allowed_to_assume_the_role(audit_as: Callable[..., Any]) -> None:
    ((taken, less),) = each_less_one(AUDITOR)
    outcome = audit_as(less, ROLE)
    assert (outcome["outcome"], outcome["error"]["code"]) == ("not_asked", "AccessDenied")
    assert taken in outcome["msg"] and ROLE_ARN in outcome["msg"]
