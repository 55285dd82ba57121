# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command "make live": read an AWS account, and write which facts about the service it confirms.

The command needs a profile and a Region, and has no default for either.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from live.report import make_report  # noqa: E402
from live.survey import READS, LiveError, is_aws, make_clients, observe  # noqa: E402

# These say where the profile's files are. All others are removed, because they could choose other credentials or endpoints.
_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

_INTRODUCTION = """\
Read on this machine: the profile that you named, in the files of the AWS CLI, and what that profile itself names: another
  profile to assume its role with, a token of "aws sso login", or a program that gets credentials. No other profile, no
  environment variable with credentials, and no role of this machine.
Sent to AWS: {calls}, in each Region of Incident Manager. Nothing is changed.
Written: {output}, which has no account ID, ARN, name, tag, key, Region, endpoint or profile.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--time-limit", type=float, default=120, help="seconds, for all calls (default: %(default)s)")
    arguments = parser.parse_args()
    for name in ("profile", "region"):
        if not getattr(arguments, name):
            parser.error(f"--{name} is empty")
    forget_environment()
    print(_INTRODUCTION.format(calls=", ".join(READS), output=arguments.output), flush=True)

    try:
        clients, other_region = make_clients(arguments.profile, arguments.region)
        seen = observe(clients, other_region, arguments.time_limit)
        outcomes = Counter(answer.outcome for answer in seen.answers)
        if not any(answer.status for answer in seen.answers):
            raise LiveError(
                f"No Region has answered: {', '.join(sorted(outcomes))}. Try the profile with the AWS CLI:"
                " aws sts get-caller-identity --profile, and its name."
            )
    except LiveError as error:
        print(error, file=sys.stderr)
        return 1

    report = make_report(seen, is_aws(clients[arguments.region]))
    for fact in report["facts"]:
        print(f"{fact['verdict']:<12}  {fact['fact']}  ({fact['source']})")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\nPlease read {arguments.output}, and send it: CONTRIBUTING.md says where.")
    return 0


def forget_environment() -> None:
    """Remove environment variables that could choose credentials, an endpoint or a Region other than the profile's."""
    for name in [name for name in os.environ if name.startswith("AWS_") and name not in _FILES]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


if __name__ == "__main__":
    sys.exit(main())
