# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of amazon.aws's modules for TLS and botocore, for plugins. amazon.aws's connection code reads them."""

    DOCUMENTATION = r"""
options:
  aws_ca_bundle:
    description:
      - The path of a file with CA certificates, which verify the certificates of endpoints.
      - It overrides the environment variable E(AWS_CA_BUNDLE) and the profile's C(ca_bundle).
    type: path
    version_added: 4.2.0
  validate_certs:
    description:
      - Whether to verify the certificates of endpoints.
      - For a private certificate authority, set O(aws_ca_bundle) instead of V(false).
    type: bool
    default: true
    version_added: 4.2.0
  aws_config:
    description:
      - Options of botocore's Config, such as C(connect_timeout), C(retries) or C(proxies).
      - See U(https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html).
    type: dict
    version_added: 4.2.0
"""
