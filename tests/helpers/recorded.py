# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the real service, from the examples of awscli, and the objects that a set held when AWS recorded them."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from helpers.checkout import CHECKOUT

AWSCLI = CHECKOUT / ".build" / "awscli"  # "make .build/awscli/ready" makes it
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
# Recorded for a response plan.
TAGS: dict[str, Any] = {"tags": {"group1": "1"}}
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/Example-Response-Plan"
INCIDENT = (
    f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/Example-Response-Plan/6ebcc812-85f5-b7eb-8b2f-283e4d844308"
)

#: The pages with recorded outputs of objects that a set holds.
PAGES = {
    "ssm-incidents": (
        "get-incident-record",
        "get-resource-policies",
        "get-response-plan",
        "get-timeline-event",
        "list-incident-records",
        "list-related-items",
        "list-response-plans",
        "list-tags-for-resource",
        "list-timeline-events",
    ),
    # Without list-contact-channels, whose recorded output is not JSON.
    "ssm-contacts": (
        "describe-engagement",
        "describe-page",
        "get-contact",
        "get-contact-channel",
        "get-contact-policy",
        "list-contacts",
        "list-engagements",
        "list-page-receipts",
        "list-pages-by-contact",
        "list-pages-by-engagement",
        "list-tags-for-resource",
    ),
}

# The members that lists leave out and the model requires of the objects themselves.
_PLAN: dict[str, Any] = {"Plan": {}}
_TOLD = {"Subject": "s", "Content": "c"}


def examples(service: str, page: str) -> list[tuple[list[str], Any]]:
    """Return the arguments after "aws <service>", and the output or None, of each example of a page."""
    (file,) = AWSCLI.glob(f"lib/python3*/site-packages/awscli/examples/{service}/{page}.rst")
    found = re.findall(
        r"::\n\n((?: +.*\n)+)\n+(?:Output::\n\n((?: +.*\n)+(?:\n(?: +.*\n)+)*)|This command produces no output)",
        file.read_text(encoding="utf-8") + "\n",
    )
    parsed = []
    for command, recorded in found:
        program, name, *arguments = shlex.split(command.replace("\\\n", " "))
        assert (program, name) == ("aws", service)
        parsed.append((arguments, json.loads(recorded) if recorded else None))
    return parsed


def objects_of(service: str, page: str) -> list[dict[str, Any]]:
    """Return the objects without which the page's outputs could not have been recorded."""
    outputs = [recorded for _arguments, recorded in examples(service, page)]
    first = outputs[0]
    if service == "ssm-incidents":
        return _incidents(page, first)
    return _contacts(page, outputs)


def _incidents(page: str, output: Any) -> list[dict[str, Any]]:
    (_arguments, plan), *_others = examples("ssm-incidents", "get-response-plan")
    (_arguments, record), *_others = examples("ssm-incidents", "get-incident-record")
    found = [{"kind": "response_plan", "body": plan}, {"kind": "incident_record", "body": record}]
    if page == "get-resource-policies":
        found += [{"kind": "resource_policy", "body": body, "parent": PLAN} for body in output["resourcePolicies"]]
    elif page == "get-timeline-event":
        found.append({"kind": "timeline_event", "body": output})
    elif page == "list-timeline-events":
        found += [{"kind": "timeline_event", "body": {**body, "eventData": "x"}} for body in output["eventSummaries"]]
    elif page == "list-related-items":
        found += [{"kind": "related_item", "body": body, "parent": INCIDENT} for body in output["relatedItems"]]
    elif page == "list-tags-for-resource":
        found[0]["tags"] = output["tags"]
    return found


def _contacts(page: str, outputs: list[Any]) -> list[dict[str, Any]]:
    output = outputs[0]
    if page == "get-contact":
        return [{"kind": "contact", "body": body} for body in outputs]
    if page == "list-contacts":
        return [{"kind": "contact", "body": {**body, **_PLAN}} for body in output["Contacts"]]
    region = {"get-contact-policy": "us-east-1", "list-tags-for-resource": "us-east-1"}.get(page, "us-east-2")
    arn = f"arn:aws:ssm-contacts:{region}:{ACCOUNT}:contact/akuam"
    person: dict[str, Any] = {
        "kind": "contact",
        "body": {"ContactArn": arn, "Alias": "akuam", "Type": "PERSONAL", **_PLAN},
    }
    if page == "list-tags-for-resource":
        return [{**person, "tags": {tag["Key"]: tag["Value"] for tag in output["Tags"]}}]
    kinds = {"describe-engagement": "engagement", "describe-page": "page", "get-contact-channel": "contact_channel"}
    if page in kinds or page == "get-contact-policy":
        return [person, {"kind": kinds.get(page, "contact_policy"), "body": output}]
    if page == "list-engagements":
        return [person, *({"kind": "engagement", "body": {**body, **_TOLD}} for body in output["Engagements"])]
    engagement_arn = f"arn:aws:ssm-contacts:{region}:{ACCOUNT}:engagement/akuam/78a29753-3674-4ac5-9f83-0468563567f0"
    told = {"ContactArn": arn, "EngagementArn": engagement_arn, "Sender": "cli", **_TOLD}
    engagement = {"kind": "engagement", "body": told}
    if page == "list-page-receipts":
        ((arguments, _recorded),) = examples("ssm-contacts", page)
        page_arn = arguments[-1]
        receipts = [{"kind": "page_receipt", "body": body, "parent": page_arn} for body in output["Receipts"]]
        return [person, engagement, {"kind": "page", "body": {**told, "PageArn": page_arn}}, *receipts]
    return [person, engagement, *({"kind": "page", "body": {**body, **_TOLD}} for body in output["Pages"])]
