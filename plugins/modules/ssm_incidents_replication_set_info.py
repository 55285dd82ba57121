#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_replication_set_info
version_added: 1.0.0
short_description: Gather facts about the replication set of AWS Systems Manager Incident Manager
description:
  - Returns the facts about an account's replication set, the resource that contains all of the account's Incident Manager
    data.
  - The facts show whether the set exists, whether the set is active in every Region, which KMS key encrypts each
    Region, whether deletion protection is on, and which tags the set has.
  - The facts about a set always have the same keys, so that a condition does not fail because a key is missing. If the
    service does not return a value, the value is null.
  - AWS returns a replication set only from a Region that is in the set. If you do not know the set's Regions, set
    O(search_regions).
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  arn:
    description:
      - The ARN of the replication set, such as
        V(arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57).
      - If set, the module gets exactly this set, and fails if the set is not found.
      - If omitted, the module finds the account's own replication set. If the account has none, the module succeeds
        with RV(exists=false).
    type: str
  include_tags:
    description:
      - Whether to list the tags too. This requires one more call and the permission
        C(ssm-incidents:ListTagsForResource).
      - Without this permission, the module warns, and RV(replication_set.tags) is null.
    type: bool
    default: true
  include_keys:
    description:
      - Whether to describe the customer managed KMS keys of the Regions too, in RV(replication_set.region_map.kms_key).
        This requires the permission C(kms:DescribeKey) and one call for each key. The calls run in parallel, each in
        the key's own Region.
      - If a key can't be described, because the permission is missing or KMS does not respond within 5 seconds, the
        module warns, and the facts about the key are null.
    type: bool
    default: false
    version_added: 3.0.0
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.info_module
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - name: Incident Manager User Guide, the replication set
    description: What a replication set is, and how to manage it in the console.
    link: https://docs.aws.amazon.com/incident-manager/latest/userguide/replication.html
  - name: GetReplicationSet
    description: The API operation that returns the facts.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_GetReplicationSet.html
"""

EXAMPLES = r"""
# The credentials come from the environment here, or from module_defaults.

- name: Gather the facts about the account's replication set
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
  register: incident_manager

- name: Assert that the set exists, is active in every Region, and is protected from deletion
  ansible.builtin.assert:
    that:
      - incident_manager.exists
      - incident_manager.replication_set.status == 'ACTIVE'
      - incident_manager.replication_set.region_map.values() | rejectattr('status', 'eq', 'ACTIVE') | length == 0
      - incident_manager.replication_set.deletion_protected

- name: Gather the facts about one replication set whose Regions are not known
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    search_regions: all

- name: Search two more Regions, and do not list the tags
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    search_regions:
      - eu-central-1
      - us-east-1
    include_tags: false

- name: Gather the facts about the replication set and its KMS keys
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    include_keys: true

- name: Wait until the replication set is active
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    include_tags: false
  register: incident_manager
  until: incident_manager is failed or incident_manager.replication_set.status | default('') in ['ACTIVE', 'FAILED']
  retries: 60
  delay: 30
"""

RETURN = r"""
exists:
  description:
    - Whether there is a replication set.
    - V(false) only if O(arn) is omitted and the account has none.
  returned: success
  type: bool
  sample: true
region:
  description: The Region that returned the result.
  returned: success
  type: str
  sample: us-east-1
