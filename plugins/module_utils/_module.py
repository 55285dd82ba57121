# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every module of this collection runs and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from ._connection import Connection, connect
from ._errors import AnsibleSSMIncidentsError

if TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


def run(
    module: AnsibleAWSModule,
    check: Callable[[], None],
    work: Callable[[Connection], dict[str, Any]],
    defaults: Mapping[str, Any],
) -> None:
    """Connect, do a module's work and end the module: with the work's result, or with what went wrong.

    :param check: looks at the options before anything is sent, as a sign-in may; raises AnsibleSSMIncidentsError.
    :param work: takes the connection and returns the result; raises AnsibleSSMIncidentsError.
    :param defaults: settings of botocore's Config that hold where the user's aws_config says nothing.
    """
    connection = None
    try:
        check()
        connection = connect(module.params, lambda: get_aws_connection_info(module), defaults)
        result = {"changed": False, **work(connection)}
    except AnsibleSSMIncidentsError as failure:
        result = {"failed": True, **failure.result()}
    if connection:
        result = connection.mask(result)
    # Out of the except block, or ansible-core would add a traceback to a failure that is explained.
    if "failed" in result:
        module.fail_json(**result)
    module.exit_json(**result)
