# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world: the local endpoint's backend without sockets, with a virtual clock and everything that can go wrong with a call."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.model import StructureShape
from endpoint.backend import models, utils
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.kms.models import Key, kms_backends
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

from .scenario import ACCOUNT, READ_TIMEOUT, REGIONS, TRANSIENT, WRITES, Act, Fault, Outage, Scenario, kms_key

#: How long a call without a fault takes, in seconds.
CALL_SECONDS = 0.05
#: The maximum of calls in a run. A run with more calls counts as endless.
MAX_CALLS = 100_000
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_NEVER = 10**9

TASK, SOMEBODY_ELSE = "the task", "somebody else"


class Killed(BaseException):
    """The process has ended."""


class Endless(BaseException):
    """The run has made too many calls."""


class State(NamedTuple):
    """The true state of the set, whatever reads show.

    :ivar regions: the Regions that are not being deleted, each with its key.
    :ivar statuses: the status of each Region, including those that are being deleted.
    """

    arn: str
    regions: Mapping[str, str | None]
    protected: bool
    tags: Mapping[str, str]
    status: str
    statuses: Mapping[str, str]

    @property
    def lasting(self) -> tuple[Any, ...]:
        """Return what does not change by itself."""
        return (self.arn, self.regions, self.protected, self.tags)


@dataclass
class Call:
    """A call to the service.

    :ivar at: when it was made, in seconds after the start of the world.
    :ivar by: TASK or SOMEBODY_ELSE.
    :ivar run: the number of the task's run.
    :ivar outcome: "" if the caller got the answer; otherwise what it got.
    :ivar code: AWS's code, or the name of botocore's exception; empty if there is none.
    :ivar words: a text that only this call's failure has; empty if it has not failed.
    :ivar is_accepted: whether AWS has accepted this write. A repeated answer to the same client token does not count.
    :ivar before: the true state before the call took effect; after: the true state after that.
    :ivar done_in: the number of the run during which it took effect, which differs from run if the call came late.
    """

    number: int
    at: float
    by: str
    run: int
    region: str
    operation: str
    arguments: Mapping[str, Any]
    outcome: str = ""
    code: str = ""
    words: str = ""
    is_accepted: bool = False
    before: State | None = None
    after: State | None = None
    done_in: int = 0
    fault: str = ""
    answer: Any = None

    @property
    def is_write(self) -> bool:
        return self.operation in WRITES

    @property
    def took_effect(self) -> bool:
        """Whether the call changed anything."""
        return self.is_accepted and lasting(self.before) != lasting(self.after)

    def __str__(self) -> str:
        who = "" if self.by == TASK else f"{self.by}: "
        given = {name: value for name, value in self.arguments.items() if name not in ("arn", "resourceArn")}
        effect = " [AWS has carried it out]" if self.took_effect and (self.outcome or self.by != TASK) else ""
        answer = f" {_described(self.answer)}" if self.answer is not None and not self.outcome else ""
        return f"{self.at:9.2f} s  {who}{self.region} {self.operation} {given or ''}: {self.outcome or 'OK'}{answer}{effect}"


def lasting(state: State | None) -> tuple[Any, ...] | None:
    return state.lasting if state else None


def _described(answer: Any) -> str:
    if isinstance(answer, Mapping) and "regionMap" in answer:
        regions = {name: info and info.get("status") for name, info in answer["regionMap"].items()}
        return f"{answer.get('status')} {regions} {'protected' if answer.get('deletionProtected') else ''}"
    return str(answer)


def truth_of(backend: models.SSMIncidentsBackend) -> State | None:
    """Return the true state of an account's set; None if there is no set or if it is being deleted."""
    found = backend.replication_set
    if found is None:
        return None
    leaving = {name for name, info in found.regions.items() if info.ends_as == models.GONE}
    regions = {name: info.sse_kms_key_id for name, info in found.regions.items() if name not in leaving}
    if not regions:
        return None
    statuses = {name: info.status for name, info in found.regions.items()}
    return State(found.arn, regions, found.deletion_protected, dict(found.tags), str(found.status), statuses)


