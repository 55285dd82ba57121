# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One question, what is the replication set like, as the info module, the lookup and the audit ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Sequence

from ._api import list_tags
from ._arn import complain_about_arn, complain_about_regions
from ._errors import AnsibleSSMIncidentsError
from ._facts import replication_set_facts
from ._search import ALL, Answer, find_replication_set

if TYPE_CHECKING:
    from ._connection import Connection


def check_question(arn: str | None, search_regions: Sequence[str]) -> None:
    """Look at the options before anything is sent. Raises AnsibleSSMIncidentsError."""
    complain_about_arn(arn)
    complain_about_regions("search_regions", [name for name in search_regions if name != ALL])


def ask(
    connection: Connection,
    arn: str | None,
    search_regions: Sequence[str],
    include_tags: bool,
    warn: Callable[[str], object],
) -> dict[str, Any]:
    """Return exists, region and replication_set as the info module documents them.

    :param arn: the set's ARN; None for the account's own set, which it may not have.
    :param search_regions: further Regions to ask, or ALL.
    :param warn: takes a warning where the tags can't be listed.
    :raises AnsibleSSMIncidentsError: where there is no answer, or no set of the given ARN.
    """
    return answer_facts(connection, find_replication_set(connection, arn, search_regions), include_tags, warn)


def answer_facts(
    connection: Connection, answer: Answer, include_tags: bool, warn: Callable[[str], object]
) -> dict[str, Any]:
    """Return an answer as exists, region and replication_set. Parameters and faults as for ask()."""
    region = answer.client.meta.region_name
    if answer.replication_set is None:
        return {"exists": False, "region": region, "replication_set": {}}
    tags = _tags_or_warning(connection, answer, warn) if include_tags else None
    facts = replication_set_facts(answer.replication_set, answer.arn, tags)
    return {"exists": True, "region": region, "replication_set": facts}


def _tags_or_warning(connection: Connection, answer: Answer, warn: Callable[[str], object]) -> dict[str, str] | None:
    """Return a set's tags, or None with a warning where the caller may not list them."""
    try:
        return list_tags(answer.client, answer.arn)
    except AnsibleSSMIncidentsError as failure:
        if failure.code != "AccessDeniedException":
            raise
        warn(
            connection.mask(
                f"{failure.attempt}: {failure.reason}. tags is null, all other facts are complete."
                " Allow ssm-incidents:ListTagsForResource to have them."
            )
        )
        return None
