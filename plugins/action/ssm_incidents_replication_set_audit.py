# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that checks an account's replication set against rules; plugins/modules has its documentation.

It runs on the controller. Ansible imports this file once, before it forks a process for each account. Reading botocore's
data, which takes most of a module's run time, is therefore also done only once.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Mapping

from ansible_collections.incident_manager.aws.plugins.plugin_utils import _amazon_aws  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.amazon.aws.plugins.plugin_utils.base import AWSPluginBase
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import (
    account_id_of_arn,
    is_account_id,
    validate_role_arn,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import (
    Connection,
    connect,
    validate_credentials,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ACCOUNT_MISMATCH,
    BOTOCORE_ADVICE,
    NO_RESPONSE_ERRORS,
    ON_CONTROLLER,
    Failure,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import preload
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import iso_time, printable
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.accounts import (
    account_ids,
    validate_groups,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    validate_search,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import get_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import SERVICE
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rules import (
    FAIL_ON,
    FAILED,
    PASSED,
    RULE_OPTIONS,
    UNKNOWN,
    Finding,
    evaluate,
    outcome_of,
    validate_fail_on,
    validated_rules,
)
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import (
    ControllerAction,
    validated_options,
)

_BOTOCORE_VARIABLES = re.compile(r"AWS_.*|BOTO_CONFIG|HOME|REQUESTS_CA_BUNDLE|(HTTPS?|NO|https?|no)_(PROXY|proxy)")

#: How to connect to an account, and which account is expected. The option account accepts the same options.
CONNECTION_OPTIONS: Mapping[str, Any] = {
    **aws_argument_spec(),
    "account_id": {"type": "str"},
    "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
    "search_regions": {"type": "list", "elements": "str", "default": []},
}

# The variables of a host that say which account it is, and where the account is in its organization.
_HOST_VARIABLES = ("account_arn", "account_id", "organizational_units")

preload((SERVICE, "list_replication_sets"))


class ActionModule(AWSPluginBase, ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        **CONNECTION_OPTIONS,
        "account": {"type": "dict", "options": CONNECTION_OPTIONS},
        "rules": {"type": "dict", "apply_defaults": True, "options": RULE_OPTIONS},
        "fail_on": FAIL_ON,
        "report_only": {"type": "bool", "default": False},
    }

    _variables: Mapping[str, Any] = MappingProxyType({})

    def execute(self, given: dict[str, Any], result: dict[str, Any]) -> None:
        self._validate_environment()
        params = validated_options(self.argument_spec, given, result)
        account = given
        self._params = params
        if "account" in given:
            _validate_one_place(given)
            account = given["account"]
            self._params = params["account"]
        _validate_connection(self._params, account)
        validate_fail_on(params["fail_on"])
        rules = validated_rules(params["rules"], given.get("rules", {}))
        host = self._host()
        validate_groups(host.get("organizational_units"), self._variables.get("group_names", ()))
        # Several accounts can be named, because ansible-core merges the hosts of the same name of several inventory sources.
        expected = account_ids({**host, "incident_manager_account": self._params})
        result.update(self._audit(rules, expected, result.get("warnings", [])))
        result["failed"] = result["outcome"] in params["fail_on"] and not params["report_only"]

    def run(self, tmp: None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._variables = task_vars or {}
        return super().run(tmp, task_vars)

    def _host(self) -> dict[str, Any]:
        """Return the variables that say which account the host of the playbook is; empty without the playbook."""
        if "incident_manager_account" not in self._variables:
            return {}
        own = {name: self._variables[name] for name in _HOST_VARIABLES if name in self._variables}
        return dict(self._templar.template(own))

    def _validate_environment(self) -> None:
        """Reject the keyword environment if it sets variables for botocore, which would have no effect on the controller."""
        environment: dict[str, str] = {}
        if any(self._task.environment or ()):
            self._compute_environment_string(environment)
        without_effect = sorted(name for name in environment if _BOTOCORE_VARIABLES.fullmatch(name))
        if without_effect:
            raise invalid_option(
                "environment",
                f"this task runs on the controller, where {', '.join(without_effect)} would have no effect",
                "Use the options of the task instead",
            )

    def get_options(self, *_args: object, **_kwargs: object) -> dict[str, Any]:
        """Return the task's options, as amazon.aws expects of a plugin."""
        return self._params

    def _audit(self, rules: dict[str, Any], expected: set[str], warnings: list[str]) -> dict[str, Any]:
        """Get the account's replication set, evaluate the rules, and return the task's result.

        :param expected: the IDs that the account must have; empty for any account.
        :param warnings: the warnings of the result so far.
        """
        connection = None
        result: dict[str, Any] = {
            "time": iso_time(datetime.now(timezone.utc)),
            "rules": rules,
            "account_id": None,
            "expected_account_id": self._params["account_id"],
            "exists": None,
            "region": None,
            "replication_set": None,
            "findings": [],
        }
        try:
            self.require_aws_sdk()
            connection = connect(self._params, partial(get_aws_connection_info, self), SEARCH_DEFAULTS)
            # Tags and keys need additional calls and permissions.
            include_tags, include_keys = bool(rules.get("tags")), bool(rules.get("usable_keys"))
            search_regions = self._params["search_regions"]
            facts = get_facts(connection, None, search_regions, include_tags, warnings.append, include_keys)
            result["account_id"] = _verified_account_id(connection, facts, expected)
            findings = evaluate(rules, facts["exists"], facts["replication_set"])
            outcome = outcome_of(findings)
            result.update(facts, findings=findings, outcome=outcome)
            result["msg"] = _message(outcome, facts, findings)
        except Exception as error:  # Whatever the error is, the account must not pass.
            failure = as_failure(error)
            mask = connection.mask if connection else None
            result.update(failure.result(ON_CONTROLLER, mask), outcome=UNKNOWN)
            result["account_id"] = _account_id_of_failure(failure, connection, self._params["assume_role_arn"])
        if connection and self._params["debug_botocore_endpoint_logs"]:
            result["resource_actions"] = sorted(connection.operations)
        if warnings:
            result["warnings"] = warnings
        # Callbacks display the result.
        return printable(connection.mask(result) if connection else result)


def _validate_one_place(given: Mapping[str, Any]) -> None:
    """Reject connection options that are set together with the option account. Raises Failure."""
    beside = sorted(set(given) - {"account", "rules", "fail_on", "report_only"})
    if beside:
        raise invalid_option(
            f"account and {', '.join(beside)}", "can't be set together", "Set all connection options in account"
        )


def _validate_connection(params: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Reject values that would connect to another account or Region than the user intends. Raises Failure.

    :param params: the connection options with their defaults.
    :param given: the connection options as the user gave them.
    """
    validate_credentials(given, {option: spec.get("aliases", ()) for option, spec in CONNECTION_OPTIONS.items()})
    if "account_id" in given and not is_account_id(params["account_id"]):
        raise invalid_option(
            "account_id",
            f"{params['account_id']!r} is not an AWS account ID",
            'It must be twelve digits in quotation marks, such as "111122223333"',
        )
    validate_search(None, params["search_regions"])
    validate_role_arn("assume_role_arn", params["assume_role_arn"])


def _verified_account_id(connection: Connection, facts: Mapping[str, Any], expected: set[str]) -> str:
    """Return the ID of the account that was audited. If there is a set, its ARN has the ID, and no call is needed.

    :param expected: as for _audit().
    :raises Failure: if the account is not the expected one, or if STS can't say which account it is.
    """
    actual = account_id_of_arn(facts["replication_set"]["arn"]) if facts["exists"] else connection.account_id()
    for other in sorted(expected - {actual}):
        raise Failure(
            f"Expected account {other}, but the credentials belong to account {actual}",
            code=ACCOUNT_MISMATCH,
            advice="Check the credentials, the role, and account_id. If two inventory sources have a host of this name, rename"
            " one of the hosts.",
        )
    return actual


def _account_id_of_failure(failure: Failure, connection: Connection | None, role_arn: str | None) -> str | None:
    """Return the ID of the account that could not be audited; None if it is not known."""
    account_id = None
    # If AWS could not be reached or its response could not be read, a call of STS would fail too.
    if connection and failure.code not in (*BOTOCORE_ADVICE, *NO_RESPONSE_ERRORS):
        account_id = connection.account_id_if_known()
    return account_id or (account_id_of_arn(role_arn) if role_arn else None)


def _message(outcome: str, facts: Mapping[str, Any], findings: list[Finding]) -> str:
    what = f"The replication set {facts['replication_set']['arn']}" if facts["exists"] else "The account"
    if outcome == PASSED:
        return (
            f"{what} meets the rules." if facts["exists"] else f"{what} has no replication set, which meets the rules."
        )
    verb = "violates" if outcome == FAILED else "can't be checked against all"
    listed = "; ".join(finding["msg"] for finding in findings)
    rules = "the rules" if outcome == FAILED else "rules"
    return f"{what} {verb} {rules} ({len(findings)} finding{'s' if len(findings) > 1 else ''}): {listed}."
