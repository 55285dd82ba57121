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


@pytest.mark.parametrize("account", [MANAGEMENT, ADMINISTRATOR])
def test_pages_of_at_most_twenty_accounts(endpoint: LocalEndpoint, organization: str, account: str) -> None:
    client = endpoint.client("organizations", account=account)
    first = client.list_accounts()
    second = client.list_accounts(NextToken=first["NextToken"])
    assert (len(first["Accounts"]), len(second["Accounts"])) == (20, 13)
    assert "NextToken" not in second
    assert {item["Arn"].split("/")[1] for item in first["Accounts"]} == {organization}
    with pytest.raises(ClientError, match="InvalidInputException"):
        client.list_accounts(MaxResults=21)


def test_units_and_tags(endpoint: LocalEndpoint, organization: str) -> None:
    client = endpoint.client("organizations")
    (parent,) = client.list_parents(ChildId=MEMBER)["Parents"]
    assert client.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]["Name"] == "B"
    (outer,) = client.list_parents(ChildId=parent["Id"])["Parents"]
    (root,) = client.list_parents(ChildId=outer["Id"])["Parents"]
    assert root["Type"] == "ROOT"
    assert client.list_tags_for_resource(ResourceId=ADMINISTRATOR)["Tags"] == [{"Key": "Team", "Value": "A"}]
    (account,) = [account for account in client.list_accounts()["Accounts"] if account["Id"] == MEMBER]
    assert account["Status"] == "SUSPENDED"
    # An old botocore knows neither member.
    assert account.get("State", "CLOSED") == "CLOSED"
    path = f"{organization}/{root['Id']}/{outer['Id']}/{parent['Id']}/{MEMBER}/"
    assert account.get("Paths", [path]) == [path]


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


@pytest.mark.parametrize(
    "account",
    [
        "111111111111",
        {"id": "1", "name": "A"},
        {"id": MEMBER},
        {"id": MEMBER, "name": "A", "nick": "B"},
        {"id": MEMBER, "name": "A", "state": "OPEN"},
    ],
    ids=str,
)
def test_a_malformed_organization_changes_nothing(endpoint: LocalEndpoint, organization: str, account: Any) -> None:
    given = {"accounts": [account], "management_account": MANAGEMENT}
    status, answer = ControlClient(endpoint.url).request("POST", "organization", given)
    assert status == 400 and "an account" in answer["error"]
    assert endpoint.client("organizations").describe_organization()["Organization"]["Id"] == organization
