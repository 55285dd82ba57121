# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of this collection: every error code with its advice, and the one exception that carries a code.

Nothing of AWS is imported here. calls.py turns what botocore raises into this exception.
"""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from subprocess import Popen
from typing import Any, Callable, Collection, Iterable, Mapping

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import gather_sdk_versions
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError, AnsibleBotocoreError

from .text import iso_time, mapped, one_line, sentences, shorten, without_full_stop

#: A placeholder in advice for the host whose environment and files are used. describe() replaces it.
HOST = "{host}"
ON_MODULE_HOST = "the host that runs the module"
ON_CONTROLLER = "this controller"

# This collection's own codes.
ACCOUNT_MISMATCH = "AccountMismatch"
CHANGE_NOT_VISIBLE = "ChangeNotVisible"
DELETION_PROTECTED = "DeletionProtected"
EXPORT_INCOMPLETE = "ExportIncomplete"
FILE_NOT_READABLE = "FileNotReadable"
FILE_NOT_WRITABLE = "FileNotWritable"
INTERRUPTED = "Interrupted"
INVALID_CONFIGURATION = "InvalidConfiguration"
INVALID_PARAMETER = "InvalidParameter"
INVALID_REPORT = "InvalidReport"
KEY_MISMATCH = "KeyMismatch"
KEY_NOT_USABLE = "KeyNotUsable"
MALFORMED_ANSWER = "MalformedAnswer"
MISSING_LIBRARY = "MissingLibrary"
MULTIPLE_REPLICATION_SETS = "MultipleReplicationSets"
NO_REPLICATION_SET = "NoReplicationSet"
OPEN_INCIDENTS = "OpenIncidents"
REPLICATION_SET_CHANGED = "ReplicationSetChanged"
REPLICATION_SET_DELETED = "ReplicationSetDeleted"
REPLICATION_SET_FAILED = "ReplicationSetFailed"
SEARCH_INCOMPLETE = "SearchIncomplete"
UNEXPECTED_ERROR = "UnexpectedError"
UNSUPPORTED_CHANGE = "UnsupportedChange"
WAIT_REQUIRED = "WaitRequired"
WAIT_TIMEOUT = "WaitTimeout"

# The codes of AWS and botocore that the code compares with.
ACCESS_DENIED = "AccessDeniedException"
CONFLICT = "ConflictException"
CREDENTIAL_RETRIEVAL_ERROR = "CredentialRetrievalError"
KMS_NOT_FOUND = "NotFoundException"
NOT_FOUND = "ResourceNotFoundException"
QUOTA_EXCEEDED = "ServiceQuotaExceededException"
READ_TIMEOUT = "ReadTimeoutError"
STS_ACCESS_DENIED = "AccessDenied"
THROTTLING = "ThrottlingException"
UNREACHABLE = "EndpointConnectionError"
UNRECOGNIZED_CLIENT = "UnrecognizedClientException"

_ENDPOINT_ADVICE = (
    f"Check that {HOST} can reach this endpoint, and that the service exists in the Region. The option aws_config sets time"
    " limits and retries (connect_timeout, read_timeout, retries)."
)
_RESPONSE_ADVICE = (
    "Check endpoint_url, and check whether a proxy or a captive portal is between the host and AWS. The option aws_config can"
    " set a proxy too (proxies)."
)
_CLOCK_ADVICE = (
    f"Check the clock of {HOST}. AWS rejects a request whose time differs from its own by more than a few minutes."
)
#: The advice for the credentials of a profile if there is none for the code.
PROFILE_ADVICE = (
    f"On {HOST}, check the profile in the AWS configuration files and what it refers to: a role and its trust policy, a"
    " program, a token file. If it uses aws sso login or aws login, run that command again. A profile that requires an MFA"
    " code can't be used."
)

#: This collection's own codes, each with its advice. A failure can have advice of its own instead.
COLLECTION_ADVICE = {
    ACCOUNT_MISMATCH: "Use credentials of the account that the ARN belongs to.",
    CHANGE_NOT_VISIBLE: (
        "Another user or job may have reverted the change. Check the replication set with ssm_incidents_replication_set_info, and run"
        " the task again."
    ),
    DELETION_PROTECTED: (
        "To turn off deletion protection and delete the set, set deletion_protected: false in the same task. The deletion may be"
        " final, because Incident Manager is closed to new customers."
    ),
    EXPORT_INCOMPLETE: (
        "Fix these errors, and run the task again. To keep an export without the data that could not be read, set"
        " allow_incomplete: true."
    ),
    FILE_NOT_READABLE: "Specify a file that exists and is readable.",
    FILE_NOT_WRITABLE: "Specify a file in a writable directory.",
    INTERRUPTED: "Run the task again. If it was changing a replication set, AWS continues the steps that have started.",
    INVALID_CONFIGURATION: (
        f"Check endpoint_url and, on {HOST}, the environment variables AWS_* and the AWS configuration files. Check the options"
        " aws_ca_bundle and aws_config."
    ),
    INVALID_PARAMETER: "",  # Each failure has its own.
    INVALID_REPORT: "Specify reports that the audit wrote with the option json.",
    KEY_MISMATCH: (
        "AWS can't change the key of a Region. To delete the Region from the set and add it again with the new key, set"
        " replace_keys: true. Otherwise, specify the key that the Region has."
    ),
    KEY_NOT_USABLE: (
        "Specify an enabled symmetric key in the same Region, with key material that KMS created, and not in a custom key"
        ' store (Incident Manager User Guide, "Data protection in Incident Manager").'
    ),
    MALFORMED_ANSWER: _RESPONSE_ADVICE,
    MISSING_LIBRARY: f"Install boto3 and botocore for the Python that runs Ansible on {HOST}.",
    MULTIPLE_REPLICATION_SETS: (
        "An account can have only one replication set. Specify the ARN of one of them, or contact AWS Support."
    ),
    NO_REPLICATION_SET: "Check the account and the ARN.",
    OPEN_INCIDENTS: "Resolve the incidents, or set allow_open_incidents: true to delete them too.",
    REPLICATION_SET_CHANGED: "To see the new plan, run the task again in check mode.",
    REPLICATION_SET_DELETED: "To create a new replication set, run the task again. AWS may not let the account create one.",
    REPLICATION_SET_FAILED: (
        "Fix the problem that the messages describe, such as the policy of the KMS key. Otherwise, delete the Region from the set in the"
        " console, or contact AWS Support."
    ),
    SEARCH_INCOMPLETE: "Fix these errors, and try again.",
    UNEXPECTED_ERROR: "This is an error in the collection or in a library that it uses. Please report it.",
    UNSUPPORTED_CHANGE: "",  # Each failure has its own.
    WAIT_REQUIRED: "Set wait: true, or make fewer changes in one task.",
    WAIT_TIMEOUT: "Run the task again with a longer wait_timeout.",
}

#: AWS's codes for a denied action: those of the services, of STS, and of IAM Identity Center.
DENIED_ERRORS = (ACCESS_DENIED, STS_ACCESS_DENIED, "ForbiddenException")

#: The codes that every service can send, STS and IAM Identity Center included. Services with the query protocol, such as STS,
#: have other names for what the JSON services call an exception (API references, "Common Error Types"; botocore's models).
COMMON_ADVICE = {
    **dict.fromkeys(
        ("AuthFailure", "InvalidClientTokenId", UNRECOGNIZED_CLIENT),
        "Check the credentials. They are unknown, expired, or from another partition, or the Region is not enabled for the account.",
    ),
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException"),
        f"Sign in again. If the profile uses aws sso login or aws login, run that command on {HOST}. Otherwise, set new"
        " temporary credentials (access_key, secret_key and session_token).",
    ),
    **dict.fromkeys(
        (
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "SignatureDoesNotMatch",
        ),
        f"Check that the secret key is correct and that no proxy between {HOST} and AWS changes requests. {_CLOCK_ADVICE}",
    ),
    **dict.fromkeys(
        ("OptInRequired", "RegionDisabledException"), "Enable the Region for the account, or use another Region."
    ),
    **dict.fromkeys(("RequestExpired", "RequestTimeTooSkewed"), _CLOCK_ADVICE),
    **dict.fromkeys(
        ("Throttling", THROTTLING),
        "The service throttled the request. Try again later, or run fewer tasks at the same time.",
    ),
    # AWS's message can name a policy (IAM User Guide, "Troubleshoot access denied error messages").
    **dict.fromkeys(
        (ACCESS_DENIED, STS_ACCESS_DENIED),
        "If the message names a policy, allow the action there, or remove the explicit deny. Otherwise, allow it in the"
        " caller's IAM policy, and for sts:AssumeRole also in the role's trust policy.",
    ),
    "ForbiddenException": (
        "In IAM Identity Center, assign the user to the account with the permission set, or check sso_account_id and"
        f" sso_role_name of the profile on {HOST}."
    ),
    "InternalServerException": "This is an internal error of the service. Try again later.",
}

#: AWS's codes: those of every service, and of the services that this collection calls (botocore's models).
AWS_ADVICE = {
    **COMMON_ADVICE,
    CONFLICT: "Another change to the replication set is in progress. Try again when it has finished.",
    "DataEncryptionException": (
        "Check that the KMS keys of the replication set are enabled, and that the keys' policies let the caller use them."
    ),
    NOT_FOUND: "Check the ARN, and that the Region is in the replication set.",
    QUOTA_EXCEEDED: "The account has reached a quota of the service. It can have only one replication set.",
    # Not in botocore's model (alchemy-run's tests).
    "UnsupportedOperationException": (
        "Incident Manager has been closed to new customers since 7 November 2025, and AWS creates a replication set only in"
        " an account where it is already enabled. It is not known whether an account that has deleted its set still counts as"
        " such an account. Contact AWS Support."
    ),
    "ValidationException": "Check the values that the message names.",
}

#: The service was not reached: its host name does not resolve, or nothing responds, as in a Region without the service.
CONNECTION_ERRORS = ("ConnectionClosedError", "ConnectTimeoutError", UNREACHABLE)

#: What takes as long as the time limit allows. It is not worth many attempts.
TIMEOUT_ERRORS = ("ConnectTimeoutError", READ_TIMEOUT)

#: There was no response, or only a part of one. It is not known whether the service carried out the request.
NO_RESPONSE_ERRORS = (
    *CONNECTION_ERRORS,
    "HTTPClientError",
    "IncompleteReadError",
    MALFORMED_ANSWER,
    READ_TIMEOUT,
    "ResponseStreamingError",
)

#: The codes for botocore's exceptions: the names of their classes. An exception without an entry has that of its base class.
BOTOCORE_ADVICE = {
    **{code: _ENDPOINT_ADVICE for code in NO_RESPONSE_ERRORS if code != MALFORMED_ANSWER},
    "BotoCoreError": (
        f"Check the connection options and, on {HOST}, the environment variables AWS_* and the AWS configuration files."
    ),
    CREDENTIAL_RETRIEVAL_ERROR: PROFILE_ADVICE,
    **dict.fromkeys(
        ("InvalidRegionError", "UnknownRegionError"),
        "Set the option region to the name of a Region, such as eu-west-1.",
    ),
    **dict.fromkeys(
        ("NoCredentialsError", "PartialCredentialsError"),
        "Set access_key and secret_key (and session_token if they are temporary), or profile, or set AWS_ACCESS_KEY_ID and"
        f" AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, in the environment of {HOST}. A profile that uses aws login requires a"
        " newer botocore, installed as botocore[crt].",
    ),
    "NoRegionError": f"Set the option region, or set AWS_REGION or the profile's region on {HOST}.",
    "PaginationError": _RESPONSE_ADVICE,
    "ProfileNotFound": (
        f"Check that the profile in the option profile or in AWS_PROFILE is in the AWS configuration files on {HOST}."
    ),
    "ProxyConnectionError": (
        f"Check the proxy in the environment variable HTTPS_PROXY on {HOST}. The option aws_config (proxies) overrides it."
    ),
    "SSLError": (
        "Check the endpoint's certificate. For a private certificate authority, set the environment variable AWS_CA_BUNDLE on"
        f" {HOST}. The option aws_ca_bundle overrides it."
    ),
}

#: Every documented code with its advice. Other codes that AWS sends are passed on unchanged.
ADVICE: Mapping[str, str] = {**COLLECTION_ADVICE, **AWS_ADVICE, **BOTOCORE_ADVICE}

# The format of AWS's codes. Any other code comes from something between the host and AWS.
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")

# botocore quotes in these errors what a provider of credentials wrote or sent: the request with its token, or anything else.
_PROVIDER_ERRORS = (
    CREDENTIAL_RETRIEVAL_ERROR,
    "LoginAuthorizationCodeError",
    "LoginTokenLoadError",
    "MetadataRetrievalError",
    "TokenRetrievalError",
)


class Failure(AnsibleAWSError):
    """What was tried, why it failed, and what the user can do.

    :param message: what was tried, on what, in which Region.
    :param code: the error code, one of ADVICE or AWS's own.
    :param reason: why it failed; by default the text of the cause.
    :param advice: what the user can do; by default the advice for the code in ADVICE. HOST stands for the host.
    :param cause: the exception underneath, if there is one.
    :param is_transient: whether the same call may succeed later; always true if there was no response.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        reason: str | None = None,
        advice: str | None = None,
        cause: BaseException | None = None,
        is_transient: bool = False,
    ) -> None:
        super().__init__(message=message, exception=cause)
        self.code = code
        self.reason = _text_of(cause) if reason is None else reason
        self.advice = _advice(code, cause) if advice is None else advice
        self.cause = cause
        self.is_transient = is_transient or code in NO_RESPONSE_ERRORS

    def __str__(self) -> str:
        return self.describe(ON_MODULE_HOST)

    def with_advice(self, advice: str) -> Failure:
        """Return the same failure with other advice."""
        return self._with(advice=advice)

    def transient(self) -> Failure:
        """Return the same failure, marked as transient."""
        return self._with(is_transient=True)

    def after_attempts(self, number: int) -> Failure:
        """Return the same failure, with the number of attempts in its message."""
        return self._with(message=f"{self.message} after {number} attempts")

    def _with(self, **parameters: Any) -> Failure:
        names = ("message", "code", "reason", "advice", "cause", "is_transient")
        return Failure(**{**{name: getattr(self, name) for name in names}, **parameters})

    def describe(self, host: str, mask: Callable[[str], str] | None = None) -> str:
        """Return the failure in sentences.

        :param host: the host whose environment and files are used: ON_MODULE_HOST or ON_CONTROLLER.
        :param mask: masks secrets. It is called before a text is shortened, so that no part of a secret is left.
        """
        mask = mask or str
        message, reason = mask(self.message), shorten(mask(self.reason))
        return sentences(f"{message}: {reason}" if reason else message, mask(self.advice.replace(HOST, host)))

    def result(self, host: str, mask: Callable[[str], str] | None = None) -> dict[str, Any]:
        """Return the same keys as AnsibleAWSModule.fail_json_aws, for every failure and without a Python traceback.

        :param host, mask: as for describe().
        :return: msg, error (code, message and all other members that AWS sent), response_metadata ({} if AWS did not respond),
            and the versions of boto3 and botocore if they are installed.
        """
        response = {} if _foreign_response(self.cause) else aws_response(self.cause)
        message = _message_of(self.cause) or _text_of(self.cause) or self.reason or self.message
        members = {**_modeled_members(response), **response.get("Error", {}), "Code": self.code, "Message": message}
        metadata = aws_response(self.cause).get("ResponseMetadata", {})
        sent = {
            "Error": {name: mapped(value, partial(_shown, mask), str) for name, value in members.items()},
            # botocore adds this about its own retries, which are off.
            "ResponseMetadata": {key: metadata[key] for key in metadata if key != "RetryAttempts"},
        }
        return {"msg": self.describe(host, mask), **camel_dict_to_snake_dict(sent), **gather_sdk_versions()}


