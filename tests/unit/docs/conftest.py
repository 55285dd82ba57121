# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for the tests of the documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto.kms.models import KmsBackend


@pytest.fixture
def kms_that_takes_arns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto's KMS accept a key's ARN wherever AWS's KMS does. amazon.aws.kms_key sends ARNs only."""

    def taking_arns(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda kms, key_id, *others: method(kms, kms.get_key_id(key_id), *others)

    for name in ("disable_key", "enable_key", "schedule_key_deletion", "cancel_key_deletion"):
        monkeypatch.setattr(KmsBackend, name, taking_arns(getattr(KmsBackend, name)))
