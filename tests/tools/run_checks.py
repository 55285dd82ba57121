# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run targets of the Makefile in parallel, one for each core, and print a summary.

The output of a target is printed when the target is finished, and its end again if it failed. It is also in .build/log.

Usage: run_checks.py TARGET...
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

LOG = Path(".build/log")
LAST_LINE = re.compile(r"=+ .*\b(passed|failed|error)")


class Outcome(NamedTuple):
    target: str
    passed: bool
    seconds: float
    output: str

    def summary(self) -> str:
        # pytest's last line, which counts the tests.
        counted = next((line.strip("= ") for line in reversed(self.output.splitlines()) if LAST_LINE.match(line)), "")
        return f"{'passed' if self.passed else 'FAILED'}  {self.target:<16} {self.seconds:4.0f} s  {counted}".rstrip()


def main() -> int:
    start = time.monotonic()
    LOG.mkdir(exist_ok=True)
    outcomes = []
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for future in as_completed([executor.submit(run, target) for target in sys.argv[1:]]):
            outcome = future.result()
            outcomes.append(outcome)
            print(f"\n===== {outcome.target}\n{outcome.output}{outcome.summary()}", flush=True)
    for outcome in outcomes:
        if not outcome.passed:
            print(f"\n===== FAILED: {outcome.target}, the last lines of {LOG / outcome.target}.log")
            print("\n".join(outcome.output.splitlines()[-60:]))
    print(f"\n===== Summary, {time.monotonic() - start:.0f} s")
    for outcome in outcomes:
        print(outcome.summary())
    return not all(outcome.passed for outcome in outcomes)


def run(target: str) -> Outcome:
    start = time.monotonic()
    # Files that are edited during a run don't change the artifact, which other checks use.
    command = ["make", "--no-print-directory", "--old-file=.build/artifact/built", target]
    # Without MAKEFLAGS, as make would look for the job server of the make that started this.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    LOG.joinpath(f"{target}.log").write_text(result.stdout, encoding="utf-8")
    return Outcome(target, result.returncode == 0, time.monotonic() - start, result.stdout)


if __name__ == "__main__":
    sys.exit(main())
