# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that creates one report from many audits; plugins/modules has its documentation."""

from __future__ import annotations

import os
import stat
import tempfile
from datetime import datetime, timedelta, timezone
from glob import glob
from pathlib import Path
from typing import Any, Callable, ClassVar, Iterator, Mapping, Sequence

from ansible_collections.incident_manager.aws.plugins.plugin_utils import _amazon_aws  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    FILE_NOT_READABLE,
    FILE_NOT_WRITABLE,
    INVALID_REPORT,
    Failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import iso_time
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.csv_file import to_csv
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.junit_file import to_junit
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.page import audit_page
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.report import (
    build_report,
    build_row,
    from_json,
    headline,
    text_lines,
    to_json,
)
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.rules import FAIL_ON, validate_fail_on
from ansible_collections.incident_manager.aws.plugins.plugin_utils._controller import (
    ControllerAction,
    validated_options,
)

# As many as fit on a screen. The files contain all findings.
_MAX_FINDINGS_SHOWN = 20

#: The function that renders each file, by the name of the file's option.
_FORMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "csv": to_csv,
    "html": audit_page,
    "json": to_json,
    "junit": to_junit,
}

# The largest accepted difference between the clocks of controllers whose reports are merged.
_MAX_CLOCK_SKEW = timedelta(minutes=5)


class ActionModule(ControllerAction):
    argument_spec: ClassVar[Mapping[str, Any]] = {
        "audits": {"type": "dict", "default": {}},
        "reports": {"type": "list", "elements": "path", "default": []},
        **{form: {"type": "path"} for form in _FORMS},
        "fail_on": FAIL_ON,
        "report_only": {"type": "bool", "default": False},
    }

    def execute(self, given: dict[str, Any], result: dict[str, Any]) -> None:
        params = validated_options(self.argument_spec, given, result)
        validate_fail_on(params["fail_on"])
        if not params["audits"] and not params["reports"]:
            raise invalid_option(
                "audits, reports",
                "both are empty",
                "Set audits to the results of audits, or reports to the JSON files of earlier runs (in the playbook,"
                " incident_manager_reports)",
            )
        time = datetime.now(timezone.utc)
        now, latest = iso_time(time), iso_time(time + _MAX_CLOCK_SKEW)
        # What is not the result of an audit is an account without one.
        audits = {name: audit if isinstance(audit, Mapping) else {} for name, audit in params["audits"].items()}
        paths = {form: params[form] for form in _FORMS if params[form] is not None}
        _validate_paths(paths)
        rows = [build_row(name, audit, now) for name, audit in audits.items()]
        report = build_report([*_read_rows(params["reports"], latest), *rows], now)
        if not report["accounts"]:
            raise Failure("reports: the reports contain no account", code=INVALID_REPORT)
        failed_hosts = {str(name) for name, audit in audits.items() if audit.get("failed")}
        unreported = [
            row["name"]
            for row in report["accounts"]
            if row["outcome"] in params["fail_on"] and row["name"] not in failed_hosts
        ]
        # The result is complete before any file is written, so that no finding is lost if writing fails.
        text = list(text_lines(report, _MAX_FINDINGS_SHOWN))
        # Ansible shows the result for one of the hosts only, and this host may have passed.
        msg = f"{headline(report)}. This result covers all accounts, regardless of the host it is shown for."
        result.update(summary=report["summary"], text=text, unreported=unreported, msg=msg)
        files: dict[str, str] = {}
        # With show_custom_stats, Ansible shows this after the recap. Automation controller shows it among the job's artifacts.
        stats = {"headline": headline(report), **report["summary"], "files": files}
        result["ansible_stats"] = {"data": {"incident_manager_audit": stats}, "per_host": False, "aggregate": False}
        failures = []
        for form, path in paths.items():
            try:
                if not self._task.check_mode:
                    _write(Path(path), _FORMS[form](report))
                    files[form] = str(Path(path).absolute())
                result["changed"] = True
                text.append(f"{'Would write' if self._task.check_mode else 'Wrote'}: {Path(path).absolute()}")
            except (OSError, ValueError) as error:
                failures.append(f"Failed to write {path}: {getattr(error, 'strerror', None) or error}")
        if failures:
            raise Failure("; ".join(failures), code=FILE_NOT_WRITABLE)
        result["failed"] = bool(unreported) and not params["report_only"]


def _validate_paths(paths: Mapping[str, str]) -> None:
    """Reject files that can't be written. Raises Failure.

    :param paths: the files, by the names of their options.
    """
    for option, path in paths.items():
        if path == "":
            raise invalid_option(option, "must not be empty", "Specify a file, or omit the option")
        if "\0" in path:
            raise invalid_option(option, "can't be the name of a file", "Specify a file, or omit the option")
    if len(set(map(os.path.realpath, paths.values()))) < len(paths):
        raise invalid_option(", ".join(paths), "two of them are the same file", "Specify different files")


def _read_rows(patterns: Sequence[str], latest: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of earlier reports.

    :param patterns: the reports' files, or patterns for them as in a shell.
    :param latest: the latest time that a row may have.
    :raises Failure: if a file can't be read or is not a report. The message names the file.
    """
    for pattern in patterns:
        # An empty pattern names no file.
        paths = sorted(glob(pattern)) if not os.path.exists(pattern) else [pattern]
        if not paths:
            raise Failure(f"reports: the file {pattern} does not exist", code=FILE_NOT_READABLE)
        for path in paths:
            try:
                yield from from_json(Path(path).read_text(encoding="utf-8"), latest)["accounts"]
            except (RecursionError, ValueError) as error:
                raise Failure(f"reports: {path} can't be merged", code=INVALID_REPORT, cause=error) from error
            except OSError as error:
                raise Failure(f"reports: failed to read {path}", code=FILE_NOT_READABLE, cause=error) from error


def _write(path: Path, text: str) -> None:
    """Write a file completely or not at all. Follow symbolic links, and keep the mode of an existing file.

    :raises OSError, ValueError: if the file can't be written.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        # A pipe or a device.
        path.write_text(text, encoding="utf-8")
        return
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:99]}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(temporary, stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
