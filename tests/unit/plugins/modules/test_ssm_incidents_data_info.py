# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module that counts what a replication set holds, against the local endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data import counts, read
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import PARTS
from endpoint.client import SECRET_KEY, active_set
from endpoint.server import LocalEndpoint
from helpers.credentials import module_options
from helpers.incident_data import contact, contacts_arn, incident, incident_arn, one_of_each, response_plan, rotation

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
REGIONS = ("eu-west-1", "us-east-1")
SET = active_set(dict.fromkeys(REGIONS, "DefaultKey"))
# This is in titles, names and aliases, which must not be in any message.
PRIVATE = "Private"
LISTS = ("ListResponsePlans", "ListIncidentRecords", "ListContacts", "ListRotations")
EVERYTHING = [
    response_plan("b-plan", displayName="B"),
    response_plan("a-plan"),
    incident("one", creationTime="2026-03-01T00:00:00Z", title=f"{PRIVATE} title"),
    incident("two", "RESOLVED", creationTime="2025-01-01T00:00:00.25Z", resolvedTime="2025-01-02T00:00:00Z"),
    contact("private", DisplayName=f"{PRIVATE} person"),
    contact("second", region="eu-west-1"),
    contact("escalate", "ESCALATION"),
    contact("on-call", "ONCALL_SCHEDULE"),
    rotation(f"{PRIVATE}-turns"),
]
COUNTS = {
    "response_plans": 2,
    "incidents": 2,
    "open_incidents": 1,
    "contacts": 2,
    "escalation_plans": 1,
    "on_call_schedules": 1,
    "rotations": 1,
}

Run = Callable[..., Any]


@pytest.fixture
def info(run_module: Run) -> Run:
    """Return a function that runs the module."""

    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_data_info", **options)

    return run


@pytest.fixture
def held(endpoint: LocalEndpoint) -> LocalEndpoint:
    """Return the endpoint with a set of two Regions that holds EVERYTHING."""
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(*EVERYTHING)
    return endpoint


def facts_of(outcome: Any) -> dict[str, Any]:
    """Assert that a run succeeded, and return its result without what Ansible adds."""
    assert not outcome.failed, outcome["msg"]
    return {name: value for name, value in outcome.result.items() if name not in ("invocation", "warnings")}


def calls_of(endpoint: LocalEndpoint) -> list[tuple[str, str]]:
    """Return the calls for lists, with their Regions."""
    found = ("ListReplicationSets", "GetReplicationSet")
    return sorted((call["operation"], call["region"]) for call in endpoint.requests if call["operation"] not in found)


# What is counted ------------------------------------------------------------------------------------------------------


def test_everything(info: Run, held: LocalEndpoint) -> None:
    outcome = info()
    assert facts_of(outcome) == {
        "changed": False,
        "exists": True,
        "region": "us-east-1",
        "arn": ARN,
        "complete": True,
        "missing": [],
        "counts": COUNTS,
        "response_plans": [
            {
                "arn": "arn:aws:ssm-incidents::123456789012:response-plan/a-plan",
                "name": "a-plan",
                "display_name": None,
            },
            {"arn": "arn:aws:ssm-incidents::123456789012:response-plan/b-plan", "name": "b-plan", "display_name": "B"},
        ],
        "incidents": {
            "by_status": {"OPEN": 1, "RESOLVED": 1},
            "first_creation_time": "2025-01-01T00:00:00.250000+00:00",
            "last_creation_time": "2026-03-01T00:00:00.000000+00:00",
        },
        "open_incidents": [
            {
                "arn": incident_arn("one"),
                "title": "Private title",
                "impact": 2,
                "status": "OPEN",
                "creation_time": "2026-03-01T00:00:00.000000+00:00",
            }
        ],
        "contacts": [
            {
                "arn": contacts_arn("contact/second", "eu-west-1"),
                "alias": "second",
                "display_name": None,
            },
            {"arn": contacts_arn("contact/private"), "alias": "private", "display_name": "Private person"},
        ],
        "escalation_plans": [{"arn": contacts_arn("contact/escalate"), "alias": "escalate", "display_name": None}],
        "on_call_schedules": [{"arn": contacts_arn("contact/on-call"), "alias": "on-call", "display_name": None}],
        "rotations": [{"arn": contacts_arn("rotation/Private-turns"), "name": "Private-turns"}],
    }
    assert not outcome.result.get("warnings")
    # Each list is requested once in each Region of the set.
    assert calls_of(held) == sorted((operation, region) for operation in LISTS for region in REGIONS)


