# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that Prowler's check of Incident Manager works with the local endpoint, and prints what Prowler and the audit cost.

"make conformance" runs it with an endpoint, whose URL is in INCIDENT_MANAGER_ENDPOINT.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

# Python looks for imports next to a script. These are in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.measure import BIN, ENDPOINT, Cost, cost  # noqa: E402
from endpoint.client import USER, ControlClient, active_set  # noqa: E402
from fleet.accounts import make_compliant_accounts  # noqa: E402
from fleet.inventory import Fleet  # noqa: E402
from helpers.checkout import CHECKOUT  # noqa: E402
from helpers.credentials import environment_variables  # noqa: E402
from helpers.incident_data import response_plan  # noqa: E402

PROWLER = CHECKOUT / ".build" / "prowler" / "bin" / "prowler"
OPTIONS = ["aws", "--checks", "ssmincidents_enabled_with_plans"]
CONTROL = ControlClient(ENDPOINT)
# Prowler's exit code if a finding failed.
FAILED = 3


class Outcome(NamedTuple):
    """The outcome of Prowler's run.

    :ivar findings: the status and the text of each finding.
    :ivar errors: the lines of its log.
    """

    cost: Cost
    findings: list[tuple[str, str]]
    errors: list[str]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prowler = check_prowler(Path(folder))
        audits = {number: measure_audit(Path(folder), number) for number in (1, 5)}
    print_cost(["prowler", *OPTIONS], prowler, "1 account")
    for number, measured in audits.items():
        command = ["ansible-playbook", "incident_manager.aws.audit", "-i", "accounts.json"]
        command += ["-e", "incident_manager_report_html=audit.html"]
        print_cost(command, measured, f"{number} account{'s' if number > 1 else ''}")


# Prowler --------------------------------------------------------------------------------------------------------------


def check_prowler(folder: Path) -> Cost:
    """Run Prowler without a set, with an active one, with one that holds a response plan, and without permission.

    :return: the cost of the run with an active set.
    """
    # The first run does not count for the cost, because it compiles Prowler's code.
    none = run_prowler(folder / "none")
    check("without a set", none, [("FAIL", "No SSM Incidents replication set exists.")])
    arn = CONTROL.seed(active_set({"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"}))
    active = run_prowler(folder / "active")
    text = f"SSM Incidents replication set {arn} is ACTIVE but no response plans exist."
    check("with an active set", active, [("FAIL", text)])
    CONTROL.seed_data(response_plan("a-plan"))
    planned = run_prowler(folder / "planned")
    text = f"SSM Incidents replication set {arn} is ACTIVE and has response plans."
    # Prowler reads the member Arn of a response plan, but the API names it arn. So Prowler asks for the tags of "".
    others = [error for error in planned.errors if "when calling the ListTagsForResource operation" not in error]
    check("with a response plan", planned._replace(errors=others), [("PASS", text)], exit_code=0)
    CONTROL.add_faults({"fault": "error", "code": "AccessDeniedException", "times": None})
    denied = run_prowler(folder / "denied")
    CONTROL.clear_faults()
    if denied.findings or denied.cost.exit_code or not denied.errors:
        sys.exit(f"Prowler, without permission: {denied}")
    print("Prowler, without permission: no finding, exit code 0, and the reason only in its log")
    return active.cost


def check(what: str, outcome: Outcome, findings: list[tuple[str, str]], exit_code: int = FAILED) -> None:
    if outcome.findings != findings or outcome.errors or outcome.cost.exit_code != exit_code:
        sys.exit(f"Prowler, {what}: {outcome}")
    print(f"Prowler, {what}: {findings[0][1]}")


def run_prowler(folder: Path) -> Outcome:
    folder.mkdir()
    log = folder / "log"
    environment = {
        **environment_variables(USER),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    output = ["--output-formats", "json-ocsf", "--output-directory", str(folder), "--output-filename", "findings"]
    logging = ["--log-level", "ERROR", "--log-file", str(log)]
    measured = cost(PROWLER, *OPTIONS, *output, *logging, environment=environment)
    findings: list[Any] = [
        finding for file in folder.glob("findings*.json") for finding in json.loads(file.read_text(encoding="utf-8"))
    ]
    return Outcome(
        measured,
        [(finding["status_code"], finding["status_detail"]) for finding in findings],
        log.read_text(encoding="utf-8").splitlines() if log.exists() else [],
    )


# The audit ------------------------------------------------------------------------------------------------------------


def measure_audit(folder: Path, number: int) -> Cost:
    """Audit this many accounts, each with a set and reached by a role, and return the cost of the second run."""
    fleet = Fleet(ENDPOINT, make_compliant_accounts(number, "role"), folder)
    inventory = fleet.write_inventory(folder / f"accounts-{number}.json")
    environment = {**os.environ, **fleet.environment}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    arguments = ["incident_manager.aws.audit", "-i", str(inventory)]
    arguments += ["-e", f"incident_manager_report_html={folder / 'audit.html'}"]
    # The first run compiles the code, so the second one is measured.
    for _time in range(2):
        measured = cost(BIN / "ansible-playbook", *arguments, environment=environment)
        if measured.exit_code:
            sys.exit(f"The audit of {number} accounts failed")
    return measured


def print_cost(command: list[str], measured: Cost, accounts: str) -> None:
    print(f"{measured.processor_time:5.1f} s  {measured.memory / 1000:4.0f} MB  {accounts:<10}  {shlex.join(command)}")


if __name__ == "__main__":
    main()
