# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to STS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arn import is_account_id
from .calls import AS_CONFIGURED, Attempts, call_aws, required_member
from .errors import AWS_ADVICE, STS_ACCESS_DENIED, Failure

if TYPE_CHECKING:
    from botocore.client import BaseClient

_IDENTITY_ADVICE = (
    "This call needs no permission. Check the policy of the VPC endpoint for STS and the service control policies of the"
    " organization."
)


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

    try:
        return call_aws(client, "get the caller's identity", get, attempts)
    except Failure as failure:
        if failure.advice != AWS_ADVICE[STS_ACCESS_DENIED]:
            raise
        raise failure.with_advice(_IDENTITY_ADVICE) from failure.cause
