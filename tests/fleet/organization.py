# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet as an organization at the endpoint. It has six organizational units, whose groups have the rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .accounts import GROUP_RULES, ROLE_NAME, Account

# The units of each group of accounts, with half of the accounts in each. Two units at different places have the same name.
UNITS = {
    "standard": (("Workloads",), ("Workloads", "Payments & Co")),
    "retired": (("Retired",), ("Retired", "Archive")),
    "trial": (("Workloads", "Payments & Co", "Trial"), ("Sandbox", "Trial")),
}
# A unit without rules of its own has those of the unit above it.
RULES_OF_UNITS = {
    "ou_Workloads": GROUP_RULES["standard"],
    "ou_Retired": GROUP_RULES["retired"],
    "ou_Workloads__Payments___Co__Trial": GROUP_RULES["trial"],
    "ou_Sandbox": GROUP_RULES["trial"],
}


def units_of(account: Account) -> tuple[str, ...]:
    return UNITS[account.group][account.number // 5 % 2]


def members(accounts: Iterable[Account]) -> list[dict[str, Any]]:
    """Return the accounts as make_organization() takes them."""
    return [{"id": account.account_id, "name": account.name, "units": list(units_of(account))} for account in accounts]


def write_inventory(folder: Path, **options: Any) -> Path:
    """Write an inventory source of the plugin, with variables of the units' groups, and return the path of the source."""
    variables = folder / "group_vars"
    variables.mkdir(parents=True)
    for group, rules in RULES_OF_UNITS.items():
        (variables / f"{group}.json").write_text(json.dumps({"incident_manager_rules": rules}), encoding="utf-8")
    source = folder / "accounts.organization.yml"
    content = {"plugin": "incident_manager.aws.organization", "role_name": ROLE_NAME, "region": "eu-west-1"}
    # So the hosts have the same names as in the other inventories.
    source.write_text(json.dumps({**content, "hostnames": ["account_name"], **options}), encoding="utf-8")
    return source
