# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the guide on reading an export: its tables, its line, and its programs, which read an export of the endpoint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.kinds import KINDS
from endpoint.backend import kinds
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import GUIDES
from helpers.credentials import environment_variables
from helpers.incident_data import contact, contacts_arn, incident, response_plan

from .code_blocks import ACCOUNT, ARN, code_blocks

pytestmark = pytest.mark.slow

GUIDE = GUIDES / "guide_export.rst"
TEXT = GUIDE.read_text(encoding="utf-8")
(LINE,) = map(json.loads, code_blocks(GUIDE, "json"))
EVENT = LINE["GetTimelineEvent"]["event"]
PAGE = contacts_arn("page/on-call/1", "eu-west-1", ACCOUNT)
CONTACT = contacts_arn("contact/on-call", "eu-west-1", ACCOUNT)
TOLD = {
    "ContactArn": CONTACT,
    "EngagementArn": contacts_arn("engagement/on-call/1", "eu-west-1", ACCOUNT),
    "Sender": "Incident Manager",
    "Subject": "Payments are down",
    "Content": "Look at the database",
    "IncidentId": LINE["parent"],
}
RECEIPT = {"ContactChannelArn": contacts_arn("contact-channel/on-call/1", "eu-west-1", ACCOUNT)}
OBJECTS: list[dict[str, Any]] = [
    response_plan("payments-down", ACCOUNT, engagements=[CONTACT]),
    incident("one", "OPEN", ACCOUNT, arn=LINE["parent"], title="Payments are down"),
    incident("two", "RESOLVED", ACCOUNT),
    # The endpoint lists the events in this order.
    {
        "kind": "timeline_event",
        "body": {**EVENT, "eventId": "later", "eventTime": "2026-01-02T03:06:00Z", "eventData": '"Resolved"'},
    },
    {"kind": "timeline_event", "body": EVENT},
    contact("on-call", region="eu-west-1", account=ACCOUNT),
    {"kind": "engagement", "body": {**TOLD, "StartTime": "2026-01-02T03:04:30Z"}},
    {"kind": "page", "body": {**TOLD, "PageArn": PAGE, "SentTime": "2026-01-02T03:04:45Z"}},
    *(
        {
            "kind": "page_receipt",
            "body": {**RECEIPT, "ReceiptType": one, "ReceiptTime": "2026-01-02T03:04:50Z"},
            "parent": PAGE,
        }
        for one in ("READ", "DELIVERED")
    ),
]


@pytest.fixture
def export(run_tasks: Callable[..., subprocess.CompletedProcess[str]], endpoint: LocalEndpoint, tmp_path: Path) -> Path:
    """Run the task of the guide, and return the directory of the export."""
    endpoint.seed(active_set(dict.fromkeys(("eu-central-1", "eu-west-1"), "DefaultKey")), ACCOUNT, arn=ARN)
    endpoint.seed_data(*OBJECTS, account=ACCOUNT)
    (text,) = code_blocks(GUIDE, "yaml")
    tasks = yaml.safe_load(text.replace("/srv/exports", str(tmp_path)))
    # An old botocore does not know the operations of findings.
    tasks[0]["incident_manager.aws.ssm_incidents_export"]["allow_incomplete"] = "finding" not in kinds.KINDS
    user = environment_variables(endpoint.make_user(["*"], account=ACCOUNT))
    outcome = run_tasks(tasks, AWS_URL=endpoint.url, **user)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return tmp_path / ACCOUNT


def test_the_programs(export: Path) -> None:
    program = "\n".join(code_blocks(GUIDE, "python"))
    outcome = subprocess.run([sys.executable, "-c", program], cwd=export, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines() == [
        f"complete: {'finding' in kinds.KINDS}",
        f"open: 2026-01-02T03:04:05.678000+00:00 Payments are down {LINE['parent']}",
        'event: 2026-01-02T03:05:00.000000+00:00 Custom Event "The database is full"',
        'event: 2026-01-02T03:06:00.000000+00:00 Custom Event "Resolved"',
        f"page: 2026-01-02T03:04:45.000000+00:00 on-call Payments are down ['DELIVERED', 'READ'] {LINE['parent']}",
        f"plan: payments-down Title of payments-down ['{CONTACT}']",
    ]
    with (export / "contacts.jsonl").open("a") as file:
        file.write("{}\n")
    changed = subprocess.run([sys.executable, "-c", program], cwd=export, capture_output=True, text=True, check=False)
    assert "changed: contacts.jsonl" in changed.stdout.splitlines()


@pytest.mark.skipif(not shutil.which("jq"), reason="There is no jq")
def test_the_commands(export: Path) -> None:
    commands = code_blocks(GUIDE, "shell")
    assert all(command.startswith("jq ") for command in commands)
    shown = subprocess.run(
        ["bash", "-ec", "\n".join(commands[1:])], cwd=export, capture_output=True, text=True, check=False
    )
    assert shown.stdout.splitlines() == [
        f"2026-01-02T03:04:05.678000+00:00 Payments are down {LINE['parent']}",
        '2026-01-02T03:05:00.000000+00:00 Custom Event "The database is full"',
        '2026-01-02T03:06:00.000000+00:00 Custom Event "Resolved"',
        f"2026-01-02T03:04:45.000000+00:00 {CONTACT} Payments are down",
        "payments-down Title of payments-down",
    ], shown.stderr
    manifest = subprocess.run(["bash", "-ec", commands[0]], cwd=export, capture_output=True, text=True, check=True)
    assert manifest.stdout.startswith(json.dumps("finding" in kinds.KINDS))


def test_the_line(export: Path) -> None:
    lines = map(json.loads, (export / "timeline_events.jsonl").read_text().splitlines())
    (line,) = [line for line in lines if line["id"] == LINE["id"]]
    assert line == LINE and list(line) == list(LINE)


def test_the_tables(export: Path) -> None:
    """They list the files with their operations, and the keys of the manifest."""
    files, manifest = (part.split("\n\n", 2)[1] for part in re.split(r"^\.\. list-table::$", TEXT, flags=re.M)[1:])
    rows = [re.findall(r"``(.+?)``", row) for row in files.split("   * - ")[2:]]
    assert {row[0]: tuple(name for name in row[1:] if not name.isupper()) for row in rows} == {
        f"{kind.name}.jsonl": kind.gets or tuple(dict.fromkeys(kind.lists)) for kind in KINDS.values()
    }
    keys = [key for row in manifest.split("   * - ")[2:] for key in re.findall(r"``(.+?)``", row.splitlines()[0])]
    assert sorted(keys) == sorted(json.loads((export / "manifest.json").read_text()))
