# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what the audit of one more account costs, compared with other programs. "make bench" runs it with an endpoint.

The cost of starting a run is not included. Each account has a set, and is reached with keys rather than a role, because
not every candidate makes the calls that a role needs.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, peak_memory, prepare, print_rows, processor_seconds, run, seconds  # noqa: E402
from fleet.accounts import Account, make_compliant_accounts  # noqa: E402
from fleet.inventory import Fleet  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SMALL, MEDIUM, LARGE = 10, 210, 1000
RULES = {"regions": ["eu-west-1"], "deletion_protected": True}

# A simple script. It spends most of its time on reading botocore's data for each session.
BARE_SCRIPT = """
import json, sys
import boto3
for options in json.load(open(sys.argv[1])):
    session = boto3.Session(**options["session"])
    client = session.client("ssm-incidents", endpoint_url=options["endpoint_url"])
    (arn,) = client.list_replication_sets()["replicationSetArns"]
    client.get_replication_set(arn=arn)
"""

# The same script, but it reads botocore's data once. It measures what the calls themselves cost.
SHARED_DATA_SCRIPT = BARE_SCRIPT.replace(
    "import boto3\n",
    """import boto3, botocore.session
from botocore.loaders import create_loader
loader = create_loader()
""",
).replace(
    "    session = boto3.Session(**options",
    """    core = botocore.session.get_session()
    core.register_component("data_loader", loader)
    session = boto3.Session(botocore_session=core, **options""",
)
SCRIPTS = {"boto3": BARE_SCRIPT, "shared boto3": SHARED_DATA_SCRIPT}

# The connection options of everything that Ansible runs.
CONNECTION = {
    "endpoint_url": "{{ endpoint }}",
    "region": "{{ account_region }}",
    "access_key": "{{ account_key.aws_access_key_id }}",
    "secret_key": "{{ account_key.aws_secret_access_key }}",
}
PLAYS: dict[str, dict[str, Any]] = {
    "ping": {"ansible.builtin.ping": {}},
    # The least that Ansible does for a host.
    "assert": {"ansible.builtin.assert": {"that": True, "quiet": True}},
    "info": {
        "incident_manager.aws.ssm_incidents_replication_set_info": {**CONNECTION, "include_tags": False},
    },
}


def main() -> None:
    # The credentials of the accounts are in the inventory.
    prepare()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_URL", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        costs = bench.marginal_costs(ROUNDS, ("audit", "ping", "boto3", "info"), seconds)
        ratios = {name: f"{costs['audit'] / cost:.2f}" for name, cost in costs.items()}
        rows = [
            ("one more account: audit playbook / info module", ratios["info"], "<= 0.20"),
            ("one more account: audit playbook / ansible.builtin.ping", ratios["ping"], "<= 0.50"),
            ("one more account: audit playbook / boto3, one session each", ratios["boto3"], ""),
        ]
        processor = bench.marginal_costs(ROUNDS, ("audit", "assert", "shared boto3"), processor_seconds)
        ratio = processor["audit"] / (processor["assert"] + processor["shared boto3"])
        rows.append(("processor time: audit playbook / assert + boto3, shared data", f"{ratio:.2f}", "<= 1.25"))
        times, memory = bench.run_largest()
        for name, target in (("audit", "<= 1.25"), ("boto3", "")):
            cost = (times[name] - bench.times[name, MEDIUM]) / (LARGE - MEDIUM)
            rows.append(
                (
                    f"accounts {MEDIUM} to {LARGE} / accounts {SMALL} to {MEDIUM}: {name}",
                    f"{cost / costs[name]:.2f}",
                    target,
                )
            )
        rows.append(
            (
                f"memory with {LARGE} accounts: audit playbook / ping",
                f"{memory['audit'] / memory['ping']:.2f}",
                "<= 1.50",
            )
        )
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
            # The accounts are taken from the whole fleet, because the endpoint searches one account after the other for a key.
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
        if name in SCRIPTS:
            return ["python", "-c", SCRIPTS[name], str(self._path(number, "options"))]
        inventory = f"--inventory={self._path(number, 'inventory')}"
        if name != "audit":
            return ["ansible-playbook", inventory, str(self._folder / f"{name}.json")]
        reports = {f"incident_manager_report_{form}": str(self._folder / f"report.{form}") for form in ("json", "html")}
        return ["ansible-playbook", inventory, "incident_manager.aws.audit", f"--extra-vars={json.dumps(reports)}"]

    def marginal_costs(
        self, rounds: int, names: Sequence[str], measure: Callable[[Callable[[], object]], float]
    ) -> dict[str, float]:
        """Return what one more account costs each candidate, as measured by a function of measure.py."""
        for name in names:
            run(*self._command(name, SMALL))
        measured: dict[tuple[str, int], list[float]] = {(name, size): [] for name in names for size in (SMALL, MEDIUM)}
        for number in range(rounds):
            for name in names:
                # The module takes minutes, so it runs in the first round only.
                if name != "info" or number == 0:
                    for size in (SMALL, MEDIUM):
                        measured[name, size].append(measure(partial(run, *self._command(name, size))))
        medians = {key: statistics.median(values) for key, values in measured.items()}
        if measure is seconds:
            self.times = medians
        return {name: (medians[name, MEDIUM] - medians[name, SMALL]) / (MEDIUM - SMALL) for name in names}

    def run_largest(self) -> tuple[dict[str, float], dict[str, int]]:
        """Run the candidates with all accounts. Return their times in seconds, and the memory of their largest processes."""
        times, memory = {}, {}
        for name in ("audit", "ping", "boto3"):
            start = time.perf_counter()
            memory[name] = peak_memory(*self._command(name, LARGE))
            times[name] = time.perf_counter() - start
        return times, memory


if __name__ == "__main__":
    main()
