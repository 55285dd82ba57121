# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of changes of a replication set while Regions are down, answers are lost, reads lag, or others change it too."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils import basic
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.failing_servers import hanging_server
from helpers.replication_sets import actions, key, keys_of, region_map, regions, seed_set, write_operations

OWN, OTHER, THIRD, OUTSIDE = "us-east-1", "eu-west-1", "eu-central-1", "us-west-2"
TAGS = {"Team": "Resilience"}

Run = Callable[..., Any]


@pytest.fixture
def manage(run_module: Run, sleeps: list[float]) -> Run:
    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_replication_set", **{"region": OWN, **options})

    return run


@pytest.fixture(autouse=True)
def transition(endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 2})


def writes(endpoint: LocalEndpoint) -> list[dict[str, Any]]:
    """Return the calls that write and that a Region has accepted."""
    return [call for call in endpoint.requests if call["operation"] in write_operations(endpoint)]


def succeed(outcome: Any) -> Any:
    assert not outcome.failed, outcome["msg"]
    return outcome


# A Region is down, or denied ------------------------------------------------------------------------------------------

UNAVAILABLE = ("drop", "503", "denied")


@pytest.mark.sample(3)
@pytest.mark.parametrize("how", UNAVAILABLE)
@pytest.mark.parametrize("caller", [OWN, OTHER, OUTSIDE])
@pytest.mark.parametrize("broken", [OWN, OTHER])
def test_a_broken_region_is_evacuated(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float], how: str, caller: str, broken: str
) -> None:
    (staying,) = {OWN, OTHER} - {broken}
    seed_set(endpoint, regionMap=region_map(OWN, OTHER))
    endpoint.configure(unavailable_regions={broken: how})
    outcome = succeed(manage(region=caller, regions=regions(staying, THIRD)))
    assert actions(outcome) == [("add_region", "done"), ("delete_region", "done")]
    assert sorted(keys_of(outcome)) == sorted([staying, THIRD]) and outcome["region"] != broken
    # The endpoint itself takes two polls for each step.
    assert sum(sleeps) < 15


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", UNAVAILABLE)
@pytest.mark.parametrize("broken", [OWN, OTHER])
def test_tags_and_protection_are_changed_in_the_region_that_answers(
    manage: Run, endpoint: LocalEndpoint, how: str, broken: str
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN, OTHER), deletionProtected=False)
    endpoint.configure(unavailable_regions={broken: how})
    outcome = succeed(manage(tags=TAGS, deletion_protected=True))
    assert actions(outcome) == [("update_deletion_protection", "done"), ("tag_resource", "done")]
    assert outcome["replication_set"]["tags"] == TAGS
    deletion = {"state": "absent", "arn": outcome["replication_set"]["arn"], "deletion_protected": False}
    # The Region that does not answer may have an open incident.
    assert manage(**deletion)["error"]["code"] == "OpenIncidents"
    assert succeed(manage(**deletion, allow_open_incidents=True))["exists"] is False


@pytest.mark.sample(2)
@pytest.mark.parametrize("how", UNAVAILABLE)
@pytest.mark.parametrize("broken", [OWN, OTHER, OUTSIDE])
def test_a_set_is_created_although_a_region_is_unavailable(
    manage: Run, endpoint: LocalEndpoint, how: str, broken: str
) -> None:
    endpoint.configure(unavailable_regions={broken: how})
    outcome = succeed(manage(regions=regions(OWN, OTHER)))
    assert actions(outcome) == [("create_replication_set", "done")]
    assert {call["input"]["clientToken"] for call in writes(endpoint)} and len(keys_of(outcome)) == 2


@pytest.mark.parametrize("how", UNAVAILABLE)
def test_the_region_that_is_watched_goes_down(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, how: str
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN, OTHER))
    act_in_pauses(lambda: endpoint.configure(unavailable_regions={OWN: how}))
    outcome = succeed(manage(regions=regions(OWN, OTHER, THIRD)))
    assert actions(outcome) == [("add_region", "done")] and outcome["region"] != OWN


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", UNAVAILABLE)
def test_a_region_that_comes_back_is_waited_for(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, sleeps: list[float], how: str
) -> None:
    if how == "denied":
        pytest.skip("a denial is not waited for")
    seed_set(endpoint, regionMap=region_map(OWN))

    def go_down_and_come_back() -> None:
        endpoint.configure(unavailable_regions={OWN: how} if sum(sleeps) < 200 else {})

    act_in_pauses(go_down_and_come_back)
    outcome = succeed(manage(regions=regions(OWN, OTHER)))
    assert actions(outcome) == [("add_region", "done")] and sum(sleeps) >= 200


