# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Answers the read operations. One function answers every operation that lists objects, and another every one that gets an
object. They take the names of the members from botocore's model.

For the sources [model], [cli] and [alchemy], see models.py. A rule without a source is *unknown*, and is strict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..utils import CONTACTS
from .data import Data, Item
from .kinds import KINDS, READS, arn_member, is_list, members_of, operation_model, result_member

# For a record that does not exist, an operation that does not declare this error answers with an empty list [model; alchemy
# has seen both].
NOT_FOUND = "ResourceNotFoundException"
VALIDATION = "ValidationException"
_FINDING_NOT_FOUND = "The finding was not found"


class ReadError(Exception):
    """
    An error of the service.

    :ivar code: its code.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Question(NamedTuple):
    """
    One call.

    :ivar given: the input, as the model allows it.
    :ivar region: the Region that is asked.
    :ivar page_size: the maximum of objects in a page, even if the caller asks for more; None for the model's limit.
    :ivar empty_pages: how many empty pages, each with a token, come first.
    """

    service: str
    operation: str
    given: Mapping[str, Any]
    region: str
    account: str
    page_size: int | None = None
    empty_pages: int = 0


def answer(data: Data | None, asked: Question) -> dict[str, Any]:
    """
    Return the answer to a read operation, as JSON.

    :param data: the objects; None if there is no set, or the Region that is asked is not in it.
    :raises ReadError: if the service would answer with an error.
    """
    if data is None and asked.service == CONTACTS:
        # Seen for an account without a set [alchemy]. Whether a Region outside a set answers so too is *unknown*.
        raise ReadError(VALIDATION, "Account not found for the request")
    # Without a set, a list of incidents is empty and not an error [alchemy]. Whether a Region outside a set answers so too is
    # *unknown*.
    data = data or Data()
    if asked.operation == "BatchGetIncidentFindings":
        return _findings(data, asked)
    if asked.operation == "ListTagsForResource":
        return _tags_of_contact(data, asked)
    return _list(data, asked) if is_list(asked.service, asked.operation) else _get(data, asked)


def tags_of(data: Data | None, arn: str, region: str) -> Mapping[str, str] | None:
    """Return the tags of an object; None if no object with this ARN can have tags."""
    item = data.by_arn(arn, region) if data else None
    return item.tags if item is not None and KINDS[item.kind].has_tags else None


def _tags_of_contact(data: Data, asked: Question) -> dict[str, Any]:
    arn = asked.given["ResourceARN"]
    tags = tags_of(data, arn, asked.region)
    if tags is None:
        if arn.count(":") < 5:
            raise ReadError(VALIDATION, f"Invalid resource ARN: {arn}")
        raise _not_found(asked, arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _get(data: Data, asked: Question) -> dict[str, Any]:
    """Return one object, found by its ARN, by its parent's ARN and its ID, or as its parent's only object."""
    kind = READS[asked.service][asked.operation]
    name = arn_member(asked.service, asked.operation)
    assert name is not None
    arn = asked.given[name]
    item = data.by_arn(arn, asked.region)
    if item is not None and item.kind != kind:
        ids = [value for member, value in asked.given.items() if member != name]
        of_parent = data.listed(kind, arn, asked.region)
        # The answer for a contact without a policy is *unknown*.
        item = next((one for one in of_parent if not ids or one.id == ids[0]), None)
    if item is None:
        raise _not_found(asked, arn)
    wrapper = result_member(asked.service, asked.operation)
    return {wrapper: dict(item.body)} if wrapper else dict(item.body)


def _list(data: Data, asked: Question) -> dict[str, Any]:
    model = operation_model(asked.service, asked.operation)
    parent_member = arn_member(asked.service, asked.operation)
    parent = asked.given[parent_member] if parent_member else None
    declared = {shape.name for shape in model.error_shapes}
    if parent is not None and data.by_arn(parent, asked.region) is None:
        if NOT_FOUND in declared:
            raise _not_found(asked, parent)
        found: list[Item] = []
    else:
        wanted = _filter(asked)
        kind = READS[asked.service][asked.operation]
        found = [item for item in data.listed(kind, parent, asked.region) if wanted(item.body)]
    position, size = _page(asked)
    start = position - asked.empty_pages
    page, following = (found[start : start + size], position + size) if start >= 0 else ([], position + 1)
    member = result_member(asked.service, asked.operation)
    assert member is not None
    result: dict[str, Any] = {member: [_summary(asked, item) for item in page]}
    if following - asked.empty_pages < len(found) or start < 0:
        output = members_of(model.output_shape)
        token_member = next(name for name in output.members if name.lower() == "nexttoken")
        result[token_member] = f"{_digest(asked)}{following}"
    return result


def _summary(asked: Question, item: Item) -> dict[str, Any]:
    """Return those members of an object that items of the list have [model]."""
    output = members_of(operation_model(asked.service, asked.operation).output_shape)
    member = result_member(asked.service, asked.operation)
    assert member is not None
    shape: Any = output.members[member]
    return {name: value for name, value in item.body.items() if name in shape.member.members}


def _page(asked: Question) -> tuple[int, int]:
    """
    Return the position of a page, in empty pages and objects, and the maximum of objects in the page.

    :raises ReadError: for a token that is not from this question.
    """
    shape = members_of(operation_model(asked.service, asked.operation).input_shape)
    given = {name.lower(): value for name, value in asked.given.items()}
    limits = [member.metadata["max"] for name, member in shape.members.items() if name.lower() == "maxresults"]
    # ListPageResolutions has no limit [model]. ssm-contacts allows 0, which counts as no limit (*unknown*).
    size = given.get("maxresults") or next(iter(limits), 100)
    size = min(size, asked.page_size or size)
    digest, token = _digest(asked), given.get("nexttoken")
    if token is None:
        return 0, size
    if not token.startswith(digest) or not token[len(digest) :].isdecimal():
        raise ReadError(VALIDATION, "Invalid nextToken")
    return int(token[len(digest) :]), size


def _digest(asked: Question) -> str:
    """Return what identifies a question, whatever its page. A token is opaque, and is valid for one question only."""
    given = {name: value for name, value in asked.given.items() if name.lower() not in ("nexttoken", "maxresults")}
    question = [asked.service, asked.operation, asked.region, asked.account, given]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:20] + "_"


# The optional inputs that select objects, each with its condition on a body [model].
_FILTERS: dict[str, Callable[[Mapping[str, Any], Any], bool]] = {
    "Type": lambda body, wanted: body["Type"] == wanted,
    "AliasPrefix": lambda body, wanted: str(body["Alias"]).startswith(wanted),
    "RotationNamePrefix": lambda body, wanted: str(body["Name"]).startswith(wanted),
    "IncidentId": lambda body, wanted: body.get("IncidentId") == wanted,
    # For overrides and shifts: a part of them must be in the range (*unknown*).
    "StartTime": lambda body, wanted: body.get("EndTime", wanted) >= wanted,
    "EndTime": lambda body, wanted: body.get("StartTime", wanted) <= wanted,
}


def _filter(asked: Question) -> Callable[[Mapping[str, Any]], bool]:
    """
    Return a function that says whether the list has a body.

    :raises ReadError: for an input that the endpoint does not serve: filters, sortBy, sortOrder and TimeRangeValue.
    """
    parent = arn_member(asked.service, asked.operation)
    shape = members_of(operation_model(asked.service, asked.operation).input_shape)
    others = {
        name: value
        for name, value in asked.given.items()
        if name in shape.members and name != parent and name.lower() not in ("nexttoken", "maxresults")
    }
    if unserved := others.keys() - _FILTERS.keys():
        raise ReadError(VALIDATION, f"The local endpoint does not serve {', '.join(sorted(unserved))}")
    return lambda body: all(_FILTERS[name](body, value) for name, value in others.items())


def _findings(data: Data, asked: Question) -> dict[str, Any]:
    """Answer BatchGetIncidentFindings. The code and the text of a finding that does not exist are *unknown*."""
    arn = asked.given["incidentRecordArn"]
    if data.by_arn(arn, asked.region) is None:
        raise _not_found(asked, arn)
    known = {item.id: item.body for item in data.listed("finding", arn, asked.region)}
    ids = list(dict.fromkeys(asked.given["findingIds"]))
    return {
        "findings": [dict(known[one]) for one in ids if one in known],
        "errors": [
            {"code": NOT_FOUND, "findingId": one, "message": _FINDING_NOT_FOUND} for one in ids if one not in known
        ],
    }


def _not_found(asked: Question, arn: str) -> ReadError:
    # The answer for another account's ARN is *unknown*. No policy could allow the call.
    if arn.split(":")[4] != asked.account:
        return ReadError("AccessDeniedException", f"Account {asked.account} is not authorized to access {arn}")
    return ReadError(NOT_FOUND, f"Resource {arn} was not found")
