# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test of what the guide on long waits says about Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import termios
import time
from pathlib import Path

import pytest
from endpoint.client import active_set
from endpoint.server import LocalEndpoint


def become_terminal() -> None:
    """Make the standard input the controlling terminal of this session, so that Ctrl-C sends SIGINT to its processes."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.slow
def test_after_ctrl_c_there_is_no_result_and_the_change_continues(
    endpoint: LocalEndpoint,
    ansible_environment: dict[str, str],
    connection_variables: dict[str, str],
    tmp_path: Path,
) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 10**9})
    arn = endpoint.seed(active_set({"us-east-1": "DefaultKey"}))
    options = {"regions": [{"name": "us-east-1"}, {"name": "eu-west-1"}]}
    task = {"incident_manager.aws.ssm_incidents_replication_set": options}
    playbook = tmp_path / "playbook.json"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    terminal, of_process = os.openpty()
    process = subprocess.Popen(
        ["ansible-playbook", playbook],
        stdin=of_process,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**ansible_environment, **connection_variables, "AWS_REGION": "us-east-1"},
        cwd=tmp_path,
        start_new_session=True,
        preexec_fn=become_terminal,
        text=True,
    )
    # A call after the update shows that the module has the answer to it.
    while "UpdateReplicationSet" not in endpoint.operations[:-1]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.write(terminal, b"\x03")
    output, _errors = process.communicate(timeout=60)
    os.close(terminal)
    os.close(of_process)
    assert "Traceback" not in output
    if process.returncode != 99:  # The module was faster.
        assert process.returncode == 2 and '"code": "Interrupted"' in output, output
    else:
        assert "User interrupted execution" in output
        assert "Interrupted" not in output and "actions" not in output
    found = endpoint.client().get_replication_set(arn=arn)["replicationSet"]
    assert (found["status"], found["regionMap"]["eu-west-1"]["status"]) == ("UPDATING", "CREATING")
