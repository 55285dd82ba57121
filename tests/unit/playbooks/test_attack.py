# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attacks on the audit: broken and hostile answers, secrets that are sent back, and ways to audit nothing and pass.

These tests run ansible-playbook as a process, against an endpoint that shares no code with the other tests' endpoint.
"""

from __future__ import annotations

import faulthandler
import itertools
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from attack.accounts import ABSENT, ANY, RULES, WAYS, Account, Keys, inventory
from attack.answers import ECHO, HOSTILE, ORDINARY, SLOW, Attack, accounts_of, always, attacks, endless_pages
from attack.checks import FORMATS, Run, files_wrong, leaks, printed_wrongly
from attack.endpoint import (
    ASSUME,
    IDENTITY,
    LIST,
    Call,
    Endpoint,
    Replies,
    answer,
    assumed,
    error,
    identity,
    sts_error,
)

pytestmark = pytest.mark.slow

AUDIT = "incident_manager.aws.audit"
MERGE = "incident_manager.aws.merge_audits"

Display = tuple[str, list[str], dict[str, str]]
#: The callbacks that display a run, with low and high verbosity, and their environment variables.
MATRIX: list[Display] = [
    ("ansible.builtin.default", [], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}),
    ("ansible.builtin.default", [], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    ("ansible.builtin.default", ["-v"], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    ("ansible.builtin.default", ["-vvvvv"], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}),
    ("ansible.builtin.minimal", [], {}),
    ("ansible.builtin.minimal", ["-vvvvv"], {}),
    ("ansible.builtin.oneline", [], {}),
    ("ansible.builtin.oneline", ["-vvvvv"], {}),
    ("ansible.posix.json", [], {}),
    ("ansible.posix.json", ["-vvv"], {}),
    ("ansible.posix.json", ["-vvvvv"], {}),
    ("ansible.posix.jsonl", [], {}),
    ("ansible.posix.jsonl", ["-vvvvv"], {}),
]
#: Each callback, with the highest verbosity.
SAMPLE = list({display[0]: display for display in MATRIX}.values())
matrix = pytest.mark.matrix


@pytest.fixture(scope="module")
def attacker() -> Iterator[Endpoint]:
    """Return the endpoint of these tests."""
    with Endpoint() as endpoint:
        yield endpoint


@dataclass
class Audit:
    """A folder with an inventory and profiles. Playbooks run in it.

    :ivar folder: the folder, to which relative paths refer.
    :ivar accounts: the accounts that the endpoint serves.
    """

    folder: Path
    endpoint: Endpoint
    environment: Mapping[str, str]
    accounts: list[Account]

    def serve(self, accounts: Iterable[Account], replies: Mapping[str, Replies] | None = None) -> None:
        """Serve these accounts, and write their inventory and their profiles."""
        self.accounts = list(accounts)
        self.endpoint.serve(self.accounts, replies)
        self.write("inventory.json", inventory(self.accounts, self.endpoint.url))
        # The default profile belongs to nobody in the fleet.
        keys = Keys.make("somebody else", temporary=False)
        default = f"[default]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
        profiles = (account.profiles(self.endpoint.url) for account in self.accounts)
        self.write("credentials", default + "".join(profiles))

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def host_variables(self, **changes: Any) -> str:
        """Return the inventory with variables of hosts added or replaced: name={variable: value}."""
        content = json.loads(inventory(self.accounts, self.endpoint.url))
        for name, variables in changes.items():
            content["all"]["hosts"][name].update(variables)
        return json.dumps(content)

    def run(self, *arguments: str | Path, playbook: str = AUDIT, **variables: str) -> Run:
        """Run a playbook, by default with the inventory, and write the report in every format."""
        files = {form: self.folder / f"report.{form}" for form in FORMATS}
        for file in files.values():
            file.unlink(missing_ok=True)
        reports = {f"incident_manager_report_{form}": str(file) for form, file in files.items()}
        # pytest's limit is two minutes. This run has its own limit.
        faulthandler.cancel_dump_traceback_later()
        sources = [] if "-i" in arguments or playbook == MERGE else ["-i", "inventory.json"]
        finished = subprocess.run(
            ["ansible-playbook", playbook, *sources, "--forks=20", f"--extra-vars={json.dumps(reports)}", *arguments],
            env={**self.environment, **variables},
            executable=shutil.which("ansible-playbook", path=self.environment["PATH"]),
            cwd=self.folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )
        stdout, stderr = (text.decode("utf-8", "surrogateescape") for text in (finished.stdout, finished.stderr))
        return Run(finished.returncode, stdout, stderr, files)


@pytest.fixture
def audit(attacker: Endpoint, ansible_environment: dict[str, str], tmp_path: Path) -> Audit:
    """Return a folder in which playbooks run. Its endpoint serves no account yet."""
    environment = {
        **ansible_environment,
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    return Audit(tmp_path, attacker, environment, [])


# Answers --------------------------------------------------------------------------------------------------------------


def wrong_rows(run: Run, chosen: list[Attack], accounts: list[Account]) -> Iterator[str]:
    """Yield each account whose row is missing, or has a wrong outcome, another account's ID or an unexpected error."""
    rows = run.rows()
    for attack, account in zip(chosen, accounts, strict=True):
        row = rows.get(account.name)
        if row is None:
            yield f"{attack.name} ({account.name}): no row"
            continue
        if row["outcome"] not in attack.outcomes:
            yield f"{attack.name} ({account.name}): {row['outcome']}, but must be {sorted(attack.outcomes)}: {row['msg'][:300]}"
        if row["account_id"] not in (None, account.account_id) and row["outcome"] == "passed":
            yield f"{attack.name} ({account.name}): passed as account {row['account_id']}"
        if (row.get("error") or {}).get("code") == "UnexpectedError":
            yield f"{attack.name} ({account.name}): an unexpected error: {row['msg'][:300]}"


