# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customer managed keys of a replication set's Regions, as KMS describes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping

from .._aws.calls import ONCE, call_aws, required_member
from .._aws.errors import (
    ACCESS_DENIED,
    KEY_NOT_USABLE,
    KMS_NOT_FOUND,
    STS_ACCESS_DENIED,
    AnsibleSSMIncidentsError,
    precise_advice,
)
from .._aws.parallel import in_parallel
from .._aws.text import one_line, sentences, shorten
from .facts import DISABLED_STATES, key_facts, key_problem
from .plan import DELETE, DELETE_REGION, CurrentState, Step, keys_of_steps

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

# The time limits to connect and to read the response of the only attempt, in seconds. Callers continue without the facts of
# keys, and the KMS of a Region that is down must not delay a task that moves the set out of that Region.
_TIMEOUT = 5

# How long to wait for keys if the task is about to time out, in seconds.
_SHORTEST = 2

# The members that decide whether a key can be used (KMS API Reference, KeyMetadata).
_REQUIRED = {
    "Arn": str,
    "Enabled": bool,
    "KeyManager": str,
    "KeySpec": str,
    "KeyState": str,
    "Origin": str,
}


_ENABLE_ADVICE = (
    "If the deletion of the key is pending, cancel it (kms:CancelKeyDeletion). Enable the key (kms:EnableKey), and run the task"
    " again. Disable or delete a key only when nothing is encrypted with it."
)


def describe_key(client: BaseClient, arn: str) -> dict[str, Any] | None:
    """Return a KMS key's KeyMetadata (DescribeKey); None if KMS has no such key.

    :param client: a client for KMS in the key's Region.
    :raises AnsibleSSMIncidentsError: for every other error.
    """

    def describe() -> dict[str, Any]:
        metadata = required_member(client.describe_key(KeyId=arn), "KeyMetadata", dict)
        for name, kind in _REQUIRED.items():
            required_member(metadata, name, kind)
        if metadata["Arn"] != arn:
            raise ValueError("Arn is the ARN of another key")
        if metadata.get("CustomKeyStoreId") is not None:
            required_member(metadata, "CustomKeyStoreId", str)
        return metadata

    try:
        return call_aws(client, f"describe the KMS key {arn}", describe, ONCE)
    except AnsibleSSMIncidentsError as failure:
        if failure.code == KMS_NOT_FOUND:
            return None
        raise


def describe_keys(
    connection: Connection, keys: Iterable[tuple[str, str]], seconds: float = _TIMEOUT + 1
) -> dict[tuple[str, str], dict[str, Any] | AnsibleSSMIncidentsError]:
    """Return the facts about KMS keys. The calls run in parallel, each in the key's own Region.

    :param keys: Regions, each with the ARN of a key.
    :param seconds: the maximum time for all calls.
    :return: for each key, in the same order, what key_facts() returns, or the failure to describe the key.
    """
    keys = list(keys)
    described: dict[tuple[str, str], dict[str, Any] | AnsibleSSMIncidentsError] = {}
    calls = {}
    for region, arn in keys:
        try:
            client = connection.client("kms", region, timeout=_TIMEOUT)
            calls[region, arn] = partial(describe_key, client, arn)
        except AnsibleSSMIncidentsError as failure:
            described[region, arn] = failure
    # The client's read timeout applies to each part of a response, so a response that trickles in never reaches it.
    for key, result in in_parallel(calls, seconds):
        described[key] = result if isinstance(result, AnsibleSSMIncidentsError) else key_facts(result)
    return {key: described[key] for key in keys}


def undescribed_key(connection: Connection, failure: AnsibleSSMIncidentsError) -> str:
    """Return why a key can't be described, in sentences, for a warning."""
    reason = f"{failure.message}: {shorten(connection.mask(failure.reason))}"
    if failure.code in (ACCESS_DENIED, STS_ACCESS_DENIED):
        allow = "To see the key, allow kms:DescribeKey in the IAM policy or in the key's policy."
        return sentences(reason, precise_advice(failure.cause) or allow)
    return sentences(reason)


class KeyCheck:
    """Checks the customer managed keys that the steps of a change depend on.

    Steps can take hours, so each key is described again before each step. A key that could not be described is not tried again.
    """

    def __init__(
        self, connection: Connection, warn: Callable[[str], object], seconds_left: Callable[[], float]
    ) -> None:
        """
        :param warn: called with a warning for a key that can't be described and is therefore not checked.
        :param seconds_left: returns the time until the task times out.
        """
        self._seconds_left = seconds_left
        self._connection = connection
        self._warn = warn
        self._unchecked: set[tuple[str, str]] = set()

    def validate(self, current: CurrentState | None, steps: Iterable[Step]) -> None:
        """Validate that the steps' keys can be used.

        :param current: the state before the steps.
        :raises AnsibleSSMIncidentsError: names the key, its Region, its state, and what the state prevents.
        """
        needed = {key: step for key, step in keys_of_steps(current, steps).items() if key not in self._unchecked}
        seconds = min(_TIMEOUT + 1, max(_SHORTEST, self._seconds_left()))
        for (region, arn), described in describe_keys(self._connection, needed, seconds).items():
            if isinstance(described, AnsibleSSMIncidentsError):
                self._unchecked.add((region, arn))
                self._warn(
                    f"{undescribed_key(self._connection, described)} The task continues without checking this key."
                )
            else:
                self._validate_key(region, arn, described, needed[region, arn])

    def _validate_key(self, region: str, arn: str, key: Mapping[str, Any], step: Step) -> None:
        problem = self._connection.mask(key_problem(key))
        if not problem:
            return
        what = f"The KMS key {arn} of Region {region} can't be used: {one_line(shorten(problem))}"
        if step.action not in (DELETE_REGION, DELETE):
            raise AnsibleSSMIncidentsError(what, code=KEY_NOT_USABLE)
        target = "the replication set" if step.action == DELETE else f"Region {region}"
        is_gone = key["key_state"] is None
        if (is_gone and step.action == DELETE) or not (is_gone or key["key_state"] in DISABLED_STATES):
            # A key that does not exist can't be enabled. Of keys in other states, AWS does not say that they prevent a deletion.
            self._unchecked.add((region, arn))
            self._warn(
                f"{what}. It is not known whether AWS deletes {target} with such a key. If the deletion fails, contact AWS"
                " Support."
            )
            return
        raise AnsibleSSMIncidentsError(
            f"{what}. The deletion of {target} would fail",
            code=KEY_NOT_USABLE,
            advice=_ENABLE_ADVICE if key["key_state"] else "Contact AWS Support.",
        )
