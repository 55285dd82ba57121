# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The known facts about Incident Manager, each with a function that judges whether an account's answers agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from helpers.model_check import ENUM, MISSING, TYPE, UNKNOWN

from .survey import GET, LIST, NO_ANSWER, NO_CONNECTION, NOT_AWS, NOT_SENT, TAGS, Answer, Observations, listed_arns

CONFIRMED, CONTRADICTED, NOT_SEEN = "confirmed", "contradicted", "not seen"
VERDICTS = (CONFIRMED, CONTRADICTED, NOT_SEEN)
NOT_FOUND = "ResourceNotFoundException"
DEFAULT_KEY = "DefaultKey"

# Outcomes that say nothing about a fact: the call was not answered, or it failed for another reason.
_NO_ANSWER_OF_AWS = {NO_CONNECTION, NO_ANSWER, NOT_AWS, NOT_SENT}
_NO_EVIDENCE = _NO_ANSWER_OF_AWS | {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalServerException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
}


class Judgement(NamedTuple):
    """
    Whether the answers agree with a fact.

    :ivar verdict: CONFIRMED, CONTRADICTED or NOT_SEEN.
    :ivar seen: counts of what was seen, without data of the account: see report.py.
    """

    verdict: str
    seen: Mapping[str, int]


class Fact(NamedTuple):
    """
    One fact about the service.

    :ivar source: the source of the fact; "unknown" if nobody has seen it.
    """

    id: str
    sentence: str
    source: str
    judge: Callable[[Observations], Judgement]


# Judging --------------------------------------------------------------------------------------------------------------


def _count(values: Iterable[bool], **more: int) -> Judgement:
    """Judge a fact about each of the values. Without a value, the fact was not seen."""
    checked = list(values)
    seen = {"checked": len(checked), "agree": sum(checked), **more}
    if not checked:
        return Judgement(NOT_SEEN, seen)
    return Judgement(CONFIRMED if all(checked) else CONTRADICTED, seen)


def _some(values: Iterable[bool]) -> Judgement:
    """Judge a fact that something can occur. If it did not occur, that says nothing."""
    checked = list(values)
    return Judgement(CONFIRMED if any(checked) else NOT_SEEN, {"checked": len(checked), "agree": sum(checked)})


def _all(values: Iterable[bool]) -> Judgement:
    """Judge a fact about all of the values together. A missing value can have other reasons, so it contradicts nothing."""
    checked = list(values)
    verdict = CONFIRMED if checked and all(checked) else NOT_SEEN
    return Judgement(verdict, {"checked": len(checked), "agree": sum(checked)})


def _each(answers: Iterable[Answer], agrees: Callable[[Answer], bool], complete: bool = False) -> Judgement:
    """
    Judge a fact about each of the answers.

    :param complete: whether the fact is confirmed only if every answer is evidence.
    """
    asked = list(answers)
    evidence = [answer for answer in asked if answer.outcome not in _NO_EVIDENCE]
    judgement = _count([agrees(answer) for answer in evidence], asked=len(asked))
    outcomes = Counter(answer.outcome or "success" for answer in asked)
    verdict = judgement.verdict
    if complete and verdict == CONFIRMED and len(evidence) < len(asked):
        verdict = NOT_SEEN
    return Judgement(verdict, {**judgement.seen, **outcomes})


def _successes(seen: Observations, *operations: str) -> list[Answer]:
    return [answer for answer in seen.answers if not answer.outcome and answer.operation in operations]


def _own(seen: Observations, operation: str) -> list[Answer]:
    """Return the answers to a call with the account's set."""
    return [answer for answer in seen.answers if answer.operation == operation and answer.arn in seen.arns]


def _sets(seen: Observations) -> list[Mapping[str, Any]]:
    """Return the set as each Region returned it."""
    found = [answer.content.get("replicationSet") for answer in _own(seen, GET) if not answer.outcome]
    return [each for each in found if isinstance(each, dict)]


def _regions(seen: Observations) -> dict[str, Mapping[str, Any]]:
    """Return the set's Regions with their data, as in the first answer that has the set."""
    for found in _sets(seen):
        regions = found.get("regionMap")
        if isinstance(regions, dict):
            return {name: info for name, info in regions.items() if isinstance(info, dict)}
    return {}


