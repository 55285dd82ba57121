# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the contract: the results, the RETURN texts and the error codes of every page are as documented."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import ADVICE, COLLECTION_ADVICE
from botocore.client import BaseClient
from endpoint.server import LocalEndpoint
from helpers.incident_data import contact, incident, one_of_each

from .schema import (
    ACTIONS,
    AUDIT,
    DATA_INFO,
    DELETED,
    DIRECTORY,
    ERROR,
    EXPORT,
    FACTS,
    PAGES,
    SUMMARY,
    documented,
    undocumented,
    violations,
)

CHECKOUT = Path(__file__).parents[3]
PLUGINS = CHECKOUT / "plugins"
ACCOUNT = "123456789012"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
OTHER_ARN = ARN.replace(ACCOUNT, "999999999999")
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# A key that KMS does not have.
NO_KEY = "arn:aws:kms:us-west-2:123456789012:key/00000000-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = KEY.replace("1234abcd", "abcd1234")
ONCE = {"retries": {"total_max_attempts": 1}}
ACTIVE = {"status": "ACTIVE", "sseKmsKeyId": "DefaultKey"}
SET: dict[str, Any] = {"status": "ACTIVE", "regionMap": {"us-east-1": ACTIVE, "eu-west-1": ACTIVE}}

Run = Callable[..., Any]


def return_text(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'^RETURN = r"""\n(.*?)^"""$', (PLUGINS / page).read_text(encoding="utf-8"), re.M | re.S)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


# The texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_the_return_text_has_the_schema(page: str) -> None:
    assert undocumented(PAGES[page], documented(return_text(page))) == []


def test_every_page_has_a_schema() -> None:
    pages = {
        f"{folder}/{path.name}" for folder in ("modules", "lookup") for path in (PLUGINS / folder).glob("ssm_*.py")
    }
    assert pages == set(PAGES)


def test_the_page_of_the_error_codes_has_every_code() -> None:
    text = (CHECKOUT / "docs" / "docsite" / "rst" / "error_codes.rst").read_text(encoding="utf-8")
    rows = re.findall(r"^    \* - (``.*)$", text, re.M)
    codes = [code for row in rows for code in re.findall(r"``([^`]+)``", row) if code != "error.code"]
    assert sorted(codes) == sorted(ADVICE)


def test_the_return_texts_document_every_code_of_the_collection() -> None:
    texts = [
        return_text(page)["error"]["contains"]["code"]["description"] for page in PAGES if page.startswith("modules")
    ]
    own = {
        code
        for text in texts
        for line in text
        if "of this collection" in line or "One of" in line
        for code in re.findall(r"V\((\w+)\)", line)
    }
    assert own == set(COLLECTION_ADVICE)


def test_every_code_is_a_constant_that_is_used_elsewhere() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PLUGINS.rglob("*.py")}
    errors = sources.pop(PLUGINS / "module_utils" / "_aws" / "errors.py")
    constants = dict(re.findall(r'^([A-Z_]+) = "(\w+)"$', errors, re.M))
    assert set(COLLECTION_ADVICE) <= set(constants.values())
    elsewhere = "\n".join(sources.values())
    for name, code in constants.items():
        # invalid_option() and as_failure() make these.
        if code in ADVICE and name not in ("INTERRUPTED", "INVALID_PARAMETER", "MISSING_LIBRARY", "UNEXPECTED_ERROR"):
            assert re.search(rf"\b{name}\b", elsewhere), name
    # No code is a literal where it is raised or compared.
    assert not re.findall(r"""code\s*(?:==|!=|=|in)\s*\(?f?["']""", elsewhere)


# The results ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def info(run_module: Run) -> Run:
    return lambda **options: run_module("ssm_incidents_replication_set_info", **options).result


@pytest.fixture
def data_info(run_module: Run) -> Run:
    return lambda **options: run_module("ssm_incidents_data_info", **options).result


@pytest.fixture
def export(run_module: Run, tmp_path: Path) -> Run:
    path = str(tmp_path / "export")
    return lambda **options: run_module("ssm_incidents_export", **{"path": path, **options}).result


@pytest.fixture
def manage(run_module: Run, sleeps: list[float]) -> Run:
    return lambda **options: run_module("ssm_incidents_replication_set", **options).result


@pytest.fixture
def audit(run_action: Run) -> Run:
    return lambda **options: run_action("ssm_incidents_replication_set_audit", **options).result


@pytest.fixture
def report(run_action: Run) -> Run:
    return lambda **options: run_action("ssm_incidents_replication_set_report", _connected=False, **options).result


def own_keys(key: str) -> dict[str, Any]:
    """Return the Regions of SET, each with its own variant of this key."""
    return {name: {**ACTIVE, "sseKmsKeyId": key.replace("us-east-1", name)} for name in SET["regionMap"]}


