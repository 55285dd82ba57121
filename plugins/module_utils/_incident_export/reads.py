# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of an export: read a page of a list, or an object. Their parameters and responses come from botocore's models."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple

try:
    from botocore import xform_name
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule reports it

from .._aws.arn import is_arn_of
from .._aws.calls import Attempts, call_aws, required_member
from .._aws.errors import MISSING_LIBRARY, Failure
from .kinds import KINDS, NONE_IF_NOT_FOUND, Kind
from .lines import plain

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel, ServiceModel, Shape

    from .._aws.connection import Connection

# The maximum number of items in a page. ssm-incidents allows no more. ssm-contacts allows 1,024, which would take more memory.
_PAGE_SIZE = 100

# The HTTP status of every read (botocore's models).
_COMPLETE = 200

# botocore's name for a member of a union that its model does not have.
_UNKNOWN_MEMBER = "SDK_UNKNOWN_MEMBER"


class Page(NamedTuple):
    """
    A page of a list.

    :ivar items: its items, as plain() returns them.
    :ivar token: the token of the next page; None after the last one.
    """

    items: list[dict[str, Any]]
    token: str | None


class Reads:
    """
    The calls in all Regions of a replication set.

    :ivar without_list: the number of responses without a list, by operation. botocore's models allow these operations to leave
        the list out. Such a response counts as an empty list.
    :ivar unknown_members: by operation, the names of the members of responses that the installed botocore does not know.
    """

    def __init__(self, connection: Connection, regions: Iterable[str], deadline: float) -> None:
        """
        :param connection: makes the clients, one for each API and Region.
        :param deadline: a time of time.monotonic(). Throttled calls are retried until then.
        :raises Failure: if a client can't be made.
        """
        self.without_list: Counter[str] = Counter()
        self.unknown_members: defaultdict[str, set[str]] = defaultdict(set)
        services = dict.fromkeys(kind.service for kind in KINDS.values())
        self._clients = {
            (service, region): connection.client(service, region) for region in regions for service in services
        }
        self._deadline = deadline
        self._lock = Lock()
        for client in self._clients.values():
            client.meta.events.register(
                "response-received", partial(self._check_body, client.meta.service_model), unique_id=__name__
            )

    def missing_operation(self, kind: Kind, operation: str) -> Failure | None:
        """Return the failure for an operation that the installed botocore does not know; None if it knows the operation."""
        client = next(client for (service, _region), client in self._clients.items() if service == kind.service)
        if operation in client.meta.service_model.operation_names:
            return None
        return Failure(
            f"Failed to call {operation}",
            code=MISSING_LIBRARY,
            reason="the installed botocore does not know this operation",
            advice="Install a newer boto3 and botocore.",
        )

    def page(
        self,
        kind: Kind,
        operation: str,
        region: str,
        parent: str | None,
        token: str | None,
        period: tuple[str, str] | None,
    ) -> Page:
        """Return a page of a list.

        :param parent: the ARN of the object whose parts are listed; None for a list of all objects in the Region.
        :param token: the token of the page; None for the first one.
        :param period: the start and the end of the period, if the operation requires one.
        :raises Failure: for every error.
        """
        client = self._clients[kind.service, region]
        model = client.meta.service_model.operation_model(operation)
        given: dict[str, Any] = {}
        for name, shape in model.input_shape.members.items():
            if name.lower() == "nexttoken" and token is not None:
                given[name] = token
            elif name.lower() == "maxresults":
                given[name] = min(_PAGE_SIZE, shape.metadata.get("max", _PAGE_SIZE))
            elif period and name in ("StartTime", "EndTime"):
                given[name] = period[name == "EndTime"]
            elif parent and name in model.input_shape.required_members:
                given[name] = parent
        answer = partial(self._page, client, model, given, kind, parent)
        return self._call(client, operation, parent, answer)

    def get(self, kind: Kind, operation: str, region: str, item_id: str, parent: str | None) -> dict[str, Any]:
        """Return the response of an operation that reads one object, as plain() returns it.

        :param item_id: the ARN or the ID of the object.
        :param parent: the ARN of the object that it is a part of; None if it is not a part.
        :raises Failure: for every error.
        """
        client = self._clients[kind.service, region]
        model = client.meta.service_model.operation_model(operation)
        required = model.input_shape.required_members
        given: dict[str, Any] = {}
        for name in required:
            if model.input_shape.members[name].type_name == "list":
                given[name] = [item_id]
            else:
                given[name] = item_id if name == kind.id or len(required) == 1 else parent
        answer = partial(self._object, client, model, given, kind, item_id, parent)
        return self._call(client, operation, item_id if parent is None else parent, answer)

    def _call(self, client: BaseClient, operation: str, arn: str | None, call: Callable[[], Any]) -> Any:
        about = f" for {arn}" if arn else ""
        # The error does not quote a response that can't be read, because the response can contain personal data.
        attempts = Attempts(deadline=self._deadline, is_patient=True)
        return call_aws(client, f"call {operation}{about}", call, attempts, returns_secrets=True)

    def _check_body(
        self,
        model: ServiceModel,
        response_dict: Mapping[str, Any] | None,
        parsed_response: dict[str, Any] | None,
        event_name: str,
        **_others: Any,
    ) -> None:
        """Add the members that botocore's parser has left out of a response. A handler of botocore's event response-received.

        :raises ValueError: if the response is not JSON. botocore itself would treat it as an empty response.
        """
        if response_dict is None or response_dict["status_code"] != _COMPLETE:
            return
        body = json.loads(response_dict["body"])
        if not isinstance(body, dict):
            raise ValueError("the response is not a JSON object")
        operation = event_name.rsplit(".", 1)[-1]
        unknown = with_unknown_members(model.operation_model(operation).output_shape, body, parsed_response)
        if unknown:
            with self._lock:
                self.unknown_members[operation] |= unknown

    def _page(
        self,
        client: BaseClient,
        model: OperationModel,
        given: Mapping[str, Any],
        kind: Kind,
        parent: str | None,
    ) -> Page:
        answer, shape = _send(client, model, given), model.output_shape
        (listed,) = (name for name, member in shape.members.items() if member.type_name == "list")
        # The model allows some responses to have no list. For a list of all objects in a Region, this is an error: it must not
        # mean that the Region has none.
        if parent is not None and listed not in answer and listed not in shape.required_members:
            with self._lock:
                self.without_list[model.name] += 1
            items = []
        else:
            items = required_member(answer, listed, list)
        for item in items:
            if not isinstance(item, dict) or not (kind.id is None or _is_id(item.get(kind.id), kind.id)):
                raise ValueError(f"an item of {listed} has no {kind.id}")
            if kind.id and kind.resource_type and not is_arn_of(item[kind.id], kind.resource_type):
                raise ValueError(f"{kind.id} of an item of {listed} is not the ARN of a {kind.resource_type}")
            _validate_parent(item.get(kind.parent_id), kind, parent)
        token = next((answer.get(name) for name in shape.members if name.lower() == "nexttoken"), None)
        if not isinstance(token, (str, type(None))) or token == "":
            raise ValueError("the token of the next page is empty or not a string")
        return Page(plain(items), token)

    def _object(
        self,
        client: BaseClient,
        model: OperationModel,
        given: Mapping[str, Any],
        kind: Kind,
        item_id: str,
        parent: str | None,
    ) -> dict[str, Any]:
        answer, shape = _send(client, model, given), model.output_shape
        for error in answer.get("errors") or []:
            # Only BatchGetIncidentFindings returns errors in a successful response.
            raise ClientError({"Error": {"Code": error.get("code"), "Message": error.get("message")}}, model.name)
        for name in shape.required_members:
            if answer.get(name) is None:
                raise ValueError(f"{name} is missing")
        found, has_id = _values_of(answer, shape, kind.id or "")
        if any(value != item_id for value in found) or (has_id and not found and not _is_id_optional(shape, kind.id)):
            raise ValueError(f"{kind.id} is missing or belongs to another object")
        for value in _values_of(answer, shape, kind.parent_id or "")[0]:
            _validate_parent(value, kind, parent)
        if not answer and model.name == "ListTagsForResource":
            with self._lock:
                self.without_list[model.name] += 1
        elif not answer and model.name not in NONE_IF_NOT_FOUND:
            raise ValueError("the response is empty")
        return plain(answer)


