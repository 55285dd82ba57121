# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
State and rules of replication sets.

The source of each rule is named: [model] botocore's service model; [cli] outputs recorded by AWS in awscli's
examples; [guide] the Incident Manager User Guide; [keys] its page "Data protection in Incident Manager"; [cfn] AWS's
CloudFormation provider; [tf] Terraform's AWS provider and its acceptance tests, which run against the real service;
[tfdoc] its page on the replication set, whose notes AWS's own people wrote; [change] the guide's page "Incident Manager
availability change"; [prowler]; [alchemy] its tests, which run against the real service too. A rule without a source is
marked *unknown* and is strict: a client that works here must not fail at the real service.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from botocore.model import StringShape, StructureShape
from botocore.utils import parse_timestamp
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.common_models import BaseModel
from moto.kms.models import Key, kms_backends
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.managed_state_model import ManagedState
from moto.utilities.utils import PARTITION_NAMES

from .exceptions import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    UnsupportedOperationException,
    ValidationException,
)
from .read_side.answers import tags_of
from .read_side.data import Data
from .utils import service_model, service_regions, violations

MODEL_NAME = "ssm-incidents::replication-set"
DEFAULT_TRANSITION: dict[str, Any] = {"progression": "manual", "times": 2}
# The AWS-owned key, as GetReplicationSet names it [cli].
DEFAULT_KEY = "DefaultKey"
MAX_REGIONS = 3
MAX_TAGS = 50
# The status after DELETING, which is not one of the API.
GONE = "GONE"

LOCK = RLock()
state_manager.register_default_transition(MODEL_NAME, DEFAULT_TRANSITION)


@dataclass
class Settings:
    """Settings for behavior of the service that varies or is unknown."""

    # "recorded": the fields of the recorded answers [cli]; "model": all fields.
    answer_shape: str = "recorded"
    # A Region can't be deleted "sooner than 24 hours after creation" [guide]; Terraform's tests do it within minutes [tf].
    min_region_age_hours: float = 0
    # The IDs of the accounts where Incident Manager is enabled. No other account can create a set [change]. An account that
    # deletes its set is removed (*unknown*).
    enabled_accounts: list[str] = field(default_factory=list)
    # Check signatures and policies of this service's calls against moto's IAM.
    enforce_iam: bool = False
    # How many empty pages, each with a token, each list begins with [model].
    empty_list_pages: int = 0
    # The maximum of objects in a page of a list, even if the caller asks for more; 0 for the model's limit. A page may have
    # fewer objects than the caller asks for [model].
    page_size: int = 0
    # Region -> statusMessage: the Region ends FAILED when it is next added or deleted.
    fail_next: dict[str, str] = field(default_factory=dict)
    # How long after a write reads show the state before it: {"reads": n} or {"seconds": n}. "regions" limits this to some
    # Regions. Whether reads are consistent is *unknown*.
    read_lag: dict[str, Any] = field(default_factory=dict)
    # Where GetReplicationSet returns a set that is CREATING: "asked", in the Region that got the call [cfn], or "all".
    # Which of them is right is *unknown*.
    creating_set_answers_in: str = "asked"
    # Whether a Region that is being deleted returns the set, if other Regions stay: *unknown*.
    deleting_region_answers: bool = False
    # Whether a FAILED set can be changed: *unknown*. It can always be deleted (*unknown*).
    failed_set_can_change: bool = False
    # Region -> "drop", "503" or "denied": the result of every call there.
    unavailable_regions: dict[str, str] = field(default_factory=dict)


SETTINGS = Settings()


class Clock:
    """The service's clock. A simulation has a clock of its own, which it moves itself."""

    def now(self) -> datetime:
        """Return the date and time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the time in seconds on a clock that only goes forward."""
        return time.monotonic()


CLOCK = Clock()


class Caller(NamedTuple):
    """The caller and the Region of a call."""

    region: str
    arn: str


@dataclass
class RegionInfo:
    """One Region of a set.

    :ivar ends_as: its status after the change that is under way; GONE if it is being deleted.
    :ivar fails_with: the message with which the change will fail; None if it will not.
    """

    status: str
    added: datetime
    status_updated: datetime
    sse_kms_key_id: str | None = None
    status_message: str | None = None
    ends_as: str | None = None
    fails_with: str | None = None

    def describe(self, with_time: bool) -> dict[str, Any]:
        described: dict[str, Any] = {"status": self.status}
        if self.sse_kms_key_id is not None:
            described["sseKmsKeyId"] = self.sse_kms_key_id
        if self.status_message is not None:
            described["statusMessage"] = self.status_message
        if with_time:
            described["statusUpdateDateTime"] = self.status_updated
        return described


