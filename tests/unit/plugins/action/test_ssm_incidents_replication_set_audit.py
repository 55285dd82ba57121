# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the audit's action, as Ansible loads it, against the local endpoint."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.action.ssm_incidents_replication_set_audit import ActionModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import preload
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rules import RULE_OPTIONS
from botocore.loaders import JSONFileLoader
from endpoint.client import SECRET_KEY, USER
from endpoint.server import LocalEndpoint
from helpers.checkout import MODULES, documentation
from helpers.credentials import config_section
from helpers.failing_servers import RefusingKMS, RefusingSTS

Audit = Callable[..., Any]
NAME = "incident_manager.aws.ssm_incidents_replication_set_audit"
ACCOUNT = "123456789012"
OTHER_ACCOUNT = "222222222222"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
US_KEY = KEY.replace("eu-west-1", "us-east-1")
ACTIVE = {"sseKmsKeyId": KEY, "status": "ACTIVE"}
COMPLIANT_SET: dict[str, Any] = {
    "status": "ACTIVE",
    "deletionProtected": True,
    "regionMap": {"us-east-1": {**ACTIVE, "sseKmsKeyId": US_KEY}, "eu-west-1": ACTIVE},
}
NONCOMPLIANT_SET: dict[str, Any] = {
    "status": "UPDATING",
    "deletionProtected": False,
    "regionMap": {
        "us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "FAILED", "statusMessage": "No such key"},
    },
}
STRICT_RULES: dict[str, Any] = {
    "regions": ["us-east-1", "eu-west-1"],
    "customer_managed_keys": True,
    "allowed_kms_keys": [f"arn:aws:kms:*:{ACCOUNT}:key/*"],
    "deletion_protected": True,
    "tags": {"Team": "Resilience"},
}


@pytest.fixture
def audit(run_action: Audit) -> Audit:
    def run(**given: Any) -> Any:
        return run_action("ssm_incidents_replication_set_audit", **given)

    return run


def documented(variable: str) -> dict[str, Any]:
    """Return DOCUMENTATION or RETURN of the audit."""
    return dict(yaml.safe_load(documentation(MODULES / "ssm_incidents_replication_set_audit.py", variable)))


# Facts and findings ---------------------------------------------------------------------------------------------------


def test_an_account_that_passes(audit: Audit, run_module: Audit, endpoint: LocalEndpoint) -> None:
    arn = endpoint.seed(COMPLIANT_SET, tags={"Team": "Resilience"})
    outcome = audit(rules=STRICT_RULES)
    assert (outcome.failed, outcome["outcome"], outcome["findings"]) == (False, "passed", [])
    assert outcome["msg"] == f"The replication set {arn} meets the rules."
    assert outcome["account_id"] == ACCOUNT
    defaults = {"state": "present", "minimum_regions": 2, "active": True, "usable_keys": False}
    assert outcome["rules"] == {**STRICT_RULES, **defaults}
    module = run_module("ssm_incidents_replication_set_info").result
    for key in ("exists", "region", "replication_set"):
        assert outcome[key] == module[key]


def test_usable_keys(audit: Audit, run_module: Audit, endpoint: LocalEndpoint) -> None:
    for arn in (KEY, US_KEY):
        endpoint.make_key(arn)
    endpoint.seed(COMPLIANT_SET)
    passed = audit(rules={"usable_keys": True})
    assert passed["outcome"] == "passed", passed["msg"]
    module = run_module("ssm_incidents_replication_set_info", include_tags=False, include_keys=True)
    assert passed["replication_set"] == module["replication_set"]

    endpoint.client("kms", "eu-west-1").schedule_key_deletion(KeyId=KEY.rpartition("/")[2])
    failed = audit(rules={"usable_keys": True})
    (finding,) = failed["findings"]
    key = failed["replication_set"]["region_map"]["eu-west-1"]["kms_key"]
    assert (failed["outcome"], finding["region"], finding["actual"]) == ("failed", "eu-west-1", key)
    for part in (KEY, "PendingDeletion", key["deletion_date"]):
        assert part in finding["msg"] and part in failed["msg"]


