#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_export
version_added: 4.0.0
short_description: Export the data of AWS Systems Manager Incident Manager to files
description:
  - Exports an account's replication set, and all data in it that the APIs of Incident Manager return, to files in a new
    directory on the host that runs the module.
  - B(This module has not been tested on AWS.) It has been tested only against the local endpoint of this collection.
    Check the export before you delete anything. If you delete a replication set, AWS deletes all of the account's
    Incident Manager data. AWS provides no export and no import of this data.
  - The export contains the replication set with its tags; response plans with their resource policies and tags;
    incidents with their related items, timeline events, findings and tags; contacts, escalation plans and on-call
    schedules with their policies, contact channels and tags; rotations with their overrides, past shifts and tags;
    engagements; and pages with their receipts and resolutions. The export also contains the data of each timeline
    event, which the list of timeline events does not return.
  - The module writes a file in JSON Lines format for each kind of object, such as C(timeline_events.jsonl). Each line
    contains one object, with its ARN in C(arn). If the object is part of another object, as a timeline event is part of
    an incident, the line contains the ARN of the other object in C(parent), and the ID of the part in C(id) if the part
    has an ID. C(region) is the Region that returned the object.
  - Each line contains the response of each operation that returns the object, under the name of the operation, such as
    C(GetTimelineEvent). If AWS returns a kind of object only in a list, the line contains the object's entry in the
    list, under the name of the operation that lists it, such as C(ListRelatedItems). Names and values are AWS's own.
    Times are in ISO 8601 format and in UTC, with microseconds. Control characters and non-ASCII characters are escaped,
    so that each object stays on one line.
  - C(manifest.json) describes the export. It contains C(format_version), the account, the ARN and the Regions of the
    replication set, the start and the end of the export, the number of lines of each file, and the size and the
    SHA-256 hash of each file.
  - In the manifest, C(missing) lists everything that could not be read, with the ARN, operation, Region, error code and
    reason. C(changes) lists every object that was created (V(came)), deleted (V(went)) or changed (V(changed)) during
    the export. C(exported) in an entry of C(changes) is true if the export contains the whole object, that is, if the
    module read all of its parts, no entry of C(missing) is about the object or its parts, and the module found no
    difference when it looked for the last time. For a deleted object, it is true if the module read all of its parts
    before it was deleted. C(not_included) lists the data that the export does not cover, for example because no API
    returns the data.
  - If a response contains a member that the installed botocore does not know, the module exports the member as AWS sent
    it, and names the member in C(members_unknown_to_botocore) of the manifest. If the value of a member is null, the
    module omits the member.
  - According to the models of the APIs, some responses can omit the list that was requested. The module treats such a
    response as an empty list, and counts the response in C(responses_without_list) of the manifest. If the module has
    read the list before, it keeps what it has read.
  - AWS does not document whether a single Region of the replication set returns all data. The module therefore reads
    from all Regions of the set, and exports each object once. If a Region lists an object but does not return it, the
    module reads the object from another Region that lists the object in the same way. If Regions list different
    versions of an object, the module reads each version. If the responses differ too, the export contains a line for
    each of them.
  - If a Region returns no tags or no policy of an object, the module asks the other Regions that list the object in the
    same way.
  - After the module has read everything, it looks at everything again to detect changes. It lists the objects and
    their parts again, and reads each response plan, incident, contact, escalation plan, on-call schedule, rotation,
    engagement and page again, because the lists of these objects contain no time of modification. If something differs,
    the module reads the object with all of its parts again, and names it in C(changes). The module also retries what
    could not be read because of a transient error, such as a broken connection. It looks up to three times, and ends as
    soon as nothing differs. It reads the replication set last.
  - If a part of an object could be read at first but can't be read later, the module keeps what it has read. If a
    Region stops listing an object that other Regions still list, the module asks the Region for the object by its ARN,
    and keeps what it has read from the Region unless the Region returns something newer. An object counts as deleted
    only if the lists of all Regions are complete, no list contains the object any more, and no Region that listed the
    object finds it. The module names deleted objects in C(changes), and keeps their data.
  - If an object still differs in the last round, the export is incomplete. The module exports the object as it has read
    it last, names it in C(missing) with the code V(ReplicationSetChanged), and counts it in C(unsettled) of the
    manifest.
  - If a Region is added to the replication set or removed from it during the export, the export is incomplete. The
    module keeps what it has read from a Region that was removed.
  - The module can't detect a change that was undone before the module looked again, nor a change after its last look at
    an object. If Regions list an object in the same way, the module reads it from only one of them. It can't detect that
    the others return another version of it.
  - The directory appears at O(path) only after the export has finished. Until then, the files are in a directory next
    to O(path), whose name starts with a dot and ends with C(.incomplete). If the module fails, it removes this
    directory. If it can't remove the directory, for example because someone has moved it, the message of the failure
    names it. Delete it yourself, because it can contain personal data.
  - If the module is killed, the directory that ends with C(.incomplete) remains. The next run with the same O(path)
    warns about the directory, but does not use or delete it, because another run could still be writing to it. If no
    other run is in progress, delete the directory yourself, because it can contain personal data.
