# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of the service: through boto3, with the error code as the result, and as raw requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from endpoint.client import ACCESS_KEY, send

# connect(region, account): a client without retries.
Connect = Callable[..., Any]

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
IMMEDIATE = {"progression": "immediate"}


def error_code(call: Callable[..., Any], **kwargs: Any) -> str:
    """Make a call, and return the code of its error, or "" if it succeeds."""
    try:
        call(**kwargs)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def send_signed(url: str, method: str, path: str, body: Any = None, region: str = "us-east-1") -> tuple[int, Any]:
    """Send a request with a signature, which the endpoint checks only if IAM is enforced. See send()."""
    headers = {"Authorization": authorization(region), "Content-Type": "application/json"}
    return send(url, method, path, body, headers)


def authorization(region: str = "us-east-1", service: str = "ssm-incidents") -> str:
    """Return the Authorization header of a request, with a signature that the endpoint checks only if IAM is enforced."""
    scope = f"{ACCESS_KEY}/20260101/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
