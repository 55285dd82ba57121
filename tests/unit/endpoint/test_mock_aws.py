# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the backend with moto's mock_aws, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, EndpointResolutionError
from botocore.httpsession import URLLib3Session
from endpoint.backend import models, utils
from moto import mock_aws
from moto.moto_api import state_manager

from .calls import error_code

# Regions with the service, Regions without it, and Regions of the other partitions, which have other domains.
REGIONS = ("us-east-1", "eu-west-1", "af-south-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1")
FIPS = {"use_fips_endpoint": True}
DUAL_STACK = {"use_dualstack_endpoint": True}
WITH_FIPS = [FIPS, {**FIPS, **DUAL_STACK}]


@pytest.fixture
def no_retries() -> Config:
    return Config(retries={"total_max_attempts": 1})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the list of the URLs of requests that would go to the network. They get no answer."""
    urls: list[str] = []

    def send(_self: Any, request: Any) -> None:
        urls.append(request.url)
        raise ConnectionError("This test sends nothing")

    monkeypatch.setattr(URLLib3Session, "send", send)
    monkeypatch.setattr(models.SETTINGS, "enabled_accounts", ["123456789012"])
    with mock_aws():
        yield urls


def client_with(service: str, region: str, variant: dict[str, bool]) -> Any:
    config = Config(retries={"total_max_attempts": 1}, **variant)
    return boto3.client(service, region_name=region, config=config)


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


@pytest.mark.sample(9)
@pytest.mark.parametrize("variant", [{}, FIPS, DUAL_STACK, {**FIPS, **DUAL_STACK}])
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", ["ssm-incidents", "ssm-contacts"])
def test_no_request_goes_to_the_network(sent: list[str], service: str, region: str, variant: dict[str, bool]) -> None:
    client = client_with(service, region, variant)
    exists = region in utils.service_regions() and (region in utils.FIPS_REGIONS[service] or variant not in WITH_FIPS)
    if service == "ssm-incidents":
        call, answer = client.list_replication_sets, ""
    else:
        # botocore's data has no dual-stack endpoints for it. Whether they exist is unknown.
        call, answer = client.list_contacts, "ValidationException"
        exists = exists and not variant.get("use_dualstack_endpoint")
    if not exists:
        # For some partitions, older releases of botocore have no host name.
        with pytest.raises((EndpointConnectionError, EndpointResolutionError)):
            call()
    else:
        assert error_code(call) == answer
    assert sent == []


@pytest.mark.parametrize("variant", [FIPS, DUAL_STACK, {**FIPS, **DUAL_STACK}])
def test_every_endpoint_has_the_same_set(sent: list[str], variant: dict[str, bool]) -> None:
    plain = client_with("ssm-incidents", "us-east-1", {})
    arn = plain.create_replication_set(regions={"us-east-1": {}}, tags={"a": "b"})["arn"]
    client = client_with("ssm-incidents", "us-east-1", variant)
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    assert "us-east-1" in client.get_replication_set(arn=arn)["replicationSet"]["regionMap"]
    assert sent == []


def test_operations_that_are_not_served(sent: list[str]) -> None:
    incidents, contacts = (client_with(name, "eu-west-1", {}) for name in ("ssm-incidents", "ssm-contacts"))
    arn = "arn:aws:ssm-contacts:eu-west-1:123456789012:contact/someone"
    assert error_code(incidents.delete_incident_record, arn=arn) == "UnknownOperationException"
    # The operation of ssm-incidents with the same name is served.
    assert error_code(contacts.untag_resource, ResourceARN=arn, TagKeys=["a"]) == "UnknownOperationException"
    assert sent == []
