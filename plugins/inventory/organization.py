# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: organization
version_added: 4.0.0
short_description: The accounts of an AWS organization as an inventory
description:
  - Lists the accounts of an organization in AWS Organizations. Each account is a host. The host has the variable
    C(incident_manager_account), which the playbook C(incident_manager.aws.audit) needs.
  - The source is a YAML file whose name ends with C(.yml) or C(.yaml).
  - The caller must be the management account of the organization or a delegated administrator.
  - The plugin lists everything before it adds the first host. If a call is denied or fails, or if a response is
    incomplete, the source fails and adds no hosts. ansible-core only warns about a source that fails. To end the run in
    this case, set C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) in the environment. The audit also fails if no
    source has added a host.
  - If the plugin leaves out accounts, it warns, and the warning says how many accounts are left out and why.
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
      - The name of the role that an audit assumes in each account, for example V(incident-manager-audit). If the role
        has a path, put it before the name, for example V(audit/incident-manager-audit).
      - The host's C(incident_manager_account.assume_role_arn) is the ARN of this role in the account.
    type: str
    required: true
  search_regions:
    description:
      - The value of C(search_regions) in C(incident_manager_account). An audit searches these Regions if O(region) does
        not return the account's replication set.
      - V(all) stands for every Region of the partition in which Incident Manager is available.
    type: list
    elements: str
    default: [all]
  management_account:
    description:
      - What to do with the management account. A service-managed StackSet, which can create the role in the other
        accounts of the organization, does not create the role in this account.
      - V(skip) leaves the account out, and the plugin warns.
      - V(caller) adds the account. To audit this account, an audit uses the credentials that list the accounts, with
        O(profile) and O(assume_role_arn) if they are set. The credentials must belong to the management account.
    type: str
    choices: [skip, caller]
    default: skip
  include_inactive:
    description:
      - Whether to add accounts whose state is not C(ACTIVE).
      - If V(false), the plugin leaves these accounts out, and warns how many accounts are in each state.
    type: bool
    default: false
  include_tags:
    description:
      - Whether to list the tags of each account. This takes one call for each account, with up to ten calls at the same
        time, and requires the permission C(organizations:ListTagsForResource).
    type: bool
    default: false
  include_email:
    description:
      - Whether to set the variable C(account_email), the e-mail address of the account's owner.
    type: bool
    default: false
  hostnames:
    description:
      - What to use as the name of a host, in order of preference. The first entry for which an account has a value is
        used.
      - An entry is C(account_id), C(account_name), C(account_email) (with O(include_email=true)), or C(tag:KEY) (with
        O(include_tags=true)).
      - An entry can also be a mapping with C(name), C(prefix) and C(separator), as in the inventory plugins of
        amazon.aws. C(name) and C(prefix) are each one of the values above. The default of C(separator) is C(_).
      - If an account has no value for any entry, or if the list is empty, the host's name is the account's ID.
      - Characters other than letters, digits and C(_.@+-) are replaced with C(_).
      - Two accounts are never merged into one host. If two accounts would have the same host name, the source fails.
        The source also fails if a host would have the name of a group, or the name of another account's host in another
        source. Account names are not unique, so if you use them, add the account ID as a prefix.
    type: list
    elements: raw
    default: []
  unit_groups:
    description:
      - How to name the groups of the organizational units. Each unit that contains an account, directly or in a unit
        below it, has a group. The group of a unit is a child of the group of its parent unit.
      - V(path) names each group after its unit and all units above the unit, for example C(ou_Workloads__Production)
        for the unit C(Production) in the unit C(Workloads). Characters other than letters, digits and C(_) are replaced
        with C(_). Two units with the same name in different places have different groups. If two units would share a
        group, the source fails.
      - V(id) names a group after the ID of the unit, for example C(ou_ab12_34cd56ef). The ID stays the same if the unit
        is renamed.
      - An account in the root, outside all units, is in none of these groups.
    type: str
    choices: [path, id]
    default: path
  strict:
    description:
      - Whether the source fails if an expression in O(compose), O(groups) or O(keyed_groups) can't be evaluated for an
        account, for example because it has no such tag.
      - If V(false), such an expression has no effect, without a warning. A misspelled name then loses variables or
        groups, and with them the rules of an audit. Most other inventory plugins have this default.
    type: bool
    default: true