class World:
    """One account's replication set.

    :ivar time: seconds since the start.
    :ivar calls: all calls, those of somebody else too.
    :ivar run: the number of the task's present run, from 1.
    :ivar calls_of_run: how many calls this run has made.
    :ivar is_calm: whether everything works from now on.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.time = 0.0
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.run = self.calls_of_run = 0
        self.is_calm = False
        self._made = Counter[str]()
        self._pending: list[tuple[float, Callable[[], None]]] = []
        self._change: tuple[Any, float] | None = None
        self.backend = models.SSMIncidentsBackend("us-east-1", ACCOUNT)
        self.arn = self._seed()

    # The state --------------------------------------------------------------------------------------------------------

    def _seed(self) -> str:
        """Put the set into the account, and return its ARN. If there is no set, return an ARN that no set has."""
        start = self.scenario.start
        if start is None:
            return f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/00000000-0000-4000-8000-000000000000"
        regions: dict[str, dict[str, Any]] = {}
        for name, key in start.keys.items():
            regions[name] = {"sseKmsKeyId": key, "status": "FAILED" if name in start.failed else "ACTIVE"}
            if name in start.failed:
                regions[name]["statusMessage"] = start.failed[name]
        body = {"status": start.status, "regionMap": regions, "deletionProtected": start.protected}
        # All members that a set has after a change.
        body |= {
            "createdTime": _EPOCH.timestamp(),
            "lastModifiedTime": _EPOCH.timestamp(),
            "createdBy": "arn:aws:iam::1:user/a",
        }
        return self.backend.seed(body, tags=start.tags)

    def truth(self) -> State | None:
        """Return the true state; None if there is no set or if it is being deleted."""
        return truth_of(self.backend)

    def calm(self) -> None:
        """From now on, let everything work quickly, and let nobody else change the set."""
        self.is_calm = True
        models.SETTINGS.read_lag = {}
        models.SETTINGS.fail_next = {}
        models.SETTINGS.min_region_age_hours = 0
        models.SETTINGS.empty_list_pages = 0
        self.backend.writes.clear()

    def finish_late_calls(self) -> None:
        """Let AWS carry out the calls that have timed out."""
        self._run_pending(until=float("inf"))

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds

    # A call -----------------------------------------------------------------------------------------------------------

    def call(self, region: str, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call of the task.

        :param arguments: as botocore takes them.
        :return: as botocore parses the answer.
        :raises ClientError, BotoCoreError: as botocore raises them.
        :raises Killed, KeyboardInterrupt: if the process ends here.
        :raises Endless: if the run makes more than MAX_CALLS calls.
        """
        self.calls_of_run += 1
        if self.calls_of_run > MAX_CALLS:
            raise Endless
        kind = "write" if operation in WRITES else "read"
        call = Call(len(self.calls), self.time, TASK, self.run, region, operation, arguments)
        own_number, any_number = self._made[kind], self._made["call"]
        self._made.update([kind, "call"])
        self._run_pending(self.time)
        if not self.is_calm:
            for act in self.scenario.acts:
                if act.number == (any_number if act.on == "call" else own_number) and act.on in ("call", kind):
                    self._act(act, region, call)
        call.number = len(self.calls)
        self.calls.append(call)
        self.time += CALL_SECONDS
        fault = self._fault_of(region, operation, kind, own_number)
        if fault:
            call.fault = fault.kind
            self.counts[f"{fault.kind} ({kind})"] += 1
        return self._answer(call, fault)

    def _fault_of(self, region: str, operation: str, kind: str, number: int) -> Fault | None:
        if self.is_calm:
            return None
        for fault in self.scenario.faults:
            if fault.on == kind and fault.number == number and _can_happen(fault.kind, kind):
                return fault
        for outage in self.scenario.outages:
            if (
                _can_happen(outage.kind, kind)
                and outage.since <= self.time < outage.until
                and region in (outage.regions or (region,))
                and operation in (outage.operations or (operation,))
            ):
                return _fault_of_outage(outage)
        return None

    def _answer(self, call: Call, fault: Fault | None) -> dict[str, Any]:
        kind = fault.kind if fault else ""
        try:
            if fault is None:
                return self._execute(call)
            if kind.startswith("kill"):
                self._execute_quietly(call, when=kind == "kill after")
                raise Killed
            if kind.startswith("interrupt"):
                self._execute_quietly(call, when=kind == "interrupt after")
                raise KeyboardInterrupt
            if kind == "malformed":
                return self._malformed(call, fault)
            if kind == "late":
                self._pending.append((self.time + READ_TIMEOUT + 1 + fault.detail, partial(self._execute_late, call)))
            else:
                self._execute_quietly(call, when=kind.endswith(" after"))
            raise self._error(call, fault)
        except ClientError as error:
            self._record(call, error, error.response["Error"]["Code"])
            raise
        except (Killed, KeyboardInterrupt) as end:
            call.outcome = type(end).__name__
            raise
        except Exception as error:
            self._record(call, error, type(error).__name__)
            raise

    @staticmethod
    def _record(call: Call, error: Exception, code: str) -> None:
        message = error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
        call.outcome, call.code, call.words = f"{code}: {message}", code, _words(call)

    def _execute_quietly(self, call: Call, when: bool) -> None:
        """Carry a call out if ``when`` is true, and ignore the answer."""
        if when:
            with suppress(ClientError):
                self._execute(call)

    def _execute_late(self, call: Call) -> None:
        self._execute_quietly(call, when=True)

    def _run_pending(self, until: float) -> None:
        due = [run for at, run in self._pending if at <= until]
        self._pending = [(at, run) for at, run in self._pending if at > until]
        for run in due:
            run()

    def _execute(self, call: Call) -> dict[str, Any]:
        """Carry a call out, and return the answer."""
        call.before = self._progress()
        token = call.arguments.get("clientToken")
        is_repeated = token is not None and token in self.backend._answered
        shape = utils.service_model().operation_model(call.operation).input_shape
        assert isinstance(shape, StructureShape)
        try:
            problems = list(utils.violations(shape, call.arguments))
            if problems:
                raise _refusal(call, "ValidationException", 400, "; ".join(problems))
            caller = models.Caller(call.region, f"arn:aws:iam::{ACCOUNT}:user/{call.by.replace(' ', '-')}")
            answer = _OPERATIONS[call.operation](self.backend, caller, call.arguments)
        except (ServiceException, JsonRESTError) as error:
            raise _client_error(call, error) from None
        call.is_accepted, call.done_in = call.is_write and not is_repeated, self.run
        call.after = self._progress()
        call.answer = self._respelled(call.operation, answer)
        status = {"CreateReplicationSet": 201}.get(call.operation, 204 if call.is_write else 200)
        return _parsed(call.operation, call.answer, status)

    def _progress(self) -> State | None:
        """If changes take seconds, end a change that is due. Return the true state."""
        found = self.backend.replication_set
        if found is None or self.scenario.seconds is None:
            return self.truth()
        change = found._transitions
        if self._change is None or self._change[0] is not change:
            self._change = (change, self.time)
        elif self.time - self._change[1] >= (1 if self.is_calm else self.scenario.seconds):
            found._tick = _NEVER
        return self.truth()

    def _respelled(self, operation: str, answer: Any) -> Any:
        if self.scenario.respelled == "keys" and isinstance(answer, Mapping) and "regionMap" in answer:
            answer = copy.deepcopy(dict(answer))
            for info in answer["regionMap"].values():
                info["sseKmsKeyId"] = info["sseKmsKeyId"].replace(":key/0", ":key/mrk-0")
        elif self.scenario.respelled == "tags" and operation == "ListTagsForResource":
            answer = {key.lower(): value for key, value in answer.items()}
        return answer

    # Faults -----------------------------------------------------------------------------------------------------------

    def _error(self, call: Call, fault: Fault) -> Exception:
        """Return what botocore raises for a fault."""
        kind, words = fault.kind.removesuffix(" after"), _words(call)
        url = f"https://ssm-incidents.{call.region}.amazonaws.com/{words}"
        if kind in ("hang", "late"):
            self.time += READ_TIMEOUT
            return ReadTimeoutError(endpoint_url=url)
        if kind == "reset":
            return ConnectionClosedError(endpoint_url=url)
        if kind == "drop":
            return EndpointConnectionError(endpoint_url=url)
        members: dict[str, Any] = {}
        if kind == "error":
            code, status = TRANSIENT[fault.detail % len(TRANSIENT)]
        elif kind in ("conflict", "conflict until"):
            code, status = "ConflictException", 409
            if kind == "conflict until":
                members["retryAfter"] = self.clock() + timedelta(seconds=2 + 10 * fault.detail)
        else:
            code, status = {
                "503": ("", 503),
                "throttled": ("ThrottlingException", 429),
                "refused": ("ValidationException", 400),
                "denied": ("AccessDeniedException", 403),
                "not found": ("ResourceNotFoundException", 404),
            }[kind]
        response = {
            "Error": {"Code": code or str(status), "Message": f"AWS says no {words}"},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "simulated"},
            **members,
        }
        return ClientError(response, call.operation)

    def _malformed(self, call: Call, fault: Fault) -> dict[str, Any]:
        """Return an answer that can't be read. AWS carries the call out, unless it is GetReplicationSet."""
        self._execute_quietly(call, when=call.operation != "GetReplicationSet")
        call.outcome, call.code, call.words = "an answer that can't be read", "MalformedAnswer", "can't be read"
        if call.operation == "CreateReplicationSet":
            return _parsed(call.operation, ["", "not an ARN", None][fault.detail % 3], 201)
        if call.is_write:
            return {"ResponseMetadata": {"HTTPStatusCode": 200}}
        answers: dict[str, list[dict[str, Any]]] = {
            "GetReplicationSet": [
                {"replicationSet": {"status": "ACTIVE", "regionMap": {}}},
                {"replicationSet": {"status": "ACTIVE", "regionMap": {"us-east-1": None}}},
                {"replicationSet": {"regionMap": {"us-east-1": {"status": "ACTIVE"}}}},
            ],
            "ListReplicationSets": [{"replicationSetArns": None}, {"replicationSetArns": ["not an ARN"]}],
            "ListTagsForResource": [{"tags": None}],
        }
        choice = [{}, *answers[call.operation]]
        return {**choice[fault.detail % len(choice)], "ResponseMetadata": {"HTTPStatusCode": 200}}

    def clock(self) -> datetime:
        """Return the time of the day."""
        return _EPOCH + timedelta(seconds=self.time)

    # Somebody else ----------------------------------------------------------------------------------------------------

    def _act(self, act: Act, region: str, own: Call) -> None:
        """Let somebody else make a change, if AWS lets them."""
        state = self._progress()
        if state is None:
            return
        operation, arguments = self._request_of(act, state, own)
        if not operation:
            return
        self._make(operation, arguments, state)
        if act.is_instant or act.kind in ("recreate", "corner"):
            self._end_change()
        state_now = self.truth()
        if act.kind == "corner" and state_now and len(state_now.regions) < len(state.regions):
            self._act(act, region, own)
        if act.kind == "recreate" and self.truth() is None:
            models.SETTINGS.enabled_accounts = [ACCOUNT]
            regions = {name: {} if key == "DefaultKey" else {"sseKmsKeyId": key} for name, key in state.regions.items()}
            self._make("CreateReplicationSet", {"regions": regions}, state)
            self._end_change()

    def _make(self, operation: str, arguments: Mapping[str, Any], state: State) -> None:
        region = next(name for name in state.regions)
        call = Call(len(self.calls), self.time, SOMEBODY_ELSE, self.run, region, operation, arguments)
        self.calls.append(call)
        try:
            self._execute(call)
            self.counts[f"somebody else: {operation}"] += 1
        except ClientError as error:
            self._record(call, error, error.response["Error"]["Code"])

    def _end_change(self) -> None:
        found = self.backend.replication_set
        if found is not None:
            found._tick = _NEVER
        self.truth()

    def _request_of(self, act: Act, state: State, own: Call) -> tuple[str, dict[str, Any]]:
        """Return the operation that somebody else calls, and its arguments; an empty operation if the act is not possible."""
        if act.kind == "add Region" and act.value not in state.regions:
            managed = "DefaultKey" not in state.regions.values()
            return _add_region(state.arn, act.value, kms_key(act.value, 2) if managed else None)
        if act.kind == "delete Region" and act.value in state.regions and len(state.regions) > 1:
            return _delete_region(state.arn, act.value)
        if act.kind in ("protect", "unprotect"):
            return _protect(state.arn, act.kind == "protect")
        if act.kind == "tag":
            return "TagResource", {"resourceArn": state.arn, "tags": {act.value: "another"}}
        if act.kind == "untag" and act.value in state.tags:
            return "UntagResource", {"resourceArn": state.arn, "tagKeys": [act.value]}
        if act.kind in ("delete", "recreate"):
            return "DeleteReplicationSet", {"arn": state.arn}
        if act.kind == "the same" and own.is_write and own.operation != "CreateReplicationSet":
            return own.operation, {name: value for name, value in own.arguments.items() if name != "clientToken"}
        if act.kind == "undo":
            return self._undoing(state)
        if act.kind == "corner" and "deleteRegionAction" in str(own.arguments):
            doomed = own.arguments["actions"][0]["deleteRegionAction"]["regionName"]
            others = sorted(set(state.regions) - {doomed})
            if others:
                # _act() then does the same with the next Region.
                return _delete_region(state.arn, others[0])
        return "", {}

    def _undoing(self, state: State) -> tuple[str, dict[str, Any]]:
        """Return the operation that undoes the last write of the task."""
        last = next((call for call in reversed(self.calls) if call.by == TASK and call.took_effect), None)
        if last is None or last.before is None:
            return "", {}
        before, regions = last.before, set(last.before.regions)
        if last.operation == "UpdateReplicationSet":
            for name in set(state.regions) - regions:
                return _delete_region(state.arn, name) if len(state.regions) > 1 else ("", {})
            for name in regions - set(state.regions):
                key = before.regions[name]
                return _add_region(state.arn, name, None if key == "DefaultKey" else key)
        if last.operation == "UpdateDeletionProtection":
            return _protect(state.arn, before.protected)
        if last.operation == "TagResource":
            return "UntagResource", {"resourceArn": state.arn, "tagKeys": sorted(last.arguments["tags"])}
        if last.operation == "UntagResource":
            tags = {key: before.tags[key] for key in last.arguments["tagKeys"] if key in before.tags}
            return ("TagResource", {"resourceArn": state.arn, "tags": tags}) if tags else ("", {})
        return "", {}