def invalid_option(option: str, problem: str, advice: str) -> Failure:
    """Return the error for an option that can't be used.

    :param problem: the value, and what is wrong with it.
    :param advice: what the value must be.
    """
    return Failure(f"{option}: {problem}", code=INVALID_PARAMETER, advice=advice)


def validate_names(given: Iterable[Any], known: Collection[str], kind: str) -> None:
    """Validate that options exist, because Ansible ignores others, or reports a missing one first.

    :param given: the names of the options that the user has set.
    :param known: the names of all options, and their aliases.
    :param kind: what to call an option in the message.
    :raises Failure: names the unknown options, and all that exist.
    """
    unknown = [str(name) for name in given if name not in known]
    if unknown:
        problem = f"this is not {kind}" if len(unknown) == 1 else f"none of these is {kind}"
        similar = [match for name in unknown for match in get_close_matches(name, known, 1)]
        hint = f"Did you mean {' and '.join(similar)}? " if similar else ""
        raise invalid_option(", ".join(unknown), problem, f"{hint}Use only {', '.join(sorted(known))}")


def as_failure(error: BaseException) -> Failure:
    """Return a failure unchanged, and any other exception as a failure.

    An interruption has the code INTERRUPTED. An unexpected exception has the function and line that raised it in its reason.
    """
    if isinstance(error, Failure):
        return error
    if isinstance(error, AnsibleBotocoreError):
        return Failure("Failed to load boto3", code=MISSING_LIBRARY, cause=error)
    if isinstance(error, KeyboardInterrupt):
        return Failure("The task was interrupted", code=INTERRUPTED, reason="")
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f", {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return Failure(
        "An unexpected error occurred",
        code=UNEXPECTED_ERROR,
        reason=f"{type(error).__name__}{place}: {_text_of(error)}",
        cause=error,
    )