extends_documentation_fragment:
  - incident_manager.aws.requirements
  - inventory_cache
  - constructed
  - incident_manager.aws.client
  - amazon.aws.assume_role.plugins
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
notes:
  - O(region) is also the C(region) in each C(incident_manager_account). AWS Organizations itself is a global service.
  - O(profile) is also the C(profile) in each C(incident_manager_account). Access keys in the source are not copied
    there, because host variables are not secret. Without a profile, an audit uses the credentials in the environment of
    C(ansible-playbook).
  - O(endpoint_url), O(aws_ca_bundle), O(validate_certs) and O(aws_config) are not copied to C(incident_manager_account).
  - Each host has the variables C(account_id), C(account_arn), C(account_name), C(account_state),
    C(account_joined_method), C(account_joined_timestamp), C(organization_id), C(organizational_units),
    C(organizational_unit_path) and C(incident_manager_account). With O(include_tags=true), each host also has
    C(account_tags). With O(include_email=true), each host also has C(account_email). C(organizational_units) is the
    list of the account's organizational units, from the outermost to the innermost, each with C(id) and C(name).
  - C(account_state) is the account's C(State), or its C(Status) if AWS does not return C(State). AWS announced
    that C(Status) would be removed on 9 September 2026. An older botocore does not know C(State), so the plugin uses
    C(Status), even if AWS returns both. If AWS returns only C(State), and the installed botocore does not know
    C(State), the source fails.
  - Names and tags come from AWS and are never evaluated as templates. A text that consists only of letters, digits,
    spaces and C(_.:/=+@-) is an ordinary string. ansible-core marks every other text as unsafe, and
    C(ansible-inventory --list) shows it as a mapping with the key C(__ansible_unsafe). All texts of C(account_tags) are
    marked if a key of a tag has other characters.
  - The JSON of C(ansible-inventory --list) keeps these marks. An inventory that is exported with C(--yaml) or C(--toml)
    has none, so ansible-core would evaluate account names and tags in it as templates. Do not use such a file as an
    inventory.
  - In C(account_tags), a key that is reserved in ansible-core's JSON, such as C(__ansible_type), has a backslash before
    it. Lone surrogates in names and tags are replaced with U+FFFD.
  - If several sources list different organizations, units with the same name share a group. To avoid this, use
    O(unit_groups=id).
  - The cache contains the list of accounts, but no credentials. Before the plugin uses the cache, it calls ListAccounts
    once to check that the cache belongs to the caller's organization. The plugin does not use a cache that lacks the
    tags or e-mail addresses that the options include. An account that joins the organization is missing until the cache
    expires, and an account that moves stays in the groups of its old units. For an audit, use C(--flush-cache).
  - Connecting to AWS times out after 10 seconds, and reading a response after 20 seconds. A call without a response is
    retried once. A call that AWS throttles is made up to ten times, with increasing delays.
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

# List the accounts as this role, which is in the management account. Audit the management account as this role too.
assume_role_arn: arn:aws:iam::111122223333:role/organization-reader
management_account: caller

# Name each host after the ID and the name of its account, for example 444455556666-payments.
hostnames:
  - name: account_name
    prefix: account_id
    separator: "-"

# In addition to the groups of the organizational units, create a group for each value of a tag, and a group for a
# condition.
include_tags: true
keyed_groups:
  - key: account_tags.Environment | default('none')
    prefix: environment
groups:
  invited: account_joined_method == 'INVITED'

