# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``python3 tests/endpoint``: serve the local endpoint until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from pathlib import Path
from threading import Event

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
# boto3, which the endpoint uses itself, gets nothing of the user's: a profile that does not exist would be an error.
for _name in [_name for _name in os.environ if _name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)

from endpoint.client import ACCESS_KEY, PREFIX, SECRET_KEY  # noqa: E402
from endpoint.control import DEFAULT_ACCOUNT  # noqa: E402
from endpoint.server import LocalEndpoint  # noqa: E402

# What a user's shell may have for AWS must not have an effect.
_ENVIRONMENT = f"""\
export AWS_ENDPOINT_URL={{url}}
export AWS_ACCESS_KEY_ID={ACCESS_KEY}
export AWS_SECRET_ACCESS_KEY={SECRET_KEY}
export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE AWS_URL AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
"""
_INSTRUCTIONS = """\
The local endpoint is ready: {url}
It serves Incident Manager, STS, KMS, IAM and Organizations, and has no connection to AWS. Ctrl-C stops it.

{account}

In another terminal, run:

{first}
{ansible} localhost -m incident_manager.aws.ssm_incidents_replication_set_info
{file}
tests/endpoint/README.md explains how to make calls fail, create other replication sets and reset the endpoint."""
_EXAMPLES = """\
Account {account} has the replication set of README's examples, with its KMS keys, and an organization."""
_EMPTY = """\
Account {account} has no replication set. Incident Manager is closed to new customers, so an account can create one only if
Incident Manager is enabled in it. To enable it, POST {{"enabled_accounts": ["{account}"]}} to {url}{prefix}settings."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 tests/endpoint", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument(
        "--port", type=_port, default=5055, help="port to listen on; 0 for a free port (default: %(default)s)"
    )
    parser.add_argument(
        "--environment",
        type=Path,
        metavar="FILE",
        help="write the lines for the shell to this file as soon as the endpoint responds",
    )
    parser.add_argument("--empty", action="store_true", help="start without the account of README's examples")
    parser.add_argument("--tls-cert", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--tls-key", help="the key of the certificate (PEM)")
    parser.add_argument("--answer-shape", choices=("recorded", "model"), default="recorded")
    parser.add_argument(
        "--polls", type=int, default=2, help="GetReplicationSet calls until a change is complete (default: %(default)s)"
    )
    parser.add_argument(
        "--enabled-account",
        action="append",
        default=[],
        metavar="ID",
        help="an account where Incident Manager is enabled, so that it can create a replication set; may be repeated",
    )
    parser.add_argument("--verbose", action="store_true", help="log each request")
    args = parser.parse_args()
    if bool(args.tls_cert) != bool(args.tls_key):
        parser.error("--tls-cert and --tls-key go together")

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        endpoint = LocalEndpoint(
            host=args.host,
            port=args.port,
            tls=(args.tls_cert, args.tls_key) if args.tls_cert else False,
            verbose=args.verbose,
            examples=not args.empty,
            answer_shape=args.answer_shape,
            transition={"progression": "manual", "times": args.polls},
            enabled_accounts=args.enabled_account,
        )
        endpoint.start()
        lines = _ENVIRONMENT.format(url=endpoint.url)
        if args.environment:
            # The file is complete as soon as it exists.
            temporary = args.environment.with_name(f"{args.environment.name}.{os.getpid()}")
            temporary.write_text(lines, encoding="utf-8")
            temporary.replace(args.environment)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            other = "set another port with PORT=number (make endpoint) or --port"
            parser.exit(1, f"Another program uses port {args.port} of {args.host}. Stop that program, or {other}.\n")
        parser.exit(1, f"can't serve: {error}\n")
    print(_instructions(endpoint, lines, args.environment), flush=True)
    stop.wait()
    if args.environment:
        args.environment.unlink(missing_ok=True)
    endpoint.stop()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"the port (PORT of make) must be a number from 0 to 65535, not {text!r}")
    return int(text)


def _instructions(endpoint: LocalEndpoint, lines: str, file: Path | None) -> str:
    """Return what to do with a started endpoint."""
    account = _EMPTY if endpoint.account == DEFAULT_ACCOUNT else _EXAMPLES
    # "make endpoint" has an ansible next to Python. A user of the installed collection has one on the PATH.
    ansible = Path(sys.executable).with_name("ansible")
    return _INSTRUCTIONS.format(
        url=endpoint.url,
        account=account.format(account=endpoint.account, url=endpoint.url, prefix=PREFIX),
        first=f". {_short(file)}" if file else lines.rstrip(),
        file=f"\n{_short(file)} has these lines:\n\n{lines}" if file else "",
        ansible=_short(ansible) if ansible.exists() else "ansible",
    )


def _short(path: Path) -> str:
    """Return a path for a command in the current directory."""
    return os.path.relpath(path) if path.absolute().is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
