# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module that exports what a replication set holds, against the local endpoint."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import os
import queue
import random
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.export import MAX_ROUNDS, export_data
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.kinds import KINDS, is_unit
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.workers import Workers
from botocore.httpsession import URLLib3Session
from botocore.loaders import create_loader
from botocore.model import ServiceModel, StructureShape
from endpoint.backend import kinds, utils
from endpoint.client import SECRET_KEY, active_set
from endpoint.server import LocalEndpoint
from helpers.credentials import module_options
from helpers.failing_servers import hanging_server
from helpers.incident_data import (
    contact,
    contacts_arn,
    incident,
    incident_arn,
    one_of_each,
    response_plan,
    rotation,
    timeline_event,
)
from helpers.recorded import ACCOUNT as RECORDED_ACCOUNT
from helpers.recorded import PAGES, objects_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
REGIONS = ("eu-west-1", "us-east-1")
SET = active_set(dict.fromkeys(REGIONS, "DefaultKey"))
ONCE = {"retries": {"total_max_attempts": 1}}
# This is in titles, names, numbers and texts, which must not be in any message.
PRIVATE = "Private"
TURNS = contacts_arn("rotation/turns")
PAGE = contacts_arn("page/first/1")

# The file of an export that has the endpoint's kind of object, and the operation whose response has the object.
FILES = {
    "response_plan": ("response_plans", "GetResponsePlan"),
    "resource_policy": ("resource_policies", "GetResourcePolicies"),
    "incident_record": ("incident_records", "GetIncidentRecord"),
    "timeline_event": ("timeline_events", "GetTimelineEvent"),
    "related_item": ("related_items", "ListRelatedItems"),
    "finding": ("findings", "BatchGetIncidentFindings"),
    "contact": ("contacts", "GetContact"),
    "contact_policy": ("contacts", "GetContactPolicy"),
    "contact_channel": ("contact_channels", "GetContactChannel"),
    "rotation": ("rotations", "GetRotation"),
    "rotation_override": ("rotation_overrides", "GetRotationOverride"),
    "rotation_shift": ("rotation_shifts", "ListRotationShifts"),
    "engagement": ("engagements", "DescribeEngagement"),
    "page": ("pages", "DescribePage"),
    "page_receipt": ("page_receipts", "ListPageReceipts"),
    "page_resolution": ("page_resolutions", "ListPageResolutions"),
}
OPERATIONS = sorted({operation for kind in KINDS.values() for operation in (*kind.lists, *kind.gets)})

# The oldest botocore does not have findings.
HAS_FINDINGS = "ListIncidentFindings" in utils.service_model("ssm-incidents").operation_names
needs_findings = pytest.mark.skipif(not HAS_FINDINGS, reason="botocore is too old")

Run = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the export, whose parent has nothing else."""
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports" / "export"


@pytest.fixture
def export(run_module: Run, path: Path) -> Run:
    """Return a function that runs the module."""
    return lambda **options: run_module(
        "ssm_incidents_export", **{"path": str(path), "allow_incomplete": not HAS_FINDINGS, **options}
    )


@pytest.fixture
def held(endpoint: LocalEndpoint) -> LocalEndpoint:
    """Return the endpoint with a set of two Regions that holds an object of each kind."""
    endpoint.seed(SET, arn=ARN, tags={"Team": "A"})
    endpoint.seed_data(*objects())
    return endpoint


def objects() -> list[dict[str, Any]]:
    return [one for one in one_of_each() if one["kind"] in known_kinds()]


def known_kinds() -> set[str]:
    return set(FILES) - (set() if HAS_FINDINGS else {"finding"})


@pytest.fixture
def at_call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what happens before the endpoint answers one of some operations for the n-th time."""
    responses = importlib.import_module("moto.ssmincidents.responses")

    def at_call(operations: str | Sequence[str], number: int, act: Callable[[], object]) -> None:
        answer, lock = responses.answer, threading.Lock()
        counted: Counter[str] = Counter()
        happened: list[str] = []
        named = [operations] if isinstance(operations, str) else operations

        def act_and_answer(data: Any, asked: Any) -> Any:
            # Calls from other threads of the module wait until it has happened.
            with lock:
                if asked.operation in named and not happened:
                    counted[asked.operation] += 1
                    if counted[asked.operation] == number:
                        happened.append(asked.operation)
                        act()
            return answer(data, asked)

        monkeypatch.setattr(responses, "answer", act_and_answer)

    return at_call


@pytest.fixture
def calls_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that receives, at each call, the number of calls that have not ended."""
    send, lock, active = URLLib3Session.send, threading.Lock(), list[Any]()
    most: list[int] = []

    def counted(self: URLLib3Session, request: Any) -> Any:
        with lock:
            active.append(request)
            most.append(len(active))
        try:
            return send(self, request)
        finally:
            with lock:
                active.remove(request)

    monkeypatch.setattr(URLLib3Session, "send", counted)
    return most


def read(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Assert that an export's folder, files and manifest are as documented, and return the lines of each file."""
    manifest = manifest_of(path)
    assert (path.stat().st_mode & 0o7777, path.is_symlink()) == (0o700, False)
    assert {one.name for one in path.iterdir()} == {*manifest["files"], "manifest.json"}
    assert all(one.stat().st_mode & 0o7777 == 0o600 for one in path.iterdir())
    found = {}
    for name, facts in manifest["files"].items():
        content = (path / name).read_bytes()
        assert facts == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert content.isascii()
        found[name.removesuffix(".jsonl")] = [json.loads(line) for line in content.decode().splitlines()]
    assert manifest["counts"] == {name: len(lines) for name, lines in found.items()}
    assert set(found) == set(KINDS)
    return found


def manifest_of(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="ascii"))
    return loaded


def bodies(found: dict[str, list[dict[str, Any]]], kind: str) -> list[Any]:
    """Return the objects of an export that are of one of the endpoint's kinds."""
    name, operation = FILES[kind]
    wrapper = kinds.result_member(KINDS[name].service, operation)
    taken = [line[operation] for line in found[name] if operation in line]
    if operation == "BatchGetIncidentFindings":
        return [item for response in taken for item in response["findings"]]
    is_wrapped = wrapper and not kinds.is_list(KINDS[name].service, operation)
    return [response[wrapper] if is_wrapped else response for response in taken]


def as_exported(one: dict[str, Any]) -> Any:
    """Return a seeded object with its times as an export has them."""
    kind = kinds.KINDS[one["kind"]]

    def converted(shape: Any, value: Any) -> Any:
        if shape.type_name == "timestamp":
            seconds = value if isinstance(value, int | float) else datetime.fromisoformat(value).timestamp()
            return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
        if shape.type_name == "structure":
            return {name: converted(shape.members[name], item) for name, item in value.items()}
        if shape.type_name == "list":
            return [converted(shape.member, item) for item in value]
        return value

    return converted(utils.service_model(kind.service).shape_for(kind.shape), one["body"])


def assert_exported(path: Path, *seeded: dict[str, Any]) -> None:
    """Assert that an export has exactly these objects, with their tags."""
    found = read(path)
    for kind in known_kinds():
        expected = [as_exported(one) for one in seeded if one["kind"] == kind]
        assert sorted(bodies(found, kind), key=repr) == sorted(expected, key=repr), kind
    for one in seeded:
        if kinds.KINDS[one["kind"]].has_tags:
            arn = one["body"][kinds.KINDS[one["kind"]].id]
            (line,) = (line for line in found[FILES[one["kind"]][0]] if line["arn"] == arn)
            tags = line["ListTagsForResource"]
            given = tags["tags"] if "tags" in tags else {item["Key"]: item["Value"] for item in tags["Tags"]}
            assert given == one.get("tags", {})


def assert_nothing(path: Path) -> None:
    """Assert that there is no export, and no file that is left over."""
    assert list(path.parent.iterdir()) == []


def missing_of(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        one for one in manifest_of(path)["missing"] if one["code"] != "MissingLibrary" or HAS_FINDINGS
    ]
    return found


def assert_complete(outcome: Any) -> None:
    assert not outcome.failed, outcome["msg"]
    assert outcome["changed"] is True
    assert {one["code"] for one in outcome["missing"]} == (set() if HAS_FINDINGS else {"MissingLibrary"})
    assert outcome["complete"] is HAS_FINDINGS


# What is exported -----------------------------------------------------------------------------------------------------


def test_every_kind_is_exported_as_it_was_seeded(held: LocalEndpoint, export: Run, path: Path) -> None:
    outcome = export()
    assert_complete(outcome)
    assert outcome["directory"] == str(path)
    assert_exported(path, *objects())
    manifest, found = manifest_of(path), read(path)
    assert outcome["counts"] == manifest["counts"]
    assert (manifest["format_version"], manifest["account_id"]) == (1, "123456789012")
    assert (manifest["replication_set_arn"], manifest["regions"]) == (ARN, list(REGIONS))
    assert manifest["started"] <= manifest["ended"] and len(manifest["not_included"]) > 5
    assert manifest["changes"] == []
    (the_set,) = found["replication_set"]
    assert the_set["ListTagsForResource"] == {"tags": {"Team": "A"}}
    assert set(the_set["GetReplicationSet"]["replicationSet"]["regionMap"]) == set(REGIONS)
    # Each part names what it belongs to.
    assert [line["parent"] for line in found["related_items"]] == [incident_arn("one")]
    assert [line["parent"] for line in found["page_receipts"]] == [PAGE]


def test_every_operation_that_reads_is_used() -> None:
    """The table has all operations that read, including those of a newer botocore."""
    others = {
        # One finds the set. The other returns shifts of a rotation that does not exist.
        "ListReplicationSets",
        "ListPreviewRotationShifts",
    }
    for service in ("ssm-incidents", "ssm-contacts"):
        names = {
            name
            for name in utils.service_model(service).operation_names
            if name.startswith(("BatchGet", "Describe", "Get", "List"))
        }
        assert names <= {*OPERATIONS, *others}


def newest_models() -> Iterator[tuple[str, ServiceModel]]:
    for service in ("ssm-incidents", "ssm-contacts"):
        yield service, ServiceModel(create_loader().load_service_model(service, "service-2"), service)


def members_of(shape: Any) -> dict[str, Any]:
    """Return the members of an object in a response: those of the response, and those of the structures in it."""
    members = dict(shape.members)
    for member in shape.members.values():
        inner = member.member if member.type_name == "list" else member
        if isinstance(inner, StructureShape):
            members.update(inner.members)
    return members


def test_items_of_lists_have_no_other_members_than_objects() -> None:
    """An export has the objects, and not the items of lists. A newer botocore could know further members of items."""
    for service, model in newest_models():
        for kind in KINDS.values():
            if kind.service != service or not kind.gets or kind.gets[0] not in model.operation_names:
                continue
            known = members_of(model.operation_model(kind.gets[0]).output_shape)
            for operation in kind.lists:
                output: Any = model.operation_model(operation).output_shape
                (listed,) = (member for member in output.members.values() if member.type_name == "list")
                assert listed.member.members.keys() <= known.keys(), operation


HOSTILE = [
    "two\nlines\r\n",
    "\u2028 \u2029 \x85",
    "\x00\x1b[31m",
    "\ud800 lone \udfff",
    "\U0001f600 \ufeff",
    '"}\n{"arn": "x"}',
    "{{ 1 + 1 }}",
]


@pytest.mark.sample(2)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_stays_in_one_line(held: LocalEndpoint, export: Run, path: Path, text: str) -> None:
    hostile = [
        incident("two", title=text, summary=text),
        timeline_event("two", "e2", eventData=text),
        {"kind": "related_item", "body": {**objects()[4]["body"], "title": text}, "parent": incident_arn("two")},
    ]
    held.seed_data(*hostile)
    assert_complete(export())
    assert_exported(path, *objects(), *hostile)


@pytest.mark.sample(1)
@pytest.mark.parametrize("page_size", [1, 2])
def test_pages_and_regions(held: LocalEndpoint, export: Run, path: Path, page_size: int) -> None:
    """Each object is exported once, whichever Regions show it, and however many pages the lists have."""
    west, east = ({"regions": [region]} for region in REGIONS)
    further = [
        {**incident("west"), **west},
        {**incident("east"), **east},
        contact("far", region="eu-west-1"),
        {**contact("everywhere"), "regions": list(REGIONS)},
        *(timeline_event("one", f"n{number}") for number in range(5)),
        {**timeline_event("one", "west"), **west},
        {**timeline_event("one", "east"), **east},
        {**timeline_event("east", "e"), **east},
        *(response_plan(f"plan-{number}") for number in range(4)),
    ]
    # Both Regions have the same item twice.
    item = {"kind": "related_item", "body": objects()[4]["body"], "parent": incident_arn("west")}
    further += [{**item, "parent": incident_arn("one")}, {**item, **west}]
    held.seed_data(*further)
    held.configure(page_size=page_size, empty_list_pages=1)
    assert_complete(export())
    assert_exported(path, *objects(), *further)


