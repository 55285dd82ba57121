# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masks secrets, even if a text contains only a part of one, or if it is escaped. Nothing of AWS is imported here.

Ansible's remove_values() finds only complete secrets. A proxy that responds instead of AWS may quote a request
percent-encoded, as JSON, split into lines, cut or in base64.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from functools import lru_cache
from typing import Any, Iterable, Iterator, Mapping
from urllib.parse import unquote

from ansible.module_utils.common.parameters import remove_values

_MASK = "********"

# Shorter texts are not secrets: if a token were a blank, every blank would be masked.
_MIN_LENGTH = 4

# Ansible masks a secret also in the middle of a word, and a shorter one can be a common word.
_MIN_WHOLE = 8

# The number of letters and digits of the pieces that are masked. A shorter piece could be part of any text.
_PIECE = 12

# A secret with fewer letters and digits may consist of words, and other texts may have the same pieces. AWS's secrets have
# at least 35.
_MIN_RANDOM = 30

# What can be between the letters and digits of a secret in a text: escapes, and all other characters.
_BETWEEN = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\+u[0-9A-Fa-f]{4}|\\+x[0-9A-Fa-f]{2}|\\+[nrt]|&#?\w{1,8};|[^0-9A-Za-z])+")


def mask(value: Any, secrets: Iterable[str | None]) -> Any:
    """Return a value with all secrets masked, also in the keys of mappings.

    :param value: a text, or mappings and lists of texts. Anything else is returned unchanged.
    """
    known = frozenset(secret for secret in secrets if secret and len(secret.strip()) >= _MIN_LENGTH)
    return _mask_pieces(remove_values(value, known), _pieces_of(known))


def url_secrets(url: Any) -> tuple[set[str], set[str]]:
    """Return the parts of a URL that must be masked with their context, and its passwords.

    The user, a short password and the query can be common words: mask them only with their context in the URL.
    """
    # urlsplit finds no password if the URL has no scheme, or if the password has a slash.
    text = str(url or "")
    address, _separator, query = (text.partition("://")[2] or text).partition("?")
    user_info = address.rpartition("@")[0]
    password = user_info.partition(":")[2]
    # Python quotes the password up to a slash.
    parts = {f"{user_info}@" if user_info else "", f"?{query}" if query else ""}
    parts |= {f"'{password.partition('/')[0]}'" if "/" in password else ""}
    parts = {form for part in parts for form in (part, unquote(part)) if form}
    return parts, {form for form in (password, unquote(password)) if form}


def whole_secrets(secrets: Iterable[str | None]) -> set[str]:
    """Return the secrets that are long enough to be masked wherever they are found, as Ansible's no_log_values are."""
    return {secret for secret in secrets if secret and len(secret) >= _MIN_WHOLE}


@lru_cache(maxsize=1)
def _pieces_of(secrets: frozenset[str]) -> frozenset[str]:
    """Return all pieces of the letters and digits of the secrets and of their base64 forms."""
    pieces: set[str] = set()
    for secret in secrets:
        if len(_BETWEEN.sub("", secret)) >= _MIN_RANDOM:
            for form in (secret, *_base64_of(secret)):
                letters = _BETWEEN.sub("", form).lower()
                pieces.update(letters[start : start + _PIECE] for start in range(len(letters) - _PIECE + 1))
    return frozenset(pieces)


def _base64_of(secret: str) -> Iterator[str]:
    """Yield a secret in base64, once for each number of bytes that can be before it in its group of three."""
    for before in range(3):
        encoded = b64encode(b" " * before + secret.encode("utf-8", "replace")).decode()
        # Without the groups that depend on the bytes before and after it.
        yield encoded[4 if before else 0 : -4]


def _mask_pieces(value: Any, pieces: frozenset[str]) -> Any:
    if not pieces:
        return value
    if isinstance(value, str):
        return _mask_text(value, pieces)
    if isinstance(value, Mapping):
        return {_mask_pieces(key, pieces): _mask_pieces(item, pieces) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_pieces(item, pieces) for item in value]
    return value


def _mask_text(text: str, pieces: frozenset[str]) -> str:
    # If every letter is escaped, a secret is found only in the decoded text.
    decoded = unquote(html.unescape(text)) if "%" in text or "&" in text else text
    if decoded != text and _spans(decoded, pieces) and not _spans(text, pieces):
        return _MASK
    for first, end in reversed(_spans(text, pieces)):
        text = text[:first] + _MASK + text[end:]
    return text


def _spans(text: str, pieces: frozenset[str]) -> list[tuple[int, int]]:
    """Return the positions of pieces in a text, in order. Case is ignored, because headers are shown in lower case."""
    spans: list[tuple[int, int]] = []
    if len(text) < _PIECE:
        return spans
    positions = [position for start, end in _runs(text) for position in range(start, end)]
    letters = "".join(text[position] for position in positions).lower()
    for start in range(len(letters) - _PIECE + 1):
        if letters[start : start + _PIECE] in pieces:
            first, end = positions[start], positions[start + _PIECE - 1] + 1
            if spans and first <= spans[-1][1]:
                first = spans.pop()[0]
            spans.append((first, end))
    return spans


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of letters and digits."""
    start = 0
    for between in _BETWEEN.finditer(text):
        yield start, between.start()
        start = between.end()
    yield start, len(text)
