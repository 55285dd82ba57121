# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fault rules, and the WSGI app that applies them to the calls of both APIs."""

from __future__ import annotations

import html
import os
import re
import select
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from http import HTTPStatus
from threading import Event, Lock
from typing import Any, NamedTuple

from .backend import kinds, models, utils
from .calls import Call, CallLog, call_of, is_unsigned

FAULTS = (
    "error",
    "throttle",
    "internal",
    "status",
    "delay",
    "reset",
    "hang",
    "not_json",
    "empty",
    "truncated",
    "cut_json",
    "body",
)
MAX_WAIT = 120.0

SERVED = kinds.SERVED
# The operations of both APIs that are served.
OPERATIONS = sorted({*utils.OPERATIONS, *SERVED[utils.SERVICE], *SERVED[utils.CONTACTS]})

# The codes of the faults that are errors of the service. The code of "error" is a default.
_CODES = {"error": "InternalServerException", "throttle": "ThrottlingException", "internal": "InternalServerException"}

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# What moto adds to an answer, and AWS does not. moto's request ID has another form than AWS's.
_HEADERS_OF_MOTO = ("access-control-allow-origin", "server", "status", "x-amzn-requestid")
_HTML = "<!DOCTYPE html><html><body><h1>A proxy's page</h1></body></html>"


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: Callable[..., Any]) -> list[bytes]:
        """Start a WSGI response, and return its body."""
        phrases = {status.value: status.phrase for status in HTTPStatus}
        start_response(f"{self.status} {phrases.get(self.status, 'Unknown')}", self.headers)
        return [self.body]


def is_number(value: Any, kind: type | tuple[type, ...] = (int, float)) -> bool:
    """Return whether a value is a number and not a boolean."""
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class Rule:
    """A fault for the first ``times`` calls that match. None matches any service, operation, Region or account."""

    fault: str
    service: str | None = None
    operation: str | None = None
    region: str | None = None
    account: str | None = None
    times: int | None = 1
    # Carry the call out before the fault.
    after: bool = False
    # For "error": the code, the message, and further members of the error. Those of "throttle" and "internal" are fixed.
    code: str | None = None
    message: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    # For "error", by default the model's; required for "status".
    http_status: int | None = None
    # For "status", "body".
    body: str | None = None
    # For "delay", and for "hang" as the maximum.
    seconds: float = MAX_WAIT

    @classmethod
    def parse(cls, given: Any) -> Rule:
        """
        Return the rule of a JSON value.

        :raises ValueError, TypeError: if it is not a valid rule.
        """
        if not isinstance(given, Mapping):
            raise TypeError(f"a rule is an object, not {given!r}")
        if unknown := set(given) - {known.name for known in fields(cls)}:
            raise ValueError(f"unknown in a rule: {', '.join(sorted(map(str, unknown)))}")
        if given.get("fault") not in FAULTS:
            raise ValueError(f"fault must be one of {', '.join(FAULTS)}, not {given.get('fault')!r}")
        rule = cls(**{"code": _CODES.get(given["fault"]), **given})
        rule._check()
        return rule

    def _check(self) -> None:
        for name in ("service", "operation", "region", "account", "message", "body"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ValueError(f"{name} must be a string or null, not {value!r}")
        if self.service not in (None, *SERVED):
            raise ValueError(f"service must be null or one of {', '.join(SERVED)}, not {self.service!r}")
        if self.operation is not None and self.operation not in OPERATIONS:
            raise ValueError(f"operation must be null or one of {', '.join(OPERATIONS)}, not {self.operation!r}")
        if self.times is not None and (not is_number(self.times, int) or self.times < 1):
            raise ValueError(f"times must be null or at least 1, not {self.times!r}")
        if not isinstance(self.after, bool):
            raise ValueError(f"after must be true or false, not {self.after!r}")
        if not isinstance(self.code, str | None) or not isinstance(self.members, Mapping):
            raise TypeError("code must be a string and members an object")
        if self.fault != "error" and self.code != _CODES.get(self.fault):
            raise ValueError(f'code is for the fault "error", not "{self.fault}"')
        if not is_number(self.seconds) or not 0 <= self.seconds <= MAX_WAIT:
            raise ValueError(f"seconds must be between 0 and {MAX_WAIT:g}, not {self.seconds!r}")
        if self.http_status is not None and (
            not is_number(self.http_status, int) or not 200 <= self.http_status <= 599
        ):
            raise ValueError(f"http_status must be between 200 and 599, not {self.http_status!r}")
        for fault, name in (("status", "http_status"), ("body", "body")):
            if self.fault == fault and getattr(self, name) is None:
                raise ValueError(f'the fault "{fault}" needs {name}')
        if self.fault == "delay" and self.seconds == MAX_WAIT:
            raise ValueError(f'the fault "delay" needs seconds, less than {MAX_WAIT:g}')

    def matches(self, call: Call) -> bool:
        return all(
            wanted is None or wanted == actual
            for wanted, actual in (
                (self.service, call.service),
                (self.operation, call.operation),
                (self.region, call.region),
                (self.account, call.account),
            )
        )

    def answer(self, service: str) -> Answer:
        """Return the fault's answer to a call of a service. Faults that drop or shorten the real answer have none."""
        if self.code:
            message = self.message or ("Rate exceeded" if self.fault == "throttle" else None)
            return error_answer(self.code, message, self.members, self.http_status, service)
        if self.fault == "status":
            return _text_answer(self.http_status or 200, _HTML if self.body is None else self.body, "text/html")
        if self.fault == "not_json":
            return _text_answer(200, _HTML, "text/html")
        if self.fault == "empty":
            return _text_answer(200, "", "application/json")
        answer = _text_answer(200, self.body or "", "application/json")
        return answer._replace(headers=[*answer.headers, _request_id()])


def error_answer(
    code: str,
    message: str | None,
    members: Mapping[str, Any],
    http_status: int | None = None,
    service: str = utils.SERVICE,
) -> Answer:
    """
    Return an error in a service's format, with its required members [model].

    :param http_status: by default the model's: see utils.error_response.
    """
    text = message or f"{code}, sent by a fault rule"
    status, headers, body = utils.error_response(service, code, text, members, http_status)
    content = body.encode()
    return Answer(status, [*headers.items(), ("Content-Length", str(len(content))), _request_id()], content)


def _request_id() -> tuple[str, str]:
    """Return the header with a request's ID, which every answer of AWS has."""
    return "x-amzn-RequestId", str(uuid.uuid4())


def _denial(answer: Answer, environ: Mapping[str, Any]) -> Answer:
    """Return moto's answer as AWS sends it: moto denies a call of a JSON service, such as KMS, with XML."""
    found = re.search(rb"<Code>AccessDenied</Code><Message>(.*?)</Message>", answer.body)
    if answer.status != 403 or not found or "HTTP_X_AMZ_TARGET" not in environ:
        return answer
    return error_answer("AccessDeniedException", html.unescape(found[1].decode()), {}, 403)


def _text_answer(status: int, text: str, content_type: str) -> Answer:
    body = text.encode()
    return Answer(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))], body)