def test_keys_that_can_not_be_described_do_not_pass(
    audit: Audit, endpoint: LocalEndpoint, kms_url: Audit, refusing_kms: RefusingKMS
) -> None:
    endpoint.seed(COMPLIANT_SET)
    options = kms_url(refusing_kms.url)
    assert audit(rules={"customer_managed_keys": True}, **options)["outcome"] == "passed"
    # KMS is called only if the rule is set.
    assert refusing_kms.requests == []
    outcome = audit(rules={"usable_keys": True}, **options)
    assert outcome.failed and outcome["outcome"] == "unknown"
    assert {(finding["region"], finding["known"]) for finding in outcome["findings"]} == {
        ("eu-west-1", False),
        ("us-east-1", False),
    }
    assert "kms:DescribeKey" in outcome["msg"] and len(outcome["warnings"]) == 2


def test_all_findings_are_returned(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(NONCOMPLIANT_SET, tags={"Team": "Other"})
    outcome = audit(rules=STRICT_RULES)
    assert (outcome.failed, outcome["outcome"]) == (True, "failed")
    found = [(finding["rule"], finding["region"]) for finding in outcome["findings"]]
    assert found == [
        ("regions", "eu-west-1"),
        ("minimum_regions", None),
        ("active", None),
        ("active", "us-east-1"),
        ("customer_managed_keys", "us-east-1"),
        ("allowed_kms_keys", "us-east-1"),
        ("deletion_protected", None),
        ("tags", None),
    ]
    assert "8 findings" in outcome["msg"]
    for finding in outcome["findings"]:
        assert finding["msg"] in outcome["msg"]
        assert set(finding) == set(documented("RETURN")["findings"]["contains"])


@pytest.mark.parametrize("report_only", [True, False])
@pytest.mark.parametrize("result", ["passed", "failed", "unknown"])
def test_report_only(audit: Audit, endpoint: LocalEndpoint, result: str, report_only: bool) -> None:
    endpoint.seed(COMPLIANT_SET if result == "passed" else NONCOMPLIANT_SET)
    if result == "unknown":
        endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = audit(report_only=report_only)
    assert outcome["outcome"] == result
    assert outcome.failed == (result != "passed" and not report_only)


@pytest.mark.parametrize("fail_on", [["failed"], ["unknown"]])
@pytest.mark.parametrize("result", ["passed", "failed", "unknown"])
def test_fail_on(audit: Audit, endpoint: LocalEndpoint, result: str, fail_on: list[str]) -> None:
    endpoint.seed(COMPLIANT_SET if result == "passed" else NONCOMPLIANT_SET)
    if result == "unknown":
        endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = audit(fail_on=fail_on)
    assert (outcome["outcome"], outcome.failed) == (result, result in fail_on)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("state", ["present", "absent", "any"])
def test_state(audit: Audit, endpoint: LocalEndpoint, state: str, exists: bool) -> None:
    if exists:
        endpoint.seed(COMPLIANT_SET)
    outcome = audit(rules={"state": state})
    passes = state == "any" or (state == "present") == exists
    assert outcome["outcome"] == ("passed" if passes else "failed")
    assert outcome["exists"] == exists
    assert outcome["account_id"] == ACCOUNT
    assert [finding["rule"] for finding in outcome["findings"]] == [] if passes else ["state"]


@pytest.mark.parametrize(
    ("rules", "calls"),
    [
        ({}, ["ListReplicationSets", "GetReplicationSet"]),
        ({"tags": {"Team": None}}, ["ListReplicationSets", "GetReplicationSet", "ListTagsForResource"]),
    ],
)
def test_tags_are_listed_only_for_the_rule_tags(
    audit: Audit, endpoint: LocalEndpoint, rules: dict[str, Any], calls: list[str]
) -> None:
    endpoint.seed(COMPLIANT_SET, tags={"Team": "Resilience"})
    assert audit(rules=rules)["outcome"] == "passed"
    assert endpoint.operations == calls


@pytest.mark.parametrize("protected", [True, False])
def test_tags_that_may_not_be_listed_do_not_pass(audit: Audit, endpoint: LocalEndpoint, protected: bool) -> None:
    endpoint.seed(COMPLIANT_SET, tags={"Team": "Resilience"})
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "operation": "ListTagsForResource"})
    outcome = audit(rules={"tags": {"Team": "Resilience"}, "deletion_protected": protected})
    assert outcome["outcome"] == ("unknown" if protected else "failed")
    assert "ListTagsForResource" in outcome["msg"]
    assert outcome["replication_set"]["deletion_protected"] is True
    assert len(outcome["warnings"]) == 1


