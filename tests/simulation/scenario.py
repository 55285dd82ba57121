# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that happens in a world, as data. A world can be made again from it, and its repr() is Python code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

ACCOUNT = "999988887777"
#: The Regions of the worlds' sets. The service's other Regions only list the set.
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
DEFAULT_KEY = "DefaultKey"
#: How long a call waits for its answer, in seconds, as the managing module connects.
READ_TIMEOUT = 20.0

READS = ("GetReplicationSet", "ListReplicationSets", "ListTagsForResource")
WRITES = (
    "CreateReplicationSet",
    "DeleteReplicationSet",
    "TagResource",
    "UntagResource",
    "UpdateDeletionProtection",
    "UpdateReplicationSet",
)

#: Temporary errors of AWS, or of what is in front of it, each with its status.
TRANSIENT = (
    ("InternalFailure", 500),
    ("InternalServerException", 500),
    ("RequestTimeout", 408),
    ("ServiceUnavailable", 503),
    ("Throttling", 400),
    ("ThrottlingException", 429),
    ("TooManyRequestsException", 429),
    ("", 429),
    ("", 500),
    ("", 502),
    ("", 503),
    ("", 504),
)

#: What a fault does to one call. "after" means that AWS has carried the call out.
FAULTS = (
    "error",  # one of TRANSIENT
    "error after",
    "reset",  # the connection is closed without an answer
    "reset after",
    "hang",
    "hang after",
    "late",  # no answer comes in time, and AWS carries the call out some seconds later
    "malformed",  # AWS has carried the call out if it is a write
    "conflict",
    "conflict until",  # with retryAfter
    "refused",  # ValidationException
    "denied",
    "not found",
    "kill",  # the process ends
    "kill after",
    "interrupt",  # Ctrl-C
    "interrupt after",
)
#: The kinds of outages.
OUTAGES = ("drop", "hang", "503", "denied", "throttled", "conflict", "conflict until", "malformed")

#: What somebody else can do.
ACTS = (
    "add Region",
    "delete Region",
    "protect",
    "unprotect",
    "tag",
    "untag",
    "delete",
    "recreate",
    "the same",  # what the task is about to do
    "undo",  # what the task did last
    "corner",  # delete all Regions but the one that the task is about to delete
)


def kms_key(region: str, number: int) -> str:
    """Return the ARN of one of the two keys that exist in each Region."""
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{number:08d}-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Start:
    """The set that exists at the start.

    :ivar keys: Region names, each with its key.
    :ivar failed: the Regions that are FAILED, each with its statusMessage.
    """

    keys: Mapping[str, str]
    protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"


@dataclass(frozen=True)
class Outage:
    """A time during which calls fail.

    :ivar kind: one of OUTAGES.
    :ivar regions: the Regions that it affects; empty for all.
    :ivar operations: the operations that it affects; empty for all.
    :ivar since: when it begins, in seconds after the start of the world. until is in the same unit.
    """

    kind: str
    regions: Sequence[str] = ()
    operations: Sequence[str] = ()
    since: float = 0
    until: float = 1e9


@dataclass(frozen=True)
class Fault:
    """A fault of one call.

    :ivar kind: one of FAULTS.
    :ivar on: "read" or "write".
    :ivar number: the number of the read or of the write; the first is 0.
    :ivar detail: the index in TRANSIENT, or a number of seconds.
    """

    kind: str
    on: str
    number: int
    detail: int = 0


@dataclass(frozen=True)
class Act:
    """What somebody else does before a call.

    :ivar kind: one of ACTS.
    :ivar on: "call" or "write".
    :ivar number: the number of the call or of the write before which it happens.
    :ivar value: the Region, or the tag's key.
    :ivar is_instant: whether the change that it starts is complete at once.
    """

    kind: str
    on: str
    number: int
    value: str = ""
    is_instant: bool = True


@dataclass(frozen=True)
class Scenario:
    """A world and the task that runs in it.

    :ivar task: the managing module's options that are not the default.
    :ivar caller: the connection's Region.
    :ivar start: the set; None if the account has none.
    :ivar owns_other: whether the task names an ARN that is not that of the account's set.
    :ivar enabled: whether the account can create a set.
    :ivar polls: how many reads a change takes if seconds is None.
    :ivar seconds: how many seconds a change takes; None if it takes polls.
    :ivar lag: Settings.read_lag of the local endpoint.
    :ivar fails: the Regions whose next change fails, each with the message.
    :ivar respelled: "keys" or "tags" if AWS reports them in another form than it was given.
    :ivar settings: other settings of the local endpoint.
    """

    task: Mapping[str, Any] = field(default_factory=dict)
    caller: str = "us-east-1"
    start: Start | None = None
    owns_other: bool = False
    enabled: bool = True
    polls: int = 1
    seconds: float | None = None
    lag: Mapping[str, Any] = field(default_factory=dict)
    fails: Mapping[str, str] = field(default_factory=dict)
    respelled: str = ""
    outages: Sequence[Outage] = ()
    faults: Sequence[Fault] = ()
    acts: Sequence[Act] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def make_scenario(random: Random) -> Scenario:
    """Return a world. The first value of each list is the simplest, because hypothesis shrinks to the first values."""
    start = _start(random) if _happens(random, 0.85) else None
    return Scenario(
        task=_task(random, start),
        caller=random.choice([*(start.keys if start else ()), *REGIONS]),
        start=start,
        owns_other=_happens(random, 0.03),
        enabled=not _happens(random, 0.05),
        polls=random.choice([1, 0, 2, 3, 5]),
        seconds=random.choice([3.0, 20.0, 90.0, 400.0, 4000.0]) if _happens(random, 0.3) else None,
        lag=_lag(random) if _happens(random, 0.25) else {},
        fails={random.choice(REGIONS): "The KMS key is disabled"} if _happens(random, 0.08) else {},
        respelled=random.choice(["keys", "tags"]) if _happens(random, 0.03) else "",
        outages=[_outage(random) for _number in range(random.choice([0, 0, 1, 1, 2, 3]))],
        faults=[_fault(random) for _number in range(random.choice([0, 0, 1, 1, 2, 3, 5]))],
        acts=[_act(random) for _number in range(random.choice([0, 0, 0, 1, 1, 2, 3]))],
        settings=_settings(random),
    )


