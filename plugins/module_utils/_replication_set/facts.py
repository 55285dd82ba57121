# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a replication set, made from what botocore parsed. Nothing of AWS is imported here."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

# The service leaves some of these out: a set recorded by AWS has no arn and no statusUpdateDateTime
# (awscli, examples/ssm-incidents/get-replication-set.rst). They are null then.
SET_FIELDS = (
    "arn",
    "created_by",
    "created_time",
    "deletion_protected",
    "last_modified_by",
    "last_modified_time",
    "status",
)
REGION_FIELDS = ("sse_kms_key_id", "status", "status_message", "status_update_date_time")


def replication_set_facts(
    replication_set: Mapping[str, Any], arn: str, tags: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return a replication set's facts, with every key, whatever the service left out.

    :param replication_set: replicationSet of a GetReplicationSet answer, as botocore parsed it.
    :param arn: the ARN that was asked for, used if the answer has none.
    :param tags: the set's tags, or None if they were not listed or could not be listed.
    :return: snake_cased facts. Region names and tag keys keep their case, times are ISO 8601 in UTC.
    """
    regions = replication_set.get("regionMap") or {}
    facts = _snake_cased({key: value for key, value in replication_set.items() if key != "regionMap"}, SET_FIELDS)
    facts["arn"] = facts["arn"] or arn
    facts["region_map"] = {name: _snake_cased(info, REGION_FIELDS) for name, info in sorted(regions.items())}
    facts["tags"] = None if tags is None else dict(tags)
    return facts


def iso_time(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with microseconds: always of one length, so that the texts sort as the times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def _snake_cased(answer: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    facts = dict.fromkeys(fields)
    facts.update(camel_dict_to_snake_dict(answer))
    return {key: iso_time(value) if isinstance(value, datetime) else value for key, value in facts.items()}
