# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at the wire: raw requests, raw answers, and the error a call ends in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

# connect(region, account): a client without retries.
Connect = Callable[..., Any]

ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
IMMEDIATE = {"progression": "immediate"}


def code_of(call: Callable[..., Any], **kwargs: Any) -> str:
    """The error code a call ends in, "" when it succeeds."""
    try:
        call(**kwargs)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def send(url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """A request as it is, without botocore. :return: the status, and the answer's JSON (or its text)."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        given = body if isinstance(body, str | None) else json.dumps(body)
        connection.request(method, path, given, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


def send_signed(url: str, method: str, path: str, body: Any = None, region: str = "us-east-1") -> tuple[int, Any]:
    """As send(), with a signature's form; nobody checks it unless IAM is enforced."""
    scope = f"LOCALENDPOINTKEY0001/20260101/{region}/ssm-incidents/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    return send(url, method, path, body, {"Authorization": authorization, "Content-Type": "application/json"})


def control(url: str, method: str, name: str, body: Any = None) -> tuple[int, Any]:
    return send(url, method, f"/incident-manager-endpoint/{name}", body)
