# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the reference, the guides and the changelog to .build/docs/html, as in the Ansible documentation.

antsibull-docs and Sphinx do the work. The script from "antsibull-docs sphinx-init" would download a Sphinx inventory of the
Ansible documentation, which can't be reached if a network has only a package index. So this script makes that inventory.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

NAME = "incident_manager.aws"
DOCS = Path(".build/docs")
RST = DOCS / "rst"

PAGES = RST / "collections" / "incident_manager" / "aws"

#: The first page links to everything. This is for the sidebar, with the changelog at its end.
CONTENTS = """
.. toctree::
   :hidden:

   collections/incident_manager/aws/index
   collections/index
   collections/environment_variables
   collections/incident_manager/aws/changelog
"""

#: Links that work where a forge shows the source: to another page, or to the file of a plugin. They become references of
#: Sphinx, which fails if it can't resolve one.
LINK = re.compile(r"`([^`<]+)<(?:rst/|(?:\.\./)+plugins/(modules|lookup|inventory)/)?(\w+)\.(?:rst|py)>`__")
TYPES = {"modules": "module", "lookup": "lookup", "inventory": "inventory"}

PLUGIN = re.compile(r"\b(ansible_collections\.(\w+)\.(\w+)\.(\w+?_(?:module|lookup|filter|test)))\b")

#: ansible-core's environment variables, such as those of the cache of an inventory.
VARIABLE = re.compile(r":envvar:`(?:[^<`]*<)?(ANSIBLE_\w+)")

#: Other pages than those of plugins to which the generated pages link.
APPENDICES = {
    "action_plugins": "plugins/action",
    "ansible_configuration_settings": "reference_appendices/config",
    "common_return_values": "reference_appendices/common_return_values",
}

# References to other collections become links to the Ansible documentation. Its own inventory would be a download.
CONF = """
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", "../ansible.inv")}
"""


def main() -> None:
    shutil.rmtree(DOCS, ignore_errors=True)
    RST.mkdir(parents=True, mode=0o755)
    antsibull_docs(
        "sphinx-init", "--use-current", "--fail-on-error", "--project", NAME, "--title", NAME, directory=DOCS
    )
    with (DOCS / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(CONF)
    antsibull_docs("collection", "--use-current", "--fail-on-error", directory=RST)
    first = Path("docs/docsite/index.rst").read_text(encoding="utf-8")
    (RST / "index.rst").write_text(with_references(first) + CONTENTS, encoding="utf-8")
    for guide in (PAGES / "docsite").glob("*.rst"):
        guide.write_text(with_references(guide.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "ansible.inv").write_bytes(inventory())
    options = ["-b", "html", "-q", "-W", "--keep-going"]
    run(sys.executable, "-m", "sphinx", *options, "-c", DOCS, "-d", DOCS / "doctrees", RST, DOCS / "html")
    print(f"The documentation is at {DOCS / 'html' / 'index.html'}")


def with_references(text: str) -> str:
    """Return a page whose links to other pages and to plugins are references of Sphinx."""
    return LINK.sub(lambda link: f":ref:`{link[1]}<{label(link[2], link[3])}>`", text)


def label(folder: str | None, name: str) -> str:
    page = f"{name}_{TYPES[folder]}" if folder else f"docsite.{name}"
    return f"ansible_collections.{NAME}.{page}"


def antsibull_docs(command: str, *options: str, directory: Path) -> None:
    run(Path(sys.prefix, "bin", "antsibull-docs"), command, *options, "--dest-dir", directory, NAME)


def inventory() -> bytes:
    """Return a Sphinx inventory of the other collections' pages. "make plugin-docs" checks that they exist."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in RST.rglob("*.rst"))
    pages = {
        label: f"collections/{namespace}/{collection}/{page}"
        for label, namespace, collection, page in PLUGIN.findall(text)
        if f"{namespace}.{collection}" != NAME
    }
    entries = "".join(
        f"{label} std:label -1 {page}.html#{re.sub('[._]', '-', label)} {label}\n"
        for label, page in {**pages, **APPENDICES}.items()
    )
    entries += "".join(
        f"{name} std:envvar -1 {APPENDICES['ansible_configuration_settings']}.html#envvar-$ -\n"
        for name in sorted(set(VARIABLE.findall(text.replace("\\_", "_"))))
    )
    header = "# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n# The rest is compressed using zlib.\n"
    return header.encode() + zlib.compress(entries.encode())


def run(*command: str | Path) -> None:
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        sys.exit(f"{result.stdout}\n{Path(command[0]).name} failed")


if __name__ == "__main__":
    main()
