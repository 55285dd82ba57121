# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords and tokens that nothing may show. Ansible masks them: in the results of modules all no_log_values.

A message of AWS can quote the request, and Ansible itself knows only the secrets that are options.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Collection, Iterable, Iterator, Mapping
from urllib.parse import unquote

from ansible.module_utils.common.parameters import remove_values

if TYPE_CHECKING:
    import boto3

# Ansible masks a secret also in the middle of a word, and a shorter one can be a common word.
_MIN_LENGTH = 8


def mask(value: Any, secrets: Collection[str]) -> Any:
    """Return a value with all secrets masked: a user with a password before the password alone."""
    return remove_values(value, sorted(secrets, key=len, reverse=True))


def long_enough(secrets: Iterable[str | None]) -> set[str]:
    """Return the secrets that are long enough to be masked wherever they are found."""
    return {secret for secret in secrets if secret and len(secret) >= _MIN_LENGTH}


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


def configured_secrets(session: boto3.session.Session) -> set[str]:
    """Return the secrets of the URLs in the AWS configuration files and the environment, which an error can quote."""
    texts = [*texts_in(session._session.full_config), *os.environ.values()]
    return set().union(*(url_secrets(text) for text in texts if "://" in text))
