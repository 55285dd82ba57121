# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the passwords and tokens that nothing may show. Ansible masks them: in the results of modules all no_log_values.

A message of AWS can quote the request, and Ansible itself knows only the secrets that are options.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from glob import glob
from typing import TYPE_CHECKING, Any, Collection, Iterable, Iterator
from urllib.parse import unquote

from ansible.module_utils.common.parameters import remove_values

if TYPE_CHECKING:
    import boto3

# Ansible masks a secret also in the middle of a word, and a shorter one can be a common word.
_MIN_LENGTH = 8

_SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
# botocore reads a session token under both names.
_SECRET_SETTINGS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")
_TOKEN_FILE_VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
_URL_VARIABLE = re.compile(r"(?i:https?_proxy)|AWS_ENDPOINT_URL.*|AWS_CONTAINER_CREDENTIALS_FULL_URI")

# The secrets in the files of botocore's SSO and login token caches.
_TOKEN_MEMBERS = (
    "accessToken",
    "clientSecret",
    "dpopKey",
    "idToken",
    "refreshToken",
    "secretAccessKey",
    "sessionToken",
)


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
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(item)


def configured_secrets(session: boto3.session.Session) -> set[str]:
    """Return the secrets in the AWS configuration files and the environment.

    botocore uses some of them, also for the role of another profile, and an error can quote them.
    """
    config = session._session.full_config
    profiles = config.get("profiles", {}).values()
    found = [profile.get(name) for profile in profiles for name in _SECRET_SETTINGS]
    found += [os.environ.get(name) for name in _SECRET_VARIABLES]
    token_files = [profile.get("web_identity_token_file") for profile in profiles]
    for path in filter(None, (*token_files, *map(os.environ.get, _TOKEN_FILE_VARIABLES))):
        with suppress(OSError, ValueError), open(path, encoding="utf-8") as opened:
            found.append(opened.read())
    urls = [os.environ[name] for name in os.environ if _URL_VARIABLE.fullmatch(name)]
    urls += [text for text in texts_in(config) if "://" in text]
    return long_enough(found).union(*map(url_secrets, urls))


def cached_tokens() -> set[str]:
    """Return the tokens that `aws sso login` and `aws login` have stored. botocore sends them to get credentials."""
    found: list[str] = []

    def collect(members: dict[str, Any]) -> None:
        found.extend(members[name] for name in _TOKEN_MEMBERS if isinstance(members.get(name), str))

    login_cache = os.environ.get("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache"
    for directory in ("~/.aws/sso/cache", login_cache):
        for path in glob(os.path.join(os.path.expanduser(directory), "*.json")):
            with suppress(OSError, ValueError, RecursionError), open(path, encoding="utf-8") as opened:
                json.load(opened, object_hook=collect)
    return long_enough(found)
