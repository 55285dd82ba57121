# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of each kind that a replication set holds, as the endpoint's seed_data() takes them."""

from __future__ import annotations

from typing import Any

from endpoint.backend import kinds

ACCOUNT = "123456789012"
REGION = "us-east-1"


def incident_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:ssm-incidents::{account}:incident-record/a-plan/{name}"


def contacts_arn(resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:ssm-contacts:{region}:{account}:{resource}"


def response_plan(name: str, account: str = ACCOUNT, **members: Any) -> dict[str, Any]:
    body = {
        "arn": f"arn:aws:ssm-incidents::{account}:response-plan/{name}",
        "name": name,
        "incidentTemplate": {"impact": 3, "title": f"Title of {name}"},
        **members,
    }
    return {"kind": "response_plan", "body": body}


def incident(name: str, status: str = "OPEN", account: str = ACCOUNT, **members: Any) -> dict[str, Any]:
    user = f"arn:aws:iam::{account}:user/someone"
    body = {
        "arn": incident_arn(name, account),
        "creationTime": "2026-01-02T03:04:05.678Z",
        "dedupeString": name,
        "impact": 2,
        "incidentRecordSource": {"createdBy": user, "source": "aws.ssm-incidents.custom"},
        "lastModifiedBy": user,
        "lastModifiedTime": "2026-01-02T03:04:06Z",
        "status": status,
        "title": f"Title of {name}",
        **members,
    }
    return {"kind": "incident_record", "body": body}


def timeline_event(incident_name: str, event_id: str, **members: Any) -> dict[str, Any]:
    body = {
        "eventData": '"data"',
        "eventId": event_id,
        "eventTime": "2026-01-02T03:05:00Z",
        "eventType": "Custom Event",
        "eventUpdatedTime": "2026-01-02T03:05:00.5Z",
        "incidentRecordArn": incident_arn(incident_name),
        **members,
    }
    return {"kind": "timeline_event", "body": body}


def contact(
    alias: str, contact_type: str = "PERSONAL", region: str = REGION, account: str = ACCOUNT, **members: Any
) -> dict[str, Any]:
    arn = contacts_arn(f"contact/{alias}", region, account)
    body = {"ContactArn": arn, "Alias": alias, "Type": contact_type, "Plan": {}, **members}
    return {"kind": "contact", "body": body}


def rotation(name: str, region: str = REGION, account: str = ACCOUNT, **members: Any) -> dict[str, Any]:
    body = {
        "RotationArn": contacts_arn(f"rotation/{name}", region, account),
        "Name": name,
        "ContactIds": [contacts_arn("contact/first", region, account)],
        "StartTime": "2026-01-01T00:00:00Z",
        "TimeZoneId": "Europe/Berlin",
        "Recurrence": {"NumberOfOnCalls": 1, "RecurrenceMultiplier": 1},
        **members,
    }
    return {"kind": "rotation", "body": body}


def one_of_each() -> list[dict[str, Any]]:
    """Return one object of each kind that botocore knows. The objects belong together."""
    first, plan = contact("first"), response_plan("a-plan")
    contact_arn, turns = first["body"]["ContactArn"], rotation("turns")
    channel, engagement, page = (contacts_arn(f"{kind}/first/1") for kind in ("contact-channel", "engagement", "page"))
    told = {"ContactArn": contact_arn, "EngagementArn": engagement, "Sender": "cli", "Subject": "s", "Content": "c"}
    when = {"StartTime": "2026-01-05T00:00:00Z", "EndTime": "2026-01-06T00:00:00Z"}
    override = {"RotationOverrideId": "12345678-1234-1234-1234-123456789012", "NewContactIds": [contact_arn], **when}
    policy = {"policyDocument": "{}", "policyId": "1", "ramResourceShareRegion": REGION}
    item = {"identifier": {"type": "OTHER", "value": {"url": "https://example.com"}}, "title": "t"}
    finding = {"id": "f1", "creationTime": 1767000000.25, "lastModifiedTime": 1767000001}
    receipt = {"ContactChannelArn": channel, "ReceiptType": "READ", "ReceiptTime": "2026-01-05T00:02:00Z"}
    address = {"Type": "EMAIL", "DeliveryAddress": {"SimpleAddress": "a@example.com"}, "ActivationStatus": "ACTIVATED"}
    rotation_arn = turns["body"]["RotationArn"]
    objects = [
        {**plan, "tags": {"team": "ops"}},
        {"kind": "resource_policy", "body": policy, "parent": plan["body"]["arn"]},
        {**incident("one"), "tags": {"a": "b"}},
        timeline_event("one", "e1"),
        {"kind": "related_item", "body": item, "parent": incident_arn("one")},
        {"kind": "finding", "body": finding, "parent": incident_arn("one")},
        {**first, "tags": {"Key": "Ä 1"}},
        {"kind": "contact_policy", "body": {"ContactArn": contact_arn, "Policy": "{}"}},
        {
            "kind": "contact_channel",
            "body": {"ContactChannelArn": channel, "ContactArn": contact_arn, "Name": "mail", **address},
        },
        {**turns, "tags": {"r": "1"}},
        {
            "kind": "rotation_override",
            "body": {**override, "RotationArn": rotation_arn, "CreateTime": "2026-01-01T00:00:00Z"},
        },
        {
            "kind": "rotation_shift",
            "body": {**when, "ContactIds": [contact_arn], "Type": "REGULAR"},
            "parent": rotation_arn,
        },
        {"kind": "engagement", "body": {**told, "StartTime": "2026-01-05T00:00:00Z"}},
        {"kind": "page", "body": {**told, "PageArn": page, "SentTime": "2026-01-05T00:01:00Z"}},
        {"kind": "page_receipt", "body": receipt, "parent": page},
        {
            "kind": "page_resolution",
            "body": {"ContactArn": contact_arn, "Type": "PERSONAL", "StageIndex": 0},
            "parent": page,
        },
    ]
    return [one for one in objects if one["kind"] in kinds.KINDS]
