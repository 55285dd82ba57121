# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give the local endpoint's account what the demo is about: a KMS key, and a replication set in two Regions."""

from __future__ import annotations

import boto3


def main() -> None:
    key = boto3.client("kms", region_name="eu-west-1").create_key(Description="Incident Manager")
    client = boto3.client("ssm-incidents", region_name="eu-west-1")
    arn = client.create_replication_set(
        regions={"eu-west-1": {"sseKmsKeyId": key["KeyMetadata"]["Arn"]}, "eu-central-1": {}},
        tags={"Team": "Resilience", "CostCenter": "A-1"},
    )["arn"]
    client.get_waiter("wait_for_replication_set_active").wait(arn=arn, WaiterConfig={"Delay": 0})
    client.update_deletion_protection(arn=arn, deletionProtected=True)


if __name__ == "__main__":
    main()
