# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controls a running endpoint, from Python or over HTTP under /incident-manager-endpoint/."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, fields
from typing import Any

from moto.iam.models import iam_backends
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

from .backend import models, utils
from .calls import CallLog
from .client import PREFIX
from .examples import ACCOUNT, make_account
from .faults import Answer, Faults, WSGIApp, is_number
from .kms import make_key
from .organization import make_organization

DEFAULT_ACCOUNT = "123456789012"
PARTITION = "aws"


class Control:
    """
    The fault rules, the calls, the settings and the sets of an endpoint.

    moto has one state per process, which includes the settings and the sets: two endpoints in a process share them.

    :param examples: whether to start with the account of README's examples, and to return to it with each reset: see
        examples.py. It is then the account of the access key, and of each control request that names no other.
    :param settings: the initial settings, which reset() restores; see configure.
    """

    def __init__(self, examples: bool = False, **settings: Any) -> None:
        self._examples = examples
        self.account = ACCOUNT if examples else DEFAULT_ACCOUNT
        self.faults = Faults()
        self.log = CallLog()
        self._initial = settings
        self.reset()

    def reset(self) -> None:
        """Remove this service's sets, fault rules and calls, and restore the initial settings and the account of the examples.

        The state of other services is kept.
        """
        self.faults.clear()
        self.log.clear()
        with models.LOCK:
            models.ssmincidents_backends.clear()
            for setting in fields(models.Settings):
                setattr(models.SETTINGS, setting.name, getattr(models.Settings(), setting.name))
            state_manager.unset_transition(models.MODEL_NAME)
        self.configure(**self._initial)
        if self._examples:
            make_account(self)

    def configure(self, **settings: Any) -> dict[str, Any]:
        """
        Change settings: the fields of models.Settings, and ``transition``, moto's setting of how statuses change.

        :return: all settings.
        :raises ValueError: for an unknown or malformed setting. In this case none is changed.
        """
        checks: dict[str, tuple[Callable[[Any], bool], str]] = {
            "answer_shape": (lambda value: value in ("recorded", "model"), '"recorded" or "model"'),
            "min_region_age_hours": (lambda value: is_number(value) and value >= 0, "a number, 0 or more"),
            "enforce_iam": (lambda value: isinstance(value, bool), "true or false"),
            "empty_list_pages": (lambda value: is_number(value, int) and value >= 0, "a whole number, 0 or more"),
            "page_size": (lambda value: is_number(value, int) and value >= 0, "a whole number, 0 or more"),
            "enabled_accounts": (_is_list_of_account_ids, "a list of account IDs"),
            "fail_next": (_is_fail_next, "an object of service Regions and messages"),
            "read_lag": (_is_read_lag, '{}, or {"reads": n} or {"seconds": n}, with "regions" if not in all'),
            "creating_set_answers_in": (lambda value: value in ("asked", "all"), '"asked" or "all"'),
            "deleting_region_answers": (lambda value: isinstance(value, bool), "true or false"),
            "failed_set_can_change": (lambda value: isinstance(value, bool), "true or false"),
            "unavailable_regions": (
                _is_unavailable_regions,
                'an object of service Regions and "drop", "503" or "denied"',
            ),
            "transition": (
                _is_transition,
                '{"progression": "immediate"}, or "manual" with times, or "time" with seconds',
            ),
        }
        for name, value in settings.items():
            if name not in checks:
                raise ValueError(f"unknown setting: {name}; known: {', '.join(checks)}")
            is_fine, wanted = checks[name]
            if not is_fine(value):
                raise ValueError(f"{name} must be {wanted}, not {value!r}")
        with models.LOCK:
            if "read_lag" in settings:
                # All writes so far are visible from now on.
                for backends in models.ssmincidents_backends.values():
                    for backend in backends.values():
                        backend.writes.clear()
            for name, value in settings.items():
                if name == "transition":
                    state_manager.set_transition(models.MODEL_NAME, dict(value))
                else:
                    # A copy, because the backend removes what it has used from fail_next.
                    setattr(models.SETTINGS, name, deepcopy(value))
            return {**asdict(models.SETTINGS), "transition": state_manager.get_transition(models.MODEL_NAME)}

    def seed(
        self,
        body: Mapping[str, Any],
        account: str = DEFAULT_ACCOUNT,
        arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Put a set into an account. GetReplicationSet returns it as given: see SSMIncidentsBackend.seed."""
        with models.LOCK:
            return models.ssmincidents_backends[account][PARTITION].seed(body, arn=arn, tags=tags)

    def seed_data(self, *objects: Mapping[str, Any], account: str = DEFAULT_ACCOUNT) -> list[str]:
        """
        Put objects into an account's set, as AWS returns them: see Data.seed.

        :raises ValueError, TypeError: for a malformed object, and without a set. In this case none is added.
        """
        with models.LOCK:
            return models.ssmincidents_backends[account][PARTITION].seeded_data.seed(objects)

    def remove_data(self, kind: str, item_id: str, parent: str | None = None, account: str = DEFAULT_ACCOUNT) -> None:
        """Remove an object from an account's set: see Data.remove."""
        with models.LOCK:
            models.ssmincidents_backends[account][PARTITION].seeded_data.remove(kind, item_id, parent)

    def make_user(self, policy: Mapping[str, Any] | Iterable[str], account: str = DEFAULT_ACCOUNT) -> dict[str, str]:
        """
        Make an IAM user with one policy and an access key, in moto's IAM.

        :param policy: a policy document, or the actions to allow on every resource.
        :return: aws_access_key_id and aws_secret_access_key, as boto3.Session takes them.
        """
        if not isinstance(policy, Mapping):
            statement = {"Effect": "Allow", "Action": list(policy), "Resource": "*"}
            policy = {"Version": "2012-10-17", "Statement": [statement] if statement["Action"] else []}
        iam = iam_backends[account][PARTITION]
        name = f"endpoint-{mock_random.get_random_hex(8)}"
        iam.create_user(region_name="us-east-1", user_name=name)
        if policy["Statement"]:
            iam.put_user_policy(name, "allowed", json.dumps(policy))
        key = iam.create_access_key(name)
        return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}

    def make_key(self, arn: str) -> str:
        """Make an enabled, symmetric KMS key with this ARN, and return the ARN: see kms.py."""
        return make_key(arn)

    def make_organization(
        self,
        accounts: Iterable[Mapping[str, Any]],
        management_account: str = DEFAULT_ACCOUNT,
        delegated_administrators: Sequence[str] = (),
    ) -> str:
        """Make the endpoint's only organization, and return its ID: see organization.py."""
        return make_organization(accounts, management_account, delegated_administrators)

    # Over HTTP ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, name: str, given: Any) -> Answer:
        """Return the answer to a control request: 400 with a message if it is malformed, 404 for an unknown path."""
        handler = self._handlers().get((method, name))
        if handler is None:
            known = [f"{verb} {PREFIX}{path}" for verb, path in self._handlers()]
            return _json_answer(404, {"error": f"no {method} {PREFIX}{name}", "known": known})
        try:
            return _json_answer(200, handler(given))
        except (ValueError, TypeError) as error:
            return _json_answer(400, {"error": str(error)})

    def _handlers(self) -> dict[tuple[str, str], Callable[[Any], Any]]:
        return {
            ("GET", ""): lambda _given: {"regions": sorted(utils.service_regions()), "settings": self.configure()},
            ("GET", "faults"): lambda _given: self.faults.left(),
            ("POST", "faults"): self._post_faults,
            ("DELETE", "faults"): lambda _given: self.faults.clear(),
            ("GET", "requests"): lambda _given: self.log.as_dicts(),
            ("DELETE", "requests"): lambda _given: self.log.clear(),
            ("GET", "settings"): lambda _given: self.configure(),
            ("POST", "settings"): lambda given: self.configure(**_an_object(given)),
            ("POST", "reset"): lambda _given: self.reset(),
            ("POST", "seed"): lambda given: {"arn": self.seed(**self._with_account(given))},
            ("POST", "data"): self._post_data,
            ("DELETE", "data"): lambda given: self.remove_data(**self._with_account(given)),
            ("POST", "keys"): lambda given: {"arn": self.make_key(**_an_object(given))},
            ("POST", "organization"): lambda given: {"id": self.make_organization(**_an_object(given))},
            ("POST", "users"): lambda given: self.make_user(**self._with_account(given)),
        }

    def _with_account(self, given: Any) -> dict[str, Any]:
        return {"account": self.account, **_an_object(given)}

    def _post_data(self, given: Any) -> dict[str, list[str]]:
        members = self._with_account(given)
        objects = members.pop("objects", None)
        if not isinstance(objects, list):
            raise TypeError("objects must be a list of JSON objects")
        return {"ids": self.seed_data(*objects, **members)}

    def _post_faults(self, given: Any) -> list[dict[str, Any]]:
        if not isinstance(given, list):
            raise TypeError("the body must be a list of rules")
        self.faults.add(*given)
        return self.faults.left()


