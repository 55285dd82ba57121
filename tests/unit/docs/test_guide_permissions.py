# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the policies in the guide on permissions: they are sufficient, and without any action calls are denied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from checkout import GUIDES
from credentials import module_options
from endpoint.client import active_set, moto_iam
from endpoint.server import LocalEndpoint

from .code_blocks import ACCOUNT, ARN, code_blocks

*POLICIES, MANAGE, ROLE, TRUST, AUDITOR = [
    json.loads(block) for block in code_blocks(GUIDES / "guide_permissions.rst", "json")
]
USES = [{"arn": ARN, "include_tags": False}, {"arn": ARN}, {}]
Policy = dict[str, Any]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a policy's statement."""
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def policies_less_one_action(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield each action of a policy, with the policy without it."""
    for removed in [action for statement in policy["Statement"] for action in actions(statement)]:
        kept = [
            {**statement, "Action": [action for action in actions(statement) if action != removed]}
            for statement in policy["Statement"]
        ]
        yield removed, {**policy, "Statement": [statement for statement in kept if statement["Action"]]}


@pytest.fixture
def info_as(run_module: Callable[..., Any], endpoint: LocalEndpoint) -> Callable[..., Any]:
    """Return a function that runs the info module as a user with a policy."""
    endpoint.seed(active_set({"us-east-1": "DefaultKey"}), ACCOUNT, arn=ARN, tags={"Team": "A"})
    endpoint.configure(enforce_iam=True)

    def run(policy: Policy, **options: Any) -> Any:
        keys = module_options(endpoint.make_user(policy, account=ACCOUNT))
        return run_module("ssm_incidents_replication_set_info", **keys, **options)

    return run


def test_there_is_a_policy_for_each_use() -> None:
    assert len(POLICIES) == len(USES)


@pytest.mark.parametrize(("policy", "use"), list(zip(POLICIES, USES, strict=True)), ids=str)
def test_the_policies_are_sufficient(info_as: Callable[..., Any], policy: Policy, use: dict[str, Any]) -> None:
    outcome = info_as(policy, **use)
    assert not outcome.failed, outcome["msg"]
    assert outcome["replication_set"]["tags"] == (None if use.get("include_tags") is False else {"Team": "A"})
    assert not outcome.result.get("warnings")


@pytest.mark.parametrize(
    ("removed", "reduced", "use"),
    [
        (removed, reduced, use)
        for policy, use in zip(POLICIES, USES, strict=True)
        for removed, reduced in policies_less_one_action(policy)
    ],
    ids=str,
)
def test_reduced_policies_are_denied(
    info_as: Callable[..., Any], removed: str, reduced: Policy, use: dict[str, Any]
) -> None:
    outcome = info_as(reduced, **use)
    if removed == "ssm-incidents:ListTagsForResource":
        assert not outcome.failed
        assert outcome["replication_set"]["tags"] is None and len(outcome["warnings"]) == 1
    else:
        assert outcome["error"]["code"] == "AccessDeniedException"
        assert removed.partition(":")[2] in outcome["msg"]


TASKS: dict[str, dict[str, Any]] = {
    # The options of a task that needs the action.
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


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("action", TASKS)
def test_managing(
    run_module: Callable[..., Any],
    info_as: Callable[..., Any],
    endpoint: LocalEndpoint,
    sleeps: list[float],
    action: str,
    allowed: bool,
) -> None:
    if action == "CreateReplicationSet":
        endpoint.reset()
        endpoint.configure(enforce_iam=True)
    endpoint.configure(transition={"progression": "immediate"})
    (reduced,) = [
        policy for removed, policy in policies_less_one_action(MANAGE) if removed == f"ssm-incidents:{action}"
    ]
    keys = module_options(endpoint.make_user(MANAGE if allowed else reduced, account=ACCOUNT))
    outcome = run_module("ssm_incidents_replication_set", **keys, **TASKS[action])
    if allowed:
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
    """Return a function that runs the audit as a user with one policy, who assumes a role with another.

    User and role are of different accounts. IAM is enforced for all services.
    """
    body = active_set({"us-east-1": "DefaultKey", "us-east-2": "DefaultKey"})
    endpoint.seed(body, ACCOUNT, arn=ARN, tags={"Team": "A"})
    iam = endpoint.session("us-east-1", ACCOUNT).client("iam", endpoint_url=endpoint.url)
    name = ROLE_ARN.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    def run(auditor: Policy, role: Policy) -> Any:
        iam.put_role_policy(RoleName=name, PolicyName="audit", PolicyDocument=json.dumps(role))
        keys = module_options(endpoint.make_user(auditor, account=AUDITING_ACCOUNT))
        with moto_iam(endpoint.url):
            return run_action(
                "ssm_incidents_replication_set_audit", **keys, assume_role_arn=ROLE_ARN, rules={"tags": {"Team": "A"}}
            )

    yield run
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def test_the_policies_of_user_and_role_are_sufficient(audit_as: Callable[..., Any]) -> None:
    outcome = audit_as(AUDITOR, ROLE)
    assert outcome["outcome"] == "passed", outcome["msg"]
    assert outcome["replication_set"]["tags"] == {"Team": "A"}


@pytest.mark.parametrize(("removed", "reduced"), list(policies_less_one_action(ROLE)), ids=str)
def test_reduced_policies_of_the_role_are_denied(audit_as: Callable[..., Any], removed: str, reduced: Policy) -> None:
    outcome = audit_as(AUDITOR, reduced)
    assert outcome.failed and outcome["outcome"] == "unknown"
    assert removed.partition(":")[2] in outcome["msg"]


def test_the_user_has_to_be_allowed_to_assume_the_role(audit_as: Callable[..., Any]) -> None:
    ((removed, reduced),) = policies_less_one_action(AUDITOR)
    outcome = audit_as(reduced, ROLE)
    assert (outcome["outcome"], outcome["error"]["code"]) == ("unknown", "AccessDenied")
    assert removed in outcome["msg"] and ROLE_ARN in outcome["msg"]
