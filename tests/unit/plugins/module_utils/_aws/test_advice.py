# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the advice on the clock, on the policy that denies, and on how to sign in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ansible.errors import AnsibleError
from botocore.credentials import SSOProvider
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from helpers.credentials import config_section

Run = Callable[..., Any]

INFO = "ssm_incidents_replication_set_info"
AUDIT = "ssm_incidents_replication_set_audit"
ROLE = "arn:aws:iam::123456789012:role/audit"
EXPIRED_SIGNATURE = (
    "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
)
EARLY_SIGNATURE = (
    "Signature not yet current: 20260101T003000Z is still later than 20260101T002000Z (20260101T001500Z + 5 min.)"
)
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/a/b is not authorized to perform: ssm-incidents:ListReplicationSets"
)

pytestmark = pytest.mark.usefixtures("sleeps")


class Answers:
    """A server that sends the same response to every request.

    :ivar status: the HTTP status.
    :ivar body: the body.
    """

    def __init__(self) -> None:
        self.status, self.body = 200, ""
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(answers.status)
                # AWS's errors have a request ID.
                self.send_header("x-amzn-RequestId", "1")
                self.send_header("Content-Length", str(len(answers.body.encode())))
                self.end_headers()
                self.wfile.write(answers.body.encode())

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def send_query_error(self, code: str, message: str) -> None:
        """Respond with an error of the query protocol, as STS does."""
        self.status = 403
        self.body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )


@pytest.fixture
def answers() -> Iterator[Answers]:
    found = Answers()
    thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidSignatureException", EXPIRED_SIGNATURE),
        ("InvalidSignatureException", EARLY_SIGNATURE),
        ("RequestExpired", "Request has expired."),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ],
)
def test_a_wrong_clock(run_module: Run, run_action: Run, endpoint: LocalEndpoint, code: str, message: str) -> None:
    endpoint.faults.add({"fault": "error", "code": code, "message": message, "http_status": 403, "times": None})
    assert "Check the clock of the host that runs the module." in run_module(INFO).result["msg"]
    assert "Check the clock of this controller." in run_action(AUDIT).result["msg"]


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidSignatureException"])
def test_a_wrong_clock_of_sts(run_action: Run, answers: Answers, code: str) -> None:
    answers.send_query_error(code, EXPIRED_SIGNATURE)
    result = run_action(AUDIT, endpoint_url=answers.url, assume_role_arn=ROLE).result
    assert result["error"]["code"] == code
    assert "Check the clock of this controller." in result["msg"]


@pytest.mark.parametrize(
    ("code_of_sts", "code"),
    [
        ("ExpiredToken", "ExpiredTokenException"),
        ("IncompleteSignature", "IncompleteSignatureException"),
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        ("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        ("SignatureDoesNotMatch", "InvalidSignatureException"),
    ],
)
def test_sts_has_the_same_advice(
    run_action: Run, endpoint: LocalEndpoint, answers: Answers, code_of_sts: str, code: str
) -> None:
    endpoint.faults.add({"fault": "error", "code": code, "message": "MESSAGE.", "http_status": 403})
    answers.send_query_error(code_of_sts, "MESSAGE.")
    service = run_action(AUDIT).result
    sts = run_action(AUDIT, endpoint_url=answers.url, assume_role_arn=ROLE).result
    assert (service["error"]["code"], sts["error"]["code"]) == (code, code_of_sts)
    advice = service["msg"].partition("MESSAGE. ")[2]
    assert advice and sts["msg"].partition("MESSAGE. ")[2].startswith(advice)
    assert advice.startswith("Sign in again.") == (code == "ExpiredTokenException")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("Throttling", "run fewer tasks at the same time"),
        ("RegionDisabledException", "Enable the Region for the account"),
        ("AccessDenied", "the role's trust policy"),
        ("InvalidIdentityToken", "check the profile"),
    ],
)
def test_the_role_of_a_profile_has_the_advice_for_its_code(
    run_module: Run,
    configure: Callable[..., None],
    answers: Answers,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    code: str,
    advice: str,
) -> None:
    configure(base=USER, team={"role_arn": ROLE, "source_profile": "base"})
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", answers.url)
    answers.send_query_error(code, "MESSAGE.")
    outcome = run_module(INFO, profile="team", access_key=None, secret_key=None)
    assert outcome["error"]["code"] == code and advice in outcome["msg"]
    assert ("check the profile" in outcome["msg"]) == (code == "InvalidIdentityToken")


