# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 sessions that share botocore's data, and the Regions of a service.

A session takes 70 ms to read this data. All sessions of a process share it, for example those of a lookup in a loop, or of an
action that Ansible runs in forks of one process.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

try:
    import boto3
    import botocore.session
    from botocore.loaders import create_loader
except ImportError:
    pass  # AnsibleAWSModule reports it

from .responses import ValidatingParsers

if TYPE_CHECKING:
    from botocore.loaders import Loader

# An unused session, for the one connection that a forked process makes.
_preloaded_sessions: list[botocore.session.Session] = []


def make_session(profile: str | None, region: str | None) -> boto3.session.Session:
    """Return a new session.

    :param region: the Region of the calls that botocore makes to assume the role of a profile.
    :raises BotoCoreError: if the profile is unknown, or if a configuration file can't be read.
    """
    botocore_session = _preloaded_sessions.pop() if _preloaded_sessions else botocore.session.get_session()
    botocore_session.register_component("data_loader", _loader())
    botocore_session.register_component("response_parser_factory", ValidatingParsers())
    session = boto3.session.Session(botocore_session=botocore_session, profile_name=profile, region_name=region)
    # Fail here if the profile is unknown, and not when it is first used.
    botocore_session.get_scoped_config()
    # Each session adds boto3's directory again.
    _loader().search_paths[:] = dict.fromkeys(_loader().search_paths)
    return session


def preload(*operations: tuple[str, str]) -> None:
    """Read botocore's data once, for all sessions of this process and of its forks. Raises nothing.

    In a fork, the first client then takes 10 ms of processor time in place of 70 ms. ansible-core gives an action no other
    chance before the fork than the import of its file.

    :param operations: services, each with a paginated operation.
    """
    # An error here (no boto3, an unknown profile in AWS_PROFILE ...) occurs again, and is reported, when a session is made.
    with suppress(Exception):
        session = make_session(None, "us-east-1")
        placeholders = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        session.client("sts", **placeholders)
        for service, operation in operations:
            # To find the paginators, botocore reads the directory of every service.
            session.client(service, **placeholders).get_paginator(operation)
        # This takes 5 of the 7 ms of a new session, and does not depend on the user's settings.
        _preloaded_sessions.append(botocore.session.get_session())


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
