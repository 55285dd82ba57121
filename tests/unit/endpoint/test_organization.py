# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the endpoint's Organizations. It must not allow more than the service does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoint.client import ControlClient
from endpoint.server import LocalEndpoint

MANAGEMENT, MEMBER, ADMINISTRATOR, STRANGER = "123456789012", "111111111111", "222222222222", "333333333333"


@pytest.fixture
def organization(endpoint: LocalEndpoint) -> str:
    """Make an organization over HTTP, and return its ID."""
    members: list[dict[str, Any]] = [
        {"id": MEMBER, "name": "Member", "units": ["A", "B"], "state": "CLOSED"},
        {"id": ADMINISTRATOR, "name": "Administrator", "units": ["A"], "tags": {"Team": "A"}},
        *({"id": str(400_000_000_000 + number), "name": "Another"} for number in range(30)),
    ]
    return ControlClient(endpoint.url).make_organization(members, MANAGEMENT, delegated_administrators=[ADMINISTRATOR])


@pytest.mark.parametrize(
    ("account", "code"), [(MEMBER, "AccessDeniedException"), (STRANGER, "AWSOrganizationsNotInUseException")]
)
def test_other_accounts_may_not_list(endpoint: LocalEndpoint, organization: str, account: str, code: str) -> None:
    client = endpoint.client("organizations", account=account)
    for operation, arguments in (
        ("list_accounts", {}),
        ("list_parents", {"ChildId": MEMBER}),
        ("describe_organizational_unit", {"OrganizationalUnitId": "ou-abcd-12345678"}),
        ("list_tags_for_resource", {"ResourceId": MEMBER}),
    ):
        with pytest.raises(ClientError, match=code):
            getattr(client, operation)(**arguments)
