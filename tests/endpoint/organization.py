# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's AWS Organizations, with accounts of given IDs. The calls that the collection makes are as strict as the service.

Sources: botocore's model of Organizations, and the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from moto.organizations.exceptions import AWSOrganizationsNotInUseException, OrganizationsClientError
from moto.organizations.models import (
    FakeAccount,
    FakeOrganization,
    FakeOrganizationalUnit,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)
from moto.organizations.responses import OrganizationsResponse
from moto.organizations.utils import PAGINATION_MODEL

# The calls that only the management account and delegated administrators can make.
_READS = ("ListAccounts", "ListParents", "DescribeOrganizationalUnit", "ListTagsForResource")
_MAX_RESULTS = 20
# moto's times have no time zone.
_FIRST_JOINED = datetime(2020, 1, 1)
_STATES = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
_MEMBERS = {"id", "name", "units", "state", "tags", "email"}


def make_organization(
    accounts: Iterable[Mapping[str, Any]], management_account: str, delegated_administrators: Sequence[str] = ()
) -> str:
    """
    Make the endpoint's only organization, and return its ID.

    :param accounts: the members. Each has id and name, and may have units (the names of its organizational units, the
        outermost first), state (ACTIVE), tags and email.
    :param management_account: the ID of the management account.
    :param delegated_administrators: the IDs of the members that may also list the organization.
    :raises ValueError: for a malformed account. In this case nothing is changed.
    """
    members = [_validated(account) for account in accounts]
    organizations_backends.clear()
    organizations_backends.master_accounts.clear()
    backend: OrganizationsBackend = organizations_backends[management_account]["aws"]
    organization = FakeOrganization(management_account, "us-east-1", "ALL")
    root = FakeRoot(organization)
    backend.org = organization
    units: dict[tuple[str, ...], FakeOrganizationalUnit] = {(): root}
    backend.ou.append(root)
    management = {"id": management_account, "name": "Management", "email": "management@example.com"}
    for number, account in enumerate([management, *members]):
        path = tuple(account.get("units", ()))
        for depth in range(1, len(path) + 1):
            if path[:depth] not in units:
                parent = units[path[: depth - 1]]
                units[path[:depth]] = FakeOrganizationalUnit(organization, Name=path[depth - 1], ParentId=parent.id)
                backend.ou.append(units[path[:depth]])
        made = _make_account(organization, account, number, units[path].id)
        backend.accounts.append(made)
        if made.id != management_account:
            organizations_backends.master_accounts[made.id] = (management_account, "aws")
    for account_id in delegated_administrators:
        backend.register_delegated_administrator(AccountId=account_id, ServicePrincipal="ssm.amazonaws.com")
    return organization.id


def _validated(account: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(account, Mapping) or not {"id", "name"} <= set(account) <= _MEMBERS:
        others = ", ".join(sorted(_MEMBERS - {"id", "name"}))
        raise ValueError(f"an account must have id and name, and can have {others}, not {account!r}")
    if not re.fullmatch("[0-9]{12}", str(account["id"])) or account.get("state", "ACTIVE") not in _STATES:
        raise ValueError(
            f"the id of an account must be twelve digits, and its state one of {', '.join(_STATES)}, not {account!r}"
        )
    return account


def _make_account(
    organization: FakeOrganization, account: Mapping[str, Any], number: int, parent_id: str
) -> FakeAccount:
    """Return a member with the given ID. moto itself would choose an ID. It would also make a role in the member's IAM, which
    takes seconds for a fleet."""
    made: Any = FakeAccount.__new__(FakeAccount)
    state = account.get("state", "ACTIVE")
    made.__dict__.update(
        type="ACCOUNT",
        region=organization.region,
        organization_id=organization.id,
        master_account_id=organization.master_account_id,
        id=account["id"],
        name=account["name"],
        email=account.get("email", f"account-{account['id']}@example.com"),
        # moto identifies the beginning of a page by these times, so they must differ.
        create_time=_FIRST_JOINED + timedelta(minutes=number),
        # Status has fewer values than State.
        status=state if state in ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE") else "SUSPENDED",
        state=state,
        joined_method="CREATED" if number else "INVITED",
        parent_id=parent_id,
        attached_policies=[],
        tags=dict(account.get("tags", {})),
    )
    return made


def _backend_of_caller(response: OrganizationsResponse) -> OrganizationsBackend:
    """Return the backend that answers the caller. moto itself would answer a member with an empty list."""
    account = response.current_account
    own = organizations_backends[account][response.partition]
    if response._get_action() not in _READS or own.org:
        return own
    if account not in organizations_backends.master_accounts:
        raise AWSOrganizationsNotInUseException
    management_account, partition = organizations_backends.master_accounts[account]
    management: OrganizationsBackend = organizations_backends[management_account][partition]
    if account not in [administrator.account.id for administrator in management.admins]:
        raise OrganizationsClientError("AccessDeniedException", "You don't have permissions to access this resource.")
    return management


def _list_accounts(response: OrganizationsResponse) -> str:
    """Return a page of accounts. Unlike the service, moto itself allows pages of any size."""
    if response._get_param("MaxResults", _MAX_RESULTS) > _MAX_RESULTS:
        raise OrganizationsClientError("InvalidInputException", "You specified an invalid value.")
    return _moto_list_accounts(response)


def _describe_account(account: FakeAccount) -> dict[str, Any]:
    """Return an account with its Paths, which moto does not return."""
    backend = organizations_backends[account.master_account_id]["aws"]
    parents = {unit.id: unit.parent_id for unit in backend.ou}
    path = [account.id]
    parent: str | None = account.parent_id
    while parent:
        path.append(parent)
        parent = parents[parent]
    path.append(account.organization_id)
    return {**_moto_describe_account(account), "Paths": ["".join(f"{part}/" for part in reversed(path))]}


_moto_list_accounts = OrganizationsResponse.list_accounts
_moto_describe_account = FakeAccount.describe
_REPLACEMENTS: tuple[tuple[type, str, Any], ...] = (
    (OrganizationsResponse, "organizations_backend", property(_backend_of_caller)),
    (OrganizationsResponse, "list_accounts", _list_accounts),
    (FakeAccount, "describe", _describe_account),
)
for _class, _name, _replacement in _REPLACEMENTS:
    setattr(_class, _name, _replacement)
PAGINATION_MODEL["list_accounts"]["limit_default"] = _MAX_RESULTS
