# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The requirements on the host that runs a module. make lint compares them with requirements.txt."""

    # Not amazon.aws.boto3: it requires python >= 3.6, which is not sufficient here.
    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.8
  - boto3 >= 1.28.0
  - botocore >= 1.31.0
notes:
  - An empty value for C(profile), C(assume_role_arn), C(access_key), C(secret_key) or C(session_token) is rejected,
    because the credentials of another account could be used instead. Null is rejected too, except by modules, which
    treat null as an option that is not set.
  - If C(profile) is set, C(access_key), C(secret_key) and C(session_token) can be empty strings, so that keys in the
    environment are ignored. If C(access_key) and C(secret_key) are set, C(session_token) can be empty or null.
  - Newer releases of amazon.aws require newer versions of boto3 and botocore. amazon.aws 11 requires version 1.35.0 of
    both.
"""
