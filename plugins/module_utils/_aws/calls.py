# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling AWS: retries, checks of the response, and errors of this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

try:
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = ValueError  # AnsibleAWSModule reports it

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import MALFORMED_ANSWER, TRANSIENT_ERRORS, AnsibleSSMIncidentsError, error_code
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


def call_aws(
    client: BaseClient, description: str, call: Callable[[], Any], max_attempts: int = 10, returns_secrets: bool = False
) -> Any:
    """Call AWS, retry transient errors, and return what the call returns.

    :param client: the client that the call uses.
    :param description: what the call does, in the words that follow "Failed to".
    :param max_attempts: how often to call while the error is transient. botocore's own retries come on top.
    :param returns_secrets: whether the response has secrets. If it can't be read, it is not quoted then.
    :raises AnsibleSSMIncidentsError: for every error, a response that can't be read included.
    """
    description = f"{description} in Region {client.meta.region_name}"
    retry = AWSRetry.jittered_backoff(
        retries=max_attempts, delay=1, max_delay=10, catch_extra_error_codes=TRANSIENT_ERRORS
    )
    try:
        return _ErrorHandler.common_error_handler(description)(retry(call))()
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
    return AnsibleSSMIncidentsError(message, code=error_code(cause, default), advice=advice, cause=cause)


class _ErrorHandler(AWSErrorHandler):
    """amazon.aws's error handler, raising this collection's exception."""

    @staticmethod
    def _CUSTOM_EXCEPTION(message: str, exception: BaseException) -> AnsibleSSMIncidentsError:  # noqa: N802
        return error_from_botocore(message, exception)
