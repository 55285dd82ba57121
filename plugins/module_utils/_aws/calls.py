# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call to AWS: retried if the error is transient, its answer checked, its errors in this collection's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

try:
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = ValueError  # AnsibleAWSModule reports it

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import MALFORMED_ANSWER, TRANSIENT_ERRORS, AnsibleSSMIncidentsError, error_code

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


def call_aws(client: BaseClient, attempt: str, call: Callable[[], Any], tries: int = 10) -> Any:
    """Return what a call returns.

    :param client: the client that the call uses.
    :param attempt: what the call does, in the words that follow "Failed to".
    :param tries: how often to try while the error is transient.
    :raises AnsibleSSMIncidentsError: for every error, an answer that can't be read included.
    """
    attempt = f"{attempt} in Region {client.meta.region_name}"
    retry = AWSRetry.jittered_backoff(retries=tries, delay=1, max_delay=10, catch_extra_error_codes=TRANSIENT_ERRORS)
    try:
        return _ErrorHandler.common_error_handler(attempt)(retry(call))()
    except _PARSER_ERRORS as error:
        reason = f"the answer can't be read ({type(error).__name__}: {error})"
        raise AnsibleSSMIncidentsError(
            f"Failed to {attempt}", code=MALFORMED_ANSWER, reason=reason, cause=error
        ) from error


def required_member(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a member of an answer: botocore takes a body that is empty or not JSON for an answer without members.

    :raises ValueError: if it is not there, or of another type; call_aws() reports it as an answer that can't be read.
    """
    if not isinstance(answer.get(name), kind):
        raise ValueError(f"{name} is missing")
    return answer[name]


def botocore_failure(
    message: str, cause: BaseException, default: str = "BotoCoreError", advice: str | None = None
) -> AnsibleSSMIncidentsError:
    """Return the failure for an exception that botocore raised.

    :param message: what was tried.
    :param default: the code, unless the exception has one that is documented.
    """
    return AnsibleSSMIncidentsError(message, code=error_code(cause, default), advice=advice, cause=cause)


class _ErrorHandler(AWSErrorHandler):
    """amazon.aws's error handler, raising this collection's exception."""

    @staticmethod
    def _CUSTOM_EXCEPTION(message: str, exception: BaseException) -> AnsibleSSMIncidentsError:  # noqa: N802
        return botocore_failure(message, exception)