def test_objects_that_others_share_are_only_counted(held: LocalEndpoint, export: Run, path: Path) -> None:
    held.seed_data(
        incident("other", account="222222222222"),
        response_plan("other", account="222222222222"),
        {**contact("other", account="222222222222"), "regions": list(REGIONS)},
    )
    assert_complete(export())
    assert_exported(path, *objects())
    shared = manifest_of(path)["shared_by_other_accounts"]
    assert shared == {"contacts": 1, "incident_records": 1, "response_plans": 1}


def test_a_contact_without_a_policy_and_a_set_with_nothing(endpoint: LocalEndpoint, export: Run, path: Path) -> None:
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(contact("first"))
    assert_complete(export(arn=ARN, search_regions=["eu-west-1"]))
    assert_exported(path, contact("first"))
    assert "GetContactPolicy" not in read(path)["contacts"][0]


def test_an_override_and_its_times(held: LocalEndpoint, export: Run, path: Path) -> None:
    """Times keep their microseconds, and future overrides are exported. Future shifts follow from the rotation."""
    late = {"StartTime": 4000000000.123456, "EndTime": 4000000001}
    override = {
        "RotationOverrideId": "87654321-1234-1234-1234-123456789012",
        "NewContactIds": [contacts_arn("contact/first")],
        "RotationArn": TURNS,
        "CreateTime": 1767000000.000001,
        **late,
    }
    seeded = {"kind": "rotation_override", "body": override}
    shift = {"kind": "rotation_shift", "body": {**late, "ContactIds": [], "Type": "REGULAR"}, "parent": TURNS}
    held.seed_data(seeded, shift)
    assert_complete(export())
    assert_exported(path, *objects(), seeded)
    times = [one["StartTime"] for one in bodies(read(path), "rotation_override")]
    assert max(times) == "2096-10-02T07:06:40.123456+00:00"


