# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on loopback that fail in the ways in which the endpoint's fault rules can't."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import parse_qs


class AnsweringServer:
    """A server that answers every request with the same body.

    :ivar url: its URL.
    :ivar requests: the bodies of the requests that it got.
    :ivar body: what it answers.
    :ivar status: the HTTP status of its answers.
    """

    def __init__(self, body: str | None, status: int) -> None:
        self.requests: list[str] = []
        self.body = body
        self.status = status
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: str) -> str:
        """Return the answer to a request."""
        return str(self.body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.requests.append(request)
                body = server._answer(request).encode()
                self.send_response(server.status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("x-amzn-RequestId", "a-request")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler


class RefusingSTS(AnsweringServer):
    """An STS that refuses every role with AWS's words. moto's STS allows every role.

    :ivar body: the answer in place of the refusal; None for the refusal.
    """

    def __init__(self) -> None:
        super().__init__(None, 403)

    def _answer(self, request: str) -> str:
        if self.body is not None:
            return self.body
        role = parse_qs(request).get("RoleArn", ["*"])[0]
        user = "arn:aws:iam::123456789012:user/audit"
        message = f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}"
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}<RequestId>a-request</RequestId></ErrorResponse>'


class RefusingKMS(AnsweringServer):
    """A KMS that denies every call with AWS's code. moto's KMS has other words, and no code that botocore finds."""

    def __init__(self) -> None:
        message = "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: kms:DescribeKey"
        super().__init__(json.dumps({"__type": "AccessDeniedException", "message": message}), 400)


@contextmanager
def hanging_server() -> Iterator[str]:
    """Yield the URL of a server that accepts connections and never answers."""
    # The kernel itself accepts this many connections, and nothing reads from them.
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def closed_port() -> Iterator[str]:
    """Yield the URL of a port that refuses connections."""
    with socket.socket() as bound:
        # The port is bound, so that no other process gets it, but nothing listens on it.
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