def with_unknown_members(shape: Shape, body: Any, parsed: Any) -> set[str]:
    """Add the members of a response that botocore has left out, because its model does not have them.

    :param shape: the model of the response, or of a part of it.
    :param body: the same part of the response, as AWS sent it.
    :param parsed: the same part as botocore parsed it. The members are added to it as AWS sent them.
    :return: the names of the members that were added.
    """
    unknown: set[str] = set()
    if shape.type_name == "list" and isinstance(body, list) and isinstance(parsed, list):
        for item, parsed_item in zip(body, parsed):
            unknown |= with_unknown_members(shape.member, item, parsed_item)
    elif shape.type_name == "map" and isinstance(body, dict) and isinstance(parsed, dict):
        for key in body.keys() & parsed.keys():
            unknown |= with_unknown_members(shape.value, body[key], parsed[key])
    elif shape.type_name == "structure" and isinstance(body, dict) and isinstance(parsed, dict):
        parsed.pop(_UNKNOWN_MEMBER, None)
        known = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for key, value in body.items():
            if key in known:
                name = known[key]
                unknown |= with_unknown_members(shape.members[name], value, parsed.get(name))
            elif value is not None:
                unknown.add(key)
                parsed[key] = value
    return unknown


def _validate_parent(value: Any, kind: Kind, parent: str | None) -> None:
    """Validate that a part belongs to its parent.

    :param value: the ARN of the parent in the response; None if the response has none.
    :param parent: the ARN of the parent in the request; None if there is none.
    :raises ValueError: if they differ.
    """
    # Compare without the Region, because some operations return ARNs with a Region and some without.
    if parent and value is not None and str(value).split(":", 5)[-1] != parent.split(":", 5)[-1]:
        raise ValueError(f"{kind.parent_id} is the ARN of another object")


