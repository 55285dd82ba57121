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
  - The settings in the environment, in the AWS configuration files and in C(aws_config) have the effect that the
    documentation of the installed botocore describes, except for those that are listed here.
  - E(AWS_MAX_ATTEMPTS), or C(max_attempts) of the profile, is the maximum number of attempts for a read. In
    C(aws_config), C(max_attempts) of C(retries) is the number of retries, without the first attempt. After a request
    that changes something fails, the result is read before anything is sent again.
  - The retry mode (E(AWS_RETRY_MODE), C(retry_mode), C(mode) of C(retries)) has no effect on the calls of this
    collection, and the time limits of C(defaults_mode) have none if the plugin has time limits of its own.
  - C(region_name) in C(aws_config) is rejected, unless it is the Region of the option C(region). C(data_path) in the
    AWS configuration files has no effect. Set E(AWS_DATA_PATH) instead.
  - The role of a profile that has C(mfa_serial) can't be assumed, because the collection does not prompt for the MFA
    code. Get temporary credentials with the code first, for example with C(aws sts get-session-token).
  - Certificates, proxies, time limits and the number of attempts also apply to the calls that botocore makes to get
    the credentials of C(profile). C(endpoint_url) does not. To assume the role of a profile at another endpoint, set
    E(AWS_ENDPOINT_URL_STS).
  - The role in C(assume_role_arn), if the plugin has this option, is assumed at C(endpoint_url) if it is set. To send
    only the calls of Incident Manager to another endpoint, set E(AWS_ENDPOINT_URL_SSM_INCIDENTS) instead.
  - If a provider of credentials fails, or AWS rejects the call that it makes, the message is not shown, because it can
    contain a token. The error names the provider and its HTTP or exit status, or the call and AWS's error
    code.
  - Newer releases of amazon.aws require newer versions of boto3 and botocore. amazon.aws 11 requires version 1.35.0 of
    both.
"""