def test_a_region_that_is_denied_is_named(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.configure(unavailable_regions={OWN: "denied"})
    outcome = manage(tags=TAGS)
    assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"
    assert OWN in outcome["msg"] and "search_regions" not in outcome["msg"] and outcome["changed"] is False


def test_the_advice_for_a_denial_in_the_region_of_the_set_is_shown(manage: Run, endpoint: LocalEndpoint) -> None:
    """The own Region is not in the set, so it does not find the set that it lists."""
    seed_set(endpoint, regionMap=region_map(OTHER))
    message = "User is not authorized to perform the action with an explicit deny in a service control policy"
    denial = {"operation": "GetReplicationSet", "fault": "error", "code": "AccessDeniedException", "message": message}
    endpoint.faults.add({**denial, "region": OTHER, "times": None})
    outcome = manage(tags=TAGS)
    assert outcome["error"]["code"] == "AccessDeniedException"
    assert "If the message names a policy" in outcome["msg"] and "Check the ARN" not in outcome["msg"]


@pytest.mark.slow
def test_a_region_that_hangs_is_removed(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint, regionMap=region_map(OWN, OTHER))
    endpoint.faults.add({"region": OWN, "fault": "hang", "times": None})
    outcome = succeed(manage(regions=regions(OTHER, THIRD), aws_config={"read_timeout": 2}))
    assert actions(outcome) == [("add_region", "done"), ("delete_region", "done")]


# Reads that lag -------------------------------------------------------------------------------------------------------

LAGS: list[dict[str, Any]] = [{"reads": 1}, {"reads": 3}, {"reads": 5}, {"seconds": 4}, {"seconds": 60}]


@pytest.mark.sample(1)
@pytest.mark.parametrize("lag", LAGS, ids=str)
@pytest.mark.parametrize("caller", [OWN, OUTSIDE])
def test_each_step_is_sent_once_although_reads_lag(
    manage: Run, endpoint: LocalEndpoint, lag: dict[str, Any], caller: str
) -> None:
    endpoint.configure(read_lag=lag)
    created = succeed(manage(region=caller, regions=regions(OWN, OTHER), tags=TAGS, deletion_protected=True))
    assert actions(created) == [("create_replication_set", "done"), ("update_deletion_protection", "done")]
    assert len(created["replication_set"]["region_map"]) == 2
    endpoint.configure(read_lag=lag)  # makes all writes so far visible
    moved = succeed(manage(region=caller, regions=regions(OTHER, THIRD), tags={}, deletion_protected=False))
    assert {status for _action, status in actions(moved)} == {"done"}
    assert [action for action, _status in actions(moved)] == [
        "untag_resource",
        "add_region",
        "delete_region",
        "update_deletion_protection",
    ]
    endpoint.configure(read_lag=lag)  # makes all writes so far visible
    arn = moved["replication_set"]["arn"]
    deleted = succeed(manage(region=caller, state="absent", arn=arn, deletion_protected=False))
    assert actions(deleted) == [("delete_replication_set", "done")] and deleted["exists"] is False
    assert len(write_operations(endpoint)) == 7


def test_without_wait_a_set_that_can_not_be_read_yet_is_no_failure(manage: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add(
        {"operation": "GetReplicationSet", "fault": "error", "code": "ResourceNotFoundException", "times": None}
    )
    outcome = succeed(manage(regions=regions(OWN, OTHER), wait=False))
    assert actions(outcome) == [("create_replication_set", "done")] and outcome["exists"] is True
    facts = outcome["replication_set"]
    assert facts["arn"].startswith("arn:aws:ssm-incidents::123456789012:replication-set/")
    assert facts["status"] is None and facts["region_map"] == {}
    (warning,) = outcome["warnings"]
    assert "can't be read yet" in str(warning)


# Answers that are lost ------------------------------------------------------------------------------------------------

LOST: list[dict[str, Any]] = [
    {"fault": "error", "code": "InternalFailure", "http_status": 500},
    {"fault": "error", "code": "ServiceUnavailable", "http_status": 503},
    {"fault": "status", "http_status": 504},
    {"fault": "reset"},
    {"fault": "truncated"},
]
STEPS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str]] = {
    "create": (None, {"regions": regions(OWN)}, "CreateReplicationSet"),
    "add": ({}, {"regions": regions(OWN, OTHER, THIRD)}, "UpdateReplicationSet"),
    "delete": ({}, {"regions": regions(OTHER)}, "UpdateReplicationSet"),
    "protect": ({}, {"deletion_protected": True}, "UpdateDeletionProtection"),
    "tag": ({}, {"tags": TAGS}, "TagResource"),
    "absent": ({}, {"state": "absent"}, "DeleteReplicationSet"),
}


