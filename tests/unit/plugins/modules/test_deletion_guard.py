# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what is looked at before a replication set is deleted: what it holds, and its open incidents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from incident_data import contact, incident, response_plan, rotation

from .test_ssm_incidents_replication_set import actions, region_map, seed_set, write_operations

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
    """Seed a set of two Regions with its data, one incident of it open, and return its ARN."""
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
def test_what_goes_with_the_set_is_shown(manage: Run, arn: str, check_mode: bool) -> None:
    outcome = manage(state="absent", arn=arn, allow_open_incidents=True, _diff=True, _check_mode=check_mode)
    assert not outcome.failed, outcome["msg"]
    assert outcome["data"] == outcome["diff"]["before"]["data"] == COUNTS
    assert actions(outcome) == [("delete_replication_set", "planned" if check_mode else "done")]
    assert "Title of" not in outcome.output and "first" not in outcome.output


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_open_incident_is_not_deleted_unless_told(
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


@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_what_can_not_be_listed_is_a_warning(
    manage: Run, endpoint: LocalEndpoint, arn: str, region: str | None
) -> None:
    rule = {"operation": "ListIncidentRecords", "fault": "error", "code": "AccessDeniedException", "times": None}
    endpoint.remove_data("incident_record", "arn:aws:ssm-incidents::123456789012:incident-record/a-plan/open")
    endpoint.faults.add({**rule, "region": region})
    outcome = manage(state="absent", arn=arn)
    assert not outcome.failed, outcome["msg"]
    known = region is not None
    assert outcome["data"]["open_incidents"] == (0 if known else None)
    assert outcome["data"]["incidents"] == (2 if known else None) and outcome["data"]["response_plans"] == 2
    warnings = [str(warning) for warning in outcome["warnings"]]
    assert len(warnings) == (1 if known else 2)
    for warning in warnings:
        assert "incidents, open_incidents" in warning and "Whether an incident is open is not known" in warning


@pytest.mark.slow
def test_lists_that_hang_do_not_hold_the_task_up(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    endpoint.faults.add({"operation": "ListContacts", "fault": "hang", "times": None})
    outcome = manage(state="absent", arn=arn, allow_open_incidents=True, wait_timeout=5, _check_mode=True)
    assert not outcome.failed, outcome["msg"]
    assert outcome["data"] == {**COUNTS, "contacts": None, "escalation_plans": None, "on_call_schedules": None}


def test_nothing_is_counted_if_nothing_is_deleted(manage: Run, endpoint: LocalEndpoint, arn: str) -> None:
    outcome = manage(tags={"a": "b"})
    assert "data" not in outcome.result and "ListIncidentRecords" not in endpoint.operations
    gone = manage(state="absent", arn=arn[:-4] + "0000")
    assert "data" not in gone.result and "ListIncidentRecords" not in endpoint.operations
