# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds, installs and starts the browser for tests of pages: a Chromium of this machine, controlled by Playwright.

Usage: browser.py install
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The older environment has no Playwright.
    from playwright.sync_api import Browser


def find() -> str | None:
    """Return the path of a Chromium, or None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium, yield it and stop it. It can't connect to other machines.

    :raises FileNotFoundError: if there is no Chromium.
    :raises ImportError: if there is no Playwright.
    """
    from playwright.sync_api import sync_playwright

    path = find()
    if not path:
        raise FileNotFoundError("There is no Chromium on the PATH")
    with sync_playwright() as playwright:
        # Without a sandbox, which is Playwright's default and which few containers allow.
        started = playwright.chromium.launch(executable_path=path, args=["--host-resolver-rules=MAP * ~NOTFOUND"])
        try:
            yield started
        finally:
            started.close()


def install() -> None:
    """Install Chromium if there is none, with apt-get as root."""
    if find():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
    if not find():
        print("NOTE: there is no Chromium here: the tests in a browser are left out.", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit(__doc__)
    install()
