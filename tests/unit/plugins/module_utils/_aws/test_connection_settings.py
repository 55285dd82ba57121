# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that botocore's settings have an effect: those of the environment, of a profile and of the options."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session
from credentials import config_section
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from failing_servers import RefusingSTS, hanging_server

Run = Callable[..., Any]

INFO = "ssm_incidents_replication_set_info"
MANAGE = "ssm_incidents_replication_set"
ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
ROLE = "arn:aws:iam::123456789012:role/x"
FROM_PROFILE = {"profile": "team", "access_key": None, "secret_key": None}


@pytest.fixture
def profile(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that writes a profile, and returns the options to use it. By default, the profile has keys."""

    def write(**settings: str) -> dict[str, Any]:
        has_source = {"role_arn", "credential_process"} & set(settings)
        team = config_section("profile team", {**({} if has_source else USER), **settings})
        (tmp_path / "config").write_text(f"{config_section('profile base', USER)}{team}", encoding="utf-8")
        return FROM_PROFILE

    return write


@pytest.fixture
def verified_with(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that receives the setting verify of each client."""
    found: list[Any] = []
    make = URLLib3Session.__init__

    def record(self: URLLib3Session, verify: Any = True, *args: Any, **kwargs: Any) -> None:
        # Those for the metadata of a container or an instance have one time limit.
        if isinstance(kwargs.get("timeout"), tuple):
            found.append(verify)
        make(self, verify, *args, **kwargs)

    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setattr(URLLib3Session, "__init__", record)
    return found


# Retries --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "setting", "aws_config", "attempts"),
    [
        ("3", None, None, 3),
        (None, "4", None, 4),
        ("3", "4", None, 3),
        ("3", "4", {"retries": {"max_attempts": 1}}, 2),
        ("3", "4", {"retries": {"total_max_attempts": 5}}, 5),
        ("3", None, {"retries": {"mode": "standard"}}, 3),
        ("0", None, None, 1),
    ],
)
def test_the_number_of_attempts_is_botocores(
    run_module: Run,
    endpoint: LocalEndpoint,
    profile: Run,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    variable: str | None,
    setting: str | None,
    aws_config: dict[str, Any] | None,
    attempts: int,
) -> None:
    if variable:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", variable)
    options = profile(**{"max_attempts": setting} if setting else {})
    endpoint.faults.add({"fault": "throttle", "times": None})
    assert run_module(INFO, **options, aws_config=aws_config).failed
    assert len(endpoint.operations) == attempts


def test_a_number_of_attempts_that_is_none(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "many")
    outcome = run_module(INFO)
    assert outcome["error"]["code"] == "InvalidConfiguration" and "many" in outcome["msg"]


def test_a_write_is_sent_once_whatever_the_number_of_attempts(
    run_module: Run, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    endpoint.faults.add({"operation": "CreateReplicationSet", "fault": "error", "code": "ValidationException"})
    assert run_module(MANAGE, regions=[{"name": "us-east-1"}], wait=False).failed
    assert endpoint.operations.count("CreateReplicationSet") == 1


# Certificates ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """Return the path of a file, in place of one with certificates: the endpoint has none."""
    (tmp_path / "ca.pem").touch()
    return str(tmp_path / "ca.pem")


def test_the_bundle_of_a_profile(
    run_module: Run,
    run_action: Run,
    run_lookup: Run,
    recorded_arn: str,
    profile: Run,
    bundle: str,
    verified_with: list[Any],
) -> None:
    options = profile(ca_bundle=bundle)
    assert not run_module(INFO, **options).failed
    run_action(f"{MANAGE}_audit", **options)
    run_lookup(**options)
    # The endpoint's own clients have none.
    assert verified_with.count(bundle) == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, "profile"), ({"validate_certs": False}, False), ({"aws_ca_bundle": "option"}, "option")],
)
def test_the_option_overrides_the_bundle_of_a_profile(
    run_module: Run,
    recorded_arn: str,
    profile: Run,
    tmp_path: Path,
    verified_with: list[Any],
    options: dict[str, Any],
    expected: Any,
) -> None:
    files = {name: str(tmp_path / name) for name in ("profile", "option")}
    for path in files.values():
        Path(path).touch()
    given = {name: files.get(value, value) for name, value in options.items()}
    assert not run_module(INFO, **profile(ca_bundle=files["profile"]), **given).failed
    assert verified_with == [files.get(expected, expected)]


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_an_empty_bundle_does_not_turn_off_the_verification(
    run_module: Run,
    run_lookup: Run,
    recorded_arn: str,
    monkeypatch: pytest.MonkeyPatch,
    verified_with: list[Any],
    variable: str,
) -> None:
    monkeypatch.setenv(variable, "")
    assert not run_module(INFO).failed
    run_lookup()
    assert verified_with == [True, True]


MISSING = "/no/such.pem"


@pytest.mark.parametrize(
    "options",
    [
        {"aws_ca_bundle": MISSING},
        {"aws_config": {"client_cert": MISSING}},
        {"aws_config": {"client_cert": [MISSING, MISSING]}},
        {"aws_config": {"proxies_config": {"proxy_ca_bundle": MISSING}}},
        {"aws_config": {"proxies_config": {"proxy_client_cert": MISSING}}},
    ],
    ids=str,
)
def test_a_file_with_certificates_that_does_not_exist(
    run_module: Run, run_action: Run, recorded_arn: str, options: dict[str, Any]
) -> None:
    for outcome in (run_module(INFO, **options), run_action(f"{MANAGE}_audit", **options)):
        assert outcome.failed and outcome["error"]["code"] == "InvalidConfiguration"
        assert MISSING in outcome["msg"] and "No such file" in outcome["msg"]


