#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_data_info
version_added: 4.0.0
short_description: Count the resources in the replication set of AWS Systems Manager Incident Manager
description:
  - Counts the resources in an account's replication set, and lists them briefly. The resources are response plans,
    incidents, contacts, escalation plans, on-call schedules and rotations. If the replication set is deleted, AWS
    deletes all of them.
  - AWS does not document whether a single Region of the set returns all resources. The module therefore lists the
    resources in all Regions of the set at the same time, and counts each resource once.
  - If the set or one of its Regions is not V(ACTIVE), the module warns, because AWS does not document whether the
    Regions then return all resources.
  - If something can't be listed, the module does not fail, but warns. In this case, RV(complete) is V(false), and
    RV(missing) contains the reasons.
  - The module is read-only. It has been tested with the local endpoint of this collection, but not with AWS.
notes:
  - The result contains names and titles, which can identify people and customers.
  - Connecting to a Region times out after 10 seconds, and reading its response after 20 seconds. C(aws_config)
    overrides these limits. If AWS throttles the request for a page of a list, the module retries only this request.
  - After 300 seconds, the module stops listing, and returns the resources that it has listed.
  - If another account shares a resource with this account, the module does not count the resource, because it belongs
    to the other account.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  arn:
    description:
      - The ARN of the replication set, such as
        V(arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57).
      - If set, the module fails if this replication set is not found.
      - If omitted, the module finds the account's own replication set. If the account has none, the module succeeds
        with RV(exists=false), and the counts are 0.
    type: str
  include:
    description:
      - The kinds of resources to count. The module does not list other kinds, so the caller needs no permission to list
        them.
      - V(contacts), V(escalation_plans) and V(on_call_schedules) come from the same API operation, and so do
        V(incidents) and V(open_incidents).
    type: list
    elements: str
    choices:
      - response_plans
      - incidents
      - open_incidents
      - contacts
      - escalation_plans
      - on_call_schedules
      - rotations
    default:
      - response_plans
      - incidents
      - open_incidents
      - contacts
      - escalation_plans
      - on_call_schedules
      - rotations
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.info_module
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: incident_manager.aws.ssm_incidents_replication_set_info
    description: The facts about the replication set itself.
  - name: ListIncidentRecords
    description: The API operation that lists the incidents.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_ListIncidentRecords.html
  - name: ListContacts
    description: The API operation that lists contacts, escalation plans and on-call schedules.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_SSMContacts_ListContacts.html
"""

EXAMPLES = r"""
# The credentials come from the environment here, or from module_defaults.

- name: Count the resources in the account's replication set
  incident_manager.aws.ssm_incidents_data_info:
    region: eu-west-1
  register: incident_data

- name: Assert that there is a set, everything was counted, and no incident is open
  ansible.builtin.assert:
    that:
      - incident_data.exists
      - incident_data.complete
      - incident_data.counts.open_incidents == 0

- name: List the response plans, whichever Regions the replication set is in
  incident_manager.aws.ssm_incidents_data_info:
    region: eu-west-1
    search_regions: all
    include: [response_plans]
  register: incident_data

- name: Show the names of the response plans
  ansible.builtin.debug:
    var: incident_data.response_plans | map(attribute='name')
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
  description: The Region that returned the replication set.
  returned: success
  type: str
  sample: us-east-1
arn:
  description: The ARN of the replication set; null if there is none.
  returned: success
  type: str
  sample: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
complete:
  description:
    - Whether every Region of the replication set returned the complete lists for O(include).
    - If V(false), there can be more resources than were counted. Check this value before you use the counts.
    - It is not known whether a Region whose status is not V(ACTIVE) returns all resources.
  returned: success
  type: bool
  sample: true
missing:
  description: The lists that failed or are incomplete, each with its Region and the reason.
  returned: success
  type: list
  elements: dict
  contains:
    part:
      description: The value of O(include) whose list failed or is incomplete.
      returned: success
      type: str
      sample: contacts
    region:
      description: The Region that was called.
      returned: success
      type: str
      sample: us-east-1
    code:
      description: The error code, as in RV(error.code).
      returned: success
      type: str
      sample: AccessDeniedException
    msg:
      description: What was tried, why it failed, and what to do.
      returned: success
      type: str
      sample: Failed to list the rotations in Region us-east-1
counts:
  description:
    - The number of resources of each kind.
    - A number is null if O(include) does not contain the kind. It is also null if no resource of the kind was found,
      but not every Region returned its complete list.
  returned: success
  type: dict
  contains:
    response_plans:
      description: The number of response plans.
      returned: success
      type: int
      sample: 1
    incidents:
      description: The number of incidents, open and resolved.
      returned: success
      type: int
      sample: 12
    open_incidents:
      description: The number of incidents that are not resolved.
      returned: success
      type: int
      sample: 1
    contacts:
      description: The number of contacts that are people.
      returned: success
      type: int
      sample: 4
    escalation_plans:
      description: The number of escalation plans.
      returned: success
      type: int
      sample: 1
    on_call_schedules:
      description: The number of on-call schedules.
      returned: success
      type: int
      sample: 1
    rotations:
      description: The number of rotations of the on-call schedules.
      returned: success
      type: int
      sample: 2
