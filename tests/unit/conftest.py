# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This checkout as a collection, the local endpoint, and modules run in this process against it: from their
argument spec through botocore and HTTP."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as core_warnings
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader, lookup_loader
from ansible.template import Templar
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from botocore.loaders import create_loader
from endpoint.server import ACCESS_KEY, SECRET_KEY, LocalEndpoint
from hypothesis import settings

CHECKOUT = Path(__file__).parents[2]

# ansible-test has its own way, with the collection that it tests.
if not any(isinstance(finder, _AnsibleCollectionFinder) for finder in sys.meta_path):
    # The Makefile makes this folder, where the checkout has the path that a collection needs.
    _AnsibleCollectionFinder(paths=[str(CHECKOUT / ".build" / "root")])._install()

# Not the artifact, which is installed in the same environment.
imported = importlib.import_module("ansible_collections.incident_manager.aws").__path__[0]
assert CHECKOUT.samefile(imported), imported

# The quick loop tries few inputs; "make test" asks for all of them.
# The same inputs every time, so that a run can be repeated; "exploring" looks for new ones.
settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("exploring", max_examples=300, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# What AWS's documentation shows GetReplicationSet to return (awscli, examples/ssm-incidents/get-replication-set.rst).
RECORDED_ARN = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
RECORDED = {
    "createdBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
    "createdTime": "2021-05-14T17:57:22.010000+00:00",
    "deletionProtected": False,
    "lastModifiedBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
    "lastModifiedTime": "2021-05-14T17:57:22.010000+00:00",
    "regionMap": {
        "us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"},
        "us-east-2": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE", "statusMessage": "Tagging inaccessible"},
    },
    "status": "ACTIVE",
}


@dataclass
class Outcome:
    """How a module ended: its result as Ansible gets it, and everything it wrote."""

    result: dict[str, Any]
    output: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, Region or files but those that a test names itself."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session", autouse=True)
def warm_loader() -> Iterator[None]:
    """Let the sessions that tests and the endpoint make share what is read of botocore's data, as the collection's own do."""
    loader = create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _search_paths=None: loader)
        yield


@pytest.fixture(scope="session")
def served() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(served: LocalEndpoint) -> LocalEndpoint:
    """The endpoint, without sets, faults or calls."""
    served.reset()
    return served


@pytest.fixture
def recorded(endpoint: LocalEndpoint) -> str:
    """Seed the recorded set in the default account and return its ARN there."""
    return str(endpoint.seed(RECORDED, arn=RECORDED_ARN.replace("111122223333", "123456789012")))


@dataclass
class Refusing:
    """A server that refuses everything, and what it was asked."""

    url: str
    asked: list[str]
    body: str = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::"
        "123456789012:user/ops is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
    )


@pytest.fixture
def refusing_sts() -> Iterator[Refusing]:
    """An STS that lets nobody assume a role; moto's lets everybody."""

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            refusing.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = refusing.body.encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        refusing = Refusing(f"http://127.0.0.1:{server.server_port}", [])
        yield refusing
        server.shutdown()


@pytest.fixture
def thorough() -> bool:
    """Whether to try all there is, or only what a quick loop has time for."""
    return os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let retries wait on paper only, and list what they would have waited."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.fixture
def connected(served: LocalEndpoint) -> Callable[..., dict[str, Any]]:
    """Options on top of a connection to the endpoint; None takes one away."""

    def on_top(given: dict[str, Any]) -> dict[str, Any]:
        connection = {
            "endpoint_url": served.url,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": "us-east-1",
        }
        return {key: value for key, value in {**connection, **given}.items() if value is not None}

    return on_top


@pytest.fixture
def run_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], connected: Callable[..., dict[str, Any]]
) -> Callable[..., Outcome]:
    """Run a module in this process; options come on top of a connection to the endpoint, None takes one away."""

    def run(name: str, _check_mode: bool = False, _diff: bool = False, **given: Any) -> Outcome:
        args = {
            **connected(given),
            "_ansible_check_mode": _check_mode,
            "_ansible_diff": _diff,
            "_ansible_remote_tmp": "/tmp",
        }
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        core_warnings._global_warnings.clear()
        # These tests run lookups and actions too, hence ansible-core takes this process for a controller's.
        if internal := sys.modules.get("ansible.module_utils._internal"):
            monkeypatch.setattr(internal, "is_controller", False, raising=False)
        module = importlib.import_module(f"ansible_collections.incident_manager.aws.plugins.modules.{name}")
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            module.main()
        captured = capsys.readouterr()
        outcome = Outcome(json.loads(captured.out), captured.out + captured.err)
        assert bool(end.value.code) == outcome.failed
        return outcome

    return run


@pytest.fixture
def run_lookup(connected: Callable[..., dict[str, Any]]) -> Callable[..., list[Any]]:
    """Run the lookup in this process, as Ansible loads it; options come on top of a connection to the endpoint."""

    def run(*terms: Any, **given: Any) -> list[Any]:
        lookup = lookup_loader.get("incident_manager.aws.ssm_incidents_replication_set")
        return list(lookup.run(list(terms), variables={}, **connected(given)))

    return run


@pytest.fixture
def run_action(connected: Callable[..., dict[str, Any]]) -> Callable[..., Outcome]:
    """Run an action in this process, as Ansible loads it; options come on top of a connection to the endpoint."""

    def run(name: str, _keywords: dict[str, Any] | None = None, _connected: bool = True, **given: Any) -> Outcome:
        task = Task()
        task.action = f"incident_manager.aws.{name}"
        task.args = connected(given) if _connected else given
        for keyword, value in (_keywords or {}).items():
            setattr(task, keyword, value)
        context = PlayContext()
        connection = connection_loader.get("ansible.builtin.local", context, "/dev/null")
        action = action_loader.get(
            task.action,
            task=task,
            connection=connection,
            play_context=context,
            loader=DataLoader(),
            templar=Templar(loader=DataLoader()),
            shared_loader_obj=None,
        )
        result = action.run(task_vars={})
        return Outcome(result, json.dumps(result))

    return run


@pytest.fixture
def run_tasks(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(tasks: list[dict[str, Any]], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run tasks in a play on localhost, with the checkout as the installed collection."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
        playbook = tmp_path / "playbook.json"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        environment |= {
            "ANSIBLE_ASYNC_DIR": str(tmp_path / "async"),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build" / "root"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        }
        command = [Path(sys.prefix, "bin", "ansible-playbook"), playbook]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


_RUNNER = """
import importlib, sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
root, name = sys.argv.pop(), sys.argv.pop()
_AnsibleCollectionFinder(paths=[root])._install()
importlib.import_module("ansible_collections.incident_manager.aws.plugins.modules." + name).main()
"""


@pytest.fixture
def run_process(served: LocalEndpoint, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a module as a process of its own; options come on top of a connection to the endpoint."""

    def start(name: str, **options: Any) -> subprocess.Popen[str]:
        connection = {"endpoint_url": served.url, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        arguments = tmp_path / f"arguments-{len(list(tmp_path.iterdir()))}.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**connection, **options}}))
        root = CHECKOUT / ".build" / "root"
        command = [sys.executable, "-c", _RUNNER, str(arguments), name, str(root)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start
