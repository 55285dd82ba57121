# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages say of auditing: their inventories work, the report is as documented, the image can be built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.server import ACCESS_KEY, SECRET_KEY, LocalEndpoint

from .conftest import ACCOUNT, ARN, CHECKOUT, GUIDES, KEY, code_blocks

GUIDE = GUIDES / "guide_auditing.rst"
ACTIVE = {"sseKmsKeyId": KEY, "status": "ACTIVE"}


def inventory(page: Path) -> dict[str, Any]:
    (found,) = [block for block in map(yaml.safe_load, code_blocks(page, "yaml")) if "all" in block]
    return dict(found)


def hosts(group: dict[str, Any]) -> list[str]:
    children = [name for child in group.get("children", {}).values() for name in hosts(child)]
    return [*group.get("hosts", {}), *children]


@pytest.mark.slow
@pytest.mark.parametrize("page", [CHECKOUT / "README.md", GUIDE], ids=lambda page: page.name)
def test_the_inventory_and_the_form_of_the_report(endpoint: LocalEndpoint, tmp_path: Path, page: Path) -> None:
    body = {"status": "ACTIVE", "deletionProtected": False, "regionMap": {"eu-west-1": ACTIVE, "eu-central-1": ACTIVE}}
    endpoint.seed(body, ACCOUNT, arn=ARN, tags={"Team": "A"})
    (tmp_path / "accounts.yml").write_text(yaml.safe_dump(inventory(page)))
    keys = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    (tmp_path / "credentials").write_text(f"[default]\n{keys}[laboratory]\n{keys}")
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build" / "root"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_URL": endpoint.url,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
    }
    command: list[str | Path] = [Path(sys.prefix, "bin", "ansible-playbook"), "incident_manager.aws.audit"]
    command += ["-i", "accounts.yml", "-e", "incident_manager_report_json=audit.json"]
    outcome = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    report = json.loads((tmp_path / "audit.json").read_text())
    rows = {row["name"]: row for row in report["accounts"]}
    assert sorted(rows) == sorted(hosts(inventory(page)["all"]))
    assert rows["payments"]["outcome"] == "failed" and rows["payments"]["account_id"] == ACCOUNT
    assert {row["outcome"] for name, row in rows.items() if name != "payments"} <= {"failed", "passed"}
    if page == GUIDE:
        (shown,) = map(json.loads, code_blocks(GUIDE, "json"))
        example, row = shown["accounts"][0], rows["payments"]
        assert list(shown) == list(report) and list(shown["summary"]) == list(report["summary"])
        assert list(example) == list(row)
        assert example["msg"] == row["msg"]
        assert example["findings"] == row["findings"]
        assert example["rules"].keys() - row["rules"].keys() == set()


def test_the_image_can_be_built(tmp_path: Path) -> None:
    """As far as it goes without a registry: ansible-builder takes the definition, and finds what boto3 is needed for."""
    pytest.importorskip("ansible_builder", reason="There is no ansible-builder in this environment")
    builder = Path(sys.prefix, "bin", "ansible-builder")
    definition = CHECKOUT / "execution-environment.yml"
    subprocess.run([builder, "create", "--file", definition, "--context", tmp_path / "context"], check=True)
    assert "incident_manager.aws" in (tmp_path / "context" / "_build" / "requirements.yml").read_text()
    found = subprocess.run(
        [builder, "introspect", CHECKOUT / ".build" / "root"], capture_output=True, text=True, check=True
    ).stdout
    assert "boto3" in found and "incident_manager.aws" in found