@pytest.mark.parametrize(
    "body",
    [
        None,
        SET,
        {**SET, "regionMap": own_keys(KEY)},
        {**SET, "status": "FAILED", "regionMap": {"us-east-1": {"status": "FAILED"}}},
    ],
)
def test_facts(info: Run, run_lookup: Run, audit: Run, endpoint: LocalEndpoint, body: dict[str, Any] | None) -> None:
    if body:
        endpoint.seed(body, arn=ARN, tags={"Team": "A"})
    endpoint.make_key(KEY)
    assert violations(info(), FACTS) == []
    assert violations(info(include_tags=False), FACTS) == []
    assert violations(info(include_keys=True), FACTS) == []
    for found in run_lookup(on_missing="skip"):
        assert violations(found, FACTS) == []
    assert violations(audit(), AUDIT) == []
    assert violations(audit(rules={"state": "absent"}), AUDIT) == []


@pytest.mark.parametrize("has_set", [True, False])
def test_data_info(data_info: Run, endpoint: LocalEndpoint, has_set: bool) -> None:
    if has_set:
        endpoint.seed(SET, arn=ARN)
        endpoint.seed_data(*one_of_each())
    assert violations(data_info(), DATA_INFO) == []
    assert violations(data_info(include=["contacts"]), DATA_INFO) == []
    endpoint.faults.add({"fault": "internal", "service": "ssm-contacts", "region": "eu-west-1"})
    found = data_info(aws_config=ONCE, _check_mode=True)
    assert violations(found, DATA_INFO) == []
    endpoint.faults.add({"fault": "error", "code": "ValidationException", "service": "ssm-contacts", "times": None})
    found = data_info()
    assert violations(found, DATA_INFO) == [] and found["complete"] is not has_set
    assert violations(data_info(arn=OTHER_ARN), ERROR) == []


