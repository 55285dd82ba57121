# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command with a fleet at the local endpoint, whose URL is in INCIDENT_MANAGER_ENDPOINT.

Usage: python3 tests/fleet ACCOUNTS FAILING FOLDER COMMAND [ARGUMENT...]

Some of the accounts fail. The fleet's inventory, FOLDER/inventory.json, is the command's ANSIBLE_INVENTORY.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Run as "python FOLDER", this file has no package. Import its modules from the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from helpers.failing_servers import failing_servers  # noqa: E402

from fleet.accounts import make_accounts  # noqa: E402
from fleet.inventory import Fleet  # noqa: E402


def main() -> int:
    number, failing, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    with failing_servers() as urls:
        fleet = Fleet(os.environ["INCIDENT_MANAGER_ENDPOINT"], make_accounts(number, failing), folder, urls)
        inventory = fleet.write_inventory(folder / "inventory.json")
        environment = {**os.environ, **fleet.environment, "ANSIBLE_INVENTORY": str(inventory)}
        # The credentials of the accounts are in the inventory.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.pop(name, None)
        return subprocess.run(sys.argv[4:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