def _fault_of_outage(outage: Outage) -> Fault:
    return Fault(outage.kind, "call", 0, 1)


def _can_happen(fault: str, kind: str) -> bool:
    """Tell whether a read or a write can have a fault. No read declares ConflictException (botocore's model)."""
    return kind == "write" or not fault.startswith("conflict")


def _words(call: Call) -> str:
    return f"[call-{call.number}]"


def _add_region(arn: str, name: str, key: str | None) -> tuple[str, dict[str, Any]]:
    action = {"addRegionAction": {"regionName": name, **({"sseKmsKeyId": key} if key else {})}}
    return "UpdateReplicationSet", {"arn": arn, "actions": [action]}


def _delete_region(arn: str, name: str) -> tuple[str, dict[str, Any]]:
    return "UpdateReplicationSet", {"arn": arn, "actions": [{"deleteRegionAction": {"regionName": name}}]}


def _protect(arn: str, on: bool) -> tuple[str, dict[str, Any]]:
    return "UpdateDeletionProtection", {"arn": arn, "deletionProtected": on}


def _client_error(call: Call, error: ServiceException | JsonRESTError) -> ClientError:
    """Return botocore's exception for one of the backend."""
    if isinstance(error, JsonRESTError):
        code, status, message = error.error_type, error.code, error.message
    else:
        shape = next(shape for shape in utils.service_model().error_shapes if shape.name == error.code)
        code, status, message = error.code, shape.metadata["error"]["httpStatusCode"], error.message
    return _refusal(call, code, status, message)


