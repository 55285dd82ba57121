# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control over HTTP, and the endpoint as a command."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from .calls import Connect, code_of, control, send

if TYPE_CHECKING:
    from endpoint.server import LocalEndpoint

FOLDER = Path(__file__).parents[2] / "endpoint"
ACTIVE = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}}


def test_faults(endpoint: LocalEndpoint, client: Any) -> None:
    rules = [{"fault": "throttle", "times": 2}, {"fault": "internal"}]
    status, left = control(endpoint.url, "POST", "faults", rules)
    assert (status, [rule["times"] for rule in left]) == (200, [2, 1])
    assert code_of(client.list_replication_sets) == "ThrottlingException"
    assert [rule["times"] for rule in control(endpoint.url, "GET", "faults")[1]] == [1, 1]
    assert control(endpoint.url, "DELETE", "faults")[0] == 200
    assert control(endpoint.url, "GET", "faults") == (200, [])
    client.list_replication_sets()


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("faults", {"fault": "reset"}, "must be a list of rules"),
        ("faults", [{"fault": "reset"}, {"fault": "explode"}], "fault must be one of"),
        ("faults", "{", "not JSON"),
        ("settings", [], "must be a JSON object"),
        ("settings", {"answer_shape": "model", "colour": "red"}, "unknown setting: colour"),
        ("settings", {"answer_shape": "full"}, "answer_shape must be"),
        ("settings", {"transition": {"progression": "manual"}}, "transition must be"),
        ("settings", {"transition": {"progression": "time", "seconds": "1"}}, "transition must be"),
        ("settings", {"enforce_iam": 1}, "enforce_iam must be true or false"),
        ("settings", {"fail_next": {"mars-1": "x"}}, "fail_next must be"),
        ("settings", {"empty_list_pages": -1}, "empty_list_pages must be"),
        ("settings", {"min_region_age_hours": "24"}, "min_region_age_hours must be"),
        ("seed", {"body": {}}, "at least one Region"),
        ("seed", {}, "body"),
        ("seed", {"body": {**ACTIVE, "status": "SLEEPING"}}, "a ReplicationSet needs a status"),
        ("seed", {"body": {**ACTIVE, "regionMap": {"us-east-1": {}}}}, "a RegionInfo needs a status"),
        ("seed", {"body": {**ACTIVE, "colour": "red"}}, "not members of a ReplicationSet: colour"),
        ("seed", {"body": {**ACTIVE, "createdTime": "yesterday, or so"}}, "yesterday"),
        ("users", {}, "policy"),
    ],
)
def test_malformed(endpoint: LocalEndpoint, name: str, body: Any, told: str) -> None:
    status, answer = control(endpoint.url, "POST", name, body)
    assert status == 400
    assert told in answer["error"]
    assert endpoint.faults.left() == []
    assert endpoint.configure()["answer_shape"] == "recorded"


def test_unknown_paths(endpoint: LocalEndpoint) -> None:
    status, answer = control(endpoint.url, "POST", "nonsense")
    assert status == 404
    assert "POST /incident-manager-endpoint/faults" in answer["known"]


def test_requests(endpoint: LocalEndpoint, client: Any) -> None:
    arn = endpoint.seed(ACTIVE)
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    code_of(client.get_replication_set, arn="arn:aws:ssm-incidents::123456789012:replication-set/other")
    seen = control(endpoint.url, "GET", "requests")[1]
    assert [(call["operation"], call["status"]) for call in seen] == [
        ("TagResource", 204),
        ("UntagResource", 204),
        ("GetReplicationSet", 404),
    ]
    assert seen[0]["input"] == {"resourceArn": arn, "tags": {"a": "b"}}
    assert seen[1]["input"] == {"resourceArn": arn, "tagKeys": ["a"]}
    assert {(call["region"], call["account"], call["fault"]) for call in seen} == {("us-east-1", "123456789012", None)}
    assert all("Boto3/" in call["user_agent"] and call["time"] > 0 for call in seen)
    control(endpoint.url, "DELETE", "requests")
    assert endpoint.requests == []


