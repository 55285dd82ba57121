# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to a world, and the wire of a change, which uses the world's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    Failure,
    as_failure,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.parallel import no_response
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.change import ChangeWire
from botocore import xform_name
from endpoint.backend import utils

from .world import World

Result = TypeVar("Result")


@cache
def _operations() -> dict[str, str]:
    """Return the operations by the names of botocore's methods."""
    return {xform_name(operation): operation for operation in utils.OPERATIONS}


class Client:
    """A client as botocore makes them, for one Region of a world."""

    def __init__(self, world: World, region: str) -> None:
        # A single attempt, as a user can set it.
        self.meta = SimpleNamespace(region_name=region, config=SimpleNamespace(retries={"total_max_attempts": 1}))
        self._world = world

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        operation, region = _operations()[name], self.meta.region_name
        return lambda **arguments: self._world.call(region, operation, arguments)

    def get_paginator(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=lambda: self._pages(getattr(self, name)))

    @staticmethod
    def _pages(call: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            page = call(**({"nextToken": token} if token else {}))
            yield page
            token = page.get("nextToken")
            if not token:
                return


class KeyClient:
    """A client of a KMS in which every key can be used."""

    def __init__(self, region: str) -> None:
        self.meta = SimpleNamespace(region_name=region)

    def describe_key(self, KeyId: str) -> dict[str, Any]:  # noqa: N803
        metadata = {
            "Arn": KeyId,
            "Enabled": True,
            "KeyManager": "CUSTOMER",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyState": "Enabled",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "Origin": "AWS_KMS",
        }
        return {"KeyMetadata": metadata, "ResponseMetadata": {"HTTPStatusCode": 200}}


class Connection:
    """The connection to a world."""

    def __init__(self, world: World, region: str) -> None:
        self.world = world
        self.region = region
        self._clients: dict[str, Client] = {}

    def mask(self, text: str) -> str:
        return text

    def client(self, service: str, region: str | None = None, timeout: float | None = None) -> Client | KeyClient:
        region = region or self.region
        if service == "kms":
            return KeyClient(region)
        if region not in self._clients:
            self._clients[region] = Client(self.world, region)
        return self._clients[region]


class SimulatedWire(ChangeWire):
    """The real wire of a change, with the world's time."""

    def __init__(self, connection: Connection, deadline: float) -> None:
        super().__init__(cast(Any, connection), deadline)
        self.world = connection.world

    def now(self) -> float:
        return self.world.time

    def seconds_until(self, moment: datetime) -> float:
        return (moment - self.world.clock()).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.world.sleep(seconds)

    def call_all(self, calls: Mapping[str, Callable[[], Result]]) -> Iterator[tuple[str, Result | Failure]]:
        """Make the calls one after the other, each as if it began now, and yield them in the order in which they end."""
        seconds = self.limit()
        began = self.world.time
        ended: list[tuple[float, str, Result | Failure]] = []
        for region, call in calls.items():
            self.world.time = began
            result: Result | Failure
            try:
                result = call()
            except Exception as error:  # as in_parallel() does
                result = as_failure(error)
            end = self.world.time
            if end > began + seconds:
                result = no_response(region, seconds)
                end = began + seconds
            ended.append((end, region, result))
        for end, region, result in sorted(ended, key=lambda item: item[0]):
            self.world.time = end
            yield region, result