def leaked(run: Run, chosen: list[Attack], accounts: list[Account]) -> Iterator[str]:
    """Yield each attack that made the run show a secret."""
    names = {account.name: attack.name for attack, account in zip(chosen, accounts, strict=True)}
    for account, what in leaks(run.texts(), accounts):
        yield f"{names[account.name]} ({account.name}): {what}"


def attack_accounts(audit: Audit, chosen: list[Attack], *arguments: str, **variables: str) -> tuple[Run, list[str]]:
    """Audit an account for each attack, and return the run and everything that is wrong with it."""
    accounts = accounts_of(chosen)
    audit.serve(accounts, {account.name: attack.replies for attack, account in zip(chosen, accounts, strict=True)})
    run = audit.run(*arguments, **variables)
    wrong = [
        *wrong_rows(run, chosen, accounts),
        *files_wrong(run, [account.name for account in accounts]),
        *leaked(run, chosen, accounts),
        *printed_wrongly(run),
        *([] if run.code == 2 else [f"the exit code is {run.code}"]),
        *(["a template of an answer was rendered"] if marker_of(audit).exists() else []),
    ]
    return run, wrong


def marker_of(audit: Audit) -> Path:
    return audit.folder / "marker"


def chosen_attacks(audit: Audit, *kinds: str, every: int = 1, first: int = 0) -> list[Attack]:
    """Return one in ``every`` attacks of each of the kinds, beginning with number ``first``."""
    found = attacks(str(marker_of(audit)))
    return [attack for kind in kinds for attack in [one for one in found if one.kind == kind][first::every]]


def test_broken_answers(audit: Audit) -> None:
    """Broken answers do not pass, intact ones do, and the output shows nothing that it must not show."""
    # One in nine has each hostile text and each of its places.
    others = [("", 5), (HOSTILE, 9), (ECHO, 3)]
    sample = [attack for kind, every in others for attack in chosen_attacks(audit, kind, every=every)]
    _run, wrong = attack_accounts(audit, [*chosen_attacks(audit, ORDINARY), *sample])
    assert not wrong, "\n".join(wrong)


@matrix
def test_all_broken_answers(audit: Audit) -> None:
    """The same holds for each of them."""
    _run, wrong = attack_accounts(audit, chosen_attacks(audit, ORDINARY, "", HOSTILE, ECHO))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("display", SAMPLE, ids=lambda display: display[0])
def test_callbacks(audit: Audit, display: Display) -> None:
    """The same holds for every callback."""
    assert_callback_is_safe(audit, display, every=25, first=MATRIX.index(display))


@matrix
@pytest.mark.parametrize("display", MATRIX, ids=str)
def test_callbacks_and_verbosities(audit: Audit, display: Display) -> None:
    """The same holds for every callback and verbosity. Together the runs have each of these attacks once."""
    assert_callback_is_safe(audit, display, every=len(MATRIX), first=MATRIX.index(display))


def assert_callback_is_safe(audit: Audit, display: Display, every: int, first: int) -> None:
    """Audit an account for one in ``every`` attacks, beginning with number ``first``, with a callback."""
    callback, options, variables = display
    found = chosen_attacks(audit, ORDINARY, HOSTILE, ECHO, every=every, first=first)
    run, wrong = attack_accounts(
        # Ansible's own verbose lines are not part of a callback's output.
        audit,
        found,
        *options,
        ANSIBLE_STDOUT_CALLBACK=callback,
        ANSIBLE_VERBOSE_TO_STDERR="true",
        **variables,
    )
    wrong += no_json(run.stdout, callback)
    assert not wrong, "\n".join(wrong)


def no_json(text: str, callback: str) -> list[str]:
    """Return what is wrong with the output of a callback that prints nothing but JSON."""
    documents = {"ansible.posix.json": [text], "ansible.posix.jsonl": text.splitlines()}.get(callback, [])
    try:
        for document in documents:
            json.loads(document)
    except ValueError as error:
        return [f"{callback} prints what is not JSON: {error}"]
    return []


