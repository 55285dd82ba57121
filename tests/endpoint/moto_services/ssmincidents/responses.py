# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passes each operation's input to the backend, and the backend's answer to moto's serializer."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import EndpointConnectionError
from botocore.model import StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.sts.models import sts_backends

from .exceptions import UnknownOperationException, UnrecognizedClientException, ValidationException
from .models import LOCK, SETTINGS, Caller, SSMIncidentsBackend, ssmincidents_backends
from .permissions import SSMIncidentsIAMRequest
from .read_side.answers import Question, ReadError, answer
from .read_side.kinds import SERVED
from .utils import (
    CONTACTS,
    CONTENT_TYPES,
    OPERATIONS,
    SERVICE,
    error_response,
    match_operation,
    service_hosts,
    service_model,
    service_regions,
    violations,
)


class SSMIncidentsResponse(BaseResponse):
    """Handler for Incident Manager requests and responses."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def backend(self) -> SSMIncidentsBackend:
        """Return the backend of the account and partition, which is the same for all Regions."""
        return ssmincidents_backends[self.current_account][self.partition]

    @property
    def caller(self) -> Caller:
        """Return the Region of the request, and the caller's ARN in moto's STS."""
        sts = sts_backends[self.current_account][self.partition]
        return Caller(self.region, sts.get_caller_identity(self.access_key, self.region)[1])

    # The request --------------------------------------------------------------------------------------------------

    def setup_class(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().setup_class(request, *args, **kwargs)
        host = self.parsed_url.hostname or ""
        is_missing = host.startswith("ssm-") and host not in service_hosts()
        if is_missing or self.region not in service_regions():
            # AWS has no such host name. With the local endpoint, faults.py has dropped the connection by now.
            raise EndpointConnectionError(endpoint_url=self.uri)

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """Return the Region of the signature, which the caller chooses. moto would look at the URL and the user agent."""
        scope = request.headers.get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")
        return scope[2] if len(scope) == 5 else super().get_region_from_url(request, full_url)

    def _get_action(self) -> str:
        # moto's router would answer a request without a required query parameter with a plain 404.
        request = self.normalized_request
        name, self.uri_match = match_operation(request.method, request.raw_path, self.headers.get("X-Amz-Target"))
        return name or ""

    @property
    def _service(self) -> str:
        """Return which of the two APIs the request is for."""
        return CONTACTS if "X-Amz-Target" in self.headers else SERVICE

    @property
    def _input_shape(self) -> StructureShape:
        shape = service_model(self._service).operation_model(self._get_action()).input_shape
        assert shape is not None  # every operation of both services has an input
        return shape

    def _raw_input(self) -> dict[str, Any]:
        """Return the input members of the path, the query and the JSON body, neither converted nor checked."""
        shape = self._input_shape
        try:
            body = json.loads(self.body or "{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ValidationException("The request body is not a JSON object")
        given: dict[str, Any] = {}
        for name, member in shape.members.items():
            location = member.serialization.get("location")
            if location == "uri":
                given[name] = self.uri_match.get(name)
            elif location == "querystring":
                values = self.normalized_request.args.getlist(name)
                given[name] = (values or None) if member.type_name == "list" else next(iter(values), None)
            else:
                given[name] = body.get(name)
        return {name: value for name, value in given.items() if value is not None}

    def _input(self) -> dict[str, Any]:
        """Return the input members, checked against the model."""
        given = self._raw_input()
        found = list(violations(self._input_shape, given))
        if found:
            counted = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
            raise ValidationException(f"{counted}: {'; '.join(found)}")
        return given

    # Permissions --------------------------------------------------------------------------------------------------

    def _determine_resource(self) -> str:
        """Return the ARN for a policy's Resource, which is the ARN that the call requires: the object's or its parent's. A
        create, and a list without a parent, require none, so only "*" allows them."""
        given, required = self._raw_input(), self._input_shape.required_members
        arns = (given[name] for name in required if isinstance(given.get(name), str) and given[name].startswith("arn:"))
        return str(next(arns, "*"))

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        """Check the request if moto enforces IAM for all services, or if this service's setting is on."""
        if not SETTINGS.enforce_iam:
            self._authenticate_and_authorize_action(SSMIncidentsIAMRequest, resource)
            return
        if "Credential=" not in self.headers.get("Authorization", ""):
            raise UnrecognizedClientException()
        query = self.normalized_request.query_string.decode()
        iam_request = SSMIncidentsIAMRequest(
            account_id=self.current_account,
            method=self.method,
            path=f"{self.raw_path}?{query}" if query else self.raw_path,
            data={},
            body=self.raw_body,
            headers=self.headers,
            action=self._get_action(),
        )
        iam_request.check_signature()
        iam_request.check_action_permitted(resource)

    def call_action(self) -> TYPE_RESPONSE:
        operation, service = self._get_action(), self._service
        if operation in SERVED[service]:
            with LOCK:
                return self._call_read(service, operation)
        if service == CONTACTS or operation not in OPERATIONS:
            error = UnknownOperationException(operation, service == CONTACTS)
            headers, body = self._enrich_response(dict(error.get_headers()), error.get_body())
            return error.code, headers, body
        # moto's server is threaded, and the rules read the state before they write it.
        with LOCK:
            try:
                return super().call_action()
            except ServiceException as error:  # raised by the IAM check, before moto handles them
                status, headers, body = self.serialized(ActionResult(error))
                headers, body = self._enrich_response(headers, body)
                return status, headers, body

    def _call_read(self, service: str, operation: str) -> TYPE_RESPONSE:
        """Answer an operation that reads what the set holds. The answer is JSON and does not need moto's serializer."""
        status, headers = 200, {"Content-Type": CONTENT_TYPES[service]}
        try:
            self._authenticate_and_authorize_normal_action(self._determine_resource())
            asked = Question(
                service,
                operation,
                self._input(),
                self.region,
                self.current_account,
                SETTINGS.page_size,
                SETTINGS.empty_list_pages,
            )
            body = json.dumps(answer(self.backend.data_in(self.region), asked))
        except (ReadError, ServiceException) as error:
            status, headers, body = error_response(service, str(error.code), str(error))
        except JsonRESTError as error:  # an unknown access key, or a wrong signature
            status, headers, body = error_response(service, error.error_type, error.message, {}, error.code)
        return status, headers, body

    # The operations -----------------------------------------------------------------------------------------------

    def create_replication_set(self) -> ActionResult:
        given = self._input()
        arn = self.backend.create_replication_set(
            self.caller,
            regions={name: config.get("sseKmsKeyId") for name, config in given["regions"].items()},
            tags=given.get("tags", {}),
            client_token=given.get("clientToken"),
        )
        return ActionResult({"arn": arn})

    def get_replication_set(self) -> ActionResult:
        return ActionResult({"replicationSet": self.backend.get_replication_set(self.caller, self._input()["arn"])})

    def list_replication_sets(self) -> ActionResult:
        arns, next_token = self.backend.list_replication_sets(self.caller, self._input().get("nextToken"))
        return ActionResult({"replicationSetArns": arns, "nextToken": next_token})

    def update_replication_set(self) -> ActionResult:
        given = self._input()
        action = given["actions"][0]
        if adding := action.get("addRegionAction"):
            self.backend.add_region(
                self.caller,
                given["arn"],
                region=adding["regionName"],
                sse_kms_key_id=adding.get("sseKmsKeyId"),
                client_token=given.get("clientToken"),
            )
        else:
            self.backend.delete_region(
                self.caller,
                given["arn"],
                region=action["deleteRegionAction"]["regionName"],
                client_token=given.get("clientToken"),
            )
        return EmptyResult()

    def delete_replication_set(self) -> ActionResult:
        self.backend.delete_replication_set(self.caller, self._input()["arn"])
        return EmptyResult()

    def update_deletion_protection(self) -> ActionResult:
        given = self._input()
        self.backend.update_deletion_protection(
            self.caller,
            given["arn"],
            deletion_protected=given["deletionProtected"],
            client_token=given.get("clientToken"),
        )
        return EmptyResult()

    def tag_resource(self) -> ActionResult:
        given = self._input()
        self.backend.tag_resource(self.caller, given["resourceArn"], given["tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        given = self._input()
        self.backend.untag_resource(self.caller, given["resourceArn"], given["tagKeys"])
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"tags": self.backend.list_tags(self.caller, self._input()["resourceArn"])})
