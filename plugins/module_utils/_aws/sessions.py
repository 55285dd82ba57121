# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 sessions that share botocore's data, and the Regions of a service.

A session takes 70 ms to read this data. All sessions of a process share it, for example those of a lookup in a loop, or of an
action that Ansible runs in forks of one process.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shlex
from contextlib import suppress
from functools import lru_cache
from glob import glob
from typing import TYPE_CHECKING, Any, Iterator

try:
    import boto3
    import botocore.session
    from botocore.loaders import create_loader
except ImportError:
    pass  # AnsibleAWSModule reports it

if TYPE_CHECKING:
    from botocore.loaders import Loader

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
_TOKEN_MEMBERS = {
    "accessToken",
    "clientSecret",
    "dpopKey",
    "idToken",
    "refreshToken",
    "secretAccessKey",
    "sessionToken",
}

# An unused session, for the one connection that a forked process makes.
_preloaded_sessions: list[botocore.session.Session] = []


def make_session(profile: str | None, region: str | None) -> boto3.session.Session:
    """Return a new session.

    :param region: the Region of the calls that botocore makes to assume the role of a profile.
    :raises BotoCoreError: if the profile is unknown, or if a configuration file can't be read.
    """
    botocore_session = _preloaded_sessions.pop() if _preloaded_sessions else botocore.session.get_session()
    botocore_session.register_component("data_loader", _loader())
    session = boto3.session.Session(botocore_session=botocore_session, profile_name=profile, region_name=region)
    # Fail here if the profile is unknown, and not when it is first used.
    botocore_session.get_scoped_config()
    # Each session adds boto3's folder again.
    _loader().search_paths[:] = dict.fromkeys(_loader().search_paths)
    return session


def configured_secrets(session: boto3.session.Session) -> set[str]:
    """Return the secrets in the AWS configuration files and the environment.

    botocore uses some of them, also for the role of another profile, and an error can quote them.

    :return: secret keys, tokens and passwords. A text of less than 8 characters can be a common word and is left out.
    """
    profiles = session._session.full_config.get("profiles", {}).values()
    found = {profile.get(name) for profile in profiles for name in _SECRET_SETTINGS}
    found |= {os.environ.get(name) for name in _SECRET_VARIABLES}
    token_files = {profile.get("web_identity_token_file") for profile in profiles}
    token_files |= {os.environ.get(name) for name in _TOKEN_FILE_VARIABLES}
    for path in filter(None, token_files):
        with suppress(OSError, ValueError), open(path, encoding="utf-8") as opened:
            found.add(opened.read().strip())
    return {secret for secret in found if secret and len(secret) >= 8}


def configured_urls(session: boto3.session.Session) -> set[str]:
    """Return the URLs in the AWS configuration files and the environment. They can contain passwords."""
    names = [name for name in os.environ if _URL_VARIABLE.fullmatch(name)]
    return {os.environ[name] for name in names} | set(_texts(session._session.full_config, {"endpoint_url"}))


def sign_in_command(session: boto3.session.Session) -> str:
    """Return the command of the AWS CLI that renews the login of a session's profile, or of the source of its role, or ""."""
    profiles = session._session.full_config.get("profiles", {})
    name, seen = session.profile_name, set()
    while name in profiles and name not in seen:
        seen.add(name)
        settings = profiles[name]
        if "login_session" in settings:
            return f"aws login --profile {shlex.quote(name)}"
        if "sso_session" in settings or "sso_start_url" in settings:
            return f"aws sso login --profile {shlex.quote(name)}"
        name = settings.get("source_profile")
    return ""


def cached_tokens() -> set[str]:
    """Return the tokens that `aws sso login` and `aws login` have stored. botocore sends them to get credentials."""
    found: set[str] = set()
    login_cache = os.environ.get("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache"
    for folder in ("~/.aws/sso/cache", login_cache):
        for path in glob(os.path.join(os.path.expanduser(folder), "*.json")):
            with suppress(OSError, ValueError, RecursionError), open(path, encoding="utf-8") as opened:
                found |= set(_texts(json.load(opened), _TOKEN_MEMBERS))
    return {token for token in found if len(token) >= 8}


def _texts(value: Any, names: set[str]) -> Iterator[str]:
    """Yield the texts with one of these names, anywhere in mappings."""
    for name, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, str) and name in names:
            yield item
        yield from _texts(item, names)


def preload(*operations: tuple[str, str]) -> None:
    """Read botocore's data once, for all sessions of this process and of its forks. Raises nothing.

    :param operations: services, each with a paginated operation.
    """
    # An error here (no boto3, an unknown profile in AWS_PROFILE ...) occurs again, and is reported, when a session is made.
    with suppress(Exception):
        session = make_session(None, "us-east-1")
        placeholders = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        session.client("sts", **placeholders)
        for service, operation in operations:
            # To find the paginators, botocore reads the folder of every service.
            session.client(service, **placeholders).get_paginator(operation)
        # This takes 5 of the 7 ms of a new session, and does not depend on the user's settings.
        _preloaded_sessions.append(botocore.session.get_session())
    # Without this, garbage collection in a fork would copy the memory that it shares with this process (Python, gc.freeze).
    gc.freeze()


def service_regions(service: str, partition: str) -> list[str]:
    """Return the names of a partition's Regions where a service exists, according to botocore."""
    return list(_region_data_session().get_available_regions(service, partition_name=partition))


def all_service_regions(service: str) -> dict[str, str]:
    """Return the names of the Regions where a service exists, according to botocore, each with its partition."""
    partitions = _region_data_session().get_available_partitions()
    return {region: partition for partition in partitions for region in service_regions(service, partition)}


def partition_of_region(region: str) -> str:
    """Return the partition of a Region, such as aws.

    :raises BotoCoreError: if botocore knows no partition for the Region.
    """
    return str(_region_data_session().get_partition_for_region(region))


@lru_cache(maxsize=None)
def _loader() -> Loader:
    return create_loader(os.environ.get("AWS_DATA_PATH"))


@lru_cache(maxsize=None)
def _region_data_session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return session
