# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the progress that Ansible's commands display while a module runs, and of all else that an action plugin could change."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.progress import Progress
from ansible_collections.incident_manager.aws.plugins.plugin_utils._progress import Screen
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.incident_data import incident, response_plan

MANAGE = "incident_manager.aws.ssm_incidents_replication_set"
KEYS = {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"}
EXPORT = "incident_manager.aws.ssm_incidents_export"
#: A change of two steps.
CHANGE = {MANAGE: {"regions": ["eu-west-1"], "deletion_protected": True}}
STEPS = [
    "turn deletion protection on for the replication set",
    "delete Region us-east-1 from the replication set",
]
PLAN = [f"planned: {step} (step {number} of 2)" for number, step in enumerate(STEPS, 1)]
ACCEPTED = [f"accepted: {step} (step {number} of 2)" for number, step in enumerate(STEPS, 1)]

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def replication_set(endpoint: LocalEndpoint) -> None:
    """Seed a set in two Regions. Its changes are complete when they are next read."""
    endpoint.configure(transition={"progression": "manual", "times": 1})
    endpoint.seed(active_set(KEYS, deletionProtected=False))


@pytest.fixture
def variables(connection_variables: dict[str, str]) -> dict[str, str]:
    """Return the environment variables that connect to the endpoint."""
    return {**connection_variables, "AWS_REGION": "eu-west-1"}


@pytest.fixture
def run(run_command: Run, variables: dict[str, str], tmp_path: Path) -> Run:
    """Return a function that runs plays through pipes, with more environment variables."""

    def run_plays(*plays: dict[str, Any], arguments: list[str] | None = None, **more: str) -> Completed:
        write_plays(tmp_path, *plays)
        return run_command("ansible-playbook", "plays.json", *(arguments or []), **{**variables, **more})

    return run_plays


@pytest.fixture
def progress_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file to which modules in this process write their progress."""
    monkeypatch.setenv("INCIDENT_MANAGER_PROGRESS_FILE", str(tmp_path / "progress"))
    return tmp_path / "progress"


def play(*tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a play. Its hosts are this machine."""
    own = {"ansible_python_interpreter": sys.executable, "ansible_connection": "local", **keywords.pop("vars", {})}
    return {"hosts": "localhost", "gather_facts": False, "vars": own, "tasks": list(tasks), **keywords}


def write_plays(folder: Path, *plays: dict[str, Any]) -> None:
    (folder / "plays.json").write_text(json.dumps(plays))


def protect(is_on: bool, **keywords: Any) -> dict[str, Any]:
    """Return a task with a change that takes no time."""
    return {MANAGE: {"deletion_protected": is_on, **keywords.pop("options", {})}, **keywords}


def lines_in(text: str, host: str = "localhost") -> list[str]:
    """Return the lines of progress in an output, without their times."""
    found = re.findall(rf"^\[{host}\] (.*) \[\d+m \d\ds\]$", text, re.MULTILINE)
    assert len(found) == len(re.findall(rf"^\[{host}\] ", text, re.MULTILINE))
    return found


def accepted_in(text: str, host: str = "localhost") -> list[str]:
    return [line for line in lines_in(text, host) if line.startswith("accepted: ")]


def protections(*are_on: bool) -> list[str]:
    """Return the lines for changes of deletion protection."""
    words = "accepted: turn deletion protection {} for the replication set (step 1 of 1)"
    return [words.format("on" if is_on else "off") for is_on in are_on]


def results(outcome: Completed) -> list[dict[str, Any]]:
    """Return the result of each task from the output of the callback json."""
    tasks = chain.from_iterable(one["tasks"] for one in json.loads(outcome.stdout)["plays"])
    return [result for task in tasks for result in task["hosts"].values()]


# What is displayed, and where -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_pipe(run: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """The plan, each step that AWS accepts, and each status are on stderr. A task that changes nothing displays nothing."""
    endpoint.configure(transition={"progression": "manual", "times": 2})
    endpoint.seed_data(response_plan("one"), incident("one"), incident("two"))
    export = {EXPORT: {"path": str(tmp_path / "export"), "workers": 1, "allow_incomplete": True}}
    outcome = run(play({**CHANGE, "check_mode": True}, {**CHANGE, "diff": True}, CHANGE, export))
    assert outcome.returncode == 0 and "changed=3" in outcome.stdout, outcome.stdout + outcome.stderr
    deleting = "the set is UPDATING, and its Regions are eu-west-1 ACTIVE, us-east-1 DELETING"
    active = "the set is ACTIVE, and its Regions are eu-west-1 ACTIVE"
    assert lines_in(outcome.stderr) == [
        *PLAN,
        *PLAN,
        ACCEPTED[0],
        ACCEPTED[1],
        deleting,
        active,
        "read: 0 of 1 replication set, 1 of 1 response plans, 0 of 2 incident records",
    ]
    # The diff of the state, and the plan below it.
    assert '+    "deletion_protected": true' in outcome.stdout
    assert "\n".join(PLAN) in outcome.stdout
    assert "accepted" not in outcome.stdout


@pytest.mark.slow
def test_a_terminal(run_on_terminal: Run, variables: dict[str, str], endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """The lines are displayed while the module runs: this change never ends. After Ctrl-C, they are on the screen."""
    endpoint.configure(transition={"progression": "manual", "times": 10**9})
    write_plays(tmp_path, play(CHANGE))
    outcome = run_on_terminal("ansible-playbook", "plays.json", ctrl_c_after="us-east-1 DELETING", **variables)
    assert outcome.returncode in (2, 99), outcome.stdout
    assert accepted_in(outcome.stdout) == ACCEPTED


@pytest.mark.slow
def test_ad_hoc(run_command: Run, variables: dict[str, str]) -> None:
    outcome = run_command("ansible", "localhost", "-m", MANAGE, "-a", "deletion_protected=true", **variables)
    assert outcome.returncode == 0 and '"changed": true' in outcome.stdout, outcome.stdout + outcome.stderr
    assert accepted_in(outcome.stderr) == protections(True)


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("ansible_runner"), reason="Only the ends have ansible-runner")
def test_events_of_ansible_runner(
    ansible_environment: dict[str, str], variables: dict[str, str], tmp_path: Path
) -> None:
    """AWX shows the output of these events."""
    import ansible_runner

    write_plays(tmp_path, play(CHANGE))
    finished = ansible_runner.run(
        private_data_dir=str(tmp_path),
        playbook=str(tmp_path / "plays.json"),
        envvars={**ansible_environment, **variables},
        quiet=True,
    )
    events = [event["stdout"] for event in finished.events]
    assert finished.status == "successful" and any("changed: [localhost]" in text for text in events), events
    assert accepted_in("\n".join(events)) == ACCEPTED


@pytest.mark.slow
def test_many_hosts_through_a_pipe_whose_reader_ends(
    run: Run, ansible_environment: dict[str, str], variables: dict[str, str], tmp_path: Path
) -> None:
    """Ansible itself would wait forever, if its worker processes displayed the lines with its own functions."""
    write_plays(tmp_path, play({**CHANGE, "check_mode": True}, hosts="all", strategy="free"))
    command = "ansible-playbook plays.json -i 1,2,3,4,5,6,7,8, -f 4 2>&1 | head -3"
    finished = subprocess.run(
        ["bash", "-c", command],
        env={**ansible_environment, **variables},
        cwd=tmp_path,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert len(finished.stdout.splitlines()) == 3


def test_the_last_line_is_repeated_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0
    monkeypatch.setattr("time.monotonic", lambda: now)
    shown: list[str] = []
    file = StringIO()
    screen = Screen(file, shown.append, "one")
    for moment, line in ((0, ""), (100, ""), (101, "a\nb\n"), (160, ""), (161, ""), (180, "c\n"), (239, "")):
        now = moment
        file.write(line)
        file.seek(file.tell() - len(line))
        screen.update()
    assert shown == ["[one] a [1m 41s]", "[one] b [1m 41s]", "[one] b [2m 41s]", "[one] c [3m 00s]"]


# What is not displayed ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_progress(run: Run) -> None:
    """The result is the same without it."""
    tasks = (
        protect(True, vars={"incident_manager_progress": False}),
        protect(False, vars={"incident_manager_progress": "{{ 'no' }}"}),
        protect(True, no_log=True),
        protect(False, vars={"incident_manager_progress": {"a": [1]}}),
        protect(True),
    )
    outcome = run(play(*tasks), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert [result["changed"] for result in results(outcome)] == [True] * 5, outcome.stderr
    assert accepted_in(outcome.stderr) == protections(True)
    without, _template, _no_log, _dictionary, with_progress = results(outcome)
    assert with_progress.keys() == without.keys()
    for is_protected, off in ((False, "false"), (True, "{{ not_a_template }}")):
        outcome = run(play(protect(is_protected)), INCIDENT_MANAGER_PROGRESS=off)
        assert "changed=1" in outcome.stdout and lines_in(outcome.stderr) == []


@pytest.mark.parametrize("status", ["\x1b[31mUPDATING", "UPDATING\nok: [localhost]", "UPDATING\u202e\x07"])
def test_what_a_terminal_would_interpret_is_not_written(
    run_module: Run, endpoint: LocalEndpoint, status: str, progress_file: Path, sleeps: list[float]
) -> None:
    body = json.dumps({"replicationSet": active_set(KEYS, status=status, createdBy="a", createdTime=0)})
    endpoint.faults.add({"fault": "body", "operation": "GetReplicationSet", "body": body, "times": None})
    outcome = run_module("ssm_incidents_replication_set", deletion_protected=True, wait_timeout=60)
    assert outcome["error"]["code"] == "WaitTimeout"
    (line,) = progress_file.read_text().splitlines()
    assert line.isprintable() and "UPDATING" in line


@pytest.mark.parametrize("path", ["", "missing/file"])
def test_a_file_that_can_not_be_written(
    run_module: Run, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's work does not depend on it."""
    monkeypatch.setenv("INCIDENT_MANAGER_PROGRESS_FILE", str(tmp_path / path))
    assert run_module("ssm_incidents_replication_set", deletion_protected=True)["changed"] is True


def test_the_export_writes_a_line_at_most_every_ten_seconds(
    progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0
    monkeypatch.setattr("time.monotonic", lambda: now)
    progress = Progress(str)
    for moment in (0, 9, 10, 12, 20, 29):
        now = moment
        progress.show_at_times(partial(str, moment))
    assert progress_file.read_text().split() == ["0", "10", "20"]


@pytest.mark.slow
def test_a_file_that_can_not_be_made(run: Run, tmp_path: Path) -> None:
    """With pipelining, Ansible itself does not need its temporary directory."""
    directory = str(tmp_path / "local")
    remove = {"ansible.builtin.raw": f"rm -r {directory}"}
    outcome = run(play(remove, protect(True)), ANSIBLE_PIPELINING="true", ANSIBLE_LOCAL_TEMP=directory)
    assert outcome.returncode == 0 and "changed=2" in outcome.stdout, outcome.stdout + outcome.stderr
    assert lines_in(outcome.stderr) == []


# Keywords: the module runs as without the plugin ------------------------------------------------------------------------


@pytest.mark.slow
def test_keywords(run: Run) -> None:
    """Each task displays its step. The JSON on stdout stays JSON."""
    elsewhere = {"AWS_REGION": "us-gov-west-1"}
    tasks: list[dict[str, Any]] = [
        protect(True, **{"async": 60, "poll": 1}),
        protect(False, **{"async": 0, "poll": 0}),
        protect(True, delegate_to="other", vars={"ansible_python_interpreter": sys.executable}),
        protect(False, environment={"AWS_REGION": "eu-west-1"}),
        protect(True, environment=[elsewhere, {"AWS_REGION": "{{ own }}"}], vars={"own": "eu-west-1"}),
        protect(False, timeout=60),
        protect(True, register="r", until="r is changed", retries=2, delay=0),
        {MANAGE: {"deletion_protected": "{{ item }}"}, "loop": [False, True]},
        protect(False, diff=True, options={"region": "eu-west-1"}),
        # The first attempt changes the set, and the second one does not.
        protect(True, register="s", until="s is not changed", retries=2, delay=0),
    ]
    if os.geteuid() == 0:
        # Only root can become another user without a password, and this user is nobody else.
        become = {"become": True, "become_user": "root", "become_method": "ansible.builtin.su"}
        tasks.append(protect(False, **become))
    outcome = run(play(*tasks), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    changed = [result["changed"] for result in results(outcome)]
    assert changed == [True] * 9 + [False] + [True] * (len(tasks) - 10)
    expected = protections(*(number % 2 == 0 for number in range(len(tasks) + 1)))
    assert accepted_in(outcome.stderr) == expected


@pytest.mark.slow
def test_async_without_poll(run: Run) -> None:
    """The module runs in the background, and its result is that of async_status."""
    job = protect(True, **{"async": 60, "poll": 0}, register="job")
    status = {
        "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
        "register": "ended",
        "until": "ended is finished",
        "retries": 100,
        "delay": 1,
    }
    outcome = run(play(job, status, {"ansible.builtin.assert": {"that": "ended is changed"}}))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.slow
def test_module_defaults(run: Run) -> None:
    """An action plugin can lose these."""
    defaults = {"region": "eu-west-1"}
    plays = (
        play(protect(True), module_defaults={MANAGE: defaults}),
        play(protect(False), module_defaults={"group/incident_manager.aws.aws": defaults}),
    )
    outcome = run(*plays, AWS_REGION="us-gov-west-1", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert accepted_in(outcome.stderr) == protections(True, False)


@pytest.mark.slow
def test_tasks_that_fail(run: Run, endpoint: LocalEndpoint) -> None:
    """A time limit, an interpreter that does not exist, and a remote host, which has no progress."""
    endpoint.configure(transition={"progression": "manual", "times": 10**9})
    remote = {"ansible_connection": "ssh", "ansible_port": 9}
    tasks = (
        # Ansible does not end the module. It must end before the endpoint's next test.
        {MANAGE: {**CHANGE[MANAGE], "wait_timeout": 12}, "timeout": 10, "ignore_errors": True},
        {**CHANGE, "vars": {"ansible_python_interpreter": "/no/such/python"}, "ignore_errors": True},
        {**CHANGE, "vars": remote, "ignore_unreachable": True},
    )
    outcome = run(play(*tasks), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    timed_out, no_python, unreachable = results(outcome)
    assert "10" in timed_out["msg"] and "/no/such/python" in json.dumps(no_python) and unreachable["unreachable"]
    assert accepted_in(outcome.stderr) == ACCEPTED


@pytest.mark.slow
def test_two_hosts(run: Run) -> None:
    """Each line has its host."""
    checked = {**CHANGE, "check_mode": True}
    outcome = run(play(checked, hosts="all"), arguments=["--inventory=one,two,", "--forks=2"])
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert (lines_in(outcome.stderr, "one"), lines_in(outcome.stderr, "two")) == (PLAN, PLAN)