def test_transient_errors(audit: Audit) -> None:
    """An account does not pass if its calls fail until the retries end."""
    _run, wrong = attack_accounts(audit, chosen_attacks(audit, ORDINARY, SLOW), "--forks=60")
    assert not wrong, "\n".join(wrong)


def test_endless_pages(audit: Audit) -> None:
    """A list that does not end is given up after a number of requests."""
    accounts = make_fleet(2)
    audit.serve(accounts, {accounts[0].name: {LIST: endless_pages(2000)}})
    run = audit.run()
    assert {name: row["outcome"] for name, row in run.rows().items()} == {
        "account-000": "unknown",
        "account-001": "passed",
    }
    assert len(audit.endpoint.calls) < 1000


# Credentials ----------------------------------------------------------------------------------------------------------


def test_credentials_do_not_cross(audit: Audit) -> None:
    """Each account's requests are signed with its own credentials, and each row has its own set."""
    accounts = make_fleet(60)
    audit.serve(accounts)
    calls: list[Call] = []
    for _number in range(3):
        run = audit.run()
        assert run.code == 0, run.output
        rows = run.rows()
        for account in accounts:
            row = rows.pop(account.name)
            assert (row["account_id"], row["replication_set"]["arn"]) == (account.account_id, account.arn)
        assert not rows
        calls += audit.endpoint.calls
        audit.serve(accounts)
    assert [call for call in calls if call.problem] == []
    assert len(calls) >= 600
    assert {call.account.name for call in calls} == {account.name for account in accounts}


# Ways to audit nothing, or another account, and pass ------------------------------------------------------------------


def make_fleet(number: int, *failing: int) -> list[Account]:
    """Return accounts that are reached in every way and meet the rules, except for some that violate one."""
    return [
        Account(
            f"account-{index:03}",
            index,
            WAYS[index % len(WAYS)],
            RULES,
            changes={"deletionProtected": False} if index in failing else {},
        )
        for index in range(number)
    ]


def assert_safe(run: Run, accounts: list[Account]) -> None:
    """Assert that a run shows no secret and no traceback, and that no row has passed as another account."""
    assert not [*printed_wrongly(run), *leaks(run.texts(), accounts)]
    own = {account.name: account.account_id for account in accounts}
    passed = {name: row["account_id"] for name, row in run.rows().items() if row["outcome"] == "passed"}
    assert {name: account_id for name, account_id in passed.items() if account_id != own[name]} == {}


def outcomes(run: Run) -> list[str]:
    """Return the outcomes in the order of the names."""
    return [row["outcome"] for _name, row in sorted(run.rows().items())]


@pytest.fixture
def fleet(audit: Audit) -> list[Account]:
    """Serve a fleet in which only the last account fails."""
    accounts = make_fleet(len(WAYS), len(WAYS) - 1)
    audit.serve(accounts)
    return accounts


MISPLACED: tuple[tuple[str, str, Any], ...] = (
    ("incident_manager_rules", "region", "ap-southeast-2"),
    ("incident_manager_rules", "assume_role_arn", "arn:aws:iam::210000000001:role/audit"),
    ("incident_manager_rules", "profile", "host-4"),
    ("incident_manager_rules", "account_id", "210000000000"),
    ("incident_manager_rules", "search_regions", "all"),
    ("incident_manager_rules", "report_only", True),
    ("incident_manager_rules", "Regions", ["eu-west-1"]),
    ("incident_manager_account", "state", "any"),
    ("incident_manager_account", "minimum_regions", 1),
    ("incident_manager_account", "regions", ["eu-west-1"]),
    ("incident_manager_account", "rules", {"state": "any"}),
    ("incident_manager_account", "account", {"region": "eu-west-1"}),
    ("incident_manager_account", "report_only", True),
    ("incident_manager_account", "no_such_option", True),
)


def test_options_in_the_wrong_mapping(audit: Audit) -> None:
    """Each account has one misplaced option, which its row names."""
    accounts = make_fleet(len(MISPLACED))
    audit.serve(accounts)
    changes = {}
    for account, (variable, option, value) in zip(accounts, MISPLACED, strict=True):
        mapping = account.host_variables(audit.endpoint.url)[variable]
        changes[account.name] = {variable: {**mapping, option: value}}
    audit.write("inventory.json", audit.host_variables(**changes))
    run = audit.run()
    assert_safe(run, accounts)
    assert run.code == 2
    rows = run.rows()
    for account, (_variable, option, _value) in zip(accounts, MISPLACED, strict=True):
        row = rows[account.name]
        assert (row["outcome"], option in row["msg"]) == ("unknown", True), row["msg"]


NO_MAPPINGS: tuple[Any, ...] = (
    # No text in JSON is among these: ansible-core 2.18 and older rightly convert it to a mapping.
    *(None, True, 5, [], [{"state": "any"}], "", "None", "null", "any", "state=any", "- state: any"),
)


