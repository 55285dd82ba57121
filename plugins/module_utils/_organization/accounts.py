# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of an organization as hosts: their facts, names and groups. Pure: nothing of boto3 is imported here.

An organization is a mapping: id, partition, management_account_id, and accounts, a list of facts.
An account's facts are the variables of its host. Their names are AWS's names in snake case, with the prefix account_,
because Ansible reserves name and tags.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from .._aws.arn import is_account_id, is_role_arn
from .._aws.errors import invalid_option
from .._aws.text import iso_time

ACTIVE = "ACTIVE"

#: How to name the groups of organizational units.
BY_PATH, BY_ID = "path", "id"

#: What to do with the management account.
SKIP, CALLER = "skip", "caller"

# The ARN of an account names the management account and the organization (Service Authorization Reference).
_ACCOUNT_ARN = re.compile(r"arn:(aws[a-z-]*):organizations::([0-9]{12}):account/(o-[a-z0-9]{10,32})/[0-9]{12}")

_OPTIONAL_FACTS = ("account_name", "account_joined_method", "account_joined_timestamp")
_FACTS = ("account_id", "account_arn", "account_state", "organizational_units", *_OPTIONAL_FACTS)

_TAG = "tag:"
# These names have a special meaning in Ansible.
_RESERVED_NAMES = ("127.0.0.1", "::1", "all", "localhost", "ungrouped")


class Identity(NamedTuple):
    """What the ARN of an account says about its organization."""

    partition: str
    management_account_id: str
    organization_id: str


# What AWS returns --------------------------------------------------------------------------------------------------


def identity_of(account: Mapping[str, Any]) -> Identity:
    """Return what the ARN of an account says about its organization.

    :param account: the account, as ListAccounts returns it.
    :raises ValueError: if the ARN is not the ARN of an account.
    """
    match = _ACCOUNT_ARN.fullmatch(str(account.get("Arn")))
    if not match:
        raise ValueError(f"{account.get('Arn')!r} is not the ARN of an account")
    return Identity(*match.groups())


def unit_ids_of(account: Mapping[str, Any]) -> list[str] | None:
    """Return the IDs of the units that an account is in, the outermost first; None if ListAccounts did not return Paths.

    An account has one parent, so there is one path (API reference).
    """
    paths = account.get("Paths")
    return list(filter(is_unit_id, paths[0].split("/"))) if paths else None


def is_unit_id(value: str) -> bool:
    """Return whether the ID of a root, a unit or an account is that of an organizational unit."""
    return value.startswith("ou-")


def organization_of(accounts: Sequence[Mapping[str, Any]], include_email: bool) -> dict[str, Any]:
    """Return the organization with the facts about its accounts, without their units and tags.

    :param accounts: the accounts as ListAccounts returns them.
    :raises ValueError: if the list can't be complete.
    """
    if not accounts:
        raise ValueError("the list is empty")
    identity = identity_of(accounts[0])
    found = [_facts_of(account, include_email) for account in accounts]
    if identity.management_account_id not in (account["account_id"] for account in found):
        raise ValueError(f"the management account {identity.management_account_id} is missing from the list")
    return {
        "id": identity.organization_id,
        "partition": identity.partition,
        "management_account_id": identity.management_account_id,
        "accounts": sorted(found, key=lambda account: str(account["account_id"])),
    }


def _facts_of(account: Mapping[str, Any], include_email: bool) -> dict[str, Any]:
    # AWS replaces Status with State (botocore's model: on 9 September 2026).
    state = account.get("State") or account.get("Status")
    if not state:
        raise ValueError(
            f"the account {account['Id']} has neither State nor Status; if the installed botocore does not know State, which"
            " replaces Status, install a newer one"
        )
    joined = account.get("JoinedTimestamp")
    return {
        "account_id": account["Id"],
        "account_arn": account["Arn"],
        "account_name": account.get("Name"),
        "account_state": state,
        "account_joined_method": account.get("JoinedMethod"),
        "account_joined_timestamp": joined and iso_time(joined),
        **({"account_email": account.get("Email")} if include_email else {}),
    }


