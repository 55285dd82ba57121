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
  - Returns the facts of an account's replication set, the one resource that holds all of Incident Manager's data.
    Is it there, is it active in every Region, which KMS key encrypts each Region, is deletion protection on, how is it tagged.
  - What is returned has always the same shape. What the service leaves out is null, so that a condition never fails over
    a missing key.
  - The service answers for a replication set only from a Region that is in the set. Set O(search_regions) where that
    Region is not known.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  arn:
    description:
      - The ARN of the replication set, such as
        V(arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57).
      - Given, exactly this set is asked for, and the module fails where it is not found.
      - Omitted, the account's own replication set is found. The module succeeds with RV(exists=false) where the account has none.
    type: str
  include_tags:
    description:
      - Whether to list the tags as well, which takes one more call and the permission C(ssm-incidents:ListTagsForResource).
      - Without that permission the module warns, and RV(replication_set.tags) is null.
    type: bool
    default: true
  include_keys:
    description:
      - Whether to describe the customer managed KMS keys of the Regions as well, RV(replication_set.region_map.kms_key). That
        takes the permission C(kms:DescribeKey) and one call for each of them, all side by side, each in its own Region.
      - A key that can't be described, for want of that permission or because KMS has not answered within 5 seconds, is a
        warning, and its facts are null.
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
    description: What a replication set is, and what happens to it in the console.
    link: https://docs.aws.amazon.com/incident-manager/latest/userguide/replication.html
  - name: GetReplicationSet
    description: The API operation underneath.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_GetReplicationSet.html
"""

EXAMPLES = r"""
# Credentials and Region come from the environment here, or from module_defaults.

- name: Gather the facts of the account's replication set
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
  register: incident_manager

- name: It is there, active in every Region, and can't be deleted by mistake
  ansible.builtin.assert:
    that:
      - incident_manager.exists
      - incident_manager.replication_set.status == 'ACTIVE'
      - incident_manager.replication_set.region_map.values() | rejectattr('status', 'eq', 'ACTIVE') | length == 0
      - incident_manager.replication_set.deletion_protected

- name: Gather the facts of one replication set, wherever it is
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    search_regions: all

- name: Ask two more Regions, and leave the tags out
  incident_manager.aws.ssm_incidents_replication_set_info:
    region: eu-west-1
    search_regions:
      - eu-central-1
      - us-east-1
    include_tags: false

- name: Gather the facts, and those of the KMS keys
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
    - V(false) only where no O(arn) was given and the account has none.
  returned: success
  type: bool
  sample: true
region:
  description: The Region that answered.
  returned: success
  type: str
  sample: us-east-1
