# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists an organization: its accounts, their organizational units and their tags. If anything can't be listed, it fails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Mapping

from .._aws.errors import MALFORMED_ANSWER, Failure
from .._aws.parallel import in_batches
from .accounts import Listing, is_unit_id
from .api import get_parent_id, get_unit_name, list_accounts, list_tags

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: botocore's own timeouts are 60 seconds to connect and 60 seconds to read, for each of five attempts.
LISTING_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20}


def list_organization(client: BaseClient, include_tags: bool, include_email: bool) -> Listing:
    """Return all accounts of the caller's organization, their organizational units and their tags.

    :raises Failure: if anything can't be listed, or the list can't be complete.
    """
    accounts = list_accounts(client, include_email)
    ids_of = {account["Id"]: account.pop("unit_ids") for account in accounts}
    parents = _parents(client, [account_id for account_id, ids in ids_of.items() if ids is None])
    unit_ids = {account_id: _climb(parents, account_id) if ids is None else ids for account_id, ids in ids_of.items()}
    units = dict.fromkeys(unit_id for ids in unit_ids.values() for unit_id in ids)
    names = in_batches({unit_id: partial(get_unit_name, client, unit_id) for unit_id in units})
    tags = in_batches({account_id: partial(list_tags, client, account_id) for account_id in ids_of if include_tags})
    return Listing(accounts, unit_ids, names, tags)


def _parents(client: BaseClient, children: list[str]) -> dict[str, str]:
    """Return the parents of accounts and of all units above them, by the ID of the child.

    Each parent is read once. All parents of one level are read before those of the next level.
    """
    parents: dict[str, str] = {}
    while children:
        found = in_batches({child: partial(get_parent_id, client, child) for child in children})
        parents.update(found)
        children = [parent for parent in dict.fromkeys(found.values()) if is_unit_id(parent) and parent not in parents]
    return parents


def _climb(parents: Mapping[str, str], child: str) -> list[str]:
    """Return the units above an account, the outermost first.

    :raises Failure: if a unit is above itself.
    """
    path: list[str] = []
    parent = parents[child]
    while is_unit_id(parent):
        if parent in path:
            raise Failure(
                f"Failed to find the organizational units of the account {child}",
                code=MALFORMED_ANSWER,
                reason=f"the organizational unit {parent} is inside itself",
            )
        path.insert(0, parent)
        parent = parents[parent]
    return path
