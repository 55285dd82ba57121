# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that compare the results of random calls in an account with a short model of the account."""

from __future__ import annotations

from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from .calls import ARN, Connect, error_code

NAMES = ("us-east-1", "us-west-2", "eu-west-1", "ap-south-1")
region_names = st.sampled_from(NAMES)


@pytest.mark.slow
def test_random_calls(endpoint: LocalEndpoint, connect: Connect) -> None:
    class Account(RuleBasedStateMachine):
        """A model of the account.

        :ivar regions: the Regions of the set.
        :ivar enabled: whether the account can create a set. After deleting a set, it can't.
        :ivar target: the Regions of the set after the change in progress; None if no change is in progress.
        :ivar created_in: the Region that was asked to create it.
        """

        def __init__(self) -> None:
            super().__init__()
            endpoint.reset()
            endpoint.configure(transition={"progression": "manual", "times": 1})
            self.arn = ARN
            self.regions: set[str] = set()
            self.target: set[str] | None = None
            self.protected = False
            self.enabled = True
            self.created_in = ""

        @property
        def answering(self) -> set[str]:
            """Return the Regions in which GetReplicationSet returns the set."""
            if self.target is None:
                return self.regions
            if not self.regions:
                return {self.created_in}
            return self.regions & self.target or self.regions

        def call(self, region: str, expected: str, operation: str, **arguments: Any) -> bool:
            """Make a call, check the code of its error, and return whether it succeeded."""
            code = error_code(getattr(connect(region), operation), **arguments)
            if region not in self.answering and operation != "create_replication_set":
                expected = "ResourceNotFoundException"
            assert code == expected, (operation, arguments)
            return not code

        @property
        def exists(self) -> bool:
            return bool(self.regions or self.target)

        @rule(region=region_names, names=st.sets(region_names, min_size=1))
        def create_set(self, region: str, names: set[str]) -> None:
            expected = ""
            if len(names) > 3:
                # botocore's model allows at most three.
                expected = "ValidationException"
            elif not self.exists and not self.enabled:
                expected = "UnsupportedOperationException"
            elif region not in names:
                expected = "ValidationException"
            elif self.exists:
                expected = "ServiceQuotaExceededException"
            arguments: dict[str, Any] = {"regions": {name: {} for name in names}}
            if self.call(region, expected, "create_replication_set", **arguments):
                self.target = names
                self.protected = False
                self.created_in = region
                self.arn = connect(region).list_replication_sets()["replicationSetArns"][0]

        @precondition(lambda self: self.exists)
        @rule(region=region_names, name=region_names)
        def add_region(self, region: str, name: str) -> None:
            expected = ""
            if self.target is not None:
                expected = "ConflictException"
            elif name in self.regions or len(self.regions) == 3:
                expected = "ValidationException"
            actions = [{"addRegionAction": {"regionName": name}}]
            if self.call(region, expected, "update_replication_set", arn=self.arn, actions=actions):
                self.target = self.regions | {name}

        @precondition(lambda self: self.exists)
        @rule(region=region_names, name=region_names)
        def delete_region(self, region: str, name: str) -> None:
            expected = ""
            if self.target is not None:
                expected = "ConflictException"
            elif name not in self.regions or (self.protected and len(self.regions) == 1):
                expected = "ValidationException"
            actions = [{"deleteRegionAction": {"regionName": name}}]
            if self.call(region, expected, "update_replication_set", arn=self.arn, actions=actions):
                self.target = self.regions - {name}

        @precondition(lambda self: self.exists)
        @rule(region=region_names)
        def delete_set(self, region: str) -> None:
            expected = "ValidationException" if self.target is not None or self.protected else ""
            if self.call(region, expected, "delete_replication_set", arn=self.arn):
                self.target = set()

        @precondition(lambda self: self.exists)
        @rule(region=region_names, on=st.booleans())
        def set_protection(self, region: str, on: bool) -> None:
            expected = "ValidationException" if self.target is not None else ""
            arguments = {"arn": self.arn, "deletionProtected": on}
            if self.call(region, expected, "update_deletion_protection", **arguments):
                self.protected = on

        @rule()
        def poll_until_done(self) -> None:
            """Poll once in a Region that answers. A change takes one poll here."""
            if self.target is None:
                return
            poll = connect(min(self.answering)).get_replication_set
            if not self.target:
                assert error_code(poll, arn=self.arn) == "ResourceNotFoundException"
            else:
                found = poll(arn=self.arn)["replicationSet"]
                assert found["status"] == "ACTIVE"
                assert {region["status"] for region in found["regionMap"].values()} == {"ACTIVE"}
                assert set(found["regionMap"]) == self.target
            self.regions, self.target = self.target, None
            self.enabled = self.enabled and bool(self.regions)

        @rule()
        def enable(self) -> None:
            endpoint.configure(enabled_accounts=["123456789012"])
            self.enabled = True

        @invariant()
        def every_region_lists_the_same(self) -> None:
            arns = connect(NAMES[0]).list_replication_sets()["replicationSetArns"]
            assert arns == ([self.arn] if self.exists else [])

        @invariant()
        def only_its_own_regions_return_it(self) -> None:
            if self.target is not None:
                return  # GetReplicationSet would count as a poll
            for name in NAMES:
                if name not in self.regions:
                    assert error_code(connect(name).get_replication_set, arn=self.arn) == "ResourceNotFoundException"
                    continue
                found = connect(name).get_replication_set(arn=self.arn)["replicationSet"]
                assert set(found["regionMap"]) == self.regions
                assert found["deletionProtected"] == self.protected

    run_state_machine_as_test(
        Account,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # there is no need to shrink twelve steps
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
