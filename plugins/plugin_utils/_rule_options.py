# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that are the audit's rules: their form, and which of them contradict each other."""

from __future__ import annotations

import re
from typing import Any, Mapping

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.incident_manager.aws.plugins.module_utils._arn import complain_about_regions
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import refusal
from ansible_collections.incident_manager.aws.plugins.module_utils._facts import DEFAULT_KEY
from ansible_collections.incident_manager.aws.plugins.module_utils._plan import MAX_REGIONS

from ._rules import RULES

RULE_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent", "any"], "default": "present"},
    "regions": {"type": "list", "elements": "str"},
    "minimum_regions": {"type": "int", "default": 2},
    "active": {"type": "bool", "default": True},
    "customer_managed_keys": {"type": "bool", "default": False, "no_log": False},
    "allowed_kms_keys": {"type": "list", "elements": "str", "no_log": False},
    "deletion_protected": {"type": "bool"},
    "tags": {"type": "dict"},
}

_KEY_PATTERN = re.compile(r"arn:[^\s]+")


def checked_rules(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules that hold, by the names of their options.

    :param params: the validated options, defaults included.
    :param given: the options as the user gave them.
    :raises AnsibleSSMIncidentsError: names the rule and what is wrong with it, or which other it contradicts.
    """
    rules = {name: params[name] for name in RULE_OPTIONS}
    for name in RULE_OPTIONS:
        if name in given and (given[name] is None or rules[name] in ([], {})):
            # Whoever gives a rule means something by it.
            raise refusal(name, "empty", "Give the rule a value, or leave it out to ask for nothing")
    if rules["state"] == "absent":
        others = [name for name in RULES if name in given]
        if others:
            raise refusal(
                "state",
                f"absent contradicts {' and '.join(others)}",
                "Where there is to be no replication set, no other rule can hold",
            )
        return {"state": "absent"}
    _check_regions(rules)
    _check_keys(rules)
    if rules["tags"] is not None:
        # As the managing module takes them: AWS knows but texts.
        rules["tags"] = {
            to_text(key): None if value is None else to_text(value) for key, value in rules["tags"].items()
        }
    return {name: value for name, value in rules.items() if value is not None}


def _check_regions(rules: Mapping[str, Any]) -> None:
    regions, at_least = rules["regions"] or [], rules["minimum_regions"]
    complain_about_regions("regions", regions)
    if len(set(regions)) > MAX_REGIONS:
        raise refusal("regions", f"{len(set(regions))} given", f"A replication set has {MAX_REGIONS} Regions at most")
    if not 1 <= at_least <= MAX_REGIONS:
        raise refusal("minimum_regions", f"{at_least} given", f"A replication set has 1 to {MAX_REGIONS} Regions")


def _check_keys(rules: Mapping[str, Any]) -> None:
    allowed = rules["allowed_kms_keys"]
    if allowed is None:
        return
    for key in allowed:
        if key != DEFAULT_KEY and not _KEY_PATTERN.fullmatch(key):
            raise refusal(
                "allowed_kms_keys",
                f"{key!r} is neither the ARN of a KMS key nor {DEFAULT_KEY}",
                "The service reports keys by their ARNs, not by aliases or bare key IDs; * stands for any characters",
            )
    if rules["customer_managed_keys"] and DEFAULT_KEY in allowed:
        raise refusal(
            "customer_managed_keys",
            f"true contradicts allowed_kms_keys, which has {DEFAULT_KEY}",
            "That is the key that AWS owns",
        )
