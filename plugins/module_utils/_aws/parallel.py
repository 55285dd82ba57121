# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making several calls to AWS at once."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Callable, Iterator, Mapping, TypeVar

from .errors import READ_TIMEOUT, AnsibleSSMIncidentsError, as_failure

#: A Region, alone or with what else tells one call from another.
Key = TypeVar("Key", str, "tuple[str, str]")
Result = TypeVar("Result")


def in_parallel(
    calls: Mapping[Key, Callable[[], Result]],
    seconds: float | None = None,
) -> Iterator[tuple[Key, Result | AnsibleSSMIncidentsError]]:
    """Make calls side by side, each in a thread of its own.

    The threads are daemons: if one call hangs, a caller that has its answer need not wait for it. Make the calls' clients
    beforehand, one after the other: boto3's sessions, unlike its clients, are not safe to share between threads.

    :param calls: the calls, each with a key, such as its Region.
    :param seconds: how long to wait for all of them; None for as long as they take.
    :return: each key with what its call returned or, as an AnsibleSSMIncidentsError, how it failed; in the order in which
        they come.
    """
    results: SimpleQueue[tuple[Key, Result | AnsibleSSMIncidentsError]] = SimpleQueue()

    def make(key: Key, call: Callable[[], Result]) -> None:
        try:
            results.put((key, call()))
        except Exception as error:  # Whatever it is, the other calls count.
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


def no_response(region: str, seconds: float) -> AnsibleSSMIncidentsError:
    """Return the failure of a call that has not ended in time."""
    reason = f"no response within {seconds:.3g} seconds"
    return AnsibleSSMIncidentsError(f"Failed to call AWS in Region {region}", code=READ_TIMEOUT, reason=reason)


def within(seconds: float, region: str, call: Callable[[], Result]) -> Result:
    """Make one call in a Region, and return what it returns.

    :raises AnsibleSSMIncidentsError: if it fails, or has not ended in time.
    """
    for _region, result in in_parallel({region: call}, seconds):
        if isinstance(result, AnsibleSSMIncidentsError):
            raise result
        return result
    raise AssertionError("in_parallel() yields each call's result")


# As many connections as a client of botocore keeps. AWS throttles a caller that sends many calls at once.
_BATCH = 10


def in_batches(calls: Mapping[Key, Callable[[], Result]]) -> dict[Key, Result]:
    """Make calls side by side, ten at a time, and return what each returned.

    :param calls: as for in_parallel().
    :raises AnsibleSSMIncidentsError: if a call fails. Those that come after its batch are not made.
    """
    results: dict[Key, Result] = {}
    keys = list(calls)
    for start in range(0, len(keys), _BATCH):
        for key, result in in_parallel({key: calls[key] for key in keys[start : start + _BATCH]}):
            if isinstance(result, AnsibleSSMIncidentsError):
                raise result
            results[key] = result
    return results