def prepare_step(endpoint: LocalEndpoint, name: str) -> tuple[dict[str, Any], str]:
    """Seed the set of one of STEPS, and return the options and the operation."""
    members, options, operation = STEPS[name]
    if members is not None:
        arn = seed_set(endpoint, regionMap=region_map(OWN, OTHER), **members)
        if name == "absent":
            options = {**options, "arn": arn}
    return options, operation


@pytest.mark.sample(7)
@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_step_is_taken_once_if_its_answer_is_lost(
    manage: Run, endpoint: LocalEndpoint, lost: dict[str, Any], name: str, lag: int
) -> None:
    options, operation = prepare_step(endpoint, name)
    if lag:
        endpoint.configure(read_lag={"reads": lag})
    endpoint.faults.add({**lost, "operation": operation, "after": True})
    outcome = succeed(manage(**options))
    assert outcome["changed"] is True
    ((_action, status),) = actions(outcome)
    assert status == "done"
    tokens = {call["input"].get("clientToken") for call in writes(endpoint)}
    assert len(tokens) == 1


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", STEPS)
def test_a_step_whose_outcome_stays_unknown_is_reported_as_unknown(
    manage: Run, endpoint: LocalEndpoint, name: str
) -> None:
    options, operation = prepare_step(endpoint, name)
    endpoint.faults.add({"operation": operation, "fault": "reset", "times": None})
    outcome = manage(**options, wait_timeout=60)
    assert outcome.failed and outcome["changed"] is True
    ((_action, status),) = actions(outcome)
    assert status == "unknown" and "It is not known whether AWS accepted:" in outcome["msg"]
    assert "ConnectionClosedError" in outcome["msg"] or "Connection" in outcome["msg"]


@pytest.mark.parametrize("lost", LOST[:1], ids=str)
def test_a_refusal_after_a_lost_answer_does_not_hide_the_change(
    manage: Run, endpoint: LocalEndpoint, lost: dict[str, Any]
) -> None:
    """The set is UPDATING by then. A read that lags does not show that, so the module tries again and is refused."""
    seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.configure(read_lag={"reads": 2})
    endpoint.faults.add({**lost, "operation": "UpdateReplicationSet", "after": True})
    endpoint.faults.add({"operation": "UpdateReplicationSet", "fault": "error", "code": "ConflictException"})
    outcome = succeed(manage(regions=regions(OWN, OTHER)))
    assert outcome["changed"] is True and actions(outcome) == [("add_region", "done")]


# Temporary faults -------------------------------------------------------------------------------------------------------

PASSING: list[dict[str, Any]] = [
    {"fault": "error", "code": "ServiceUnavailable", "http_status": 400},
    {"fault": "error", "code": "InternalFailure", "http_status": 400},
    {"fault": "error", "code": "Throttling", "http_status": 400},
    {"fault": "error", "code": "TooManyRequestsException", "http_status": 400},
    {"fault": "error", "code": "RequestTimeout", "http_status": 408},
    {"fault": "throttle"},
    {"fault": "internal"},
    {"fault": "status", "http_status": 429},
    {"fault": "status", "http_status": 500},
    {"fault": "status", "http_status": 503},
]


@pytest.mark.sample(9)
@pytest.mark.parametrize("fault", PASSING, ids=str)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("times", [1, 5])
def test_a_write_with_a_temporary_fault_succeeds(
    manage: Run, endpoint: LocalEndpoint, fault: dict[str, Any], name: str, times: int
) -> None:
    options, operation = prepare_step(endpoint, name)
    endpoint.faults.add({**fault, "operation": operation, "times": times})
    outcome = succeed(manage(**options))
    ((_action, status),) = actions(outcome)
    assert status == "done" and len(write_operations(endpoint)) == times + 1
    # The set is read before a step is sent again.
    calls = [call["operation"] for call in endpoint.requests]
    first, second = [number for number, name in enumerate(calls) if name == operation][:2]
    assert {"GetReplicationSet", "ListReplicationSets"} & set(calls[first:second])


# AWS accepts a step, but nothing changes ------------------------------------------------------------------------------


