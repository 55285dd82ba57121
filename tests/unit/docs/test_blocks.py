# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each block of README, of the guides and of the plugins' examples runs as it stands on what "make endpoint" starts, in a shell
with the lines that it prints.

The blocks of a page run together, in the order of the page: first the files (inventories, variables), then the tasks and plays as
one playbook, then the commands. A block that runs in another test or nowhere is listed in ELSEWHERE, with the reason.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from endpoint.backend import kinds
from endpoint.client import USER, ControlClient
from helpers.checkout import CHECKOUT, GUIDES, PLUGINS
from helpers.credentials import config_section

from .code_blocks import Block, blocks, code_blocks

pytestmark = pytest.mark.slow

README = CHECKOUT / "README.md"
PAGES = [README, *sorted(GUIDES.glob("*.rst")), *sorted(PLUGINS.glob("[lm]o*s/*.py"))]
PAGES = [page for page in PAGES if page.suffix != ".py" or "EXAMPLES = " in page.read_text(encoding="utf-8")]
# Blocks that this test does not run: a pattern of their page, language and text, and the reason.
ELSEWHERE = {
    r"\S+ shell .*\b(ansible-builder|ansible-galaxy|git clone|pip install) ": "installs something",
    r"\S+ shell .*\bmake \w": "starts a program of the checkout",
    r"\S+ text ": "is what a program prints",
    r"guide_auditing.rst json ": "is a report: see test_guide_auditing.py",
    r"guide_auditing.rst ini \[production": "is a part of an inventory: see test_guide_auditing.py",
    r"guide_awx.rst (ini|yaml) ": "is a file of a project: see test_guide_awx.py",
    r"guide_export.rst (json|python|shell) ": "is a line of an export, or reads one: see test_guide_export.py",
    r"guide_permissions.rst json ": "is a policy: see test_guide_permissions.py",
    r"guide_pipeline.rst yaml .*\baudit:\n": "is the file of a CI job: see test_guide_pipeline.py",
    r"guide_retiring.rst yaml .*hosts: retired_accounts": "is for several accounts: see test_guide_retiring.py",
}
# Tasks that fail in an account with a replication set, as their pages say.
FAILING = {
    ("guide_asserting.rst", "There is no replication set"),
    ("guide_failures.rst", "Check that the account has no replication set"),
    ("ssm_incidents_replication_set.py", "Assert that the account has no replication set"),
}
# The examples of the audit's module refer to the variables of its host.
VARIABLES = {
    "incident_manager_account": {"region": "eu-west-1"},
    "incident_manager_rules": {"deletion_protected": True},
}
# Files whose names are not in the text before a block: a member of the block, and the name in the commands of the page.
FILES = {"plugin": "accounts.organization.yml", "all": "accounts.yml"}


def is_run(page: Path, block: Block) -> bool:
    text = f"{page.name} {block.language} {block.text}"
    return not any(re.match(pattern, text, re.DOTALL) for pattern in ELSEWHERE)


