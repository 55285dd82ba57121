# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the ARN of another account: every plugin with an ARN says so, and only a failure asks STS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from botocore.client import BaseClient
from endpoint.server import LocalEndpoint

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
OTHER_ARN = ARN.replace("123456789012", "222222222222")
MODULES = ("ssm_incidents_replication_set_info", "ssm_incidents_data_info", "ssm_incidents_export")

Run = Callable[..., Any]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the operations that botocore sends."""
    names: list[str] = []
    send = BaseClient._make_api_call

    def record(client: Any, operation: str, *request: Any) -> Any:
        names.append(operation)
        return send(client, operation, *request)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return names


def options_of(module: str, tmp_path: Path) -> dict[str, Any]:
    return {"path": str(tmp_path / "export"), "allow_incomplete": True} if module == "ssm_incidents_export" else {}


@pytest.mark.parametrize("module", [*MODULES, "ssm_incidents_replication_set"])
@pytest.mark.parametrize("search_regions", [[], ["eu-west-1"]], ids=["one Region", "two Regions"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_module_names_both_accounts(
    run_module: Run, endpoint: LocalEndpoint, tmp_path: Path, module: str, search_regions: list[str], code: str
) -> None:
    endpoint.faults.add({"fault": "error", "code": code, "operation": "GetReplicationSet", "times": None})
    options = options_of(module, tmp_path)
    if module in MODULES:
        options["search_regions"] = search_regions
    outcome = run_module(module, arn=OTHER_ARN, **options)
    assert outcome["error"]["code"] == "AccountMismatch"
    assert "222222222222" in outcome["msg"] and "the credentials belong to account 123456789012" in outcome["msg"]
    assert "IAM policy" not in outcome["msg"]


def test_the_lookup_names_both_accounts(run_lookup: Run, endpoint: LocalEndpoint) -> None:
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    with pytest.raises(AnsibleError, match="the credentials belong to account 123456789012"):
        run_lookup(OTHER_ARN)


@pytest.mark.parametrize(
    ("code", "option"), [("AccessDeniedException", "on_denied"), ("ResourceNotFoundException", "on_missing")]
)
def test_the_options_of_the_lookup_hold_for_another_account(
    run_lookup: Run, endpoint: LocalEndpoint, code: str, option: str
) -> None:
    endpoint.faults.add({"fault": "error", "code": code, "times": None})
    assert run_lookup(OTHER_ARN, **{option: "skip"}) == []


@pytest.mark.parametrize("module", MODULES)
def test_sts_is_not_called_if_the_set_is_found(
    run_module: Run, calls: list[str], recorded_arn: str, tmp_path: Path, module: str
) -> None:
    outcome = run_module(module, arn=recorded_arn, **options_of(module, tmp_path))
    assert not outcome.failed
    assert "GetReplicationSet" in calls and "GetCallerIdentity" not in calls


@pytest.mark.parametrize("fault", ["reset", "not_json"])
def test_sts_is_not_called_if_aws_was_not_reached(
    run_module: Run, calls: list[str], endpoint: LocalEndpoint, sleeps: list[float], fault: str
) -> None:
    endpoint.faults.add({"fault": fault, "times": None})
    assert run_module(MODULES[0], arn=OTHER_ARN).failed
    assert "GetCallerIdentity" not in calls


def test_the_failure_stays_if_sts_does_not_respond(
    run_module: Run, endpoint: LocalEndpoint, closed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", closed_url)
    endpoint.faults.add({"fault": "error", "code": "AccessDeniedException", "times": None})
    outcome = run_module(MODULES[0], arn=OTHER_ARN, endpoint_url=None)
    assert outcome["error"]["code"] == "AccessDeniedException"
