# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on the collection that is installed next to it. The only network that this needs is a package index.

Run this script with one of the Python environments. ansible-test passes few variables besides HOME and PATH to its processes.
So its HOME is a directory in the environment, with pip's configuration and everything that ansible-test installs.

Usage: run_ansible_test.py COMMAND [ARGUMENT...]
"""

from __future__ import annotations

import ast
import configparser
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from string import Template
from types import SimpleNamespace

import ansible_collections
from ansible_test._internal.python_requirements import get_venv_packages
from pythons import pythons

COLLECTION = Path(next(iter(ansible_collections.__path__)), "incident_manager", "aws")
ENVIRONMENT = Path(sys.prefix)
HOME = ENVIRONMENT / "home"

# ansible-test downloads a script like this, and not from the package index, unless it has one in its cache.
# ensurepip runs in a child process, because it removes pip's configuration from its process.
GET_PIP = """\
import subprocess
import sys

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", *arguments], check=True)
"""


def main() -> int:
    # Only one run at a time at each end: sanity tests read files that the integration tests make and remove.
    with (ENVIRONMENT / "ansible-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return run()


def run() -> int:
    command, *arguments = sys.argv[1:]
    configure_pip()
    provide_get_pip()
    if command == "integration":
        configure_integration()
    # Sanity tests compile and import the modules with each of the other Pythons.
    path = [ENVIRONMENT / "bin", *(python.parent for python in pythons().values()), *os.get_exec_path()]
    environment = {**os.environ, "HOME": str(HOME), "PATH": os.pathsep.join(map(str, path))}
    ansible_test = [str(ENVIRONMENT / "bin" / "ansible-test"), command, "--local", "--color", "no", *arguments]
    return subprocess.run(ansible_test, cwd=COLLECTION, env=environment, check=False).returncode


def configure_pip() -> None:
    """Write pip's configuration, from all of its files and variables, to the home of ansible-test."""
    configuration = configparser.RawConfigParser()
    configuration.read_dict({"global": {"cache-dir": pip("cache", "dir").strip()}, "install": {"quiet": "2"}})
    for line in pip("config", "list").splitlines():
        key, _separator, value = line.partition("=")
        section, _separator, option = key.replace(":env:", "global").rpartition(".")
        configuration.read_dict({section: {option: ast.literal_eval(value).replace("\n", "\n\t")}})
    file = HOME / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as opened:
        configuration.write(opened)


def pip(*arguments: str) -> str:
    return subprocess.run([".build/uv/bin/pip", *arguments], capture_output=True, text=True, check=True).stdout


def provide_get_pip() -> None:
    version = get_venv_packages(SimpleNamespace(version=None))["pip"]
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP, encoding="utf-8")


def configure_integration() -> None:
    """Write the integration tests' configuration for the local endpoint, which with_endpoint.py has started."""
    folder = COLLECTION / "tests" / "integration"
    template = Template((folder / "integration_config.yml.template").read_text(encoding="utf-8"))
    (folder / "integration_config.yml").write_text(template.substitute(os.environ), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