class ReplicationSet(ManagedState, BaseModel):
    """
    A replication set. Its changes take as many polls or seconds as moto's state manager says.

    :ivar created_in: the Region that was asked to create it.
    """

    def __init__(self, arn: str, caller: Caller, tags: Mapping[str, str]):
        super().__init__(MODEL_NAME, transitions=[("ACTIVE", "ACTIVE")])
        now = CLOCK.now()
        self.arn = arn
        self.created_in = caller.region
        self.created_by = self.last_modified_by = caller.arn
        self.created = self.last_modified = now
        self.deletion_protected = False
        self.regions: dict[str, RegionInfo] = {}
        self.tags = dict(tags)
        # What the set holds. It is deleted with the set [guide].
        self.data = Data()
        # A seeded body, which is returned unchanged until the set changes.
        self.verbatim: dict[str, Any] | None = None

    @property
    def keys(self) -> dict[str, str]:
        """Return the keys of the Regions. A seeded Region may have none."""
        return {name: info.sse_kms_key_id for name, info in self.regions.items() if info.sse_kms_key_id is not None}

    def touch(self, caller_arn: str) -> None:
        """Record the caller and time of a change. Changes of statuses don't count: in the recorded answer
        lastModifiedTime is createdTime, although its Regions became ACTIVE later [cli]."""
        self.last_modified_by, self.last_modified = caller_arn, CLOCK.now()
        self.verbatim = None

    def begin(self, status: str, regions: Mapping[str, str], problems: Mapping[str, str] | None = None) -> None:
        """
        Start a change that takes time.

        :param status: the set's status during the change: CREATING, UPDATING or DELETING.
        :param regions: the Regions that change, and the status of each after the change: ACTIVE or GONE.
        :param problems: the Regions whose change will fail, each with the message.
        """
        now = CLOCK.now()
        for name, ends_as in regions.items():
            region = self.regions[name]
            region.status = "DELETING" if ends_as == GONE else "CREATING"
            region.status_updated, region.status_message, region.ends_as = now, None, ends_as
            region.fails_with = SETTINGS.fail_next.pop(name, (problems or {}).get(name))
        if any(region.fails_with is not None for region in self.regions.values()):
            outcome = "FAILED"
        elif all(region.ends_as == GONE for region in self.regions.values()):
            outcome = GONE
        else:
            outcome = "ACTIVE"
        self.start(status, outcome)

    def start(self, status: str, outcome: str) -> None:
        """Set the status, and the status that follows it when moto's state manager says so."""
        self._transitions = [(status, outcome)]
        self._status, self._tick, self._time_progressed = status, 0, datetime.now()

    def settle(self) -> None:
        """Finish the change if moto's state manager says so."""
        if self.status == self._transitions[0][0]:
            return
        self.verbatim = None
        for name, region in list(self.regions.items()):
            if region.ends_as is None:
                continue
            region.status, region.status_updated = region.ends_as, CLOCK.now()
            if region.fails_with is not None:
                region.status, region.status_message = "FAILED", region.fails_with
            region.ends_as = region.fails_with = None
            if region.status == GONE:
                del self.regions[name]
        self.start(str(self._status), str(self._status))

    def answers_in(self, region: str) -> bool:
        """Return whether GetReplicationSet returns the set in a Region. Only a Region of the set does [prowler, tf]. A Region
        that is being added does not (*unknown*). Settings decide on other cases that are unknown."""
        working = {"ACTIVE", "DELETING"} if SETTINGS.deleting_region_answers else {"ACTIVE"}
        answering = {name for name, info in self.regions.items() if info.status in working}
        if not answering and self.status == "CREATING" and SETTINGS.creating_set_answers_in == "asked":
            answering = {self.created_in}
        # A set that is DELETING is returned until it is gone, for which botocore's waiter waits [model].
        return region in (answering or self.regions)

    def describe(self) -> dict[str, Any]:
        """Return GetReplicationSet's ``replicationSet``. The recorded one has neither ``arn`` nor
        ``statusUpdateDateTime``, although the model requires the latter [cli]. In Terraform's tests there is an ``arn``
        [tf]. The setting ``answer_shape`` selects one of these forms."""
        if self.verbatim is not None:
            return self.verbatim
        full = SETTINGS.answer_shape == "model"
        described: dict[str, Any] = {
            "createdBy": self.created_by,
            "createdTime": self.created,
            "deletionProtected": self.deletion_protected,
            "lastModifiedBy": self.last_modified_by,
            "lastModifiedTime": self.last_modified,
            "regionMap": {name: region.describe(with_time=full) for name, region in self.regions.items()},
            "status": self.status,
        }
        return {"arn": self.arn, **described} if full else described


