# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user may wish a replication set to be like, checked before anything is sent."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, Sequence

from ansible.module_utils.common.text.converters import to_text

from ._arn import complain_about_regions
from ._errors import refusal
from ._facts import DEFAULT_KEY
from ._plan import MAX_REGIONS, MAX_TAGS

# botocore's model, shapes TagMap, TagKey and TagValue.
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_TAG_KEY = re.compile(r"(?!aws:)[A-Za-z0-9 _=@:.+\-/,]{1,128}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9 _=@:.+\-/,]{0,256}")


def wanted_regions(
    regions: Sequence[Mapping[str, Any]] | None, service_regions: Iterable[str]
) -> dict[str, str] | None:
    """Return the Regions of the option regions, each with its KMS key or DEFAULT_KEY; None where it was left out.

    :param service_regions: the Regions where the service exists.
    :raises AnsibleSSMIncidentsError: names the option, the value and what is wrong with it.
    """
    if regions is None:
        return None
    if not 1 <= len(regions) <= MAX_REGIONS:
        raise refusal("regions", f"{len(regions)} given", f"A replication set has 1 to {MAX_REGIONS} Regions")
    names = [region["name"] for region in regions]
    complain_about_regions("regions", names)
    wanted = {}
    for region in regions:
        name, key = region["name"], region.get("sse_kms_key_id")
        if names.count(name) > 1:
            raise refusal("regions", f"{name!r} is given more than once", "Name each Region once")
        if name not in service_regions:
            raise refusal(
                "regions",
                f"Incident Manager does not exist in {name!r}, as far as botocore knows",
                f"It exists in {', '.join(service_regions) or 'no Region of this partition'}",
            )
        # No key means the key that AWS owns.
        wanted[name] = DEFAULT_KEY if key is None else key
        _complain_about_key(name, wanted[name])
    return wanted


def wanted_tags(tags: Mapping[Any, Any] | None) -> dict[str, str] | None:
    """Return the tags as the texts that AWS keeps; None where the option was left out.

    :raises AnsibleSSMIncidentsError: names the tag and what is wrong with it.
    """
    if tags is None:
        return None
    if None in tags.values():
        raise refusal("tags", "a value is null", "Give a text, which may be empty")
    texts = {to_text(key): to_text(value) for key, value in tags.items()}
    if len(texts) > MAX_TAGS:
        raise refusal("tags", f"{len(texts)} given", f"A replication set has {MAX_TAGS} tags at most")
    for key, value in texts.items():
        if not _TAG_KEY.fullmatch(key):
            raise refusal(
                "tags",
                f"{key!r} can't be a key",
                "A key has 1 to 128 of A-Z a-z 0-9, space and _=@:.+-/, and does not begin with aws:",
            )
        if not _TAG_VALUE.fullmatch(value):
            raise refusal(
                "tags",
                f"{value!r}, of {key!r}, can't be a value",
                "A value has 256 at most of A-Z a-z 0-9, space and _=@:.+-/,",
            )
    return texts


def _complain_about_key(region: str, key: str) -> None:
    if key == DEFAULT_KEY:
        return
    if not _KEY_ARN.fullmatch(key):
        raise refusal(
            "regions",
            f"sse_kms_key_id {key!r} of {region} is not the ARN of a KMS key",
            "The service reports keys by their ARNs: an alias or a bare key ID would differ from that on every run",
        )
