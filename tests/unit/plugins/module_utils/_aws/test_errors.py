# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the codes of errors, of the advice, and of secrets, which are masked before a text is shortened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.loader import inventory_loader, lookup_loader
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ADVICE,
    HOST,
    ON_CONTROLLER,
    ON_MODULE_HOST,
    Failure,
    error_code,
)
from botocore import exceptions
from botocore.exceptions import ClientError
from endpoint.server import LocalEndpoint

Run = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("sleeps")

# As long as a token from STS, and without repetitions.
SESSION_TOKEN = "".join(f"{number:03}token" for number in range(120))


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (ClientError({"Error": {"Code": "SomethingNewException"}}, "GetReplicationSet"), "SomethingNewException"),
        (ClientError({"Error": {"Code": "502", "Message": "Bad Gateway"}}, "GetReplicationSet"), "502"),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), "ConnectTimeoutError"),
        # A subclass of a documented exception has the code of that exception.
        (exceptions.InvalidConfigError(error_msg="x"), "default"),
        (exceptions.SSOTokenLoadError(error_msg="x"), "default"),
        (type("OwnReadTimeout", (exceptions.ReadTimeoutError,), {})(endpoint_url="x"), "ReadTimeoutError"),
        # The names of exceptions that are not botocore's are never codes.
        (ValueError("x"), "default"),
        (type("NoCredentialsError", (Exception,), {})("x"), "default"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_error_code(cause: BaseException, code: str) -> None:
    assert error_code(cause, "default") == code


def test_all_advice_is_in_sentences() -> None:
    for advice in filter(None, ADVICE.values()):
        assert advice[0].isupper() and advice.endswith("."), advice


def test_advice_names_the_host() -> None:
    for code, advice in ADVICE.items():
        failure = Failure("Failed", code=code)
        for host in (ON_MODULE_HOST, ON_CONTROLLER):
            assert HOST not in failure.describe(host)
            assert (host in failure.describe(host)) == (HOST in advice)


def test_the_host_is_named_by_modules_tasks_and_the_lookup(
    run_module: Run, run_action: Run, run_lookup: Run, endpoint: LocalEndpoint
) -> None:
    nobody = {"access_key": None, "secret_key": None}
    module = run_module("ssm_incidents_replication_set_info", **nobody)
    assert "environment of the host that runs the module" in module["msg"]
    task = run_action("ssm_incidents_replication_set_audit", **nobody)
    assert "environment of this controller" in task["msg"]
    with pytest.raises(AnsibleError, match="environment of this controller"):
        run_lookup(**nobody)


@pytest.mark.parametrize(
    ("kind", "loader", "name"),
    [
        ("lookup", lookup_loader, "incident_manager.aws.ssm_incidents_replication_set"),
        ("inventory", inventory_loader, "incident_manager.aws.organization"),
    ],
)
def test_advice_names_only_options_of_the_plugin(kind: str, loader: Any, name: str) -> None:
    options = set(constants.config.get_configuration_definitions(kind, loader.get(name)._load_name))
    assert options
    for code, advice in ADVICE.items():
        message = Failure("Failed", code=code).describe(ON_CONTROLLER)
        named = set(re.findall(r"[a-z_]+", message)) & set(aws_argument_spec())
        assert named <= options, message
        assert not advice or message.partition(". ")[2], f"{code} has no advice left without the options of modules"


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_advice_for_a_certificate_in_a_module_and_in_the_lookup(run_module: Run, run_lookup: Run) -> None:
    with LocalEndpoint(tls=True) as endpoint:
        module = run_module("ssm_incidents_replication_set_info", endpoint_url=endpoint.url)
        assert "aws_ca_bundle" in module["msg"] and "AWS_CA_BUNDLE" in module["msg"]
        with pytest.raises(AnsibleError, match=r"AWS_CA_BUNDLE.*aws_ca_bundle"):
            run_lookup(endpoint_url=endpoint.url)
        # It is verified no longer, so the endpoint answers.
        with pytest.raises(AnsibleError, match="has none"):
            run_lookup(endpoint_url=endpoint.url, validate_certs=False)
        with pytest.raises(AnsibleError, match=r"No such file|/no/such|invalid path"):
            run_lookup(endpoint_url=endpoint.url, aws_ca_bundle="/no/such.pem")


def test_a_configuration_file_that_cannot_be_read(run_module: Run, run_lookup: Run, tmp_path: Path) -> None:
    """Without a Region, amazon.aws reads the AWS configuration files."""
    (tmp_path / "config").write_bytes(b"[default]\nregion = \xff\n")
    module = run_module("ssm_incidents_replication_set_info", region=None)
    assert module["error"]["code"] == "InvalidConfiguration" and "the AWS configuration files" in module["msg"]
    with pytest.raises(AnsibleError, match="the AWS configuration files") as failure:
        run_lookup(region=None)
    assert "aws_config" in str(failure.value)


def parts_of(secret: str, length: int = 12) -> list[str]:
    return [secret[start : start + length] for start in range(len(secret) - length)]


@pytest.mark.parametrize("before", [0, 100, 450, 490])
@pytest.mark.parametrize(
    "options", [{}, {"region": "eu-west-2", "search_regions": ["eu-west-3", "us-east-1"]}], ids=str
)
def test_no_part_of_a_secret_is_left_where_a_text_is_shortened(
    run_module: Run, run_action: Run, run_lookup: Run, endpoint: LocalEndpoint, before: int, options: dict[str, Any]
) -> None:
    # The message has no spaces, like a URL or a header that a proxy quotes.
    message = "x" * before + SESSION_TOKEN + "y" * 1000
    endpoint.faults.add(
        {"fault": "error", "code": "AccessDeniedException", "http_status": 403, "message": message, "times": None}
    )
    options = {**options, "session_token": SESSION_TOKEN}
    module = run_module("ssm_incidents_replication_set_info", **options)
    task = run_action("ssm_incidents_replication_set_audit", **options)
    with pytest.raises(AnsibleError) as failure:
        run_lookup(**options)
    shown = [module["msg"], str(module["error"]), task.output, str(failure.value)]
    assert [part for part in parts_of(SESSION_TOKEN) for text in shown if part in text] == []
    assert max(map(len, (module["msg"], str(failure.value)))) < 3000


@pytest.mark.parametrize(
    "url",
    [
        "http://local-user:local-password-1@127.0.0.1:1",
        "http://local-user:local/password/2@127.0.0.1:1",
        "http://local-user:local%2Fpassword%403@127.0.0.1:1",
        "http://127.0.0.1:1/path?token=local-token-1&more=local-token-2",
        "local-user:local-password-4@127.0.0.1:1",
    ],
)
def test_the_secrets_of_an_endpoint_url_are_masked(
    run_module: Run, run_action: Run, run_lookup: Run, endpoint: LocalEndpoint, url: str
) -> None:
    options = {"endpoint_url": url, "aws_config": {"retries": {"total_max_attempts": 1}}}
    module = run_module("ssm_incidents_replication_set_info", **options)
    task = run_action("ssm_incidents_replication_set_audit", **options)
    with pytest.raises(AnsibleError) as failure:
        run_lookup(endpoint_url=url)
    assert module.failed and task.failed
    for shown in (module["msg"], str(module["error"]), task.output, str(failure.value)):
        assert "local" not in shown.replace("this controller", ""), shown


def test_no_part_of_a_secret_is_left_in_the_warning_of_tags(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}})
    message = "x" * 450 + SESSION_TOKEN
    denied = {"fault": "error", "code": "AccessDeniedException", "http_status": 403, "message": message}
    endpoint.faults.add({**denied, "operation": "ListTagsForResource", "times": None})
    outcome = run_module("ssm_incidents_replication_set_info", session_token=SESSION_TOKEN)
    assert len(outcome["warnings"]) == 1
    assert [part for part in parts_of(SESSION_TOKEN) if part in str(outcome["warnings"])] == []