WITHOUT_EFFECT = {
    "add": f"no Region {THIRD}, but the task expects Region {THIRD} with the KMS key DefaultKey",
    "delete": f"Region {OWN} with the KMS key DefaultKey, but the task expects no Region {OWN}",
    "protect": "deletion protection off, but the task expects deletion protection on",
    "tag": "no tag Team, but the task expects the tag Team with the value 'Resilience'",
    "absent": "a replication set, but the task expects no replication set",
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_step_without_an_effect_is_sent_once(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float], name: str
) -> None:
    options, operation = prepare_step(endpoint, name)
    endpoint.faults.add({"operation": operation, "fault": "status", "http_status": 204, "body": "", "times": None})
    outcome = manage(**options)
    assert outcome.failed and outcome["error"]["code"] == "ChangeNotVisible"
    ((action, status),) = actions(outcome)
    assert status == "done" and write_operations(endpoint) == [operation]
    assert action in outcome["msg"] and WITHOUT_EFFECT[name] in outcome["msg"]
    assert 120 <= sum(sleeps) < 300


def test_a_key_in_another_form_does_not_loop(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, sleeps: list[float]
) -> None:
    endpoint.make_key(key(OWN))
    endpoint.make_key(key(OTHER))
    alias = key(OTHER).replace("key/", "alias/")
    seed_set(endpoint, regionMap=active_set({OWN: key(OWN)})["regionMap"])
    act_in_pauses(lambda: seed_set(endpoint, regionMap=active_set({OWN: key(OWN), OTHER: alias})["regionMap"]))
    arn_of_set = endpoint.client(region=OWN).list_replication_sets()["replicationSetArns"][0]
    act_in_pauses(lambda: endpoint.seed(active_set({OWN: key(OWN), OTHER: alias}), arn=arn_of_set))
    wanted = [{"name": OWN, "sse_kms_key_id": key(OWN)}, {"name": OTHER, "sse_kms_key_id": key(OTHER)}]
    outcome = manage(regions=wanted, replace_keys=True)
    assert outcome["error"]["code"] == "ChangeNotVisible"
    assert key(OTHER) in outcome["msg"] and alias in outcome["msg"]
    assert write_operations(endpoint) == ["UpdateReplicationSet"]


# FAILED ---------------------------------------------------------------------------------------------------------------


def seed_failed(endpoint: LocalEndpoint, status: str = "FAILED") -> str:
    """Seed a set whose Region OTHER is FAILED."""
    failed = {"status": "FAILED", "statusMessage": "The grant was revoked", "sseKmsKeyId": "DefaultKey"}
    return seed_set(endpoint, status=status, regionMap={**region_map(OWN, THIRD), OTHER: failed})


@pytest.mark.parametrize("status", ["FAILED", "ACTIVE"])
def test_a_failed_region_can_be_dropped(manage: Run, endpoint: LocalEndpoint, status: str) -> None:
    endpoint.configure(failed_set_can_change=True)
    seed_failed(endpoint, status)
    outcome = succeed(manage(regions=regions(OWN, THIRD)))
    assert actions(outcome) == [("delete_region", "done")]
    assert (outcome["replication_set"]["status"], len(keys_of(outcome))) == ("ACTIVE", 2)


@pytest.mark.parametrize("status", ["FAILED", "ACTIVE"])
def test_protection_and_tags_of_a_failed_set_can_be_changed(manage: Run, endpoint: LocalEndpoint, status: str) -> None:
    endpoint.configure(failed_set_can_change=True)
    seed_failed(endpoint, status)
    outcome = succeed(manage(tags=TAGS, deletion_protected=True))
    assert actions(outcome) == [("update_deletion_protection", "done"), ("tag_resource", "done")]
    assert outcome["replication_set"]["region_map"][OTHER]["status"] == "FAILED"


@pytest.mark.parametrize("options", [regions(OWN, OTHER), regions(OWN, OTHER, THIRD)])
def test_a_failed_region_that_stays_is_a_failure_with_aws_message(
    manage: Run, endpoint: LocalEndpoint, options: Any
) -> None:
    seed_failed(endpoint)
    outcome = manage(regions=options)
    assert outcome["error"]["code"] == "ReplicationSetFailed" and "eu-west-1 (The grant was revoked)" in outcome["msg"]
    assert write_operations(endpoint) == [] and outcome["changed"] is False


def test_a_service_that_does_not_change_a_failed_set_says_so(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float]
) -> None:
    seed_failed(endpoint)
    outcome = manage(regions=regions(OWN, THIRD))
    assert outcome["error"]["code"] == "ConflictException" and "is FAILED" in outcome["msg"]
    assert outcome["changed"] is False and 295 <= sum(sleeps) < 400


