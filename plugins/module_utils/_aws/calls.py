# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling AWS: retries, checks of the response, and errors of this collection.

Only this file decides how often a call is made and how long the pauses between the attempts are. botocore's own retries are
off (connection.py).
"""

from __future__ import annotations

import json
import math
import random
import time
from itertools import count
from typing import TYPE_CHECKING, Any, Callable, Mapping
from weakref import WeakKeyDictionary

try:
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = ValueError  # AnsibleAWSModule reports it

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import (
    MALFORMED_ANSWER,
    THROTTLING,
    TIMEOUT_ERRORS,
    TRANSIENT_ERRORS,
    UNREACHABLE,
    AnsibleSSMIncidentsError,
    aws_response,
    error_code,
)
from .text import one_line

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import ServiceModel

# What botocore's parser raises for JSON whose shape differs from the model's (all seen in tests).
_PARSER_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    ResponseParserError,
    RuntimeError,
    TypeError,
    ValueError,
)

#: The maximum number of attempts of a call with transient errors, of a call that times out, and of a call that can't connect.
MAX_ATTEMPTS, MAX_ATTEMPTS_OF_TIMEOUT, MAX_ATTEMPTS_TO_CONNECT = 10, 2, 3

# The longest pause between two attempts, in seconds. The pauses of ten attempts take at most 37 s in total.
_LONGEST_PAUSE = 5

# The maximum number of attempts for the calls of a client, if it differs from MAX_ATTEMPTS.
_attempts_of_clients: WeakKeyDictionary[BaseClient, int] = WeakKeyDictionary()


def limit_attempts(client: BaseClient, max_attempts: int) -> None:
    """Set the maximum number of attempts for each call of a client, for every error."""
    _attempts_of_clients[client] = max_attempts


def call_aws(
    client: BaseClient,
    description: str,
    call: Callable[[], Any],
    max_attempts: int | None = None,
    returns_secrets: bool = False,
    deadline: float | None = None,
) -> Any:
    """Call AWS, retry transient errors, and return what the call returns.

    :param client: the client that the call uses.
    :param description: what the call does; "Failed to" is put before it.
    :param max_attempts: the maximum number of attempts. The default is the limit that limit_attempts() has set for the
        client, else MAX_ATTEMPTS for a transient error, and fewer if AWS can't be reached or does not respond in time.
    :param returns_secrets: whether the response has secrets or personal data. If so, the error for a response that can't be read
        does not quote the response.
    :param deadline: a time of time.monotonic(). No call is retried after it. With a deadline, a throttled call is retried until
        then, unless the client or max_attempts limits it, and a response that can't be read counts as no response.
    :raises AnsibleSSMIncidentsError: for every error, a response that can't be read included.
    """
    description = f"{description} in Region {client.meta.region_name}"
    limit = _attempts_of_clients.get(client) if max_attempts is None else max_attempts
    for attempt in count(1):
        try:
            return _call_once(description, call, returns_secrets)
        except AnsibleSSMIncidentsError as failure:
            pause = random.uniform(0, min(2 ** (attempt - 1), _LONGEST_PAUSE))
            is_late = deadline is not None and time.monotonic() + pause > deadline
            if is_late or attempt >= _attempts(failure, limit, deadline):
                if attempt == 1:
                    raise
                raise failure.after_attempts(attempt) from failure.cause
        time.sleep(pause)
    raise AssertionError  # count() has no end.


def _attempts(failure: AnsibleSSMIncidentsError, limit: int | None, deadline: float | None) -> float:
    """Return the maximum number of attempts of a call that has failed with this error."""
    if not failure.is_temporary or (failure.code == MALFORMED_ANSWER and deadline is None):
        return 1
    if failure.code == THROTTLING and limit is None and deadline is not None:
        return math.inf
    if limit:
        return limit
    if failure.code in (*TIMEOUT_ERRORS, MALFORMED_ANSWER):
        return MAX_ATTEMPTS_OF_TIMEOUT
    # A host name that does not resolve must not delay a search.
    return MAX_ATTEMPTS_TO_CONNECT if failure.code == UNREACHABLE else MAX_ATTEMPTS


def _call_once(description: str, call: Callable[[], Any], returns_secrets: bool) -> Any:
    try:
        return _ErrorHandler.common_error_handler(description)(call)()
    except _PARSER_ERRORS as error:
        # botocore's own error quotes the whole response.
        is_quoted = not returns_secrets and not isinstance(error, ResponseParserError)
        detail = f"{type(error).__name__}: {one_line(str(error))}" if is_quoted else type(error).__name__
        raise AnsibleSSMIncidentsError(
            f"Failed to {description}", code=MALFORMED_ANSWER, reason=f"the response can't be read ({detail})"
        ) from (error if is_quoted else None)


# The HTTP status of every read (botocore's models). Other statuses below 300 are not from AWS.
_COMPLETE = 200


def required_member(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a member of a response.

    botocore does not check this: it parses a body that is empty or is not JSON as an empty response.

    :raises ValueError: if the member is missing or has another type, or if the HTTP status is not 200, as for partial or
        no content. call_aws() reports it as a response that can't be read.
    """
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _COMPLETE)
    if status != _COMPLETE:
        raise ValueError(f"the HTTP status is {status}")
    if not isinstance(answer.get(name), kind):
        raise ValueError(f"{name} is missing or is not a {kind.__name__}")
    return answer[name]


def validate_lists(
    model: ServiceModel, response_dict: Mapping[str, Any] | None, event_name: str, **_others: Any
) -> None:
    """Validate that the lists of a JSON response are lists. botocore parses an object or a text that is empty as an empty list.

    A handler of botocore's event response-received. call_aws() reports the error as a response that can't be read.

    :raises ValueError: names the member.
    """
    shape = model.operation_model(event_name.rsplit(".", 1)[-1]).output_shape
    lists = [name for name, member in shape.members.items() if member.type_name == "list"] if shape else []
    if not lists or response_dict is None or response_dict["status_code"] != _COMPLETE:
        return
    try:
        body = json.loads(response_dict["body"])
    except ValueError:
        return  # XML, or a response in which required_member() finds nothing
    for name in lists:
        if isinstance(body, dict) and not isinstance(body.get(name), (list, type(None))):
            raise ValueError(f"{name} is not a list")


def error_from_botocore(
    message: str, cause: BaseException, default: str = "BotoCoreError", advice: str | None = None
) -> AnsibleSSMIncidentsError:
    """Return this collection's error for an exception that botocore raised.

    :param message: what was tried.
    :param default: the code if AWS sent none and the exception's class is not documented.
    :param advice: what the user can do; by default the advice for the code.
    """
    code = error_code(cause, default)
    return AnsibleSSMIncidentsError(
        message, code=code, advice=advice, cause=cause, is_temporary=_is_temporary(code, cause)
    )


def _is_temporary(code: str, cause: BaseException) -> bool:
    """Return whether AWS may accept the same request later."""
    status = aws_response(cause).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status in (408, 429) or status >= 500 or AWSRetry.found(code, TRANSIENT_ERRORS)


class _ErrorHandler(AWSErrorHandler):
    """amazon.aws's error handler, with this collection's exception."""

    @staticmethod
    def _CUSTOM_EXCEPTION(message: str, exception: BaseException) -> AnsibleSSMIncidentsError:  # noqa: N802
        return error_from_botocore(message, exception)
