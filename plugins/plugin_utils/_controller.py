# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every task of this collection that runs on the controller begins and ends."""

from __future__ import annotations

from typing import Any, ClassVar, Mapping

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError, refusal


class ControllerAction(ActionBase):
    """An action with options like a module's: work() does what there is to do."""

    #: The options, as for AnsibleModule.
    argument_spec: ClassVar[Mapping[str, Any]] = {}

    _requires_connection = False
    _supports_check_mode = True
    # Refused here, with a reason.
    _supports_async = True

    def run(self, tmp: None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result; a failure of work(), or an option that is refused, is one too."""
        super().run(tmp, task_vars)
        try:
            self._refuse_keywords()
            result = self.work(self._validated())
        except AnsibleSSMIncidentsError as failure:
            result = {"failed": True, **failure.result()}
        return {"changed": False, **result}

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the task's result.

        :param params: the options, validated and with their defaults.
        :raises AnsibleSSMIncidentsError: where an option is refused, or nothing can be returned.
        """
        raise NotImplementedError

    def _refuse_keywords(self) -> None:
        if self._task.become:
            raise refusal(
                "become",
                "this task runs on the controller, as the user who runs Ansible",
                "It would not use the other user's AWS configuration. Set become: false for it.",
            )
        if self._task.async_val:
            raise refusal(
                "async",
                "this task runs on the controller, and not in the background",
                "Many hosts are worked on at the same time by forks. Set async: 0 for it.",
            )

    def _validated(self) -> dict[str, Any]:
        given = {name: _decrypted(value) for name, value in self._task.args.items()}
        for option, its in self.argument_spec.items():
            names = [name for name in (option, *its.get("aliases", ())) if name in given]
            if len(names) > 1:
                raise refusal(" and ".join(names), "these are names of one option", "Give it once")
        outcome = ArgumentSpecValidator(self.argument_spec).validate(given)
        if outcome.error_messages:
            unknown = outcome.errors and isinstance(outcome.errors[0], UnsupportedError)
            raise AnsibleSSMIncidentsError(
                f"{'Unsupported options: ' if unknown else ''}{'; '.join(outcome.error_messages)}", advice=""
            )
        return outcome.validated_parameters


def _decrypted(value: Any) -> Any:
    """Return a value with what ansible-core 2.18 and older leave for their user to decrypt."""
    if isinstance(value, Mapping):
        return {key: _decrypted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
