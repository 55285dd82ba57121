# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that makes one report of many audits; plugins/modules has its documentation."""

from __future__ import annotations

import os
import stat
import tempfile
from datetime import datetime, timezone
from glob import glob
from pathlib import Path
from typing import Any, ClassVar, Iterator, Mapping, Sequence

from ansible.utils.display import Display
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError, refusal
from ansible_collections.incident_manager.aws.plugins.module_utils._facts import iso_time
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.incident_manager.aws.plugins.plugin_utils._page import audit_page
from ansible_collections.incident_manager.aws.plugins.plugin_utils._report import (
    NotAReport,
    TwoAccounts,
    account,
    from_json,
    headline,
    in_order,
    lines,
    report,
    to_json,
)

# As many as a screen shows; the files have all.
_MOST_ACCOUNTS = 20


class ActionModule(ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        "audits": {"type": "dict", "default": {}},
        "reports": {"type": "list", "elements": "path", "default": []},
        "html": {"type": "path"},
        "json": {"type": "path"},
        "report_only": {"type": "bool", "default": False},
    }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        _check(params)
        now = iso_time(datetime.now(timezone.utc))
        rows = [account(name, audit, now) for name, audit in params["audits"].items()]
        try:
            what = report([*_earlier_rows(params["reports"]), *rows], now)
        except TwoAccounts as error:
            raise AnsibleSSMIncidentsError(f"{error}", advice="Give each account a name of its own.") from error
        # Shown before any file is written, so that nothing of what was found is lost.
        for line in lines(what, _MOST_ACCOUNTS):
            Display().display(line)
        # Ansible shows the task at one of the hosts, which may well have passed.
        said = f"{headline(what)}. This is the outcome of all of them, whatever host it is shown at."
        result = {"changed": False, "summary": what["summary"], "msg": said}
        failures = []
        for path, text_of in ((params["json"], to_json), (params["html"], audit_page)):
            if path is None:
                continue
            try:
                if not self._task.check_mode:
                    _write(Path(path), text_of(what))
                result["changed"] = True
                Display().display(f"{'Would write' if self._task.check_mode else 'Written'}: {Path(path).absolute()}")
            except (OSError, ValueError) as error:
                failures.append(f"Failed to write {path}: {getattr(error, 'strerror', None) or error}")
        if failures:
            raise AnsibleSSMIncidentsError("; ".join(failures), advice="Name a file that can be written.", also=result)
        return {**result, "failed": not (params["report_only"] or in_order(what))}


def _check(params: Mapping[str, Any]) -> None:
    """Refuse options that can't be meant. Raises AnsibleSSMIncidentsError."""
    if not params["audits"] and not params["reports"]:
        raise AnsibleSSMIncidentsError(
            "audits, reports: neither names an account", advice="Was there no host in the play?"
        )
    for name, audit in params["audits"].items():
        if not isinstance(audit, Mapping):
            raise refusal("audits", f"what is given for {name} is not what the audit returned", "Register its result")
    for option in ("html", "json"):
        if params[option] == "":
            raise refusal(option, "empty", "Name a file, or leave it out")
    if params["html"] and params["html"] == params["json"]:
        raise refusal("html and json", f"both name {params['html']}", "Name two files")


def _earlier_rows(patterns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of earlier reports.

    :param patterns: their files, or patterns of the shell's kind.
    """
    for pattern in patterns:
        paths = sorted(glob(pattern)) if not Path(pattern).exists() else [pattern]
        if not paths:
            raise AnsibleSSMIncidentsError(f"reports: there is no file {pattern}", advice="")
        for path in paths:
            try:
                yield from from_json(Path(path).read_text(encoding="utf-8"))["accounts"]
            except (NotAReport, UnicodeDecodeError) as error:
                raise AnsibleSSMIncidentsError(
                    f"reports: {path} can't be used: {error}", advice="Name reports that were written as json."
                ) from error
            except OSError as error:
                raise AnsibleSSMIncidentsError(f"reports: failed to read {path}", error, advice="") from error


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, where its links lead, with the mode that it has. Raises OSError and ValueError."""
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        # A pipe or a device.
        path.write_text(text, encoding="utf-8")
        return
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:99]}.")
    try:
        with open(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(half, stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        os.replace(half, path)
    except BaseException:
        os.unlink(half)
        raise


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
