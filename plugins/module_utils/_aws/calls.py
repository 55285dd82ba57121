# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling AWS: retries, checks of the response, and errors of this collection.

Only this file decides how often a call is made and how long the pauses between the attempts are. botocore's own retries are
off (connection.py).
"""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

try:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = ValueError  # AnsibleAWSModule reports it

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import (
    MALFORMED_ANSWER,
    READ_TIMEOUT,
    THROTTLING,
    UNREACHABLE,
    Failure,
    aws_response,
    error_code,
)
from .text import one_line

if TYPE_CHECKING:
    from botocore.client import BaseClient

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

# The maximum number of attempts. What takes as long as the time limit allows is not worth many, and a host name that does not
# resolve must not delay a search.
_MAX_ATTEMPTS = 10
_MAX_ATTEMPTS_BY_CODE = {"ConnectTimeoutError": 2, MALFORMED_ANSWER: 2, READ_TIMEOUT: 2, UNREACHABLE: 3}

# The longest pause between two attempts, in seconds. The pauses of ten attempts take at most 37 s in total.
_LONGEST_PAUSE = 5


class Attempts(NamedTuple):
    """How a call is tried.

    :ivar maximum: the maximum number of attempts. None stands for the number that the user has set, as botocore has read it. If
        the user has set none, it is ten, and fewer if AWS can't be reached or does not respond in time.
    :ivar deadline: a time of time.monotonic(). No attempt is made after it, except the first.
    :ivar is_patient: whether a call that AWS throttles is retried until the deadline, unless a number of attempts is set, and a
        response that can't be read counts as no response.
    """

    maximum: int | None = None
    deadline: float = math.inf
    is_patient: bool = False

    def allows(self, failure: Failure, attempt: int, client: BaseClient) -> bool:
        """Return whether a call that has failed in this attempt is tried once more."""
        if not failure.is_transient or (failure.code == MALFORMED_ANSWER and not self.is_patient):
            return False
        maximum = self.maximum or client.meta.config.retries.get("total_max_attempts")
        if maximum is None:
            if failure.code == THROTTLING and self.is_patient:
                return True
            maximum = _MAX_ATTEMPTS_BY_CODE.get(failure.code, _MAX_ATTEMPTS)
        return attempt < maximum


#: As many attempts as the user has set, or the default, without a deadline.
AS_CONFIGURED = Attempts()

#: A single attempt. AWS may have made a change although there was no response, so the caller looks before it tries again.
ONCE = Attempts(maximum=1)


def call_aws(
    client: BaseClient,
    description: str,
    call: Callable[[], Any],
    attempts: Attempts = AS_CONFIGURED,
    returns_secrets: bool = False,
) -> Any:
    """Call AWS, retry transient errors, and return what the call returns.

    :param client: the client that the call uses.
    :param description: what the call does; "Failed to" is put before it.
    :param attempts: how the call is tried.
    :param returns_secrets: whether the response has secrets or personal data. If so, the error for a response that can't be read
        does not quote the response.
    :raises Failure: for every error, a response that can't be read included.
    """
    description = f"{description} in Region {client.meta.region_name}"
    attempt = 1
    while True:
        try:
            return _call_once(description, call, returns_secrets)
        except Failure as failure:
            pause = random.uniform(0, min(2 ** (attempt - 1), _LONGEST_PAUSE))
            is_late = time.monotonic() + pause > attempts.deadline
            if is_late or not attempts.allows(failure, attempt, client):
                if attempt == 1:
                    raise
                raise failure.after_attempts(attempt) from failure.cause
        time.sleep(pause)
        attempt += 1


def _call_once(description: str, call: Callable[[], Any], returns_secrets: bool) -> Any:
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise error_from_botocore(f"Failed to {description}", error) from error
    except _PARSER_ERRORS as error:
        # botocore's own error quotes the whole response.
        is_quoted = not returns_secrets and not isinstance(error, ResponseParserError)
        detail = f"{type(error).__name__}: {one_line(str(error))}" if is_quoted else type(error).__name__
        raise Failure(
            f"Failed to {description}", code=MALFORMED_ANSWER, reason=f"the response can't be read ({detail})"
        ) from (error if is_quoted else None)


def required_member(response: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a member of a response, which botocore's model does not require.

    :raises ValueError: if the member is missing or has another type. call_aws() reports it as a response that can't be read.
    """
    if not isinstance(response.get(name), kind):
        raise ValueError(f"{name} is missing or is not a {kind.__name__}")
    return response[name]


def error_from_botocore(message: str, cause: BaseException, default: str = "BotoCoreError") -> Failure:
    """Return this collection's error for an exception that botocore raised.

    :param message: what was tried.
    :param default: the code if AWS sent none and the exception's class is not documented.
    """
    code = error_code(cause, default)
    status = aws_response(cause).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # amazon.aws has the codes of most services, but not these. ServiceException is from Organizations.
    is_transient = status in (408, 429) or status >= 500 or AWSRetry.found(code, [THROTTLING, "ServiceException"])
    return Failure(message, code=code, cause=cause, is_transient=is_transient)
