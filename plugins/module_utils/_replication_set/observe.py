# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a replication set from any Region that responds.

ListReplicationSets succeeds in any Region where the service exists, GetReplicationSet only in a Region that is in the set
(sources: Prowler, Terraform's AWS provider).
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Callable, Iterable, TypeVar

from .._aws.errors import CONFLICT, MALFORMED_ANSWER, MULTIPLE_REPLICATION_SETS, NOT_FOUND, AnsibleSSMIncidentsError
from .observation import Observation
from .search import OWN_SET, search_failure
from .service import ACTIVE, PAUSES

if TYPE_CHECKING:
    from .remote import Remote

Result = TypeVar("Result")

#: How long to retry listing the tags for the result of a task, in seconds.
LAST_READ_SECONDS = 60


class Observer:
    """Reads one replication set. Once its ARN is known, it is always the same set.

    :ivar arn: the set's ARN; None before it is known.
    """

    def __init__(self, remote: Remote, arn: str | None, include_tags: bool) -> None:
        """
        :param arn: the ARN in the options; None for the account's own set.
        :param include_tags: whether to list the tags too.
        """
        self.arn = self._given_arn = arn
        self.mask = remote.mask
        self._remote = remote
        self._include_tags = include_tags
        self._regions: list[str] = []
        # The Regions that are being added to the set or deleted from it. They may not return it.
        self._moving: set[str] = set()
        self._unreadable_lists: set[str] = set()
        self._failures: Counter[str] = Counter()

    def remember(self, arn: str, regions: Iterable[str]) -> None:
        """Store the ARN and the Regions of the set, which this change has just created or a read has just returned."""
        self.arn, self._regions, self._moving = arn, list(regions), set()

    def forget(self) -> None:
        """Forget the ARN, unless it is from the options: the account may now have another set."""
        self.arn = self._given_arn

    def look(self) -> Observation:
        """Return what AWS reports.

        :raises AnsibleSSMIncidentsError: if it can't be determined whether there is a set, or if a listed set can't be read.
        """
        failures: dict[str, AnsibleSSMIncidentsError] = {}
        if self.arn:
            seen = self._get(self.arn, self._regions or [self._remote.region], failures)
            if seen:
                return seen
        every_region = self._remote.regions(self.arn)
        listed = self._list(every_region)
        arn = self.arn or _only_arn(listed)
        if arn is None:
            return Observation(None, "", None)
        seen = self._get(arn, every_region, failures)
        if seen:
            return seen
        if isinstance(listed, AnsibleSSMIncidentsError) and all(one.code == NOT_FOUND for one in failures.values()):
            raise listed
        if isinstance(listed, AnsibleSSMIncidentsError) or arn in listed:
            raise self._not_found(arn, failures)
        return Observation(None, "", None, other_arns=tuple(listed))

    def list_tags(self, seen: Observation) -> dict[str, str]:
        """Return the tags of the set in an observation. Raises AnsibleSSMIncidentsError if no Region of the set lists them."""
        regions = seen.replication_set["regionMap"] if seen.replication_set else []
        failures: dict[str, AnsibleSSMIncidentsError] = {}
        tags = self._first(self.healthiest_first(regions), partial(self._remote.list_tags, arn=seen.arn), failures)
        if tags:
            return tags[1]
        raise next(iter(failures.values()))

    def list_tags_for_result(self, seen: Observation) -> dict[str, str]:
        """Return the tags for the result of a task. Temporary errors are retried for a minute. For errors, see list_tags()."""
        end = self._remote.now() + min(LAST_READ_SECONDS, self._remote.seconds_left())
        for number in count():
            try:
                return self.list_tags(seen)
            except AnsibleSSMIncidentsError as failure:
                if not failure.is_temporary or self._remote.now() >= end:
                    raise
            left = end - self._remote.now()
            self._remote.sleep(max(0, min(PAUSES[min(number, len(PAUSES) - 1)], left)))
        raise AssertionError  # count() has no end.

    def healthiest_first(self, regions: Iterable[str]) -> list[str]:
        """Return Regions in the order in which to call them: fewest failures, then not changing, then the user's own Region."""

        def order(name: str) -> tuple[int, bool, bool, str]:
            return self._failures[name], name in self._moving, name != self._remote.region, name

        return sorted(regions, key=order)

    def record(self, region: str, failure: AnsibleSSMIncidentsError | None) -> None:
        """Count a Region's failures since its last success.

        A conflict does not count, nor does a set that is not found: neither is a failure of the Region.
        """
        if failure is None:
            self._failures[region] = 0
        elif failure.code not in (CONFLICT, NOT_FOUND):
            self._failures[region] += 1

    def _get(
        self, arn: str, regions: Iterable[str], failures: dict[str, AnsibleSSMIncidentsError]
    ) -> Observation | None:
        """Get the set from the first Region that returns it.

        :param failures: the Regions that have already failed, each with its failure. New failures are added.
        """
        asked = [region for region in self.healthiest_first(regions) if region not in failures]
        found = self._first(asked, partial(self._remote.get_replication_set, arn=arn), failures)
        if found is None:
            return None
        region, replication_set = found
        statuses = {name: info.get("status") for name, info in replication_set["regionMap"].items()}
        self.remember(arn, statuses)
        self._moving = {name for name, status in statuses.items() if status != ACTIVE}
        seen = Observation(region, arn, replication_set)
        return seen._replace(tags=self.list_tags(seen)) if self._include_tags else seen

    def _not_found(self, arn: str, failures: dict[str, AnsibleSSMIncidentsError]) -> AnsibleSSMIncidentsError:
        """Return the failure for a set that should exist.

        Either the only Region that responds is being added to the set or deleted from it, or no Region of the set responds.
        Failures of Regions that are not known to be in the set don't matter.
        """
        own = {region: failure for region, failure in failures.items() if region in self._regions} or failures
        failure = search_failure(f"the replication set {arn}", list(own), own, self._remote.mask)
        if any(one.code == NOT_FOUND for one in own.values()):
            return failure.temporary().with_advice("Check the ARN.")
        return failure

    def _list(self, regions: list[str]) -> list[str] | AnsibleSSMIncidentsError:
        """Return the ARNs of the account's sets, or the failure if no Region lists them."""
        failures: dict[str, AnsibleSSMIncidentsError] = {}
        ordered = self.healthiest_first(regions)
        # An endless list takes many calls, so don't read it again in every Region.
        asked = [region for region in ordered if region not in self._unreadable_lists] or ordered[:1]
        found = self._first(asked, self._remote.list_replication_sets, failures)
        self._unreadable_lists |= {region for region, failure in failures.items() if failure.code == MALFORMED_ANSWER}
        return found[1] if found else search_failure(OWN_SET, list(failures), failures, self._remote.mask)

    def _first(
        self, regions: list[str], call: Callable[..., Result], failures: dict[str, AnsibleSSMIncidentsError]
    ) -> tuple[str, Result] | None:
        """Call the first Region and, if it fails, all others in parallel. Return the first Region that succeeds, with its result.

        :param failures: the failures of Regions are added to it.
        """
        for group in (regions[:1], regions[1:]):
            if failures and self._remote.is_over():
                break
            calls = {region: partial(call, region) for region in group}
            for region, result in self._remote.side_by_side(calls):
                if isinstance(result, AnsibleSSMIncidentsError):
                    self.record(region, result)
                    failures[region] = result
                else:
                    self.record(region, None)
                    return region, result
        return None


def _only_arn(listed: list[str] | AnsibleSSMIncidentsError) -> str | None:
    """Return the ARN of the account's only set, or None if it has none.

    :raises AnsibleSSMIncidentsError: if the list has several, which AWS does not allow, or if it could not be read.
    """
    if isinstance(listed, AnsibleSSMIncidentsError):
        raise listed
    if len(listed) > 1:
        raise AnsibleSSMIncidentsError(
            f"Found {len(listed)} replication sets: {', '.join(listed)}", code=MULTIPLE_REPLICATION_SETS
        )
    return listed[0] if listed else None