def _refusal(call: Call, code: str, status: int, message: str) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": f"{message} {_words(call)}"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "simulated"},
    }
    return ClientError(response, call.operation)


def _parsed(operation: str, answer: Any, status: int) -> dict[str, Any]:
    """Return an answer as botocore parses it."""
    name = {
        "CreateReplicationSet": "arn",
        "GetReplicationSet": "replicationSet",
        "ListTagsForResource": "tags",
    }.get(operation)
    members = answer if operation == "ListReplicationSets" else {} if name is None or answer is None else {name: answer}
    return {**members, "ResponseMetadata": {"HTTPStatusCode": status}}


# Operations -----------------------------------------------------------------------------------------------------------

_Operation = Callable[[models.SSMIncidentsBackend, models.Caller, Mapping[str, Any]], Any]


def _create(backend: models.SSMIncidentsBackend, caller: models.Caller, given: Mapping[str, Any]) -> str:
    regions = {name: config.get("sseKmsKeyId") for name, config in given["regions"].items()}
    return backend.create_replication_set(caller, regions, given.get("tags", {}), given.get("clientToken"))


def _update(backend: models.SSMIncidentsBackend, caller: models.Caller, given: Mapping[str, Any]) -> None:
    action, token = given["actions"][0], given.get("clientToken")
    if adding := action.get("addRegionAction"):
        backend.add_region(caller, given["arn"], adding["regionName"], adding.get("sseKmsKeyId"), token)
    else:
        backend.delete_region(caller, given["arn"], action["deleteRegionAction"]["regionName"], token)


