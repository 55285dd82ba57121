# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what an account of an audit costs, in relation to other programs. "make bench" calls it with an endpoint.

The marginal cost is measured, without the cost of starting a run. Each account has a set, and keys rather than a role,
as not every candidate makes the calls that a role takes.
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

# Run as a file, this one finds what is next to it; the others are imported from tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, peak_memory, prepare, print_rows, run, seconds  # noqa: E402
from fleet.accounts import Account, make_compliant_accounts  # noqa: E402
from fleet.inventory import Fleet  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SMALL, MEDIUM, LARGE = 10, 210, 1000
RULES = {"regions": ["eu-west-1"], "deletion_protected": True}

# A simple script. Most of its time is spent on reading botocore's data for each session.
BARE_SCRIPT = """
import json, sys
import boto3
for options in json.load(open(sys.argv[1])):
    session = boto3.Session(**options["session"])
    client = session.client("ssm-incidents", endpoint_url=options["endpoint_url"])
    (arn,) = client.list_replication_sets()["replicationSetArns"]
    client.get_replication_set(arn=arn)
"""

# The same options for all that Ansible runs.
CONNECTION = {
    "endpoint_url": "{{ endpoint }}",
    "region": "{{ account_region }}",
    "access_key": "{{ account_key.aws_access_key_id }}",
    "secret_key": "{{ account_key.aws_secret_access_key }}",
}
PLAYS: dict[str, dict[str, Any]] = {
    "ping": {"ansible.builtin.ping": {}},
    "info": {
        "incident_manager.aws.ssm_incidents_replication_set_info": {**CONNECTION, "include_tags": False},
    },
}


def main() -> None:
    # The inventory has the credentials of all accounts.
    prepare()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_URL", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        costs = bench.marginal_costs(ROUNDS)
        ratios = {name: f"{costs['audit'] / cost:.2f}" for name, cost in costs.items()}
        rows = [
            ("one more account: audit playbook / info module", ratios["info"], "<= 0.20"),
            ("one more account: audit playbook / ansible.builtin.ping", ratios["ping"], "<= 0.50"),
            ("one more account: audit playbook / boto3, a session each", ratios["boto3"], ""),
        ]
        times, memory = bench.run_largest()
        for name, target in (("audit", "<= 1.25"), ("boto3", "")):
            cost = (times[name] - bench.times[name, MEDIUM]) / (LARGE - MEDIUM)
            rows.append(
                (f"the {MEDIUM}th to {LARGE}th / to the {MEDIUM}th: {name}", f"{cost / costs[name]:.2f}", target)
            )
        rows.append((f"memory at {LARGE}: audit playbook / ping", f"{memory['audit'] / memory['ping']:.2f}", "<= 1.50"))
    print_rows(rows)


class Bench:
    """Runs the candidates with inventories of several sizes.

    :ivar times: the median times in seconds, by candidate and number of accounts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        accounts = make_compliant_accounts(LARGE, "keys")
        self._fleet = Fleet(ENDPOINT, accounts, folder)
        for number in (SMALL, MEDIUM, LARGE):
            # Spread over all accounts, as the endpoint looks for a key in one account after the other.
            self._write(number, [accounts[index * LARGE // number] for index in range(number)])
        for name, task in PLAYS.items():
            play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
            (folder / f"{name}.json").write_text(json.dumps([play]), encoding="utf-8")
        self.times: dict[tuple[str, int], float] = {}

    def _write(self, number: int, accounts: Sequence[Account]) -> None:
        inventory = self._fleet.inventory(accounts)
        inventory["all"]["vars"] |= {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory["all"]["children"]["by_keys"]["vars"] = {"incident_manager_account": CONNECTION}
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
            return ["python", "-c", BARE_SCRIPT, str(self._path(number, "options"))]
        inventory = f"--inventory={self._path(number, 'inventory')}"
        if name != "audit":
            return ["ansible-playbook", inventory, str(self._folder / f"{name}.json")]
        reports = {f"incident_manager_report_{form}": str(self._folder / f"report.{form}") for form in ("json", "html")}
        return ["ansible-playbook", inventory, "incident_manager.aws.audit", f"--extra-vars={json.dumps(reports)}"]

    def marginal_costs(self, rounds: int) -> dict[str, float]:
        """Return the time in seconds that each candidate takes for one more account."""
        names = ("audit", "ping", "boto3", "info")
        for name in names:
            run(*self._command(name, SMALL))
        measured: dict[tuple[str, int], list[float]] = {(name, size): [] for name in names for size in (SMALL, MEDIUM)}
        for number in range(rounds):
            # The module takes minutes, and is run in one round only.
            for name in names[:-1] if number else names:
                for size in (SMALL, MEDIUM):
                    measured[name, size].append(seconds(partial(run, *self._command(name, size))))
        self.times = {key: statistics.median(values) for key, values in measured.items()}
        return {name: (self.times[name, MEDIUM] - self.times[name, SMALL]) / (MEDIUM - SMALL) for name in names}

    def run_largest(self) -> tuple[dict[str, float], dict[str, int]]:
        """Run the candidates with all accounts, and return their seconds and the memory of their largest processes."""
        times, memory = {}, {}
        for name in ("audit", "ping", "boto3"):
            start = time.perf_counter()
            memory[name] = peak_memory(*self._command(name, LARGE))
            times[name] = time.perf_counter() - start
        return times, memory


if __name__ == "__main__":
    main()