def test_a_set_that_holds_nothing(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed(SET, arn=ARN)
    facts = facts_of(info(arn=ARN))
    assert facts["complete"] and set(facts["counts"].values()) == {0}
    assert {name for name in PARTS if facts[name] == []} == set(PARTS) - {"incidents"}
    assert facts["incidents"] == {
        "by_status": {"OPEN": 0, "RESOLVED": 0},
        "first_creation_time": None,
        "last_creation_time": None,
    }


def test_no_set(info: Run, endpoint: LocalEndpoint) -> None:
    facts = facts_of(info(include=["contacts", "open_incidents"]))
    assert (facts["exists"], facts["arn"], facts["complete"], facts["missing"]) == (False, None, True, [])
    assert (facts["contacts"], facts["open_incidents"], facts["rotations"]) == ([], [], None)
    assert facts["counts"] == {**dict.fromkeys(PARTS), "contacts": 0, "open_incidents": 0}
    assert endpoint.operations == ["ListReplicationSets"]


@pytest.mark.parametrize(
    ("include", "operations"),
    [
        (["response_plans"], {"ListResponsePlans"}),
        (["incidents", "open_incidents"], {"ListIncidentRecords"}),
        (["contacts", "escalation_plans", "on_call_schedules"], {"ListContacts"}),
        (["rotations", "open_incidents"], {"ListRotations", "ListIncidentRecords"}),
        ([], set()),
    ],
)
def test_no_other_lists_are_requested(info: Run, held: LocalEndpoint, include: list[str], operations: set[str]) -> None:
    facts = facts_of(info(include=include))
    assert facts["counts"] == {part: COUNTS[part] if part in include else None for part in PARTS}
    assert [part for part in PARTS if facts[part] is not None] == [part for part in PARTS if part in include]
    assert calls_of(held) == sorted((operation, region) for operation in operations for region in REGIONS)


def test_check_mode_is_the_same(info: Run, held: LocalEndpoint) -> None:
    assert info(_check_mode=True).result == info().result


def test_each_object_is_counted_once_whichever_regions_show_it(info: Run, held: LocalEndpoint) -> None:
    """It is unknown whether each Region shows everything."""
    held.seed_data(
        {**incident("east"), "regions": ["us-east-1"]},
        {**incident("west"), "regions": ["eu-west-1"]},
        {**contact("both"), "regions": list(REGIONS)},
        {**rotation("far"), "regions": ["eu-west-1"]},
    )
    counted = facts_of(info())["counts"]
    assert counted == {**COUNTS, "incidents": 4, "open_incidents": 3, "contacts": 3, "rotations": 2}


def test_an_incident_that_is_open_in_one_region_is_open(info: Run, held: LocalEndpoint) -> None:
    """The list of the other Region can be some seconds old."""
    record = {"creationTime": 1, "impact": 1, "title": "t", "arn": incident_arn("late")}
    for region, status in zip(REGIONS, ("RESOLVED", "OPEN"), strict=True):
        body = json.dumps({"incidentRecordSummaries": [{**record, "status": status}]})
        held.faults.add({"fault": "body", "operation": "ListIncidentRecords", "region": region, "body": body})
    facts = facts_of(info())
    assert (facts["counts"]["incidents"], facts["counts"]["open_incidents"]) == (1, 1)


def test_objects_that_another_account_shares_are_not_counted(info: Run, held: LocalEndpoint) -> None:
    other = "222222222222"
    held.seed_data(response_plan("shared", other), incident("shared", account=other), contact("shared", account=other))
    assert facts_of(info())["counts"] == COUNTS


def test_objects_that_another_account_shares_are_named_in_a_warning(info: Run, held: LocalEndpoint) -> None:
    other = "222222222222"
    held.seed_data(incident("shared", account=other), contact("shared", account=other))
    warnings = str(info()["warnings"])
    assert "1 of the incidents" in warnings and "1 of the contacts" in warnings and "other accounts" in warnings
    assert "warnings" not in info(include=["rotations"]).result


@pytest.mark.parametrize(
    "settings", [{"page_size": 1}, {"empty_list_pages": 2}, {"page_size": 1, "empty_list_pages": 1}]
)
def test_pages(info: Run, held: LocalEndpoint, settings: dict[str, int]) -> None:
    held.configure(**settings)
    assert facts_of(info())["counts"] == COUNTS


def test_every_kind_of_object(info: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(*one_of_each())
    counted = facts_of(info())["counts"]
    assert counted == {**dict.fromkeys(COUNTS, 1), "escalation_plans": 0, "on_call_schedules": 0}


def test_another_region_of_the_set_is_found(info: Run, held: LocalEndpoint) -> None:
    facts = facts_of(info(region="ap-south-1", search_regions=["eu-west-1"]))
    assert (facts["region"], facts["counts"]) == ("eu-west-1", COUNTS)


# Failures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"arn": "x"}, "InvalidParameter"),
        ({"arn": f"{ARN[:-1]}8"}, "ResourceNotFoundException"),
        ({"region": "eu-north-1"}, "ResourceNotFoundException"),
        ({"search_regions": ["mars-1"]}, "InvalidParameter"),
    ],
)
def test_a_set_that_is_not_found(info: Run, held: LocalEndpoint, options: dict[str, Any], code: str) -> None:
    outcome = info(**options)
    assert outcome.failed and outcome["error"]["code"] == code
    assert "Traceback" not in outcome.output and SECRET_KEY not in outcome.output
    assert calls_of(held) == []


