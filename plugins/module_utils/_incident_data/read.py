# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that list and read what a replication set holds. Their parameters and responses come from botocore's models."""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from functools import partial
from itertools import product
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, NamedTuple

try:
    from botocore import xform_name
    from botocore.exceptions import ClientError
    from botocore.utils import parse_timestamp
except ImportError:
    pass  # AnsibleAWSModule reports it

from .._aws.arn import is_arn_of
from .._aws.calls import AS_CONFIGURED, Attempts, call_aws
from .._aws.errors import MALFORMED_ANSWER, READ_TIMEOUT, TIMEOUT_ERRORS, WAIT_TIMEOUT, Failure
from .._aws.text import iso_time, shorten
from .kinds import CONTACTS, INCIDENTS, NONE_IF_NOT_FOUND, REPLICATION_SET, Kind

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel, ServiceModel, Shape

    from .._aws.connection import Connection

#: A list with more pages than this (100,000 items) is not from AWS.
MAX_PAGES = 1000

# The maximum number of items in a page. ssm-incidents allows no more. ssm-contacts allows 1,024, which would take more memory.
_PAGE_SIZE = 100

# The HTTP status of every read (botocore's models).
_COMPLETE = 200

# A Region in which so many calls in a row have timed out is not called again until forget_troubles().
_MAX_TIMEOUTS = 3


class Place(NamedTuple):
    """The subject of a call or a failure.

    :ivar kind: the kind of object that the call lists or reads.
    :ivar operation: the operation; empty if the failure is not about one operation.
    :ivar region: the Region that is called; empty if none is called.
    :ivar arn: the ARN of the object that is read, or whose parts are listed or read; None for a list of all objects in the
        Region.
    :ivar id: the ID of the part that is read; None for the object itself and for a list.
    """

    kind: Kind
    operation: str
    region: str
    arn: str | None = None
    id: str | None = None


