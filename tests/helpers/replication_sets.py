# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication sets as the managing module takes, changes and returns them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any

from endpoint.client import active_set
from endpoint.server import LocalEndpoint

WRITES = {
    "CreateReplicationSet",
    "UpdateReplicationSet",
    "DeleteReplicationSet",
    "UpdateDeletionProtection",
    "TagResource",
    "UntagResource",
}
NAMES = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1")


def key(region: str, number: int = 1) -> str:
    """Return the ARN of a KMS key in a Region."""
    return f"arn:aws:kms:{region}:123456789012:key/{number:08}-12ab-34cd-56ef-1234567890ab"


def possible_keys(region: str) -> tuple[str, ...]:
    """Return the three keys that a Region can have in SETS."""
    return ("DefaultKey", key(region, 1), key(region, 2))


#: Every set that four Regions and three keys can make: the key of each Region.
SETS = [
    dict(zip(names, keys, strict=True))
    for count in (1, 2, 3)
    for names in combinations(NAMES, count)
    for keys in product(*map(possible_keys, names))
]


def is_mixed(regions: Mapping[str, str | None]) -> bool:
    """Return whether a set has keys of both kinds."""
    return len({key == "DefaultKey" for key in regions.values()}) > 1


def regions(*names: str, **keys: str) -> list[dict[str, Any]]:
    """Return a value of the option regions."""
    return [{"name": name} for name in names] + [
        {"name": name.replace("_", "-"), "sse_kms_key_id": key} for name, key in keys.items()
    ]


def seed_set(endpoint: LocalEndpoint, tags: dict[str, str] | None = None, **members: Any) -> str:
    """Seed a set, by default in eu-west-1, and return its ARN.

    :param members: members of GetReplicationSet's answer.
    """
    return endpoint.seed(active_set({"eu-west-1": "DefaultKey"}, **members), tags=tags)


def region_map(*names: str, **keys: str) -> dict[str, Any]:
    """Return the regionMap of GetReplicationSet's answer."""
    keys = {**dict.fromkeys(names, "DefaultKey"), **{name.replace("_", "-"): key for name, key in keys.items()}}
    return dict(active_set(keys)["regionMap"])


def keys_of(outcome: Any) -> dict[str, str]:
    return {name: info["sse_kms_key_id"] for name, info in outcome["replication_set"]["region_map"].items()}


def write_operations(endpoint: LocalEndpoint) -> list[str]:
    return [call["operation"] for call in endpoint.requests if call["operation"] in WRITES]


def actions(outcome: Any) -> list[tuple[str, str]]:
    return [(action["action"], action["status"]) for action in outcome["actions"]]