response_plans:
  description: The response plans, sorted by ARN; null if RV(counts.response_plans) is null.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-incidents::111122223333:response-plan/Example-Response-Plan
    name:
      description: The name.
      returned: success
      type: str
      sample: Example-Response-Plan
    display_name:
      description: The display name; null if there is none.
      returned: success
      type: str
      sample: Example response plan
incidents:
  description: A summary of the incidents; null if RV(counts.incidents) is null.
  returned: success
  type: dict
  contains:
    by_status:
      description: The number of incidents by status.
      returned: success
      type: dict
      sample:
        OPEN: 1
        RESOLVED: 11
    first_creation_time:
      description: When the first incident was created, in ISO 8601 format and in UTC; null if there are no incidents.
      returned: success
      type: str
      sample: "2021-05-21T18:16:57.579000+00:00"
    last_creation_time:
      description: When the last incident was created, in ISO 8601 format and in UTC; null if there are no incidents.
      returned: success
      type: str
      sample: "2026-01-02T03:04:05.678000+00:00"
open_incidents:
  description:
    - The incidents that are not resolved, sorted by ARN; null if RV(counts.open_incidents) is null.
    - If an incident is resolved according to one Region but not according to another one, it counts as open.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-incidents::111122223333:incident-record/Example-Response-Plan/6ebcc812-85f5-b7eb-8b2f-283e4d844308
    title:
      description: The title.
      returned: success
      type: str
      sample: Example-Incident
    impact:
      description: The impact, from 1 (critical) to 5 (no impact).
      returned: success
      type: int
      sample: 5
    status:
      description: The status, such as V(OPEN).
      returned: success
      type: str
      sample: OPEN
    creation_time:
      description: When the incident was created, in ISO 8601 format and in UTC.
      returned: success
      type: str
      sample: "2021-05-21T18:16:57.579000+00:00"
contacts:
  description: The contacts that are people, sorted by ARN; null if RV(counts.contacts) is null.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-contacts:us-east-2:111122223333:contact/example
    alias:
      description: The alias.
      returned: success
      type: str
      sample: example
    display_name:
      description: The display name; null if there is none.
      returned: success
      type: str
      sample: Example
escalation_plans:
  description: The escalation plans, sorted by ARN; null if RV(counts.escalation_plans) is null.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-contacts:us-east-2:111122223333:contact/example
    alias:
      description: The alias.
      returned: success
      type: str
      sample: example
    display_name:
      description: The display name; null if there is none.
      returned: success
      type: str
      sample: Example
on_call_schedules:
  description: The on-call schedules, sorted by ARN; null if RV(counts.on_call_schedules) is null.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-contacts:us-east-2:111122223333:contact/example
    alias:
      description: The alias.
      returned: success
      type: str
      sample: example
    display_name:
      description: The display name; null if there is none.
      returned: success
      type: str
      sample: Example
rotations:
  description: The rotations, sorted by ARN; null if RV(counts.rotations) is null.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: The ARN.
      returned: success
      type: str
      sample: arn:aws:ssm-contacts:us-east-2:111122223333:rotation/example
    name:
      description: The name.
      returned: success
      type: str
      sample: example
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
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import (
    PARTS,
    data_facts,
    list_data,
    state_warning,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    find_replication_set,
    validate_search,
)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "arn": {"type": "str"},
            "search_regions": {"type": "list", "elements": "str", "default": []},
            "include": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
        },
        supports_check_mode=True,
    )
    params = module.params
    arn, search_regions = params["arn"], params["search_regions"]
    run = ModuleRun(module)
    with run:
        validate_search(arn, search_regions)
        connection = run.connect(SEARCH_DEFAULTS)
        found = find_replication_set(connection, arn, search_regions)
        lists = list_data(connection, found.replication_set, params["include"])
        warnings = [state_warning(found.replication_set), lists.shared_warning()] if found.replication_set else []
        for warning in filter(None, warnings):
            # Not module.warn: amazon.aws 11 passes its warnings on in a way that ansible-core 2.21 deprecates.
            warn(warning)
        data = data_facts(connection, lists, params["include"])
        if not data["complete"]:
            warn(
                "Failed to list everything that the replication set holds. For the parts and the"
                " reasons, see missing in the result."
            )
        exists = found.replication_set is not None
        run.result.update(exists=exists, region=found.region, arn=found.arn or None, **data)
    run.exit()


if __name__ == "__main__":
    main()
