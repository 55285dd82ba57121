# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of all unit tests: the checkout as an installed collection, the local endpoint, and functions that run modules,
plugins, tasks and commands against it."""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from inspect import CO_VARKEYWORDS
from pathlib import Path
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
from botocore import hooks, useragent
from botocore.hooks import EventAliaser
from botocore.loaders import create_loader
from endpoint.client import USER
from endpoint.server import LocalEndpoint
from helpers.checkout import CHECKOUT, COLLECTIONS
from helpers.credentials import environment_variables, module_options
from helpers.failing_servers import RefusingKMS, RefusingSTS, closed_port
from helpers.recorded import ARN as RECORDED_ARN
from helpers.recorded import REPLICATION_SET
from hypothesis import settings

BIN = Path(sys.prefix, "bin")

# ansible-test has its own finder, for the collection that it tests.
if not any(isinstance(finder, _AnsibleCollectionFinder) for finder in sys.meta_path):
    _AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()

# The tests must import the checkout, and not the artifact, which is installed in the same environment.
imported = importlib.import_module("ansible_collections.incident_manager.aws").__path__[0]
assert CHECKOUT.samefile(imported), imported

# "make unit" and "make test" try few inputs, "make matrix" many: the same inputs every time, so that a run can be repeated.
settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=300, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases of a test that are not in its sample."""
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in tests.values():
        if marker := cases[0].get_closest_marker("sample"):
            sample = cases[:: -(-len(cases) // marker.args[0])]
            for case in cases:
                if case not in sample:
                    case.add_marker(pytest.mark.repeat)


def pytest_collection_finish() -> None:
    """Spare the garbage collector all modules and tests, which took a fifth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


@dataclass
class Outcome:
    """The outcome of a module or an action: its result as Ansible gets it, and all of its output."""

    result: dict[str, Any]
    output: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


# The environment ------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove all credentials, Regions and files of AWS's tools from the environment."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "MOTO_ACCOUNT_ID":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def thorough() -> bool:
    """Return whether to test with large samples, as "make matrix" does."""
    return os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace time.sleep with a function that only advances the clock, and return the list of the seconds it is called with."""
    seconds: list[float] = []
    real = time.monotonic
    monkeypatch.setattr("time.sleep", seconds.append)
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(seconds))
    return seconds


@pytest.fixture
def act_in_pauses(monkeypatch: pytest.MonkeyPatch, sleeps: list[float]) -> Callable[[Callable[[], object]], None]:
    """Return a function that sets what happens during each call of time.sleep."""

    def act_in_pauses(act: Callable[[], object]) -> None:
        def act_and_sleep(seconds: float) -> None:
            sleeps.append(seconds)
            act()

        monkeypatch.setattr("time.sleep", act_and_sleep)

    return act_in_pauses


# The endpoint ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def shared_data_loader() -> Iterator[None]:
    """Let the sessions of the tests and of the endpoint share botocore's data, as the collection's own sessions do. They also
    share what botocore would calculate for each session: the names of its events, and which handlers take keywords."""
    loader = create_loader()
    event_names: dict[str, str] = {}
    make_aliaser, takes_keywords = EventAliaser.__init__, hooks.accepts_kwargs
    sanitize = useragent.sanitize_user_agent_string_component

    def make(self: EventAliaser, *args: Any) -> None:
        make_aliaser(self, *args)
        self._alias_name_cache = event_names

    def accepts_kwargs(handler: Any) -> bool:
        code = getattr(handler, "__code__", None)
        return bool(code.co_flags & CO_VARKEYWORDS if code else takes_keywords(handler))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _search_paths=None: loader)
        patch.setattr(EventAliaser, "__init__", make)
        patch.setattr(hooks, "accepts_kwargs", accepts_kwargs)
        # Each request has the same user agent, which takes an eighth of the time of a call.
        patch.setattr(useragent, "sanitize_user_agent_string_component", cache(sanitize))
        yield


