# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages show works: every task runs, and every condition can hold and can fail, as a boolean."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.server import ACCESS_KEY, SECRET_KEY, LocalEndpoint

from .conftest import ACCOUNT, ARN, CHECKOUT, GUIDES, KEY, tasks_of

Run = Callable[..., subprocess.CompletedProcess[str]]

PLUGINS = CHECKOUT / "plugins"
MODULES = PLUGINS / "modules"
PAGES = [
    CHECKOUT / "README.md",
    GUIDES / "guide_asserting.rst",
    MODULES / "ssm_incidents_replication_set_info.py",
]
CHANGING_PAGES = [
    GUIDES / "guide_retiring.rst",
    GUIDES / "guide_waiting.rst",
    MODULES / "ssm_incidents_replication_set.py",
]
# What they show is run, and their conditions are as on the pages above.
FURTHER_PAGES = [
    MODULES / "ssm_incidents_replication_set_audit.py",
    MODULES / "ssm_incidents_replication_set_report.py",
    PLUGINS / "lookup" / "ssm_incidents_replication_set.py",
]
# Tasks that hold only where there is no replication set.
OF_NONE = ("not incident_manager.exists", "on_missing='skip'")
ACTIVE = {"sse_kms_key_id": KEY, "status": "ACTIVE", "status_message": None, "status_update_date_time": None}
# As every page wants it to be.
RIGHT: dict[str, Any] = {
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
NONE = {"exists": False, "region": "eu-west-1", "replication_set": {}}


def differing(**facts: Any) -> dict[str, Any]:
    return {**RIGHT, "replication_set": {**RIGHT["replication_set"], **facts}}


# Each as wrong as can be in one way.
WRONG = [
    NONE,
    {**RIGHT, "region": "us-east-1"},
    differing(deletion_protected=False),
    differing(last_modified_time="2026-07-01T00:00:00.000000+00:00"),
    differing(region_map={"eu-west-1": {**ACTIVE, "sse_kms_key_id": "DefaultKey", "status": "CREATING"}}),
    differing(region_map={"eu-west-1": {**ACTIVE, "sse_kms_key_id": None}}),
    differing(status="UPDATING"),
    differing(tags={"Team": "Other"}),
    differing(tags=None),
]


def conditions(page: Path) -> list[list[str]]:
    """Return the conditions of each assert task of a page, but for those that look up the facts themselves."""
    asserts = [task["ansible.builtin.assert"]["that"] for task in tasks_of(page) if "ansible.builtin.assert" in task]
    return [that for that in asserts if "query(" not in str(that) and "lookup(" not in str(that)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_conditions_hold_and_fail(run_tasks: Run, tmp_path: Path, page: Path) -> None:
    shown = conditions(page)
    every = list(dict.fromkeys(condition for that in shown for condition in that))
    assert every
    tasks = []
    for facts in [RIGHT, *WRONG]:
        for condition in every:
            judge = {"that": [condition], "quiet": True}
            tasks.append({"ansible.builtin.assert": judge, "vars": {"incident_manager": facts}, "ignore_errors": True})
    for number, task in enumerate(tasks):
        task["register"] = f"outcome_{number}"
    # Without a result of evaluation, a condition broke: 2.19 and newer refuse what is no boolean.
    verdict = "{{ 'true' if outcome_%d is success else outcome_%d.evaluated_to | default('broken') }}"
    verdicts = [verdict % (number, number) for number in range(len(tasks))]
    tasks.append({"ansible.builtin.copy": {"content": json.dumps(verdicts), "dest": str(tmp_path / "verdicts")}})
    outcome = run_tasks(tasks)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    said = [str(verdict).lower() for verdict in json.loads((tmp_path / "verdicts").read_text())]
    by_condition = {condition: said[number :: len(every)] for number, condition in enumerate(every)}
    for condition, (of_right, *of_wrong) in by_condition.items():
        wanted, opposite = ("false", "true") if condition == "not incident_manager.exists" else ("true", "false")
        assert of_right == wanted, condition
        assert opposite in of_wrong, condition
    for that in shown:
        for number, condition in enumerate(that):
            for facts, said_of in zip([RIGHT, *WRONG], by_condition[condition], strict=True):
                before = [by_condition[earlier][[RIGHT, *WRONG].index(facts)] for earlier in that[:number]]
                # Where there is none, the page says, only the first question may be asked.
                assert said_of != "broken" or "false" in before or facts is NONE, (condition, facts)


@pytest.mark.slow
def test_a_failure_that_is_not_the_expected_one_stays_a_failure(run_tasks: Run) -> None:
    (task,) = [task for task in tasks_of(GUIDES / "guide_asserting.rst") if "failed_when" in task]
    # Ansible's own complaint about an option has no error code.
    task["incident_manager.aws.ssm_incidents_replication_set_info"]["surprise"] = 1
    assert run_tasks([task]).returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES + CHANGING_PAGES + FURTHER_PAGES, ids=lambda page: page.name)
def test_tasks_run(run_tasks: Run, endpoint: LocalEndpoint, page: Path) -> None:
    endpoint.configure(transition={"progression": "immediate"})
    # The README asks in us-east-1 first; all others speak of these two Regions.
    regions = {"eu-west-1": KEY, "eu-central-1": KEY}
    if page in CHANGING_PAGES:
        regions["eu-central-1"] = "DefaultKey"
    elif page.name == "README.md":
        regions = {"eu-west-1": KEY, "us-east-1": KEY}
    body = {
        "deletionProtected": True,
        "lastModifiedTime": RIGHT["replication_set"]["last_modified_time"],
        "regionMap": {name: {"sseKmsKeyId": key, "status": "ACTIVE"} for name, key in regions.items()},
        "status": "ACTIVE",
    }
    endpoint.seed(body, ACCOUNT, arn=ARN, tags=RIGHT["replication_set"]["tags"])
    user = endpoint.make_user(["*"], account=ACCOUNT)

    tasks = [task for task in tasks_of(page) if not any(words in str(task) for words in OF_NONE)]
    assert len(tasks) > 2
    outcome = run_tasks(
        tasks,
        AWS_URL=endpoint.url,
        AWS_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID=user["aws_access_key_id"],
        AWS_SECRET_ACCESS_KEY=user["aws_secret_access_key"],
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("page", [GUIDES / "guide_asserting.rst", FURTHER_PAGES[-1]], ids=lambda page: page.name)
def test_the_lookup_tells_that_there_is_none(run_tasks: Run, endpoint: LocalEndpoint, page: Path, there: bool) -> None:
    if there:
        endpoint.seed({"status": "ACTIVE", "regionMap": {"eu-west-1": {"status": "ACTIVE"}}})
    (task,) = [task for task in tasks_of(page) if "on_missing='skip'" in str(task)]
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    outcome = run_tasks([task], AWS_URL=endpoint.url, **keys)
    assert (outcome.returncode != 0) == there, outcome.stdout + outcome.stderr


def test_both_modules_document_the_same_facts() -> None:
    manage, info = (
        yaml.safe_load(
            re.findall(r'^RETURN = r"""\n(.*?)^"""$', (MODULES / name).read_text(), re.MULTILINE | re.DOTALL)[0]
        )
        for name in ("ssm_incidents_replication_set.py", "ssm_incidents_replication_set_info.py")
    )
    for key in ("region", "replication_set", "error", "response_metadata"):
        assert manage[key] == info[key], key