replication_set:
  description: The facts about the replication set; V({}) if there is none.
  returned: success
  type: dict
  contains:
    arn:
      description: The ARN of the set. It does not contain a Region.
      returned: if there is a replication set
      type: str
      sample: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    created_by:
      description: The ARN of the principal that created the set.
      returned: if there is a replication set
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/Admin/username
    created_time:
      description: When the set was created, in ISO 8601 format and in UTC.
      returned: if there is a replication set
      type: str
      sample: "2021-05-14T17:57:22.010000+00:00"
    deletion_protected:
      description: Whether deletion protection is on. While it is on, the last Region, and with it all data, can't be
        deleted.
      returned: if there is a replication set
      type: bool
      sample: false
    last_modified_by:
      description: The ARN of the principal that last changed the set.
      returned: if there is a replication set
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/Admin/username
    last_modified_time:
      description: When the set was last changed, in ISO 8601 format and in UTC.
      returned: if there is a replication set
      type: str
      sample: "2021-05-14T17:57:22.010000+00:00"
    region_map:
      description: The Regions of the set, by name.
      returned: if there is a replication set
      type: dict
      contains:
        kms_key:
          description:
            - The state of the customer managed key that encrypts the data in this Region, as KMS reports it.
            - Null for the AWS owned key, for a key that can't be described, and if the option
              O(incident_manager.aws.ssm_incidents_replication_set_info#module:include_keys) is not V(true).
            - If the key does not exist in KMS, for example because KMS has deleted it,
              RV(replication_set.region_map.kms_key.enabled) is V(false) and all other values are null.
          returned: if there is a replication set
          type: dict
          contains:
            custom_key_store_id:
              description: The custom key store of the key; null if the key is in none. Incident Manager does not
                support custom key stores.
              returned: if there is a replication set
              type: str
              sample: cks-1234567890abcdef0
            deletion_date:
              description: When KMS deletes the key, in ISO 8601 format and in UTC; null unless the deletion is pending.
              returned: if there is a replication set
              type: str
              sample: "2026-12-14T17:57:22.010000+00:00"
            enabled:
              description: Whether the key is enabled.
              returned: if there is a replication set
              type: bool
              sample: true
            key_manager:
              description: The manager of the key; V(CUSTOMER) for a customer managed key.
              returned: if there is a replication set
              type: str
              sample: CUSTOMER
            key_spec:
              description: The key spec. Incident Manager supports V(SYMMETRIC_DEFAULT).
              returned: if there is a replication set
              type: str
              sample: SYMMETRIC_DEFAULT
            key_state:
              description: The key state, such as V(Enabled), V(Disabled) or V(PendingDeletion).
              returned: if there is a replication set
              type: str
              sample: Enabled
            key_usage:
              description: The key usage. Incident Manager supports V(ENCRYPT_DECRYPT).
              returned: if there is a replication set
              type: str
              sample: ENCRYPT_DECRYPT
            origin:
              description: The origin of the key material. Incident Manager supports V(AWS_KMS).
              returned: if there is a replication set
              type: str
              sample: AWS_KMS
        sse_kms_key_id:
          description:
            - The ARN of the KMS key that encrypts the data in this Region.
            - V(DefaultKey) is the AWS owned key.
          returned: if there is a replication set
          type: str
          sample: DefaultKey
        status:
          description: The status of the Region, one of V(ACTIVE), V(CREATING), V(DELETING) and V(FAILED).
          returned: if there is a replication set
          type: str
          sample: ACTIVE
        status_message:
          description: The message of the service about the status; null if there is none. An active Region can also
            have a message.
          returned: if there is a replication set
          type: str
          sample: Tagging inaccessible
        status_update_date_time:
          description: When the status last changed, in ISO 8601 format and in UTC; null if the service does not return
            it.
          returned: if there is a replication set
          type: str
          sample: "2021-05-14T17:57:22.010000+00:00"
      sample:
        us-east-1:
          kms_key: null
          sse_kms_key_id: DefaultKey
          status: ACTIVE
          status_message: null
          status_update_date_time: null
        us-east-2:
          kms_key: null
          sse_kms_key_id: DefaultKey
          status: ACTIVE
          status_message: Tagging inaccessible
          status_update_date_time: null
    status:
      description: The status of the set, one of V(ACTIVE), V(CREATING), V(UPDATING), V(DELETING) and V(FAILED).
      returned: if there is a replication set
      type: str
      sample: ACTIVE
    tags:
      description:
        - The tags of the set. Keys and values keep their case.
        - A key that begins with C(__ansible_) or C(_ansible_) is returned with a backslash before it, because Ansible
          reserves such keys in results.
        - V({}) if there are none. Null if the tags were not requested, or if the caller has no permission to list them.
      returned: if there is a replication set
      type: dict
      sample:
        Team: Resilience
error:
  description: What failed. Codes are changed or removed only in a major release. Any release can add codes.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - If AWS returned the error, AWS's error code, such as V(AccessDeniedException).
        - If an error response has no error code, for example because a proxy sent the response, its HTTP status code,
          such as V(403).
        - If botocore raised the error, the name of botocore's exception, such as V(NoCredentialsError).
        - Otherwise, a code of this collection, one of V(AccountMismatch), V(Interrupted), V(InvalidConfiguration),
          V(InvalidParameter), V(MalformedAnswer), V(MultipleReplicationSets), V(SearchIncomplete) or
          V(UnexpectedError).
        - The page "Error codes" of the collection lists all codes.
      returned: failure
      type: str
      sample: ResourceNotFoundException
    message:
      description: The message of AWS or botocore. For a code of this collection, the message of the failure.
      returned: failure
      type: str
      sample: The replication set was not found
response_metadata:
  description: The metadata of AWS's response, such as RV(response_metadata.http_status_code); V({}) if AWS did not
    respond.
  returned: failure
  type: dict
  contains:
    http_status_code:
      description: The HTTP status code of the response.
      returned: failure, if AWS responded
      type: int
      sample: 404
boto3_version:
  description: The version of boto3, if it is installed.
  returned: failure
  type: str
  sample: 1.44.5
botocore_version:
  description: The version of botocore, if it is installed.
  returned: failure
  type: str
  sample: 1.44.5
"""

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    validate_search,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import get_facts


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "arn": {"type": "str"},
            "search_regions": {"type": "list", "elements": "str", "default": []},
            "include_tags": {"type": "bool", "default": True},
            "include_keys": {"type": "bool", "default": False, "no_log": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    arn, search_regions = params["arn"], params["search_regions"]
    run = ModuleRun(module)
    with run:
        validate_search(arn, search_regions)
        connection = run.connect(SEARCH_DEFAULTS)
        # Not module.warn: amazon.aws 11 passes on its warnings in a way that ansible-core 2.21 deprecates.
        facts = get_facts(connection, arn, search_regions, params["include_tags"], warn, params["include_keys"])
        run.result.update(facts)
    run.exit()


if __name__ == "__main__":
    main()
