# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info module as Ansible runs it, on the wire: from the options to the calls, the facts and the failures."""

from __future__ import annotations

import json
import re
import socket
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.module_utils._api import get_replication_set
from ansible_collections.incident_manager.aws.plugins.module_utils._connection import VERSION, Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError
from ansible_collections.incident_manager.aws.plugins.module_utils._facts import replication_set_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._search import SEARCH_DEFAULTS
from botocore.config import Config
from endpoint.server import ACCESS_KEY, SECRET_KEY, LocalEndpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
SERVICE_REGIONS = boto3.Session().get_available_regions("ssm-incidents")

ONCE = {"retries": {"total_max_attempts": 1}}

Run = Callable[..., Any]


@pytest.fixture
def info(run_module: Run) -> Run:
    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_replication_set_info", **options)

    return run


def operations(endpoint: LocalEndpoint) -> list[str]:
    return [call["operation"] for call in endpoint.requests]


def assert_explained(outcome: Any, code: str, *words: str) -> None:
    """A failure has all fields that playbooks use, says these words, and shows no traceback and no secret."""
    assert outcome.failed
    assert outcome["error"]["code"] == code
    assert outcome["error"]["message"]
    assert isinstance(outcome["response_metadata"], dict)
    assert outcome["boto3_version"] and outcome["botocore_version"]
    for word in words:
        assert word in outcome["msg"]
    assert "Traceback" not in outcome.output
    assert SECRET_KEY not in outcome.output


# Facts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", [ARN, None])
def test_recorded_set(info: Run, recorded: str, arn: str | None) -> None:
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
                    "sse_kms_key_id": "DefaultKey",
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": None,
                },
                "us-east-2": {
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
    key = endpoint.client("kms").create_key()["KeyMetadata"]["Arn"]
    client = endpoint.client()
    arn = client.create_replication_set(regions={"us-east-1": {"sseKmsKeyId": key}, "eu-west-1": {}})["arn"]
    client.update_deletion_protection(arn=arn, deletionProtected=True)
    facts = info()["replication_set"]
    assert facts["arn"] == arn
    assert facts["deletion_protected"] is True
    assert facts["region_map"]["us-east-1"]["sse_kms_key_id"] == key
    assert facts["region_map"]["eu-west-1"]["sse_kms_key_id"] == "DefaultKey"
    for time in (facts["created_time"], facts["region_map"]["eu-west-1"]["status_update_date_time"]):
        assert len(time) == len("2021-05-14T17:57:22.010000+00:00") and time.endswith("+00:00")


def test_statuses_are_passed_on(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 2})
    endpoint.client().create_replication_set(regions={"us-east-1": {}})
    seen = [info(include_tags=False)["replication_set"] for _time in range(3)]
    assert [facts["status"] for facts in seen] == ["CREATING", "ACTIVE", "ACTIVE"]
    assert [facts["region_map"]["us-east-1"]["status"] for facts in seen] == ["CREATING", "ACTIVE", "ACTIVE"]


def test_a_failed_region_and_its_message(info: Run, endpoint: LocalEndpoint) -> None:
    failed = {"status": "FAILED", "statusMessage": "KMS key is disabled"}
    endpoint.seed({"status": "FAILED", "regionMap": {"us-east-1": {"status": "ACTIVE"}, "eu-west-1": failed}}, arn=ARN)
    facts = info()["replication_set"]
    assert facts["status"] == "FAILED"
    assert facts["region_map"]["eu-west-1"]["status_message"] == "KMS key is disabled"


def test_no_set_in_the_account(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="eu-north-1")
    assert not outcome.failed and not outcome["changed"]
    assert (outcome["exists"], outcome["region"], outcome["replication_set"]) == (False, "eu-north-1", {})
    assert operations(endpoint) == ["ListReplicationSets"]


def test_the_list_is_paged(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.configure(empty_list_pages=2)
    assert info(include_tags=False)["replication_set"]["arn"] == ARN
    assert operations(endpoint) == ["ListReplicationSets"] * 3 + ["GetReplicationSet"]


def test_each_account_has_its_own(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    other = endpoint.session("us-east-1", account="222222222222").get_credentials()
    keys = {"access_key": other.access_key, "secret_key": other.secret_key, "session_token": other.token}
    assert info(**keys)["exists"] is False
    assert info()["exists"] is True


def test_check_mode_is_the_same(info: Run, recorded: str) -> None:
    assert info(_check_mode=True).result == info().result


# Tags -----------------------------------------------------------------------------------------------------------------


def test_tags_keep_their_letters(info: Run, endpoint: LocalEndpoint) -> None:
    tags = {"CostCenter": "A-1", "camelCase": "Two Words", "snake_case": ""}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}}, arn=ARN, tags=tags)
    assert info()["replication_set"]["tags"] == tags


