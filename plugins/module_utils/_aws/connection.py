# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients for any service in any Region, made from amazon.aws's connection options.

AnsibleAWSModule.client() makes a new session for every client (70 ms). A search connects to up to 16 Regions, and a client
of an existing session takes only 2.5 ms.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence
from urllib.parse import unquote, urlsplit

try:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible.module_utils.ansible_release import __version__ as ansible_core_version
from ansible.module_utils.common.parameters import remove_values

from .arn import account_id_of_arn
from .calls import error_from_botocore, limit_attempts, validate_lists
from .errors import (
    ADVICE,
    CREDENTIAL_RETRIEVAL_ERROR,
    INVALID_CONFIGURATION,
    INVALID_PARAMETER,
    AnsibleSSMIncidentsError,
    invalid_option,
)
from .parallel import within
from .secrets import mask
from .sessions import configured_secrets, make_session
from .sts import assume_role, get_caller_account_id

if TYPE_CHECKING:
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
    :raises AnsibleSSMIncidentsError: if there is no Region, or if the profile is unknown.
    :ivar operations: the names of the calls sent, such as ssm-incidents:GetReplicationSet.
    """

    def __init__(
        self,
        region: str | None,
        endpoint_url: str | None,
        options: Mapping[str, Any],
        defaults: Mapping[str, Any],
        role_arn: str | None = None,
    ) -> None:
        options = dict(options)
        profile = options.pop("profile_name", None)
        user_config = options.pop("aws_config", None)
        config = Config(user_agent_extra=_USER_AGENT, **defaults).merge(user_config or Config())
        self._max_attempts = _max_attempts(config)
        # botocore's own retries would multiply those of calls.py.
        config = config.merge(Config(retries={"total_max_attempts": 1}))
        self._options = dict(options, endpoint_url=endpoint_url, config=config)
        self._clients: dict[tuple[str, str, bool, float | None], BaseClient] = {}
        try:
            self._session = make_session(profile, region)
            if region is None:
                raise NoRegionError()
        except (BotoCoreError, ValueError) as error:
            raise error_from_botocore("Failed to connect to AWS", error, INVALID_CONFIGURATION) from error
        self.region = region
        self._profile = profile
        self._secrets = {options.get("aws_secret_access_key"), options.get("aws_session_token")}
        self._secrets |= configured_secrets(self._session)
        self._url_parts: set[str] = set()
        for url in (endpoint_url, *(getattr(user_config, "proxies", None) or {}).values()):
            self._add_url(url)
        self._has_credentials = bool(options.get("aws_access_key_id") or options.get("aws_secret_access_key"))
        self.operations: set[str] = set()
        self._session.events.register("before-call", self._record_operation)
        self._role_arn = role_arn
        self._has_assumed_role = False

    def mask(self, value: Any) -> Any:
        """Return a value with all secrets of the connection masked.

        A message of the service can quote the request, and Ansible masks only secrets that are options.
        """
        # If the password were masked first, the user name before it would not be found.
        return mask(remove_values(value, self._url_parts), self._secrets)

    def client(
        self, service: str, region: str | None = None, *, retry: bool = True, timeout: float | None = None
    ) -> BaseClient:
        """Return a client for a service.

        :param service: botocore's name of the service, such as ssm-incidents.
        :param region: the Region; by default the connection's own.
        :param retry: whether a call may be retried. False overrides aws_config.
        :param timeout: how long to wait for a connection and for a response, in seconds. It overrides aws_config.
        :raises AnsibleSSMIncidentsError: if botocore rejects an option (an invalid Region name, an access key without its
            secret key ...), no credentials can be retrieved, or the role can't be assumed.
        """
        if self._role_arn and not self._has_assumed_role:
            self._assume_role(self._role_arn)
        key = (service, region or self.region, retry, timeout)
        if key not in self._clients:
            self._clients[key] = self._make_client(*key)
        return self._clients[key]

    @property
    def role_account_id(self) -> str | None:
        """The account ID of the role to assume; None without a role."""
        return account_id_of_arn(self._role_arn) if self._role_arn else None

    def account_id(self) -> str:
        """Return the ID of the account that the credentials, or the role if there is one, belong to (GetCallerIdentity).

        :raises AnsibleSSMIncidentsError: if the call fails, for example because a VPC has no endpoint for STS.
        """
        return get_caller_account_id(self.client("sts"))

    def account_id_if_known(self) -> str | None:
        """Return the same ID, or None if the call fails or if STS has rejected the role."""
        if self._role_arn and not self._has_assumed_role:
            return None
        try:
            client = self.client("sts", retry=False, timeout=_STS_SECONDS)
            return within(_STS_SECONDS, self.region, partial(get_caller_account_id, client))
        except AnsibleSSMIncidentsError:
            return None

    def _make_client(self, service: str, region: str, retry: bool = True, timeout: float | None = None) -> BaseClient:
        if not self._has_credentials:
            self._get_credentials()
        options = dict(self._options)
        max_attempts = self._max_attempts if retry else 1
        if timeout is not None:
            options["config"] = options["config"].merge(Config(connect_timeout=timeout, read_timeout=timeout))
        try:
            client = self._session.client(service, region_name=region, **options)
            self._add_url(client.meta.endpoint_url)
            urlsplit(client.meta.endpoint_url).port  # noqa: B018  # a ValueError here, not at the first call
            client.meta.events.register("response-received", partial(validate_lists, client.meta.service_model))
            if max_attempts is not None:
                limit_attempts(client, max_attempts)
            return client
        except (BotoCoreError, *_CONFIGURATION_ERRORS) as error:
            raise error_from_botocore(
                f"Failed to connect to AWS in Region {region}", error, INVALID_CONFIGURATION
            ) from error

    def _add_url(self, endpoint_url: str | None) -> None:
        """Add the parts of a URL that must be masked: the user, the password and the query."""
        # urlsplit finds no password if the URL has no scheme, or if the password has a slash.
        url = (endpoint_url or "").partition("://")[2] or (endpoint_url or "")
        address, _separator, query = url.partition("?")
        user_info = address.rpartition("@")[0]
        password = user_info.partition(":")[2]
        # These can be common words: mask them only with their context in the URL, or as Python quotes the password up to a slash.
        parts = {f"{user_info}@" if user_info else "", f"?{query}" if query else ""}
        parts |= {f"'{password.partition('/')[0]}'" if "/" in password else ""}
        self._url_parts |= {form for part in parts for form in (part, unquote(part)) if form}
        self._secrets |= {password, unquote(password)}

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
        self._secrets |= {temporary["SecretAccessKey"], temporary["SessionToken"]}

    def _get_credentials(self) -> None:
        """Retrieve the session's credentials, once for all clients.

        Not part of __init__(), so that mask() is available for errors.
        """
        with_profile = f" with the profile {self._profile}" if self._profile else ""
        message = f"Failed to get credentials for Region {self.region}{with_profile}"
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError()
            frozen = credentials.get_frozen_credentials()
            if not all(isinstance(text, (str, type(None))) for text in frozen):
                raise TypeError("a part of the credentials is not a string")
        except NoCredentialsError as error:
            raise error_from_botocore(f"Failed to connect to AWS in Region {self.region}", error) from error
        except (BotoCoreError, ClientError, OSError) as error:
            # A profile can read any file, run any program, call STS, and prompt on a terminal.
            advice = ADVICE[CREDENTIAL_RETRIEVAL_ERROR]
            raise error_from_botocore(message, error, CREDENTIAL_RETRIEVAL_ERROR, advice) from error
        except Exception as error:
            # Without its text, which can quote credentials that mask() does not know.
            reason = f"the credentials can't be read ({type(error).__name__})"
            raise AnsibleSSMIncidentsError(message, code=CREDENTIAL_RETRIEVAL_ERROR, reason=reason) from None
        self._secrets |= {frozen.secret_key, frozen.token}
        self._has_credentials = True


def _max_attempts(config: Config) -> int | None:
    """Return the maximum number of attempts in the user's aws_config; None if it has no retries."""
    retries = config.retries or {}
    if "total_max_attempts" in retries:
        return int(retries["total_max_attempts"])
    # botocore does not count the first attempt here.
    return int(retries["max_attempts"]) + 1 if "max_attempts" in retries else None