@pytest.mark.parametrize("variable", ["incident_manager_rules", "incident_manager_account"])
def test_variables_that_are_no_mappings(audit: Audit, variable: str) -> None:
    """A value that can't be read is not ignored: with fewer rules, an account that must fail could pass."""
    accounts = make_fleet(len(NO_MAPPINGS))
    audit.serve(accounts)
    values = zip(accounts, NO_MAPPINGS, strict=True)
    changes = {account.name: {variable: value} for account, value in values}
    audit.write("inventory.json", audit.host_variables(**changes))
    run = audit.run()
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["unknown"] * len(accounts)), run.rows()


TEXTS = ("", "None", "null", "[]", "any", "state=any", "- state: any", "True", "5")


def test_rules_of_an_inventory_in_ini(audit: Audit) -> None:
    accounts = make_fleet(len(TEXTS))
    for account in accounts:
        account.rules = None
    audit.serve(accounts)
    audit.write("inventory/hosts.json", audit.host_variables())
    lines = [f"{account.name} incident_manager_rules={text!r}" for account, text in zip(accounts, TEXTS, strict=True)]
    # The file's name has no .ini: in a folder, ansible-core 2.18 and older ignore files of that name.
    audit.write("inventory/rules", "\n".join(["[with_rules]", *lines, ""]))
    run = audit.run("-i", "inventory")
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["unknown"] * len(accounts)), run.rows()


@pytest.mark.sample(2)
@pytest.mark.parametrize("text", ["", "None", "[]", "state=any"])
def test_rules_of_an_extra_variable(audit: Audit, fleet: list[Account], text: str) -> None:
    run = audit.run(f"--extra-vars=incident_manager_rules={text!r}")
    assert_safe(run, fleet)
    assert (run.code, outcomes(run)) == (2, ["unknown"] * len(fleet))


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("name", "index"), [("report_only", 0), ("report_only", -1), ("report_json", 0), ("expected_accounts", 1)]
)
def test_a_variable_of_one_host_does_not_decide_for_all(
    audit: Audit, fleet: list[Account], name: str, index: int
) -> None:
    """The report's tasks run for the first host. The variables of one host must not change the result of the others."""
    value = {"report_only": True, "report_json": str(audit.folder / "elsewhere.json"), "expected_accounts": len(fleet)}[
        name
    ]
    variables = {f"incident_manager_{name}": value}
    audit.write("inventory.json", audit.host_variables(**{fleet[index].name: variables}))
    run = audit.run()
    assert_safe(run, fleet)
    assert run.code != 0


def test_message_about_a_variable_that_differs(audit: Audit, fleet: list[Account]) -> None:
    audit.write("inventory.json", audit.host_variables(**{fleet[1].name: {"incident_manager_report_only": True}}))
    run = audit.run()
    assert "differ between hosts: incident_manager_report_only. Set them" in run.output


SKIPPING: tuple[tuple[list[str], dict[str, str]], ...] = (
    (["--tags", "x"], {}),
    ([], {"ANSIBLE_RUN_TAGS": "x"}),
    (["--tags", "untagged"], {}),
    (["--tags", "tagged"], {}),
    (["--skip-tags", "all"], {}),
    (["--skip-tags", "always"], {}),
    (["--skip-tags", "tagged"], {}),
    (["--skip-tags", "untagged"], {}),
    (["--skip-tags", "x"], {}),
    (["--tags", "x", "--skip-tags", "always"], {}),
    ([], {"ANSIBLE_SKIP_TAGS": "always"}),
    # The name of a task that does not exist is left out: ansible-core then runs nothing, shows an error, and exits with 0.
    # The guide says so.
    (["--start-at-task", "*"], {}),
)


@pytest.mark.sample(4)
@pytest.mark.parametrize(("arguments", "variables"), SKIPPING, ids=repr)
def test_skipped_tasks(audit: Audit, fleet: list[Account], arguments: list[str], variables: dict[str, str]) -> None:
    """Whichever tasks are skipped, the audit never succeeds without the account that fails."""
    run = audit.run(*arguments, **variables)
    assert_safe(run, fleet)
    assert run.code != 0


def task_names(audit: Audit, playbook: str) -> list[str]:
    listed = audit.run("--list-tasks", playbook=playbook).stdout
    return re.findall(r"^ {6}(?:.+ : )?(.+?)\tTAGS:", listed, re.MULTILINE)


def test_start_at_any_task(audit: Audit, fleet: list[Account]) -> None:
    names = task_names(audit, AUDIT)
    assert len(names) >= 2
    for name in names:
        run = audit.run("--start-at-task", name)
        assert_safe(run, fleet)
        assert run.code != 0, name


