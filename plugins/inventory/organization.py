# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: organization
version_added: 4.0.0
short_description: The accounts of an AWS organization as an inventory
description:
  - Lists the accounts of an organization in AWS Organizations. Each account is a host, with the variable
    C(incident_manager_account) that the playbook C(incident_manager.aws.audit) needs.
  - The source is a YAML file whose name ends with C(organization.yml) or C(organization.yaml).
  - The caller must be the management account of the organization or a delegated administrator.
  - Everything is listed before the first host is added. If a call is denied or fails, or if an answer is incomplete, the
    source fails and adds no host. ansible-core only warns about a source that fails. To end the run in this case, set
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) in the environment. The audit also fails if no source has added a host.
  - A warning says which accounts are not in the inventory.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [incident_manager.aws.organization]
  role_name:
    description:
      - The name of the role that an audit assumes in each account, for example V(incident-manager-audit). If the role has a
        path, put it before the name, for example V(audit/incident-manager-audit).
      - The host's C(incident_manager_account.assume_role_arn) is the ARN of this role in the account.
    type: str
    required: true
  search_regions:
    description:
      - The C(search_regions) of C(incident_manager_account). These are the Regions that an audit searches if O(region) does not
        return the account's replication set.
      - V(all) stands for every Region of the partition in which Incident Manager is available.
    type: list
    elements: str
    default: [all]
  management_account:
    description:
      - What to do with the management account. A service-managed StackSet, which can create the role in the other accounts of
        the organization, does not create it there.
      - V(skip) leaves the account out, and a warning says so.
      - V(caller) adds the account. An audit uses the credentials that list the accounts, with O(profile) and O(assume_role_arn)
        if they are set. The credentials must belong to the management account.
    type: str
    choices: [skip, caller]
    default: skip
  include_inactive:
    description:
      - Whether to add accounts whose state is not C(ACTIVE).
      - If V(false), a warning says how many there are in each state.
    type: bool
    default: false
  include_tags:
    description:
      - Whether to list the tags of each account. This takes one call for each account, ten at a time, and the permission
        C(organizations:ListTagsForResource).
    type: bool
    default: false
  include_email:
    description:
      - Whether to set the variable C(account_email), the address of the account's owner.
    type: bool
    default: false
  hostnames:
    description:
      - What to name the hosts by, in order of preference. The first one for which an account has a value is used.
      - Each is C(account_id), C(account_name), C(account_email) (with O(include_email=true)), or C(tag:KEY) (with
        O(include_tags=true)).
      - Or it is a mapping with C(name), C(prefix) and C(separator), as in the inventory plugins of amazon.aws. C(name) and
        C(prefix) are each one of the above. The separator is C(_) by default.
      - If an account has no value for any of them, or if the list is empty, the host's name is the account's ID.
      - Characters other than letters, digits and C(_.@+-) are replaced by C(_).
      - Two accounts are never merged. If two accounts would have the same name, the source fails. It also fails if a host would
        have the name of a group, or of a host of another source that is another account. Names of accounts are not unique, so
        add the ID as a prefix if you name the hosts by them.
    type: list
    elements: raw
    default: []
  unit_groups:
    description:
      - How to name the groups of the organizational units. Each unit that has an account, directly or in a unit below it, is a
        group. The group of a unit is a child of the group of the unit that it is in.
      - V(path) names a group by the names of the units from the root to this one, for example C(ou_Workloads__Production) for
        the unit C(Production) in the unit C(Workloads). Characters other than letters, digits and C(_) are replaced by C(_).
        Two units of the same name in different places have different groups. If two units would share a group, the source fails.
      - V(id) names a group by the ID of the unit, for example C(ou_ab12_34cd56ef). The ID stays the same if the unit is renamed.
      - An account that is in the root, and in no unit, is in none of these groups.
    type: str
    choices: [path, id]
    default: path
