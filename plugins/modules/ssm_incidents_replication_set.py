#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_replication_set
version_added: 1.0.0
short_description: Create, change and retire the replication set of AWS Systems Manager Incident Manager
description:
  - Creates an account's replication set, changes its Regions, KMS keys, deletion protection and tags, or deletes the
    set.
  - AWS accepts one change to a set at a time, and each change takes minutes. The module plans the steps, sends them one
    after the other, and waits in between. It chooses the order that keeps the most Regions in the set during the
    change, and always at least one.
  - The module sends every call to a Region of the set that responds. If a Region is down, or a policy denies it, the
    module uses the other Regions. A task can therefore move a set out of a Region that is down.
  - The module never resends a step that AWS accepted. If a response is lost, the module reads the set before it resends
    the step. RV(actions) shows which steps AWS accepted, even after a failure.
  - If another user or job adds a Region or a tag, or turns deletion protection on during the task, the task never
    undoes that change. If the options contradict the change, the task fails, and its message names the change.
  - If several people or jobs may change a set at the same time, turn deletion protection on. If another job has just
    deleted the other Regions, only deletion protection prevents AWS from deleting the last Region.
  - After a failure or an interruption, run the task again. It continues from the current state of the set.
  - In O(tags), a key that begins with C(__ansible_) or C(_ansible_) can be set with a backslash before it, as results show
    it. ansible-core 2.19 and newer do not pass the key C(__ansible_type) to a module.
  - B(Deleting the replication set may be final.) Since 7 November 2025, AWS creates a replication set only in an
    account where Incident Manager is already enabled. It is not known whether an account that has deleted its set still
    counts as such an account. In any other account, a task that would create a set fails with
    C(UnsupportedOperationException).
  - According to the Incident Manager User Guide, deleting a Region "sooner than 24 hours after creation causes the
    deletion to fail". Terraform's acceptance tests delete Regions within minutes, so AWS may not enforce this rule. If
    AWS enforces it, the task fails with AWS's message.
