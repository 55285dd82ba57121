# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of how any value in a report is shown as text."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.plugin_utils._audit.text import as_line, as_text
from hypothesis import given

from .reports import HOSTILE, SHOWN, any_json


@pytest.mark.parametrize("kind", HOSTILE)
def test_text_is_kept_except_for_characters_that_a_document_must_not_have(kind: str) -> None:
    assert as_text(HOSTILE[kind].replace("\r\n", "\n").replace("\r", "\n")) == SHOWN.get(kind, HOSTILE[kind])


@given(value=any_json)
def test_any_value_is_a_printable_line(value: Any) -> None:
    as_text(value).encode()
    assert as_line(value).isprintable()
