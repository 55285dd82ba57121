# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the service's rules, over HTTP. models.py names the source of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from endpoint.backend import models
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.recorded import REPLICATION_SET

from .calls import ARN, IMMEDIATE, Connect, error_code, send_signed

OTHER_ACCOUNT = "222222222222"


def active_body(regions: tuple[str, ...] = ("us-east-1", "eu-west-1")) -> dict[str, Any]:
    return {"status": "ACTIVE", "regionMap": {name: {"status": "ACTIVE"} for name in regions}}


def add_actions(region: str, **key: str) -> list[dict[str, Any]]:
    return [{"addRegionAction": {"regionName": region, **key}}]


def delete_actions(region: str) -> list[dict[str, Any]]:
    return [{"deleteRegionAction": {"regionName": region}}]


def key_arn(region: str, account: str = "123456789012") -> str:
    return f"arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def enable(endpoint: LocalEndpoint) -> None:
    """Enable the account, which is no longer enabled after it has deleted its set."""
    endpoint.configure(enabled_accounts=["123456789012"])


def statuses(client: Any, arn: str) -> tuple[str, dict[str, str]]:
    found = client.get_replication_set(arn=arn)["replicationSet"]
    return found["status"], {name: region["status"] for name, region in found["regionMap"].items()}


class TestCreate:
    def test_polls_change_the_status_to_active(self, client: Any) -> None:
        arn = client.create_replication_set(regions={"us-east-1": {}, "eu-west-1": {}})["arn"]
        assert statuses(client, arn) == ("CREATING", {"us-east-1": "CREATING", "eu-west-1": "CREATING"})
        assert statuses(client, arn) == ("ACTIVE", {"us-east-1": "ACTIVE", "eu-west-1": "ACTIVE"})
        assert statuses(client, arn)[0] == "ACTIVE"

    def test_keys_and_the_caller(self, endpoint: LocalEndpoint, client: Any) -> None:
        keys = {name: endpoint.make_key(key_arn(name)) for name in ("us-east-1", "eu-west-1")}
        regions = {name: {"sseKmsKeyId": key} for name, key in keys.items()}
        arn = client.create_replication_set(regions=regions, tags={"Team": "ops", "empty": ""})["arn"]
        found = client.get_replication_set(arn=arn)["replicationSet"]
        assert {name: region["sseKmsKeyId"] for name, region in found["regionMap"].items()} == keys
        assert found["createdBy"] == found["lastModifiedBy"] == "arn:aws:sts::123456789012:user/moto"
        assert not found["deletionProtected"]
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Team": "ops", "empty": ""}

    def test_only_in_an_account_that_is_enabled(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(enabled_accounts=[OTHER_ACCOUNT])
        with pytest.raises(ClientError) as caught:
            client.create_replication_set(regions={"us-east-1": {}})
        answer: Any = caught.value.response
        assert answer["Error"]["Code"] == "UnsupportedOperationException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        endpoint.configure(enabled_accounts=["123456789012"])
        client.create_replication_set(regions={"us-east-1": {}})

    def test_not_again_in_an_account_that_has_deleted_its_set(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(transition=IMMEDIATE)
        client.delete_replication_set(arn=client.create_replication_set(regions={"us-east-1": {}})["arn"])
        assert error_code(client.create_replication_set, regions={"us-east-1": {}}) == "UnsupportedOperationException"
        enable(endpoint)
        client.create_replication_set(regions={"us-east-1": {}})

    def test_one_set_per_account(self, endpoint: LocalEndpoint, connect: Connect) -> None:
        arn = endpoint.seed(active_body())
        with pytest.raises(ClientError) as caught:
            connect("us-west-2").create_replication_set(regions={"us-west-2": {}})
        answer: Any = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 402
        assert answer["Error"]["Code"] == "ServiceQuotaExceededException"
        assert answer["serviceCode"] == "ssm-incidents"
        assert (answer["resourceIdentifier"], answer["resourceType"]) == (arn, "REPLICATION_SET")
        assert answer["quotaCode"]

    def test_one_of_several_calls_at_the_same_time_succeeds(self, client: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            codes = list(
                pool.map(lambda _given: error_code(client.create_replication_set, regions={"us-east-1": {}}), range(8))
            )
        assert sorted(codes) == ["", *["ServiceQuotaExceededException"] * 7]

    def test_calls_are_carried_out_one_at_a_time(self, endpoint: LocalEndpoint) -> None:
        client = endpoint.client(read_timeout=0.1)
        with models.LOCK, pytest.raises(ReadTimeoutError):
            client.list_replication_sets()
        client.list_replication_sets()

    @pytest.mark.parametrize(
        "given",
        [
            {"regions": {}},
            {"regions": {name: {} for name in ("us-east-1", "us-east-2", "us-west-1", "us-west-2")}},
            {"regions": {"us-east-1": {}, "af-south-1": {}}},
            {"regions": {"us-east-1": {}, "x" * 21: {}}},
            {"regions": {"us-east-1": {"sseKmsKeyId": "k" * 2049}}},
            {"regions": {"us-east-1": {"sseKmsKeyId": "DefaultKey"}}},
            {"regions": {"eu-west-1": {}}},
            {"regions": {"us-east-1": {}}, "tags": {"aws:own": "x"}},
            {"regions": {"us-east-1": {}}, "tags": {"k" * 129: "x"}},
            {"regions": {"us-east-1": {}}, "tags": {"k": "v" * 257}},
            {"regions": {"us-east-1": {}}, "tags": {"k": "semi;colon"}},
            {"regions": {"us-east-1": {}}, "tags": {"newline\n": ""}},
            {"regions": {"us-east-1": {}}, "tags": {f"k{number}": "" for number in range(51)}},
            {"regions": {"us-east-1": {}}, "tags": {}},
            {"regions": {"us-east-1": {}}, "clientToken": "t" * 129},
            {"regions": ["us-east-1"]},
            {"regions": {"us-east-1": "key"}},
            {"tags": {"k": "v"}},
            [],
            "not JSON",
        ],
    )
    def test_refuses(self, endpoint: LocalEndpoint, client: Any, given: Any) -> None:
        status, answer = send_signed(endpoint.url, "POST", "/createReplicationSet", given)
        assert (status, answer["__type"]) == (400, "ValidationException")
        assert answer["message"]
        assert client.list_replication_sets()["replicationSetArns"] == []


class TestRegions:
    def test_list_from_every_region_of_the_service(self, endpoint: LocalEndpoint, connect: Connect) -> None:
        arn = endpoint.seed(active_body())
        for region in ("us-east-1", "us-west-2", "sa-east-1"):
            assert connect(region).list_replication_sets()["replicationSetArns"] == [arn]

    def test_other_calls_from_a_region_outside_the_set(self, endpoint: LocalEndpoint, connect: Connect) -> None:
        arn = endpoint.seed(active_body())
        outside = connect("us-west-2")
        for call, arguments in (
            (outside.get_replication_set, {"arn": arn}),
            (outside.update_replication_set, {"arn": arn, "actions": add_actions("us-west-2")}),
            (outside.delete_replication_set, {"arn": arn}),
            (outside.update_deletion_protection, {"arn": arn, "deletionProtected": True}),
            (outside.list_tags_for_resource, {"resourceArn": arn}),
            (outside.tag_resource, {"resourceArn": arn, "tags": {"a": "b"}}),
            (outside.untag_resource, {"resourceArn": arn, "tagKeys": ["a"]}),
        ):
            assert error_code(call, **arguments) == "ResourceNotFoundException"
        assert statuses(connect("eu-west-1"), arn)[0] == "ACTIVE"

    @pytest.mark.parametrize("region", ["eu-south-1", "us-gov-west-1", "cn-north-1", "mars-1"])
    def test_no_answer_where_the_service_does_not_exist(self, connect: Connect, region: str) -> None:
        with pytest.raises(ConnectionClosedError):
            connect(region).list_replication_sets()

    def test_other_services_answer_in_a_region_without_the_service(self, endpoint: LocalEndpoint) -> None:
        sts = endpoint.client("sts", "eu-south-1")
        assert sts.get_caller_identity()["Account"] == "123456789012"

    def test_a_region_being_added_does_not_answer_yet(self, endpoint: LocalEndpoint, connect: Connect) -> None:
        arn = endpoint.seed(active_body(("us-east-1",)))
        connect("us-east-1").update_replication_set(arn=arn, actions=add_actions("us-west-2"))
        assert error_code(connect("us-west-2").get_replication_set, arn=arn) == "ResourceNotFoundException"
        assert statuses(connect("us-east-1"), arn)[0] == "UPDATING"
        assert statuses(connect("us-east-1"), arn)[0] == "ACTIVE"
        assert statuses(connect("us-west-2"), arn)[0] == "ACTIVE"

    def test_accounts_are_separate(self, endpoint: LocalEndpoint, connect: Connect) -> None:
        arn = endpoint.seed(active_body())
        other = connect("us-east-1", OTHER_ACCOUNT)
        assert other.list_replication_sets()["replicationSetArns"] == []
        assert error_code(other.get_replication_set, arn=arn) == "AccessDeniedException"
        assert error_code(other.list_tags_for_resource, resourceArn=arn) == "AccessDeniedException"
        other_arn = other.create_replication_set(regions={"us-east-1": {}})["arn"]
        assert f"::{OTHER_ACCOUNT}:" in other_arn
        created_by = other.get_replication_set(arn=other_arn)["replicationSet"]["createdBy"]
        assert created_by == f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/endpoint/endpoint"
        assert connect("us-east-1").list_replication_sets()["replicationSetArns"] == [arn]
        assert endpoint.requests[0]["account"] == OTHER_ACCOUNT

    @pytest.mark.parametrize(
        ("arn", "code"),
        [
            (ARN, "ResourceNotFoundException"),
            ("not-an-arn", "ValidationException"),
            ("arn:aws:ssm-incidents::123456789012:response-plan/p", "ValidationException"),
            ("arn:aws:s3:::bucket", "ValidationException"),
            ("arn:aws:ssm-incidents::123456789012:" + "x" * 1000, "ValidationException"),
        ],
    )
    def test_arns(self, client: Any, arn: str, code: str) -> None:
        assert error_code(client.get_replication_set, arn=arn) == code

    def test_no_arn(self, endpoint: LocalEndpoint) -> None:
        status, answer = send_signed(endpoint.url, "GET", "/getReplicationSet")
        assert (status, answer["__type"]) == (400, "ValidationException")
        assert "'arn'" in answer["message"]


class TestKeys:
    """A set has the AWS owned key in all Regions, or customer managed keys that exist, are enabled and are symmetric."""

    @pytest.fixture
    def kms(self, endpoint: LocalEndpoint) -> Any:
        return endpoint.client("kms")

    def refusal(self, client: Any, key: str) -> str:
        """Create a set with a key, which is refused, and return the message."""
        with pytest.raises(ClientError) as caught:
            client.create_replication_set(regions={"us-east-1": {"sseKmsKeyId": key}})
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        assert client.list_replication_sets()["replicationSetArns"] == []
        return str(caught.value)

    def test_a_new_set_has_one_kind(self, endpoint: LocalEndpoint, client: Any) -> None:
        regions = {"us-east-1": {"sseKmsKeyId": endpoint.make_key(key_arn("us-east-1"))}, "eu-west-1": {}}
        with pytest.raises(ClientError, match=r"ValidationException.*both"):
            client.create_replication_set(regions=regions)

    @pytest.mark.parametrize("own_keys", [True, False])
    def test_a_region_is_added_with_the_kind_of_the_set(
        self, endpoint: LocalEndpoint, client: Any, own_keys: bool
    ) -> None:
        added = {"sseKmsKeyId": endpoint.make_key(key_arn("us-west-2"))}
        right, wrong = (added, {}) if own_keys else ({}, added)
        key = endpoint.make_key(key_arn("us-east-1")) if own_keys else "DefaultKey"
        arn = endpoint.seed(active_set({"us-east-1": key}))
        with pytest.raises(ClientError, match=r"ValidationException.*both"):
            client.update_replication_set(arn=arn, actions=add_actions("us-west-2", **wrong))
        client.update_replication_set(arn=arn, actions=add_actions("us-west-2", **right))

    @pytest.mark.parametrize(
        ("key", "part"),
        [
            ("alias/mine", "ARN"),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", "ARN"),
            (key_arn("us-east-1").replace("key/", "alias/"), "ARN"),
            (key_arn("us-east-1").replace(":aws:", ":aws-cn:"), "Region"),
            (key_arn("us-west-2"), "Region"),
            (key_arn("us-east-1", OTHER_ACCOUNT), "account"),
            (key_arn("us-east-1").replace("1234abcd", "dcba4321"), "does not exist"),
        ],
    )
    def test_keys_that_can_not_be_found(self, endpoint: LocalEndpoint, client: Any, key: str, part: str) -> None:
        for arn in (key_arn("us-east-1"), key_arn("us-west-2"), key_arn("us-east-1", OTHER_ACCOUNT)):
            endpoint.make_key(arn)
        assert part in self.refusal(client, key)

    @pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "does not exist"])
    def test_deleting_a_set_fails_while_its_key_is_unusable(
        self, endpoint: LocalEndpoint, kms: Any, client: Any, state: str
    ) -> None:
        """A key that KMS does not have counts as deleted."""
        endpoint.configure(transition=IMMEDIATE)
        # No other test has made this key.
        key_id = str(uuid4())
        key = f"arn:aws:kms:us-east-1:123456789012:key/{key_id}"
        if state != "does not exist":
            endpoint.make_key(key)
            kms.disable_key(KeyId=key_id)
        if state == "PendingDeletion":
            kms.schedule_key_deletion(KeyId=key_id)
        arn = endpoint.seed(active_set({"us-east-1": key}))
        client.delete_replication_set(arn=arn)
        found = client.get_replication_set(arn=arn)["replicationSet"]
        assert (found["status"], found["regionMap"]["us-east-1"]["status"]) == ("FAILED", "FAILED")
        assert state in found["regionMap"]["us-east-1"]["statusMessage"]
        endpoint.make_key(key)
        client.delete_replication_set(arn=arn)
        assert client.list_replication_sets()["replicationSetArns"] == []

    def test_deleting_a_region_fails_while_its_key_is_disabled(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(transition=IMMEDIATE)
        keys = {name: endpoint.make_key(key_arn(name)) for name in ("us-east-1", "eu-west-1")}
        endpoint.client("kms", "eu-west-1").disable_key(KeyId=keys["eu-west-1"].rpartition("/")[2])
        arn = endpoint.seed(active_set(keys))
        client.update_replication_set(arn=arn, actions=delete_actions("eu-west-1"))
        assert statuses(client, arn) == ("FAILED", {"us-east-1": "ACTIVE", "eu-west-1": "FAILED"})


class TestUpdate:
    def test_adds_a_region(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body())
        client.update_replication_set(arn=arn, actions=add_actions("us-west-2"))
        expected = {"us-east-1": "ACTIVE", "eu-west-1": "ACTIVE", "us-west-2": "CREATING"}
        assert statuses(client, arn) == ("UPDATING", expected)
        assert statuses(client, arn) == ("ACTIVE", {**expected, "us-west-2": "ACTIVE"})

    def test_deletes_a_region(self, endpoint: LocalEndpoint, client: Any, connect: Connect) -> None:
        arn = endpoint.seed(active_body())
        client.update_replication_set(arn=arn, actions=delete_actions("eu-west-1"))
        assert statuses(client, arn) == ("UPDATING", {"us-east-1": "ACTIVE", "eu-west-1": "DELETING"})
        assert statuses(client, arn) == ("ACTIVE", {"us-east-1": "ACTIVE"})
        assert error_code(connect("eu-west-1").get_replication_set, arn=arn) == "ResourceNotFoundException"

    def test_deleting_the_last_region_deletes_the_set(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body(("us-east-1",)))
        client.update_replication_set(arn=arn, actions=delete_actions("us-east-1"))
        assert statuses(client, arn) == ("DELETING", {"us-east-1": "DELETING"})
        assert error_code(client.get_replication_set, arn=arn) == "ResourceNotFoundException"
        assert client.list_replication_sets()["replicationSetArns"] == []

    def test_protection_refuses_to_delete_the_last_region(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(transition=IMMEDIATE)
        arn = endpoint.seed(active_body())
        client.update_deletion_protection(arn=arn, deletionProtected=True)
        client.update_replication_set(arn=arn, actions=delete_actions("eu-west-1"))
        assert (
            error_code(client.update_replication_set, arn=arn, actions=delete_actions("us-east-1"))
            == "ValidationException"
        )
        assert statuses(client, arn) == ("ACTIVE", {"us-east-1": "ACTIVE"})

    def test_one_change_at_a_time(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body())
        client.update_replication_set(arn=arn, actions=add_actions("us-west-2"))
        with pytest.raises(ClientError) as caught:
            client.update_replication_set(arn=arn, actions=delete_actions("eu-west-1"))
        answer: Any = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("ConflictException", 409)
        assert answer["resourceIdentifier"] == arn
        assert error_code(client.tag_resource, resourceArn=arn, tags={"a": "b"}) == "ConflictException"
        assert error_code(client.untag_resource, resourceArn=arn, tagKeys=["a"]) == "ConflictException"
        assert error_code(client.delete_replication_set, arn=arn) == "ValidationException"
        assert error_code(client.update_deletion_protection, arn=arn, deletionProtected=True) == "ValidationException"

    @pytest.mark.parametrize(
        "actions",
        [
            [],
            add_actions("us-west-2") + delete_actions("eu-west-1"),
            [{}],
            [{**add_actions("us-west-2")[0], **delete_actions("eu-west-1")[0]}],
            [{"addRegionAction": {}}],
            add_actions("us-east-1"),
            add_actions("af-south-1"),
            add_actions("us-west-2", sseKmsKeyId=""),
            delete_actions("us-west-2"),
        ],
    )
    def test_refuses(self, endpoint: LocalEndpoint, client: Any, actions: Any) -> None:
        arn = endpoint.seed(active_body())
        given = {"arn": arn, "actions": actions}
        status, answer = send_signed(endpoint.url, "POST", "/updateReplicationSet", given)
        assert (status, answer["__type"]) == (400, "ValidationException")
        assert statuses(client, arn) == ("ACTIVE", {"us-east-1": "ACTIVE", "eu-west-1": "ACTIVE"})

    def test_three_regions_at_most(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body(("us-east-1", "us-east-2", "us-west-1")))
        assert (
            error_code(client.update_replication_set, arn=arn, actions=add_actions("us-west-2"))
            == "ValidationException"
        )

    def test_min_region_age_hours(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(transition=IMMEDIATE, min_region_age_hours=24)
        arn = endpoint.seed({**active_body(), "createdTime": "2021-05-14T17:57:22Z"})
        client.update_replication_set(arn=arn, actions=add_actions("us-west-2"))
        with pytest.raises(ClientError, match="within 24 hours"):
            client.update_replication_set(arn=arn, actions=delete_actions("us-west-2"))
        assert error_code(client.delete_replication_set, arn=arn) == "ValidationException"
        client.update_replication_set(arn=arn, actions=delete_actions("eu-west-1"))

    def test_a_change_replaces_what_was_seeded(self, endpoint: LocalEndpoint, client: Any) -> None:
        before = datetime.now(UTC).replace(microsecond=0)
        arn = endpoint.seed(REPLICATION_SET)
        client.update_deletion_protection(arn=arn, deletionProtected=True)
        found = client.get_replication_set(arn=arn)["replicationSet"]
        assert found["deletionProtected"] and found["lastModifiedTime"] >= before
        assert found["createdTime"] == datetime.fromisoformat(REPLICATION_SET["createdTime"])
        assert found["regionMap"]["us-east-2"]["statusMessage"] == "Tagging inaccessible"


class TestDelete:
    def test_with_several_regions(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body())
        client.delete_replication_set(arn=arn)
        assert statuses(client, arn) == ("DELETING", {"us-east-1": "DELETING", "eu-west-1": "DELETING"})
        assert client.list_replication_sets()["replicationSetArns"] == [arn]
        assert error_code(client.delete_replication_set, arn=arn) == "ValidationException"
        assert error_code(client.get_replication_set, arn=arn) == "ResourceNotFoundException"
        assert client.list_replication_sets()["replicationSetArns"] == []

    def test_not_while_protected(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed({**active_body(), "deletionProtected": True})
        assert error_code(client.delete_replication_set, arn=arn) == "ValidationException"
        client.update_deletion_protection(arn=arn, deletionProtected=False)
        client.delete_replication_set(arn=arn)


class TestTags:
    def test_merge_and_remove(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body(), tags={"CamelKey": "1", "old": "2"})
        client.tag_resource(resourceArn=arn, tags={"old": "3", "with space": "x=y@z:+-/."})
        client.untag_resource(resourceArn=arn, tagKeys=["CamelKey", "unknown"])
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"old": "3", "with space": "x=y@z:+-/."}

    def test_at_most_fifty_tags(self, endpoint: LocalEndpoint, client: Any) -> None:
        arn = endpoint.seed(active_body(), tags={f"k{number}": "" for number in range(50)})
        client.tag_resource(resourceArn=arn, tags={"k0": "again"})
        assert error_code(client.tag_resource, resourceArn=arn, tags={"one": "more"}) == "ServiceQuotaExceededException"

    def test_a_plain_slash_in_the_path(self, endpoint: LocalEndpoint) -> None:
        arn = endpoint.seed(active_body(), tags={"a": "b"})
        assert send_signed(endpoint.url, "GET", f"/tags/{arn}") == (200, {"tags": {"a": "b"}})

    @pytest.mark.parametrize(
        ("arn", "code"),
        [
            ("arn:aws:ssm-incidents::123456789012:response-plan/Example", "ResourceNotFoundException"),
            (ARN, "ResourceNotFoundException"),
            ("arn:aws:s3:::bucket", "ValidationException"),
            ("nonsense", "ValidationException"),
        ],
    )
    def test_arns(self, client: Any, arn: str, code: str) -> None:
        assert error_code(client.list_tags_for_resource, resourceArn=arn) == code

    def test_tag_keys_are_required(self, endpoint: LocalEndpoint) -> None:
        arn = endpoint.seed(active_body())
        status, answer = send_signed(endpoint.url, "DELETE", f"/tags/{arn}")
        assert (status, answer["__type"]) == (400, "ValidationException")


class TestStatuses:
    def test_a_failing_region(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(fail_next={"us-west-2": "KMS key is disabled"})
        arn = endpoint.seed(active_body(("us-east-1",)))
        client.update_replication_set(arn=arn, actions=add_actions("us-west-2"))
        assert statuses(client, arn)[0] == "UPDATING"
        assert statuses(client, arn) == ("FAILED", {"us-east-1": "ACTIVE", "us-west-2": "FAILED"})
        failed = client.get_replication_set(arn=arn)["replicationSet"]["regionMap"]["us-west-2"]
        assert failed["statusMessage"] == "KMS key is disabled"
        assert (
            error_code(client.update_replication_set, arn=arn, actions=delete_actions("us-west-2"))
            == "ConflictException"
        )
        client.delete_replication_set(arn=arn)
        assert statuses(client, arn)[0] == "DELETING"

    def test_a_failing_creation(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(fail_next={"us-east-1": "no"}, transition=IMMEDIATE)
        arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
        assert statuses(client, arn) == ("FAILED", {"us-east-1": "FAILED"})

    def test_progression_by_time(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.configure(transition={"progression": "time", "seconds": 3600})
        arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
        assert {statuses(client, arn)[0] for _time in range(5)} == {"CREATING"}
        endpoint.configure(transition={"progression": "time", "seconds": 0})
        assert statuses(client, arn)[0] == "ACTIVE"

    @pytest.mark.parametrize(
        ("status", "region", "end"),
        [("CREATING", "CREATING", "ACTIVE"), ("UPDATING", "ACTIVE", "ACTIVE"), ("DELETING", "ACTIVE", "gone")],
    )
    def test_statuses_of_seeded_sets_change(
        self, endpoint: LocalEndpoint, client: Any, status: str, region: str, end: str
    ) -> None:
        arn = endpoint.seed({"status": status, "regionMap": {"us-east-1": {"status": region}}})
        assert statuses(client, arn) == (status, {"us-east-1": region})
        if end == "gone":
            assert error_code(client.get_replication_set, arn=arn) == "ResourceNotFoundException"
        else:
            assert statuses(client, arn) == (end, {"us-east-1": end})
