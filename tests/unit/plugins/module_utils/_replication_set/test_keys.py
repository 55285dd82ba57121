# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that malformed answers of KMS, or answers about another key, are refused, and that slow ones are not waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.parallel import in_parallel
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.keys import describe_key
from endpoint.client import USER
from helpers.credentials import module_options
from helpers.failing_servers import AnsweringServer

ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
METADATA = {
    "Arn": ARN,
    "Enabled": True,
    "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyState": "Enabled",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "Origin": "AWS_KMS",
}


def describe(metadata: dict[str, Any]) -> dict[str, Any] | None:
    with AnsweringServer(json.dumps({"KeyMetadata": metadata}), 200) as kms:
        options = module_options(USER)
        keys = {"aws_access_key_id": options["access_key"], "aws_secret_access_key": options["secret_key"]}
        client = Connection("eu-west-1", kms.url, keys, {}).client("kms")
        return describe_key(client, ARN)


def test_an_answer_about_the_requested_key() -> None:
    assert describe(METADATA) == METADATA


@pytest.mark.parametrize(
    "changes", [{"Arn": ARN.replace("1234", "9999")}, {"Arn": None}, {"KeyState": None}, {"CustomKeyStoreId": {"a": 1}}]
)
def test_malformed_answers_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Failure) as raised:
        describe({**METADATA, **changes})
    assert raised.value.code == "MalformedAnswer"


def test_slow_answers_are_not_waited_for() -> None:
    forever = Event()
    calls: dict[str, Callable[[], object]] = {"quick": lambda: 1, "slow": forever.wait}
    results = dict(in_parallel(calls, 0.2))
    forever.set()
    slow = results["slow"]
    assert results["quick"] == 1
    assert isinstance(slow, Failure) and slow.code == "ReadTimeoutError"
