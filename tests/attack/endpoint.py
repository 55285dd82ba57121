# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint for STS and Incident Manager that answers each account as the test says, and checks every signature.

Written from the facts about the service alone. It answers in bytes, so that anything can be sent.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .accounts import Account, Keys

LIST = "ListReplicationSets"
GET = "GetReplicationSet"
TAGS = "ListTagsForResource"
ASSUME = "AssumeRole"
IDENTITY = "GetCallerIdentity"

_ROUTES = (
    (re.compile(r"POST /listReplicationSets"), LIST),
    (re.compile(r"GET /getReplicationSet"), GET),
    (re.compile(r"GET /tags/.+"), TAGS),
)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>\d{8}/(?P<region>[\w-]+)/[\w-]+/aws4_request), "
    r"SignedHeaders=(?P<headers>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Request:
    """A request.

    :ivar account: the account of the host that sent it, by its path.
    :ivar operation: the operation; empty for an unknown one.
    :ivar region: the Region that it is signed for.
    :ivar problem: what is wrong with its signature; empty if it is the account's own.
    """

    account: Account
    operation: str
    region: str
    problem: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Answer:
    """The bytes to send, and whether to reset the connection after them."""

    data: bytes
    reset: bool = False


@dataclass(frozen=True)
class Call:
    """The record of a request.

    :ivar problem: what is wrong with its signature; empty if it is the account's own.
    """

    account: Account
    operation: str
    access_key: str
    problem: str


Reply = Callable[[Request], Answer]
Replies = Mapping[str, Reply]


def answer(
    body: Any = b"",
    status: int | str = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return an answer. Its body has bytes and texts unchanged, and anything else as JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    all_headers = {
        "Content-Type": content_type,
        "Content-Length": str(len(data)),
        "Connection": "close",
        **(headers or {}),
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in all_headers.items()), "", ""]
    return Answer("\r\n".join(lines).encode("latin-1", "replace") + data)


def error(code: str, message: str, status: int) -> Answer:
    """Return an error as the service sends it."""
    return answer({"message": message}, f"{status} Error", headers={"x-amzn-ErrorType": code})


def xml(operation: str, content: str) -> Answer:
    """Return an answer of STS."""
    result = f"<{operation}Result>{content}</{operation}Result>"
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    return answer(f'<{operation}Response xmlns="{namespace}">{result}</{operation}Response>', content_type="text/xml")


def in_order(request: Request) -> Answer:
    """Answer as the service does."""
    account = request.account
    if request.problem:
        return error("InvalidSignatureException", "The signature does not match", 403)
    if request.operation == ASSUME:
        if parse_qs(request.body)["RoleArn"] != [account.role_arn]:
            return sts_error("AccessDenied", "Not this role")
        return assumed(account.role_keys, account.account_id)
    if request.operation == IDENTITY:
        return identity(account.account_id)
    if request.operation == LIST:
        return answer({"replicationSetArns": [account.arn] if account.has_set else []})
    if request.operation not in (GET, TAGS):
        return error("UnknownOperationException", "", 404)
    is_own = request.query.get("arn") == account.arn
    if not account.has_set or not is_own or request.region not in account.replication_set["regionMap"]:
        return error("ResourceNotFoundException", "Replication set not found", 404)
    if request.operation == TAGS:
        return answer({"tags": {"Team": "Resilience"}})
    return answer({"replicationSet": account.replication_set})


def assumed(keys: Keys, account_id: str) -> Answer:
    """Answer AssumeRole with keys of an account."""
    credentials = {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.token,
        "Expiration": "2099-01-01T00:00:00Z",
    }
    user = {"AssumedRoleId": "AROA3XFRBF23:audit", "Arn": f"arn:aws:sts::{account_id}:assumed-role/audit/audit"}
    return xml(
        ASSUME,
        f"<Credentials>{_elements(credentials)}</Credentials><AssumedRoleUser>{_elements(user)}</AssumedRoleUser>",
    )


