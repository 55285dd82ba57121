#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_export
version_added: 4.0.0
short_description: Copy what the replication set of AWS Systems Manager Incident Manager holds to files
description:
  - Writes what the APIs of Incident Manager return about an account's replication set, and about all that it holds, to a new
    directory on the host that runs the module.
  - B(This module was never tried against AWS.) It was tested against the local endpoint of this collection only. Look into the
    export before you delete anything. If you delete a replication set, AWS deletes all of the account's Incident Manager data.
    AWS has no export of its own and no import.
  - The export contains the replication set with its tags, response plans with their resource policies and tags, incidents with their
    related items, timeline events, findings and tags, contacts, escalation plans and on-call schedules with their policies,
    contact channels and tags, rotations with their overrides, past shifts and tags, engagements, and pages with their receipts
    and resolutions. The export also contains the data of each timeline event, which the list of timeline events does not return.
  - The module writes a file of JSON Lines for each kind of object. Each line is an object. It has the ARN in C(arn), or the ID and
    the ARN of the object that it belongs to in C(id) and C(parent), the Region that returned it in C(region), and the response of
    each operation under the name of the operation. Names and values are AWS's own. Times are in ISO 8601 and UTC with
    microseconds. Control characters and all characters outside of ASCII are escaped, so that each object stays on its line.
  - C(manifest.json) contains C(format_version), the account, the ARN and the Regions of the replication set, the start and the end of
    the export, the number of objects of each kind, the size and the SHA-256 of each file, C(missing) with everything that could
    not be read, by ARN, operation, Region, code and reason, C(changes) with what was created, deleted or changed during the export
    (V(came), V(went), V(changed)), and C(not_included) with what no API returns.
  - If a response has a member that the installed botocore does not know, the module exports it as AWS sent it, and
    C(members_unknown_to_botocore) of the manifest names it. If the value of a member is null, the module leaves it out.
  - The models of the APIs allow some responses to have no list. The module treats such a response as an empty list, and
    C(responses_without_list) of the manifest has the number of these responses.
  - AWS does not document whether a single Region of the replication set shows everything. The module therefore reads from all
    Regions of the set, and exports each object once. If a Region does not return an object that it lists, the module reads the
    object in another Region that lists it in the same way. If Regions list an object differently, the module exports what each of
    them returns, and the object has several lines.
  - Before the end, the module makes all lists again. It reads new and changed objects again, and names them in C(changes). It also
    reads again what could not be read because of a temporary error, such as a broken connection. It names deleted objects in
    C(changes), and keeps what it has read of them. It does not notice a change that no list shows, such as another stage in the
    plan of a contact.
  - The directory appears at O(path) only when the export has finished. Until then, the files are in a directory next to it, whose
    name starts with a dot and ends with C(.incomplete). If the module fails, it removes this directory. If the module is killed,
    the directory remains. The next run warns about it, but does not use or delete it, because another run could still be writing
    to it. Delete it yourself. It contains personal data.
notes:
  - The files contain personal data, such as names, telephone numbers and addresses. The mode of the directory is C(0700), and the
    mode of its files is C(0600). The messages and return values of the module contain only ARNs, counts and paths. An ARN contains
    the alias of a contact.
  - The module makes one call for each timeline event, and several calls for each other object. AWS does not document its request
    rates. If AWS throttles a call, the module retries it until O(timeout), unless C(aws_config) limits the retries.
  - If the replication set or one of its Regions is not V(ACTIVE), the module warns. The export of a set that is being deleted is
    never complete.
  - If a list has more than 1,000 pages, which are 100,000 objects, the module treats it as a response that can't be read.
  - Connecting to a Region times out after 10 seconds, and reading its response after 20 seconds. C(aws_config) overrides this.
  - If another account shares an object with this account, the module only counts it, in C(shared_by_other_accounts) of the manifest.
  - ListRotationOverrides and ListRotationShifts require a period. The manifest contains the periods.
  - An old botocore, such as 1.31, does not know the operations that return findings. The export is then incomplete.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  path:
    description:
      - The directory to create, an absolute path on the host that runs the module.
      - It must not exist, but its parent directory must. An export is never overwritten.
    type: path
    required: true
  arn:
    description:
      - The ARN of the replication set, such as
        V(arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57).
      - If omitted, the account's own replication set is found.
      - The module fails if there is no such replication set.
    type: str
  allow_incomplete:
    description:
      - Whether to keep an export although something could not be read, for example because a permission is missing.
      - If V(false), the module fails in this case and writes nothing.
      - If V(true), it writes what it could read. RV(complete) is V(false) then, as is C(complete) in the manifest.
    type: bool
    default: false
  workers:
    description:
      - The number of calls that are made at the same time, in all Regions together, from 1 to 64.
    type: int
    default: 8
  timeout:
    description:
      - The number of seconds after which the module makes no further call, 1 or more. What it has not read by then is missing.
      - The time includes the search for the replication set. The module waits a few seconds more for calls that have started. In
        check mode, the lists take 300 seconds at most.
    type: int
    default: 3600
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
    details:
      - In check mode the module validates O(path) and counts what the replication set holds, as
        M(incident_manager.aws.ssm_incidents_data_info) does. It writes nothing.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - An export is never overwritten. The same task fails the second time.
