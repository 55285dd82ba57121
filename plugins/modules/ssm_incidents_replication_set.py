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
        If AWS denies it in only some of the Regions, or if listing the incidents fails for another reason, the task
        fails.
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
  - incident_manager.aws.requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
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
    - If Ctrl-C ends C(ansible-playbook), Ansible does not show the result of the task, so the steps are not shown either.
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
from typing import Any, Callable, Iterable, Mapping

from ansible.module_utils.basic import _load_params
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.arn import validate_region_names
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ACCESS_DENIED,
    ON_MODULE_HOST,
    OPEN_INCIDENTS,
    AnsibleSSMIncidentsError,
    as_failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.sessions import all_service_regions
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import (
    PARTS,
    data_facts,
    list_data,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.change import Change
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.decide import Task
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.desired import desired_state
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import replication_set_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.info import unlisted_tags
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.keys import KeyCheck
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.observation import Observation
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.observe import Observer
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.plan import (
    CREATE,
    DELETE,
    CurrentState,
    Step,
    plan_changes,
    plan_deletion,
    predict,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.remote import Remote
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.search import (
    SEARCH_DEFAULTS,
    searchable_regions,
    validate_account_of_arn,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import (
    SERVICE,
    validate_replication_set_arn,
)

# User Guide, "Incident Manager availability change".
MAY_BE_FINAL = (
    "The deletion may be final, because Incident Manager is closed to new customers, and AWS may not let the account create"
    " another replication set"
)

#: The time limit for counting what is deleted, in seconds.
DATA_SECONDS = 60


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
    elements = regions if isinstance(regions, list) else [regions]
    return all(isinstance(one, dict) or (isinstance(one, str) and set(one) & set("={")) for one in elements)


def make_task(params: Mapping[str, Any]) -> Task:
    """Return the task for the options.

    :raises AnsibleSSMIncidentsError: if an option can't be used.
    """
    arn = params["arn"]
    validate_replication_set_arn(arn)
    if params["wait_timeout"] < 0:
        raise invalid_option("wait_timeout", f"{params['wait_timeout']} is negative", "It must be 0 or more seconds")
    if params["state"] == "absent":
        if params["deletion_protected"]:
            raise invalid_option(
                "deletion_protected", "true contradicts state: absent", "Set false, or omit the option"
            )
        return Task(arn, lambda current: plan_deletion(current, params["deletion_protected"]), is_deletion=True)
    regions = params["regions"]
    if regions and not isinstance(regions[0], dict):
        expected = (
            "a name such as eu-west-1. If any Region needs more than a name, write every Region as {name: eu-west-1}"
        )
        validate_region_names("regions", regions, expected)
        params = {**params, "regions": [{"name": name, "sse_kms_key_id": None} for name in regions]}
    desired = desired_state(params, all_service_regions(SERVICE))
    region_names = None if desired.regions is None else frozenset(desired.regions)
    return Task(arn, lambda current: plan_changes(current, desired), region_names=region_names)


def change_replication_set(
    module: AnsibleAWSModule,
    connection: Connection,
    task: Task,
    deadline: float,
    result: dict[str, Any],
    log: Callable[[str], object],
) -> None:
    """Run the task. In check mode, only plan it.

    :param deadline: when the task times out, as a time of time.monotonic().
    :param result: the module's result is added to it, even after a failure.
    :param log: logs a line for each step that AWS has accepted.
    :raises AnsibleSSMIncidentsError: if anything fails.
    """
    params = module.params
    include_tags = params["tags"] is not None and not task.is_deletion
    remote = Remote(connection, deadline)
    observer = Observer(remote, params["arn"], include_tags)
    check_keys = KeyCheck(connection, warn, remote.seconds_left).validate
    guard = DeletionGuard(connection, params["allow_open_incidents"], remote.seconds_left)

    def validate(current: CurrentState | None, steps: list[Step]) -> None:
        check_keys(current, steps)
        if steps and steps[0].action == DELETE and "data" in result:
            # An incident may have been opened during the step before the deletion.
            guard.validate_no_open_incident(change.seen)

    change = Change(remote, observer, task, params["wait_timeout"], validate, log)
    try:
        change.prepare()
        before, planned = change.current, list(change.remaining)
        if not params["wait"]:
            change.validate_single_step()
        is_deleted = any(step.action == DELETE for step in planned)
        if is_deleted:
            result["data"] = guard.count(change.seen)
            if module._diff and not remote.is_over():
                before = with_tags(observer, change.seen, before)
            # List them twice: between two pages, an incident can move to the page that was already read. Nothing is called
            # between the second time and the deletion.
            guard.validate_no_open_incident(change.seen)
        if not module.check_mode:
            change.apply(params["wait"])
        result.update(facts_result(change, observer, remote, params["wait"] or module.check_mode))
    except BaseException as error:  # After any error or interruption, AWS may have accepted steps.
        result.update(steps_result(change, "not_reached"))
        raise with_steps(as_failure(error), change) from None
    result.update(steps_result(change, "planned"))
    if is_deleted and module.check_mode:
        warn(f"This task deletes the replication set and all of Incident Manager's data. {MAY_BE_FINAL}.")
    if module._diff:
        result["diff"] = diff_result(before, predict(before, planned), include_tags or is_deleted)
        if is_deleted:
            result["diff"]["before"]["data"] = result["data"]
            result["diff"]["after_header"] = f"no replication set. {MAY_BE_FINAL}"


class DeletionGuard:
    """Checks the data of a set before the set is deleted."""

    def __init__(self, connection: Connection, allow_open_incidents: bool, seconds_left: Callable[[], float]) -> None:
        """
        :param seconds_left: returns the time until the task times out.
        """
        self._seconds_left = seconds_left
        self._connection = connection
        self._allow_open_incidents = allow_open_incidents
        self._was_listed = False

    def count(self, seen: Observation | None) -> dict[str, int | None]:
        """Return the number of resources of each kind in the set. Warn for a kind that can't be listed; its number is None."""
        facts, _is_denied = self._data(seen, PARTS)
        reasons: dict[str, list[str]] = {}
        for missing in facts["missing"]:
            reasons.setdefault(missing["msg"], []).append(missing["part"])
        for reason, parts in reasons.items():
            unknown = " It is not known whether an incident is open." if "open_incidents" in parts else ""
            warn(
                f"Failed to count all data that is deleted with the replication set ({', '.join(parts)}). {reason}{unknown}"
            )
        counts: dict[str, int | None] = facts["counts"]
        return counts

    def validate_no_open_incident(self, seen: Observation | None) -> None:
        """Validate that no incident is open, unless the options allow it or the caller has no permission to list the incidents.

        :raises AnsibleSSMIncidentsError: if an incident is open, or if the incidents can't be listed for another reason.
        """
        if self._allow_open_incidents:
            return
        facts, is_denied = self._data(seen, ["open_incidents"])
        number = facts["counts"]["open_incidents"]
        arn = seen.arn if seen else ""
        if number:
            are = f"{number} open incident{'s' if number > 1 else ''}"
            raise AnsibleSSMIncidentsError(
                f"The replication set {arn} has {are}, which would be deleted with it", code=OPEN_INCIDENTS
            )
        if facts["missing"] and (self._was_listed or not is_denied):
            raise AnsibleSSMIncidentsError(
                f"It is not known whether the replication set {arn} has an open incident, which would be deleted with it",
                code=OPEN_INCIDENTS,
                reason=facts["missing"][0]["msg"].rstrip("."),
                advice="Run the task again, or set allow_open_incidents: true to delete open incidents too.",
            )

    def _data(self, seen: Observation | None, include: Iterable[str]) -> tuple[dict[str, Any], bool]:
        """Return what data_facts() does, and whether the caller may not list the incidents."""
        arn, replication_set = (seen.arn, seen.replication_set) if seen else ("", None)
        seconds = min(DATA_SECONDS, max(3, self._seconds_left()))
        lists = list_data(self._connection, replication_set, tuple(include), seconds)
        shared = lists.shared_warning(arn) if include is PARTS else None
        if shared:
            warn(shared)
        incidents = lists.of("open_incidents")
        self._was_listed = self._was_listed or incidents.has_pages()
        return data_facts(self._connection, replication_set, arn, lists, tuple(include)), incidents.is_denied()


def steps_result(change: Change, remaining_status: str) -> dict[str, Any]:
    """Return the steps as the module returns them.

    :param remaining_status: the status of the remaining steps.
    """
    steps = [(step, "done") for step in change.done] + [(step, "unknown") for step in change.unknown]
    steps += [(step, remaining_status) for step in change.remaining if step not in change.unknown]
    return {
        "changed": any(status != "not_reached" for _step, status in steps),
        "actions": [{"action": step.action, **step.values, "status": status} for step, status in steps],
    }


def with_steps(failure: AnsibleSSMIncidentsError, change: Change) -> AnsibleSSMIncidentsError:
    """Return a failure that also names the steps that AWS accepted before it."""
    sentences = [failure.advice]
    if change.done:
        sentences.append(f"Before that, AWS accepted: {described_steps(change.done)}.")
    if change.unknown:
        sentences.append(f"It is not known whether AWS accepted: {described_steps(change.unknown)}.")
    was_turned_off = any(step.values.get("deletion_protected") is False for step in change.done)
    replication_set = change.seen.replication_set if change.seen else None
    if was_turned_off and replication_set and replication_set.get("deletionProtected") is not True:
        sentences.append("Deletion protection is now off.")
    return failure.with_advice(" ".join(sentence for sentence in sentences if sentence))


def described_steps(steps: list[Step]) -> str:
    """Return steps in words for a message: the actions, each with its Region if it has one."""
    return ", ".join(" ".join(filter(None, (step.action, step.values.get("region")))) for step in steps)


def facts_result(change: Change, observer: Observer, remote: Remote, waited: bool) -> dict[str, Any]:
    """Return exists, region and replication_set as the info module returns them.

    :param waited: whether the change waited for its last step, so that its last report is up to date.
    :raises AnsibleSSMIncidentsError: if the set or its tags can't be read.
    """
    seen = change.seen
    if not waited:
        is_created = any(step.action == CREATE for step in change.done)
        reason = "AWS does not report the replication set."
        try:
            seen = observer.look()
        except AnsibleSSMIncidentsError as failure:
            seen, reason = None, failure.describe(ON_MODULE_HOST, remote.mask)
        if seen is None or (is_created and seen.replication_set is None):
            warn(f"{reason} AWS accepted the step, but the replication set can't be read yet, so its facts are null.")
            seen = Observation(remote.region, change.arn, {})
    if seen is not None and seen.other_arns:
        others = ", ".join(seen.other_arns)
        warn(
            f"The account has no replication set {change.arn}, but it has {others}. The facts about that set are returned."
        )
        seen = Observer(remote, seen.other_arns[0], False).look()
    if seen is None or seen.replication_set is None:
        return {"exists": False, "region": remote.region, "replication_set": {}}
    tags = tags_or_none(observer, seen) if seen.replication_set else None
    facts = replication_set_facts(seen.replication_set, seen.arn, tags)
    return {"exists": True, "region": seen.region, "replication_set": facts}


def tags_or_none(observer: Observer, seen: Observation) -> dict[str, str] | None:
    """Return the tags of the set in an observation. If the caller has no permission to list them, warn and return None."""
    if seen.tags is not None:
        return seen.tags
    try:
        return observer.list_tags_for_result(seen)
    except AnsibleSSMIncidentsError as failure:
        if failure.code != ACCESS_DENIED:
            raise
        warn(unlisted_tags(failure, observer.mask))
        return None


def with_tags(observer: Observer, seen: Observation | None, state: CurrentState | None) -> CurrentState | None:
    """Return a state with the set's tags, for --diff. If the caller has no permission to list them, return it unchanged."""
    tags = tags_or_none(observer, seen) if seen and state else None
    return state._replace(tags=tags) if state and tags is not None else state


def diff_result(before: CurrentState | None, after: CurrentState | None, include_tags: bool) -> dict[str, Any]:
    """Return the diff, without the tags if they were not listed."""

    def shown(state: CurrentState | None) -> dict[str, Any]:
        facts = state._asdict() if state else {}
        return {key: value for key, value in facts.items() if include_tags or key != "tags"}

    return {"before": shown(before), "after": shown(after)}


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
    deadline = time.monotonic() + module.params["wait_timeout"]
    run = ModuleRun(module)
    with run:
        task = make_task(module.params)
        connection = run.connect(SEARCH_DEFAULTS)
        # Before STS is called, reject a Region whose partition does not have the service.
        searchable_regions(connection.region)
        if module.params["arn"]:
            validate_account_of_arn(connection, module.params["arn"])
        change_replication_set(module, connection, task, deadline, run.result, run.log)
    run.exit()


if __name__ == "__main__":
    main()