def validate_credentials(given: Mapping[str, Any], aliases: Mapping[str, Sequence[str]]) -> None:
    """Validate that no option for credentials is empty or null. Otherwise, the credentials of another account could be used.

    :param given: the options that the user has set, by the names that the user wrote.
    :param aliases: the aliases of the options.
    :raises AnsibleSSMIncidentsError: names the option.
    """
    names = {
        name: option for option in _CREDENTIAL_OPTIONS for name in (option, *aliases.get(option, ())) if name in given
    }
    filled = {option for name, option in names.items() if given[name]}
    for name, option in names.items():
        # With a profile, empty keys disable those in the environment (amazon.aws). Permanent keys have no session token.
        is_deliberate = (option in _KEY_OPTIONS and "profile" in filled and given[name] == "") or (
            option == "session_token" and {"access_key", "secret_key"} <= filled
        )
        # A template can also yield false, or an empty list.
        if not given[name] and not is_deliberate:
            raise invalid_option(name, "must not be empty", "Set a value, or omit the option")


def connect(
    params: Mapping[str, Any],
    connection_info: Callable[[], tuple[str | None, str | None, dict[str, Any]]],
    defaults: Mapping[str, Any],
) -> Connection:
    """Return the connection for the options of a module or a plugin.

    :param params: the options by name: those of amazon.aws, and assume_role_arn if there is one.
    :param connection_info: amazon.aws's get_aws_connection_info for the module or the plugin.
    :param defaults: settings for botocore's Config, which aws_config overrides.
    :raises AnsibleSSMIncidentsError: if an option can't be used.
    """
    named = [name for name in _KEY_OPTIONS if params[name]]
    if params["profile"] and named:
        raise invalid_option(
            "profile",
            f"{params['profile']!r} can't be used together with {' and '.join(named)}",
            "Set either the profile or the keys. If the keys come from the environment, set access_key, secret_key and"
            " session_token to empty strings. If the profile comes from the environment, unset AWS_PROFILE.",
        )
    try:
        region, endpoint_url, options = connection_info()
    except (BotoCoreError, *_CONFIGURATION_ERRORS) as error:
        if not params.get("aws_config"):
            # amazon.aws has looked for the Region in the AWS configuration files.
            raise error_from_botocore("Failed to connect to AWS", error, INVALID_CONFIGURATION) from error
        raise AnsibleSSMIncidentsError(
            "Failed to use the option aws_config", code=INVALID_PARAMETER, advice=_CONFIG_ADVICE, cause=error
        ) from error
    return Connection(region, endpoint_url, options, defaults, params.get("assume_role_arn"))
