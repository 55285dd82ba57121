# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the checks before a replication set is deleted: what the set holds, and whether an incident is open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from helpers.incident_data import contact, incident, response_plan, rotation
from helpers.replication_sets import actions, region_map, seed_set, write_operations

Run = Callable[..., Any]

COUNTS = {
    "response_plans": 2,
    "incidents": 3,
    "open_incidents": 1,
    "contacts": 2,
    "escalation_plans": 1,
    "on_call_schedules": 1,
    "rotations": 1,
}


@pytest.fixture
def manage(run_module: Run, sleeps: list[float]) -> Run:
    return lambda **options: run_module("ssm_incidents_replication_set", region="us-east-1", **options)


@pytest.fixture
def arn(endpoint: LocalEndpoint) -> str:
    """Seed a set of two Regions with data that includes an open incident, and return its ARN."""
    endpoint.configure(transition={"progression": "manual", "times": 2})
    arn = seed_set(endpoint, regionMap=region_map("us-east-1", "eu-west-1"))
    endpoint.seed_data(
        response_plan("one"),
        response_plan("two"),
        incident("open"),
        incident("over", "RESOLVED"),
        incident("also", "RESOLVED"),
        contact("first"),
        contact("second", region="eu-west-1"),
        contact("plan", "ESCALATION"),
        contact("schedule", "ONCALL_SCHEDULE"),
        rotation("turns"),
    )
    return arn


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_counts_of_what_is_deleted_are_returned(manage: Run, arn: str, check_mode: bool) -> None:
    outcome = manage(state="absent", arn=arn, allow_open_incidents=True, _diff=True, _check_mode=check_mode)
    assert not outcome.failed, outcome["msg"]
    assert outcome["data"] == outcome["diff"]["before"]["data"] == COUNTS
    assert actions(outcome) == [("delete_replication_set", "planned" if check_mode else "done")]
    assert "Title of" not in outcome.output and "first" not in outcome.output


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_set_with_an_open_incident_is_not_deleted_unless_told(
    manage: Run, endpoint: LocalEndpoint, arn: str, check_mode: bool
) -> None:
    outcome = manage(state="absent", arn=arn, deletion_protected=False, _check_mode=check_mode)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents"
    assert "1 open incident" in outcome["msg"] and "allow_open_incidents: true" in outcome["msg"]
    assert outcome["changed"] is False and outcome["data"] == COUNTS and write_operations(endpoint) == []