def _send(client: BaseClient, model: OperationModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Call an operation, and return its response without metadata. Raises a ValueError if the HTTP status is not 200."""
    answer = getattr(client, xform_name(model.name))(**given)
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    if status != _COMPLETE:
        raise ValueError(f"the HTTP status is {status}")
    return answer


def _is_id(value: Any, member: str) -> bool:
    """Return whether a value can be that of an ID member: an ARN if the member's name ends with "arn", otherwise any text."""
    if not isinstance(value, str) or not value:
        return False
    return not member.lower().endswith("arn") or (value.startswith("arn:") and value.count(":") >= 5)


def _shapes(shape: Shape) -> Iterator[tuple[str | None, Shape]]:
    """Yield the places where a response can have the object, each with its shape.

    The places are the response itself (None) and the members that are structures or lists of structures.
    """
    yield None, shape
    for name, member in shape.members.items():
        if member.type_name == "list":
            member = member.member
        if member.type_name == "structure":
            yield name, member


def _is_id_optional(shape: Shape, id_member: str | None) -> bool:
    """Return whether a response may lack the ID of the object.

    Recorded responses for a replication set have no ARN (AWS CLI's examples), and the model allows that.
    """
    return all(id_member not in one.required_members for _name, one in _shapes(shape))


def _values_of(answer: Mapping[str, Any], shape: Shape, name: str) -> tuple[list[Any], bool]:
    """Return the values of a member in all places where a response can have the object.

    :return: the values, and whether the model has such a member in any of these places.
    """
    found, has_member = [], False
    for place, one in _shapes(shape):
        if name in one.members:
            has_member = True
            value = answer if place is None else answer.get(place) or []
            found += [item[name] for item in (value if isinstance(value, list) else [value]) if name in item]
    return found, has_member
