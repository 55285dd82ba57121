# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of "make live" with the local endpoint, which agrees with the facts unless a test makes it contradict them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from endpoint.client import USER, active_set
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT
from helpers.credentials import config_section
from helpers.failing_servers import RefusingSTS
from helpers.model_check import Difference
from helpers.recorded import ARN as RECORDED_ARN
from helpers.recorded import REPLICATION_SET
from hypothesis import given
from hypothesis import strategies as st
from live import survey
from live.facts import CONFIRMED, CONTRADICTED, FACTS, NOT_SEEN, VERDICTS
from live.report import make_report, validate
from live.survey import GET, LIST, READS, TAGS, Answer, LiveError, Observations, make_clients, observe

PROFILE = "profile-of-a-customer"
SEEDED_ARN = RECORDED_ARN.replace("111122223333", "123456789012")
OTHER_ARN = SEEDED_ARN[:-1] + "0"
REGIONS = ("us-east-1", "us-east-2")
TIME_LIMIT = 60.0

Report = dict[str, Any]
Run = Callable[..., Report]


def write_profile(folder: Path, url: str, **settings: str) -> None:
    """Write AWS's files: the profile, and another one that must not be used."""
    user = {**USER, "endpoint_url": url, **settings}
    other = {"aws_access_key_id": "OTHERKEYOTHERKEY0001", "aws_secret_access_key": "other", "endpoint_url": url}
    text = config_section(f"profile {PROFILE}", user) + config_section("default", other)
    (folder / "config").write_text(text, encoding="utf-8")
    (folder / "credentials").touch()


@pytest.fixture
def live(endpoint: LocalEndpoint, tmp_path: Path) -> Run:
    """Return a function that observes the endpoint with the profile, and returns the report."""
    write_profile(tmp_path, endpoint.url)

    def run(region: str = "us-east-1", time_limit: float = TIME_LIMIT) -> Report:
        clients, other_region = make_clients(PROFILE, region)
        return make_report(observe(clients, other_region, time_limit), endpoint_is_aws=False)

    return run


@pytest.fixture
def recorded(endpoint: LocalEndpoint) -> str:
    """Seed the recorded set, and return its ARN."""
    return endpoint.seed(REPLICATION_SET, arn=SEEDED_ARN, tags={"Team": "ops"})


def verdicts(report: Report) -> dict[str, str]:
    return {fact["id"]: fact["verdict"] for fact in report["facts"]}


def ids(report: Report, verdict: str) -> set[str]:
    return {name for name, found in verdicts(report).items() if found == verdict}


# What the endpoint confirms -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("recorded")
def test_the_endpoint_agrees_with_the_facts(live: Run) -> None:
    report = live()
    assert ids(report, CONTRADICTED) == set()
    # These facts need a set that is not ACTIVE, customer managed keys, no set, or an error.
    assert ids(report, NOT_SEEN) == {
        "access-denied-status",
        "get-being-added",
        "get-being-deleted",
        "get-failed",
        "key-arn",
        "list-without-set",
        "throttling-status",
    }
    seen = {fact["id"]: fact["seen"] for fact in report["facts"]}
    assert seen["list-everywhere"] == {"asked": 16, "checked": 16, "agree": 16, "success": 16}
    assert seen["get-outside"] == {"asked": 14, "checked": 14, "agree": 14, "ResourceNotFoundException": 14}
    assert report["calls"] == {LIST: 17, GET: 17, TAGS: 17}
    assert report["endpoint"] == "another one"


@pytest.mark.usefixtures("endpoint")
def test_an_account_without_a_set(live: Run) -> None:
    report = live("eu-west-1")
    assert ids(report, CONTRADICTED) == set()
    assert {"service-regions", "region-without-service", "list-without-set"} <= ids(report, CONFIRMED)
    assert {"list-everywhere", "get-inside", "no-arn"} <= ids(report, NOT_SEEN)
    assert report["calls"] == {LIST: 17, GET: 0, TAGS: 0}


