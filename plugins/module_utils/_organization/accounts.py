# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts of an organization as hosts: their facts, names and groups. Pure: nothing of boto3 is imported here.

An organization is a mapping: id, partition, management_account_id, and accounts, a list of facts.
An account's facts are the variables of its host. Their names are AWS's names in snake case, with the prefix account_,
because Ansible reserves name and tags.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from typing import Any, Collection, Iterable, Mapping, NamedTuple, Sequence

from .._aws.arn import is_account_id, validate_role_arn
from .._aws.errors import Failure, invalid_option
from .._aws.text import iso_time

ACTIVE = "ACTIVE"

#: How to name the groups of organizational units.
BY_PATH, BY_ID = "path", "id"

#: What to do with the management account.
SKIP, CALLER = "skip", "caller"

# The ARN of an account names the management account and the organization (Service Authorization Reference).
_ACCOUNT_ARN = re.compile(r"arn:(aws[a-z-]*):organizations::([0-9]{12}):account/(o-[a-z0-9]{10,32})/([0-9]{12})")
_ROOT_ID = r"r-[0-9a-z]{4,32}"
_UNIT_ID = r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
# botocore's model. AWS's pages differ on whether a path ends with the account's ID.
_PATH = re.compile(rf"(o-[a-z0-9]{{10,32}})/{_ROOT_ID}((?:/{_UNIT_ID})*)(?:/[0-9]{{12}})*/")

_TAG = "tag:"
# These names have a special meaning in Ansible.
_RESERVED_NAMES = ("127.0.0.1", "::1", "all", "localhost", "ungrouped")


class Identity(NamedTuple):
    """What the ARN of an account says about its organization."""

    partition: str
    management_account_id: str
    organization_id: str


# What AWS returns --------------------------------------------------------------------------------------------------


def is_unit_id(value: Any) -> bool:
    """Return whether a value has the format of an organizational unit's ID."""
    return isinstance(value, str) and re.fullmatch(_UNIT_ID, value) is not None


def is_root_id(value: Any) -> bool:
    """Return whether a value has the format of a root's ID."""
    return isinstance(value, str) and re.fullmatch(_ROOT_ID, value) is not None


def identity_of(account: Mapping[str, Any]) -> Identity:
    """Return what the ARN of an account says about its organization.

    :param account: the account, with the members Id and Arn as ListAccounts returns them.
    :raises ValueError: if the ARN is missing, is not the ARN of an account, or is that of another account.
    """
    match = _ACCOUNT_ARN.fullmatch(str(account.get("Arn")))
    if not match or match[4] != account.get("Id"):
        raise ValueError(f"{account.get('Arn')!r} is not the ARN of the account {account.get('Id')!r}")
    return Identity(match[1], match[2], match[3])


def unit_ids_of(account: Mapping[str, Any]) -> list[str] | None:
    """Return the IDs of the units that an account is in, the outermost first; None if ListAccounts did not return Paths.

    :raises ValueError: if Paths is not one path in the account's organization. An account has one parent (API reference).
    """
    paths = account.get("Paths")
    if not paths:
        return None
    match = _PATH.fullmatch(str(paths[0]))
    if len(paths) != 1 or not match or match[1] != identity_of(account).organization_id:
        raise ValueError(f"Paths of the account {account['Id']} must be one path in its organization, but is {paths!r}")
    return [part for part in match[2].split("/") if part]


class Listing(NamedTuple):
    """What AWS has listed. A cache can store it.

    :ivar accounts: the members of the accounts that are used, all of them texts or None. JoinedTimestamp is in ISO 8601.
    :ivar unit_ids: the units that each account is in, the outermost first, by the account's ID.
    :ivar unit_names: the names of the units, by their IDs.
    :ivar tags: the tags of each account, by its ID; empty if they were not listed.
    """

    accounts: Sequence[Mapping[str, Any]]
    unit_ids: Mapping[str, Sequence[str]]
    unit_names: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]


def organization_of(listing: Listing, include_tags: bool, include_email: bool) -> dict[str, Any]:
    """Return the organization with the facts about all its accounts.

    :raises ValueError: if the list can't be complete, or if the accounts do not belong to one organization.
    """
    accounts = sorted(listing.accounts, key=lambda account: str(account["Id"]))
    identities = {identity_of(account) for account in accounts}
    if len(identities) != 1:
        raise ValueError(f"the accounts in the list belong to {len(identities)} organizations")
    identity = identities.pop()
    ids = [account["Id"] for account in accounts]
    if identity.management_account_id not in ids:
        raise ValueError(f"the management account {identity.management_account_id} is missing from the list")
    if len(ids) != len(set(ids)):
        raise ValueError("the list contains an account twice")
    return {
        "id": identity.organization_id,
        "partition": identity.partition,
        "management_account_id": identity.management_account_id,
        "accounts": [_facts_of(account, listing, include_tags, include_email) for account in accounts],
    }


