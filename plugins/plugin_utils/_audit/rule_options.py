# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for the audit's rules: their types, and the combinations that are rejected."""

from __future__ import annotations

from typing import Any, Mapping

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_region_names
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import invalid_option
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import original_key
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import (
    DEFAULT_KEY,
    KMS_KEY_ARN_PATTERN,
    MAX_REGIONS,
)

from .rules import FAILED, RULES, UNKNOWN

RULE_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent", "any"], "default": "present"},
    "regions": {"type": "list", "elements": "str"},
    "minimum_regions": {"type": "int", "default": 2},
    "active": {"type": "bool", "default": True},
    "customer_managed_keys": {"type": "bool", "default": False, "no_log": False},
    "allowed_kms_keys": {"type": "list", "elements": "str", "no_log": False},
    "usable_keys": {"type": "bool", "default": False, "no_log": False},
    "deletion_protected": {"type": "bool"},
    "tags": {"type": "dict"},
}

#: Which outcomes fail a task: an option of the audit and of the report.
FAIL_ON: dict[str, Any] = {
    "type": "list",
    "elements": "str",
    "choices": [FAILED, UNKNOWN],
    "default": [FAILED, UNKNOWN],
}


def validate_fail_on(outcomes: list[str]) -> None:
    """Reject an empty option fail_on, with which every account would pass. Raises Failure."""
    if not outcomes:
        raise invalid_option("fail_on", "must not be empty", "Set report_only: true if no outcome may fail the task")


def validated_rules(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules to check, by the names of their options.

    :param params: the validated options, defaults included.
    :param given: the options as the user gave them.
    :raises Failure: if a rule can't be used. The message names it, and any rule that it contradicts.
    """
    rules = {name: params[name] for name in RULE_OPTIONS}
    for name in RULE_OPTIONS:
        if name in given and (given[name] is None or rules[name] in ([], {})):
            # An empty rule would check nothing, which is never what the user wants.
            raise invalid_option(f"rules.{name}", "must not be empty", "Set a value, or omit the rule")
    if rules["state"] == "absent":
        others = [name for name in RULES if name in given]
        if others:
            raise invalid_option(
                "rules.state",
                f"absent can't be combined with {' and '.join(others)}",
                "If there must be no replication set, there is nothing to check against another rule",
            )
        return {"state": "absent"}
    _validate_regions(rules)
    _validate_keys(rules)
    if rules["tags"] is not None:
        # AWS tag values are strings.
        rules["tags"] = {
            original_key(to_text(key)): None if value is None else to_text(value)
            for key, value in rules["tags"].items()
        }
    return {name: value for name, value in rules.items() if value is not None}


def _validate_regions(rules: Mapping[str, Any]) -> None:
    regions, minimum_regions = rules["regions"] or [], rules["minimum_regions"]
    validate_region_names("rules.regions", regions)
    if len(set(regions)) > MAX_REGIONS:
        raise invalid_option(
            "rules.regions",
            f"{len(set(regions))} Regions are listed",
            f"A replication set can have at most {MAX_REGIONS} Regions",
        )
    if not 1 <= minimum_regions <= MAX_REGIONS:
        raise invalid_option(
            "rules.minimum_regions", f"{minimum_regions} is out of range", f"It must be from 1 to {MAX_REGIONS}"
        )


def _validate_keys(rules: Mapping[str, Any]) -> None:
    allowed = rules["allowed_kms_keys"]
    if allowed is None:
        return
    for key in allowed:
        if key != DEFAULT_KEY and not KMS_KEY_ARN_PATTERN.fullmatch(key):
            raise invalid_option(
                "rules.allowed_kms_keys",
                f"{key!r} is neither the ARN of a KMS key nor {DEFAULT_KEY}",
                "Aliases and key IDs can't be used, because the service reports ARNs. In an ARN, * matches any characters",
            )
    if rules["customer_managed_keys"] and DEFAULT_KEY in allowed:
        raise invalid_option(
            "rules.customer_managed_keys",
            f"true contradicts allowed_kms_keys, which contains {DEFAULT_KEY}",
            f"{DEFAULT_KEY} is the AWS owned key: remove it from allowed_kms_keys",
        )