@dataclass
class Write:
    """
    A successful write, for reads that lag behind it.

    :ivar before: the set before the write; None if there was none.
    :ivar at: its time on the monotonic clock, in seconds.
    :ivar reads: how many reads in each Region did not show it.
    """

    before: ReplicationSet | None
    at: float
    reads: Counter[str] = field(default_factory=Counter)

    def is_hidden_in(self, region: str) -> bool:
        """Return whether a read in a Region shows the state before the write."""
        lag = SETTINGS.read_lag
        if not lag or region not in lag.get("regions", [region]):
            return False
        if "reads" in lag:
            return self.reads[region] < int(lag["reads"])
        return CLOCK.monotonic() - self.at < float(lag["seconds"])


_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def _write(
    method: Callable[Concatenate[SSMIncidentsBackend, _Parameters], _Result],
) -> Callable[Concatenate[SSMIncidentsBackend, _Parameters], _Result]:
    """Decorate an operation that writes, so that reads can lag behind it."""

    @wraps(method)
    def write(self: SSMIncidentsBackend, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        before = deepcopy(self.replication_set) if SETTINGS.read_lag else None
        result = method(self, *args, **kwargs)
        if SETTINGS.read_lag:
            self.writes.append(Write(before, CLOCK.monotonic()))
        return result

    return write


class SSMIncidentsBackend(BaseBackend):
    """Incident Manager's replication sets in an account, which has at most one."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self._replication_set: ReplicationSet | None = None
        # Client token -> the call with this token, and its answer.
        self._answered: dict[str, tuple[str, Any]] = {}
        self.writes: list[Write] = []

    @property
    def replication_set(self) -> ReplicationSet | None:
        """Return the account's set, after finishing the changes that are due."""
        if self._replication_set is not None:
            self._replication_set.settle()
            if not self._replication_set.regions:
                self._replication_set = None
                self._answered.clear()
                SETTINGS.enabled_accounts = [
                    account for account in SETTINGS.enabled_accounts if account != self.account_id
                ]
        return self._replication_set

    # Finding the set ----------------------------------------------------------------------------------------------

    def _read(self, region: str) -> ReplicationSet | None:
        """Return the account's set as a read in a Region shows it: see Settings.read_lag."""
        hidden = [write for write in self.writes if write.is_hidden_in(region)]
        for write in hidden:
            write.reads[region] += 1
        return hidden[0].before if hidden else self.replication_set

    def _find(self, caller: Caller, arn: str, reading: bool = False) -> ReplicationSet:
        """
        Return the set of an ARN, if the caller's Region returns it.

        :param reading: whether the call is a read, which can lag.

        In a Region outside the set, GetReplicationSet answers ResourceNotFoundException [prowler, tf]. It is likely
        that all other calls do the same, but *unknown*. Another account's ARN is refused (*unknown*: no policy could
        allow it). An ARN that is not a replication set's is invalid (*unknown*).
        """
        self._check_account(arn)
        if not arn.split(":", 5)[5].startswith("replication-set/"):
            raise ValidationException(f"Invalid replication set ARN: {arn}")
        found = self._read(caller.region) if reading else self.replication_set
        if found is None or found.arn != arn or not found.answers_in(caller.region):
            raise ResourceNotFoundException(arn)
        return found

    def _find_tagged(self, caller: Caller, arn: str, reading: bool = False) -> ReplicationSet:
        """Return the set of an ARN in a call for tags. Here, ARNs of other resources are valid but not found."""
        shape = service_model().shape_for("Arn")
        if next(violations(shape, arn), None) or arn.split(":")[2] != "ssm-incidents":
            raise ValidationException(f"Invalid resource ARN: {arn}")
        self._check_account(arn)
        if not arn.split(":", 5)[5].startswith("replication-set/"):
            raise ResourceNotFoundException(arn)
        return self._find(caller, arn, reading)

    def _check_account(self, arn: str) -> None:
        _arn, _partition, service, _region, account, _resource = arn.split(":", 5)
        if service != "ssm-incidents":
            raise ValidationException(f"Invalid replication set ARN: {arn}")
        if account != self.account_id:
            raise AccessDeniedException(f"Account {self.account_id} is not authorized to access {arn}")

    # Regions and keys ---------------------------------------------------------------------------------------------

    def _check_region(self, name: str, sse_kms_key_id: str | None) -> None:
        """
        Refuse a Region that the service does not have, and a key that it can't use.

        :param sse_kms_key_id: None for the AWS owned key, whose name is refused (*unknown*; Terraform never sends it).
        """
        if name not in service_regions():
            raise ValidationException(f"Region {name} is not supported")
        problem = None if sse_kms_key_id is None else self._problem_of_key(name, sse_kms_key_id)
        if problem:
            raise ValidationException(f"KMS key {sse_kms_key_id!r} of Region {name} {problem}")

    def _problem_of_key(self, region: str, arn: str) -> str | None:
        """
        Return why the service can't use a customer managed key; None if it can. The texts are *unknown*.

        The key must be in the Region, symmetric, and with key material made by KMS [keys]. Anything but a key's ARN is
        refused (*unknown*; Terraform sends nothing else, and CloudFormation's pattern wants an ARN [tf, cfn]), and so is
        the key of another account (*unknown*: its policy would have to allow it).
        """
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "kms" or not parts[5].startswith("key/"):
            return "is not the ARN of a KMS key"
        if (parts[1], parts[3]) != (self.partition, region):
            return "is in another Region"
        if parts[4] != self.account_id:
            return "belongs to another account"
        key: Key | None = kms_backends[self.account_id][region].keys.get(parts[5].removeprefix("key/"))
        if key is None:
            return "does not exist"
        if key.key_state != "Enabled":
            return f"is {key.key_state}"
        if key.key_spec != "SYMMETRIC_DEFAULT":
            return f"is not symmetric: its key spec is {key.key_spec}, its key usage {key.key_usage}"
        # The other origins are imported material and custom key stores.
        return None if key.origin == "AWS_KMS" else f"has the origin {key.origin}"

    def _problems_of_keys(self, found: ReplicationSet, names: Iterable[str]) -> dict[str, str]:
        """
        Return the Regions of a set that can't be deleted because of their key, each with a message [tfdoc].

        A key that KMS does not have counts as deleted, in a seeded set too.
        """
        problems = {name: self._problem_of_key(name, key) for name, key in found.keys.items() if key != DEFAULT_KEY}
        return {name: f"The KMS key {problem}" for name, problem in problems.items() if problem and name in names}

    # Client tokens ------------------------------------------------------------------------------------------------

    def _is_repeated(self, token: str | None, call: list[Any]) -> bool:
        """Return whether a call was made before: "ensures that the operation is called only once with the specified
        details" [model]. The same token with other details is refused (*unknown*)."""
        if not token or token not in self._answered:
            return False
        if self._answered[token][0] != json.dumps(call, sort_keys=True):
            raise ValidationException(f"Client token {token} was already used with other parameters")
        return True

    def _remember(self, token: str | None, call: list[Any], answer: Any = None) -> None:
        if token:
            self._answered[token] = (json.dumps(call, sort_keys=True), answer)

    # The operations -----------------------------------------------------------------------------------------------

    @_write
    def create_replication_set(
        self,
        caller: Caller,
        regions: Mapping[str, str | None],
        tags: Mapping[str, str],
        client_token: str | None = None,
    ) -> str:
        """
        Create the set, if Incident Manager is enabled in the account [change, alchemy].

        :param regions: 1 to 3 [model] Region names, each with its KMS key or None.
        :return: the new set's ARN. It has no Region [cli, tf].
        """
        existing = self.replication_set
        call = ["create", dict(regions), dict(tags)]
        if self._is_repeated(client_token, call):
            return str(self._answered[client_token or ""][1])
        if existing is None and self.account_id not in SETTINGS.enabled_accounts:
            raise UnsupportedOperationException(self.account_id)
        for name, key in regions.items():
            self._check_region(name, key)
        _check_kinds(key or DEFAULT_KEY for key in regions.values())
        if caller.region not in regions:
            # Required by Terraform's documentation; whether the API requires it is *unknown*.
            raise ValidationException(f"The Region of the request, {caller.region}, must be among the Regions")
        if existing is not None:
            # At most one per account [cfn, tf].
            raise ServiceQuotaExceededException(
                "Account already has a replication set", quota_code="ReplicationSetsPerAccount", arn=existing.arn
            )
        arn = f"arn:{self.partition}:ssm-incidents::{self.account_id}:replication-set/{mock_random.uuid4()}"
        created = ReplicationSet(arn, caller, tags)
        for name, key in regions.items():
            created.regions[name] = _new_region(key)
        created.begin("CREATING", dict.fromkeys(regions, "ACTIVE"))
        self._replication_set = created
        self._remember(client_token, call, arn)
        return arn

    def get_replication_set(self, caller: Caller, arn: str) -> dict[str, Any]:
        """Return the set. With moto's progression "manual", a change takes a number of polls. Each call is a poll, unless it
        lags."""
        found = self._find(caller, arn, reading=True)
        if found is self._replication_set:
            found.advance()
            found = self._find(caller, arn)
        return found.describe()

    def list_replication_sets(self, caller: Caller, next_token: str | None) -> tuple[list[str], str | None]:
        """Return the ARN in any Region of the service [prowler], and a token if there is another page."""
        page = 1
        if next_token is not None:
            prefix, _separator, number = next_token.partition("-")
            if prefix != "page" or not number.isdecimal() or not 2 <= int(number) <= SETTINGS.empty_list_pages + 1:
                raise ValidationException("Invalid nextToken")
            page = int(number)
        if page <= SETTINGS.empty_list_pages:
            return [], f"page-{page + 1}"
        found = self._read(caller.region)
        return ([found.arn] if found else []), None

    def data_in(self, region: str) -> Data | None:
        """Return what the set holds; None if there is no set or if the Region does not return it (*unknown*)."""
        found = self.replication_set
        return found.data if found is not None and found.answers_in(region) else None

    @_write
    def add_region(
        self, caller: Caller, arn: str, region: str, sse_kms_key_id: str | None, client_token: str | None = None
    ) -> None:
        """UpdateReplicationSet with addRegionAction. A Region that is in the set, and a fourth one, are refused with
        ValidationException (*unknown*), as UpdateReplicationSet declares no quota error [model]."""
        found = self._find(caller, arn)
        call = ["add", arn, region, sse_kms_key_id]
        if self._is_repeated(client_token, call):
            return
        self._check_region(region, sse_kms_key_id)
        self._check_idle(found)
        _check_kinds([*found.keys.values(), sse_kms_key_id or DEFAULT_KEY])
        if region in found.regions:
            raise ValidationException(f"Region {region} is already in the replication set")
        if len(found.regions) >= MAX_REGIONS:
            raise ValidationException(f"A replication set has at most {MAX_REGIONS} Regions")
        found.touch(caller.arn)
        found.regions[region] = _new_region(sse_kms_key_id)
        found.begin("UPDATING", {region: "ACTIVE"})
        self._remember(client_token, call)

    @_write
    def delete_region(self, caller: Caller, arn: str, region: str, client_token: str | None = None) -> None:
        """UpdateReplicationSet with deleteRegionAction. Deleting the last Region deletes the set, unless deletion
        protection is on [guide]. A Region that is not in the set is refused with ValidationException (*unknown*)."""
        found = self._find(caller, arn)
        call = ["delete", arn, region]
        if self._is_repeated(client_token, call):
            return
        self._check_idle(found)
        _check_kinds(found.keys.values())
        if region not in found.regions:
            raise ValidationException(f"Region {region} is not in the replication set")
        last = len(found.regions) == 1
        if last:
            _check_unprotected(found)
        _check_age(found, [region])
        found.touch(caller.arn)
        found.begin("DELETING" if last else "UPDATING", {region: GONE}, self._problems_of_keys(found, [region]))
        self._remember(client_token, call)

    @_write
    def delete_replication_set(self, caller: Caller, arn: str) -> None:
        """ "Deletes all Regions in your replication set" [model], also a set with several Regions [tf]. Refusals are
        ValidationExceptions, as the operation declares no ConflictException [model]. A set that is being changed can't
        be deleted (*unknown*; CloudFormation waits for ACTIVE first [cfn]). A FAILED one can be deleted (*unknown*). With
        a key that is disabled or pending deletion the deletion fails until the key is enabled again [tfdoc]; how it fails
        is *unknown*."""
        found = self._find(caller, arn)
        if found.status not in ("ACTIVE", "FAILED"):
            raise ValidationException(f"Replication set {arn} can't be deleted while it is {found.status}")
        _check_unprotected(found)
        _check_age(found, list(found.regions))
        found.touch(caller.arn)
        found.begin("DELETING", dict.fromkeys(found.regions, GONE), self._problems_of_keys(found, found.regions))

    @_write
    def update_deletion_protection(
        self, caller: Caller, arn: str, deletion_protected: bool, client_token: str | None = None
    ) -> None:
        """Turn protection on or off, if the set is ACTIVE (*unknown*; CloudFormation waits for ACTIVE first [cfn]).
        The refusal is a ValidationException, as the operation declares no ConflictException [model]."""
        found = self._find(caller, arn)
        call = ["protect", arn, deletion_protected]
        if self._is_repeated(client_token, call):
            return
        if not _takes_changes(found):
            raise ValidationException(f"Replication set {arn} can't be changed while it is {found.status}")
        found.touch(caller.arn)
        found.deletion_protected = deletion_protected
        self._remember(client_token, call)

    @_write
    def tag_resource(self, caller: Caller, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, up to 50, if the set is ACTIVE (*unknown*; both operations for tags declare ConflictException)."""
        found = self._find_tagged(caller, arn)
        self._check_idle(found)
        merged = {**found.tags, **tags}
        # AWS's own tags don't count (AWS General Reference).
        if sum(not name.startswith("aws:") for name in merged) > MAX_TAGS:
            raise ServiceQuotaExceededException(
                f"A resource has at most {MAX_TAGS} tags", quota_code="TagsPerResource", arn=arn
            )
        found.tags = merged

    @_write
    def untag_resource(self, caller: Caller, arn: str, tag_keys: list[str]) -> None:
        """Remove tags. A key that does not exist is no error, as the operation is idempotent [model]."""
        found = self._find_tagged(caller, arn)
        self._check_idle(found)
        found.tags = {key: value for key, value in found.tags.items() if key not in tag_keys}

    def list_tags(self, caller: Caller, arn: str) -> Mapping[str, str]:
        tags = tags_of(self.data_in(caller.region), arn, caller.region)
        return self._find_tagged(caller, arn, reading=True).tags if tags is None else tags

    @staticmethod
    def _check_idle(found: ReplicationSet) -> None:
        """Refuse a second change at the same time [model, cfn]."""
        if not _takes_changes(found):
            raise ConflictException(f"Replication set {found.arn} is {found.status}", found.arn)

    # For tests ----------------------------------------------------------------------------------------------------

    def seed(self, body: Mapping[str, Any], arn: str | None = None, tags: Mapping[str, str] | None = None) -> str:
        """
        Put a set that holds nothing into the account: see seeded_data. GetReplicationSet returns the body unchanged until
        the set changes. A set that is CREATING, UPDATING or DELETING changes by itself.

        :param body: GetReplicationSet's answer, with or without its outer ``replicationSet``. Times are epoch
            seconds, ISO 8601 or datetimes. Only ``regionMap`` and ``status`` are needed: real answers lack others.
        :param arn: by default the body's, or a new one.
        :return: the set's ARN.
        :raises ValueError: if the body is not that of a set.
        """
        seeded = _seeded_body(body)
        new_arn = f"arn:{self.partition}:ssm-incidents::{self.account_id}:replication-set/{mock_random.uuid4()}"
        creator = seeded.get("createdBy", f"arn:{self.partition}:sts::{self.account_id}:assumed-role/Admin/seed")
        # The body does not say in which Region the set was created, so any Region will do.
        caller = Caller(next(iter(seeded["regionMap"])), creator)
        made = ReplicationSet(arn or seeded.get("arn") or new_arn, caller, tags or {})
        made.created = seeded.get("createdTime", made.created)
        made.last_modified = seeded.get("lastModifiedTime", made.created)
        made.last_modified_by = seeded.get("lastModifiedBy", made.created_by)
        made.deletion_protected = seeded.get("deletionProtected", False)
        status = seeded["status"]
        moving = {"CREATING": {"CREATING": "ACTIVE"}, "UPDATING": {"CREATING": "ACTIVE", "DELETING": GONE}}
        for name, region in seeded["regionMap"].items():
            updated = region.get("statusUpdateDateTime", made.created)
            made.regions[name] = RegionInfo(
                status=region["status"],
                added=updated,
                status_updated=updated,
                sse_kms_key_id=region.get("sseKmsKeyId"),
                status_message=region.get("statusMessage"),
                ends_as=GONE if status == "DELETING" else moving.get(status, {}).get(region["status"]),
            )
        outcome = {"CREATING": "ACTIVE", "UPDATING": "ACTIVE", "DELETING": GONE}.get(status, status)
        made.start(status, outcome)
        made.verbatim = seeded
        self._replication_set = made
        self._answered.clear()
        self.writes.clear()
        return made.arn

    @property
    def seeded_data(self) -> Data:
        """
        Return what the account's set holds, to which seeds are added.

        :raises ValueError: if there is no set.
        """
        if self.replication_set is None:
            raise ValueError(f"account {self.account_id} has no replication set that could hold anything")
        return self.replication_set.data


def _takes_changes(found: ReplicationSet) -> bool:
    """Return whether a set can be changed. Whether a FAILED one can is *unknown*."""
    return found.status == "ACTIVE" or (found.status == "FAILED" and SETTINGS.failed_set_can_change)


def _new_region(sse_kms_key_id: str | None) -> RegionInfo:
    now = CLOCK.now()
    return RegionInfo(status="CREATING", added=now, status_updated=now, sse_kms_key_id=sse_kms_key_id or DEFAULT_KEY)


def _check_kinds(keys: Iterable[str]) -> None:
    """Refuse AWS owned and customer managed keys in one set [tfdoc]. The text is *unknown*. If a set has both already, every
    change of its Regions is refused (*unknown*)."""
    if len({key == DEFAULT_KEY for key in keys}) > 1:
        raise ValidationException("A replication set can't have both AWS owned and customer managed keys")


def _check_unprotected(found: ReplicationSet) -> None:
    if found.deletion_protected:
        raise ValidationException(f"Replication set {found.arn} has deletion protection turned on")


def _check_age(found: ReplicationSet, names: list[str]) -> None:
    oldest_allowed = CLOCK.now() - timedelta(hours=SETTINGS.min_region_age_hours)
    for name in names:
        if SETTINGS.min_region_age_hours and found.regions[name].added > oldest_allowed:
            raise ValidationException(
                f"Region {name} can't be deleted within {SETTINGS.min_region_age_hours:g} hours of being added"
            )


def _seeded_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of GetReplicationSet's ``replicationSet`` with datetimes.

    :raises ValueError: if it is not valid.
    """
    given = body.get("replicationSet", body)
    if not isinstance(given, Mapping) or not isinstance(given.get("regionMap"), Mapping) or not given["regionMap"]:
        raise ValueError("a seed needs a regionMap with at least one Region")
    regions = {name: _seeded("RegionInfo", "RegionStatus", region) for name, region in given["regionMap"].items()}
    return {**_seeded("ReplicationSet", "ReplicationSetStatus", given), "regionMap": regions}


def _seeded(shape_name: str, status_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    shape = service_model().shape_for(shape_name)
    assert isinstance(shape, StructureShape)
    if unknown := set(given) - set(shape.members):
        raise ValueError(f"not members of a {shape_name}: {', '.join(sorted(unknown))}")
    statuses: list[str] = cast(StringShape, service_model().shape_for(status_name)).enum
    if given.get("status") not in statuses:
        raise ValueError(f"a {shape_name} needs a status, one of {', '.join(statuses)}")
    return {
        name: _as_time(value) if shape.members[name].type_name == "timestamp" else value
        for name, value in given.items()
    }


def _as_time(value: Any) -> datetime:
    return parse_timestamp(value).astimezone(UTC)


ssmincidents_backends = BackendDict(
    SSMIncidentsBackend, "ssm-incidents", use_boto3_regions=False, additional_regions=PARTITION_NAMES
)
