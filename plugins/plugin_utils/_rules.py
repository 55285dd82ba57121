# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that a replication set can be held to. Nothing of AWS is imported here.

Each rule is one function: it takes what is wanted and the facts, and yields a finding for everything that is otherwise.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from ansible_collections.incident_manager.aws.plugins.module_utils._facts import DEFAULT_KEY
from ansible_collections.incident_manager.aws.plugins.module_utils._text import one_line

#: How an account meets its rules. NOT_ASKED is for one that gave no answer, or not the whole of it: never a pass.
PASSED, FAILED, NOT_ASKED = "passed", "failed", "not_asked"

ACTIVE = "ACTIVE"


class Finding(NamedTuple):
    """What is not as it was wanted.

    :ivar rule: the rule's name.
    :ivar region: the Region of the set that it is about; None where it is about the set.
    :ivar wanted: what the rule wants.
    :ivar found: what is there instead; None where nothing is, or where it is not known.
    :ivar known: whether it is known what is there: AWS leaves facts out, and a caller may have no right to them.
    :ivar msg: all this as a sentence, without a full stop.
    """

    rule: str
    region: str | None
    wanted: Any
    found: Any
    known: bool
    msg: str


Facts = Mapping[str, Any]


def judge(rules: Mapping[str, Any], exists: bool, replication_set: Facts) -> list[Finding]:
    """Return everything that is otherwise than the rules want it.

    :param rules: what is wanted, by the names of the audit's options; state always, any other may be None or left out.
    :param exists: whether there is a replication set.
    :param replication_set: its facts, in the shape of the info module.
    """
    state = rules["state"]
    if not exists:
        missing = Finding("state", None, "present", "absent", True, "There is no replication set")
        return [missing] if state == "present" else []
    if state == "absent":
        arn = replication_set["arn"]
        return [Finding("state", None, "absent", "present", True, f"There is a replication set, {arn}")]
    return [
        finding._replace(msg=one_line(finding.msg))
        for name, rule in RULES.items()
        if rules.get(name) is not None
        for finding in rule(rules[name], replication_set)
    ]


def outcome(findings: list[Finding]) -> str:
    """Return how an account that answered meets its rules."""
    if not findings:
        return PASSED
    return FAILED if any(finding.known for finding in findings) else NOT_ASKED


def regions_required(wanted: list[str], replication_set: Facts) -> Iterator[Finding]:
    there = _regions_that_stay(replication_set)
    for region in wanted:
        if region not in there:
            msg = f"Region {region} is not in the set, which is in {_listed(there)}"
            yield Finding("regions", region, wanted, there, True, msg)


def at_least(wanted: int, replication_set: Facts) -> Iterator[Finding]:
    there = _regions_that_stay(replication_set)
    if len(there) < wanted:
        msg = f"The set is in {_listed(there)}, and at least {wanted} Regions are wanted"
        yield Finding("minimum_regions", None, wanted, len(there), True, msg)


def active_everywhere(wanted: bool, replication_set: Facts) -> Iterator[Finding]:
    if not wanted:
        return
    status = replication_set["status"]
    if status != ACTIVE:
        yield Finding("active", None, ACTIVE, status, status is not None, f"The set is {status or 'of unknown status'}")
    for region, info in replication_set["region_map"].items():
        status, message = info["status"], info["status_message"]
        if status != ACTIVE:
            msg = f"{region} is {status or 'of unknown status'}{f' ({message})' if message else ''}"
            yield Finding("active", region, ACTIVE, status, status is not None, msg)


def customer_managed_keys_only(wanted: bool, replication_set: Facts) -> Iterator[Finding]:
    for region, key in _keys(replication_set) if wanted else ():
        if key is None:
            yield _unknown_key("customer_managed_keys", region, True)
        elif key == DEFAULT_KEY:
            msg = f"{region} is encrypted with the key that AWS owns, and not with a customer managed one"
            yield Finding("customer_managed_keys", region, True, key, True, msg)


def keys_allowed(wanted: list[str], replication_set: Facts) -> Iterator[Finding]:
    for region, key in _keys(replication_set):
        if key is None:
            yield _unknown_key("allowed_kms_keys", region, wanted)
        elif not any(fnmatchcase(key, allowed) for allowed in wanted):
            msg = f"{region} is encrypted with {key}, which is not one of the allowed keys"
            yield Finding("allowed_kms_keys", region, wanted, key, True, msg)


def deletion_protection(wanted: bool, replication_set: Facts) -> Iterator[Finding]:
    found = replication_set["deletion_protected"]
    if found != wanted:
        state = {True: "on", False: "off", None: "not known"}
        msg = f"Deletion protection is {state[found]}, and is to be {state[wanted]}"
        yield Finding("deletion_protected", None, wanted, found, found is not None, msg)


def tags_required(wanted: Mapping[str, str | None], replication_set: Facts) -> Iterator[Finding]:
    there = replication_set["tags"]
    if wanted and there is None:
        msg = "The tags are not known: the caller may not list them (ssm-incidents:ListTagsForResource)"
        yield Finding("tags", None, dict(wanted), None, False, msg)
        return
    for key, value in wanted.items():
        found = there.get(key)
        if found is None:
            yield Finding("tags", None, {key: value}, {}, True, f"The tag {key} is missing")
        elif value is not None and found != value:
            msg = f"The tag {key} is {found!r}, and is to be {value!r}"
            yield Finding("tags", None, {key: value}, {key: found}, True, msg)


#: The rules that a set which is there is held to, by the names of the audit's options.
RULES: dict[str, Callable[[Any, Facts], Iterator[Finding]]] = {
    "regions": regions_required,
    "minimum_regions": at_least,
    "active": active_everywhere,
    "customer_managed_keys": customer_managed_keys_only,
    "allowed_kms_keys": keys_allowed,
    "deletion_protected": deletion_protection,
    "tags": tags_required,
}


def _regions_that_stay(replication_set: Facts) -> list[str]:
    return [region for region, info in replication_set["region_map"].items() if info["status"] != "DELETING"]


def _keys(replication_set: Facts) -> Iterator[tuple[str, str | None]]:
    for region, info in replication_set["region_map"].items():
        yield region, info["sse_kms_key_id"]


def _unknown_key(rule: str, region: str, wanted: Any) -> Finding:
    # botocore's model lets the service leave the key out.
    return Finding(rule, region, wanted, None, False, f"The key of {region} is not known: AWS left it out")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "no Region that stays"
