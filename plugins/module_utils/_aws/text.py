# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions that make untrusted text safe to print and to transport, and that mask the secrets in it."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Callable, Collection, Iterable, Iterator, Mapping
from urllib.parse import unquote

from ansible.module_utils.common.parameters import remove_values

# Keys that mean something to ansible-core: __ansible_type, __ansible_unsafe and __ansible_vault make it decode the mapping,
# and it removes the keys that begin with _ansible_ from results.
_RESERVED_KEY = re.compile("__?ansible_")

_SURROGATE = re.compile("[\ud800-\udfff]")

# A proxy may respond with a whole HTML page.
_MAX_LENGTH = 500


def one_line(text: str) -> str:
    """Return a text as one line without control characters, which a terminal would interpret."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def shorten(text: str) -> str:
    """Return at most the first 500 characters of a text. Mask secrets first: a part of a secret may not be found."""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}..."


def without_full_stop(text: str) -> str:
    """Return a text without the full stops and colons at its end. An ellipsis stays."""
    bare = text.rstrip(": \n\t")
    return bare if bare.endswith("...") else bare.rstrip(". ")


def sentences(*texts: str) -> str:
    """Return texts as sentences, each with one mark at its end. A text can have a full stop or not, and can be empty."""
    bare = [text for text in map(without_full_stop, texts) if text]
    return " ".join(text if text.endswith(("...", "?", "!")) else f"{text}." for text in bare)


def iso_time(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC with microseconds. All texts have the same length, so they sort as the times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def mapped(value: Any, change: Callable[[Any], Any], change_key: Callable[[Any], Any] | None = None) -> Any:
    """Return mappings and lists with each value, and each key, replaced by what a function returns for it.

    :param change: the function for the values that are neither mappings nor lists.
    :param change_key: the function for keys; by default change.
    """
    if isinstance(value, Mapping):
        return {(change_key or change)(key): mapped(item, change, change_key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mapped(item, change, change_key) for item in value]
    return change(value)


def printable(value: Any) -> Any:
    """Return a result without the characters that a terminal or a browser interprets. Each of them is replaced."""
    return mapped(value, _printable)


def _printable(value: Any) -> Any:
    # Not printable: control characters, marks of the direction of text, surrogates and line separators.
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in value
    )


def transportable(value: Any) -> Any:
    """Return a result that ansible-core transports unchanged, whatever texts and keys AWS returned.

    The tag keys of a replication set are the user's, and AWS accepts keys that are reserved in ansible-core's JSON. They can't
    contain a backslash (botocore's model of ssm-incidents, TagKey), so no other key is shown like them.

    :param value: any value of a result.
    :return: the same with a backslash before each reserved key of a mapping, and with lone surrogates, which ansible-core 2.19
        and newer refuse, replaced.
    """
    return mapped(value, _without_surrogates, _transportable_key)


def _without_surrogates(value: Any) -> Any:
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def _transportable_key(key: Any) -> Any:
    is_reserved = isinstance(key, str) and _RESERVED_KEY.match(key)
    return _without_surrogates(f"\\{key}" if is_reserved else key)


def original_key(key: str) -> str:
    """Return a tag key that an option has, without the backslash with which transportable() shows a reserved key.

    Users can so pass on the tags of a result. ansible-core 2.19 and newer refuse the key __ansible_type itself as an option.
    """
    return key[1:] if key.startswith("\\") and _RESERVED_KEY.match(key, 1) else key


# Secrets -----------------------------------------------------------------------------------------------------------

# Ansible masks a secret also in the middle of a word, and a shorter one can be a common word.
_MIN_LENGTH = 8


def mask(value: Any, secrets: Collection[str]) -> Any:
    """Return a value with all secrets masked: a user with a password before the password alone."""
    return remove_values(value, sorted(secrets, key=len, reverse=True))


def long_enough(secrets: Iterable[str | None]) -> set[str]:
    """Return the secrets that are long enough to be masked wherever they are found, each line of one by itself."""
    return {line for secret in secrets for line in (secret or "").split() if len(line) >= _MIN_LENGTH}


def url_secrets(url: str | None) -> set[str]:
    """Return the secrets of a URL: its password if it is long enough, the user with the password, and the query."""
    # urlsplit finds no password if the URL has no scheme, or if the password has a slash.
    text = url or ""
    address, _separator, query = (text.partition("://")[2] or text).partition("?")
    user_info = address.rpartition("@")[0]
    password = user_info.partition(":")[2]
    found = {f"{user_info}@" if password else "", f"?{query}" if query else "", *long_enough([password])}
    return {form for secret in found for form in (secret, unquote(secret)) if form}


def texts_in(value: Any) -> Iterator[str]:
    """Yield all texts in mappings and lists."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from texts_in(item)
