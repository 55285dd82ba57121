# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the guide on AWX: its project runs on the local endpoint. AWX itself is not tested.

As in AWX, the inventory is imported with ansible-inventory, and a job gets it as an executable file in a directory.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.client import active_set
from endpoint.examples import ACCOUNT, ARN, ORGANIZATION
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT, GUIDES

from .code_blocks import blocks, code_blocks

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]

GUIDE = GUIDES / "guide_awx.rst"
# The files of the blocks. The paragraph before each block has its name.
FILES = ["audit.yml", "ansible.cfg", "accounts.organization.yml", "group_vars/ou_Retired.yml"]
FILES += ["prepare.yml", "slice.yml", "merge.yml"]
BUCKET = "incident-manager-reports"


@pytest.fixture
def project(endpoint: LocalEndpoint, run_command: Run, connection_variables: dict[str, str], tmp_path: Path) -> Any:
    """Make the project, the organization and the bucket, and import the inventory. Return the inventory."""
    endpoint.make_organization(ORGANIZATION, delegated_administrators=[ACCOUNT])
    keys = dict.fromkeys(("eu-central-1", "eu-west-1"), "DefaultKey")
    endpoint.seed(active_set(keys, deletionProtected=True), ACCOUNT, arn=ARN)
    texts = [block for block in blocks(GUIDE) if block.language in ("yaml", "ini")]
    for name, block in zip(FILES, texts, strict=True):
        assert f"``{name}``" in block.before.strip().rpartition("\n\n")[2], name
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = re.sub(r"/shared/audit|(?<=[\"' ])/tmp(?=/)", f"{tmp_path}/kept", block.text)
        (tmp_path / name).write_text(text)
    (tmp_path / "kept").mkdir()
    imported = run_command(
        "ansible-inventory",
        "--inventory=accounts.organization.yml",
        "--list",
        "--export",
        **connection_variables,
    )
    assert imported.returncode == 0, imported.stderr
    return json.loads(imported.stdout)


@pytest.fixture
def job(run_command: Run, connection_variables: dict[str, str], project: Any, tmp_path: Path) -> Run:
    """Return a function that runs a playbook as a job of AWX, with the hosts of a slice."""

    def run(playbook: str, job_id: int, hosts: Collection[str] = (), *arguments: str) -> Any:
        inventory = {
            **project,
            "_meta": {"hostvars": {name: project["_meta"]["hostvars"][name] for name in hosts}},
        }
        for name, group in project.items():
            if "hosts" in group:
                inventory[name] = {**group, "hosts": [host for host in group["hosts"] if host in hosts]}
        folder = tmp_path / f"job-{job_id}"
        folder.mkdir()
        (folder / "hosts").write_text(f"#!/bin/sh\ncat << 'END'\n{json.dumps(inventory)}\nEND\n")
        (folder / "hosts").chmod(0o700)
        return run_command(
            "ansible-playbook",
            playbook,
            f"--inventory={folder}",
            f"--extra-vars=awx_job_id={job_id}",
            *arguments,
            ANSIBLE_SHOW_CUSTOM_STATS="true",
            **connection_variables,
        )

    return run


def test_a_job_keeps_the_report(endpoint: LocalEndpoint, job: Run, tmp_path: Path) -> None:
    storage = endpoint.client(service="s3", region="eu-west-1")
    storage.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    outcome = job("audit.yml", 7, [account["id"] for account in ORGANIZATION])
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    assert "1 accounts failed, and 0 have an unknown outcome" in outcome.stdout
    kept = storage.get_object(Bucket=BUCKET, Key="7/audit.json")["Body"].read()
    summary = json.loads(kept)["summary"]
    # The account in the unit Retired has no set and must have none.
    assert summary == {"accounts": 3, "failed": 1, "passed": 2, "unknown": 0}
    assert kept == (tmp_path / "kept" / "audit.json").read_bytes()
    assert storage.head_object(Bucket=BUCKET, Key="7/audit.html")["ContentLength"]
    assert '"incident_manager_summary"' in re.sub(r"\s+", " ", outcome.stdout)


def test_slices(job: Run, tmp_path: Path) -> None:
    first, *others = [account["id"] for account in ORGANIZATION]
    (tmp_path / "kept" / "older.json").write_text("a report of an earlier run")
    for arguments in (("prepare.yml", 1), ("slice.yml", 2, [first]), ("slice.yml", 3, others)):
        outcome = job(*arguments)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    merged = job("merge.yml", 4, [], "--extra-vars=incident_manager_expected_accounts=3")
    assert merged.returncode == 2 and "1 of 3 accounts failed" in merged.stdout, merged.stdout + merged.stderr
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["2.json", "3.json", "audit.html"]
    (tmp_path / "kept" / "2.json").unlink()
    missing = job("merge.yml", 5, [], "--extra-vars=incident_manager_expected_accounts=3")
    assert missing.returncode == 2 and "TASK [Fail if an account is missing]" in missing.stdout
    assert "the number of accounts in the merged report is 2" in re.sub(r"\s+", " ", missing.stdout)


def test_the_image_is_that_of_readme() -> None:
    """test_install.py makes the context of the image."""
    (commands,) = code_blocks(GUIDE, "shell")
    build, image = commands.strip().splitlines()
    (readme,) = [text for text in code_blocks(CHECKOUT / "README.md", "shell") if "ansible-builder" in text]
    assert build in readme.splitlines() and image.startswith("ansible-builder build ")
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]
    assert image.endswith(f":{version}")
