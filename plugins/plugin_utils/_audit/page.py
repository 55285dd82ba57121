# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page of an audit's report: a single file that loads nothing. Any text in the report may be malicious."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import DEFAULT_KEY
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from .report import headline
from .rules import OUTCOMES, PASSED
from .text import as_text, utc


def audit_page(report: Mapping[str, Any]) -> str:
    """Return the HTML page of an audit's report.

    :param report: the report. Its accounts keep their order.
    :return: a complete document that can be encoded as UTF-8.
    """
    counts = {outcome: report["summary"][outcome] for outcome in OUTCOMES}
    return _template().render(
        views=[_view(row) for row in report["accounts"]],
        counts=counts,
        headline=headline(report),
        worst=next((outcome for outcome, count in counts.items() if count), PASSED),
        notes=report["notes"],
        time=report["time"],
        default_key=DEFAULT_KEY,
    )


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a row."""
    facts, error, rules = (row[name] or {} for name in ("replication_set", "error", "rules"))
    message = error.get("message")
    return {
        **row,
        "retired": rules.get("state") == "absent",
        # The message repeats the findings, and often AWS's message.
        "msg": None if row["findings"] else row["msg"],
        "error_code": error.get("code"),
        "error_message": None if message is None or message in row["msg"] else message,
        "rules": rules,
        "set": facts,
        "tags": facts.get("tags") or {},
        "regions": [
            {"key_state": None, **info, **(info["kms_key"] or {}), "name": name}
            for name, info in facts.get("region_map", {}).items()
        ],
    }


@lru_cache(maxsize=None)
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=_finalize,
        loader=FileSystemLoader(str(Path(__file__).parent)),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(digest=_digest, emphasize_number=_emphasize_number, utc=utc)
    return environment.get_template("page.html.j2")


def _finalize(value: Any) -> str:
    """Return the text to show for a value. Every value that the template prints passes through here."""
    return value if isinstance(value, Markup) else as_text(value)  # Markup comes from the template itself.


def _digest(block: str) -> str:
    """Return the hash with which a Content-Security-Policy allows a style or a script."""
    return "sha256-" + b64encode(sha256(block.encode()).digest()).decode()


def _emphasize_number(text: str) -> Markup:
    """Return a text as HTML, with its first number emphasized."""
    # As a str, because re.sub() would join the parts with Markup's own join(), which escapes them.
    return Markup(re.sub("[0-9]+", r"<strong>\g<0></strong>", str(escape(text)), count=1))
