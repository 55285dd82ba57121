# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of a module: lines in a file, which plugin_utils/_progress.py displays on the controller."""

from __future__ import annotations

import os
import time
from typing import Callable

from .text import one_line, shorten

#: The environment variable with the path of the file. Without it, nothing is written.
PROGRESS_FILE = "INCIDENT_MANAGER_PROGRESS_FILE"

# The shortest time between the lines of show_at_times(), in seconds.
_PAUSE = 10


class Progress:
    def __init__(self, mask: Callable[[str], str]) -> None:
        """:param mask: returns a text without secrets."""
        self._mask = mask
        self._next_at = 0.0

    def show(self, text: str) -> None:
        """Write a line."""
        try:
            with open(os.environ[PROGRESS_FILE], "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{one_line(shorten(self._mask(text)))}\n")
        except (KeyError, OSError):
            pass  # The module's work does not depend on it.

    def show_at_times(self, text: Callable[[], str]) -> None:
        """Write a line, but at most one in ten seconds.

        :param text: returns the line.
        """
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + _PAUSE
            self.show(text())
