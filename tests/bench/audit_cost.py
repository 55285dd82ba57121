# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account costs where there are many, side by side in one run, as ratios. Called by "make bench".

Each account has a set of its own, and all are asked by keys: roles would take calls that not every candidate makes. It
is the marginal cost that counts: what a run costs before its first account is left out.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

# Run as a file, this one finds what is next to it, itself by the name of the module that it needs.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, peak, prepare, print_rows, run, seconds  # noqa: E402
from fleet import Account, Fleet, perfect_accounts  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
FEW, SOME, MANY = 10, 210, 1000
RULES = {"regions": ["eu-west-1"], "deletion_protected": True}

# As somebody would write it who does not know how much of it is the reading of botocore's data.
BARE = """
import json, sys
import boto3
for options in json.load(open(sys.argv[1])):
    session = boto3.Session(**options["session"])
    client = session.client("ssm-incidents", endpoint_url=options["endpoint_url"])
    (arn,) = client.list_replication_sets()["replicationSetArns"]
    client.get_replication_set(arn=arn)
"""

# The same variables for all that Ansible runs.
WAY = {
    "endpoint_url": "{{ endpoint }}",
    "region": "{{ account_region }}",
    "access_key": "{{ account_key.aws_access_key_id }}",
    "secret_key": "{{ account_key.aws_secret_access_key }}",
}
PLAYS: dict[str, dict[str, Any]] = {
    "ping": {"ansible.builtin.ping": {}},
    "info": {
        "incident_manager.aws.ssm_incidents_replication_set_info": {**WAY, "include_tags": False},
    },
}


def main() -> None:
    # The way to these accounts is in their inventory.
    prepare()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_URL", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        costs = bench.marginal(ROUNDS)
        ratios = {name: f"{costs['audit'] / cost:.2f}" for name, cost in costs.items()}
        rows = [
            ("an account more: audit playbook / info module", ratios["info"], "<= 0.20"),
            ("an account more: audit playbook / ansible.builtin.ping", ratios["ping"], "<= 0.50"),
            ("an account more: audit playbook / boto3, a session each", ratios["boto3"], ""),
        ]
        times, sizes = bench.at_many()
        for name, asked in (("audit", "<= 1.25"), ("boto3", "")):
            further = (times[name] - bench.times[name, SOME]) / (MANY - SOME)
            rows.append((f"the {SOME}th to {MANY}th / to the {SOME}th: {name}", f"{further / costs[name]:.2f}", asked))
        rows.append((f"memory at {MANY}: audit playbook / ping", f"{sizes['audit'] / sizes['ping']:.2f}", "<= 1.50"))
    print_rows(rows)


class Bench:
    """The candidates, over inventories of several sizes.

    :ivar times: the medians of the candidates' times in seconds, by name and number of accounts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        everyone = perfect_accounts(MANY, "keys")
        self._fleet = Fleet(ENDPOINT, everyone, folder)
        for number in (FEW, SOME, MANY):
            # Spread over all of them: the endpoint looks for a key among all accounts, one after the other.
            self._write(number, [everyone[place * MANY // number] for place in range(number)])
        for name, task in PLAYS.items():
            play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
            (folder / f"{name}.json").write_text(json.dumps([play]), encoding="utf-8")
        self.times: dict[tuple[str, int], float] = {}

    def _write(self, number: int, some: Sequence[Account]) -> None:
        inventory = self._fleet.inventory(some)
        inventory["all"]["vars"] |= {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory["all"]["children"]["by_keys"]["vars"] = {"incident_manager_account": WAY}
        for group in inventory["all"]["children"].values():
            if "incident_manager_rules" in group["vars"]:
                group["vars"]["incident_manager_rules"] = RULES
        self._path(number, "inventory").write_text(json.dumps(inventory), encoding="utf-8")
        hosts = inventory["all"]["hosts"].values()
        options = [
            {
                "session": {**host["account_key"], "region_name": host["account_region"]},
                "endpoint_url": ENDPOINT,
            }
            for host in hosts
        ]
        self._path(number, "options").write_text(json.dumps(options), encoding="utf-8")

    def _path(self, number: int, name: str) -> Path:
        return self._folder / f"{name}-{number}.json"

    def _command(self, name: str, number: int) -> list[str]:
        if name == "boto3":
            return ["python", "-c", BARE, str(self._path(number, "options"))]
        inventory = f"--inventory={self._path(number, 'inventory')}"
        if name != "audit":
            return ["ansible-playbook", inventory, str(self._folder / f"{name}.json")]
        reports = {f"incident_manager_report_{form}": str(self._folder / f"report.{form}") for form in ("json", "html")}
        return ["ansible-playbook", inventory, "incident_manager.aws.audit", f"--extra-vars={json.dumps(reports)}"]

    def marginal(self, rounds: int) -> dict[str, float]:
        """Return each candidate's cost for an account more, in seconds."""
        names = ("audit", "ping", "boto3", "info")
        for name in names:
            run(*self._command(name, FEW))
        measured: dict[tuple[str, int], list[float]] = {(name, size): [] for name in names for size in (FEW, SOME)}
        for number in range(rounds):
            # The module takes minutes, and gets one round.
            for name in names[:-1] if number else names:
                for size in (FEW, SOME):
                    measured[name, size].append(seconds(partial(run, *self._command(name, size))))
        self.times = {key: statistics.median(values) for key, values in measured.items()}
        return {name: (self.times[name, SOME] - self.times[name, FEW]) / (SOME - FEW) for name in names}

    def at_many(self) -> tuple[dict[str, float], dict[str, int]]:
        """Return the candidates' times in seconds and the memory of their largest processes, for all accounts."""
        times, sizes = {}, {}
        for name in ("audit", "ping", "boto3"):
            start = time.perf_counter()
            sizes[name] = peak(*self._command(name, MANY))
            times[name] = time.perf_counter() - start
        return times, sizes


if __name__ == "__main__":
    main()