def test_a_role_of_another_account(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(NONCOMPLIANT_SET)
    endpoint.seed(COMPLIANT_SET, OTHER_ACCOUNT)
    outcome = audit(assume_role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/path/audit")
    assert (outcome["outcome"], outcome["account_id"]) == ("passed", OTHER_ACCOUNT)
    assert {call["account"] for call in endpoint.requests} == {OTHER_ACCOUNT}


@pytest.mark.parametrize("body", [COMPLIANT_SET, None])
@pytest.mark.parametrize("expected", [ACCOUNT, OTHER_ACCOUNT])
def test_the_expected_account(
    audit: Audit, endpoint: LocalEndpoint, expected: str, body: dict[str, Any] | None
) -> None:
    """If another account answers, the audit does not pass, whether the account has a set or not."""
    if body:
        endpoint.seed(body)
    outcome = audit(account_id=expected, rules={"state": "any"})
    assert outcome["expected_account_id"] == expected
    assert outcome["account_id"] == ACCOUNT
    if expected == ACCOUNT:
        assert outcome["outcome"] == "passed"
    else:
        assert (outcome["outcome"], outcome["error"]["code"]) == ("unknown", "AccountMismatch")
        assert f"Expected account {OTHER_ACCOUNT}, but the credentials belong to account {ACCOUNT}" in outcome["msg"]
        assert outcome["replication_set"] is None


def test_an_expected_account_that_cannot_be_verified(audit: Audit, refusing_sts: RefusingSTS) -> None:
    """Without a set only STS can tell which account answered."""
    refusing_sts.status, refusing_sts.body = 200, '{"replicationSetArns": []}'
    given = {"endpoint_url": refusing_sts.url, "rules": {"state": "any"}}
    for options in ({"account_id": ACCOUNT}, {}):
        outcome = audit(**options, **given)
        assert outcome["outcome"] == "unknown" and "get the caller's identity" in outcome["msg"]
        assert (outcome["account_id"], outcome["exists"]) == (None, None)


def test_the_account_option(run_action: Audit, connection_options: dict[str, str], endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, account=connection_options)
    assert outcome["outcome"] == "passed"


def test_the_account_is_known_if_its_set_is_elsewhere(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    outcome = audit(region="us-west-2")
    assert (outcome["outcome"], outcome["error"]["code"]) == ("unknown", "ResourceNotFoundException")
    assert outcome["account_id"] == ACCOUNT


def test_found_in_another_region(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    assert audit(region="us-west-2")["outcome"] == "unknown"
    found = audit(region="us-west-2", search_regions="all")
    assert found["outcome"] == "passed" and found["region"] in ("us-east-1", "eu-west-1")


# Accounts that do not answer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code", "parts"),
    [
        ({"profile": "unknown", "access_key": None, "secret_key": None}, "ProfileNotFound", ["unknown"]),
        ({"access_key": None, "secret_key": None}, "NoCredentialsError", ["us-east-1", "access_key"]),
        ({"profile": "ops"}, "InvalidParameter", ["profile", "access_key and secret_key"]),
        ({"region": None}, "NoRegionError", ["region"]),
        ({"region": "nowhere!"}, "InvalidRegionError", ["nowhere!"]),
        ({"endpoint_url": "http://127.0.0.1:1"}, "EndpointConnectionError", ["127.0.0.1:1", "us-east-1"]),
        ({"aws_config": {"nonsense": 1}}, "InvalidParameter", ["aws_config"]),
    ],
)
def test_failures_to_connect(
    audit: Audit, endpoint: LocalEndpoint, given: dict[str, Any], code: str, parts: list[str]
) -> None:
    outcome = audit(**given)
    assert (outcome.failed, outcome["outcome"], outcome["error"]["code"]) == (True, "unknown", code)
    assert (outcome["exists"], outcome["replication_set"], outcome["findings"]) == (None, None, [])
    for part in parts:
        assert part in outcome["msg"]
    assert SECRET_KEY not in outcome.output


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "error", "code": "AccessDeniedException"}, "AccessDeniedException"),
        ({"fault": "throttle"}, "ThrottlingException"),
        ({"fault": "internal"}, "InternalServerException"),
        ({"fault": "not_json"}, "MalformedAnswer"),
        ({"fault": "reset"}, "ConnectionClosedError"),
    ],
)
def test_a_service_that_fails(
    audit: Audit, endpoint: LocalEndpoint, sleeps: list[float], fault: dict[str, Any], code: str
) -> None:
    endpoint.seed(COMPLIANT_SET)
    endpoint.faults.add({**fault, "times": None})
    outcome = audit()
    assert (outcome.failed, outcome["outcome"], outcome["error"]["code"]) == (True, "unknown", code)
    assert "us-east-1" in outcome["msg"]


