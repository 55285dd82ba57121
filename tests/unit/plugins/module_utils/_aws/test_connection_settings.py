# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that botocore's settings have an effect: those of the environment, of a profile and of the options."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from ansible.errors import AnsibleError
from ansible_collections.incident_manager.aws.plugins.module_utils._aws import credentials
from botocore.httpsession import URLLib3Session
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from helpers.credentials import config_section
from helpers.failing_servers import RefusingSTS, hanging_server

Run = Callable[..., Any]

INFO = "ssm_incidents_replication_set_info"
MANAGE = "ssm_incidents_replication_set"
ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
ROLE = "arn:aws:iam::123456789012:role/x"
FROM_PROFILE = {"profile": "team", "access_key": None, "secret_key": None}

# Runs that use the credentials in several Regions, several threads, or again after a while.
RUNS = [
    (INFO, {"search_regions": ["all"]}),
    (MANAGE, {"state": "absent", "arn": ARN}),
    (MANAGE, {"regions": [{"name": "us-east-1"}, {"name": "us-west-2"}], "wait": False}),
    ("ssm_incidents_data_info", {}),
    ("ssm_incidents_export", {"path": "export"}),
]


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


@pytest.mark.parametrize(
    ("variable", "setting", "value"),
    [("AWS_MAX_ATTEMPTS", "max_attempts", "many"), ("AWS_RETRY_MODE", "retry_mode", "often")],
)
@pytest.mark.parametrize("in_profile", [False, True])
def test_a_retry_setting_that_is_invalid(
    run_module: Run,
    run_lookup: Run,
    profile: Run,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    setting: str,
    value: str,
    in_profile: bool,
) -> None:
    if in_profile:
        options = profile(**{setting: value})
    else:
        options = {}
        monkeypatch.setenv(variable, value)
    outcome = run_module(INFO, **options)
    assert outcome["error"]["code"] == "InvalidConfiguration"
    assert value in outcome["msg"] and "the environment variables AWS_*" in outcome["msg"]
    with pytest.raises(AnsibleError, match=value):
        run_lookup(**options)


@pytest.mark.parametrize(
    ("aws_config", "name"),
    [
        ({"retries": {"max_attempts": "2"}}, "max_attempts"),
        ({"read_timeout": "5"}, "read_timeout"),
        ({"max_pool_connections": "10"}, "max_pool_connections"),
    ],
    ids=str,
)
def test_a_number_in_quotation_marks_is_named(
    run_module: Run, run_lookup: Run, endpoint: LocalEndpoint, aws_config: dict[str, Any], name: str
) -> None:
    """botocore's own errors are about Python, or come with the first call."""
    outcome = run_module(INFO, aws_config=aws_config)
    assert outcome["error"]["code"] == "InvalidParameter"
    assert outcome["msg"].startswith(f"aws_config: {name} is not a number"), outcome["msg"]
    with pytest.raises(AnsibleError, match=f"aws_config: {name} is not a number"):
        run_lookup(aws_config=aws_config)
    assert endpoint.requests == []


@pytest.mark.parametrize("fault", ["throttle", "status", "reset"])
@pytest.mark.parametrize("operation", ["CreateReplicationSet", "UpdateReplicationSet"])
def test_a_write_is_sent_once_whatever_the_number_of_attempts(
    run_module: Run,
    endpoint: LocalEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    operation: str,
    fault: str,
) -> None:
    """After a write that fails, the module reads what the set is now, and decides again."""

    def operations(**options: Any) -> list[str]:
        endpoint.reset()
        if operation == "UpdateReplicationSet":
            region = {"status": "ACTIVE", "sseKmsKeyId": "DefaultKey"}
            endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": region}})
        endpoint.faults.add({"operation": operation, "fault": fault, "http_status": 503, "times": 1})
        regions = [{"name": "us-east-1"}, {"name": "us-west-2"}]
        assert not run_module(MANAGE, regions=regions, wait=False, **options).failed
        return endpoint.operations

    sent = operations()
    assert sent.count(operation) == 2 and "".join(sent).count(operation * 2) == 0
    assert operations(aws_config={"retries": {"max_attempts": 5}}) == sent
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    assert operations() == sent


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


def test_a_file_with_certificates_that_does_not_exist(run_module: Run, run_action: Run, recorded_arn: str) -> None:
    for outcome in (run_module(INFO, aws_ca_bundle=MISSING), run_action(f"{MANAGE}_audit", aws_ca_bundle=MISSING)):
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
    assert "assume the role" in outcome["msg"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM_INCIDENTS", endpoint.url)
    outcome = run_action(f"{MANAGE}_audit", endpoint_url=None, assume_role_arn=ROLE)
    assert outcome["outcome"] != "unknown", outcome["msg"]


# Where calls go ------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxied_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return a list that receives the host and port of each connection. The proxy refuses them all."""
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            hosts.append(self.path)
            self.send_error(502)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_port}")
        yield hosts
        server.shutdown()
        thread.join()


