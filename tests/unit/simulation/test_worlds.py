# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of changes of a replication set in generated worlds."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from simulation.checks import broken_rules
from simulation.run import simulate
from simulation.scenario import make_scenario

_PROFILE = settings()


# The profile thorough tries as many worlds as a minute takes.
@pytest.mark.slow
@settings(
    max_examples=_PROFILE.max_examples * 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(st.randoms(use_true_random=False))
def test_no_world_breaks_a_rule(random: Random) -> None:
    scenario = make_scenario(random)
    note(f"{scenario!r}")
    simulation = simulate(scenario)
    broken = broken_rules(simulation)
    for run in simulation.runs if broken else ():
        note(str(run))
    assert not broken
