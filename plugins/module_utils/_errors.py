# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong between here and AWS, in words that a user can act on."""

from __future__ import annotations

from typing import Any, Mapping

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import gather_sdk_versions
from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ._text import one_line

#: This service's codes for faults that pass (botocore's model); AWSRetry knows other services' names for them
#: only. A bare 5xx comes from something in between and has no code but its number.
PASSING_FAULTS = ("ThrottlingException", "InternalServerException", "500", "502", "503", "504")

_CREDENTIALS = (
    "Pass access_key and secret_key (session_token too where they are temporary), or profile, "
    "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE in the environment of the host that runs the module."
)
_WRONG_CREDENTIALS = "Check the credentials: they are unknown, expired, not of this partition, or the Region is not enabled for the account."
_TRY_LATER = "This is a fault of the service and was retried with backoff; try again later."
_ANYTHING_ELSE = "Check the connection's options, the environment (AWS_*) and the AWS configuration files."
_UNREACHABLE = (
    "Check that the host has a way to this endpoint, and that the service exists in the Region; "
    "modules take time limits and retries in aws_config (connect_timeout, read_timeout, retries)."
)

#: How botocore says that the service was not reached, or that its answer did not arrive whole.
NO_ANSWER = (
    "ConnectionClosedError",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "HTTPClientError",
    "IncompleteReadError",
    "MalformedAnswer",
    "ReadTimeoutError",
    "ResponseStreamingError",
)

NOT_FOUND = "ResourceNotFoundException"

# What stands between here and AWS may answer with a whole HTML page.
_LONGEST_REASON = 500

#: What to do, by the service's error code or by the name of botocore's exception.
_ADVICE = {
    "AccessDeniedException": "Allow the caller this action in its IAM policy, and look for a policy that denies it.",
    "ConflictException": "Another change of the set is under way; try again when it is through.",
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "CredentialRetrievalError": _CREDENTIALS,
    "EndpointConnectionError": _UNREACHABLE,
    "ExpiredTokenException": _WRONG_CREDENTIALS,
    "IncompleteSignatureException": _WRONG_CREDENTIALS,
    "InternalServerException": _TRY_LATER,
    "InvalidClientTokenId": _WRONG_CREDENTIALS,
    "InvalidRegionError": "Give the name of a Region in the option region, such as eu-west-1.",
    "InvalidSignatureException": _WRONG_CREDENTIALS,
    "MalformedAnswer": "Check what stands between the host and AWS (endpoint_url, a proxy, a captive portal), and aws_config.",
    "NoCredentialsError": _CREDENTIALS,
    "NoRegionError": "Set the option region, or AWS_REGION, or a region in the profile.",
    "PartialCredentialsError": _CREDENTIALS,
    "ProfileNotFound": "Check the option profile (or AWS_PROFILE) against the AWS configuration files of the host that runs the module.",
    "ReadTimeoutError": _UNREACHABLE,
    "ProxyConnectionError": "Check the proxy, in aws_config (proxies) and in the environment (HTTPS_PROXY).",
    "ResourceNotFoundException": "It does not exist, or not in this Region.",
    "ServiceQuotaExceededException": "The account has as many as AWS allows it.",
    "SSLError": "Check the endpoint's certificate; a private certificate authority is named in aws_ca_bundle.",
    "ThrottlingException": "The service asked for less and was retried with backoff; try again later, or run fewer tasks at once.",
    "UnrecognizedClientException": _WRONG_CREDENTIALS,
    "ValidationException": "Check the values that the service names.",
}


class MalformedAnswer(Exception):
    """AWS's answer can't be read: not JSON, cut short, or without what the operation's model requires."""


class AnsibleSSMIncidentsError(AnsibleAWSError):
    """A failure, whole: what was tried, why it failed, and what the user can do.

    :param message: what was tried, on what, in which Region.
    :param exception: the exception underneath, where there is one.
    :param reason: why it failed; left out, what the exception says.
    :param advice: what the user can do; left out, what is known of the exception's code.
    :param also: what else to return beside the failure.
    """

    def __init__(
        self,
        message: str,
        exception: BaseException | None = None,
        reason: str | None = None,
        advice: str | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message=message, exception=exception)
        self.attempt = message
        self.code = _code(exception)
        self.reason = _one_line(exception) if reason is None else reason
        self.advice = _advice(self.code) if advice is None else advice
        self.also = also or {}
        self.message = self._prose()

    def __str__(self) -> str:
        return self.message

    def advising(self, advice: str) -> AnsibleSSMIncidentsError:
        """Return the same failure with other advice."""
        return AnsibleSSMIncidentsError(self.attempt, self.exception, self.reason, advice, self.also)

    def result(self) -> dict[str, Any]:
        """Return what fail_json takes: the fields of AnsibleAWSModule.fail_json_aws, and those always.

        Where AWS gave no answer, error has the name and the words of the exception, and response_metadata is empty.
        fail_json_aws itself is not used: it shows a Python traceback for what is said in plain words here.
        """
        answer = _answer(self.exception)
        error = answer.get("Error") or {"Code": self.code, "Message": _one_line(self.exception) or self.attempt}
        told = {"Error": error, "ResponseMetadata": answer.get("ResponseMetadata", {})}
        return {**self.also, "msg": self.message, **camel_dict_to_snake_dict(told), **gather_sdk_versions()}

    def _prose(self) -> str:
        sentences = [f"{self.attempt}: {self.reason}" if self.reason else self.attempt, self.advice]
        return " ".join(sentence if sentence.endswith(".") else f"{sentence}." for sentence in sentences if sentence)


def refusal(option: str, complaint: str, advice: str) -> AnsibleSSMIncidentsError:
    """Return the failure for an option that can't be used.

    :param complaint: what was given, and what is wrong with it.
    :param advice: what would be right.
    """
    return AnsibleSSMIncidentsError(f"{option}: {complaint}", advice=advice)


class SSMIncidentsErrorHandler(AWSErrorHandler):
    """amazon.aws's error handler, raising this collection's exception."""

    _CUSTOM_EXCEPTION = AnsibleSSMIncidentsError


def _advice(code: str) -> str:
    if code == "InvalidParameter":
        return ""
    # An error with a status and no code did not come from AWS.
    return _ADVICE.get("MalformedAnswer" if code.isdigit() else code, _ANYTHING_ELSE)


def _answer(exception: BaseException | None) -> dict[str, Any]:
    answer = getattr(exception, "response", None)
    return answer if isinstance(answer, dict) and "Error" in answer else {}


def _code(exception: BaseException | None) -> str:
    if exception is None:
        return "InvalidParameter"
    answer = _answer(exception)
    return str(answer["Error"].get("Code")) if answer else type(exception).__name__


def _one_line(exception: BaseException | None) -> str:
    if exception is None:
        return ""
    text = one_line(str(exception)) or type(exception).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