extends_documentation_fragment:
  - incident_manager.aws.requirements
  - inventory_cache
  - constructed
  - amazon.aws.assume_role.plugins
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
notes:
  - O(region) is the C(region) of each C(incident_manager_account). AWS Organizations itself is a global service.
  - O(profile) is the C(profile) of each C(incident_manager_account). Access keys in the source are not, because variables of hosts
    are not secret. Without a profile, an audit uses the credentials in the environment of C(ansible-playbook).
  - Each host has the variables C(account_id), C(account_arn), C(account_name), C(account_state), C(account_joined_method),
    C(account_joined_timestamp), C(organization_id), C(organizational_units), C(organizational_unit_path) and
    C(incident_manager_account), and C(account_tags) and C(account_email) if you ask for them. C(organizational_units) is the list of
    the units from the root to the account, each with C(id) and C(name).
  - C(account_state) is the account's C(State), or its C(Status) if AWS does not return C(State). AWS announced the end of
    C(Status) for 9 September 2026. If AWS returns C(State) only, and the installed botocore is too old to know it, the source fails.
  - Names and tags come from AWS and are never evaluated as templates.
  - If several sources list several organizations, their units of the same name share a group. Use O(unit_groups=id) then.
  - An older botocore does not know C(State) and uses C(Status), even if AWS returns both.
  - The cache has the list of accounts and no credentials. Before it is used, one call of ListAccounts checks that the caller's
    organization is the one in the cache. A cache without the tags or e-mail addresses that you ask for is not used either. An account
    that joins the organization is missing until the cache expires, or until you use C(--flush-cache).
  - Connecting to AWS times out after 10 seconds, and reading an answer after 20 seconds. A call without a response is made twice. A call that
    AWS throttles is retried up to ten times, with increasing delays.
seealso:
  - module: incident_manager.aws.ssm_incidents_replication_set_audit
  - ref: ansible_collections.incident_manager.aws.docsite.guide_auditing
    description: Auditing the accounts of an organization.
  - ref: ansible_collections.incident_manager.aws.docsite.guide_permissions
    description: The smallest policy for the caller.
"""

EXAMPLES = r"""
# accounts.organization.yml. These three options are sufficient.
plugin: incident_manager.aws.organization
region: eu-west-1
role_name: incident-manager-audit

# List the accounts as this role, in the management account. Audit the management account as this role too.
assume_role_arn: arn:aws:iam::111122223333:role/organization-reader
management_account: caller

# Name the hosts by the accounts' IDs and names, for example 444455556666-payments.
hostnames:
  - name: account_name
    prefix: account_id
    separator: "-"

# Besides the groups of the organizational units: a group for each value of a tag, and a group by a condition.
include_tags: true
keyed_groups:
  - key: account_tags.Environment
    prefix: environment
groups:
  invited: account_joined_method == 'INVITED'

