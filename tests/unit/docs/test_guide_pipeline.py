# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the guide on pipelines: the files of the jobs, whose commands run on the local endpoint, and the exit codes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.release import __version__ as core_version
from endpoint.examples import ACCOUNT, ORGANIZATION
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT, GUIDES

from .code_blocks import code_blocks

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]

GUIDE = GUIDES / "guide_pipeline.rst"
INVENTORY, *JOBS = code_blocks(GUIDE, "yaml")
GITHUB, GITLAB = map(yaml.safe_load, JOBS)
INSTALLING = r"(pip|ansible-galaxy collection) install "


def in_job(endpoint: LocalEndpoint, run_command: Run, commands: str, **variables: str) -> Any:
    """Run the commands of a job, without those that install something."""
    lines = [line for line in commands.splitlines() if not re.match(INSTALLING, line)]
    return run_command("/usr/bin/env", "bash", "-ec", "\n".join(lines), AWS_ENDPOINT_URL=endpoint.url, **variables)


@pytest.fixture
def organization(endpoint: LocalEndpoint, tmp_path: Path) -> str:
    """Make the organization of the examples, of which no account has a replication set, and the file of its inventory."""
    endpoint.make_organization(ORGANIZATION, delegated_administrators=[ACCOUNT])
    (tmp_path / "accounts.organization.yml").write_text(INVENTORY)
    return ACCOUNT


def assert_report(folder: Path) -> None:
    """Assert that the report has the accounts, none of which passed, and that the JUnit XML says the same."""
    report = json.loads((folder / "audit.json").read_text())
    assert report["summary"] == {"accounts": len(ORGANIZATION), "failed": len(ORGANIZATION), "passed": 0, "unknown": 0}
    suite = ElementTree.parse(folder / "audit.xml").getroot()
    assert suite.get("tests") == suite.get("failures") == str(len(ORGANIZATION))
    assert sorted(str(case.get("name")) for case in suite.iter("testcase")) == sorted(
        str(account["id"]) for account in ORGANIZATION
    )
    assert (folder / "audit.html").stat().st_size


def test_github(endpoint: LocalEndpoint, run_command: Run, organization: str, tmp_path: Path) -> None:
    assert set(GITHUB[True]) == {"schedule", "workflow_dispatch"}  # YAML 1.1 reads "on" as true.
    assert GITHUB["permissions"]["id-token"] == "write"
    steps = GITHUB["jobs"]["audit"]["steps"]
    (credentials,) = [step["with"] for step in steps if "configure-aws-credentials" in step.get("uses", "")]
    assert f"::{organization}:role/" in credentials["role-to-assume"]
    # The action exports the credentials of the role.
    role = endpoint.client(service="sts", account=organization).assume_role(
        RoleArn=credentials["role-to-assume"], RoleSessionName="GitHubActions"
    )["Credentials"]
    outcome = in_job(
        endpoint,
        run_command,
        "\n".join(step["run"] for step in steps if "run" in step),
        **{name: value for step in steps for name, value in step.get("env", {}).items()},
        AWS_ACCESS_KEY_ID=role["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=role["SecretAccessKey"],
        AWS_SESSION_TOKEN=role["SessionToken"],
        AWS_REGION=credentials["aws-region"],
    )
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    upload = steps[-1]
    assert "upload-artifact" in upload["uses"] and upload["if"] == "always()"
    assert_report(tmp_path / upload["with"]["path"])


def test_gitlab(endpoint: LocalEndpoint, run_command: Run, organization: str, tmp_path: Path) -> None:
    job = GITLAB["audit"]
    (token,) = job["id_tokens"]
    variables = {name: value.replace("/tmp/", f"{tmp_path}/") for name, value in job["variables"].items()}
    assert f"::{organization}:role/" in variables["AWS_ROLE_ARN"]
    outcome = in_job(endpoint, run_command, "\n".join(job["script"]), **variables, **{token: "a token of GitLab"})
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    assert Path(variables["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text() == "a token of GitLab"
    artifacts = job["artifacts"]
    assert artifacts["when"] == "always" and artifacts["paths"] == ["report"]
    assert artifacts["reports"]["junit"] == "report/audit.xml"
    assert_report(tmp_path / "report")


def test_the_jobs_install_as_readme_does() -> None:
    """test_install.py tests the commands of README."""
    readme = "".join(code_blocks(CHECKOUT / "README.md", "shell"))
    steps = GITHUB["jobs"]["audit"]["steps"]
    for script in ("\n".join(step.get("run", "") for step in steps), "\n".join(GITLAB["audit"]["script"])):
        installing = [line for line in script.splitlines() if re.match(INSTALLING, line)]
        assert len(installing) == 2
        assert all(f"{line}\n" in readme for line in installing)


AUDIT = ["incident_manager.aws.audit", "--inventory=accounts.organization.yml"]
# For what is rejected before the play begins.
REJECTED = 1 if core_version.startswith(("2.16", "2.17", "2.18")) else 4
#: What the table of the guide says about each exit code: arguments of ansible-playbook, and whether they audit the accounts.
EXIT_CODES: list[tuple[int, list[str], bool]] = [
    (0, [*AUDIT, "--extra-vars=incident_manager_report_only=true"], True),
    (0, [*AUDIT, "--start-at-task=no such task"], False),
    (1, ["incident_manager.aws.no_such_playbook"], False),
    (1, [*AUDIT, "--extra-vars=@missing.yml"], False),
    (1, [*AUDIT, "--limit=missing"], False),
    (2, AUDIT, True),
    (2, [*AUDIT, "--extra-vars=incident_manager_expected_accounts=1"], False),
    (2, [*AUDIT, "--extra-vars=incident_manager_report_csv=."], True),
    (2, [*AUDIT, "--no-such-option"], False),
    (2, ["incident_manager.aws.merge_audits", "--extra-vars=incident_manager_reports=missing.json"], False),
    (4, ["malformed.yml"], False),
    (REJECTED, [*AUDIT, "--skip-tags=all"], False),
    (2, ["incident_manager.aws.audit", "--inventory=empty.yml"], False),
    (REJECTED, ["incident_manager.aws.audit", "--inventory=empty.yml", "--limit=all"], False),
]


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("code", "arguments", "audits"), EXIT_CODES, ids=lambda value: str(value[-1] if isinstance(value, list) else value)
)
def test_exit_codes(
    run_command: Run,
    organization: str,
    connection_variables: dict[str, str],
    tmp_path: Path,
    code: int,
    arguments: list[str],
    audits: bool,
) -> None:
    assert organization
    (tmp_path / "malformed.yml").write_text("key: [\n")
    (tmp_path / "empty.yml").write_text("all:\n")
    json_file = "--extra-vars=incident_manager_report_json=audit.json"
    variables = {**GITLAB["audit"]["variables"], **connection_variables}
    variables = {name: value for name, value in variables.items() if not name.startswith("AWS_ROLE")}
    outcome = run_command("ansible-playbook", *arguments, json_file, **variables)
    assert outcome.returncode == code, outcome.stdout + outcome.stderr
    assert (tmp_path / "audit.json").exists() is audits


def test_the_table_of_exit_codes() -> None:
    """It has every code that is tested, and the two that Ansible uses if it is interrupted or fails itself."""
    codes = re.findall(r"^ +\* - ``(\d+)``$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert codes == [*dict.fromkeys(str(code) for code, *_others in EXIT_CODES), "99", "250"]
