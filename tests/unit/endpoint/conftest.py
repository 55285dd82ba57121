# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the endpoint's tests: its control client, and boto3 clients."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from endpoint.client import ControlClient
from endpoint.server import LocalEndpoint

from .calls import Connect


@pytest.fixture
def control(endpoint: LocalEndpoint) -> ControlClient:
    return ControlClient(endpoint.url)


@pytest.fixture(scope="session")
def connections(session_endpoint: LocalEndpoint) -> Connect:
    """Return the function that connect() returns. It keeps a client for each Region, because a client costs more than a call.

    It does not keep clients of an assumed role, because moto's resets invalidate the role's credentials.
    """
    client_of = cache(lambda region: session_endpoint.client(region=region))

    def connect(region: str = "us-east-1", account: str | None = None) -> Any:
        return session_endpoint.client(region=region, account=account) if account else client_of(region)

    return connect


@pytest.fixture
def connect(endpoint: LocalEndpoint, connections: Connect) -> Connect:
    """Return a function that returns a client without retries: connect(region, account)."""
    return connections


@pytest.fixture
def client(connect: Connect) -> Any:
    """Return a client in us-east-1, without retries."""
    return connect("us-east-1")
