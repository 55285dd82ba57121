# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what each layer of the collection imports: only layers below it, and boto3 only if it calls AWS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGE = "ansible_collections.incident_manager.aws.plugins."

#: The layers, the lowest first. plugin_utils is for the controller, so that no module can import it.
LAYERS = (
    "module_utils._aws",
    "module_utils._organization",
    "module_utils._replication_set",
    "module_utils._incident_data",
    "plugin_utils._amazon_aws",
    "plugin_utils._audit",
    "plugin_utils",
    "modules",
    "action",
    "inventory",
    "lookup",
)
MAY_IMPORT = {
    "module_utils._aws": {"module_utils._aws"},
    "module_utils._organization": {"module_utils._aws", "module_utils._organization"},
    "module_utils._replication_set": {"module_utils._aws", "module_utils._replication_set"},
    "module_utils._incident_data": {
        "module_utils._aws",
        "module_utils._replication_set",
        "module_utils._incident_data",
    },
    "plugin_utils._amazon_aws": set(),
    "plugin_utils._audit": {"module_utils._aws", "module_utils._replication_set", "plugin_utils._audit"},
    "plugin_utils": {"module_utils._aws"},
    "modules": {
        "module_utils._aws",
        "module_utils._replication_set",
        "module_utils._incident_data",
    },
    # The audit compares a host with its organizational units.
    "action": {
        "module_utils._aws",
        "module_utils._organization",
        "module_utils._replication_set",
        "plugin_utils._amazon_aws",
        "plugin_utils._audit",
        "plugin_utils",
    },
    # The inventory has the option search_regions too.
    "inventory": {
        "module_utils._aws",
        "module_utils._organization",
        "module_utils._replication_set",
        "plugin_utils._amazon_aws",
    },
    "lookup": {"module_utils._aws", "module_utils._replication_set", "plugin_utils._amazon_aws"},
}
PURE = (
    "module_utils/_aws/arn.py",
    "module_utils/_aws/errors.py",
    "module_utils/_aws/progress.py",
    "module_utils/_aws/text.py",
    "module_utils/_incident_data/directory.py",
    "module_utils/_incident_data/files.py",
    "module_utils/_incident_data/kinds.py",
    "module_utils/_incident_data/workers.py",
    "module_utils/_organization/accounts.py",
    "module_utils/_replication_set/decide.py",
    "module_utils/_replication_set/desired.py",
    "module_utils/_replication_set/facts.py",
    "module_utils/_replication_set/plan.py",
    "module_utils/_replication_set/service.py",
    "module_utils/_replication_set/state.py",
    "module_utils/_replication_set/steps.py",
    "plugin_utils/_audit/csv_file.py",
    "plugin_utils/_audit/junit_file.py",
    "plugin_utils/_audit/page.py",
    "plugin_utils/_audit/report.py",
    "plugin_utils/_audit/rules.py",
    "plugin_utils/_audit/text.py",
)
SOURCES = [path for path in PLUGINS.rglob("*.py") if "doc_fragments" not in path.parts]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PLUGINS).with_suffix("").parts)


def layer_of(name: str) -> str:
    """Return the layer of a module of the collection. Its name begins below plugins."""
    return max((layer for layer in LAYERS if name == layer or name.startswith(f"{layer}.")), key=len)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports."""
    package = (PACKAGE + name_of(path)).split(".")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: -node.level]) if node.level else ""
            module = ".".join(filter(None, (start, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


@cache
def pure_imports_of(path: Path) -> set[str]:
    """Return the names of all modules of AWS's libraries that a file imports, directly or through other files."""
    found = set()
    for name in imports_of(path):
        if name.partition(".")[0] in ("boto3", "botocore"):
            found.add(name)
        elif name.startswith(PACKAGE):
            inner = PLUGINS / (name.removeprefix(PACKAGE).rpartition(".")[0].replace(".", "/") + ".py")
            found |= pure_imports_of(inner) if inner.is_file() else set()
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_imports_only_its_own_layer_and_those_below(path: Path) -> None:
    layer = layer_of(name_of(path))
    imported = {layer_of(name.removeprefix(PACKAGE)) for name in imports_of(path) if name.startswith(PACKAGE)}
    assert imported <= MAY_IMPORT[layer]


@pytest.mark.parametrize("name", PURE)
def test_a_pure_file_needs_none_of_awss_libraries(name: str) -> None:
    assert pure_imports_of(PLUGINS / name) == set()
