# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README's commands to install the collection, each from a fresh clone with an empty HOME.

A URL is replaced with file://, so HTTPS is not tried. Galaxy is not asked, because amazon.aws is there: it is in the package ansible of each environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from helpers.checkout import CHECKOUT

from .code_blocks import blocks, code_blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="This directory is not a clone"),
]

README = CHECKOUT / "README.md"
NAME = "incident_manager.aws"
URL = f"https://git.example.com/{NAME}"
MODULE = f"{NAME}.ssm_incidents_replication_set_info"
BIN = Path(sys.prefix, "bin")
INSTALLING = [block.text for block in blocks(README) if block.language == "shell" and "ansible-galaxy" in block.text]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty directory for HOME."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a fresh clone."""
    subprocess.run(["git", "clone", "--quiet", CHECKOUT, tmp_path / NAME], check=True)
    return tmp_path / NAME


def run(commands: str, home: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run commands of README in a shell, with the repository as its URL and with the environment of the tests."""
    commands = commands.replace(f"git clone {URL}", f"git clone {CHECKOUT}").replace(URL, f"file://{folder}")
    # The environment of the clone would be the same as that of this checkout.
    commands = commands.replace("make build", f"make build NEW={CHECKOUT}/.build/new/bin --old-file=.build/new/ready")
    return subprocess.run(
        ["bash", "-euc", commands],
        env={"HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **variables},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def assert_installed(home: Path, folder: Path) -> None:
    """Assert that Ansible finds the module in HOME."""
    shown = run(f"ansible-doc --list --type module {NAME}; ansible-doc --type module {MODULE} | cat", home, folder)
    assert shown.returncode == 0, shown.stdout
    assert str(home / ".ansible" / "collections") in shown.stdout


def test_every_way_to_install_is_tested() -> None:
    assert [text.count("ansible-galaxy") for text in INSTALLING] == [1] * 4


@pytest.mark.parametrize("commands", [text for text in INSTALLING if "git clone" in text])
def test_from_a_clone(home: Path, tmp_path: Path, commands: str) -> None:
    outcome = run(commands, home, tmp_path)
    assert outcome.returncode == 0, outcome.stdout
    assert_installed(home, tmp_path)


@pytest.mark.parametrize("commands", [text for text in INSTALLING if "git clone" not in text])
def test_from_a_url_a_file_and_an_artifact(home: Path, clone: Path, commands: str) -> None:
    (requirements,) = [text for text in code_blocks(README, "yaml") if "collections" in yaml.safe_load(text)]
    (clone / "requirements.yml").write_text(requirements.replace(URL, f"file://{clone}"))
    # The environment of the tests may have the artifact of this version. With --force it is installed again, as README says.
    for forced in (commands, commands.replace("collection install", "collection install --force")):
        outcome = run(forced, home, clone)
        assert outcome.returncode == 0, outcome.stdout
    assert "was installed successfully" in outcome.stdout
    assert_installed(home, clone)


@pytest.mark.skipif(not find_spec("ansible_builder"), reason="There is no ansible-builder in this environment")
def test_the_context_of_an_execution_environment(home: Path, clone: Path) -> None:
    """The image itself can't be built without a registry."""
    (commands,) = [text for text in code_blocks(README, "shell") if "ansible-builder" in text]
    outcome = run(commands, home, clone)
    assert outcome.returncode == 0, outcome.stdout
    build = clone / "context" / "_build"
    (required,) = yaml.safe_load((build / "requirements.yml").read_text())["collections"]
    assert required["type"] == "file"
    # ansible-galaxy runs in this directory of the image.
    installed = run(
        f"cd {build}; ansible-galaxy collection install --force --requirements-file requirements.yml", home, clone
    )
    assert installed.returncode == 0, installed.stdout
    assert_installed(home, clone)
    assert "botocore[crt]" in (build / "requirements.txt").read_text()
    needed = run(f"ansible-builder introspect {home}/.ansible/collections", home, clone)
    assert "boto3" in needed.stdout


@pytest.mark.parametrize("playbook", ["audit", "merge_audits"])
def test_a_playbook_in_a_clone_says_what_is_missing(home: Path, clone: Path, playbook: str) -> None:
    # Without it, Ansible finds the collections of this Python environment.
    settings = {"ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    outcome = run(f"ansible-playbook playbooks/{playbook}.yml", home, clone, **settings)
    assert outcome.returncode != 0
    assert "install the collection: ansible-galaxy collection install git+file://$PWD" in outcome.stdout
