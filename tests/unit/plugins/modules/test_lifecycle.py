# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the whole life of a replication set, with each of the endpoint's settings for unknown behavior of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from endpoint.server import LocalEndpoint

OUTSIDE, FIRST, SECOND, THIRD = "us-west-2", "eu-west-1", "us-east-1", "eu-central-1"
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "all Regions of a set that is being created return it": {"creating_set_answers_in": "all"},
    "a Region that is being deleted returns the set": {"deleting_region_answers": True},
    "reads lag": {"read_lag": {"reads": 1}},
    "reads lag longer": {"read_lag": {"reads": 3}},
    "reads lag for a minute": {"read_lag": {"seconds": 60}},
    "reads lag in the task's Region": {"read_lag": {"reads": 3, "regions": [FIRST]}},
    "reads lag in another Region of the set": {"read_lag": {"reads": 3, "regions": [SECOND]}},
    "the task's Region is down": {"unavailable_regions": {FIRST: "drop"}},
    "the task's Region answers 503": {"unavailable_regions": {FIRST: "503"}},
    "the task's Region is denied": {"unavailable_regions": {FIRST: "denied"}},
    "reads lag in a Region outside of the set": {"read_lag": {"reads": 3, "regions": [OUTSIDE]}},
    "a Region outside of the set is down": {"unavailable_regions": {OUTSIDE: "drop"}},
    "a Region outside of the set answers 503": {"unavailable_regions": {OUTSIDE: "503"}},
    "a Region outside of the set is denied": {"unavailable_regions": {OUTSIDE: "denied"}},
    "another Region of the set is down": {"unavailable_regions": {SECOND: "drop"}},
    "another Region of the set answers 503": {"unavailable_regions": {SECOND: "503"}},
    "another Region of the set is denied": {"unavailable_regions": {SECOND: "denied"}},
    "everything that slows a change": {
        "read_lag": {"reads": 1},
        "empty_list_pages": 2,
        "answer_shape": "model",
        "transition": {"progression": "manual", "times": 4},
    },
}


@pytest.mark.sample(8)
@pytest.mark.parametrize(
    "setting", [name if name == "default" else pytest.param(name, marks=pytest.mark.slow) for name in SETTINGS]
)
@pytest.mark.parametrize("deleted", [THIRD, FIRST], ids=["another Region is deleted", "the task's Region is deleted"])
def test_lifecycle(
    run_module: Callable[..., Any], endpoint: LocalEndpoint, sleeps: list[float], setting: str, deleted: str
) -> None:
    endpoint.configure(**SETTINGS[setting])

    def manage(**options: Any) -> Any:
        outcome = run_module("ssm_incidents_replication_set", region=FIRST, **options)
        assert not outcome.failed, outcome["msg"]
        return outcome

    def regions(*names: str) -> list[dict[str, str]]:
        return [{"name": name} for name in names]

    staying = [name for name in (FIRST, SECOND, THIRD) if name != deleted]
    created = manage(regions=regions(FIRST, SECOND), tags={"Team": "ops"}, deletion_protected=True)
    assert created["changed"] is True
    arn = created["replication_set"]["arn"]
    steps: list[dict[str, Any]] = [
        {"regions": regions(FIRST, SECOND, THIRD)},
        {"regions": regions(*staying)},
        {"tags": {"Team": "sre", "Stage": "prod"}},
        {"deletion_protected": False},
    ]
    for options in steps:
        outcome = manage(**options)
        assert outcome["changed"] is True
        assert outcome["replication_set"]["arn"] == arn
    final = outcome["replication_set"]
    assert sorted(final["region_map"]) == sorted(staying)
    assert (final["status"], final["deletion_protected"]) == ("ACTIVE", False)
    assert final["tags"] == {"Team": "sre", "Stage": "prod"}
    # A Region that is down may have an open incident. A read that lags returns that the set is still protected: then the task
    # fails, and deletes the set when it is run again.
    absent = {"state": "absent", "arn": arn, "region": FIRST, "allow_open_incidents": True}
    tries = [run_module("ssm_incidents_replication_set", **absent)]
    while tries[-1].failed and len(tries) < 4:
        assert "read_lag" in SETTINGS[setting] and tries[-1]["error"]["code"] == "DeletionProtected"
        tries.append(run_module("ssm_incidents_replication_set", **absent))
    assert tries[-1]["changed"] is True
    endpoint.configure(read_lag={}, unavailable_regions={})
    assert endpoint.client(region=OUTSIDE).list_replication_sets()["replicationSetArns"] == []