def _happens(random: Random, probability: float) -> bool:
    return random.random() >= 1 - probability


def _keys(random: Random, number: int, of: str) -> dict[str, str]:
    """Return Regions, each with a key of one kind: "owned" or "managed"."""
    names = random.sample(REGIONS, number)
    return {name: DEFAULT_KEY if of == "owned" else kms_key(name, random.choice([1, 2])) for name in sorted(names)}


def _start(random: Random) -> Start:
    keys = _keys(random, random.choice([2, 1, 3]), random.choice(["owned", "managed"]))
    failed = {random.choice(list(keys)): "The KMS key is gone"} if _happens(random, 0.08) else {}
    return Start(
        keys=keys,
        protected=_happens(random, 0.25),
        tags=random.choice([{}, {"Team": "ops"}, {"Team": "ops", "Stage": "prod"}]),
        failed=failed,
        status="FAILED" if failed and _happens(random, 0.5) else "ACTIVE",
    )


def _task(random: Random, start: Start | None) -> dict[str, Any]:
    task: dict[str, Any] = {}
    if _happens(random, 0.15):
        task = {"state": "absent"}
        if _happens(random, 0.5):
            task["deletion_protected"] = False
    else:
        if start is None or _happens(random, 0.8):
            is_managed = start is not None and DEFAULT_KEY not in start.keys.values()
            kind = "managed" if is_managed or (start is None and _happens(random, 0.3)) else "owned"
            keys = _keys(random, random.choice([2, 1, 3]), kind)
            task["regions"] = [
                {"name": name, "sse_kms_key_id": None if key == DEFAULT_KEY else key} for name, key in keys.items()
            ]
        if _happens(random, 0.2):
            task["purge_regions"] = False
        if _happens(random, 0.6):
            task["replace_keys"] = True
        if _happens(random, 0.3):
            task["deletion_protected"] = random.choice([True, False])
        if _happens(random, 0.35):
            task["tags"] = random.choice([{"Team": "sre"}, {}, {"Team": "ops"}, {"Owner": "me", "Team": "ops"}])
            if _happens(random, 0.3):
                task["purge_tags"] = False
        if start is not None and _happens(random, 0.2):
            task["arn"] = "given"
    if _happens(random, 0.08):
        task["wait"] = False
    if _happens(random, 0.3):
        task["wait_timeout"] = random.choice([600, 60, 3, 0])
    return task


def _lag(random: Random) -> dict[str, Any]:
    lag: dict[str, Any] = random.choice([{"reads": 1}, {"reads": 3}, {"seconds": 2}, {"seconds": 6}, {"seconds": 40}])
    if _happens(random, 0.3):
        return {**lag, "regions": [random.choice(REGIONS)]}
    return lag


def _outage(random: Random) -> Outage:
    everywhere = _happens(random, 0.15)
    operations: list[Sequence[str]] = [(), WRITES, READS, ("ListReplicationSets",), ("ListTagsForResource",)]
    since = random.choice([0, 0, 1, 5, 30])
    return Outage(
        kind=random.choice(OUTAGES),
        regions=() if everywhere else tuple(random.sample(REGIONS, random.choice([1, 1, 2]))),
        operations=random.choice(operations) if _happens(random, 0.3) else (),
        since=since,
        until=since + random.choice([2, 10, 60, 500, 1e9]),
    )


def _fault(random: Random) -> Fault:
    on = random.choice(["write", "write", "read"])
    # Most tasks make few writes.
    number = random.choice([0, 0, 0, 1, 1, 2, 3, 4]) if on == "write" else random.randint(0, 12)
    # These faults are rarer, because nothing happens after the process has ended.
    kinds = FAULTS if _happens(random, 0.3) else [kind for kind in FAULTS if not kind.startswith(("kill", "interrupt"))]
    return Fault(random.choice(kinds), on, number, random.randint(0, len(TRANSIENT) - 1))


def _act(random: Random) -> Act:
    kind = random.choice(ACTS)
    on = "write" if kind in ("the same", "undo", "corner") else random.choice(["call", "call", "write"])
    number = random.choice([0, 1, 2]) if on == "write" else random.randint(0, 14)
    value = random.choice(REGIONS) if kind.endswith("Region") else random.choice(["Team", "New", "Stage"])
    return Act(kind, on, number, value, not _happens(random, 0.3))


def _settings(random: Random) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if _happens(random, 0.3):
        settings["answer_shape"] = "model"
    if _happens(random, 0.15):
        settings["creating_set_answers_in"] = "all"
    if _happens(random, 0.15):
        settings["deleting_region_answers"] = True
    if _happens(random, 0.1):
        settings["empty_list_pages"] = random.choice([1, 3, 1000])
    if _happens(random, 0.03):
        settings["min_region_age_hours"] = 24
    return settings