def test_a_failed_set_is_deleted_although_reads_lag(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_failed(endpoint)
    endpoint.configure(read_lag={"reads": 3})
    outcome = succeed(manage(state="absent", arn=arn))
    assert outcome["exists"] is False and write_operations(endpoint) == ["DeleteReplicationSet"]


# Conflicts ------------------------------------------------------------------------------------------------------------


def conflict(**rule: Any) -> dict[str, Any]:
    return {"operation": "UpdateReplicationSet", "fault": "error", "code": "ConflictException", **rule}


def test_a_conflict_without_a_change_in_progress_ends_in_minutes(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float]
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN, OTHER))
    message = "A Region can't be deleted within 24 hours"
    endpoint.faults.add(conflict(message=message, times=None))
    outcome = manage(regions=regions(OTHER))
    assert outcome.failed and outcome["error"] == {
        **outcome["error"],
        "code": "ConflictException",
        "message": message,
    }
    assert message in outcome["msg"] and outcome["changed"] is False
    assert actions(outcome) == [("delete_region", "not_reached")]
    assert 295 <= sum(sleeps) < 400 and len(write_operations(endpoint)) < 20


def test_retry_after_is_respected(manage: Run, endpoint: LocalEndpoint, sleeps: list[float]) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.faults.add(conflict(members={"retryAfter": time.time() + 900}))
    outcome = succeed(manage(regions=regions(OWN, OTHER)))
    assert actions(outcome) == [("add_region", "done")] and len(write_operations(endpoint)) == 2
    assert 890 < max(sleeps) <= 900


def test_retry_after_the_end_of_the_task_fails_at_once(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float]
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    moment = time.time() + 90000
    endpoint.faults.add(conflict(members={"retryAfter": moment}, message="Too early"))
    outcome = manage(regions=regions(OWN, OTHER))
    assert outcome.failed and "Too early" in outcome["msg"] and sum(sleeps) == 0
    assert datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")[:16] in outcome["msg"]


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["ListReplicationSets", "GetReplicationSet", "ListTagsForResource"])
def test_throttled_reads_end_in_time(manage: Run, endpoint: LocalEndpoint, sleeps: list[float], operation: str) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.faults.add({"operation": operation, "fault": "throttle", "times": None})
    outcome = manage(tags=TAGS, wait_timeout=3)
    assert outcome.failed and outcome["changed"] is False and "ThrottlingException" in outcome["msg"]
    assert sum(sleeps) <= 3


@pytest.mark.parametrize("wait_timeout", [40, 300])
def test_the_last_read_of_the_tags_ends_in_time(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float], wait_timeout: int
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN), deletionProtected=False)
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "throttle", "times": None})
    outcome = manage(deletion_protected=True, wait_timeout=wait_timeout)
    assert outcome.failed and outcome["changed"] is True
    assert sum(sleeps) <= min(wait_timeout, 60)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"tags": TAGS}, {"state": "absent"}])
def test_a_task_ends_if_the_endpoint_hangs(manage: Run, endpoint: LocalEndpoint, options: dict[str, Any]) -> None:
    if "state" in options:
        options = {**options, "arn": "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603"}
    with hanging_server() as url:
        outcome = manage(endpoint_url=url, wait_timeout=1, **options)
    assert outcome.failed and outcome["error"]["code"] in ("ReadTimeoutError", "WaitTimeout")


def test_a_negative_wait_timeout_is_refused(manage: Run, endpoint: LocalEndpoint) -> None:
    outcome = manage(tags=TAGS, wait_timeout=-1)
    assert outcome["error"]["code"] == "InvalidParameter" and outcome["msg"].startswith("wait_timeout: -1")
    assert endpoint.requests == []


# The wrong set --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
def test_absent_with_another_arn_returns_the_set_of_the_account(
    manage: Run, endpoint: LocalEndpoint, check_mode: bool
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OTHER))
    other = arn[:-12] + "000000000000"
    outcome = succeed(manage(state="absent", arn=other, _check_mode=check_mode))
    assert outcome["changed"] is False and write_operations(endpoint) == []
    assert outcome["exists"] is True and outcome["replication_set"]["arn"] == arn and outcome["region"] == OTHER
    (warning,) = outcome["warnings"]
    assert arn in str(warning) and other in str(warning)


