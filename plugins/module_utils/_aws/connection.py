# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients for any service in any Region, made from amazon.aws's connection options.

AnsibleAWSModule.client() makes a new session for every client (70 ms). A search connects to up to 16 Regions, and a client
of an existing session takes only 2.5 ms.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence
from urllib.parse import urlsplit

try:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, NoRegionError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible.module_utils.ansible_release import __version__ as ansible_core_version

from .arn import account_id_of_arn
from .calls import ONCE, error_from_botocore
from .credentials import assume_role, get_caller_account_id, get_credentials
from .errors import (
    INVALID_CONFIGURATION,
    Failure,
    invalid_option,
)
from .sessions import make_session
from .text import long_enough, mask, one_line, texts_in, url_secrets

if TYPE_CHECKING:
    import boto3
    from botocore.client import BaseClient
    from botocore.model import OperationModel

#: The collection's version for the User-Agent. A test compares it with galaxy.yml.
VERSION = "4.1.0"

# What botocore raises for an endpoint_url that is not a URL, and for unknown names and wrong types in aws_config.
_CONFIGURATION_ERRORS = (AttributeError, OSError, TypeError, ValueError)

# How long to wait for STS, in seconds, if the account ID is needed only for a check.
_STS_SECONDS = 3

# The options that decide which account is called.
_KEY_OPTIONS = ("access_key", "secret_key", "session_token")
_CREDENTIAL_OPTIONS = ("profile", "assume_role_arn", *_KEY_OPTIONS)

_CONFIG_ADVICE = "Set only options of botocore's Config, such as connect_timeout: 10 or retries: {max_attempts: 3}."
_USER_AGENT = f"Ansible/{ansible_core_version} incident_manager.aws/{VERSION}"