replication_set:
  description: The replication set; V({}) if there is none.
  returned: success
  type: dict
  contains:
    arn:
      description: The set's ARN, which names no Region.
      returned: if there is a replication set
      type: str
      sample: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    created_by:
      description: The ARN of who created the set.
      returned: if there is a replication set
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/Admin/username
    created_time:
      description: When the set was created, in ISO 8601 and UTC.
      returned: if there is a replication set
      type: str
      sample: "2021-05-14T17:57:22.010000+00:00"
    deletion_protected:
      description: Whether deletion protection is on, which keeps the last Region, and with it all data, from being deleted.
      returned: if there is a replication set
      type: bool
      sample: false
    last_modified_by:
      description: The ARN of who last changed the set.
      returned: if there is a replication set
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/Admin/username
    last_modified_time:
      description: When the set was last changed, in ISO 8601 and UTC.
      returned: if there is a replication set
      type: str
      sample: "2021-05-14T17:57:22.010000+00:00"
    region_map:
      description: The set's Regions, by name.
      returned: if there is a replication set
      type: dict
      contains:
        kms_key:
          description:
            - What KMS says of the customer managed key that encrypts the data in this Region.
            - Null for the AWS owned key, for a key that can't be described, and if the keys were not asked for, which the
              option O(incident_manager.aws.ssm_incidents_replication_set_info#module:include_keys) does.
            - If KMS has no such key (any more), RV(replication_set.region_map.kms_key.enabled) is V(false) and all others
              are null.
          returned: if there is a replication set
          type: dict
          contains:
            custom_key_store_id:
              description: The custom key store that the key is in, which Incident Manager does not support; null if it is in none.
              returned: if there is a replication set
              type: str
              sample: cks-1234567890abcdef0
            deletion_date:
              description: When KMS deletes the key, in ISO 8601 and UTC; null unless its deletion is pending.
              returned: if there is a replication set
              type: str
              sample: "2026-12-14T17:57:22.010000+00:00"
            enabled:
              description: Whether the key is enabled.
              returned: if there is a replication set
              type: bool
              sample: true
            key_manager:
              description: Who manages the key, V(CUSTOMER) for a customer managed key.
              returned: if there is a replication set
              type: str
              sample: CUSTOMER
            key_spec:
              description: The key's spec. Incident Manager supports V(SYMMETRIC_DEFAULT).
              returned: if there is a replication set
              type: str
              sample: SYMMETRIC_DEFAULT
            key_state:
              description: The key's state, such as V(Enabled), V(Disabled) or V(PendingDeletion).
              returned: if there is a replication set
              type: str
              sample: Enabled
            key_usage:
              description: What the key is for. Incident Manager supports V(ENCRYPT_DECRYPT).
              returned: if there is a replication set
              type: str
              sample: ENCRYPT_DECRYPT
            origin:
              description: Where the key material comes from. Incident Manager supports V(AWS_KMS).
              returned: if there is a replication set
              type: str
              sample: AWS_KMS
        sse_kms_key_id:
          description:
            - The ARN of the KMS key that encrypts the data in this Region.
            - V(DefaultKey) stands for the AWS owned key.
          returned: if there is a replication set
          type: str
          sample: DefaultKey
        status:
          description: The Region's status, one of V(ACTIVE), V(CREATING), V(DELETING) and V(FAILED).
          returned: if there is a replication set
          type: str
          sample: ACTIVE
        status_message:
          description: What the service says about the status; null where it says nothing. An active Region can have one too.
          returned: if there is a replication set
          type: str
          sample: Tagging inaccessible
        status_update_date_time:
          description: When the status last changed, in ISO 8601 and UTC; null where the service leaves it out.
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
      description: The set's status, one of V(ACTIVE), V(CREATING), V(UPDATING), V(DELETING) and V(FAILED).
      returned: if there is a replication set
      type: str
      sample: ACTIVE
    tags:
      description:
        - The set's tags; keys and values keep their case.
        - V({}) where there are none, null where they were not asked for or the caller has no permission to list them.
      returned: if there is a replication set
      type: dict
      sample:
        Team: Resilience
error:
  description: What failed. The codes are part of what this collection promises; a later release may add others.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - AWS's error code, such as V(AccessDeniedException), or the name of botocore's exception, such as V(NoCredentialsError).
        - Or a code of this collection, V(InvalidConfiguration), V(InvalidParameter), V(MalformedAnswer),
          V(MultipleReplicationSets), V(SearchIncomplete) or V(UnexpectedError).
        - A bare HTTP status, such as V(403), if an error came without a code.
        - The README of the collection has a table of all codes.
      returned: failure
      type: str
      sample: ResourceNotFoundException
    message:
      description: The message of AWS or botocore or, for a code of this collection, of the failure.
      returned: failure
      type: str
      sample: The replication set was not found
response_metadata:
  description: What AWS sent with its response, such as RV(response_metadata.http_status_code); V({}) if AWS did not respond.
  returned: failure
  type: dict
  contains:
    http_status_code:
      description: The answer's HTTP status.
      returned: failure, if AWS answered
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
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import get_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.search import (
    SEARCH_DEFAULTS,
    validate_search,
)


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
        # Not module.warn: amazon.aws 11 passes its warnings on in a way that ansible-core 2.21 deprecates.
        facts = get_facts(connection, arn, search_regions, params["include_tags"], warn, params["include_keys"])
        run.result.update(facts)
    run.exit()


if __name__ == "__main__":
    main()
