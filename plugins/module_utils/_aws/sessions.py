# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 sessions that share botocore's data and validate responses, and the Regions of a service.

A session takes 70 ms to read this data. All sessions of a process share it, for example those of a lookup in a loop, or of an
action that Ansible runs in forks of one process.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Mapping

try:
    import boto3
    import botocore.session
    from botocore.loaders import create_loader
    from botocore.parsers import ResponseParserFactory
except ImportError:
    ResponseParserFactory = object  # AnsibleAWSModule reports it

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import Shape
    from botocore.parsers import ResponseParser

# An unused session, for the one connection that a forked process makes.
_preloaded_sessions: list[botocore.session.Session] = []


def make_session(profile: str | None, region: str | None) -> boto3.session.Session:
    """Return a new session.

    :param region: the Region of the calls that botocore makes to assume the role of a profile.
    :raises BotoCoreError: if the profile is unknown, or if a configuration file can't be read.
    """
    botocore_session = _preloaded_sessions.pop() if _preloaded_sessions else botocore.session.get_session()
    botocore_session.register_component("data_loader", _loader())
    botocore_session.register_component("response_parser_factory", ValidatingParsers())
    session = boto3.session.Session(botocore_session=botocore_session, profile_name=profile, region_name=region)
    # Fail here if the profile is unknown, and not when it is first used.
    botocore_session.get_scoped_config()
    # Each session adds boto3's directory again.
    _loader().search_paths[:] = dict.fromkeys(_loader().search_paths)
    return session


def preload(*operations: tuple[str, str]) -> None:
    """Read botocore's data once, for all sessions of this process and of its forks. Raises nothing.

    In a fork, the first client then takes 10 ms of processor time in place of 70 ms. ansible-core gives an action no other
    chance before the fork than the import of its file.

    :param operations: services, each with a paginated operation.
    """
    # An error here (no boto3, an unknown profile in AWS_PROFILE ...) occurs again, and is reported, when a session is made.
    with suppress(Exception):
        session = make_session(None, "us-east-1")
        placeholders = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        session.client("sts", **placeholders)
        for service, operation in operations:
            # To find the paginators, botocore reads the directory of every service.
            session.client(service, **placeholders).get_paginator(operation)
        # This takes 5 of the 7 ms of a new session, and does not depend on the user's settings.
        _preloaded_sessions.append(botocore.session.get_session())


def service_regions(service: str, partition: str) -> list[str]:
    """Return the names of a partition's Regions where a service exists, according to botocore."""
    return list(_region_data_session().get_available_regions(service, partition_name=partition))


def all_service_regions(service: str) -> dict[str, str]:
    """Return the names of the Regions where a service exists, according to botocore, each with its partition."""
    partitions = _region_data_session().get_available_partitions()
    return {region: partition for partition in partitions for region in service_regions(service, partition)}


def partition_of_region(region: str) -> str:
    """Return the partition of a Region, such as aws.

    :raises BotoCoreError: if botocore knows no partition for the Region.
    """
    return str(_region_data_session().get_partition_for_region(region))


@lru_cache(maxsize=None)
def _loader() -> Loader:
    return create_loader(os.environ.get("AWS_DATA_PATH"))


@lru_cache(maxsize=None)
def _region_data_session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return session


# Responses ---------------------------------------------------------------------------------------------------------

# The types of JSON that botocore parses, by the types of its models.
_TYPES: Mapping[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": str,
}


class ValidatingParsers(ResponseParserFactory):
    """Makes the parsers of a session. Those for JSON validate a response with botocore's model before they parse it.

    botocore parses a body that is empty or is not JSON as an empty response, an object as a list, and other types as they are.
    """

    def create_parser(self, protocol_name: str) -> ResponseParser:
        parser = super().create_parser(protocol_name)
        if "json" not in protocol_name:
            return parser
        parse = parser.parse

        def validate_and_parse(response: Mapping[str, Any], shape: Shape | None) -> Any:
            _validate_response(response, shape)
            return parse(response, shape)

        parser.parse = validate_and_parse
        return parser


def _validate_response(response: Mapping[str, Any], shape: Shape | None) -> None:
    """Validate a response that is not an error.

    :raises ValueError: names the member that has another type than in the model, with its path. call_aws() reports it as a
        response that can't be read.
    """
    # botocore takes all statuses up to 300 for a success.
    if response["status_code"] > 300 or not shape or not shape.members:
        return
    # The statuses of the operations that return something (botocore's models). Others are not from AWS.
    if response["status_code"] not in ((200, 201) if shape.name.startswith("Create") else (200,)):
        raise ValueError(f"the HTTP status is {response['status_code']}")
    try:
        body = json.loads(response["body"])
    except ValueError:
        raise ValueError("the body is not JSON") from None
    _validate_member(shape, body, "")
    # The APIs spell it nextToken or NextToken. botocore leaves a member of another spelling out, which would end a list early.
    if any(name.lower() == "nexttoken" and name not in shape.members for name in body):
        raise ValueError("the token of the next page has an unknown name")


def _validate_member(shape: Shape, value: Any, path: str) -> None:
    kind = _TYPES.get(shape.type_name, object)
    # To Python, true is a number.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{path.lstrip('.') or 'the body'} is not a {shape.type_name}")
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            # A member can be null. Members that botocore does not know are left out.
            if value.get(name) is not None:
                _validate_member(member, value[name], f"{path}.{name}")
    elif shape.type_name == "map":
        for name, item in value.items():
            _validate_member(shape.value, item, f"{path}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            _validate_member(shape.member, item, f"{path}[{number}]")
