# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customer managed keys of a replication set's Regions, as KMS describes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterable

from .._aws.calls import ONCE, call_aws, required_member
from .._aws.errors import (
    ACCESS_DENIED,
    KMS_NOT_FOUND,
    STS_ACCESS_DENIED,
    Failure,
)
from .._aws.parallel import in_parallel
from .._aws.text import sentences, shorten
from .facts import key_facts

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

#: The time limits to connect and to read the response of the only attempt, in seconds. Callers continue without the facts of
# keys, and the KMS of a Region that is down must not delay a task that moves the set out of that Region.
TIMEOUT = 5

# The members that decide whether a key can be used (KMS API Reference, KeyMetadata).
_REQUIRED = ("Enabled", "KeyManager", "KeySpec", "KeyState", "Origin")


def describe_key(client: BaseClient, arn: str) -> dict[str, Any] | None:
    """Return a KMS key's KeyMetadata (DescribeKey); None if KMS has no such key.

    :param client: a client for KMS in the key's Region.
    :raises Failure: for every other error.
    """

    def describe() -> dict[str, Any]:
        metadata = required_member(client.describe_key(KeyId=arn), "KeyMetadata", dict)
        if metadata.get("Arn") != arn or any(metadata.get(name) is None for name in _REQUIRED):
            raise ValueError(f"KeyMetadata is not that of the key, or has no {', '.join(_REQUIRED)}")
        return metadata

    try:
        return call_aws(client, f"describe the KMS key {arn}", describe, ONCE)
    except Failure as failure:
        if failure.code == KMS_NOT_FOUND:
            return None
        raise


def describe_keys(
    connection: Connection,
    keys: Iterable[tuple[str, str]],
    warn: Callable[[str], object],
    consequence: str,
    seconds: float = TIMEOUT + 1,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the facts about KMS keys. The calls run in parallel, each in the key's own Region.

    :param keys: Regions, each with the ARN of a key.
    :param warn: called with a warning for each key that can't be described.
    :param consequence: what follows for such a key, in a sentence; {region} stands for its Region.
    :param seconds: the maximum time for all calls.
    :return: for each key that can be described, what key_facts() returns.
    """
    outcomes: dict[tuple[str, str], Any] = dict.fromkeys(keys)
    calls = {}
    for region, arn in tuple(outcomes):
        try:
            client = connection.client("kms", region, timeout=TIMEOUT)
            calls[region, arn] = partial(describe_key, client, arn)
        except Failure as failure:
            outcomes[region, arn] = failure
    # The client's read timeout applies to each part of a response, so a response that trickles in never reaches it.
    outcomes.update(in_parallel(calls, seconds))
    described = {}
    for (region, arn), outcome in outcomes.items():
        if isinstance(outcome, Failure):
            warn(f"{_undescribed_key(connection, outcome)} {consequence.format(region=region)}")
        else:
            described[region, arn] = key_facts(outcome)
    return described


def _undescribed_key(connection: Connection, failure: Failure) -> str:
    """Return why a key can't be described, in sentences, for a warning."""
    reason = f"{failure.message}: {shorten(connection.mask(failure.reason))}"
    if failure.code in (ACCESS_DENIED, STS_ACCESS_DENIED):
        allow = "To see the key, allow kms:DescribeKey in the IAM policy or in the key's policy."
        return sentences(reason, allow)
    return sentences(reason)