def test_an_unknown_part(info: Run, held: LocalEndpoint) -> None:
    outcome = info(include=["engagements"])
    assert outcome.failed and "value of include must be one or more of" in outcome["msg"]


def missing_of(facts: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["part"], one["region"], one["code"]) for one in facts["missing"]}


@pytest.mark.parametrize(("part", "kind"), PARTS.items(), ids=PARTS)
def test_counts_are_null_if_a_list_is_denied(info: Run, held: LocalEndpoint, part: str, kind: Any) -> None:
    held.configure(enforce_iam=True)
    (operation,) = kind.lists
    allowed = [name for name in LISTS if name != operation]
    actions = [f"ssm-incidents:{name}" for name in ("GetReplicationSet", *allowed)]
    user = held.make_user([*actions, *(f"ssm-contacts:{name}" for name in allowed)])
    outcome = info(arn=ARN, **module_options(user))
    facts = facts_of(outcome)
    denied = [name for name in PARTS if PARTS[name] is kind]
    assert facts["counts"] == {name: None if name in denied else count for name, count in COUNTS.items()}
    assert facts[part] is None and not facts["complete"]
    assert missing_of(facts) == {(name, region, "AccessDeniedException") for name in denied for region in REGIONS}
    for one in facts["missing"]:
        for text in (f"Failed to list the {kind.words} in Region {one['region']}", operation, "IAM policy"):
            assert text in one["msg"]
    assert len(outcome["warnings"]) == 1 and "missing" in str(outcome["warnings"][0])


def test_a_region_that_does_not_answer(info: Run, held: LocalEndpoint) -> None:
    held.configure(unavailable_regions={"eu-west-1": "denied"})
    facts = facts_of(info())
    assert facts["counts"] == {**COUNTS, "contacts": 1} and not facts["complete"]
    assert missing_of(facts) == {(part, "eu-west-1", "AccessDeniedException") for part in PARTS}
    assert [one["alias"] for one in facts["contacts"]] == ["private"]


