# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class of this collection's tasks that run on the controller."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, ClassVar, Iterable, Mapping

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    INVALID_PARAMETER,
    ON_CONTROLLER,
    Failure,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import transportable

# The variables of the playbooks audit and merge_audits, and the results that they register.
_PREFIX = "incident_manager_"
_VARIABLES = frozenset(
    (
        *("account", "rules", "expected_accounts", "fail_on", "reports"),
        *("report_html", "report_json", "report_csv", "report_junit", "report_only"),
        *("audit", "report", "hosts"),
    )
)
# From 0 to 1. Users may have other variables with this prefix.
_SIMILARITY = 0.75


class ControllerAction(ActionBase):
    """An action that validates its options as a module does. A subclass sets argument_spec and implements execute()."""

    #: The options, as for AnsibleModule.
    argument_spec: ClassVar[Mapping[str, Any]] = {}

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result, as transportable() shows it. If an option is rejected or execute() fails, the result is the failure.

        Nothing is displayed here, because Ansible runs this in a worker process, and only callbacks such as json may write
        to the output. Everything that users must see is in the result.
        """
        super().run(tmp, task_vars)
        result: dict[str, Any] = {"changed": False}
        try:
            _validate_variables(task_vars or {})
            self.execute(_decrypted(self._task.args), result)
        except AnsibleError:
            # Ansible raised it, for example for a template or a keyword.
            raise
        except Exception as error:
            failure = as_failure(error)
            result.update(failure.result(ON_CONTROLLER), failed=True)
        return transportable(result)

    def execute(self, given: dict[str, Any], result: dict[str, Any]) -> None:
        """Do the task's work.

        :param given: the options as the user gave them.
        :param result: receives the task's result. If the work fails, its content is returned together with the failure.
        :raises Failure: if an option is rejected, or the work fails.
        """
        raise NotImplementedError


def _validate_variables(variables: Iterable[str]) -> None:
    """Reject a misspelled variable of the playbooks, which would have no effect. Raises Failure."""
    names = {name[len(_PREFIX) :] for name in variables if name.startswith(_PREFIX)}
    if not names & {"account", "reports"}:
        return  # It is not one of these playbooks.
    for name in sorted(names - _VARIABLES):
        for similar in get_close_matches(name, _VARIABLES, 1, _SIMILARITY):
            raise invalid_option(
                _PREFIX + name, "the playbooks have no such variable", f"Did you mean {_PREFIX}{similar}?"
            )


def validated_options(
    argument_spec: Mapping[str, Any], given: Mapping[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Return the options converted to their types, with defaults, by their main names.

    :param argument_spec: the options, as for AnsibleModule.
    :param given: the options as the user gave them.
    :param result: the task's result; receives the warnings and the deprecations, which callbacks display.
    :raises Failure: if an option is rejected. The message names it, in one line.
    """
    for option, spec in argument_spec.items():
        # Ansible itself would accept null, and a string such as a=b.
        if "options" in spec and not isinstance(given.get(option, {}), Mapping):
            raise invalid_option(option, "the value is not a mapping", "Set a mapping")
    validation = ArgumentSpecValidator(argument_spec).validate(given)
    if validation.error_messages:
        texts = [
            f"Unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else error.msg
            for error in validation.errors
        ]
        raise Failure("; ".join(texts), code=INVALID_PARAMETER)
    # As a module's validator does.
    if validation._warnings:
        result["warnings"] = [
            "Both option {option} and its alias {alias} are set.".format(**w) for w in validation._warnings
        ]
    if validation._deprecations:
        result["deprecations"] = validation._deprecations
    return validation.validated_parameters


def _decrypted(value: Any) -> Any:
    """Return a value with its vaulted strings decrypted, which ansible-core 2.18 and older leave encrypted."""
    if isinstance(value, Mapping):
        return {key: _decrypted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
