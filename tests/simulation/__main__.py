# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``python tests/simulation``: runs many worlds and names those that break a rule, or runs one world again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder  # noqa: E402
from helpers.checkout import COLLECTIONS  # noqa: E402

_AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()

from simulation.checks import broken_rules  # noqa: E402
from simulation.run import Simulation, simulate  # noqa: E402
from simulation.scenario import make_scenario  # noqa: E402
from simulation.world import random_of  # noqa: E402

_BATCH = 50


class Report(NamedTuple):
    """What happened in some worlds.

    :ivar broken: the numbers of the worlds that break a rule, each with the broken rules and how they are broken.
    :ivar ends: how the first run of each world ended.
    :ivar faults: in how many worlds each fault happened.
    """

    broken: list[tuple[int, dict[str, list[str]]]]
    ends: Counter[str]
    faults: Counter[str]
    calls: int


def run_worlds(seed: int, numbers: Iterable[int]) -> Report:
    report = Report([], Counter(), Counter(), 0)
    for number in numbers:
        simulation = simulate(make_scenario(random_of(seed, number)))
        rules = broken_rules(simulation)
        if rules:
            report.broken.append((number, rules))
        report.ends[simulation.runs[0].outcome] += 1
        report.faults.update(set(features(simulation)))
        report = report._replace(calls=report.calls + len(simulation.world.calls))
    return report


def features(simulation: Simulation) -> Iterator[str]:
    """Yield what happened in a world."""
    scenario, world = simulation.scenario, simulation.world
    yield from (f"fault: {name}" for name in world.counts if not name.startswith("somebody"))
    yield from (name for name in world.counts if name.startswith("somebody"))
    if scenario.lag:
        yield "reads lag"
    if scenario.start and scenario.start.failed:
        yield "a Region is FAILED at the start"
    if any("FAILED" in run.after.statuses.values() for run in simulation.runs if run.after):
        yield "a Region is FAILED at the end"
    if any(call.took_effect and call.outcome and call.by == "the task" for call in world.calls):
        yield "an answer was lost after AWS had done it"
    if any(call.done_in > call.run for call in world.calls if call.took_effect):
        yield "AWS did something after the run that asked for it"
    if len(simulation.runs) > 1 and simulation.runs[0].killed:
        yield "the process was killed"
    if not any(call.words for call in simulation.runs[0].own_calls):
        yield "nothing went wrong in the first run"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/simulation", description=__doc__)
    parser.add_argument("--worlds", type=int, default=10_000, help="number of worlds (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all worlds (default: %(default)s)")
    parser.add_argument("--world", type=int, help="run only the world with this number")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count(), help="number of processes (default: one for each core)"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="with --world: show the calls")
    args = parser.parse_args()
    if args.world is not None:
        return _run_one(args.seed, args.world, args.verbose)

    began = time.monotonic()
    total = Report([], Counter(), Counter(), 0)
    batches = [range(start, min(start + _BATCH, args.worlds)) for start in range(0, args.worlds, _BATCH)]
    with Pool(args.processes) as pool:
        for report in pool.imap(partial(run_worlds, args.seed), batches):
            for number, rules in report.broken:
                for rule, problems in rules.items():
                    print(f"--seed {args.seed} --world {number}: {rule}: {problems[0]}", flush=True)
            total.ends.update(report.ends)
            total.faults.update(report.faults)
            total = total._replace(broken=total.broken + report.broken, calls=total.calls + report.calls)
    _print_total(total, args.worlds, time.monotonic() - began)
    return 1 if total.broken else 0


def _print_total(total: Report, worlds: int, seconds: float) -> None:
    print(f"\n{worlds} worlds with {total.calls} calls in {seconds:.0f} s; {len(total.broken)} break a rule")
    for rule, number in Counter(rule for _number, rules in total.broken for rule in rules).most_common():
        print(f"  {number:6}  {rule}")
    for title, counts in (("How the first run ended", total.ends), ("In how many worlds it happened", total.faults)):
        print(f"{title}:")
        for name, number in sorted(counts.items(), key=lambda item: -item[1]):
            print(f"  {number:6}  {name}")


def _run_one(seed: int, number: int, verbose: bool) -> int:
    scenario = make_scenario(random_of(seed, number))
    simulation = simulate(scenario)
    rules = broken_rules(simulation)
    print(scenario)
    if verbose:
        for run in simulation.runs:
            print(run)
    for rule, problems in rules.items():
        for problem in problems:
            print(f"{rule}: {problem}")
    return 1 if rules else 0


if __name__ == "__main__":
    sys.exit(main())
