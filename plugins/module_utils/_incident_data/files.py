# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of an export. What is read is written to the disk at once, because an export may not fit in memory."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from .kinds import KINDS

if TYPE_CHECKING:
    from .directory import NewDirectory

MANIFEST = "manifest.json"

# A line of a file.
Record = Mapping[str, Any]


@dataclass
class Copy:
    """
    What one visit has read of a unit, without its lines.

    :ivar prints: the fingerprints of what the unit is listed as and of its own responses, by list or operation, and Region.
    :ivar missing: the failures, as entries of the manifest.
    :ivar is_stale: whether something failed that may succeed later, so that the unit must be read again.
    """

    prints: dict[str, str]
    missing: list[dict[str, Any]]
    is_stale: bool = False


class Spool:
    """The copies of all units, also those that newer ones have replaced. Several threads can read it."""

    def __init__(self, directory: NewDirectory) -> None:
        self._directory = directory
        self._file = directory.temporary_file()
        self._lock = Lock()

    def append(self, copy: Copy, lines: Iterable[tuple[str, Record]]) -> int:
        """Write a copy, and return its offset.

        :param lines: the lines of the copy, each with the name of its kind.
        """
        with self._lock, self._directory.failing():
            offset = self._file.seek(0, 2)
            self._file.write(line(asdict(copy)))
            for name, record in lines:
                self._file.write(name.encode("ascii") + b" " + line(record))
            self._file.write(b"\n")
        return offset

    def copy(self, offset: int | None) -> Copy:
        """Return the copy at an offset; an empty one if there is none."""
        if offset is None:
            return Copy({}, [])
        with self._lock, self._directory.failing():
            self._file.seek(offset)
            return Copy(**json.loads(self._file.readline()))

    def lines(self, offset: int | None) -> Iterator[tuple[str, bytes]]:
        """Yield the lines of the copy at an offset, each with the name of its kind."""
        if offset is None:
            return
        with self._lock, self._directory.failing():
            self._file.seek(offset)
            self._file.readline()
            while (text := self._file.readline()) != b"\n":
                name, _blank, text = text.partition(b" ")
                yield name.decode("ascii"), text


def write_files(
    directory: NewDirectory, lines: Iterable[tuple[str, bytes]]
) -> tuple[dict[str, int], dict[str, dict[str, Any]]]:
    """Write the file of each kind.

    :param lines: the lines of all files, each with the name of its kind.
    :return: the number of lines of each kind, and the size in bytes and the SHA-256 hash of each file.
    """
    counts, sizes = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    hashes = {name: hashlib.sha256() for name in KINDS}
    with ExitStack() as stack:
        files = {name: stack.enter_context(directory.create(file_name(name))) for name in KINDS}
        for name, text in lines:
            files[name].write(text)
            counts[name] += 1
            sizes[name] += len(text)
            hashes[name].update(text)
    return counts, {file_name(name): {"bytes": sizes[name], "sha256": hashes[name].hexdigest()} for name in KINDS}


def write_manifest(
    directory: NewDirectory, facts: Mapping[str, Any], lists: Mapping[str, Iterable[Mapping[str, Any]]]
) -> None:
    """Write the manifest.

    :param facts: its keys and values, without the lists.
    :param lists: the lists, which can be long, so that they are written entry by entry.
    """
    with directory.create(MANIFEST) as manifest:
        # Without the closing bracket, because the lists follow, line by line.
        manifest.write(json.dumps(facts, indent=2).encode("ascii")[:-2])
        for name, entries in lists.items():
            manifest.write(f',\n  "{name}": ['.encode("ascii"))
            for number, entry in enumerate(entries):
                manifest.write((b"," if number else b"") + b"\n    " + line(entry).rstrip(b"\n"))
            manifest.write(b"\n  ]")
        manifest.write(b"\n}\n")


def file_name(kind: str) -> str:
    """Return the name of the file of a kind of object."""
    return f"{kind}.jsonl"


def line(value: Any) -> bytes:
    """Return a value as one line of JSON. Control characters and all characters outside of ASCII are escaped.

    :param value: a value that plain() returned.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def fingerprint(value: Any) -> str:
    """Return a text that is the same for the same value, and practically never for different ones."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]
