# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From amazon.aws's connection options to one boto3 session, and from that a client for any Region.

AnsibleAWSModule.client() makes a new session for every client, and a session reads botocore's data anew (70 ms). A
search asks up to 16 Regions: the clients that come from one session cost 2.5 ms each. Where one process makes several
sessions (a lookup in a loop, or an action whose accounts are forks of one process), these share the data that is read.
"""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Mapping

try:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError
    from botocore.loaders import create_loader
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible.module_utils.ansible_release import __version__ as ansible_core_version
from ansible.module_utils.common.parameters import remove_values

from ._api import assume_role
from ._arn import account_of_role
from ._errors import AnsibleSSMIncidentsError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.loaders import Loader
    from botocore.model import OperationModel

#: The collection's version as the User-Agent names it; a test holds it equal to galaxy.yml's.
VERSION = "1.1.0"

_SERVICE = "ssm-incidents"
# How botocore fails on an endpoint_url that is none, and on names and types in aws_config that it doesn't know.
_UNSOUND = (AttributeError, OSError, TypeError, ValueError)

_CONFIG_ADVICE = "It takes what botocore's Config takes, such as connect_timeout: 10 or retries: {max_attempts: 3}."
_CLIENT_ADVICE = (
    "Check endpoint_url and aws_config, and on the host that runs the module the environment (AWS_*) and the AWS"
    " configuration files."
)
_SIGN_IN_ADVICE = (
    "Check, on the host that runs the module, the profile in the AWS configuration files and what it names: a role and"
    " its trust policy, a program, a token file, an SSO login (aws sso login). A profile that asks for an MFA code"
    " can't be used."
)
_USER_AGENT = f"Ansible/{ansible_core_version} incident_manager.aws/{VERSION}"


class Connection:
    """One boto3 session, signed in, and the options that every client from it is made with.

    :param region: the Region that the user chose, by option, environment or profile.
    :param endpoint_url: where to send calls, or None for AWS's own endpoints.
    :param options: amazon.aws's keyword arguments for boto3: credentials or profile_name, verify, aws_config.
    :param defaults: settings of botocore's Config that hold where the user's aws_config says nothing.
    :param role: the ARN of a role to assume with these credentials, and to make all calls as.
    :raises AnsibleSSMIncidentsError: for no Region, an unknown profile, or credentials that can't be had.
    :ivar operations: the names of the calls sent, such as ssm-incidents:GetReplicationSet.
    """

    def __init__(
        self,
        region: str | None,
        endpoint_url: str | None,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any],
        role: str | None = None,
    ) -> None:
        options = dict(options)
        profile = options.pop("profile_name", None)
        user_config = options.pop("aws_config", None)
        config = Config(user_agent_extra=_USER_AGENT, **defaults)
        self._options = dict(options, endpoint_url=endpoint_url, config=config.merge(user_config or Config()))
        self._clients: dict[tuple[str, bool], BaseClient] = {}
        try:
            self._session = _session(profile, region)
            if region is None:
                raise NoRegionError()
        except (BotoCoreError, ValueError) as error:
            raise AnsibleSSMIncidentsError("Failed to connect to AWS", error) from error
        self.region = region
        self._secrets = {options.get("aws_secret_access_key"), options.get("aws_session_token")}
        self._secrets.add(_password(endpoint_url))
        if not (options.get("aws_access_key_id") or options.get("aws_secret_access_key")):
            self._secrets |= self._sign_in(profile)
        self.operations: set[str] = set()
        self._session.events.register("before-call", self._note)
        self._role = role
        self._assumed = False

    def _note(self, model: OperationModel, **_others: object) -> None:
        self.operations.add(f"{model.service_model.endpoint_prefix}:{model.name}")

    def _assume(self, role: str) -> None:
        """Sign in as a role: its temporary credentials take the place of those that it is assumed with.

        Not part of the sign-in, so that what goes wrong here is masked as all else.
        """
        temporary = assume_role(self._new_client("sts", self.region, once=False), role)
        self._assumed = True
        self._options.update(
            aws_access_key_id=temporary["AccessKeyId"],
            aws_secret_access_key=temporary["SecretAccessKey"],
            aws_session_token=temporary["SessionToken"],
        )
        self._secrets |= {temporary["SecretAccessKey"], temporary["SessionToken"]}

    def _sign_in(self, profile: str | None) -> set[str | None]:
        """Find the session's credentials, once for all clients, and return their secret parts."""
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError()
            frozen = credentials.get_frozen_credentials()
        except NoCredentialsError as error:
            raise AnsibleSSMIncidentsError(f"Failed to connect to AWS in Region {self.region}", error) from error
        except Exception as error:  # A profile may read any file, run any program, and ask STS or a terminal.
            by = f" with the profile {profile}" if profile else ""
            raise AnsibleSSMIncidentsError(
                f"Failed to get credentials for Region {self.region}{by}", error, advice=_SIGN_IN_ADVICE
            ) from error
        return {frozen.secret_key, frozen.token}

    def mask(self, value: Any) -> Any:
        """Return a value with the secrets of the connection masked, wherever in it they are.

        A service's message can quote the request, and Ansible itself masks only what came as an option.
        """
        return remove_values(value, {secret for secret in self._secrets if secret})

    def client(self, region: str | None = None, once: bool = False) -> BaseClient:
        """Return a client for a Region, the connection's own if none is named.

        :param once: whether botocore is to send each call but once, whatever aws_config says.

        :raises AnsibleSSMIncidentsError: where botocore refuses an option (a Region's form, half-given credentials ...), or
            the role can't be assumed.
        """
        if self._role and not self._assumed:
            self._assume(self._role)
        region = region or self.region
        if (region, once) not in self._clients:
            self._clients[region, once] = self._new_client(_SERVICE, region, once)
        return self._clients[region, once]

    def account(self) -> str | None:
        """Return the account that the credentials belong to; None where STS can't be asked (a VPC endpoint, say)."""
        if self._role:
            return account_of_role(self._role)
        try:
            return str(self._new_client("sts", self.region, once=False).get_caller_identity()["Account"])
        except Exception:  # The answer is a help and no more: the service has the last word.
            return None

    def _new_client(self, service: str, region: str, once: bool) -> BaseClient:
        options = dict(self._options)
        if once:
            options["config"] = options["config"].merge(Config(retries={"total_max_attempts": 1}))
        try:
            return self._session.client(service, region_name=region, **options)
        except BotoCoreError as error:
            raise AnsibleSSMIncidentsError(f"Failed to connect to AWS in Region {region}", error) from error
        except _UNSOUND as error:
            raise AnsibleSSMIncidentsError(
                f"Failed to connect to AWS in Region {region}", error, advice=_CLIENT_ADVICE
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

    def has_service(self) -> bool:
        """Tell whether the service exists in the connection's own Region, as botocore knows it."""
        partitions = self._session.get_available_partitions()
        return any(self.region in self.service_regions(partition) for partition in partitions)


def connect(
    params: Mapping[str, Any],
    connection_info: Callable[[], tuple[str | None, str | None, dict[str, Any]]],
    defaults: Mapping[str, Any],
) -> Connection:
    """Return the connection that the options of a module or a plugin ask for.

    :param params: the options by name: amazon.aws's, and assume_role_arn where there is one.
    :param connection_info: amazon.aws's get_aws_connection_info for the module or the plugin.
    :param defaults: settings of botocore's Config that hold where the user's aws_config says nothing.
    :raises AnsibleSSMIncidentsError: where they can't be used.
    """
    named = [name for name in ("access_key", "secret_key", "session_token") if params[name]]
    if params["profile"] and named:
        raise AnsibleSSMIncidentsError(
            f"profile: {params['profile']!r} is given, and {' and '.join(named)} too",
            advice="Give one or the other. Either may also come from the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID ...).",
        )
    try:
        region, endpoint_url, options = connection_info()
    except (BotoCoreError, *_UNSOUND) as error:
        raise AnsibleSSMIncidentsError("Failed to use the option aws_config", error, advice=_CONFIG_ADVICE) from error
    return Connection(region, endpoint_url, options, defaults, params.get("assume_role_arn"))


def warm_up() -> None:
    """Read botocore's data once, for all sessions of this process and of those forked from it. Raises nothing."""
    # What fails here (no boto3, AWS_PROFILE naming an unknown one ...) fails again, and is told, where it is used.
    with suppress(Exception):
        session = _session(None, "us-east-1")
        session.client("sts", aws_access_key_id="none", aws_secret_access_key="none")
        # To find the paginators, botocore looks into the folder of every service.
        session.client(_SERVICE, aws_access_key_id="none", aws_secret_access_key="none").get_paginator(
            "list_replication_sets"
        )
        # 5 ms of a session's 7: what it does before it knows anything of its user.
        _spare.append(botocore.session.get_session())
    # A collection in a forked process would touch, and so copy, all that it shares with this one (Python's gc.freeze).
    gc.freeze()


# A session that nothing has used yet, for the one connection that a forked process makes.
_spare: list[botocore.session.Session] = []


@lru_cache(maxsize=None)
def _loader() -> Loader:
    return create_loader(os.environ.get("AWS_DATA_PATH"))


def _session(profile: str | None, region: str | None) -> boto3.session.Session:
    core = _spare.pop() if _spare else botocore.session.get_session()
    core.register_component("data_loader", _loader())
    # The Region is for the calls that a profile makes to assume a role.
    session = boto3.session.Session(botocore_session=core, profile_name=profile, region_name=region)
    # An unknown profile fails here and not at its first use.
    core.get_scoped_config()
    # boto3 adds its own folder for each session.
    _loader().search_paths[:] = dict.fromkeys(_loader().search_paths)
    return session


def _password(endpoint_url: str | None) -> str:
    # Not urlsplit: it finds no password where the scheme was forgotten.
    user = (endpoint_url or "").partition("://")[2] or (endpoint_url or "")
    return user.rpartition("@")[0].partition(":")[2]