def validate_cached(organization: Mapping[str, Any], identity: Identity, included: Mapping[str, bool]) -> None:
    """Validate an organization from the cache, which somebody else may have written.

    :param identity: the caller's organization, from AWS.
    :param included: whether the facts account_tags and account_email are included.
    :raises Exception: if AWS has not returned it. Facts that do not exist would be variables of the hosts.
    """
    accounts = organization["accounts"]
    account_ids = {account["account_id"] for account in accounts}
    if Identity(*(organization[name] for name in ("partition", "management_account_id", "id"))) != identity:
        raise ValueError("it is another organization")
    if identity.management_account_id not in account_ids or len(account_ids) < len(accounts):
        raise ValueError("the list of accounts is not complete")
    for account in accounts:
        tags, units = account.get("account_tags", {}), account["organizational_units"]
        texts = [
            account["account_state"],
            *tags,
            *tags.values(),
            *(unit[key] for unit in units for key in ("id", "name")),
        ]
        optional = [account.get(name) for name in (*_OPTIONAL_FACTS, "account_email")]
        arn = account["account_arn"]
        if (
            set(account) != {*_FACTS, *(name for name, is_included in included.items() if is_included)}
            or not all(isinstance(text, str) for text in [*texts, *(text for text in optional if text is not None)])
            or identity_of({"Arn": arn}) != identity
            or arn.rpartition("/")[2] != account["account_id"]
        ):
            raise ValueError("an account is malformed")


# Hosts -------------------------------------------------------------------------------------------------------------