class Listing:
    """
    A list of the objects of a kind in a Region: of all objects, or of those that belong to an object. Reader.read_list() fills it in.

    :ivar pages: what the list has returned, also before a failure.
    :ivar failure: why the list is incomplete, if it is.
    :ivar is_answer: whether all responses had a list. botocore's models allow some operations to leave it out.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.pages: list[list[Any]] = []
        self.failure: Failure | None = None
        self.is_answer = True

    def cut(self, failure: Failure) -> Listing:
        """Return the list as it is now, with a failure. A thread may still fill in this one."""
        copy = Listing(self.place)
        copy.pages, copy.failure = list(self.pages), failure
        return copy


class _AttemptsOfRound(Attempts):
    """How a call of the export is tried. If it times out, another Region or the next round has the next attempt."""

    def allows(self, failure: Failure, attempt: int, client: BaseClient) -> bool:
        """Return whether a call that has failed in this attempt is tried once more."""
        return failure.code not in TIMEOUT_ERRORS and super().allows(failure, attempt, client)


class Reader:
    """
    The calls in all Regions of a replication set. Several threads can use it.

    :ivar without_list: the number of responses without a list, by operation. botocore's models allow these operations to leave
        the list out. Such a response counts as an empty list.
    :ivar unknown_members: by operation, the names of the members of responses that the installed botocore does not know.
    """

    def __init__(
        self, connection: Connection, regions: Iterable[str], periods: Mapping[str, Mapping[str, str]]
    ) -> None:
        """
        :param connection: makes the clients, one for each API and Region.
        :param periods: the periods of kinds.periods() that lists require.
        """
        self.without_list: Counter[str] = Counter()
        self.unknown_members: defaultdict[str, set[str]] = defaultdict(set)
        self._periods = periods
        self._clients: dict[tuple[str, str], BaseClient | Failure] = {}
        # For the lists of a Region and for its other calls: the number of transient errors in a row, and of time-outs in a row.
        self._troubles: Counter[tuple[str, bool]] = Counter()
        self._timeouts: Counter[tuple[str, bool]] = Counter()
        self._lock = Lock()
        for region, service in product(regions, (INCIDENTS, CONTACTS)):
            try:
                client = connection.client(service, region)
                make_plain = partial(self._make_plain, client.meta.service_model)
                client.meta.events.register("response-received", make_plain, unique_id=__name__)
                self._clients[service, region] = client
            except Failure as failure:
                self._clients[service, region] = failure

    def knows(self, kind: Kind, operation: str) -> bool:
        """Return whether the installed botocore knows an operation."""
        clients = (client for (service, _region), client in self._clients.items() if service == kind.service)
        models = [client.meta.service_model for client in clients if not isinstance(client, Failure)]
        return not models or operation in models[0].operation_names

    def healthiest(self, regions: Iterable[str]) -> list[str]:
        """Return Regions, those whose reads have had the fewest transient errors in a row first, and then by name."""
        return sorted(regions, key=lambda region: (self._troubles[region, False], region))

    def forget_troubles(self) -> None:
        """Call every Region again, in the order of their names."""
        self._troubles, self._timeouts = Counter(), Counter()

    def read_list(self, listing: Listing, deadline: float, take: Callable[[dict[str, Any]], Any] | None = None) -> None:
        """Read all pages of a list. A failure raises no error.

        If AWS throttles a page, only this page is requested again, and not those before it.

        :param deadline: a time of time.monotonic(). No call is made after it, and throttled calls are retried until then. If it
            is infinite, they are retried as often as other calls.
        :param take: converts an item. It raises a ValueError if the item can't be used.
        """
        place = listing.place
        what = f"list the {place.kind.words}{f' of {place.arn}' if place.arn else ''}"
        tokens: list[str | None] = [None]
        try:
            while len(tokens) <= MAX_PAGES:
                read_page = partial(self._page, listing=listing, token=tokens[-1], take=take)
                page, following = self._call(place, what, deadline, read_page)
                listing.pages.append(page)
                if following is None:
                    return
                if following in tokens:
                    break
                tokens.append(following)
            raise Failure(
                f"Failed to {what} in Region {place.region}",
                code=MALFORMED_ANSWER,
                reason=f"the list does not end: a page is repeated, or there are more than {MAX_PAGES} pages",
            )
        except Failure as failure:
            listing.failure = failure

    def get(self, place: Place, deadline: float) -> dict[str, Any]:
        """Return the response of an operation that reads one object.

        :param place: the object and the operation.
        :param deadline: as for read_list().
        :raises Failure: for every error.
        """
        what = f"call {place.operation} for {place.arn}"
        return self._call(place, what, deadline, partial(self._object, place=place))

    def _call(self, place: Place, what: str, deadline: float, call: Callable[[BaseClient], Any]) -> Any:
        client = self._clients[place.kind.service, place.region]
        if isinstance(client, Failure):
            raise client
        if time.monotonic() >= deadline:
            raise too_late(f"Failed to {what} in Region {place.region}", "it was not read")
        calls = (place.region, place.operation in place.kind.lists)
        if self._timeouts[calls] >= _MAX_TIMEOUTS:
            reason = f"{_MAX_TIMEOUTS} calls in a row had timed out in this Region"
            raise Failure(f"Failed to {what} in Region {place.region}", code=READ_TIMEOUT, reason=reason)
        attempts = AS_CONFIGURED if deadline == math.inf else _AttemptsOfRound(deadline=deadline, is_patient=True)
        try:
            # The error does not quote a response that can't be read, because the response can contain personal data.
            result = call_aws(client, what, partial(call, client), attempts, returns_secrets=True)
        except Failure as failure:
            self._troubles[calls] = self._troubles[calls] + 1 if failure.is_transient else 0
            self._timeouts[calls] = self._timeouts[calls] + 1 if failure.code in TIMEOUT_ERRORS else 0
            raise
        self._troubles[calls] = self._timeouts[calls] = 0
        return result

    def _make_plain(self, model: ServiceModel, event_name: str, **event: Any) -> None:
        """Replace what botocore's parser has returned with plain(). A handler of botocore's event response-received."""
        response = event["response_dict"]
        if response is None or response["status_code"] != _COMPLETE:
            return
        operation = event_name.rsplit(".", 1)[-1]
        unknown: set[str] = set()
        shape = model.operation_model(operation).output_shape
        event["parsed_response"].update(plain(shape, json.loads(response["body"]), unknown))
        if unknown:
            with self._lock:
                self.unknown_members[operation] |= unknown

    def _page(
        self, client: BaseClient, listing: Listing, token: str | None, take: Callable[[dict[str, Any]], Any] | None
    ) -> tuple[list[Any], str | None]:
        """Return the items of a page, and the token of the next page; None after the last one."""
        place = listing.place
        model = client.meta.service_model.operation_model(place.operation)
        response = getattr(client, xform_name(model.name))(**self._parameters(model, place, token))
        shapes = model.output_shape.members
        (listed,) = (name for name, member in shapes.items() if member.type_name == "list")
        if listed not in response:
            # For a list of all objects in a Region, this is an error: it must not mean that the Region has none.
            if not place.arn or listed in model.output_shape.required_members:
                raise ValueError(f"{listed} is missing")
            listing.is_answer = False
            with self._lock:
                self.without_list[model.name] += 1
        items = response.get(listed, [])
        for item in items:
            if not place.kind.gets:
                # Other items are only counted, or read one by one.
                require_members(shapes[listed].member, item, listed)
            _validate_id(item, place.kind, listed)
            _validate_parent(item, place.kind, place.arn)
        following = next((response[name] for name in shapes if _is_token(name) and name in response), None)
        if following == "":
            raise ValueError("the token of the next page is empty")
        return [take(item) for item in items] if take else items, following

    def _object(self, client: BaseClient, place: Place) -> dict[str, Any]:
        kind = place.kind
        model = client.meta.service_model.operation_model(place.operation)
        response = getattr(client, xform_name(model.name))(**self._parameters(model, place))
        del response["ResponseMetadata"]
        for error in response.get("errors") or []:
            # Only BatchGetIncidentFindings returns errors in a successful response.
            raise ClientError({"Error": {"Code": error.get("code"), "Message": error.get("message")}}, model.name)
        # Recorded responses for a replication set lack members that the model requires (AWS CLI's examples).
        if kind is not REPLICATION_SET:
            require_members(model.output_shape, response, model.name)
        _validate_object(response, model.output_shape, place)
        if not response and model.name == "ListTagsForResource":
            with self._lock:
                self.without_list[model.name] += 1
        elif not response and model.name not in NONE_IF_NOT_FOUND:
            raise ValueError("the response is empty")
        # AWS does not say that tags have an order.
        response.get("Tags", []).sort(key=lambda tag: tag["Key"])
        return response

    def _parameters(self, model: OperationModel, place: Place, token: str | None = None) -> dict[str, Any]:
        """Return the parameters of a call, as botocore's model of the operation requires them."""
        given: dict[str, Any] = {}
        required, own = model.input_shape.required_members, place.id or place.arn
        for name, shape in model.input_shape.members.items():
            if _is_token(name) and token is not None:
                given[name] = token
            elif name.lower() == "maxresults":
                given[name] = min(_PAGE_SIZE, shape.metadata.get("max", _PAGE_SIZE))
            elif name in ("StartTime", "EndTime"):
                given[name] = self._periods[place.kind.name]["start" if name == "StartTime" else "end"]
            elif name in required and shape.type_name == "list":
                given[name] = [own]
            elif name in required:
                given[name] = own if name == place.kind.id or len(required) == 1 else place.arn
        return given


