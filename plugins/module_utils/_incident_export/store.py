# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of an export. Each object is written to the disk at once, because an export may not fit in memory."""

from __future__ import annotations

import json
from threading import Lock
from typing import IO, Any, Callable, Collection, Iterator, Mapping

from .folder import NewFolder
from .kinds import KINDS
from .lines import line

MANIFEST = "manifest.json"

# The suffix of the files with what the third phase reads. replace() merges them into the others.
_AGAIN = ".again"

# The lists of the manifest. They can be long, so they are files until write_manifest() copies them into the manifest.
MISSING, CHANGES = "missing", "changes"


class Store:
    """
    The files of an export. Several threads can write to them.

    :param folder: the directory of the export.
    :raises Failure: if a file can't be written. All methods raise it.
    """

    def __init__(self, folder: NewFolder) -> None:
        self._folder = folder
        self._lock = Lock()
        self._is_closed = False
        names = [*(file_name(kind) for kind in KINDS), MISSING, CHANGES]
        self._files: dict[str, IO[bytes]] = {name: folder.create(name) for name in names}

    def write(self, kind: str, record: Mapping[str, Any], again: bool) -> None:
        """Write an object, or a part of one, to the file of its kind.

        :param record: the line of the file.
        :param again: whether the third phase has read it.
        """
        self._append(file_name(kind) + (_AGAIN if again else ""), record)

    def note(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add an entry to a list of the manifest, MISSING or CHANGES."""
        self._append(name, entry)

    def _append(self, name: str, entry: Mapping[str, Any]) -> None:
        text = line(entry)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the export has ended")
            if name not in self._files:
                self._files[name] = self._folder.create(name)
            self._folder.write(self._files[name], text)

    def stop(self) -> None:
        """Make all further attempts to write fail, because a thread whose call hangs may write later."""
        with self._lock:
            self._is_closed = True

    def close(self) -> None:
        """Close all files when their content is on the disk. Nothing can be written after that."""
        self.stop()
        with self._lock:
            for file in self._files.values():
                self._folder.close(file)

    def replace(self, outdated: Collection[str], useless: Collection[str]) -> None:
        """Merge what the third phase has read into the files.

        :param outdated: the ARNs of the objects whose older records are dropped, together with those of their parts.
        :param useless: the ARNs of the objects whose records of the third phase are dropped, together with those of their parts.
        """
        for name in (file_name(kind) for kind in KINDS):
            has_again = name + _AGAIN in self._files
            if not has_again and not outdated:
                continue
            with self._folder.open(name) as first:
                new = self._folder.create(name + ".new")
                self._copy(first, new, outdated)
            if has_again:
                with self._folder.open(name + _AGAIN) as second:
                    self._copy(second, new, useless)
                self._folder.remove(name + _AGAIN)
            self._folder.close(new)
            self._folder.rename(name + ".new", name)

    def _copy(self, source: IO[bytes], target: IO[bytes], dropped: Collection[str]) -> None:
        """Copy the lines of a file, without those of the objects with these ARNs and of their parts."""
        for text in source:
            record = json.loads(text)
            if record.get("parent", record.get("arn")) not in dropped:
                self._folder.write(target, text)

    def convert(self, name: str, convert: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Convert each entry of a list of the manifest.

        :param convert: takes an entry and returns the new one; None to drop the entry.
        """
        with self._folder.open(name) as old:
            new = self._folder.create(name + ".new")
            for text in old:
                entry = convert(json.loads(text))
                if entry is not None:
                    self._folder.write(new, line(entry))
        self._folder.close(new)
        self._folder.rename(name + ".new", name)

    def write_manifest(self, facts: Mapping[str, Any]) -> dict[str, int]:
        """Write the manifest: the given facts, the number of lines and the facts about each file, and the lists of note().

        :return: the number of lines of each kind's file.
        """
        files = {file_name(kind): self._folder.facts(file_name(kind)) for kind in KINDS}
        counts = {kind: files[file_name(kind)].lines for kind in KINDS}
        head = {
            **facts,
            "counts": counts,
            "files": {name: {"bytes": one.size, "sha256": one.sha256} for name, one in files.items()},
        }
        manifest = self._folder.create(MANIFEST)
        # Without the closing bracket, because the lists follow, line by line.
        self._folder.write(manifest, json.dumps(head, indent=2).encode("ascii")[:-2])
        for name in (CHANGES, MISSING):
            self._folder.write(manifest, f',\n  "{name}": ['.encode("ascii"))
            for text in self._entries(name):
                self._folder.write(manifest, text)
            self._folder.write(manifest, b"\n  ]")
            self._folder.remove(name)
        self._folder.write(manifest, b"\n}\n")
        self._folder.close(manifest)
        return counts

    def _entries(self, name: str) -> Iterator[bytes]:
        """Yield the entries of a list of the manifest as parts of a JSON array."""
        separator = b""
        with self._folder.open(name) as file:
            for text in file:
                yield separator + b"\n    " + text.rstrip(b"\n")
                separator = b","


def file_name(kind: str) -> str:
    """Return the name of the file of a kind of object."""
    return f"{kind}.jsonl"