class Faults:
    """The active rules. The first rule that matches a call is applied. After a delay, the next match is applied too."""

    def __init__(self) -> None:
        self._rules: list[tuple[Rule, int | None]] = []
        self._lock = Lock()

    def add(self, *given: Rule | Mapping[str, Any]) -> None:
        """
        Add rules.

        :raises ValueError, TypeError: for a malformed rule. In this case none is added.
        """
        rules = [rule if isinstance(rule, Rule) else Rule.parse(rule) for rule in given]
        with self._lock:
            self._rules.extend((rule, rule.times) for rule in rules)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def left(self) -> list[dict[str, Any]]:
        """Return the active rules, each with the number of times that are left."""
        with self._lock:
            return [{**asdict(rule), "times": times} for rule, times in self._rules]

    def take(self, call: Call) -> list[Rule]:
        """Return the rules for a call, which are delays and at most one other fault, and count them as applied."""
        taken: list[Rule] = []
        with self._lock:
            kept = []
            for rule, times in self._rules:
                done = bool(taken) and taken[-1].fault != "delay"
                if done or not rule.matches(call):
                    kept.append((rule, times))
                    continue
                taken.append(rule)
                if times is None:
                    kept.append((rule, None))
                elif times > 1:
                    kept.append((rule, times - 1))
            self._rules = kept
        return taken


def answer_of(app: WSGIApp, environ: dict[str, Any]) -> Answer:
    """Return the answer of an app."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        if exc_info:
            raise exc_info[1]
        started.append((status, headers))

    result = app(environ, start_response)
    body = b"".join(result)
    if (close := getattr(result, "close", None)) is not None:
        close()
    status, headers = started[-1]
    return Answer(int(status.split()[0]), headers, body)


def _answer_of_moto(app: WSGIApp, environ: dict[str, Any]) -> Answer:
    """Return the answer of one of moto's apps, with headers as AWS sends them."""
    answer = answer_of(app, environ)
    kept = [(name, value) for name, value in answer.headers if name.lower() not in _HEADERS_OF_MOTO]
    return answer._replace(headers=[*kept, _request_id()])


