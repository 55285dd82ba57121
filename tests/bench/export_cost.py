# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what an export costs: its memory with few and with many incidents, and its time compared with a script that makes
the same calls in as many threads. "make bench" runs it with an endpoint.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, Row, medians, peak_memory, prepare, print_rows, run  # noqa: E402
from endpoint.client import USER, ControlClient, active_set  # noqa: E402
from helpers.credentials import module_options  # noqa: E402
from helpers.incident_data import incident, timeline_event  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "1"))
MODULE = "ansible_collections.incident_manager.aws.plugins.modules.ssm_incidents_export"
REGION, WORKERS, DELAY = "us-east-1", 8, 0.05
FEW, MANY = 200, 2000
# The size of the export that is timed.
INCIDENTS, EVENTS = 400, 10
CONTROL = ControlClient(ENDPOINT)

# Makes the calls of an export, in any order. Like the export, it makes each client once.
BARE_SCRIPT = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore import xform_name
from botocore.config import Config
calls, workers = json.load(open(sys.argv[1])), int(sys.argv[2])
config = Config(max_pool_connections=workers, retries={"total_max_attempts": 1})
clients = {
    key: boto3.client(key[0], region_name=key[1], config=config)
    for key in {(call["service"], call["region"]) for call in calls}
}
def make(call):
    getattr(clients[call["service"], call["region"]], xform_name(call["operation"]))(**call["input"])
with ThreadPoolExecutor(workers) as pool:
    list(pool.map(make, calls))
"""


def main() -> None:
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        print_rows([memory(Path(folder)), time(Path(folder))])


def hold(incidents: int, events: int) -> None:
    """Seed a set with this many incidents, each with this many timeline events."""
    CONTROL.request("POST", "reset")
    CONTROL.seed(active_set({REGION: "DefaultKey"}))
    for number in range(incidents):
        name = f"{number:08}"
        CONTROL.seed_data(incident(name), *(timeline_event(name, f"{event}") for event in range(events)))


def arguments_of(folder: Path) -> str:
    """Write the module's arguments for a new export, and return the path of their file."""
    path = folder / f"export-{len(list(folder.iterdir()))}"
    options = {"path": str(path), "workers": WORKERS, "region": REGION, "endpoint_url": ENDPOINT}
    arguments = Path(f"{path}.json")
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **module_options(USER)}}))
    return str(arguments)


def memory(folder: Path) -> Row:
    peaks = []
    for incidents in (FEW, MANY):
        hold(incidents, 1)
        peaks.append(peak_memory("python", "-m", MODULE, arguments_of(folder)))
    return f"peak memory, {MANY} incidents / {FEW}", f"{peaks[1] / peaks[0]:.2f}", "<= 1.20"


def time(folder: Path) -> Row:
    hold(INCIDENTS, EVENTS)
    CONTROL.clear_requests()
    run("python", "-m", MODULE, arguments_of(folder))
    members = ("service", "region", "operation", "input")
    calls = folder / "calls"
    calls.write_text(json.dumps([{name: call[name] for name in members} for call in CONTROL.requests()]))
    CONTROL.add_faults({"fault": "delay", "seconds": DELAY, "times": None})
    times = medians(
        {
            "export": lambda: run("python", "-m", MODULE, arguments_of(folder)),
            "bare": lambda: run("python", "-c", BARE_SCRIPT, str(calls), str(WORKERS)),
        },
        ROUNDS,
    )
    CONTROL.clear_faults()
    what = f"export / bare boto3, {INCIDENTS} incidents of {EVENTS} events"
    return what, f"{times['export'] / times['bare']:.2f}", "<= 1.25"


if __name__ == "__main__":
    main()
