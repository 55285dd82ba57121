# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ssm_incidents_replication_set
version_added: 1.1.0
short_description: Look up the replication set of AWS Systems Manager Incident Manager
description:
  - Returns the same facts as M(incident_manager.aws.ssm_incidents_replication_set_info).
  - The lookup runs inside a template, on the controller. A condition can therefore use the facts without a task before
    it.
  - AWS returns a replication set only from a Region that is in the set. If you do not know the set's Regions, set
    O(search_regions).
  - Every use of the lookup, or of a variable that contains it, calls AWS again. If you use the same facts often, store
    them with M(ansible.builtin.set_fact).
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  _terms:
    description:
      - The ARNs of replication sets.
      - If omitted, the lookup finds the account's own replication set.
      - If the value of C(with_incident_manager.aws.ssm_incidents_replication_set) is an empty list, the lookup finds
        the account's own replication set too. If an empty list must return nothing, use C(loop) and look up each item.
    type: list
    elements: str
  include_tags:
    description:
      - Whether to list the tags too. This requires one more call and the permission
        C(ssm-incidents:ListTagsForResource).
      - Without this permission, the lookup warns, and C(replication_set.tags) is null.
    type: bool
    default: true
  include_keys:
    description:
      - Whether to describe the customer managed KMS keys of the Regions too, in
        C(replication_set.region_map.*.kms_key). This requires the permission C(kms:DescribeKey) and one call for each
        key. The calls run in parallel, each in the key's own Region.
      - If a key can't be described, because the permission is missing or KMS does not respond within 5 seconds, the
        lookup warns, and the facts about the key are null.
    type: bool
    default: false
    version_added: 3.0.0
  on_missing:
    description:
      - What to do if the replication set does not exist, or if the account has none.
      - With V(error), the lookup fails. With V(warn), it leaves the set out of the result and warns. With V(skip), it
        leaves the set out without a warning.
    type: str
    choices: [error, warn, skip]
    default: error
  on_denied:
    description:
      - What to do if access is denied to the replication set, or to the role in O(assume_role_arn) or in the profile.
      - With V(error), the lookup fails. With V(warn), it leaves the set out of the result and warns. With V(skip), it
        leaves the set out without a warning.
    type: str
    choices: [error, warn, skip]
    default: error
extends_documentation_fragment:
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - incident_manager.aws.client
  - amazon.aws.assume_role.plugins
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
seealso:
  - module: incident_manager.aws.ssm_incidents_replication_set_info
  - module: incident_manager.aws.ssm_incidents_replication_set_audit
  - ref: ansible_collections.incident_manager.aws.docsite.guide_asserting
    description: Conditions for common questions.
"""

EXAMPLES = r"""
# The credentials come from the environment here. The lookup also has options for them, such as profile and assume_role_arn.

- name: Assert that the replication set exists, is active, and is protected from deletion
  ansible.builtin.assert:
    that:
      - incident_manager.replication_set.status == 'ACTIVE'
      - incident_manager.replication_set.deletion_protected
  vars:
    incident_manager: "{{ lookup('incident_manager.aws.ssm_incidents_replication_set', region='eu-west-1', include_tags=false) }}"

- name: Assert that the account has no replication set
  ansible.builtin.assert:
    that: >-
      query('incident_manager.aws.ssm_incidents_replication_set', region='eu-west-1', on_missing='skip') | length == 0

- name: Show one replication set whose Regions are not known
  ansible.builtin.debug:
    msg: "{{ lookup('incident_manager.aws.ssm_incidents_replication_set', arn, region='eu-west-1', search_regions='all') }}"
  vars:
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57

- name: Show each replication set in a list that may be empty
  ansible.builtin.debug:
    msg: "{{ lookup('incident_manager.aws.ssm_incidents_replication_set', item, region='eu-west-1') }}"
  loop: "{{ arns }}"
  vars:
    arns:
      - arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57

- name: Show the replication set of another account, with a role in that account
  ansible.builtin.debug:
    msg: "{{ lookup('incident_manager.aws.ssm_incidents_replication_set', region='eu-west-1', assume_role_arn=role) }}"
  vars:
    role: arn:aws:iam::111122223333:role/incident-manager-audit
