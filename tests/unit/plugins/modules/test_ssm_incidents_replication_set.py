# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module that creates, changes and deletes replication sets, against the local endpoint."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from endpoint.client import SECRET_KEY, active_set
from endpoint.server import LocalEndpoint
from helpers.failing_servers import hanging_server
from helpers.replication_sets import (
    NAMES,
    SETS,
    WRITES,
    actions,
    is_mixed,
    key,
    keys_of,
    region_map,
    regions,
    seed_set,
    write_operations,
)

ACCOUNT = "123456789012"
KEY = key("eu-west-1")
OTHER_KEY = key("eu-west-1", 2)
US_KEY = key("us-east-1")
OTHER_US_KEY = key("us-east-1", 2)

Run = Callable[..., Any]


@pytest.fixture
def manage(run_module: Run, sleeps: list[float]) -> Run:
    """Return a function that runs the module, without sleeping. The endpoint's changes take polls, not time."""

    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_replication_set", **{"region": "eu-west-1", **options})

    return run


@pytest.fixture
def info(run_module: Run) -> Run:
    """Return a function that runs the info module."""

    def run(**options: Any) -> Any:
        return run_module("ssm_incidents_replication_set_info", region="eu-west-1", search_regions=["all"], **options)

    return run


@pytest.fixture(autouse=True)
def transition(endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 2})


@pytest.fixture(autouse=True)
def keys(endpoint: LocalEndpoint) -> None:
    """Make two KMS keys in each of some Regions."""
    for region in (*NAMES, "eu-west-2"):
        for number in (1, 2):
            endpoint.make_key(key(region, number))


def assert_unchanged_again(manage: Run, endpoint: LocalEndpoint, options: dict[str, Any]) -> None:
    """Assert that a second run of a task changes nothing and makes no call that writes."""
    before = len(write_operations(endpoint))
    again = manage(**options)
    assert not again.failed and again["changed"] is False and again["actions"] == []
    assert len(write_operations(endpoint)) == before


# The scenarios of Terraform's acceptance tests and CloudFormation's handler tests, and those that they refuse ---------

