# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of a session (those of a profile, a program, the environment or the machine) and of a role."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

try:
    from botocore.exceptions import BotoCoreError, ClientError, InvalidConfigError, NoCredentialsError
except ImportError:
    BotoCoreError = Exception  # AnsibleAWSModule reports it

from .arn import is_account_id
from .calls import AS_CONFIGURED, Attempts, call_aws, error_from_botocore, required_member
from .errors import (
    COMMON_ADVICE,
    CREDENTIAL_RETRIEVAL_ERROR,
    PROFILE_ADVICE,
    READ_TIMEOUT,
    Failure,
)
from .parallel import in_parallel
from .text import long_enough

if TYPE_CHECKING:
    import boto3
    from botocore.client import BaseClient

#: How long to wait for the credentials, in seconds. A program that returns them has no time limit of its own.
CREDENTIAL_SECONDS = 60


def get_credentials(session: boto3.session.Session, profile: str | None, region: str, secrets: set[str]) -> None:
    """Retrieve the credentials of a session, which all of its clients then use.

    :param profile: the profile in the options, for messages.
    :param secrets: receives the secret key and the token.
    :raises Failure: if there are none, or they can't be retrieved in time.
    """
    message = f"Failed to get credentials for Region {region}{f' with the profile {profile}' if profile else ''}"
    calls = {region: partial(_retrieve, session, message, region)}
    for _region, found in in_parallel(calls, CREDENTIAL_SECONDS):
        if isinstance(found, Failure):
            if found.code != READ_TIMEOUT or found.cause:
                raise found
            reason = f"the profile or the program that it names returned no credentials within {CREDENTIAL_SECONDS:g} seconds"
            raise Failure(message, code=CREDENTIAL_RETRIEVAL_ERROR, reason=reason)
        secrets |= found


def _retrieve(session: boto3.session.Session, message: str, region: str) -> set[str]:
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
        return long_enough([frozen.secret_key, frozen.token])
    except ClientError as error:
        # Without its text: for a wrong signature, AWS quotes the request, with a token that is in none of the secrets.
        failure = error_from_botocore(message, error)
        raise Failure(
            message,
            code=failure.code,
            reason=f"{error.operation_name} failed ({failure.code})",
            advice=COMMON_ADVICE.get(failure.code, PROFILE_ADVICE),
            is_transient=failure.is_transient,
        ) from None
    except (BotoCoreError, OSError) as error:
        raise error_from_botocore(message, error, CREDENTIAL_RETRIEVAL_ERROR) from error
    except Exception as error:
        # Without its text, which can quote credentials that are in none of the secrets.
        reason = f"the credentials can't be read ({type(error).__name__})"
        raise Failure(message, code=CREDENTIAL_RETRIEVAL_ERROR, reason=reason) from None


def _reject_mfa(_prompt: str) -> str:
    raise InvalidConfigError(error_msg="the role of the profile requires an MFA code (mfa_serial)")


def assume_role(client: BaseClient, role_arn: str) -> dict[str, Any]:
    """Return the temporary credentials of a role: AccessKeyId, SecretAccessKey, SessionToken (AssumeRole).

    :param client: a client for STS with the credentials that assume the role.
    :raises Failure: for every error.
    """

    def assume() -> dict[str, Any]:
        # CloudTrail shows the name of the session.
        response = client.assume_role(RoleArn=role_arn, RoleSessionName="incident_manager.aws")
        credentials = required_member(response, "Credentials", dict)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
            required_member(credentials, name, str)
        return credentials

    return call_aws(client, f"assume the role {role_arn}", assume, returns_secrets=True)


def get_caller_account_id(client: BaseClient, attempts: Attempts = AS_CONFIGURED) -> str:
    """Return the ID of the account that the credentials belong to (GetCallerIdentity).

    :raises Failure: for every error.
    """

    def get() -> str:
        account_id = required_member(client.get_caller_identity(), "Account", str)
        if not is_account_id(account_id):
            raise ValueError(f"{account_id!r} is not an account ID")
        return account_id

    return call_aws(client, "get the caller's identity", get, attempts)
