# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of a controller without amazon.aws."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.checkout import PLUGINS

NAME = "incident_manager.aws.ssm_incidents_replication_set"
LOOKUP = "{{ lookup('" + NAME + "', region='us-east-1') }}"
# In the tests, amazon.aws is in the Python environment, and incident_manager.aws in ANSIBLE_COLLECTIONS_PATH.
WITHOUT_AMAZON_AWS = {"ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
COMMAND = "ansible-galaxy collection install amazon.aws"

Run = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [
        {"ansible.builtin.debug": {"msg": LOOKUP}},
        {f"{NAME}_audit": {"region": "us-east-1"}},
        {f"{NAME}_report": {"audits": {"a": {}}}},
    ],
    ids=["lookup", "audit", "report"],
)
def test_a_task_says_what_is_missing(run_tasks: Run, task: dict[str, Any]) -> None:
    done = run_tasks([task], **WITHOUT_AMAZON_AWS)
    output = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert COMMAND in output and "Unexpected Exception" not in output and "Traceback" not in output
    assert done.returncode in (1, 2)


@pytest.mark.slow
def test_a_module_names_the_collection(run_tasks: Run) -> None:
    """The error is that of ansible-core."""
    done = run_tasks([{f"{NAME}_info": {"region": "us-east-1"}}], **WITHOUT_AMAZON_AWS)
    assert done.returncode == 2 and "unable to locate collection amazon.aws" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_inventory_says_what_is_missing(run_command: Run, tmp_path: Path) -> None:
    source = tmp_path / "accounts.organization.yml"
    source.write_text(json.dumps({"plugin": "incident_manager.aws.organization", "region": "us-east-1"}))
    done = run_command("ansible-inventory", "-i", source, "--list", **WITHOUT_AMAZON_AWS)
    assert COMMAND in re.sub(r"\s+", " ", done.stderr) and "Traceback" not in done.stderr


def test_each_plugin_of_the_controller_checks_first() -> None:
    for folder in ("action", "inventory", "lookup"):
        for path in (PLUGINS / folder).glob("*.py"):
            collections = re.findall(r"^from ansible_collections\.(.*)$", path.read_text(encoding="utf-8"), re.M)
            # What displays the progress of a module needs no collection.
            assert re.search(r"plugin_utils( import _amazon_aws|\._progress )", collections[0]), path.name