@pytest.fixture(scope="session")
def session_endpoint() -> Iterator[LocalEndpoint]:
    """Return the endpoint that all tests share."""
    with LocalEndpoint(enabled_accounts=["111122223333", "123456789012", "222222222222"]) as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(session_endpoint: LocalEndpoint) -> Iterator[LocalEndpoint]:
    """Return the endpoint without sets, faults or calls, and with its default settings."""
    session_endpoint.reset()
    yield session_endpoint
    session_endpoint.reset()


@pytest.fixture
def recorded_arn(endpoint: LocalEndpoint) -> str:
    """Seed the recorded set in the default account, and return its ARN there."""
    return endpoint.seed(REPLICATION_SET, arn=RECORDED_ARN.replace("111122223333", "123456789012"))


@pytest.fixture
def refusing_sts() -> Iterator[RefusingSTS]:
    """Return a security token service that refuses every role."""
    with RefusingSTS() as sts:
        yield sts


@pytest.fixture
def refusing_kms() -> Iterator[RefusingKMS]:
    """Return a KMS that denies every call."""
    with RefusingKMS() as kms:
        yield kms


@pytest.fixture
def kms_url(endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, None]]:
    """Return a function that sets another URL for KMS, and returns the module's options for that."""

    def set_url(url: str) -> dict[str, None]:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        return {"endpoint_url": None}

    return set_url


@pytest.fixture
def closed_url() -> Iterator[str]:
    """Return a URL that refuses connections."""
    with closed_port() as url:
        yield url


# In this process ------------------------------------------------------------------------------------------------------