def test_merge_of_nothing(audit: Audit, fleet: list[Account]) -> None:
    """Whichever tasks, hosts or files are chosen, the merge never succeeds without the account that fails."""
    report = audit.run().files["json"].rename(audit.folder / "earlier.json")
    reports = f"--extra-vars=incident_manager_reports={report}"
    ways: list[tuple[list[str], dict[str, str]]] = [
        ([reports], {}),
        *(([reports, *arguments], variables) for arguments, variables in SKIPPING),
        *(([reports, "--start-at-task", name], {}) for name in task_names(audit, MERGE)),
        ([reports, "-i", "inventory.json", "--limit", fleet[0].name], {}),
        ([reports, "-i", "inventory.json", "--limit", "!localhost"], {}),
        ([reports, "--limit", "!all"], {}),
        ([], {}),
        (["--extra-vars=incident_manager_reports="], {}),
        (["--extra-vars", '{"incident_manager_reports": []}'], {}),
        (["--extra-vars", '{"incident_manager_reports": null}'], {}),
        (["--extra-vars=incident_manager_reports=nowhere-*.json"], {}),
        (["--extra-vars=incident_manager_reports=inventory.json"], {}),
    ]
    for arguments, variables in ways:
        run = audit.run(*arguments, playbook=MERGE, **variables)
        assert_safe(run, fleet)
        assert run.code != 0, (arguments, variables)


# Inventories ----------------------------------------------------------------------------------------------------------

BROKEN_SOURCES: dict[str, tuple[str, int] | None] = {
    "missing.yml": None,
    "broken.yml": ("all: [\n", 0o644),
    "broken.json": ('{"all": {"hosts": ', 0o644),
    "broken.ini": ("[all\nx\n", 0o644),
    "failing.sh": ("#!/bin/sh\nexit 3\n", 0o755),
    "late.sh": ('#!/bin/sh\necho \'{"all": {"hosts": ["x"]}}\'\nexit 3\n', 0o755),
    "silent.sh": ("#!/bin/sh\n", 0o755),
    "empty.yml": ("", 0o644),
    "plugin.aws_ec2.yml": ("plugin: no.such.plugin\n", 0o644),
}


#: What ansible-core does not consider an error. The guide says that only the number of accounts shows it.
WITHOUT_ERROR = {"silent.sh", "empty.yml", "broken.ini"}


@pytest.mark.sample(8)
@pytest.mark.parametrize("name", BROKEN_SOURCES)
@pytest.mark.parametrize("as_folder", [True, False])
@pytest.mark.parametrize("setting", ["true", "false"])
def test_one_inventory_is_broken(audit: Audit, name: str, as_folder: bool, setting: str) -> None:
    """The accounts of the other inventory meet the rules, but accounts may be missing."""
    accounts = make_fleet(2)
    audit.serve(accounts)
    audit.write("inventory/hosts.json", audit.host_variables())
    if (content := BROKEN_SOURCES[name]) is not None:
        audit.write(f"inventory/{name}", *content)
    elif as_folder:
        (audit.folder / "inventory" / name).symlink_to("nowhere")
    sources = ["-i", "inventory"] if as_folder else ["-i", "inventory/hosts.json", "-i", f"inventory/{name}"]
    number = 3 if name in WITHOUT_ERROR and setting == "true" else 2
    expected = f"--extra-vars=incident_manager_expected_accounts={number}"
    run = audit.run(*sources, expected, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=setting)
    assert_safe(run, accounts)
    assert run.code != 0


@pytest.mark.parametrize("setting", ["true", "false"])
def test_the_only_inventory_is_broken(audit: Audit, setting: str) -> None:
    """ansible-core keeps the hosts before a line that it can't read."""
    accounts = make_fleet(2)
    audit.serve(accounts)
    inventory = "\n".join(
        " ".join([account.name, *(f"{name}={shlex.quote(repr(value))}" for name, value in own.items())])
        for account in accounts
        for own in [account.host_variables(audit.endpoint.url)]
    )
    run = audit.run("-i", str(audit.write("fleet.ini", f"{inventory}\n")))
    assert (run.code, outcomes(run)) == (0, ["passed"] * 2), run.output
    audit.write("fleet.ini", f"{inventory}\n[production\naccount-002\n")
    run = audit.run("-i", "fleet.ini", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=setting)
    assert_safe(run, accounts)
    assert run.code != 0


