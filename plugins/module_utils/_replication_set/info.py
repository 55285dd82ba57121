# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about a replication set, for the info module, the lookup and the audit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from .._aws.arn import account_id_of_arn
from .._aws.errors import ACCESS_DENIED, ACCOUNT_MISMATCH, AnsibleSSMIncidentsError, precise_advice
from .._aws.parallel import within
from .._aws.text import sentences, shorten
from .api import list_tags
from .facts import replication_set_facts
from .keys import describe_keys, undescribed_key
from .search import REGION_SECONDS, SearchResult, find_replication_set
from .service import customer_managed_keys, kms_key_of_region

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
    :raises AnsibleSSMIncidentsError: if the set is not found, or if a Region that may have it did not respond.
    """
    result = find_replication_set(connection, arn, search_regions)
    expected = connection.role_account_id
    if result.arn and expected and account_id_of_arn(result.arn) != expected:
        raise AnsibleSSMIncidentsError(
            f"The role belongs to account {expected}, but the replication set {result.arn} belongs to another account",
            code=ACCOUNT_MISMATCH,
        )
    return result_facts(connection, result, include_tags, warn, include_keys)


def result_facts(
    connection: Connection,
    result: SearchResult,
    include_tags: bool,
    warn: Callable[[str], object],
    include_keys: bool = False,
) -> dict[str, Any]:
    """Return the result of a search as exists, region and replication_set. For parameters and errors, see get_facts()."""
    region = result.client.meta.region_name
    if result.replication_set is None:
        return {"exists": False, "region": region, "replication_set": {}}
    tags = _list_tags_or_warn(connection, result, warn) if include_tags else None
    keys = _describe_keys_or_warn(connection, result.replication_set, warn) if include_keys else None
    facts = replication_set_facts(result.replication_set, result.arn, tags, keys)
    return {"exists": True, "region": region, "replication_set": facts}


def _list_tags_or_warn(
    connection: Connection, result: SearchResult, warn: Callable[[str], object]
) -> dict[str, str] | None:
    """Return a set's tags. If the caller has no permission to list them, warn and return None."""
    try:
        region = result.client.meta.region_name
        return within(REGION_SECONDS, region, partial(list_tags, result.client, result.arn))
    except AnsibleSSMIncidentsError as failure:
        if failure.code != ACCESS_DENIED:
            raise
        warn(unlisted_tags(failure, connection.mask))
        return None


def unlisted_tags(failure: AnsibleSSMIncidentsError, mask: Callable[[str], str]) -> str:
    """Return the warning for tags that can't be listed."""
    return sentences(
        f"{failure.message}: {shorten(mask(failure.reason))}",
        "tags is null. All other facts are complete.",
        precise_advice(failure.cause) or "To list the tags, allow ssm-incidents:ListTagsForResource.",
    )


def _describe_keys_or_warn(
    connection: Connection, replication_set: Mapping[str, Any], warn: Callable[[str], object]
) -> dict[str, dict[str, Any] | None]:
    """Return the facts about the Regions' customer managed keys. Warn for each key that can't be described; its value is None."""
    keys = {name: kms_key_of_region(info) for name, info in replication_set["regionMap"].items()}
    facts: dict[str, dict[str, Any] | None] = {}
    for (region, _arn), described in describe_keys(connection, customer_managed_keys(keys)).items():
        if isinstance(described, AnsibleSSMIncidentsError):
            warn(f"{undescribed_key(connection, described)} kms_key of {region} is null. All other facts are complete.")
        facts[region] = None if isinstance(described, AnsibleSSMIncidentsError) else described
    return facts
