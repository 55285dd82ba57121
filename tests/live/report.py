# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a run writes. It has no data of the account.

Every text in it is from a closed vocabulary, and every number is a small count. So it can't have an account ID, an ARN,
a name, a tag, a key, a Region, an endpoint or a profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel
from helpers.checkout import CHECKOUT

from .facts import FACTS, VERDICTS
from .survey import NO_ANSWER, NO_CONNECTION, NOT_AWS, NOT_SENT, READS, SERVICE, Observations

FORMAT = 1
OTHER_CODE = "another code"
_LARGEST_COUNT = 9999
# Codes that are not in the service's model: those that all services have, and those that are known to occur.
_COMMON_CODES = (
    "AccessDenied",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "UnsupportedOperationException",
    "ValidationError",
)
# The names of counts in the file.
_COUNTED = ("agree", "asked", "checked", "differences", "success")
_KEYS = {"calls", "date", "endpoint", "fact", "facts", "format", "id", "seen", "source", "verdict", "versions"}
_KEYS |= {"botocore", "incident_manager.aws"}
_ENDPOINTS = {True: "AWS", False: "another one"}


def make_report(seen: Observations, endpoint_is_aws: bool) -> dict[str, Any]:
    """
    Return the content of the file.

    :raises ValueError: if a text is not in the vocabulary, which is a mistake in this program.
    """
    codes = _codes()
    facts = []
    for fact in FACTS:
        verdict, counts = fact.judge(seen)
        redacted: dict[str, int] = {}
        for name, count in counts.items():
            key = name if name in codes else OTHER_CODE
            redacted[key] = redacted.get(key, 0) + count
        facts.append(
            {"id": fact.id, "fact": fact.sentence, "source": fact.source, "verdict": verdict, "seen": redacted}
        )
    report = {
        "format": FORMAT,
        "date": _today(),
        "versions": {"incident_manager.aws": _collection_version(), "botocore": botocore.__version__},
        "endpoint": _ENDPOINTS[endpoint_is_aws],
        "calls": {operation: sum(answer.operation == operation for answer in seen.answers) for operation in READS},
        "facts": facts,
    }
    validate(report)
    return report


def validate(report: Any) -> None:
    """:raises ValueError: if a text or a number could be from the account."""
    allowed = {*_KEYS, *_ENDPOINTS.values(), *VERDICTS, *_codes(), *READS}
    allowed |= {_today(), _collection_version(), botocore.__version__}
    for fact in FACTS:
        allowed |= {fact.id, fact.sentence, fact.source}
    for value in _values(report):
        is_count = isinstance(value, int) and 0 <= value <= _LARGEST_COUNT
        if not is_count and not (isinstance(value, str) and value in allowed):
            raise ValueError("The report has a value that is not in its vocabulary")


def _values(content: Any) -> Iterator[Any]:
    """Yield each key and each value."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _values(value)
    elif isinstance(content, list):
        for value in content:
            yield from _values(value)
    else:
        yield content


@cache
def _codes() -> set[str]:
    """Return the names that a count in the report can have."""
    model = ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)
    outcomes = (NO_CONNECTION, NO_ANSWER, NOT_AWS, NOT_SENT, OTHER_CODE)
    return {*_COUNTED, *_COMMON_CODES, *outcomes, *(shape.name for shape in model.error_shapes)}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


@cache
def _collection_version() -> str:
    return str(yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
