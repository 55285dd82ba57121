#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of an action plugin: the code is in plugins/action.

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_replication_set_report
version_added: 1.1.0
short_description: Make one report of the audits of many accounts
description:
  - Creates one report from the results of M(incident_manager.aws.ssm_incidents_replication_set_audit), as an HTML page, JSON,
    CSV, and JUnit XML. RV(text) is a summary for the terminal.
  - Merges the JSON of earlier runs, for instance if several controllers share a fleet, or some accounts were audited again.
    If a name has several results, the newest one is used. If they are from different accounts, the task fails.
  - If several names turn out to be the same account, a name passes only if its audit has C(account_id), because one of the names
    may stand for an account that was not audited. To audit one account under several names, set C(account_id) for each of them.
  - After the files are written, the task fails if RV(unreported) is not empty, unless O(report_only=true).
  - The playbooks C(incident_manager.aws.audit) and C(incident_manager.aws.merge_audits) use it.
  - Runs on the controller, where the files are written too.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  audits:
    description:
      - The results of the audits. The keys are the names of the accounts in the report.
      - A result without an outcome, because Ansible failed before the account was audited, is V(unknown).
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
      - The file to write the page to. It is one file that loads nothing from elsewhere.
      - Missing directories are created.
    type: path
  json:
    description: The file to write the report to as JSON, in the form that the guide on auditing documents.
    type: path
  csv:
    description:
      - The file to write the report to as CSV, with a line for each finding, and one for an account without findings.
      - Text that a spreadsheet could interpret as a formula is prefixed with an apostrophe.
    version_added: 3.0.0
    type: path
  junit:
    description:
      - The file to write the report to as JUnit XML, which pipelines show without further code. Each account is a test case.
        An account that failed is a failure. One whose outcome is unknown is an error.
    version_added: 3.0.0
    type: path
  report_only:
    description: Whether to end without a failure if an account did not pass.
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
      - A report says when it was made.
seealso:
  - ref: ansible_collections.incident_manager.aws.docsite.guide_auditing
    description: Auditing a fleet of accounts, with a report on one page.
  - module: incident_manager.aws.ssm_incidents_replication_set_audit
"""

EXAMPLES = r"""
# The playbook incident_manager.aws.audit does this. Every host is an account.

- name: Audit and report
  block:
    - name: Audit the account
      incident_manager.aws.ssm_incidents_replication_set_audit:
        account: "{{ incident_manager_account }}"
      register: audit

  always:
    - name: Report
      incident_manager.aws.ssm_incidents_replication_set_report:
        audits: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'audit'))) }}"
        html: report/audit.html
        json: report/audit.json
        junit: report/audit.xml
      run_once: true

- name: Make one report of several
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
    - The report as lines for a screen. The first one is the headline. The accounts that did not pass follow with their
      findings, the worst first, then the files. Accounts with the same findings are named together.
  returned: unless an option is rejected, or the accounts can't be reported
  type: list
  elements: str
  sample:
    - 11 of 412 accounts are not in order, 3 are not known
    - "failed: shop (222233334444)"
    - "  - Deletion protection is off but must be on"
    - "Wrote: /reports/audit.html"
unreported:
  description:
    - The accounts that did not pass although their task in O(audits) did not fail.
  returned: unless an option is rejected, or the accounts can't be reported
  type: list
  elements: str
  sample: []
msg:
  description: The headline of the report, or what failed and what to do.
  returned: always
  type: str
  sample: "11 of 412 accounts are not in order, 3 are not known. This result covers all accounts, regardless of the host it is shown for."
error:
  description: What failed. The codes are stable. Later releases can add codes.
  returned: if an option is rejected, a file can't be read or written, or a name has two account IDs
  type: dict
  contains:
    code:
      description:
        - One of V(AccountMismatch), V(FileNotReadable), V(FileNotWritable),
          V(InvalidParameter) or V(InvalidReport).
        - The README of the collection has a table of all codes.
      returned: always
      type: str
      sample: FileNotWritable
    message:
      description: The message of the failure.
      returned: always
      type: str
      sample: Failed to write /reports/audit.html
response_metadata:
  description: Always V({}), as the task makes no calls to AWS.
  returned: if an option is rejected, a file can't be read or written, or a name has two account IDs
  type: dict
  sample: {}
boto3_version:
  description: The version of boto3, if it is installed.
  returned: if an option is rejected, a file can't be read or written, or a name has two account IDs
  type: str
  sample: 1.44.5
botocore_version:
  description: The version of botocore, if it is installed.
  returned: if an option is rejected, a file can't be read or written, or a name has two account IDs
  type: str
  sample: 1.44.5
"""