def test_pages_before_a_failure_count(info: Run, held: LocalEndpoint) -> None:
    """An incident on the first page is open, even if the next page can't be read."""
    held.configure(page_size=1)
    body = {"incidentRecordSummaries": [], "nextToken": "x"}
    held.faults.add(
        {"fault": "body", "operation": "ListIncidentRecords", "region": "eu-west-1", "body": json.dumps(body)}
    )
    # The token is refused, because no page had it.
    facts = facts_of(info(include=["open_incidents"]))
    assert facts["counts"]["open_incidents"] == 1
    assert missing_of(facts) == {("open_incidents", "eu-west-1", "ValidationException")}


def test_an_empty_page_before_a_failure_is_not_an_empty_list(info: Run, held: LocalEndpoint) -> None:
    body = json.dumps({"incidentRecordSummaries": [], "nextToken": "x"})
    for region in REGIONS:
        held.faults.add({"fault": "body", "operation": "ListIncidentRecords", "region": region, "body": body})
    facts = facts_of(info(include=["open_incidents"]))
    assert (facts["counts"]["open_incidents"], facts["open_incidents"], facts["complete"]) == (None, None, False)


def test_only_a_throttled_page_is_requested_again(info: Run, held: LocalEndpoint, sleeps: list[float]) -> None:
    held.configure(page_size=1)
    only = {"operation": "ListIncidentRecords", "region": "us-east-1"}
    held.faults.add({"fault": "delay", "seconds": 0, **only}, {"fault": "throttle", "times": 4, **only})
    assert facts_of(info())["counts"] == COUNTS
    calls = [call for call in held.requests if call["operation"] == only["operation"] and call["region"] == "us-east-1"]
    assert [call["status"] for call in calls] == [429] * 4 + [200] * 2
    assert len(sleeps) == 4


def test_throttling_that_does_not_end(info: Run, held: LocalEndpoint, sleeps: list[float]) -> None:
    held.faults.add({"fault": "throttle", "operation": "ListContacts", "times": None})
    facts = facts_of(info())
    assert facts["contacts"] is None
    parts = ("contacts", "escalation_plans", "on_call_schedules")
    assert missing_of(facts) == {(part, region, "ThrottlingException") for part in parts for region in REGIONS}


@pytest.mark.slow
def test_a_region_that_hangs(info: Run, held: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "TIMEOUT", 2)
    held.faults.add({"fault": "hang", "seconds": 4, "region": "eu-west-1", "operation": "ListRotations"})
    facts = facts_of(info())
    assert facts["counts"] == COUNTS
    (missing,) = facts["missing"]
    assert (missing["part"], missing["region"], missing["code"]) == ("rotations", "eu-west-1", "ReadTimeoutError")
    assert "list the rotations in Region eu-west-1: the list was not complete after 2 seconds" in missing["msg"]