notes:
  - The files contain personal data, such as names, telephone numbers and addresses. The mode of the directory is
    C(0700), and the mode of its files is C(0600).
  - The messages and return values of the module contain ARNs, counts and paths, but no other data of the export. The
    ARN of a contact contains the contact's alias.
  - The module makes one call for each timeline event, finding, contact channel and rotation override, and several calls
    for each response plan, incident, contact, escalation plan, on-call schedule, rotation, engagement and page. AWS
    does not document the request rates of these APIs. If AWS throttles a call, the module retries the call until
    O(timeout), unless C(aws_config) limits the retries.
  - If the replication set or one of its Regions is not V(ACTIVE), the module warns. The export of a set that is being
    deleted is never complete.
  - If a list has more than 1,000 pages of up to 100 objects, the module stops reading the list, and the list is in
    C(missing) of the manifest.
  - Connecting to a Region times out after 10 seconds, and reading its response after 20 seconds. C(aws_config)
    overrides these limits.
  - If another account shares an object with this account, the module does not export the object. The module only counts
    it, in C(shared_by_other_accounts) of the manifest.
  - The operations ListRotationOverrides and ListRotationShifts require a period. The manifest contains the periods that
    the module requests.
  - An old botocore, such as 1.31, does not know the operations that return findings. With such a version, the export is
    incomplete.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  path:
    description:
      - The absolute path of the directory to create, on the host that runs the module.
      - The parent directory must exist. The directory itself must not exist, because an export is never overwritten.
    type: path
    required: true
  arn:
    description:
      - The ARN of the replication set, such as
        V(arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57).
      - If omitted, the module exports the account's own replication set.
      - If there is no such replication set, the module fails.
    type: str
  allow_incomplete:
    description:
      - Whether to keep an export from which something is missing, for example because the caller lacks a permission.
      - If V(false), the module fails if something can't be read, and writes nothing.
      - If V(true), the module writes what it could read. If something could not be read, RV(complete) is V(false), and
        so is C(complete) in the manifest.
    type: bool
    default: false
  workers:
    description:
      - The maximum number of calls at the same time, in all Regions together, from 1 to 64.
    type: int
    default: 8
  timeout:
    description:
      - The time limit for all calls together, in seconds, 1 or more. It includes the search for the replication set.
      - After this time, the module makes no further calls, and does not wait for calls that have started. Everything that
        has not been read by then is missing from the export.
      - Reading everything gets at most three quarters of this time, so that there is time to look at everything again. An
        object that the module could not look at again is in C(missing) of the manifest.
      - The lists of the objects in each Region get at most half of that. If a Region hangs, the module still has time to
        read the objects that the other Regions have listed. After three reads of a Region in a row have timed out, the
        module does not read from this Region until it looks at everything again.
      - In check mode, this limit applies only to the search. The module stops listing after 300 seconds.
    type: int
    default: 3600
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.progress
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - amazon.aws.common.modules
  - amazon.aws.region.modules
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module validates O(path), and counts the resources in the replication set, as
        M(incident_manager.aws.ssm_incidents_data_info) does. The module writes nothing.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - An export is never overwritten. If the same task runs again, it fails.
