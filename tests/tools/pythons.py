# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the Python interpreters of this machine.

"uv python find" accepts the Python of a Debian without python3-venv, which ansible-test can't use. It also does not look
behind pyenv's shims.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SUPPORTED = [f"3.{minor}" for minor in range(8, 15)]

# This fails on a Debian without python3-venv, and with pyenv's shim of a version that is not installed.
_USABLE = "import ensurepip, venv"


def pythons() -> dict[str, Path]:
    """Return the interpreters that can make a virtual environment, by version, such as 3.11."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    # pyenv has a shim for each of its versions, but only those of the active versions work.
    folders += [found for shims in folders if shims.name == "shims" for found in shims.parent.glob("versions/*/bin")]
    candidates = {
        version: [folder / f"python{version}" for folder in folders if folder.name != "shims"] for version in _SUPPORTED
    }
    return {
        version: usable
        for version, paths in candidates.items()
        if (usable := next((path for path in paths if _is_usable(path)), None))
    }


def _is_usable(python: Path) -> bool:
    return python.is_file() and not subprocess.run([python, "-c", _USABLE], capture_output=True, check=False).returncode