def test_temporary_failures_are_retried(audit: Audit, endpoint: LocalEndpoint, sleeps: list[float]) -> None:
    endpoint.seed(COMPLIANT_SET)
    endpoint.faults.add({"fault": "throttle", "times": 8})
    assert audit()["outcome"] == "passed"


@pytest.mark.parametrize("page", ["<html>Please sign in</html>", "", "{}"])
def test_answers_that_are_not_from_sts(audit: Audit, refusing_sts: RefusingSTS, page: str) -> None:
    refusing_sts.body = page
    outcome = audit(endpoint_url=refusing_sts.url, assume_role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit")
    assert outcome["outcome"] == "unknown"
    assert "assume the role" in outcome["msg"] and "us-east-1" in outcome["msg"]


def test_a_role_that_may_not_be_assumed(audit: Audit, refusing_sts: RefusingSTS) -> None:
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit"
    outcome = audit(endpoint_url=refusing_sts.url, assume_role_arn=role)
    assert (outcome["outcome"], outcome["error"]["code"]) == ("unknown", "AccessDenied")
    assert outcome["account_id"] == OTHER_ACCOUNT
    for part in (role, "us-east-1", "trust policy"):
        assert part in outcome["msg"]


# Cost -----------------------------------------------------------------------------------------------------------------


def test_data_read_before_the_fork_is_not_read_again(
    audit: Audit, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.seed(COMPLIANT_SET, OTHER_ACCOUNT, tags={"Team": "Resilience"})
    preload(("ssm-incidents", "list_replication_sets"))
    read: list[str] = []
    load_file, test_thread = JSONFileLoader.load_file, current_thread()

    def record_and_load(loader: JSONFileLoader, path: str) -> Any:
        # The endpoint reads files too, in other threads.
        if current_thread() is test_thread:
            read.append(path)
        return load_file(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", record_and_load)
    outcome = audit(assume_role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit", rules={"tags": {"Team": None}})
    assert (outcome["outcome"], read) == ("passed", [])


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"regoin": "us-east-1"}, ["Unsupported parameters: regoin.", " region,"]),
        ({"account": {"regoin": "x"}}, ["Unsupported parameters: account.regoin.", " region,"]),
        ({"rules": {"minimum_region": 2}}, ["Unsupported parameters: rules.minimum_region.", " minimum_regions,"]),
        ({"minimum_regions": 2}, ["Unsupported parameters: minimum_regions.", " rules,"]),
        ({"account": {"deletion_protected": True}}, ["Unsupported parameters: account.deletion_protected."]),
        ({"account": {"report_only": True}}, ["Unsupported parameters: account.report_only."]),
        ({"rules": {"assume_role_arn": "x"}}, ["Unsupported parameters: rules.assume_role_arn."]),
        ({"fail_on": []}, ["fail_on: must not be empty"]),
        ({"fail_on": ["passed"]}, ["fail_on", "failed, unknown", "passed"]),
        ({"rules": None}, ["rules: the value is not a mapping. Set a mapping."]),
        ({"rules": ""}, ["rules: the value is not a mapping. Set a mapping."]),
        ({"rules": []}, ["rules: the value is not a mapping. Set a mapping."]),
        ({"rules": "deletion_protected=true"}, ["rules: the value is not a mapping. Set a mapping."]),
        ({"account": None}, ["account: the value is not a mapping. Set a mapping."]),
        ({"account": "region=us-east-1"}, ["account: the value is not a mapping. Set a mapping."]),
        ({"account": {}, "region": "us-east-1"}, ["account and region: can't be set together"]),
        ({"account_id": None}, ["account_id: None is not an AWS account ID"]),
        ({"account_id": ""}, ["account_id: '' is not an AWS account ID"]),
        ({"account_id": 12345}, ["account_id: '12345' is not an AWS account ID"]),
        ({"rules": {"minimum_regions": "two"}}, ["rules", "minimum_regions", "unable to convert to int"]),
        ({"rules": {"minimum_regions": 4}}, ["minimum_regions must be one of: 1, 2, 3"]),
        ({"rules": {"tags": [5]}}, ["rules", "tags", "to dict"]),
        ({"account": {"search_regions": {}}}, ["account", "search_regions", "to list"]),
        ({"rules": {"state": "gone"}}, ["state", "present, absent, any"]),
        ({"rules": {"state": "absent", "tags": {"Team": None}}}, ["absent can't be combined with tags"]),
        ({"rules": {"state": "absent", "active": True}}, ["absent can't be combined with active"]),
        ({"rules": {"regions": ["us-east"]}}, ["regions", "'us-east'"]),
        ({"rules": {"tags": {}}}, ["tags", "empty"]),
        ({"profile": ""}, ["profile", "empty"]),
        ({"assume_role_arn": ""}, ["assume_role_arn", "empty"]),
        ({"aws_profile": ""}, ["aws_profile", "empty"]),
        ({"search_regions": ["us-east"]}, ["search_regions", "'us-east'"]),
        ({"assume_role_arn": "audit"}, ["assume_role_arn", "'audit'"]),
        ({"assume_role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:user/audit"}, ["assume_role_arn", "not the ARN of a role"]),
    ],
)
@pytest.mark.parametrize("report_only", [True, False])
def test_wrong_options_are_refused_by_name(
    run_action: Audit,
    connection_options: dict[str, str],
    endpoint: LocalEndpoint,
    given: dict[str, Any],
    parts: list[str],
    report_only: bool,
) -> None:
    options = given if "account" in given else {**connection_options, **given}
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, report_only=report_only, **options)
    assert outcome.failed and outcome["error"]["code"] == "InvalidParameter"
    assert "outcome" not in outcome.result
    for part in parts:
        assert part in outcome["msg"]
    assert "\n" not in outcome["msg"] and len(outcome["msg"]) < 800
    assert endpoint.operations == []


