# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that secrets from STS, a profile or the environment are not shown, whatever a response quotes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from helpers.credentials import config_section
from helpers.failing_servers import RefusingSTS

Run = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("sleeps")

SECRET_KEY = "a-secret-key-that-only-sts-has-given-0123456789"
TOKEN = "".join(f"{number:03}token" for number in range(100))
CREDENTIALS = (
    f"<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey>"
    f"<SessionToken>{TOKEN}</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials>"
)
ANSWER = (
    '<{name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{name}Result>{credentials}</{name}Result>'
    "</{name}Response>"
)


def damaged_answers(name: str) -> dict[str, str]:
    """Return answers of STS that can't be read."""
    whole = ANSWER.format(name=name, credentials=CREDENTIALS)
    return {
        "cut in the key": whole[: whole.index(SECRET_KEY) + 30],
        "cut in the token": whole[: whole.index(TOKEN) + 60],
        "an unknown entity": whole.replace("</SessionToken>", "&nbsp;</SessionToken>"),
        "a token for a time": whole.replace("2036-01-01T00:00:00Z", TOKEN),
    }


def assert_not_shown(secrets: list[str], *shown: str) -> None:
    parts = [secret[start : start + 12] for secret in secrets for start in range(len(secret) - 11)]
    assert [(part, text) for part in parts for text in shown if part in text] == []


@pytest.fixture
def shown(run_module: Run, run_action: Run, run_lookup: Run) -> Callable[..., list[str]]:
    """Return a function that runs the info module, the audit and the lookup, and returns everything that they show."""

    def run(module: bool = True, **options: Any) -> list[str]:
        task = run_action("ssm_incidents_replication_set_audit", **options)
        assert task["outcome"] == "unknown"
        with pytest.raises(AnsibleError) as failure:
            run_lookup(**options)
        texts = [task.output, str(failure.value)]
        if module:
            outcome = run_module("ssm_incidents_replication_set_info", **options)
            assert outcome.failed
            texts += [outcome["msg"], str(outcome["error"])]
        return texts

    return run


@pytest.mark.parametrize("damage", damaged_answers("AssumeRole"))
def test_a_role_whose_credentials_are_damaged(shown: Run, refusing_sts: RefusingSTS, damage: str) -> None:
    refusing_sts.status, refusing_sts.body = 200, damaged_answers("AssumeRole")[damage]
    role = "arn:aws:iam::111122223333:role/audit"
    texts = shown(module=False, endpoint_url=refusing_sts.url, assume_role_arn=role)
    assert_not_shown([SECRET_KEY, TOKEN], *texts)
    assert all("assume the role" in text for text in texts)


@pytest.fixture
def profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing_sts: RefusingSTS
) -> Callable[[str], dict[str, Any]]:
    """Return a function that writes a profile and returns the options to use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refusing_sts.url)

    def write(settings: str) -> dict[str, Any]:
        base = config_section("profile base", {**USER, "aws_session_token": TOKEN})
        (tmp_path / "config").write_text(f"{base}[profile team]\n{settings}\n", encoding="utf-8")
        return {"profile": "team", "access_key": None, "secret_key": None}

    return write


ECHO = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{0}</Message></Error></ErrorResponse>"
)


@pytest.mark.parametrize("before", [0, 470])
def test_a_profiles_role_that_sts_refuses(shown: Run, profile: Run, refusing_sts: RefusingSTS, before: int) -> None:
    options = profile("role_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base")
    secret = USER["aws_secret_access_key"]
    refusing_sts.body = ECHO.format("x" * before + f" {TOKEN} {secret}")
    assert_not_shown([TOKEN, secret], *shown(**options))


def test_the_tokens_of_a_login(
    shown: Run, profile: Run, refusing_sts: RefusingSTS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are masked if credentials can't be retrieved. `aws login` itself needs botocore[crt]."""
    names = ("accessToken", "clientSecret", "dpopKey", "idToken", "refreshToken", "secretAccessKey", "sessionToken")
    tokens = {name: f"the-{name}-of-a-login" for name in names}
    nested = {name: tokens.pop(name) for name in ("secretAccessKey", "sessionToken")}
    cached = {**tokens, "accessToken": nested, "expiresAt": "2099-01-01T00:00:00Z"}
    (tmp_path / "login.json").write_text(json.dumps(cached), encoding="utf-8")
    (tmp_path / "sso.json").write_text(json.dumps({"accessToken": tokens["accessToken"]}), encoding="utf-8")
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    secrets = [*tokens.values(), *nested.values()]
    refusing_sts.body = ECHO.format(" ".join(secrets))
    options = profile("role_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base")
    assert_not_shown(secrets, *shown(**options))


@pytest.mark.parametrize("status", [400, 200])
def test_a_web_identity_that_sts_refuses(
    shown: Run, profile: Run, refusing_sts: RefusingSTS, tmp_path: Path, status: int
) -> None:
    identity = TOKEN[::-1]
    (tmp_path / "identity").write_text(f"{identity}\n")
    options = profile(f"role_arn = arn:aws:iam::111122223333:role/x\nweb_identity_token_file = {tmp_path / 'identity'}")
    cut = damaged_answers("AssumeRoleWithWebIdentity")["cut in the token"]
    refusing_sts.status, refusing_sts.body = status, ECHO.format(identity) if status == 400 else cut
    assert_not_shown([identity, SECRET_KEY, TOKEN], *shown(**options))


@pytest.mark.parametrize("place", ["profile", "services", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM_INCIDENTS"])
def test_the_password_of_an_endpoint_that_is_configured(
    shown: Run, profile: Run, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    url = "http://user:the-password-of-a-proxy@127.0.0.1:1/"
    keys = "\n".join(f"{name} = {value}" for name, value in USER.items())
    section = f"[services local]\nssm_incidents =\n  endpoint_url = {url}"
    settings = {"profile": f"endpoint_url = {url}", "services": f"services = local\n{section}"}
    options = profile(f"{keys}\n{settings.get(place, '')}")
    if place not in settings:
        monkeypatch.setenv(place, url)
    texts = shown(**options, endpoint_url=None)
    assert_not_shown(["the-password-of-a-proxy"], *texts)
    assert all("127.0.0.1:1" in text for text in texts)


def test_the_password_of_the_endpoint_that_assumes_a_profiles_role(
    shown: Run, profile: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base"
    url = "http://user:the-password-of-a-proxy@127.0.0.1:1/"
    options = profile(f"{role}\nservices = local\n[services local]\nsts =\n  endpoint_url = {url}")
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    texts = shown(**options)
    assert_not_shown(["the-password-of-a-proxy"], *texts)
    assert all("127.0.0.1:1" in text for text in texts)


def test_the_lookup_masks_its_result(run_lookup: Run, endpoint: LocalEndpoint) -> None:
    body = {
        "status": "ACTIVE",
        "createdBy": f"arn:aws:iam::123456789012:user/{USER['aws_secret_access_key']}",
        "regionMap": {"us-east-1": {"status": "ACTIVE", "statusMessage": TOKEN}},
    }
    endpoint.seed(body)
    found = run_lookup(session_token=TOKEN)
    assert_not_shown([TOKEN, USER["aws_secret_access_key"]], json.dumps(found))