options:
  state:
    description:
      - V(present) creates the account's replication set, or changes the set to match the options.
      - V(absent) deletes the set, and with it B(all of the account's Incident Manager data). The data includes response
        plans, incidents, contacts and escalation plans. You can't undo the deletion, and AWS may not let the account
        create another set. V(absent) requires O(arn).
    type: str
    choices: [present, absent]
    default: present
  arn:
    description:
      - The ARN of the account's replication set.
      - Required if O(state=absent). If omitted with O(state=present), the module changes the account's own set, or
        creates one.
      - If O(state=present) and the account has no set with this ARN, the task fails.
      - If O(state=absent) and the account has a set with another ARN, the module changes nothing, warns, and returns
        the facts about the other set. In this case, RV(exists) is V(true).
    type: str
  regions:
    description:
      - The Regions of the set, from one to three. AWS recommends at least two.
      - Required to create a set. If omitted, the Regions of an existing set do not change.
      - Since version 4.2.0, a list of names, such as V([eu-west-1, eu-central-1]), is the same as a list of dictionaries
        that have only O(regions[].name). The elements must be either all names or all dictionaries.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the Region, such as V(eu-west-1).
        type: str
        required: true
      sse_kms_key_id:
        description:
          - The ARN of the KMS key that encrypts the data in this Region. The key must be in this Region. Aliases and
            key IDs are rejected, because the service reports ARNs.
          - V(DefaultKey) stands for the AWS owned key.
          - If omitted, an existing Region of the set keeps its key, and a Region that is added gets the AWS owned key.
          - A set has either the AWS owned key in all Regions or customer managed keys in all Regions. A task that would
            mix both kinds fails before anything is changed. To change from one kind to the other, the set and B(all of
            the account's Incident Manager data) must be deleted and created again. AWS may not let the account create
            another set.
          - Incident Manager supports only symmetric keys with key material that KMS created. It does not support keys
            in custom key stores.
          - Before the first step, and again before each other step, the module describes the customer managed keys that
            the remaining steps depend on (C(kms:DescribeKey)). These are the keys of Regions to add, and of the Regions
            or the set to delete. If such a key can't be used, the task fails before the step.
          - If it is not known whether AWS rejects a deletion because of the state of a key, the module warns and
            continues. An example is the deletion of a set whose key KMS has already deleted.
          - If a key can't be described, because the permission is missing or KMS does not respond within 5 seconds, the
            module warns and continues.
        type: str
  purge_regions:
    description:
      - Whether to delete the Regions of the set that O(regions) does not name.
    type: bool
    default: true
  replace_keys:
    description:
      - Whether to replace the customer managed key of a Region if O(regions) specifies another key. AWS can't change
        the key of a Region, so the module deletes the Region from the set and adds it again with the new key.
      - If V(false), a task that specifies another key fails before anything is changed.
      - If the set has only one Region, its key can be replaced only if the same task adds another Region. The AWS owned
        key can't be replaced, and can't replace another key.
    type: bool
    default: false
  deletion_protected:
    description:
      - Whether deletion protection is on. While it is on, the last Region of the set, and with it all data, can't be
        deleted.
      - If omitted, deletion protection does not change.
      - If O(state=absent), V(false) turns deletion protection off and then deletes the set. If deletion protection is
        on and this option is not V(false), the task fails and does not delete the set.
    type: bool
  allow_open_incidents:
    description:
      - Whether O(state=absent) deletes a set that has an open incident. An incident is open unless its status is
        V(RESOLVED).
      - If V(false), the task fails if an incident is open. To find out, the module lists the incidents before the first
        step, and again right before the deletion.
      - If AWS denies the caller the list of incidents in every Region of the set, the module warns and deletes the set.
        The same applies if the denial follows a transient error that the module has retried. If AWS denies the list in
        only some of the Regions, or if listing the incidents fails for another reason, the task fails.
    type: bool
    default: false
    version_added: 4.0.0
  wait:
    description:
      - Whether to wait until the last step is complete.
      - If V(false), a change that takes more than one step is rejected before anything is changed. The module still
        waits for a change that is already in progress. If the set can't be read right after the step, the module warns,
        and of the facts about the set, it returns only the ARN.
    type: bool
    default: true
  wait_timeout:
    description:
      - The maximum time to wait for all steps together, in seconds, 0 or more. The task ends at most 15 seconds later,
        even if AWS stops responding.
      - If the time limit is reached, the task fails, but AWS continues the steps that have started. Run the task again.
    type: int
    default: 7200
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.progress
  - incident_manager.aws.requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The diff shows the state of the set and, since version 4.2.0, the steps of the change.
  idempotent:
    support: full
author:
  - incident_manager.aws contributors (@incident-manager)
seealso:
  - module: incident_manager.aws.ssm_incidents_replication_set_info
  - name: Incident Manager User Guide, the replication set
    description: What a replication set is, and how to manage it in the console.
    link: https://docs.aws.amazon.com/incident-manager/latest/userguide/replication.html
"""

EXAMPLES = r"""
# Credentials and Region come from the environment here, or from module_defaults.

- name: Create the account's replication set, or change it to this state
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-west-1
        sse_kms_key_id: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      - name: eu-central-1
        sse_kms_key_id: arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    deletion_protected: true
    tags:
      Team: Resilience

- name: Move the set to two other Regions in one task
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-north-1
        sse_kms_key_id: arn:aws:kms:eu-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      - name: eu-west-3
        sse_kms_key_id: arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

- name: Add a Region, and keep the existing Regions
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-west-2
        sse_kms_key_id: arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    purge_regions: false

- name: Replace the KMS key of a Region
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-north-1
        sse_kms_key_id: arn:aws:kms:eu-north-1:111122223333:key/abcd1234-ab12-cd34-ef56-abcdef123456
    purge_regions: false
    replace_keys: true

- name: Remove all tags, and change nothing else
  incident_manager.aws.ssm_incidents_replication_set:
    tags: {}

- name: Delete the replication set and all of Incident Manager's data. The deletion may be final
  incident_manager.aws.ssm_incidents_replication_set:
    state: absent
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    deletion_protected: false
"""

RETURN = r"""
actions:
  description:
    - The steps of the change, in order.
    - If Ctrl-C ends C(ansible-playbook), Ansible does not show the result of the task. With a local connection, the
      progress on the screen shows which steps AWS has accepted.
  returned: always, unless an option is rejected, the connection fails, or the ARN belongs to another account
  type: list
  elements: dict
  contains:
    action:
      description:
        - The action of the step, one of V(create_replication_set), V(add_region), V(delete_region),
          V(update_deletion_protection), V(tag_resource), V(untag_resource) and V(delete_replication_set).
        - The values of the step, such as C(region) and C(sse_kms_key_id), are keys of the same dictionary.
      returned: always
      type: str
      sample: add_region
    status:
      description:
        - V(done) if AWS accepted the step. V(planned) in check mode. V(not_reached) if the task failed before or at
          this step.
        - V(unknown) if the task failed, and AWS may have accepted the step although its response was lost.
      returned: always
      type: str
      sample: done
  sample:
    - action: add_region
      region: eu-north-1
      sse_kms_key_id: arn:aws:kms:eu-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      status: done
    - action: delete_region
      region: eu-west-1
      status: done
data:
  description:
    - The numbers of resources that AWS deletes together with the set, by kind. The module
      M(incident_manager.aws.ssm_incidents_data_info) lists these resources.
    - If a kind can't be listed completely in every Region of the set, the module warns. If no resource of this kind was
      listed at all, the number is null.
  returned: with O(state=absent), if there is a replication set to delete
  type: dict
  version_added: 4.0.0
  contains:
    response_plans:
      description: The number of response plans.
      returned: always
      type: int
      sample: 3
    incidents:
      description: The number of incidents.
      returned: always
      type: int
      sample: 41
    open_incidents:
      description: The number of incidents that are not V(RESOLVED).
      returned: always
      type: int
      sample: 0
    contacts:
      description: The number of contacts.
      returned: always
      type: int
      sample: 12
    escalation_plans:
      description: The number of escalation plans.
      returned: always
      type: int
      sample: 2
    on_call_schedules:
      description: The number of on-call schedules.
      returned: always
      type: int
      sample: 1
    rotations:
      description: The number of rotations of the on-call schedules.
      returned: always
      type: int
      sample: 2
exists:
  description:
    - Whether the account has a replication set.
    - In check mode, whether the account has a replication set now.
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
            - Always null, because this module does not return the state of the keys. To get it, use
              M(incident_manager.aws.ssm_incidents_replication_set_info) with the option
              O(incident_manager.aws.ssm_incidents_replication_set_info#module:include_keys=true).
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
        - Otherwise, a code of this collection, one of V(AccountMismatch), V(ChangeNotVisible), V(DeletionProtected),
          V(Interrupted), V(InvalidConfiguration), V(InvalidParameter), V(KeyMismatch), V(KeyNotUsable),
          V(MalformedAnswer), V(MultipleReplicationSets), V(NoReplicationSet), V(OpenIncidents),
          V(ReplicationSetChanged), V(ReplicationSetDeleted), V(ReplicationSetFailed), V(SearchIncomplete),
          V(UnexpectedError), V(UnsupportedChange), V(WaitRequired) or V(WaitTimeout).
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

import time
from typing import Any, Mapping

from ansible.module_utils.basic import _load_params
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.progress import Progress
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import all_service_regions
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import (
    PARTS,
    data_facts,
    list_data,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.change import Change, ChangeWire
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import desired_state
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    searchable_regions,
    validate_account_of_arn,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.guard import Guard
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import SERVICE
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.state import ReplicationSet
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.task import change_replication_set

#: The option regions, unless its elements are names. Ansible can't parse a name as a dictionary, and its error does not name the
#: option.
REGIONS: Mapping[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "sse_kms_key_id": {"type": "str", "no_log": False},
    },
}


def are_dictionaries(regions: Any) -> bool:
    """Return whether the elements of the option regions are dictionaries, also as JSON or key=value, which Ansible parses."""
    try:
        for one in regions if isinstance(regions, list) else [regions]:
            check_type_dict(one)
    except TypeError:
        return False
    return True


def data_of_set(
    connection: Connection, replication_set: ReplicationSet, only_open_incidents: bool, seconds: float
) -> tuple[dict[str, Any], bool]:
    """List what a set holds, for the guard."""
    parts = ("open_incidents",) if only_open_incidents else tuple(PARTS)
    lists = list_data(connection, replication_set, parts, seconds)
    shared = lists.shared_warning()
    if shared and not only_open_incidents:
        warn(shared)
    return data_facts(connection, lists, parts), lists.of("open_incidents").is_denied()


def main() -> None:
    # ansible-test has no parameters.
    regions = (_load_params() or {}).get("regions")
    module = AnsibleAWSModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "arn": {"type": "str"},
            "regions": REGIONS if regions is None or are_dictionaries(regions) else {"type": "list", "elements": "str"},
            "purge_regions": {"type": "bool", "default": True},
            "replace_keys": {"type": "bool", "default": False, "no_log": False},
            "deletion_protected": {"type": "bool"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "allow_open_incidents": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 7200},
        },
        required_if=[("state", "absent", ["arn"])],
        supports_check_mode=True,
    )
    params = module.params
    deadline = time.monotonic() + params["wait_timeout"]
    run = ModuleRun(module)
    with run:
        desired = desired_state(params, all_service_regions(SERVICE))
        connection = run.connect(SEARCH_DEFAULTS)
        # Before STS is called, reject a Region whose partition does not have the service.
        searchable_regions(connection.region)
        if desired.arn:
            validate_account_of_arn(connection, desired.arn)
        wire = ChangeWire(connection, deadline)
        guard = Guard(connection, wire, data_of_set, params["allow_open_incidents"], warn)
        change_replication_set(
            Change(wire, desired, params["wait"], params["wait_timeout"], run.log, Progress(connection.mask).show),
            guard,
            run.result,
            warn,
            check_mode=module.check_mode,
            diff=module._diff,
        )
    run.exit()


if __name__ == "__main__":
    main()
