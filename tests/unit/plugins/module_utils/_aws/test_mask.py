# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of masking: secrets are masked whole, in pieces, escaped and in base64. Other texts stay as they are."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.secrets import mask
from hypothesis import given
from hypothesis import strategies as st

# These are as long as those of AWS.
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjE" + "".join(f"{number:x}/Z{number}+q" for number in range(10**6, 10**6 + 60))

FORMS: dict[str, Callable[[str], str]] = {
    "whole": str,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded in small letters": lambda secret: (
        quote(secret, safe="").replace("%2F", "%2f").replace("%2B", "%2b")
    ),
    "JSON-escaped": lambda secret: secret.replace("/", "\\/"),
    "JSON-escaped in numbers": lambda secret: secret.replace("/", "\\u002f").replace("+", "\\u002B"),
    "HTML-escaped": lambda secret: html.escape(secret).replace("/", "&#47;").replace("+", "&#x2B;"),
    "in small letters": str.lower,
    "in lines": lambda secret: "\n".join(re.findall(".{1,20}", secret)),
    "as Python shows lines": lambda secret: repr("\n".join(re.findall(".{1,20}", secret))),
    "without its end": lambda secret: secret[:-3],
    "without its beginning": lambda secret: secret[3:],
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "base64 after one byte": lambda secret: b64encode(b":" + secret.encode()).decode(),
    "base64 after two bytes": lambda secret: b64encode(b": " + secret.encode() + b"\r\n").decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [SECRET_KEY, TOKEN], ids=["secret key", "session token"])
def test_every_form_is_masked(secret: str, form: str) -> None:
    shown = FORMS[form](secret)
    masked = mask(f"before {shown} after", {secret})
    assert masked.startswith("before ") and "********" in masked and masked.endswith(" after")
    # No piece of the secret is left.
    pieces = {shown[start : start + 12] for start in range(len(shown) - 11)}
    assert [piece for piece in pieces if piece in masked] == []


@pytest.mark.parametrize("escape", ["%{:02X}", "%{:02x}", "&#{};", "&#x{:x};"])
def test_a_text_in_which_every_letter_is_escaped(escape: str) -> None:
    shown = "".join(escape.format(ord(letter)) for letter in SECRET_KEY)
    assert mask(f"before {shown}", {SECRET_KEY}) == "********"
    assert mask("before %41%42 &amp; after", {SECRET_KEY}) == "before %41%42 &amp; after"


def test_keys_and_lists() -> None:
    value = {f"x{SECRET_KEY}": [SECRET_KEY, {"a": (SECRET_KEY[:20], 5, None, True)}]}
    assert SECRET_KEY[:12] not in json.dumps(mask(value, {SECRET_KEY, None, ""}))
    assert mask({"a": [1, None, True, 2.5]}, {SECRET_KEY}) == {"a": [1, None, True, 2.5]}


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_other_texts_stay(value: object) -> None:
    assert mask(value, {SECRET_KEY, TOKEN}) == value


def test_pieces_of_a_secret_that_is_made_of_words_stay() -> None:
    """A password may contain the name of a Region."""
    assert mask("the Region us-gov-west-1", {"us-gov-west-1-password"}) == "the Region us-gov-west-1"
    assert mask("in us-gov-west-1-password", {"us-gov-west-1-password"}) == "in ********"
