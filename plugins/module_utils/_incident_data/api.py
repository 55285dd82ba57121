# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that list what a replication set holds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Iterator

from .._aws.calls import call_aws, required_member
from .._aws.errors import MALFORMED_ANSWER, AnsibleSSMIncidentsError
from .contents import Listing, validate_items

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: A list of more pages than this, or 100,000 items, is not AWS's.
MAX_PAGES = 1000

#: The most items that ssm-incidents returns in a page (botocore's model, shape MaxResults). ssm-contacts takes more.
PAGE_SIZE = 100


def list_pages(client: BaseClient, listing: Listing) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a list, as botocore parsed them. A page may be empty.

    A page that is throttled is called again, and not those before it.

    :param client: a client for the list's service.
    :raises AnsibleSSMIncidentsError: for every error. It quotes nothing of a response that can't be read.
    """
    token: str | None = None
    tokens = set()
    for _number in range(MAX_PAGES):
        page = partial(_list_page, client, listing, token)
        items, token = call_aws(client, f"list the {listing.what}", page, returns_secrets=True)
        yield items
        if token is None:
            return
        if token in tokens:
            break
        tokens.add(token)
    raise AnsibleSSMIncidentsError(
        f"Failed to list the {listing.what} in Region {client.meta.region_name}",
        code=MALFORMED_ANSWER,
        reason=f"the list does not end: a page is repeated, or there are more than {MAX_PAGES} pages",
    )


def _list_page(client: BaseClient, listing: Listing, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page and the token of the next one, if there is one."""
    given: dict[str, Any] = {listing.limit: PAGE_SIZE, **({listing.token: token} if token else {})}
    answer = getattr(client, listing.operation)(**given)
    items = required_member(answer, listing.member, list)
    validate_items(listing, items)
    following = answer.get(listing.token)
    if not isinstance(following, (str, type(None))) or following == "":
        raise ValueError(f"{listing.token} is not a str, or is empty")
    return items, following
