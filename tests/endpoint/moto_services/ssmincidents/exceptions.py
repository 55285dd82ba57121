# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the service's model. moto's serializer adds the HTTP status and selects the members by name."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError, ServiceException

REPLICATION_SET = "REPLICATION_SET"


class AccessDeniedException(ServiceException):
    code = "AccessDeniedException"


class ValidationException(ServiceException):
    code = "ValidationException"


class ConflictException(ServiceException):
    """``retryAfter`` is optional in the model. It is omitted, so that clients don't depend on it."""

    code = "ConflictException"

    def __init__(self, message: str, arn: str):
        super().__init__(message)
        self.resource_identifier = arn
        self.resource_type = REPLICATION_SET


class ResourceNotFoundException(ServiceException):
    code = "ResourceNotFoundException"

    def __init__(self, arn: str):
        super().__init__(f"Resource {arn} was not found")
        self.resource_identifier = arn
        self.resource_type = REPLICATION_SET


class ServiceQuotaExceededException(ServiceException):
    """The model requires ``quotaCode``. The code that the service sends is *unknown*."""

    code = "ServiceQuotaExceededException"
    service_code = "ssm-incidents"

    def __init__(self, message: str, quota_code: str, arn: str):
        super().__init__(message)
        self.quota_code = quota_code
        self.resource_identifier = arn
        self.resource_type = REPLICATION_SET


class UnsupportedOperationException(JsonRESTError):
    """Create of a set in an account where Incident Manager is not enabled.

    The model does not have this error. Its status and text are *unknown*.
    """

    code = 400

    def __init__(self, account_id: str) -> None:
        super().__init__("UnsupportedOperationException", f"Incident Manager is not enabled in account {account_id}")


class UnrecognizedClientException(JsonRESTError):
    """An unknown access key. The model does not have this error: AWS checks signatures before it calls a service."""

    code = 403

    def __init__(self) -> None:
        super().__init__("UnrecognizedClientException", "The security token included in the request is invalid.")


class InvalidSignatureException(JsonRESTError):
    """A known access key with a wrong secret key. The model does not have this error either."""

    code = 403

    def __init__(self) -> None:
        super().__init__(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
        )


class UnknownOperationException(JsonRESTError):
    """
    An operation that is not served.

    AWS's page "Common errors" lists this code, with status 404. A service with JSON 1.1, such as ssm-contacts, answers with
    status 400 (aws-sdk-net, issue 1536). What ssm-incidents answers is *unknown*. The message is the endpoint's own.
    """

    code = 404

    def __init__(self, operation: str, of_contacts: bool) -> None:
        what = f"the operation {operation}" if operation else "this operation"
        super().__init__("UnknownOperationException", f"The local endpoint does not serve {what}")
        if of_contacts:
            self.code = 400
            self.content_type = "application/x-amz-json-1.1"
