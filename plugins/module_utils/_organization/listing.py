# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists an organization: its accounts, their organizational units and their tags. If anything can't be listed, it fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, TypeVar

from .accounts import is_unit_id, organization_of, unit_ids_of
from .api import get_parent_id, get_unit_name, list_accounts, list_tags, malformed

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: botocore's own timeouts are 60 seconds to connect and 60 seconds to read, for each of five attempts.
LISTING_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20}


# The size of a botocore client's connection pool. AWS throttles a caller that sends many calls at once.
_WORKERS = 10

Result = TypeVar("Result")


def list_organization(client: BaseClient, include_tags: bool, include_email: bool) -> dict[str, Any]:
    """Return the caller's organization with all accounts, their organizational units and their tags.

    :raises Failure: if anything can't be listed, or the list can't be complete.
    """
    accounts = list_accounts(client)
    try:
        organization = organization_of(accounts, include_email)
    except (LookupError, OverflowError, ValueError) as error:
        raise malformed(client, "list the accounts of the organization", str(error)) from None
    ids_of = {account["Id"]: unit_ids_of(account) for account in accounts}
    parents = _parents(client, [account_id for account_id, ids in ids_of.items() if ids is None])
    unit_ids = {account_id: _climb(parents, account_id) if ids is None else ids for account_id, ids in ids_of.items()}
    units = dict.fromkeys(unit_id for ids in unit_ids.values() for unit_id in ids)
    names = _for_each(partial(get_unit_name, client), units)
    tags = _for_each(partial(list_tags, client), ids_of if include_tags else ())
    for account in organization["accounts"]:
        ids = unit_ids[account["account_id"]]
        account["organizational_units"] = [{"id": unit_id, "name": names[unit_id]} for unit_id in ids]
        if include_tags:
            account["account_tags"] = tags[account["account_id"]]
    return organization


def _for_each(call: Callable[[str], Result], keys: Iterable[str]) -> dict[str, Result]:
    """Make a call for each key, in parallel, and return the results. Raises the first failure."""
    keys = list(keys)
    with ThreadPoolExecutor(_WORKERS) as pool:
        return dict(zip(keys, pool.map(call, keys)))


def _parents(client: BaseClient, children: list[str]) -> dict[str, str]:
    """Return the parents of accounts and of all units above them, by the ID of the child.

    Each parent is read once. All parents of one level are read before those of the next level.
    """
    parents: dict[str, str] = {}
    while children:
        found = _for_each(partial(get_parent_id, client), children)
        parents.update(found)
        children = [parent for parent in dict.fromkeys(found.values()) if is_unit_id(parent) and parent not in parents]
    return parents


def _climb(parents: Mapping[str, str], child: str) -> list[str]:
    """Return the units above an account, the outermost first."""
    path: list[str] = []
    parent = parents[child]
    while is_unit_id(parent):
        path.insert(0, parent)
        parent = parents[parent]
    return path
