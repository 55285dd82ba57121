# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that each result reaches the user, with tag keys that ansible-core gives a meaning and texts that it refuses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from endpoint.client import active_set
from endpoint.server import LocalEndpoint

Run = Callable[..., subprocess.CompletedProcess[str]]

PREFIX = "incident_manager.aws.ssm_incidents_"
TAGS = {
    "__ansible_type": "Date",
    "__ansible_unsafe": "x",
    "__ansible_vault": "x",
    "_ansible_no_log": "x",
    "Team": "Resilience",
}
SHOWN = {key if key == "Team" else f"\\{key}": value for key, value in TAGS.items()}


@pytest.fixture
def results(
    run_tasks: Run, tmp_path: Path, connection_variables: dict[str, str]
) -> Callable[[dict[str, dict[str, Any]]], dict[str, Any]]:
    """Return a function that runs tasks, and returns their results by the tasks' names."""

    def results(tasks: dict[str, dict[str, Any]]) -> dict[str, Any]:
        file = tmp_path / "results.json"
        shown = "{" + ", ".join(f"'{name}': {name}" for name in tasks) + "}"
        outcome = run_tasks(
            [
                *({**task, "name": name, "register": name} for name, task in tasks.items()),
                {
                    "ansible.builtin.copy": {"content": "{{ (" + shown + ") | to_json }}", "dest": str(file)},
                    "diff": False,
                },
            ],
            **connection_variables,
            AWS_REGION="us-east-1",
            ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
            ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile",
            ANSIBLE_CACHE_PLUGIN_CONNECTION=str(tmp_path / "cache"),
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert "Traceback" not in outcome.stdout + outcome.stderr
        parsed: dict[str, Any] = json.loads(file.read_text())
        return parsed

    return results


@pytest.mark.slow
def test_reserved_tag_keys_are_shown_with_a_backslash(
    results: Callable[..., dict[str, Any]], endpoint: LocalEndpoint, tmp_path: Path
) -> None:
    arn = endpoint.seed(active_set({"us-east-1": "DefaultKey"}), tags=TAGS)
    report = tmp_path / "report.json"
    lookup = "{{ lookup('incident_manager.aws.ssm_incidents_replication_set') }}"
    found = results(
        {
            "info": {f"{PREFIX}replication_set_info": {}},
            "data": {f"{PREFIX}data_info": {}},
            "looked_up": {"ansible.builtin.set_fact": {"facts": lookup, "cacheable": True}},
            "audit": {f"{PREFIX}replication_set_audit": {"rules": {"minimum_regions": 1, "tags": {"Team": None}}}},
            "written": {f"{PREFIX}replication_set_report": {"audits": {"one": "{{ audit }}"}, "json": str(report)}},
            "change": {
                f"{PREFIX}replication_set": {
                    "arn": arn,
                    "regions": [{"name": "us-east-1", "sse_kms_key_id": "DefaultKey"}],
                    "tags": {"Team": "Operations", "\\__ansible_unsafe": "x"},
                },
                "diff": True,
            },
            "unchanged": {
                f"{PREFIX}replication_set": {"arn": arn, "tags": "{{ change.replication_set.tags }}"},
            },
            "audit_again": {
                f"{PREFIX}replication_set_audit": {
                    "rules": {"minimum_regions": 1, "tags": "{{ change.replication_set.tags }}"}
                }
            },
        }
    )
    assert found["info"]["replication_set"]["tags"] == SHOWN
    assert found["data"]["exists"]
    assert found["looked_up"]["ansible_facts"]["facts"]["replication_set"]["tags"] == SHOWN
    assert found["audit"]["outcome"] == "passed" and found["audit"]["replication_set"]["tags"] == SHOWN
    (row,) = json.loads(report.read_text())["accounts"]
    assert row["replication_set"]["tags"] == SHOWN
    change, left = found["change"], {"Team": "Operations", "\\__ansible_unsafe": "x"}
    assert change["changed"] and not change["failed"]
    assert change["diff"]["before"]["tags"] == SHOWN and change["diff"]["after"]["tags"] == left
    assert change["replication_set"]["tags"] == left
    assert not found["unchanged"]["changed"] and found["audit_again"]["outcome"] == "passed"
    listed = endpoint.client("ssm-incidents").list_tags_for_resource(resourceArn=arn)
    assert listed["tags"] == {"Team": "Operations", "__ansible_unsafe": "x"}


@pytest.mark.slow
def test_lone_surrogates_are_replaced(results: Callable[..., dict[str, Any]], endpoint: LocalEndpoint) -> None:
    region = {"status": "A\udc00", "statusMessage": "a\ud800b", "sseKmsKeyId": "DefaultKey"}
    # The endpoint has no set with such a status.
    found = {
        "replicationSet": {
            "createdBy": "a\udfffb",
            "createdTime": 1,
            "deletionProtected": True,
            "lastModifiedBy": "a\udfffb",
            "lastModifiedTime": 1,
            "regionMap": {"us-east-1": region},
            "status": "ACTIVE",
        }
    }
    endpoint.seed(active_set({"us-east-1": "DefaultKey"}))
    endpoint.faults.add({"fault": "body", "operation": "GetReplicationSet", "body": json.dumps(found), "times": None})
    fault = {"fault": "error", "code": "AccessDeniedException", "message": "a\ud800b", "times": None}
    for operation in ("ListTagsForResource", "ListResponsePlans", "ListContacts"):
        endpoint.faults.add({**fault, "operation": operation})
    lookup = "{{ lookup('incident_manager.aws.ssm_incidents_replication_set') }}"
    outcome = results(
        {
            "info": {f"{PREFIX}replication_set_info": {}},
            "data": {f"{PREFIX}data_info": {}},
            "looked_up": {"ansible.builtin.set_fact": {"facts": lookup, "cacheable": True}},
        }
    )
    for result in (outcome["info"], outcome["looked_up"]["ansible_facts"]["facts"]):
        facts = result["replication_set"]
        assert facts["created_by"] == facts["region_map"]["us-east-1"]["status_message"] == "a\ufffdb"
    assert outcome["info"]["warnings"]
    assert len(outcome["data"]["missing"]) >= 2
    assert any("may hold more" in warning for warning in outcome["data"]["warnings"])
