# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes read-only calls to Incident Manager in every Region, and keeps the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread, local
from typing import Any
from uuid import uuid4

import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.model import OperationModel
from helpers.model_check import Difference, differences

SERVICE = "ssm-incidents"
# The calls of the info module, the lookup and the audit. No other call is sent.
LIST, GET, TAGS = "ListReplicationSets", "GetReplicationSet", "ListTagsForResource"
READS = (LIST, GET, TAGS)

# Outcomes of a call that AWS has not answered.
NO_CONNECTION = "no connection"
NO_ANSWER = "no answer in time"
NOT_AWS = "an answer that is not AWS's"
NOT_SENT = "not sent"

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
# Sources of credentials that botocore would try besides the profile: other files, and the machine's own role.
_OTHER_CREDENTIALS = ("env", "ec2-credentials-file", "boto-config", "container-role", "iam-role")


class LiveError(Exception):
    """The reason why no call can be made. The message has no data of the account."""


@dataclass(frozen=True)
class Answer:
    """
    The outcome of one call.

    :ivar arn: the ARN that was asked for; empty for ListReplicationSets.
    :ivar outcome: empty for success; the code of an error of AWS; NO_CONNECTION, NO_ANSWER, NOT_AWS, or NOT_SENT, if
        botocore got no credentials for instance.
    :ivar status: the HTTP status; None without an answer.
    :ivar headers: the HTTP headers, with lower-case names.
    :ivar content: the JSON as sent, also if it is an error.
    :ivar differences: the differences of a success from botocore's model.
    """

    operation: str
    region: str
    arn: str
    outcome: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Observations:
    """
    All answers of an account.

    :ivar regions: the Regions of the service that botocore knows.
    :ivar other_region: a Region without the service.
    :ivar arns: the ARNs that ListReplicationSets returned.
    :ivar unknown_arn: an ARN in the same account that no set has; empty if the account has no set.
    """

    regions: tuple[str, ...]
    other_region: str
    answers: tuple[Answer, ...]
    arns: tuple[str, ...] = ()
    unknown_arn: str = ""


# Clients --------------------------------------------------------------------------------------------------------------


def make_clients(profile: str, region: str) -> tuple[dict[str, BaseClient], str]:
    """
    Return a client for each Region of the service, the given one first, and for one Region without the service.

    :return: the clients, and the name of the Region without the service.
    :raises LiveError: for an unknown profile, one without credentials, or a Region without the service.
    """
    session = botocore.session.Session(profile=profile)
    try:
        resolver = session.get_component("credential_provider")
        for name in _OTHER_CREDENTIALS:
            resolver.remove(name)
        partition = session.get_partition_for_region(region)
        regions = session.get_available_regions(SERVICE, partition)
        if region not in regions:
            raise LiveError("REGION must be one in which Incident Manager exists, such as eu-west-1.")
        if session.get_credentials() is None:
            raise LiveError("The profile has no credentials.")
        # The partition "aws", the only one with the service, has such Regions.
        other_region = min(set(session.get_available_regions("sts", partition)) - set(regions))
        clients = {
            name: session.create_client(SERVICE, region_name=name, config=_CONFIG)
            for name in dict.fromkeys([region, *regions, other_region])
        }
    except BotoCoreError as error:
        raise LiveError(f"The profile can't be used: {type(error).__name__}.") from None
    for client in clients.values():
        client.meta.events.register("before-call", _refuse_writes)
        client.meta.events.register("before-send", partial(_send, client))
    return clients, other_region


def _refuse_writes(model: OperationModel, **_others: object) -> None:
    if model.name not in READS:
        raise AssertionError(f"{model.name} is not a call that reads")


# The last HTTP response of each thread. botocore does not show it if its parser fails.
_LAST = local()


def _send(client: BaseClient, request: AWSPreparedRequest, **_others: object) -> AWSResponse:
    """Send a request as botocore would, and keep the response."""
    _LAST.response = None
    response = client._endpoint.http_session.send(request)
    _LAST.response = response
    return response