def _facts_of(account: Mapping[str, Any], listing: Listing, include_tags: bool, include_email: bool) -> dict[str, Any]:
    account_id = account["Id"]
    if not account["State"]:
        raise ValueError(f"the account {account_id} has neither State nor Status")
    return {
        "account_id": account_id,
        "account_arn": account["Arn"],
        "account_name": account["Name"],
        "account_state": account["State"],
        "account_joined_method": account["JoinedMethod"],
        "account_joined_timestamp": account["JoinedTimestamp"],
        **({"account_email": account["Email"]} if include_email else {}),
        **({"account_tags": listing.tags[account_id]} if include_tags else {}),
        "organizational_units": [
            {"id": unit_id, "name": listing.unit_names[unit_id]} for unit_id in listing.unit_ids[account_id]
        ],
    }


def to_cache(listing: Listing) -> dict[str, str]:
    """Return a listing as a cache stores it: as one text, because some keys of tags have a meaning in ansible-core's JSON."""
    return {"organization": json.dumps(listing._asdict())}


def from_cache(cached: Any, identity: Identity, include_tags: bool, include_email: bool) -> dict[str, Any]:
    """Return the organization that a cache contains. Everything in it is validated like a response from AWS.

    :param cached: what to_cache() returned, or anything else, because the data may be damaged or written by somebody else.
    :param identity: the caller's organization.
    :raises Exception: if AWS can't return this organization to the caller.
    """
    listing = Listing(**json.loads(cached["organization"]))
    texts = [text for account in listing.accounts for text in account.values() if text is not None]
    texts += [*listing.unit_names.values(), *(value for tags in listing.tags.values() for value in tags.values())]
    times = [account["JoinedTimestamp"] for account in listing.accounts if account["JoinedTimestamp"] is not None]
    unit_ids = [unit_id for ids in listing.unit_ids.values() for unit_id in ids]
    # A unit has one parent.
    relations = {(child, parent) for ids in listing.unit_ids.values() for child, parent in zip(ids, ["", *ids])}
    if (
        not all(isinstance(text, str) for text in texts)
        or any(iso_time(datetime.fromisoformat(time)) != time for time in times)
        or not all(map(is_unit_id, unit_ids))
        or len(relations) != len(set(unit_ids))
        or identity_of(listing.accounts[0]) != identity
    ):
        raise ValueError("this is not a list of the caller's organization as it was stored")
    return organization_of(listing, include_tags, include_email)


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
        parts = [preference]
        if isinstance(preference, Mapping):
            parts = [preference.get("name"), *([preference["prefix"]] if "prefix" in preference else [])]
            if set(preference) - {"name", "prefix", "separator"} or not isinstance(
                preference.get("separator", ""), str
            ):
                raise invalid_option(
                    "hostnames", f"{dict(preference)!r} can't be used", "A mapping can have name, prefix and separator"
                )
        for part in parts:
            is_tag = include_tags and isinstance(part, str) and part.startswith(_TAG) and part != _TAG
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


def host_account(
    organization: Mapping[str, Any],
    account_id: str,
    role_name: str,
    common: Mapping[str, Any],
    caller_role_arn: str | None,
) -> dict[str, Any]:
    """Return incident_manager_account for an account: how an audit connects to it.

    :param common: the options that it has for every account.
    :param caller_role_arn: the role that lists the accounts. The management account is audited as this role.
    """
    role_arn = caller_role_arn
    if account_id != organization["management_account_id"]:
        role_arn = f"arn:{organization['partition']}:iam::{account_id}:role/{role_name}"
    return {**common, "account_id": account_id, **({"assume_role_arn": role_arn} if role_arn else {})}


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


def validate_groups(units: Any, groups: Collection[str]) -> None:
    """Validate that a host is in the groups of its organizational units.

    :param units: the variable organizational_units of the host; None if it has none.
    :param groups: the names of the groups that the host is in.
    :raises Failure: if it is not, because rules of these groups would not be used.
    """
    if not isinstance(units, list) or not all(
        isinstance(unit, Mapping) and is_unit_id(unit.get("id")) and isinstance(unit.get("name"), str) for unit in units
    ):
        return
    depths = range(1, len(units) + 1)
    expected = [{_group_name(units[:depth], by) for depth in depths} for by in (BY_PATH, BY_ID)]
    if not any(names <= set(groups) for names in expected):
        raise invalid_option(
            "organizational_units",
            f"according to its variables, the host is in the organizational unit {unit_path(units)}, but it is not in all of"
            f" the groups {', '.join(sorted(expected[0]))}, so rules of these groups would not be used",
            "Check the warnings about inventory sources that Ansible failed to parse",
        )


def validate_role_name(role_name: str) -> None:
    """Validate that a string is the name of an IAM role, with or without a path before it.

    :raises Failure: if it is not. The message says what it must be.
    """
    try:
        validate_role_arn("role_name", f"arn:aws:iam::111122223333:role/{role_name}")
    except Failure:
        advice = "It must be a name such as incident-manager-audit, or a path and a name such as audit/incident-manager-audit"
        raise invalid_option("role_name", f"{role_name!r} is not the name of a role", advice) from None


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