def test_the_bundle_of_a_profile_does_not_exist(run_module: Run, run_lookup: Run, profile: Run) -> None:
    options = profile(ca_bundle=MISSING)
    assert MISSING in run_module(INFO, **options)["msg"]
    with pytest.raises(Exception, match=MISSING):
        run_lookup(**options)


# botocore's own calls -------------------------------------------------------------------------------------------------


def test_settings_apply_to_the_call_that_assumes_a_profiles_role(
    run_module: Run,
    recorded_arn: str,
    endpoint: LocalEndpoint,
    profile: Run,
    monkeypatch: pytest.MonkeyPatch,
    verified_with: list[Any],
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    outcome = run_module(INFO, **profile(role_arn=ROLE, source_profile="base"), validate_certs=False)
    assert not outcome.failed, outcome["msg"]
    assert verified_with == [False, False]


def test_time_limits_apply_to_the_call_that_assumes_a_profiles_role(
    run_module: Run, profile: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: list[Any] = []
    make = URLLib3Session.__init__

    def record(self: URLLib3Session, *args: Any, **kwargs: Any) -> None:
        if isinstance(kwargs["timeout"], tuple):
            seconds.append(kwargs["timeout"])
        make(self, *args, **kwargs)

    monkeypatch.setattr(URLLib3Session, "__init__", record)
    with hanging_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        retries = {"total_max_attempts": 1}
        config = {"read_timeout": 0.2, "retries": retries}
        outcome = run_module(INFO, **profile(role_arn=ROLE, source_profile="base"), aws_config=config)
    assert outcome.failed and "profile team" in outcome["msg"]
    assert seconds == [(10, 0.2)]


def test_a_profiles_role_is_retried_as_botocore_does(
    run_module: Run, profile: Run, monkeypatch: pytest.MonkeyPatch, refusing_sts: RefusingSTS, sleeps: list[float]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    refusing_sts.status = 503
    options = profile(role_arn=ROLE, source_profile="base")
    assert run_module(INFO, **options).failed
    assert len(refusing_sts.requests) == 3
    refusing_sts.requests.clear()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    assert run_module(INFO, **options).failed
    assert len(refusing_sts.requests) == 2


def test_a_role_that_can_not_be_assumed_at_endpoint_url(
    run_action: Run, endpoint: LocalEndpoint, closed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice names the variable that has an effect only on Incident Manager."""
    retries = {"retries": {"total_max_attempts": 1}}
    outcome = run_action(f"{MANAGE}_audit", endpoint_url=closed_url, assume_role_arn=ROLE, aws_config=retries)
    assert "assume the role" in outcome["msg"] and "AWS_ENDPOINT_URL_SSM_INCIDENTS" in outcome["msg"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM_INCIDENTS", endpoint.url)
    outcome = run_action(f"{MANAGE}_audit", endpoint_url=None, assume_role_arn=ROLE)
    assert outcome["outcome"] != "unknown", outcome["msg"]


# Programs that return credentials -------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """Return a function that returns the command of a program that counts its starts in the file starts."""

    def write(exit_status: int = 0, error: str = "") -> str:
        answer = {
            "Version": 1,
            "AccessKeyId": USER["aws_access_key_id"],
            "SecretAccessKey": USER["aws_secret_access_key"],
        }
        lines = [
            "import os, sys, time",
            f"os.write(os.open({str(tmp_path / 'starts')!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT), b'x')",
            "time.sleep(0.3)",
            f"print({json.dumps(answer)!r})",
            f"sys.stderr.write({error!r})",
            f"sys.exit({exit_status})",
        ]
        (tmp_path / "program.py").write_text("\n".join(lines), encoding="utf-8")
        return f"{sys.executable} {tmp_path / 'program.py'}"

    return write


def starts(tmp_path: Path) -> int:
    path = tmp_path / "starts"
    return os.path.getsize(path) if path.exists() else 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (INFO, {"search_regions": ["all"]}),
        (MANAGE, {"state": "absent", "arn": ARN}),
        (MANAGE, {"regions": [{"name": "us-east-1"}, {"name": "us-west-2"}], "wait": False}),
        ("ssm_incidents_data_info", {}),
        ("ssm_incidents_export", {"path": "export"}),
    ],
    ids=str,
)
def test_a_program_that_returns_credentials_is_started_once(
    run_module: Run,
    endpoint: LocalEndpoint,
    profile: Run,
    program: Run,
    tmp_path: Path,
    name: str,
    options: dict[str, Any],
) -> None:
    if "path" in options:
        options = {**options, "path": str(tmp_path / "export")}
    run_module(name, **profile(credential_process=program()), **options)
    assert starts(tmp_path) == 1


@pytest.mark.parametrize("name", [INFO, MANAGE])
def test_a_program_that_fails(run_module: Run, profile: Run, program: Run, tmp_path: Path, name: str) -> None:
    secret = "a-secret-that-the-program-prints"
    command = program(3, f"token {secret}")
    options = {"state": "absent", "arn": ARN} if name == MANAGE else {}
    outcome = run_module(name, **profile(credential_process=command), **options)
    assert outcome["error"]["code"] == "CredentialRetrievalError"
    assert "exit status 3" in outcome["msg"] and "custom-process" in outcome["msg"]
    # The managing module looks once more for its result.
    assert secret not in outcome.output and starts(tmp_path) <= 2


# Connections that break -----------------------------------------------------------------------------------------------


def test_a_connection_that_is_reset_twice_works_then(
    run_module: Run, endpoint: LocalEndpoint, recorded_arn: str, sleeps: list[float]
) -> None:
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "reset", "times": 2})
    assert not run_module(INFO).failed
    assert endpoint.operations.count("GetReplicationSet") == 3