def test_no_tags_is_an_empty_dict(info: Run, recorded: str) -> None:
    assert info()["replication_set"]["tags"] == {}


def test_tags_denied_is_null_and_one_warning(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.configure(enforce_iam=True)
    user = endpoint.make_user(["ssm-incidents:GetReplicationSet"])
    outcome = info(arn=ARN, access_key=user["aws_access_key_id"], secret_key=user["aws_secret_access_key"])
    assert not outcome.failed
    assert outcome["replication_set"]["status"] == "ACTIVE"
    assert outcome["replication_set"]["tags"] is None
    assert len(outcome["warnings"]) == 1
    assert "ssm-incidents:ListTagsForResource" in str(outcome["warnings"][0])
    assert not outcome.result.get("deprecations")


def test_another_fault_of_the_tag_call_is_a_failure(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "error", "code": "ValidationException"})
    assert_explained(info(arn=ARN), "ValidationException", "list the tags", ARN, "us-east-1")


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
def test_no_hidden_calls(
    info: Run, endpoint: LocalEndpoint, recorded: str, options: dict[str, Any], calls: list[str]
) -> None:
    assert not info(**options).failed
    assert operations(endpoint) == calls


def test_the_user_agent_names_the_collection(info: Run, endpoint: LocalEndpoint) -> None:
    info()
    assert f"incident_manager.aws/{VERSION}" in endpoint.requests[0]["user_agent"]
    galaxy = Path(__file__).parents[4] / "galaxy.yml"
    assert yaml.safe_load(galaxy.read_text())["version"] == VERSION


def test_tags_that_are_no_texts_are_not_passed_on(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "body", "body": '{"tags": {"a": 5}}'})
    assert_explained(info(), "MalformedAnswer", "list the tags")


# Searching ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", [ARN, None])
def test_outside_the_set_without_a_search(info: Run, recorded: str, arn: str | None) -> None:
    outcome = info(region="eu-west-1", arn=arn)
    assert_explained(outcome, "ResourceNotFoundException", ARN, "eu-west-1 may just not be one", "search_regions")
    assert outcome["response_metadata"]["http_status_code"] == 404


@pytest.mark.parametrize("arn", [ARN, None])
def test_search_everywhere(info: Run, endpoint: LocalEndpoint, recorded: str, arn: str | None) -> None:
    outcome = info(region="eu-west-1", arn=arn, search_regions=["all"])
    assert outcome["exists"] is True
    assert outcome["region"] in ("us-east-1", "us-east-2")
    asked = [call["region"] for call in endpoint.requests if call["operation"] == "GetReplicationSet"]
    assert asked[0] == "eu-west-1"
    assert len(asked) == len(set(asked)) and set(asked) <= set(SERVICE_REGIONS)
    assert operations(endpoint).count("ListReplicationSets") == (0 if arn else 1)


def test_search_asks_only_the_regions_named(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["eu-central-1", "eu-west-1", "us-east-2"])
    assert outcome["region"] == "us-east-2"
    assert {call["region"] for call in endpoint.requests} <= {"eu-west-1", "eu-central-1", "us-east-2"}


def test_search_finds_that_the_account_has_none(info: Run, endpoint: LocalEndpoint) -> None:
    assert info(region="eu-west-1", search_regions=["all"])["exists"] is False
    assert operations(endpoint) == ["ListReplicationSets"]


def test_search_in_vain(info: Run, recorded: str) -> None:
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["eu-central-1"])
    assert_explained(outcome, "ResourceNotFoundException", ARN, "eu-west-1, eu-central-1", "or not in these Regions")


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "error", "code": "AccessDeniedException"},
        {"fault": "error", "code": "UnrecognizedClientException", "http_status": 403},
        {"fault": "reset"},
        {"fault": "hang"},
        {"fault": "not_json"},
    ],
    ids=lambda fault: fault.get("code", fault["fault"]),
)
def test_a_region_that_refuses_does_not_stop_the_search(
    info: Run, endpoint: LocalEndpoint, recorded: str, fault: dict[str, Any]
) -> None:
    for region in ("eu-west-1", "eu-central-1"):
        endpoint.faults.add({"region": region, "times": None, **fault})
    outcome = info(
        region="eu-west-1",
        search_regions=["eu-central-1", "us-east-2"],
        aws_config={"read_timeout": 0.2, "retries": {"total_max_attempts": 1}},
    )
    assert not outcome.failed, outcome.result
    assert outcome["region"] == "us-east-2"


