# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of changes of a replication set in generated worlds."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from simulation.checks import broken_rules
from simulation.run import simulate
from simulation.scenario import make_scenario
from simulation.world import random_of


# "make simulation" runs more worlds. "python tests/simulation --seed 3 --world 14 -v" runs one of them again.
@pytest.mark.slow
@settings(max_examples=100, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(random=st.randoms(use_true_random=False))
def test_no_world_of_hypothesis_breaks_a_rule(random: Random) -> None:
    """Hypothesis looks for worlds but does not shrink them, which would take minutes."""
    assert broken_rules(simulate(make_scenario(random))) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
def test_no_world_breaks_a_rule(seed: int, thorough: bool) -> None:
    broken = {}
    for number in range(100 if thorough else 20):
        rules = broken_rules(simulate(make_scenario(random_of(seed, number))))
        if rules:
            broken[f"--seed {seed} --world {number}"] = rules
    assert not broken
