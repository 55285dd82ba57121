# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the settings for behavior of the service that is unknown."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from endpoint.client import active_set
from endpoint.server import LocalEndpoint

from .calls import IMMEDIATE, Connect, error_code

KEYS = {"us-east-1": "DefaultKey", "eu-west-1": "DefaultKey"}
TAGS = {"a": "b"}


def protection(client: Any, arn: str) -> bool:
    return bool(client.get_replication_set(arn=arn)["replicationSet"]["deletionProtected"])


def tags(client: Any, arn: str) -> dict[str, str]:
    found: dict[str, str] = client.list_tags_for_resource(resourceArn=arn)["tags"]
    return found


class TestReadLag:
    @pytest.fixture
    def arn(self, endpoint: LocalEndpoint) -> str:
        endpoint.configure(read_lag={"reads": 2}, transition=IMMEDIATE)
        return endpoint.seed(active_set(KEYS, deletionProtected=False))

    def test_each_region_shows_a_write_after_some_reads(self, client: Any, connect: Connect, arn: str) -> None:
        client.update_deletion_protection(arn=arn, deletionProtected=True)
        for region in KEYS:
            assert [protection(connect(region), arn) for _read in range(4)] == [False, False, True, True]

    def test_tags(self, client: Any, arn: str) -> None:
        client.tag_resource(resourceArn=arn, tags=TAGS)
        assert [tags(client, arn) for _read in range(3)] == [{}, {}, TAGS]

    def test_a_set_that_was_created(self, endpoint: LocalEndpoint, client: Any, connect: Connect) -> None:
        endpoint.configure(read_lag={"reads": 1})
        arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
        west = connect("us-west-2")
        assert [west.list_replication_sets()["replicationSetArns"] for _read in range(2)] == [[], [arn]]
        assert error_code(client.get_replication_set, arn=arn) == "ResourceNotFoundException"
        # A read that lags does not count as a poll.
        found = [client.get_replication_set(arn=arn)["replicationSet"]["status"] for _read in range(2)]
        assert found == ["CREATING", "ACTIVE"]

    def test_a_set_that_was_deleted(self, client: Any, arn: str) -> None:
        client.delete_replication_set(arn=arn)
        assert client.get_replication_set(arn=arn)["replicationSet"]["status"] == "ACTIVE"
        assert client.list_replication_sets()["replicationSetArns"] == [arn]
        assert client.list_replication_sets()["replicationSetArns"] == []
        assert error_code(client.get_replication_set, arn=arn) == "ResourceNotFoundException"

    def test_in_one_region(self, endpoint: LocalEndpoint, client: Any, connect: Connect, arn: str) -> None:
        endpoint.configure(read_lag={"reads": 1, "regions": ["eu-west-1"]})
        client.update_deletion_protection(arn=arn, deletionProtected=True)
        assert protection(client, arn)
        assert [protection(connect("eu-west-1"), arn) for _read in range(2)] == [False, True]

    def test_by_time(self, endpoint: LocalEndpoint, client: Any, arn: str) -> None:
        endpoint.configure(read_lag={"seconds": 3600})
        client.tag_resource(resourceArn=arn, tags=TAGS)
        assert [tags(client, arn) for _read in range(5)] == [{}] * 5
        endpoint.configure(read_lag={"seconds": 0})
        assert tags(client, arn) == TAGS

    def test_several_writes_show_in_their_order(self, client: Any, arn: str) -> None:
        client.tag_resource(resourceArn=arn, tags=TAGS)
        assert tags(client, arn) == {}
        client.tag_resource(resourceArn=arn, tags={"c": "d"})
        assert [tags(client, arn) for _read in range(3)] == [{}, TAGS, {**TAGS, "c": "d"}]

    def test_writes_do_not_lag(self, client: Any, arn: str) -> None:
        client.update_deletion_protection(arn=arn, deletionProtected=True)
        assert error_code(client.delete_replication_set, arn=arn) == "ValidationException"

    def test_a_refused_write_does_not_lag(self, endpoint: LocalEndpoint, client: Any, arn: str) -> None:
        endpoint.configure(read_lag={"reads": 10**6})
        assert error_code(client.create_replication_set, regions={"us-east-1": {}}) == "ServiceQuotaExceededException"
        endpoint.configure(read_lag={})
        assert client.list_replication_sets()["replicationSetArns"] == [arn]


class TestUnavailableRegions:
    def test_drop(self, endpoint: LocalEndpoint, client: Any, connect: Connect) -> None:
        endpoint.configure(unavailable_regions={"us-east-1": "drop"})
        for _time in range(2):
            with pytest.raises(ConnectionClosedError):
                client.list_replication_sets()
        with pytest.raises(ConnectionClosedError):
            endpoint.client("ssm-contacts").list_contacts()
        connect("us-west-2").list_replication_sets()
        endpoint.configure(unavailable_regions={})
        client.list_replication_sets()

    def test_503(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(unavailable_regions={"us-east-1": "503"})
        with pytest.raises(ClientError) as caught:
            client.list_replication_sets()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503

    def test_denied(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(unavailable_regions={"us-east-1": "denied"})
        with pytest.raises(client.exceptions.AccessDeniedException, match="service control policy") as caught:
            client.list_replication_sets()
        assert "not authorized to perform: ssm-incidents:ListReplicationSets" in str(caught.value)

    def test_no_write_is_carried_out(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(unavailable_regions={"us-east-1": "503"})
        error_code(client.create_replication_set, regions={"us-east-1": {}})
        endpoint.configure(unavailable_regions={})
        assert client.list_replication_sets()["replicationSetArns"] == []

    def test_fault_rules_are_kept(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "throttle"})
        endpoint.configure(unavailable_regions={"us-east-1": "denied"})
        assert error_code(client.list_replication_sets) == "AccessDeniedException"
        endpoint.configure(unavailable_regions={})
        assert error_code(client.list_replication_sets) == "ThrottlingException"


def test_reset_restores_the_settings(endpoint: LocalEndpoint) -> None:
    before = endpoint.configure()
    endpoint.configure(read_lag={"reads": 1}, unavailable_regions={"us-east-1": "drop"}, deleting_region_answers=True)
    endpoint.reset()
    assert endpoint.configure() == before
