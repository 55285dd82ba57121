# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what the inventory of an organization costs, compared with its audit. "make bench" runs it with an endpoint.

The pages of the list are requested one after the other. The time in which AWS answers does not count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, prepare, print_rows, run, seconds  # noqa: E402
from endpoint.client import ControlClient  # noqa: E402
from fleet.accounts import make_compliant_accounts  # noqa: E402
from fleet.inventory import Fleet  # noqa: E402
from fleet.organization import members, write_inventory  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
# Including the management account, to which the access key belongs.
ACCOUNTS = 1000
MANAGEMENT_ACCOUNT = "123456789012"

# Prints the seconds that the plugin takes, how many of them it waits for answers, and the numbers of answers and hosts.
SCRIPT = """
import sys, time
from ansible.plugins.loader import init_plugin_loader, inventory_loader
init_plugin_loader()
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from botocore.httpsession import URLLib3Session

waits = []
send = URLLib3Session.send
def measured_send(session, request):
    start = time.perf_counter()
    try:
        return send(session, request)
    finally:
        waits.append(time.perf_counter() - start)
URLLib3Session.send = measured_send

inventory, start = InventoryData(), time.perf_counter()
inventory_loader.get("incident_manager.aws.organization").parse(inventory, DataLoader(), sys.argv[1])
print(time.perf_counter() - start, sum(waits), len(waits), len(inventory.hosts))
"""


def main() -> None:
    prepare()
    accounts = make_compliant_accounts(ACCOUNTS - 1, "role")
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(ENDPOINT, accounts, Path(folder, "fleet"))
        os.environ.update(fleet.environment)
        ControlClient(ENDPOINT).make_organization(members(accounts), MANAGEMENT_ACCOUNT)
        source = write_inventory(Path(folder, "inventory"))
        taken, calls = [], 0
        for _round in range(ROUNDS):
            output = subprocess.check_output([sys.executable, "-c", SCRIPT, str(source)], stderr=subprocess.DEVNULL)
            total, waited, answers, hosts = output.split()
            assert int(hosts) == len(accounts)
            taken.append(float(total) - float(waited))
            calls = int(answers)
        reports = json.dumps({"incident_manager_report_json": str(Path(folder, "report.json"))})
        audit = ("ansible-playbook", "incident_manager.aws.audit", f"--inventory={source}", f"--extra-vars={reports}")
        ratio = statistics.median(taken) / seconds(partial(run, *audit))
        summary = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))["summary"]
        assert summary["passed"] == len(accounts), summary
    # One call for each page, and two for the units.
    print_rows(
        [
            (f"calls for an organization of {ACCOUNTS}, 2 units", str(calls), "= 52"),
            (f"inventory of {ACCOUNTS} accounts without waiting for AWS / audit", f"{ratio:.3f}", "<= 0.10"),
        ]
    )


if __name__ == "__main__":
    main()
