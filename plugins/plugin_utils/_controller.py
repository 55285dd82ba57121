# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every task of this collection that runs on the controller."""

from __future__ import annotations

from typing import Any, ClassVar, Mapping

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    INVALID_PARAMETER,
    ON_CONTROLLER,
    AnsibleSSMIncidentsError,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.results import failure_result


class ControllerAction(ActionBase):
    """An action with options like a module's. A subclass has its options in argument_spec and its work in execute()."""

    #: The options, as for AnsibleModule.
    argument_spec: ClassVar[Mapping[str, Any]] = {}

    _requires_connection = False
    _supports_check_mode = True
    # Refused here, with a reason.
    _supports_async = True

    def run(self, tmp: None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result; a failure of execute(), or an option that is refused, is one too."""
        super().run(tmp, task_vars)
        result: dict[str, Any] = {"changed": False}
        try:
            self._validate_keywords()
            self.execute(self._validate_options(), result)
        except AnsibleError:
            # Ansible's own, from a template or a keyword.
            raise
        except Exception as error:
            failure = as_failure(error)
            result.update(failure_result(failure, ON_CONTROLLER), failed=True)
        return result

    def execute(self, params: dict[str, Any], result: dict[str, Any]) -> None:
        """Do the task's work.

        :param params: the options, validated and with their defaults.
        :param result: takes the task's result; what is in it is returned beside a failure too.
        :raises AnsibleSSMIncidentsError: if an option is refused, or the work fails.
        """
        raise NotImplementedError

    def _validate_keywords(self) -> None:
        if self._task.become:
            raise invalid_option(
                "become",
                "this task runs on the controller as the user who runs Ansible, and can't become another user",
                "Set become: false for it.",
            )
        if self._task.async_val:
            raise invalid_option(
                "async",
                "this task runs on the controller, and can't run in the background",
                "Ansible runs it for several hosts at a time (forks). Set async: 0 for it.",
            )

    def _validate_options(self) -> dict[str, Any]:
        given = {name: _decrypted(value) for name, value in self._task.args.items()}
        for option, spec in self.argument_spec.items():
            names = [name for name in (option, *spec.get("aliases", ())) if name in given]
            if len(names) > 1:
                raise invalid_option(" and ".join(names), "these are names of one option", "Set one of them")
        validation = ArgumentSpecValidator(self.argument_spec).validate(given)
        if validation.error_messages:
            unknown = validation.errors and isinstance(validation.errors[0], UnsupportedError)
            raise AnsibleSSMIncidentsError(
                f"{'Unsupported options: ' if unknown else ''}{'; '.join(validation.error_messages)}",
                code=INVALID_PARAMETER,
            )
        # A module's validator shows these. Both names of an option, which is the only thing it warns of, are refused above.
        for deprecation in validation._deprecations:
            Display().deprecated(
                deprecation["msg"],
                version=deprecation.get("version"),
                date=deprecation.get("date"),
                collection_name=deprecation.get("collection_name"),
            )
        return validation.validated_parameters


def _decrypted(value: Any) -> Any:
    """Decrypt the vaulted texts in a value, which ansible-core 2.18 and older leave encrypted."""
    if isinstance(value, Mapping):
        return {key: _decrypted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
