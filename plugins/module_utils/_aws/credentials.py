# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of a session: those of a profile, a program, the environment or the machine."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

try:
    from botocore.exceptions import BotoCoreError, ClientError, InvalidConfigError, NoCredentialsError
except ImportError:
    BotoCoreError = Exception  # AnsibleAWSModule reports it

from .calls import error_from_botocore
from .errors import (
    ACCESS_DENIED,
    ADVICE,
    AWS_ADVICE,
    BOTOCORE_ADVICE,
    COMMON_ADVICE,
    CREDENTIAL_RETRIEVAL_ERROR,
    READ_TIMEOUT,
    STS_ACCESS_DENIED,
    Failure,
    error_code,
    is_from_aws,
    precise_advice,
)
from .parallel import in_parallel
from .secrets import cached_tokens, long_enough

if TYPE_CHECKING:
    import boto3

#: How long to wait for the credentials, in seconds. A program that returns them has no time limit of its own.
CREDENTIAL_SECONDS = 60

# The advice for the codes that can come from a provider of credentials too. Other codes have another meaning in ADVICE.
_ADVICE = {
    **COMMON_ADVICE,
    **BOTOCORE_ADVICE,
    **{code: AWS_ADVICE[code] for code in (STS_ACCESS_DENIED, "ForbiddenException", "InternalServerException")},
}

# The errors of AssumeRole and of SSO whose text names only the caller, the action and the resource.
_DENIALS = (ACCESS_DENIED, STS_ACCESS_DENIED, "ForbiddenException", "UnauthorizedException")


def get_credentials(session: boto3.session.Session, profile: str | None, region: str, secrets: set[str]) -> None:
    """Retrieve the credentials of a session, which all of its clients then use.

    :param profile: the profile in the options, for messages.
    :param secrets: receives the secret key and the token, or the tokens that the error can quote.
    :raises Failure: if there are none, or they can't be retrieved in time.
    """
    message = f"Failed to get credentials for Region {region}{f' with the profile {profile}' if profile else ''}"
    calls = {region: partial(_retrieve, session, message, region, secrets)}
    for _region, found in in_parallel(calls, CREDENTIAL_SECONDS):
        if isinstance(found, Failure):
            if found.code != READ_TIMEOUT or found.cause:
                raise found
            reason = f"the profile or the program that it names returned no credentials within {CREDENTIAL_SECONDS:g} seconds"
            raise Failure(message, code=CREDENTIAL_RETRIEVAL_ERROR, reason=reason)
        secrets |= found


def _retrieve(session: boto3.session.Session, message: str, region: str, secrets: set[str]) -> set[str]:
    """Return the secrets of the credentials. For the parameters and errors, see get_credentials()."""
    try:
        # Without this, botocore would ask for the code on the terminal, and wait.
        providers = session._session.get_component("credential_provider")
        providers.get_provider("assume-role")._prompter = _reject_mfa
        credentials = session.get_credentials()
        if credentials is None:
            message = f"Failed to connect to AWS in Region {region}"
            raise NoCredentialsError()
        frozen = credentials.get_frozen_credentials()
        if not all(isinstance(text, (str, type(None))) for text in frozen):
            raise TypeError("a part of the credentials is not a string")
        return long_enough([frozen.secret_key, frozen.token])
    except (BotoCoreError, ClientError, OSError) as error:
        # AWS can quote a token in its response.
        secrets |= cached_tokens()
        code = error_code(error, CREDENTIAL_RETRIEVAL_ERROR)
        # A profile can read any file, run any program and call STS or SSO.
        advice = precise_advice(error, sign_in_command(session)) or _ADVICE.get(code)
        failure = error_from_botocore(
            message, error, CREDENTIAL_RETRIEVAL_ERROR, advice or ADVICE[CREDENTIAL_RETRIEVAL_ERROR]
        )
        if is_from_aws(error) and code not in _DENIALS:
            # For a wrong signature, AWS quotes the request, with a token that is in none of the secrets.
            raise failure.without_cause(
                f"AWS rejected {getattr(error, 'operation_name', 'the call')} ({code})"
            ) from None
        raise failure from error
    except Exception as error:
        # Without its text, which can quote credentials that are in none of the secrets.
        reason = f"the credentials can't be read ({type(error).__name__})"
        raise Failure(message, code=CREDENTIAL_RETRIEVAL_ERROR, reason=reason) from None


def _reject_mfa(_prompt: str) -> str:
    raise InvalidConfigError(error_msg="the role of the profile requires an MFA code (mfa_serial)")


def sign_in_command(session: boto3.session.Session) -> str:
    """Return the command of the AWS CLI that renews the login of a session's profile, or of the source of its role, or ""."""
    profiles = session._session.full_config.get("profiles", {})
    name, seen = session.profile_name, set()
    while name in profiles and name not in seen:
        seen.add(name)
        settings = profiles[name]
        if "login_session" in settings:
            return f"aws login --profile {shlex.quote(name)}"
        if "sso_session" in settings or "sso_start_url" in settings:
            return f"aws sso login --profile {shlex.quote(name)}"
        name = settings.get("source_profile")
    return ""