seealso:
  - module: incident_manager.aws.ssm_incidents_data_info
    description: Counts what the replication set holds.
  - module: incident_manager.aws.ssm_incidents_replication_set
    description: Deletes the replication set.
  - name: GetTimelineEvent
    description: The API operation that returns a timeline event with its data.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_GetTimelineEvent.html
  - name: GetContactChannel
    description: The API operation that returns a contact channel.
    link: https://docs.aws.amazon.com/incident-manager/latest/APIReference/API_SSMContacts_GetContactChannel.html
"""

EXAMPLES = r"""
# Credentials and Region come from the environment here, or from module_defaults.

- name: Export what the account's replication set holds
  incident_manager.aws.ssm_incidents_export:
    region: eu-west-1
    path: /srv/exports/incident-manager
  register: incident_export

- name: Everything was read
  ansible.builtin.assert:
    that:
      - incident_export.complete

- name: Read the manifest, with what is not included
  ansible.builtin.slurp:
    src: "{{ incident_export.directory }}/manifest.json"
  register: manifest

- name: Export a large account slowly, without what may not be read
  incident_manager.aws.ssm_incidents_export:
    region: eu-west-1
    search_regions: all
    path: /srv/exports/incident-manager-what-may-be-read
    workers: 2
    timeout: 14400
    allow_incomplete: true
"""

RETURN = r"""
directory:
  description: The directory, as in O(path). In check mode it is not created.
  returned: success
  type: str
  sample: /srv/exports/incident-manager
arn:
  description: The ARN of the replication set.
  returned: success, and failure if the export is incomplete
  type: str
  sample: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
region:
  description: The Region that returned the replication set.
  returned: success, and failure if the export is incomplete
  type: str
  sample: us-east-1
complete:
  description:
    - Whether everything could be read that the APIs return. Whether they return everything is not known.
    - In check mode, whether everything could be listed.
  returned: success, and failure if the export is incomplete
  type: bool
  sample: true
