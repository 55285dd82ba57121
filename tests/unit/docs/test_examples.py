# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the conditions in the README, the guides and the plugins' examples: they are booleans that can be true and false.
test_blocks.py runs the tasks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT, GUIDES, MODULES, PLUGINS
from helpers.credentials import environment_variables

from .code_blocks import ACCOUNT, ARN, KEY, tasks_of

Run = Callable[..., subprocess.CompletedProcess[str]]

PAGES = [
    CHECKOUT / "README.md",
    GUIDES / "guide_asserting.rst",
    MODULES / "ssm_incidents_data_info.py",
    MODULES / "ssm_incidents_replication_set_info.py",
]
LOOKUP = PLUGINS / "lookup" / "ssm_incidents_replication_set.py"
# Assertions with these texts are about an account without a replication set, or about the input.
ASSERT_NO_SET = (
    *(
        "not incident_manager.exists",
        "on_missing='skip'",
        "not retired.exists",
        "not afterwards.exists",
        "retired_arn is defined",
    ),
)
ENABLED = {"enabled": True, "key_state": "Enabled"}
ACTIVE = {
    "kms_key": ENABLED,
    "sse_kms_key_id": KEY,
    "status": "ACTIVE",
    "status_message": None,
    "status_update_date_time": None,
}
# The facts that meet the conditions of every page.
MEETING: dict[str, Any] = {
    "exists": True,
    "region": "eu-west-1",
    "replication_set": {
        "arn": ARN,
        "deletion_protected": True,
        "last_modified_time": "2026-03-01T12:00:00.000000+00:00",
        "region_map": {"eu-central-1": ACTIVE, "eu-west-1": ACTIVE},
        "status": "ACTIVE",
        "tags": {"CostCenter": "A-1", "Team": "Resilience"},
    },
}
# What the set of MEETING holds, and what all other sets hold.
NO_INCIDENT = {"exists": True, "complete": True, "counts": {"open_incidents": 0}}
OPEN_INCIDENT = {"exists": False, "complete": False, "counts": {"open_incidents": 1}}
NONE = {"exists": False, "region": "eu-west-1", "replication_set": {}}


def differing(**facts: Any) -> dict[str, Any]:
    """Return MEETING with other facts about the set."""
    return {**MEETING, "replication_set": {**MEETING["replication_set"], **facts}}


# Facts that break conditions. Each differs from MEETING in one respect.
BREAKING = [
    NONE,
    {**MEETING, "region": "us-east-1"},
    differing(deletion_protected=False),
    differing(last_modified_time="2026-07-01T00:00:00.000000+00:00"),
    differing(region_map={"eu-west-1": {**ACTIVE, "sse_kms_key_id": "DefaultKey", "status": "CREATING"}}),
    differing(region_map={"eu-west-1": {**ACTIVE, "kms_key": None, "sse_kms_key_id": None}}),
    differing(region_map={"eu-west-1": {**ACTIVE, "kms_key": {"enabled": False, "key_state": "Disabled"}}}),
    differing(status="UPDATING"),
    differing(tags={"Team": "Other"}),
    differing(tags=None),
]


