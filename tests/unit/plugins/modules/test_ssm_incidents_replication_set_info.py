# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the info module against the local endpoint."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import VERSION, Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import Failure
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.api import get_replication_set
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import replication_set_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import SEARCH_DEFAULTS
from botocore.config import Config
from endpoint.client import SECRET_KEY, USER, active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT
from helpers.credentials import config_section, module_options
from helpers.failing_servers import RefusingKMS, RefusingSTS, hanging_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_ssl_devcert

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
SERVICE_REGIONS = boto3.Session().get_available_regions("ssm-incidents")

NO_RETRIES = {"retries": {"total_max_attempts": 1}}

Run = Callable[..., Any]


@pytest.fixture
def info(run_module: Run) -> Run:
    """Return a function that runs the module."""

    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_replication_set_info", **options)

    return run


def assert_explained(outcome: Any, code: str, *parts: str) -> None:
    """Assert that a failure has all keys that playbooks use, these parts in its message, and neither a traceback nor a
    secret."""
    assert outcome.failed
    assert outcome["error"]["code"] == code
    assert outcome["error"]["message"]
    assert isinstance(outcome["response_metadata"], dict)
    assert outcome["boto3_version"] and outcome["botocore_version"]
    for part in parts:
        assert part in outcome["msg"]
    assert "Traceback" not in outcome.output
    assert SECRET_KEY not in outcome.output


# Facts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", [ARN, None])
def test_recorded_set(info: Run, recorded_arn: str, arn: str | None) -> None:
    outcome = info(arn=arn, include_tags=False)
    assert outcome.result == {
        "changed": False,
        "exists": True,
        "region": "us-east-1",
        "replication_set": {
            "arn": ARN,
            "created_by": "arn:aws:sts::111122223333:assumed-role/Admin/username",
            "created_time": "2021-05-14T17:57:22.010000+00:00",
            "deletion_protected": False,
            "last_modified_by": "arn:aws:sts::111122223333:assumed-role/Admin/username",
            "last_modified_time": "2021-05-14T17:57:22.010000+00:00",
            "region_map": {
                "us-east-1": {
                    "kms_key": None,
                    "sse_kms_key_id": "DefaultKey",
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": None,
                },
                "us-east-2": {
                    "kms_key": None,
                    "sse_kms_key_id": "DefaultKey",
                    "status": "ACTIVE",
                    "status_message": "Tagging inaccessible",
                    "status_update_date_time": None,
                },
            },
            "status": "ACTIVE",
            "tags": None,
        },
        **({"invocation": outcome["invocation"]} if "invocation" in outcome.result else {}),
    }


def test_all_fields_of_the_model(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(answer_shape="model", transition={"progression": "immediate"})
    keys = {
        region: endpoint.client("kms", region).create_key()["KeyMetadata"]["Arn"]
        for region in ("us-east-1", "eu-west-1")
    }
    client = endpoint.client()
    regions = {region: {"sseKmsKeyId": key} for region, key in keys.items()}
    arn = client.create_replication_set(regions=regions)["arn"]
    client.update_deletion_protection(arn=arn, deletionProtected=True)
    facts = info()["replication_set"]
    assert facts["arn"] == arn
    assert facts["deletion_protected"] is True
    assert {region: info["sse_kms_key_id"] for region, info in facts["region_map"].items()} == keys
    for time in (facts["created_time"], facts["region_map"]["eu-west-1"]["status_update_date_time"]):
        assert len(time) == len("2021-05-14T17:57:22.010000+00:00") and time.endswith("+00:00")


def test_statuses_are_returned(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 2})
    endpoint.client().create_replication_set(regions={"us-east-1": {}})
    seen = [info(include_tags=False)["replication_set"] for _time in range(3)]
    assert [facts["status"] for facts in seen] == ["CREATING", "ACTIVE", "ACTIVE"]
    assert [facts["region_map"]["us-east-1"]["status"] for facts in seen] == ["CREATING", "ACTIVE", "ACTIVE"]


def test_a_failed_region_with_its_message(info: Run, endpoint: LocalEndpoint) -> None:
    failed = {"status": "FAILED", "statusMessage": "KMS key is disabled"}
    endpoint.seed({"status": "FAILED", "regionMap": {"us-east-1": {"status": "ACTIVE"}, "eu-west-1": failed}}, arn=ARN)
    facts = info()["replication_set"]
    assert facts["status"] == "FAILED"
    assert facts["region_map"]["eu-west-1"]["status_message"] == "KMS key is disabled"


def test_no_set_in_the_account(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="eu-north-1")
    assert not outcome.failed and not outcome["changed"]
    assert (outcome["exists"], outcome["region"], outcome["replication_set"]) == (False, "eu-north-1", {})
    assert endpoint.operations == ["ListReplicationSets"]