def too_late(message: str, reason: str) -> Failure:
    """Return the failure for what was not done before the deadline."""
    return Failure(message, code=WAIT_TIMEOUT, reason=f"{reason} within the time limit", is_transient=True)


def missing_entry(place: Place, failure: Failure, mask: Callable[[str], str]) -> dict[str, Any]:
    """Return a failure as an entry of missing in the manifest."""
    entry = {name: value or None for name, value in place._asdict().items()}
    return {**entry, "kind": place.kind.name, "code": failure.code, "reason": shorten(mask(failure.reason))}


def plain(shape: Shape | None, value: Any, unknown: set[str]) -> Any:
    """Return a response, or a part of it, as AWS sent it, but with times as texts in ISO 8601 and UTC, and without nulls.

    botocore's parser would leave out the members that its model does not have.

    :param shape: its model; None if the model does not have it.
    :param unknown: the names of the members that the model does not have are added to it.
    :raises ValueError, OverflowError, RuntimeError: if a time is out of range in UTC, or if a number is infinite or not a number.
    """
    kind = shape.type_name if shape else ""
    if kind == "timestamp":
        return iso_time(parse_timestamp(value))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON can't represent the number")
    if isinstance(value, list):
        return [plain(shape.member if shape else None, item, unknown) for item in value]
    if isinstance(value, dict):
        if shape and kind == "structure":
            value = {name: item for name, item in value.items() if item is not None}
            unknown |= value.keys() - shape.members.keys()
            return {name: plain(shape.members.get(name), item, unknown) for name, item in value.items()}
        return {key: plain(shape.value if shape else None, item, unknown) for key, item in value.items()}
    return value


