# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that no secret is in what others add to a module's result, or in the error of a provider of credentials."""

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
from botocore.utils import ContainerMetadataFetcher
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from helpers.credentials import config_section, environment_variables
from helpers.failing_servers import RefusingSTS

Run = Callable[..., Any]

INFO = "ssm_incidents_replication_set_info"
AUDIT = "ssm_incidents_replication_set_audit"
PASSWORD = "the.password-of-a-proxy"
TOKEN = "a-token-of-a-container-0123456789-0123456789"

# By default, ansible-core 2.19 and newer return no invocation. Older releases always do, and don't know the argument.
INVOCATION = {"_ansible_inject_invocation": True} if find_spec("ansible.module_utils._internal") else {}

pytestmark = pytest.mark.usefixtures("sleeps")


def with_password(url: str, password: str = PASSWORD) -> str:
    return url.replace("://", f"://deployer:{password}@")


@pytest.mark.parametrize("password", [PASSWORD, "pw"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"arn": "arn:aws:nonsense"},
        {"region": "not a region"},
        {"profile": "none", "access_key": None, "secret_key": None},
    ],
)
def test_the_invocation(
    run_module: Run, endpoint: LocalEndpoint, recorded_arn: str, options: dict[str, Any], password: str
) -> None:
    proxies = {"https": with_password("http://proxy:1", password)}
    outcome = run_module(
        INFO,
        endpoint_url=with_password(endpoint.url, password),
        aws_config={"proxies": proxies},
        **{**INVOCATION, **options},
    )
    assert f":{password}@" not in outcome.output and (password == "pw" or password not in outcome.output)
    assert "invocation" in outcome.result


@pytest.mark.parametrize(
    "options",
    [
        {"include_tags": "neither"},
        {"aws_config": {"proxies": with_password("http://proxy:1")}},
        {"aws_config": {"proxies": [with_password("http://proxy:1")]}},
        {"aws_config": {"proxys": {"https": with_password("http://proxy:1")}}},
        {"aws_config": "{" + with_password("http://proxy:1")},
    ],
    ids=str,
)
def test_the_invocation_with_an_option_that_is_rejected(
    run_module: Run, endpoint: LocalEndpoint, options: dict[str, Any]
) -> None:
    outcome = run_module(INFO, endpoint_url=with_password(endpoint.url), **{**INVOCATION, **options})
    assert outcome.failed and "invocation" in outcome.result
    assert PASSWORD not in outcome.output and "UnexpectedError" not in outcome.output