def test_the_list_is_paged(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.configure(empty_list_pages=2)
    assert info(include_tags=False)["replication_set"]["arn"] == ARN
    assert endpoint.operations == ["ListReplicationSets"] * 3 + ["GetReplicationSet"]


def test_each_account_has_its_own_set(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    other = endpoint.session("us-east-1", account="222222222222").get_credentials()
    keys = {"access_key": other.access_key, "secret_key": other.secret_key, "session_token": other.token}
    assert info(**keys)["exists"] is False
    assert info()["exists"] is True


def test_check_mode_is_the_same(info: Run, recorded_arn: str) -> None:
    assert info(_check_mode=True).result == info().result


# Tags -----------------------------------------------------------------------------------------------------------------


def test_tags_keep_their_case(info: Run, endpoint: LocalEndpoint) -> None:
    tags = {"CostCenter": "A-1", "camelCase": "Two Words", "snake_case": ""}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}}, arn=ARN, tags=tags)
    assert info()["replication_set"]["tags"] == tags


def test_no_tags_is_an_empty_dict(info: Run, recorded_arn: str) -> None:
    assert info()["replication_set"]["tags"] == {}


def test_tags_denied_is_null_and_one_warning(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.configure(enforce_iam=True)
    user = endpoint.make_user(["ssm-incidents:GetReplicationSet"])
    outcome = info(arn=ARN, **module_options(user))
    assert not outcome.failed
    assert outcome["replication_set"]["status"] == "ACTIVE"
    assert outcome["replication_set"]["tags"] is None
    assert len(outcome["warnings"]) == 1
    assert "ssm-incidents:ListTagsForResource" in str(outcome["warnings"][0])
    assert not outcome.result.get("deprecations")


def test_another_fault_of_the_tag_call_is_a_failure(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "error", "code": "ValidationException"})
    assert_explained(info(arn=ARN), "ValidationException", "list the tags", ARN, "us-east-1")


# Keys -----------------------------------------------------------------------------------------------------------------


def key_arn(region: str) -> str:
    return f"arn:aws:kms:{region}:123456789012:key/{uuid4()}"


@pytest.fixture
def own_keys(endpoint: LocalEndpoint) -> dict[str, str]:
    """Seed a set with a customer managed key in each of three Regions, and return the keys by Region."""
    keys = {region: endpoint.make_key(key_arn(region)) for region in ("eu-west-1", "us-east-1", "us-west-2")}
    endpoint.seed(active_set(keys), arn=ARN)
    return keys


def test_keys_are_described_in_their_own_regions(info: Run, endpoint: LocalEndpoint, own_keys: dict[str, str]) -> None:
    disabled, pending = (own_keys[region].rpartition("/")[2] for region in ("us-east-1", "us-west-2"))
    endpoint.client("kms", "us-east-1").disable_key(KeyId=disabled)
    endpoint.client("kms", "us-west-2").schedule_key_deletion(KeyId=pending)
    outcome = info(include_keys=True)
    facts = {region: of_region["kms_key"] for region, of_region in outcome["replication_set"]["region_map"].items()}
    assert facts["eu-west-1"] == {
        "custom_key_store_id": None,
        "deletion_date": None,
        "enabled": True,
        "key_manager": "CUSTOMER",
        "key_spec": "SYMMETRIC_DEFAULT",
        "key_state": "Enabled",
        "key_usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
    }
    assert (facts["us-east-1"]["key_state"], facts["us-east-1"]["enabled"]) == ("Disabled", False)
    assert facts["us-west-2"]["key_state"] == "PendingDeletion"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", facts["us-west-2"]["deletion_date"])
    assert not outcome.result.get("warnings")


def test_a_key_of_which_kms_leaves_out_the_usage(info: Run, endpoint: LocalEndpoint) -> None:
    """moto's KMS does that if a key is created without a usage. A symmetric key has only one usage."""
    key = endpoint.client("kms").create_key()["KeyMetadata"]["Arn"]
    endpoint.seed(active_set({"us-east-1": key}), arn=ARN)
    outcome = info(include_keys=True)
    facts = outcome["replication_set"]["region_map"]["us-east-1"]["kms_key"]
    assert (facts["key_state"], facts["key_usage"]) == ("Enabled", None)
    assert not outcome.result.get("warnings")


