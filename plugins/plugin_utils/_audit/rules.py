# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that a replication set is checked against. Pure: nothing of boto3 is imported here.

Each rule is a function with the name of its option. It takes the option's value and the facts, and yields a finding for
every violation.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import one_line
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import key_problem
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import (
    ACTIVE,
    DEFAULT_KEY,
    DELETING,
    KMS_KEY_ARN,
)

# The outcomes. UNKNOWN means that the account could not be audited, or that a fact is missing. It never counts as a pass.
FAILED = "failed"
UNKNOWN = "unknown"
PASSED = "passed"

#: All outcomes, the worst first.
OUTCOMES = (FAILED, UNKNOWN, PASSED)


class Finding(NamedTuple):
    """A violation of a rule, or a fact that a rule needs and that is not known.

    :ivar rule: the rule's name.
    :ivar region: the Region that the finding is about; None if it is about the whole set.
    :ivar expected: what the rule expects.
    :ivar actual: the actual value; None if there is none, or if it is not known.
    :ivar known: whether the actual value is known. AWS may not return it, and the caller may lack a permission.
    :ivar msg: the finding as a sentence, without a full stop.
    """

    rule: str
    region: str | None
    expected: Any
    actual: Any
    known: bool
    msg: str


Facts = Mapping[str, Any]


def evaluate(rules: Mapping[str, Any], exists: bool, replication_set: Facts) -> list[Finding]:
    """Return every violation of the rules.

    :param rules: the rules, by the names of the audit's options. state is required; any other may be None or missing.
    :param exists: whether there is a replication set.
    :param replication_set: its facts, as the info module returns them.
    """
    state = rules["state"]
    if not exists:
        missing = Finding(
            "state", None, "present", "absent", True, "There is no replication set, but there must be one"
        )
        return [missing] if state == "present" else []
    if state == "absent":
        superfluous = "There is a replication set, but there must be none"
        return [Finding("state", None, "absent", "present", True, superfluous)]
    return [
        finding._replace(msg=one_line(finding.msg))
        for name, rule in RULES.items()
        if rules.get(name) is not None
        for finding in rule(rules[name], replication_set)
    ]


def outcome_of(findings: list[Finding]) -> str:
    """Return the outcome of an account whose facts were checked."""
    if not findings:
        return PASSED
    return FAILED if any(finding.known for finding in findings) else UNKNOWN


def is_grave(finding: Mapping[str, Any]) -> bool:
    """Return whether a finding says that there is no working replication set: none at all, or one that is not ACTIVE."""
    rule, expected = finding.get("rule"), finding.get("expected")
    return rule == "active" or (rule == "state" and expected == "present")


def regions(expected: list[str], replication_set: Facts) -> Iterator[Finding]:
    """Check that the set is in each of these Regions. A Region that is being deleted does not count."""
    actual = _remaining_regions(replication_set)
    for region in expected:
        if region not in actual:
            msg = f"Region {region} is missing from the set, which is in {_listed(actual)}"
            yield Finding("regions", region, expected, actual, True, msg)


def minimum_regions(expected: int, replication_set: Facts) -> Iterator[Finding]:
    """Check that the set has at least this many Regions. A Region that is being deleted does not count."""
    actual = _remaining_regions(replication_set)
    if len(actual) < expected:
        msg = f"The set is in {_listed(actual)}, but must be in at least {expected} Region{'s' if expected > 1 else ''}"
        yield Finding("minimum_regions", None, expected, len(actual), True, msg)


def active(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that the set and each of its Regions are ACTIVE."""
    if not expected:
        return
    status = replication_set["status"]
    if status != ACTIVE:
        yield Finding(
            "active",
            None,
            ACTIVE,
            status,
            status is not None,
            f"The set is {status}" if status else "The status of the set is unknown",
        )
    for region, info in replication_set["region_map"].items():
        status, message = info["status"], info["status_message"]
        if status != ACTIVE:
            msg = f"{region} is {status}" if status else f"The status of {region} is unknown"
            msg += f" ({message})" if message else ""
            yield Finding("active", region, ACTIVE, status, status is not None, msg)


def customer_managed_keys(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that every Region is encrypted with a key that has the ARN of a KMS key."""
    for region, key in _keys(replication_set) if expected else ():
        if key is None:
            yield _unknown_key("customer_managed_keys", region, True)
        elif not KMS_KEY_ARN.fullmatch(key):
            owned = "the AWS owned key" if key == DEFAULT_KEY else f"{key!r}"
            msg = f"{region} is encrypted with {owned}, not with a customer managed key"
            yield Finding("customer_managed_keys", region, True, key, True, msg)


def allowed_kms_keys(expected: list[str], replication_set: Facts) -> Iterator[Finding]:
    """Check that each Region is encrypted with a key that matches one of these patterns."""
    for region, key in _keys(replication_set):
        if key is None:
            yield _unknown_key("allowed_kms_keys", region, expected)
        elif not any(fnmatchcase(key, pattern) for pattern in expected):
            msg = f"{region} is encrypted with {key}, which is not one of the allowed keys"
            yield Finding("allowed_kms_keys", region, expected, key, True, msg)


def usable_keys(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that every customer managed key is enabled and of a kind that Incident Manager supports."""
    for region, info in replication_set["region_map"].items() if expected else ():
        arn, key = info["sse_kms_key_id"], info["kms_key"]
        problem = key_problem(key) if key is not None else None
        if arn is None:
            yield _unknown_key("usable_keys", region, True)
        elif problem:
            msg = f"{region} is encrypted with {arn}, which can't be used: {problem}"
            yield Finding("usable_keys", region, True, dict(key), True, msg)
        elif key is None and arn != DEFAULT_KEY:
            msg = (
                f"{region} is encrypted with {arn}, whose state is unknown because it could not be described"
                " (kms:DescribeKey)"
            )
            yield Finding("usable_keys", region, True, None, False, msg)


def deletion_protected(expected: bool, replication_set: Facts) -> Iterator[Finding]:
    """Check that deletion protection is on or off."""
    actual = replication_set["deletion_protected"]
    if actual != expected:
        state = {True: "on", False: "off"}
        msg = (
            f"Deletion protection is {state[actual]} but must be {state[expected]}"
            if actual is not None
            else (f"Deletion protection must be {state[expected]}, but its state is unknown")
        )
        yield Finding("deletion_protected", None, expected, actual, actual is not None, msg)


def tags(expected: Mapping[str, str | None], replication_set: Facts) -> Iterator[Finding]:
    """Check that the set has these tags; None stands for any value."""
    actual = replication_set["tags"]
    if expected and actual is None:
        msg = "The tags are unknown: the caller is not allowed to list them (ssm-incidents:ListTagsForResource)"
        yield Finding("tags", None, dict(expected), None, False, msg)
        return
    for key, value in expected.items():
        actual_value = actual.get(key)
        if actual_value is None:
            yield Finding("tags", None, {key: value}, {}, True, f"The tag {key} is missing")
        elif value is not None and actual_value != value:
            msg = f"The tag {key} is {actual_value!r} but must be {value!r}"
            yield Finding("tags", None, {key: value}, {key: actual_value}, True, msg)


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
    return Finding(rule, region, expected, None, False, f"The KMS key of {region} is unknown: AWS did not return it")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "no Region"