@pytest.mark.parametrize("setting", ["true", "false"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rules.yml", "all: {vars: {incident_manager_rules: {state: absent}}\n"),
        ("rules.ini", "[all:vars\nincident_manager_rules={'state': 'absent'}\n"),
    ],
)
def test_rules_are_lost(audit: Audit, name: str, content: str, setting: str) -> None:
    """The number of accounts is right, but their rules, which each of them violates, are not read."""
    accounts = make_fleet(2)
    for account in accounts:
        account.rules = None
    audit.serve(accounts)
    audit.write("inventory/hosts.json", audit.host_variables())
    audit.write(f"inventory/{name}", content)
    sources = ["-i", "inventory/hosts.json", "-i", f"inventory/{name}"]
    number = "--extra-vars=incident_manager_expected_accounts=2"
    run = audit.run(*sources, number, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=setting)
    assert_safe(run, accounts)
    assert run.code != 0


@pytest.mark.parametrize("playbook", [AUDIT, MERGE])
@pytest.mark.parametrize(
    ("variable", "meant"),
    [("rule", "rules"), ("rulez", "rules"), ("ruels", "rules"), ("expected_account", "expected_accounts")],
)
def test_misspelled_variables(audit: Audit, playbook: str, variable: str, meant: str) -> None:
    """For example, a misspelled variable does not mean that there are no rules."""
    accounts = make_fleet(1)
    accounts[0].rules = None
    audit.serve(accounts)
    report = audit.run().files["json"].rename(audit.folder / "earlier.json")
    variables = {f"incident_manager_{variable}": 5, "incident_manager_own_team": "SRE"}
    if playbook == MERGE:
        variables["incident_manager_reports"] = str(report)
    run = audit.run("--extra-vars", json.dumps(variables), playbook=playbook)
    assert_safe(run, accounts)
    assert run.code != 0
    message = (
        f"incident_manager_{variable}: the playbooks have no such variable. Did you mean incident_manager_{meant}?"
    )
    assert message in " ".join(run.output.split())


def test_two_audits_in_one_run(audit: Audit, fleet: list[Account]) -> None:
    """A host that fails between the audits is not audited again. The result of the first audit does not count."""
    failure = {
        "ansible.builtin.fail": {"msg": "Remediation failed"},
        "when": f"inventory_hostname == '{fleet[0].name}'",
    }
    play = {"hosts": "all", "gather_facts": False, "tasks": [failure]}
    plays = [{"import_playbook": AUDIT}, play, {"import_playbook": AUDIT}]
    run = audit.run(playbook=str(audit.write("twice.yml", json.dumps(plays))))
    assert_safe(run, fleet)
    assert run.code != 0
    assert run.rows()[fleet[0].name]["outcome"] == "unknown"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("number", "setting", "passes"),
    [
        (None, "true", True),
        (None, "false", False),
        (4, "true", True),
        (4, "false", False),
        *((number, "true", False) for number in (5, 3, 4.9, "many", "", 0)),
    ],
)
def test_number_of_expected_accounts(audit: Audit, number: Any, setting: str, passes: bool) -> None:
    """The number adds to the setting, and does not replace it."""
    accounts = make_fleet(4)
    audit.serve(accounts)
    audit.write("more.ini", "[more]\naccount-000\n")
    expected = [] if number is None else [f"--extra-vars=incident_manager_expected_accounts={number}"]
    sources = ["-i", "inventory.json", "-i", "more.ini"]
    run = audit.run(*sources, *expected, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=setting)
    assert_safe(run, accounts)
    assert (run.code == 0) == passes, run.output
    assert outcomes(run) == ["passed"] * 4 or not passes


@pytest.mark.sample(3)
@pytest.mark.parametrize("variables", [{}, {"ANSIBLE_ERROR_ON_UNDEFINED_VARS": "false"}], ids=repr)
@pytest.mark.parametrize("content", ["", "all:\n", "all: {hosts: {}}\n", "[all]\n"], ids=repr)
def test_inventory_without_hosts(audit: Audit, content: str, variables: dict[str, str]) -> None:
    audit.write("inventory.yml", content)
    run = audit.run("-i", "inventory.yml", **variables)
    assert not list(printed_wrongly(run))
    assert run.code != 0


# Accounts -------------------------------------------------------------------------------------------------------------


def test_two_hosts_with_one_set_of_keys(audit: Audit) -> None:
    accounts = make_fleet(3)
    audit.serve(accounts)
    second = accounts[1].host_variables(audit.endpoint.url)
    audit.write("inventory.json", audit.host_variables(**{accounts[2].name: second}))
    run = audit.run()
    assert run.code == 2
    assert outcomes(run) == ["passed", "unknown", "unknown"]
    # Only the report finds these accounts, so its task names them.
    names = f"{accounts[1].name}, {accounts[2].name}"
    assert f"did not pass, although their audit task did not fail: {names}" in run.output
    assert not list(leaks(run.texts(), accounts))


def test_roles_that_another_account_answers(audit: Audit) -> None:
    """STS issues credentials of an account that is not the role's."""
    fine, other = make_fleet(2)
    accounts, replies = [fine], dict[str, Replies]()
    for number, rules in enumerate((RULES, ABSENT, ANY), 2):
        account = Account(f"account-{number:03}", number, "role", rules, has_set=False)
        accounts.append(account)
        replies[account.name] = {
            ASSUME: always(assumed(account.role_keys, other.account_id)),
            IDENTITY: always(identity(other.account_id)),
            LIST: always(answer({"replicationSetArns": [] if rules is ABSENT else [other.arn]})),
        }
    audit.serve(accounts, replies)
    run = audit.run()
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["passed", "unknown", "unknown", "unknown"])