def require_members(shape: Shape, value: Any, path: str) -> None:
    """Validate that the members that botocore's model requires are there, at every depth.

    :raises ValueError: names the member.
    """
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                require_members(member, value[name], f"{path}.{name}")
            elif name in shape.required_members:
                raise ValueError(f"{path}.{name} is missing")
    elif shape.type_name == "list":
        for item in value:
            require_members(shape.member, item, path)


def _is_token(name: str) -> bool:
    """Return whether a member is the token of the next page: nextToken of ssm-incidents, NextToken of ssm-contacts."""
    return name.lower() == "nexttoken"


def _validate_id(item: Mapping[str, Any], kind: Kind, listed: str) -> None:
    """Validate the ID of an item of a list: an ARN if the member's name ends with "arn", otherwise any text.

    :raises ValueError: if it is missing, or is the ARN of another type of resource.
    """
    if not kind.id:
        return
    value = item.get(kind.id)
    is_arn = isinstance(value, str) and value.startswith("arn:") and value.count(":") >= 5
    if not value or (kind.id.lower().endswith("arn") and not is_arn):
        raise ValueError(f"an item of {listed} has no {kind.id}")
    if kind.resource_type and not is_arn_of(value, kind.resource_type):
        raise ValueError(f"{kind.id} of an item of {listed} is not the ARN of a {kind.resource_type}")


def _validate_parent(item: Mapping[str, Any], kind: Kind, parent: str | None) -> None:
    """Validate that a part belongs to the object whose parts were requested. Raises a ValueError."""
    value = item.get(kind.parent_id or "")
    # Compare without the Region, because some operations return ARNs with a Region and some without.
    if parent and value is not None and str(value).split(":", 5)[-1] != parent.split(":", 5)[-1]:
        raise ValueError(f"{kind.parent_id} is the ARN of another object")


def _validate_object(response: Mapping[str, Any], shape: Shape, place: Place) -> None:
    """Validate that a response is about the object that was requested. Raises a ValueError.

    A response has the object as a whole, in a structure, or in a list of structures. Recorded responses for a replication set
    have no ARN (AWS CLI's examples), and the model allows that.
    """
    kind, found = place.kind, []
    shapes, objects = [shape], [response]
    for name, member in shape.members.items():
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "structure":
            shapes.append(inner)
            value = response.get(name) or []
            objects += value if isinstance(value, list) else [value]
    for one in objects:
        found += [one[kind.id]] if kind.id and kind.id in one else []
        _validate_parent(one, kind, place.id and place.arn)
    is_required = any(kind.id in one.required_members for one in shapes)
    if set(found) - {place.id or place.arn} or (is_required and not found):
        raise ValueError(f"{kind.id} is missing or belongs to another object")
