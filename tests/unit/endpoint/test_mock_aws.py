# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the backend with moto's mock_aws, without a server."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from endpoint.backend import models
from moto import mock_aws
from moto.moto_api import state_manager


@pytest.fixture
def no_retries() -> Config:
    return Config(retries={"total_max_attempts": 1})


@mock_aws
def test_create_tag_and_delete(no_retries: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.SETTINGS, "enabled_accounts", ["123456789012"])
    client = boto3.client("ssm-incidents", region_name="eu-north-1", config=no_retries)
    state_manager.set_transition("ssm-incidents::replication-set", {"progression": "manual", "times": 1})
    arn = client.create_replication_set(regions={"eu-north-1": {}}, tags={"a/b": "c"})["arn"]
    assert client.get_replication_set(arn=arn)["replicationSet"]["status"] == "ACTIVE"
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a/b": "c"}
    client.untag_resource(resourceArn=arn, tagKeys=["a/b"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    client.delete_replication_set(arn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_replication_set(arn=arn)
    state_manager.unset_transition("ssm-incidents::replication-set")
