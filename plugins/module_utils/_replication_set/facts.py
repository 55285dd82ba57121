# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about a replication set and its KMS keys, from responses that botocore parsed. Nothing of AWS is imported here."""

from __future__ import annotations

from typing import Any, Mapping

from .state import ReplicationSet, snake_cased

# The service leaves out some of these, and they are then null: a set recorded by AWS has no arn and no
# statusUpdateDateTime (awscli, examples/ssm-incidents/get-replication-set.rst).
SET_FIELDS = (
    "arn",
    "created_by",
    "created_time",
    "deletion_protected",
    "last_modified_by",
    "last_modified_time",
    "status",
)
REGION_FIELDS = ("kms_key", "sse_kms_key_id", "status", "status_message", "status_update_date_time")

#: The members of KMS's KeyMetadata that decide whether Incident Manager can use a key.
KEY_FIELDS = (
    "custom_key_store_id",
    "deletion_date",
    "enabled",
    "key_manager",
    "key_spec",
    "key_state",
    "key_usage",
    "origin",
)


def replication_set_facts(
    replication_set: ReplicationSet, kms_keys: Mapping[str, Mapping[str, Any] | None] | None = None
) -> dict[str, Any]:
    """Return a replication set's facts. They have every key, even if the service left a value out.

    :param kms_keys: the facts about the Regions' KMS keys, as key_facts() returns them; None for a Region without them.
    :return: snake_cased facts, those included that AWS adds later. Region names and tag keys keep their case, times are ISO 8601
        in UTC.
    """
    tags, regions = replication_set.tags, replication_set.regions
    return {
        **dict.fromkeys(SET_FIELDS),
        **replication_set.facts,
        "arn": replication_set.arn,
        "region_map": {
            name: {**dict.fromkeys(REGION_FIELDS), **regions[name].facts, "kms_key": (kms_keys or {}).get(name)}
            for name in sorted(regions)
        },
        "tags": None if tags is None else dict(tags),
    }


def key_facts(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the facts about a customer managed key.

    :param metadata: KeyMetadata of KMS's DescribeKey, as botocore parsed it; None if KMS has no such key.
    :return: KEY_FIELDS. If KMS has no such key, enabled is False and all other values are None.
    """
    facts = snake_cased(metadata or {"Enabled": False})
    return {field: facts.get(field) for field in KEY_FIELDS}


#: A set whose key is in one of these states can't be deleted (User Guide, Terraform's documentation).
DISABLED_STATES = ("Disabled", "PendingDeletion", "PendingReplicaDeletion")


def key_problem(key: Mapping[str, Any]) -> str | None:
    """Return why Incident Manager can't use a customer managed key, or None if it can.

    The key must be enabled and symmetric, with key material that KMS created, and not in a custom key store (User Guide,
    "Data protection in Incident Manager"). It can be a multi-Region key.

    :param key: its facts, as key_facts() returns them.
    :return: a sentence without a full stop.
    """
    state = key["key_state"]
    if state is None:
        return "the key does not exist in KMS"
    if key["deletion_date"]:
        return f"its key state is {state}, and KMS will delete it on {key['deletion_date']}"
    if state != "Enabled":
        return f"its key state is {state}, not Enabled"
    if key["enabled"] is not True:
        return "it is not enabled, although its key state is Enabled"
    if key["key_manager"] != "CUSTOMER":
        return "it is an AWS managed key, not a customer managed key"
    if key["custom_key_store_id"] or key["origin"] in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
        return f"it is in a custom key store, {key['custom_key_store_id'] or key['origin']}"
    if key["origin"] != "AWS_KMS":
        return f"its key material was imported, not created by KMS (origin {key['origin']})"
    # ENCRYPT_DECRYPT is the only key usage of such a key (KMS API Reference, CreateKey). moto's KMS leaves it out.
    if key["key_spec"] != "SYMMETRIC_DEFAULT" or key["key_usage"] not in ("ENCRYPT_DECRYPT", None):
        return f"it is not a symmetric encryption key (key spec {key['key_spec']}, key usage {key['key_usage']})"
    return None
