# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of a module: its connection to AWS, its result and its failure."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING, Any, Mapping

from ansible.module_utils.basic import AnsibleModule, _load_params
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule, aws_argument_spec

from .connection import Connection, connect, validate_credentials
from .errors import ON_MODULE_HOST, Failure, as_failure
from .text import mask, texts_in, transportable, url_secrets

if TYPE_CHECKING:
    import logging
    from types import FrameType, TracebackType


class ModuleRun:
    """A context manager that catches every error and interruption; exit() then calls fail_json or exit_json.

    SIGINT and SIGTERM interrupt the with block once. All further signals are ignored until the process ends, so that the
    result is always written.

    ::

        run = ModuleRun(module)
        with run:
            connection = run.connect({})
            run.result.update(...)
        run.exit()

    :ivar result: what the module returns, also with a failure.
    """

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.result: dict[str, Any] = {"changed": False}
        self._module = module
        # amazon.aws's class wraps Ansible's, and does not have all of its attributes in older releases.
        self._ansible_module: AnsibleModule = module and module._module
        self._failure: Failure | None = None
        self._is_interruptible = False

    def connect(self, defaults: Mapping[str, Any]) -> Connection:
        """Return the connection for the module's options. From now on, its secrets are masked.

        :param defaults: settings for botocore's Config, which aws_config overrides.
        :raises Failure: if an option can't be used.
        """
        validate_credentials(*_given_options())
        # amazon.aws makes resource_actions from the log of botocore, and cuts the URLs in it.
        if self._module.params["debug_botocore_endpoint_logs"]:
            for handler in self._module.logger.handlers:
                handler.addFilter(self._mask_record)
        secrets = self._ansible_module.no_log_values
        return connect(self._module.params, partial(get_aws_connection_info, self._module), defaults, secrets)

    def _mask(self, value: Any) -> Any:
        return mask(value, self._ansible_module.no_log_values)

    def _mask_record(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(record.getMessage()), None
        return True

    def log(self, line: str) -> None:
        """Write a line to syslog or the journal of the host that runs the module. Ansible masks secrets in it."""
        self._ansible_module.log(line)

    def ignore_signals(self) -> None:
        """Ignore SIGINT and SIGTERM from now on. Call this before a last step that takes no time."""
        self._is_interruptible = False

    def __enter__(self) -> ModuleRun:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)
        self._is_interruptible = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._is_interruptible = False
        if isinstance(error, (Exception, KeyboardInterrupt)):
            self._failure = as_failure(error)
        return self._failure is not None

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        # Nothing could catch an exception that is raised here before __enter__ returns or before __exit__ has begun.
        edges = (ModuleRun.__enter__.__code__, ModuleRun.__exit__.__code__)
        if self._is_interruptible and not (frame and frame.f_code in edges):
            self._is_interruptible = False
            raise KeyboardInterrupt

    def exit(self) -> None:
        """End the module. Call this after the with block: inside it, ansible-core would add a traceback to the failure."""
        result = self.result
        if self._failure:
            result = {**result, **self._failure.result(ON_MODULE_HOST, self._mask)}
        # Ansible masks secrets in it.
        result = transportable(result)
        if self._failure:
            self._module.fail_json(**result)
        self._module.exit_json(**result)


def _given_options() -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the options as the user wrote them, without those that are null, and the aliases of the connection options.

    In the options of a module, a value of the user is not distinguished from one of an environment variable.
    """
    given = {name: value for name, value in (_load_params() or {}).items() if value is not None}
    return given, {option: spec.get("aliases", []) for option, spec in aws_argument_spec().items()}


class _Module(AnsibleModule):
    """Ansible's module. It masks the passwords in URLs even if it rejects an option, before ModuleRun exists."""

    def _return_formatted(self, kwargs: dict[str, Any]) -> None:
        urls = texts_in([self.params.get("endpoint_url"), self.params.get("aws_config")])
        self.no_log_values.update(*map(url_secrets, urls))
        super()._return_formatted(kwargs)


# AnsibleAWSModule ignores the argument module_class.
AnsibleAWSModule.default_settings["module_class"] = _Module