def aws_response(cause: BaseException | None) -> dict[str, Any]:
    """Return AWS's response, with Error and ResponseMetadata as in botocore's ClientError; {} if there is none."""
    response = getattr(cause, "response", None)
    return response if isinstance(response, dict) and "Error" in response else {}


def error_code(cause: BaseException, default: str) -> str:
    """Return the error code for an exception: AWS's code, or the name of its nearest class in BOTOCORE_ADVICE.

    :param default: the code if AWS sent none and BOTOCORE_ADVICE has none of the exception's classes.
    """
    response = aws_response(cause)
    if response:
        code = response["Error"].get("Code")
        return code if isinstance(code, str) and _CODE.fullmatch(code) else MALFORMED_ANSWER
    known = (kind.__name__ for kind in type(cause).__mro__ if kind.__module__.startswith("botocore."))
    return next((name for name in known if name in BOTOCORE_ADVICE and name != "BotoCoreError"), default)


def _advice(code: str, cause: BaseException | None) -> str:
    if _foreign_response(cause):
        return ADVICE[MALFORMED_ANSWER]
    return ADVICE.get(code, "This error comes from the service. See its documentation for the error code.")


def is_from_aws(cause: BaseException | None) -> bool:
    """Return whether AWS itself, and nothing between the host and AWS, sent an error."""
    return bool(aws_response(cause)) and not _foreign_response(cause)


