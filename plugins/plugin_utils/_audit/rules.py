# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that a replication set is checked against. Pure: nothing of boto3 is imported here.

Each rule is a function with the name of its option. It takes the option's value and the facts, and yields a finding for
every violation.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Iterator, Mapping

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_region_names
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import invalid_option
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import one_line, original_key
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import key_problem
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import (
    ACTIVE,
    DEFAULT_KEY,
    DELETING,
    KMS_KEY_ARN,
    KMS_KEY_ARN_PATTERN,
)

# The outcomes. UNKNOWN means that the account could not be audited, or that a fact is missing. It never counts as a pass.
FAILED = "failed"
UNKNOWN = "unknown"
PASSED = "passed"

#: All outcomes, the worst first.
OUTCOMES = (FAILED, UNKNOWN, PASSED)

RULE_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent", "any"], "default": "present"},
    "regions": {"type": "list", "elements": "str"},
    "minimum_regions": {"type": "int", "choices": [1, 2, 3], "default": 2},
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

# The facts about a replication set, as the info module returns them.
Facts = Mapping[str, Any]
# rule: the rule's name.
# region: the Region that the finding is about; None if it is about the whole set.
# expected: what the rule expects.
# actual: the actual value; None if it is not known. AWS may not return it, and the caller may lack a permission.
# known: whether the actual value is known.
# msg: the finding as a sentence, without a full stop.
Finding = Mapping[str, Any]


def validate_fail_on(outcomes: list[str]) -> None:
    """Reject an empty option fail_on, with which every account would pass. Raises Failure."""
    if not outcomes:
        raise invalid_option("fail_on", "must not be empty", "Set report_only: true if no outcome may fail the task")


