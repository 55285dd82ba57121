# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attacks on the audit: broken and hostile answers, secrets that are sent back, and ways to audit nothing and pass.

These tests run ansible-playbook as a process, against an endpoint that shares no code with the other tests' endpoint.
"""

from __future__ import annotations

import faulthandler
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from attack.accounts import ABSENT, RULES, WAYS, Account, Keys, inventory
from attack.answers import ECHO, HOSTILE, ORDINARY, Attack, accounts_of, always, attacks
from attack.checks import FORMATS, Run, files_wrong, leaks, printed_wrongly
from attack.endpoint import (
    IDENTITY,
    LIST,
    Call,
    Endpoint,
    Replies,
    answer,
    error,
    identity,
    sts_error,
)

pytestmark = pytest.mark.slow

AUDIT = "incident_manager.aws.audit"
MERGE = "incident_manager.aws.merge_audits"

Display = tuple[str, list[str], dict[str, str]]
#: The callbacks that display a run, each with low and high verbosity, and their environment variables.
CALLBACKS: list[Display] = [
    ("ansible.builtin.default", ["-vvvvv"], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}),
    ("ansible.builtin.default", [], {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    ("ansible.builtin.minimal", ["-vvvvv"], {}),
    ("ansible.posix.json", ["-vvvvv"], {}),
    ("ansible.posix.json", [], {}),
    ("ansible.builtin.oneline", ["-vvvvv"], {}),
    ("ansible.posix.jsonl", ["-vvvvv"], {}),
    ("ansible.posix.jsonl", [], {}),
]


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


def test_broken_answers(audit: Audit, thorough: bool) -> None:
    """Broken answers do not pass, intact ones do, and the output shows nothing that it must not show."""
    # One in seven has each hostile text and each of its places.
    kinds = {ORDINARY: 1, "": 7, HOSTILE: 7, ECHO: 4}
    chosen = [
        attack
        for kind, every in kinds.items()
        for attack in chosen_attacks(audit, kind, every=1 if thorough else every)
    ]
    _run, wrong = attack_accounts(audit, chosen)
    assert not wrong, "\n".join(wrong)


@pytest.mark.sample(3)
@pytest.mark.parametrize("display", CALLBACKS, ids=str)
def test_callbacks(audit: Audit, display: Display) -> None:
    """The same holds for every callback and verbosity. Together the runs have each of these attacks once."""
    callback, options, variables = display
    found = chosen_attacks(audit, ORDINARY, HOSTILE, ECHO, every=len(CALLBACKS), first=CALLBACKS.index(display))
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


# Credentials ----------------------------------------------------------------------------------------------------------


def test_credentials_do_not_cross(audit: Audit, thorough: bool) -> None:
    """Each account's requests are signed with its own credentials, and each row has its own set."""
    accounts = make_fleet(60)
    audit.serve(accounts)
    calls: list[Call] = []
    runs = 3 if thorough else 1
    for _number in range(runs):
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
    assert len(calls) >= 200 * runs
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


def test_start_at_any_task(audit: Audit, fleet: list[Account], thorough: bool) -> None:
    names = task_names(audit, AUDIT)
    assert len(names) >= 2
    for name in names if thorough else names[1::4]:
        run = audit.run("--start-at-task", name)
        assert_safe(run, fleet)
        assert run.code != 0, name


def test_merge_of_nothing(audit: Audit, fleet: list[Account], thorough: bool) -> None:
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
    for arguments, variables in ways if thorough else ways[::4]:
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


@pytest.mark.sample(5)
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


@pytest.mark.sample(3)
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
    assert "If the message names a policy, allow the action there" in denied


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


def test_merge_of_a_report_without_accounts(audit: Audit, fleet: list[Account]) -> None:
    report = audit.run().files["json"]
    audit.write("empty.json", json.dumps({**json.loads(report.read_text(encoding="utf-8")), "accounts": []}))
    run = audit.run("--extra-vars=incident_manager_reports=empty.json", playbook=MERGE)
    assert not list(printed_wrongly(run))
    assert run.code != 0