def file_name(block: Block) -> str | None:
    """Return the name of the file that a block shows, if the sentence before it or the content of the block says that it is one."""
    named = re.findall(r"`([\w./-]+\.ya?ml)`", block.before.strip().rpartition("\n\n")[2])
    content = yaml.safe_load(block.text)
    known = [name for member, name in FILES.items() if isinstance(content, dict) and member in content]
    return next(iter(named[-1:] + known), None)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start the endpoint as "make endpoint" does, but with changes that take no time. Return the file with the lines for a shell."""
    folder = tmp_path_factory.mktemp("endpoint")
    file, log = folder / "endpoint.sh", folder / "log"
    options = ["--port", "0", "--environment", str(file), "--polls", "0"]
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, str(CHECKOUT / "tests" / "endpoint"), *options], stdout=output, stderr=output
        ) as process,
    ):
        try:
            while not file.exists():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield file
        finally:
            process.terminate()


@pytest.fixture
def control(lines: Path) -> ControlClient:
    """Return the control of the endpoint, which is as at its start."""
    (url,) = re.findall(r"AWS_ENDPOINT_URL=(\S+)", lines.read_text())
    client = ControlClient(url)
    assert client.request("POST", "reset")[0] == 200
    return client


@pytest.fixture
def in_shell(lines: Path, tmp_path: Path, ansible_environment: dict[str, str]) -> Callable[[str], str]:
    """Return a function that runs commands in a shell with the lines, and returns their output. The profiles of the guides exist."""
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build" / "endpoint.sh").symlink_to(lines)
    credentials = tmp_path / "credentials"
    credentials.write_text("".join(config_section(name, USER) for name in ("default", "laboratory", "production")))
    environment = {
        **ansible_environment,
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": "/dev/null",
    }

    def run(commands: str, expected: tuple[int, ...] = (0,)) -> str:
        outcome = subprocess.run(
            ["bash", "-c", f". {lines}\n{commands}"],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert outcome.returncode in expected, outcome.stdout
        return outcome.stdout

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_blocks(in_shell: Callable[..., str], control: ControlClient, tmp_path: Path, page: Path) -> None:
    exports = any("incident_manager.aws.ssm_incidents_export:" in block.text for block in blocks(page))
    if exports and "finding" not in kinds.KINDS:
        pytest.skip("this botocore has no findings, so that no export is complete")
    plays: list[dict[str, Any]] = []
    commands: list[str] = []
    results: list[dict[str, Any]] = []
    for block in blocks(page):
        if not is_run(page, block):
            continue
        text = block.text.replace("http://127.0.0.1:5055", control.url)
        text = re.sub(r"/(srv/exports|shared/audit)", rf"{tmp_path}/\1", text)
        if block.language == "shell":
            commands.append(text)
            continue
        if block.language == "ini" and "``ansible.cfg``" in block.before:
            (tmp_path / "ansible.cfg").write_text(text)
            continue
        assert block.language == "yaml", f"{page.name} has a block that neither runs nor is in ELSEWHERE:\n{block.text}"
        content = yaml.safe_load(text)
        if name := file_name(block):
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        if isinstance(content, list):
            plays += [
                entry if "hosts" in entry else {"hosts": "localhost", "gather_facts": False, "tasks": [entry]}
                for entry in content
            ]
        elif set(content) == {"incident_manager"}:
            results.append(content)
        elif set(content) == {"incident_manager_report_json"}:
            variables = shlex.quote(json.dumps(content))
            commands.append(f"ansible-playbook incident_manager.aws.audit -i accounts.yml -e {variables}")
        else:
            assert name, (
                f"{page.name} has a block that is neither a task nor in ELSEWHERE, and names no file:\n{block.text}"
            )

    for directory in ("srv/exports", "shared/audit"):
        (tmp_path / directory).mkdir(parents=True)
    for play in plays:
        play["tasks"] = [one for task in play["tasks"] for one in checked(task, page, results)]
    assert not results, "no task before this result registers it"
    (tmp_path / "playbook.json").write_text(json.dumps(plays))
    if plays:
        # Ansible accepts either keys or a profile.
        keys = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; " if '"profile": ' in json.dumps(plays) else ""
        in_shell(f"{keys}ansible-playbook playbook.json -e '{json.dumps(VARIABLES)}'")
    for command in commands:
        # 2 says that an account did not pass the audit, which the report shows.
        audits = len(re.findall(r"incident_manager\.aws\.(?:audit|merge_audits)", command))
        output = in_shell(command, (0, 2) if audits else (0,))
        assert output.count("TASK [Show the report]") == audits, output
        for report in re.findall(r"incident_manager_report_(?:csv|html|json|junit)=(\S+)", command):
            assert Path(tmp_path, report).stat().st_size, report


def checked(task: dict[str, Any], page: Path, results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a task, and a task that checks what the page says about it: that it fails, or its result."""
    if (page.name, task.get("name")) in FAILING:
        yield {**task, "ignore_errors": True, "register": "outcome"}
        yield {"ansible.builtin.assert": {"that": "outcome is failed"}}
        return
    yield task
    if results and task.get("register") in results[0]:
        shown = results.pop(0)
        yield {
            "ansible.builtin.assert": {"that": f"{task['register']} == shown"},
            "vars": {"shown": shown[task["register"]]},
        }


def test_the_commands_of_a_ci_job(in_shell: Callable[..., str], tmp_path: Path) -> None:
    """The commands start the endpoint, wait for it, use it and stop it. make itself would install the checkout."""
    (block,) = [
        text for text in code_blocks(GUIDES / "guide_testing.rst", "shell") if text.startswith("make endpoint &")
    ]
    file = tmp_path / ".build" / "endpoint.sh"
    file.unlink()
    info: dict[str, Any] = {"incident_manager.aws.ssm_incidents_replication_set_info": {}}
    (tmp_path / "playbook.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [info]}]))
    make = f"make() {{ exec {sys.executable} {CHECKOUT / 'tests' / 'endpoint'} --port 0 --environment {file}; }}"
    output = in_shell(f"{make}\n{block}wait")
    assert "failed=0" in output and not file.exists()