def _region_infos(seen: Observations) -> list[Mapping[str, Any]]:
    """Return the data of each of the set's Regions, from every Region that returned the set."""
    maps = [found.get("regionMap") for found in _sets(seen)]
    return [
        info for regions in maps if isinstance(regions, dict) for info in regions.values() if isinstance(info, dict)
    ]


def _with_status(seen: Observations, operation: str, *statuses: str) -> list[Answer]:
    """Return the answers of the Regions of the set that have one of these statuses."""
    names = {name for name, info in _regions(seen).items() if info.get("status") in statuses}
    return [answer for answer in _own(seen, operation) if answer.region in names]


def _beside_active(seen: Observations, operation: str, status: str) -> list[Answer]:
    """Return the answers of the Regions of the set that have this status, if another Region is ACTIVE."""
    return _with_status(seen, operation, status) if _with_status(seen, operation, "ACTIVE") else []


def _outside(seen: Observations, operation: str) -> list[Answer]:
    regions = _regions(seen)
    return [answer for answer in _own(seen, operation) if regions and answer.region not in regions]


def _same(contents: list[Any]) -> Judgement:
    """Judge a fact that several Regions return the same. A single Region says nothing."""
    return _count(content == contents[0] for content in contents[1:])


def _times(seen: Observations) -> list[Any]:
    names = ("createdTime", "lastModifiedTime")
    return [found[name] for found in _sets(seen) for name in names if name in found] + [
        info["statusUpdateDateTime"] for info in _region_infos(seen) if "statusUpdateDateTime" in info
    ]


def _keys(seen: Observations) -> dict[str, str]:
    """Return the KMS key of each of the set's Regions that has one."""
    keys = {name: info.get("sseKmsKeyId") for name, info in _regions(seen).items()}
    return {name: key for name, key in keys.items() if isinstance(key, str)}


def _key_is_in_region(region: str, key: str) -> bool:
    return re.fullmatch(rf"arn:[a-z-]+:kms:{re.escape(region)}:[0-9]{{12}}:key/\S+", key) is not None


def _differences(kind: str, allowed: tuple[str, ...] = ()) -> Callable[[Observations], Judgement]:
    """Return a function that judges whether no answer differs from botocore's model in this way."""

    def judge(seen: Observations) -> Judgement:
        found = [
            [each for each in answer.differences if each.kind == kind and each.member not in allowed]
            for answer in _successes(seen, LIST, GET, TAGS)
        ]
        return _count((not each for each in found), differences=sum(map(len, found)))

    return judge


def _never(member: str) -> Callable[[Observations], Judgement]:
    """Return a function that judges whether no Region of the set has a member."""
    return lambda seen: _count(member not in info for info in _region_infos(seen))


def _unknown_arn(seen: Observations, operation: str) -> Judgement:
    answers = [answer for answer in seen.answers if answer.operation == operation and answer.arn == seen.unknown_arn]
    return _each([answer for answer in answers if answer.arn], lambda answer: answer.outcome == NOT_FOUND)


def _lists(seen: Observations) -> list[Answer]:
    return [answer for answer in seen.answers if answer.operation == LIST and answer.region in seen.regions]


def _errors(seen: Observations) -> list[Answer]:
    return [answer for answer in seen.answers if answer.outcome and answer.outcome not in _NO_ANSWER_OF_AWS]


def _errors_with(seen: Observations, code: str) -> list[Answer]:
    return [answer for answer in seen.answers if answer.outcome == code]


def _other_region(seen: Observations) -> Judgement:
    (answer,) = (answer for answer in seen.answers if answer.region == seen.other_region)
    # If no other Region can be reached either, that says nothing.
    if answer.outcome in (NO_ANSWER, NOT_SENT) or not any(each.status for each in _lists(seen)):
        return Judgement(NOT_SEEN, {})
    return Judgement(CONFIRMED if answer.outcome == NO_CONNECTION else CONTRADICTED, {answer.outcome or "success": 1})


def _all_listed(seen: Observations) -> Judgement:
    if not seen.arns:
        return Judgement(NOT_SEEN, {})
    return _each(_lists(seen), lambda answer: listed_arns(answer) == list(seen.arns), complete=True)


def _no_set(seen: Observations) -> Judgement:
    if seen.arns:
        return Judgement(NOT_SEEN, {})
    return _each(_lists(seen), lambda answer: answer.content.get("replicationSetArns") == [])


