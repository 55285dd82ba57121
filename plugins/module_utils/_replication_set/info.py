# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about a replication set, for the info module, the lookup and the audit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from .._aws.arn import account_id_of_arn
from .._aws.errors import ACCESS_DENIED, ACCOUNT_MISMATCH, Failure
from .._aws.text import sentences, shorten
from .api import list_tags
from .facts import replication_set_facts
from .find import Wire, find_replication_set
from .keys import describe_keys
from .state import customer_managed_keys

if TYPE_CHECKING:
    from .._aws.connection import Connection


def get_facts(
    connection: Connection,
    arn: str | None,
    search_regions: Sequence[str],
    include_tags: bool,
    warn: Callable[[str], object],
    include_keys: bool = False,
) -> dict[str, Any]:
    """Find a replication set and return exists, region and replication_set as the info module documents them.

    :param arn: the set's ARN; None for the account's own set, if it has one.
    :param search_regions: more Regions to search, or ALL_REGIONS.
    :param include_tags: whether to list the tags too.
    :param warn: called with a warning if the tags can't be listed or a key can't be described.
    :param include_keys: whether to describe the Regions' KMS keys too.
    :raises Failure: if the set is not found, or if a Region that may have it did not respond.
    """
    found = find_replication_set(connection, arn, search_regions)
    expected = connection.role_account_id
    if found.arn and expected and account_id_of_arn(found.arn) != expected:
        raise Failure(
            f"The role belongs to account {expected}, but the replication set {found.arn} belongs to another account",
            code=ACCOUNT_MISMATCH,
        )
    replication_set = found.replication_set
    if replication_set is None:
        return {"exists": False, "region": found.region, "replication_set": {}}
    if include_tags:
        wire = Wire(connection)
        list_them = partial(list_tags, wire.client(found.region), wire.attempts(), arn=found.arn)
        replication_set = replace(replication_set, tags=tags_or_none(list_them, connection.mask, warn))
    described = {}
    if include_keys:
        keys = customer_managed_keys(replication_set.keys)
        described = describe_keys(connection, keys, warn, "kms_key of {region} is null. All other facts are complete.")
    facts = replication_set_facts(replication_set, {region: key for (region, _arn), key in described.items()})
    return {"exists": True, "region": found.region, "replication_set": facts}


def tags_or_none(
    list_them: Callable[[], Mapping[str, str]], mask: Callable[[str], str], warn: Callable[[str], object]
) -> Mapping[str, str] | None:
    """Return the tags that a function lists. If the caller has no permission to list them, warn and return None."""
    try:
        return list_them()
    except Failure as failure:
        if failure.code != ACCESS_DENIED:
            raise
        reason = f"{failure.message}: {shorten(mask(failure.reason))}"
        allow = "To list the tags, allow ssm-incidents:ListTagsForResource."
        warn(sentences(reason, "tags is null. All other facts are complete.", allow))
        return None
