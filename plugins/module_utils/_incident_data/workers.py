# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Threads that run tasks until a deadline. Nothing of AWS is imported here."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import chain, islice
from queue import SimpleQueue
from threading import Thread
from typing import Any, Callable, Iterable, Iterator, TypeVar

Item = TypeVar("Item")


class Workers:
    """
    Threads that run tasks.

    They are daemons, unlike those of concurrent.futures, so that neither run() nor the end of the process waits for a call that
    hangs. Such a call occupies its thread until it ends, so that there are never more calls than threads.

    :param number: the number of threads.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._tasks: SimpleQueue[tuple[Future[object], Callable[[Any], object], Any] | None] = SimpleQueue()
        for _index in range(number):
            Thread(target=self._work, daemon=True).start()

    def run(
        self, function: Callable[[Item], object], items: Iterable[Item], deadline: float
    ) -> Iterator[tuple[Item, bool]]:
        """Call a function with each item, in parallel, and yield each item when its call has ended.

        Few items are taken in advance, so that the memory does not depend on their number.

        :param deadline: a time of time.monotonic(). No call is started after it, and none is waited for.
        :return: each item, with whether its call has ended in time. The function may still run for an item whose call has not.
        :raises BaseException: the exception that the function has raised.
        """
        waiting = iter(items)
        running: dict[Future[object], Item] = {}
        while True:
            room = 2 * self._number - len(running) if time.monotonic() < deadline else 0
            for item in islice(waiting, room):
                future: Future[object] = Future()
                running[future] = item
                self._tasks.put((future, function, item))
            ended = wait(running, max(0, deadline - time.monotonic()), FIRST_COMPLETED).done
            if not ended:
                break
            for future in ended:
                future.result()
                yield running.pop(future), True
        for item in chain(running.values(), waiting):
            yield item, False

    def end(self) -> None:
        """End the threads, each after its call."""
        for _index in range(self._number):
            self._tasks.put(None)

    def _work(self) -> None:
        """Run one task after the other. Each thread runs this."""
        for future, function, item in iter(self._tasks.get, None):
            try:
                future.set_result(function(item))
            except BaseException as error:
                future.set_exception(error)