# Cache the list for an hour.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/organization
cache_timeout: 3600
"""

from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from ansible import constants, template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_role_arn
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import (
    Connection,
    connect,
    validate_credentials,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    MISSING_LIBRARY,
    ON_CONTROLLER,
    AnsibleSSMIncidentsError,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import printable
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.accounts import (
    HOSTNAMES_ADVICE,
    group_names,
    host_account,
    host_names,
    is_organization,
    selected_accounts,
    unit_path,
    validate_hostnames,
    validate_role_name,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.api import (
    SERVICE,
    get_organization_id,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.listing import (
    LISTING_DEFAULTS,
    list_organization,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.search import validate_search

if TYPE_CHECKING:
    from botocore.client import BaseClient

# A cache of another version of this plugin is not used if its data differs.
_CACHE_FORMAT = "1"

# What the connection is made of, besides what get_aws_connection_info() reads.
_KEY_OPTIONS = ("access_key", "secret_key", "session_token")
_CREDENTIAL_OPTIONS = (*_KEY_OPTIONS, "profile", "assume_role_arn")


class InventoryModule(AWSInventoryBase):
    NAME = "incident_manager.aws.organization"
    INVENTORY_FILE_SUFFIXES = ("organization.yml", "organization.yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the accounts of the organization to the inventory: all that are asked for, or none.

        :raises AnsibleError: for an option that can't be used, and for every failure.
        """
        self._connection: Connection | None = None
        self._cache_key_suffix = ""
        message = ""
        try:
            super().parse(inventory, loader, path, cache)
            self._validate_options()
            self._connection = self._connect()
            organization = self._get_organization(self._connection.client(SERVICE), path, cache)
            # All or nothing: an inventory of its own takes the hosts until it is known that all can be added.
            self.inventory = InventoryData()
            self._add_accounts(organization, self._common_options(self._connection))
            _validate_no_merge(self.inventory, inventory)
            _copy(self.inventory, inventory)
        except AnsibleError as error:
            # Ansible's own, from the file or a template.
            message = self._mask(_without_credentials(printable(error.message)))
        except Exception as error:
            message = printable(as_failure(error).describe(ON_CONTROLLER, self._mask))
        # Out of the except blocks, so that no traceback has what botocore raised.
        self.inventory = inventory
        if message:
            raise AnsibleParserError(message)

    def get_cache_key(self, path: str) -> str:
        """Return the key of the source's data in the cache: another one for another organization, or other data."""
        return f"{super().get_cache_key(path)}{self._cache_key_suffix}"

    def require_aws_sdk(self, *versions: Any, **more_versions: Any) -> Any:
        try:
            return super().require_aws_sdk(*versions, **more_versions)
        except AnsibleBotocoreError as error:
            raise AnsibleSSMIncidentsError("Failed to load boto3", code=MISSING_LIBRARY, cause=error) from error

    def _read_config_data(self, path: str) -> Any:
        """Return the source's options. Raises an error for one that is not known, or that is empty and must not be."""
        try:
            config = super()._read_config_data(path)
        except AttributeError:
            # ansible-core's check, which comes too late.
            raise AnsibleParserError(f"The inventory source {path} must be a mapping of options.") from None
        definitions = constants.config.get_configuration_definitions("inventory", self._load_name)
        aliases = {option: spec.get("aliases", []) for option, spec in definitions.items()}
        known = {name for option, others in aliases.items() for name in (option, *others)}
        for name in map(str, config):
            if name not in known:
                similar = "".join(f"Did you mean {other}?" for other in get_close_matches(name, known, 1))
                raise invalid_option(name, "this is not an option of this inventory plugin", similar)
        validate_credentials(config, aliases)
        return config

    def _set_frozen_credentials(self) -> None:
        """Nothing: the connection assumes the role, with the messages of this collection."""

    def _mask(self, text: str) -> str:
        return str(self._connection.mask(text)) if self._connection else text

    def _validate_options(self) -> None:
        validate_role_arn("assume_role_arn", self.get_option("assume_role_arn"))
        validate_role_name(self.get_option("role_name"))
        validate_search(None, self.get_option("search_regions"))
        validate_hostnames(
            self.get_option("hostnames"), self.get_option("include_tags"), self.get_option("include_email")
        )

    def _connect(self) -> Connection:
        options = {name: self.get_option(name) for name in _CREDENTIAL_OPTIONS}
        return connect(options, partial(get_aws_connection_info, self), LISTING_DEFAULTS)

    def _get_organization(self, client: BaseClient, path: str, cache: bool) -> Mapping[str, Any]:
        """Return the organization of the caller, from AWS or from the cache: see list_organization()."""
        include_tags, include_email = self.get_option("include_tags"), self.get_option("include_email")
        organization_id = None
        if self.get_option("cache"):
            organization_id = get_organization_id(client)
            parts = [_CACHE_FORMAT, str(organization_id), "tags" * include_tags, "email" * include_email]
            self._cache_key_suffix = "".join(f"_{part}" for part in parts if part)
        if organization_id:
            is_cached, cached = self.get_cached_result(path, cache)
            # What is in the cache may be damaged, or written by somebody else.
            if is_cached and is_organization(cached, organization_id):
                return cached
        organization = list_organization(client, include_tags, include_email)
        if organization_id == organization["id"]:
            self.update_cached_result(path, cache, organization)
        return organization

    def _add_accounts(self, organization: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        """Add hosts and groups.

        :param common: what incident_manager_account is made of for every account.
        """
        accounts, reasons = selected_accounts(
            organization, self.get_option("management_account"), self.get_option("include_inactive")
        )
        groups = group_names(accounts, self.get_option("unit_groups"))
        names = host_names(accounts, self.get_option("hostnames"), groups.values())
        role_name, caller_role = self.get_option("role_name"), self.get_option("assume_role_arn")
        for account in accounts:
            account_id = account["account_id"]
            variables = {
                **_as_data(account),
                "organization_id": organization["id"],
                "organizational_unit_path": _as_data(unit_path(account["organizational_units"])),
                "incident_manager_account": host_account(organization, account_id, role_name, common, caller_role),
            }
            host, units = names[account_id], [groups[unit["id"]] for unit in account["organizational_units"]]
            try:
                self._add_host(host, variables, units)
            except Exception as error:
                text = error.message if isinstance(error, AnsibleError) else str(error)
                raise AnsibleParserError(
                    f"Failed to add the account {account_id} as the host {host}: {text}. Check compose, groups, keyed_groups and"
                    " hostnames, or set strict: false."
                ) from None
        if reasons:
            number = len(organization["accounts"])
            message = (
                f"The inventory leaves out {number - len(accounts)} of the {number} accounts of the organization"
                f" {organization['id']}: {', and '.join(reasons)}."
            )
            self.warn(printable(message))

    def _add_host(self, host: str, variables: Mapping[str, Any], groups: Sequence[str]) -> None:
        """Add a host to the last of these groups, each of which is in the one before it."""
        self.inventory.add_host(host)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        for group in groups:
            self.inventory.add_group(group)
        for outer, inner in zip(groups, [*groups[1:], host]):
            self.inventory.add_child(outer, inner)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict)

    def _common_options(self, connection: Connection) -> dict[str, Any]:
        """Return what every account's incident_manager_account has."""
        common = {"region": connection.region, "search_regions": list(self.get_option("search_regions"))}
        profile = self.get_option("profile")
        # Next to a profile, keys in the environment would be refused.
        return {**common, **({"profile": profile, **dict.fromkeys(_KEY_OPTIONS, "")} if profile else {})}


