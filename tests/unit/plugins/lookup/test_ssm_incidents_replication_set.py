# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the lookup, as Ansible loads it, against the local endpoint."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from endpoint.client import SECRET_KEY, USER
from endpoint.server import LocalEndpoint
from helpers.credentials import config_section
from helpers.failing_servers import RefusingSTS

Lookup = Callable[..., list[Any]]
NAME = "incident_manager.aws.ssm_incidents_replication_set"
OTHER_ACCOUNT = "222222222222"
UNKNOWN_ARN = "arn:aws:ssm-incidents::123456789012:replication-set/00000000-0000-0000-0000-000000000000"
ACTIVE = {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the warnings that are displayed."""
    displayed: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, msg, **_options: displayed.append(msg))
    return displayed


# Facts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tags", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_the_same_facts_and_calls_as_the_module(
    run_lookup: Lookup,
    run_module: Callable[..., Any],
    endpoint: LocalEndpoint,
    recorded_arn: str,
    named: bool,
    tags: bool,
) -> None:
    (found,) = run_lookup(*([recorded_arn] if named else []), include_tags=tags)
    calls = endpoint.operations
    module = run_module(
        "ssm_incidents_replication_set_info", arn=recorded_arn if named else None, include_tags=tags
    ).result
    assert found == {key: module[key] for key in ("exists", "region", "replication_set")}
    assert endpoint.operations == calls * 2


def test_each_term_has_a_result(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    found = run_lookup([recorded_arn, recorded_arn])
    assert [facts["replication_set"]["arn"] for facts in found] == [recorded_arn, recorded_arn]


def test_an_empty_list_of_terms_has_no_result(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    assert run_lookup([]) == []
    assert endpoint.operations == []


def test_search_regions(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    (found,) = run_lookup(recorded_arn, region="eu-west-1", search_regions="all")
    assert found["region"] in ("us-east-1", "us-east-2")


def test_a_role_of_another_account(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    arn = endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": ACTIVE}}, OTHER_ACCOUNT)
    (found,) = run_lookup(assume_role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit")
    assert found["replication_set"]["arn"] == arn
    assert {call["account"] for call in endpoint.requests} == {OTHER_ACCOUNT}


@pytest.mark.usefixtures("connected_environment")
def test_options_from_the_environment(run_lookup: Lookup, recorded_arn: str) -> None:
    (found,) = run_lookup(endpoint_url=None, access_key=None, secret_key=None, region=None)
    assert found["replication_set"]["arn"] == recorded_arn


def test_a_profile(run_lookup: Lookup, recorded_arn: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config_section("profile ops", {**USER, "region": "us-east-1"}))
    (found,) = run_lookup(profile="ops", access_key=None, secret_key=None, region=None)
    assert found["replication_set"]["arn"] == recorded_arn


# Missing sets and denied calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [[], [UNKNOWN_ARN]])
def test_missing_is_an_error(run_lookup: Lookup, endpoint: LocalEndpoint, terms: list[str]) -> None:
    with pytest.raises(AnsibleError) as failure:
        run_lookup(*terms)
    assert "us-east-1" in str(failure.value)
    assert "on_missing" in str(failure.value) or UNKNOWN_ARN in str(failure.value)


@pytest.mark.parametrize("terms", [[], [UNKNOWN_ARN]])
def test_missing_with_a_warning(
    run_lookup: Lookup, endpoint: LocalEndpoint, warnings: list[str], terms: list[str]
) -> None:
    assert run_lookup(*terms, on_missing="warn") == []
    (warning,) = warnings
    assert warning.startswith("A replication set is left out of the result. Failed to ")


def test_a_missing_set_is_skipped_and_the_others_are_found(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str, warnings: list[str]
) -> None:
    found = run_lookup(UNKNOWN_ARN, recorded_arn, on_missing="skip")
    assert [facts["replication_set"]["arn"] for facts in found] == [recorded_arn]
    assert warnings == []


@pytest.mark.parametrize("on_denied", ["error", "warn", "skip"])
@pytest.mark.parametrize("refused_by", ["the service", "STS"])
def test_denied(
    run_lookup: Lookup,
    endpoint: LocalEndpoint,
    recorded_arn: str,
    refusing_sts: RefusingSTS,
    warnings: list[str],
    refused_by: str,
    on_denied: str,
) -> None:
    given: dict[str, Any] = {"on_denied": on_denied}
    if refused_by == "STS":
        given |= {"endpoint_url": refusing_sts.url, "assume_role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit"}
    else:
        endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    if on_denied == "error":
        with pytest.raises(AnsibleError, match="sts:AssumeRole" if refused_by == "STS" else "AccessDeniedException"):
            run_lookup(recorded_arn, **given)
    else:
        assert run_lookup(recorded_arn, **given) == []
        assert [warning.startswith("A replication set is left out") for warning in warnings] == [True] * (
            on_denied == "warn"
        )


def test_another_failure_does_not_count_as_a_denial(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str
) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "region": "us-west-2", "times": None})
    endpoint.faults.add({"fault": "not_json", "region": "eu-west-1", "times": None})
    with pytest.raises(AnsibleError, match="eu-west-1"):
        run_lookup(recorded_arn, region="us-west-2", search_regions="eu-west-1", on_denied="skip")


def test_no_other_call_is_made_if_the_role_is_denied(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str, refusing_sts: RefusingSTS
) -> None:
    given = {
        "endpoint_url": refusing_sts.url,
        "assume_role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/a",
        "on_denied": "skip",
    }
    assert run_lookup(recorded_arn, recorded_arn, **given) == []
    assert all("AssumeRole" in request for request in refusing_sts.requests)


def test_a_denial_is_not_a_missing_set(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    with pytest.raises(AnsibleError):
        run_lookup(recorded_arn, on_missing="skip")


def test_tags_that_may_not_be_listed(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str, warnings: list[str]
) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "operation": "ListTagsForResource"})
    (found,) = run_lookup(recorded_arn)
    assert found["replication_set"]["tags"] is None
    assert len(warnings) == 1 and "ListTagsForResource" in warnings[0]


@pytest.mark.parametrize(
    ("terms", "given", "parts"),
    [
        (["no-arn"], {}, ["arn", "'no-arn'"]),
        ([""], {}, ["arn", "''"]),
        ([None], {}, ["null"]),
        ([], {"assume_role_arn": ["a"]}, ["assume_role_arn"]),
        ([], {"search_regions": [5]}, ["search_regions", "5"]),
        ([], {"search_regions": ["here"]}, ["search_regions", "'here'"]),
        ([], {"assume_role_arn": "audit"}, ["assume_role_arn", "'audit'"]),
        ([], {"on_mising": "skip"}, ["on_mising", "on_missing"]),
        (
            [],
            {"on_mising": "skip", "color": "red"},
            [
                "on_mising, color: none of these is an option",
                "Use only",
                "on_missing",
                "search_regions",
            ],
        ),
        ([], {"on_missing": "ignore"}, ["on_missing", "ignore"]),
        ([], {"region": None}, ["region"]),
        ([], {"profile": "unknown", "access_key": None, "secret_key": None}, ["unknown"]),
        ([], {"profile": "ops"}, ["profile", "access_key and secret_key"]),
        ([], {"access_key": None, "secret_key": None}, ["credentials"]),
        ([], {"endpoint_url": "http://127.0.0.1:1"}, ["127.0.0.1:1"]),
    ],
)
def test_the_message_names_the_wrong_value(
    run_lookup: Lookup, endpoint: LocalEndpoint, terms: list[str], given: dict[str, Any], parts: list[str]
) -> None:
    with pytest.raises(AnsibleError) as failure:
        run_lookup(*terms, **given)
    # A part of ansible-core's message is in the exception's cause.
    message = f"{failure.value} {failure.value.__cause__}"
    for part in parts:
        assert part in message
    assert endpoint.operations == []
    assert SECRET_KEY not in message


def test_a_secret_in_an_answer_is_masked(run_lookup: Lookup, endpoint: LocalEndpoint, recorded_arn: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "ValidationException", "message": f"not signed with {SECRET_KEY}"})
    with pytest.raises(AnsibleError, match="not signed with") as failure:
        run_lookup(recorded_arn)
    assert SECRET_KEY not in str(failure.value)


# In a playbook --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_an_assertion_and_without_templating(
    run_tasks: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    connection_variables: dict[str, str],
    template_text: str,
    tmp_path: Path,
) -> None:
    region = {**ACTIVE, "statusMessage": template_text}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": region}}, tags={"Note": template_text})
    look_up = f"lookup('{NAME}', region='us-east-1')"
    tasks = [
        {"ansible.builtin.assert": {"that": f"{look_up}.replication_set.status == 'ACTIVE'"}},
        {"ansible.builtin.set_fact": {"kept": "{{ " + look_up + " }}"}},
        {"ansible.builtin.debug": {"msg": "{{ kept.replication_set.tags.Note }} {{ kept.region }}"}},
        {
            "ansible.builtin.copy": {
                "content": "{{ kept.replication_set.region_map['us-east-1'].status_message }}",
                "dest": str(tmp_path / "kept"),
            }
        },
        {"ansible.builtin.assert": {"that": f"{look_up}.replication_set.status == 'FAILED'"}},
    ]
    outcome = run_tasks(tasks, **connection_variables)
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    assert outcome.stdout.count("\nTASK") == len(tasks)
    assert (tmp_path / "kept").read_text() == template_text
    assert json.dumps(template_text)[1:-1] in outcome.stdout


@pytest.mark.slow
def test_no_template_of_a_credential_means_those_of_the_environment(
    run_tasks: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    connection_variables: dict[str, str],
) -> None:
    """A lookup has no omit: ansible-core 2.18 and older pass on a placeholder, which is no profile either."""
    values = ["''", "none", "false", "[]", "lookup('env', 'NOT_SET')", "omit"]
    tasks = [
        {
            "ansible.builtin.debug": {"msg": "{{ lookup('" + NAME + f"', region='us-east-1', profile={value}) }}}}"},
            "ignore_errors": True,
        }
        for value in values
    ]
    outcome = run_tasks(tasks, **connection_variables)
    assert outcome.stdout.count("...ignoring") == len(tasks), outcome.stdout + outcome.stderr
    # ansible-core 2.18 and older reject a list themselves.
    assert (outcome.stdout + outcome.stderr).count("profile: must not be empty") >= len(tasks) - 2
    assert endpoint.operations == []


@pytest.mark.parametrize(
    "name", ["profile", "assume_role_arn", "access_key", "secret_key", "session_token", "aws_profile", "iam_role_arn"]
)
@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.usefixtures("connected_environment")
def test_empty_credentials_are_refused(
    endpoint: LocalEndpoint, recorded_arn: str, name: str, value: str | None
) -> None:
    """Empty credentials do not mean those of the environment."""
    lookup = lookup_loader.get(NAME)
    with pytest.raises(AnsibleError, match=f"{name}: must not be empty"):
        lookup.run([], variables={}, endpoint_url=endpoint.url, region="us-east-1", **{name: value})
    assert endpoint.requests == []


@pytest.mark.usefixtures("connected_environment")
def test_an_empty_region_is_refused(endpoint: LocalEndpoint) -> None:
    """An empty Region does not mean the Region of the environment."""
    with pytest.raises(AnsibleError, match="region: must not be empty"):
        lookup_loader.get(NAME).run([], variables={}, endpoint_url=endpoint.url, region="")
    assert endpoint.requests == []


@pytest.mark.usefixtures("connected_environment")
def test_options_of_botocore(endpoint: LocalEndpoint) -> None:
    given = {"endpoint_url": endpoint.url, "region": "us-east-1", "on_missing": "skip"}
    with pytest.raises(AnsibleError, match="aws_config"):
        lookup_loader.get(NAME).run([], variables={}, aws_config={"read_timeut": 1}, **given)
    assert endpoint.requests == []
    assert lookup_loader.get(NAME).run([], variables={}, aws_config={"user_agent_extra": "x"}, **given) == []
    with pytest.raises(AnsibleError, match=r"/no/such\.pem"):
        lookup_loader.get(NAME).run([], variables={}, aws_ca_bundle="/no/such.pem", **given)


@pytest.mark.parametrize("value", [None, ""])
def test_permanent_keys_need_no_session_token(
    endpoint: LocalEndpoint, recorded_arn: str, connection_options: dict[str, str], value: str | None
) -> None:
    lookup = lookup_loader.get(NAME)
    (found,) = lookup.run([], variables={}, **{**connection_options, "session_token": value})
    assert found["replication_set"]["arn"] == recorded_arn


def test_keys_are_described_if_asked_for(run_lookup: Any, endpoint: LocalEndpoint) -> None:
    key = endpoint.make_key("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE", "sseKmsKeyId": key}}})
    states = []
    for include_keys in (False, True):
        (found,) = run_lookup(include_keys=include_keys)
        states.append(found["replication_set"]["region_map"]["us-east-1"]["kms_key"])
    assert states[0] is None and states[1]["key_state"] == "Enabled"


@pytest.mark.parametrize("option", ["secret_key", "aws_session_token"])
def test_a_secret_that_is_no_string_is_not_shown(run_lookup: Lookup, option: str) -> None:
    with pytest.raises(AnsibleError) as failure:
        run_lookup(**{option: ["TOPSECRETvalue"]})
    message = f"{failure.value} {failure.value.__cause__}"
    assert f"{option}: the value is not a string" in message and "TOPSECRET" not in message