def _foreign_response(cause: BaseException | None) -> str:
    """Return what is known of an error that something else than AWS sent, such as a proxy; an empty text for AWS's errors.

    Its text can quote the request with its secrets. AWS's errors have a request ID and a code (AWS General Reference).
    """
    response = aws_response(cause)
    metadata = response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode")
    headers = metadata.get("HTTPHeaders", {})
    request_id = metadata.get("RequestId") or headers.get("x-amzn-requestid")
    if not response or (request_id and response["Error"].get("Code") != str(status)):
        return ""
    found = [f"HTTP status {status}", headers.get("content-type"), f"{headers.get('content-length', 'unknown')} bytes"]
    return f"the response is not from AWS ({', '.join(filter(None, found))})"


def _text_of(cause: BaseException | None) -> str:
    """Return the text of an exception as one line, without what may contain secrets that are not known here."""
    if cause is None:
        return ""
    foreign = _foreign_response(cause)
    if foreign:
        return foreign
    if any(kind.__name__ in _PROVIDER_ERRORS for kind in type(cause).__mro__):
        provider = getattr(cause, "kwargs", {}).get("provider", type(cause).__name__)
        return f"the credential provider {provider} failed{_provider_status(cause)}"
    text = one_line(str(cause))
    response = aws_response(cause)
    if response and not _message_of(cause):
        # botocore ends its text with a colon and the message.
        text = text.rpartition(" operation:")[0] + " operation"
    # ssm-contacts' ValidationException and Organizations say so why a request is rejected.
    why = [f"{name}: {_listed(response[name])}" for name in ("Reason", "Fields") if name in response]
    if why:
        text = f"{without_full_stop(text)} ({one_line('; '.join(why))})"
    return text or type(cause).__name__


