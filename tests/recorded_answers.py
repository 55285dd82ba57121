# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the real service, from the examples of awscli (examples/ssm-incidents/*.rst)."""

from __future__ import annotations

from typing import Any

ACCOUNT = "111122223333"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
REPLICATION_SET: dict[str, Any] = {
    "createdBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/username",
    "createdTime": "2021-05-14T17:57:22.010000+00:00",
    "deletionProtected": False,
    "lastModifiedBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/username",
    "lastModifiedTime": "2021-05-14T17:57:22.010000+00:00",
    "regionMap": {
        "us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"},
        "us-east-2": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE", "statusMessage": "Tagging inaccessible"},
    },
    "status": "ACTIVE",
}
GET: dict[str, Any] = {"replicationSet": REPLICATION_SET}
LIST: dict[str, Any] = {"replicationSetArns": [ARN]}
# These were recorded for a response plan.
TAGS: dict[str, Any] = {"tags": {"group1": "1"}}
EXAMPLES = {"get-replication-set": GET, "list-replication-sets": LIST, "list-tags-for-resource": TAGS}