@pytest.fixture
def connection_options(session_endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the options that connect to the endpoint."""
    return {"endpoint_url": session_endpoint.url, **module_options(USER), "region": "us-east-1"}


@pytest.fixture
def connection_variables(session_endpoint: LocalEndpoint) -> dict[str, str]:
    """Return the environment variables that connect to the endpoint, except the Region."""
    return {"AWS_URL": session_endpoint.url, **environment_variables(USER)}


@pytest.fixture
def connected_environment(connection_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment variables that connect to the endpoint."""
    for name, value in {**connection_variables, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)


def merge_options(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults with the given options. An option that is None is left out."""
    return {key: value for key, value in {**defaults, **given}.items() if value is not None}


def end_calls() -> None:
    """Wait for the calls in threads. A search ends with the first Region that has the set, and calls to other Regions must not
    reach the next test."""
    for thread in threading.enumerate():
        if thread.name.startswith("incident_manager.aws "):
            thread.join(timeout=5)


@pytest.fixture
def run_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], connection_options: dict[str, str]
) -> Callable[..., Outcome]:
    """Return a function that runs a module in this process, with connection_options and more options."""

    def run(name: str, _check_mode: bool = False, _diff: bool = False, **given: Any) -> Outcome:
        args = {
            **merge_options(connection_options, given),
            "_ansible_check_mode": _check_mode,
            "_ansible_diff": _diff,
            "_ansible_remote_tmp": "/tmp",
        }
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        core_warnings._global_warnings.clear()
        # These tests run lookups and actions too, so ansible-core takes this process for a controller.
        if internal := sys.modules.get("ansible.module_utils._internal"):
            monkeypatch.setattr(internal, "is_controller", False, raising=False)
        module = importlib.import_module(f"ansible_collections.incident_manager.aws.plugins.modules.{name}")
        capsys.readouterr()
        # A module handles signals until its process ends.
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as end:
                module.main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        end_calls()
        captured = capsys.readouterr()
        outcome = Outcome(json.loads(captured.out), captured.out + captured.err)
        assert bool(end.value.code) == outcome.failed
        return outcome

    return run


@pytest.fixture
def run_lookup(connection_options: dict[str, str]) -> Callable[..., list[Any]]:
    """Return a function that runs the lookup in this process, with connection_options and more options."""

    def run(*terms: Any, **given: Any) -> list[Any]:
        lookup = lookup_loader.get("incident_manager.aws.ssm_incidents_replication_set")
        try:
            return list(lookup.run(list(terms), variables={}, **merge_options(connection_options, given)))
        finally:
            end_calls()

    return run


@pytest.fixture
def run_action(connection_options: dict[str, str]) -> Callable[..., Outcome]:
    """Return a function that runs an action in this process, with connection_options and more options."""

    def run(name: str, _keywords: dict[str, Any] | None = None, _connected: bool = True, **given: Any) -> Outcome:
        task = Task()
        task.action = f"incident_manager.aws.{name}"
        task.args = merge_options(connection_options, given) if _connected else given
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


# In processes of their own --------------------------------------------------------------------------------------------


@pytest.fixture
def ansible_environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of Ansible's commands. It has the checkout as the installed collection, and none of the user's
    files and variables."""
    return {
        "ANSIBLE_ASYNC_DIR": str(tmp_path / "async"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def run_command(tmp_path: Path, ansible_environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command of this Python environment, with more environment variables."""

    def run(program: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / program, *arguments],
            env={**ansible_environment, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    return run


@pytest.fixture
def run_on_terminal(
    tmp_path: Path, ansible_environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command of this Python environment on a terminal, with more environment variables. Once a text
    is displayed, it presses Ctrl-C."""

    def run(
        program: str, *arguments: str | Path, ctrl_c_after: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        screen, terminal = os.openpty()
        process = subprocess.Popen(
            [BIN / program, *arguments],
            env={**ansible_environment, **variables},
            cwd=tmp_path,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            # Ctrl-C sends SIGINT to the processes of the controlling terminal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(terminal)
        output = b""
        # When the last process has closed the terminal, Linux raises an error.
        with suppress(OSError):
            while True:
                assert select.select([screen], [], [], 60)[0], output
                output += os.read(screen, 10_000)
                if ctrl_c_after and ctrl_c_after.encode() in output:
                    assert process.poll() is None
                    os.write(screen, b"\x03")
                    ctrl_c_after = ""
        os.close(screen)
        assert not ctrl_c_after, output
        return subprocess.CompletedProcess([], process.wait(60), output.decode().replace("\r\n", "\n"), "")

    return run


@pytest.fixture
def run_tasks(
    tmp_path: Path, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs tasks in a play on localhost, with more environment variables."""

    def run(tasks: list[dict[str, Any]], **variables: str) -> subprocess.CompletedProcess[str]:
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
        playbook = tmp_path / "playbook.json"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        return run_command("ansible-playbook", playbook, **variables)

    return run


# Controllers pass this. Without it, ansible-core 2.20 adds tracebacks to warnings. Before 2.19, modules do not know it.
_CONTROLLER_ARGS: dict[str, Any] = (
    {"_ansible_tracebacks_for": []} if find_spec("ansible.module_utils._internal") else {}
)

_MODULE_SCRIPT = """
import importlib, sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
root, name = sys.argv.pop(), sys.argv.pop()
_AnsibleCollectionFinder(paths=[root])._install()
importlib.import_module("ansible_collections.incident_manager.aws.plugins.modules." + name).main()
"""


@pytest.fixture
def start_module(connection_options: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts a module as a process, with connection_options and more options."""

    def start(name: str, **given: Any) -> subprocess.Popen[str]:
        arguments = tmp_path / f"arguments-{len(list(tmp_path.iterdir()))}.json"
        args = {**merge_options(connection_options, given), **_CONTROLLER_ARGS}
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": args}))
        command = [sys.executable, "-c", _MODULE_SCRIPT, str(arguments), name, str(COLLECTIONS)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@pytest.fixture
def template_text(tmp_path: Path) -> Iterator[str]:
    """Return a text that runs a command if Ansible templates it. The test fails if the command has run."""
    file = tmp_path / "templated"
    yield "{{ lookup('pipe', 'touch " + str(file) + "') }}"
    assert not file.exists()
