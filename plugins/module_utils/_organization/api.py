# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to AWS Organizations, one function each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterator

from .._aws.calls import Attempts, call_aws, required_member
from .._aws.errors import ACCESS_DENIED, MALFORMED_ANSWER, Failure
from .._aws.text import iso_time
from .accounts import Identity, Listing, identity_of, is_root_id, is_unit_id, organization_of, unit_ids_of

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: botocore's name of the service.
SERVICE = "organizations"

# How long a call is retried, in seconds.
_CALL_SECONDS = 60

# The largest page of ListAccounts (API reference).
_PAGE_SIZE = 20
# 100,000 accounts. The quota is lower ("Quotas for Organizations"), so a longer list does not come from AWS.
_MAX_PAGES = 5000

_ADVICE = {
    ACCESS_DENIED: (
        "Use credentials of the management account or of a delegated administrator, and allow this action in the policy that"
        " the message names, or, if it names none, in the caller's IAM policy."
    ),
    "AWSOrganizationsNotInUseException": (
        "The account of the credentials is not in an organization. Use credentials of the management account or of a"
        " delegated administrator."
    ),
    "ServiceException": "This is an internal error of AWS Organizations. Try again later.",
    "TooManyRequestsException": "AWS Organizations throttled the request. Try again later.",
}
_CHANGED_ADVICE = "The organization may have changed while it was listed. Try again."
_STATE_ADVICE = (
    "AWS has replaced Status of an account with State, and the installed botocore does not know State. Install a newer"
    " botocore."
)


def list_accounts(client: BaseClient, include_email: bool) -> list[dict[str, Any]]:
    """Return the accounts of the organization as Listing describes them (ListAccounts, every page).

    :return: the accounts, each also with unit_ids, as unit_ids_of() returns them.
    :raises Failure: for every error, and if the list can't be complete or an account in it can't be used.
    """

    description = "list the accounts of the organization"
    accounts: dict[str, dict[str, Any]] = {}
    try:
        for page in _pages(client, "list_accounts", description, "Accounts", MaxResults=_PAGE_SIZE):
            for account in page:
                identity_of(account)
                if account["Id"] in accounts:
                    # Fail immediately, because it would take hours to read a list that does not end.
                    raise ValueError(f"the list contains the account {account['Id']} twice")
                joined = account.get("JoinedTimestamp")
                accounts[account["Id"]] = {
                    **{name: account.get(name) for name in ("Id", "Arn", "Name", "JoinedMethod")},
                    # AWS replaces Status with State (botocore's model: on 9 September 2026).
                    "State": account.get("State", account.get("Status")),
                    "JoinedTimestamp": joined and iso_time(joined),
                    **({"Email": account.get("Email")} if include_email else {}),
                    "unit_ids": unit_ids_of(account),
                }
        found = list(accounts.values())
        organization_of(Listing(found, dict.fromkeys(accounts, ()), {}, {}), False, include_email)
    except (ArithmeticError, ValueError) as error:
        raise _malformed(client, description, error) from None
    return found


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
    parents = [
        parent for page in _pages(client, "list_parents", description, "Parents", ChildId=child_id) for parent in page
    ]
    ids = [parent.get("Id") for parent in parents]
    # "In the current release, a child can have only a single parent" (API reference).
    if len(ids) != 1 or not (is_root_id(ids[0]) or is_unit_id(ids[0])):
        raise _malformed(
            client, description, ValueError(f"Parents must be one root or organizational unit, but is {ids!r}")
        )
    return str(ids[0])


def get_unit_name(client: BaseClient, unit_id: str) -> str:
    """Return the name of an organizational unit (DescribeOrganizationalUnit).

    :raises Failure: for every error.
    """

    def get() -> str:
        unit = required_member(
            client.describe_organizational_unit(OrganizationalUnitId=unit_id), "OrganizationalUnit", dict
        )
        if required_member(unit, "Id", str) != unit_id:
            raise ValueError(f"the response describes {unit['Id']!r}")
        return required_member(unit, "Name", str)

    return _call(client, f"describe the organizational unit {unit_id}", get)


def list_tags(client: BaseClient, account_id: str) -> dict[str, str]:
    """Return the tags of an account (ListTagsForResource, every page).

    :raises Failure: for every error.
    """
    description = f"list the tags of the account {account_id}"
    tags = [
        tag
        for page in _pages(client, "list_tags_for_resource", description, "Tags", ResourceId=account_id)
        for tag in page
    ]
    try:
        return {required_member(tag, "Key", str): required_member(tag, "Value", str) for tag in tags}
    except ValueError as error:
        raise _malformed(client, description, error) from None


def _pages(client: BaseClient, operation: str, description: str, member: str, **arguments: Any) -> Iterator[list[Any]]:
    """Yield the lists of all pages. Any page may be empty; only one without NextToken is the last one (API reference).

    :param member: the member of the response that is the list.
    """

    def get_page() -> tuple[list[Any], str | None]:
        response = getattr(client, operation)(**arguments)
        items, token = required_member(response, member, list), response.get("NextToken")
        if not isinstance(token, (str, type(None))) or token == "":
            raise ValueError("NextToken is empty or not a string")
        return items, token

    tokens: set[str] = set()
    while True:
        items, token = _call(client, description, get_page)
        yield items
        if not token:
            return
        if token in tokens or len(tokens) >= _MAX_PAGES:
            raise _malformed(client, description, ValueError(f"the list does not end after {len(tokens) + 1} pages"))
        tokens.add(token)
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


def _malformed(client: BaseClient, description: str, error: Exception) -> Failure:
    """Return the error for a response that can't come from AWS.

    :param description: what was tried, in the words that follow "Failed to".
    :param error: what is wrong with the response.
    """
    knows_state = "State" in client.meta.service_model.shape_for("Account").members
    is_state = "neither State" in str(error) and not knows_state
    return Failure(
        f"Failed to {description} in Region {client.meta.region_name}",
        code=MALFORMED_ANSWER,
        reason=f"the response can't be used ({error})",
        advice=_STATE_ADVICE if is_state else None,
    )
