# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates the JSON of responses with botocore's model.

botocore parses a body that is empty or is not JSON as an empty response, an object as a list, and other types as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping

try:
    from botocore.parsers import ResponseParserFactory
except ImportError:
    ResponseParserFactory = object  # AnsibleAWSModule reports it

if TYPE_CHECKING:
    from botocore.model import Shape
    from botocore.parsers import ResponseParser

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
    """Makes the parsers of a session. Those for JSON validate a response before they parse it."""

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