class FaultyService:
    """A WSGI app that logs each call of Incident Manager's APIs, and applies the fault rules to them.

    :param service: the app that answers these calls.
    :param others: the app that answers those of all other services.
    """

    def __init__(self, service: WSGIApp, others: WSGIApp, faults: Faults, log: CallLog, stopping: Event) -> None:
        self._service = service
        self._others = others
        self._faults = faults
        self._log = log
        self._stopping = stopping

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._stopping.is_set():
            # A client has kept a connection.
            _drop(environ)
        call = call_of(environ)
        if call is None and is_unsigned(environ):
            # moto would treat this call as a request to S3.
            answer = error_answer("MissingAuthenticationTokenException", "Missing Authentication Token", {}, 403)
            return answer.send(start_response)
        if call is None:
            return _denial(_answer_of_moto(self._others, environ), environ).send(start_response)
        self._log.add(call)
        if call.region not in utils.service_regions():
            # AWS has no such host name. Dropping the connection is the closest that a server can come to that.
            call.fault = "no such region"
            _drop(environ)
        rules = _unavailable(call)
        if not rules:
            rules = self._faults.take(call)
        call.fault = "+".join(rule.fault for rule in rules) or None
        answer = self._apply(environ, rules, call.service)
        call.status = answer.status
        return answer.send(start_response)

    def _apply(self, environ: dict[str, Any], rules: list[Rule], service: str) -> Answer:
        """Return the answer to a call of a service with these rules.

        :raises ConnectionResetError: if a rule sends no answer.
        """
        answer: Answer | None = None
        for rule in rules:
            # These faults need the real answer.
            if rule.after or rule.fault in ("truncated", "cut_json"):
                answer = answer or _answer_of_moto(self._service, environ)
            if rule.fault == "delay":
                self._stopping.wait(rule.seconds)
            elif rule.fault == "hang":
                self._hang(environ, rule.seconds)
            elif rule.fault == "reset":
                _drop(environ)
            elif answer is not None and rule.fault in ("truncated", "cut_json"):
                return _cut(answer, length_of_half=rule.fault == "cut_json")
            else:
                return rule.answer(service)
        return answer or _answer_of_moto(self._service, environ)

    def _hang(self, environ: dict[str, Any], seconds: float) -> None:
        """Send nothing until the client gives up, the endpoint stops, or the time is over."""
        until = time.monotonic() + seconds
        # The client sends no more data, so a readable socket means that the client has closed it.
        closed = select.poll()
        closed.register(environ["werkzeug.socket"], select.POLLIN)
        while time.monotonic() < until and not self._stopping.is_set() and not closed.poll(50):
            pass
        _drop(environ)


def _unavailable(call: Call) -> list[Rule]:
    """Return the fault of a call in one of the setting's unavailable Regions."""
    reason = models.SETTINGS.unavailable_regions.get(call.region)
    if reason == "drop":
        return [Rule("reset")]
    if reason == "503":
        return [Rule("status", http_status=503)]
    if reason == "denied":
        message = (
            f"User: arn:aws:iam::{call.account}:user/someone is not authorized to perform: {call.service}:{call.operation}"
            " with an explicit deny in a service control policy"
        )
        return [Rule("error", code="AccessDeniedException", message=message)]
    return []


def _cut(answer: Answer, length_of_half: bool) -> Answer:
    """
    Return an answer with half of its body, or half of {} if it has none.

    :param length_of_half: whether Content-Length is the length of the half, or of the complete body.
    """
    body = answer.body or b"{}"
    half = body[: len(body) // 2]
    headers = [
        (name, value) for name, value in answer.headers if name.lower() not in ("content-length", "content-type")
    ]
    headers += [("Content-Type", "application/json"), ("Content-Length", str(len(half if length_of_half else body)))]
    return Answer(200 if answer.status == 204 else answer.status, headers, half)


def _drop(environ: dict[str, Any]) -> None:
    """
    Reset the connection.

    :raises ConnectionResetError: always. werkzeug then acts as if the client had closed the connection.
    """
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # close() would wait for the server's other references to the socket.
    os.close(connection.detach())
    raise ConnectionResetError("dropped by the local endpoint")