"""

RETURN = r"""
_list:
  description:
    - The result of M(incident_manager.aws.ssm_incidents_replication_set_info) for each term, or for the account.
    - C(exists) is always V(true). C(region) is the Region that returned the result. C(replication_set) has the facts of
      the set.
  type: list
  elements: dict
  sample:
    - exists: true
      region: us-east-1
      replication_set:
        arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
        created_by: arn:aws:sts::111122223333:assumed-role/Admin/username
        created_time: "2021-05-14T17:57:22.010000+00:00"
        deletion_protected: false
        last_modified_by: arn:aws:sts::111122223333:assumed-role/Admin/username
        last_modified_time: "2021-05-14T17:57:22.010000+00:00"
        region_map:
          us-east-1:
            kms_key:
              custom_key_store_id: null
              deletion_date: null
              enabled: true
              key_manager: CUSTOMER
              key_spec: SYMMETRIC_DEFAULT
              key_state: Enabled
              key_usage: ENCRYPT_DECRYPT
              origin: AWS_KMS
            sse_kms_key_id: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
            status: ACTIVE
            status_message: null
            status_update_date_time: null
        status: ACTIVE
        tags: {}
"""

from functools import partial
from typing import Any, Mapping, Sequence

from ansible_collections.incident_manager.aws.plugins.plugin_utils import _amazon_aws  # noqa: F401  # pylint: disable=unused-import
from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_role_arn
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import (
    Connection,
    connect,
    validate_credentials,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ACCOUNT_MISMATCH,
    DENIED_ERRORS,
    NO_REPLICATION_SET,
    NOT_FOUND,
    ON_CONTROLLER,
    Failure,
    as_failure,
    validate_names,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import transportable
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    validate_search,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import get_facts

# The option that decides what to do with a failure.
_OPTION_BY_ERROR_CODE = {
    NOT_FOUND: "on_missing",
    NO_REPLICATION_SET: "on_missing",
    **dict.fromkeys(DENIED_ERRORS, "on_denied"),
}


class LookupModule(AWSLookupBase):
    def run(
        self, terms: Sequence[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return the facts about each replication set that is found.

        :param terms: ARNs; none for the account's own set.
        :raises AnsibleLookupError: if an option can't be used, and for every failure that no option covers.
        """
        self._validate_options(kwargs)
        super().run(terms, variables, **kwargs)
        # No term is not the same as an empty list.
        arns = self._flatten(terms) if terms else [None]
        if terms and None in arns:
            raise AnsibleLookupError(
                "A term is null. Specify the ARN of a replication set, or no term for the account's own replication set."
            )
        self._connection: Connection | None = None
        found = []
        for arn in arns:
            failure = None
            try:
                found.append(self._look_up(arn))
            except Exception as error:
                failure = as_failure(error)
            # After the except block, because inside it ansible-core would report the failure twice.
            if failure:
                self._handle_error(failure)
        return found

    def _handle_error(self, failure: Failure) -> None:
        """Fail, warn or do nothing, depending on the options."""
        mask = self._connection.mask if self._connection else None
        message = failure.describe(ON_CONTROLLER, mask)
        # What the service says about an ARN of another account.
        denial = failure.__cause__ if failure.code == ACCOUNT_MISMATCH else None
        option = _OPTION_BY_ERROR_CODE.get(getattr(denial, "code", failure.code))
        reaction = self.get_option(option) if option else "error"
        if reaction == "error":
            raise AnsibleLookupError(message)
        if reaction == "warn":
            self.warn(f"A replication set is left out of the result. {message}")

    def _look_up(self, arn: str | None) -> dict[str, Any]:
        search_regions = self.get_option("search_regions")
        validate_search(arn, search_regions)
        validate_role_arn("assume_role_arn", self.get_option("assume_role_arn"))
        if not self._connection:
            self._connection = connect(self.get_options(), partial(get_aws_connection_info, self), SEARCH_DEFAULTS)
        include_tags, include_keys = (self.get_option(name) for name in ("include_tags", "include_keys"))
        facts = get_facts(self._connection, arn, search_regions, include_tags, self.warn, include_keys)
        if not facts["exists"]:
            raise Failure(
                "Failed to find the account's replication set",
                code=NO_REPLICATION_SET,
                reason=f"according to Region {facts['region']}, the account has none",
                advice="If this is not an error, set on_missing to warn or skip.",
            )
        return transportable(self._connection.mask(facts))

    def _validate_options(self, given: Mapping[str, Any]) -> None:
        """Validate that all options exist, because Ansible ignores others, and that no credentials are empty."""
        definitions = constants.config.get_configuration_definitions("lookup", self._load_name)
        aliases = {option: spec.get("aliases", []) for option, spec in definitions.items()}
        # wantlist is an option of ansible-core, which 2.18 and older pass on to the lookup.
        known = {"wantlist", *(name for option, others in aliases.items() for name in (option, *others))}
        try:
            validate_names(given, known, "an option of this lookup")
            validate_credentials(given, aliases)
        except Failure as error:
            raise AnsibleLookupError(error.describe(ON_CONTROLLER)) from None
