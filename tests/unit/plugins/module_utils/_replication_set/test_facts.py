# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the facts that are made from the service's answers."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import iso_time
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import (
    key_facts,
    key_problem,
    replication_set_facts,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import parse_replication_set
from hypothesis import given
from hypothesis import strategies as st

ARN = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
TIME = datetime(2021, 5, 14, 19, 57, 22, 10000, tzinfo=timezone(timedelta(hours=2)))
REGION = {
    "sseKmsKeyId": "DefaultKey",
    "status": "ACTIVE",
    "statusMessage": "Tagging inaccessible",
    "statusUpdateDateTime": TIME,
}
SET = {
    "arn": ARN,
    "createdBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
    "createdTime": TIME,
    "deletionProtected": False,
    "lastModifiedBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
    "lastModifiedTime": TIME,
    "regionMap": {"us-east-1": REGION},
    "status": "ACTIVE",
}


def subsets(members: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key: st.just(value) for key, value in members.items()})


def facts_of(response: dict[str, Any], tags: dict[str, str] | None = None) -> dict[str, Any]:
    return replication_set_facts(dataclasses.replace(parse_replication_set(response, ARN), tags=tags))


@given(response=subsets(SET), region=subsets(REGION))
def test_all_keys_are_returned_if_members_are_missing(response: dict[str, Any], region: dict[str, Any]) -> None:
    response = {**response, "status": "ACTIVE", "regionMap": {"us-east-1": region}}
    facts = facts_of(response)
    assert set(facts) == {
        "arn",
        "created_by",
        "created_time",
        "deletion_protected",
        "last_modified_by",
        "last_modified_time",
        "region_map",
        "status",
        "tags",
    }
    assert facts["arn"] == ARN
    assert set(facts["region_map"]["us-east-1"]) == {
        "kms_key",
        "sse_kms_key_id",
        "status",
        "status_message",
        "status_update_date_time",
    }
    for member, key in (
        ("status", "status"),
        ("createdBy", "created_by"),
        ("deletionProtected", "deletion_protected"),
    ):
        assert facts[key] == response.get(member)


def test_unknown_members_are_returned() -> None:
    assert facts_of({**SET, "brandNew": 1})["brand_new"] == 1


@pytest.mark.parametrize("tags", [None, {}, {"CostCenter": "A-1", "camelCase": ""}])
def test_tags_are_returned_unchanged(tags: dict[str, str] | None) -> None:
    assert facts_of(SET, tags)["tags"] == tags


def test_times_are_in_utc_and_sort_as_strings() -> None:
    assert iso_time(TIME) == "2021-05-14T17:57:22.010000+00:00"
    whole = TIME.replace(microsecond=0)
    assert iso_time(whole) == "2021-05-14T17:57:22.000000+00:00"
    assert sorted([iso_time(TIME), iso_time(whole)]) == [iso_time(whole), iso_time(TIME)]


# Keys -----------------------------------------------------------------------------------------------------------------

METADATA: dict[str, Any] = {
    "AWSAccountId": "111122223333",
    "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "KeyState": "Enabled",
    "Enabled": True,
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "Origin": "AWS_KMS",
    "KeyManager": "CUSTOMER",
    "MultiRegion": True,
}


def test_the_facts_of_a_key() -> None:
    pending = {**METADATA, "KeyState": "PendingDeletion", "Enabled": False, "DeletionDate": TIME}
    facts = key_facts(pending)
    assert facts == {
        "custom_key_store_id": None,
        "deletion_date": "2021-05-14T17:57:22.010000+00:00",
        "enabled": False,
        "key_manager": "CUSTOMER",
        "key_spec": "SYMMETRIC_DEFAULT",
        "key_state": "PendingDeletion",
        "key_usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
    }
    assert key_facts(METADATA)["deletion_date"] is None
    assert key_facts(None) == {**dict.fromkeys(facts), "enabled": False}
    kms_key = replication_set_facts(parse_replication_set(SET, ARN), {"us-east-1": facts})["region_map"]["us-east-1"][
        "kms_key"
    ]
    assert kms_key == facts


def test_a_key_that_incident_manager_can_use() -> None:
    assert key_problem(key_facts(METADATA)) is None


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"KeyState": "Disabled", "Enabled": False}, ["Disabled"]),
        ({"KeyState": "PendingDeletion", "DeletionDate": TIME}, ["PendingDeletion", "2021-05-14"]),
        ({"KeyState": "PendingImport", "Origin": "EXTERNAL"}, ["PendingImport"]),
        ({"KeyState": "Unavailable"}, ["Unavailable"]),
        ({"KeyState": "SomethingNew"}, ["SomethingNew"]),
        ({"Origin": "EXTERNAL"}, ["imported", "EXTERNAL"]),
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}, ["custom key store", "cks-123"]),
        ({"Origin": "EXTERNAL_KEY_STORE"}, ["custom key store"]),
        ({"KeySpec": "RSA_2048"}, ["symmetric", "RSA_2048"]),
        ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, ["HMAC_256", "GENERATE_VERIFY_MAC"]),
        ({"KeyManager": "AWS"}, ["AWS managed key"]),
        ({"Enabled": False}, ["not enabled"]),
        ({"KeyUsage": "SIGN_VERIFY"}, ["symmetric", "SIGN_VERIFY"]),
    ],
)
def test_a_key_that_incident_manager_can_not_use(changes: dict[str, Any], parts: list[str]) -> None:
    problem = key_problem(key_facts({**METADATA, **changes}))
    assert problem
    for part in parts:
        assert part in problem


def test_a_key_that_is_gone() -> None:
    assert key_problem(key_facts(None)) == "the key does not exist in KMS"
