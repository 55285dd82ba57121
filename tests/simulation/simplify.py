# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simplifies a scenario that breaks a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from .scenario import Scenario

_DEFAULT = Scenario()


def simplify(scenario: Scenario, is_broken: Callable[[Scenario], bool]) -> Scenario:
    """Return a scenario that still breaks the rule, and from which nothing more can be left out.

    :param is_broken: whether a scenario breaks the rule.
    """
    while True:
        simpler = next((other for other in _simpler(scenario) if is_broken(other)), None)
        if simpler is None:
            return scenario
        scenario = simpler


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Yield scenarios that are simpler in one respect."""
    for name in ("outages", "faults", "acts"):
        items = list(getattr(scenario, name))
        for number in range(len(items)):
            yield _with(scenario, name, items[:number] + items[number + 1 :])
    for name in ("task", "settings", "lag", "fails"):
        values = getattr(scenario, name)
        for key in values:
            if (name, key) != ("task", "state"):
                yield _with(scenario, name, {other: value for other, value in values.items() if other != key})
    for setting in fields(Scenario):
        default = getattr(_DEFAULT, setting.name)
        if setting.name in ("owns_other", "enabled", "polls", "seconds", "respelled", "lag") and (
            getattr(scenario, setting.name) != default
        ):
            yield _with(scenario, setting.name, default)
    for number, outage in enumerate(scenario.outages):
        outages = list(scenario.outages)
        for changed in (replace(outage, since=0), replace(outage, until=1e9), replace(outage, operations=())):
            if changed != outage:
                yield replace(scenario, outages=[*outages[:number], changed, *outages[number + 1 :]])
    if scenario.start and scenario.start.tags:
        yield replace(scenario, start=replace(scenario.start, tags={}))
    if scenario.start and scenario.start.protected:
        yield replace(scenario, start=replace(scenario.start, protected=False))


def _with(scenario: Scenario, name: str, value: Any) -> Scenario:
    changed: dict[str, Any] = {name: value}
    return replace(scenario, **changed)
