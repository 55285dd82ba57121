# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to AWS Organizations, one function each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .._aws.calls import Attempts, call_aws, required_member
from .._aws.errors import ACCESS_DENIED, MALFORMED_ANSWER, Failure
from .accounts import Identity, identity_of

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: botocore's name of the service.
SERVICE = "organizations"

# How long a call is retried, in seconds.
_CALL_SECONDS = 60

# The largest page of ListAccounts (API reference).
_PAGE_SIZE = 20

_ADVICE = {
    ACCESS_DENIED: (
        "Use credentials of the management account or of a delegated administrator, allow this action in the caller's IAM"
        " policy, and check whether another policy denies it."
    ),
    "AWSOrganizationsNotInUseException": (
        "The account of the credentials is not in an organization. Use credentials of the management account or of a"
        " delegated administrator."
    ),
    "ServiceException": "This is an internal error of AWS Organizations. Try again later.",
    "TooManyRequestsException": "AWS Organizations throttled the request. Try again later.",
}
_CHANGED_ADVICE = "The organization may have changed while it was listed. Try again."


def list_accounts(client: BaseClient) -> list[dict[str, Any]]:
    """Return the accounts of the organization (ListAccounts, every page).

    :raises Failure: for every error.
    """
    return _list(client, "list_accounts", "list the accounts of the organization", "Accounts", MaxResults=_PAGE_SIZE)


def get_identity(client: BaseClient) -> Identity | None:
    """Return the caller's organization (ListAccounts, one account); None if the response has no account.

    :raises Failure: for every error.
    """

    def get() -> Identity | None:
        accounts = required_member(client.list_accounts(MaxResults=1), "Accounts", list)
        return identity_of(accounts[0]) if accounts else None

    return _call(client, "get the organization's ID", get)


def get_parent_id(client: BaseClient, child_id: str) -> str:
    """Return the ID of the root or the unit that an account or a unit is in (ListParents).

    :raises Failure: for every error.
    """
    description = f"list the parents of {child_id}"
    parents = _list(client, "list_parents", description, "Parents", ChildId=child_id)
    # "In the current release, a child can have only a single parent" (API reference).
    if len(parents) != 1 or not parents[0].get("Id"):
        raise malformed(client, description, f"Parents must be one root or organizational unit, but is {parents!r}")
    return str(parents[0]["Id"])


def get_unit_name(client: BaseClient, unit_id: str) -> str:
    """Return the name of an organizational unit (DescribeOrganizationalUnit).

    :raises Failure: for every error.
    """

    def get() -> str:
        unit = required_member(
            client.describe_organizational_unit(OrganizationalUnitId=unit_id), "OrganizationalUnit", dict
        )
        return required_member(unit, "Name", str)

    return _call(client, f"describe the organizational unit {unit_id}", get)


def list_tags(client: BaseClient, account_id: str) -> dict[str, str]:
    """Return the tags of an account (ListTagsForResource, every page).

    :raises Failure: for every error.
    """
    description = f"list the tags of the account {account_id}"
    tags = _list(client, "list_tags_for_resource", description, "Tags", ResourceId=account_id)
    if not all("Key" in tag and "Value" in tag for tag in tags):
        raise malformed(client, description, "Key or Value is missing")
    return {tag["Key"]: tag["Value"] for tag in tags}


def _list(client: BaseClient, operation: str, description: str, member: str, **arguments: Any) -> list[Any]:
    """Return the lists of all pages. Any page may be empty; only one without NextToken is the last one (API reference).

    :param member: the member of the response that is the list.
    """

    def get_page() -> tuple[list[Any], str | None]:
        response = getattr(client, operation)(**arguments)
        return required_member(response, member, list), response.get("NextToken")

    found: list[Any] = []
    while True:
        items, token = _call(client, description, get_page)
        found += items
        if not token:
            return found
        if token == arguments.get("NextToken"):
            raise malformed(client, description, "the list does not end, because a page refers to itself")
        arguments["NextToken"] = token


def _call(client: BaseClient, description: str, call: Any) -> Any:
    """Call AWS, retry within the time limit, and return what the call returns.

    :raises Failure: for every error, with the advice for AWS Organizations.
    """
    try:
        return call_aws(client, description, call, Attempts(deadline=time.monotonic() + _CALL_SECONDS))
    except Failure as failure:
        advice = _ADVICE.get(failure.code)
        if failure.code.endswith("NotFoundException"):
            advice = _CHANGED_ADVICE
        raise failure.with_advice(advice) if advice else failure from failure.cause


def malformed(client: BaseClient, description: str, reason: str) -> Failure:
    """Return the error for a response that can't come from AWS.

    :param description: what was tried, in the words that follow "Failed to".
    :param reason: what is wrong with the response.
    """
    return Failure(
        f"Failed to {description} in Region {client.meta.region_name}",
        code=MALFORMED_ANSWER,
        reason=f"the response can't be used ({reason})",
    )