def validated_rules(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules to check, by the names of their options.

    :param params: the validated options, defaults included.
    :param given: the options as the user gave them.
    :raises Failure: if a rule would check nothing, or can never be met. The message names it.
    """
    rules = {name: params[name] for name in RULE_OPTIONS}
    for name in RULE_OPTIONS:
        if name in given and (given[name] is None or rules[name] in ([], {})):
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
    validate_region_names("rules.regions", rules["regions"] or [])
    for key in rules["allowed_kms_keys"] or []:
        if key != DEFAULT_KEY and not KMS_KEY_ARN_PATTERN.fullmatch(key):
            raise invalid_option(
                "rules.allowed_kms_keys",
                f"{key!r} is neither the ARN of a KMS key nor {DEFAULT_KEY}",
                "Aliases and key IDs can't be used, because the service reports ARNs. In an ARN, * matches any characters",
            )
    if rules["tags"] is not None:
        # AWS tag values are strings.
        rules["tags"] = {
            original_key(to_text(key)): None if value is None else to_text(value)
            for key, value in rules["tags"].items()
        }
    return {name: value for name, value in rules.items() if value is not None}


def evaluate(rules: Mapping[str, Any], exists: bool, replication_set: Facts) -> list[Finding]:
    """Return every violation of the rules.

    :param rules: the rules, by the names of the audit's options. state is required; any other may be None or missing.
    :param exists: whether there is a replication set.
    """
    state = rules["state"]
    if not exists:
        msg = "There is no replication set, but there must be one"
        return [_finding("state", None, "present", "absent", msg)] if state == "present" else []
    if state == "absent":
        return [_finding("state", None, "absent", "present", "There is a replication set, but there must be none")]
    found = (rule(rules[name], replication_set) for name, rule in RULES.items() if rules.get(name) is not None)
    return [finding for findings in found for finding in findings]


def outcome_of(findings: list[Finding]) -> str:
    """Return the outcome of an account whose facts were checked."""
    if not findings:
        return PASSED
    return FAILED if any(finding["known"] for finding in findings) else UNKNOWN


def is_grave(finding: Finding) -> bool:
    """Return whether a finding says that there is no working replication set: none at all, or one that is not ACTIVE."""
    rule, expected = finding.get("rule"), finding.get("expected")
    return rule == "active" or (rule == "state" and expected == "present")


def _finding(rule: str, region: str | None, expected: Any, actual: Any, msg: str) -> Finding:
    known = actual is not None
    return {
        "rule": rule,
        "region": region,
        "expected": expected,
        "actual": actual,
        "known": known,
        "msg": one_line(msg),
    }


def regions(expected: list[str], replication_set: Facts) -> Iterator[Finding]:
    """Check that the set is in each of these Regions. A Region that is being deleted does not count."""
    actual = _remaining_regions(replication_set)
    for region in expected:
        if region not in actual:
            msg = f"Region {region} is missing from the set, which is in {_listed(actual)}"
            yield _finding("regions", region, expected, actual, msg)


def minimum_regions(expected: int, replication_set: Facts) -> Iterator[Finding]:
    """Check that the set has at least this many Regions. A Region that is being deleted does not count."""
    actual = _remaining_regions(replication_set)
    if len(actual) < expected:
        msg = f"The set is in {_listed(actual)}, but must be in at least {expected} Region{'s' if expected > 1 else ''}"
        yield _finding("minimum_regions", None, expected, len(actual), msg)


def active(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that the set and each of its Regions are ACTIVE."""
    if not expected:
        return
    statuses = {None: (replication_set["status"], None)}
    for region, info in replication_set["region_map"].items():
        statuses[region] = (info["status"], info["status_message"])
    for region, (status, message) in statuses.items():
        if status != ACTIVE:
            msg = f"{region or 'The set'} is {status}" if status else f"The status of {region or 'the set'} is unknown"
            msg += f" ({message})" if message else ""
            yield _finding("active", region, ACTIVE, status, msg)


def customer_managed_keys(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that every Region is encrypted with a key that has the ARN of a KMS key."""
    for region, key in _keys(replication_set) if expected else ():
        if key is None:
            yield _unknown_key("customer_managed_keys", region, True)
        elif not KMS_KEY_ARN.fullmatch(key):
            owned = "the AWS owned key" if key == DEFAULT_KEY else f"{key!r}"
            msg = f"{region} is encrypted with {owned}, not with a customer managed key"
            yield _finding("customer_managed_keys", region, True, key, msg)


def allowed_kms_keys(expected: list[str], replication_set: Facts) -> Iterator[Finding]:
    """Check that each Region is encrypted with a key that matches one of these patterns."""
    for region, key in _keys(replication_set):
        if key is None:
            yield _unknown_key("allowed_kms_keys", region, expected)
        elif not any(fnmatchcase(key, pattern) for pattern in expected):
            msg = f"{region} is encrypted with {key}, which is not one of the allowed keys"
            yield _finding("allowed_kms_keys", region, expected, key, msg)


def usable_keys(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that every customer managed key is enabled and of a kind that Incident Manager supports."""
    for region, info in replication_set["region_map"].items() if expected else ():
        arn, key = info["sse_kms_key_id"], info["kms_key"]
        problem = key_problem(key) if key is not None else None
        if arn is None:
            yield _unknown_key("usable_keys", region, True)
        elif problem:
            msg = f"{region} is encrypted with {arn}, which can't be used: {problem}"
            yield _finding("usable_keys", region, True, dict(key), msg)
        elif key is None and arn != DEFAULT_KEY:
            why = "whose state is unknown because it could not be described (kms:DescribeKey)"
            yield _finding("usable_keys", region, True, None, f"{region} is encrypted with {arn}, {why}")


def deletion_protected(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that deletion protection is on or off."""
    actual = replication_set["deletion_protected"]
    if actual != expected:
        state = {True: "on", False: "off", None: "unknown"}
        msg = f"Deletion protection is {state[actual]} but must be {state[expected]}"
        yield _finding("deletion_protected", None, expected, actual, msg)


def tags(expected: Mapping[str, str | None], replication_set: Facts) -> Iterator[Finding]:
    """Check that the set has these tags; None stands for any value."""
    actual = replication_set["tags"]
    if expected and actual is None:
        msg = "The tags are unknown: the caller is not allowed to list them (ssm-incidents:ListTagsForResource)"
        yield _finding("tags", None, dict(expected), None, msg)
        return
    for key, value in expected.items():
        actual_value = actual.get(key)
        if actual_value is None:
            yield _finding("tags", None, {key: value}, {}, f"The tag {key} is missing")
        elif value is not None and actual_value != value:
            msg = f"The tag {key} is {actual_value!r} but must be {value!r}"
            yield _finding("tags", None, {key: value}, {key: actual_value}, msg)


#: The rules for a set that exists, by the names of the audit's options, in the order of their findings.
RULES: dict[str, Callable[[Any, Facts], Iterator[Finding]]] = {
    "regions": regions,
    "minimum_regions": minimum_regions,
    "active": active,
    "customer_managed_keys": customer_managed_keys,
    "allowed_kms_keys": allowed_kms_keys,
    "usable_keys": usable_keys,
    "deletion_protected": deletion_protected,
    "tags": tags,
}


def _remaining_regions(replication_set: Facts) -> list[str]:
    return [region for region, info in replication_set["region_map"].items() if info["status"] != DELETING]


def _keys(replication_set: Facts) -> Iterator[tuple[str, str | None]]:
    for region, info in replication_set["region_map"].items():
        yield region, info["sse_kms_key_id"]


def _unknown_key(rule: str, region: str, expected: Any) -> Finding:
    # By botocore's model, the key is optional.
    return _finding(rule, region, expected, None, f"The KMS key of {region} is unknown: AWS did not return it")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "no Region"