TAGS = {"Team": "Resilience", "CostCenter": "A-1"}
SCENARIOS: dict[str, tuple[dict[str, Any] | None, dict[str, Any], dict[str, str], list[str]]] = {
    # For each name: the members of the set and its tags, the options, the keys at the end, and the actions.
    "create, two Regions": (
        None,
        {"regions": regions("eu-west-1", "us-east-1")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"},
        ["create_replication_set"],
    ),
    "create, with everything": (
        None,
        {"regions": regions(us_east_1=US_KEY, eu_west_1=KEY), "deletion_protected": True, "tags": TAGS},
        {"eu-west-1": KEY, "us-east-1": US_KEY},
        ["create_replication_set", "update_deletion_protection"],
    ),
    "create, all in Regions other than the one asked": (
        None,
        {"regions": regions("us-east-1", "us-east-2")},
        {"us-east-1": "DefaultKey", "us-east-2": "DefaultKey"},
        ["create_replication_set"],
    ),
    "one Region to two": (
        {"regionMap": region_map("eu-west-1")},
        {"regions": regions("eu-west-1", "us-east-1")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"},
        ["add_region"],
    ),
    "two Regions to one": (
        {"regionMap": region_map("eu-west-1", "us-east-1")},
        {"regions": regions("us-east-1")},
        {"us-east-1": "DefaultKey"},
        ["delete_region"],
    ),
    "a difference of two Regions": (
        {"regionMap": region_map("eu-west-1")},
        {"regions": regions("eu-west-1", "us-east-1", "us-east-2")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey", "us-east-2": "DefaultKey"},
        ["add_region", "add_region"],
    ),
    "moved to three other Regions": (
        {"regionMap": region_map("eu-west-1", "eu-west-2", "eu-west-3")},
        {"regions": regions("us-east-1", "us-east-2", "us-west-2")},
        {"us-east-1": "DefaultKey", "us-east-2": "DefaultKey", "us-west-2": "DefaultKey"},
        ["delete_region", "add_region"] * 3,
    ),
    "a Region's key replaced": (
        {"regionMap": region_map(us_east_1=US_KEY, eu_west_1=KEY)},
        {"regions": regions(us_east_1=US_KEY, eu_west_1=OTHER_KEY), "replace_keys": True},
        {"eu-west-1": OTHER_KEY, "us-east-1": US_KEY},
        ["delete_region", "add_region"],
    ),
    "every key replaced": (
        {"regionMap": region_map(us_east_1=US_KEY, eu_west_1=KEY)},
        {"regions": regions(us_east_1=OTHER_US_KEY, eu_west_1=OTHER_KEY), "replace_keys": True},
        {"eu-west-1": OTHER_KEY, "us-east-1": OTHER_US_KEY},
        ["delete_region", "add_region", "delete_region", "add_region"],
    ),
    "keys left out": (
        {"regionMap": region_map(us_east_1=US_KEY, eu_west_1=KEY)},
        {"regions": regions("us-east-1", "eu-west-1"), "replace_keys": True},
        {"eu-west-1": KEY, "us-east-1": US_KEY},
        [],
    ),
    "a Region added to a set of customer managed keys": (
        {"regionMap": region_map(eu_west_1=KEY)},
        {"regions": regions("eu-west-1", us_east_1=US_KEY)},
        {"eu-west-1": KEY, "us-east-1": US_KEY},
        ["add_region"],
    ),
    "the key of a Region that was the only one replaced": (
        {"regionMap": region_map(eu_west_1=KEY)},
        {"regions": regions(eu_west_1=OTHER_KEY, us_east_1=US_KEY), "replace_keys": True},
        {"eu-west-1": OTHER_KEY, "us-east-1": US_KEY},
        ["add_region", "delete_region", "add_region"],
    ),
    "the AWS owned key written out": (
        {"regionMap": region_map("eu-west-1")},
        {"regions": regions("eu-west-1", us_east_1="DefaultKey")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"},
        ["add_region"],
    ),
    "a mixed set, protected and tagged": (
        {"regionMap": region_map("us-east-1", eu_west_1=KEY)},
        {"regions": regions("us-east-1", "eu-west-1"), "deletion_protected": True, "tags": TAGS},
        {"eu-west-1": KEY, "us-east-1": "DefaultKey"},
        ["update_deletion_protection", "tag_resource"],
    ),
    "a Region added, the others kept": (
        {"regionMap": region_map("eu-west-1", "us-east-1")},
        {"regions": regions("us-east-2"), "purge_regions": False},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey", "us-east-2": "DefaultKey"},
        ["add_region"],
    ),
    "protection on": (
        {"regionMap": region_map("eu-west-1")},
        {"deletion_protected": True},
        {"eu-west-1": "DefaultKey"},
        ["update_deletion_protection"],
    ),
    "protection off": (
        {"regionMap": region_map("eu-west-1"), "deletionProtected": True},
        {"deletion_protected": False},
        {"eu-west-1": "DefaultKey"},
        ["update_deletion_protection"],
    ),
    "tags from empty": (
        {"regionMap": region_map("eu-west-1")},
        {"tags": TAGS},
        {"eu-west-1": "DefaultKey"},
        ["tag_resource"],
    ),
    "tags changed": (
        {"regionMap": region_map("eu-west-1"), "tags": {"Team": "Other", "Old": "1"}},
        {"tags": TAGS},
        {"eu-west-1": "DefaultKey"},
        ["untag_resource", "tag_resource"],
    ),
    "tags to empty": (
        {"regionMap": region_map("eu-west-1"), "tags": TAGS},
        {"tags": {}},
        {"eu-west-1": "DefaultKey"},
        ["untag_resource"],
    ),
    "no difference": (
        {"regionMap": region_map("eu-west-1"), "tags": TAGS},
        {"regions": regions("eu-west-1"), "deletion_protected": False, "tags": TAGS},
        {"eu-west-1": "DefaultKey"},
        [],
    ),
    "being created when it starts": (
        {"regionMap": {"eu-west-1": {"status": "CREATING", "sseKmsKeyId": "DefaultKey"}}, "status": "CREATING"},
        {"regions": regions("eu-west-1", "us-east-1")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"},
        ["add_region"],
    ),
    "being updated when it starts": (
        {"regionMap": {**region_map("eu-west-1"), "us-east-1": {"status": "DELETING"}}, "status": "UPDATING"},
        {"regions": regions("eu-west-1", "us-east-1")},
        {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"},
        ["add_region"],
    ),
}


@pytest.mark.sample(8)
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(manage: Run, info: Run, endpoint: LocalEndpoint, name: str) -> None:
    present, options, keys, steps = SCENARIOS[name]
    if present:
        seed_set(endpoint, **{"deletionProtected": False, **present})

    checked = manage(_check_mode=True, _diff=True, **options)
    assert not checked.failed, checked["msg"]
    assert write_operations(endpoint) == []
    assert actions(checked) == [(step, "planned") for step in steps]

    outcome = manage(_diff=True, **options)
    assert not outcome.failed, outcome["msg"]
    assert outcome["changed"] is bool(steps)
    assert actions(outcome) == [(step, "done") for step in steps]
    assert keys_of(outcome) == keys
    assert outcome["replication_set"]["status"] == "ACTIVE"
    for option in ("deletion_protected", "tags"):
        if option in options:
            assert outcome["replication_set"][option] == options[option]
    assert outcome["replication_set"] == info()["replication_set"]
    assert outcome["diff"]["after"]["regions"] == keys
    assert (outcome["diff"]["before"] == outcome["diff"]["after"]) is not bool(steps)
    # Each step was sent once, and no other.
    assert len(write_operations(endpoint)) == len(steps)
    assert_unchanged_again(manage, endpoint, options)


# Accounts that can't create a set -------------------------------------------------------------------------------------


def test_a_set_is_created_only_where_incident_manager_is_enabled(manage: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(enabled_accounts=[])
    outcome = manage(regions=regions("eu-west-1"), deletion_protected=True)
    assert outcome.failed and outcome["error"]["code"] == "UnsupportedOperationException"
    assert "closed to new customers since 7 November 2025" in outcome["msg"]
    assert outcome["changed"] is False and write_operations(endpoint) == ["CreateReplicationSet"]
    assert {status for _action, status in actions(outcome)} == {"not_reached"}


@pytest.mark.parametrize("enabled_again", [False, True])
def test_a_set_that_is_being_deleted_is_created_again_if_aws_allows_it(
    manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run, enabled_again: bool
) -> None:
    seed_set(endpoint, status="DELETING", regionMap={"eu-west-1": {"status": "DELETING"}})
    if enabled_again:
        # The first create is refused. In the pause after it, the account is enabled again.
        endpoint.faults.add({"operation": "CreateReplicationSet", "fault": "error", "code": "ConflictException"})
        act_in_pauses(lambda: endpoint.configure(enabled_accounts=[ACCOUNT]))
    outcome = manage(regions=regions("eu-west-1"))
    if enabled_again:
        assert actions(outcome) == [("create_replication_set", "done")]
        assert keys_of(outcome) == {"eu-west-1": "DefaultKey"}
    else:
        assert outcome["error"]["code"] == "UnsupportedOperationException"


def test_a_set_that_was_deleted_is_created_again(manage: Run, endpoint: LocalEndpoint) -> None:
    options = {"regions": regions("eu-west-1")}
    first = manage(**options)["replication_set"]["arn"]
    endpoint.reset()
    outcome = manage(**options)
    assert actions(outcome) == [("create_replication_set", "done")]
    assert outcome["replication_set"]["arn"] != first
    by_arn = manage(arn=first, **options)
    assert by_arn.failed and first in by_arn["msg"] and "has no replication set" in by_arn["msg"]


# From any set to any other --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sample_of_all_pairs(manage: Run, endpoint: LocalEndpoint, thorough: bool) -> None:
    generator = random.Random(1)
    for _number in range(150 if thorough else 10):
        present, wanted = generator.choice(SETS), generator.choice(SETS)
        endpoint.reset()
        endpoint.configure(transition={"progression": "immediate"})
        endpoint.seed(active_set(present))
        options = {
            "regions": [{"name": name, "sse_kms_key_id": key} for name, key in wanted.items()],
            "replace_keys": True,
        }
        outcome = manage(**options)
        if is_mixed(wanted):
            assert outcome["error"]["code"] == "InvalidParameter" and endpoint.requests == []
            continue
        kinds = {key == "DefaultKey" for key in [*present.values(), *wanted.values()]}
        only_region = len(present) == 1 and set(present) == set(wanted)
        if present != wanted and (len(kinds) > 1 or only_region):
            assert outcome["error"]["code"] == "UnsupportedChange" and write_operations(endpoint) == []
        else:
            assert not outcome.failed, outcome["msg"]
            assert keys_of(outcome) == wanted


# Retiring -------------------------------------------------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("names", [["eu-west-1"], ["us-east-1", "us-east-2", "eu-central-1"]])
def test_absent(manage: Run, endpoint: LocalEndpoint, names: list[str]) -> None:
    arn = seed_set(endpoint, regionMap=region_map(*names))
    options = {"state": "absent", "arn": arn}
    checked = manage(_check_mode=True, _diff=True, **options)
    assert actions(checked) == [("delete_replication_set", "planned")] and checked["changed"] is True
    assert write_operations(endpoint) == []
    (warning,) = checked["warnings"]
    assert "may be final" in str(warning) and "all of Incident Manager's data" in str(warning)
    outcome = manage(_diff=True, **options)
    assert not outcome.failed, outcome["msg"]
    for diff in (checked["diff"], outcome["diff"]):
        assert "may be final" in diff["after_header"]
    assert (outcome["changed"], outcome["exists"], outcome["replication_set"]) == (True, False, {})
    assert outcome["diff"]["after"] == {}
    assert endpoint.client().list_replication_sets()["replicationSetArns"] == []
    assert_unchanged_again(manage, endpoint, options)


def test_absent_is_refused_under_protection(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, deletionProtected=True)
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["changed"] is False and "deletion_protected: false" in outcome["msg"]
    assert write_operations(endpoint) == []


def test_absent_turns_protection_off_if_told(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, deletionProtected=True)
    options = {"state": "absent", "arn": arn, "deletion_protected": False}
    outcome = manage(**options)
    assert actions(outcome) == [("update_deletion_protection", "done"), ("delete_replication_set", "done")]
    assert_unchanged_again(manage, endpoint, options)


def test_absent_contradicts_protection(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    assert "contradict" in manage(state="absent", arn=arn, deletion_protected=True)["msg"]


def test_absent_requires_the_arn(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint)
    assert "arn" in manage(state="absent")["msg"]
    assert endpoint.requests == []


def test_absent_while_the_set_is_being_deleted(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, status="DELETING", regionMap={"eu-west-1": {"status": "DELETING"}})
    outcome = manage(state="absent", arn=arn)
    assert not outcome.failed and outcome["changed"] is False and write_operations(endpoint) == []


def test_a_failed_set_can_be_deleted(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, status="FAILED", regionMap={"eu-west-1": {"status": "FAILED"}})
    assert manage(state="absent", arn=arn)["exists"] is False


# Keys that can't be used ----------------------------------------------------------------------------------------------


def break_key(endpoint: LocalEndpoint, arn: str, state: str) -> str:
    """Bring a key into a state, or make another key that can't be used. Return the ARN of the unusable key.

    :param state: a key state, "gone", or a key spec.
    """
    region, key_id = arn.split(":")[3], arn.rpartition("/")[2]
    kms = endpoint.client("kms", region)
    if state == "Disabled":
        kms.disable_key(KeyId=key_id)
    elif state == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=key_id)
    elif state == "gone":
        return key(region, 99)
    else:
        return str(kms.create_key(KeySpec=state, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"])
    return arn


STATES = {
    "Disabled": "its key state is Disabled",
    "PendingDeletion": "its key state is PendingDeletion, and KMS will delete it on 20",
    "gone": "the key does not exist in KMS",
    "RSA_2048": "it is not a symmetric encryption key (key spec RSA_2048",
}


@pytest.mark.sample(5)
@pytest.mark.slow
@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("use", ["create", "add", "replace"])
@pytest.mark.parametrize("state", STATES)
def test_a_key_that_can_not_be_used_is_refused_before_anything_is_changed(
    manage: Run, endpoint: LocalEndpoint, use: str, state: str, check_mode: bool
) -> None:
    broken = break_key(endpoint, OTHER_KEY, state)
    present = {"add": region_map(us_east_1=US_KEY), "replace": region_map(us_east_1=US_KEY, eu_west_1=KEY)}
    if use in present:
        seed_set(endpoint, regionMap=present[use])
    wanted = regions(us_east_1=US_KEY, eu_west_1=broken)
    outcome = manage(regions=wanted, replace_keys=True, deletion_protected=True, _check_mode=check_mode)
    assert outcome.failed and outcome["error"]["code"] == "KeyNotUsable"
    for part in (broken, "eu-west-1", STATES[state], "Specify an enabled symmetric key"):
        assert part in outcome["msg"]
    assert write_operations(endpoint) == [] and outcome["changed"] is False
    assert {status for _action, status in actions(outcome)} == {"not_reached"}


@pytest.mark.slow
@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_deleting_fails_while_the_key_is_disabled_or_pending_deletion(
    manage: Run, endpoint: LocalEndpoint, last: bool, state: str, check_mode: bool
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(us_east_1=US_KEY, eu_west_1=KEY))
    break_key(endpoint, KEY, state)
    options = {"state": "absent", "arn": arn} if last else {"regions": regions("us-east-1")}
    outcome = manage(**options, _check_mode=check_mode)
    assert outcome.failed and outcome["error"]["code"] == "KeyNotUsable"
    for part in (KEY, "eu-west-1", STATES[state], "kms:EnableKey", "kms:CancelKeyDeletion"):
        assert part in outcome["msg"]
    assert write_operations(endpoint) == [] and outcome["changed"] is False

    kms = endpoint.client("kms", "eu-west-1")
    if state == "PendingDeletion":
        kms.cancel_key_deletion(KeyId=KEY.rpartition("/")[2])
        assert manage(**options)["error"]["code"] == "KeyNotUsable"
    kms.enable_key(KeyId=KEY.rpartition("/")[2])
    assert not manage(**options).failed


def test_a_set_with_an_hmac_key_can_be_deleted(manage: Run, endpoint: LocalEndpoint) -> None:
    """AWS documents only that a key that is disabled or pending deletion prevents the deletion."""
    kms = endpoint.client("kms", "eu-west-1")
    hmac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    arn = seed_set(endpoint, regionMap=region_map(eu_west_1=hmac))
    outcome = manage(state="absent", arn=arn, _check_mode=True)
    assert not outcome.failed, outcome["msg"]
    assert [warning for warning in outcome["warnings"] if "HMAC_256" in str(warning) and "is not known" in str(warning)]


def test_no_region_is_added_if_no_key_of_the_set_is_known(manage: Run, endpoint: LocalEndpoint) -> None:
    """The key of the new Region could be of the other kind. AWS would refuse it after another Region is deleted."""
    unknown = {"status": "ACTIVE"}
    names = ("us-east-1", "eu-west-1", "eu-west-2")
    seed_set(endpoint, regionMap=dict.fromkeys(names, unknown))
    outcome = manage(regions=regions("us-east-1", "eu-west-1", "eu-central-1"))
    assert outcome["error"]["code"] == "UnsupportedChange" and "no KMS key of the set" in outcome["msg"]
    assert write_operations(endpoint) == []


def test_a_region_whose_key_is_gone_is_not_deleted(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint, regionMap=region_map(us_east_1=US_KEY, eu_west_1=key("eu-west-1", 99)))
    outcome = manage(regions=regions("us-east-1"))
    assert outcome["error"]["code"] == "KeyNotUsable" and write_operations(endpoint) == []
    assert "the key does not exist in KMS" in outcome["msg"]


def test_a_deletion_is_tried_if_the_key_is_gone(manage: Run, endpoint: LocalEndpoint) -> None:
    """There is no key to enable, and the data can't be read. What AWS does is unknown, so the endpoint refuses the deletion."""
    arn = seed_set(endpoint, regionMap=region_map(eu_west_1=key("eu-west-1", 99)))
    outcome = manage(state="absent", arn=arn)
    assert outcome["error"]["code"] == "ReplicationSetFailed" and "does not exist" in outcome["msg"]
    assert write_operations(endpoint) == ["DeleteReplicationSet"]
    (warning,) = outcome["warnings"]
    assert key("eu-west-1", 99) in str(warning) and "is not known" in str(warning)


def test_a_key_is_checked_again_before_its_step(manage: Run, endpoint: LocalEndpoint, act_in_pauses: Run) -> None:
    seed_set(endpoint, regionMap=region_map(eu_west_1=KEY))
    # The key is disabled while the first Region is being added.
    act_in_pauses(lambda: break_key(endpoint, US_KEY, "Disabled"))
    outcome = manage(regions=regions(eu_west_1=KEY, eu_west_2=key("eu-west-2"), us_east_1=US_KEY))
    assert outcome["error"]["code"] == "KeyNotUsable" and US_KEY in outcome["msg"]
    assert outcome["changed"] is True
    assert actions(outcome) == [("add_region", "done"), ("add_region", "not_reached")]


def assert_keys_were_not_checked(outcome: Any, *keys: str) -> None:
    """Assert that a run has succeeded with one warning for each of these keys."""
    assert not outcome.failed, outcome["msg"]
    warnings = [str(warning) for warning in outcome["warnings"] if "arn:aws:kms:" in str(warning)]
    assert len(warnings) == len(keys)
    for arn in keys:
        (warning,) = [warning for warning in warnings if arn in warning]
        assert f"Region {arn.split(':')[3]}" in warning and "without checking this key" in warning


@pytest.mark.parametrize("check_mode", [True, False])
def test_without_the_permission_keys_are_not_checked(
    manage: Run, endpoint: LocalEndpoint, kms_url: Run, refusing_kms: Any, check_mode: bool
) -> None:
    arn = seed_set(endpoint, regionMap=region_map(eu_west_1=KEY))
    options = {"_check_mode": check_mode, **kms_url(refusing_kms.url)}
    moved = manage(regions=regions(us_east_1=US_KEY), **options)
    assert_keys_were_not_checked(moved, KEY, US_KEY)
    assert "allow kms:DescribeKey" in str(moved["warnings"])
    assert len(refusing_kms.requests) == 2
    deleted = manage(state="absent", arn=arn, **options)
    assert_keys_were_not_checked(deleted, KEY if check_mode else US_KEY)


def test_a_region_that_is_down_can_be_deleted(
    manage: Run, endpoint: LocalEndpoint, kms_url: Run, closed_url: str
) -> None:
    seed_set(endpoint, regionMap=region_map(us_east_1=US_KEY, eu_west_1=KEY))
    outcome = manage(regions=regions("us-east-1"), **kms_url(closed_url))
    assert_keys_were_not_checked(outcome, KEY)
    assert keys_of(outcome) == {"us-east-1": US_KEY}


@pytest.mark.slow
def test_a_kms_that_hangs_is_not_waited_for(manage: Run, endpoint: LocalEndpoint, kms_url: Run) -> None:
    seed_set(endpoint, regionMap=region_map(us_east_1=US_KEY, eu_west_1=KEY))
    with hanging_server() as url:
        outcome = manage(regions=regions("us-east-1"), aws_config={"read_timeout": 600}, **kms_url(url))
    assert_keys_were_not_checked(outcome, KEY)


@pytest.mark.parametrize(
    "options",
    [
        {"tags": {"a": "b"}, "deletion_protected": True},
        {"regions": [{"name": "eu-west-1", "sse_kms_key_id": KEY}]},
        {"regions": [{"name": "eu-west-1"}, {"name": "us-east-1"}], "replace_keys": True},
    ],
)
def test_kms_is_not_called_unless_a_step_depends_on_a_key(
    manage: Run, endpoint: LocalEndpoint, kms_url: Run, refusing_kms: Any, options: dict[str, Any]
) -> None:
    own_keys = "us-east-1" not in str(options)
    seed_set(endpoint, regionMap=region_map(eu_west_1=KEY) if own_keys else region_map("eu-west-1", "eu-west-2"))
    outcome = manage(**options, **kms_url(refusing_kms.url))
    assert not outcome.failed and not outcome.result.get("warnings")
    assert refusing_kms.requests == []


# Waiting --------------------------------------------------------------------------------------------------------------


def test_without_waiting_one_step_is_started(manage: Run, endpoint: LocalEndpoint) -> None:
    outcome = manage(regions=regions("eu-west-1"), wait=False)
    assert actions(outcome) == [("create_replication_set", "done")]
    assert outcome["replication_set"]["status"] == "CREATING"


def test_without_waiting_two_steps_are_refused(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint)
    outcome = manage(regions=regions("us-east-1"), wait=False)
    assert outcome.failed and "wait: false" in outcome["msg"] and "takes 2" in outcome["msg"]
    assert actions(outcome) == [("add_region", "not_reached"), ("delete_region", "not_reached")]
    assert write_operations(endpoint) == [] and outcome["changed"] is False


@pytest.mark.parametrize("updating", [True, False])
def test_wait_timeout(manage: Run, endpoint: LocalEndpoint, updating: bool) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 10**9})
    if updating:
        seed_set(
            endpoint, status="UPDATING", regionMap={**region_map("eu-west-1"), "us-east-1": {"status": "CREATING"}}
        )
    outcome = manage(regions=regions("eu-west-1", "us-east-2"), deletion_protected=True, wait_timeout=0)
    assert outcome.failed and outcome["error"]["code"] == "WaitTimeout"
    assert "wait_timeout" in outcome["msg"] and "CREATING" in outcome["msg"]
    assert outcome["changed"] is not updating
    if not updating:
        assert actions(outcome) == [("create_replication_set", "done"), ("update_deletion_protection", "not_reached")]


def test_a_temporary_conflict_is_waited_for(manage: Run, endpoint: LocalEndpoint, sleeps: list[float]) -> None:
    seed_set(endpoint)
    endpoint.faults.add(
        {"operation": "UpdateReplicationSet", "fault": "error", "code": "ConflictException", "times": 3}
    )
    outcome = manage(regions=regions("eu-west-1", "us-east-1"))
    assert not outcome.failed and actions(outcome) == [("add_region", "done")]
    tokens = {call["input"]["clientToken"] for call in endpoint.requests if call["operation"] == "UpdateReplicationSet"}
    assert len(tokens) == 1 and len(sleeps) >= 3


def test_a_permanent_conflict_times_out(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint)
    endpoint.faults.add({"operation": "TagResource", "fault": "error", "code": "ConflictException", "times": None})
    outcome = manage(tags=TAGS, wait_timeout=60)
    assert outcome.failed and outcome["error"]["code"] == "WaitTimeout" and "ConflictException" in outcome["msg"]


def test_failed_regions_fail_the_task_with_their_messages(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint)
    endpoint.configure(fail_next={"us-east-1": "The KMS key is disabled"})
    outcome = manage(regions=regions("eu-west-1", "us-east-1", "us-east-2"))
    assert outcome.failed and outcome["error"]["code"] == "ReplicationSetFailed"
    assert "us-east-1 (The KMS key is disabled)" in outcome["msg"]
    assert outcome["changed"] is True
    assert actions(outcome) == [("add_region", "done"), ("add_region", "not_reached")]


# Faults while the steps are taken -------------------------------------------------------------------------------------

BEFORE_SIX_STEPS = region_map(eu_west_1=OTHER_KEY, eu_west_2=key("eu-west-2"))
SIX_STEPS = {
    "regions": regions(us_east_1=US_KEY, eu_west_1=KEY),
    "replace_keys": True,
    "deletion_protected": True,
    "tags": TAGS,
}


@pytest.mark.sample(3)
@pytest.mark.slow
@pytest.mark.parametrize("fault", ["throttle", "internal", "reset", "not_json", "truncated"])
@pytest.mark.parametrize("after", [False, True])
def test_a_task_succeeds_although_every_write_has_a_fault(
    manage: Run, endpoint: LocalEndpoint, fault: str, after: bool
) -> None:
    seed_set(endpoint, regionMap=BEFORE_SIX_STEPS)
    for operation in sorted(WRITES - {"CreateReplicationSet", "DeleteReplicationSet", "UntagResource"}):
        endpoint.faults.add({"operation": operation, "fault": fault, "times": 3, "after": after})
    outcome = manage(**SIX_STEPS, aws_config={"retries": {"total_max_attempts": 1}})
    assert not outcome.failed, outcome["msg"]
    assert keys_of(outcome) == {"eu-west-1": KEY, "us-east-1": US_KEY}
    assert {status for _action, status in actions(outcome)} == {"done"}
    assert len(outcome["actions"]) == 6


@pytest.mark.sample(1)
@pytest.mark.parametrize("fault", ["throttle", "internal", "reset", "not_json", "truncated"])
def test_a_task_succeeds_although_reads_fail_while_it_waits(
    manage: Run, endpoint: LocalEndpoint, sleeps: list[float], fault: str
) -> None:
    # The set is read in eu-west-1 first. While eu-west-1 is deleted, it is read in us-east-1.
    seed_set(endpoint, regionMap=region_map("eu-west-1", "us-east-1"))
    endpoint.faults.add({"operation": "GetReplicationSet", "region": "us-east-1", "fault": fault, "times": 5})
    outcome = manage(regions=regions("us-east-1"), aws_config={"retries": {"total_max_attempts": 1}})
    assert not outcome.failed, outcome["msg"]
    assert outcome["region"] == "us-east-1" and keys_of(outcome) == {"us-east-1": "DefaultKey"}
    assert len(sleeps) >= 5 and endpoint.faults.left() == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("fault", ["reset", "empty", "internal"])
def test_a_set_is_created_once_if_the_answer_is_lost(manage: Run, endpoint: LocalEndpoint, fault: str) -> None:
    endpoint.faults.add({"operation": "CreateReplicationSet", "fault": fault, "times": 2, "after": True})
    outcome = manage(regions=regions("eu-west-1", "us-east-1"), deletion_protected=True)
    assert not outcome.failed, outcome["msg"]
    assert actions(outcome) == [("create_replication_set", "done"), ("update_deletion_protection", "done")]
    tokens = {call["input"]["clientToken"] for call in endpoint.requests if call["operation"] == "CreateReplicationSet"}
    assert len(tokens) == 1


@pytest.mark.sample(1)
@pytest.mark.parametrize("fault", ["reset", "internal"])
@pytest.mark.parametrize("botocore_retries", [True, False])
def test_a_set_is_deleted_if_the_answer_is_lost(
    manage: Run, endpoint: LocalEndpoint, fault: str, botocore_retries: bool
) -> None:
    arn = seed_set(endpoint)
    endpoint.faults.add({"operation": "DeleteReplicationSet", "fault": fault, "after": True})
    config = None if botocore_retries else {"retries": {"total_max_attempts": 1}}
    outcome = manage(state="absent", arn=arn, aws_config=config)
    assert not outcome.failed, outcome["msg"]
    assert outcome["exists"] is False and actions(outcome) == [("delete_replication_set", "done")]


def test_a_refused_step_is_reported_with_the_steps_before(manage: Run, endpoint: LocalEndpoint) -> None:
    # The call for the first step goes to the task's Region, the call for the second step to the Region that was added.
    seed_set(endpoint, regionMap=region_map("eu-west-1"))
    rule = {"operation": "UpdateReplicationSet", "region": "us-east-1", "fault": "error"}
    endpoint.faults.add({**rule, "code": "AccessDeniedException", "times": None})
    outcome = manage(regions=regions("us-east-1"))
    assert outcome.failed and outcome["error"]["code"] == "AccessDeniedException"
    assert outcome["changed"] is True
    assert actions(outcome) == [("add_region", "done"), ("delete_region", "not_reached")]
    assert "Region us-east-1" in outcome["msg"] and SECRET_KEY not in outcome.output
    endpoint.faults.clear()
    again = manage(regions=regions("us-east-1"))
    assert not again.failed and keys_of(again) == {"us-east-1": "DefaultKey"}


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException"])
def test_a_failure_after_a_change_reports_the_change(manage: Run, endpoint: LocalEndpoint, code: str) -> None:
    seed_set(endpoint)
    endpoint.faults.add({"operation": "ListTagsForResource", "fault": "error", "code": code, "times": None})
    outcome = manage(regions=regions("eu-west-1", "us-east-1"))
    assert outcome.failed and outcome["changed"] is True and actions(outcome) == [("add_region", "done")]


def test_a_task_succeeds_although_reading_the_tags_fails_several_times(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint, regionMap=region_map("eu-west-1", "us-east-1"))
    # The tags are read in us-east-1 while eu-west-1 is deleted.
    endpoint.faults.add({"operation": "ListTagsForResource", "region": "us-east-1", "fault": "reset", "times": 4})
    outcome = manage(regions=regions("us-east-1"), tags={}, aws_config={"retries": {"total_max_attempts": 1}})
    assert not outcome.failed, outcome["msg"]


def test_a_failed_deletion_fails_the_task_with_the_message(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    endpoint.configure(fail_next={"eu-west-1": "The KMS key is gone"})
    outcome = manage(state="absent", arn=arn)
    assert outcome.failed and outcome["error"]["code"] == "ReplicationSetFailed"
    assert "The KMS key is gone" in outcome["msg"] and write_operations(endpoint) == ["DeleteReplicationSet"]


def test_protection_that_stays_off_is_reported(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, deletionProtected=True)
    endpoint.faults.add({"operation": "DeleteReplicationSet", "fault": "error", "code": "AccessDeniedException"})
    outcome = manage(state="absent", arn=arn, deletion_protected=False)
    assert outcome.failed and "Deletion protection is now off" in outcome["msg"] and outcome["changed"] is True


def test_the_region_of_the_task_may_lack_the_service(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint)
    outcome = manage(region="af-south-1", regions=regions("eu-west-1", "us-east-1"))
    assert not outcome.failed, outcome["msg"]


def test_several_sets_are_not_changed(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    body = json.dumps({"replicationSetArns": [arn, arn[:-1] + ("1" if arn.endswith("0") else "0")]})
    endpoint.faults.add({"operation": "ListReplicationSets", "fault": "body", "body": body, "times": None})
    outcome = manage(deletion_protected=True)
    assert outcome.failed and "2 replication sets" in outcome["msg"] and write_operations(endpoint) == []


def test_a_set_with_another_arn_is_a_warning(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    other = arn[:-12] + "000000000000"
    outcome = manage(state="absent", arn=other)
    assert not outcome.failed and outcome["changed"] is False and write_operations(endpoint) == []
    assert arn in str(outcome["warnings"])


def test_too_many_tags_with_those_of_the_set(manage: Run, endpoint: LocalEndpoint) -> None:
    seed_set(endpoint, tags={f"tag{number}": "x" for number in range(50)})
    outcome = manage(tags={"one": "more"}, purge_tags=False, deletion_protected=True)
    assert outcome.failed and "51 tags" in outcome["msg"] and write_operations(endpoint) == []


# Changes by others at the same time -----------------------------------------------------------------------------------


def act_during_call(endpoint: LocalEndpoint, operation: str, act: Callable[[], Any]) -> Thread:
    """Delay the first call of an operation, and run a function during the delay."""
    endpoint.faults.add({"operation": operation, "fault": "delay", "seconds": 3, "times": 1})

    def wait_and_act() -> None:
        while not any(call["operation"] == operation for call in endpoint.requests):
            Event().wait(0.01)
        act()

    thread = Thread(target=wait_and_act)
    thread.start()
    return thread


@pytest.mark.slow
def test_a_retry_does_not_delete_the_last_region(manage: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "immediate"})
    arn = seed_set(endpoint, regionMap=region_map("eu-west-1", "us-east-1"))
    # The call is refused once. It must not be repeated unchanged, because eu-west-1 is the last Region by then.
    action = {"deleteRegionAction": {"regionName": "us-east-1"}}
    other = endpoint.client(region="eu-west-1")
    thread = act_during_call(
        endpoint, "UpdateReplicationSet", lambda: other.update_replication_set(arn=arn, actions=[action])
    )
    endpoint.faults.add({"operation": "UpdateReplicationSet", "region": "us-east-1", "fault": "throttle", "times": 1})
    outcome = manage(regions=regions("us-east-1"))
    thread.join()
    assert not outcome.failed, outcome["msg"]
    sent = [call["input"]["actions"][0] for call in endpoint.requests if call["operation"] == "UpdateReplicationSet"]
    assert sent.count({"deleteRegionAction": {"regionName": "eu-west-1"}}) == 2
    assert {"addRegionAction": {"regionName": "us-east-1"}} in sent
    assert outcome["replication_set"]["arn"] == arn


@pytest.mark.slow
def test_a_set_that_is_deleted_by_others_is_not_created_again(manage: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "immediate"})
    arn = seed_set(endpoint)
    thread = act_during_call(
        endpoint, "UpdateReplicationSet", lambda: endpoint.client(region="eu-west-1").delete_replication_set(arn=arn)
    )
    outcome = manage(regions=regions("eu-west-1", "us-east-1"))
    thread.join()
    assert outcome.failed and outcome["error"]["code"] == "ReplicationSetDeleted"
    assert "CreateReplicationSet" not in write_operations(endpoint)


@pytest.mark.slow
def test_a_refusal_because_of_another_change_is_waited_for(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint)
    action = {"addRegionAction": {"regionName": "us-east-1"}}
    other = endpoint.client(region="eu-west-1")
    thread = act_during_call(
        endpoint, "UpdateDeletionProtection", lambda: other.update_replication_set(arn=arn, actions=[action])
    )
    # While the set is UPDATING, the endpoint refuses this with ValidationException, because the service's model has no
    # ConflictException for the operation.
    outcome = manage(deletion_protected=True)
    thread.join()
    assert not outcome.failed, outcome["msg"]
    assert outcome["replication_set"]["deletion_protected"] is True


@pytest.mark.slow
def test_two_tasks_with_different_options(start_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 1})
    arn = seed_set(endpoint, regionMap=region_map("eu-west-1", "us-east-1"))
    processes = [
        start_module("ssm_incidents_replication_set", region="eu-west-1", regions=regions(name), wait_timeout=20)
        for name in ("eu-west-1", "us-east-1")
    ]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert "Traceback" not in output + errors
        assert json.loads(output)["msg" if json.loads(output).get("failed") else "actions"] is not None
    # Whichever task was last, the set was neither deleted nor created again.
    assert endpoint.client(region="us-east-2").list_replication_sets()["replicationSetArns"] == [arn]
    assert not {"CreateReplicationSet", "DeleteReplicationSet"} & set(write_operations(endpoint))


def test_a_set_that_is_created_by_others_is_changed(manage: Run, endpoint: LocalEndpoint) -> None:
    # ListReplicationSets returns no set at first. When the module creates a set, the account has one already.
    endpoint.faults.add({"operation": "ListReplicationSets", "fault": "body", "body": '{"replicationSetArns": []}'})
    seed_set(endpoint)
    outcome = manage(regions=regions("eu-west-1", "us-east-1"))
    assert not outcome.failed, outcome["msg"]
    assert keys_of(outcome) == {"eu-west-1": "DefaultKey", "us-east-1": "DefaultKey"}


# Killed processes, and two at the same time ---------------------------------------------------------------------------


@pytest.mark.sample(3)
@pytest.mark.slow
@pytest.mark.parametrize("answered", [True, False], ids=["after a step", "between a call and its answer"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_run_after_a_killed_one(
    manage: Run, start_module: Run, endpoint: LocalEndpoint, step: int, answered: bool
) -> None:
    endpoint.configure(transition={"progression": "immediate"})
    seed_set(endpoint, regionMap=BEFORE_SIX_STEPS)
    # Every call is carried out, but its answer is delayed, so that the process can be killed in between.
    for operation in sorted(WRITES):
        endpoint.faults.add({"operation": operation, "fault": "delay", "seconds": 0.2, "after": True, "times": None})
    process = start_module("ssm_incidents_replication_set", region="eu-west-1", **SIX_STEPS)

    def reached() -> bool:
        calls = [call for call in endpoint.requests if call["operation"] in WRITES]
        return len(calls) >= step and (not answered or calls[step - 1]["status"] is not None)

    while not reached():
        assert process.poll() is None, process.communicate()
        Event().wait(0.005)
    process.kill()
    process.communicate()
    endpoint.faults.clear()

    outcome = manage(**SIX_STEPS)
    assert not outcome.failed, outcome["msg"]
    assert keys_of(outcome) == {"eu-west-1": KEY, "us-east-1": US_KEY}
    assert outcome["replication_set"]["deletion_protected"] is True
    assert outcome["replication_set"]["tags"] == TAGS
    # Both runs together have taken each step once.
    calls = [
        json.dumps({**call["input"], "clientToken": None}) for call in endpoint.requests if call["operation"] in WRITES
    ]
    assert len(calls) == len(set(calls)) == 6
    assert_unchanged_again(manage, endpoint, SIX_STEPS)


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("present", [None, {"regionMap": BEFORE_SIX_STEPS}])
def test_two_tasks_at_the_same_time(
    manage: Run, start_module: Run, endpoint: LocalEndpoint, present: dict[str, Any] | None
) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 1})
    if present:
        seed_set(endpoint, **present)
    processes = [start_module("ssm_incidents_replication_set", region="eu-west-1", **SIX_STEPS) for _number in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=110)
        assert "Traceback" not in output + errors
        assert not json.loads(output).get("failed"), output
    assert_unchanged_again(manage, endpoint, SIX_STEPS)
    outcome = manage(**SIX_STEPS)
    assert keys_of(outcome) == {"eu-west-1": KEY, "us-east-1": US_KEY}


# Invalid options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"regions": regions("eu-west-1", "eu-west-2", "eu-west-3", "us-east-1")}, ["regions", "there are 4 Regions"]),
        ({"regions": []}, ["regions", "there are 0 Regions"]),
        # In YAML, this is a string.
        ({"regions": "{name: us-east-1}"}, ["regions: '{name: us-east-1}' is not the name of a Region"]),
        ({"regions": ["{name: us-east-1}"]}, ["regions: '{name: us-east-1}' is not the name of a Region"]),
        ({"regions": regions("eu-west-1", "eu-west-1")}, ["regions", "'eu-west-1'", "more than once"]),
        ({"regions": regions("af-south-1")}, ["regions", "'af-south-1'", "does not exist", "eu-west-1"]),
        ({"regions": regions("Ireland")}, ["regions", "'Ireland'"]),
        ({"regions": regions(eu_west_1="alias/mine")}, ["regions", "'alias/mine'", "eu-west-1", "ARN"]),
        (
            {"regions": regions(eu_west_1=KEY.replace("key/", "alias/"))},
            ["regions", "alias/", "not the ARN of a KMS key"],
        ),
        ({"regions": regions(eu_west_1="1234abcd-12ab-34cd-56ef-1234567890ab")}, ["regions", "'1234abcd"]),
        ({"regions": regions(eu_west_1="")}, ["regions", "''"]),
        ({"regions": regions(eu_west_1=KEY, us_east_1="DefaultKey")}, ["regions", "eu-west-1", "us-east-1", "in all"]),
        ({"regions": regions(eu_west_1=US_KEY)}, ["regions", US_KEY, "us-east-1", "eu-west-1"]),
        ({"regions": regions(eu_west_1=KEY.replace(":aws:", ":aws-cn:"))}, ["regions", "partition aws-cn"]),
        ({"arn": "my set"}, ["arn", "'my set'"]),
        (
            {"arn": "arn:aws:ssm-incidents::999999999999:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"},
            ["arn", "999999999999", ACCOUNT],
        ),
        ({"tags": {f"tag{number}": "" for number in range(51)}}, ["tags", "there are 51 tags", "50"]),
        ({"tags": {"aws:mine": "x"}}, ["tags", "'aws:mine'"]),
        ({"tags": {"": "x"}}, ["tags", "''"]),
        ({"tags": {"a": "x" * 257}}, ["tags", "'a'", "256"]),
        ({"tags": {"emoji": "\N{SNOWMAN}"}}, ["tags", "\N{SNOWMAN}"]),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.parametrize("exists", [True, False])
def test_invalid_options_are_refused_before_any_call(
    manage: Run, endpoint: LocalEndpoint, exists: bool, options: dict[str, Any], parts: list[str]
) -> None:
    if exists:
        seed_set(endpoint)
    outcome = manage(_check_mode=exists, **options)
    # The accounts are compared after STS has answered.
    code = "AccountMismatch" if "999999999999" in parts else "InvalidParameter"
    assert outcome.failed and outcome["error"]["code"] == code
    for part in parts:
        assert part in outcome["msg"]
    assert "Traceback" not in outcome.output
    assert endpoint.requests == []


@pytest.mark.parametrize("given", [["eu-west-1", "us-east-1"], "eu-west-1,us-east-1"], ids=str)
def test_regions_can_be_names(manage: Run, given: Any) -> None:
    names = manage(_check_mode=True, regions=given)
    assert not names.failed and names["actions"]
    assert names["actions"] == manage(_check_mode=True, regions=regions("eu-west-1", "us-east-1"))["actions"]


@pytest.mark.slow
def test_regions_can_be_names_in_a_playbook(
    run_tasks: Run, endpoint: LocalEndpoint, connection_variables: dict[str, str]
) -> None:
    task = {"incident_manager.aws.ssm_incidents_replication_set": {"region": "us-east-1", "regions": ["us-east-1"]}}
    done = run_tasks([task], **connection_variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert write_operations(endpoint) == ["CreateReplicationSet"]


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ([5], "'5'"),
        ([["us-east-1"]], "us-east-1"),
        (["us east"], "'us east'"),
        (["us-east-1", {"name": "eu-west-1"}], "eu-west-1"),
        ([{"name": "eu-west-1"}, "us-east-1"], "eu-west-1"),
    ],
    ids=str,
)
def test_an_element_of_regions_that_is_neither_is_named(
    manage: Run, endpoint: LocalEndpoint, given: Any, value: str
) -> None:
    outcome = manage(regions=given)
    assert outcome["error"]["code"] == "InvalidParameter"
    assert outcome["msg"].startswith("regions: ") and value in outcome["msg"] and "{name: eu-west-1}" in outcome["msg"]
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([{"nam": "eu-west-1"}], "name"),
        ([{"name": "eu-west-1", "key": "x"}], "key"),
        ({"eu-west-1": {}}, "regions"),
        ([None], "regions"),
    ],
    ids=str,
)
def test_the_suboptions_of_regions_are_validated(manage: Run, given: Any, problem: str) -> None:
    outcome = manage(regions=given)
    assert outcome.failed and problem in outcome["msg"]


def test_regions_are_required_to_create(manage: Run, endpoint: LocalEndpoint) -> None:
    outcome = manage(tags=TAGS)
    assert outcome.failed and "regions" in outcome["msg"] and write_operations(endpoint) == []


@pytest.mark.parametrize("number", [1, 2])
def test_another_key_is_refused_unless_told(manage: Run, endpoint: LocalEndpoint, number: int) -> None:
    present = dict([("eu-west-1", KEY), ("us-east-1", US_KEY)][:number])
    seed_set(endpoint, regionMap=active_set(present)["regionMap"])
    outcome = manage(regions=regions(eu_west_1=OTHER_KEY), purge_regions=False)
    assert outcome.failed and write_operations(endpoint) == []
    for part in ["only Region"] if number == 1 else ["replace_keys: true", KEY]:
        assert part in outcome["msg"]
    replaced = manage(regions=regions(eu_west_1=OTHER_KEY), purge_regions=False, replace_keys=True)
    assert replaced.failed is (number == 1)
    if number == 1:
        assert "only Region" in replaced["msg"] and write_operations(endpoint) == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("present", "options", "part"),
    [
        (None, regions("us-east-1", eu_west_1=KEY), "Set sse_kms_key_id of us-east-1"),
        (region_map(eu_west_1=KEY), regions("eu-west-1", "us-east-1"), "Set sse_kms_key_id of us-east-1"),
        (region_map("eu-west-1", "us-east-1"), regions(eu_west_1=KEY, us_east_1=US_KEY), "deleted and created again"),
        (region_map(eu_west_1=KEY), regions(eu_west_1="DefaultKey"), "deleted and created again"),
        (region_map("us-east-1", eu_west_1=KEY), regions(eu_west_1=KEY), "does not support both kinds"),
    ],
)
def test_a_set_with_both_kinds_of_keys_is_refused(
    manage: Run, endpoint: LocalEndpoint, check_mode: bool, present: Any, options: Any, part: str
) -> None:
    if present:
        seed_set(endpoint, regionMap=present)
    outcome = manage(regions=options, replace_keys=True, deletion_protected=True, _check_mode=check_mode)
    assert outcome.failed and outcome["error"]["code"] == "UnsupportedChange"
    assert part in outcome["msg"]
    assert write_operations(endpoint) == [] and outcome["changed"] is False


def test_a_mixed_set_can_be_deleted(manage: Run, endpoint: LocalEndpoint) -> None:
    arn = seed_set(endpoint, regionMap=region_map("us-east-1", eu_west_1=KEY))
    assert manage(state="absent", arn=arn)["exists"] is False


def test_facts_can_be_given_as_options(manage: Run, endpoint: LocalEndpoint) -> None:
    for present in (region_map("us-east-1", "eu-west-1"), region_map(us_east_1=US_KEY, eu_west_1=KEY)):
        seed_set(endpoint, regionMap=present)
        given = [{"name": name, "sse_kms_key_id": key} for name, key in keys_of(manage()).items()]
        assert manage(regions=given)["changed"] is False


@pytest.mark.slow
def test_only_absent_deletes_the_last_region(manage: Run, endpoint: LocalEndpoint) -> None:
    for present in SETS[:3]:
        endpoint.reset()
        endpoint.configure(transition={"progression": "immediate"})
        endpoint.seed(active_set(present))
        manage(regions=[], replace_keys=True)
        manage(regions=regions("eu-west-3"), replace_keys=True)
        assert "DeleteReplicationSet" not in write_operations(endpoint)
        assert len(endpoint.client(region="eu-west-3").list_replication_sets()["replicationSetArns"]) == 1


def test_a_region_that_was_just_added_is_deleted_if_aws_allows_it(manage: Run, endpoint: LocalEndpoint) -> None:
    """Terraform's tests delete Regions within minutes."""
    endpoint.configure(min_region_age_hours=0)
    arn = manage(regions=regions("eu-west-1", "us-east-1"))["replication_set"]["arn"]
    assert keys_of(manage(regions=regions("eu-west-1"))) == {"eu-west-1": "DefaultKey"}
    assert manage(state="absent", arn=arn)["exists"] is False


def test_a_region_that_was_just_added_is_not_deleted(manage: Run, endpoint: LocalEndpoint, sleeps: list[float]) -> None:
    """By the User Guide, a Region can't be deleted within 24 hours of its creation."""
    manage(regions=regions("eu-west-1", "us-east-1"))
    endpoint.configure(min_region_age_hours=24)
    sleeps.clear()
    outcome = manage(regions=regions("eu-west-1"))
    # The message is AWS's own, and the step is not tried again.
    assert outcome.failed and outcome["error"]["code"] == "ValidationException"
    assert "within 24 hours" in outcome["msg"] and outcome["changed"] is False
    assert write_operations(endpoint).count("UpdateReplicationSet") == 1 and sleeps == []