def selected_accounts(
    organization: Mapping[str, Any], management_account: str, include_inactive: bool
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return the accounts that become hosts, and the reasons why the others do not, as parts of a sentence.

    :param management_account: SKIP or CALLER.
    """
    management_id = organization["management_account_id"]
    selected: list[Mapping[str, Any]] = []
    inactive: Counter[str] = Counter()
    reasons: list[str] = []
    for account in organization["accounts"]:
        state = account["account_state"]
        if account["account_id"] == management_id and management_account == SKIP:
            reasons.append(f"the management account {management_id} (management_account: {SKIP})")
        elif state != ACTIVE and not include_inactive:
            inactive[state] += 1
        else:
            selected.append(account)
    if inactive:
        number = sum(inactive.values())
        what = "account that is" if number == 1 else "accounts that are"
        states = ", ".join(f"{count} {state}" for state, count in sorted(inactive.items()))
        reasons.append(f"{number} {what} not active ({states}; include_inactive: false)")
    return selected, reasons


def unit_path(units: Sequence[Mapping[str, str]]) -> str:
    """Return the path of units as a string; / for the root."""
    return "/" + "/".join(unit["name"] for unit in units)


def group_names(accounts: Iterable[Mapping[str, Any]], by: str) -> dict[str, str]:
    """Return the name of the group of each unit that contains an account, directly or in a unit below, by the unit's ID.

    :param by: BY_PATH or BY_ID.
    :raises Failure: if two units would share a group.
    """
    groups: dict[str, str] = {}
    owners: dict[str, str] = {}
    for account in accounts:
        units = account["organizational_units"]
        for depth, unit in enumerate(units, start=1):
            if unit["id"] in groups:
                continue
            name, owner = _group_name(units[:depth], by), f"{unit_path(units[:depth])} ({unit['id']})"
            if name in owners:
                raise invalid_option(
                    "unit_groups",
                    f"the organizational units {owners[name]} and {owner} would share the group {name}",
                    f"Set unit_groups: {BY_ID} to name the groups after the IDs of the units, or rename one of the units",
                )
            groups[unit["id"]], owners[name] = name, owner
    return groups


def validate_hostnames(preferences: Sequence[Any], include_tags: bool, include_email: bool) -> None:
    """Validate the option hostnames.

    :raises Failure: if an entry can't be used. The message names it.
    """
    known = ["account_id", "account_name"] + (["account_email"] if include_email else [])
    for preference in preferences:
        parts = preference if isinstance(preference, Mapping) else {"name": preference}
        if set(parts) - {"name", "prefix", "separator"}:
            raise invalid_option("hostnames", f"{preference!r} can't be used", "Use only name, prefix and separator")
        for part in (parts.get("name"), parts.get("prefix", "account_id")):
            is_tag = include_tags and isinstance(part, str) and part.startswith(_TAG)
            if part not in known and not is_tag:
                raise invalid_option(
                    "hostnames",
                    f"{part!r} can't be used",
                    f"Use one of {', '.join(known)}{', tag:KEY' if include_tags else ''}. account_email requires"
                    " include_email: true, and tag:KEY requires include_tags: true",
                )


#: What to do if a host name can't be used.
HOSTNAMES_ADVICE = (
    "Add the account ID to the names, for example {name: account_name, prefix: account_id}, or omit hostnames to name the"
    " hosts after their account IDs"
)


def host_names(
    accounts: Iterable[Mapping[str, Any]], preferences: Sequence[Any], groups: Iterable[str]
) -> dict[str, str]:
    """Return the names of the hosts, by the IDs of the accounts.

    :param preferences: the validated option hostnames. The first entry for which an account has a value is used. If there is
        none, the account's ID is used.
    :param groups: the names of groups, which no host may have.
    :raises Failure: if two accounts would have the same name, or if a name has another meaning.
    """
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    reserved = {*_RESERVED_NAMES, *groups}
    for account in accounts:
        account_id = account["account_id"]
        texts = (_preferred_text(account, preference) for preference in preferences)
        name = _host_name(next((text for text in texts if text), account_id))
        problem = None
        if name in owners:
            problem = f"the accounts {owners[name]} and {account_id} would both have the host name {name!r}"
        elif name in reserved:
            problem = (
                f"the account {account_id} would have the host name {name!r}, but Ansible or a group uses this name"
            )
        elif is_account_id(name) and name != account_id:
            problem = f"the account {account_id} would have the host name {name!r}, but this is another account's ID"
        if problem:
            raise invalid_option("hostnames", problem, HOSTNAMES_ADVICE)
        names[account_id], owners[name] = name, account_id
    return names


def account_ids(variables: Mapping[str, Any]) -> set[str]:
    """Return the IDs of the accounts that the variables of a host name: account_id, account_arn, and those in
    incident_manager_account."""
    options = variables.get("incident_manager_account")
    options = options if isinstance(options, Mapping) else {}
    roles = (options.get(name) for name in ("assume_role_arn", "iam_role_arn"))
    found = [variables.get("account_id"), options.get("account_id")]
    found += [str(variables.get("account_arn")).rpartition("/")[2]]
    found += [role.split(":")[4] for role in roles if isinstance(role, str) and role.count(":") >= 5]
    # YAML reads an ID without quotation marks as a number.
    texts = (str(value).zfill(12) if isinstance(value, int) else value for value in found)
    return {str(text) for text in texts if is_account_id(text)}


def validate_role_name(role_name: str) -> None:
    """Validate that a string is the name of an IAM role, with or without a path before it.

    :raises Failure: if it is not. The message says what it must be.
    """
    if not is_role_arn(f"arn:aws:iam::111122223333:role/{role_name}"):
        advice = "It must be a name such as incident-manager-audit, or a path and a name such as audit/incident-manager-audit"
        raise invalid_option("role_name", f"{role_name!r} is not the name of a role", advice)


def _preferred_text(account: Mapping[str, Any], preference: Any) -> str:
    """Return an account's value for an entry of hostnames; empty if it has none."""
    if isinstance(preference, Mapping):
        name = _preferred_text(account, preference["name"])
        prefix = _preferred_text(account, preference["prefix"]) if "prefix" in preference else ""
        return f"{prefix}{preference.get('separator', '_')}{name}" if name and prefix else name
    if preference.startswith(_TAG):
        return str(account["account_tags"].get(preference[len(_TAG) :]) or "")
    return str(account[preference] or "")


def _host_name(text: str) -> str:
    """Return a text as the name of a host. Characters that have a meaning in patterns, files or templates are replaced."""
    return re.sub(r"^\W", "_", re.sub(r"[^\w.@+-]", "_", text))


def _group_name(units: Sequence[Mapping[str, str]], by: str) -> str:
    """Return the name of the group of the last of these units."""
    if by == BY_ID:
        return _word(units[-1]["id"])
    return "ou_" + "__".join(_word(unit["name"]) for unit in units)


def _word(text: str) -> str:
    """Return a text as a part of the name of a group."""
    return re.sub(r"\W", "_", text)
