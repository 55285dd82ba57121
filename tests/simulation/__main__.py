# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``python tests/simulation``: runs many worlds and names those that break a rule, or runs one world again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from functools import partial
from multiprocessing import Pool
from pathlib import Path

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder  # noqa: E402
from helpers.checkout import COLLECTIONS  # noqa: E402

_AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()

from simulation.checks import broken_rules  # noqa: E402
from simulation.run import simulate  # noqa: E402
from simulation.scenario import make_scenario  # noqa: E402
from simulation.world import random_of  # noqa: E402

_BATCH = 50


def run_worlds(seed: int, numbers: Iterable[int]) -> dict[int, dict[str, list[str]]]:
    """Return the numbers of the worlds that break a rule, each with the broken rules and how they are broken."""
    found = {number: broken_rules(simulate(make_scenario(random_of(seed, number)))) for number in numbers}
    return {number: rules for number, rules in found.items() if rules}


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

    batches = [range(start, min(start + _BATCH, args.worlds)) for start in range(0, args.worlds, _BATCH)]
    broken = 0
    with Pool(args.processes) as pool:
        for found in pool.imap(partial(run_worlds, args.seed), batches):
            for number, rules in found.items():
                broken += 1
                for rule, problems in rules.items():
                    print(f"--seed {args.seed} --world {number}: {rule}: {problems[0]}", flush=True)
    print(f"{args.worlds} worlds; {broken} break a rule")
    return 1 if broken else 0


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