def _list(backend: models.SSMIncidentsBackend, caller: models.Caller, given: Mapping[str, Any]) -> dict[str, Any]:
    arns, token = backend.list_replication_sets(caller, given.get("nextToken"))
    return {"replicationSetArns": arns, **({"nextToken": token} if token else {})}


_OPERATIONS: Mapping[str, _Operation] = {
    "CreateReplicationSet": _create,
    "DeleteReplicationSet": lambda backend, caller, given: backend.delete_replication_set(caller, given["arn"]),
    "GetReplicationSet": lambda backend, caller, given: copy.deepcopy(
        backend.get_replication_set(caller, given["arn"])
    ),
    "ListReplicationSets": _list,
    "ListTagsForResource": lambda backend, caller, given: dict(backend.list_tags(caller, given["resourceArn"])),
    "TagResource": lambda backend, caller, given: backend.tag_resource(caller, given["resourceArn"], given["tags"]),
    "UntagResource": lambda backend, caller, given: backend.untag_resource(
        caller, given["resourceArn"], given["tagKeys"]
    ),
    "UpdateDeletionProtection": lambda backend, caller, given: backend.update_deletion_protection(
        caller, given["arn"], given["deletionProtected"], given.get("clientToken")
    ),
    "UpdateReplicationSet": _update,
}