counts:
  description:
    - The number of objects in each file, by kind.
    - In check mode, RV(incident_manager.aws.ssm_incidents_data_info#module:counts).
  returned: success, and failure if the export is incomplete
  type: dict
  sample:
    contact_channels: 4
    contacts: 3
    engagements: 12
    findings: 0
    incident_records: 12
    page_receipts: 20
    page_resolutions: 12
    pages: 14
    related_items: 8
    replication_set: 1
    resource_policies: 0
    response_plans: 1
    rotation_overrides: 0
    rotation_shifts: 40
    rotations: 1
    timeline_events: 170
changes_count:
  description:
    - The number of objects that were created, deleted or changed during the export. The manifest names them.
    - 0 in check mode.
  returned: success, and failure if the export is incomplete
  type: int
  sample: 0
missing_count:
  description: The number of calls that failed, and of those that were not made in time.
  returned: success, and failure if the export is incomplete
  type: int
  sample: 0
missing:
  description: The first 20 of them. The manifest has all, each with its reason.
  returned: success, and failure if the export is incomplete
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of object, as in RV(counts).
      returned: success, and failure if the export is incomplete
      type: str
      sample: timeline_events
    arn:
      description: The ARN of the object, or of the one that it belongs to; null if a list of a Region could not be read.
      returned: success, and failure if the export is incomplete
      type: str
      sample: arn:aws:ssm-incidents::111122223333:incident-record/Example-Response-Plan/6ebcc812-85f5-b7eb-8b2f-283e4d844308
    id:
      description: The ID of the object that belongs to the one with the ARN; null if there is none.
      returned: success, and failure if the export is incomplete
      type: str
      sample: 67454664-ee37-4a5e-8ba7-9ce7e3a5a6a8
    operation:
      description: The API operation; null for a failure that is not about one operation.
      returned: success, and failure if the export is incomplete
      type: str
      sample: GetTimelineEvent
    region:
      description: The Region that the module called; null if it called none.
      returned: success, and failure if the export is incomplete
      type: str
      sample: us-east-1
    code:
      description:
        - The error code, as in RV(error.code).
        - V(WaitTimeout) for what was not read within O(timeout), V(MissingLibrary) for an operation that the installed botocore
          does not know, V(ReplicationSetChanged) for a Region that was added to the set during the export.
      returned: success, and failure if the export is incomplete
      type: str
      sample: AccessDeniedException
error:
  description: What failed. The codes are part of what this collection promises; a later release may add others.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - AWS's error code, such as V(AccessDeniedException), or the name of botocore's exception, such as V(NoCredentialsError).
        - Or a code of this collection, V(ExportIncomplete), V(FileNotWritable), V(Interrupted), V(InvalidConfiguration),
          V(InvalidParameter), V(MalformedAnswer), V(MultipleReplicationSets), V(NoReplicationSet), V(SearchIncomplete) or
          V(UnexpectedError).
        - A bare HTTP status, such as V(403), if an error came without a code.
        - The README of the collection has a table of all codes.
      returned: failure
      type: str
      sample: ExportIncomplete
    message:
      description: The message of AWS or botocore or, for a code of this collection, of the failure.
      returned: failure
      type: str
      sample: GetTimelineEvent in Region us-east-1 (AccessDeniedException, 170 times) failed. Nothing was written
response_metadata:
  description: What AWS sent with its response, such as RV(response_metadata.http_status_code); V({}) if AWS did not respond.
  returned: failure
  type: dict
  contains:
    http_status_code:
      description: The HTTP status of the response.
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
from typing import TYPE_CHECKING, Any, Mapping

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    NO_REPLICATION_SET,
    AnsibleSSMIncidentsError,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.contents import state_warning
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import data_facts, list_data
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.export import (
    Export,
    Summary,
    incomplete,
    summary_of_counts,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_export.folder import (
    NewFolder,
    left_over,
    validate_path,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.search import (
    SEARCH_DEFAULTS,
    SearchResult,
    find_replication_set,
    validate_search,
)

if TYPE_CHECKING:
    from ansible_collections.incident_manager.aws.plugins.module_utils._aws.connection import Connection

MAX_WORKERS = 64


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "arn": {"type": "str"},
            "search_regions": {"type": "list", "elements": "str", "default": []},
            "allow_incomplete": {"type": "bool", "default": False},
            "workers": {"type": "int", "default": 8},
            "timeout": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    params, deadline = module.params, time.monotonic() + module.params["timeout"]
    run = ModuleRun(module)
    with run:
        validate(params)
        # A pooled connection for each worker. Any further connection would be closed after each call.
        connection = run.connect({**SEARCH_DEFAULTS, "max_pool_connections": params["workers"]})
        for path in left_over(params["path"]):
            # Not module.warn: amazon.aws 11 passes its warnings on in a way that ansible-core 2.21 deprecates.
            warn(
                f"{path} belongs to an export that was killed or is still running. The module does not use it. If no export is"
                " running, delete it, because it contains personal data."
            )
        if module.check_mode:
            found = find(connection, params, deadline)
            lists = list_data(connection, found.replication_set)
            summary = summary_of_counts(data_facts(connection, found.replication_set, found.arn, lists))
        else:
            # Make the directory before AWS is called. An export can take hours and must not fail afterwards for this reason.
            with NewFolder(params["path"]) as folder:
                found = find(connection, params, deadline)
                regions, home = (found.replication_set or {})["regionMap"], found.client.meta.region_name
                export = Export(connection, found.arn, regions, home, folder, params["workers"], deadline)
                summary = export.run()
                if summary.complete or params["allow_incomplete"]:
                    folder.finish()
        report(run, found, summary, params["allow_incomplete"])
        run.result.update(changed=True, directory=params["path"])
    run.exit()


def validate(params: Mapping[str, Any]) -> None:
    """Validate the options before anything is sent. Raises AnsibleSSMIncidentsError."""
    validate_search(params["arn"], params["search_regions"])
    if not 1 <= params["workers"] <= MAX_WORKERS:
        raise invalid_option("workers", f"{params['workers']} is out of range", f"It must be from 1 to {MAX_WORKERS}")
    if params["timeout"] < 1:
        raise invalid_option("timeout", f"{params['timeout']} is out of range", "It must be 1 or more")
    validate_path(params["path"])


def find(connection: Connection, params: Mapping[str, Any], deadline: float) -> SearchResult:
    """Find the replication set, and warn if it is not ACTIVE. Raises AnsibleSSMIncidentsError, also if there is none."""
    found = find_replication_set(connection, params["arn"], params["search_regions"], deadline)
    if found.replication_set is None:
        raise AnsibleSSMIncidentsError(
            "The account has no replication set, so there is nothing to export",
            code=NO_REPLICATION_SET,
            reason="",
            advice="Check the credentials. They determine the account.",
        )
    warning = state_warning(found.replication_set)
    if warning:
        warn(warning)
    return found


def report(run: ModuleRun, found: SearchResult, summary: Summary, allow_incomplete: bool) -> None:
    """Add the summary to the module's result. Raises AnsibleSSMIncidentsError if the export is incomplete and must not be."""
    run.result.update(
        arn=found.arn,
        region=found.client.meta.region_name,
        complete=summary.complete,
        counts=summary.counts,
        changes_count=summary.changes_count,
        missing=summary.missing,
        missing_count=summary.missing_count,
    )
    if not summary.complete and not allow_incomplete:
        raise incomplete(found.arn, summary.missing_by)


if __name__ == "__main__":
    main()