INCIDENTS = "ssm-incidents.us-east-1.amazonaws.com:443"
FIPS = "ssm-incidents-fips.us-east-1.amazonaws.com:443"
DUAL_STACK = "ssm-incidents.us-east-1.api.aws:443"
ELSEWHERE = "http://elsewhere.example"
IN_SOURCE = {"role_arn": ROLE, "source_profile": "base"}


@pytest.mark.parametrize(
    ("settings", "variables", "aws_config", "host"),
    [
        ({}, {}, None, INCIDENTS),
        ({"use_fips_endpoint": "true"}, {}, None, FIPS),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "true"}, None, FIPS),
        ({}, {}, {"use_fips_endpoint": True}, FIPS),
        ({"use_dualstack_endpoint": "true"}, {}, None, DUAL_STACK),
        ({}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, None, DUAL_STACK),
        ({}, {}, {"use_dualstack_endpoint": True}, DUAL_STACK),
        ({"endpoint_url": ELSEWHERE, "ignore_configured_endpoint_urls": "true"}, {}, None, INCIDENTS),
        ({"endpoint_url": ELSEWHERE}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None, INCIDENTS),
        ({}, {"AWS_ENDPOINT_URL": ELSEWHERE}, {"ignore_configured_endpoint_urls": True}, INCIDENTS),
        ({"sts_regional_endpoints": "regional", **IN_SOURCE}, {}, None, "sts.us-east-1.amazonaws.com:443"),
        ({"sts_regional_endpoints": "legacy", **IN_SOURCE}, {}, None, "sts.amazonaws.com:443"),
        (IN_SOURCE, {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, None, "sts.amazonaws.com:443"),
        ({"use_fips_endpoint": "true", **IN_SOURCE}, {}, None, "sts-fips.us-east-1.amazonaws.com:443"),
        (IN_SOURCE, {}, {"use_fips_endpoint": True}, "sts-fips.us-east-1.amazonaws.com:443"),
    ],
    ids=str,
)
def test_the_host_that_a_setting_selects(
    run_module: Run,
    run_lookup: Run,
    profile: Run,
    proxied_hosts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    settings: dict[str, str],
    variables: dict[str, str],
    aws_config: dict[str, Any] | None,
    host: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    options = {**profile(**settings), "endpoint_url": None, "aws_config": aws_config}
    assert run_module(INFO, **options).failed
    assert set(proxied_hosts) == {host}
    proxied_hosts.clear()
    with pytest.raises(AnsibleError):
        run_lookup(**options)
    assert set(proxied_hosts) == {host}


@pytest.mark.parametrize("settings", [{}, IN_SOURCE], ids=str)
def test_the_proxy_in_aws_config(
    run_module: Run,
    profile: Run,
    proxied_hosts: list[str],
    closed_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    settings: dict[str, str],
) -> None:
    """It overrides the environment's, also for the call that assumes the role of a profile."""
    proxies = {"https": os.environ["HTTPS_PROXY"]}
    monkeypatch.setenv("HTTPS_PROXY", closed_url)
    run_module(INFO, **profile(**settings), endpoint_url=None, aws_config={"proxies": proxies})
    assert [host.partition(".")[0] for host in proxied_hosts[:1]] == ["sts" if settings else "ssm-incidents"]


@pytest.mark.parametrize("settings", [{}, {"services": "local"}], ids=str)
def test_the_endpoint_of_a_profile(
    run_module: Run, recorded_arn: str, endpoint: LocalEndpoint, profile: Run, tmp_path: Path, settings: dict[str, str]
) -> None:
    options = profile(**settings or {"endpoint_url": endpoint.url})
    with open(tmp_path / "config", "a", encoding="utf-8") as opened:
        opened.write(f"[services local]\nssm_incidents =\n  endpoint_url = {endpoint.url}\n")
    assert not run_module(INFO, **options, endpoint_url=None).failed


@pytest.mark.parametrize("region", [None, "us-east-1"])
def test_a_region_in_aws_config_has_no_effect(run_module: Run, run_lookup: Run, region: str | None) -> None:
    options = {"region": region, "aws_config": {"region_name": "eu-west-1"}}
    outcome = run_module(INFO, **options)
    assert outcome["error"]["code"] == "InvalidParameter" and "Set the option region" in outcome["msg"]
    with pytest.raises(AnsibleError, match="region_name 'eu-west-1' has no effect"):
        run_lookup(**options)


# The role of a profile ------------------------------------------------------------------------------------------------


def test_the_settings_of_a_profiles_role(
    run_module: Run, profile: Run, monkeypatch: pytest.MonkeyPatch, refusing_sts: RefusingSTS
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    names = {"duration_seconds": "1234", "external_id": "partner", "role_session_name": "audit"}
    assert run_module(INFO, **profile(**IN_SOURCE, **names)).failed
    sent = parse_qs(refusing_sts.requests[0])
    expected = {"DurationSeconds": "1234", "ExternalId": "partner", "RoleSessionName": "audit", "RoleArn": ROLE}
    assert {name: sent[name] for name in expected} == {name: [value] for name, value in expected.items()}


@pytest.fixture
def roles(refusing_sts: RefusingSTS, endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives each request to assume a role. Each role has the credentials of the endpoint's user."""
    members = {
        "AccessKeyId": USER["aws_access_key_id"],
        "SecretAccessKey": USER["aws_secret_access_key"],
        "SessionToken": "a-token-of-a-role",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    credentials = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    result = f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>"
    refusing_sts.status, refusing_sts.body = 200, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    return refusing_sts.requests


def assumed(requests: list[str]) -> int:
    return sum("Action=AssumeRole" in request for request in requests)


@pytest.mark.parametrize(("name", "options"), RUNS, ids=str)
def test_a_profiles_role_is_assumed_once(
    run_module: Run, endpoint: LocalEndpoint, profile: Run, roles: list[str], tmp_path: Path, name: str, options: Any
) -> None:
    if "path" in options:
        options = {**options, "path": str(tmp_path / "export")}
    run_module(name, **profile(**IN_SOURCE), **options)
    assert assumed(roles) == 1 and endpoint.operations


def test_the_option_assume_role_arn_is_used_once(
    run_action: Run, run_lookup: Run, endpoint: LocalEndpoint, recorded_arn: str, roles: list[str]
) -> None:
    options = {"endpoint_url": None, "assume_role_arn": ROLE, "search_regions": ["all"]}
    assert run_lookup(**options) and assumed(roles) == 1
    roles.clear()
    assert run_action(f"{MANAGE}_audit", **options)["outcome"] == "passed" and assumed(roles) == 1


def test_the_token_of_a_web_identity(
    run_module: Run, monkeypatch: pytest.MonkeyPatch, refusing_sts: RefusingSTS, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("the-token-of-a-web-identity", encoding="utf-8")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    assert run_module(INFO, access_key=None, secret_key=None).failed
    assert parse_qs(refusing_sts.requests[0])["WebIdentityToken"] == ["the-token-of-a-web-identity"]


def test_a_role_that_requires_an_mfa_code(run_module: Run, run_action: Run, run_lookup: Run, profile: Run) -> None:
    """Nobody is asked for it: on a terminal, the run would wait."""
    options = profile(**IN_SOURCE, mfa_serial="arn:aws:iam::123456789012:mfa/deployer")
    for outcome in (run_module(INFO, **options), run_action(f"{MANAGE}_audit", **options)):
        assert outcome["error"]["code"] == "CredentialRetrievalError" and "requires an MFA code (" in outcome["msg"]
        assert "Enter MFA code" not in outcome.output
    with pytest.raises(AnsibleError, match="requires an MFA code"):
        run_lookup(**options)


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


@pytest.mark.parametrize(("name", "options"), RUNS, ids=str)
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
    assert "the credential provider custom-process failed, exit status 3" in outcome["msg"]
    # The managing module looks once more for its result.
    assert secret not in outcome.output and starts(tmp_path) <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), [*RUNS, (f"{MANAGE}_audit", {}), ("lookup", {})], ids=str)
def test_a_program_that_hangs(
    run_module: Run,
    run_action: Run,
    run_lookup: Run,
    profile: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    options: dict[str, Any],
) -> None:
    """No socket has a time limit here, so the collection has one."""
    monkeypatch.setattr(credentials, "CREDENTIAL_SECONDS", 0.3)
    if "path" in options:
        options = {**options, "path": str(tmp_path / "export")}
    options = {**profile(credential_process="sleep 2"), **options}
    if name == "lookup":
        with pytest.raises(AnsibleError) as raised:
            run_lookup(**options)
        message = str(raised.value)
    else:
        outcome = (run_action if name == f"{MANAGE}_audit" else run_module)(name, **options)
        assert outcome["error"]["code"] == "CredentialRetrievalError"
        message = outcome["msg"]
    assert "profile team" in message and "returned no credentials within 0.3 seconds" in message


# Connections that break -----------------------------------------------------------------------------------------------


def test_a_connection_that_is_reset_twice_works_then(
    run_module: Run, endpoint: LocalEndpoint, recorded_arn: str, sleeps: list[float]
) -> None:
    endpoint.faults.add({"operation": "GetReplicationSet", "fault": "reset", "times": 2})
    assert not run_module(INFO).failed
    assert endpoint.operations.count("GetReplicationSet") == 3