def _provider_status(cause: BaseException) -> str:
    """Return the HTTP or exit status of a provider of credentials, as a part of a sentence; empty if it is not known."""
    http_status = re.search(r"Received non 200 response \(?([0-9]{3})\b", str(cause))
    if http_status:
        return f", HTTP status {http_status[1]}"
    trace = cause.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    # botocore's error does not have the exit status of a credential_process.
    found = (
        [local.returncode for local in trace.tb_frame.f_locals.values() if isinstance(local, Popen)] if trace else []
    )
    return f", exit status {found[0]}" if found else ""


def _message_of(cause: BaseException | None) -> str:
    """Return the message that AWS sent, without blanks around it; empty if something else than AWS sent the response."""
    error = {} if _foreign_response(cause) else aws_response(cause).get("Error", {})
    return one_line(str(error.get("Message") or "")).strip()


def _modeled_members(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of AWS's error that botocore's model defines, without its code and message."""
    known = ("code", "error", "message", "responsemetadata")
    return {name: response[name] for name in response if name.lower() not in known}


def _listed(value: Any) -> str:
    """Return a value in words, such as ssm-contacts' list of fields, which have a Name and a Message."""
    if isinstance(value, dict):
        return ": ".join(map(str, value.values()))
    return ", ".join(map(_listed, value)) if isinstance(value, list) else str(value)


def _shown(mask: Callable[[str], str] | None, value: Any) -> Any:
    """Return a value as JSON has it, with secrets masked and long texts shortened."""
    if isinstance(value, datetime):
        return iso_time(value)
    return shorten((mask or str)(value)) if isinstance(value, str) else value
