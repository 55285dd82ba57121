# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions for the benchmarks: they run programs of this Python environment, measure them, and print the results."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ENDPOINT = os.environ.get("INCIDENT_MANAGER_ENDPOINT", "")
BIN = Path(sys.executable).parent

Candidates = Mapping[str, Callable[[], object]]
# What is measured, the result, and its target.
Row = tuple[str, str, str]


def prepare() -> None:
    """Set the environment variables of the programs that are measured."""
    os.environ.update(
        AWS_URL=ENDPOINT,
        AWS_ENDPOINT_URL=ENDPOINT,
        ANSIBLE_LOCALHOST_WARNING="0",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="0",
        ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true",
    )
    # Without compiled files, each run would compile the code again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def medians(candidates: Candidates, rounds: int) -> dict[str, float]:
    """Return each candidate's median time in seconds, after one round that is not measured."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            time_taken = seconds(candidate)
            if number:
                times[name].append(time_taken)
    return {name: statistics.median(values) for name, values in times.items()}


def seconds(candidate: Callable[[], object]) -> float:
    """Return the time in seconds that a candidate takes."""
    start = time.perf_counter()
    candidate()
    return time.perf_counter() - start


def processor_seconds(candidate: Callable[[], object]) -> float:
    """Return the processor time in seconds of the processes that a candidate starts."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    start = used()
    candidate()
    return used() - start


def run(program: str, *arguments: str) -> None:
    """Run a program of this Python environment, without its output."""
    subprocess.run([BIN / program, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Cost(NamedTuple):
    """What a program cost.

    :ivar processor_time: in seconds, of all its processes.
    :ivar memory: RSS in KiB, of its largest process.
    """

    exit_code: int
    processor_time: float
    memory: int


# Runs in a process of its own, because RUSAGE_CHILDREN counts all processes that a process has ever started.
_COST_SCRIPT = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def cost(program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a program without its output, and return what it cost."""
    command = [sys.executable, "-c", _COST_SCRIPT, str(program), *arguments]
    result = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    code, processor_time, memory = result.stdout.split()
    return Cost(int(code), float(processor_time), int(memory))


def peak_memory(program: str, *arguments: str) -> int:
    """Run a program of this Python environment, and return the memory (RSS, KiB) of its largest process."""
    measured = cost(BIN / program, *arguments)
    assert measured.exit_code == 0, program
    return measured.memory


def print_rows(rows: Iterable[Row]) -> None:
    print(f"{'what':<62} {'measured':>9} {'target':>7}")
    for what, measured, target in rows:
        print(f"{what:<62} {measured:>9} {target:>7}")