def test_no_response_to_the_call_for_the_role_of_a_profile(
    run_module: Run,
    configure: Callable[..., None],
    closed_url: str,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
) -> None:
    configure(base=USER, team={"role_arn": ROLE, "source_profile": "base"})
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", closed_url)
    outcome = run_module(INFO, profile="team", access_key=None, secret_key=None)
    assert outcome["error"]["code"] == "EndpointConnectionError" and "can reach this endpoint" in outcome["msg"]


@pytest.mark.parametrize(
    "policy",
    [
        "with an explicit deny in a service control policy",
        "because no permissions boundary allows the x:Y action",
        "because no identity-based policy allows the x:Y action",
    ],
)
def test_the_policy_that_denies(
    run_module: Run, run_action: Run, endpoint: LocalEndpoint, answers: Answers, policy: str
) -> None:
    """AWS's message names the policy, and the advice says to look for it."""
    fault = {"fault": "error", "code": "AccessDeniedException", "message": f"{DENIED} on resource: * {policy}"}
    endpoint.faults.add({**fault, "times": None})
    answers.send_query_error("AccessDenied", f"{DENIED} {policy}")
    role = run_action(AUDIT, endpoint_url=answers.url, assume_role_arn=ROLE).result["msg"]
    for message in (run_module(INFO).result["msg"], role):
        assert policy in message and "If the message names a policy, allow the action there" in message


def test_data_encryption(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}})
    endpoint.faults.add({"fault": "error", "code": "DataEncryptionException", "service": "ssm-contacts", "times": None})
    result = run_module("ssm_incidents_data_info").result
    (entry,) = {entry["code"]: entry for entry in result["missing"]}.values()
    assert entry["code"] == "DataEncryptionException" and "KMS keys" in entry["msg"]


SSO = {
    "sso_start_url": "https://example.awsapps.com/start",
    "sso_region": "us-east-1",
    "sso_account_id": "123456789012",
    "sso_role_name": "audit",
}


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes the AWS configuration file: the names of profiles, each with its settings."""

    def write(**profiles: dict[str, str]) -> None:
        sections = [config_section(f"profile {name}", settings) for name, settings in profiles.items()]
        (tmp_path / "config").write_text("\n".join(sections))

    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # botocore finds the home directory when it is imported.
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / "sso"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path / "login"))
    return write


WITH_PROFILE = {"profile": "team", "access_key": None, "secret_key": None}
ROLE_PROFILE = {"role_arn": ROLE, "source_profile": "person"}


@pytest.mark.parametrize("name", ["team", "person"])
def test_a_profile_that_has_to_sign_in(run_module: Run, configure: Callable[..., None], name: str) -> None:
    """The profile with the SSO settings can be the source of a role's profile."""
    configure(**{"team": ROLE_PROFILE, name: SSO})
    result = run_module(INFO, **WITH_PROFILE).result
    assert result["error"]["code"] == "CredentialRetrievalError"
    assert "If it uses aws sso login or aws login, run that command again." in result["msg"]


def test_a_user_without_the_role_of_the_profile(
    run_lookup: Run, configure: Callable[..., None], answers: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure(team=SSO)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", answers.url)
    cache = tmp_path / "sso"
    cache.mkdir()
    token = {"accessToken": "x" * 20, "expiresAt": "2099-01-01T00:00:00Z", "startUrl": SSO["sso_start_url"]}
    (cache / f"{hashlib.sha1(SSO['sso_start_url'].encode()).hexdigest()}.json").write_text(json.dumps(token))
    answers.status, answers.body = (
        403,
        '{"message": "No access", "__type": "com.amazonaws.switchboard#ForbiddenException"}',
    )
    with pytest.raises(AnsibleError, match=r"ForbiddenException.*IAM Identity Center"):
        run_lookup(**WITH_PROFILE)
    assert run_lookup(**WITH_PROFILE, on_denied="skip") == []


def test_a_profile_of_aws_login(run_module: Run, configure: Callable[..., None]) -> None:
    configure(team={"login_session": "arn:aws:iam::123456789012:user/a"})
    message = run_module(INFO, **WITH_PROFILE).result["msg"]
    has_crt = find_spec("awscrt") is not None
    # An older botocore does not know these profiles.
    assert ("run that command again" if has_crt else "crt") in message