def identity(account_id: str) -> Answer:
    """Answer GetCallerIdentity."""
    members = {"UserId": "AIDA", "Account": account_id, "Arn": f"arn:aws:iam::{account_id}:user/audit"}
    return xml(IDENTITY, _elements(members))


def sts_error(code: str, message: str, status: int = 403) -> Answer:
    content = (
        f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId>"
    )
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    return answer(f'<ErrorResponse xmlns="{namespace}">{content}</ErrorResponse>', f"{status} Error", "text/xml")


def _elements(members: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in members.items())


class Endpoint:
    """The endpoint. A context manager.

    :ivar url: its URL. An account's requests have the account's path after it.
    :ivar calls: the requests that it got.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._accounts: dict[str, tuple[Account, Replies]] = {}
        self._lock = Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint._handle(self)

            def do_POST(self) -> None:
                endpoint._handle(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, accounts: Iterable[Account], replies: Mapping[str, Replies] | None = None) -> None:
        """Serve these accounts, and no others, from now on.

        :param replies: for the name of an account, the replies of operations that are not answered as the service does.
        """
        self._accounts = {account.path: (account, (replies or {}).get(account.name, {})) for account in accounts}
        self.calls.clear()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        whole_path, _mark, query = handler.path.partition("?")
        name, _slash, path = whole_path.removeprefix("/").partition("/")
        account, replies = self._accounts[name]
        operation, arguments = _operation(f"{handler.command} /{path}", query, body.decode())
        headers = {key.lower(): value for key, value in handler.headers.items()}
        authorization = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        problem = _signature_problem(account, operation, handler.command, whole_path, query, headers, body)
        region = authorization["region"] if authorization else ""
        access_key = authorization["key"] if authorization else ""
        with self._lock:
            self.calls.append(Call(account, operation, access_key, problem))
        request = Request(account, operation, region, problem, arguments, headers, body.decode())
        given = replies.get(operation, in_order)(request)
        handler.close_connection = True
        if given.reset:
            # With a linger time of 0, the kernel sends a reset.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.sendall(given.data)
        if given.reset:
            handler.connection.close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):  # The connection was reset.
            super().shutdown_request(request)

    def handle_error(self, *_arguments: object) -> None:
        """Print nothing if a client did not wait for the end of a huge answer."""


def _operation(line: str, query: str, body: str) -> tuple[str, dict[str, str]]:
    for pattern, operation in _ROUTES:
        if pattern.fullmatch(line):
            arguments = {"arn": unquote(line.partition("/tags/")[2])} if operation == TAGS else dict(parse_qsl(query))
            return operation, arguments
    return parse_qs(body).get("Action", [""])[0], {}


def _signature_problem(
    account: Account, operation: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    """Return what is wrong with a request's signature (Signature Version 4) or its credentials; empty if nothing is."""
    keys = account.role_keys if account.has_role and operation != ASSUME else account.keys
    authorization = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not authorization:
        return "not signed"
    if authorization["key"] != keys.access_key:
        return f"signed with the key {authorization['key']}, not with {keys.access_key}"
    if headers.get("x-amz-security-token", "") != keys.token:
        return "another session token"
    if authorization["region"] not in (account.region, *account.options.get("search_regions", ())):
        return f"signed for Region {authorization['region']}, not for {account.region}"
    signed = authorization["headers"].split(";")
    if keys.token and "x-amz-security-token" not in signed:
        return "the session token is not signed"
    service = authorization["scope"].split("/")[2]
    sent = AWSRequest(method, f"http://{headers['host']}{path}?{query}", {name: headers[name] for name in signed}, body)
    sent.context["timestamp"] = headers.get("x-amz-date", "")
    signer = SigV4Auth(Credentials(keys.access_key, keys.secret_key), service, authorization["region"])
    signature = signer.signature(signer.string_to_sign(sent, signer.canonical_request(sent)), sent)
    return "" if signature == authorization["signature"] else "a wrong signature"