def test_account_id_of_another_account(audit: Audit) -> None:
    """For each way to reach an account, with a set and without one, one host has its own account ID and one has a wrong one."""
    accounts: list[Account] = []
    for way, rules in itertools.product(WAYS, (RULES, ABSENT)):
        for is_own in (True, False):
            number = len(accounts)
            account = Account(f"account-{number:03}", number, way, rules, has_set=rules is RULES)
            account.options = {"account_id": account.account_id if is_own else accounts[-1].account_id}
            accounts.append(account)
    audit.serve(accounts)
    run = audit.run()
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["passed", "unknown"] * (len(accounts) // 2))


def test_account_id_that_nobody_confirms(audit: Audit) -> None:
    """An account whose ID is not known does not count as the expected one."""
    answers = [
        sts_error("AccessDenied", "No"),
        answer(""),
        identity("everybody"),
        identity(""),
        identity("210000000004 "),
    ]
    accounts = [
        Account(f"account-{number:03}", number, "keys", ABSENT, has_set=False) for number in range(len(answers))
    ]
    for account in accounts:
        account.options = {"account_id": account.account_id}
    replies = {account.name: {IDENTITY: always(given)} for account, given in zip(accounts, answers, strict=True)}
    audit.serve(accounts, replies)
    run = audit.run()
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["unknown"] * len(accounts)), run.rows()
    # Nobody needs a permission to get the caller's identity.
    denied = run.rows()["account-000"]["msg"]
    assert "Allow this action in the policy that the message names" in denied


@pytest.mark.parametrize("way", ["role", "keys"])
def test_account_of_the_organization_that_nobody_confirms(audit: Audit, way: str) -> None:
    """The host says which account it is, but its credentials are replaced, and STS does not say whose they are."""
    accounts = [Account(f"account-{number:03}", number, way, ABSENT, has_set=False) for number in range(2)]
    audit.serve(accounts, {accounts[1].name: {IDENTITY: always(sts_error("Throttling", "Rate exceeded"))}})
    theirs = accounts[1].host_variables(audit.endpoint.url)["incident_manager_account"]
    theirs = {name: value for name, value in theirs.items() if name != "assume_role_arn"}
    own = {"account_id": accounts[0].account_id, "incident_manager_account": theirs}
    audit.write("inventory.json", audit.host_variables(**{accounts[0].name: own}))
    run = audit.run("--limit", accounts[0].name)
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["unknown"])


def test_account_id_that_is_invalid(audit: Audit) -> None:
    """An invalid account_id does not mean that any account is expected."""
    values: list[Any] = ["", None, 21, "21000000000", "everybody", [], {}, "210000000007\n", "٢١٠٠٠٠٠٠٠٠٠٨", "*"]
    accounts = [
        Account(f"account-{number:03}", number, "keys", RULES, options={"account_id": value})
        for number, value in enumerate(values)
    ]
    audit.serve(accounts)
    run = audit.run()
    assert_safe(run, accounts)
    assert (run.code, outcomes(run)) == (2, ["unknown"] * len(accounts)), run.rows()


@pytest.mark.parametrize("value", ["{{ omit }}", "{{ no_such_variable | default(omit) }}"])
def test_account_that_is_omitted(audit: Audit, value: str) -> None:
    """If incident_manager_account is omitted, the audit does not use the credentials of the environment."""
    whoever, account = make_fleet(2)
    audit.serve([whoever, account])
    audit.write("inventory.json", audit.host_variables(**{account.name: {"incident_manager_account": value}}))
    environment = {
        "AWS_ACCESS_KEY_ID": whoever.keys.access_key,
        "AWS_ENDPOINT_URL": whoever.url(audit.endpoint.url),
        "AWS_REGION": whoever.region,
        "AWS_SECRET_ACCESS_KEY": whoever.keys.secret_key,
    }
    run = audit.run("--limit", account.name, **environment)
    assert_safe(run, [whoever, account])
    assert (run.code, outcomes(run)) == (2, ["unknown"])


# The run --------------------------------------------------------------------------------------------------------------


def test_a_pipe_that_is_closed_early(audit: Audit) -> None:
    """The run does not hang, and it does not succeed without a report."""
    accounts = make_fleet(300, 299)
    audit.serve(accounts)
    report = audit.folder / "report.json"
    command = f"ansible-playbook {AUDIT} -i inventory.json -f 20 -e incident_manager_report_json={report}"
    faulthandler.cancel_dump_traceback_later()
    finished = subprocess.run(
        ["bash", "-c", f"{command} | head -5; exit ${{PIPESTATUS[0]}}"],
        env=dict(audit.environment),
        cwd=audit.folder,
        capture_output=True,
        timeout=400,
        check=False,
    )
    assert finished.returncode != 0
    assert not list(leaks({"output": (finished.stdout + finished.stderr).decode()}, accounts))


#: Reasons why an account does not pass.
WRONG = ("finding", "no answer", "undefined", "syntax", "filter", "option", "no variable", "vault")
TEMPLATES = {"undefined": "{{ no_such_variable }}", "syntax": "{{ region ", "filter": "{{ 1 / 0 }}"}
# A vaulted text whose password is not known here.
VAULT = {"__ansible_vault": f"$ANSIBLE_VAULT;1.1;AES256\n{'61' * 40}\n"}


