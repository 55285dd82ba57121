# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that list what a replication set holds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Iterator

from .._aws.calls import call_aws, required_member
from .._aws.errors import MALFORMED_ANSWER, Failure
from .contents import Listing, validate_items

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: A list with more pages than this (100,000 items) is not from AWS.
MAX_PAGES = 1000

#: The largest page that ssm-incidents allows (botocore's model, shape MaxResults). ssm-contacts allows larger ones.
PAGE_SIZE = 100


def list_pages(client: BaseClient, listing: Listing) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a list, as botocore parsed them. A page may be empty.

    If AWS throttles a page, only this page is requested again, and not those before it.

    :param client: a client for the list's service.
    :raises Failure: for every error. It does not quote a response that can't be read, because the response
        can contain names of people.
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
    raise endless_list(f"Failed to list the {listing.what} in Region {client.meta.region_name}")


def endless_list(message: str) -> Failure:
    """Return the failure for a list that does not end.

    :param message: what was tried.
    """
    reason = f"the list does not end: a page is repeated, or there are more than {MAX_PAGES} pages"
    return Failure(message, code=MALFORMED_ANSWER, reason=reason)


def _list_page(client: BaseClient, listing: Listing, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return the items of a page, and the token of the next page; None after the last one.

    :param token: the token of the page; None for the first one.
    :raises ValueError: if the response does not have the shape of botocore's model.
    """
    given: dict[str, Any] = {listing.limit: PAGE_SIZE, **({listing.token: token} if token else {})}
    answer = getattr(client, listing.operation)(**given)
    items = required_member(answer, listing.member, list)
    validate_items(listing, items)
    following = answer.get(listing.token)
    if not isinstance(following, (str, type(None))) or following == "":
        raise ValueError(f"{listing.token} is empty or not a string")
    return items, following
