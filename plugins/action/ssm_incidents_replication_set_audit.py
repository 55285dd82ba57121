# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that checks an account's replication set against rules; plugins/modules has its documentation.

It runs on the controller. Ansible imports this file once, before it forks a process for each account. So botocore's data,
most of what a module's run costs, is read once too.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import partial
from typing import Any, ClassVar, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.amazon.aws.plugins.plugin_utils.base import AWSPluginBase
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import account_id_of_arn, validate_role_arn
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import (
    Connection,
    connect,
    validate_credentials,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    MISSING_LIBRARY,
    ON_CONTROLLER,
    AnsibleSSMIncidentsError,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.results import failure_result
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import preload
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import iso_time
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import get_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.search import (
    SEARCH_DEFAULTS,
    validate_search,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import SERVICE
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rule_options import (
    RULE_OPTIONS,
    validated_rules,
)
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rules import (
    FAILED,
    PASSED,
    UNKNOWN,
    Finding,
    evaluate,
    outcome_of,
)
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import ControllerAction

_BOTOCORE_VARIABLES = re.compile(r"AWS_.*|HOME|(HTTPS?|NO|https?|no)_(PROXY|proxy)")

preload((SERVICE, "list_replication_sets"))


class ActionModule(AWSPluginBase, ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        **aws_argument_spec(),
        **RULE_OPTIONS,
        "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
        "search_regions": {"type": "list", "elements": "str", "default": []},
        "report_only": {"type": "bool", "default": False},
    }

    def execute(self, params: dict[str, Any], result: dict[str, Any]) -> None:
        self._validate_environment()
        aliases = {option: spec.get("aliases", ()) for option, spec in self.argument_spec.items()}
        validate_credentials(self._task.args, aliases)
        rules = validated_rules(params, self._task.args)
        validate_search(None, params["search_regions"])
        validate_role_arn("assume_role_arn", params["assume_role_arn"])
        self._params = params
        result.update(self._audit(rules))
        result["failed"] = result["outcome"] != PASSED and not params["report_only"]

    def _validate_environment(self) -> None:
        """Refuse the keyword environment if it sets what botocore reads: this task runs in Ansible's own environment."""
        environment: dict[str, str] = {}
        if any(self._task.environment or ()):
            self._compute_environment_string(environment)
        without_effect = sorted(name for name in environment if _BOTOCORE_VARIABLES.fullmatch(name))
        if without_effect:
            raise invalid_option(
                "environment",
                f"this task runs on the controller, and {', '.join(without_effect)} would have no effect",
                "Use its options instead",
            )

    def get_options(self, *_args: object, **_kwargs: object) -> dict[str, Any]:
        """Return the task's options, in the way in which amazon.aws reads a plugin's."""
        return self._params

    def _audit(self, rules: dict[str, Any]) -> dict[str, Any]:
        """Get the account's replication set, evaluate the rules, and return the task's result."""
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
            self._require_boto3()
            connection = connect(self._params, partial(get_aws_connection_info, self), SEARCH_DEFAULTS)
            # Listing the tags takes a call and a permission of its own.
            include_tags = bool(rules.get("tags"))
            facts = get_facts(connection, None, self._params["search_regions"], include_tags, warnings.append)
            findings = evaluate(rules, facts["exists"], facts["replication_set"])
            outcome = outcome_of(findings)
            result.update(facts, findings=[finding._asdict() for finding in findings], outcome=outcome)
            result["account_id"] = _account_id(connection, facts)
            result["msg"] = _message(outcome, facts, findings)
        except Exception as error:  # Whatever it is, the account has not passed.
            failure = as_failure(error)
            role_arn = self._params["assume_role_arn"]
            mask = connection.mask if connection else None
            result.update(failure_result(failure, ON_CONTROLLER, mask), outcome=UNKNOWN)
            result["account_id"] = account_id_of_arn(role_arn) if role_arn else None
        if connection and self._params["debug_botocore_endpoint_logs"]:
            result["resource_actions"] = sorted(connection.operations)
        if warnings:
            result["warnings"] = warnings
        return connection.mask(result) if connection else result

    def _require_boto3(self) -> None:
        try:
            self.require_aws_sdk()
        except AnsibleBotocoreError as error:
            raise AnsibleSSMIncidentsError("Failed to load boto3", code=MISSING_LIBRARY, cause=error) from error


def _account_id(connection: Connection, facts: Mapping[str, Any]) -> str | None:
    """Return the ID of the account that answered; the ARN of its set has it, without a call."""
    return account_id_of_arn(facts["replication_set"]["arn"]) if facts["exists"] else connection.account_id()


def _message(outcome: str, facts: Mapping[str, Any], findings: list[Finding]) -> str:
    what = f"The replication set {facts['replication_set']['arn']}" if facts["exists"] else "The account"
    if outcome == PASSED:
        return f"{what} meets the rules." if facts["exists"] else f"{what} has no replication set, and meets the rules."
    verb = "violates" if outcome == FAILED else "can't be checked against all of"
    listed = "; ".join(finding.msg for finding in findings)
    return f"{what} {verb} the rules, {len(findings)} finding{'s' if len(findings) > 1 else ''}: {listed}."