def conditions(page: Path) -> list[list[str]]:
    """Return the conditions of each assertion of a page, without those that call the lookup."""
    asserts = [task["ansible.builtin.assert"]["that"] for task in tasks_of(page) if "ansible.builtin.assert" in task]
    return [that for that in asserts if "query(" not in str(that) and "lookup(" not in str(that)]


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_conditions_can_be_true_and_false(run_tasks: Run, tmp_path: Path, page: Path) -> None:
    assertions = conditions(page)
    unique = list(dict.fromkeys(condition for that in assertions for condition in that))
    assert unique
    tasks = []
    for facts in [MEETING, *BREAKING]:
        for condition in unique:
            assertion = {"ansible.builtin.assert": {"that": [condition], "quiet": True}}
            held = NO_INCIDENT if facts is MEETING else OPEN_INCIDENT
            variables = {"incident_manager": facts, "incident_data": held}
            tasks.append({**assertion, "vars": variables, "ignore_errors": True})
    for number, task in enumerate(tasks):
        task["register"] = f"outcome_{number}"
    # A condition that can't be evaluated has no evaluated_to. ansible-core 2.19 and newer refuse values that are not booleans.
    template = "{{ 'true' if outcome_%d is success else outcome_%d.evaluated_to | default('error') }}"
    templates = [template % (number, number) for number in range(len(tasks))]
    tasks.append({"ansible.builtin.copy": {"content": json.dumps(templates), "dest": str(tmp_path / "results")}})
    outcome = run_tasks(tasks)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    results = [str(result).lower() for result in json.loads((tmp_path / "results").read_text())]
    by_condition = {condition: results[number :: len(unique)] for number, condition in enumerate(unique)}
    for condition, (met, *broken) in by_condition.items():
        expected, opposite = ("false", "true") if condition == "not incident_manager.exists" else ("true", "false")
        assert met == expected, condition
        assert opposite in broken, condition
    for that in assertions:
        for number, condition in enumerate(that):
            for facts, result in zip([MEETING, *BREAKING], by_condition[condition], strict=True):
                before = [by_condition[earlier][[MEETING, *BREAKING].index(facts)] for earlier in that[:number]]
                # Without a set, only the first condition can be evaluated, as the page says.
                assert result != "error" or "false" in before or facts is NONE, (condition, facts)


@pytest.mark.slow
def test_an_unexpected_failure_fails_the_task(run_tasks: Run) -> None:
    (task,) = [task for task in tasks_of(GUIDES / "guide_asserting.rst") if "failed_when" in task]
    # A failure because of an unknown option has no error code.
    task["incident_manager.aws.ssm_incidents_replication_set_info"]["no_such_option"] = 1
    assert run_tasks([task]).returncode != 0


def pages_that_assert() -> list[Path]:
    pages = [CHECKOUT / "README.md", *GUIDES.glob("*.rst"), *(PLUGINS.glob("*/[!_]*.py"))]
    return sorted(page for page in pages if "ansible.builtin.assert:" in page.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.sample(3)
@pytest.mark.parametrize("page", pages_that_assert(), ids=lambda page: page.name)
def test_no_assertion_of_a_good_state_passes_without_a_set(
    run_tasks: Run, endpoint: LocalEndpoint, tmp_path: Path, page: Path
) -> None:
    user = endpoint.make_user(["*"], account=ACCOUNT)
    tasks = json.loads(json.dumps(tasks_of(page)).replace("/srv/exports", str(tmp_path)))
    good: list[str] = []
    names: list[str] = []
    # No task may create a set. The tasks of other collections and those that wait have no effect on an assertion.
    changing = {"incident_manager.aws.ssm_incidents_replication_set", "ansible.builtin.pause"}
    kept = [
        task
        for task in tasks
        if "until" not in task
        and not any(key.startswith("amazon.aws.") or (key in changing and "absent" not in str(task)) for key in task)
    ]
    for task in kept:
        task["ignore_errors"] = True
        if "ansible.builtin.assert" in task and not any(part in str(task) for part in ASSERT_NO_SET):
            names.append(task["name"])
            task["register"] = f"outcome_{len(good)}"
            good.append(f"outcome_{len(good)} is failed")
    file = tmp_path / "failed.json"
    template = "{{ [" + ", ".join(good) + "] | to_json }}"
    outcome = run_tasks(
        [*kept, {"ansible.builtin.copy": {"content": template, "dest": str(file)}}],
        AWS_URL=endpoint.url,
        AWS_REGION="eu-west-1",
        **environment_variables(user),
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    passed = [name for name, failed in zip(names, json.loads(file.read_text()), strict=True) if not failed]
    assert passed == []


@pytest.mark.slow
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("page", [GUIDES / "guide_asserting.rst", LOOKUP], ids=lambda page: page.name)
def test_the_lookup_asserts_that_there_is_no_set(
    run_tasks: Run, endpoint: LocalEndpoint, connection_variables: dict[str, str], page: Path, exists: bool
) -> None:
    if exists:
        endpoint.seed({"status": "ACTIVE", "regionMap": {"eu-west-1": {"status": "ACTIVE"}}})
    (task,) = [task for task in tasks_of(page) if "on_missing='skip'" in str(task)]
    outcome = run_tasks([task], **connection_variables)
    assert (outcome.returncode != 0) == exists, outcome.stdout + outcome.stderr