@pytest.mark.sample(4)
@pytest.mark.parametrize("wrong", [*([how] for how in WRONG), list(WRONG), ["undefined"] * 3], ids="+".join)
def test_recap_has_the_status_of_each_account(audit: Audit, wrong: list[str]) -> None:
    """The first accounts do not pass, or none does. The report's tasks run for the first account."""
    accounts = make_fleet(max(3, len(wrong)))
    replies: dict[str, Replies] = {}
    changes: dict[str, dict[str, Any]] = {}
    for account, how in zip(accounts, wrong, strict=False):
        options = account.host_variables(audit.endpoint.url)["incident_manager_account"]
        if how == "finding":
            account.changes = {"deletionProtected": False}
        if how == "no answer":
            replies[account.name] = {LIST: always(error("AccessDeniedException", "No", 403))}
        if how in TEMPLATES:
            changes[account.name] = {"incident_manager_account": {**options, "profile": TEMPLATES[how]}}
        if how == "option":
            changes[account.name] = {"incident_manager_rules": {"minimum_regions": 7}}
        if how == "vault":
            changes[account.name] = {"incident_manager_account": {**options, "profile": VAULT}}
        if how == "no variable":
            changes[account.name] = {"incident_manager_account": None}
    audit.serve(accounts, replies)
    audit.write("inventory.json", audit.host_variables(**changes))
    run = audit.run()
    assert_safe(run, accounts)
    assert run.code == 2
    expected = ["failed" if how == "finding" else "unknown" for how in wrong]
    expected += ["passed"] * (len(accounts) - len(wrong))
    assert outcomes(run) == expected, run.rows()
    failed = [bool(number) for name, number in sorted(run.failed().items()) if name != "localhost"]
    assert failed == [outcome != "passed" for outcome in expected]


# Files ----------------------------------------------------------------------------------------------------------------


def two_names(folder: Path, how: str) -> tuple[str, str]:
    """Return two names of one file."""
    (folder / "out").mkdir()
    file = folder / "out" / "report"
    if how == "one name":
        return str(file), str(file)
    if how == "detour":
        return str(file), f"{folder}/out/../out//report"
    if how == "relative":
        return str(file), "out/report"
    if how == "link":
        (folder / "link").symlink_to(file)
        return str(file), str(folder / "link")
    if how == "linked folder":
        (folder / "linked").symlink_to(folder / "out")
        return str(file), str(folder / "linked" / "report")
    if how == "home":
        # HOME is this folder.
        return str(file), "~/out/report"
    file.write_text("before", encoding="utf-8")
    (folder / "hard").hardlink_to(file)
    return str(file), str(folder / "hard")


@pytest.mark.sample(3)
@pytest.mark.parametrize("how", ["one name", "detour", "relative", "link", "linked folder", "home", "hard link"])
def test_two_names_of_one_file(audit: Audit, how: str) -> None:
    audit.serve(make_fleet(1))
    one, other = two_names(audit.folder, how)
    pairs = list(itertools.combinations(FORMATS, 2))
    for first, second in pairs if how == "one name" else [pairs[len(how) % len(pairs)]]:
        names = {f"incident_manager_report_{first}": one, f"incident_manager_report_{second}": other}
        run = audit.run(f"--extra-vars={json.dumps(names)}")
        assert not list(printed_wrongly(run))
        if how == "hard link":
            # A file is replaced, so that a hard link keeps the old content or gets its own.
            assert Path(one).read_text(encoding="utf-8") != Path(other).read_text(encoding="utf-8")
        else:
            assert run.code != 0, (first, second)


def test_merge_with_a_report_of_the_future(audit: Audit, fleet: list[Account]) -> None:
    """A row of 2031 would replace every row of today."""
    run = audit.run()
    today = run.files["json"].rename(audit.folder / "today.json")
    text = today.read_text(encoding="utf-8")
    report = json.loads(re.sub(r'"20\d\d-', '"2031-', text).replace('"failed"', '"passed"'))
    for row in report["accounts"]:
        row.update(outcome="passed", findings=[])
    number = len(report["accounts"])
    report["summary"] = {"accounts": number, "passed": number, "failed": 0, "unknown": 0}
    audit.write("future.json", json.dumps(report))
    for order in ("today.json,future.json", "future.json,today.json", "future.json"):
        merged = audit.run(f"--extra-vars=incident_manager_reports={order}", playbook=MERGE)
        assert_safe(merged, fleet)
        assert merged.code != 0
        assert "2031" in merged.output


def test_merge_of_a_report_without_accounts(audit: Audit, fleet: list[Account]) -> None:
    report = audit.run().files["json"]
    audit.write("empty.json", json.dumps({**json.loads(report.read_text(encoding="utf-8")), "accounts": []}))
    run = audit.run("--extra-vars=incident_manager_reports=empty.json", playbook=MERGE)
    assert not list(printed_wrongly(run))
    assert run.code != 0
