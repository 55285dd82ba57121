# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to AWS, one function each. Every call is retried where the fault passes, and fails in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from ._errors import PASSING_FAULTS, AnsibleSSMIncidentsError, MalformedAnswer, SSMIncidentsErrorHandler

if TYPE_CHECKING:
    from botocore.client import BaseClient

# How botocore's parser fails on JSON of another shape than the model's (all seen in tests).
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def list_replication_sets(client: BaseClient) -> list[str]:
    """Return the ARNs of the account's replication sets: one or none (ListReplicationSets, every page).

    :raises AnsibleSSMIncidentsError: for every fault.
    """

    def every_page() -> list[str]:
        pages = client.get_paginator("list_replication_sets").paginate()
        return [arn for page in pages for arn in _member(page, "replicationSetArns", list)]

    return _call(client, "list the replication sets", every_page)


def get_replication_set(client: BaseClient, arn: str) -> dict[str, Any]:
    """Return replicationSet of GetReplicationSet, which answers only in a Region that is in the set.

    :raises AnsibleSSMIncidentsError: for every fault, a set that is not there included.
    """

    def get() -> dict[str, Any]:
        replication_set = _member(client.get_replication_set(arn=arn), "replicationSet", dict)
        _member(replication_set, "status", str)
        _member(replication_set, "regionMap", dict)
        return replication_set

    return _call(client, f"get the replication set {arn}", get)


def list_tags(client: BaseClient, arn: str) -> dict[str, str]:
    """Return a replication set's tags as a plain map (ListTagsForResource).

    :raises AnsibleSSMIncidentsError: for every fault.
    """
    return _call(
        client,
        f"list the tags of the replication set {arn}",
        lambda: _member(client.list_tags_for_resource(resourceArn=arn), "tags", dict),
    )


def _call(client: BaseClient, attempt: str, call: Callable[[], Any]) -> Any:
    """Make a call, retried and with its faults told in this collection's words.

    :param attempt: what the call does, as the sentence goes on after "Failed to".
    """
    attempt = f"{attempt} in Region {client.meta.region_name}"
    retry = AWSRetry.jittered_backoff(retries=10, delay=1, max_delay=10, catch_extra_error_codes=PASSING_FAULTS)
    try:
        return SSMIncidentsErrorHandler.common_error_handler(attempt)(retry(call))()
    except _UNREADABLE as error:
        fault = MalformedAnswer(f"the answer can't be read ({type(error).__name__}: {error})")
        raise AnsibleSSMIncidentsError(f"Failed to {attempt}", fault) from error


def _member(answer: Mapping[str, Any], name: str, kind: type) -> Any:
    # botocore takes a body that is empty or not JSON for an answer without members.
    if not isinstance(answer.get(name), kind):
        raise ValueError(f"{name} is not there")
    return answer[name]