def test_a_key_that_kms_does_not_have(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed(active_set({"us-east-1": key_arn("us-east-1")}), arn=ARN)
    outcome = info(include_keys=True)
    key = outcome["replication_set"]["region_map"]["us-east-1"]["kms_key"]
    assert (key.pop("enabled"), set(key.values())) == (False, {None})
    assert not outcome.result.get("warnings")


@pytest.mark.parametrize("regions", [{}, {"us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}}])
def test_the_aws_owned_key_is_not_described(
    info: Run, endpoint: LocalEndpoint, refusing_kms: RefusingKMS, kms_url: Run, regions: dict[str, Any]
) -> None:
    endpoint.seed({"status": "ACTIVE", "regionMap": regions or {"us-east-1": {"status": "ACTIVE"}}}, arn=ARN)
    outcome = info(include_keys=True, **kms_url(refusing_kms.url))
    assert outcome["replication_set"]["region_map"]["us-east-1"]["kms_key"] is None
    assert refusing_kms.requests == [] and not outcome.result.get("warnings")


def test_kms_is_not_called_unless_asked_for(
    info: Run, own_keys: dict[str, str], refusing_kms: RefusingKMS, kms_url: Run
) -> None:
    outcome = info(**kms_url(refusing_kms.url))
    assert {region["kms_key"] for region in outcome["replication_set"]["region_map"].values()} == {None}
    assert refusing_kms.requests == []


def assert_keys_are_unknown(outcome: Any, own_keys: dict[str, str], *parts: str) -> None:
    """Assert that each key is null, with a warning that has these parts, and that all other facts are there."""
    assert not outcome.failed
    assert outcome["replication_set"]["status"] == "ACTIVE" and outcome["replication_set"]["tags"] == {}
    assert {region["kms_key"] for region in outcome["replication_set"]["region_map"].values()} == {None}
    assert len(outcome["warnings"]) == len(own_keys)
    for region, key in own_keys.items():
        (warning,) = [str(warning) for warning in outcome["warnings"] if key in str(warning)]
        for part in (f"Region {region}", f"kms_key of {region} is null", *parts):
            assert part in warning


def test_keys_denied(info: Run, own_keys: dict[str, str], kms_url: Run, refusing_kms: RefusingKMS) -> None:
    outcome = info(include_keys=True, **kms_url(refusing_kms.url))
    assert_keys_are_unknown(outcome, own_keys, "not authorized to perform: kms:DescribeKey", "allow kms:DescribeKey")
    # Each key is tried once.
    assert len(refusing_kms.requests) == len(own_keys)


def test_kms_can_not_be_reached(info: Run, own_keys: dict[str, str], kms_url: Run, closed_url: str) -> None:
    outcome = info(include_keys=True, **kms_url(closed_url))
    assert_keys_are_unknown(outcome, own_keys, closed_url)


@pytest.mark.slow
def test_kms_hangs(info: Run, own_keys: dict[str, str], kms_url: Run) -> None:
    with hanging_server() as url:
        outcome = info(include_keys=True, aws_config={"read_timeout": 600}, **kms_url(url))
    assert_keys_are_unknown(outcome, own_keys, "Read timeout")


@pytest.mark.parametrize("body", ["{}", "not JSON", '{"KeyMetadata": {"KeyId": "1", "KeyState": "Enabled"}}'])
def test_a_malformed_answer_of_kms(
    info: Run, own_keys: dict[str, str], kms_url: Run, refusing_kms: RefusingKMS, body: str
) -> None:
    refusing_kms.body, refusing_kms.status = body, 200
    outcome = info(include_keys=True, **kms_url(refusing_kms.url))
    assert_keys_are_unknown(outcome, own_keys, "can't be read")


# Calls ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"arn": ARN, "include_tags": False}, ["GetReplicationSet"]),
        ({"arn": ARN}, ["GetReplicationSet", "ListTagsForResource"]),
        ({"include_tags": False}, ["ListReplicationSets", "GetReplicationSet"]),
        ({}, ["ListReplicationSets", "GetReplicationSet", "ListTagsForResource"]),
        ({"search_regions": ["all"], "arn": ARN}, ["GetReplicationSet", "ListTagsForResource"]),
    ],
)
def test_no_other_calls_are_made(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, options: dict[str, Any], calls: list[str]
) -> None:
    assert not info(**options).failed
    assert endpoint.operations == calls


def test_the_user_agent_names_the_collection(info: Run, endpoint: LocalEndpoint) -> None:
    info()
    assert f"incident_manager.aws/{VERSION}" in endpoint.requests[0]["user_agent"]
    assert yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"] == VERSION


# Searching ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", [ARN, None])
def test_outside_the_set_without_a_search(info: Run, recorded_arn: str, arn: str | None) -> None:
    outcome = info(region="eu-west-1", arn=arn)
    assert_explained(outcome, "ResourceNotFoundException", ARN, "eu-west-1 may not be one", "search_regions")
    assert outcome["response_metadata"]["http_status_code"] == 404


@pytest.mark.parametrize("arn", [ARN, None])
def test_search_everywhere(info: Run, endpoint: LocalEndpoint, recorded_arn: str, arn: str | None) -> None:
    outcome = info(region="eu-west-1", arn=arn, search_regions=["all"])
    assert outcome["exists"] is True
    assert outcome["region"] in ("us-east-1", "us-east-2")
    asked = [call["region"] for call in endpoint.requests if call["operation"] == "GetReplicationSet"]
    assert asked[0] == "eu-west-1"
    assert len(asked) == len(set(asked)) and set(asked) <= set(SERVICE_REGIONS)
    assert endpoint.operations.count("ListReplicationSets") == (0 if arn else 1)


def test_search_asks_only_the_regions_named(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["eu-central-1", "eu-west-1", "us-east-2"])
    assert outcome["region"] == "us-east-2"
    assert {call["region"] for call in endpoint.requests} <= {"eu-west-1", "eu-central-1", "us-east-2"}


def test_search_finds_that_the_account_has_none(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="eu-west-1", search_regions=["all"])
    assert (outcome["exists"], outcome["region"]) == (False, "eu-west-1")
    assert {call["operation"] for call in endpoint.requests} == {"ListReplicationSets"}
    assert sorted(call["region"] for call in endpoint.requests) == sorted(SERVICE_REGIONS)


def test_a_set_that_the_own_region_does_not_list_is_found(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str
) -> None:
    """Whether lists are consistent in every Region is not known."""
    body = {"operation": "ListReplicationSets", "fault": "body", "body": '{"replicationSetArns": []}', "times": None}
    endpoint.faults.add({**body, "region": "us-east-1"})
    assert info(region="us-east-1")["exists"] is False
    outcome = info(region="us-east-1", search_regions=["eu-west-1", "us-east-2"])
    assert outcome["exists"] is True and outcome["region"] in ("us-east-1", "us-east-2")


def test_a_set_that_another_region_lists_exists(info: Run, endpoint: LocalEndpoint) -> None:
    """The own Region does not list it yet, and the other Region lists it but does not return it."""
    endpoint.seed(active_set({"eu-west-1": "DefaultKey"}))
    endpoint.faults.add(
        {
            "fault": "body",
            "body": '{"replicationSetArns": []}',
            "operation": "ListReplicationSets",
            "region": "us-east-1",
        },
        {"fault": "error", "code": "AccessDeniedException", "operation": "GetReplicationSet", "times": None},
    )
    outcome = info(region="us-east-1", search_regions=["eu-west-1"])
    assert outcome.failed and "eu-west-1" in outcome["msg"], outcome


def test_denied_regions_do_not_matter_if_the_own_region_lists_no_set(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"region": "us-east-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = info(region="eu-west-1", search_regions=["us-east-1", "eu-central-1"])
    assert (outcome["exists"], outcome["region"]) == (False, "eu-west-1")


def test_search_without_a_result(info: Run, recorded_arn: str) -> None:
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["eu-central-1"])
    assert_explained(
        outcome,
        "ResourceNotFoundException",
        ARN,
        "eu-west-1, eu-central-1",
        "Set search_regions to the Regions of the replication set",
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "error", "code": "AccessDeniedException"},
        {"fault": "error", "code": "UnrecognizedClientException", "http_status": 403},
        {"fault": "reset"},
        pytest.param({"fault": "hang"}, marks=pytest.mark.slow),
        {"fault": "not_json"},
    ],
    ids=lambda fault: fault.get("code", fault["fault"]),
)
def test_a_region_that_refuses_does_not_stop_the_search(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, fault: dict[str, Any]
) -> None:
    for region in ("eu-west-1", "eu-central-1"):
        endpoint.faults.add({"region": region, "times": None, **fault})
    outcome = info(
        region="eu-west-1",
        search_regions=["eu-central-1", "us-east-2"],
        aws_config={"read_timeout": 2, "retries": {"total_max_attempts": 1}},
    )
    assert not outcome.failed, outcome.result
    assert outcome["region"] == "us-east-2"


