# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a module or a task that failed."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import gather_sdk_versions

from .errors import Failure, aws_response


def failure_result(failure: Failure, host: str, mask: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Return the same keys as AnsibleAWSModule.fail_json_aws, for every failure and without a Python traceback.

    :param host: the host whose environment and files are used: ON_MODULE_HOST or ON_CONTROLLER.
    :param mask: masks secrets.
    :return: msg, error (code, message and all other members that AWS sent), response_metadata ({} if AWS did not respond),
        and the versions of boto3 and botocore if they are installed.
    """
    sent = aws_response(failure.cause).get("ResponseMetadata", {})
    response = {
        "Error": failure.error_members(mask),
        # botocore adds these about its own retries, which are off.
        "ResponseMetadata": {key: sent[key] for key in sent if key not in ("MaxAttemptsReached", "RetryAttempts")},
    }
    return {"msg": failure.describe(host, mask), **camel_dict_to_snake_dict(response), **gather_sdk_versions()}
