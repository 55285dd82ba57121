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
  - Creates an account's replication set, changes its Regions, KMS keys, deletion protection and tags, or deletes it.
  - AWS takes one change of a set at a time, and each takes minutes. The module works out the steps, takes them one
    after the other, and waits in between. The set never has fewer than one Region nor more than three on the way.
  - Where several people or jobs may change a set at the same time, turn deletion protection on. It alone keeps AWS
    from deleting what has become the last Region a moment ago.
  - Run again after a failure or an interruption, it goes on from what is there.
  - AWS used to refuse to delete a Region within 24 hours of its being added. Where it still does, the task fails with
    AWS's own message.
options:
  state:
    description:
      - V(present) creates the account's replication set, or changes it to what the options say.
      - V(absent) deletes it, and with it B(all of the account's Incident Manager data), response plans, incidents,
        contacts and escalation plans. This can't be undone. It requires O(arn).
    type: str
    choices: [present, absent]
    default: present
  arn:
    description:
      - The ARN of the replication set.
      - Omitted with O(state=present), the account's own set is changed, or created where there is none.
        Given, it must be the account's set.
    type: str
  regions:
    description:
      - The set's Regions, one to three. AWS recommends at least two.
      - Required to create a set. Left out, the Regions of an existing set are not touched.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the Region, such as V(eu-west-1).
        type: str
        required: true
      sse_kms_key_id:
        description:
          - The ARN of the KMS key that encrypts the data in this Region. An alias or a bare key ID is refused, as the
            service reports ARNs.
          - Left out, or V(DefaultKey), it is the key that AWS owns.
        type: str
  purge_regions:
    description:
      - Whether to delete the Regions of the set that O(regions) does not name.
    type: bool
    default: true
  replace_keys:
    description:
      - Whether to give a Region another KMS key. That is possible only by deleting the Region from the set and adding
        it again, so that without this option a key that differs is a failure, before anything is sent.
      - It is impossible for a set's only Region.
    type: bool
    default: false
  deletion_protected:
    description:
      - Whether deletion protection is on, which keeps the last Region, and with it all data, from being deleted.
      - Left out, it is not touched.
      - With O(state=absent), V(false) turns protection off in order to delete the set. Without it a protected set is
        not deleted.
    type: bool
  wait:
    description:
      - Whether to wait until the last step is complete.
      - With V(false), a change that takes more than one step is refused before anything is sent.
        What another change has under way is waited for all the same.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most, in seconds, for all steps together.
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
    description: What a replication set is, and what happens to it in the console.
    link: https://docs.aws.amazon.com/incident-manager/latest/userguide/replication.html
"""

EXAMPLES = r"""
# Credentials and Region come from the environment here, or from module_defaults.

- name: Create the account's replication set, or change it to this
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-west-1
        sse_kms_key_id: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
      - name: eu-central-1
    deletion_protected: true
    tags:
      Team: Resilience

- name: Move it to two other Regions, in one task
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-north-1
      - name: eu-west-3

- name: Add a Region, and keep those that are there
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-west-2
    purge_regions: false

- name: Give a Region another KMS key
  incident_manager.aws.ssm_incidents_replication_set:
    regions:
      - name: eu-north-1
        sse_kms_key_id: arn:aws:kms:eu-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    purge_regions: false
    replace_keys: true

- name: Remove all tags, and touch nothing else
  incident_manager.aws.ssm_incidents_replication_set:
    tags: {}

- name: Delete the replication set, and all of Incident Manager's data with it
  incident_manager.aws.ssm_incidents_replication_set:
    state: absent
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    deletion_protected: false
"""

RETURN = r"""
actions:
  description: The steps, in their order.
  returned: always, but where an option was refused at once
  type: list
  elements: dict
  contains:
    action:
      description:
        - What the step does, one of V(create_replication_set), V(add_region), V(delete_region),
          V(update_deletion_protection), V(tag_resource), V(untag_resource) and V(delete_replication_set).
        - The step's values stand beside it, such as C(region) and C(sse_kms_key_id).
      returned: always
      type: str
      sample: add_region
    status:
      description:
        - V(done) where AWS took the step, V(planned) in check mode, V(not_reached) where the task failed before or at this step.
      returned: always
      type: str
      sample: done
  sample:
    - action: add_region
      region: eu-north-1
      sse_kms_key_id: DefaultKey
      status: done
    - action: delete_region
      region: eu-west-1
      status: done
exists:
  description:
    - Whether there is a replication set.
    - In check mode, whether there is one now.
  returned: success
  type: bool
  sample: true
region:
  description: The Region that answered.
  returned: success
  type: str
  sample: us-east-1
replication_set:
  description: The replication set; V({}) where there is none.
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
        sse_kms_key_id:
          description:
            - The ARN of the KMS key that encrypts the data in this Region.
            - V(DefaultKey) stands for the key that AWS owns.
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
          sse_kms_key_id: DefaultKey
          status: ACTIVE
          status_message: null
          status_update_date_time: null
        us-east-2:
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
        - The set's tags; keys and values keep their letters.
        - V({}) where there are none, null where they were not asked for or the caller has no permission to list them.
      returned: if there is a replication set
      type: dict
      sample:
        Team: Resilience
error:
  description: What AWS answered, or the name and words of the error where no answer came.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - AWS's error code, or the name of botocore's exception.
        - V(InvalidParameter) where an option was refused before anything was sent, V(MalformedAnswer) where an answer
          could not be read, a bare HTTP status where an error came without a code.
      returned: failure
      type: str
      sample: ResourceNotFoundException
    message:
      description: AWS's or botocore's own message.
      returned: failure
      type: str
      sample: The replication set was not found
response_metadata:
  description: What is known of AWS's answer, such as RV(response_metadata.http_status_code); V({}) where none came.
  returned: failure
  type: dict
  contains:
    http_status_code:
      description: The answer's HTTP status.
      returned: failure, if AWS answered
      type: int
      sample: 404
"""

from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._arn import account_of_arn, complain_about_arn
from ansible_collections.incident_manager.aws.plugins.module_utils._change import Change
from ansible_collections.incident_manager.aws.plugins.module_utils._connection import Connection
from ansible_collections.incident_manager.aws.plugins.module_utils._errors import AnsibleSSMIncidentsError
from ansible_collections.incident_manager.aws.plugins.module_utils._inquiry import answer_facts
from ansible_collections.incident_manager.aws.plugins.module_utils._module import run
from ansible_collections.incident_manager.aws.plugins.module_utils._plan import (
    PlanError,
    Present,
    Step,
    Wanted,
    after,
    steps_to,
    steps_to_nothing,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._search import SEARCH_DEFAULTS, Answer
from ansible_collections.incident_manager.aws.plugins.module_utils._wishes import wanted_regions, wanted_tags


def wishes(params: dict[str, Any], connection: Connection) -> Wanted:
    """Return what the options of state: present ask for. Raises AnsibleSSMIncidentsError for an unsound one."""
    return Wanted(
        regions=wanted_regions(params["regions"], connection.service_regions(connection.partition())),
        purge_regions=params["purge_regions"],
        replace_keys=params["replace_keys"],
        deletion_protected=params["deletion_protected"],
        tags=wanted_tags(params["tags"]),
        purge_tags=params["purge_tags"],
    )


def complain_about_account(arn: str | None, connection: Connection) -> None:
    """Refuse an ARN of another account before this service is asked anything."""
    account = connection.account() if arn else None
    if arn and account and account_of_arn(arn) != account:
        raise AnsibleSSMIncidentsError(
            f"arn: {arn} belongs to account {account_of_arn(arn)}, and the credentials to account {account}",
            advice="A replication set can be changed only from its own account.",
        )


def prepare_change(module: AnsibleAWSModule, connection: Connection) -> Change:
    """Return the change that the options ask for."""
    params = module.params
    if params["state"] == "absent":
        if params["deletion_protected"]:
            raise AnsibleSSMIncidentsError("deletion_protected: true and state: absent contradict each other")

        def plan(present: Present | None) -> list[Step]:
            return steps_to_nothing(present, params["deletion_protected"])
    else:
        wanted = wishes(params, connection)

        def plan(present: Present | None) -> list[Step]:
            if present is None and params["arn"]:
                raise PlanError(f"arn: the account has no replication set {params['arn']}")
            return steps_to(present, wanted)

    return Change(
        connection,
        params["arn"],
        plan,
        params["wait_timeout"],
        with_tags=params["state"] == "present" and params["tags"] is not None,
        may_have_failed=params["state"] == "absent",
        gone_is_fine=params["state"] == "absent",
    )


def steps_result(change: Change, left: str) -> dict[str, Any]:
    """Return what the module says of the steps: those done, and those left under the name that they have then."""
    steps = [(step, "done") for step in change.done] + [(step, left) for step in change.left]
    return {
        "changed": change.may_have_changed or any(status != "not_reached" for _step, status in steps),
        "actions": [{"action": step.action, **step.values, "status": status} for step, status in steps],
    }


def facts_result(change: Change, connection: Connection) -> dict[str, Any]:
    """Return the facts of the set in the shape of the info module."""
    if change.replication_set is None:
        answer = Answer(connection.client(), "", None)
    else:
        answer = Answer(change.client(), str(change.arn), change.replication_set)
    return answer_facts(connection, answer, True, warn)


def diff_result(before: Present | None, now: Present | None, with_tags: bool) -> dict[str, Any]:
    """Return what --diff shows, without the tags where they were not read."""

    def shown(present: Present | None) -> dict[str, Any]:
        facts = present._asdict() if present else {}
        return {key: value for key, value in facts.items() if with_tags or key != "tags"}

    return {"before": shown(before), "after": shown(now)}


def ensure(module: AnsibleAWSModule, connection: Connection) -> dict[str, Any]:
    """Bring the set to the state that the options ask for, or only say how in check mode."""
    complain_about_account(module.params["arn"], connection)
    change = prepare_change(module, connection)
    try:
        change.prepare()
        before, planned = change.present, list(change.left)
        if len(planned) > 1 and not module.params["wait"]:
            actions = ", ".join(step.action for step in planned)
            raise PlanError(f"wait: false allows for one step, and this change takes {len(planned)}: {actions}")
        if not module.check_mode:
            change.carry_out(module.params["wait"])
        facts = facts_result(change, connection)
    except PlanError as refusal:
        raise AnsibleSSMIncidentsError(str(refusal), also=steps_result(change, "not_reached")) from refusal
    except AnsibleSSMIncidentsError as failure:
        failure.also = steps_result(change, "not_reached")
        if any(step.values.get("deletion_protected") is False for step in change.done):
            raise failure.advising(f"{failure.advice} Mind that deletion protection is off now.") from failure
        raise
    if change.listed:
        warn(f"The account has a replication set, though not {module.params['arn']} but {', '.join(change.listed)}")
    result = {**steps_result(change, "planned"), **facts}
    if module._diff:
        result["diff"] = diff_result(before, after(before, planned), module.params["tags"] is not None)
    return result


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "arn": {"type": "str"},
            "regions": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "sse_kms_key_id": {"type": "str", "no_log": False},
                },
            },
            "purge_regions": {"type": "bool", "default": True},
            "replace_keys": {"type": "bool", "default": False, "no_log": False},
            "deletion_protected": {"type": "bool"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 7200},
        },
        required_if=[("state", "absent", ["arn"])],
        supports_check_mode=True,
    )
    run(
        module,
        check=lambda: complain_about_arn(module.params["arn"]),
        work=lambda connection: ensure(module, connection),
        defaults=SEARCH_DEFAULTS,
    )


if __name__ == "__main__":
    main()