seealso:
  - module: incident_manager.aws.ssm_incidents_data_info
    description: Counts the resources in the replication set.
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
# The credentials come from the environment here, or from module_defaults.

- name: Export the data in the account's replication set
  incident_manager.aws.ssm_incidents_export:
    region: eu-west-1
    path: /srv/exports/incident-manager
  register: incident_export

- name: Assert that the export is complete
  ansible.builtin.assert:
    that:
      - incident_export.complete

- name: Read the manifest
  ansible.builtin.slurp:
    src: "{{ incident_export.directory }}/manifest.json"
  register: manifest

- name: Export a large account slowly, and keep the export even if it is incomplete
  incident_manager.aws.ssm_incidents_export:
    region: eu-west-1
    search_regions: all
    path: /srv/exports/incident-manager-incomplete
    workers: 2
    timeout: 14400
    allow_incomplete: true
"""

RETURN = r"""
directory:
  description: The value of O(path). In check mode, the directory is not created.
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
    - Whether the module could read everything that the APIs return. It is not known whether the APIs return everything.
    - In check mode, whether all lists are complete.
  returned: success, and failure if the export is incomplete
  type: bool
  sample: true
counts:
  description:
    - The number of lines in each file, by kind. An object has one line, or several if Regions return different versions of
      it.
    - In check mode, the same numbers as in RV(incident_manager.aws.ssm_incidents_data_info#module:counts).
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
    - The number of objects that were created, deleted or changed during the export. The manifest names these objects.
    - In check mode, 0.
  returned: success, and failure if the export is incomplete
  type: int
  sample: 0
unsettled:
  description:
    - The number of objects that still differed when the module looked at them for the last time. If it is not 0, the
      export is incomplete, because these objects are changing. RV(missing) names them, with the code
      V(ReplicationSetChanged).
    - In check mode, 0.
  returned: success, and failure if the export is incomplete
  type: int
  sample: 0
missing_count:
  description:
    - The number of reasons why the export is incomplete. Each call that failed, or that was not made within O(timeout),
      counts as one.
  returned: success, and failure if the export is incomplete
  type: int
  sample: 0
missing:
  description:
    - What is missing from the export. The list ends after 20 entries.
    - If an export is written, C(missing) in its manifest has all entries, each with its reason.
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
      description:
        - The ARN of the object or, for a part of an object, the ARN of the whole object.
        - Null if the entry is not about a single object, for example if a list of a Region could not be read.
      returned: success, and failure if the export is incomplete
      type: str
      sample: arn:aws:ssm-incidents::111122223333:incident-record/Example-Response-Plan/6ebcc812-85f5-b7eb-8b2f-283e4d844308
    id:
      description: The ID of the part of the object, such as a timeline event of an incident; null if the entry is not
        about a part.
      returned: success, and failure if the export is incomplete
      type: str
      sample: 67454664-ee37-4a5e-8ba7-9ce7e3a5a6a8
    operation:
      description: The API operation; null if the entry is not about a single operation.
      returned: success, and failure if the export is incomplete
      type: str
      sample: GetTimelineEvent
    region:
      description: The Region that was called; null if the entry is not about a single Region.
      returned: success, and failure if the export is incomplete
      type: str
      sample: us-east-1
    code:
      description:
        - The error code, as in RV(error.code).
        - V(WaitTimeout) if something was not read or not checked for changes, because O(timeout) ended or because
          transient errors lasted until the module looked for the last time.
        - V(MissingLibrary) if the installed botocore does not know the operation.
        - V(ReplicationSetChanged) if a Region was added to the set or removed from it during the export, if the set
          is being deleted or was deleted during the export, or if an object still differed when the module looked at it
          for the last time.
      returned: success, and failure if the export is incomplete
      type: str
      sample: AccessDeniedException
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
        - Otherwise, a code of this collection, one of V(AccountMismatch), V(ExportIncomplete), V(FileNotWritable),
          V(Interrupted), V(InvalidConfiguration), V(InvalidParameter), V(MalformedAnswer), V(MultipleReplicationSets),
          V(NoReplicationSet), V(SearchIncomplete), V(UnexpectedError) or V(WaitTimeout).
        - The page "Error codes" of the collection lists all codes.
      returned: failure
      type: str
      sample: ExportIncomplete
    message:
      description: The message of AWS or botocore. For a code of this collection, the message of the failure.
      returned: failure
      type: str
      sample: GetTimelineEvent in Region us-east-1 failed (AccessDeniedException, 170 times). Nothing was written
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
from typing import TYPE_CHECKING, Any, Mapping

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    NO_REPLICATION_SET,
    Failure,
    invalid_option,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.progress import Progress
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.counts import (
    data_facts,
    list_data,
    state_warning,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.directory import (
    NewDirectory,
    left_over,
    validate_path,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._incident_data.export import (
    export_data,
    incomplete,
    result_of_counts,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.find import (
    SEARCH_DEFAULTS,
    Found,
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
                " running, delete this directory, because it can contain personal data."
            )
        if module.check_mode:
            found = find(connection, params, deadline)
            lists = list_data(connection, found.replication_set)
            counts = data_facts(connection, lists)["counts"]
            report(run, found, *result_of_counts(connection, counts, lists), params["allow_incomplete"])
        else:
            # Make the directory before AWS is called: an export can take hours, and must not fail at its end because the
            # directory can't be made.
            with NewDirectory(params["path"]) as directory:
                try:
                    found = find(connection, params, deadline)
                    regions = found.replication_set.regions if found.replication_set else ()
                    progress = Progress(connection.mask)
                    exported = export_data(
                        connection, found.arn, regions, directory, params["workers"], deadline, progress
                    )
                    report(run, found, *exported, params["allow_incomplete"])
                finally:
                    # From now on, the directory is moved to its place, or removed. An interruption must not prevent either.
                    run.ignore_signals()
                directory.finish()
        run.result.update(changed=True, directory=params["path"])
    run.exit()


def validate(params: Mapping[str, Any]) -> None:
    """Validate the options before anything is sent. Raises Failure."""
    validate_search(params["arn"], params["search_regions"])
    if not 1 <= params["workers"] <= MAX_WORKERS:
        raise invalid_option("workers", f"{params['workers']} is out of range", f"It must be from 1 to {MAX_WORKERS}")
    if params["timeout"] < 1:
        raise invalid_option("timeout", f"{params['timeout']} is out of range", "It must be 1 or more")
    validate_path(params["path"])


def find(connection: Connection, params: Mapping[str, Any], deadline: float) -> Found:
    """Find the replication set, and warn if it is not ACTIVE. Raises Failure, also if there is none."""
    found = find_replication_set(connection, params["arn"], params["search_regions"], deadline)
    if found.replication_set is None:
        raise Failure(
            "The account has no replication set, so there is nothing to export",
            code=NO_REPLICATION_SET,
            reason="",
            advice="Check the credentials. They determine the account.",
        )
    warning = state_warning(found.replication_set)
    if warning:
        warn(warning)
    return found


def report(run: ModuleRun, found: Found, result: Mapping[str, Any], failures: Any, allow_incomplete: bool) -> None:
    """Add the result to the module's. Raises Failure if the export is incomplete and must not be.

    :param failures: the numbers of failures for incomplete().
    """
    run.result.update(arn=found.arn, region=found.region, **result)
    if failures and not allow_incomplete:
        raise incomplete(found.arn, failures)


if __name__ == "__main__":
    main()
