# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognizes the service's calls in HTTP requests, and lists them."""

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
    """One call of the service. ``status`` is None if no answer was sent, ``fault`` if no fault rule matched."""

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
    Return the call of a request; None if its signature is for another service, or missing.

    The request's body is read and replaced, so that the service can read it.
    """
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None or scope[3] != utils.SERVICE:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    raw_path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
    operation, given = utils.match_operation(environ["REQUEST_METHOD"], raw_path)
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return Call(
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
    """Return whether a request is for one of the service's paths and has no valid signature."""
    raw_path = environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0]
    operation, _given = utils.match_operation(environ["REQUEST_METHOD"], raw_path)
    return operation is not None and _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) is None


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