@pytest.mark.parametrize("arn", [ARN, None])
def test_nothing_found_and_a_region_not_asked_is_not_missing(
    info: Run, endpoint: LocalEndpoint, recorded: str, arn: str | None
) -> None:
    endpoint.faults.add({"region": "us-east-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = info(region="eu-west-1", arn=arn, search_regions=["us-east-1", "eu-central-1"])
    assert_explained(
        outcome, "AccessDeniedException", "could not be asked", "us-east-1 (An error occurred (AccessDenied"
    )
    assert "does not exist" not in outcome["msg"].lower()


def test_own_region_not_asked_and_the_others_have_none(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"region": "eu-west-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = info(region="eu-west-1", search_regions=["eu-central-1"])
    assert_explained(outcome, "AccessDeniedException", "could not be asked", "eu-west-1 (")


def test_own_region_without_the_service_and_the_others_have_none(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="af-south-1", search_regions=["all"], aws_config=ONCE)
    assert not outcome.failed, outcome["msg"]
    assert outcome["exists"] is False and outcome["region"] in SERVICE_REGIONS


@pytest.mark.parametrize("late", ["us-east-1", "us-east-2"])
def test_the_first_region_asked_gives_the_code_whichever_answers_first(
    info: Run, endpoint: LocalEndpoint, recorded: str, late: str
) -> None:
    endpoint.faults.add({"region": late, "fault": "delay", "seconds": 0.2, "times": None})
    endpoint.faults.add({"region": "us-east-1", "fault": "error", "code": "AccessDeniedException", "times": None})
    endpoint.faults.add({"region": "us-east-2", "fault": "reset", "times": None})
    outcome = info(region="eu-west-1", arn=ARN, search_regions=["us-east-1", "us-east-2"], aws_config=ONCE)
    assert_explained(outcome, "AccessDeniedException", "us-east-1 (", "us-east-2 (")


def test_a_reason_that_many_regions_share_is_said_once(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add(
        {"fault": "error", "code": "UnrecognizedClientException", "message": "Wrong token", "times": None}
    )
    outcome = info(search_regions=["all"])
    assert_explained(outcome, "UnrecognizedClientException", "Check the credentials")
    assert outcome["msg"].count("Wrong token") <= 3
    assert outcome["error"]["message"] == "Wrong token"


@pytest.mark.slow
def test_a_region_that_hangs_does_not_hold_up_the_end(run_process: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"region": "eu-central-1", "fault": "hang", "times": None})
    options = {"region": "eu-west-1", "search_regions": ["eu-central-1", "us-east-1"]}
    process = run_process("ssm_incidents_replication_set_info", **options)
    output, errors = process.communicate(timeout=10)
    assert json.loads(output)["region"] == "us-east-1" and errors == ""


def test_search_in_a_partition_without_the_service(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="cn-north-1", search_regions=["all"])
    assert_explained(outcome, "InvalidParameter", "search_regions", "aws-cn")
    assert endpoint.requests == []


def test_a_search_has_short_time_limits_unless_the_user_says_otherwise() -> None:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "aws_session_token": None}
    quick = Connection("us-east-1", None, keys, SEARCH_DEFAULTS).client().meta.config
    assert (quick.connect_timeout, quick.read_timeout, quick.retries["total_max_attempts"]) == (10, 20, 2)
    own = dict(keys, aws_config=Config(read_timeout=7))
    patient = Connection("us-east-1", None, own, SEARCH_DEFAULTS).client().meta.config
    assert (patient.connect_timeout, patient.read_timeout) == (10, 7)


# The operation's exceptions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("ThrottlingException", 429, "try again later"),
        ("ResourceNotFoundException", 404, "search_regions"),
        ("AccessDeniedException", 403, "Allow the caller"),
        ("ValidationException", 400, "Check the values"),
        ("InternalServerException", 500, "try again later"),
    ],
)
@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets"])
def test_exceptions_of_the_model(
    info: Run,
    endpoint: LocalEndpoint,
    recorded: str,
    naps: list[float],
    operation: str,
    code: str,
    status: int,
    advice: str,
) -> None:
    endpoint.faults.add({"operation": operation, "fault": "error", "code": code, "message": "No luck", "times": None})
    outcome = info()
    assert_explained(outcome, code, "Failed to", "Region us-east-1", "No luck", advice)
    assert outcome["error"]["message"] == "No luck"
    assert outcome["response_metadata"]["http_status_code"] == status
    assert (ARN in outcome["msg"]) == (operation == "GetReplicationSet")


