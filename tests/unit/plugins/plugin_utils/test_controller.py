# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the base class of tasks that run on the controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.action.ssm_incidents_replication_set_audit import ActionModule
from endpoint.server import LocalEndpoint


def test_a_deprecated_name_of_an_option_is_reported(
    run_action: Callable[..., Any], endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    deprecated = {"name": "only_report", "version": "99.0.0", "collection_name": "incident_manager.aws"}
    option = {"type": "bool", "default": False, "aliases": ["only_report"], "deprecated_aliases": [deprecated]}
    monkeypatch.setitem(ActionModule.argument_spec, "report_only", option)
    outcome = run_action("ssm_incidents_replication_set_audit", only_report=True)
    assert not outcome.failed
    # Callbacks display the result.
    (deprecation,) = outcome["deprecations"]
    assert "'only_report' is deprecated" in deprecation["msg"]
    assert (deprecation["version"], deprecation["collection_name"]) == ("99.0.0", "incident_manager.aws")
