# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The best order of the steps from some Regions to others, found by a search that knows nothing of the planner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

MAX_REGIONS = 3

Regions = frozenset[tuple[str, "str | None"]]


class Order(NamedTuple):
    """An order of steps, as the numbers of Regions before the first step and after each step."""

    sizes: tuple[int, ...]

    @property
    def steps(self) -> int:
        return len(self.sizes) - 1

    @property
    def rank(self) -> tuple[int, int, int]:
        """Return the order's rank, which is smallest for the best order."""
        return (self.steps, -min(self.sizes), -sum(self.sizes))


def best_order(current: Mapping[str, str | None], desired: Mapping[str, str | None]) -> Order | None:
    """Return the best order; None if there is no order.

    Among the shortest orders, the best one keeps the smallest number of Regions at any time as large as possible. Among
    several such orders, it has the largest sum of the numbers of Regions after each step.
    """
    return _best_order(frozenset(current.items()), frozenset(desired.items()))


@cache
def _best_order(current: Regions, desired: Regions) -> Order | None:
    """Search breadth-first: compare all orders of one length before longer ones."""
    orders: dict[Regions, list[tuple[int, ...]]] = {current: [(len(current),)]}
    seen: set[Regions] = set()
    while orders:
        if desired in orders:
            return min((Order(sizes) for sizes in orders[desired]), key=lambda order: order.rank)
        seen |= set(orders)
        following: dict[Regions, list[tuple[int, ...]]] = {}
        for regions, ways in orders.items():
            for other in _neighbours(regions, desired):
                if other not in seen:
                    sizes = {(*way, len(other)) for way in ways}
                    following[other] = [*{*following.get(other, []), *sizes}]
        orders = following
    return None


def _neighbours(regions: Regions, desired: Regions) -> Iterator[Regions]:
    """Yield the Regions after each possible step. A Region's key can't be edited, and the last Region can't be deleted."""
    names = {name for name, _key in regions}
    if len(regions) < MAX_REGIONS:
        yield from (regions | {region} for region in desired if region[0] not in names)
    if len(regions) > 1:
        yield from (regions - {region} for region in regions)