# Cache the list for an hour.
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/organization
cache_timeout: 3600
"""

import json
import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from ansible_collections.incident_manager.aws.plugins.plugin_utils import _amazon_aws  # noqa: F401  # pylint: disable=unused-import
from ansible import constants, template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_role_arn
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import (
    Connection,
    connect,
    validate_credentials,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ON_CONTROLLER,
    as_failure,
    invalid_option,
    validate_names,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import printable, transportable
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.accounts import (
    HOSTNAMES_ADVICE,
    account_ids,
    group_names,
    host_names,
    selected_accounts,
    unit_path,
    validate_cached,
    validate_hostnames,
    validate_role_name,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.api import SERVICE, get_identity
from ansible_collections.incident_manager.aws.plugins.module_utils._organization.listing import (
    LISTING_DEFAULTS,
    list_organization,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import validate_search

if TYPE_CHECKING:
    from botocore.client import BaseClient

# A part of the cache's key. Change it if the format of the cached data changes.
_CACHE_FORMAT = "4"

# ansible-core 2.19 and newer trust no string that a plugin returns. Older versions template every string with a brace.
_TRUSTS_TEXTS = hasattr(template, "trust_as_template")

# The options of the connection that get_aws_connection_info() does not read.
_KEY_OPTIONS = ("access_key", "secret_key", "session_token")
_CREDENTIAL_OPTIONS = (*_KEY_OPTIONS, "profile", "assume_role_arn")


class InventoryModule(AWSInventoryBase):
    NAME = "incident_manager.aws.organization"
    # ansible-core's plugin auto reads the option plugin in files with these names.
    INVENTORY_FILE_SUFFIXES = (".yml", ".yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the selected accounts of the organization to the inventory. If one of them can't be added, add no host.

        :raises AnsibleError: if an option can't be used, and for every other failure.
        """
        self._connection: Connection | None = None
        self._cache_key_suffix = ""
        message = ""
        hosts = set(inventory.hosts)
        try:
            super().parse(inventory, loader, path, cache)
            self._validate_options()
            self._connection = self._connect()
            organization = self._get_organization(self._connection.client(SERVICE), path, cache)
            self._add_accounts(organization, self._common_options(self._connection))
        except AnsibleError as error:
            # Ansible raised it, for example for the file or a template.
            message = self._mask(printable(error.message))
        except Exception as error:
            message = printable(as_failure(error).describe(ON_CONTROLLER, self._mask))
        # Raised outside of the except blocks, so that no traceback contains botocore's exception.
        if message:
            for name in set(inventory.hosts) - hosts:
                inventory.remove_host(inventory.hosts[name])
            raise AnsibleParserError(message)

    def get_cache_key(self, path: str) -> str:
        """Return the key of the source's data in the cache. It depends on the organization and on what is listed."""
        return f"{super().get_cache_key(path)}{self._cache_key_suffix}"

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Set the options of the source. Raises an error for an unknown one, before ansible-core reports a missing one."""
        names = [name for option, others in self._aliases().items() for name in (option, *others)]
        validate_names(direct or {}, names, "an option of this inventory plugin")
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _read_config_data(self, path: str) -> Any:
        """Return the source's options. Raises an error if an option for credentials is empty, as it is or as a template."""
        try:
            config = super()._read_config_data(path)
        except AttributeError:
            # ansible-core checks too late that the source is a mapping.
            raise AnsibleParserError(f"The inventory source {path} must be a mapping of options.") from None
        aliases = self._aliases()
        given = {
            # For an option that is null, get_option() would return the value of an environment variable.
            name: config[name] and self.get_option(option)
            for option in (*_CREDENTIAL_OPTIONS, "region")
            for name in (option, *aliases[option])
            if name in config
        }
        validate_credentials(given, aliases)
        return config

    def _aliases(self) -> dict[str, list[str]]:
        """Return the aliases of each option."""
        definitions = constants.config.get_configuration_definitions("inventory", self._load_name)
        return {option: spec.get("aliases", []) for option, spec in definitions.items()}

    def _set_frozen_credentials(self) -> None:
        """Do nothing: the connection assumes the role, with this collection's messages."""

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
        options = {name: self.get_option(name) for name in (*_CREDENTIAL_OPTIONS, "aws_config")}
        return connect(options, partial(get_aws_connection_info, self), LISTING_DEFAULTS)

    def _get_organization(self, client: BaseClient, path: str, cache: bool) -> Mapping[str, Any]:
        """Return the organization of the caller, from AWS or from the cache: see list_organization()."""
        included = self.get_option("include_tags"), self.get_option("include_email")
        identity = get_identity(client) if self.get_option("cache") else None
        if not identity:
            return list_organization(client, *included)
        parts = [_CACHE_FORMAT, identity.organization_id, "tags" * included[0], "email" * included[1]]
        self._cache_key_suffix = "".join(f"_{part}" for part in parts if part)
        # Whatever is wrong with the cache, AWS has the data.
        with suppress(Exception):
            is_cached, cached = self.get_cached_result(path, cache)
            if is_cached:
                organization = json.loads(cached["organization"])
                validate_cached(organization, identity, dict(zip(("account_tags", "account_email"), included)))
                return dict(organization)
        organization = list_organization(client, *included)
        # As one text, because some keys of tags have a meaning in ansible-core's JSON.
        self._cache[self.get_cache_key(path)] = {"organization": json.dumps(organization)}
        return organization

    def _add_accounts(self, organization: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        """Add hosts and groups.

        :param common: the options that incident_manager_account has for every account.
        """
        accounts, reasons = selected_accounts(
            organization, self.get_option("management_account"), self.get_option("include_inactive")
        )
        groups = group_names(accounts, self.get_option("unit_groups"))
        for name in groups.values():
            if name in self.inventory.hosts:
                raise invalid_option(
                    "unit_groups", f"the group {name!r} would have the name of a host", HOSTNAMES_ADVICE
                )
        names = host_names(accounts, self.get_option("hostnames"), [*groups.values(), *self.inventory.groups])
        role_name, caller_role = self.get_option("role_name"), self.get_option("assume_role_arn")
        for account in accounts:
            account_id = account["account_id"]
            role = caller_role
            if account_id != organization["management_account_id"]:
                role = f"arn:{organization['partition']}:iam::{account_id}:role/{role_name}"
            options = {**common, "account_id": account_id, **({"assume_role_arn": role} if role else {})}
            variables = {
                **account,
                "organization_id": organization["id"],
                "organizational_unit_path": unit_path(account["organizational_units"]),
                "incident_manager_account": options,
            }
            variables = _as_data(transportable(variables))
            host, units = names[account_id], [groups[unit["id"]] for unit in account["organizational_units"]]
            self._validate_no_merge(host, account_id)
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
        """Add a host to the last of these groups, and each group to the one before it."""
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
        if _TRUSTS_TEXTS:
            composed = self.inventory.hosts[host].vars
            composed.update({name: _as_data(composed[name]) for name in self.get_option("compose") if name in composed})
        if host in self.inventory.groups:
            raise AnsibleParserError("a group has this name")

    def _validate_no_merge(self, name: str, account_id: str) -> None:
        """Validate that another source has no host of this name for another account. Raises Failure."""
        host = self.inventory.hosts.get(name)
        others = account_ids(host.vars) - {account_id} if host else set()
        if others:
            raise invalid_option(
                "hostnames",
                f"the account {account_id} would have the host name {name!r}, but the account {min(others)} already has it",
                HOSTNAMES_ADVICE,
            )

    def _common_options(self, connection: Connection) -> dict[str, Any]:
        """Return the options that incident_manager_account has for every account."""
        common = {"region": connection.region, "search_regions": list(self.get_option("search_regions"))}
        profile = self.get_option("profile")
        # Empty keys, because a profile together with keys in the environment would be rejected.
        return {**common, **({"profile": profile, **dict.fromkeys(_KEY_OPTIONS, "")} if profile else {})}


def _as_data(value: Any) -> Any:
    """Return data in a form that Ansible never evaluates as a template, so that an account's name can't run code.

    ansible-core marks texts that are no templates. ansible-inventory --list shows a mark as a mapping. So that most values are
    texts there, a text of letters, digits, spaces and _.:/=+@- has no mark: it is no template, and no expression that calls
    anything, in whatever way a playbook uses it. ansible-core 2.18 and older look for the mark only at the values of a mapping.
    """
    if isinstance(value, Mapping) and all(map(_is_plain, value)):
        return {key: _as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    return _without_mark(value) if _is_plain(value) else wrap_var(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w .:/=+@-]*", value) is not None


def _without_mark(text: str) -> Any:
    # ansible-core 2.19 and newer mark every text that is not trusted.
    return template.trust_as_template(text) if _TRUSTS_TEXTS else text
