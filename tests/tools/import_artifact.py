# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import the artifact with Galaxy's importer, and fail if it warns.

The importer requires the URL of a repository (galaxy_importer/schema.py), which the collection doesn't have yet. So it
imports a copy of the artifact to which a URL is added.

Usage: import_artifact.py ARTIFACT
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path


def main() -> int:
    artifact = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, artifact.name)
        copy_with_repository(artifact, copy)
        # "make ansible-lint" runs it, with amazon.aws installed.
        environment = {**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
        importer = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", copy],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(importer.stdout)
    return importer.returncode or any(line.startswith(("WARNING:", "ERROR:")) for line in importer.stdout.splitlines())


def copy_with_repository(artifact: Path, copy: Path) -> None:
    with tarfile.open(artifact) as original, tarfile.open(copy, "w:gz") as changed:
        for member in original:
            content = original.extractfile(member)
            if content and member.name == "MANIFEST.json":
                manifest = json.load(content)
                manifest["collection_info"]["repository"] = (
                    manifest["collection_info"]["repository"] or "https://example.com/a-repository"
                )
                text = json.dumps(manifest).encode()
                member.size = len(text)
                content = io.BytesIO(text)
            changed.addfile(member, content)


if __name__ == "__main__":
    sys.exit(main())