def is_aws(client: BaseClient) -> bool:
    """Return whether a client's endpoint has a host name of AWS."""
    host: str = client.meta.endpoint_url.partition("://")[2].partition("/")[0]
    return host.endswith((".amazonaws.com", ".api.aws"))


# Calls ----------------------------------------------------------------------------------------------------------------


def observe(clients: Mapping[str, BaseClient], other_region: str, time_limit: float) -> Observations:
    """
    Make all calls.

    :param clients: the clients from make_clients().
    :param time_limit: the limit in seconds. A call without an answer by then counts as NO_ANSWER.
    """
    deadline = time.monotonic() + time_limit
    regions = tuple(name for name in clients if name != other_region)

    def ask(operation: str, names: Iterable[str], arn: str = "") -> list[Answer]:
        return _ask_side_by_side(clients, operation, list(names), arn, deadline)

    answers = ask(LIST, clients)
    arns = tuple(dict.fromkeys(arn for answer in answers for arn in listed_arns(answer)))
    unknown_arn = ""
    if arns:
        arn = arns[0]
        unknown_arn = f"{arn.rpartition('/')[0]}/{uuid4()}"
        got = ask(GET, regions, arn)
        answers += got + ask(TAGS, regions, arn)
        # A Region outside the set may answer so for every ARN, so a Region that returns the set is asked.
        inside = [answer.region for answer in got if not answer.outcome][:1]
        answers += ask(GET, inside, unknown_arn) + ask(TAGS, inside, unknown_arn)
    return Observations(regions, other_region, tuple(answers), arns, unknown_arn)


def listed_arns(answer: Answer) -> list[str]:
    """Return the ARNs of replication sets in an answer to ListReplicationSets."""
    found = answer.content.get("replicationSetArns") if answer.operation == LIST and not answer.outcome else None
    return [arn for arn in found if isinstance(arn, str) and "/" in arn] if isinstance(found, list) else []


def _ask_side_by_side(
    clients: Mapping[str, BaseClient], operation: str, regions: Sequence[str], arn: str, deadline: float
) -> list[Answer]:
    """Make a call in each Region at the same time. Calls that have no answer at the deadline are not waited for."""
    results: SimpleQueue[Answer] = SimpleQueue()
    answers = {region: Answer(operation, region, arn, NO_ANSWER) for region in regions}

    def run(call: Callable[[], Answer]) -> None:
        results.put(call())

    for region in regions:
        # Daemon threads do not keep the process from ending.
        Thread(target=run, args=[partial(_ask, clients[region], operation, arn)], daemon=True).start()
    for _region in regions:
        try:
            answer = results.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        answers[answer.region] = answer
    return list(answers.values())


def _ask(client: BaseClient, operation: str, arn: str) -> Answer:
    _LAST.response = None
    arguments = {LIST: {}, GET: {"arn": arn}, TAGS: {"resourceArn": arn}}[operation]
    try:
        getattr(client, xform_name(operation))(**arguments)
        outcome = ""
    except ClientError as error:
        outcome = str(error.response.get("Error", {}).get("Code") or NOT_AWS)
    except ReadTimeoutError:
        outcome = NO_ANSWER
    except (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError):
        outcome = NO_CONNECTION
    except (
        Exception
    ):  # no credentials, or an exception of botocore's parsers, which fail in several ways at unexpected types
        outcome = NOT_SENT
        if _LAST.response is not None:
            outcome = "" if _LAST.response.status_code < 300 else NOT_AWS
    return _answer(client, operation, arn, outcome, _LAST.response)


def _answer(client: BaseClient, operation: str, arn: str, outcome: str, response: AWSResponse | None) -> Answer:
    region = client.meta.region_name
    if outcome in (NO_CONNECTION, NO_ANSWER) or response is None:
        return Answer(operation, region, arn, outcome)
    try:
        content = json.loads(response.content)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return Answer(operation, region, arn, NOT_AWS, response.status_code)
    shape = client.meta.service_model.operation_model(operation).output_shape
    return Answer(
        operation,
        region,
        arn,
        outcome,
        response.status_code,
        {name.lower(): value for name, value in response.headers.items()},
        content,
        () if outcome else tuple(differences(shape, content)),
    )