def test_check_mode_counts_and_writes_nothing(held: LocalEndpoint, export: Run, path: Path) -> None:
    outcome = export(_check_mode=True)
    assert (outcome.failed, outcome["changed"], outcome["complete"]) == (False, True, True)
    assert outcome["counts"]["incidents"] == outcome["counts"]["contacts"] == 1
    assert not {call["operation"] for call in held.requests} & {"GetIncidentRecord", "GetContact"}
    assert_nothing(path)
    held.faults.add({"fault": "error", "code": "AccessDeniedException", "operation": "ListContacts", "times": None})
    outcome = export(_check_mode=True, allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    # One call in each Region, although several counts come from it.
    assert [(one["operation"], one["region"]) for one in outcome["missing"]] == [
        ("ListContacts", name) for name in REGIONS
    ]
    assert outcome["missing_count"] == len(REGIONS) and "times" not in outcome["msg"]
    assert not export(_check_mode=True, allow_incomplete=True).failed


def test_an_account_without_a_set(endpoint: LocalEndpoint, export: Run, path: Path) -> None:
    for check_mode in (True, False):
        assert export(_check_mode=check_mode)["error"]["code"] == "NoReplicationSet"
    assert_nothing(path)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_limits_the_calls_at_the_same_time(
    held: LocalEndpoint, export: Run, calls_at_the_same_time: list[int], workers: int
) -> None:
    held.seed_data(*(incident(f"{number}") for number in range(10)))
    held.faults.add({"fault": "delay", "seconds": 0.02, "times": None})
    assert_complete(export(workers=workers))
    assert max(calls_at_the_same_time) == workers


@pytest.mark.sample(3)
@pytest.mark.parametrize(("service", "page"), [(service, page) for service, pages in PAGES.items() for page in pages])
def test_recorded_objects_are_exported_unchanged(
    endpoint: LocalEndpoint, export: Run, path: Path, service: str, page: str
) -> None:
    """AWS recorded these responses for the examples of the AWS CLI."""
    endpoint.seed(active_set(dict.fromkeys(("us-east-1", "us-east-2"), "DefaultKey")), RECORDED_ACCOUNT)
    recorded = objects_of(service, page)
    endpoint.seed_data(*recorded, account=RECORDED_ACCOUNT)
    user = endpoint.make_user(["*"], account=RECORDED_ACCOUNT)
    assert_complete(export(**module_options(user)))
    assert_exported(path, *(unwrapped(one) for one in recorded))


def unwrapped(one: dict[str, Any]) -> dict[str, Any]:
    """Return a seeded object with the object itself as its body, even if the body was the response around it."""
    body = one["body"]
    only = next(iter(body)) if len(body) == 1 else ""
    return {**one, "body": body[only]} if only in ("incidentRecord", "event") else one


# Any value ------------------------------------------------------------------------------------------------------------

# Texts for members with a pattern. The model says which of these it allows.
CANDIDATES = (
    *(incident_arn("one"), contacts_arn("contact/first"), response_plan("a-plan")["body"]["arn"], "a-name", "1", "12"),
    *("arn:aws:sns:us-east-1:123456789012:topic", "arn:aws:iam::123456789012:role/a", "123456789012", REGIONS[0]),
    *(
        f"related-item/OTHER/{0:032}",
        "2026-01-01T00:00",
        "12345678-1234-1234-1234-123456789012",
        "https://example.com",
        "Ä name",
        "aws.x",
        "$LATEST",
    ),
)
# The calls about rotations name a period.
RECENT = st.floats(1_600_000_000, 1_760_000_000).map(lambda seconds: round(seconds, 6))
ANY_TIME = st.floats(-2_000_000_000, 9_000_000_000).map(lambda seconds: round(seconds, 6)) | st.integers(0, 10**10)


def any_value(shape: Any, times: st.SearchStrategy[Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a shape in botocore's model. Every optional member can be left out."""
    limits = shape.metadata
    least, most = limits.get("min", 0), limits.get("max")
    if shape.type_name == "structure":
        members = {name: any_value(member, times, depth + 1) for name, member in shape.members.items()}
        if getattr(shape, "is_tagged_union", False):
            return st.one_of([st.fixed_dictionaries({name: member}) for name, member in members.items()])
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if shape.type_name == "list":
        return st.lists(any_value(shape.member, times, depth + 1), min_size=least, max_size=min(most or 2, least + 2))
    if shape.type_name == "map":
        keys, items = any_value(shape.key, times), any_value(shape.value, times, depth + 1)
        return st.dictionaries(keys, items, min_size=least, max_size=least + 2)
    if shape.type_name == "timestamp":
        return times
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name == "integer":
        return st.integers(least, most or 1000)
    if "enum" in limits:
        return st.sampled_from(limits["enum"])
    if "pattern" in limits:
        allowed = [text for text in CANDIDATES if not list(utils.violations(shape, text))]
        assert allowed, (shape.name, limits)
        return st.sampled_from(allowed)
    return st.text(st.characters(), min_size=least, max_size=min(most or 40, least + 40))


def any_body(one: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for objects that can replace an object: they have its identity and its parents."""
    kind = kinds.KINDS[one["kind"]]
    shape = utils.service_model(kind.service).shape_for(kind.shape)
    fixed = {name: one["body"][name] for name in (kind.id, *kind.parents, "Type") if name and name in one["body"]}
    times = RECENT if one["kind"].startswith("rotation_") else ANY_TIME
    return any_value(shape, times).map(lambda body: {**one, "body": {**body, **fixed}})


@pytest.mark.slow
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_any_object_comes_out_as_it_was_seeded(
    endpoint: LocalEndpoint, export: Run, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The objects have any member of their shapes, with any text and any time."""
    endpoint.reset()
    endpoint.seed(SET, arn=ARN)
    seeded = [data.draw(any_body(one)) for one in objects()]
    endpoint.seed_data(*seeded)
    path = tmp_path_factory.mktemp("any") / "export"
    assert_complete(export(path=str(path)))
    assert_exported(path, *seeded)


# What changes during an export -----------------------------------------------------------------------------------------------

# After everything has been read, the module requests the lists of each Region once more, in any order. Because the set has two
# Regions, the second look begins when one of these lists is requested for the third time.
SECOND_LOOK = ([name for kind in KINDS.values() for name, parent in kind.lists.items() if parent is None], 3)


def changes_of(path: Path) -> list[tuple[str, str, bool]]:
    found = [(one["arn"], one["change"], one["exported"]) for one in manifest_of(path)["changes"]]
    return sorted(found)


def test_objects_that_come_go_and_change(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    item = {"kind": "related_item", "body": objects()[4]["body"], "parent": incident_arn("more")}
    before = [incident("gone"), timeline_event("gone", "e"), incident("more"), incident("same"), contact("quiet")]
    held.seed_data(*before, timeline_event("more", "old"))
    changed = [
        incident("one", "RESOLVED", resolvedTime="2026-02-01T00:00:00Z"),
        timeline_event("more", "new"),
        item,
        incident("new"),
        timeline_event("new", "e"),
        contact("newcomer"),
    ]

    def change() -> None:
        held.seed_data(*changed)
        held.remove_data("incident_record", incident_arn("gone"))
        held.remove_data("timeline_event", "old", parent=incident_arn("more"))

    at_call(*SECOND_LOOK, change)
    outcome = export()
    assert_complete(outcome)
    assert outcome["changes_count"] == 5
    assert changes_of(path) == sorted(
        [
            (contacts_arn("contact/newcomer"), "came", True),
            # It was read before it was deleted, and after its lists.
            (incident_arn("gone"), "went", HAS_FINDINGS),
            (incident_arn("more"), "changed", HAS_FINDINGS),
            (incident_arn("new"), "came", HAS_FINDINGS),
            (incident_arn("one"), "changed", HAS_FINDINGS),
        ]
    )
    others = [one for one in objects() if one["kind"] != "incident_record"]
    assert_exported(path, *others, *before, {**changed[0], "tags": {}}, *changed[1:])


def test_objects_that_go_after_they_are_listed(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    held.seed_data(incident("gone"), timeline_event("one", "gone"))
    at_call("GetIncidentRecord", 1, lambda: held.remove_data("incident_record", incident_arn("gone")))
    at_call("GetTimelineEvent", 1, lambda: held.remove_data("timeline_event", "gone", parent=incident_arn("one")))
    assert_complete(export(workers=1))
    assert_exported(path, *objects())
    assert (incident_arn("gone"), "went", False) in changes_of(path)


def test_objects_that_are_listed_but_never_found_are_missing(held: LocalEndpoint, export: Run, path: Path) -> None:
    held.seed_data(timeline_event("one", "e2"))
    held.faults.add(
        {"fault": "error", "code": "ResourceNotFoundException", "operation": "GetTimelineEvent", "times": None}
    )
    held.faults.add({"fault": "error", "code": "ResourceNotFoundException", "operation": "GetContact", "times": None})
    assert not export(allow_incomplete=True).failed
    named = {(one["arn"], one["id"], one["code"]) for one in missing_of(path)}
    assert named == {
        (incident_arn("one"), "e1", "ResourceNotFoundException"),
        (incident_arn("one"), "e2", "ResourceNotFoundException"),
        (contacts_arn("contact/first"), None, "ResourceNotFoundException"),
    }


def test_an_object_that_changes_and_goes_before_it_is_read_again(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """The first reading of the incident is kept, with all its parts."""
    at_call(*SECOND_LOOK, lambda: held.seed_data(incident("one", title="changed"), timeline_event("one", "e2")))
    at_call("GetIncidentRecord", 2, lambda: held.remove_data("incident_record", incident_arn("one")))
    assert_complete(export())
    assert_exported(path, *objects())
    assert changes_of(path) == [(incident_arn("one"), "went", HAS_FINDINGS)]


def test_a_reading_is_not_replaced_with_one_that_has_less(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """If lists do not contain an event any more, it is gone only if no Region finds it, because a Region's lists can lag."""
    less = {"operation": "ListTimelineEvents", "fault": "body", "body": '{"eventSummaries": []}', "times": None}
    changed = {**incident("one", title="changed"), "tags": {"a": "b"}}
    at_call(*SECOND_LOOK, lambda: held.seed_data(changed))
    at_call("GetIncidentRecord", 2, lambda: held.faults.add(less))
    assert_complete(export())
    others = [one for one in objects() if one["kind"] != "incident_record"]
    assert_exported(path, *others, changed)
    assert changes_of(path) == [(incident_arn("one"), "changed", HAS_FINDINGS)]


def test_a_set_that_is_deleted_during_the_export(held: LocalEndpoint, export: Run) -> None:
    arn = held.client(region="us-east-1").list_replication_sets()["replicationSetArns"][0]
    gone = {"operation": "GetReplicationSet", "fault": "error", "code": "ResourceNotFoundException", "times": None}
    # The set is found and read once.
    regions = {"us-east-1": {"status": "ACTIVE"}, "eu-west-1": {"status": "ACTIVE"}}
    body = json.dumps({"replicationSet": {"status": "ACTIVE", "regionMap": regions}})
    held.faults.add({"operation": "GetReplicationSet", "fault": "body", "body": body, "times": 2}, gone)
    outcome = export(allow_incomplete=False)
    assert outcome.failed and outcome["error"]["code"] == "ExportIncomplete" and arn in outcome["msg"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("token", [0, False, [], ""])
def test_an_invalid_token_is_not_the_end_of_a_list(held: LocalEndpoint, export: Run, path: Path, token: Any) -> None:
    body = json.dumps({"incidentRecordSummaries": [], "nextToken": token})
    held.faults.add({"operation": "ListIncidentRecords", "fault": "body", "body": body, "times": None})
    outcome = export(allow_incomplete=True)
    assert outcome["complete"] is False


@pytest.mark.parametrize(
    ("operation", "listed"), [("ListIncidentRecords", "incidentRecordSummaries"), ("ListPageReceipts", "Receipts")]
)
def test_an_object_is_not_an_empty_list(
    held: LocalEndpoint, export: Run, path: Path, operation: str, listed: str
) -> None:
    held.faults.add({"operation": operation, "fault": "body", "body": json.dumps({listed: {}}), "times": None})
    assert export(allow_incomplete=True)["complete"] is False
    assert operation in {one["operation"] for one in missing_of(path) if one["code"] == "MalformedAnswer"}


def test_an_earlier_reading_is_kept_if_the_next_one_fails(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    changed = {**incident("one", title="changed"), "tags": {"a": "b"}}

    def change() -> None:
        held.seed_data(changed)
        held.faults.add(
            {"fault": "error", "code": "AccessDeniedException", "operation": "GetTimelineEvent", "times": None}
        )

    at_call(*SECOND_LOOK, change)
    assert export(allow_incomplete=True)["complete"] is False
    others = [one for one in objects() if one["kind"] != "incident_record"]
    assert_exported(path, *others, changed)
    assert changes_of(path) == [(incident_arn("one"), "changed", False)]
    assert [one["operation"] for one in missing_of(path)] == ["GetTimelineEvent"]


def test_the_set_changes_during_the_export(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    def add_region() -> None:
        held.seed(active_set(dict.fromkeys((*REGIONS, "us-west-2"), "DefaultKey")), arn=ARN)
        held.seed_data(*objects())

    at_call(*SECOND_LOOK, add_region)
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    assert ("ReplicationSetChanged", "us-west-2") in {(one["code"], one["region"]) for one in outcome["missing"]}
    assert_nothing(path)


@pytest.mark.slow
def test_the_set_is_deleted_during_the_export(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run
) -> None:
    """The objects that were read before can be kept. The export says that it is not complete."""
    at_call(*SECOND_LOOK, lambda: held.client().delete_replication_set(arn=ARN))
    held.configure(transition={"progression": "immediate"})
    outcome = export(allow_incomplete=True)
    assert (outcome.failed, outcome["complete"]) == (False, False)
    assert_exported(path, *objects())


# The first look at a part of an object after the second look at the lists of a Region.
SECOND_LOOK_AT_PARTS = ("ListTimelineEvents", 3)


@pytest.mark.parametrize("moment", [SECOND_LOOK, SECOND_LOOK_AT_PARTS], ids=["lists", "parts"])
def test_the_deletion_of_the_set_begins_meanwhile(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run, moment: tuple[str | list[str], int]
) -> None:
    """It takes AWS its time, during which the set is returned as DELETING. How much of the data is, is not known."""
    held.configure(transition={"progression": "manual", "times": 100})

    def begin() -> None:
        held.seed({**SET, "status": "DELETING"}, arn=ARN)
        held.seed_data(*objects())

    at_call(*moment, begin)
    outcome = export(allow_incomplete=True)
    assert (outcome.failed, outcome["complete"]) == (False, False)
    assert_exported(path, *objects())
    unstable = [one for one in missing_of(path) if one["kind"] == "replication_set"]
    assert [(one["arn"], one["code"]) for one in unstable] == [(ARN, "ReplicationSetChanged")]
    assert changes_of(path) == [(ARN, "changed", True)]


def test_the_second_look_goes_on_if_something_is_denied(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """The caller has no permission for one list, nor for the tags of any object."""
    for operation in ("ListTagsForResource", "ListRelatedItems"):
        held.faults.add({"fault": "error", "code": "AccessDeniedException", "operation": operation, "times": None})
    held.seed_data(incident("gone"))
    at_call(*SECOND_LOOK, lambda: held.seed_data(contact("new"), contact("first", DisplayName="changed")))
    at_call("ListContacts", 3, lambda: held.remove_data("incident_record", incident_arn("gone")))
    assert not export(allow_incomplete=True, workers=1).failed
    # They are not exported with their tags.
    assert (contacts_arn("contact/new"), "came", False) in changes_of(path)
    assert (contacts_arn("contact/first"), "changed", False) in changes_of(path)
    found = bodies(read(path), "contact")
    assert {one["Alias"]: one.get("DisplayName") for one in found} == {"first": "changed", "new": None}


# Regions that differ, and temporary failures ---------------------------------------------------------------------------------

EAST_ITEM = {"arn": incident_arn("one"), "title": "another title", "impact": 1, "status": "RESOLVED", "creationTime": 0}


def differ_in_the_east(held: LocalEndpoint) -> None:
    """Let us-east-1 return other data of the same incident than eu-west-1."""
    record = {**one_of_each()[2]["body"], "title": "another title", "status": "RESOLVED", "creationTime": 0}
    record = {**record, "lastModifiedTime": 0}
    bodies = {
        "ListIncidentRecords": {"incidentRecordSummaries": [EAST_ITEM]},
        "GetIncidentRecord": {"incidentRecord": record},
    }
    for operation, body in bodies.items():
        held.faults.add(
            {"fault": "body", "operation": operation, "region": "us-east-1", "body": json.dumps(body), "times": None}
        )


def test_regions_that_differ_are_both_exported(held: LocalEndpoint, export: Run, path: Path) -> None:
    differ_in_the_east(held)
    assert_complete(export())
    lines = {line["region"]: line["GetIncidentRecord"]["incidentRecord"] for line in read(path)["incident_records"]}
    assert {region: record["title"] for region, record in lines.items()} == {
        "eu-west-1": "Title of one",
        "us-east-1": "another title",
    }
    # The parts of the incident do not differ.
    assert len(read(path)["timeline_events"]) == 1 and manifest_of(path)["changes"] == []


def test_parts_that_differ_are_both_exported(held: LocalEndpoint, export: Run, path: Path) -> None:
    event = {**timeline_event("one", "e1")["body"], "eventTime": 0, "eventUpdatedTime": 1}
    summary = {name: value for name, value in event.items() if name != "eventData"}
    for operation, body in (
        ("ListTimelineEvents", {"eventSummaries": [summary]}),
        ("GetTimelineEvent", {"event": {**event, "eventData": "another"}}),
    ):
        held.faults.add(
            {"fault": "body", "operation": operation, "region": "us-east-1", "body": json.dumps(body), "times": None}
        )
    assert_complete(export())
    found = {line["region"]: line["GetTimelineEvent"]["event"]["eventData"] for line in read(path)["timeline_events"]}
    assert found == {"eu-west-1": '"data"', "us-east-1": "another"}


def test_a_failure_in_a_region_that_differs_is_named(held: LocalEndpoint, export: Run, path: Path) -> None:
    """The data of the other Region does not replace what could not be read."""
    differ_in_the_east(held)
    held.faults.clear()
    body = json.dumps({"incidentRecordSummaries": [EAST_ITEM]})
    held.faults.add(
        {"fault": "body", "operation": "ListIncidentRecords", "region": "us-east-1", "body": body, "times": None},
        {
            **{"fault": "error", "code": "AccessDeniedException", "operation": "GetIncidentRecord"},
            **{"region": "us-east-1", "times": None},
        },
    )
    assert export(allow_incomplete=True)["complete"] is False
    assert {(one["operation"], one["region"]) for one in missing_of(path)} == {("GetIncidentRecord", "us-east-1")}
    assert [line["region"] for line in read(path)["incident_records"]] == ["eu-west-1", "us-east-1"]


@pytest.mark.sample(2)
@pytest.mark.parametrize("operation", ["GetIncidentRecord", "GetTimelineEvent", "GetContact", "GetRotationOverride"])
@pytest.mark.parametrize("fault", [{"fault": "error", "code": "AccessDeniedException"}, {"fault": "internal"}])
def test_objects_that_a_region_does_not_return_are_read_in_another(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], operation: str, fault: dict[str, Any]
) -> None:
    # By default, an object of ssm-contacts is shown only in the Region that its ARN names.
    held.seed_data(*({**one, "regions": list(REGIONS)} for one in objects() if kinds.KINDS[one["kind"]].id))
    held.faults.add({**fault, "operation": operation, "region": "eu-west-1", "times": None})
    assert_complete(export())
    assert_exported(path, *objects())
    kind = next(name for name, kind in KINDS.items() if operation in kind.gets)
    assert [line["region"] for line in read(path)[kind]] == ["us-east-1"]


@pytest.mark.sample(3)
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "GetReplicationSet"])
def test_reads_that_fail_for_a_while_are_repeated(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run, operation: str
) -> None:
    """A broken response or a proxy's page does not make an export incomplete that goes on for hours."""
    if operation not in kinds.SERVED["ssm-incidents"] | kinds.SERVED["ssm-contacts"]:
        pytest.skip("botocore is too old")
    held.faults.add({"fault": "not_json", "operation": operation, "times": None})
    # ListResponsePlans itself begins the second look, so the fault must end before that.
    mended = SECOND_LOOK if operation != "ListResponsePlans" else ("ListIncidentRecords", 1)
    at_call(*mended, held.faults.clear)
    assert_complete(export(workers=1))
    assert_exported(path, *objects())
    assert missing_of(path) == [] and manifest_of(path)["changes"] == []


def test_an_object_that_failed_and_changed_is_read_again(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    held.faults.add({"fault": "not_json", "operation": "GetTimelineEvent", "times": None})

    def change() -> None:
        held.faults.clear()
        held.seed_data(incident("one", title="changed"), timeline_event("one", "e2"))

    at_call(*SECOND_LOOK, change)
    assert_complete(export())
    (record,) = bodies(read(path), "incident_record")
    assert record["title"] == "changed" and len(bodies(read(path), "timeline_event")) == 2


def test_responses_without_their_list_are_named(held: LocalEndpoint, export: Run, path: Path) -> None:
    """By botocore's model, AWS may leave out some lists. They do not list the objects of a Region."""
    for operation in ("ListPageReceipts", "ListRotationOverrides", "ListRotationShifts"):
        held.faults.add({"fault": "body", "body": "{}", "operation": operation, "times": None})
    held.faults.add(
        {
            **{"fault": "body", "body": "{}", "operation": "ListTagsForResource", "service": "ssm-contacts"},
            "times": None,
        }
    )
    assert_complete(export())
    named = manifest_of(path)["responses_without_list"]
    assert set(named) == {"ListPageReceipts", "ListRotationOverrides", "ListRotationShifts", "ListTagsForResource"}
    assert all(number > 0 for number in named.values())


def test_members_that_botocore_does_not_know_are_exported(held: LocalEndpoint, export: Run, path: Path) -> None:
    body = {**objects()[2]["body"], "creationTime": 0, "lastModifiedTime": 0}
    new = {"newMember": {"time": 1.5, "text": "é"}, "nothing": None}
    source = {**body["incidentRecordSource"], "newDetail": [1]}
    answer = {"incidentRecord": {**body, **new, "incidentRecordSource": source}, "newTop": True}
    held.faults.add({"fault": "body", "body": json.dumps(answer), "operation": "GetIncidentRecord", "times": None})
    plan = {**response_plan("a-plan")["body"], "chatChannel": {"pigeon": "coo"}}
    held.faults.add({"fault": "body", "body": json.dumps(plan), "operation": "GetResponsePlan", "times": None})
    assert_complete(export())
    (line,) = read(path)["incident_records"]
    record = line["GetIncidentRecord"]["incidentRecord"]
    assert line["GetIncidentRecord"]["newTop"] is True
    assert record["newMember"] == new["newMember"] and record["incidentRecordSource"]["newDetail"] == [1]
    assert "nothing" not in record and record["creationTime"] == "1970-01-01T00:00:00.000000+00:00"
    assert read(path)["response_plans"][0]["GetResponsePlan"]["chatChannel"] == {"pigeon": "coo"}
    assert manifest_of(path)["members_unknown_to_botocore"] == {
        "GetIncidentRecord": ["newDetail", "newMember", "newTop"],
        "GetResponsePlan": ["pigeon"],
    }


@pytest.mark.sample(1)
@pytest.mark.parametrize("operation", ["ListIncidentRecords", "ListTimelineEvents"])
def test_a_list_of_too_many_pages(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The module gives the list up, and exports everything else."""
    # The real limit is 1,000 pages in each Region.
    monkeypatch.setattr(f"{is_unit.__module__.rpartition('.')[0]}.read.MAX_PAGES", 20)
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, numbers = responses.answer, iter(range(10**6))

    def endless(data: Any, asked: Any) -> Any:
        if asked.operation != operation:
            return answer(data, asked)
        return {"incidentRecordSummaries": [], "eventSummaries": [], "nextToken": f"{next(numbers)}"}

    monkeypatch.setattr(responses, "answer", endless)
    outcome = export(allow_incomplete=True)
    assert not outcome.failed
    assert {(one["operation"], one["code"]) for one in missing_of(path)} == {(operation, "MalformedAnswer")}
    assert len(read(path)["contacts"]) == 1


def test_objects_below_a_list_that_is_denied_later_have_not_gone(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    denied = [
        {"fault": "error", "code": "AccessDeniedException", "operation": operation, "times": None}
        for operation in ("ListEngagements", "ListContacts")
    ]
    at_call(*SECOND_LOOK, lambda: held.faults.add(*denied))
    assert export(allow_incomplete=True)["complete"] is False
    assert manifest_of(path)["changes"] == []
    assert {one["operation"] for one in missing_of(path)} == {"ListEngagements", "ListContacts"}


def test_a_set_that_is_being_deleted_is_not_exported_as_complete(held: LocalEndpoint, export: Run, path: Path) -> None:
    held.seed({**SET, "status": "DELETING"}, arn=ARN)
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    assert "ReplicationSetChanged" in {one["code"] for one in outcome["missing"]}
    assert "DELETING" in str(outcome["warnings"])


def test_a_failed_region_is_a_warning(held: LocalEndpoint, export: Run, path: Path) -> None:
    regions = {**SET["regionMap"], "eu-west-1": {**SET["regionMap"]["eu-west-1"], "status": "FAILED"}}
    held.seed({**SET, "regionMap": regions}, arn=ARN)
    outcome = export(allow_incomplete=True)
    assert "eu-west-1 FAILED" in str(outcome["warnings"])


@pytest.mark.slow
def test_the_search_counts_towards_the_timeout(held: LocalEndpoint, export: Run, path: Path) -> None:
    """The module ends at its timeout, even if the search for the set has no answer."""
    with hanging_server() as url:
        began = time.monotonic()
        outcome = export(endpoint_url=url, timeout=3, aws_config={"read_timeout": 600})
    assert outcome["error"]["code"] == "ReadTimeoutError" and "Set a longer timeout." in outcome["msg"]
    assert time.monotonic() - began < 100


def test_a_timeout_that_ends_before_the_first_call(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = time.monotonic, itertools.count()
    monkeypatch.setattr("time.monotonic", lambda: real() + 2 * next(calls))
    outcome = export(timeout=1)
    assert outcome["error"]["code"] == "WaitTimeout"
    assert "timeout" in outcome["msg"] and "reach" not in outcome["msg"] and "0 seconds" not in outcome["msg"]
    assert held.requests == [] and not path.exists()


#: The lists of the kinds with a type of resource in their ARNs, each with an ARN of another type.
WRONG_ARNS = {
    "ListResponsePlans": ARN,
    "ListIncidentRecords": ARN,
    "ListContacts": TURNS,
    "ListRotations": contacts_arn("contact/first"),
    "ListEngagements": PAGE,
    "ListPagesByContact": contacts_arn("contact/first"),
    "ListPagesByEngagement": contacts_arn("engagement/first/1"),
}
ITEMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ListResponsePlans": ("responsePlanSummaries", "arn", {"name": "a"}),
    "ListIncidentRecords": (
        "incidentRecordSummaries",
        "arn",
        {"title": "a", "impact": 1, "status": "OPEN", "creationTime": 1, "incidentRecordSource": {}},
    ),
    "ListContacts": ("Contacts", "ContactArn", {"Alias": "a", "Type": "PERSONAL"}),
    "ListRotations": ("Rotations", "RotationArn", {"Name": "a"}),
    "ListEngagements": ("Engagements", "EngagementArn", {}),
    "ListPagesByContact": ("Pages", "PageArn", {}),
    "ListPagesByEngagement": ("Pages", "PageArn", {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("operation", WRONG_ARNS)
def test_an_object_with_the_arn_of_another_type_is_missing(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], operation: str
) -> None:
    listed, member, others = ITEMS[operation]
    body = json.dumps({listed: [{member: WRONG_ARNS[operation], **others}]})
    held.faults.add({"fault": "body", "body": body, "operation": operation, "times": None})
    is_counted = operation not in ("ListEngagements", "ListPagesByContact", "ListPagesByEngagement")
    assert export(allow_incomplete=True, _check_mode=True)["complete"] is not is_counted
    outcome = export(allow_incomplete=True)
    assert not outcome.failed and outcome["complete"] is False
    assert (operation, "MalformedAnswer") in {(entry["operation"], entry["code"]) for entry in outcome["missing"]}


def test_each_kind_with_an_arn_has_a_type_of_resource() -> None:
    lists = {operation for kind in KINDS.values() if kind.resource_type for operation in kind.lists}
    assert lists == set(WRONG_ARNS) == set(ITEMS)


@pytest.mark.slow
def test_a_region_that_hangs_leaves_time_for_the_others(held: LocalEndpoint, export: Run, path: Path) -> None:
    held.faults.add({"fault": "hang", "region": "eu-west-1", "seconds": 30, "times": None})
    outcome = export(timeout=16, allow_incomplete=True, workers=16)
    assert (outcome.failed, outcome["complete"]) == (False, False)
    assert_exported(path, *objects())


EXPIRED = {"fault": "error", "code": "ExpiredTokenException", "http_status": 403, "times": None}


@pytest.mark.slow
@pytest.mark.parametrize("first_fails", [False, True])
def test_objects_stay_if_the_credentials_expire(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run, first_fails: bool
) -> None:
    """A temporary failure makes the module read the incident again. By then the credentials have expired."""
    held.seed_data(timeline_event("one", "e2"))
    broken = {"fault": "reset", "operation": "GetTimelineEvent" if first_fails else "ListTimelineEvents", "times": None}
    if first_fails:
        held.faults.add(broken)
        at_call("ListTimelineEvents", 4, lambda: held.faults.add(EXPIRED))
    else:
        at_call(*SECOND_LOOK, lambda: held.faults.add(broken))

        def expire() -> None:
            held.faults.clear()
            held.faults.add(EXPIRED)

        at_call("ListRelatedItems", 4, expire)
    assert not export(allow_incomplete=True, workers=1).failed
    found = read(path)
    assert len(found["incident_records"]) == 1 and len(found["related_items"]) == 1
    assert len(found["timeline_events"]) == (0 if first_fails else 2)


def test_a_new_object_that_is_denied_is_not_reported_as_exported(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    denied = {"fault": "error", "code": "AccessDeniedException", "operation": "GetIncidentRecord", "times": None}

    def come() -> None:
        held.seed_data(incident("new"))
        held.faults.add(denied)

    at_call(*SECOND_LOOK, come)
    assert export(allow_incomplete=True)["complete"] is False
    assert changes_of(path) == [(incident_arn("new"), "came", False)]


def test_an_object_that_moves_to_an_earlier_page_has_not_gone(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an earlier incident is deleted during the second look, this one can move to a page that was read already."""
    held.seed_data(incident("moves", title="before"), timeline_event("moves", "e"))
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, calls = responses.answer, []

    def without_it(data: Any, asked: Any) -> Any:
        answered = answer(data, asked)
        if asked.operation == "ListIncidentRecords":
            calls.append(asked)
            if len(calls) > len(REGIONS):
                listed = answered["incidentRecordSummaries"]
                kept = [item for item in listed if item["arn"] != incident_arn("moves")]
                return {**answered, "incidentRecordSummaries": kept}
            if len(calls) == len(REGIONS):
                held.seed_data(incident("moves", title="after"))
        return answered

    monkeypatch.setattr(responses, "answer", without_it)
    assert_complete(export())
    titles = {record["title"] for record in bodies(read(path), "incident_record")}
    assert titles == {"Title of one", "after"} and changes_of(path) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("first", "last"), [(1, 2), (2, 3), (1, 3), (1, None)], ids=["first", "second", "both", "always"]
)
def test_a_list_of_pages_that_fails_for_a_while(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run, first: int, last: int | None
) -> None:
    """The list fails from one reading to another. It is named once, and only if it never succeeds."""
    broken = {"fault": "reset", "operation": "ListPagesByContact", "times": None}
    looks = {1: ("ListContacts", 1), 2: ("ListContacts", 3), 3: ("GetContact", 2)}
    at_call(*looks[first], lambda: held.faults.add(broken))
    if last:
        at_call(*looks[last], held.faults.clear)
    outcome = export(allow_incomplete=True, workers=1)
    named = [(one["operation"], one["region"]) for one in missing_of(path)]
    assert named == ([] if last else [("ListPagesByContact", "us-east-1")])
    assert manifest_of(path)["changes"] == []
    assert_exported(path, *objects())
    assert outcome["missing_count"] == len(manifest_of(path)["missing"])


def test_an_error_in_a_task_or_in_finding_tasks_is_raised() -> None:
    """It does not count as the end of the tasks."""

    def tasks() -> Iterator[Any]:
        yield 1
        raise LookupError

    def fail(_item: int) -> None:
        raise LookupError

    for function, items in ((str, tasks()), (fail, iter([1]))):
        with pytest.raises(LookupError):
            list(Workers(2).run(function, items, time.monotonic() + 60))


# The loop -------------------------------------------------------------------------------------------------------------

DENIED = {"fault": "error", "code": "AccessDeniedException", "times": None}
RESET = {"fault": "reset", "times": None}


def with_both_regions() -> list[dict[str, Any]]:
    """Return the objects with an ID as both Regions list them. By default, only the Region in an ARN lists the object."""
    return [{**one, "regions": list(REGIONS)} for one in objects() if kinds.KINDS[one["kind"]].id]


@pytest.mark.sample(3)
@pytest.mark.parametrize("fault", [DENIED, RESET], ids=["denied", "reset"])
@pytest.mark.parametrize("is_changed", [True, False])
@pytest.mark.parametrize(
    "operation", ["ListTimelineEvents", "ListRelatedItems", "GetTimelineEvent", "ListTagsForResource"]
)
def test_what_was_read_is_not_given_up_for_less(
    held: LocalEndpoint,
    export: Run,
    path: Path,
    sleeps: list[float],
    at_call: Run,
    operation: str,
    is_changed: bool,
    fault: dict[str, Any],
) -> None:
    """The incident was read, and its events were too. Later, the list of the events fails until the end."""
    held.seed_data(timeline_event("one", "e2"))

    def change() -> None:
        held.faults.add({**fault, "operation": operation})
        if is_changed:
            held.seed_data({**incident("one", title="changed"), "tags": {"a": "b"}})

    at_call(*SECOND_LOOK, change)
    outcome = export(allow_incomplete=True)
    is_noticed = is_changed or operation != "GetTimelineEvent"
    assert outcome["complete"] is (HAS_FINDINGS and not is_noticed)
    found = read(path)
    assert [line["id"] for line in found["timeline_events"]] == ["e1", "e2"]
    assert len(found["related_items"]) == 1
    (line,) = found["incident_records"]
    assert line["ListTagsForResource"] == {"tags": {"a": "b"}}
    assert line["GetIncidentRecord"]["incidentRecord"]["title"] == ("changed" if is_changed else "Title of one")
    assert {one["operation"] for one in missing_of(path)} == ({operation} if is_noticed else set())
    # A failure is not a change.
    assert changes_of(path) == ([(incident_arn("one"), "changed", False)] if is_changed else [])


def test_a_region_without_tags_or_policy_does_not_speak_for_the_other(
    held: LocalEndpoint, export: Run, path: Path
) -> None:
    """Both Regions list the contact and the incident alike."""
    held.seed_data(*with_both_regions())
    none = {"region": "eu-west-1", "times": None}
    held.faults.add(
        {**none, "fault": "error", "code": "ResourceNotFoundException", "operation": "GetContactPolicy"},
        {
            **none,
            "fault": "body",
            "body": '{"Tags": []}',
            "operation": "ListTagsForResource",
            "service": "ssm-contacts",
        },
        {
            **none,
            "fault": "body",
            "body": '{"tags": {}}',
            "operation": "ListTagsForResource",
            "service": "ssm-incidents",
        },
    )
    assert_complete(export())
    assert_exported(path, *objects())


@pytest.mark.parametrize("operation", ["GetContactPolicy", "ListTagsForResource"])
def test_a_region_that_fails_may_have_what_the_other_has_not(
    held: LocalEndpoint, export: Run, path: Path, operation: str
) -> None:
    held.seed_data({**contact("bare"), "regions": list(REGIONS)})
    held.faults.add({**DENIED, "operation": operation, "region": "us-east-1", "service": "ssm-contacts"})
    assert export(allow_incomplete=True)["complete"] is False
    named = {(one["arn"], one["operation"], one["region"]) for one in missing_of(path)}
    assert (contacts_arn("contact/bare"), operation, "us-east-1") in named


@pytest.mark.sample(3)
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "GetReplicationSet"])
def test_a_transient_failure_is_not_a_change(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], operation: str
) -> None:
    """Two connections are dropped in a world that does not change. If all are dropped, it is missing for this reason."""
    if operation not in kinds.SERVED["ssm-incidents"] | kinds.SERVED["ssm-contacts"]:
        pytest.skip("botocore is too old")
    held.faults.add({**RESET, "operation": operation, "times": 2})
    assert_complete(export(aws_config=ONCE))
    assert_exported(path, *objects())
    assert (manifest_of(path)["changes"], manifest_of(path)["unsettled"]) == ([], 0)
    held.faults.add({**RESET, "operation": operation})
    outcome = export(aws_config=ONCE, path=f"{path}-2", allow_incomplete=True)
    assert {one["code"] for one in outcome["missing"] if one["operation"] == operation} == {"ConnectionClosedError"}
    assert "ReplicationSetChanged" not in {one["code"] for one in outcome["missing"]}
    assert (outcome["changes_count"], outcome["unsettled"]) == (0, 0)


@pytest.mark.slow
def test_a_region_whose_reads_hang_does_not_delay_the_others(held: LocalEndpoint, export: Run, path: Path) -> None:
    """Its lists respond. One after the other, the hanging calls would take longer than the export may take."""
    many = [{**incident(f"{number}"), "tags": {"a": "b"}} for number in range(60)]
    events = [timeline_event(f"{number}", "e") for number in range(60)]
    held.seed_data(*many, *events)
    # An older botocore has no findings.
    for operation in {name for kind in KINDS.values() for name in kind.gets} - {"BatchGetIncidentFindings"}:
        held.faults.add({"fault": "hang", "seconds": 100, "region": "eu-west-1", "operation": operation, "times": None})
    assert_complete(export(timeout=60, aws_config={"read_timeout": 3}))
    assert_exported(path, *objects(), *many, *events)


def test_a_directory_that_can_not_be_removed_is_named(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    held.faults.add({**DENIED, "operation": "GetContact"})
    moved = path.parent / "moved"
    at_call("GetIncidentRecord", 1, lambda: temporary_of(path).rename(moved))
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "FileNotWritable"
    assert f"Delete {path.parent}/.export." in outcome["msg"] and "personal data" in outcome["msg"]
    assert [one.name for one in path.parent.rglob("*") if one.is_file()] == []


def test_an_interruption_while_the_directory_is_removed(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is that of the failure, and nothing is left."""
    held.faults.add({**DENIED, "operation": "GetContact"})
    remove = shutil.rmtree

    def interrupt_and_remove(*given: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        remove(*given)

    monkeypatch.setattr(shutil, "rmtree", interrupt_and_remove)
    assert export(allow_incomplete=False)["error"]["code"] == "ExportIncomplete"
    assert_nothing(path)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetTimelineEvent", {"event": {**timeline_event("one", "e1")["body"], "eventTime": 1, "eventUpdatedTime": 1}}),
        ("GetIncidentRecord", {"incidentRecord": {"arn": incident_arn("one")}}),
        ("GetResponsePlan", {**response_plan("a-plan")["body"], "incidentTemplate": {"impact": 1}}),
        ("ListRelatedItems", {"relatedItems": [{"title": "t"}]}),
        ("ListPageResolutions", {"PageResolutions": [{"Type": "PERSONAL", "StageIndex": 0}]}),
    ],
)
def test_a_response_without_a_member_that_the_model_requires(
    held: LocalEndpoint, export: Run, path: Path, operation: str, body: dict[str, Any]
) -> None:
    if operation == "GetTimelineEvent":
        del body["event"]["eventData"]
    held.faults.add({"fault": "body", "body": json.dumps(body), "operation": operation, "times": None})
    assert export(allow_incomplete=True)["complete"] is False
    assert {(one["operation"], one["code"]) for one in missing_of(path)} == {(operation, "MalformedAnswer")}


LISTS = [(name, kind) for kind in KINDS.values() for name in kind.lists]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("operation", "kind"), LISTS, ids=[name for name, _kind in LISTS])
def test_the_token_of_the_other_api_does_not_end_a_list(
    held: LocalEndpoint, export: Run, path: Path, operation: str, kind: Any
) -> None:
    if operation not in kinds.SERVED["ssm-incidents"] | kinds.SERVED["ssm-contacts"]:
        pytest.skip("botocore is too old")
    output = utils.service_model(kind.service).operation_model(operation).output_shape
    (listed,) = (name for name, member in output.members.items() if member.type_name == "list")
    token = "NextToken" if "nextToken" in output.members else "nextToken"
    for name in (token, "NEXTTOKEN"):
        held.faults.clear()
        body = json.dumps({listed: [], name: "more"})
        held.faults.add({"fault": "body", "body": body, "operation": operation, "times": None})
        outcome = export(path=f"{path}-{name}", allow_incomplete=True)
        assert (operation, "MalformedAnswer") in {(one["operation"], one["code"]) for one in outcome["missing"]}


def test_what_changes_again_and_again_is_unsettled(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is exported as it was read last. The export says that it is not complete, and why."""
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, numbers = responses.answer, itertools.count(1)

    def change(data: Any, asked: Any) -> Any:
        if asked.operation == "GetIncidentRecord":
            held.seed_data(incident("one", title=f"title {next(numbers)}"))
        return answer(data, asked)

    monkeypatch.setattr(responses, "answer", change)
    outcome = export(allow_incomplete=True)
    assert (outcome["complete"], outcome["unsettled"], manifest_of(path)["unsettled"]) == (False, 1, 1)
    assert [(one["arn"], one["code"]) for one in missing_of(path)] == [(incident_arn("one"), "ReplicationSetChanged")]
    assert changes_of(path) == [(incident_arn("one"), "changed", False)]
    assert [one["title"] for one in bodies(read(path), "incident_record")] == [f"title {MAX_ROUNDS}"]


def test_what_can_be_read_only_in_the_last_round_is_not_called_a_change(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connections are dropped until the last round. There is no round left to look for changes."""
    monkeypatch.setattr(f"{export_data.__module__}.MAX_ROUNDS", 2)
    held.faults.add({**RESET, "operation": "GetTimelineEvent"})
    at_call(*SECOND_LOOK, held.faults.clear)
    outcome = export(aws_config=ONCE, allow_incomplete=True)
    assert (outcome["complete"], outcome["unsettled"], outcome["changes_count"]) == (False, 0, 0)
    assert (incident_arn("one"), "WaitTimeout") in {(one["arn"], one["code"]) for one in missing_of(path)}
    assert {one["code"] for one in missing_of(path)} == {"WaitTimeout"}
    assert_exported(path, *objects())


def test_a_change_that_no_list_shows_is_exported(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """Lists have no time of modification, and not all members of an object, such as the plan of a contact."""
    stage = {"DurationInMinutes": 5, "Targets": []}
    plan = response_plan("a-plan", incidentTemplate={"impact": 1, "title": "another"})
    changed = [
        {**contact("first", Plan={"Stages": [stage]}), "tags": {"Key": "Ä 1"}},
        {**plan, "tags": {"team": "dev"}},
    ]
    at_call(*SECOND_LOOK, lambda: held.seed_data(*changed))
    assert_complete(export())
    assert [arn for arn, _change, _exported in changes_of(path)] == sorted(
        [contacts_arn("contact/first"), plan["body"]["arn"]]
    )
    others = [one for one in objects() if one["kind"] not in ("contact", "response_plan")]
    assert_exported(path, *others, *changed)


def test_the_order_of_a_list_and_items_that_it_returns_twice_are_no_change(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, numbers = responses.answer, itertools.count()
    held.seed_data(timeline_event("one", "e2"), timeline_event("one", "e3"), incident("two"))

    def shuffle(data: Any, asked: Any) -> Any:
        answered = answer(data, asked)
        for name in ("eventSummaries", "incidentRecordSummaries"):
            if name in answered and next(numbers) % 2:
                answered = {**answered, name: [*reversed(answered[name]), *answered[name][:1]]}
        return answered

    monkeypatch.setattr(responses, "answer", shuffle)
    assert_complete(export())
    assert changes_of(path) == []
    assert len(read(path)["timeline_events"]) == 3 and len(read(path)["incident_records"]) == 2


def test_the_set_is_read_last_and_two_rounds_are_enough(held: LocalEndpoint, export: Run, path: Path) -> None:
    """Also if Regions always list other data. It does not mean that something has changed."""
    differ_in_the_east(held)
    held.log.clear()
    assert_complete(export())
    operations = [call["operation"] for call in held.requests]
    assert operations[-2:] == ["GetReplicationSet", "ListTagsForResource"]
    assert operations.count("ListIncidentRecords") == 2 * len(REGIONS)
    assert operations.count("GetTimelineEvent") == 1


def test_an_object_is_gone_only_if_no_region_finds_it(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """Its lists are complete, and do not contain it any more."""
    none = {
        "fault": "body",
        "body": '{"incidentRecordSummaries": []}',
        "operation": "ListIncidentRecords",
        "times": None,
    }
    gone = {"fault": "error", "code": "ResourceNotFoundException", "operation": "GetIncidentRecord", "times": None}
    at_call(*SECOND_LOOK, lambda: held.faults.add(none, {**gone, "region": "eu-west-1"}))
    assert_complete(export())
    assert_exported(path, *objects())
    assert changes_of(path) == []


def test_a_region_that_listed_an_object_earlier_is_asked_too(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """In the second round, only the Region lists it that does not find it. In the third, no Region lists it."""
    none = {"fault": "body", "body": '{"incidentRecordSummaries": []}', "operation": "ListIncidentRecords"}
    gone = {"fault": "error", "code": "ResourceNotFoundException", "operation": "GetIncidentRecord", "times": None}

    def change() -> None:
        held.faults.add({**none, "region": "us-east-1", "times": None}, {**gone, "region": "eu-west-1"})

    at_call(*SECOND_LOOK, change)
    at_call("ListTimelineEvents", 3, lambda: held.faults.add({**none, "times": None}))
    assert_complete(export())
    assert_exported(path, *objects())
    assert changes_of(path) == []


def test_an_object_that_is_made_again_is_read_again(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """It is gone in the second round. In the third, it has the same ARN and is listed as before."""
    again = response_plan("again")
    other = {**again, "body": {**again["body"], "engagements": [contacts_arn("contact/other")]}}
    held.seed_data(again)

    # It takes another incident for a third round.
    at_call(*SECOND_LOOK, lambda: held.seed_data(incident("new")))
    at_call("ListResponsePlans", 3, lambda: held.remove_data("response_plan", again["body"]["arn"]))
    at_call("ListResponsePlans", 5, lambda: held.seed_data(other))
    assert_complete(export())
    assert_exported(path, *objects(), incident("new"), other)
    assert (again["body"]["arn"], "changed", True) in changes_of(path)


def test_a_list_that_is_denied_in_the_second_round_is_missing(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """It may contain an object that was created after the first round."""
    at_call(*SECOND_LOOK, lambda: held.faults.add({**DENIED, "operation": "ListPagesByContact", "times": None}))
    assert export(allow_incomplete=True)["complete"] is False
    assert "ListPagesByContact" in {one["operation"] for one in missing_of(path)}


def test_a_part_of_a_region_that_lists_no_longer_is_asked_there(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """Only one Region has the event, and from the second round it does not list the incident any more."""
    held.seed_data(timeline_event("one", "elsewhere"))
    none = {"fault": "body", "body": '{"eventSummaries": []}', "operation": "ListTimelineEvents", "region": "us-east-1"}
    gone = {
        "fault": "error",
        "code": "ResourceNotFoundException",
        "operation": "GetTimelineEvent",
        "region": "us-east-1",
    }
    unlisted = {"fault": "body", "body": '{"incidentRecordSummaries": []}', "operation": "ListIncidentRecords"}
    held.faults.add({**none, "times": None})

    def change() -> None:
        held.faults.add({**gone, "times": None}, {**unlisted, "region": "eu-west-1", "times": None})

    at_call(*SECOND_LOOK, change)
    assert_complete(export())
    assert_exported(path, *objects(), timeline_event("one", "elsewhere"))


def test_an_object_of_a_list_that_fails_is_not_gone(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """One Region does not list it any more, and no Region finds it, but the list of the other Region fails."""
    none = {
        "fault": "body",
        "body": '{"incidentRecordSummaries": []}',
        "operation": "ListIncidentRecords",
        "times": None,
    }
    gone = {"fault": "error", "code": "ResourceNotFoundException", "operation": "GetIncidentRecord", "times": None}
    denied = {**DENIED, "operation": "ListIncidentRecords", "region": "us-east-1"}
    at_call(*SECOND_LOOK, lambda: held.faults.add(denied, none, gone))
    assert export(allow_incomplete=True)["complete"] is False
    assert_exported(path, *objects())
    assert changes_of(path) == []
    assert {(one["operation"], one["region"]) for one in missing_of(path)} >= {("ListIncidentRecords", "us-east-1")}


EMPTY_LIST = {
    "fault": "body",
    "body": '{"incidentRecordSummaries": []}',
    "operation": "ListIncidentRecords",
    "times": None,
}


@pytest.mark.parametrize(
    "fault",
    [None, DENIED, RESET, {**DENIED, "code": "ResourceNotFoundException"}],
    ids=["found", "denied", "reset", "404"],
)
def test_a_version_of_a_region_that_stops_listing_it_is_kept(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], at_call: Run, fault: dict[str, Any] | None
) -> None:
    """Only us-east-1 has this version of the incident, with an event and a related item of its own."""
    differ_in_the_east(held)
    east = {"region": "us-east-1", "fault": "body", "times": None}
    event = {**timeline_event("one", "east")["body"], "eventTime": 0, "eventUpdatedTime": 1}
    summary = {name: value for name, value in event.items() if name != "eventData"}
    item = {"identifier": {"type": "OTHER", "value": {"url": "https://east.example.com"}}, "title": "east"}
    for operation, body in (
        ("ListTimelineEvents", {"eventSummaries": [summary]}),
        ("GetTimelineEvent", {"event": event}),
        ("ListRelatedItems", {"relatedItems": [item]}),
    ):
        held.faults.add({**east, "operation": operation, "body": json.dumps(body)})

    def change() -> None:
        held.seed_data({**incident("one", summary="changed"), "tags": {"a": "b"}})
        if fault:
            held.faults.clear()
            for operation in ("ListTimelineEvents", "GetTimelineEvent", "ListRelatedItems", "GetIncidentRecord"):
                held.faults.add({**fault, "region": "us-east-1", "operation": operation})
        held.faults.add({**EMPTY_LIST, "region": "us-east-1"})

    at_call(*SECOND_LOOK, change)
    assert export(allow_incomplete=True)["complete"] is (HAS_FINDINGS and fault not in (DENIED, RESET))
    found = read(path)
    assert {
        line["region"]: line["GetIncidentRecord"]["incidentRecord"].get("summary") for line in found["incident_records"]
    } == {
        "eu-west-1": "changed",
        "us-east-1": None,
    }
    assert {line["id"] for line in found["timeline_events"]} == {"e1", "east"}
    assert {line["ListRelatedItems"]["title"] for line in found["related_items"]} == {"t", "east"}


def fault_in(region: str, operation: str, body: Any = None) -> dict[str, Any]:
    """Return the fault that a Region returns this body of an operation until the end; without one, that nothing is found."""
    where = {"region": region, "operation": operation, "times": None}
    if body is None:
        return {**where, "fault": "error", "code": "ResourceNotFoundException"}
    return {**where, "fault": "body", "body": json.dumps(body)}


def test_parts_of_an_incident_that_is_deleted_during_its_visit_are_kept(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """Both Regions list it alike. One deletes it before the visit of the second round, and the other during this visit."""
    held.seed_data(*with_both_regions())

    def delete_in_one_region() -> None:
        held.faults.add(
            fault_in("eu-west-1", "ListTimelineEvents", {"eventSummaries": []}),
            fault_in("eu-west-1", "ListRelatedItems", {"relatedItems": []}),
            fault_in("eu-west-1", "GetIncidentRecord"),
            fault_in("eu-west-1", "GetTimelineEvent"),
            fault_in("us-east-1", "GetTimelineEvent"),
        )

    at_call(*SECOND_LOOK, delete_in_one_region)
    at_call("ListIncidentRecords", 5, lambda: held.remove_data("incident_record", incident_arn("one")))
    assert_complete(export())
    assert_exported(path, *objects())
    assert [change for change in changes_of(path) if change[1] == "went"] == [(incident_arn("one"), "went", False)]


@pytest.mark.parametrize("fault", [DENIED, {**RESET, "times": 1}], ids=["denied", "reset once"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_part_that_one_region_deletes_is_kept_if_the_other_does_not_answer(
    held: LocalEndpoint,
    export: Run,
    path: Path,
    sleeps: list[float],
    at_call: Run,
    is_listed: bool,
    fault: dict[str, Any],
) -> None:
    """Both Regions have listed it alike."""
    event = timeline_event("one", "e2")
    held.seed_data(*with_both_regions(), {**event, "regions": list(REGIONS)})

    def change() -> None:
        held.seed_data({**event, "regions": ["us-east-1"]})
        if not is_listed:
            held.faults.add(fault_in("us-east-1", "ListTimelineEvents", {"eventSummaries": []}))
        for operation in ("ListTimelineEvents", "GetTimelineEvent"):
            held.faults.add({**fault, "region": "us-east-1", "operation": operation})

    at_call(*SECOND_LOOK, change)
    export(allow_incomplete=True)
    assert_exported(path, *objects(), event)


def test_parts_of_a_region_that_lists_an_incident_without_having_it_are_kept(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """Both Regions list it alike. Only us-east-1 has the event and the related item, and loses the incident later."""
    event = timeline_event("one", "east")
    item = {"identifier": {"type": "OTHER", "value": {"url": "https://east.example.com"}}, "title": "east"}
    held.seed_data(*with_both_regions(), {**event, "regions": ["us-east-1"]})
    held.faults.add(fault_in("us-east-1", "ListRelatedItems", {"relatedItems": [item]}))

    def lose() -> None:
        held.faults.clear()
        held.faults.add(
            fault_in("us-east-1", "ListTimelineEvents", {"eventSummaries": []}),
            fault_in("us-east-1", "ListRelatedItems", {"relatedItems": []}),
            fault_in("us-east-1", "GetIncidentRecord"),
            fault_in("us-east-1", "GetTimelineEvent"),
        )

    at_call(*SECOND_LOOK, lose)
    export(allow_incomplete=True)
    found = read(path)
    assert {line["id"] for line in found["timeline_events"]} == {"e1", "east"}
    assert {line["ListRelatedItems"]["title"] for line in found["related_items"]} == {"t", "east"}


def test_the_list_of_related_items_does_not_wait_for_events_that_hang(
    held: LocalEndpoint, export: Run, path: Path
) -> None:
    held.faults.add({"fault": "hang", "seconds": 100, "operation": "GetTimelineEvent", "times": None})
    assert export(timeout=8, allow_incomplete=True)["complete"] is False
    assert len(read(path)["related_items"]) == 1


def test_a_region_that_leaves_the_set_for_a_while(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """Only the first round sees it."""
    body = {"replicationSet": active_set({"eu-west-1": "DefaultKey"})}
    faults = [fault_in(region, "GetReplicationSet", body) for region in REGIONS]
    at_call("ListIncidentRecords", 1, lambda: held.faults.add(*faults))
    at_call(*SECOND_LOOK, held.faults.clear)
    assert export(allow_incomplete=True)["complete"] is False
    assert ("ReplicationSetChanged", "us-east-1") in {(one["code"], one["region"]) for one in missing_of(path)}


def test_a_region_that_is_removed_from_the_set(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """What was read from it stays. The export is incomplete, because it is not known what else the Region had."""

    def remove() -> None:
        held.seed(active_set({"eu-west-1": "DefaultKey"}), arn=ARN, tags={"Team": "A"})
        held.seed_data(*(one for one in objects() if kinds.KINDS[one["kind"]].service == "ssm-incidents"))

    at_call(*SECOND_LOOK, remove)
    assert export(allow_incomplete=True)["complete"] is False
    assert_exported(path, *objects())
    assert ("replication_set", "ReplicationSetChanged", "us-east-1") in {
        (one["kind"], one["code"], one["region"]) for one in missing_of(path)
    }


def test_two_policies_with_the_same_id_are_both_exported(held: LocalEndpoint, export: Run, path: Path) -> None:
    policies = [
        {"policyDocument": text, "policyId": "1", "ramResourceShareRegion": "eu-west-1"} for text in ("a", "b", "b")
    ]
    body = json.dumps({"resourcePolicies": policies})
    held.faults.add({"fault": "body", "body": body, "operation": "GetResourcePolicies", "times": None})
    assert_complete(export())
    found = [line["GetResourcePolicies"]["policyDocument"] for line in read(path)["resource_policies"]]
    assert sorted(found) == ["a", "b", "b"]


def test_the_order_of_tags_is_no_change(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, numbers = responses.answer, itertools.count()
    tagged = {**contact("first"), "tags": {"a": "1", "b": "2", "c": "3"}}
    held.seed_data(tagged)

    def rotate(data: Any, asked: Any) -> Any:
        answered = answer(data, asked)
        if len(answered.get("Tags", [])) == 3:
            number = next(numbers) % 3
            answered = {**answered, "Tags": [*answered["Tags"][number:], *answered["Tags"][:number]]}
        return answered

    monkeypatch.setattr(responses, "answer", rotate)
    assert_complete(export())
    assert next(numbers) == 2 and changes_of(path) == []
    assert_exported(path, *(one for one in objects() if one["kind"] != "contact"), tagged)


def test_an_empty_response_does_not_replace_what_was_read(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """By botocore's model, these responses may be empty. An empty one does not say that there is nothing any more."""
    operations = ["ListPageReceipts", "ListRotationOverrides", "ListRotationShifts", "GetContactPolicy"]
    empty = [{"fault": "body", "body": "{}", "operation": operation, "times": None} for operation in operations]
    tags = {"fault": "body", "body": "{}", "operation": "ListTagsForResource", "service": "ssm-contacts", "times": None}
    at_call(*SECOND_LOOK, lambda: held.faults.add(*empty, tags))
    assert_complete(export())
    assert_exported(path, *objects())
    assert changes_of(path) == []


def test_a_policy_and_tags_that_are_deleted_are_a_change(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    arn = contacts_arn("contact/first")

    def delete() -> None:
        held.remove_data("contact_policy", "policy", parent=arn)
        held.seed_data(contact("first"))

    at_call(*SECOND_LOOK, delete)
    assert_complete(export())
    assert_exported(
        path, *(one for one in objects() if one["kind"] not in ("contact", "contact_policy")), contact("first")
    )
    assert changes_of(path) == [(arn, "changed", True)]


def test_what_comes_into_an_empty_set_came(endpoint: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    endpoint.seed(SET, arn=ARN)
    at_call(*SECOND_LOOK, lambda: endpoint.seed_data(incident("new"), contact("new")))
    assert_complete(export())
    assert changes_of(path) == [
        (contacts_arn("contact/new"), "came", True),
        (incident_arn("new"), "came", HAS_FINDINGS),
    ]


def test_a_deleted_object_is_exported_only_if_all_of_it_was_read(
    endpoint: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """The first incident was read, but its event was not."""
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(incident("part"), timeline_event("part", "e"), incident("whole"))

    def delete() -> None:
        endpoint.remove_data("timeline_event", "e", parent=incident_arn("part"))
        endpoint.remove_data("incident_record", incident_arn("part"))

    at_call("GetTimelineEvent", 1, delete)
    at_call("ListIncidentRecords", 3, lambda: endpoint.remove_data("incident_record", incident_arn("whole")))
    assert_complete(export())
    assert changes_of(path) == [(incident_arn("part"), "went", False), (incident_arn("whole"), "went", HAS_FINDINGS)]
    assert len(read(path)["incident_records"]) == 2


@pytest.mark.slow
def test_there_are_never_more_calls_than_workers(
    held: LocalEndpoint, export: Run, path: Path, calls_at_the_same_time: list[int]
) -> None:
    """A call that hangs is one of them until it ends."""
    held.faults.add({"fault": "hang", "seconds": 100, "region": "eu-west-1", "times": None})
    assert export(workers=3, timeout=30, allow_incomplete=True, aws_config={"read_timeout": 2})["complete"] is False
    assert_exported(path, *objects())
    assert max(calls_at_the_same_time) == 3


class History:
    """Random changes of what the set holds, and random faults, each at a random call of an export."""

    def __init__(self, endpoint: LocalEndpoint, seed: int) -> None:
        self._endpoint = endpoint
        self._random = random.Random(seed)
        self._calls = 0
        self._numbers = itertools.count()
        # Most happens while the module reads everything for the first time, and the rest when it looks again.
        self._moments = Counter(self._random.randint(1, 120) for _number in range(self._random.randint(0, 8)))
        self.world: dict[tuple[str, str], dict[str, Any]] = {}
        self.versions: dict[tuple[str, str], list[dict[str, Any]]] = {}
        # For each object, and for each incident and contact that was read: the number of the last call.
        self._changed: dict[tuple[str, str], int] = {}
        self._looked: dict[str, int] = {}
        for name in "abc":
            self.put(incident(name), timeline_event(name, "e0"), timeline_event(name, "e1"), contact(name))

    def put(self, *seeded: dict[str, Any]) -> None:
        self._endpoint.seed_data(*({**one, "regions": list(REGIONS)} for one in seeded))
        for one in seeded:
            body = one["body"]
            key = (one["kind"], f"{body.get('incidentRecordArn', '')} {body[kinds.KINDS[one['kind']].id]}")
            self.world[key] = one
            self.versions.setdefault(key, []).append(as_exported(one))
            self._changed[key] = self._calls

    def was_seen(self, key: tuple[str, str]) -> bool:
        """Return whether the module has looked at an object since it changed, and not at about the same time."""
        looked = max((self._looked[arn] for arn in self._looked if arn in key[1]), default=0)
        return self._changed[key] < looked - 20

    def before_call(self, operation: str, arn: str) -> None:
        self._calls += 1
        if operation in ("GetIncidentRecord", "GetContact"):
            self._looked[arn] = self._calls
        for _number in range(self._moments[self._calls]):
            acts = (
                self._change_contact,
                self._change_incident,
                self._add_event,
                self._change_event,
                self._remove,
                self._fail,
            )
            self._random.choice([*acts, self._fail])(self._random.choice("abcd"), f"text {next(self._numbers)}")

    def _change_contact(self, name: str, text: str) -> None:
        self.put(contact(name, Plan={"Stages": []}, DisplayName=text))

    def _change_incident(self, name: str, text: str) -> None:
        self.put(incident(name, summary=text))

    def _add_event(self, name: str, text: str) -> None:
        self.put(incident(name, title=text), timeline_event(name, text, eventData=text))

    def _change_event(self, name: str, text: str) -> None:
        if ("incident_record", f" {incident_arn(name)}") in self.world:
            self.put(timeline_event(name, "e0", eventData=text, eventUpdatedTime=1_800_000_000 + next(self._numbers)))

    def _remove(self, name: str, _text: str) -> None:
        for kind, key in list(self.world):
            if incident_arn(name) in key:
                parent, _blank, item_id = key.partition(" ")
                self._endpoint.remove_data(kind, item_id, **({"parent": parent} if parent else {}))
                del self.world[kind, key]
                self._changed[kind, key] = self._calls

    def _fail(self, _name: str, _text: str) -> None:
        operations = ["ListTimelineEvents", "GetTimelineEvent", "GetIncidentRecord", "ListContacts", "GetContact"]
        fault = self._random.choice([{"fault": "reset"}, {"fault": "error", "code": "ResourceNotFoundException"}])
        where = {"operation": self._random.choice(operations), "region": self._random.choice(REGIONS)}
        self._endpoint.faults.add({**fault, **where, "times": self._random.randint(1, 3)})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("HISTORIES", "10"))))
def test_random_histories(
    endpoint: LocalEndpoint, export: Run, path: Path, sleeps: list[float], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """What is exported existed. If the export is complete, it has what exists, and nothing has changed without being named."""
    endpoint.seed(SET, arn=ARN)
    history = History(endpoint, seed)
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer, lock = responses.answer, threading.Lock()

    def act_and_answer(data: Any, asked: Any) -> Any:
        with lock:
            history.before_call(asked.operation, asked.given.get("arn") or asked.given.get("ContactId") or "")
            return answer(data, asked)

    monkeypatch.setattr(responses, "answer", act_and_answer)
    # With one worker, the lists of an incident and its own read are a few calls apart.
    outcome = export(allow_incomplete=True, aws_config=ONCE, workers=1)
    assert not outcome.failed, outcome["msg"]
    found = read(path)
    went = {arn for arn, change, _exported in changes_of(path) if change == "went"}
    missing = missing_of(path)
    assert bool(outcome["unsettled"]) <= ("ReplicationSetChanged" in {one["code"] for one in missing})
    for kind in ("incident_record", "timeline_event", "contact"):
        exported: dict[tuple[str, str], Any] = {}
        for body in bodies(found, kind):
            key = (kind, f"{body.get('incidentRecordArn', '')} {body[kinds.KINDS[kind].id]}")
            assert body in history.versions[key], key
            assert exported.setdefault(key, body) == body
        if not missing:
            seen = [key for key in history.versions if key[0] == kind and history.was_seen(key)]
            existing = {key: history.versions[key][-1] for key in seen if key in history.world}
            assert {key: exported.get(key) for key in existing} == existing
            gone = {key for key in seen if key in exported and key not in history.world}
            assert {key for key in gone if not any(arn in key[1] for arn in went)} == set()


# What can't be read ---------------------------------------------------------------------------------------------------


@pytest.mark.sample(6)
@pytest.mark.slow
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "GetReplicationSet"])
def test_a_call_that_is_denied(held: LocalEndpoint, export: Run, path: Path, operation: str) -> None:
    """The export names the call and fails. With allow_incomplete, it succeeds and has everything else."""
    if operation not in kinds.SERVED["ssm-incidents"] | kinds.SERVED["ssm-contacts"]:
        pytest.skip("botocore is too old")
    held.faults.add(
        {"fault": "error", "code": "AccessDeniedException", "operation": operation, "message": PRIVATE, "times": None}
    )
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    assert operation in outcome["msg"] and "AccessDeniedException" in outcome["msg"]
    assert (outcome["changed"], outcome["complete"]) == (False, False)
    assert PRIVATE not in outcome.output
    assert_nothing(path)
    outcome = export(allow_incomplete=True)
    assert (outcome.failed, outcome["changed"], outcome["complete"]) == (False, True, False)
    assert PRIVATE not in outcome.output
    missing = missing_of(path)
    assert {(one["operation"], one["code"]) for one in missing} == {(operation, "AccessDeniedException")}
    assert outcome["missing_count"] == len(manifest_of(path)["missing"])
    assert manifest_of(path)["complete"] is False
    # An object that is not listed can't be exported, and neither can the objects that belong to it.
    lost = {name for name, kind in KINDS.items() if set(kind.gets[:1]) | set(kind.lists) == {operation}}
    lost |= {name for name, kind in KINDS.items() if operation in kind.lists and len(kind.lists) == 1}
    while more := {
        name for name, kind in KINDS.items() if kind.lists and set(kind.lists.values()) <= lost and name not in lost
    }:
        lost |= more
    empty = {name for name, lines in read(path).items() if not lines}
    read_by = {name for name, kind in KINDS.items() if kind.gets == (operation,)}
    unknown = set() if HAS_FINDINGS else {"findings"}
    assert empty - unknown == (lost | read_by) - unknown


BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("not_json", {}),
    ("cut_json", {}),
    ("body", {"body": "{}"}),
    # The faults below are tried with a few operations only.
    ("empty", {}),
    ("truncated", {}),
    ("body", {"body": "[]"}),
    ("body", {"body": '{"nextToken": 5, "NextToken": 5}'}),
    ("status", {"http_status": 204, "body": ""}),
]
# By botocore's model, the responses of these operations may be empty.
MAY_BE_EMPTY = (
    *("GetContactPolicy", "ListPageReceipts", "ListRotationOverrides", "ListRotationShifts"),
    "ListTagsForResource",
)


@pytest.mark.sample(11)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "fault", "more"),
    [
        (operation, fault, more)
        for operation in OPERATIONS
        for number, (fault, more) in enumerate(BROKEN)
        if (number < 3 or operation in ("GetTimelineEvent", "ListContacts", "ListTagsForResource"))
        and not (more.get("body") == "{}" and operation in MAY_BE_EMPTY)
        and operation != "GetReplicationSet"
    ],
)
def test_a_broken_response_does_not_count_as_an_empty_one(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], operation: str, fault: str, more: dict[str, Any]
) -> None:
    if operation not in kinds.SERVED["ssm-incidents"] | kinds.SERVED["ssm-contacts"]:
        pytest.skip("botocore is too old")
    # Both APIs have an operation of this name. The response of ssm-contacts may be empty.
    service = "ssm-incidents" if operation == "ListTagsForResource" else None
    held.faults.add({"fault": fault, "operation": operation, "service": service, "times": None, **more})
    outcome = export(allow_incomplete=False, aws_config={**ONCE, "read_timeout": 5})
    assert operation in {one["operation"] for one in outcome["missing"] if one["code"] != "MissingLibrary"}
    assert_nothing(path)


@pytest.mark.sample(1)
@pytest.mark.parametrize("reason", ["drop", "503", "denied"])
def test_a_region_that_does_not_answer(
    held: LocalEndpoint, export: Run, path: Path, sleeps: list[float], reason: str
) -> None:
    """The export has what the other Region shows, and is not complete."""
    held.configure(unavailable_regions={"eu-west-1": reason})
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete" and "eu-west-1" in outcome["msg"]
    assert_nothing(path)
    assert export(allow_incomplete=True)["complete"] is False
    assert_exported(path, *objects())
    assert {one["region"] for one in missing_of(path)} == {"eu-west-1"}
    assert len(missing_of(path)) == 5


def test_throttling_is_waited_for(held: LocalEndpoint, export: Run, path: Path, sleeps: list[float]) -> None:
    """The module retries throttled calls more often than others."""
    held.faults.add({"fault": "throttle", "operation": "GetTimelineEvent", "times": 25})
    held.faults.add({"fault": "throttle", "operation": "ListContacts", "times": 25})
    assert_complete(export())
    assert_exported(path, *objects())
    assert len(sleeps) == 50


@pytest.mark.slow
def test_throttling_without_end(held: LocalEndpoint, export: Run, path: Path, sleeps: list[float]) -> None:
    held.faults.add({"fault": "throttle", "operation": "GetTimelineEvent", "times": None})
    outcome = export(timeout=1000, allow_incomplete=True)
    assert (outcome.failed, outcome["complete"]) == (False, False)
    assert "GetTimelineEvent" in {one["operation"] for one in missing_of(path)}


def test_the_user_limits_the_attempts(held: LocalEndpoint, export: Run, path: Path, sleeps: list[float]) -> None:
    held.faults.add({"fault": "throttle", "operation": "GetTimelineEvent", "times": None})
    assert export(allow_incomplete=False, aws_config={"retries": {"total_max_attempts": 2}}).failed
    # One retry in each of the two Regions, in each round.
    assert len(sleeps) == 2 * MAX_ROUNDS


def test_the_time_limit(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    responses = importlib.import_module("moto.ssmincidents.responses")
    answer = responses.answer

    def answer_late(data: Any, asked: Any) -> Any:
        sleeps.append(300 if asked.operation == "GetIncidentRecord" else 0)
        return answer(data, asked)

    monkeypatch.setattr(responses, "answer", answer_late)
    held.seed_data(*(incident(f"{number}") for number in range(30)))
    outcome = export(timeout=1000, workers=1, allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete" and "WaitTimeout" in outcome["msg"]
    assert_nothing(path)
    assert not export(timeout=1000, workers=1, allow_incomplete=True).failed
    exported = {line["arn"] for line in read(path)["incident_records"]}
    missing = {one["arn"] for one in missing_of(path) if one["operation"] == "GetIncidentRecord"}
    assert exported and missing and exported | missing == {incident_arn(name) for name in ("one", *map(str, range(30)))}
    # The export also says that the second look is missing.
    assert None in {one["operation"] for one in missing_of(path)}


@pytest.mark.slow
def test_a_call_that_hangs(held: LocalEndpoint, export: Run, path: Path) -> None:
    """What it delays is named: the call, and the object that was not read because of it."""
    for operation in ("GetContact", "ListTimelineEvents"):
        held.faults.add({"fault": "hang", "operation": operation, "seconds": 100, "times": None})
    outcome = export(timeout=10, allow_incomplete=True)
    assert not outcome.failed
    named = {(one["kind"], one["operation"], one["code"]) for one in missing_of(path)}
    assert named >= {
        ("contacts", "GetContact", "WaitTimeout"),
        ("incident_records", "GetIncidentRecord", "WaitTimeout"),
        ("timeline_events", "ListTimelineEvents", "WaitTimeout"),
    }
    assert {one["arn"] for one in missing_of(path) if one["operation"] == "GetIncidentRecord"} == {incident_arn("one")}
    assert "contacts" in read(path)


def test_a_list_that_does_not_end(held: LocalEndpoint, export: Run, path: Path) -> None:
    body = json.dumps({"incidentRecordSummaries": [], "nextToken": "again"})
    held.faults.add({"fault": "body", "body": body, "operation": "ListIncidentRecords", "times": None})
    outcome = export(allow_incomplete=False)
    assert {(one["operation"], one["code"]) for one in outcome["missing"] if one["code"] != "MissingLibrary"} == {
        ("ListIncidentRecords", "MalformedAnswer")
    }


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetIncidentRecord", {"incidentRecord": {"arn": incident_arn("another"), "title": PRIVATE}}),
        (
            "GetContact",
            {"ContactArn": contacts_arn("contact/another"), "Alias": PRIVATE, "Type": "PERSONAL", "Plan": {}},
        ),
        ("GetContactPolicy", {"ContactArn": contacts_arn("contact/another"), "Policy": PRIVATE}),
        ("GetTimelineEvent", {"event": {"eventId": "another", "eventData": PRIVATE}}),
        ("GetTimelineEvent", {"event": {**timeline_event("two", "e1")["body"], "eventTime": 0, "eventUpdatedTime": 0}}),
        ("ListTimelineEvents", {"eventSummaries": [{"eventId": "e1", "incidentRecordArn": incident_arn("two")}]}),
        ("GetTimelineEvent", {"event": {"eventId": "e1", "eventTime": 1e30, "eventData": PRIVATE}}),
        ("GetRotationOverride", {"RotationOverrideId": PRIVATE}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [{"arn": f"{PRIVATE} no ARN"}]}),
        ("ListIncidentRecords", {"incidentRecordSummaries": [PRIVATE]}),
        ("ListContacts", {"Contacts": PRIVATE}),
        ("ListTimelineEvents", {"eventSummaries": [{"eventId": 5, "eventType": PRIVATE}]}),
    ],
)
def test_a_response_about_something_else(
    held: LocalEndpoint, export: Run, path: Path, operation: str, body: dict[str, Any]
) -> None:
    held.faults.add({"fault": "body", "body": json.dumps(body), "operation": operation, "times": None})
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    assert operation in {one["operation"] for one in outcome["missing"]}
    assert PRIVATE not in outcome.output
    assert_nothing(path)


@needs_findings
def test_a_finding_that_can_not_be_read(held: LocalEndpoint, export: Run, path: Path) -> None:
    errors = [{"findingId": "f1", "code": "AccessDeniedException", "message": PRIVATE}]
    body = json.dumps({"findings": [], "errors": errors})
    held.faults.add({"fault": "body", "body": body, "operation": "BatchGetIncidentFindings", "times": None})
    outcome = export()
    assert {(one["operation"], one["id"], one["code"]) for one in outcome["missing"]} == {
        ("BatchGetIncidentFindings", "f1", "AccessDeniedException")
    }
    assert PRIVATE not in outcome.output


def test_an_older_botocore_makes_it_incomplete(held: LocalEndpoint, export: Run, at_call: Run, path: Path) -> None:
    if HAS_FINDINGS:
        pytest.skip("botocore knows all operations")
    at_call(*SECOND_LOOK, lambda: held.seed_data(incident("new"), contact("new")))
    export(allow_incomplete=True)
    # The findings of the incident are missing.
    assert changes_of(path) == [(contacts_arn("contact/new"), "came", True), (incident_arn("new"), "came", False)]
    shutil.rmtree(path)
    outcome = export(allow_incomplete=False)
    assert outcome["error"]["code"] == "ExportIncomplete"
    assert {one["operation"] for one in outcome["missing"]} == {"ListIncidentFindings", "BatchGetIncidentFindings"}
    assert {one["code"] for one in outcome["missing"]} == {"MissingLibrary"}


@pytest.mark.slow
def test_messages_and_results_have_no_text_of_the_objects(held: LocalEndpoint, export: Run, path: Path) -> None:
    """They have no secret either."""
    held.seed_data(
        incident("two", title=f"{PRIVATE} title", summary=PRIVATE),
        contact("second", DisplayName=f"{PRIVATE} person"),
        rotation("second", Name=f"{PRIVATE} turns"),
        response_plan("second", displayName=f"{PRIVATE} plan"),
    )
    assert PRIVATE not in export().output
    assert PRIVATE in (path / "incident_records.jsonl").read_text(encoding="ascii")
    rejected = {"fault": "error", "code": "ValidationException", "message": SECRET_KEY, "times": None}
    held.faults.add({**rejected, "operation": "GetContact"})
    outcome = export(path=f"{path}-2", allow_incomplete=True)
    assert outcome["complete"] is False
    assert SECRET_KEY not in outcome.output
    assert SECRET_KEY not in (path.parent / "export-2" / "manifest.json").read_text(encoding="ascii")


# The folder -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("file", "InvalidParameter"),
        ("folder", "InvalidParameter"),
        ("folder/", "InvalidParameter"),
        ("dangling", "InvalidParameter"),
        ("link", "InvalidParameter"),
        ("folder/..", "InvalidParameter"),
        ("folder/.", "InvalidParameter"),
        ("none/export", "FileNotWritable"),
        ("file/export", "FileNotWritable"),
    ],
)
def test_a_path_that_can_not_be_used(
    held: LocalEndpoint, export: Run, tmp_path: Path, name: str, code: str, check_mode: bool
) -> None:
    """The path is refused before any call, and no file is changed."""
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "file").touch()
    (place / "dangling").symlink_to(place / "target")
    (place / "link").symlink_to(place / "folder")
    before = sorted(place.rglob("*"))
    held.log.clear()
    outcome = export(path=f"{place}/{name}", _check_mode=check_mode)
    assert (outcome["error"]["code"], outcome["changed"]) == (code, False)
    assert (held.requests, sorted(place.rglob("*"))) == ([], before)


def test_other_options_that_can_not_be_used(held: LocalEndpoint, export: Run, path: Path) -> None:
    for options in ({"path": "relative"}, {"path": "/"}, {"workers": 0}, {"workers": 65}, {"timeout": 0}, {"arn": "x"}):
        outcome = export(**options)
        assert (outcome["error"]["code"], next(iter(options)) in outcome["msg"]) == ("InvalidParameter", True)
    assert held.requests == []
    assert_nothing(path)


@pytest.mark.parametrize("name", ["n" * 250, "n" * 300])
def test_a_name_that_is_too_long(held: LocalEndpoint, export: Run, path: Path, name: str) -> None:
    outcome = export(path=str(path.parent / name))
    assert (outcome["error"]["code"], held.requests) == ("FileNotWritable", [])
    assert "File name too long" in outcome["msg"]
    assert_nothing(path)


def test_a_second_export_does_not_overwrite_the_first(held: LocalEndpoint, export: Run, path: Path) -> None:
    assert_complete(export())
    before = {one.name: one.read_bytes() for one in path.iterdir()}
    assert export()["error"]["code"] == "InvalidParameter"
    assert {one.name: one.read_bytes() for one in path.iterdir()} == before


def test_the_umask_and_a_parent_that_is_a_link(held: LocalEndpoint, export: Run, path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path.parent)
    for number, umask in enumerate((0, 0o777)):
        before = os.umask(umask)
        try:
            assert_complete(export(path=f"{tmp_path}/link/{number}/"))
        finally:
            os.umask(before)
        read(path.parent / str(number))


def temporary_of(path: Path) -> Path:
    (found,) = (one for one in path.parent.iterdir() if one.name.startswith(".export."))
    assert found.name.endswith(".incomplete")
    return found


@pytest.mark.slow
def test_something_appears_at_the_path(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run, tmp_path: Path
) -> None:
    """A folder, a file or a link that appears there during the export is neither replaced nor followed."""
    victim = tmp_path / "victim"
    victim.mkdir()
    for put in (Path.mkdir, Path.touch, lambda place: place.symlink_to(victim)):
        at_call("GetContact", 1, lambda put=put: put(path))
        outcome = export()
        assert outcome["error"]["code"] == "FileNotWritable" and "during the export" in outcome["msg"]
        assert (list(path.parent.iterdir()), list(victim.iterdir())) == ([path], [])
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_a_parent_that_somebody_moves(held: LocalEndpoint, export: Run, path: Path, at_call: Run) -> None:
    """The task fails, because its result would name a directory that does not exist. No personal data is left."""
    moved = path.parent.with_name("moved")
    at_call("GetContact", 1, lambda: path.parent.rename(moved))
    outcome = export()
    assert outcome["error"]["code"] == "FileNotWritable" and "No such file or directory" in outcome["msg"]
    assert [one for one in moved.rglob("*") if one.is_file()] == []


def test_folders_left_over_from_another_path_are_no_warning(held: LocalEndpoint, export: Run, path: Path) -> None:
    for name in (".export.2.0123456789abcdef.incomplete", ".export.backup.incomplete", ".export.0123456789abcdef"):
        (path.parent / name).mkdir()
    outcome = export()
    assert_complete(outcome)
    assert "warnings" not in outcome.result
    (path.parent / ".other.0123456789abcdef.incomplete").mkdir()
    assert len(export(path=str(path.parent / "other"))["warnings"]) == 1


def test_a_link_in_the_place_of_a_file_is_not_followed(
    held: LocalEndpoint, export: Run, path: Path, at_call: Run
) -> None:
    """The link has the name of a file that the module is about to write."""
    target = path.parent.parent / "target"
    at_call("GetContact", 1, lambda: (temporary_of(path) / "manifest.json").symlink_to(target))
    assert export()["error"]["code"] == "FileNotWritable"
    assert not target.exists()
    assert_nothing(path)


def test_an_interruption_right_after_the_rename_removes_nothing(
    held: LocalEndpoint, export: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal can arrive in any thread, such as one whose call hangs, so blocking it in the main thread is not enough."""
    rename = os.rename

    def rename_and_interrupt(source: str, target: str, **options: Any) -> None:
        rename(source, target, **options)
        if target == path.name:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)

    monkeypatch.setattr(os, "rename", rename_and_interrupt)
    outcome = export()
    # The export is in place, so the task must not report anything else.
    assert (outcome.failed, outcome["changed"], outcome["directory"]) == (False, True, str(path))
    assert_exported(path, *objects())


# Processes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_request(held: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Return a function that sets what happens when the n-th request from now on has arrived, before it is answered."""
    add = held.log.add

    def at_request(number: int, act: Callable[[], object]) -> None:
        numbers = itertools.count(1)

        def add_and_act(call: Any) -> None:
            add(call)
            if next(numbers) == number:
                act()

        held.log.clear()
        monkeypatch.setattr(held.log, "add", add_and_act)

    return at_request


def wait_for_calls(endpoint: LocalEndpoint, number: int, process: subprocess.Popen[str]) -> None:
    while len(endpoint.requests) < number and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.slow
def test_kills_leave_no_export(
    held: LocalEndpoint, start_module: Run, export: Run, path: Path, at_request: Callable[..., None]
) -> None:
    """After SIGKILL at any of many points, nothing is at the path, and the next run starts again."""
    held.seed_data(*(timeline_event("one", f"n{number}") for number in range(30)))
    assert_complete(export(path=f"{path}-whole"))
    whole = len(held.requests)
    options = {"path": str(path), "allow_incomplete": not HAS_FINDINGS}
    processes: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
    killed = 0
    # The number of requests differs a little, because the first Region that answers ends a search.
    for number in [1, 2, 3, *range(5, whole - 10, whole // 8), whole - 10]:
        at_request(number, lambda: processes.get().kill())
        process = start_module("ssm_incidents_export", **options)
        processes.put(process)
        process.communicate(timeout=100)
        assert process.returncode == -signal.SIGKILL
        assert not path.exists()
        killed += 1
    # Kill a process while it writes the files, or too late.
    held.log.clear()
    process = start_module("ssm_incidents_export", **options)
    wait_for_calls(held, whole, process)
    process.kill()
    process.communicate()
    if path.exists():
        read(path)
    assert killed >= 8
    left = sorted(one for one in path.parent.iterdir() if one.name.endswith(".incomplete"))
    assert len(left) >= 8
    assert not any((one / "manifest.json").exists() and one.name == path.name for one in left)
    assert all(one.stat().st_mode & 0o777 == 0o700 for one in left)
    if not path.exists():
        outcome = export()
        assert_complete(outcome)
        assert len(outcome["warnings"]) == len(left)
        assert all(str(one) in json.dumps(outcome["warnings"]) for one in left)
    assert sorted(one for one in path.parent.iterdir() if one.name.endswith(".incomplete")) == left
    read(path)


@pytest.mark.slow
def test_an_interruption_leaves_nothing(held: LocalEndpoint, start_module: Run, path: Path) -> None:
    held.faults.add({"fault": "hang", "operation": "GetTimelineEvent", "seconds": 100, "times": None})
    process = start_module("ssm_incidents_export", path=str(path))
    wait_for_calls(held, 10, process)
    process.terminate()
    output, _errors = process.communicate(timeout=60)
    assert json.loads(output)["error"]["code"] == "Interrupted"
    assert_nothing(path)


@pytest.mark.slow
def test_a_full_disk(held: LocalEndpoint, start_module: Run, path: Path, at_request: Callable[..., None]) -> None:
    """The limit on the size of a file acts like a full disk: writing fails, and nothing is left."""
    held.seed_data(*(timeline_event("one", f"n{number}", eventData="x" * 10000) for number in range(20)))
    pids: queue.SimpleQueue[int] = queue.SimpleQueue()
    at_request(1, lambda: resource.prlimit(pids.get(), resource.RLIMIT_FSIZE, (50000, 50000)))
    process = start_module("ssm_incidents_export", path=str(path), allow_incomplete=True)
    pids.put(process.pid)
    output, errors = process.communicate(timeout=60)
    result = json.loads(output)
    assert "ignored" not in errors
    assert (result["error"]["code"], result["changed"]) == ("FileNotWritable", False)
    assert str(path) in result["msg"] and "File too large" in result["msg"]
    assert_nothing(path)


def test_which_kinds_are_units() -> None:
    assert {name for name, kind in KINDS.items() if is_unit(kind)} == {
        *("replication_set", "response_plans", "incident_records", "contacts", "rotations", "engagements", "pages")
    }
