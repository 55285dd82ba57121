# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of each rule with facts that meet it, facts that break it, and facts that lack what it needs."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import (
    key_facts,
    replication_set_facts,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import parse_replication_set
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rules import (
    FAILED,
    PASSED,
    RULE_OPTIONS,
    RULES,
    UNKNOWN,
    evaluate,
    outcome_of,
    validated_rules,
)
from hypothesis import given
from hypothesis import strategies as st

ARN = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACTIVE = {"sseKmsKeyId": KEY, "status": "ACTIVE"}


METADATA: dict[str, Any] = {
    "Enabled": True,
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyState": "Enabled",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "Origin": "AWS_KMS",
}
PENDING = {
    **METADATA,
    "DeletionDate": datetime(2026, 12, 24, 18, 0, tzinfo=UTC),
    "Enabled": False,
    "KeyState": "PendingDeletion",
}


def facts(
    tags: dict[str, str] | None = None, kms_keys: dict[str, Any] | None = None, **differing: Any
) -> dict[str, Any]:
    """Return the facts about a protected set in eu-west-1 and eu-central-1 with one key.

    :param kms_keys: what KMS returns for each Region's key, as key_facts() takes it.
    :param differing: members of GetReplicationSet's answer that differ.
    """
    answer = {
        "deletionProtected": True,
        "regionMap": {"eu-west-1": ACTIVE, "eu-central-1": ACTIVE},
        "status": "ACTIVE",
        **differing,
    }
    replication_set = dataclasses.replace(parse_replication_set(answer, ARN), tags=tags)
    return replication_set_facts(
        replication_set, {region: key_facts(metadata) for region, metadata in (kms_keys or {}).items()}
    )


def regions(**infos: dict[str, str]) -> dict[str, Any]:
    """Return a regionMap as facts() takes it."""
    return {"regionMap": {name.replace("_", "-"): info for name, info in infos.items()}}


