# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the endpoint as a command."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

FOLDER = Path(__file__).parents[2] / "endpoint"


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    options = ["--port", "0", "--port-file", str(port_file), "--polls", "1", "--enabled-account", "123456789012"]
    command = [sys.executable, str(FOLDER), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+$", first_line.strip())
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
            client.create_replication_set(regions={"us-east-1": {}})
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert f"group/incident_manager.aws.aws:\n      endpoint_url: {url[0]}\n" in help_text
        assert port_file.read_text() == url[0].rpartition(":")[2] + "\n"
        assert [path.name for path in tmp_path.iterdir()] == ["port"]
        assert process.stderr is not None
        assert process.stderr.read() == ""