@pytest.mark.slow
def test_a_set_that_is_being_updated(endpoint: LocalEndpoint, live: Run) -> None:
    endpoint.configure(transition={"progression": "manual", "times": 10**6})
    regions = {"us-east-1": "ACTIVE", "us-east-2": "DELETING", "eu-west-1": "CREATING"}
    body = {name: {"status": status, "sseKmsKeyId": "DefaultKey"} for name, status in regions.items()}
    endpoint.seed({"status": "UPDATING", "regionMap": body})
    report = live()
    assert {"get-being-added", "get-being-deleted"} <= ids(report, CONFIRMED)
    endpoint.configure(deleting_region_answers=True)
    assert verdicts(live())["get-being-deleted"] == CONTRADICTED


# What contradicts the facts -------------------------------------------------------------------------------------------


def model_shape(endpoint: LocalEndpoint) -> None:
    endpoint.configure(answer_shape="model", transition={"progression": "immediate"})
    arn = endpoint.client().list_replication_sets()["replicationSetArns"][0]
    endpoint.client().update_deletion_protection(arn=arn, deletionProtected=True)


def lagging_region(endpoint: LocalEndpoint) -> None:
    endpoint.configure(read_lag={"seconds": 3600, "regions": ["us-east-2"]})
    arn = endpoint.client().list_replication_sets()["replicationSetArns"][0]
    endpoint.client().update_deletion_protection(arn=arn, deletionProtected=True)
    endpoint.client().tag_resource(resourceArn=arn, tags={"New": "tag"})


def keys(**of_regions: str) -> Callable[[LocalEndpoint], None]:
    named = {name.replace("_", "-"): key for name, key in of_regions.items()}
    regions = active_set(named)["regionMap"]

    def seed(endpoint: LocalEndpoint) -> None:
        endpoint.seed({**REPLICATION_SET, "regionMap": regions}, arn=SEEDED_ARN)

    return seed


def faults(*rules: dict[str, Any]) -> Callable[[LocalEndpoint], None]:
    return lambda endpoint: endpoint.faults.add(*({"times": None, **rule} for rule in rules))


def body(operation: str, content: Any) -> Callable[[LocalEndpoint], None]:
    return faults({"operation": operation, "fault": "body", "body": json.dumps(content)})


KEY_OF_USA = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONTRADICTIONS: dict[str, tuple[Callable[[LocalEndpoint], None], set[str]]] = {
    "answers with every member": (model_shape, {"no-arn", "no-status-time"}),
    "a Region that lags": (lagging_region, {"same-set", "same-tags"}),
    "a Region lists nothing": (
        faults({"operation": LIST, "region": "sa-east-1", "fault": "body", "body": '{"replicationSetArns": []}'}),
        {"list-everywhere"},
    ),
    "a Region has another code": (
        faults({"operation": GET, "region": "sa-east-1", "fault": "error", "code": "ValidationException"}),
        {"get-outside"},
    ),
    "tags are listed in a Region outside of the set": (
        faults({"operation": TAGS, "region": "sa-east-1", "fault": "body", "body": '{"tags": {}}'}),
        {"same-tags", "tags-outside"},
    ),
    "a Region of the set does not return it": (
        faults({"operation": GET, "region": "us-east-2", "fault": "error", "code": "ResourceNotFoundException"}),
        {"get-inside", "not-found-members"},
    ),
    "keys of two kinds": (keys(us_east_1=KEY_OF_USA, us_east_2="DefaultKey"), {"one-kind-of-key"}),
    "a key of another Region": (keys(us_east_2=KEY_OF_USA), {"key-arn"}),
    "another name of the AWS owned key": (keys(us_east_1="AwsOwned"), {"default-key", "key-arn"}),
    "two sets, and pages": (
        body(LIST, {"replicationSetArns": [SEEDED_ARN, OTHER_ARN], "nextToken": "x"}),
        {"one-set", "list-one-page"},
    ),
    "an ARN with a Region": (
        body(LIST, {"replicationSetArns": [SEEDED_ARN.replace("::", ":us-east-1:")]}),
        {"arn-without-region"},
    ),
    "other types and members": (
        body(TAGS, {"tags": [], "more": 1}),
        {"types", "no-unknown-members", "tags-outside", "unknown-arn-tags"},
    ),
    "a required member is missing": (body(TAGS, {}), {"required-members", "tags-outside", "unknown-arn-tags"}),
    "times are texts": (
        body(GET, {"replicationSet": {**REPLICATION_SET, "status": "SLEEPING"}}),
        {"times", "types", "statuses", "get-outside", "unknown-arn"},
    ),
    "a throttle with another status": (
        faults({"operation": TAGS, "fault": "error", "code": "ThrottlingException", "http_status": 400}),
        {"throttling-status"},
    ),
    "a denial with another status": (
        faults({"operation": TAGS, "fault": "error", "code": "AccessDeniedException", "http_status": 400}),
        {"access-denied-status"},
    ),
}


