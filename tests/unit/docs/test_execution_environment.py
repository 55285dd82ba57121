# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the definition of an execution environment."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import CHECKOUT, COLLECTIONS


def test_ansible_builder_accepts_the_definition(
    run_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The image itself can't be built without a registry."""
    pytest.importorskip("ansible_builder", reason="There is no ansible-builder in this environment")
    definition = CHECKOUT / "execution-environment.yml"
    created = run_command("ansible-builder", "create", "--file", definition, "--context", tmp_path / "context")
    assert created.returncode == 0, created.stdout + created.stderr
    assert "incident_manager.aws" in (tmp_path / "context" / "_build" / "requirements.yml").read_text()
    found = run_command("ansible-builder", "introspect", COLLECTIONS)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "boto3" in found.stdout and "incident_manager.aws" in found.stdout