MET: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"regions": ["eu-west-1"]}, facts()),
    ({"regions": ["eu-central-1", "eu-west-1"]}, facts()),
    ({"regions": []}, facts()),
    ({"minimum_regions": 2}, facts()),
    ({"minimum_regions": 1}, facts(**regions(eu_west_1=ACTIVE))),
    ({"active": True}, facts()),
    ({"active": True}, facts(**regions(eu_west_1={**ACTIVE, "statusMessage": "Tagging inaccessible"}))),
    ({"active": False}, facts(status="FAILED", **regions(eu_west_1={**ACTIVE, "status": "FAILED"}))),
    ({"customer_managed_keys": True}, facts()),
    ({"customer_managed_keys": False}, facts(**regions(eu_west_1={"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}))),
    ({"customer_managed_keys": False}, facts(**regions(eu_west_1={"status": "ACTIVE"}))),
    ({"allowed_kms_keys": [OTHER_KEY, KEY]}, facts()),
    ({"allowed_kms_keys": ["arn:aws:kms:*:111122223333:key/*"]}, facts()),
    (
        {"allowed_kms_keys": ["DefaultKey"]},
        facts(**regions(eu_west_1={"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"})),
    ),
    ({"usable_keys": True}, facts(kms_keys={"eu-west-1": METADATA, "eu-central-1": METADATA})),
    ({"usable_keys": True}, facts(**regions(eu_west_1={"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}))),
    ({"usable_keys": False}, facts(kms_keys={"eu-west-1": PENDING})),
    ({"deletion_protected": True}, facts()),
    ({"deletion_protected": False}, facts(deletionProtected=False)),
    ({"tags": {"Team": "Resilience"}}, facts({"Team": "Resilience", "More": "1"})),
    ({"tags": {"Team": None}}, facts({"Team": ""})),
    ({"tags": {}}, facts(None)),
]

# The rules, the facts, and of the finding the rule, the Region, the actual value and a part of the message.
BROKEN: list[tuple[dict[str, Any], dict[str, Any], str, str | None, Any, str]] = [
    (
        {"regions": ["us-east-1"]},
        facts(),
        "regions",
        "us-east-1",
        ["eu-central-1", "eu-west-1"],
        "us-east-1 is missing from",
    ),
    (
        {"regions": ["eu-west-1"]},
        facts(**regions(eu_west_1={**ACTIVE, "status": "DELETING"}, eu_central_1=ACTIVE)),
        "regions",
        "eu-west-1",
        ["eu-central-1"],
        "eu-west-1 is missing from",
    ),
    ({"minimum_regions": 3}, facts(), "minimum_regions", None, 2, "at least 3"),
    (
        {"minimum_regions": 2},
        facts(**regions(eu_west_1=ACTIVE, eu_central_1={**ACTIVE, "status": "DELETING"})),
        "minimum_regions",
        None,
        1,
        "in eu-west-1, but must be in at least 2",
    ),
    ({"active": True}, facts(status="UPDATING"), "active", None, "UPDATING", "The set is UPDATING"),
    (
        {"active": True},
        facts(**regions(eu_west_1={**ACTIVE, "status": "FAILED", "statusMessage": "No such key"})),
        "active",
        "eu-west-1",
        "FAILED",
        "FAILED (No such key)",
    ),
    (
        {"customer_managed_keys": True},
        facts(**regions(eu_west_1={"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"})),
        "customer_managed_keys",
        "eu-west-1",
        "DefaultKey",
        "the AWS owned key",
    ),
    (
        {"allowed_kms_keys": [KEY]},
        facts(**regions(eu_west_1=ACTIVE, eu_central_1={**ACTIVE, "sseKmsKeyId": OTHER_KEY})),
        "allowed_kms_keys",
        "eu-central-1",
        OTHER_KEY,
        OTHER_KEY,
    ),
    (
        {"allowed_kms_keys": ["arn:aws:kms:*:111122223333:key/*"]},
        facts(**regions(eu_west_1={"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"})),
        "allowed_kms_keys",
        "eu-west-1",
        "DefaultKey",
        "not one of the allowed",
    ),
    (
        {"usable_keys": True},
        facts(kms_keys={"eu-west-1": METADATA, "eu-central-1": PENDING}),
        "usable_keys",
        "eu-central-1",
        key_facts(PENDING),
        "PendingDeletion, and KMS will delete it on 2026-12-24T18:00:00",
    ),
    (
        {"usable_keys": True},
        facts(kms_keys={"eu-west-1": {**METADATA, "Origin": "EXTERNAL"}, "eu-central-1": METADATA}),
        "usable_keys",
        "eu-west-1",
        key_facts({**METADATA, "Origin": "EXTERNAL"}),
        "imported",
    ),
    (
        {"usable_keys": True},
        facts(kms_keys={"eu-west-1": METADATA, "eu-central-1": None}),
        "usable_keys",
        "eu-central-1",
        key_facts(None),
        "the key does not exist in KMS",
    ),
    ({"deletion_protected": True}, facts(deletionProtected=False), "deletion_protected", None, False, "is off"),
    ({"deletion_protected": False}, facts(), "deletion_protected", None, True, "is on but must be off"),
    ({"tags": {"Team": "Resilience"}}, facts({"Team": "resilience"}), "tags", None, {"Team": "resilience"}, "Team is"),
    ({"tags": {"Team": "Resilience"}}, facts({"team": "Resilience"}), "tags", None, {}, "Team is missing"),
    ({"tags": {"Team": None}}, facts({}), "tags", None, {}, "Team is missing"),
]

UNKNOWN_FACTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"tags": {"Team": None}}, facts(None)),
    ({"customer_managed_keys": True}, facts(**regions(eu_west_1={"status": "ACTIVE"}))),
    ({"allowed_kms_keys": [KEY]}, facts(**regions(eu_west_1={"status": "ACTIVE"}))),
    ({"usable_keys": True}, facts(kms_keys={"eu-west-1": METADATA})),
    ({"usable_keys": True}, facts(**regions(eu_west_1={"status": "ACTIVE"}))),
    ({"deletion_protected": True}, facts(deletionProtected=None)),
    ({"deletion_protected": False}, facts(deletionProtected=None)),
]


@pytest.mark.parametrize("state", ["present", "any"])
@pytest.mark.parametrize(("rules", "replication_set"), MET)
def test_met(rules: dict[str, Any], replication_set: dict[str, Any], state: str) -> None:
    assert evaluate({"state": state, **rules}, True, replication_set) == []
    assert outcome_of([]) == PASSED


@pytest.mark.parametrize(("rules", "replication_set", "rule", "region", "found", "part"), BROKEN)
def test_broken(
    rules: dict[str, Any], replication_set: dict[str, Any], rule: str, region: str | None, found: Any, part: str
) -> None:
    (finding,) = evaluate({"state": "present", **rules}, True, replication_set)
    assert (finding["rule"], finding["region"], finding["actual"], finding["known"]) == (rule, region, found, True)
    assert finding["expected"] not in (None, [], {})
    assert part in finding["msg"] and not finding["msg"].endswith(".")
    assert outcome_of([finding]) == FAILED


@pytest.mark.parametrize(("rules", "replication_set"), UNKNOWN_FACTS)
def test_unknown_values_do_not_pass(rules: dict[str, Any], replication_set: dict[str, Any]) -> None:
    (finding,) = evaluate({"state": "present", **rules}, True, replication_set)
    assert (finding["known"], finding["actual"]) == (False, None)
    assert "unknown" in finding["msg"]
    assert outcome_of([finding]) == UNKNOWN


def test_every_rule_is_tested() -> None:
    assert {name for rules, *_others in MET for name in rules} == set(RULES)
    assert {rule for _rules, _facts, rule, *_others in BROKEN} == set(RULES)
    assert {"state", *RULES} == set(RULE_OPTIONS)


@pytest.mark.parametrize(
    ("state", "exists", "expected"),
    [
        ("present", True, PASSED),
        ("present", False, FAILED),
        ("absent", True, FAILED),
        ("absent", False, PASSED),
        ("any", True, PASSED),
        ("any", False, PASSED),
    ],
)
def test_state(state: str, exists: bool, expected: str) -> None:
    findings = evaluate({"state": state}, exists, facts() if exists else {})
    assert outcome_of(findings) == expected
    for finding in findings:
        assert (finding["rule"], finding["expected"]) == ("state", state)
        assert finding["actual"] == ("present" if exists else "absent")


def test_without_a_set_only_the_state_is_found() -> None:
    rules = {"state": "present", "minimum_regions": 2, "deletion_protected": True, "tags": {"Team": None}}
    assert [finding["rule"] for finding in evaluate(rules, False, {})] == ["state"]


def test_all_findings_at_once() -> None:
    rules = {
        "state": "present",
        "regions": ["us-east-1"],
        "minimum_regions": 2,
        "active": True,
        "deletion_protected": True,
        "tags": {"Team": None},
    }
    replication_set = facts(
        {}, status="FAILED", deletionProtected=False, **regions(eu_west_1={**ACTIVE, "status": "FAILED"})
    )
    assert [(finding["rule"], finding["region"]) for finding in evaluate(rules, True, replication_set)] == [
        ("regions", "us-east-1"),
        ("minimum_regions", None),
        ("active", None),
        ("active", "eu-west-1"),
        ("deletion_protected", None),
        ("tags", None),
    ]


statuses = st.sampled_from(["ACTIVE", "CREATING", "DELETING", "FAILED"])
region_infos = st.fixed_dictionaries(
    {"status": statuses},
    optional={"sseKmsKeyId": st.sampled_from([KEY, OTHER_KEY, "DefaultKey"]), "statusMessage": st.text(max_size=9)},
)
answers = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["ACTIVE", "CREATING", "UPDATING", "DELETING", "FAILED"]),
        "regionMap": st.dictionaries(
            st.sampled_from(["eu-west-1", "us-east-1", "us-west-2"]), region_infos, min_size=1
        ),
    },
    optional={"deletionProtected": st.booleans()},
)
any_rules = st.fixed_dictionaries(
    {"state": st.sampled_from(["present", "any"])},
    optional={
        "regions": st.lists(st.sampled_from(["eu-west-1", "us-east-1"]), unique=True),
        "minimum_regions": st.integers(1, 3),
        "active": st.booleans(),
        "customer_managed_keys": st.booleans(),
        "allowed_kms_keys": st.lists(st.sampled_from([KEY, "DefaultKey"]), min_size=1),
        "usable_keys": st.booleans(),
        "deletion_protected": st.booleans(),
        "tags": st.dictionaries(st.sampled_from("ab"), st.none() | st.sampled_from("xy")),
    },
)


kms_keys = st.dictionaries(st.sampled_from(["eu-west-1", "us-east-1"]), st.sampled_from([METADATA, PENDING, None]))


@given(any_rules, answers, st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")), kms_keys)
def test_rules_do_not_depend_on_each_other(rules: dict[str, Any], answer: Any, tags: Any, keys: Any) -> None:
    described = {region: key_facts(metadata) for region, metadata in keys.items()}
    found = dataclasses.replace(parse_replication_set(answer, ARN), tags=tags)
    replication_set = replication_set_facts(found, described)
    together = evaluate(rules, True, replication_set)
    alone = [
        finding
        for name, value in rules.items()
        if name != "state"
        for finding in evaluate({"state": rules["state"], name: value}, True, replication_set)
    ]
    assert sorted(together, key=repr) == sorted(alone, key=repr)
    assert (outcome_of(together) == PASSED) == (not alone)
    # The same rules, written again without the collection's code.
    remaining = {name: info for name, info in answer["regionMap"].items() if info["status"] != "DELETING"}
    broken = {finding["rule"] for finding in together}
    assert ("regions" in broken) == (not set(rules.get("regions", ())) <= set(remaining))
    assert ("minimum_regions" in broken) == (len(remaining) < rules.get("minimum_regions", 0))
    all_statuses = {answer["status"], *(info["status"] for info in answer["regionMap"].values())}
    assert ("active" in broken) == (rules.get("active", False) and all_statuses != {"ACTIVE"})


# The options ----------------------------------------------------------------------------------------------------------


def checked(**options: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in RULE_OPTIONS.items()}
    return validated_rules({**defaults, **options}, options)


def test_the_rules_without_any_option() -> None:
    assert checked() == {
        "state": "present",
        "minimum_regions": 2,
        "active": True,
        "customer_managed_keys": False,
        "usable_keys": False,
    }


def test_tags_are_strings() -> None:
    assert checked(tags={"CostCenter": 17, "Team": None})["tags"] == {"CostCenter": "17", "Team": None}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"state": "absent", "regions": ["eu-west-1"]}, ["state", "absent can't be combined with regions"]),
        (
            {"state": "absent", "minimum_regions": 2, "deletion_protected": False},
            ["combined with minimum_regions and deletion_protected"],
        ),
        ({"regions": ["eu-west"]}, ["regions", "'eu-west'"]),
        ({"allowed_kms_keys": []}, ["allowed_kms_keys", "empty"]),
        ({"regions": []}, ["regions", "empty"]),
        ({"regions": None}, ["regions", "empty"]),
        ({"tags": {}}, ["tags", "empty"]),
        ({"deletion_protected": None}, ["deletion_protected", "empty"]),
        ({"allowed_kms_keys": ["alias/mine"]}, ["allowed_kms_keys", "'alias/mine'"]),
        ({"allowed_kms_keys": ["defaultkey"]}, ["allowed_kms_keys", "'defaultkey'"]),
    ],
)
def test_refused_by_name(options: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(Failure) as failure:
        checked(**options)
    assert failure.value.code == "InvalidParameter"
    for part in parts:
        assert part in str(failure.value)


def test_absent_alone_is_no_contradiction() -> None:
    assert checked(state="absent") == {"state": "absent"}