@pytest.mark.slow
@pytest.mark.sample(8)
@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions(endpoint: LocalEndpoint, live: Run, sleeps: list[float], name: str) -> None:
    contradict, expected = CONTRADICTIONS[name]
    contradict(endpoint)
    assert ids(live(), CONTRADICTED) == expected


# What says nothing about a fact ---------------------------------------------------------------------------------------------------


# Only reads -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("recorded")
def test_only_reads_are_sent(endpoint: LocalEndpoint, live: Run) -> None:
    live("us-east-2")
    assert set(endpoint.operations) == set(READS)
    assert {call["service"] for call in endpoint.requests} == {"ssm-incidents"}
    assert len({call["region"] for call in endpoint.requests}) == 17


def test_other_operations_are_refused(endpoint: LocalEndpoint, tmp_path: Path) -> None:
    write_profile(tmp_path, endpoint.url)
    clients, _other_region = make_clients(PROFILE, "us-east-1")
    for client in clients.values():
        for name, call in (("delete_replication_set", {"arn": OTHER_ARN}), ("list_response_plans", {})):
            with pytest.raises(AssertionError, match="is not a call that reads"):
                getattr(client, name)(**call)
    assert endpoint.requests == []


# What is read on the machine ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "region", "message"),
    [
        ("another-profile", "us-east-1", "ProfileNotFound"),
        (PROFILE, "af-south-1", "REGION must be"),
        (PROFILE, "mars-1", "can't be used|REGION must be"),
        ("empty", "us-east-1", "no credentials"),
    ],
)
def test_unusable_profiles_and_regions_are_refused(
    endpoint: LocalEndpoint, tmp_path: Path, profile: str, region: str, message: str
) -> None:
    write_profile(tmp_path, endpoint.url)
    with (tmp_path / "config").open("a", encoding="utf-8") as config:
        config.write(config_section("profile empty", {"endpoint_url": endpoint.url}))
    with pytest.raises(LiveError, match=message):
        make_clients(profile, region)
    assert endpoint.requests == []


