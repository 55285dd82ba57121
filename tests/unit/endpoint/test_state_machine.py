# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random histories of one account, against a model of it that fits on a page."""

from __future__ import annotations

from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from .calls import ARN, Connect, code_of

NAMES = ("us-east-1", "us-west-2", "eu-west-1", "ap-south-1")
a_region = st.sampled_from(NAMES)


@pytest.mark.slow
def test_histories(endpoint: LocalEndpoint, connect: Connect) -> None:
    class Account(RuleBasedStateMachine):
        """What the account must look like: ``after`` is what the Regions are to be once the change is done."""

        def __init__(self) -> None:
            super().__init__()
            endpoint.reset()
            endpoint.configure(transition={"progression": "manual", "times": 1})
            self.arn = ARN
            self.regions: set[str] = set()
            self.after: set[str] | None = None
            self.protected = False

        def expect(self, region: str, refused: str, call: str, **arguments: Any) -> bool:
            """Make a call that must end as predicted. :return: whether it went through."""
            code = code_of(getattr(connect(region), call), **arguments)
            working = self.regions or self.after or set()
            if region not in working and call != "create_replication_set":
                refused = "ResourceNotFoundException"
            assert code == refused, (call, arguments)
            return not code

        @property
        def exists(self) -> bool:
            return bool(self.regions or self.after)

        @rule(region=a_region, names=st.sets(a_region, min_size=1))
        def create(self, region: str, names: set[str]) -> None:
            refused = ""
            if len(names) > 3 or region not in names:
                refused = "ValidationException"
            elif self.exists:
                refused = "ServiceQuotaExceededException"
            arguments: dict[str, Any] = {"regions": {name: {} for name in names}}
            if self.expect(region, refused, "create_replication_set", **arguments):
                self.after = names
                self.protected = False
                self.arn = connect(region).list_replication_sets()["replicationSetArns"][0]

        @precondition(lambda self: self.exists)
        @rule(region=a_region, name=a_region)
        def add(self, region: str, name: str) -> None:
            refused = ""
            if self.after is not None:
                refused = "ConflictException"
            elif name in self.regions or len(self.regions) == 3:
                refused = "ValidationException"
            actions = [{"addRegionAction": {"regionName": name}}]
            if self.expect(region, refused, "update_replication_set", arn=self.arn, actions=actions):
                self.after = self.regions | {name}

        @precondition(lambda self: self.exists)
        @rule(region=a_region, name=a_region)
        def delete_region(self, region: str, name: str) -> None:
            refused = ""
            if self.after is not None:
                refused = "ConflictException"
            elif name not in self.regions or (self.protected and len(self.regions) == 1):
                refused = "ValidationException"
            actions = [{"deleteRegionAction": {"regionName": name}}]
            if self.expect(region, refused, "update_replication_set", arn=self.arn, actions=actions):
                self.after = self.regions - {name}

        @precondition(lambda self: self.exists)
        @rule(region=a_region)
        def delete(self, region: str) -> None:
            refused = "ValidationException" if self.after is not None or self.protected else ""
            if self.expect(region, refused, "delete_replication_set", arn=self.arn):
                self.after = set()

        @precondition(lambda self: self.exists)
        @rule(region=a_region, on=st.booleans())
        def protect(self, region: str, on: bool) -> None:
            refused = "ValidationException" if self.after is not None else ""
            arguments = {"arn": self.arn, "deletionProtected": on}
            if self.expect(region, refused, "update_deletion_protection", **arguments):
                self.protected = on

        @rule()
        def poll_until_done(self) -> None:
            """One poll, from a Region that answers, is all a change takes here."""
            if self.after is None:
                return
            poll = connect(min(self.regions & self.after or self.regions or self.after)).get_replication_set
            if not self.after:
                assert code_of(poll, arn=self.arn) == "ResourceNotFoundException"
            else:
                found = poll(arn=self.arn)["replicationSet"]
                assert found["status"] == "ACTIVE"
                assert {region["status"] for region in found["regionMap"].values()} == {"ACTIVE"}
                assert set(found["regionMap"]) == self.after
            self.regions, self.after = self.after, None

        @invariant()
        def every_region_lists_the_same(self) -> None:
            arns = connect(NAMES[0]).list_replication_sets()["replicationSetArns"]
            assert arns == ([self.arn] if self.exists else [])

        @invariant()
        def seen_from_its_own_regions_only(self) -> None:
            if self.after is not None:
                return  # looking would be a poll
            for name in NAMES:
                if name not in self.regions:
                    assert code_of(connect(name).get_replication_set, arn=self.arn) == "ResourceNotFoundException"
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
            phases=[Phase.generate],  # a history of twelve steps is short enough
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
