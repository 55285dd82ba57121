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
from types import MappingProxyType
from typing import Any, Callable, Collection, Iterable, Mapping

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

_RESPONSE_ADVICE = (
    "Check endpoint_url, and check whether a proxy or a captive portal is between the host and AWS. The option aws_config can"
    " set a proxy too (proxies)."
)
_CREDENTIALS_ADVICE = "Check the credentials. They are unknown, expired, or from another partition, or the Region is not enabled for the account."
_EXPIRED_ADVICE = (
    f"Sign in again. If the profile uses aws sso login or aws login, run that command on {HOST}. Otherwise, set new temporary"
    " credentials (access_key, secret_key and session_token)."
)
_SSO_ADVICE = (
    "In IAM Identity Center, assign the account and the permission set to the user, or check sso_account_id and"
    f" sso_role_name of the profile on {HOST}."
)
_CRT_ADVICE = (
    f"A profile of aws login requires a newer botocore with its extra crt: for the Python that runs Ansible on {HOST}, run"
    " pip install --upgrade 'botocore[crt]'."
)
_CLOCK_ADVICE = (
    f"Check the clock of {HOST}. AWS rejects a request whose time differs from its own by more than a few minutes."
)
_SIGNATURE_ADVICE = (
    f"Check that the secret key is correct and that no proxy between {HOST} and AWS changes requests. {_CLOCK_ADVICE}"
)
_REGION_DISABLED_ADVICE = "Enable the Region for the account, or use another Region."
_DENIED_ADVICE = "Allow this action in the caller's IAM policy, and check whether another policy denies it."
_THROTTLING_ADVICE = "The service throttled the request. Try again later, or run fewer tasks at once."
_NO_CREDENTIALS_ADVICE = (
    "Set access_key and secret_key (and session_token if they are temporary), or profile, or set AWS_ACCESS_KEY_ID and"
    f" AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, in the environment of {HOST}."
)
_ENDPOINT_ADVICE = (
    f"Check that {HOST} can reach this endpoint, and that the service exists in the Region. The option aws_config sets time"
    " limits and retries (connect_timeout, read_timeout, retries)."
)
_REGION_ADVICE = "Set the option region to the name of a Region, such as eu-west-1."
_PROFILE_ADVICE = (
    f"On {HOST}, check the profile in the AWS configuration files and what it refers to: a role and its trust policy, a"
    " program, a token file, an SSO login (aws sso login). A profile that requires an MFA code can't be used."
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
        "Fix what the messages report, such as the policy of the KMS key. Otherwise, delete the Region from the set in the"
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

#: The codes that every service can send, most of them from the signature check in front of it. Services with the query
#: protocol, such as STS, have other names for what the JSON services call an exception (API references, "Common Error Types";
#: botocore's models).
COMMON_ADVICE = {
    "AuthFailure": _CREDENTIALS_ADVICE,
    "ExpiredToken": _EXPIRED_ADVICE,
    "ExpiredTokenException": _EXPIRED_ADVICE,
    "IncompleteSignature": _SIGNATURE_ADVICE,
    "IncompleteSignatureException": _SIGNATURE_ADVICE,
    "InvalidClientTokenId": _CREDENTIALS_ADVICE,
    "InvalidSignatureException": _SIGNATURE_ADVICE,
    "MissingAuthenticationToken": _SIGNATURE_ADVICE,
    "MissingAuthenticationTokenException": _SIGNATURE_ADVICE,
    "OptInRequired": _REGION_DISABLED_ADVICE,
    "RegionDisabledException": _REGION_DISABLED_ADVICE,
    "RequestExpired": _CLOCK_ADVICE,
    "RequestTimeTooSkewed": _CLOCK_ADVICE,
    "SignatureDoesNotMatch": _SIGNATURE_ADVICE,
    "Throttling": _THROTTLING_ADVICE,
    THROTTLING: _THROTTLING_ADVICE,
    UNRECOGNIZED_CLIENT: _CREDENTIALS_ADVICE,
}

#: AWS's codes: those of every service, of the services (botocore's models), and of STS.
AWS_ADVICE = {
    **COMMON_ADVICE,
    STS_ACCESS_DENIED: (
        "Allow sts:AssumeRole on this role in the caller's IAM policy, and add the caller to the role's trust policy."
    ),
    ACCESS_DENIED: _DENIED_ADVICE,
    CONFLICT: "Another change of the replication set is in progress. Try again when it has finished.",
    "DataEncryptionException": (
        "Check that the KMS keys of the replication set are enabled, and that the keys' policies let the caller use them."
    ),
    "ForbiddenException": _SSO_ADVICE,
    "InternalServerException": "This is an internal error of the service. Try again later.",
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

# botocore's exceptions for a login that is missing or has expired.
_SIGN_IN_ERRORS = ("LoginRefreshRequired", "LoginTokenLoadError", "SSOError", "TokenRetrievalError")

# How AWS's messages name the policy that denies an action (IAM User Guide, "Troubleshoot access denied error messages"),
# and where that policy is. If no identity-based policy allows the action, the advice for the code is right.
_POLICIES = {
    "identity-based": "the IAM policies of the caller",
    "permissions boundary": "the permissions boundary of the caller",
    "resource control": "the resource control policies (RCPs) of the organization",
    "resource-based": "the policy of the resource, such as the policy of a KMS key",
    "role trust": "the trust policy of the role",
    "service control": "the service control policies (SCPs) of the organization",
    "session": "the session policy of the caller's credentials",
    "vpc endpoint": "the policy of the VPC endpoint",
}
_DENYING_POLICY = re.compile(rf"(explicit deny in|because no) (?:an? |the )?({'|'.join(_POLICIES)})\b", re.I)

# How AWS's messages name a time that is wrong, with the codes for signatures and for credentials.
_WRONG_TIME = re.compile(
    r"signature (?:has )?expired|request (?:has )?expired|not yet current|is (?:now|still) (?:earlier|later) than"
    r"|too skewed|request time|timestamp",
    re.I,
)

#: The codes for botocore's exceptions: the names of their classes. An exception without an entry has that of its base class.
BOTOCORE_ADVICE = {
    "BotoCoreError": (
        f"Check the connection options and, on {HOST}, the environment variables AWS_* and the AWS configuration files."
    ),
    "ConnectTimeoutError": _ENDPOINT_ADVICE,
    "ConnectionClosedError": _ENDPOINT_ADVICE,
    CREDENTIAL_RETRIEVAL_ERROR: _PROFILE_ADVICE,
    UNREACHABLE: _ENDPOINT_ADVICE,
    "HTTPClientError": _ENDPOINT_ADVICE,
    "IncompleteReadError": _ENDPOINT_ADVICE,
    "InvalidRegionError": _REGION_ADVICE,
    "NoCredentialsError": _NO_CREDENTIALS_ADVICE,
    "NoRegionError": f"Set the option region, or set AWS_REGION or the profile's region on {HOST}.",
    "PaginationError": _RESPONSE_ADVICE,
    "PartialCredentialsError": _NO_CREDENTIALS_ADVICE,
    "ProfileNotFound": (
        f"Check that the profile in the option profile or in AWS_PROFILE is in the AWS configuration files on {HOST}."
    ),
    "ProxyConnectionError": (
        f"Check the proxy in the environment variable HTTPS_PROXY on {HOST}. The option aws_config (proxies) overrides it."
    ),
    READ_TIMEOUT: _ENDPOINT_ADVICE,
    "ResponseStreamingError": _ENDPOINT_ADVICE,
    "SSLError": (
        "Check the endpoint's certificate. For a private certificate authority, set the environment variable AWS_CA_BUNDLE on"
        f" {HOST}. The option aws_ca_bundle overrides it."
    ),
    "UnknownRegionError": _REGION_ADVICE,
}

# botocore adds this to AWS's message about its own retries, which are off.
_BOTOCORE_RETRIES = re.compile(r" \(reached max retries: [0-9]+\)")

# The format of AWS's codes. Any other code comes from something between the host and AWS.
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")

#: Every documented code with its advice. Other codes that AWS sends are passed on unchanged.
ADVICE: Mapping[str, str] = {**COLLECTION_ADVICE, **AWS_ADVICE, **BOTOCORE_ADVICE}

#: The service's codes for transient errors (botocore's model). AWSRetry knows only those of other services. A bare 5xx
#: comes from something between the host and AWS, and its number is its code. ServiceException is from Organizations.
TRANSIENT_ERRORS = ("ThrottlingException", "InternalServerException", "ServiceException", "500", "502", "503", "504")

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


# botocore quotes in these errors what a provider of credentials wrote or sent: the request with its token, or anything else.
_PROVIDER_ERRORS = (
    CREDENTIAL_RETRIEVAL_ERROR,
    "LoginAuthorizationCodeError",
    "LoginTokenLoadError",
    "MetadataRetrievalError",
    "TokenRetrievalError",
)
# The members of an error that say why a request is rejected (ssm-contacts' ValidationException, Organizations).
_EXPLANATIONS = ("Reason", "Fields")

_HTTP_STATUS = re.compile(r"non 200 response \(?([0-9]{3})\b")


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
        self.advice = (precise_advice(cause) or _advice(code, cause)) if advice is None else advice
        self.cause = cause
        self.is_transient = is_transient or code in NO_RESPONSE_ERRORS

    def __str__(self) -> str:
        return self.describe(ON_MODULE_HOST)

    def with_advice(self, advice: str) -> Failure:
        """Return the same failure with other advice."""
        return self._with(advice=advice)

    def without_cause(self, reason: str) -> Failure:
        """Return the same failure with a reason in place of the exception underneath."""
        return self._with(reason=reason, cause=None)

    def transient(self) -> Failure:
        """Return the same failure, marked as transient."""
        return self._with(is_transient=True)

    def after_attempts(self, number: int) -> Failure:
        """Return the same failure, with the number of attempts in its message."""
        return self._with(message=f"{self.message} after {number} attempts")

    def _with(self, **parameters: Any) -> Failure:
        same = {"reason": self.reason, "advice": self.advice, "is_transient": self.is_transient}
        return Failure(**{"message": self.message, "code": self.code, "cause": self.cause, **same, **parameters})

    def describe(self, host: str, mask: Callable[[str], str] | None = None) -> str:
        """Return the failure in sentences.

        :param host: the host whose environment and files are used: ON_MODULE_HOST or ON_CONTROLLER.
        :param mask: masks secrets. It is called before a text is shortened, so that no part of a secret is left.
        """
        mask = mask or str
        message, reason = mask(self.message), shorten(mask(self.reason))
        return sentences(f"{message}: {reason}" if reason else message, mask(self.advice.replace(HOST, host)))

    def error_members(self, mask: Callable[[str], str] | None = None) -> dict[str, Any]:
        """Return Code, Message, and all other members of AWS's error, those of botocore's model included.

        :param mask: as for describe().
        """
        sent = _error_of_aws(self.cause).get("Error", {})
        message = _message_of(self.cause) or _text_of(self.cause) or self.reason or self.message
        members = {**_modeled_members(self.cause), **sent, "Code": self.code, "Message": str(message)}
        return {name: mapped(value, partial(_shown, mask), str) for name, value in members.items()}


def invalid_option(option: str, problem: str, advice: str) -> Failure:
    """Return the error for an option that can't be used.

    :param problem: the value, and what is wrong with it.
    :param advice: what the value must be.
    """
    return Failure(f"{option}: {problem}", code=INVALID_PARAMETER, advice=advice)


def validate_names(
    given: Iterable[Any],
    known: Collection[str],
    kind: str,
    prefix: str = "",
    elsewhere: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> None:
    """Validate that options exist, because Ansible ignores others, or reports a missing one first.

    :param given: the names of the options that the user has set.
    :param known: the names of all options, and their aliases.
    :param kind: what to call an option in the message.
    :param prefix: what to put in front of an unknown name, such as "rules.".
    :param elsewhere: the names of options that belong elsewhere, by the sentence that says where.
    :raises Failure: names the options, and those with similar names.
    """
    unknown = [name for name in map(str, given) if name not in known]
    advice = []
    for name in unknown:
        advice += [sentence for sentence, others in elsewhere.items() if name in others]
        advice += [f"Did you mean {similar}?" for similar in get_close_matches(name, known, 1)]
    if unknown:
        problem = f"this is not {kind}" if len(unknown) == 1 else f"none of these is {kind}"
        raise invalid_option(", ".join(f"{prefix}{name}" for name in unknown), problem, " ".join(advice))


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


def precise_advice(cause: BaseException | None, sign_in: str = "") -> str:
    """Return advice that depends on more than the code: on an expired login, a wrong time, the policy that denies; else "".

    :param cause: an exception of botocore.
    :param sign_in: the command that renews the login of the profile, if there is one.
    """
    error = _error_of_aws(cause).get("Error", {})
    code, message = (str(error.get(name, "")) for name in ("Code", "Message"))
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    if "MissingDependencyException" in kinds or ("NoCredentialsError" in kinds and sign_in.startswith("aws login")):
        return _CRT_ADVICE
    if kinds.intersection(_SIGN_IN_ERRORS) or ADVICE.get(code) == _EXPIRED_ADVICE:
        return f"Sign in again: on {HOST}, run {sign_in}." if sign_in else _EXPIRED_ADVICE
    if code in COMMON_ADVICE and _WRONG_TIME.search(message):
        return _CLOCK_ADVICE
    found = _DENYING_POLICY.search(message)
    if not found:
        return ""
    is_explicit, policy = found[1].lower() != "because no", found[2].lower()
    if is_explicit:
        return f"Remove the explicit deny from {_POLICIES[policy]}. Until then, no other policy can allow this action."
    return "" if policy == "identity-based" else f"Allow this action in {_POLICIES[policy]}."


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
    foreign = _foreign_response(cause)
    if foreign:
        return foreign
    if any(kind.__name__ in _PROVIDER_ERRORS for kind in type(cause).__mro__):
        return _provider_failure(cause)
    if cause is None:
        return ""
    text = _BOTOCORE_RETRIES.sub("", one_line(str(cause)), count=1).rstrip()
    if aws_response(cause) and not _message_of(cause):
        # botocore ends its text with a colon and the message.
        text = text.rpartition(" operation:")[0] + " operation"
    why = _modeled_members(cause, _EXPLANATIONS)
    if why:
        text = f"{without_full_stop(text)} ({one_line('; '.join(f'{name}: {_listed(why[name])}' for name in why))})"
    return text or type(cause).__name__


def _error_of_aws(cause: BaseException | None) -> dict[str, Any]:
    """Return aws_response(), or {} if something else than AWS sent the response."""
    return {} if _foreign_response(cause) else aws_response(cause)


def _message_of(cause: BaseException | None) -> str:
    """Return the message that AWS sent, without blanks around it."""
    return one_line(str(_error_of_aws(cause).get("Error", {}).get("Message") or "")).strip()


def _modeled_members(cause: BaseException | None, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the members of AWS's error that botocore's model defines, without its code and message.

    :param names: the members to return; by default all.
    """
    known = ("code", "error", "message", "responsemetadata")
    response = _error_of_aws(cause)
    return {name: response[name] for name in response if (name in names if names else name.lower() not in known)}


def _listed(value: Any) -> str:
    """Return a value in words, such as ssm-contacts' list of fields, which have a Name and a Message."""
    if isinstance(value, dict):
        return ": ".join(map(str, value.values()))
    return ", ".join(map(_listed, value)) if isinstance(value, list) else str(value)


def _shown(mask: Callable[[str], str] | None, value: Any) -> Any:
    """Return a value as JSON has it, with secrets masked and long texts shortened."""
    if isinstance(value, datetime):
        try:
            return iso_time(value)
        except OverflowError:
            return value.isoformat()
    return shorten((mask or str)(value)) if isinstance(value, str) else value


def _provider_failure(cause: BaseException | None) -> str:
    """Return which provider of credentials failed, with its HTTP or exit status, and without the text that it sent."""
    provider = getattr(cause, "kwargs", {}).get("provider", type(cause).__name__)
    http_status = _HTTP_STATUS.search(str(cause))
    trace = cause.__traceback__ if cause else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    # botocore's error does not have the exit status of a credential_process.
    found = (
        [local.returncode for local in trace.tb_frame.f_locals.values() if isinstance(local, Popen)] if trace else []
    )
    status = f", HTTP status {http_status[1]}" if http_status else f", exit status {found[0]}" if found else ""
    return f"the credential provider {provider} failed{status}"
