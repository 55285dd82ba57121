# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the fault rules, and of each fault with botocore."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from endpoint.faults import FAULTS, Rule
from endpoint.server import LocalEndpoint

from .calls import ARN, Connect, error_code, send_signed

SET = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE", "sseKmsKeyId": "DefaultKey"}}}


def error_answer(call: Any, **arguments: Any) -> dict[str, Any]:
    """Make a call that must fail, and return its answer."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: dict[str, Any] = dict(caught.value.response)
    return answer


class TestAnswers:
    def test_throttle(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "throttle"})
        answer = error_answer(client.list_replication_sets)
        assert answer["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert answer["serviceCode"] == "ssm-incidents"
        client.list_replication_sets()

    def test_internal(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "internal"})
        answer = error_answer(client.list_replication_sets)
        assert answer["Error"]["Code"] == "InternalServerException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500

    def test_error_in_the_model(self, endpoint: LocalEndpoint, client: Any) -> None:
        rule = {"fault": "error", "code": "ConflictException", "message": "busy", "members": {"retryAfter": 1621015042}}
        endpoint.faults.add(rule)
        answer = error_answer(
            client.update_replication_set, arn=ARN, actions=[{"deleteRegionAction": {"regionName": "x"}}]
        )
        assert answer["Error"] == {"Code": "ConflictException", "Message": "busy"}
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 409
        assert answer["retryAfter"].timestamp() == 1621015042

    def test_error_not_in_the_model(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "error", "code": "ExpiredTokenException", "http_status": 403})
        answer = error_answer(client.list_replication_sets)
        assert answer["Error"]["Code"] == "ExpiredTokenException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403

    def test_status(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "status", "http_status": 503})
        answer = error_answer(client.list_replication_sets)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503

    @pytest.mark.parametrize("rule", [{"fault": "not_json"}, {"fault": "empty"}])
    def test_parsed_as_an_empty_result(self, endpoint: LocalEndpoint, client: Any, rule: dict[str, Any]) -> None:
        """botocore checks only the status."""
        endpoint.faults.add(rule)
        answer = client.list_replication_sets()
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        assert answer == {}

    def test_body(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "body", "body": '{"replicationSetArns": ["a"], "new": 1}'})
        assert client.list_replication_sets()["replicationSetArns"] == ["a"]

    def test_cut_json(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.seed(SET)
        endpoint.faults.add({"fault": "cut_json"})
        try:
            answer = client.list_replication_sets()
        except ResponseParserError:
            return
        assert "replicationSetArns" not in answer

    @pytest.mark.parametrize("path", ["/listReplicationSets", "/deleteReplicationSet"])
    def test_truncated(self, endpoint: LocalEndpoint, path: str) -> None:
        """This test does not use botocore, which returns an empty result for half an answer (1.44.5, with urllib3 2.8)."""
        arn = endpoint.seed(SET)
        endpoint.faults.add({"fault": "truncated"})
        with pytest.raises(IncompleteRead):
            send_signed(endpoint.url, "POST", f"{path}?arn={arn}")


class TestMissingAnswers:
    def test_reset(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "reset"})
        with pytest.raises(ConnectionClosedError):
            client.list_replication_sets()
        call = endpoint.requests[-1]
        assert (call["status"], call["fault"]) == (None, "reset")

    def test_reset_sends_a_tcp_reset(self, endpoint: LocalEndpoint) -> None:
        endpoint.faults.add({"fault": "reset"})
        host, _separator, port = endpoint.url.removeprefix("http://").partition(":")
        scope = "Credential=A/20260101/us-east-1/ssm-incidents/aws4_request,"
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(f"POST /listReplicationSets HTTP/1.1\r\nAuthorization: AWS4 {scope}\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                connection.recv(1)

    def test_hang(self, endpoint: LocalEndpoint) -> None:
        endpoint.faults.add({"fault": "hang"})
        with pytest.raises(ReadTimeoutError):
            endpoint.client(read_timeout=0.1).list_replication_sets()

    def test_hang_ends_with_the_endpoint(self) -> None:
        with LocalEndpoint() as other:
            other.faults.add({"fault": "hang"})
            client = other.client(read_timeout=100)
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(client.list_replication_sets)
                # The log is not enough: the call must have taken the rule before stop() removes it.
                while other.faults.left():
                    Event().wait(0.005)
                other.stop()
                assert isinstance(waiting.exception(timeout=60), ConnectionClosedError)

    def test_after(self, endpoint: LocalEndpoint, client: Any) -> None:
        """The call is carried out, but its answer is lost. A call with the same client token returns the same ARN."""
        endpoint.faults.add({"fault": "reset", "after": True})
        call = {"regions": {"us-east-1": {}}, "clientToken": "t"}
        with pytest.raises(ConnectionClosedError):
            client.create_replication_set(**call)
        arn = client.list_replication_sets()["replicationSetArns"][0]
        assert client.create_replication_set(**call)["arn"] == arn
        assert error_code(client.create_replication_set, regions={"us-east-1": {}}) == "ServiceQuotaExceededException"

    def test_not_after(self, endpoint: LocalEndpoint, client: Any) -> None:
        endpoint.faults.add({"fault": "reset"})
        with pytest.raises(ConnectionClosedError):
            client.create_replication_set(regions={"us-east-1": {}})
        assert client.list_replication_sets()["replicationSetArns"] == []


class TestRules:
    def test_the_first_matching_rule_is_used_up(self, endpoint: LocalEndpoint, client: Any, connect: Connect) -> None:
        endpoint.faults.add(
            {"fault": "throttle", "operation": "GetReplicationSet"},
            {"fault": "internal", "region": "us-west-2", "times": 2},
            {"fault": "error", "code": "AccessDeniedException", "account": "222222222222", "times": None},
        )
        client.list_replication_sets()
        assert error_code(client.get_replication_set, arn=ARN) == "ThrottlingException"
        assert error_code(client.get_replication_set, arn=ARN) == "ResourceNotFoundException"
        west = connect("us-west-2")
        assert error_code(west.get_replication_set, arn=ARN) == "InternalServerException"
        assert [(rule["fault"], rule["times"]) for rule in endpoint.faults.left()] == [("internal", 1), ("error", None)]
        other = connect("us-east-1", "222222222222")
        for _time in range(3):
            assert error_code(other.list_replication_sets) == "AccessDeniedException"
        endpoint.faults.clear()
        other.list_replication_sets()

    def test_other_services_have_no_faults(self, endpoint: LocalEndpoint) -> None:
        endpoint.faults.add({"fault": "internal", "times": None})
        endpoint.client("sts").get_caller_identity()
        assert endpoint.requests == []

    @pytest.mark.parametrize(
        ("rule", "message"),
        [
            ({"fault": "unknown"}, "fault must be one of"),
            ({}, "fault must be one of"),
            ("reset", "a rule is an object"),
            ({"fault": "reset", "when": "now"}, "unknown in a rule: when"),
            ({"fault": "reset", "operation": "ListBuckets"}, "operation must be null or one of"),
            ({"fault": "reset", "operation": ["GetReplicationSet"]}, "operation must be a string"),
            ({"fault": "reset", "service": "sts"}, "service must be null or one of"),
            ({"fault": "reset", "times": 0}, "times must be null or at least 1"),
            ({"fault": "reset", "times": True}, "times must be null or at least 1"),
            ({"fault": "reset", "after": 1}, "after must be true or false"),
            ({"fault": "reset", "region": 1}, "region must be a string"),
            ({"fault": "error", "members": []}, "members an object"),
            ({"fault": "throttle", "code": "SlowDown"}, 'code is for the fault "error"'),
            ({"fault": "error", "code": 1}, "code must be a string"),
            ({"fault": "status"}, "needs http_status"),
            ({"fault": "status", "http_status": 99}, "http_status must be between"),
            ({"fault": "body"}, "needs body"),
            ({"fault": "delay"}, "needs seconds"),
            ({"fault": "delay", "seconds": 1000}, "seconds must be between"),
        ],
    )
    def test_malformed_rules(self, rule: Any, message: str) -> None:
        with pytest.raises((ValueError, TypeError), match=message):
            Rule.parse(rule)

    def test_all_faults_are_tested(self) -> None:
        source = Path(__file__).read_text()
        assert [fault for fault in FAULTS if f'"fault": "{fault}"' not in source] == []
