# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what the info module costs, compared with other programs. "make bench" runs it with an endpoint.

Each round runs every candidate once, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.client import BaseClient

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import ENDPOINT, medians, prepare, print_rows, run  # noqa: E402
from endpoint.client import ControlClient  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "11"))
MODULE = "incident_manager.aws.ssm_incidents_replication_set_info"
# A Region outside the set, and the Regions of the set.
OUTSIDE, REGIONS = "eu-west-1", ["ap-southeast-2", "sa-east-1", "us-west-2"]
CONTROL = ControlClient(ENDPOINT)
BARE_SCRIPT = """
import boto3
boto3.client("ssm-incidents", region_name={region!r}).get_replication_set(arn={arn!r})
"""


def main() -> None:
    prepare()
    arn = make_set(REGIONS)
    print_rows([ad_hoc(arn), *calls(arn), search(arn), sessions()])


def ad_hoc(arn: str) -> tuple[str, str, str]:
    times = medians(
        {
            "pass": lambda: run("python", "-c", "pass"),
            "bare": lambda: run("python", "-c", BARE_SCRIPT.format(region=REGIONS[0], arn=arn)),
            "ping": lambda: run("ansible", "localhost", "-m", "ansible.builtin.ping"),
            "info": lambda: info(arn=arn, include_tags="false", region=REGIONS[0]),
        },
        ROUNDS,
    )
    ratio = (times["info"] - times["ping"]) / (times["bare"] - times["pass"])
    return "ad hoc: info module minus ping / bare boto3 minus python", f"{ratio:.2f}", "<= 1.15"


def calls(arn: str) -> list[tuple[str, str, str]]:
    rows = []
    for options, target in (
        ({"arn": arn, "include_tags": "false"}, 1),
        ({"arn": arn}, 2),
        ({"include_tags": "false"}, 2),
    ):
        CONTROL.clear_requests()
        info(region=REGIONS[0], **options)
        given = " ".join(f"{name}=..." if name == "arn" else f"{name}={value}" for name, value in options.items())
        rows.append((f"calls sent, {given}", str(len(CONTROL.requests())), f"= {target}"))
    return rows


def search(arn: str) -> tuple[str, str, str]:
    CONTROL.add_faults({"fault": "delay", "seconds": 0.2, "times": None})
    times = medians(
        {
            "direct": lambda: info(arn=arn, region=REGIONS[0], include_tags="false"),
            "search": lambda: info(arn=arn, region=OUTSIDE, include_tags="false", search_regions="all"),
        },
        ROUNDS,
    )
    CONTROL.clear_faults()
    more = times["search"] - times["direct"]
    return "search_regions=all minus direct, answers 200 ms late, in s", f"{more:.2f}", "<= 0.8"


def sessions() -> tuple[str, str, str]:
    regions = boto3.Session().get_available_regions("ssm-incidents")

    def clients(session: Callable[[], boto3.Session]) -> list[BaseClient]:
        return [session().client("ssm-incidents", region_name=region) for region in regions]

    def one_session() -> list[BaseClient]:
        session = boto3.Session()
        return clients(lambda: session)

    times = medians({"one": one_session, "each": lambda: clients(boto3.Session)}, ROUNDS)
    return f"{len(regions)} clients, one session / one session each", f"{times['one'] / times['each']:.2f}", "< 1"


def info(**options: str) -> None:
    arguments = " ".join(f"{name}={value}" for name, value in options.items())
    run("ansible", "localhost", "-m", MODULE, "-a", arguments)


def make_set(regions: list[str]) -> str:
    """Create a replication set and return its ARN once it is active."""
    client = boto3.client("ssm-incidents", region_name=regions[0], endpoint_url=ENDPOINT)
    arn = client.create_replication_set(regions={region: {} for region in regions})["arn"]
    client.get_waiter("wait_for_replication_set_active").wait(arn=arn, WaiterConfig={"Delay": 0})
    return str(arn)


if __name__ == "__main__":
    main()
