# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command with the local endpoint, which is started on a free port of this machine and stopped afterwards.

Each of the commands that run side by side needs an endpoint of its own, and ansible-test can't start one.

The command gets the endpoint's URL in INCIDENT_MANAGER_ENDPOINT, and an access key in the variables of AWS's tools.

Usage: with_endpoint.py COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The account of the access key, which can create a replication set.
ACCOUNT = "123456789012"

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from endpoint.client import USER  # noqa: E402
from helpers.credentials import environment_variables  # noqa: E402


def main() -> int:
    # SIGTERM acts like Ctrl-C, so that the endpoint is always stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with endpoint() as url:
        environment = {
            **os.environ,
            **environment_variables(USER),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "INCIDENT_MANAGER_ENDPOINT": url,
        }
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


@contextmanager
def endpoint() -> Iterator[str]:
    """Start the local endpoint, and yield its URL."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "environment")
        with Path(folder, "log").open("w+", encoding="utf-8") as log:
            options = ["--empty", "--port", "0", "--environment", str(lines), "--enabled-account", ACCOUNT]
            command = [sys.executable, str(TESTS / "endpoint"), *options]
            with subprocess.Popen(command, stdout=log, stderr=log) as server:
                try:
                    yield _url(server, lines)
                except RuntimeError:
                    log.seek(0)
                    sys.stderr.write(log.read())
                    raise
                finally:
                    server.terminate()


def _url(server: subprocess.Popen[bytes], lines: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        if lines.exists():
            return lines.read_text(encoding="utf-8").partition("AWS_ENDPOINT_URL=")[2].split()[0]
        time.sleep(0.05)
    raise RuntimeError("The local endpoint did not start")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
