# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of the endpoint's control interface. It needs neither moto nor Flask."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

PREFIX = "/incident-manager-endpoint/"

# The endpoint accepts any access key. Ansible masks a secret wherever its text occurs, so this one is long and unlikely.
ACCESS_KEY = "LOCALENDPOINTKEY0001"
SECRET_KEY = "local-endpoint-secret-key-which-opens-nothing"
# In the form that make_user() returns.
USER = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


def send(
    url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """
    Send a request to an endpoint.

    :param url: the endpoint's URL.
    :param body: a text is sent unchanged, and anything else as JSON. None sends no body.
    :return: the status, and the answer's JSON (its text if it is not JSON).
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        data = body if isinstance(body, str | None) else json.dumps(body)
        connection.request(method, path, data, dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


class ControlClient:
    """
    Controls a running endpoint over HTTP. tests/endpoint/README.md describes the requests.

    :param url: the endpoint's URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """
        Send a control request.

        :param path: the path below the prefix.
        :return: the status and the answer.
        """
        return send(self.url, method, f"{PREFIX}{path}", body)

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.request(method, path, body)
        if status != 200:
            raise RuntimeError(f"{method} {PREFIX}{path}: {status} {answer}")
        return answer

    def seed(
        self,
        body: Mapping[str, Any],
        account: str | None = None,
        arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Put a replication set into an account, by default the endpoint's own, and return its ARN."""
        given = {"body": body, "account": account, "arn": arn, "tags": tags}
        answer = self._request("POST", "seed", {key: value for key, value in given.items() if value is not None})
        return str(answer["arn"])

    def seed_data(self, *objects: Mapping[str, Any], account: str | None = None) -> list[str]:
        """Put objects into an account's set, by default the endpoint's own, and return their ARNs or IDs."""
        given = {"objects": objects, **({"account": account} if account else {})}
        return list(self._request("POST", "data", given)["ids"])

    def remove_data(self, kind: str, item_id: str, parent: str | None = None, account: str | None = None) -> None:
        """Remove an object from an account's set."""
        given = {"kind": kind, "item_id": item_id, "parent": parent, "account": account}
        self._request("DELETE", "data", {name: value for name, value in given.items() if value is not None})

    def make_key(self, arn: str) -> str:
        """Make a KMS key with this ARN, enabled and symmetric, and return the ARN."""
        return str(self._request("POST", "keys", {"arn": arn})["arn"])

    def make_user(self, policy: Mapping[str, Any] | Iterable[str], account: str) -> dict[str, str]:
        """
        Make an IAM user with one policy and an access key.

        :param policy: a policy document, or the actions to allow on every resource.
        :return: aws_access_key_id and aws_secret_access_key.
        """
        document = policy if isinstance(policy, Mapping) else list(policy)
        return dict(self._request("POST", "users", {"policy": document, "account": account}))

    def make_organization(self, accounts: Iterable[Mapping[str, Any]], management_account: str, **others: Any) -> str:
        """Make the endpoint's only organization, and return its ID: see organization.py."""
        given = {"accounts": list(accounts), "management_account": management_account, **others}
        return str(self._request("POST", "organization", given)["id"])

    def configure(self, **settings: Any) -> None:
        """Change settings."""
        self._request("POST", "settings", settings)

    def add_faults(self, *rules: Mapping[str, Any]) -> None:
        """Add fault rules."""
        self._request("POST", "faults", rules)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self._request("DELETE", "faults")

    def requests(self) -> list[dict[str, Any]]:
        """Return the service's calls since the last reset."""
        return list(self._request("GET", "requests"))

    def clear_requests(self) -> None:
        """Forget the calls."""
        self._request("DELETE", "requests")


def active_set(keys: Mapping[str, str], **members: Any) -> dict[str, Any]:
    """
    Return a replication set that is active in all of its Regions, as seed() takes it.

    :param keys: the KMS key of each Region, or DefaultKey.
    :param members: further members of GetReplicationSet's answer.
    """
    regions = {name: {"sseKmsKeyId": key, "status": "ACTIVE"} for name, key in keys.items()}
    return {"status": "ACTIVE", "regionMap": regions, **members}


@contextmanager
def moto_iam(url: str) -> Iterator[None]:
    """Let moto check the signatures and policies of all services' calls inside of the block."""
    path = "/moto-api/reset-auth"
    before = send(url, "POST", path, "0")[1]["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    try:
        yield
    finally:
        send(url, "POST", path, str(before))