def test_seed(endpoint: LocalEndpoint, connect: Connect) -> None:
    arn = "arn:aws:ssm-incidents::111122223333:replication-set/1"
    given = {"body": ACTIVE, "account": "111122223333", "arn": arn, "tags": {"a": "b"}}
    assert control(endpoint.url, "POST", "seed", given) == (200, {"arn": arn})
    client = connect("us-east-1", "111122223333")
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert found == ACTIVE


def test_settings(endpoint: LocalEndpoint, client: Any) -> None:
    given = {"answer_shape": "model", "transition": {"progression": "immediate"}}
    status, settings = control(endpoint.url, "POST", "settings", given)
    assert status == 200
    assert settings == control(endpoint.url, "GET", "settings")[1]
    assert {name: settings[name] for name in given} == given
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert (found["arn"], found["status"]) == (arn, "ACTIVE")
    assert found["regionMap"]["us-east-1"]["statusUpdateDateTime"] >= found["createdTime"]


def test_moto_sets_transitions_too(endpoint: LocalEndpoint, client: Any) -> None:
    given = {"model_name": "ssm-incidents::replication-set", "transition": {"progression": "manual", "times": 1}}
    status, _answer = send(endpoint.url, "POST", "/moto-api/state-manager/set-transition", given)
    assert status == 201
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    assert client.get_replication_set(arn=arn)["replicationSet"]["status"] == "ACTIVE"


def test_reset_keeps_the_other_services(endpoint: LocalEndpoint, client: Any) -> None:
    key = endpoint.client("kms").create_key()["KeyMetadata"]["KeyId"]
    endpoint.seed(ACTIVE)
    control(endpoint.url, "POST", "settings", {"answer_shape": "model", "fail_next": {"us-east-1": "x"}})
    control(endpoint.url, "POST", "faults", [{"fault": "internal"}])
    assert control(endpoint.url, "POST", "reset")[0] == 200
    assert client.list_replication_sets()["replicationSetArns"] == []
    assert endpoint.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key
    settings = control(endpoint.url, "GET", "")[1]["settings"]
    assert (settings["answer_shape"], settings["fail_next"]) == ("recorded", {})


def test_moto_reset_takes_the_sets(endpoint: LocalEndpoint, connect: Connect) -> None:
    endpoint.seed(ACTIVE)
    assert send(endpoint.url, "POST", "/moto-api/reset")[0] == 200
    assert connect().list_replication_sets()["replicationSetArns"] == []


def test_a_key_of_its_kms(endpoint: LocalEndpoint, client: Any) -> None:
    key = endpoint.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = client.create_replication_set(regions={"us-east-1": {"sseKmsKeyId": key}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert found["regionMap"]["us-east-1"]["sseKmsKeyId"] == key


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, str(FOLDER), "--port", "0", "--port-file", str(port_file), "--polls", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+$", said.strip())
        assert url, process.communicate()
        try:
            help_text = ""
            while "Ctrl-C" not in help_text:
                help_text += process.stdout.readline()
            client = boto3.client(
                "ssm-incidents",
                region_name="us-east-1",
                endpoint_url=url[0],
                aws_access_key_id=str(re.findall(r"AWS_ACCESS_KEY_ID=(\S+)", help_text)[0]),
                aws_secret_access_key=str(re.findall(r"AWS_SECRET_ACCESS_KEY=(\S+)", help_text)[0]),
            )
            assert client.list_replication_sets()["replicationSetArns"] == []
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert f"group/incident_manager.aws.aws:\n      endpoint_url: {url[0]}\n" in help_text
        assert port_file.read_text() == url[0].rpartition(":")[2] + "\n"
        assert [path.name for path in tmp_path.iterdir()] == ["port"]
        assert process.stderr is not None
        assert process.stderr.read() == ""