CREDENTIAL_OPTIONS = ("profile", "assume_role_arn", "access_key", "secret_key", "session_token")


@pytest.mark.parametrize(
    # The aliases differ between releases of amazon.aws.
    "name",
    [name for option in CREDENTIAL_OPTIONS for name in (option, *ActionModule.argument_spec[option]["aliases"])],
)
@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.usefixtures("connected_environment")
def test_empty_credentials_are_refused(
    run_action: Audit, endpoint: LocalEndpoint, name: str, value: str | None
) -> None:
    """Empty credentials do not mean those of the environment."""
    endpoint.seed(COMPLIANT_SET)
    given = {"endpoint_url": endpoint.url, "region": "us-east-1", name: value}
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, report_only=True, **given)
    assert outcome.failed and f"{name}: must not be empty" in outcome["msg"]
    assert endpoint.operations == []


@pytest.mark.usefixtures("connected_environment")
def test_an_empty_region_is_refused(run_action: Audit, endpoint: LocalEndpoint) -> None:
    """An empty Region does not mean the Region of the environment."""
    given = {"endpoint_url": endpoint.url, "region": ""}
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, report_only=True, **given)
    assert outcome.failed and "region: must not be empty" in outcome["msg"]
    assert endpoint.operations == []


def test_empty_keys_are_refused_with_a_profile_in_the_environment(
    run_action: Audit, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "ops")
    given = {"endpoint_url": endpoint.url, "region": "us-east-1", "access_key": "", "secret_key": ""}
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, report_only=True, **given)
    assert outcome.failed and "access_key: must not be empty" in outcome["msg"]


