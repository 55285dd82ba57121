# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the playbooks' tests: fleets of accounts at the endpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from endpoint.server import LocalEndpoint
from fleet.accounts import Account
from fleet.inventory import Fleet


@pytest.fixture
def make_fleet(endpoint: LocalEndpoint, tmp_path: Path) -> Callable[[list[Account]], Fleet]:
    """Return a function that puts accounts into the endpoint."""
    return lambda accounts: Fleet(endpoint.url, accounts, tmp_path / "fleet")
