# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the policies in the guide on permissions: they are sufficient, and no action in them can be left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.kinds import KINDS
from endpoint.backend import utils
from endpoint.client import active_set, moto_iam
from endpoint.server import LocalEndpoint
from helpers.checkout import GUIDES
from helpers.credentials import module_options
from helpers.incident_data import contact, one_of_each
from moto.kms.responses import KmsResponse
from moto.organizations.models import FakeAccount

from .code_blocks import ACCOUNT, ARN, code_blocks

*POLICIES, DATA, EXPORT, MANAGE, TAGGED_SET, TAGGED_CREATE, KEY_POLICY, ROLE, TRUST, AUDITOR, ORGANIZATION = [
    json.loads(block) for block in code_blocks(GUIDES / "guide_permissions.rst", "json")
]
USES: list[dict[str, Any]] = [{"arn": ARN, "include_tags": False}, {"arn": ARN}, {}, {"include_keys": True}]
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TEAM = {"Team": "Resilience"}
Policy = dict[str, Any]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a policy's statement."""
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def policies_less_one_action(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield each action of a policy, and the policy without this action."""
    for removed in [action for statement in policy["Statement"] for action in actions(statement)]:
        kept = [
            {**statement, "Action": [action for action in actions(statement) if action != removed]}
            for statement in policy["Statement"]
        ]
        yield removed, {**policy, "Statement": [statement for statement in kept if statement["Action"]]}


@pytest.fixture(autouse=True)
def kms_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto compare the Resource of a policy with the key of a call to KMS. moto itself compares it with "*"."""
    monkeypatch.setattr(
        KmsResponse, "_determine_resource", lambda kms: json.loads(kms.body).get("KeyId", "*"), raising=False
    )


@pytest.fixture
def run_as(run_module: Callable[..., Any], endpoint: LocalEndpoint) -> Callable[..., Any]:
    """Return a function that runs a module as a user with a policy. IAM is enforced for all services.

    The account has a set with a customer managed key.
    """
    endpoint.configure(transition={"progression": "immediate"})
    endpoint.seed(active_set({"us-east-1": endpoint.make_key(KEY)}), ACCOUNT, arn=ARN, tags={"Team": "Resilience"})

    def run(module: str, policy: Policy, **options: Any) -> Any:
        keys = module_options(endpoint.make_user(policy, account=ACCOUNT))
        with moto_iam(endpoint.url):
            return run_module(module, **keys, **options)

    return run


@pytest.fixture
def info_as(run_as: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs the info module as a user with a policy."""
    return partial(run_as, "ssm_incidents_replication_set_info")


@pytest.fixture
def manage_as(run_as: Callable[..., Any], sleeps: list[float]) -> Callable[..., Any]:
    """Return a function that runs the managing module as a user with a policy."""
    return partial(run_as, "ssm_incidents_replication_set")


def test_there_is_a_policy_for_each_use() -> None:
    assert len(POLICIES) == len(USES)


@pytest.mark.parametrize(("policy", "use"), list(zip(POLICIES, USES, strict=True)), ids=str)
def test_the_policies_are_sufficient(info_as: Callable[..., Any], policy: Policy, use: dict[str, Any]) -> None:
    outcome = info_as(policy, **use)
    assert not outcome.failed, outcome["msg"]
    assert outcome["replication_set"]["tags"] == (None if use.get("include_tags") is False else TEAM)
    key = outcome["replication_set"]["region_map"]["us-east-1"]["kms_key"]
    assert (key is not None) == use.get("include_keys", False)
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
    if removed in ("ssm-incidents:ListTagsForResource", "kms:DescribeKey"):
        assert not outcome.failed and len(outcome["warnings"]) == 1
        facts = outcome["replication_set"]
        missing = facts["tags"] if "Tags" in removed else facts["region_map"]["us-east-1"]["kms_key"]
        assert missing is None and removed in str(outcome["warnings"])
    else:
        assert outcome["error"]["code"] == "AccessDeniedException"
        assert removed.partition(":")[2] in outcome["msg"]


# What a set holds ------------------------------------------------------------------------------------------------------


def test_the_policy_of_what_a_set_holds_is_sufficient(run_as: Callable[..., Any], endpoint: LocalEndpoint) -> None:
    endpoint.configure(page_size=1)
    endpoint.seed_data(*(contact(alias, account=ACCOUNT) for alias in ("a", "b")), account=ACCOUNT)
    outcome = run_as("ssm_incidents_data_info", DATA)
    assert not outcome.failed, outcome["msg"]
    assert outcome["complete"] and outcome["counts"]["contacts"] == 2
    assert not outcome.result.get("warnings")


@pytest.mark.parametrize(("removed", "reduced"), list(policies_less_one_action(DATA)), ids=str)
def test_reduced_policies_of_what_a_set_holds_are_denied(
    run_as: Callable[..., Any], removed: str, reduced: Policy
) -> None:
    outcome = run_as("ssm_incidents_data_info", reduced)
    action = removed.partition(":")[2]
    if action.endswith(("ReplicationSet", "ReplicationSets")):
        assert outcome["error"]["code"] == "AccessDeniedException" and action in outcome["msg"]
        return
    assert not outcome.failed and not outcome["complete"] and len(outcome["warnings"]) == 1
    assert {one["code"] for one in outcome["missing"]} == {"AccessDeniedException"}
    assert all(removed in one["msg"] for one in outcome["missing"])
    denied = {one["part"] for one in outcome["missing"]}
    assert outcome["counts"] == {part: None if part in denied else 0 for part in outcome["counts"]}


# Exporting it ----------------------------------------------------------------------------------------------------------

# An older botocore does not have findings.
HAS_FINDINGS = "ListIncidentFindings" in utils.service_model("ssm-incidents").operation_names


@pytest.fixture
def export_as(run_as: Callable[..., Any], endpoint: LocalEndpoint, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that exports an object of each kind as a user with a policy."""
    objects = [one for one in one_of_each() if HAS_FINDINGS or one["kind"] != "finding"]
    text = json.dumps(objects).replace("123456789012:", f"{ACCOUNT}:")
    endpoint.seed_data(*json.loads(text), account=ACCOUNT)
    options = {"path": str(tmp_path / "export"), "allow_incomplete": True}
    return lambda policy: run_as("ssm_incidents_export", policy, **options)


def missing_operations(outcome: Any) -> set[str]:
    return {one["operation"] for one in outcome["missing"] if one["code"] != "MissingLibrary"}


def test_the_policy_of_an_export_has_the_operations_of_the_table() -> None:
    table = {f"{kind.service}:{name}" for kind in KINDS.values() for name in (*kind.lists, *kind.gets)}
    found = {action for statement in EXPORT["Statement"] for action in actions(statement)}
    assert found - {"ssm-incidents:ListReplicationSets"} == table


def test_the_policy_of_an_export_is_sufficient(export_as: Callable[..., Any]) -> None:
    outcome = export_as(EXPORT)
    assert not outcome.failed, outcome["msg"]
    assert missing_operations(outcome) == set()
    assert set(outcome["counts"].values()) == ({1} if HAS_FINDINGS else {0, 1})


@pytest.mark.slow
@pytest.mark.parametrize(("removed", "reduced"), list(policies_less_one_action(EXPORT)), ids=str)
def test_reduced_policies_of_an_export_are_denied(
    export_as: Callable[..., Any], tmp_path: Path, removed: str, reduced: Policy
) -> None:
    if "Findings" in removed and not HAS_FINDINGS:
        pytest.skip("botocore is too old")
    outcome = export_as(reduced)
    action = removed.partition(":")[2]
    if action.endswith(("ReplicationSet", "ReplicationSets")):
        assert outcome["error"]["code"] == "AccessDeniedException" and action in outcome["msg"]
        assert list(tmp_path.iterdir()) == []
        return
    assert not outcome.failed and outcome["complete"] is False
    assert missing_operations(outcome) == {action}
    reasons = json.loads((tmp_path / "export" / "manifest.json").read_text())["missing"]
    assert {one["code"] for one in reasons} - {"MissingLibrary"} == {"AccessDeniedException"}
    assert any(removed in one["reason"] for one in reasons)


# Managing a set --------------------------------------------------------------------------------------------------------

REGIONS = [{"name": "us-east-1", "sse_kms_key_id": KEY}]
MORE_REGIONS = [*REGIONS, {"name": "eu-west-1", "sse_kms_key_id": KEY.replace("us-east-1", "eu-west-1")}]
CREATE = {"regions": REGIONS, "tags": TEAM}
# An action, the options of a task that needs it, and whether the account has a set before the task.
TASKS: list[tuple[str, dict[str, Any], bool]] = [
    ("ssm-incidents:CreateReplicationSet", CREATE, False),
    ("ssm-incidents:TagResource", CREATE, False),
    ("iam:CreateServiceLinkedRole", CREATE, False),
    ("ssm-incidents:UpdateReplicationSet", {"regions": MORE_REGIONS}, True),
    ("ssm-incidents:UpdateDeletionProtection", {"deletion_protected": True}, True),
    ("ssm-incidents:DeleteReplicationSet", {"state": "absent", "arn": ARN}, True),
    ("ssm-incidents:TagResource", {"tags": {"New": "1"}, "purge_tags": False}, True),
    ("ssm-incidents:UntagResource", {"tags": {}}, True),
    ("ssm-incidents:ListTagsForResource", {"tags": {}}, True),
    ("ssm-incidents:ListReplicationSets", {}, True),
    ("ssm-incidents:GetReplicationSet", {}, True),
    ("kms:DescribeKey", {"regions": MORE_REGIONS}, True),
    ("ssm-incidents:ListResponsePlans", {"state": "absent", "arn": ARN}, True),
    ("ssm-incidents:ListIncidentRecords", {"state": "absent", "arn": ARN}, True),
    ("ssm-contacts:ListContacts", {"state": "absent", "arn": ARN}, True),
    ("ssm-contacts:ListRotations", {"state": "absent", "arn": ARN}, True),
]
#: Actions without which the module warns, each with a part of the warning.
OPTIONAL = {
    "kms:DescribeKey": "without checking this key",
    "ssm-incidents:ListResponsePlans": "(response_plans)",
    "ssm-incidents:ListIncidentRecords": "It is not known whether an incident is open.",
    "ssm-contacts:ListContacts": "(contacts, escalation_plans, on_call_schedules)",
    "ssm-contacts:ListRotations": "(rotations)",
}


@pytest.mark.sample(7)
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(("action", "task", "exists"), TASKS, ids=str)
def test_the_policy_for_managing_a_set(
    manage_as: Callable[..., Any],
    endpoint: LocalEndpoint,
    action: str,
    task: dict[str, Any],
    exists: bool,
    allowed: bool,
) -> None:
    for region in MORE_REGIONS:
        endpoint.make_key(region["sse_kms_key_id"])
    if not exists:
        endpoint.reset()
        endpoint.configure(transition={"progression": "immediate"})
    (reduced,) = [policy for removed, policy in policies_less_one_action(MANAGE) if removed == action]
    outcome = manage_as(MANAGE if allowed else reduced, **task)
    if allowed:
        assert not outcome.failed, outcome["msg"]
        assert not outcome.result.get("warnings")
    elif action in OPTIONAL:
        assert not outcome.failed, outcome["msg"]
        (warning,) = outcome["warnings"]
        assert action in str(warning) and OPTIONAL[action] in str(warning)
    else:
        assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"
        assert outcome["changed"] is False
        assert action.partition(":")[2] in outcome["msg"]


def test_there_is_a_task_for_each_action() -> None:
    assert {action for action, _task, _exists in TASKS} == {
        action for statement in MANAGE["Statement"] for action in actions(statement)
    }


# Conditions -----------------------------------------------------------------------------------------------------------

TAG_TASKS: dict[str, dict[str, Any]] = {
    "GetReplicationSet": {},
    "DeleteReplicationSet": {"state": "absent", "arn": ARN},
    "UpdateDeletionProtection": {"deletion_protected": True},
    "ListTagsForResource": {"tags": TEAM},
    "TagResource": {"tags": {"New": "1"}, "purge_tags": False},
    "UntagResource": {"tags": {"Team": "Resilience"}},
    "ListReplicationSets": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("action", TAG_TASKS)
def test_a_condition_on_a_tag_of_the_set(
    manage_as: Callable[..., Any], endpoint: LocalEndpoint, action: str, allowed: bool, tagged: bool
) -> None:
    endpoint.seed(
        active_set({"us-east-1": "DefaultKey"}), ACCOUNT, arn=ARN, tags={**(TEAM if tagged else {}), "Old": "1"}
    )
    (reduced,) = [policy for removed, policy in policies_less_one_action(TAGGED_SET) if removed.endswith(action)]
    outcome = manage_as(TAGGED_SET if allowed else reduced, **TAG_TASKS[action])
    # The condition does not apply to ListReplicationSets. Without the tag, the next call is denied.
    if allowed and tagged:
        assert not outcome.failed, outcome["msg"]
    else:
        assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"


def test_a_condition_on_the_tags_allows_no_change_of_the_regions(
    manage_as: Callable[..., Any], endpoint: LocalEndpoint
) -> None:
    """The Service Authorization Reference has no such condition for UpdateReplicationSet."""
    endpoint.seed(active_set({"us-east-1": "DefaultKey"}), ACCOUNT, arn=ARN, tags=TEAM)
    policy = json.loads(json.dumps(TAGGED_SET).replace("DeleteReplicationSet", "UpdateReplicationSet"))
    outcome = manage_as(policy, regions=[{"name": "eu-west-1"}, {"name": "us-east-1"}])
    assert outcome["error"]["code"] == "AccessDeniedException"
    assert "ssm-incidents:UpdateReplicationSet" in outcome["msg"]


@pytest.mark.parametrize("tags", [TEAM, {"Team": "Other"}, {}])
def test_a_condition_on_a_tag_of_a_new_set(
    manage_as: Callable[..., Any], endpoint: LocalEndpoint, tags: dict[str, str]
) -> None:
    endpoint.reset()
    outcome = manage_as(TAGGED_CREATE, regions=[{"name": "us-east-1"}], tags=tags)
    assert outcome.failed is (tags != TEAM)
    if tags != TEAM:
        assert outcome["error"]["code"] == "AccessDeniedException"


@pytest.mark.parametrize(("removed", "reduced"), list(policies_less_one_action(TAGGED_CREATE)), ids=str)
def test_reduced_policies_of_a_create_are_denied(
    manage_as: Callable[..., Any], endpoint: LocalEndpoint, removed: str, reduced: Policy
) -> None:
    endpoint.reset()
    endpoint.configure(transition={"progression": "immediate"})
    outcome = manage_as(reduced, regions=[{"name": "us-east-1"}], tags=TEAM)
    assert outcome["error"]["code"] == "AccessDeniedException"
    assert removed.partition(":")[2] in outcome["msg"]


def test_kms_accepts_the_policy_of_the_key(endpoint: LocalEndpoint) -> None:
    kms = endpoint.client("kms", "eu-west-1", ACCOUNT)
    key = kms.create_key(Policy=json.dumps(KEY_POLICY))["KeyMetadata"]
    assert json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]) == KEY_POLICY


# The role that the audit assumes --------------------------------------------------------------------------------------

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/incident-manager-audit"
AUDITING_ACCOUNT = "444455556666"


@pytest.fixture
def audit_as(run_action: Callable[..., Any], endpoint: LocalEndpoint) -> Iterator[Callable[..., Any]]:
    """Return a function that runs the audit as a user with one policy, who assumes a role with another.

    The user and the role are in different accounts. IAM is enforced for all services.
    """
    keys = {name: endpoint.make_key(KEY.replace("us-east-1", name)) for name in ("us-east-1", "us-east-2")}
    endpoint.seed(active_set(keys), ACCOUNT, arn=ARN, tags={"Team": "A"})
    iam = endpoint.session("us-east-1", ACCOUNT).client("iam", endpoint_url=endpoint.url)
    name = ROLE_ARN.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    rules = {"tags": {"Team": "A"}, "usable_keys": True}

    def run(auditor: Policy, role: Policy) -> Any:
        iam.put_role_policy(RoleName=name, PolicyName="audit", PolicyDocument=json.dumps(role))
        keys = module_options(endpoint.make_user(auditor, account=AUDITING_ACCOUNT))
        with moto_iam(endpoint.url):
            return run_action("ssm_incidents_replication_set_audit", **keys, assume_role_arn=ROLE_ARN, rules=rules)

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


def test_the_user_must_be_allowed_to_assume_the_role(audit_as: Callable[..., Any]) -> None:
    ((removed, reduced),) = policies_less_one_action(AUDITOR)
    outcome = audit_as(reduced, ROLE)
    assert (outcome["outcome"], outcome["error"]["code"]) == ("unknown", "AccessDenied")
    assert removed in outcome["msg"] and ROLE_ARN in outcome["msg"]


# The accounts of an organization --------------------------------------------------------------------------------------


@pytest.fixture
def list_as(
    endpoint: LocalEndpoint, connection_options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Policy], list[str]]:
    """Return a function that lists an organization as a user of the management account with a policy.

    ListAccounts returns no Paths, so every action is needed.
    """
    describe = FakeAccount.describe
    monkeypatch.setattr(FakeAccount, "describe", lambda account: {**describe(account), "Paths": []})
    endpoint.make_organization([{"id": "222222222222", "name": "Shop", "units": ["Workloads"]}], ACCOUNT)

    def list_hosts(policy: Policy) -> list[str]:
        keys = module_options(endpoint.make_user(policy, account=ACCOUNT))
        source = {"plugin": "incident_manager.aws.organization", "role_name": "audit", "include_tags": True}
        path = tmp_path / "organization.yml"
        path.write_text(json.dumps({**connection_options, **source, **keys}))
        inventory = InventoryData()
        with moto_iam(endpoint.url):
            inventory_loader.get("incident_manager.aws.organization").parse(inventory, DataLoader(), str(path))
        return sorted(inventory.hosts)

    return list_hosts


def test_the_policy_for_an_organization_is_sufficient(list_as: Callable[[Policy], list[str]]) -> None:
    assert list_as(ORGANIZATION) == ["222222222222"]


@pytest.mark.parametrize(("removed", "reduced"), list(policies_less_one_action(ORGANIZATION)), ids=str)
def test_reduced_policies_for_an_organization_are_denied(
    list_as: Callable[[Policy], list[str]], removed: str, reduced: Policy
) -> None:
    with pytest.raises(AnsibleParserError, match=removed.partition(":")[2]) as raised:
        list_as(reduced)
    assert "not authorized to perform" in str(raised.value)