@pytest.mark.parametrize("fault", ["throttle", "internal"])
@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
@pytest.mark.parametrize("botocore_retries", [True, False])
def test_eight_faults_in_a_row_are_survived(
    info: Run,
    endpoint: LocalEndpoint,
    recorded: str,
    naps: list[float],
    operation: str,
    fault: str,
    botocore_retries: bool,
) -> None:
    endpoint.faults.add({"operation": operation, "fault": fault, "times": 8})
    aws_config = None if botocore_retries else ONCE
    outcome = info(aws_config=aws_config)
    assert not outcome.failed, outcome["msg"]
    assert operations(endpoint).count(operation) == 9
    assert naps, "retries wait between the calls"


def test_a_bare_502_is_retried(info: Run, endpoint: LocalEndpoint, recorded: str, naps: list[float]) -> None:
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "status", "http_status": 502, "times": 8})
    assert not info().failed


def test_no_other_exception_is_retried(info: Run, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    info()
    assert len(endpoint.requests) == 1


# Credentials, Region, endpoint ----------------------------------------------------------------------------------------


def test_no_credentials(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(access_key=None, secret_key=None)
    assert_explained(outcome, "NoCredentialsError", "us-east-1", "access_key and secret_key", "profile")


@pytest.mark.parametrize("half", [{"secret_key": None}, {"access_key": None}, {"secret_key": ""}])
def test_half_given_credentials(info: Run, endpoint: LocalEndpoint, half: dict[str, Any]) -> None:
    assert_explained(info(**half), "PartialCredentialsError", "us-east-1", "access_key and secret_key")


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base", "AccessDenied"),
        ("role_arn = arn:aws:iam::123456789012:role/x", "PartialCredentialsError"),
        ("credential_process = /no/such/program", "FileNotFoundError"),
        ("credential_process = echo nonsense", "JSONDecodeError"),
        ("credential_process = echo 'unbalanced", "ValueError"),
        ("role_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /no/such/file", "FileNotFoundError"),
        ("sso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = x", None),
    ],
    ids=lambda value: str(value).splitlines()[0],
)
def test_a_profile_that_gives_no_credentials(
    info: Run,
    endpoint: LocalEndpoint,
    refusing_sts: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    code: str | None,
) -> None:
    base = f"[profile base]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    (tmp_path / "config").write_text(f"{base}[profile team]\n{profile}\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    outcome = info(access_key=None, secret_key=None, profile="team", search_regions=["all"])
    assert_explained(outcome, code or outcome["error"]["code"], "us-east-1", "profile")
    assert endpoint.requests == []
    # Once, not once a Region; boto3 before 1.29 does not know the variable and asks nobody here.
    assert len(refusing_sts.asked) <= 1


