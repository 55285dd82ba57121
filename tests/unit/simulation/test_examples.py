# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of worlds in which a change once went wrong. Each has a name."""

from __future__ import annotations

from typing import Any

import pytest
from simulation.checks import broken_rules
from simulation.run import Simulation, simulate
from simulation.scenario import DEFAULT_KEY, WRITES, Act, Fault, Outage, Scenario, Start, kms_key

A, B, C, D = "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"


def start(*names: str, **members: Any) -> Start:
    return Start(dict.fromkeys(names, DEFAULT_KEY), **members)


def regions(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


WORLDS: dict[str, Scenario] = {
    "a FAILED set refuses a Region forever": Scenario(
        task={"regions": regions(B)}, caller=D, start=start(D, failed={D: "The KMS key is gone"}, status="FAILED")
    ),
    "AWS answers with a conflict forever": Scenario(
        task={"deletion_protected": True}, start=start(B, C), outages=[Outage("conflict", operations=WRITES)]
    ),
    "no Region answers the first read": Scenario(start=start(A), caller=A, outages=[Outage("hang")]),
    "the time for the first read is short": Scenario(
        task={"wait_timeout": 3}, start=start(A), caller=A, outages=[Outage("hang")]
    ),
    "the time is over while every Region that may have the set refuses": Scenario(
        task={"wait_timeout": 3},
        caller=A,
        start=start(B, C),
        outages=[Outage("503", [B, C])],
        faults=[Fault("hang", "read", 3)],
    ),
    "the time is over after somebody else has deleted the set": Scenario(
        task={"tags": {"Owner": "me"}, "wait_timeout": 3},
        caller=D,
        start=start(C),
        acts=[Act("delete", "write", 0)],
    ),
    "somebody else adds a Region again that was deleted": Scenario(
        task={"regions": [{"name": A, "sse_kms_key_id": kms_key(A, 2)}, {"name": C, "sse_kms_key_id": kms_key(C, 2)}]},
        caller=B,
        start=Start({name: kms_key(name, 2) for name in (A, B, D)}),
        acts=[Act("undo", "write", 1)],
    ),
    "AWS reports a key in another form": Scenario(
        task={"regions": [{"name": name, "sse_kms_key_id": kms_key(name, 1)} for name in (A, B, C)]},
        caller=B,
        start=Start({name: kms_key(name, 1) for name in (A, B)}),
        respelled="keys",
    ),
    "AWS reports a tag in another form": Scenario(
        task={"tags": {"Team": "sre"}, "purge_tags": False}, start=start(B, C), respelled="tags"
    ),
    "the only other Region is FAILED": Scenario(
        task={"regions": [{"name": C, "sse_kms_key_id": kms_key(C, 1)}], "replace_keys": True},
        start=Start({C: kms_key(C, 2), D: kms_key(D, 2)}, failed={D: "The KMS key is gone"}),
    ),
    "the tags can't be listed for a moment after the change": Scenario(
        task={"deletion_protected": True}, caller=A, start=start(A), faults=[Fault("reset", "read", 3)]
    ),
    "somebody else turns protection off while a step is in doubt": Scenario(
        task={"regions": regions(B), "deletion_protected": True},
        start=start(B, C, D, protected=True),
        faults=[Fault("reset", "write", 0)],
        acts=[Act("unprotect", "write", 0)],
    ),
    "somebody else creates another set before a deletion that does not wait": Scenario(
        task={"state": "absent", "wait": False}, start=start(B, C, D), acts=[Act("recreate", "call", 1)]
    ),
    "reads lag behind a creation": Scenario(task={"regions": regions(B, C)}, lag={"seconds": 40}),
    "the task's own Region is down and is deleted": Scenario(
        task={"regions": regions(A, B)}, start=start(B, C), outages=[Outage("drop", [C])]
    ),
    "the answer to every kind of write is lost": Scenario(
        task={"regions": regions(A, B), "tags": {"Owner": "me"}, "deletion_protected": True},
        start=start(B, C, tags={"Team": "ops"}),
        faults=[Fault("reset after", "write", number) for number in range(6)],
    ),
    "a deletion comes late, while another process goes on": Scenario(
        task={"regions": regions(B)},
        start=start(B, C, D),
        faults=[Fault("late", "write", 0, 3), Fault("kill", "read", 4)],
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_no_rule_is_broken(name: str) -> None:
    simulation: Simulation = simulate(WORLDS[name])
    broken = broken_rules(simulation)
    assert not broken, "\n".join(map(str, simulation.runs))


# These worlds still lead to the situations that their names describe.
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("a FAILED set refuses a Region forever", "ConflictException"),
        ("AWS answers with a conflict forever", "ConflictException"),
        ("somebody else adds a Region again that was deleted", "ChangeNotVisible"),
        ("AWS reports a tag in another form", "ChangeNotVisible"),
        ("reads lag behind a creation", "changed"),
        ("the task's own Region is down and is deleted", "changed"),
        ("the answer to every kind of write is lost", "changed"),
        ("the tags can't be listed for a moment after the change", "changed"),
    ],
)
def test_the_first_run_ends_as_expected(name: str, outcome: str) -> None:
    assert simulate(WORLDS[name]).runs[0].outcome == outcome
