# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the virtual environment .build/NAME from tests/requirements/NAME.txt, or for "devel" from the newest pre-releases.

uv does the work. This script chooses the Python: an installed one that can make a virtual environment, or one that uv
downloads.

Usage: prepare_environment.py NAME, which is a key of VERSIONS
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from pythons import pythons
from run_uv import uv

#: The Python versions, the preferred one first, for each ansible-core (the oldest, the newest, and those between), and for the
#: programs that are tried with the endpoint.
VERSIONS = {
    # ansible-core 2.16 runs on 3.12 too. But botocore 1.31.0 uses functions that are deprecated there, and tests fail on
    # warnings.
    "old": ["3.11"],
    "new": ["3.13", "3.14", "3.12"],  # ansible-core 2.21
    "2.17": ["3.11", "3.12"],
    "2.18": ["3.11", "3.12", "3.13"],
    "2.19": ["3.11", "3.12", "3.13"],
    "2.20": ["3.13", "3.12", "3.14"],
    "devel": ["3.13", "3.14"],  # ansible-core 2.22
    "awscli": ["3.13", "3.14", "3.12", "3.11"],
    "prowler": ["3.12", "3.13", "3.11"],
}


def main() -> None:
    name = sys.argv[1]
    environment = Path(".build", name)
    print(f"Preparing {environment} ...", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    uv("venv", "--python", python_for(name), str(environment))
    if name == "devel":
        uv("pip", "install", "--python", str(environment), "--refresh", "--requirement", "tests/requirements/devel.in")
    else:
        uv("pip", "sync", "--python", str(environment), f"tests/requirements/{name}.txt")
    # The Makefile uses a path without Python's version.
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (environment / "site-packages").symlink_to(site_packages.relative_to(environment))


def python_for(name: str) -> str:
    """Return an interpreter for an environment: an installed one, or one that uv downloads."""
    installed = pythons()
    for version in VERSIONS[name]:
        if version in installed:
            return str(installed[version])
    versions = " or ".join(VERSIONS[name])
    print(f"There is no Python {versions} here; uv tries to download one.", flush=True)
    try:
        uv("python", "install", "--no-bin", VERSIONS[name][0])
    except subprocess.CalledProcessError:
        if name == "new" and "3.11" in installed:
            print("NOTE: the newest Ansible for Python 3.11 is 12, with ansible-core 2.19: the tests run with that.")
            return str(installed["3.11"])
        sys.exit(f"Please install Python {versions}, with its venv and ensurepip.")
    return VERSIONS[name][0]


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"uv failed: {failure}")
