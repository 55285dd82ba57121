# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the uv in .build/uv, by default with pip's index and certificates, and with the system's certificates.

uv does not read pip's configuration. A network with a package index of its own usually configures pip only.

Usage: run_uv.py COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".build/uv/bin").absolute()


def uv(*command: str) -> None:
    """Run a command of uv.

    :raises subprocess.CalledProcessError: if it fails.
    """
    environment = {
        "UV_SYSTEM_CERTS": "true",
        "UV_PYTHON_INSTALL_DIR": str(FOLDER.parent / "pythons"),
        **_from_pip("index-url", "UV_DEFAULT_INDEX"),
        **_from_pip("cert", "SSL_CERT_FILE"),
        **os.environ,
    }
    subprocess.run([str(FOLDER / "uv"), "--quiet", *command], env=environment, check=True)


def _from_pip(option: str, variable: str) -> dict[str, str]:
    """Return an environment variable with the value of pip's option, if the option is set."""
    for section in (":env:", "global"):
        command = [str(FOLDER / "pip"), "config", "get", f"{section}.{option}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return {variable: answer.stdout.strip()}
    return {}


if __name__ == "__main__":
    try:
        uv(*sys.argv[1:])
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
