# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the endpoint as a command."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from endpoint.client import ControlClient
from endpoint.examples import ACCOUNT, ARN, REGIONS, TAGS
from helpers.checkout import CHECKOUT

pytestmark = pytest.mark.slow

FOLDER = CHECKOUT / "tests" / "endpoint"
# What a user's shell may have for AWS.
USER_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAOFTHEUSER",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-user",
    "AWS_SESSION_TOKEN": "token-of-the-user",
    "AWS_PROFILE": "profile-of-the-user",
    "AWS_URL": "http://127.0.0.1:1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_REGION": "ap-south-1",
}


@contextmanager
def running(file: Path, *options: str) -> Iterator[str]:
    """Start the endpoint on a free port, yield what it prints, and stop it with Ctrl-C."""
    command = [sys.executable, str(FOLDER), "--port", "0", "--environment", str(file), *options]
    environment = {**os.environ, **USER_ENVIRONMENT}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        text = ""
        try:
            while "tests/endpoint/README.md" not in text:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                text += line
            yield text
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
    assert not any(value in text for value in USER_ENVIRONMENT.values())
    assert not file.exists()


def shell_variables(lines: str) -> dict[str, str]:
    """Return AWS's variables of a shell of the user after the lines."""
    command = ["bash", "-euc", f"{lines}\nexport -p | grep AWS_"]
    shell = subprocess.run(command, env=USER_ENVIRONMENT, capture_output=True, text=True, check=True)
    return dict(re.findall(r'declare -x (\w+)="(.*)"', shell.stdout))


def client(lines: str, service: str = "ssm-incidents") -> Any:
    """Return a boto3 client that is connected as the lines say."""
    variables = shell_variables(lines)
    return boto3.client(
        service,
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def test_the_account_of_the_examples(tmp_path: Path) -> None:
    file = tmp_path / "endpoint.sh"
    with running(file) as text:
        lines = file.read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["endpoint.sh"]
        assert lines in text and f". {file}" in text and ACCOUNT in text
        assert set(shell_variables(lines)) == {
            *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
        }
        assert client(lines, "sts").get_caller_identity()["Account"] == ACCOUNT
        incidents = client(lines)
        assert incidents.list_replication_sets()["replicationSetArns"] == [ARN]
        assert incidents.list_tags_for_resource(resourceArn=ARN)["tags"] == TAGS
        region_map = incidents.get_replication_set(arn=ARN)["replicationSet"]["regionMap"]
        assert sorted(region_map) == list(REGIONS)
        kms = client(lines, "kms")
        key = kms.describe_key(KeyId=region_map["eu-west-1"]["sseKmsKeyId"])["KeyMetadata"]
        assert key["KeyState"] == "Enabled"
        kms.disable_key(KeyId=key["Arn"])
        # The account is enabled only as long as it has its set, as at AWS.
        incidents.update_deletion_protection(arn=ARN, deletionProtected=False)
        kms.enable_key(KeyId=key["Arn"])
        incidents.delete_replication_set(arn=ARN)
        waiter = incidents.get_waiter("wait_for_replication_set_deleted")
        waiter.wait(arn=ARN, WaiterConfig={"Delay": 0, "MaxAttempts": 9})
        with pytest.raises(ClientError, match="UnsupportedOperationException"):
            incidents.create_replication_set(regions={"eu-west-1": {}})

        kms.schedule_key_deletion(KeyId=key["Arn"])
        control = ControlClient(shell_variables(lines)["AWS_ENDPOINT_URL"])
        control._request("POST", "reset")
        assert incidents.get_replication_set(arn=ARN)["replicationSet"]["deletionProtected"] is True
        assert kms.describe_key(KeyId=key["Arn"])["KeyMetadata"]["KeyState"] == "Enabled"
        # A control request is for the account of the access key.
        other = control.seed({"status": "ACTIVE", "regionMap": {"eu-west-1": {"status": "ACTIVE"}}})
        assert incidents.list_replication_sets()["replicationSetArns"] == [other]


def test_the_command_to_try(ansible_environment: dict[str, str], tmp_path: Path) -> None:
    """The command that the endpoint prints works in the shell of the user, with what the endpoint prints before it."""
    file = tmp_path / "endpoint.sh"
    with running(file) as text:
        (command,) = [line for line in text.splitlines() if "ansible localhost" in line]
        outcome = subprocess.run(
            ["bash", "-ec", f". {file}; {command}"],
            env={**USER_ENVIRONMENT, **ansible_environment},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert ARN in outcome.stdout and '"Team": "Resilience"' in outcome.stdout


def test_an_empty_endpoint(tmp_path: Path) -> None:
    file = tmp_path / "endpoint.sh"
    with running(file, "--empty", "--polls", "1", "--enabled-account", "123456789012") as text:
        assert "123456789012" in text and ACCOUNT not in text
        incidents = client(file.read_text())
        assert incidents.list_replication_sets()["replicationSetArns"] == []
        incidents.create_replication_set(regions={"eu-west-1": {}})


@pytest.mark.parametrize("port", ["taken", "65536", "-1", "one"])
def test_a_port_that_cannot_be_used(port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        given = str(other.getsockname()[1]) if port == "taken" else port
        command = [sys.executable, str(FOLDER), f"--port={given}"]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == (1 if port == "taken" else 2)
    assert "PORT" in outcome.stderr.splitlines()[-1] and given in outcome.stderr.splitlines()[-1]
    assert "Traceback" not in outcome.stderr and outcome.stdout == ""


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ([], "--environment .build/endpoint.sh"),
        (["PORT=5056"], "--port '5056' --environment .build/endpoint-5056.sh"),
        (["EMPTY=1"], "--empty --environment .build/endpoint.sh"),
    ],
)
def test_the_options_of_make(variables: list[str], options: str) -> None:
    command = ["make", "--dry-run", "--old-file=.build/new/installed", "endpoint", *variables]
    shown = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == [".build/new/bin/python", "tests/endpoint", *options.split()]