# The process ----------------------------------------------------------------------------------------------------------


class _Clock(models.Clock):
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.clock()

    def monotonic(self) -> float:
        return self._world.time


@contextmanager
def world_of(scenario: Scenario) -> Iterator[World]:
    """Return the world of a scenario. moto has one state per process, which is restored at the end of the block."""
    _make_keys()
    saved = {setting.name: getattr(models.SETTINGS, setting.name) for setting in fields(models.Settings)}
    clock, transition = models.CLOCK, dict(state_manager._transitions)
    settings = {
        **{setting.name: getattr(models.Settings(), setting.name) for setting in fields(models.Settings)},
        "enabled_accounts": [ACCOUNT] if scenario.enabled else [],
        "read_lag": scenario.lag,
        "fail_next": dict(scenario.fails),
        **scenario.settings,
    }
    state = mock_random.getstate()
    mock_random.seed(1)
    try:
        for name, value in settings.items():
            setattr(models.SETTINGS, name, value)
        times = _NEVER if scenario.seconds is not None else scenario.polls
        state_manager.set_transition(models.MODEL_NAME, {"progression": "manual", "times": times})
        world = World(scenario)
        models.CLOCK = _Clock(world)
        yield world
    finally:
        mock_random.setstate(state)
        models.CLOCK = clock
        state_manager._transitions = transition
        for name, value in saved.items():
            setattr(models.SETTINGS, name, value)
        vars(models.ReplicationSet)["instances_tracked"].clear()


@cache
def _make_keys() -> None:
    """Make two KMS keys in each of the Regions that the worlds use."""
    # moto takes 100 ms to make an RSA key, so one key is made and copied.
    model: Key = kms_backends[ACCOUNT][REGIONS[0]].create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
    for region in REGIONS:
        for number in (1, 2):
            key = copy.copy(model)
            key.arn = kms_key(region, number)
            key.id = key.arn.rpartition("/")[2]
            kms_backends[ACCOUNT][region].keys[key.id] = key


def random_of(seed: int, number: int) -> Random:
    """Return the random generator of one of many worlds."""
    return Random(f"{seed}-{number}")
