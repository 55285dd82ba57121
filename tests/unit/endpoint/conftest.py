# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One endpoint for all tests of this folder, clean for each of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# For "endpoint".
sys.path.insert(0, str(Path(__file__).parents[2]))

if TYPE_CHECKING:
    from endpoint.server import LocalEndpoint

    from .calls import Connect

# The endpoint stands on moto; ansible-test's own environments have none.
collect_ignore_glob = [] if find_spec("moto") and find_spec("hypothesis") else ["test_*.py"]


@pytest.fixture(scope="session")
def running() -> Iterator[LocalEndpoint]:
    from endpoint.server import LocalEndpoint

    with LocalEndpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def connections(running: LocalEndpoint) -> Connect:
    """Clients cost more than calls: one for each Region will do. Those of an assumed role end with moto's resets."""
    own = cache(lambda region: running.client(region=region))

    def connect(region: str = "us-east-1", account: str | None = None) -> Any:
        return running.client(region=region, account=account) if account else own(region)

    return connect


@pytest.fixture(autouse=True)
def no_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "MOTO_ACCOUNT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def endpoint(running: LocalEndpoint) -> Iterator[LocalEndpoint]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def connect(endpoint: LocalEndpoint, connections: Connect) -> Connect:
    """``connect(region, account)``: a client without retries."""
    return connections


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect("us-east-1")
