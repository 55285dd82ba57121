# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what the guide on long waits shows: recordings of a terminal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.release import __version__ as core_version
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import GUIDES

from .code_blocks import ARN, code_blocks

GUIDE = GUIDES / "guide_waiting.rst"
#: Changes that never end.
ENDLESS = {"progression": "manual", "times": 10**9}
MANAGE = "incident_manager.aws.ssm_incidents_replication_set"
TASK: dict[str, Any] = {
    "name": "Move the set from eu-central-1 to eu-north-1",
    MANAGE: {"regions": ["eu-west-1", "eu-north-1"]},
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def record(run_on_terminal: Run, endpoint: LocalEndpoint, connection_variables: dict[str, str], tmp_path: Path) -> Run:
    """Return a function that runs a task on a terminal. The ARN in the output is the one of the guides."""
    arn = endpoint.seed(active_set({"eu-central-1": "DefaultKey", "eu-west-1": "DefaultKey"}))

    def run(task: dict[str, Any], ctrl_c_after: str = "") -> subprocess.CompletedProcess[str]:
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
        (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play]))
        variables = {**connection_variables, "AWS_REGION": "eu-west-1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        outcome = run_on_terminal("ansible-playbook", "playbook.yml", ctrl_c_after=ctrl_c_after, **variables)
        outcome.stdout = outcome.stdout.replace(arn, ARN)
        return outcome

    return run


def words(text: str) -> str:
    """Return an output in one line, without what differs each time: times, jobs, and the Region that has responded last."""
    return " ".join(re.sub(r"\[\d+m \d\ds\]|jid=\S+|(?<=in Region )eu-\w+-1(?=:)", "", " ".join(text.split())).split())


def assert_shown(output: str, number: int) -> None:
    """Assert that a recording of the guide is in an output. Three dots leave out some lines."""
    if tuple(map(int, core_version.split(".")[:2])) < (2, 21):
        return  # The recordings are of the newest ansible-core.
    position, output = 0, words(output)
    for part in map(words, code_blocks(GUIDE, "text")[number].strip().split("\n...\n")):
        assert part in output[position:], f"The guide shows:\n{part}\nThe terminal shows:\n{output[position:]}"
        position = output.index(part, position) + len(part)


@pytest.mark.slow
def test_after_the_time_limit_the_result_has_the_steps(record: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition=ENDLESS)
    outcome = record({**TASK, MANAGE: {**TASK[MANAGE], "wait_timeout": 5}})
    assert outcome.returncode == 2
    assert_shown(outcome.stdout, 1)


@pytest.mark.slow
def test_after_ctrl_c_there_is_no_result_and_the_change_continues(record: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition=ENDLESS)
    outcome = record(TASK, ctrl_c_after="eu-north-1 CREATING")
    assert "Traceback" not in outcome.stdout
    if outcome.returncode != 99:  # The module was faster.
        assert outcome.returncode == 2 and "code: Interrupted" in outcome.stdout, outcome.stdout
    else:
        assert "Interrupted" not in outcome.stdout and "actions" not in outcome.stdout
        assert_shown(outcome.stdout, 2)
    client = endpoint.client(region="eu-west-1")
    (arn,) = client.list_replication_sets()["replicationSetArns"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert (found["status"], found["regionMap"]["eu-north-1"]["status"]) == ("UPDATING", "CREATING")


@pytest.mark.slow
def test_the_background(record: Run) -> None:
    outcome = record({**TASK, "async": 60, "poll": 5})
    assert outcome.returncode == 0
    assert_shown(outcome.stdout, 4)
