# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A number of threads that carry out tasks, which lead to further tasks, until a time limit."""

from __future__ import annotations

import time
from itertools import chain
from threading import Condition, Lock, Thread
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Sequence

# How long tasks that have started may go on after the time limit, in seconds.
_GRACE = 5

# How long to wait for something to happen before looking again, in seconds.
_INTERVAL = 1


class Task(NamedTuple):
    """
    :ivar what: what it is about, for whoever has to say that it was not carried out.
    :ivar run: carries it out, and returns the tasks that follow from it.
    """

    what: Any
    run: Callable[[], Sequence[Task]]


def carry_out(tasks: Iterable[Task], workers: int, deadline: float) -> Iterator[Task]:
    """Carry out tasks, and all that follow from them, side by side.

    A task that follows from another comes before those that are waiting, so that few are waiting at any time: the number
    does not depend on how many there are in all.

    :param tasks: taken one by one, when nothing else is waiting.
    :param workers: how many at a time.
    :param deadline: a time of time.monotonic(), after which none is started.
    :return: those that were not carried out in time, also because they hang. All others that would have followed from
        them are not known.
    :raises BaseException: what a task has raised. No further one is started then.
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
    def __init__(self, tasks: Iterator[Task], deadline: float) -> None:
        self._tasks = tasks
        self._deadline = deadline
        self._waiting: list[Task] = []
        self._active: dict[int, Task] = {}
        self._number = 0
        self._is_stopped = False
        self._error: BaseException | None = None
        lock = Lock()
        # For the threads: there is another task, or none will come any more. For wait(): everything is done.
        self._changed = Condition(lock)
        self._ended = Condition(lock)

    def work(self) -> None:
        """Carry out one task after the other, as long as there may be one."""
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
                # This thread takes one of them itself.
                self._changed.notify(len(following) - 1 if following else 0)

    def wait(self) -> Iterator[Task]:
        """Return the tasks that were not carried out, when no other is active any more."""
        with self._changed:
            while not self._is_done() and time.monotonic() < self._deadline + _GRACE:
                self._ended.wait(_INTERVAL)
            self._is_stopped = True
            if self._error:
                raise self._error
            left = [*self._active.values(), *reversed(self._waiting)]
        return chain(left, self._tasks)

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _is_done(self) -> bool:
        if self._active or self._error:
            return not self._active
        return time.monotonic() >= self._deadline or (not self._waiting and not self._fetch())

    def _next(self) -> Task | None:
        """Return the next task as soon as there is one, None if there is none any more."""
        while not self._is_stopped and time.monotonic() < self._deadline:
            if self._waiting or self._fetch():
                return self._waiting.pop()
            if not self._active:
                return None
            self._changed.wait(_INTERVAL)
        return None

    def _fetch(self) -> bool:
        """Put the next of the given tasks to those that are waiting, if there is one."""
        try:
            task = next(self._tasks, None)
        except BaseException as error:
            self._error = self._error or error
            self._is_stopped = True
            return False
        if task is not None:
            self._waiting.append(task)
        return task is not None