def test_a_list_that_does_not_end(info: Run, held: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    held.configure(empty_list_pages=10**9)
    held.faults.add(
        {"fault": "body", "operation": "ListReplicationSets", "body": json.dumps({"replicationSetArns": [ARN]})}
    )
    monkeypatch.setattr(read, "MAX_PAGES", 5)
    same = {"fault": "body", "operation": "ListRotations", "times": None}
    held.faults.add({**same, "body": json.dumps({"Rotations": [], "NextToken": "again"})})
    facts = facts_of(info(include=["response_plans", "rotations"]))
    assert missing_of(facts) == {
        (part, region, "MalformedAnswer") for part in ("response_plans", "rotations") for region in REGIONS
    }
    assert len([call for call in calls_of(held) if call == ("ListResponsePlans", "us-east-1")]) == 5
    assert len([call for call in calls_of(held) if call == ("ListRotations", "us-east-1")]) == 2


INCIDENT = {"arn": incident_arn("x"), "title": PRIVATE, "impact": 1, "status": "OPEN", "creationTime": 1}
CONTACT = {"ContactArn": contacts_arn("contact/x"), "Alias": PRIVATE, "Type": "PERSONAL"}


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("ListIncidentRecords", "{}"),
        ("ListIncidentRecords", ""),
        ("ListIncidentRecords", f"<p>{PRIVATE}</p>"),
        ("ListIncidentRecords", {"incidentRecordSummaries": PRIVATE}),
        ("ListIncidentRecords", {"incidentRecordSummaries": {}}),
        ("ListIncidentRecords", {"incidentRecordSummaries": ""}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [PRIVATE]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [None]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "arn": PRIVATE}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "arn": f"arn:aws:{PRIVATE}"}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "creationTime": PRIVATE}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "creationTime": 1e20}]}),
        (
            "ListIncidentRecords",
            {"incidentRecordSummaries": [{**INCIDENT, "creationTime": "0001-01-01T00:00:00+14:00"}]},
        ),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "status": None}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{**INCIDENT, "title": [PRIVATE]}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [INCIDENT], "nextToken": 0}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [INCIDENT], "NextToken": "more"}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [INCIDENT], "nexttoken": "more"}),
        ("ListContacts", {"Contacts": [CONTACT], "nextToken": "more"}),
        ("ListContacts", {}),
        ("ListContacts", {"Contacts": {}}),
        ("ListContacts", {"Contacts": [{**CONTACT, "Type": PRIVATE}]}),
        ("ListContacts", {"Contacts": [{**CONTACT, "DisplayName": {"a": PRIVATE}}]}),
    ],
)
def test_malformed_answers(info: Run, held: LocalEndpoint, operation: str, body: Any) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    held.faults.add({"fault": "body", "operation": operation, "body": text, "times": None})
    outcome = info()
    facts = facts_of(outcome)
    failed = [part for part in PARTS if operation in PARTS[part].lists]
    assert missing_of(facts) == {(part, region, "MalformedAnswer") for part in failed for region in REGIONS}
    assert facts["counts"] == {part: None if part in failed else count for part, count in COUNTS.items()}
    assert "Traceback" not in outcome.output
    for one in facts["missing"]:
        assert PRIVATE not in one["msg"]


def test_a_status_that_is_not_known_counts_as_open(info: Run, held: LocalEndpoint) -> None:
    body = json.dumps({"incidentRecordSummaries": [{**INCIDENT, "status": "MITIGATED"}]})
    held.faults.add({"fault": "body", "operation": "ListIncidentRecords", "body": body, "times": None})
    facts = facts_of(info())
    assert facts["incidents"]["by_status"] == {"OPEN": 0, "RESOLVED": 0, "MITIGATED": 1}
    assert facts["counts"]["open_incidents"] == 1


def test_no_secret_is_in_a_message(info: Run, held: LocalEndpoint) -> None:
    message = f"The request had {SECRET_KEY}"
    rule = {"fault": "error", "code": "ValidationException", "message": message, "times": None}
    held.faults.add({**rule, "operation": "ListRotations"}, {**rule, "operation": "ListContacts"})
    outcome = info()
    assert len(facts_of(outcome)["missing"]) == 8
    assert SECRET_KEY not in outcome.output


def test_texts_from_aws_are_not_templated(info: Run, held: LocalEndpoint, template_text: str) -> None:
    held.seed_data(incident("evil", title=template_text[:200]))
    titles = [one["title"] for one in facts_of(info())["open_incidents"]]
    assert template_text[:200] in titles


def test_a_token_of_the_other_api_does_not_let_a_set_be_deleted(run_module: Run, held: LocalEndpoint) -> None:
    """The open incident is on the next page."""
    resolved = {**INCIDENT, "status": "RESOLVED"}
    body = json.dumps({"incidentRecordSummaries": [resolved], "NextToken": "more"})
    held.faults.add({"fault": "body", "operation": "ListIncidentRecords", "body": body, "times": None})
    outcome = run_module("ssm_incidents_replication_set", state="absent", arn=ARN)
    assert outcome.failed and outcome["error"]["code"] == "OpenIncidents"
    assert "DeleteReplicationSet" not in held.operations


def test_shared_incidents_are_named_before_a_deletion(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(incident("shared", account="222222222222"))
    outcome = run_module("ssm_incidents_replication_set", state="absent", arn=ARN, _check_mode=True)
    assert not outcome.failed and outcome["data"]["open_incidents"] == 0
    assert sum("1 of the incidents" in str(one) for one in outcome["warnings"]) == 1