def start(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command, with environment variables that must have no effect."""
    environment = {
        "AWS_ACCESS_KEY_ID": "KEYOFTHEENVIRONMENT1",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment",
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        arguments,
        env={**environment, **variables},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
def test_the_command(endpoint: LocalEndpoint, tmp_path: Path, refusing_sts: RefusingSTS) -> None:
    write_profile(tmp_path, endpoint.url)
    output = tmp_path / "folder" / "facts.json"
    arguments = ["--profile", PROFILE, "--region", "us-east-1", "--output", str(output)]
    result = start(
        tmp_path,
        sys.executable,
        "tests/live",
        *arguments,
        AWS_ENDPOINT_URL=refusing_sts.url,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=refusing_sts.url,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert (
        "confirmed     ListReplicationSets returns the ARN in each of the service's Regions  (Prowler)" in result.stdout
    )
    assert f"Written: {output}" in result.stdout
    assert {call["account"] for call in endpoint.requests} == {"123456789012"}
    assert refusing_sts.requests == []
    text = output.read_text(encoding="utf-8")
    assert ids(json.loads(text), CONTRADICTED) == set()
    for secret in (*USER.values(), PROFILE, endpoint.url, "us-east-1", "123456789012", SEEDED_ARN[-12:], "ops"):
        assert secret not in text


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
def test_a_region_that_hangs(endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """The command ends at its time limit, even if a call has no answer yet. It judges the answers that it has."""
    write_profile(tmp_path, endpoint.url)
    endpoint.faults.add({"operation": GET, "region": "us-east-2", "fault": "hang", "times": None})
    output = tmp_path / "facts.json"
    arguments = ["--profile", PROFILE, "--region", "us-east-1", "--output", str(output), "--time-limit", "8"]
    result = start(tmp_path, sys.executable, "tests/live", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(output.read_text(encoding="utf-8"))
    assert ids(report, CONTRADICTED) == set()
    found = verdicts(report)
    assert found["list-everywhere"] == found["get-inside"] == CONFIRMED


@pytest.mark.slow
@pytest.mark.usefixtures("recorded")
def test_make_live(endpoint: LocalEndpoint, tmp_path: Path) -> None:
    write_profile(tmp_path, endpoint.url)
    make = ["make", "--no-print-directory", "--old-file=.build/new/ready", f"NEW={Path(sys.prefix, 'bin')}", "live"]
    output = tmp_path / "facts.json"
    result = start(tmp_path, *make, f"PROFILE={PROFILE}", "REGION=us-east-1", f"OUTPUT={output}")
    assert result.returncode == 0, result.stderr
    assert ids(json.loads(output.read_text(encoding="utf-8")), CONTRADICTED) == set()
    before = len(endpoint.requests)
    # PROFILE and REGION of the environment are not used.
    for arguments in ([], [f"PROFILE={PROFILE}"], ["REGION=us-east-1"]):
        refused = start(tmp_path, *make, *arguments, PROFILE=PROFILE, REGION="us-east-1")
        assert refused.returncode == 2
        assert "needs a profile and a Region" in refused.stderr
    assert len(endpoint.requests) == before


# The file has no data of the account --------------------------------------------------------------------------------

# These are so long that none is part of another word by chance.
TOKEN_LETTERS = "ghjkqvwxyz0123456789"
tokens = st.text(TOKEN_LETTERS, min_size=8, max_size=20)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(10**6, 10**12) | st.floats() | tokens,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(tokens, children, max_size=3),
    max_leaves=8,
)
regions_of_a_set = st.dictionaries(
    st.sampled_from(REGIONS) | tokens,
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("status", "sseKmsKeyId", "statusMessage", "statusUpdateDateTime"), json_values)
    )
    | json_values,
    max_size=3,
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "replicationSetArns": st.lists(tokens | json_values, max_size=3) | json_values,
        "replicationSet": st.fixed_dictionaries({"regionMap": regions_of_a_set | json_values}) | json_values,
        "tags": json_values,
        "nextToken": json_values,
    },
)
answers = st.builds(
    Answer,
    st.sampled_from(READS),
    st.sampled_from([*REGIONS, "sa-east-1"]),
    st.sampled_from([SEEDED_ARN, OTHER_ARN]),
    st.just("") | st.sampled_from(["ResourceNotFoundException", "AccessDeniedException", survey.NO_ANSWER]) | tokens,
    st.none() | st.integers(200, 599),
    st.dictionaries(st.sampled_from(["x-amzn-errortype", "date"]) | tokens, tokens),
    contents,
    st.lists(st.builds(Difference, tokens, tokens, tokens), max_size=2).map(tuple),
)


@pytest.mark.slow
@given(seen=st.lists(answers, max_size=6))
def test_the_report_has_no_data_of_any_answers(seen: list[Answer]) -> None:
    """Whatever AWS answers, the report has a verdict on each fact, and only counts of what was seen."""
    last = Answer(LIST, "af-south-1", "", survey.NO_CONNECTION)
    report = make_report(Observations(REGIONS, "af-south-1", (*seen, last), (SEEDED_ARN,), OTHER_ARN), True)
    assert [fact["id"] for fact in report["facts"]] == [fact.id for fact in FACTS]
    assert {fact["verdict"] for fact in report["facts"]} <= set(VERDICTS)
    validate(report)