def test_absent_fails_if_the_sets_can_not_be_listed(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
    endpoint.faults.add(
        {"operation": "ListReplicationSets", "fault": "error", "code": "AccessDeniedException", "times": None}
    )
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"
    assert "ListReplicationSets" in outcome["msg"] and "exists" not in outcome.result


def test_the_set_that_the_account_has_is_named(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    other = arn[:-12] + "000000000000"
    outcome = manage(arn=other, tags=TAGS)
    assert outcome["error"]["code"] == "NoReplicationSet"
    assert arn in outcome["msg"] and other in outcome["msg"]


# What others change during the task -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"body": active_set(dict.fromkeys((OWN, OTHER, THIRD), "DefaultKey"))}, f"delete Region {THIRD}"),
        (
            {"body": active_set(dict.fromkeys((OWN, OTHER), "DefaultKey")), "tags": {"Owner": "x"}},
            "remove the tag Owner",
        ),
    ],
)
def test_additions_by_others_are_not_deleted(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, change: dict[str, Any], part: str
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN), tags={})
    act_in_pauses(lambda: endpoint.seed(arn=arn, **change))
    outcome = manage(regions=regions(OWN, OTHER), tags={})
    assert outcome["error"]["code"] == "ReplicationSetChanged" and part in outcome["msg"]
    assert actions(outcome)[0] == ("add_region", "done") and len(write_operations(endpoint)) == 1
    assert "Before that, AWS accepted: add_region eu-west-1." in outcome["msg"]


def test_a_region_that_is_being_created_is_waited_for(manage: Run, endpoint: LocalEndpoint) -> None:
    creating = {"status": "CREATING", "sseKmsKeyId": "DefaultKey"}
    arn = seed_set(endpoint, regionMap={**region_map(OWN), OTHER: creating})
    body = {"status": "ACTIVE", "regionMap": {**region_map(OWN), OTHER: creating}}
    ready = json.dumps({"replicationSet": {**active_set(dict.fromkeys((OWN, OTHER), "DefaultKey"))}}, default=str)
    rule = {"operation": "GetReplicationSet", "fault": "body"}
    endpoint.faults.add(
        {
            **rule,
            "body": json.dumps({"replicationSet": {**active_set({OWN: "DefaultKey"}), **body}}, default=str),
            "times": 3,
        }
    )
    endpoint.faults.add({**rule, "body": ready, "times": None})
    outcome = succeed(manage(arn=arn, regions=regions(OWN, OTHER)))
    assert outcome["replication_set"]["region_map"][OTHER]["status"] == "ACTIVE"


def test_aws_own_tags_are_not_counted_and_not_removed(manage: Run, endpoint: LocalEndpoint) -> None:
    aws_tags = {"aws:cloudformation:stack-name": "incidents"}
    seed_set(endpoint, regionMap=region_map(OWN), tags=aws_tags)
    fifty = {f"tag{number}": "x" for number in range(50)}
    outcome = succeed(manage(tags=fifty))
    assert actions(outcome) == [("tag_resource", "done")]
    assert outcome["replication_set"]["tags"] == {**aws_tags, **fifty}
    assert succeed(manage(tags=fifty))["changed"] is False


# Interruptions, and what is shown -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_task_says_what_it_has_done(
    start_module: Run, endpoint: LocalEndpoint, number: signal.Signals
) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 10**9})
    seed_set(endpoint, regionMap=region_map(OWN))
    process = start_module("ssm_incidents_replication_set", region=OWN, regions=regions(OWN, OTHER, THIRD))
    # A call after the update shows that the module has the answer to it.
    while "UpdateReplicationSet" not in endpoint.operations[:-1]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in output + errors
    result = json.loads(output)
    assert result["failed"] and result["error"]["code"] == "Interrupted" and result["changed"] is True
    assert [(action["action"], action["status"]) for action in result["actions"]] == [
        ("add_region", "done"),
        ("add_region", "not_reached"),
    ]
    assert "Run the task again" in result["msg"]


def test_each_step_is_logged_as_it_is_done(
    manage: Run, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[tuple[int, str]] = []
    monkeypatch.setattr(
        "ansible.module_utils.basic.AnsibleModule.log",
        lambda _module, message, **_options: lines.append((len(write_operations(endpoint)), message)),
    )
    arn = seed_set(endpoint, regionMap=region_map(OWN))
    succeed(manage(regions=regions(OWN, OTHER), deletion_protected=True))
    steps = [(number, line) for number, line in lines if "AWS accepted" in line]
    assert [number for number, _line in steps] == [1, 2]
    assert "update_deletion_protection" in steps[0][1] and "add_region" in steps[1][1] and arn in steps[1][1]


def test_the_diff_of_a_deletion_has_all_facts(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN), tags=TAGS)
    for check_mode in (True, False):
        outcome = succeed(manage(state="absent", arn=arn, _diff=True, _check_mode=check_mode))
        assert {**outcome["diff"]["before"], "data": None} == {
            "regions": {OWN: "DefaultKey"},
            "deletion_protected": False,
            "tags": TAGS,
            "data": None,
        }


