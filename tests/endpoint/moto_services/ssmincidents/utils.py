# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads botocore's model of the service: the Regions, the operation of a request, and the constraints on input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.regions import EndpointResolver

SERVICE = "ssm-incidents"
# Incident Manager's other API. Its protocol is JSON 1.1, which names the operation in the header X-Amz-Target [model].
CONTACTS = "ssm-contacts"
CONTACTS_TARGET = "SSMContacts"
CONTENT_TYPES = {SERVICE: "application/json", CONTACTS: "application/x-amz-json-1.1"}
# The Regions that have FIPS endpoints [AWS General Reference, botocore endpoints.json, 1.44].
_FIPS_REGIONS_OF_USA = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")
FIPS_REGIONS = {SERVICE: ("ca-central-1", *_FIPS_REGIONS_OF_USA), CONTACTS: _FIPS_REGIONS_OF_USA}
# The operations of replication sets. read_side.kinds has those of what a set holds.
OPERATIONS = (
    "CreateReplicationSet",
    "DeleteReplicationSet",
    "GetReplicationSet",
    "ListReplicationSets",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateDeletionProtection",
    "UpdateReplicationSet",
)

_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "structure": Mapping,
    "map": Mapping,
    "list": list,
    "timestamp": (int, float),
}


@cache
def service_model(service: str = SERVICE) -> ServiceModel:
    """Return botocore's model. It is read without a session, because a session would read the user's profile."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def service_regions() -> frozenset[str]:
    """Return the Regions of all partitions in which the service exists [botocore endpoints.json]."""
    resolver = EndpointResolver(Loader().load_data("endpoints"))
    return frozenset(
        region
        for partition in resolver.get_available_partitions()
        for region in resolver.get_available_endpoints(SERVICE, partition)
    )


@cache
def service_hosts() -> frozenset[str]:
    """Return the host names of both APIs. Whether ssm-contacts has dual-stack host names is *unknown*. Here it has none."""
    hosts = {f"{service}.{region}.amazonaws.com" for service in FIPS_REGIONS for region in service_regions()}
    hosts |= {f"{SERVICE}.{region}.api.aws" for region in service_regions()}
    hosts |= {
        f"{service}-fips.{region}.amazonaws.com" for service, regions in FIPS_REGIONS.items() for region in regions
    }
    hosts |= {f"{SERVICE}-fips.{region}.api.aws" for region in FIPS_REGIONS[SERVICE]}
    return frozenset(hosts)


@cache
def _routes() -> dict[tuple[str, str], str]:
    """Return the operations by method and first part of the path [model], including those that are not served."""
    model = service_model()
    routes = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        routes[http["method"], http["requestUri"].split("/")[1]] = name
    return routes


def match_operation(method: str, raw_path: str, target: str | None = None) -> tuple[str | None, dict[str, str]]:
    """
    Return the operation of a request to either API, and its path parameters.

    :param raw_path: the path as sent, percent-encoded. ``/tags/{resourceArn}`` may have %2F or a plain slash.
    :param target: the header X-Amz-Target of a request to ssm-contacts.
    :return: (None, {}) if there is no such operation.
    """
    if target and target.startswith(f"{CONTACTS_TARGET}."):
        return target.partition(".")[2], {}
    first, _separator, rest = raw_path.lstrip("/").partition("/")
    name = _routes().get((method, first))
    if name is None or (rest and first != "tags"):
        return None, {}
    return name, {"resourceArn": unquote(rest)} if rest else {}


def error_response(
    service: str, code: str, message: str, members: Mapping[str, Any] | None = None, http_status: int | None = None
) -> tuple[int, dict[str, str], str]:
    """
    Return an error in an API's format, with its required members [model].

    :param members: further members.
    :param http_status: by default the model's; 400 for a code that is not in the model. JSON 1.1 has 500 for the server's
        errors and 400 for all others.
    :return: status, headers and body.
    """
    shape = next((shape for shape in service_model(service).error_shapes if shape.name == code), None)
    content: dict[str, Any] = {"__type": code, "Message" if service == CONTACTS else "message": message}
    if shape is not None:
        defaults = {"serviceCode": service, "ServiceCode": service, "quotaCode": "unknown", "QuotaCode": "unknown"}
        defaults |= {"ResourceId": "unknown", "ResourceType": "unknown"}
        content.update({name: defaults[name] for name in shape.required_members if name in defaults})
    content.update(members or {})
    declared = (shape.metadata if shape is not None else {}).get("error", {}).get("httpStatusCode")
    status = http_status or declared or (500 if code == "InternalServerException" else 400)
    return status, {"Content-Type": CONTENT_TYPES[service], "x-amzn-ErrorType": code}, json.dumps(content)


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """
    Yield the violations of the model in a value: of types, required members, lengths, ranges, patterns, enums, unions.

    botocore's ParamValidator checks neither upper limits nor patterns. The service checks both.

    :param shape: the model's shape. Members that are not in the model are ignored, as services do.
    :return: messages in the words of the service's ValidationException.
    """
    is_bool_as_number = isinstance(value, bool) and shape.type_name != "boolean"
    if is_bool_as_number or not isinstance(value, _JSON_TYPES[shape.type_name]):
        yield _failed(path, f"Member must be of type {shape.type_name}")
        return
    yield from _limit_violations(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _structure_violations(shape, cast("Mapping[str, Any]", value), path)
    elif isinstance(shape, MapShape):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from violations(shape.value, item, f"{path}.{key}.member")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(cast("list[Any]", value), start=1):
            yield from violations(shape.member, item, f"{path}.{number}.member")


def _failed(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def _limit_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    limits: Mapping[str, Any] = shape.metadata
    size, noun = (len(value), "length") if hasattr(value, "__len__") else (value, "value")
    if size < limits.get("min", size):
        yield _failed(path, f"Member must have {noun} greater than or equal to {limits['min']}")
    if size > limits.get("max", size):
        yield _failed(path, f"Member must have {noun} less than or equal to {limits['max']}")
    if "pattern" in limits and not re.fullmatch(_as_python(limits["pattern"]), value):
        yield _failed(path, f"Member must satisfy regular expression pattern: {limits['pattern']}")
    if limits.get("enum") and value not in limits["enum"]:
        yield _failed(path, f"Member must satisfy enum value set: {limits['enum']}")


def _as_python(pattern: str) -> str:
    """Return a pattern of the model without the Unicode properties that Python's re lacks. \\w, which replaces letters and
    numbers, also matches the underscore. Every character class of the model has that too."""
    separators = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    return pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\w").replace(r"\p{Z}", separators)


def _structure_violations(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    given = {name: item for name, item in value.items() if name in shape.members and item is not None}
    for name in shape.required_members:
        if name not in given:
            yield _failed(f"{prefix}{name}", "Member must not be null")
    if shape.is_tagged_union and len(given) != 1:
        yield _failed(path, f"Exactly one of {list(shape.members)} must be given")
    for name, item in given.items():
        yield from violations(shape.members[name], item, prefix + name)