class Connection:
    """One boto3 session with its credentials, and the options of all its clients.

    :param region: the Region from the options, the environment or the profile.
    :param endpoint_url: where to send calls, or None for AWS's own endpoints.
    :param options: amazon.aws's keyword arguments for boto3: credentials or profile_name, verify, aws_config.
    :param defaults: settings for botocore's Config, which aws_config overrides.
    :param role_arn: a role to assume with these credentials. All other calls are made as this role.
    :param secrets: receives all secrets that the connection knows, such as no_log_values of a module.
    :raises Failure: if there is no Region, or if the profile is unknown.
    :ivar operations: the names of the calls sent, such as ssm-incidents:GetReplicationSet.
    """

    def __init__(
        self,
        region: str | None,
        endpoint_url: str | None,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any],
        role_arn: str | None = None,
        secrets: set[str] | None = None,
    ) -> None:
        options = dict(options)
        profile = options.pop("profile_name", None)
        verify = options.pop("verify", None)
        user_config = options.pop("aws_config", None)
        config = Config(user_agent_extra=_USER_AGENT, **defaults).merge(user_config or Config())
        self._clients: dict[tuple[str, str, float | None], BaseClient] = {}
        try:
            self._session = make_session(profile, region)
            if region is None:
                raise NoRegionError()
            _set_session_defaults(self._session, config, verify)
        except (BotoCoreError, ValueError) as error:
            raise error_from_botocore("Failed to connect to AWS", error, INVALID_CONFIGURATION) from error
        self._options = dict(options, endpoint_url=endpoint_url, config=config)
        self.region = region
        self._profile = profile
        self.secrets = set() if secrets is None else secrets
        self.secrets |= long_enough([options.get("aws_secret_access_key"), options.get("aws_session_token")])
        # An error can also quote the URLs in the AWS configuration files and the environment.
        variables = [value for name, value in os.environ.items() if re.fullmatch("(?i:AWS_.*|.*_PROXY)", name)]
        configured = [text for text in texts_in([self._session._session.full_config, variables]) if "://" in text]
        self.secrets.update(*map(url_secrets, [*texts_in([endpoint_url, config.proxies]), *configured]))
        self._has_credentials = bool(options.get("aws_access_key_id") or options.get("aws_secret_access_key"))
        self.operations: set[str] = set()
        self._session.events.register("before-call", self._record_operation)
        self._role_arn = role_arn
        self._has_assumed_role = False

    def mask(self, value: Any) -> Any:
        """Return a value with all secrets of the connection masked."""
        return mask(value, self.secrets)

    def client(self, service: str, region: str | None = None, *, timeout: float | None = None) -> BaseClient:
        """Return a client for a service.

        :param service: botocore's name of the service, such as ssm-incidents.
        :param region: the Region; by default the connection's own.
        :param timeout: how long to wait for a connection and for a response, in seconds. It overrides aws_config.
        :raises Failure: if botocore rejects an option (an invalid Region name, an access key without its
            secret key ...), no credentials can be retrieved, or the role can't be assumed.
        """
        if self._role_arn and not self._has_assumed_role:
            self._assume_role(self._role_arn)
        key = (service, region or self.region, timeout)
        if key not in self._clients:
            self._clients[key] = self._make_client(*key)
        return self._clients[key]

    @property
    def role_account_id(self) -> str | None:
        """The account ID of the role to assume; None without a role."""
        return account_id_of_arn(self._role_arn) if self._role_arn else None

    def account_id(self) -> str:
        """Return the ID of the account that the credentials, or the role if there is one, belong to (GetCallerIdentity).

        :raises Failure: if the call fails, for example because a VPC has no endpoint for STS.
        """
        return get_caller_account_id(self.client("sts"))

    def account_id_if_known(self) -> str | None:
        """Return the same ID, or None if the call fails or if STS has rejected the role."""
        if self._role_arn and not self._has_assumed_role:
            return None
        try:
            return get_caller_account_id(self.client("sts", timeout=_STS_SECONDS), ONCE)
        except Failure:
            return None

    def _make_client(self, service: str, region: str, timeout: float | None = None) -> BaseClient:
        if not self._has_credentials:
            get_credentials(self._session, self._profile, self.region, self.secrets)
            self._has_credentials = True
        options = dict(self._options)
        if timeout is not None:
            options["config"] = options["config"].merge(Config(connect_timeout=timeout, read_timeout=timeout))
        try:
            client = self._session.client(service, region_name=region, **options)
            self.secrets |= url_secrets(client.meta.endpoint_url)
            _validate_port(client.meta.endpoint_url)
            # botocore's own retries would multiply those of calls.py.
            service_id = client.meta.service_model.service_id.hyphenize()
            client.meta.events.unregister(f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}")
            return client
        except (BotoCoreError, *_CONFIGURATION_ERRORS) as error:
            raise error_from_botocore(
                f"Failed to connect to AWS in Region {region}", error, INVALID_CONFIGURATION
            ) from error

    def _record_operation(self, model: OperationModel, **_others: object) -> None:
        self.operations.add(f"{model.service_model.endpoint_prefix}:{model.name}")

    def _assume_role(self, role_arn: str) -> None:
        """Replace the credentials with the temporary credentials of a role.

        Not part of __init__(), so that mask() is available for errors.
        """
        temporary = assume_role(self._make_client("sts", self.region), role_arn)
        self._has_assumed_role = True
        self._options.update(
            aws_access_key_id=temporary["AccessKeyId"],
            aws_secret_access_key=temporary["SecretAccessKey"],
            aws_session_token=temporary["SessionToken"],
        )
        self.secrets |= long_enough([temporary["SecretAccessKey"], temporary["SessionToken"]])


def _validate_port(url: str) -> None:
    """Validate the port of a URL: here, not at the first call. Python's error quotes a password that has a slash."""
    try:
        urlsplit(url).port  # noqa: B018
    except ValueError:
        raise ValueError("the port of endpoint_url is not valid. Percent-encode a slash in a password as %2F") from None


