# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder that is there as a whole or not at all. Nothing of AWS is imported here.

It is written next to its place, under a name that begins with a dot and ends with .incomplete, and renamed at the end.
What is opened and renamed is named relative to the two folders, which stay open: a symbolic link that somebody puts into
their place meanwhile is not followed.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import signal
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Iterator, NamedTuple

from .._aws.errors import FILE_NOT_WRITABLE, AnsibleSSMIncidentsError, invalid_option

if TYPE_CHECKING:
    from types import TracebackType

_SUFFIX = ".incomplete"
_RANDOM_BYTES = 8
_BLOCK = 1 << 20

# A folder of this name in another's place would be followed.
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileFacts(NamedTuple):
    """:ivar sha256: in hexadecimal."""

    lines: int
    size: int
    sha256: str


def validate_path(path: str) -> None:
    """Validate the path of a folder that is to be made: its parent is there and writable, and it is not.

    :raises AnsibleSSMIncidentsError: names the path and what it must be.
    """
    parent, name = _split(path)
    if not os.path.isabs(path) or name in ("", ".", "..") or "\0" in path:
        raise invalid_option("path", f"{path!r} is not an absolute path", "It must be one such as /exports/2026-11-25")
    if os.path.lexists(path.rstrip("/")):
        raise invalid_option(
            "path", f"{path!r} exists", "Specify a directory that does not exist yet: an export is never overwritten"
        )
    if not os.path.isdir(parent):
        raise _failure(path, "its parent directory does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _failure(path, "its parent directory is not writable")


def left_over(path: str) -> list[str]:
    """Return the paths of the folders that runs for this path have left over, which were killed, or have not ended yet."""
    parent, name = _split(path)
    try:
        names = os.listdir(parent)
    except OSError:
        return []
    ours = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(_SUFFIX)}")
    return sorted(os.path.join(parent, one) for one in names if ours.fullmatch(one))


class NewFolder:
    """
    A context manager that makes a folder, which only finish() puts into its place. Without that, it is removed.

    :param path: where to put it: see validate_path().
    :raises AnsibleSSMIncidentsError: if the system refuses something, such as a file for which there is no space.
    """

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/")
        parent, self._name = _split(path)
        self._temporary = f".{self._name}.{secrets.token_hex(_RANDOM_BYTES)}{_SUFFIX}"
        self._is_finished = False
        self._open_files: list[IO[bytes]] = []
        with self._failing():
            # The parent can be a link, as users have it; from now on it is this one.
            self._parent = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.mkdir(self._temporary, 0o700, dir_fd=self._parent)
                self._folder = os.open(self._temporary, _DIRECTORY, dir_fd=self._parent)
            except OSError:
                os.close(self._parent)
                raise
            os.fchmod(self._folder, 0o700)

    def __enter__(self) -> NewFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for file in self._open_files:
                # What is still in its buffer, as on a disk that is full, would be written when nobody can handle the error.
                with suppress(OSError):
                    file.close()
            if not self._is_finished:
                self._discard()
        finally:
            os.close(self._folder)
            os.close(self._parent)

    def create(self, name: str) -> IO[bytes]:
        """Return a new file, which only its owner can read."""
        with self._failing():
            descriptor = os.open(name, os.O_WRONLY | _NEW_FILE, 0o600, dir_fd=self._folder)
            os.fchmod(descriptor, 0o600)
            file = os.fdopen(descriptor, "wb")
        self._open_files.append(file)
        return file

    def write(self, file: IO[bytes], content: bytes) -> None:
        """Write to a file that create() has made."""
        with self._failing():
            file.write(content)

    def close(self, file: IO[bytes]) -> None:
        """Close a file when its content is on the disk."""
        with self._failing():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._open_files.remove(file)

    def open(self, name: str) -> IO[bytes]:
        """Return a file, to read it."""
        with self._failing():
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
            return os.fdopen(descriptor, "rb")

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._failing():
            os.unlink(name, dir_fd=self._folder)

    def rename(self, name: str, new_name: str) -> None:
        """Put a file into the place of another."""
        with self._failing():
            os.rename(name, new_name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def facts(self, name: str) -> FileFacts:
        """Return the facts of a file, as it is on the disk."""
        lines, size, digest = 0, 0, hashlib.sha256()
        with self._failing(), self.open(name) as file:
            while block := file.read(_BLOCK):
                lines += block.count(b"\n")
                size += len(block)
                digest.update(block)
        return FileFacts(lines, size, digest.hexdigest())

    def finish(self) -> None:
        """Put the folder into its place."""
        with self._failing():
            os.fsync(self._folder)
            if not self._is_mine(self._temporary):
                raise _failure(self._path, f"{self._temporary} next to it was removed or replaced during the export")
            # A directory that is empty would be replaced.
            if self._look(self._name) is not None:
                raise _failure(self._path, "it was created during the export")
            with _uninterrupted():
                os.rename(self._temporary, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
                self._is_finished = True
                os.fsync(self._parent)
            if not os.path.exists(self._path) or not os.path.samefile(self._path, self._folder):
                raise _failure(
                    self._path, "its parent directory was moved during the export, and now contains the export"
                )

    def _is_mine(self, name: str) -> bool:
        mine, there = os.fstat(self._folder), self._look(name)
        return there is not None and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def _look(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self._parent, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _discard(self) -> None:
        try:
            for name in os.listdir(self._folder):
                os.unlink(name, dir_fd=self._folder)
            if self._is_mine(self._temporary):
                os.rmdir(self._temporary, dir_fd=self._parent)
        except OSError:
            pass  # The next run names what is left over.

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Not its text, which has the name of a file that users don't know.
            raise _failure(self._path, error.strerror or type(error).__name__) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold up Ctrl-C and SIGTERM: between a rename and the note of it, an interruption would delete what is in its place."""
    numbers = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _split(path: str) -> tuple[str, str]:
    parent, name = os.path.split(path.rstrip("/"))
    return parent or "/", name


def _failure(path: str, reason: str) -> AnsibleSSMIncidentsError:
    return AnsibleSSMIncidentsError(
        f"Failed to write the export {path!r}",
        code=FILE_NOT_WRITABLE,
        reason=reason,
        advice="Specify a path in a writable directory with enough space, and run the task again.",
    )
