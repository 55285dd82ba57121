# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the modules' documented return values."""

from __future__ import annotations

import yaml
from helpers.checkout import MODULES, documentation


def test_both_modules_document_the_same_facts() -> None:
    module, info_module = (
        yaml.safe_load(documentation(MODULES / f"{name}.py", "RETURN"))
        for name in ("ssm_incidents_replication_set", "ssm_incidents_replication_set_info")
    )
    # The managing module has more codes, and returns no state of a key.
    for text in (module, info_module):
        assert text["error"]["contains"]["code"].pop("description")
        regions = text["replication_set"]["contains"]["region_map"]["contains"]
        assert regions["kms_key"].pop("description")
    for key in ("region", "replication_set", "error", "response_metadata"):
        assert module[key] == info_module[key], key