def _set_session_defaults(session: boto3.session.Session, config: Config, verify: bool | str | None) -> None:
    """Set what applies to all clients of a session, also to those that botocore makes to get the credentials of a profile.

    :param verify: amazon.aws's value for boto3: False, the path of a CA bundle, or True or None for the configured one.
    :raises Failure: if a file with certificates can't be read.
    """
    botocore_session = session._session
    if verify in (None, True):
        # If a variable is empty, botocore would not verify certificates.
        configured = botocore_session.get_config_variable("ca_bundle")
        verify = configured or os.environ.get("REQUESTS_CA_BUNDLE") or True
    botocore_session.set_config_variable("ca_bundle", verify)
    number = botocore_session.get_config_variable("max_attempts")
    if number is not None:
        # botocore fails if the number is 0.
        botocore_session.set_config_variable("max_attempts", max(1, number))
    # The mode legacy, the default of older releases of botocore, makes five attempts. That is longer than a search may take.
    mode = botocore_session.get_config_variable("retry_mode")
    retries = {"mode": "standard" if mode in (None, "legacy") else mode, **(config.retries or {})}
    botocore_session.set_default_client_config(config.merge(Config(retries=retries)))
    if isinstance(verify, str):
        # Python's error does not name the file.
        try:
            open(verify, "rb").close()
        except OSError as error:
            raise Failure(
                f"Failed to read the certificates in {verify}", code=INVALID_CONFIGURATION, reason=error.strerror
            ) from error


def validate_credentials(given: Mapping[str, Any], aliases: Mapping[str, Sequence[str]]) -> None:
    """Validate that no option for credentials is empty or null. Otherwise, the credentials of another account could be used.

    Neither may the Region be empty: the Region of the environment or the profile would be used.

    :param given: the options that the user has set, by the names that the user wrote.
    :param aliases: the aliases of the options.
    :raises Failure: names the option.
    """
    names = {
        name: option
        for option in (*_CREDENTIAL_OPTIONS, "region")
        for name in (option, *aliases.get(option, ()))
        if name in given
    }
    filled = {option for name, option in names.items() if given[name]}
    for name, option in names.items():
        # With a profile, empty keys disable those in the environment (amazon.aws). Permanent keys have no session token.
        # A region that is null is the same as one that is omitted.
        is_deliberate = (
            (option in _KEY_OPTIONS and "profile" in filled and given[name] == "")
            or (option == "session_token" and {"access_key", "secret_key"} <= filled)
            or (option == "region" and given[name] is None)
        )
        # A template can also yield false, or an empty list.
        if not given[name] and not is_deliberate:
            raise invalid_option(name, "must not be empty", "Set a value, or omit the option")


def connect(
    params: Mapping[str, Any],
    connection_info: Callable[[], tuple[str | None, str | None, dict[str, Any]]],
    defaults: Mapping[str, Any],
    secrets: set[str] | None = None,
) -> Connection:
    """Return the connection for the options of a module or a plugin.

    :param params: the options by name: those of amazon.aws, and assume_role_arn if there is one.
    :param connection_info: amazon.aws's get_aws_connection_info for the module or the plugin.
    :param defaults: settings for botocore's Config, which aws_config overrides.
    :param secrets: receives all secrets that the connection knows.
    :raises Failure: if an option can't be used.
    """
    named = [name for name in _KEY_OPTIONS if params[name]]
    if params["profile"] and named:
        raise invalid_option(
            "profile",
            f"{params['profile']!r} can't be used together with {' and '.join(named)}",
            "Set either the profile or the keys. If the keys come from the environment, set access_key, secret_key and"
            " session_token to empty strings. If the profile comes from the environment, unset AWS_PROFILE.",
        )
    config = params.get("aws_config") or {}
    # botocore checks the types of some settings only at the first call.
    retries = config.get("retries")
    settings = {**config, **(retries if isinstance(retries, Mapping) else {})}
    for name, value in settings.items():
        if isinstance(value, str) and value.isdigit():
            raise invalid_option("aws_config", f"{name} is not a number", "Omit the quotation marks")
    try:
        region, endpoint_url, options = connection_info()
    except (BotoCoreError, *_CONFIGURATION_ERRORS) as error:
        if not config:
            # amazon.aws has looked for the Region in the AWS configuration files.
            raise error_from_botocore("Failed to connect to AWS", error, INVALID_CONFIGURATION) from error
        raise invalid_option("aws_config", one_line(str(error)), _CONFIG_ADVICE) from error
    config_region = config.get("region_name")
    if config_region and config_region != region:
        raise invalid_option(
            "aws_config", f"region_name {config_region!r} has no effect", "Set the option region instead"
        )
    return Connection(region, endpoint_url, options, defaults, params.get("assume_role_arn"), secrets)