class ControlRoutes:
    """A WSGI app that answers requests below the prefix, and passes all others on."""

    def __init__(self, app: WSGIApp, control: Control) -> None:
        self._app = app
        self._control = control

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            given = json.loads(body or b"null")
        except ValueError as error:
            answer = _json_answer(400, {"error": f"the body is not JSON: {error}"})
        else:
            answer = self._control.answer(environ["REQUEST_METHOD"], path.removeprefix(PREFIX), given)
        return answer.send(start_response)


def _an_object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise TypeError("the body must be a JSON object")
    return given


def _json_answer(status: int, content: Any) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body)


def _is_list_of_account_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and re.fullmatch("[0-9]{12}", item) for item in value)


def _is_fail_next(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        region in utils.service_regions() and isinstance(message, str) for region, message in value.items()
    )


def _is_read_lag(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    amounts = [name for name in value if name != "regions"]
    regions = value.get("regions", [])
    return value == {} or (
        amounts in (["reads"], ["seconds"])
        and is_number(value[amounts[0]], int if amounts == ["reads"] else (int, float))
        and value[amounts[0]] >= 0
        and isinstance(regions, list)
        and set(regions) <= utils.service_regions()
    )


def _is_unavailable_regions(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        region in utils.service_regions() and reason in ("drop", "503", "denied") for region, reason in value.items()
    )


def _is_transition(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    needed: dict[Any, dict[str, Any]] = {"immediate": {}, "manual": {"times": int}, "time": {"seconds": (int, float)}}
    members = needed.get(value.get("progression"))
    return (
        members is not None
        and set(value) == {"progression", *members}
        and all(is_number(value[name], kind) and value[name] >= 0 for name, kind in members.items())
    )