def test_empty_keys_override_the_environment_for_a_profile(
    run_action: Audit, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoint.seed(COMPLIANT_SET)
    (tmp_path / "config").write_text(config_section("profile ops", USER))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHERKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    given = {"endpoint_url": endpoint.url, "region": "us-east-1", "profile": "ops", "access_key": "", "secret_key": ""}
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False, **given)
    assert outcome["outcome"] == "passed"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("environment", [{"HTTPS_PROXY": "x"}]),
        ("environment", [{"LANG": "C"}, {"HOME": "/"}]),
        ("environment", [{"BOTO_CONFIG": "/etc/boto.cfg"}]),
        ("environment", [{"REQUESTS_CA_BUNDLE": "/etc/ca.pem"}]),
    ],
)
def test_refused_keywords(audit: Audit, endpoint: LocalEndpoint, keyword: str, value: Any) -> None:
    outcome = audit(_keywords={keyword: value})
    assert outcome.failed
    assert keyword in outcome["msg"] and "controller" in outcome["msg"]
    assert endpoint.operations == []


def test_other_environment_variables_are_allowed(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    assert audit(_keywords={"environment": [{"LANG": "C"}, {"TERM": "dumb"}]})["outcome"] == "passed"


def test_an_option_and_its_alias(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    warnings = audit(aws_region="us-east-1")["warnings"]
    assert warnings == ["Both option region and its alias aws_region are set."]


@pytest.mark.parametrize("keyword", ["check_mode", "diff"])
def test_check_mode_and_diff_change_nothing(audit: Audit, endpoint: LocalEndpoint, keyword: str) -> None:
    endpoint.seed(COMPLIANT_SET)
    outcome = audit(_keywords={keyword: True})
    assert (outcome["outcome"], outcome["changed"]) == ("passed", False)
    assert "diff" not in outcome.result


@pytest.mark.usefixtures("connected_environment")
def test_options_from_the_environment(run_action: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    outcome = run_action("ssm_incidents_replication_set_audit", _connected=False)
    assert outcome["outcome"] == "passed"


def test_debug_botocore_endpoint_logs(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(COMPLIANT_SET)
    outcome = audit(debug_botocore_endpoint_logs=True, assume_role_arn=f"arn:aws:iam::{ACCOUNT}:role/audit")
    assert outcome["resource_actions"] == [
        "ssm-incidents:GetReplicationSet",
        "ssm-incidents:ListReplicationSets",
        "sts:AssumeRole",
    ]


def test_the_documented_options_are_those_of_the_argument_spec() -> None:
    options = documented("DOCUMENTATION")["options"]
    inherited = set(ActionModule.argument_spec) - set(options)
    # These options are from documentation fragments, most of them of amazon.aws.
    assert inherited == {
        "access_key",
        "aws_ca_bundle",
        "aws_config",
        "debug_botocore_endpoint_logs",
        "endpoint_url",
        "profile",
        "region",
        "search_regions",
        "secret_key",
        "session_token",
        "validate_certs",
    }
    for name, option in options.items():
        for key in ("type", "elements", "default", "choices", "aliases"):
            assert option.get(key) == ActionModule.argument_spec[name].get(key), (name, key)
    rules = options["rules"]["suboptions"]
    assert set(rules) == set(RULE_OPTIONS)
    for name, option in rules.items():
        for key in ("type", "elements", "default", "choices"):
            assert option.get(key) == RULE_OPTIONS[name].get(key), (name, key)


def test_the_documented_keys_are_returned(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.seed(NONCOMPLIANT_SET)
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException"})
    refused, failed = audit(), audit()
    always = {"changed", "failed"}
    versions = {"boto3_version", "botocore_version"}
    keys = set(documented("RETURN"))
    assert set(failed.result) - always == keys - versions - {"error", "response_metadata"}
    assert set(refused.result) - always == keys
    example = documented("RETURN")["replication_set"]["sample"]
    assert set(failed["replication_set"]) == set(example)


# Secrets, and text from AWS -------------------------------------------------------------------------------------------


def test_a_secret_is_masked_if_the_role_cannot_be_assumed(audit: Audit) -> None:
    outcome = audit(
        endpoint_url="http://user:password-of-url@127.0.0.1:1", assume_role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/a"
    )
    assert "127.0.0.1:1" in outcome["msg"]
    assert "password-of-url" not in outcome.output


def test_a_secret_is_masked_in_an_endpoint_url_without_its_scheme(audit: Audit) -> None:
    outcome = audit(endpoint_url="user:password-of-url@127.0.0.1:1")
    assert outcome["outcome"] == "unknown" and "password-of-url" not in outcome.output


def test_a_vaulted_key(audit: Audit, endpoint: LocalEndpoint) -> None:
    class Vaulted:
        """A vaulted text, as ansible-core 2.18 and older pass it to the action."""

        __ENCRYPTED__ = True

        def __str__(self) -> str:
            return SECRET_KEY

    endpoint.seed(COMPLIANT_SET)
    assert audit(secret_key=Vaulted())["outcome"] == "passed"


def test_control_characters_of_a_status_message_are_removed(audit: Audit, endpoint: LocalEndpoint) -> None:
    failed = {**ACTIVE, "status": "FAILED", "statusMessage": "\x1b]0;title\x07 message"}
    endpoint.seed({**COMPLIANT_SET, "regionMap": {**COMPLIANT_SET["regionMap"], "eu-west-1": failed}})
    assert "title" in audit()["msg"] and audit()["msg"].isprintable()


def test_a_secret_in_an_answer_is_masked(audit: Audit, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"fault": "error", "code": "ValidationException", "message": f"not signed with {SECRET_KEY}"})
    outcome = audit()
    assert "not signed with" in outcome["msg"]
    assert SECRET_KEY not in outcome.output


# In a playbook --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_keywords_in_a_playbook(
    run_tasks: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    connection_variables: dict[str, str],
    template_text: str,
    tmp_path: Path,
) -> None:
    endpoint.seed(
        {**NONCOMPLIANT_SET, "regionMap": {"us-east-1": {**ACTIVE, "status": "FAILED", "statusMessage": template_text}}}
    )
    endpoint.seed(COMPLIANT_SET, OTHER_ACCOUNT)
    roles = [f"arn:aws:iam::{account}:role/audit" for account in (ACCOUNT, OTHER_ACCOUNT)]
    report_only = {NAME: {"region": "us-east-1", "report_only": True}}
    tasks = [
        {
            NAME: {**report_only[NAME], "assume_role_arn": "{{ item }}"},
            "loop": roles,
            "register": "looped",
        },
        {
            "ansible.builtin.assert": {
                "that": "looped.results | map(attribute='outcome') | list == ['failed', 'passed']"
            }
        },
        {**report_only, "delegate_to": "elsewhere.example.com", "register": "delegated"},
        {**report_only, "run_once": True, "check_mode": True, "diff": True, "register": "once"},
        {"ansible.builtin.assert": {"that": ["delegated.findings == once.findings", "once is not changed"]}},
        {"ansible.builtin.copy": {"content": "{{ once.msg }}", "dest": str(tmp_path / "msg")}},
        {
            NAME: {"region": "us-east-1"},
            "until": "retried is success",
            "retries": 1,
            "delay": 0,
            "register": "retried",
            "ignore_errors": True,
        },
        {**report_only, "become": True, "register": "become"},
        {**report_only, "async": 9, "ignore_errors": True, "register": "background"},
        {**report_only, "environment": "{{ {'AWS_PROFILE': 'a'} }}", "ignore_errors": True, "register": "profile"},
        {
            "ansible.builtin.assert": {
                "that": [
                    "retried is failed",
                    "become is success",
                    "'async' in background.msg",
                    "'AWS_PROFILE' in profile.msg",
                ]
            }
        },
    ]
    outcome = run_tasks(tasks, **connection_variables)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert template_text in (tmp_path / "msg").read_text()
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert json.dumps(SECRET_KEY) not in outcome.stdout + outcome.stderr
