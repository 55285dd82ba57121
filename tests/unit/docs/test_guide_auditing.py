# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the inventories and the report in the guide on auditing."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.client import USER, active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import GUIDES
from helpers.credentials import config_section

from .code_blocks import ACCOUNT, ARN, KEY, code_blocks

GUIDE = GUIDES / "guide_auditing.rst"


def inventory() -> dict[str, Any]:
    """Return the inventory of the guide."""
    (found,) = [block for block in map(yaml.safe_load, code_blocks(GUIDE, "yaml")) if "all" in block]
    return dict(found)


def hosts(group: dict[str, Any]) -> list[str]:
    """Return the hosts of a group and of its children."""
    children = [name for child in group.get("children", {}).values() for name in hosts(child)]
    return [*group.get("hosts", {}), *children]


@pytest.mark.slow
def test_the_inventory_and_the_report(
    run_command: Callable[..., subprocess.CompletedProcess[str]], endpoint: LocalEndpoint, tmp_path: Path
) -> None:
    body = active_set({"eu-west-1": KEY, "eu-central-1": KEY}, deletionProtected=False)
    endpoint.seed(body, ACCOUNT, arn=ARN, tags={"Team": "A"})
    (tmp_path / "accounts.yml").write_text(yaml.safe_dump(inventory()))
    (tmp_path / "ansible.cfg").write_text(code_blocks(GUIDE, "ini")[0])
    credentials = tmp_path / "credentials"
    credentials.write_text(config_section("default", USER) + config_section("laboratory", USER))
    outcome = run_command(
        "ansible-playbook",
        "incident_manager.aws.audit",
        "--inventory=accounts.yml",
        "--extra-vars=incident_manager_report_json=audit.json",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(credentials),
        AWS_URL=endpoint.url,
    )
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    report = json.loads((tmp_path / "audit.json").read_text())
    rows = {row["name"]: row for row in report["accounts"]}
    assert sorted(rows) == sorted(hosts(inventory()["all"]))
    assert rows["payments"]["outcome"] == "failed" and rows["payments"]["account_id"] == ACCOUNT
    assert {row["outcome"] for name, row in rows.items() if name != "payments"} <= {"failed", "passed"}
    (shown,) = map(json.loads, code_blocks(GUIDE, "json"))
    example, row = shown["accounts"][0], rows["payments"]
    assert list(shown) == list(report) and list(shown["summary"]) == list(report["summary"])
    assert list(example) == list(row)
    assert example["msg"] == row["msg"]
    assert example["findings"] == row["findings"]
    assert example["rules"].keys() - row["rules"].keys() == set()


@pytest.mark.slow
def test_the_organization(
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    endpoint: LocalEndpoint,
    connection_variables: dict[str, str],
    tmp_path: Path,
) -> None:
    """The guide begins with an inventory of an organization and the rules of its units."""
    text = GUIDE.read_text(encoding="utf-8")
    blocks = [block for block in code_blocks(GUIDE, "yaml") if "all" not in yaml.safe_load(block)]
    assert "plugin: incident_manager.aws.organization" in blocks[0]
    assert blocks[0].strip().count("\n") == 2 and "a file of three lines" in text
    names = re.findall(r"``(group_vars/\w+\.yml)``:", text)
    assert len(names) == 2
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "ansible.cfg").write_text(code_blocks(GUIDE, "ini")[0])
    for name, block in zip(["accounts.organization.yml", *names], blocks[:3], strict=True):
        (tmp_path / name).write_text(block)
    accounts = [
        {"id": ACCOUNT, "name": "payments", "units": ["Workloads", "Production"]},
        {"id": "222233334444", "name": "archive", "units": ["Retired"]},
    ]
    endpoint.make_organization(accounts, "123456789012")
    body = active_set({"eu-west-1": KEY, "eu-central-1": KEY}, deletionProtected=False)
    endpoint.seed(body, ACCOUNT, arn=ARN, tags={"Team": "A"})

    (command,) = [block.split() for block in code_blocks(GUIDE, "shell") if "ansible-inventory" in block]
    graph = run_command(command[0], *command[1:], **connection_variables)
    assert "|--@ou_Workloads__Production:" in graph.stdout, graph.stdout + graph.stderr
    outcome = run_command(
        "ansible-playbook",
        "incident_manager.aws.audit",
        "--inventory=accounts.organization.yml",
        "--extra-vars=incident_manager_report_json=audit.json",
        **connection_variables,
    )
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    rows = {row["name"]: row for row in json.loads((tmp_path / "audit.json").read_text())["accounts"]}
    assert [finding["rule"] for finding in rows[ACCOUNT]["findings"]] == ["deletion_protected"]
    assert rows["222233334444"]["outcome"] == "passed" and rows["222233334444"]["rules"]["state"] == "absent"


@pytest.mark.slow
def test_the_variables_of_an_ini_inventory(
    run_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (_setting, block) = code_blocks(GUIDE, "ini")
    (tmp_path / "accounts.ini").write_text(f"[production]\npayments\n{block}")
    shown = run_command("ansible-inventory", "--inventory=accounts.ini", "--host=payments")
    variables = json.loads(shown.stdout)["incident_manager_rules"]
    assert variables == {"regions": ["eu-west-1", "eu-central-1"], "deletion_protected": True}
