# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the guide on retiring Incident Manager. Its blocks run one after the other, as in the guide."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.backend import kinds
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import GUIDES
from helpers.credentials import environment_variables
from helpers.incident_data import contact, incident, response_plan

from .code_blocks import ACCOUNT, ARN, KEY, code_blocks

Run = Callable[..., subprocess.CompletedProcess[str]]

PAGE = GUIDES / "guide_retiring.rst"
BLOCKS = [block for text in code_blocks(PAGE, "yaml") for block in yaml.safe_load(text)]
TASKS = [block for block in BLOCKS if "hosts" not in block]
(PLAY,) = [block for block in BLOCKS if "hosts" in block]
OTHER_ACCOUNT = "222222222222"
OTHER_ARN = ARN.replace(ACCOUNT, OTHER_ACCOUNT)


def seed(endpoint: LocalEndpoint, account: str, arn: str, *objects: dict[str, Any]) -> dict[str, str]:
    """Seed the set of an account and what it holds, and return the access key of a user with all permissions."""
    keys = {
        region: KEY.replace("eu-west-1", region).replace(ACCOUNT, account) for region in ("eu-west-1", "eu-central-1")
    }
    for key in keys.values():
        endpoint.make_key(key)
    endpoint.seed(active_set(keys, deletionProtected=True), account, arn=arn, tags={"Team": "Resilience"})
    endpoint.seed_data(
        response_plan("a-plan", account),
        incident("one", "RESOLVED", account),
        contact("first", region="eu-west-1", account=account),
        *objects,
        account=account,
    )
    return endpoint.make_user(["*"], account=account)


def in_directory(block: Any, directory: Path) -> Any:
    """Return the block, with the export in a directory of the test."""
    return json.loads(json.dumps(block).replace("/srv/exports", str(directory)))


def listed(endpoint: LocalEndpoint, account: str) -> list[str]:
    found: list[str] = endpoint.client(account=account).list_replication_sets()["replicationSetArns"]
    return found


#: The guide requires a complete export. With an older botocore, an export is not complete.
whole_export = pytest.mark.skipif("finding" not in kinds.KINDS, reason="this botocore has no findings")


@pytest.fixture(autouse=True)
def transition(endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "immediate"})


@whole_export
@pytest.mark.slow
def test_retiring_an_account(run_tasks: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    user = seed(endpoint, ACCOUNT, ARN)
    outcome = run_tasks(
        in_directory(TASKS, tmp_path), AWS_URL=endpoint.url, AWS_REGION="eu-west-1", **environment_variables(user)
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert listed(endpoint, ACCOUNT) == []
    records = (tmp_path / ACCOUNT / "incident_records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(records) == 1 and "Title of one" in records[0]


@pytest.mark.slow
def test_an_open_incident_stops_the_tasks(run_tasks: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    user = seed(endpoint, ACCOUNT, ARN, incident("two", account=ACCOUNT))
    outcome = run_tasks(
        in_directory(TASKS, tmp_path), AWS_URL=endpoint.url, AWS_REGION="eu-west-1", **environment_variables(user)
    )
    assert outcome.returncode != 0 and "Check that everything was listed" in outcome.stdout
    assert listed(endpoint, ACCOUNT) == [ARN] and not (tmp_path / ACCOUNT).exists()


@whole_export
@pytest.mark.slow
@pytest.mark.parametrize("first_arn", [ARN, None])
def test_retiring_a_fleet(
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    tmp_path: Path,
    first_arn: str | None,
) -> None:
    """The second account is retired only after the first one is retired."""
    credentials = tmp_path / "fleet-credentials"
    hosts: dict[str, dict[str, str]] = {}
    lines = []
    for account, arn in ((ACCOUNT, ARN), (OTHER_ACCOUNT, OTHER_ARN)):
        user = seed(endpoint, account, arn)
        lines += [f"[p{account}]", *(f"{name} = {value}" for name, value in user.items())]
        hosts[account] = {"account_region": "eu-west-1", "account_profile": f"p{account}", "retired_arn": arn}
    if first_arn is None:
        del hosts[ACCOUNT]["retired_arn"]
    credentials.write_text("\n".join(lines), encoding="utf-8")
    inventory = tmp_path / "inventory.json"
    variables = {"export_parent": str(tmp_path), "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory.write_text(json.dumps({"retired_accounts": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    playbook = tmp_path / "fleet.json"
    tasks = [task for task in PLAY["tasks"] if "ansible.builtin.pause" not in task]
    playbook.write_text(json.dumps([{**PLAY, "tasks": tasks}]), encoding="utf-8")
    outcome = run_command(
        "ansible-playbook",
        "--inventory",
        inventory,
        playbook,
        AWS_URL=endpoint.url,
        AWS_SHARED_CREDENTIALS_FILE=str(credentials),
    )
    assert (outcome.returncode == 0) is (first_arn is not None), outcome.stdout + outcome.stderr
    assert listed(endpoint, ACCOUNT) == ([] if first_arn else [ARN])
    assert listed(endpoint, OTHER_ACCOUNT) == ([] if first_arn else [OTHER_ARN])
    assert (tmp_path / OTHER_ACCOUNT / "manifest.json").exists() is (first_arn is not None)