def _validate_no_merge(added: Any, inventory: Any) -> None:
    """Validate that each host that is added stays one of its own.

    :param added: the inventory of the hosts to add.
    :param inventory: the inventory that other sources have filled.
    :raises AnsibleSSMIncidentsError: if a host has the name of a group, or of another account's host.
    """
    for name, host in added.hosts.items():
        other = inventory.hosts[name].vars.get("account_id") if name in inventory.hosts else None
        account_id = host.vars["account_id"]
        if name in added.groups or name in inventory.groups:
            problem = f"the account {account_id} would be the host {name!r}, but there is a group of this name"
        elif other not in (None, account_id):
            problem = f"the account {account_id} would be the host {name!r}, which is the account {other} already"
        else:
            continue
        raise invalid_option("hostnames", problem, HOSTNAMES_ADVICE)


def _copy(added: Any, inventory: Any) -> None:
    """Add the hosts, their variables and their groups to the inventory."""
    for name, host in added.hosts.items():
        inventory.add_host(name)
        for variable, value in host.vars.items():
            inventory.set_variable(name, variable, value)
    for name in added.groups:
        inventory.add_group(name)
    for name, group in added.groups.items():
        for child in [*group.child_groups, *group.hosts]:
            inventory.add_child(name, child.name)


def _without_credentials(message: str) -> str:
    """Return a message of ansible-core about an option, without the value if that is a secret."""
    for option in _KEY_OPTIONS:
        if f"'{option}'" in message or f"setting: {option} " in message:
            return f"{option}: this is not a text. Set a text, or omit the option."
    return message


def _as_data(value: Any) -> Any:
    """Return what AWS returns so that Ansible does not template it: whoever names an account must not run code here.

    ansible-core 2.19 and newer trust no text that comes from a plugin. Older ones template every text with a brace.
    """
    if hasattr(template, "trust_as_template"):
        return value
    if isinstance(value, Mapping):
        return {_as_data(key): _as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
