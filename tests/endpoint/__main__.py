# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``python3 tests/endpoint``: serve the local endpoint until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from endpoint.client import ACCESS_KEY, PREFIX, SECRET_KEY  # noqa: E402
from endpoint.control import DEFAULT_ACCOUNT  # noqa: E402
from endpoint.server import LocalEndpoint  # noqa: E402

_INSTRUCTIONS = """\
AWS Systems Manager Incident Manager's replication sets, on this machine: {url}

In a playbook:
  module_defaults:
    group/incident_manager.aws.aws:
      endpoint_url: {url}
      access_key: {access_key}
      secret_key: {secret_key}
      region: us-east-1

For boto3, the AWS CLI and lookups:
  export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key}

Incident Manager is closed to new customers, so an account can create a replication set only if you name the account:
--enabled-account {account}.

Faults, seeds, settings: {url}{prefix} (see tests/endpoint/README.md). Ctrl-C stops the endpoint."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 tests/endpoint", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument(
        "--port", type=int, default=5055, help="port to listen on; 0 for a free port (default: %(default)s)"
    )
    parser.add_argument("--port-file", type=Path, help="write the port to this file once the endpoint answers")
    parser.add_argument("--tls-cert", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--tls-key", help="the key of the certificate (PEM)")
    parser.add_argument("--answer-shape", choices=("recorded", "model"), default="recorded")
    parser.add_argument(
        "--polls", type=int, default=2, help="polls of a set until a change is done (default: %(default)s)"
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
            answer_shape=args.answer_shape,
            transition={"progression": "manual", "times": args.polls},
            enabled_accounts=args.enabled_account,
        )
        endpoint.start()
    except (OSError, ValueError) as error:
        parser.exit(1, f"can't serve: {error}\n")
    values = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "prefix": PREFIX, "account": DEFAULT_ACCOUNT}
    print(_INSTRUCTIONS.format(url=endpoint.url, **values), flush=True)
    if args.port_file:
        # The file is complete as soon as it exists.
        temporary = args.port_file.with_name(f"{args.port_file.name}.{os.getpid()}")
        temporary.write_text(endpoint.url.rpartition(":")[2] + "\n")
        temporary.replace(args.port_file)
    stop.wait()
    endpoint.stop()


if __name__ == "__main__":
    main()