# The facts ------------------------------------------------------------------------------------------------------------

FACTS = (
    # Where the service and a set can be seen
    Fact(
        "service-regions",
        "The service answers in each Region that botocore has for it",
        "botocore's endpoints.json",
        lambda seen: _all(answer.outcome not in _NO_ANSWER_OF_AWS for answer in _lists(seen)),
    ),
    Fact(
        "region-without-service",
        "In a Region that botocore does not have for it, nothing answers",
        "botocore's endpoints.json",
        _other_region,
    ),
    Fact(
        "list-everywhere",
        "ListReplicationSets returns the ARN in each of the service's Regions",
        "Prowler",
        _all_listed,
    ),
    Fact("list-without-set", "Without a set, ListReplicationSets returns an empty list", "botocore's model", _no_set),
    Fact(
        "list-one-page",
        "ListReplicationSets returns one page, without nextToken",
        "unknown",
        lambda seen: _count(not answer.content.get("nextToken") for answer in _successes(seen, LIST)),
    ),
    Fact(
        "get-inside",
        "GetReplicationSet returns the set in each of its Regions that is ACTIVE",
        "Prowler, Terraform",
        lambda seen: _each(_with_status(seen, GET, "ACTIVE"), lambda answer: not answer.outcome),
    ),
    Fact(
        "get-outside",
        "GetReplicationSet answers ResourceNotFoundException in each other Region",
        "Prowler, Terraform",
        lambda seen: _each(_outside(seen, GET), lambda answer: answer.outcome == NOT_FOUND),
    ),
    Fact(
        "get-being-added",
        "GetReplicationSet answers ResourceNotFoundException in a Region that is being added, while another is ACTIVE",
        "unknown",
        lambda seen: _each(_beside_active(seen, GET, "CREATING"), lambda answer: answer.outcome == NOT_FOUND),
    ),
    Fact(
        "get-being-deleted",
        "GetReplicationSet answers ResourceNotFoundException in a Region that is being deleted, while another is ACTIVE",
        "unknown",
        lambda seen: _each(_beside_active(seen, GET, "DELETING"), lambda answer: answer.outcome == NOT_FOUND),
    ),
    Fact(
        "get-failed",
        "GetReplicationSet answers ResourceNotFoundException in a Region that is FAILED, while another is ACTIVE",
        "unknown",
        lambda seen: _each(_beside_active(seen, GET, "FAILED"), lambda answer: answer.outcome == NOT_FOUND),
    ),
    Fact(
        "tags-inside",
        "ListTagsForResource returns the tags in each of the set's Regions that is ACTIVE",
        "unknown",
        lambda seen: _each(_with_status(seen, TAGS, "ACTIVE"), lambda answer: not answer.outcome),
    ),
    Fact(
        "tags-outside",
        "ListTagsForResource answers ResourceNotFoundException in each other Region",
        "unknown",
        lambda seen: _each(_outside(seen, TAGS), lambda answer: answer.outcome == NOT_FOUND),
    ),
    Fact(
        "same-set",
        "All Regions return the same set",
        "unknown",
        lambda seen: _same(_sets(seen)),
    ),
    Fact(
        "same-tags",
        "All Regions return the same tags",
        "unknown",
        lambda seen: _same([answer.content.get("tags") for answer in _own(seen, TAGS) if not answer.outcome]),
    ),
    # ARNs
    Fact(
        "one-set",
        "An account has at most one set",
        "CloudFormation, Terraform",
        lambda seen: _count(len(set(listed_arns(answer))) <= 1 for answer in _successes(seen, LIST)),
    ),
    Fact(
        "arn-without-region",
        "The ARN of a set names no Region",
        "examples of the AWS CLI, Terraform",
        lambda seen: _count(
            re.fullmatch(r"arn:[a-z-]+:ssm-incidents::[0-9]{12}:replication-set/[0-9a-f-]{36}", arn) is not None
            for arn in seen.arns
        ),
    ),
    Fact(
        "unknown-arn",
        "GetReplicationSet answers ResourceNotFoundException for an ARN that no set has",
        "Terraform",
        lambda seen: _unknown_arn(seen, GET),
    ),
    Fact(
        "unknown-arn-tags",
        "ListTagsForResource answers ResourceNotFoundException for an ARN that no set has",
        "unknown",
        lambda seen: _unknown_arn(seen, TAGS),
    ),
    # What GetReplicationSet leaves out
    Fact(
        "no-arn",
        "GetReplicationSet returns no arn",
        "examples of the AWS CLI; in Terraform's tests there is one",
        lambda seen: _count("arn" not in found for found in _sets(seen)),
    ),
    Fact(
        "no-status-time",
        "GetReplicationSet returns no statusUpdateDateTime, although the model requires it",
        "examples of the AWS CLI",
        _never("statusUpdateDateTime"),
    ),
    Fact(
        "status-message",
        "An ACTIVE Region may have a statusMessage",
        "examples of the AWS CLI",
        lambda seen: _some("statusMessage" in info for info in _region_infos(seen) if info.get("status") == "ACTIVE"),
    ),
    Fact(
        "key-everywhere",
        "Each Region has an sseKmsKeyId",
        "examples of the AWS CLI",
        lambda seen: _count("sseKmsKeyId" in info for info in _region_infos(seen)),
    ),
    # Keys
    Fact(
        "default-key",
        "An sseKmsKeyId that is not the ARN of a KMS key is DefaultKey, for the AWS owned key",
        "examples of the AWS CLI",
        lambda seen: _count(key == DEFAULT_KEY for key in _keys(seen).values() if not key.startswith("arn:")),
    ),
    Fact(
        "key-arn",
        "A customer managed key is the ARN of a key in the same Region",
        "Terraform, User Guide",
        lambda seen: _count(
            _key_is_in_region(region, key) for region, key in _keys(seen).items() if key != DEFAULT_KEY
        ),
    ),
    Fact(
        "one-kind-of-key",
        "The keys of all Regions are of one kind: AWS owned, or customer managed",
        "Terraform's documentation",
        lambda seen: _same([key == DEFAULT_KEY for key in _keys(seen).values()]),
    ),
    # The form of the answers
    Fact(
        "one-to-three-regions",
        "A set has one to three Regions",
        "botocore's model",
        lambda seen: _count(1 <= len(regions) <= 3 for regions in [_regions(seen)] if _sets(seen)),
    ),
    Fact(
        "times",
        "Times are seconds since 1970, with fractions",
        "examples of the AWS CLI",
        lambda seen: _count(isinstance(value, float) for value in _times(seen)),
    ),
    Fact(
        "statuses",
        "Statuses are those of botocore's model",
        "botocore's model",
        _differences(ENUM),
    ),
    Fact(
        "types",
        "Members have the types of botocore's model",
        "botocore's model",
        _differences(TYPE),
    ),
    Fact(
        "no-unknown-members",
        "No answer has a member that botocore's model lacks",
        "botocore's model",
        _differences(UNKNOWN),
    ),
    Fact(
        "required-members",
        "Each answer has the members that botocore's model requires, except statusUpdateDateTime",
        "botocore's model",
        _differences(MISSING, allowed=("statusUpdateDateTime",)),
    ),
    Fact(
        "error-type",
        "Each error has its code in the header x-amzn-errortype",
        "protocol rest-json",
        lambda seen: _count(
            answer.headers.get("x-amzn-errortype", "").partition(":")[0] == answer.outcome for answer in _errors(seen)
        ),
    ),
    Fact(
        "not-found-members",
        "ResourceNotFoundException has status 404, resourceIdentifier and resourceType",
        "botocore's model",
        lambda seen: _count(
            answer.status == 404 and {"resourceIdentifier", "resourceType"} <= answer.content.keys()
            for answer in _errors_with(seen, NOT_FOUND)
        ),
    ),
    Fact(
        "access-denied-status",
        "AccessDeniedException has status 403",
        "botocore's model",
        lambda seen: _count(answer.status == 403 for answer in _errors_with(seen, "AccessDeniedException")),
    ),
    Fact(
        "throttling-status",
        "ThrottlingException has status 429",
        "botocore's model",
        lambda seen: _count(answer.status == 429 for answer in _errors_with(seen, "ThrottlingException")),
    ),
    Fact(
        "request-id",
        "Each answer has the header x-amzn-requestid",
        "protocol rest-json",
        lambda seen: _count("x-amzn-requestid" in answer.headers for answer in seen.answers if answer.headers),
    ),
)
