#!/usr/bin/python
# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of an action plugin: the code is in plugins/action.

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_incidents_replication_set_audit
version_added: 1.1.0
short_description: Check an account's replication set of AWS Systems Manager Incident Manager against rules
description:
  - Gets the account's replication set, as M(incident_manager.aws.ssm_incidents_replication_set_info) does, checks it
    against rules, and returns the facts and every violation.
  - Without O(rules), the account must have a replication set in at least two Regions, and the set and every Region of
    it must be V(ACTIVE).
  - If a rule is violated, the task fails, and its message contains all findings. With O(report_only=true), the task
    succeeds and returns the findings.
  - RV(outcome) is V(unknown) if the account can't be audited, or if no rule is violated but AWS does not return a fact
    that a rule needs. An unknown outcome never counts as a pass. The task fails in this case too, unless
    O(report_only=true).
  - The task runs on the controller. For many accounts, this takes much less processor time than a module. boto3 must be
    installed on the controller, and the task uses the controller's environment variables and AWS configuration files.
  - The task fails if the keyword C(environment) sets variables that botocore reads (C(AWS_*), C(HOME), proxy
    variables), because the variables would have no effect.
author:
  - incident_manager.aws contributors (@incident-manager)
options:
  rules:
    description:
      - The rules that the replication set is checked against.
      - A key that is not the name of a rule is rejected, so that a misspelled rule is not silently ignored.
    version_added: 3.0.0
    type: dict
    suboptions:
      state:
        description:
          - Whether the account must have a replication set.
          - With V(present), the account must have a replication set.
          - With V(absent), the account must have none, for example because Incident Manager was retired there.
            V(absent) can't be combined with any other rule.
          - With V(any), both are allowed. If a set exists, it is checked against the other rules.
        type: str
        choices: [present, absent, any]
        default: present
      regions:
        description:
          - Regions that the set must be in. The set can be in other Regions too.
          - A Region that is being deleted does not count, here or for O(rules.minimum_regions).
        type: list
        elements: str
      minimum_regions:
        description:
          - The minimum number of Regions that the set must have.
          - AWS recommends at least two. With only one, no incidents are created while that Region is unavailable.
        type: int
        choices: [1, 2, 3]
        default: 2
      active:
        description: Whether the set and every Region of it must be V(ACTIVE).
        type: bool
        default: true
      customer_managed_keys:
        description: Whether every Region must be encrypted with a customer managed key instead of the AWS owned key.
        type: bool
        default: false
      allowed_kms_keys:
        description:
          - The ARNs of the KMS keys that may encrypt a Region. C(*) matches any characters and C(?) matches one
            character, as in V(arn:aws:kms:*:111122223333:key/*).
          - V(DefaultKey) allows the AWS owned key.
          - If not set, any key is allowed.
        type: list
        elements: str
      usable_keys:
        description:
          - Whether every customer managed key must be enabled, and of a kind that Incident Manager supports. The AWS
            owned key always meets this rule.
          - The keys are described only if this rule is V(true). Each key is described in its own Region, which requires
            the permission C(kms:DescribeKey). If a key can't be described, or KMS does not respond within 5 seconds,
            the state of the key is unknown.
          - If V(false), C(kms_key) of each Region in RV(replication_set) is null.
        version_added: 3.0.0
        type: bool
        default: false
      deletion_protected:
        description:
          - Whether deletion protection must be on (V(true)) or off (V(false)).
          - If not set, deletion protection is not checked.
        type: bool
      tags:
        description:
          - Tags that the set must have. A value of null allows any value. The set may have other tags too.
          - A key that begins with C(__ansible_) or C(_ansible_) can be set with a backslash before it, as results show it.
          - The tags are listed only if this rule is set, which requires the permission
            C(ssm-incidents:ListTagsForResource). Without this rule, C(tags) in RV(replication_set) is null.
        type: dict
  fail_on:
    description:
      - The outcomes that fail the task. With V([failed]), an account that can't be audited does not fail the
        task. If Ansible itself fails before the account is audited, for example because a variable is not defined, the
        task fails with any value.
    version_added: 4.2.0
    type: list
    elements: str
    choices: [failed, unknown]
    default: [failed, unknown]
  report_only:
    description:
      - Whether the task succeeds regardless of RV(outcome). If an option is rejected before the connection is made, the
        task still fails.
      - If the connection can't be used (a profile together with access keys, an invalid O(aws_config), a Region without
        Incident Manager), RV(outcome) is V(unknown).
    type: bool
    default: false
  account:
    description:
      - All connection options as one mapping, for example from an inventory variable. These are O(region),
        O(account_id), O(assume_role_arn), and every other option on this page except O(rules) and O(report_only).
      - Set them either here or as options of the task, not both.
    version_added: 3.0.0
    type: dict
  account_id:
    description:
      - The ID of the account to audit. Put it in quotation marks, because otherwise YAML reads it as a number.
      - If the credentials belong to another account, the outcome is V(unknown). With O(assume_role_arn), the account of
        the role is always expected.
      - If a report has several names for the same account, only the names with this option can pass.
    version_added: 3.0.0
    type: str
  assume_role_arn:
    description:
      - The ARN of an IAM role. The task uses its credentials to assume the role, and makes all calls as the role.
      - The modules of this collection don't have this option, so set the option for this task and not for the action
        group.
      - If the role requires an external ID, configure the role in a profile of the AWS configuration files instead. A
        role that requires an MFA code can't be used.
    type: str
    aliases: [iam_role_arn]
extends_documentation_fragment:
  - incident_manager.aws.attributes
  - incident_manager.aws.attributes.on_controller
  - incident_manager.aws.attributes.info_module
  - incident_manager.aws.requirements
  - incident_manager.aws.search
  - amazon.aws.common.modules
  - amazon.aws.region.modules
notes:
  - Connecting to a Region times out after 10 seconds, and reading its response after 20 seconds. A call without a
    response is retried once. O(aws_config) overrides these limits.
seealso:
  - ref: ansible_collections.incident_manager.aws.docsite.guide_auditing
    description: Auditing a fleet of accounts, with a report on one page.
  - plugin: incident_manager.aws.ssm_incidents_replication_set
    plugin_type: lookup
  - module: incident_manager.aws.ssm_incidents_replication_set_report
  - module: incident_manager.aws.ssm_incidents_replication_set_info
"""

EXAMPLES = r"""
# The credentials come from the environment here, or from module_defaults.

- name: Check that the account has an active replication set in at least two Regions
  incident_manager.aws.ssm_incidents_replication_set_audit:
    region: eu-west-1

- name: Check the replication set against several rules
  incident_manager.aws.ssm_incidents_replication_set_audit:
    region: eu-west-1
    rules:
      regions:
        - eu-west-1
        - eu-central-1
      allowed_kms_keys:
        - arn:aws:kms:*:111122223333:key/*
      customer_managed_keys: true
      deletion_protected: true
      tags:
        Team: Resilience
        CostCenter:

- name: Check that Incident Manager is retired in the account
  incident_manager.aws.ssm_incidents_replication_set_audit:
    region: eu-west-1
    rules:
      state: absent
    report_only: true
  register: audit

- name: Show the outcome
  ansible.builtin.debug:
    msg: "{{ audit.outcome }}: {{ audit.msg }}"

- name: Audit another account, whichever Regions its replication set is in
  incident_manager.aws.ssm_incidents_replication_set_audit:
    region: eu-west-1
    assume_role_arn: arn:aws:iam::111122223333:role/incident-manager-audit
    search_regions: all

- name: Audit an account with the variables of the host, as the playbook incident_manager.aws.audit does
  incident_manager.aws.ssm_incidents_replication_set_audit:
    account: "{{ incident_manager_account }}"
    rules: "{{ incident_manager_rules }}"
"""

RETURN = r"""
outcome:
  description:
    - V(passed) if the account meets the rules. V(failed) if the account violates a rule.
    - V(unknown) if the account could not be audited, or if no rule is violated but a fact that a rule needs is missing.
  returned: unless an option is rejected
  type: str
  sample: failed
msg:
  description: The outcome in words, with all findings. If the account could not be audited, the reason and what to do.
  returned: always
  type: str
  sample: >-
    The replication set arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    violates the rules (1 finding): Deletion protection is off but must be on.
findings:
  description: Every violation of the rules, and every unknown fact that a rule needs.
  returned: unless an option is rejected
  type: list
  elements: dict
  contains:
    rule:
      description: The name of the rule.
      returned: always
      type: str
      sample: deletion_protected
    region:
      description: The Region that the finding is about; null if the finding is about the whole set.
      returned: always
      type: str
      sample: null
    expected:
      description: What the rule expects.
      returned: always
      type: raw
      sample: true
    actual:
      description: The actual value; null if there is none, or if RV(findings[].known=false).
      returned: always
      type: raw
      sample: false
    known:
      description:
        - Whether the actual value is known.
        - V(false) if AWS does not return the value, or if the caller lacks a permission, for example to list the tags.
      returned: always
      type: bool
      sample: true
    msg:
      description: The finding in words.
      returned: always
      type: str
      sample: Deletion protection is off but must be on
rules:
  description: The rules that the account was checked against, including defaults.
  returned: unless an option is rejected
  type: dict
  sample:
    active: true
    customer_managed_keys: false
    deletion_protected: true
    minimum_regions: 2
    state: present
account_id:
  description:
    - The ID of the account that the credentials belong to. If a role could not be assumed, the ID of the role's
      account.
    - Null if the ID is not known.
  returned: unless an option is rejected
  type: str
  sample: "111122223333"
expected_account_id:
  description: The value of O(account_id); null if the option is not set.
  returned: unless an option is rejected
  type: str
  sample: null
time:
  description: When the account was audited, in ISO 8601 format and in UTC.
  returned: unless an option is rejected
  type: str
  sample: "2026-05-14T17:57:22.010000+00:00"
exists:
  description: Whether there is a replication set; null if the account could not be audited.
  returned: unless an option is rejected
  type: bool
  sample: true
region:
  description: The Region that returned the result; null if no Region did.
  returned: unless an option is rejected
  type: str
  sample: us-east-1
replication_set:
  description:
    - The facts about the replication set, as M(incident_manager.aws.ssm_incidents_replication_set_info) returns them.
    - V({}) if there is none; null if the account could not be audited.
  returned: unless an option is rejected
  type: dict
  sample:
    arn: arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57
    created_by: arn:aws:sts::111122223333:assumed-role/Admin/username
    created_time: "2021-05-14T17:57:22.010000+00:00"
    deletion_protected: false
    last_modified_by: arn:aws:sts::111122223333:assumed-role/Admin/username
    last_modified_time: "2021-05-14T17:57:22.010000+00:00"
    region_map:
      us-east-1:
        kms_key:
          custom_key_store_id: null
          deletion_date: null
          enabled: true
          key_manager: CUSTOMER
          key_spec: SYMMETRIC_DEFAULT
          key_state: Enabled
          key_usage: ENCRYPT_DECRYPT
          origin: AWS_KMS
        sse_kms_key_id: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        status: ACTIVE
        status_message: null
        status_update_date_time: null
      us-east-2:
        kms_key: null
        sse_kms_key_id: arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
        status: ACTIVE
        status_message: Tagging inaccessible
        status_update_date_time: null
    status: ACTIVE
    tags: null
error:
  description: What failed. Codes are changed or removed only in a major release. Any release can add codes.
  returned: if RV(outcome=unknown) and there are no findings, or an option is rejected
  type: dict
  contains:
    code:
      description:
        - If AWS returned the error, AWS's error code, such as V(AccessDeniedException).
        - If an error response has no error code, for example because a proxy sent the response, its HTTP status code,
          such as V(403).
        - If botocore raised the error, the name of botocore's exception, such as V(NoCredentialsError).
        - Otherwise, a code of this collection, one of V(AccountMismatch), V(InvalidConfiguration), V(InvalidParameter),
          V(MalformedAnswer), V(MissingLibrary), V(MultipleReplicationSets), V(SearchIncomplete) or V(UnexpectedError).
        - The page "Error codes" of the collection lists all codes.
      returned: always
      type: str
      sample: AccessDenied
    message:
      description: The message of AWS or botocore. For a code of this collection, the message of the failure.
      returned: always
      type: str
      sample: "User: arn:aws:iam::444455556666:user/ops is not authorized to perform: sts:AssumeRole"
response_metadata:
  description: The metadata of AWS's response, such as C(http_status_code); V({}) if AWS did not respond.
  returned: if RV(outcome=unknown) and there are no findings, or an option is rejected
  type: dict
  sample:
    http_status_code: 403
boto3_version:
  description: The version of boto3, if it is installed.
  returned: if RV(outcome=unknown) and there are no findings, or an option is rejected
  type: str
  sample: 1.44.5
botocore_version:
  description: The version of botocore, if it is installed.
  returned: if RV(outcome=unknown) and there are no findings, or an option is rejected
  type: str
  sample: 1.44.5
"""
