# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: programs of the environment that are run, what is asked of the endpoint, medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ENDPOINT = os.environ.get("INCIDENT_MANAGER_ENDPOINT", "")
BIN = Path(sys.executable).parent

Candidates = Mapping[str, Callable[[], object]]
# What is measured, how it came out, what is asked of it.
Row = tuple[str, str, str]


def prepare() -> None:
    """Make this environment the one to measure in."""
    os.environ.update(
        AWS_URL=ENDPOINT,
        AWS_ENDPOINT_URL=ENDPOINT,
        ANSIBLE_LOCALHOST_WARNING="0",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="0",
    )
    # Without compiled files every import would be measured along with the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def medians(candidates: Candidates, rounds: int) -> dict[str, float]:
    """Return each candidate's median time in seconds, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            time_taken = seconds(candidate)
            if number:
                times[name].append(time_taken)
    return {name: statistics.median(values) for name, values in times.items()}


def seconds(candidate: Callable[[], object]) -> float:
    start = time.perf_counter()
    candidate()
    return time.perf_counter() - start


def run(program: str, *arguments: str) -> None:
    subprocess.run([BIN / program, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# In a process of its own, for a process has but one such figure for all that it ever started.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(program: str, *arguments: str) -> int:
    """Run a program of the environment, and return the memory (RSS, KiB) of its largest process."""
    command = [sys.executable, "-c", _PEAK, str(BIN / program), *arguments]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def control(method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{ENDPOINT}/incident-manager-endpoint/{path}",
        data=data,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def print_rows(rows: Iterable[Row]) -> None:
    print(f"{'what':<62} {'measured':>9} {'asked':>7}")
    for what, measured, asked in rows:
        print(f"{what:<62} {measured:>9} {asked:>7}")
