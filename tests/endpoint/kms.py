# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's KMS, with keys of given ARNs. Its calls take a key's ARN wherever AWS's do: amazon.aws.kms_key sends only ARNs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from moto.kms import models
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import generate_private_key

from .backend import utils


def make_key(arn: str) -> str:
    """
    Make an enabled, symmetric key with this ARN, and return the ARN. KMS itself would choose the key's ID.

    :param arn: the key's ARN. If the key exists, it is enabled, whatever its state.
    :raises ValueError: if it is not the ARN of a key in one of the service's Regions.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[3] not in utils.service_regions() or not parts[5].startswith("key/"):
        raise ValueError(f"arn must be the ARN of a KMS key, not {arn!r}")
    kms, key_id = kms_backends[parts[4]][parts[3]], parts[5].removeprefix("key/")
    if key_id not in kms.keys:
        key = kms.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
        kms.keys[key_id] = kms.keys.pop(key.id)
        key.id, key.arn = key_id, arn
    kms.cancel_key_deletion(key_id)
    kms.enable_key(key_id)
    return arn


def _taking_arns(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda kms, key_id, *others: method(kms, kms.get_key_id(key_id), *others)


for _name in ("disable_key", "enable_key", "schedule_key_deletion", "cancel_key_deletion"):
    setattr(KmsBackend, _name, _taking_arns(getattr(KmsBackend, _name)))

# An RSA key takes 100 ms, and moto makes one for each KMS key. Only signatures use it, so one is enough.
models.generate_private_key = cache(generate_private_key)  # type: ignore[attr-defined]
