# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognizes the calls of Incident Manager's two APIs in HTTP requests, and logs them."""

from __future__ import annotations

import io
import json
import os
import re
import time
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from moto.iam.models import get_account_id_from

from .backend import utils

_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d+/([^/,\s]+)/([^/,\s]+)/aws4_request")


@dataclass
class Call:
    """
    One call of ssm-incidents or ssm-contacts.

    :ivar operation: None if the service has no such operation.
    :ivar status: None if no answer was sent.
    :ivar fault: None if no fault rule matched.
    """

    service: str
    operation: str | None
    region: str
    account: str
    input: dict[str, Any]
    user_agent: str
    time: float
    status: int | None = None
    fault: str | None = None


def call_of(environ: dict[str, Any]) -> Call | None:
    """
    Return the call of a request. Return None if the signature is missing, or for a service other than Incident Manager.

    The request's body is read and replaced, so that the service can read it.
    """
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None or scope[3] not in (utils.SERVICE, utils.CONTACTS):
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    operation, given = _operation_of(environ)
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return Call(
        service=scope[3],
        operation=operation,
        region=scope[2],
        account=_account(environ, scope[1]),
        input={
            **given,
            **{name: values if name == "tagKeys" else values[0] for name, values in query.items()},
            **_json_object(body),
        },
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        time=time.time(),
    )


def is_unsigned(environ: dict[str, Any]) -> bool:
    """Return whether a request is for an operation of Incident Manager and has no valid signature."""
    operation, _given = _operation_of(environ)
    return operation is not None and _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) is None


def _operation_of(environ: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
    """Return the operation of a request, and its path parameters: see match_operation."""
    raw_path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
    return utils.match_operation(environ["REQUEST_METHOD"], raw_path, environ.get("HTTP_X_AMZ_TARGET"))


def _account(environ: dict[str, Any], access_key: str) -> str:
    """Return the account of the request in moto: see BaseResponse.get_current_account."""
    by_key = get_account_id_from(access_key)
    return os.environ.get("MOTO_ACCOUNT_ID") or environ.get("HTTP_X_MOTO_ACCOUNT_ID") or by_key


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


class CallLog:
    """The calls since the last clear(), in the order of their arrival."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = Lock()

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def as_dicts(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(call) for call in self._calls]
