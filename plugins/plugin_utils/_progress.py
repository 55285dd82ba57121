# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Displays the progress of a module while it runs."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Callable, Mapping, TextIO

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.progress import PROGRESS_FILE

# How often the file is read, and after which time without a line the last one is repeated, in seconds.
_PAUSE, _HEARTBEAT = 0.2, 60

# Ansible imports this before it starts its workers. In newer versions, they have no standard error of their own.
_STDERR = os.dup(2)


class ProgressAction(NormalAction):
    """Runs the module of the same name, and displays the lines that it writes to a file.

    The lines go to stderr, because callbacks such as json own stdout.
    """

    def run(self, tmp: None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the module. Return its result."""
        variables = task_vars or {}
        if not self._is_shown(variables):
            return super().run(tmp, task_vars)
        try:
            # Ansible removes this directory at its end.
            descriptor, path = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP, prefix="progress-")
        except OSError:
            return super().run(tmp, task_vars)
        self._task.environment = [*(self._task.environment or []), {PROGRESS_FILE: path}]
        is_done = Event()
        host = variables["inventory_hostname"]
        follower = Thread(target=self._follow, args=(descriptor, host, is_done), daemon=True)
        follower.start()
        try:
            return super().run(tmp, task_vars)
        finally:
            # With async, the module has only begun. Ansible waits for it in this process.
            if not self._task.async_val:
                is_done.set()
                follower.join()

    def _is_shown(self, variables: Mapping[str, Any]) -> bool:
        # The module can write the file only if it runs here.
        if self._connection.transport != "local" or self._task.no_log:
            return False
        wanted = os.environ.get("INCIDENT_MANAGER_PROGRESS", True)
        if "incident_manager_progress" in variables:
            wanted = self._templar.template(variables["incident_manager_progress"])
        # A value that is no text, such as a dictionary, must not be an error.
        return boolean(str(wanted), strict=False)

    def _follow(self, descriptor: int, host: str, is_done: Event) -> None:
        """Display what the module writes until it is done."""
        # Ctrl-C and the time limit of a task must interrupt the main thread, which waits for the module.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            screen = Screen(file, self._show, host)
            while not is_done.wait(_PAUSE):
                screen.update()
            screen.update()

    def _show(self, line: str) -> None:
        is_pipe = stat.S_ISFIFO(os.fstat(_STDERR).st_mode)
        # Ansible's main process displays it, as what display() sends there. With ansible-runner, display() itself would wait forever
        # in a thread of a worker of ansible-core 2.18 and older, for a lock that the main thread has.
        self._display._final_q.send_display("display", line, stderr=True, log_only=is_pipe)
        if is_pipe:
            # The main process hangs if it can't write, because the reader of the pipe, such as head, has ended.
            with suppress(OSError):
                os.write(_STDERR, f"{line}\n".encode())


class Screen:
    def __init__(self, file: TextIO, show: Callable[[str], object], host: str) -> None:
        """
        :param file: the lines that the module writes.
        :param show: displays a line.
        :param host: the host's name, for the beginning of each line.
        """
        self._file, self._show, self._host = file, show, host
        self._started = self._last_at = time.monotonic()
        self._last = ""

    def update(self) -> None:
        """Display the new lines, each with the time since the beginning. Without one for a minute, repeat the last line."""
        now = time.monotonic()
        minutes, seconds = divmod(int(now - self._started), 60)
        lines = self._file.read().splitlines()
        if self._last and now - self._last_at >= _HEARTBEAT:
            lines = lines or [self._last]
        for self._last in lines:
            self._last_at = now
            self._show(f"[{self._host}] {self._last} [{minutes}m {seconds:02}s]")
