# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool of threads that run tasks until a time limit. A task can return further tasks."""

from __future__ import annotations

import time
from itertools import chain
from threading import Condition, Lock, Thread
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Sequence

# How long to wait after the time limit for tasks that have started, in seconds.
_GRACE = 5

# The longest wait for another thread before the time limit is checked again, in seconds.
_INTERVAL = 1


class Task(NamedTuple):
    """A task.

    :ivar what: what the task is about. The caller uses it to report a task that was not run.
    :ivar run: runs the task, and returns the tasks that follow from it.
    """

    what: Any
    run: Callable[[], Sequence[Task]]


def carry_out(tasks: Iterable[Task], workers: int, deadline: float) -> Iterator[Task]:
    """Run tasks, and all tasks that follow from them, in parallel.

    The tasks that follow from a task run before those that already wait. This limits the number of waiting tasks, and so the
    memory that they need, regardless of the total number.

    :param tasks: the first tasks. One is taken from the iterator when no other task is waiting.
    :param workers: the number of threads.
    :param deadline: a time of time.monotonic(). No task is started after it.
    :return: the tasks that were not finished in time, including those that hang. The tasks that would have followed from them
        are not known.
    :raises BaseException: the exception that a task has raised. No other task is started then.
    """
    work = _Work(iter(tasks), deadline)
    threads = [
        Thread(target=work.work, name=f"incident_manager.aws export {number}", daemon=True) for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        return work.wait()
    finally:
        work.stop()


class _Work:
    """The tasks of one call of carry_out(), which its threads share."""

    def __init__(self, tasks: Iterator[Task], deadline: float) -> None:
        self._tasks = tasks
        self._deadline = deadline
        self._waiting: list[Task] = []
        self._active: dict[int, Task] = {}
        self._number = 0
        self._is_stopped = False
        self._error: BaseException | None = None
        lock = Lock()
        # Notifies the threads if a task is waiting, or if no task will follow any more.
        self._changed = Condition(lock)
        # Notifies wait() if a thread has ended.
        self._ended = Condition(lock)

    def work(self) -> None:
        """Run one task after the other, until there is none and none can follow. Each thread runs this."""
        while True:
            with self._changed:
                task = self._next()
                if task is None:
                    self._changed.notify_all()
                    self._ended.notify()
                    return
                number = self._number = self._number + 1
                self._active[number] = task
            try:
                following: Sequence[Task] = task.run()
            except BaseException as error:
                with self._changed:
                    self._error = self._error or error
                    self._is_stopped = True
                following = ()
            with self._changed:
                del self._active[number]
                self._waiting.extend(reversed(following))
                # This thread takes one of the new tasks itself.
                self._changed.notify(len(following) - 1 if following else 0)

    def wait(self) -> Iterator[Task]:
        """Wait until no task is running or the time limit has passed. Return the tasks that were not finished.

        :raises BaseException: the exception that a task has raised.
        """
        with self._changed:
            while not self._is_done() and time.monotonic() < self._deadline + _GRACE:
                self._ended.wait(_INTERVAL)
            self._is_stopped = True
            if self._error:
                raise self._error
            left = [*self._active.values(), *reversed(self._waiting)]
        return chain(left, self._tasks)

    def stop(self) -> None:
        """Start no further task."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _is_done(self) -> bool:
        """Return whether no task is running and none will be started. The lock is held."""
        if self._active or self._error:
            return not self._active
        return time.monotonic() >= self._deadline or (not self._waiting and not self._fetch())

    def _next(self) -> Task | None:
        """Return the next task, and wait for it if necessary; None if there will be no task. The lock is held."""
        while not self._is_stopped and time.monotonic() < self._deadline:
            if self._waiting or self._fetch():
                return self._waiting.pop()
            if not self._active:
                return None
            self._changed.wait(_INTERVAL)
        return None

    def _fetch(self) -> bool:
        """Move the next of the given tasks to the waiting tasks. Return whether there was one. The lock is held."""
        try:
            task = next(self._tasks, None)
        except BaseException as error:
            self._error = self._error or error
            self._is_stopped = True
            return False
        if task is not None:
            self._waiting.append(task)
        return task is not None
