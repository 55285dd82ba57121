# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup as Ansible loads it, on the wire: the info module's facts, and what becomes of what is not there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from endpoint.server import ACCESS_KEY, SECRET_KEY, LocalEndpoint

Lookup = Callable[..., list[Any]]
NAME = "incident_manager.aws.ssm_incidents_replication_set"
OTHER = "222222222222"
NOT_THERE = "arn:aws:ssm-incidents::123456789012:replication-set/00000000-0000-0000-0000-000000000000"
ACTIVE = {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"}


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List what is shown as a warning."""
    said: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, msg, **_options: said.append(msg))
    return said


def operations(endpoint: LocalEndpoint) -> list[str]:
    return [call["operation"] for call in endpoint.requests]


# Facts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tags", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_the_same_facts_and_calls_as_the_module(
    run_lookup: Lookup,
    run_module: Callable[..., Any],
    endpoint: LocalEndpoint,
    recorded: str,
    named: bool,
    tags: bool,
) -> None:
    (found,) = run_lookup(*([recorded] if named else []), include_tags=tags)
    calls = operations(endpoint)
    module = run_module("ssm_incidents_replication_set_info", arn=recorded if named else None, include_tags=tags).result
    assert found == {key: module[key] for key in ("exists", "region", "replication_set")}
    assert operations(endpoint) == calls * 2


def test_a_term_each(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    found = run_lookup([recorded, recorded])
    assert [one["replication_set"]["arn"] for one in found] == [recorded, recorded]


def test_a_list_that_came_out_empty_is_not_the_accounts_own_set(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str
) -> None:
    assert run_lookup([]) == []
    assert operations(endpoint) == []


def test_search_regions(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    (found,) = run_lookup(recorded, region="eu-west-1", search_regions="all")
    assert found["region"] in ("us-east-1", "us-east-2")


def test_a_role_of_another_account(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    theirs = endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": ACTIVE}}, OTHER)
    (found,) = run_lookup(assume_role_arn=f"arn:aws:iam::{OTHER}:role/audit")
    assert found["replication_set"]["arn"] == theirs
    assert {call["account"] for call in endpoint.requests} == {OTHER}


def test_options_from_the_environment(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    (found,) = run_lookup(endpoint_url=None, access_key=None, secret_key=None, region=None)
    assert found["replication_set"]["arn"] == recorded


def test_a_profile(run_lookup: Lookup, recorded: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[profile ops]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\nregion = us-east-1\n"
    )
    (found,) = run_lookup(profile="ops", access_key=None, secret_key=None, region=None)
    assert found["replication_set"]["arn"] == recorded


# What is not there, or denied -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [[], [NOT_THERE]])
def test_missing_is_an_error(run_lookup: Lookup, endpoint: LocalEndpoint, terms: list[str]) -> None:
    with pytest.raises(AnsibleError) as failure:
        run_lookup(*terms)
    assert "us-east-1" in str(failure.value)
    assert "on_missing" in str(failure.value) or NOT_THERE in str(failure.value)


@pytest.mark.parametrize("terms", [[], [NOT_THERE]])
def test_missing_with_a_warning(
    run_lookup: Lookup, endpoint: LocalEndpoint, warnings: list[str], terms: list[str]
) -> None:
    assert run_lookup(*terms, on_missing="warn") == []
    (said,) = warnings
    assert said.startswith("Left out: Failed to ")


def test_missing_is_skipped_and_the_rest_is_found(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str, warnings: list[str]
) -> None:
    found = run_lookup(NOT_THERE, recorded, on_missing="skip")
    assert [one["replication_set"]["arn"] for one in found] == [recorded]
    assert warnings == []


@pytest.mark.parametrize("on_denied", ["error", "warn", "skip"])
@pytest.mark.parametrize("by", ["the service", "STS"])
def test_denied(
    run_lookup: Lookup,
    endpoint: LocalEndpoint,
    recorded: str,
    refusing_sts: Any,
    warnings: list[str],
    by: str,
    on_denied: str,
) -> None:
    given: dict[str, Any] = {"on_denied": on_denied}
    if by == "STS":
        given |= {"endpoint_url": refusing_sts.url, "assume_role_arn": f"arn:aws:iam::{OTHER}:role/audit"}
    else:
        endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    if on_denied == "error":
        with pytest.raises(AnsibleError, match="sts:AssumeRole" if by == "STS" else "AccessDeniedException"):
            run_lookup(recorded, **given)
    else:
        assert run_lookup(recorded, **given) == []
        assert [said.startswith("Left out") for said in warnings] == [True] * (on_denied == "warn")


def test_another_failure_is_not_taken_for_a_denial(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "region": "us-west-2", "times": None})
    endpoint.faults.add({"fault": "not_json", "region": "eu-west-1", "times": None})
    with pytest.raises(AnsibleError, match="eu-west-1"):
        run_lookup(recorded, region="us-west-2", search_regions="eu-west-1", on_denied="skip")


def test_a_role_that_is_denied_once_is_not_asked_without_it(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str, refusing_sts: Any
) -> None:
    given = {"endpoint_url": refusing_sts.url, "assume_role_arn": f"arn:aws:iam::{OTHER}:role/a", "on_denied": "skip"}
    assert run_lookup(recorded, recorded, **given) == []
    assert all("AssumeRole" in asked for asked in refusing_sts.asked)


def test_a_denial_is_not_a_set_that_is_missing(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    with pytest.raises(AnsibleError):
        run_lookup(recorded, on_missing="skip")


def test_tags_that_may_not_be_listed(
    run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str, warnings: list[str]
) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "operation": "ListTagsForResource"})
    (found,) = run_lookup(recorded)
    assert found["replication_set"]["tags"] is None
    assert len(warnings) == 1 and "ListTagsForResource" in warnings[0]


@pytest.mark.parametrize(
    ("terms", "given", "words"),
    [
        (["no-arn"], {}, ["arn", "'no-arn'"]),
        ([""], {}, ["arn", "''"]),
        ([None], {}, ["null"]),
        ([], {"assume_role_arn": ["a"]}, ["assume_role_arn"]),
        ([], {"search_regions": [5]}, ["search_regions", "5"]),
        ([], {"search_regions": ["here"]}, ["search_regions", "'here'"]),
        ([], {"assume_role_arn": "audit"}, ["assume_role_arn", "'audit'"]),
        ([], {"on_mising": "skip"}, ["on_mising", "on_missing"]),
        ([], {"on_missing": "ignore"}, ["on_missing", "ignore"]),
        ([], {"region": None}, ["region"]),
        ([], {"profile": "nobody", "access_key": None, "secret_key": None}, ["nobody"]),
        ([], {"profile": "ops"}, ["profile", "access_key and secret_key"]),
        ([], {"access_key": None, "secret_key": None}, ["credentials"]),
        ([], {"endpoint_url": "http://127.0.0.1:1"}, ["127.0.0.1:1"]),
    ],
)
def test_what_is_wrong_is_named(
    run_lookup: Lookup, endpoint: LocalEndpoint, terms: list[str], given: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(AnsibleError) as failure:
        run_lookup(*terms, **given)
    # Where ansible-core says it, it says part of it in a cause.
    said = f"{failure.value} {failure.value.__cause__}"
    for word in words:
        assert word in said
    assert operations(endpoint) == []
    assert SECRET_KEY not in said


def test_a_secret_in_an_answer_is_masked(run_lookup: Lookup, endpoint: LocalEndpoint, recorded: str) -> None:
    endpoint.faults.add({"fault": "error", "code": "ValidationException", "message": f"not signed with {SECRET_KEY}"})
    with pytest.raises(AnsibleError, match="not signed with") as failure:
        run_lookup(recorded)
    assert SECRET_KEY not in str(failure.value)


# In a playbook --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_an_assert_and_never_a_template(
    run_tasks: Callable[..., subprocess.CompletedProcess[str]], endpoint: LocalEndpoint, tmp_path: Path
) -> None:
    evil = "{{ lookup('pipe', 'touch " + str(tmp_path / "pwned") + "') }}"
    region = {**ACTIVE, "statusMessage": evil}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": region}}, tags={"Note": evil})
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
    outcome = run_tasks(tasks, AWS_URL=endpoint.url, AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY)
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    assert outcome.stdout.count("\nTASK") == len(tasks)
    assert (tmp_path / "kept").read_text() == evil
    assert json.dumps(evil)[1:-1] in outcome.stdout
    assert not (tmp_path / "pwned").exists()