# Cases that attacks with their own endpoints have found ------------------------------------------------------------------


def test_a_created_set_that_no_read_shows_yet_exists(manage: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(read_lag={"reads": 5})
    outcome = succeed(manage(regions=regions(OWN, OTHER), wait=False))
    assert (
        outcome["exists"] is True and outcome["replication_set"]["arn"] and outcome["replication_set"]["status"] is None
    )
    (warning,) = outcome["warnings"]
    assert "can't be read yet" in str(warning)


@pytest.mark.parametrize("task", ["create", "add", "absent"])
def test_denied_regions_outside_the_set_do_not_matter_while_reads_lag(
    manage: Run, endpoint: LocalEndpoint, task: str
) -> None:
    denied = dict.fromkeys(("us-west-2", "ap-northeast-1", "eu-north-1", "ca-central-1"), "denied")
    options: dict[str, Any] = {"regions": regions(OWN, OTHER)}
    if task != "create":
        arn = seed_set(endpoint, regionMap=region_map(OWN))
        options = {"state": "absent", "arn": arn} if task == "absent" else options
    endpoint.configure(unavailable_regions=denied)
    for operation in ("GetReplicationSet", "ListReplicationSets")[: 1 if task != "absent" else 2]:
        lag = {"operation": operation, "fault": "error", "code": "ResourceNotFoundException"}
        if operation == "GetReplicationSet":
            endpoint.faults.add(
                {"operation": operation, "fault": "delay", "seconds": 0, "times": 3}, {**lag, "times": 4}
            )
    succeed(manage(**options))


def test_no_step_is_sent_after_the_time_is_over(manage: Run, endpoint: LocalEndpoint) -> None:
    """The set is ready only when the time is over."""
    seed_set(endpoint, regionMap=region_map(OWN))
    outcome = manage(regions=regions(OWN, OTHER, THIRD), wait_timeout=1)
    assert outcome.failed and outcome["error"]["code"] == "WaitTimeout"
    assert len(write_operations(endpoint)) == 1 and actions(outcome)[0] == ("add_region", "done")


def test_a_create_is_not_claimed_for_a_set_with_other_regions(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run
) -> None:
    endpoint.faults.add({"operation": "CreateReplicationSet", "fault": "internal"})
    act_in_pauses(lambda: endpoint.seed(active_set({OTHER: "DefaultKey"}), arn=OTHERS_ARN))
    outcome = manage(regions=regions(OWN), purge_regions=False)
    assert ("create_replication_set", "done") not in actions(outcome)
    names = [action for action, _status in actions(outcome)]
    assert len(names) == len(set(names))


OTHERS_ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"


@pytest.mark.parametrize("moment", ["2026-11-25T17:59:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_an_odd_retry_after_does_no_harm(manage: Run, endpoint: LocalEndpoint, moment: str) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.faults.add(conflict(members={"retryAfter": moment}))
    outcome = manage(regions=regions(OWN, OTHER))
    assert "UnexpectedError" not in outcome.output
    if not moment.startswith("9999"):
        assert actions(outcome) == [("add_region", "done")]


def test_a_refusal_ends_the_task_although_others_change_the_set(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, sleeps: list[float]
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN, OTHER))
    message = "Sooner than 24 hours"
    rule = {"operation": "UpdateReplicationSet", "fault": "error", "code": "ValidationException", "message": message}
    endpoint.faults.add({**rule, "times": None})

    def touch() -> None:
        body = active_set(dict.fromkeys((OWN, OTHER), "DefaultKey"), lastModifiedTime=1700000000 + len(sleeps))
        endpoint.seed(body, arn=arn)

    touch()
    act_in_pauses(touch)
    outcome = manage(regions=regions(OTHER))
    assert outcome["error"]["code"] == "ValidationException" and message in outcome["msg"]
    assert sum(sleeps) < 400


@pytest.mark.parametrize("status", [302, 400, 403])
@pytest.mark.parametrize("lag", [0, 2])
def test_an_error_that_is_not_from_aws_does_not_count_as_a_refusal(
    manage: Run, endpoint: LocalEndpoint, status: int, lag: int
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    if lag:
        endpoint.configure(read_lag={"reads": lag})
    body = "<html>a proxy</html>"
    rule = {"operation": "UpdateReplicationSet", "fault": "status", "http_status": status, "body": body}
    endpoint.faults.add({**rule, "after": True})
    outcome = succeed(manage(regions=regions(OWN, OTHER)))
    assert outcome["changed"] is True and actions(outcome) == [("add_region", "done")]


@pytest.mark.parametrize("options", [{"tags": TAGS}, {"state": "absent"}])
def test_a_task_succeeds_although_its_first_read_is_dropped(
    manage: Run, endpoint: LocalEndpoint, options: dict[str, Any]
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "reset"})
    succeed(manage(**options, arn=arn))


def test_a_deleted_set_is_absent_although_reads_lag(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN))
    endpoint.configure(read_lag={"reads": 4}, transition={"progression": "immediate"})
    endpoint.client(region=OWN).delete_replication_set(arn=arn)
    outcome = succeed(manage(state="absent", arn=arn))
    assert outcome["exists"] is False and outcome["changed"] is False


def test_protection_that_others_turn_on_again_is_not_reported_as_off(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(OWN), deletionProtected=True)
    endpoint.configure(read_lag={"reads": 1})
    body = active_set({OWN: "DefaultKey"}, deletionProtected=True)
    act_in_pauses(lambda: endpoint.seed(body, arn=arn))
    outcome = manage(deletion_protected=False)
    assert outcome["error"]["code"] == "ChangeNotVisible" and "is now off" not in outcome["msg"]


@pytest.mark.parametrize(
    ("added", "code"), [(key(OTHER, 2), None), (key(OTHER, 1), "ChangeNotVisible"), (key(OTHER, 3), "ChangeNotVisible")]
)
def test_a_region_that_others_add_again_after_its_deletion(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, added: str, code: str | None
) -> None:
    """Two tasks that replace the key of the same Region: this one must not wait until the Region is gone."""
    for arn in (key(OWN), *(key(OTHER, number) for number in (1, 2, 3))):
        endpoint.make_key(arn)
    arn = seed_set(endpoint, regionMap=active_set({OWN: key(OWN), OTHER: key(OTHER, 1)})["regionMap"])
    act_in_pauses(lambda: endpoint.seed(active_set({OWN: key(OWN), OTHER: added}), arn=arn))
    outcome = manage(regions=regions(us_east_1=key(OWN), eu_west_1=key(OTHER, 2)), replace_keys=True)
    assert (outcome["error"]["code"] if outcome.failed else None) == code
    assert actions(outcome)[0] == ("delete_region", "done")
    assert len(write_operations(endpoint)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_repeated_interruptions_act_like_one(
    start_module: Run, endpoint: LocalEndpoint, number: signal.Signals
) -> None:
    seed_set(endpoint, regionMap=region_map(OWN))
    rule = {"operation": "UpdateReplicationSet", "fault": "hang", "seconds": 100, "after": True}
    endpoint.faults.add(rule)
    process = start_module("ssm_incidents_replication_set", region=OWN, regions=regions(OWN, OTHER))
    while not any(call["operation"] == "UpdateReplicationSet" for call in endpoint.requests):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    for _time in range(3):
        process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in output + errors
    result = json.loads(output)
    assert result["error"]["code"] == "Interrupted" and result["changed"] is True
    assert [action["status"] for action in result["actions"]] == ["unknown"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_signal_while_the_result_is_written_has_no_effect(
    manage: Run,
    endpoint: LocalEndpoint,
    act_in_pauses: Run,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    is_interrupted: bool,
) -> None:
    # If the module's handlers were not in place, this one would be called.
    late: list[int] = []
    monkeypatch.setattr(basic.AnsibleModule, "_return_formatted", interrupted_return(number))
    handler = signal.signal(number, lambda received, _frame: late.append(received))
    if is_interrupted:
        act_in_pauses(lambda: os.kill(os.getpid(), number))
    try:
        arn = seed_set(endpoint, regionMap=region_map(OWN))
        outcome = manage(arn=arn, regions=regions(OWN, OTHER))
    finally:
        signal.signal(number, handler)
    assert not late
    assert outcome["changed"] and actions(outcome) == [("add_region", "done")]
    assert (outcome["error"]["code"] if outcome.failed else None) == ("Interrupted" if is_interrupted else None)


def interrupted_return(number: signal.Signals) -> Callable[..., None]:
    """Return AnsibleModule's method that writes the result, with a signal right before and right after it."""
    write = basic.AnsibleModule._return_formatted

    def interrupted(module: basic.AnsibleModule, *arguments: Any) -> None:
        os.kill(os.getpid(), number)
        write(module, *arguments)
        os.kill(os.getpid(), number)

    return interrupted
