# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that this Python environment has the oldest versions that the collection supports.

Four files declare these versions, each for another tool. Nothing else compares them with the versions that are tested.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import ansible_collections
import yaml


def main() -> int:
    amazon_aws = Path(next(iter(ansible_collections.__path__)), "amazon", "aws", "MANIFEST.json")
    installed = {
        "amazon.aws": json.loads(amazon_aws.read_text(encoding="utf-8"))["collection_info"]["version"],
        # The patch release does not matter.
        "ansible-core": re.sub(r"\.\d+$", ".0", version("ansible-core")),
        "boto3": version("boto3"),
        "botocore": version("botocore"),
    }
    declared = {
        **yaml.safe_load(Path("galaxy.yml").read_text(encoding="utf-8"))["dependencies"],
        "ansible-core": yaml.safe_load(Path("meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"],
        **dict(re.findall(r"^(\w+)(>=.+)$", Path("requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)),
    }
    documented = Path("plugins/doc_fragments/requirements.py").read_text(encoding="utf-8")
    for name in ("boto3", "botocore"):
        if f"  - {name} {declared[name].replace('>=', '>= ')}\n" not in documented:
            declared[name] = f"{declared[name]} or, in plugins/doc_fragments/requirements.py, another floor"
    wrong = {
        name: (declared.get(name), found) for name, found in installed.items() if declared.get(name) != f">={found}"
    }
    for name, (floor, found) in wrong.items():
        print(f"{name}: the collection says {floor}, and the tests at the old end run with {found}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
