# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that makes one report of many audits; plugins/modules has its documentation."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from glob import glob
from pathlib import Path
from typing import Any, ClassVar, Iterator, Mapping, Sequence

from ansible.utils.display import Display
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError
from ansible_collections.incident_manager.aws.plugins.module_utils._facts import iso_time
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.incident_manager.aws.plugins.plugin_utils._page import audit_page
from ansible_collections.incident_manager.aws.plugins.plugin_utils._report import (
    NotAReport,
    account,
    from_json,
    headline,
    in_order,
    lines,
    report,
    to_json,
)

# As many accounts as a screen shows; the files have all.
_MOST_LINES = 20


class ActionModule(ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        "audits": {"type": "dict", "default": {}},
        "reports": {"type": "list", "elements": "path", "default": []},
        "html": {"type": "path"},
        "json": {"type": "path"},
        "report_only": {"type": "bool", "default": False},
    }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params["audits"] and not params["reports"]:
            raise AnsibleSSMIncidentsError(
                "audits, reports: neither names an account", advice="Was there no host in the play?"
            )
        now = iso_time(datetime.now(timezone.utc))
        rows = [account(name, audit, now) for name, audit in params["audits"].items()]
        what = report([*_earlier_rows(params["reports"]), *rows], now)
        texts = {params["json"]: to_json, params["html"]: audit_page}
        written, failures = [], []
        for path in filter(None, (params["html"], params["json"])):
            try:
                if not self._task.check_mode:
                    _write(Path(path), texts[path](what))
                written.append(str(Path(path).absolute()))
            except OSError as error:
                failures.append(f"Failed to write {path}: {error.strerror or error}")
        # Before any failure is told, so that nothing of what was found is lost.
        for line in [*lines(what, _MOST_LINES), *(f"Written: {path}" for path in written)]:
            Display().display(line)
        # Ansible shows the task at one of the hosts, which may well have passed.
        said = f"{headline(what)}. This is the outcome of all of them, whatever host it is shown at."
        result = {"changed": bool(written), "summary": what["summary"], "msg": said}
        if failures:
            raise AnsibleSSMIncidentsError("; ".join(failures), advice="Name a file that can be written.", also=result)
        return {**result, "failed": not (params["report_only"] or in_order(what))}


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
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    finally:
        if half.exists():
            half.unlink()