def test_a_user_name_is_not_masked(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed({"status": "ACTIVE", "createdBy": "deployer", "regionMap": {"us-east-1": {"status": "ACTIVE"}}})
    outcome = run_module(INFO, endpoint_url=with_password(endpoint.url))
    assert outcome["replication_set"]["created_by"] == "deployer"


@pytest.mark.parametrize("password", [PASSWORD, "p.w"])
def test_the_resource_actions(run_module: Run, password: str) -> None:
    """amazon.aws adds them after the collection has masked its result, cut at the first dot."""
    outcome = run_module(
        INFO, endpoint_url=with_password("https://127.0.0.1:1", password), debug_botocore_endpoint_logs=True
    )
    assert outcome["resource_actions"]
    shown = json.dumps(outcome["resource_actions"]) + outcome["msg"]
    assert not any(f":{part}" in shown for part in password.split("."))


@pytest.fixture
def quoting_container() -> Iterator[str]:
    """Return the URL of an endpoint for credentials that quotes the request, as EKS Pod Identity does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = str(self.headers["Authorization"])
            message = f"bad request: {token} or {token[:9]} or {self.headers['x-amz-sso_bearer_token']}"
            body = json.dumps({"message": message}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/credentials"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("by_file", [False, True])
def test_the_token_of_a_container(
    run_module: Run,
    run_action: Run,
    run_lookup: Run,
    quoting_container: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    by_file: bool,
) -> None:
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", quoting_container)
    if by_file:
        (tmp_path / "token").write_text(TOKEN)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    else:
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
    options = {"access_key": None, "secret_key": None}
    texts = [run_module(INFO, **options).output, run_action("ssm_incidents_replication_set_audit", **options).output]
    with pytest.raises(AnsibleError) as failure:
        run_lookup(**options)
    for text in (*texts, str(failure.value)):
        assert TOKEN[:9] not in text and "container-role failed, HTTP status 400" in text


@pytest.mark.slow
def test_ansible_masks_what_is_returned_after_a_playbook(
    run_tasks: Run, endpoint: LocalEndpoint, recorded_arn: str
) -> None:
    task = {f"incident_manager.aws.{INFO}": {"endpoint_url": with_password(endpoint.url), "region": "us-east-1"}}
    finished = run_tasks(
        [task],
        ANSIBLE_INJECT_INVOCATION="true",
        ANSIBLE_VERBOSITY="3",
        AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN,
        HTTPS_PROXY=with_password("http://127.0.0.1:1"),
        **environment_variables(USER),
    )
    assert finished.returncode == 0, finished.stdout
    assert "invocation" in finished.stdout and json.dumps(PASSWORD)[1:-1] not in finished.stdout.split("TASK")[-1]


@pytest.mark.slow
def test_the_token_of_an_sso_login(run_tasks: Run, quoting_container: str, tmp_path: Path) -> None:
    start_url = "https://example.awsapps.com/start"
    settings = {
        "sso_start_url": start_url,
        "sso_region": "us-east-1",
        "sso_account_id": "123456789012",
        "sso_role_name": "audit",
        "region": "us-east-1",
    }
    (tmp_path / "config").write_text(config_section("profile team", settings))
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"accessToken": TOKEN, "expiresAt": "2099-01-01T00:00:00Z", "startUrl": start_url}
    (cache / f"{hashlib.sha1(start_url.encode()).hexdigest()}.json").write_text(json.dumps(token))
    variables = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_SSO": quoting_container.rpartition("/")[0],
        "ANSIBLE_INJECT_INVOCATION": "true",
        "ANSIBLE_VERBOSITY": "3",
    }
    tasks = [{f"incident_manager.aws.{name}": {"profile": "team"}} for name in (INFO, AUDIT)]
    for task in tasks:
        finished = run_tasks([task], **variables)
        assert finished.returncode and "Failed to get credentials" in finished.stdout, finished.stdout
        assert TOKEN not in finished.stdout and "bad request" not in finished.stdout


# Answers that are not from AWS ----------------------------------------------------------------------------------------

QUOTED = "Proxy-Authorization: what the collection does not know"
XML_ERROR = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{QUOTED}</Message></Error></ErrorResponse>"


@pytest.fixture
def proxy() -> Iterator[Callable[..., str]]:
    """Return a function that sets the answer of a proxy, and returns its URL."""
    answer: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(answer["status"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer["body"])))
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()

        def set_answer(status: int, body: str, **headers: str) -> str:
            answer.update(status=status, body=body.encode(), headers=headers)
            return f"http://127.0.0.1:{server.server_port}"

        yield set_answer
        server.shutdown()
        thread.join()


PAGE = f"<h1>Blocked</h1><pre>{QUOTED}</pre>"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("content_type", "body", "request_id", "role"),
    [
        ("text/html", PAGE, "", None),
        ("text/html", PAGE, "of-a-gateway", None),
        ("application/json", json.dumps({"message": QUOTED}), "of-a-gateway", None),
        ("application/json", json.dumps({"code": "Blocked", "message": QUOTED, "headers": QUOTED}), "", None),
        ("application/json", json.dumps({"__type": "AccessDeniedException", "Message": QUOTED}), "", None),
        ("text/xml", XML_ERROR, "", "arn:aws:iam::123456789012:role/audit"),
    ],
)
@pytest.mark.parametrize("status", [403, 503])
def test_what_a_proxy_answers_is_not_quoted(
    run_module: Run,
    run_action: Run,
    run_lookup: Run,
    proxy: Run,
    content_type: str,
    body: str,
    request_id: str,
    role: str | None,
    status: int,
) -> None:
    """Without AWS's request ID and code, it is not from AWS, and can quote anything."""
    headers = {"Content-Type": content_type, **({"x-amzn-RequestId": request_id} if request_id else {})}
    options = {"endpoint_url": proxy(status, body, **headers)}
    texts = [] if role else [run_module(INFO, **options).output]
    options |= {"assume_role_arn": role} if role else {}
    texts.append(run_action(AUDIT, **options).output)
    with pytest.raises(AnsibleError) as failure:
        run_lookup(**options)
    for text in (*texts, str(failure.value)):
        assert "Proxy-Authorization" not in text and "what the collection" not in text
        assert f"not from AWS (HTTP status {status}, {content_type}, {len(body)} bytes)" in text
        assert "whether a proxy or a captive portal is between" in text


@pytest.mark.parametrize("status", [200, 403])
def test_a_page_in_place_of_an_identity_is_not_quoted(
    run_action: Run, endpoint: LocalEndpoint, proxy: Run, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """botocore's error for what is not XML quotes the page."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", proxy(status, PAGE))
    outcome = run_action(AUDIT, endpoint_url=None, account_id="123456789012")
    assert "can't be read (ResponseParserError)" in outcome.output and "Proxy-Authorization" not in outcome.output


@pytest.mark.parametrize(("code", "message"), [("AccessDeniedException", "User: x is not authorized"), ("New", "Now")])
def test_what_aws_answers_is_quoted(run_module: Run, proxy: Run, code: str, message: str) -> None:
    headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": "a-request"}
    outcome = run_module(INFO, endpoint_url=proxy(403, json.dumps({"message": message}), **headers))
    assert message in outcome["msg"] and outcome["error"] == {"code": code, "message": message}


def test_the_token_of_the_source_of_a_role(
    run_module: Run, run_lookup: Run, refusing_sts: RefusingSTS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a signature is wrong, AWS quotes the request, which contains the token."""
    credentials = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s" * 40, "SessionToken": TOKEN}
    (tmp_path / "source").write_text(json.dumps(credentials))
    (tmp_path / "config").write_text(
        f"[profile source]\ncredential_process = cat {tmp_path / 'source'}\n"
        "[profile role]\nsource_profile = source\nrole_arn = arn:aws:iam::111122223333:role/a\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)
    refusing_sts.body = (
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The canonical request should have been POST"
        f" x-amz-security-token:{TOKEN}</Message></Error><RequestId>a-request</RequestId></ErrorResponse>"
    )
    outcome = run_module(INFO, profile="role", access_key=None, secret_key=None)
    assert outcome["error"]["code"] == "SignatureDoesNotMatch"
    assert "AssumeRole failed (SignatureDoesNotMatch)" in outcome["msg"] and TOKEN not in outcome.output
    with pytest.raises(AnsibleError) as raised:
        run_lookup(profile="role", access_key=None, secret_key=None)
    assert "AssumeRole failed (SignatureDoesNotMatch)" in str(raised.value) and TOKEN not in str(raised.value)
