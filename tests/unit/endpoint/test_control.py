# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the control interface over HTTP."""

from __future__ import annotations

from typing import Any

from endpoint.client import ControlClient

from .calls import Connect, error_code

ACTIVE = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}}


def test_faults(control: ControlClient, client: Any) -> None:
    rules = [{"fault": "throttle", "times": 2}, {"fault": "internal"}]
    status, rules_left = control.request("POST", "faults", rules)
    assert (status, [rule["times"] for rule in rules_left]) == (200, [2, 1])
    assert error_code(client.list_replication_sets) == "ThrottlingException"
    assert [rule["times"] for rule in control.request("GET", "faults")[1]] == [1, 1]
    assert control.request("DELETE", "faults")[0] == 200
    assert control.request("GET", "faults") == (200, [])
    client.list_replication_sets()


def test_seed(control: ControlClient, connect: Connect) -> None:
    arn = "arn:aws:ssm-incidents::111122223333:replication-set/1"
    given = {"body": ACTIVE, "account": "111122223333", "arn": arn, "tags": {"a": "b"}}
    assert control.request("POST", "seed", given) == (200, {"arn": arn})
    client = connect("us-east-1", "111122223333")
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert found == ACTIVE


def test_settings(control: ControlClient, client: Any) -> None:
    given = {"answer_shape": "model", "transition": {"progression": "immediate"}}
    status, settings = control.request("POST", "settings", given)
    assert status == 200
    assert settings == control.request("GET", "settings")[1]
    assert {name: settings[name] for name in given} == given
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert (found["arn"], found["status"]) == (arn, "ACTIVE")
    assert found["regionMap"]["us-east-1"]["statusUpdateDateTime"] >= found["createdTime"]