def test_options_are_looked_at_before_a_profile_signs_in(
    info: Run, refusing_sts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"[profile base]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    role = "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n"
    (tmp_path / "config").write_text(base + role)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    assert_explained(info(access_key=None, secret_key=None, profile="team", arn="x"), "InvalidParameter", "'x'")
    assert refusing_sts.asked == []


def test_a_profile_and_a_key_contradict_each_other(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(profile="team"), "InvalidParameter", "'team'", "access_key and secret_key")


def test_unknown_profile(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(access_key=None, secret_key=None, profile="nobody")
    assert_explained(outcome, "ProfileNotFound", "nobody", "option profile")


def test_a_profile_gives_credentials_and_region(info: Run, recorded: str, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    (tmp_path / "config").write_text("[profile team]\nregion = us-east-2\n")
    outcome = info(access_key=None, secret_key=None, region=None, profile="team")
    assert outcome["region"] == "us-east-2"


def test_no_region(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(region=None), "NoRegionError", "region", "AWS_REGION")
    assert endpoint.requests == []


def test_not_a_region(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(region="not a region"), "InvalidRegionError", "not a region", "eu-west-1")
    assert endpoint.requests == []


def test_a_region_without_the_service(info: Run, endpoint: LocalEndpoint) -> None:
    outcome = info(region="af-south-1", aws_config=ONCE)
    assert_explained(outcome, "ConnectionClosedError", "af-south-1", "eu-central-1")


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_refused_endpoint(info: Run, endpoint: LocalEndpoint, naps: list[float]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert_explained(info(arn=ARN, endpoint_url=url), "EndpointConnectionError", ARN, "us-east-1", url)


def test_hanging_endpoint(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"fault": "hang", "times": None})
    outcome = info(arn=ARN, aws_config={"read_timeout": 0.2, "retries": {"total_max_attempts": 1}})
    assert_explained(outcome, "ReadTimeoutError", ARN, "us-east-1", "aws_config")


def test_not_a_url(info: Run, endpoint: LocalEndpoint) -> None:
    assert_explained(info(endpoint_url="nonsense"), "ValueError", "nonsense", "us-east-1", "endpoint_url")


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_certificate_that_does_not_verify(info: Run) -> None:
    with LocalEndpoint(tls=True) as endpoint:
        outcome = info(endpoint_url=endpoint.url, aws_config=ONCE)
        assert_explained(outcome, "SSLError", "us-east-1", "certificate", "aws_ca_bundle")
        assert info(endpoint_url=endpoint.url, aws_ca_bundle=endpoint.ca_bundle)["exists"] is False
        assert info(endpoint_url=endpoint.url, validate_certs=False)["exists"] is False


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
def test_not_json(info: Run, endpoint: LocalEndpoint, recorded: str, operation: str, fault: str) -> None:
    endpoint.faults.add({"operation": operation, "fault": fault, "times": None})
    assert_explained(info(), "MalformedAnswer", "Region us-east-1", "can't be read", "endpoint_url")


@pytest.mark.parametrize("operation", ["GetReplicationSet", "ListReplicationSets", "ListTagsForResource"])
def test_cut_short(info: Run, endpoint: LocalEndpoint, recorded: str, naps: list[float], operation: str) -> None:
    endpoint.faults.add({"operation": operation, "fault": "truncated", "times": None})
    # botocore takes a body shorter than its Content-Length for an empty one.
    assert_explained(info(), "MalformedAnswer", "Region us-east-1")


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '"text"',
        "null",
        "{}",
        '{"replicationSet": null}',
        '{"replicationSet": []}',
        '{"replicationSet": {}}',
        '{"replicationSet": {"status": "ACTIVE"}}',
        '{"replicationSet": {"status": "ACTIVE", "regionMap": []}}',
        '{"replicationSet": {"status": "ACTIVE", "regionMap": {"us-east-1": "ACTIVE"}}}',
        '{"replicationSet": {"status": "ACTIVE", "regionMap": {}, "createdTime": "soon"}}',
        '{"replicationSet": {"status": "ACTIVE", "regionMap": {}, "createdTime": 1e300}}',
        "[" * 100000,
        "\xff",
    ],
    ids=lambda body: body[:40],
)
def test_json_of_another_shape(info: Run, endpoint: LocalEndpoint, recorded: str, body: str) -> None:
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "body", "body": body, "times": None})
    assert_explained(info(), "MalformedAnswer", ARN, "Region us-east-1")


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
def test_any_json_at_all(served: LocalEndpoint, value: Any) -> None:
    body = json.dumps(value if isinstance(value, dict) and "replicationSet" in value else {"replicationSet": value})
    served.faults.clear()
    served.faults.add({"operation": "GetReplicationSet", "fault": "body", "body": body, "times": None})
    failure = None
    try:
        facts = replication_set_facts(get_replication_set(served.client(), ARN), ARN, None)
    except AnsibleSSMIncidentsError as error:
        failure = error
    if failure is None:
        assert isinstance(facts["status"], str) and json.dumps(facts)
    else:
        assert failure.code == "MalformedAnswer" and ARN in failure.message


@pytest.mark.parametrize("arns", ["", None, 5, "x {0}", "arn:aws:ssm-incidents::123456789012:response-plan/x"])
def test_a_list_of_something_else(info: Run, endpoint: LocalEndpoint, arns: Any) -> None:
    body = json.dumps({"replicationSetArns": [arns]})
    endpoint.faults.add({"operation": "ListReplicationSets", "fault": "body", "body": body})
    assert_explained(info(), "MalformedAnswer", "list the replication sets")


