# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what makes a result transportable."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import original_key, transportable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"__ansible_type": "x"}, {"\\__ansible_type": "x"}),
        ({"tags": [{"_ansible_no_log": True}]}, {"tags": [{"\\_ansible_no_log": True}]}),
        ({"\ud800": "a\udfffb"}, {"\ufffd": "a\ufffdb"}),
        (("__ansible_vault", 1, None, 0.5), ["__ansible_vault", 1, None, 0.5]),
        ({1: {"ansible_type": "\U0001f600"}}, {1: {"ansible_type": "\U0001f600"}}),
    ],
)
def test_only_what_ansible_core_would_not_transport_is_replaced(value: Any, shown: Any) -> None:
    assert transportable(value) == shown
    assert transportable(transportable(value)) == shown


@pytest.mark.parametrize("key", ["__ansible_type", "_ansible_x", "__ansible_", "Team", "ansible_type", "___ansible_x"])
def test_an_option_takes_a_key_as_results_show_it(key: str) -> None:
    (shown,) = transportable({key: ""})
    assert original_key(shown) == original_key(key) == key


@pytest.mark.parametrize("key", ["\\Team", "\\", "", "\\\\__ansible_type"])
def test_no_other_key_loses_a_backslash(key: str) -> None:
    assert original_key(key) == key