def test_export(export: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(incident("one"), contact("first"))
    schema = {**DIRECTORY, **EXPORT}
    assert violations(export(_check_mode=True, allow_incomplete=True), schema) == []
    endpoint.faults.add({"fault": "error", "code": "ValidationException", "service": "ssm-contacts", "times": None})
    for check_mode in (True, False):
        assert violations(export(_check_mode=check_mode), {**EXPORT, **ERROR}) == []
        path = str(tmp_path / f"{check_mode}")
        assert violations(export(_check_mode=check_mode, allow_incomplete=True, path=path), schema) == []
    assert violations(export(path="relative"), ERROR) == []


def test_a_change(manage: Run, endpoint: LocalEndpoint) -> None:
    schema = {**FACTS, **ACTIONS}
    task = {"regions": [{"name": "us-east-1"}], "tags": {"Team": "A"}, "deletion_protected": True}
    for check_mode in (True, False, False):
        assert violations(manage(_check_mode=check_mode, _diff=True, **task), schema) == []
    deletion = {"state": "absent", "arn": manage()["replication_set"]["arn"], "deletion_protected": False}
    for check_mode in (True, False):
        assert violations(manage(_check_mode=check_mode, _diff=True, **deletion), {**schema, **DELETED}) == []
    assert violations(manage(_diff=True, **deletion), schema) == []


def test_a_report(report: Run, audit: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    result = report(audits={"a": audit(), "b": {"failed": True, "msg": "undefined"}}, json=str(tmp_path / "a.json"))
    assert violations(result, SUMMARY) == []


# What raises each code of the collection: the module or task, its options, and the faults of the endpoint.
FAULTS: dict[str, list[dict[str, Any]]] = {
    "ExportIncomplete": [
        {"fault": "error", "code": "AccessDeniedException", "operation": "ListContacts", "times": None}
    ],
    "ChangeNotVisible": [{"fault": "status", "http_status": 204, "body": "", "operation": "UpdateDeletionProtection"}],
    "MalformedAnswer": [{"fault": "not_json", "times": None}],
    "MultipleReplicationSets": [
        {
            "fault": "body",
            "body": f'{{"replicationSetArns": ["{ARN}", "{ARN[:-1]}8"]}}',
            "operation": "ListReplicationSets",
        }
    ],
    "SearchIncomplete": [
        {"fault": "error", "code": "AccessDeniedException", "region": "eu-west-2", "times": None},
        {"fault": "reset", "region": "eu-west-3", "times": None},
    ],
}
SEARCH = {"region": "eu-west-2", "search_regions": ["eu-west-3"], "aws_config": ONCE}
REGIONS = [{"name": "us-east-1"}, {"name": "eu-west-1"}]
FAILURES: dict[str, tuple[str, dict[str, Any]]] = {
    "Interrupted": ("manage", {"regions": [*REGIONS, {"name": "eu-west-3"}]}),
    "InvalidConfiguration": ("info", {"endpoint_url": "nonsense"}),
    "InvalidParameter": ("info", {"arn": "x"}),
    "MalformedAnswer": ("info", {}),
    "MultipleReplicationSets": ("info", {}),
    "SearchIncomplete": ("info", SEARCH),
    "UnexpectedError": ("info", {"region": "eu-west-2", "search_regions": ["eu-west-3"]}),
    "AccountMismatch": ("manage", {"arn": OTHER_ARN}),
    "ChangeNotVisible": ("manage", {"deletion_protected": True}),
    "DeletionProtected": ("manage", {"arn": ARN, "state": "absent"}),
    "KeyMismatch": ("manage", {"regions": [{"name": "us-east-1", "sse_kms_key_id": KEY}], "purge_regions": False}),
    "KeyNotUsable": ("manage", {"regions": [{"name": "us-west-2", "sse_kms_key_id": NO_KEY}], "purge_regions": False}),
    "NoReplicationSet": ("manage", {"tags": {}}),
    "OpenIncidents": ("manage", {"arn": ARN, "state": "absent"}),
    "ReplicationSetChanged": ("manage", {"regions": [{"name": "us-east-1"}], "deletion_protected": False}),
    "ReplicationSetDeleted": ("manage", {"regions": [*REGIONS, {"name": "eu-west-3"}]}),
    "ReplicationSetFailed": ("manage", {"regions": [{"name": "us-east-1"}]}),
    "UnsupportedChange": (
        "manage",
        {"regions": [{"name": "eu-west-2"}, {"name": "eu-west-3"}], "purge_regions": False},
    ),
    "WaitRequired": ("manage", {"regions": [{"name": "eu-west-2"}], "wait": False}),
    "WaitTimeout": ("manage", {"regions": REGIONS, "wait_timeout": 0}),
    "MissingLibrary": ("audit", {}),
    "ExportIncomplete": ("export", {}),
    "FileNotReadable": ("report", {"reports": ["/no/such/file.json"]}),
    "FileNotWritable": ("report", {"audits": {"a": {}}, "json": "/dev/null/audit.json"}),
    "InvalidReport": ("report", {"reports": [str(CHECKOUT / "galaxy.yml")]}),
}


def test_there_is_a_failure_for_every_code() -> None:
    assert set(FAILURES) == set(COLLECTION_ADVICE)


@pytest.mark.sample(7)
@pytest.mark.parametrize("code", FAILURES)
def test_every_code_of_the_collection(
    request: pytest.FixtureRequest,
    endpoint: LocalEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    act_in_pauses: Run,
    code: str,
) -> None:
    page, options = FAILURES[code]
    run = request.getfixturevalue(page)
    prepare(code, endpoint, monkeypatch)
    if code in IN_PAUSES:
        endpoint.configure(transition={"progression": "manual", "times": 2})
        act_in_pauses(partial(IN_PAUSES[code], endpoint))
    result = run(**options)
    assert result["failed"] and result["error"]["code"] == code, result["msg"]
    schema = dict(ERROR)
    if page == "audit":
        schema |= AUDIT
    if code == "ExportIncomplete":
        schema |= EXPORT
    if "actions" in result:
        schema |= ACTIONS
    if "data" in result:
        schema |= DELETED
    if "summary" in result:
        schema |= SUMMARY
    if code == "MissingLibrary":
        del schema["boto3_version"], schema["botocore_version"]
    assert violations(result, schema) == []


def prepare(code: str, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.faults.add(*FAULTS.get(code, []))
    failed = {"status": "FAILED", "regionMap": {"us-east-1": {"status": "FAILED"}}}
    body = {
        **SET,
        **({"regionMap": own_keys(OTHER_KEY)} if code in ("KeyMismatch", "KeyNotUsable") else {}),
        "deletionProtected": code == "DeletionProtected",
        **(failed if code == "ReplicationSetFailed" else {}),
    }
    if code == "WaitTimeout":
        body |= {"status": "UPDATING"}
        endpoint.configure(transition={"progression": "manual", "times": 10**9})
    if code != "NoReplicationSet":
        endpoint.seed(body, arn=ARN)
    if code == "OpenIncidents":
        endpoint.seed_data(incident("one"))
    if code == "MissingLibrary":
        monkeypatch.setattr("ansible_collections.amazon.aws.plugins.module_utils.botocore.HAS_BOTO3", False)
    if code == "UnexpectedError":
        # botocore and its parsers are not known to raise this exception.
        call = BaseClient._make_api_call

        def fail_in_one_region(client: Any, *request: Any) -> Any:
            assert client.meta.region_name != "eu-west-3", "an error in a library"
            return call(client, *request)

        monkeypatch.setattr(BaseClient, "_make_api_call", fail_in_one_region)


def interrupt(_endpoint: LocalEndpoint) -> None:
    raise KeyboardInterrupt


def protect(endpoint: LocalEndpoint) -> None:
    """Turn deletion protection on, as somebody else."""
    endpoint.seed({**SET, "regionMap": {"us-east-1": ACTIVE}, "deletionProtected": True}, arn=ARN)


# What happens while the module is waiting.
IN_PAUSES: dict[str, Callable[[LocalEndpoint], object]] = {
    "Interrupted": interrupt,
    "ReplicationSetChanged": protect,
    "ReplicationSetDeleted": LocalEndpoint.reset,
}


@pytest.mark.parametrize("code", [code for code in ADVICE if code.endswith("Exception")])
def test_every_code_of_the_service(info: Run, manage: Run, endpoint: LocalEndpoint, code: str) -> None:
    endpoint.faults.add({"fault": "error", "code": code, "times": None})
    result = info()
    assert result["failed"] and result["error"]["code"] == code
    assert violations(result, ERROR) == []