@pytest.mark.parametrize("status", [301, 403, 404, 407])
def test_a_proxys_page(info: Run, endpoint: LocalEndpoint, status: int) -> None:
    endpoint.faults.add({"fault": "status", "http_status": status, "times": None})
    assert_explained(info(), str(status), "proxy")


def test_more_sets_than_an_account_can_have(info: Run, endpoint: LocalEndpoint) -> None:
    body = json.dumps({"replicationSetArns": [ARN, ARN[:-1] + "8"]})
    endpoint.faults.add({"operation": "ListReplicationSets", "fault": "body", "body": body})
    assert_explained(info(), "InvalidParameter", "2 replication sets", ARN, "option arn")


# Options that are refused before anything is sent ---------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["", "EU-WEST-1", "eu-west", "everywhere", "eu-west-1a", "eu-west-1\n"])
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
            # Never a URL: what is tried here must not leave this machine.
            "endpoint_url": st.text(string.printable, max_size=15).map("not a URL {}".format),
            "profile": st.text(string.printable, max_size=8),
            "access_key": st.text(string.printable, max_size=8),
            # Long, or Ansible masks its letters in every text.
            "secret_key": st.just("") | st.text(string.printable, max_size=8).map("unlikely secret {}".format),
            "aws_config": st.dictionaries(st.sampled_from(["retries", "proxies", "foo"]), st.integers() | st.text()),
            "aws_ca_bundle": st.text(string.printable, max_size=8),
            "surprise": st.integers(),
        },
    )
)
def test_any_input_at_all(info: Run, endpoint: LocalEndpoint, naps: list[float], options: dict[str, Any]) -> None:
    outcome = info(**options)
    assert "Traceback" not in outcome.output
    if not outcome.failed:
        assert outcome["exists"] is False
    elif "error" in outcome.result:
        assert_explained(outcome, outcome["error"]["code"])
    else:
        # Ansible's own, of an option's name or type.
        assert re.search("Unsupported parameters|is of type|cannot be converted|not a valid", outcome["msg"])


# Secrets --------------------------------------------------------------------------------------------------------------


def test_a_profiles_secrets_are_masked_in_what_the_service_quotes(
    info: Run, endpoint: LocalEndpoint, tmp_path: Path
) -> None:
    token = "a-long-session-token-that-nobody-should-ever-see"
    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\naws_session_token = {token}\n"
    )
    quoted = f"The canonical request was: x-amz-security-token:{token} key {SECRET_KEY}"
    endpoint.faults.add({"fault": "error", "code": "InvalidSignatureException", "message": quoted, "http_status": 403})
    outcome = info(access_key=None, secret_key=None, profile="team")
    assert_explained(outcome, "InvalidSignatureException", "canonical request")
    assert token not in outcome.output


@pytest.mark.parametrize("by_profile", [True, False])
def test_secrets_are_masked_in_a_warning(
    info: Run, endpoint: LocalEndpoint, recorded: str, tmp_path: Path, by_profile: bool
) -> None:
    token = "a-long-session-token-that-nobody-should-ever-see"
    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\naws_session_token = {token}\n"
    )
    quoted = f"The canonical request was: x-amz-security-token:{token} key {SECRET_KEY}"
    endpoint.faults.add(
        {"operation": "ListTagsForResource", "fault": "error", "code": "AccessDeniedException", "message": quoted}
    )
    by = {"access_key": None, "secret_key": None, "profile": "team"} if by_profile else {"session_token": token}
    outcome = info(**by)
    assert not outcome.failed, outcome["msg"]
    assert "canonical request" in str(outcome["warnings"])
    assert token not in outcome.output and SECRET_KEY not in outcome.output


def test_the_password_of_an_endpoint_url_is_masked(info: Run) -> None:
    outcome = info(endpoint_url=f"http://user:a-long-password@127.0.0.1:{free_port()}", aws_config=ONCE)
    assert_explained(outcome, "EndpointConnectionError", "127.0.0.1")
    assert "a-long-password" not in outcome["msg"] + outcome["error"]["message"]


def test_an_unknown_region_does_not_hide_what_went_wrong(info: Run) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    outcome = info(region="xx-nowhere-1", endpoint_url=url, aws_config=ONCE)
    assert_explained(outcome, "EndpointConnectionError", url, "xx-nowhere-1", "time limits")
