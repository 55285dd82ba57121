# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parallel calls to AWS."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Callable, Iterator, Mapping, TypeVar

from .errors import READ_TIMEOUT, Failure, as_failure

#: The key of a call: a Region, or a Region and another text.
Key = TypeVar("Key", str, "tuple[str, str]")
Result = TypeVar("Result")


def in_parallel(
    calls: Mapping[Key, Callable[[], Result]],
    seconds: float | None = None,
) -> Iterator[tuple[Key, Result | Failure]]:
    """Make calls in parallel, each in its own thread.

    The threads are daemons, so a caller that has its result doesn't wait for a call that hangs. Make the clients before the
    calls, one after the other: unlike boto3's clients, its sessions are not thread-safe.

    :param calls: the calls, each with a key, such as its Region.
    :param seconds: the maximum time to wait for all calls; None for no limit.
    :return: each key with the result of its call, or with its failure as an Failure, in the order in which
        the calls end.
    """
    results: SimpleQueue[tuple[Key, Result | Failure]] = SimpleQueue()

    def make(key: Key, call: Callable[[], Result]) -> None:
        try:
            results.put((key, call()))
        except Exception as error:  # One call must not stop the others.
            results.put((key, as_failure(error)))

    for key, call in calls.items():
        Thread(target=make, args=(key, call), name=f"incident_manager.aws {key}", daemon=True).start()
    deadline = None if seconds is None else time.monotonic() + seconds
    missing = set(calls)
    while missing:
        try:
            key, result = results.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        missing.remove(key)
        yield key, result
    for key in missing:
        yield key, no_response(key if isinstance(key, str) else key[0], seconds or 0)


def no_response(region: str, seconds: float) -> Failure:
    """Return the failure of a call that timed out."""
    reason = f"no response within {round(seconds, 1):g} seconds"
    return Failure(f"Failed to call AWS in Region {region}", code=READ_TIMEOUT, reason=reason)


# The size of a botocore client's connection pool. AWS throttles a caller that sends many calls at once.
_BATCH = 10


def in_batches(calls: Mapping[Key, Callable[[], Result]]) -> dict[Key, Result]:
    """Make calls in parallel, ten at a time, and return their results.

    :param calls: as for in_parallel().
    :raises Failure: if a call fails. The batches after it are not sent.
    """
    results: dict[Key, Result] = {}
    keys = list(calls)
    for start in range(0, len(keys), _BATCH):
        for key, result in in_parallel({key: calls[key] for key in keys[start : start + _BATCH]}):
            if isinstance(result, Failure):
                raise result
            results[key] = result
    return results
