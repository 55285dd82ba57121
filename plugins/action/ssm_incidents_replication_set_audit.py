# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that holds an account's replication set to rules; plugins/modules has its documentation.

It runs on the controller. What is imported here is imported once, before Ansible forks a process for each account, and
so is botocore's data read once: most of what a module's run costs.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, ClassVar, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.amazon.aws.plugins.plugin_utils.base import AWSPluginBase
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.incident_manager.aws.plugins.module_utils._arn import (
    account_of_arn,
    account_of_role,
    complain_about_role,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._connection import Connection, connect, warm_up
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError, refusal
from ansible_collections.incident_manager.aws.plugins.module_utils._facts import iso_time
from ansible_collections.incident_manager.aws.plugins.module_utils._inquiry import ask, check_question
from ansible_collections.incident_manager.aws.plugins.module_utils._search import SEARCH_DEFAULTS
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.incident_manager.aws.plugins.plugin_utils._rule_options import RULE_OPTIONS, checked_rules
from ansible_collections.incident_manager.aws.plugins.plugin_utils._rules import (
    FAILED,
    NOT_ASKED,
    PASSED,
    Finding,
    judge,
    outcome,
)

# What says who asks.
_NAMES = ("profile", "assume_role_arn")
_KEYS = ("access_key", "secret_key", "session_token")
_SEEN_BY_BOTOCORE = re.compile(r"AWS_.*|HOME|(HTTPS?|NO|https?|no)_(PROXY|proxy)")

warm_up()


class ActionModule(AWSPluginBase, ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        **aws_argument_spec(),
        **RULE_OPTIONS,
        "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
        "search_regions": {"type": "list", "elements": "str", "default": []},
        "report_only": {"type": "bool", "default": False},
    }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        self._refuse_environment()
        self._refuse_empty()
        rules = checked_rules(params, self._task.args)
        check_question(None, params["search_regions"])
        complain_about_role(params["assume_role_arn"])
        self._params = params
        result = self._audit(rules)
        return {**result, "failed": result["outcome"] != PASSED and not params["report_only"]}

    def _refuse_empty(self) -> None:
        """Refuse credentials that somebody meant to give: without them, the account of whoever runs Ansible would be asked."""
        given = self._task.args
        names = {option: (option, *self.argument_spec[option].get("aliases", ())) for option in (*_NAMES, *_KEYS)}
        profile = any(given.get(name) for name in names["profile"])
        for option, its in names.items():
            # Next to a profile, empty keys are amazon.aws's way to put those of the environment aside.
            refused = (None,) if profile and option in _KEYS else (None, "")
            for name in its:
                if name in given and given[name] in refused:
                    raise refusal(name, "empty", "Give it a value, or leave it out")

    def _refuse_environment(self) -> None:
        """Refuse the keyword environment where it means another account, or another way to it, than this task would take."""
        environment: dict[str, str] = {}
        if any(self._task.environment or ()):
            self._compute_environment_string(environment)
        unseen = sorted(name for name in environment if _SEEN_BY_BOTOCORE.fullmatch(name))
        if unseen:
            raise refusal(
                "environment",
                f"this task runs on the controller, and does not see {', '.join(unseen)}",
                "Use its options instead",
            )

    def get_options(self, *_args: object, **_kwargs: object) -> dict[str, Any]:
        """Return the task's options, where amazon.aws looks for a plugin's."""
        return self._params

    def _audit(self, rules: dict[str, Any]) -> dict[str, Any]:
        """Ask for the account's replication set, and return the task's result."""
        connection = None
        warnings: list[str] = []
        result: dict[str, Any] = {
            "time": iso_time(datetime.now(timezone.utc)),
            "rules": rules,
            "account_id": None,
            "exists": None,
            "region": None,
            "replication_set": None,
            "findings": [],
        }
        try:
            self.require_aws_sdk()
            connection = connect(self._params, lambda: get_aws_connection_info(self), SEARCH_DEFAULTS)
            # The tags cost a call and a permission of their own.
            facts = ask(connection, None, self._params["search_regions"], bool(rules.get("tags")), warnings.append)
            findings = judge(rules, facts["exists"], facts["replication_set"])
            result.update(facts, findings=[finding._asdict() for finding in findings], outcome=outcome(findings))
            result["account_id"] = _account(connection, facts)
            result["msg"] = _message(result["outcome"], facts, findings)
        except (AnsibleSSMIncidentsError, AnsibleBotocoreError) as failure:
            if not isinstance(failure, AnsibleSSMIncidentsError):
                failure = AnsibleSSMIncidentsError("Failed to load boto3", failure, advice="")
            role = self._params["assume_role_arn"]
            result.update(failure.result(), outcome=NOT_ASKED, account_id=account_of_role(role) if role else None)
        if connection and self._params["debug_botocore_endpoint_logs"]:
            result["resource_actions"] = sorted(connection.operations)
        if warnings:
            result["warnings"] = warnings
        return connection.mask(result) if connection else result


def _account(connection: Connection, facts: Mapping[str, Any]) -> str | None:
    """Return the account that was asked; the ARN of its set says it without a call."""
    return account_of_arn(facts["replication_set"]["arn"]) if facts["exists"] else connection.account()


def _message(how: str, facts: Mapping[str, Any], findings: list[Finding]) -> str:
    what = f"The replication set {facts['replication_set']['arn']}" if facts["exists"] else "The account"
    if how == PASSED:
        return f"{what} meets the rules." if facts["exists"] else f"{what} has no replication set, and meets the rules."
    verb = "breaks" if how == FAILED else "can't be held to all of"
    listed = "; ".join(finding.msg for finding in findings)
    return f"{what} {verb} the rules, {len(findings)} finding{'s' if len(findings) > 1 else ''}: {listed}."
