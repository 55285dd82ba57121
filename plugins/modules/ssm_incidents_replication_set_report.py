#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of an action plugin: the code is in plugins/action.

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_replication_set_report
version_added: 1.1.0
short_description: Create one report from the audits of many accounts
description:
  - Creates one report from the results of M(incident_manager.aws.ssm_incidents_replication_set_audit), as an HTML page,
    JSON, CSV, and JUnit XML. RV(text) is a summary for the terminal.
  - Merges the JSON reports of earlier runs, for example if several controllers share a fleet, or if some accounts were
    audited again. If a name has several results, the task uses the newest result. If the results of a name are from
    different accounts, the task fails.
  - If several names refer to the same account, a name passes only if its audit has C(account_id), because one of the
    names may stand for an account that was not audited. To audit one account under several names, set C(account_id) for
    each name.
  - After the files are written, the task fails if RV(unreported) is not empty, unless O(report_only=true).
  - The headline, the number of accounts with each outcome, and the files are custom statistics of the run. With
    C(ANSIBLE_SHOW_CUSTOM_STATS=true), they are the last lines of the output. In automation controller and AWX, they are
    artifacts of the job.
  - The playbooks C(incident_manager.aws.audit) and C(incident_manager.aws.merge_audits) use this task.
  - The task runs on the controller and writes the files there.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  audits:
    description:
      - The results of the audits. The keys are the names of the accounts in the report.
      - If a result has no outcome, because Ansible failed before the account was audited, the outcome is V(unknown).
    type: dict
    default: {}
  reports:
    description:
      - JSON files of earlier runs to merge, or patterns for them such as V(slices/*.json).
    type: list
    elements: path
    default: []
  html:
    description:
      - The file to write the report to as an HTML page. The page is a single file that loads no other files.
      - For this file and for all other files of the report, missing directories are created.
    type: path
  json:
    description: The file to write the report to as JSON, in the format that the guide on auditing documents.
    type: path
  csv:
    description:
      - The file to write the report to as CSV, with one line for each finding, and one line for each account without
        findings.
      - Text that a spreadsheet could interpret as a formula is prefixed with an apostrophe.
    version_added: 3.0.0
    type: path
  junit:
    description:
      - The file to write the report to as JUnit XML, which CI systems can display. Each account is a test case. An
        account whose outcome is V(failed) is a failure, and an account whose outcome is V(unknown) is an error.
    version_added: 3.0.0
    type: path
  fail_on:
    description:
      - The outcomes that fail the task. With V([failed]), RV(unreported) contains no account whose outcome is
        V(unknown).
    version_added: 4.2.0
    type: list
    elements: str
    choices: [failed, unknown]
    default: [failed, unknown]
  report_only:
    description: Whether the task succeeds even if RV(unreported) is not empty.
    type: bool
    default: false
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.on_controller
attributes:
  action_group:
    support: none
    details:
      - The task makes no calls to AWS.
    membership: []
  check_mode:
    support: full
    details:
      - The files are not written.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every report contains the time at which it was created.
seealso:
  - ref: ansible_collections.incident_manager.aws.docsite.guide_auditing
    description: Auditing a fleet of accounts, with a report on one page.
  - module: incident_manager.aws.ssm_incidents_replication_set_audit
"""

EXAMPLES = r"""
# The playbook incident_manager.aws.audit does the same. Every host is an account.

- name: Audit and report
  block:
    - name: Audit the account
      incident_manager.aws.ssm_incidents_replication_set_audit:
        account: "{{ incident_manager_account }}"
      register: audit

  always:
    - name: Create the report
      incident_manager.aws.ssm_incidents_replication_set_report:
        audits: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'audit'))) }}"
        html: report/audit.html
        json: report/audit.json
        junit: report/audit.xml
      run_once: true

- name: Merge several reports into one
  incident_manager.aws.ssm_incidents_replication_set_report:
    reports: report/*.json
    html: report/all.html
    report_only: true
"""

RETURN = r"""
summary:
  description: The number of accounts, in total and by outcome.
  returned: unless an option is rejected, or the accounts can't be reported
  type: dict
  contains:
    accounts:
      description: The number of accounts.
      returned: always
      type: int
      sample: 412
    passed:
      description: The number of accounts that passed.
      returned: always
      type: int
      sample: 398
    failed:
      description: The number of accounts that failed.
      returned: always
      type: int
      sample: 11
    unknown:
      description: The number of accounts whose outcome is unknown.
      returned: always
      type: int
      sample: 3
text:
  description:
    - The report as lines for a terminal. The first line is the headline. The next lines are the accounts that did not
      pass, the worst first, each with its findings. Accounts with the same findings are listed together. The last lines
      are the files.
  returned: unless an option is rejected, or the accounts can't be reported
  type: list
  elements: str
  sample:
    - 11 of 412 accounts failed, 3 have an unknown outcome
    - "failed: shop (222233334444)"
    - "  - Deletion protection is off but must be on"
    - "Wrote: /reports/audit.html"
unreported:
  description:
    - The accounts whose outcome is in O(fail_on), although their task in O(audits) did not fail.
  returned: unless an option is rejected, or the accounts can't be reported
  type: list
  elements: str
  sample: []
ansible_stats:
  description:
    - The custom statistics of the run. C(data.incident_manager_audit) has the keys of RV(summary), C(headline), and
      C(files), which has the absolute path of each file that was written, by the name of its option.
  returned: unless an option is rejected, or the accounts can't be reported
  type: dict
  sample:
    data:
      incident_manager_audit:
        headline: 11 of 412 accounts failed, 3 have an unknown outcome
        accounts: 412
        failed: 11
        passed: 398
        unknown: 3
        files: {html: /reports/audit.html}
    per_host: false
    aggregate: false
msg:
  description: The headline of the report, or what failed and what to do.
  returned: always
  type: str
  sample: >-
    11 of 412 accounts failed, 3 have an unknown outcome. This result covers all accounts, regardless of the host it is
    shown for.
error:
  description: What failed. Codes are changed or removed only in a major release. Any release can add codes.
  returned: if an option is rejected, the accounts can't be reported, or a file can't be written
  type: dict
  contains:
    code:
      description:
        - One of V(AccountMismatch), V(FileNotReadable), V(FileNotWritable), V(InvalidParameter), V(InvalidReport) or
          V(UnexpectedError).
        - The page "Error codes" of the collection lists all codes.
      returned: always
      type: str
      sample: FileNotWritable
    message:
      description: The message of the failure.
      returned: always
      type: str
      sample: Failed to write /reports/audit.html
response_metadata:
  description: Always V({}), because the task makes no calls to AWS.
  returned: if an option is rejected, the accounts can't be reported, or a file can't be written
  type: dict
  sample: {}
boto3_version:
  description: The version of boto3, if it is installed.
  returned: if an option is rejected, the accounts can't be reported, or a file can't be written
  type: str
  sample: 1.44.5
botocore_version:
  description: The version of botocore, if it is installed.
  returned: if an option is rejected, the accounts can't be reported, or a file can't be written
  type: str
  sample: 1.44.5
"""