def test_a_set_without_an_open_incident_is_deleted(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    outcome = manage(state="absent", arn=arn)
    assert not outcome.failed, outcome["msg"]
    assert outcome["exists"] is False and outcome["data"]["open_incidents"] == 0
    assert not outcome.result.get("warnings")


def test_lists_that_are_denied_are_a_warning(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    rule = {"operation": "ListIncidentRecords", "fault": "error", "code": "AccessDeniedException", "times": None}
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    endpoint.faults.add(rule)
    outcome = manage(state="absent", arn=arn)
    assert not outcome.failed, outcome["msg"]
    assert outcome["data"]["open_incidents"] is None
    assert outcome["data"]["incidents"] is None and outcome["data"]["response_plans"] == 2
    warnings = [str(warning) for warning in outcome["warnings"]]
    assert len(warnings) == 2
    for warning in warnings:
        assert "incidents, open_incidents" in warning and "It is not known whether an incident is open" in warning


def test_a_denial_after_a_transient_error_is_a_denial(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    """AWS has never returned a page, so the error that was retried is no sign that the caller has the permission."""
    rule = {"operation": "ListIncidentRecords", "fault": "error", "code": "AccessDeniedException", "times": None}
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    endpoint.faults.add({"operation": "ListIncidentRecords", "fault": "internal", "times": 1}, rule)
    outcome = manage(state="absent", arn=arn)
    assert not outcome.failed, outcome["msg"]
    assert any("It is not known whether an incident is open" in str(warning) for warning in outcome["warnings"])


def test_a_list_that_fails_before_it_is_denied_may_have_an_open_incident(
    manage: Run, endpoint: LocalEndpoint, arn: str
) -> None:
    rule = {"operation": "ListIncidentRecords", "fault": "error", "code": "AccessDeniedException", "times": None}
    endpoint.faults.add({"operation": "ListIncidentRecords", "fault": "internal", "times": 1}, rule)
    outcome = manage(state="absent", arn=arn, aws_config={"retries": {"total_max_attempts": 1}})
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []


def test_a_denial_by_a_proxy_is_not_a_missing_permission(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    body = json.dumps({"code": "AccessDeniedException", "message": "Denied"})
    rule = {"operation": "ListIncidentRecords", "fault": "body", "http_status": 403, "body": body, "times": None}
    endpoint.faults.add(rule)
    outcome = manage(state="absent", arn=arn)
    assert outcome["error"]["code"] == "OpenIncidents"
    assert write_operations(endpoint) == []


@pytest.mark.slow
def test_lists_that_hang_do_not_delay_the_task(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    endpoint.faults.add({"operation": "ListContacts", "fault": "hang", "times": None})
    outcome = manage(state="absent", arn=arn, allow_open_incidents=True, wait_timeout=5, _check_mode=True)
    assert not outcome.failed, outcome["msg"]
    assert outcome["data"] == {**COUNTS, "contacts": None, "escalation_plans": None, "on_call_schedules": None}
    (seconds,) = {found for warning in outcome["warnings"] for found in re.findall("after (.*) seconds", str(warning))}
    assert len(seconds) <= len("3.5")


def test_nothing_is_counted_if_nothing_is_deleted(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    outcome = manage(tags={"a": "b"})
    assert "data" not in outcome.result and "ListIncidentRecords" not in endpoint.operations
    gone = manage(state="absent", arn=arn[:-4] + "0000")
    assert "data" not in gone.result and "ListIncidentRecords" not in endpoint.operations


UNLISTED: list[dict[str, Any]] = [
    {"fault": "error", "code": "ValidationException"},
    {"fault": "internal"},
    {"fault": "throttle"},
    {"fault": "body", "body": "{}"},
    {"fault": "body", "body": '{"incidentRecordSummaries": {}}'},
    {"fault": "body", "body": '{"incidentRecordSummaries": ""}'},
    {"fault": "body", "body": '{"incidentRecordSummaries": [{"arn": 5}]}'},
    {"fault": "reset"},
]


@pytest.mark.sample(2)
@pytest.mark.parametrize("fault", UNLISTED, ids=str)
@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_a_set_is_not_deleted_if_an_incident_could_be_open(
    manage: Run, endpoint: LocalEndpoint, arn: str, fault: dict[str, Any], region: str | None
) -> None:
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    endpoint.faults.add({**fault, "operation": "ListIncidentRecords", "region": region, "times": None})
    outcome = manage(state="absent", arn=arn, aws_config={"retries": {"total_max_attempts": 2}})
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents"
    assert "It is not known whether" in outcome["msg"] and "allow_open_incidents: true" in outcome["msg"]
    assert outcome["data"]["open_incidents"] is None and write_operations(endpoint) == []
    allowed = manage(
        state="absent", arn=arn, allow_open_incidents=True, aws_config={"retries": {"total_max_attempts": 2}}
    )
    assert not allowed.failed, allowed["msg"]


def test_a_set_is_not_deleted_if_an_incident_is_opened_during_the_task(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run
) -> None:
    """Turning deletion protection off takes time, in which an incident can be opened."""
    endpoint.configure(transition={"progression": "manual", "times": 2}, read_lag={"reads": 1})
    arn = seed_set(endpoint, regionMap=region_map("us-east-1"), deletionProtected=True)
    act_in_pauses(lambda: endpoint.seed_data(incident("new")))
    outcome = manage(state="absent", arn=arn, deletion_protected=False)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents"
    assert actions(outcome) == [("update_deletion_protection", "done"), ("delete_replication_set", "not_reached")]
    assert "Deletion protection is now off" in outcome["msg"]


def test_an_incident_that_is_opened_while_the_diff_waits_is_not_deleted(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run
) -> None:
    """Listing the tags for the diff can take a minute."""
    arn = seed_set(endpoint, regionMap=region_map("us-east-1"))
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "throttle", "times": 1})
    act_in_pauses(lambda: endpoint.seed_data(incident("new")))
    outcome = manage(state="absent", arn=arn, _diff=True)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []


def test_the_incidents_are_listed_again_before_the_deletion(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    """An item can move to a page that was read already."""
    body = '{"incidentRecordSummaries": []}'
    endpoint.faults.add({"operation": "ListIncidentRecords", "fault": "body", "body": body, "times": 2})
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []


DENIED = {"fault": "error", "code": "AccessDeniedException", "operation": "ListIncidentRecords", "times": None}
RESOLVED: dict[str, Any] = {
    "arn": "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/over",
    "title": "t",
    "impact": 1,
}
ONE_PAGE = {"incidentRecordSummaries": [{**RESOLVED, "status": "RESOLVED", "creationTime": 0}], "nextToken": "more"}


@pytest.mark.parametrize(
    "rules",
    [
        [{"fault": "body", "operation": "ListIncidentRecords", "body": json.dumps(ONE_PAGE), "times": 2}, DENIED],
        [
            *({**DENIED, "fault": "body", "code": None, "body": '{"incidentRecordSummaries": []}', "times": 2},),
            DENIED,
        ],
        [{**DENIED, "region": "eu-west-1"}],
    ],
    ids=["second page", "later", "one Region"],
)
def test_a_denial_of_a_part_of_the_list_is_not_a_missing_permission(
    manage: Run, endpoint: LocalEndpoint, arn: str, rules: list[dict[str, Any]]
) -> None:
    """A policy does not deny one page, one Region or one moment. So it is not known whether an incident is open."""
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    endpoint.faults.add(*rules)
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []
    assert "It is not known whether" in outcome["msg"]


@pytest.mark.parametrize("account", ["", "aws", "12345"])
def test_an_incident_whose_arn_names_no_account_counts(
    manage: Run, endpoint: LocalEndpoint, arn: str, account: str
) -> None:
    summary = {**RESOLVED, "status": "OPEN", "creationTime": 0}
    summary["arn"] = f"arn:aws:ssm-incidents::{account}:incident-record/a-plan/one"
    body = json.dumps({"incidentRecordSummaries": [summary]})
    endpoint.faults.add({"fault": "body", "operation": "ListIncidentRecords", "body": body, "times": None})
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []


def test_an_empty_token_is_not_the_end_of_the_list(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    body = json.dumps({"incidentRecordSummaries": [], "nextToken": ""})
    endpoint.faults.add({"fault": "body", "operation": "ListIncidentRecords", "body": body, "times": None})
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents" and write_operations(endpoint) == []
