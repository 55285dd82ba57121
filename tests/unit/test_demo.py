# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what "make demo" prints. It is short, announces each intended failure, and ends with any other failure."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.release import __version__ as core_version
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT, GUIDES

from .docs.code_blocks import code_blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        tuple(map(int, core_version.split(".")[:2])) < (2, 21),
        reason="make demo uses the newest ansible-core, and older ones break long lines",
    ),
]

DEMO = CHECKOUT / "tests" / "demo"
ANNOUNCEMENT = "meant to fail"
DENIED = {"fault": "error", "code": "AccessDeniedException", "message": "Denied by the test", "times": None}

Demo = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_demo(
    run_on_terminal: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    connection_variables: dict[str, str],
    tmp_path: Path,
) -> Demo:
    """Return a function that runs the demo, or one of its parts, with the endpoint."""

    def run(part: str = "run") -> subprocess.CompletedProcess[str]:
        return run_on_terminal(
            DEMO / part,
            **connection_variables,
            AWS_DEFAULT_REGION="eu-west-1",
            INCIDENT_MANAGER_ENDPOINT=endpoint.url,
            INCIDENT_MANAGER_DEMO_RESULTS=str(tmp_path / "results"),
        )

    return run


def unannounced(output: str) -> Iterator[str]:
    """Yield each line that shows a failure, unless the last line before it with text says that the failure is intended."""
    before = ""
    for line in filter(str.strip, output.splitlines()):
        if line.startswith(("fatal:", "[ERROR]")) and ANNOUNCEMENT not in before:
            yield line
        before = line


def test_output(run_demo: Demo, tmp_path: Path) -> None:
    """The output is short and complete, and has nothing that a newcomer does not need."""
    demo = run_demo()
    output = demo.stdout
    assert demo.returncode == 0, output
    assert len(output.splitlines()) <= 140
    for noise in ("Traceback", "ResponseMetadata", "response_metadata", "http_headers", "HTTPHeaders", "x-amzn"):
        assert noise not in output
    assert not list(unannounced(output))

    parts = [
        "ansible-playbook replication_set.yml",
        "status: ACTIVE",
        "TASK [Assert ",
        "add_region eu-north-1, then delete_region eu-west-1",
        "1 incident (1 open)",
        "TASK [Export ",
        ANNOUNCEMENT,
        "OpenIncidents: ",
        "TASK [Delete ",
        "ansible-inventory ",
        "@ou_Workloads__Production:",
        ANNOUNCEMENT,
        "ansible-playbook \\",
        "4 of 10 accounts failed, 2 have an unknown outcome",
        "AccessDeniedException",
        f"Open the report in a browser: {tmp_path}/results/audit.html",
    ]
    position = 0
    for part in parts:
        assert part in output[position:], f"{part} is not in what follows:\n{output[:position]}"
        position = output.index(part, position) + len(part)
    assert (tmp_path / "results" / "audit.html").is_file()
    # The guide on long waits has a recording of the change.
    recording = code_blocks(GUIDES / "guide_waiting.rst", "text")[0]
    times = re.compile(r"\[\d+m \d\ds\]")
    assert times.sub("", recording).strip() in times.sub("", output)


def test_unannounced() -> None:
    """A failure without an announcement is found, even after one that is announced."""
    output = "TASK [This is meant to fail] ***\n\nfatal: [one]\nTASK [Other] ***\n[ERROR]: two\nfatal: [three]\n"
    assert list(unannounced(output)) == ["[ERROR]: two", "fatal: [three]"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("operation", "reason", "next_task"),
    [
        ("UpdateReplicationSet", "Denied by the test", "Show the actions"),
        ("DeleteReplicationSet", "Denied by the test", "ansible-inventory"),
    ],
)
def test_unexpected_failure(
    run_demo: Demo, endpoint: LocalEndpoint, operation: str, reason: str, next_task: str
) -> None:
    """The demo ends at a step that fails, and shows why."""
    endpoint.faults.add({**DENIED, "operation": operation})
    demo = run_demo()
    output = demo.stdout
    assert demo.returncode not in (0, None)
    assert "fatal: [localhost]: FAILED!" in output
    assert reason in output
    assert next_task not in output
    assert "ansible-inventory" not in output


def test_unexpected_failure_of_the_audit(run_demo: Demo, endpoint: LocalEndpoint) -> None:
    """If an account that must pass fails, the demo ends and shows the failures, which it keeps in a file."""
    endpoint.faults.add({**DENIED, "operation": "GetReplicationSet", "account": "111122223333"})
    demo = run_demo("audit")
    assert demo.returncode not in (0, None)
    assert "fatal: [payments-production]: FAILED!" in demo.stdout
    assert "Denied by the test" in demo.stdout
    assert "after 7 failures" in demo.stdout
