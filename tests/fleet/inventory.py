# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts a fleet's accounts into an endpoint, and makes the inventory that reaches them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from endpoint.client import ControlClient
from helpers.credentials import config_section, module_options

from .accounts import GROUP_RULES, ROLE_NAME, Account

# The account of the user who assumes the roles of the other accounts.
_HUB_ACCOUNT = "210000000000"
_COMMON_OPTIONS = {
    "endpoint_url": "{{ endpoint }}",
    "region": "{{ account_region }}",
}


class Fleet:
    """Accounts at an endpoint.

    :param endpoint: its URL.
    :param folder: where to write the AWS configuration files of the accounts that are reached by a profile.
    :ivar environment: the environment variables with the paths of these files.
    :ivar secrets: all secret keys and session tokens in the inventory and the files.
    """

    def __init__(self, endpoint: str, accounts: Iterable[Account], folder: Path) -> None:
        self.accounts = list(accounts)
        self.environment = {
            # The audit requires this.
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "AWS_CONFIG_FILE": str(folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
        }
        self.secrets: set[str] = set()
        self._endpoint = endpoint
        self._control = ControlClient(endpoint)
        # Statuses do not change, however often a set is polled.
        self._control.configure(transition={"progression": "time", "seconds": 10**9})
        self._hub_user = self._make_user(_HUB_ACCOUNT)
        self._config = config_section("profile hub", self._hub_user)
        self._hosts = {account.name: self._add_account(account) for account in self.accounts}
        folder.mkdir(parents=True, exist_ok=True)
        Path(self.environment["AWS_CONFIG_FILE"]).write_text(self._config, encoding="utf-8")
        Path(self.environment["AWS_SHARED_CREDENTIALS_FILE"]).touch()

    def inventory(self, accounts: Iterable[Account] | None = None) -> dict[str, Any]:
        """Return the inventory of these accounts, by default of all, for Ansible's YAML inventory plugin."""
        selected = self.accounts if accounts is None else list(accounts)
        options: dict[str, dict[str, str]] = {
            "by_role": {
                **module_options(self._hub_user),
                # As in an organization, one expression serves all accounts.
                "assume_role_arn": f"arn:aws:iam::{{{{ account_id }}}}:role/{ROLE_NAME}",
                "account_id": "{{ account_id }}",
            },
            "by_profile": {"profile": "{{ profile }}"},
            "by_keys": {
                "access_key": "{{ account_key.aws_access_key_id }}",
                "secret_key": "{{ account_key.aws_secret_access_key }}",
                "session_token": "{{ account_key.aws_session_token | default(omit) }}",
            },
        }
        groups: dict[str, Any] = {
            **{
                group: {"vars": {"incident_manager_account": {**_COMMON_OPTIONS, **more}}}
                for group, more in options.items()
            },
            **{group: {"vars": {"incident_manager_rules": rules}} for group, rules in GROUP_RULES.items()},
        }
        for account in selected:
            for group in (f"by_{account.credentials}", account.group):
                groups[group].setdefault("hosts", {})[account.name] = None
        hosts = {account.name: self._hosts[account.name] for account in selected}
        return {"all": {"hosts": hosts, "children": groups, "vars": {"endpoint": self._endpoint}}}

    def write_inventory(self, path: Path, accounts: Iterable[Account] | None = None) -> Path:
        path.write_text(json.dumps(self.inventory(accounts), indent=1), encoding="utf-8")
        return path

    def _add_account(self, account: Account) -> dict[str, Any]:
        """Put an account into the endpoint, and return the variables of its host."""
        if account.body is not None:
            self._control.seed(account.body, account.account_id, account.arn, account.tags)
        if account.tags_denied:
            denied = {"fault": "error", "code": "AccessDeniedException", "operation": "ListTagsForResource"}
            self._control.add_faults({**denied, "account": account.account_id, "times": None})
        host: dict[str, Any] = {"account_id": account.account_id, "account_region": account.region}
        if account.credentials == "keys":
            host["account_key"] = self._make_user(account.account_id)
            if account.number % 2:
                # Temporary credentials have a token. The endpoint accepts any.
                host["account_key"]["aws_session_token"] = token = f"session-token-of-{account.account_id}"
                self.secrets.add(token)
        elif account.credentials == "profile":
            host["profile"] = account.name
            self._config += config_section(f"profile {account.name}", self._profile(account))
        return host

    def _profile(self, account: Account) -> dict[str, str]:
        if account.number % 2:
            return self._make_user(account.account_id)
        # boto3 assumes the role. It takes the endpoint's URL from the profile.
        return {"role_arn": account.role_arn, "source_profile": "hub", "endpoint_url": self._endpoint}

    def _make_user(self, account_id: str) -> dict[str, str]:
        user = self._control.make_user(["ssm-incidents:*"], account_id)
        self.secrets.add(user["aws_secret_access_key"])
        return user
