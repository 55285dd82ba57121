# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a call needs in the caller's IAM policies, whose conditions moto does not evaluate.

Sources: AWS's Service Authorization Reference for ssm-incidents, for the actions' condition keys, and for the TagResource
that a create with tags needs. CloudFormation's schema of the resource, for iam:CreateServiceLinkedRole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult
from moto.utilities.utils import get_partition

from .exceptions import AccessDeniedException, InvalidSignatureException, UnrecognizedClientException
from .models import ssmincidents_backends
from .utils import SERVICE

# The actions with the condition key aws:ResourceTag. UpdateReplicationSet has none.
_RESOURCE_TAG_ACTIONS = (
    "GetReplicationSet",
    "DeleteReplicationSet",
    "UpdateDeletionProtection",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
)
_LINKED_SERVICE = "ssm-incidents.amazonaws.com"
_LINKED_ROLE = f"role/aws-service-role/{_LINKED_SERVICE}/AWSServiceRoleforIncidentManager"

# The values of condition keys.
Context = Mapping[str, list[str]]

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, expected: value == expected,
    "StringLike": fnmatchcase,
}


class SSMIncidentsIAMRequest(IAMRequest):
    """moto's IAM check, with this service's further actions, with conditions, and with errors in this service's format."""

    def check_action_permitted(self, resource: str) -> None:
        """
        Check that the caller may make the call.

        :param resource: the ARN of its resource, or "*".
        """
        policies = [IAMPolicy(policy)._policy_json for policy in self._access_key.collect_policies()]
        for action, target, context in self._needed(resource):
            results = {_evaluate(policy, action, target, context) for policy in policies}
            if PermissionResult.DENIED in results or PermissionResult.PERMITTED not in results:
                raise AccessDeniedException(
                    f"User: {self._access_key.arn} is not authorized to perform: {action} on resource: {target}"
                    f" because no identity-based policy allows the {action} action"
                )

    def _needed(self, resource: str) -> Iterator[tuple[str, str, Context]]:
        """Yield each action that the call needs, with its resource and the values of its condition keys."""
        operation = self._action.partition(":")[2]
        if operation == "CreateReplicationSet":
            partition = get_partition(self._region)
            tags = self._tags_of_request()
            yield self._action, resource, {**_tag_context("aws:RequestTag", tags), "aws:TagKeys": list(tags)}
            if tags:
                arn = f"arn:{partition}:{SERVICE}::{self.account_id}:replication-set/*"
                yield f"{SERVICE}:TagResource", arn, {}
            # This is needed even if the role exists (*unknown*).
            role = f"arn:{partition}:iam::{self.account_id}:{_LINKED_ROLE}"
            yield "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": [_LINKED_SERVICE]}
            return
        tagged = operation in _RESOURCE_TAG_ACTIONS
        yield self._action, resource, _tag_context("aws:ResourceTag", self._tags_of(resource)) if tagged else {}

    def _tags_of_request(self) -> Mapping[str, str]:
        try:
            tags = json.loads(self._body or "{}").get("tags")
        except (AttributeError, ValueError):
            tags = None
        return tags if isinstance(tags, Mapping) else {}

    def _tags_of(self, arn: str) -> Mapping[str, str]:
        found = ssmincidents_backends[self.account_id][get_partition(self._region)].replication_set
        return found.tags if found is not None and found.arn == arn else {}

    def _raise_access_denied(self) -> None:
        raise NotImplementedError  # only check_action_permitted() denies

    def _raise_invalid_access_key(self, _error: str) -> None:
        raise UnrecognizedClientException()

    def _raise_signature_does_not_match(self) -> None:
        raise InvalidSignatureException()

    def _create_aws_request(self) -> Any:
        # moto would sign a GET's query string as its body.
        self._data = {}
        return super()._create_aws_request()


def _tag_context(key: str, tags: Mapping[str, str]) -> dict[str, list[str]]:
    return {f"{key}/{name}": [value] for name, value in tags.items()}


def _evaluate(policy: Mapping[str, Any], action: str, resource: str, context: Context) -> PermissionResult:
    """Return what a policy says about an action. moto decides by the statements whose conditions hold."""
    given = policy["Statement"]
    statements = given if isinstance(given, list) else [given]
    holding = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in statements
        if _holds(statement, context)
    ]
    return IAMPolicy(json.dumps({**policy, "Statement": holding})).is_action_permitted(action, resource)


def _holds(statement: Mapping[str, Any], context: Context) -> bool:
    """Return whether all of a statement's conditions hold. With an operator that is unknown here, an Allow never holds and a
    Deny always does."""
    conditions = statement.get("Condition", {})
    if any(_operator(name) is None for name in conditions):
        return bool(statement["Effect"] == "Deny")
    return all(
        _condition_holds(name, context.get(key, []), expected)
        for name, keys in conditions.items()
        for key, expected in keys.items()
    )


def _operator(name: str) -> Callable[[str, str], bool] | None:
    return _OPERATORS.get(name.removeprefix("ForAllValues:"))


def _condition_holds(name: str, values: list[str], expected: str | list[str]) -> bool:
    matches = _operator(name)
    assert matches is not None
    patterns = expected if isinstance(expected, list) else [expected]
    found = [any(matches(value, pattern) for pattern in patterns) for value in values]
    # If the key has no value, ForAllValues holds, and no other operator does (IAM User Guide, multivalued context keys).
    return all(found) if name.startswith("ForAllValues:") else any(found)
