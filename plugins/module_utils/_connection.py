# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From amazon.aws's connection options to one boto3 session, and from that a client for any Region.

AnsibleAWSModule.client() makes a new session for every client, and a session reads botocore's data anew (70 ms). A
search asks up to 16 Regions: the clients that come from one session cost 2.5 ms each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, NoRegionError
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible.module_utils.ansible_release import __version__ as ansible_core_version
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from ._errors import AnsibleSSMIncidentsError

if TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
    from botocore.client import BaseClient

#: The collection's version as the User-Agent names it; a test holds it equal to galaxy.yml's.
VERSION = "1.0.0"

_SERVICE = "ssm-incidents"
# How botocore fails on an endpoint_url that is none, and on names and types in aws_config that it doesn't know.
_UNSOUND = (AttributeError, OSError, TypeError, ValueError)

_CONFIG_ADVICE = "It takes what botocore's Config takes, such as connect_timeout: 10 or retries: {max_attempts: 3}."
_USER_AGENT = f"Ansible/{ansible_core_version} incident_manager.aws/{VERSION}"


class Connection:
    """One boto3 session and the options that every client from it is made with.

    :param region: the Region that the user chose, by option, environment or profile.
    :param endpoint_url: where to send calls, or None for AWS's own endpoints.
    :param options: amazon.aws's keyword arguments for boto3: credentials or profile_name, verify, aws_config.
    :param defaults: settings of botocore's Config that hold where the user's aws_config says nothing.
    :raises AnsibleSSMIncidentsError: for an unknown profile, or no Region.
    """

    def __init__(
        self,
        region: str | None,
        endpoint_url: str | None,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any],
    ) -> None:
        options = dict(options)
        profile = options.pop("profile_name", None)
        user_config = options.pop("aws_config", None)
        config = Config(user_agent_extra=_USER_AGENT, **defaults)
        self._options = dict(options, endpoint_url=endpoint_url, config=config.merge(user_config or Config()))
        try:
            self._session = boto3.session.Session(profile_name=profile)
            if region is None:
                raise NoRegionError()
        except (BotoCoreError, ValueError) as error:
            raise AnsibleSSMIncidentsError("Failed to connect to AWS", error) from error
        self.region = region
        self._clients: dict[str, BaseClient] = {}

    def client(self, region: str | None = None) -> BaseClient:
        """Return a client for a Region, the connection's own if none is named.

        :raises AnsibleSSMIncidentsError: where botocore refuses an option (a Region's form, half-given credentials ...).
        """
        region = region or self.region
        if region not in self._clients:
            self._clients[region] = self._new_client(region)
        return self._clients[region]

    def _new_client(self, region: str) -> BaseClient:
        try:
            return self._session.client(_SERVICE, region_name=region, **self._options)
        except BotoCoreError as error:
            raise AnsibleSSMIncidentsError(f"Failed to connect to AWS in Region {region}", error) from error
        except _UNSOUND as error:
            raise AnsibleSSMIncidentsError(
                f"Failed to connect to AWS in Region {region}", error, advice="Check endpoint_url and aws_config."
            ) from error

    def partition(self) -> str:
        """Return the partition of the connection's own Region, such as aws."""
        try:
            return self._session.get_partition_for_region(self.region)
        except BotoCoreError as error:
            raise AnsibleSSMIncidentsError(f"Failed to find the partition of Region {self.region}", error) from error

    def service_regions(self, partition: str) -> list[str]:
        """Return the names of the Regions of a partition where the service exists, as botocore knows them."""
        return self._session.get_available_regions(_SERVICE, partition_name=partition)

    def secrets(self) -> set[str]:
        """Return the secret parts of the credentials that the session found by itself, so that they can be masked.

        Those that came as options are masked by Ansible already.
        """
        if self._options.get("aws_access_key_id"):
            return set()
        try:
            credentials = self._session.get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        except BotoCoreError:
            return set()
        return {secret for secret in (frozen.secret_key, frozen.token) if secret} if frozen else set()


def connect(module: AnsibleAWSModule, defaults: Mapping[str, Any]) -> Connection:
    """Return the connection that a module's options ask for.

    :param defaults: settings of botocore's Config that hold where the user's aws_config says nothing.
    :raises AnsibleSSMIncidentsError: where they can't be used.
    """
    try:
        region, endpoint_url, options = get_aws_connection_info(module)
    except (BotoCoreError, *_UNSOUND) as error:
        raise AnsibleSSMIncidentsError("Failed to use the option aws_config", error, advice=_CONFIG_ADVICE) from error
    return Connection(region, endpoint_url, options, defaults)
