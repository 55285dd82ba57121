# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds and starts the browser for tests of pages: a Chromium on this machine, controlled by Playwright.

Playwright downloads its own browsers from a host that can't be reached if a network has only a package index.

Usage: browser.py. It prints the path of a Chromium. If there is none, it says what to do, and exits with 1.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The older environment has no Playwright.
    from playwright.sync_api import Browser

MISSING = (
    "There is no Chromium or Chrome on the PATH. The tests in a browser need one: on Debian, run make browser as root;"
    " elsewhere, install one of them."
)


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
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        # As by default in Playwright, Chromium has no sandbox, which few containers allow.
        started = playwright.chromium.launch(executable_path=path, args=["--host-resolver-rules=MAP * ~NOTFOUND"])
        try:
            yield started
        finally:
            started.close()


if __name__ == "__main__":
    print(find() or sys.exit(MISSING))