@pytest.mark.parametrize("arn", [ARN, None])
def test_a_set_is_not_missing_if_a_region_could_not_be_asked(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, arn: str | None
) -> None:
    endpoint.faults.add({"region": "us-east-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = info(region="eu-west-1", arn=arn, search_regions=["us-east-1", "eu-central-1"])
    assert_explained(
        outcome, "AccessDeniedException", "could not be searched", "us-east-1 (An error occurred (AccessDenied"
    )
    assert "does not exist" not in outcome["msg"].lower()


def test_own_region_could_not_be_asked_and_the_others_have_none(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"region": "eu-west-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = info(region="eu-west-1", search_regions=["eu-central-1"])
    assert_explained(outcome, "AccessDeniedException", "could not be searched", "eu-west-1 (")


def test_own_region_without_the_service_and_the_others_have_none(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="af-south-1", search_regions=["all"], aws_config=NO_RETRIES)
    assert not outcome.failed, outcome["msg"]
    assert outcome["exists"] is False and outcome["region"] in SERVICE_REGIONS


@pytest.mark.parametrize("slow_region", ["us-east-1", "us-east-2"])
def test_the_error_code_is_that_of_the_first_region_that_fails(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, slow_region: str
) -> None:
    endpoint.faults.add({"region": slow_region, "fault": "delay", "seconds": 0.2, "times": None})
    endpoint.faults.add({"region": "us-east-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    endpoint.faults.add({"region": "us-east-2", "fault": "reset", "times": None})
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["us-east-1", "us-east-2"], aws_config=NO_RETRIES)
    assert_explained(outcome, "SearchIncomplete", "us-east-1 (", "us-east-2 (", "Fix these errors")
    assert outcome["response_metadata"] == {}


def test_a_reason_that_several_regions_share_is_reported_once(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add(
        {"fault": "error", "code": "UnrecognizedClientException", "message": "Wrong token", "times": None}
    )
    outcome = info(search_regions=["all"])
    assert_explained(outcome, "UnrecognizedClientException", "Check the credentials")
    assert outcome["msg"].count("Wrong token") <= 3
    assert outcome["error"]["message"] == "Wrong token"


@pytest.mark.slow
def test_a_hanging_region_does_not_delay_the_end(start_module: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.faults.add({"region": "eu-central-1", "fault": "hang", "seconds": 110, "times": None})
    options = {
        "region": "eu-west-1",
        "search_regions": ["eu-central-1", "us-east-1"],
        "aws_config": {"read_timeout": 600},
    }
    process = start_module("ssm_incidents_replication_set_info", **options)
    output, errors = process.communicate(timeout=80)
    assert json.loads(output)["region"] == "us-east-1" and errors == ""


def test_search_in_a_partition_without_the_service(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="cn-north-1", search_regions=["all"])
    assert_explained(outcome, "InvalidParameter", "region: ", "aws-cn")
    assert endpoint.requests == []


def test_a_search_has_short_time_limits_by_default() -> None:
    options = {**USER, "aws_session_token": None}
    default = Connection("us-east-1", None, options, SEARCH_DEFAULTS).client("ssm-incidents").meta.config
    assert (default.connect_timeout, default.read_timeout) == (10, 20)
    options["aws_config"] = Config(read_timeout=7)
    configured = Connection("us-east-1", None, options, SEARCH_DEFAULTS).client("ssm-incidents").meta.config
    assert (configured.connect_timeout, configured.read_timeout) == (10, 7)


def test_regions_that_are_denied(info: Run, endpoint: LocalEndpoint) -> None:
    """AWS's message names the policy that denies the call."""
    denied = {"fault": "error", "code": "AccessDeniedException", "http_status": 403, "times": None}
    scp = "not authorized with an explicit deny in a service control policy"
    endpoint.faults.add({**denied, "region": "us-east-1", "message": scp})
    endpoint.faults.add({**denied, "region": "us-east-2", "message": "not authorized"})
    outcome = info(region="us-east-1", search_regions=["us-east-2"])
    assert_explained(outcome, "AccessDeniedException", scp, "in the caller's IAM policy")


# The operation's exceptions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("ThrottlingException", 429, "Try again later"),
        ("ResourceNotFoundException", 404, "search_regions"),
        ("AccessDeniedException", 403, "allow it in the caller's IAM policy"),
        ("ValidationException", 400, "Check the values"),
        ("InternalServerException", 500, "Try again later"),
    ],
)
@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets"])
def test_exceptions_of_the_model(
    info: Run,
    endpoint: LocalEndpoint,
    recorded_arn: str,
    sleeps: list[float],
    operation: str,
    code: str,
    status: int,
    advice: str,
) -> None:
    endpoint.faults.add(
        {"operation": operation, "fault": "error", "code": code, "message": "A test message", "times": None}
    )
    outcome = info()
    assert_explained(outcome, code, "Failed to", "Region us-east-1", "A test message", advice)
    assert outcome["error"]["message"] == "A test message"
    assert outcome["response_metadata"]["http_status_code"] == status
    assert (ARN in outcome["msg"]) == (operation == "GetReplicationSet")


PASSING_FAULTS: list[dict[str, Any]] = [
    {"fault": "throttle"},
    {"fault": "internal"},
    {"fault": "error", "code": "TooManyRequestsException", "http_status": 400},
    {"fault": "error", "code": "RequestTimeout", "http_status": 408},
    {"fault": "error", "code": "ServiceUnavailable", "http_status": 503},
    {"fault": "status", "http_status": 429},
    {"fault": "status", "http_status": 502},
]


@pytest.mark.sample(6)
@pytest.mark.parametrize("fault", PASSING_FAULTS, ids=str)
@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
@pytest.mark.parametrize(
    ("retries", "attempts"), [(None, 10), ({"total_max_attempts": 1}, 1), ({"max_attempts": 2, "mode": "standard"}, 3)]
)
def test_a_read_is_tried_as_often_as_documented(
    info: Run,
    endpoint: LocalEndpoint,
    recorded_arn: str,
    sleeps: list[float],
    operation: str,
    fault: dict[str, Any],
    retries: dict[str, Any] | None,
    attempts: int,
) -> None:
    options = {"aws_config": {"retries": retries}} if retries else {}
    endpoint.faults.add({**fault, "operation": operation, "times": attempts})
    outcome = info(**options)
    assert outcome.failed and endpoint.operations.count(operation) == attempts
    assert (f"after {attempts} attempts" in outcome["msg"]) is (attempts > 1) and "max retries" not in outcome["msg"]
    assert len(sleeps) == attempts - 1

    endpoint.faults.add(
        {**fault, "operation": operation, "times": attempts - 1} if attempts > 1 else {"fault": "delay", "seconds": 0}
    )
    outcome = info(**options)
    assert not outcome.failed, outcome["msg"]


@pytest.mark.parametrize(("fault", "attempts"), [("reset", 10), pytest.param("hang", 2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
def test_a_call_without_a_response_is_retried(
    info: Run,
    endpoint: LocalEndpoint,
    recorded_arn: str,
    sleeps: list[float],
    operation: str,
    fault: str,
    attempts: int,
) -> None:
    """A call that times out is given up early."""
    endpoint.faults.add({"operation": operation, "fault": fault, "times": attempts})
    outcome = info(aws_config={"read_timeout": 1})
    assert outcome.failed and endpoint.operations.count(operation) == attempts
    assert not info().failed


def test_a_502_without_a_body_is_retried(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, sleeps: list[float]
) -> None:
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "status", "http_status": 502, "times": 8})
    assert not info().failed


def test_other_exceptions_are_not_retried(info: Run, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    info()
    assert len(endpoint.requests) == 1


# Credentials, Region, endpoint ----------------------------------------------------------------------------------------


def test_no_credentials(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(access_key=None, secret_key=None)
    assert_explained(outcome, "NoCredentialsError", "us-east-1", "access_key and secret_key", "profile")


@pytest.mark.parametrize("options", [{"secret_key": None}, {"access_key": None}])
def test_partial_credentials(info: Run, endpoint: LocalEndpoint, options: dict[str, Any]) -> None:
    assert_explained(info(**options), "PartialCredentialsError", "us-east-1", "access_key and secret_key")


@pytest.mark.parametrize("module", ["ssm_incidents_replication_set_info", "ssm_incidents_replication_set"])
@pytest.mark.parametrize("name", ["profile", "access_key", "secret_key", "aws_profile", "region"])
@pytest.mark.usefixtures("connected_environment")
def test_empty_credentials_are_refused(
    run_module: Run, endpoint: LocalEndpoint, recorded_arn: str, module: str, name: str
) -> None:
    """Empty credentials do not mean those of the environment, which may be of another account."""
    outcome = run_module(module, **{"access_key": None, "secret_key": None, name: ""})
    assert_explained(outcome, "InvalidParameter", f"{name.removeprefix('aws_')}: must not be empty")
    assert endpoint.requests == []


@pytest.mark.usefixtures("connected_environment")
def test_empty_keys_are_refused_if_another_variable_is_empty(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY", "AWS_SECRET_KEY"):
        monkeypatch.setenv(name, "")
    assert_explained(info(access_key="", secret_key=""), "InvalidParameter", "must not be empty")
    assert endpoint.requests == []


@pytest.mark.usefixtures("connected_environment")
def test_empty_values_that_count_as_not_set(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert info(session_token="")["exists"] is True
    # AWS's own tools treat empty environment variables as not set.
    monkeypatch.setenv("AWS_SESSION_TOKEN", "")
    assert info(access_key=None, secret_key=None)["exists"] is True
    (tmp_path / "config").write_text(config_section("profile ops", USER))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHERKEY")
    assert info(profile="ops", access_key="", secret_key="", session_token="")["exists"] is True


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base", "AccessDenied"),
        ("role_arn = arn:aws:iam::123456789012:role/x", "PartialCredentialsError"),
        ("credential_process = /no/such/program", "CredentialRetrievalError"),
        ("credential_process = echo nonsense", "CredentialRetrievalError"),
        ("credential_process = echo 'unbalanced", "CredentialRetrievalError"),
        (
            "role_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /no/such/file",
            "CredentialRetrievalError",
        ),
        ("sso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = x", None),
    ],
    ids=lambda value: str(value).splitlines()[0],
)
def test_a_profile_without_credentials(
    info: Run,
    endpoint: LocalEndpoint,
    refusing_sts: RefusingSTS,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    code: str | None,
) -> None:
    (tmp_path / "config").write_text(f"{config_section('profile base', USER)}[profile team]\n{profile}\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    outcome = info(access_key=None, secret_key=None, profile="team", search_regions=["all"])
    assert_explained(outcome, code or outcome["error"]["code"], "us-east-1", "profile")
    assert endpoint.requests == []
    # One call, and not one for each Region. boto3 before 1.29 does not know the variable, so it sends nothing here.
    assert len(refusing_sts.requests) <= 1


def test_options_are_checked_before_a_profile_assumes_its_role(
    info: Run, refusing_sts: RefusingSTS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = {"role_arn": "arn:aws:iam::123456789012:role/x", "source_profile": "base"}
    (tmp_path / "config").write_text(config_section("profile base", USER) + config_section("profile team", role))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    assert_explained(info(access_key=None, secret_key=None, profile="team", arn="x"), "InvalidParameter", "'x'")
    assert refusing_sts.requests == []


def test_a_profile_and_a_key_contradict_each_other(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(profile="team"), "InvalidParameter", "'team'", "access_key and secret_key")


def test_unknown_profile(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(access_key=None, secret_key=None, profile="unknown")
    assert_explained(outcome, "ProfileNotFound", "unknown", "option profile")


def test_a_profile_gives_credentials_and_region(info: Run, recorded_arn: str, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(config_section("team", USER))
    (tmp_path / "config").write_text(config_section("profile team", {"region": "us-east-2"}))
    outcome = info(access_key=None, secret_key=None, region=None, profile="team")
    assert outcome["region"] == "us-east-2"


def test_no_region(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(region=None), "NoRegionError", "region", "AWS_REGION")
    assert endpoint.requests == []


def test_not_a_region(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(region="not a region"), "InvalidRegionError", "not a region", "eu-west-1")
    assert endpoint.requests == []


def test_a_region_without_the_service(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="af-south-1", aws_config=NO_RETRIES)
    assert_explained(outcome, "ConnectionClosedError", "af-south-1", "eu-central-1")


def test_refused_endpoint(info: Run, closed_url: str, sleeps: list[float]) -> None:
    outcome = info(arn=ARN, endpoint_url=closed_url)
    assert_explained(outcome, "EndpointConnectionError", ARN, "us-east-1", closed_url)


def test_hanging_endpoint(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"fault": "hang", "times": None})
    outcome = info(arn=ARN, aws_config={"read_timeout": 0.2, "retries": {"total_max_attempts": 1}})
    assert_explained(outcome, "ReadTimeoutError", ARN, "us-east-1", "aws_config")


def test_not_a_url(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(endpoint_url="nonsense"), "InvalidConfiguration", "nonsense", "us-east-1", "endpoint_url")


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_certificate_that_does_not_verify(info: Run, tmp_path: Path) -> None:
    certificate, key = make_ssl_devcert(str(tmp_path / "tls"), host="localhost")
    with LocalEndpoint(tls=(certificate, key)) as endpoint:
        url = endpoint.url.replace("127.0.0.1", "localhost")
        outcome = info(endpoint_url=url, aws_config=NO_RETRIES)
        assert_explained(outcome, "SSLError", "us-east-1", "certificate", "aws_ca_bundle")
        assert info(endpoint_url=url, aws_ca_bundle=certificate)["exists"] is False
        assert info(endpoint_url=url, validate_certs=False)["exists"] is False


@pytest.mark.parametrize(
    "aws_config", [{"no_such_setting": 1}, {"retries": {"mode": "bold"}}, {"connect_timeout": "x"}]
)
def test_bad_aws_config(info: Run, endpoint: LocalEndpoint, aws_config: dict[str, Any]) -> None:
    outcome = info(aws_config=aws_config)
    assert_explained(outcome, outcome["error"]["code"], "aws_config")
    assert endpoint.requests == []


# Answers that can't be read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
@pytest.mark.parametrize("fault", ["not_json", "empty", "cut_json"])
def test_not_json(info: Run, endpoint: LocalEndpoint, recorded_arn: str, operation: str, fault: str) -> None:
    endpoint.faults.add({"operation": operation, "fault": fault, "times": None})
    assert_explained(info(), "MalformedAnswer", "Region us-east-1", "can't be read", "endpoint_url")


@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
def test_truncated(info: Run, endpoint: LocalEndpoint, recorded_arn: str, sleeps: list[float], operation: str) -> None:
    endpoint.faults.add({"operation": operation, "fault": "truncated", "times": None})
    # botocore treats a body that is shorter than its Content-Length as empty.
    assert_explained(info(), "MalformedAnswer", "Region us-east-1")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "replicationSet",
                    "regionMap",
                    "status",
                    "arn",
                    "createdTime",
                    "us-east-1",
                    "statusUpdateDateTime",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=json_values)
def test_any_json(session_endpoint: LocalEndpoint, value: Any) -> None:
    body = json.dumps(value if isinstance(value, dict) and "replicationSet" in value else {"replicationSet": value})
    session_endpoint.faults.clear()
    session_endpoint.faults.add({"operation": "GetReplicationSet", "fault": "body", "body": body, "times": None})
    failure = None
    connection = Connection("us-east-1", session_endpoint.url, {**USER, "aws_session_token": None}, SEARCH_DEFAULTS)
    try:
        facts = replication_set_facts(get_replication_set(connection.client("ssm-incidents"), arn=ARN))
    except Failure as error:
        failure = error
    if failure is None:
        assert isinstance(facts["status"], str) and json.dumps(facts)
    else:
        assert failure.code == "MalformedAnswer" and ARN in failure.message


@pytest.mark.parametrize("status", [301, 403, 404, 407])
def test_a_proxys_page(info: Run, endpoint: LocalEndpoint, status: int) -> None:
    endpoint.faults.add({"fault": "status", "http_status": status, "times": None})
    assert_explained(info(), str(status), "proxy")


def test_several_sets_in_the_account(info: Run, endpoint: LocalEndpoint) -> None:
    body = json.dumps({"replicationSetArns": [ARN, ARN[:-1] + "8"]})
    endpoint.faults.add({"operation": "ListReplicationSets", "fault": "body", "body": body})
    assert_explained(info(), "MultipleReplicationSets", "2 replication sets", ARN, "Specify the ARN")


# Options that are refused before any call -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "my replication set",
        "arn:aws:ssm-incidents::123456789012:response-plan/Example-Response-Plan",
        "arn:aws:ssm-incidents:us-east-1:123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57",
        "arn:aws:ssm-incidents::12345:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57",
        "arn:aws:ssm::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57",
        "arn:aws:ssm-incidents::123456789012:replication-set/",
        "c4bcb603-4bf9-bb3f-413c-08df53673b57",
        f" {ARN}",
        f"{ARN}\n",
        f"{ARN}/x",
    ],
)
def test_not_the_arn_of_a_replication_set(info: Run, endpoint: LocalEndpoint, arn: str) -> None:
    outcome = info(arn=arn)
    assert_explained(outcome, "InvalidParameter", repr(arn), "arn:aws:ssm-incidents::111122223333:replication-set/")
    assert endpoint.requests == []


@pytest.mark.parametrize(
    "name", ["", "EU-WEST-1", "eu-west", "everywhere", "eu-west-1a", "eu-west-1\n", "eu-wset-1", "af-south-1"]
)
def test_not_the_name_of_a_region(info: Run, endpoint: LocalEndpoint, name: str) -> None:
    outcome = info(search_regions=["eu-west-1", name])
    assert_explained(outcome, "InvalidParameter", "search_regions", repr(name))
    assert endpoint.requests == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            "arn": st.text(max_size=60) | st.from_regex(r"arn:aws:ssm-incidents:[a-z0-9:/-]*", fullmatch=True),
            "search_regions": st.lists(st.text(string.printable, max_size=12), max_size=3) | st.integers() | st.text(),
            "include_tags": st.text(max_size=5) | st.integers() | st.none(),
            "region": st.text(string.printable, max_size=15),
            # No value is a URL, because no request may leave this machine.
            "endpoint_url": st.text(string.printable, max_size=15).map("not a URL {}".format),
            "profile": st.text(string.printable, max_size=8),
            "access_key": st.text(string.printable, max_size=8),
            # This is long, because Ansible masks a secret wherever its text occurs.
            "secret_key": st.just("") | st.text(string.printable, max_size=8).map("unlikely secret {}".format),
            "aws_config": st.dictionaries(st.sampled_from(["retries", "proxies", "foo"]), st.integers() | st.text()),
            "aws_ca_bundle": st.text(string.printable, max_size=8),
            "no_such_option": st.integers(),
        },
    )
)
def test_any_options(info: Run, endpoint: LocalEndpoint, sleeps: list[float], options: dict[str, Any]) -> None:
    outcome = info(**options)
    assert "Traceback" not in outcome.output
    if not outcome.failed:
        assert outcome["exists"] is False
    elif "error" in outcome.result:
        assert_explained(outcome, outcome["error"]["code"])
    else:
        # Ansible's own message about the name or the type of an option.
        assert re.search("Unsupported parameters|is of type|cannot be converted|not a valid", outcome["msg"])


# Secrets --------------------------------------------------------------------------------------------------------------


TOKEN = "a-long-session-token-which-must-not-be-shown"
MESSAGE_WITH_SECRETS = f"The canonical request was: x-amz-security-token:{TOKEN} key {SECRET_KEY}"


@pytest.fixture
def profile_with_token(tmp_path: Path) -> dict[str, Any]:
    """Write a profile with a session token, and return the options for it."""
    (tmp_path / "credentials").write_text(config_section("team", {**USER, "aws_session_token": TOKEN}))
    return {"access_key": None, "secret_key": None, "profile": "team"}


def test_secrets_of_a_profile_are_masked_in_a_message(
    info: Run, endpoint: LocalEndpoint, profile_with_token: dict[str, Any]
) -> None:
    rule = {"fault": "error", "code": "InvalidSignatureException", "http_status": 403}
    endpoint.faults.add({**rule, "message": MESSAGE_WITH_SECRETS})
    outcome = info(**profile_with_token)
    assert_explained(outcome, "InvalidSignatureException", "canonical request")
    assert TOKEN not in outcome.output


@pytest.mark.parametrize("by_profile", [True, False])
def test_secrets_are_masked_in_a_warning(
    info: Run, endpoint: LocalEndpoint, recorded_arn: str, profile_with_token: dict[str, Any], by_profile: bool
) -> None:
    rule = {"operation": "ListTagsForResource", "fault": "error", "code": "AccessDeniedException"}
    endpoint.faults.add({**rule, "message": MESSAGE_WITH_SECRETS})
    outcome = info(**(profile_with_token if by_profile else {"session_token": TOKEN}))
    assert not outcome.failed, outcome["msg"]
    assert "canonical request" in str(outcome["warnings"])
    assert TOKEN not in outcome.output and SECRET_KEY not in outcome.output


def test_the_password_of_an_endpoint_url_is_masked(info: Run, closed_url: str) -> None:
    outcome = info(endpoint_url=closed_url.replace("://", "://user:a-long-password@"), aws_config=NO_RETRIES)
    assert_explained(outcome, "EndpointConnectionError", "127.0.0.1")
    assert "a-long-password" not in outcome["msg"] + outcome["error"]["message"]


def test_a_connection_error_in_an_unknown_region(info: Run, closed_url: str) -> None:
    outcome = info(region="xx-nowhere-1", endpoint_url=closed_url, aws_config=NO_RETRIES)
    assert_explained(outcome, "EndpointConnectionError", closed_url, "xx-nowhere-1", "time limits")
