# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling AWS: retries, checks of the response, and errors of this collection.

Here alone is decided how often a call is made, and how long a caller waits between two tries: botocore's own retries are
off (connection.py).
"""

from __future__ import annotations

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
    NO_ANSWER_ERRORS,
    THROTTLING,
    TRANSIENT_ERRORS,
    AnsibleSSMIncidentsError,
    aws_response,
    error_code,
)
from .text import one_line

if TYPE_CHECKING:
    from botocore.client import BaseClient

# How botocore's parser fails on JSON of another shape than the model's (all seen in tests).
_PARSER_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    ResponseParserError,
    RuntimeError,
    TypeError,
    ValueError,
)

#: How often a call is made at most while its error is transient, and if no response came at all.
MAX_ATTEMPTS, MAX_ATTEMPTS_WITHOUT_RESPONSE = 10, 2

# The longest pause between two tries, in seconds: all pauses of ten attempts are 37 s at most together.
_LONGEST_PAUSE = 5

# How often each client's calls are made at most, if that is not MAX_ATTEMPTS.
_attempts_of_clients: WeakKeyDictionary[BaseClient, int] = WeakKeyDictionary()


def limit_attempts(client: BaseClient, max_attempts: int) -> None:
    """Let each call of a client be made so often at most, whatever its error is."""
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
    :param description: what the call does, in the words that follow "Failed to".
    :param max_attempts: how often to make the call at most; left out, as limit_attempts() has set it for the client, or
        MAX_ATTEMPTS for a transient error, and MAX_ATTEMPTS_WITHOUT_RESPONSE if no response came.
    :param returns_secrets: whether the response has secrets. If it can't be read, it is not quoted then.
    :param deadline: a time of time.monotonic(). Until then a call that is throttled is made again, unless the client or
        max_attempts limits it; after it no call is. With it, a response that can't be read counts as none.
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
    """Return how often a call with such an error is made at most."""
    if not failure.is_temporary or (failure.code == MALFORMED_ANSWER and deadline is None):
        return 1
    if failure.code == THROTTLING and limit is None and deadline is not None:
        return math.inf
    return limit or (MAX_ATTEMPTS_WITHOUT_RESPONSE if failure.code in NO_ANSWER_ERRORS else MAX_ATTEMPTS)


def _call_once(description: str, call: Callable[[], Any], returns_secrets: bool) -> Any:
    try:
        return _ErrorHandler.common_error_handler(description)(call)()
    except _PARSER_ERRORS as error:
        detail = type(error).__name__ if returns_secrets else f"{type(error).__name__}: {one_line(str(error))}"
        raise AnsibleSSMIncidentsError(
            f"Failed to {description}", code=MALFORMED_ANSWER, reason=f"the response can't be read ({detail})"
        ) from (None if returns_secrets else error)


# The status of every read (botocore's models). Others below 300 come from something in between.
_COMPLETE = 200


def required_member(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a member of a response: botocore parses a body that is empty, or not JSON, as an empty response.

    :raises ValueError: if it is missing, or of another type, or if the response has the status of a part or of nothing;
        call_aws() reports a response that can't be read.
    """
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _COMPLETE)
    if status != _COMPLETE:
        raise ValueError(f"the HTTP status is {status}")
    if not isinstance(answer.get(name), kind):
        raise ValueError(f"{name} is missing or is not a {kind.__name__}")
    return answer[name]


def error_from_botocore(
    message: str, cause: BaseException, default: str = "BotoCoreError", advice: str | None = None
) -> AnsibleSSMIncidentsError:
    """Return this collection's error for an exception that botocore raised.

    :param message: what was tried.
    :param default: the code if AWS sent none, and the exception's class is not documented.
    :param advice: what the user can do; left out, the advice for the code.
    """
    code = error_code(cause, default)
    return AnsibleSSMIncidentsError(
        message, code=code, advice=advice, cause=cause, is_temporary=_is_temporary(code, cause)
    )


def _is_temporary(code: str, cause: BaseException) -> bool:
    """Tell whether AWS's error says that the same request may be accepted a little later."""
    status = aws_response(cause).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status in (408, 429) or status >= 500 or AWSRetry.found(code, TRANSIENT_ERRORS)


class _ErrorHandler(AWSErrorHandler):
    """amazon.aws's error handler, raising this collection's exception."""

    @staticmethod
    def _CUSTOM_EXCEPTION(message: str, exception: BaseException) -> AnsibleSSMIncidentsError:  # noqa: N802
        return error_from_botocore(message, exception)
