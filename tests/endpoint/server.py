# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serves moto with this service, its fault rules and the control interface."""

from __future__ import annotations

import io
import socket
from collections.abc import Mapping
from http import HTTPStatus
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from .backend import NAME
from .client import USER
from .control import DEFAULT_ACCOUNT, Control, ControlRoutes
from .faults import FaultyService, WSGIApp, answer_of

# A new client spends most of its time on reading botocore's data, so all sessions share it.
_LOADER = create_loader()


class _Handler(MotoRequestHandler):
    """Keeps connections, as AWS does. werkzeug's own handler closes each, which takes a third of the time of the tests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for the headers and the body
    timeout = 2  # of an idle connection, in seconds

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        try:
            status, headers, body = answer_of(self.server.app, environ)
        except ConnectionError:
            # A fault has dropped the connection.
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
        if not lengths and status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        # A fault sends a part of the body that it announces.
        self.close_connection = self.close_connection or lengths not in ([], [len(body)])

    def log_error(self, *_message: Any) -> None:
        """Don't log that an idle connection is closed."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if getattr(self.server, "verbose", False):
            super().log_request(code, size)


def make_app(control: Control, stopping: Event) -> WSGIApp:
    """Return the WSGI app of an endpoint. It needs werkzeug's server, because it resets connections."""
    # moto's dispatcher searches all services for each request, which takes 8 ms, so this service's app is called directly.
    service = create_backend_app(NAME)  # type: ignore[arg-type]  # not one of moto's own names
    others = DomainDispatcherApplication(create_backend_app)
    return ControlRoutes(FaultyService(service, others, control.faults, control.log, stopping), control)


class LocalEndpoint(Control):
    """
    An endpoint on this machine, served by threads of this process, and its control.

    ::

        with LocalEndpoint() as endpoint:
            client = endpoint.client("ssm-incidents", "us-east-1")

    :param port: 0 for a free one.
    :param tls: True to serve HTTPS with a certificate that nobody trusts, or the files of a certificate and of its key.
    :param others: see Control.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool | tuple[str, str] = False,
        verbose: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.host = host
        self._port = port
        self._tls = tls
        self._verbose = verbose
        self._stopping = Event()
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    def start(self) -> Self:
        """
        Start serving. From then on ``url`` is known.

        :raises OSError: if the port is taken, or a file of the certificate can't be read.
        """
        # If the port is taken, werkzeug itself would exit.
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.create_server((self.host, self._port), family=family, backlog=128) as listener:
            self._server = make_server(
                self.host,
                self._port,
                make_app(self, self._stopping),
                threaded=True,
                request_handler=_Handler,
                ssl_context="adhoc" if self._tls is True else self._tls or None,
                fd=listener.fileno(),
            )
        self._server.verbose = self._verbose  # type: ignore[attr-defined]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving. The connections of calls that are waiting are reset."""
        self._stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self.reset()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        assert self._server is not None, "not started"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self._server.port}"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return the service's calls since the last reset."""
        return self.log.as_dicts()

    @property
    def operations(self) -> list[str]:
        """Return the operations of these calls."""
        return [call["operation"] for call in self.requests]

    def session(
        self, region: str, account: str = DEFAULT_ACCOUNT, user: Mapping[str, str] | None = None
    ) -> boto3.Session:
        """
        Return a boto3 session in an account. Except for the default account, it assumes a role at the endpoint's STS.

        :param user: a user that make_user() returned.
        """
        session = _session(region, {**USER, **(user or {})})
        if user or account == DEFAULT_ACCOUNT:
            return session
        sts = session.client("sts", endpoint_url=self.url, config=Config(proxies={}))
        role = f"arn:aws:iam::{account}:role/endpoint"
        credentials = sts.assume_role(RoleArn=role, RoleSessionName="endpoint")["Credentials"]
        assumed = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
        return _session(region, assumed)

    def client(
        self,
        service: str = "ssm-incidents",
        region: str = "us-east-1",
        account: str = DEFAULT_ACCOUNT,
        user: Mapping[str, str] | None = None,
        **config: Any,
    ) -> Any:
        """Return a boto3 client of this endpoint, by default without retries. ``config`` is for botocore's Config."""
        settings = {
            "retries": {"total_max_attempts": 1},
            "connect_timeout": 5,
            "read_timeout": 10,
            "proxies": {},
            **config,
        }
        session: Any = self.session(region, account, user)
        return session.client(service, endpoint_url=self.url, config=Config(**settings))


def _session(region: str, credentials: dict[str, Any]) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    return boto3.Session(botocore_session=core, region_name=region, **credentials)
