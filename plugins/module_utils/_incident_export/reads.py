# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of an export: a page of a list, and an object. What they take and return comes from botocore's model."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple

try:
    from botocore import xform_name
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule reports it

from .._aws.calls import call_aws, required_member
from .._aws.errors import MISSING_LIBRARY, AnsibleSSMIncidentsError
from .kinds import KINDS, NONE_IF_NOT_FOUND, Kind
from .lines import plain

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel, Shape

    from .._aws.connection import Connection

# The most items in a page: as many as ssm-incidents allows. ssm-contacts allows 1,024, which would take more memory.
_PAGE_SIZE = 100

# The status of every read (botocore's models).
_COMPLETE = 200


class Page(NamedTuple):
    """
    A page of a list.

    :ivar items: as JSON.
    :ivar token: that of the next page, None if there is none.
    """

    items: list[dict[str, Any]]
    token: str | None


class Reads:
    """
    The calls, in all Regions of a set.

    :param connection: makes the clients, one for each API and Region.
    :param deadline: a time of time.monotonic(), until which throttled calls are made again.
    :raises AnsibleSSMIncidentsError: if a client can't be made.
    """

    def __init__(self, connection: Connection, regions: Iterable[str], deadline: float) -> None:
        services = dict.fromkeys(kind.service for kind in KINDS.values())
        self._clients = {
            (service, region): connection.client(service, region) for region in regions for service in services
        }
        self._deadline = deadline
        for client in self._clients.values():
            client.meta.events.register("response-received", _require_json, unique_id=__name__)

    def missing_operation(self, kind: Kind, operation: str) -> AnsibleSSMIncidentsError | None:
        """Return the failure of an operation that the installed botocore does not know, None if it knows it."""
        client = next(client for (service, _region), client in self._clients.items() if service == kind.service)
        if operation in client.meta.service_model.operation_names:
            return None
        return AnsibleSSMIncidentsError(
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

        :param parent: the ARN that the list asks about, if it asks about one.
        :param token: that of the page, None for the first one.
        :param period: the start and the end that the list asks for, if it asks for one.
        :raises AnsibleSSMIncidentsError: for every error.
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
        answer = partial(_page, client, model, given, kind.id)
        return self._call(client, operation, parent, answer)

    def get(self, kind: Kind, operation: str, region: str, item_id: str, parent: str | None) -> dict[str, Any]:
        """Return the response of an operation that reads one object, as JSON.

        :param item_id: the object's ARN or ID.
        :param parent: the ARN of the object that it is a part of.
        :raises AnsibleSSMIncidentsError: for every error.
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
        answer = partial(_object, client, model, given, kind, item_id)
        return self._call(client, operation, item_id if parent is None else parent, answer)

    def _call(self, client: BaseClient, operation: str, arn: str | None, call: Callable[[], Any]) -> Any:
        about = f" for {arn}" if arn else ""
        # A response that can't be read is not quoted, as it is about people.
        return call_aws(client, f"call {operation}{about}", call, returns_secrets=True, deadline=self._deadline)


def _require_json(response_dict: Mapping[str, Any] | None, **_others: Any) -> None:
    """Raise a ValueError for a response of status 200 without a JSON object, which botocore takes for an empty one."""
    is_complete = response_dict is not None and response_dict["status_code"] == _COMPLETE
    if response_dict and is_complete and not isinstance(json.loads(response_dict["body"]), dict):
        raise ValueError("the response is not a JSON object")


def _send(client: BaseClient, model: OperationModel, given: Mapping[str, Any]) -> dict[str, Any]:
    answer = getattr(client, xform_name(model.name))(**given)
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    if status != _COMPLETE:
        raise ValueError(f"the HTTP status is {status}")
    return answer


def _page(client: BaseClient, model: OperationModel, given: Mapping[str, Any], id_member: str | None) -> Page:
    answer, shape = _send(client, model, given), model.output_shape
    (listed,) = (name for name, member in shape.members.items() if member.type_name == "list")
    # By the model, some lists need not be there.
    is_left_out = listed not in answer and listed not in shape.required_members
    items = [] if is_left_out else required_member(answer, listed, list)
    for item in items:
        if not isinstance(item, dict) or not (id_member is None or _is_id(item.get(id_member), id_member)):
            raise ValueError(f"an item of {listed} has no {id_member}")
    token = next((answer.get(name) for name in shape.members if name.lower() == "nexttoken"), None)
    if not isinstance(token, (str, type(None))) or token == "":
        raise ValueError("the token of the next page is not a str, or is empty")
    return Page(plain(items), token)


def _is_id(value: Any, member: str) -> bool:
    if not isinstance(value, str) or not value:
        return False
    return not member.lower().endswith("arn") or (value.startswith("arn:") and value.count(":") >= 5)


def _object(
    client: BaseClient, model: OperationModel, given: Mapping[str, Any], kind: Kind, item_id: str
) -> dict[str, Any]:
    answer, shape = _send(client, model, given), model.output_shape
    for error in answer.get("errors") or []:
        # BatchGetIncidentFindings alone has errors in a response.
        raise ClientError({"Error": {"Code": error.get("code"), "Message": error.get("message")}}, model.name)
    for name in shape.required_members:
        if answer.get(name) is None:
            raise ValueError(f"{name} is missing")
    found, has_id = _objects_with_id(answer, shape, kind.id or "")
    if any(value != item_id for value in found) or (has_id and not found and not _is_id_optional(shape, kind.id)):
        raise ValueError(f"{kind.id} is missing or is another one's")
    if not answer and model.name not in (*NONE_IF_NOT_FOUND, "ListTagsForResource"):
        raise ValueError("the response is empty")
    return plain(answer)


def _shapes(shape: Shape) -> Iterator[tuple[str | None, Shape]]:
    """Yield the shapes of what can be the object in a response: the response itself, or a member of it, or its items."""
    yield None, shape
    for name, member in shape.members.items():
        if member.type_name == "list":
            member = member.member
        if member.type_name == "structure":
            yield name, member


def _is_id_optional(shape: Shape, id_member: str | None) -> bool:
    """Recorded responses leave out the ARN of a replication set (AWS CLI's examples), as the model allows."""
    return all(id_member not in one.required_members for _name, one in _shapes(shape))


def _objects_with_id(answer: Mapping[str, Any], shape: Shape, id_member: str) -> tuple[list[Any], bool]:
    """Return the IDs in a response, and whether it can have one."""
    found, has_id = [], False
    for name, one in _shapes(shape):
        if id_member in one.members:
            has_id = True
            value = answer if name is None else answer.get(name) or []
            found += [item[id_member] for item in (value if isinstance(value, list) else [value]) if id_member in item]
    return found, has_id
