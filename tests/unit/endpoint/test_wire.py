# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of answers as they are sent, for clients other than botocore."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from endpoint.backend import kinds, utils
from endpoint.server import LocalEndpoint

from .calls import authorization

JSON_1_1 = "application/x-amz-json-1.1"
MODEL = utils.service_model()
CONTACT = "arn:aws:ssm-contacts:us-east-1:123456789012:contact/someone"
UNSERVED = sorted(set(MODEL.operation_names) - set(utils.OPERATIONS) - kinds.SERVED["ssm-incidents"])
CONTACTS_MODEL = utils.service_model("ssm-contacts")
UNSERVED_OF_CONTACTS = sorted(set(CONTACTS_MODEL.operation_names) - kinds.SERVED["ssm-contacts"])


class Answer(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


def send(
    endpoint: LocalEndpoint, method: str, path: str, service: str = "ssm-incidents", target: str | None = None
) -> Answer:
    headers = {"Authorization": authorization(service=service), "Content-Type": JSON_1_1 if target else ""}
    if target:
        headers["X-Amz-Target"] = target
    connection = http.client.HTTPConnection(urlsplit(endpoint.url).netloc, timeout=10)
    connection.request(method, path, None if method == "GET" else "{}", headers)
    response = connection.getresponse()
    answer = Answer(
        response.status,
        response.reason,
        {name.lower(): value for name, value in response.getheaders()},
        response.read(),
    )
    assert len(answer.headers) == len(response.getheaders())  # no header is sent twice
    connection.close()
    return answer


def assert_unknown(answer: Answer, status: int, operation: str, content_type: str = "application/json") -> None:
    assert (answer.status, answer.reason) == (status, {400: "Bad Request", 404: "Not Found"}[status])
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert answer.headers["content-type"] == content_type
    assert uuid.UUID(answer.headers["x-amzn-requestid"])
    assert answer.content["__type"] == "UnknownOperationException"
    assert operation in answer.content["message"]


@pytest.mark.parametrize("operation", UNSERVED)
def test_operations_of_ssm_incidents(endpoint: LocalEndpoint, operation: str) -> None:
    request = MODEL.operation_model(operation).http
    assert_unknown(send(endpoint, request["method"], request["requestUri"]), 404, operation)
    (call,) = endpoint.requests
    assert (call["service"], call["operation"], call["status"]) == ("ssm-incidents", operation, 404)


@pytest.mark.parametrize("operation", UNSERVED_OF_CONTACTS)
def test_operations_of_ssm_contacts(endpoint: LocalEndpoint, operation: str) -> None:
    answer = send(endpoint, "POST", "/", "ssm-contacts", f"SSMContacts.{operation}")
    assert_unknown(answer, 400, operation, JSON_1_1)
    (call,) = endpoint.requests
    assert (call["service"], call["operation"], call["status"]) == ("ssm-contacts", operation, 400)
