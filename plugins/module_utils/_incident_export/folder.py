# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new directory that appears at its path only when it is complete. Nothing of AWS is imported here.

Until then, its files are in a directory next to it, whose name begins with a dot and ends with .incomplete. This directory and
its parent stay open, and files are opened and renamed relative to them. If somebody replaces one of the two with a symbolic
link, the link is not followed.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Iterator, NamedTuple

from .._aws.errors import FILE_NOT_WRITABLE, Failure, invalid_option

if TYPE_CHECKING:
    from types import TracebackType

_SUFFIX = ".incomplete"
_RANDOM_BYTES = 8
_BLOCK = 1 << 20

# Neither follows a symbolic link in place of the directory or the file.
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileFacts(NamedTuple):
    """The facts about a file.

    :ivar size: in bytes.
    :ivar sha256: the SHA-256 hash, in hexadecimal.
    """

    lines: int
    size: int
    sha256: str


def validate_path(path: str) -> None:
    """Validate the path of a new directory: it must be absolute and must not exist, and its parent must be a writable directory.

    :raises Failure: names the path and what it must be.
    """
    parent, name = _split(path)
    if not os.path.isabs(path) or name in ("", ".", "..") or "\0" in path:
        raise invalid_option(
            "path", f"{path!r} is not an absolute path", "It must be a path such as /exports/2026-11-25"
        )
    if os.path.lexists(path.rstrip("/")):
        raise invalid_option(
            "path",
            f"{path!r} already exists",
            "Specify a directory that does not exist yet, because an export is never overwritten",
        )
    if not os.path.isdir(parent):
        raise _failure(path, "its parent directory does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _failure(path, "its parent directory is not writable")


def left_over(path: str) -> list[str]:
    """Return the paths of the .incomplete directories for a path. Their runs were killed or are still running."""
    parent, name = _split(path)
    try:
        names = os.listdir(parent)
    except OSError:
        return []
    ours = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(_SUFFIX)}")
    return sorted(os.path.join(parent, one) for one in names if ours.fullmatch(one))


class NewFolder:
    """
    A context manager that makes a directory. finish() moves it to its path; without finish(), the directory is removed.

    :param path: the path of the directory, for which validate_path() raises nothing.
    :raises Failure: if the operating system reports an error, such as a full disk. All methods raise it.
    """

    def __init__(self, path: str) -> None:
        self._path = path.rstrip("/")
        parent, self._name = _split(path)
        self._temporary = f".{self._name}.{secrets.token_hex(_RANDOM_BYTES)}{_SUFFIX}"
        self._is_finished = False
        self._open_files: list[IO[bytes]] = []
        with self._failing():
            # Users may have a symbolic link as the parent. The directory that it refers to now is used until the end.
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
                # Closing a file writes its buffer, which fails if the disk is full. If Python closed the file later, nothing
                # could handle this error.
                with suppress(OSError):
                    file.close()
            self._discard()
        finally:
            os.close(self._folder)
            os.close(self._parent)

    def create(self, name: str) -> IO[bytes]:
        """Create a file that only its owner can read, and return it for write()."""
        with self._failing():
            descriptor = os.open(name, os.O_WRONLY | _NEW_FILE, 0o600, dir_fd=self._folder)
            os.fchmod(descriptor, 0o600)
            file = os.fdopen(descriptor, "wb")
        self._open_files.append(file)
        return file

    def write(self, file: IO[bytes], content: bytes) -> None:
        """Write to a file that create() returned."""
        with self._failing():
            file.write(content)

    def close(self, file: IO[bytes]) -> None:
        """Write a file's buffer to the disk, and close the file."""
        with self._failing():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._open_files.remove(file)

    def open(self, name: str) -> IO[bytes]:
        """Open a file to read it."""
        with self._failing():
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
            return os.fdopen(descriptor, "rb")

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._failing():
            os.unlink(name, dir_fd=self._folder)

    def rename(self, name: str, new_name: str) -> None:
        """Rename a file. If a file with the new name exists, it is replaced."""
        with self._failing():
            os.rename(name, new_name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def facts(self, name: str) -> FileFacts:
        """Read a closed file, and return its facts."""
        lines, size, digest = 0, 0, hashlib.sha256()
        with self._failing(), self.open(name) as file:
            while block := file.read(_BLOCK):
                lines += block.count(b"\n")
                size += len(block)
                digest.update(block)
        return FileFacts(lines, size, digest.hexdigest())

    def finish(self) -> None:
        """Move the directory to its path."""
        with self._failing():
            os.fsync(self._folder)
            if not self._is_mine(self._temporary):
                raise _failure(
                    self._path, f"the temporary directory {self._temporary} was removed or replaced during the export"
                )
            # os.rename() would replace an empty directory.
            if self._look(self._name) is not None:
                raise _failure(self._path, "it was created during the export")
            # Set before the rename: an interruption right after it must not remove the finished export.
            self._is_finished = True
            os.rename(self._temporary, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
            os.fsync(self._parent)
            if not os.path.exists(self._path) or not os.path.samefile(self._path, self._folder):
                raise _failure(
                    self._path, "its parent directory was moved during the export, and now contains the export"
                )

    def _is_mine(self, name: str) -> bool:
        """Return whether a name in the parent is the directory that this object has made."""
        mine, there = os.fstat(self._folder), self._look(name)
        return there is not None and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def _look(self, name: str) -> os.stat_result | None:
        """Return the status of a name in the parent; None if it does not exist."""
        try:
            return os.stat(name, dir_fd=self._parent, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _discard(self) -> None:
        """Remove the directory and its files, unless it is in its place. Raises nothing."""
        try:
            if self._is_finished and not self._is_mine(self._temporary):
                return
            for name in os.listdir(self._folder):
                os.unlink(name, dir_fd=self._folder)
            if self._is_mine(self._temporary):
                os.rmdir(self._temporary, dir_fd=self._parent)
        except OSError:
            pass  # The next run warns about a directory that is left over.

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Raise an error of the operating system as Failure."""
        try:
            yield
        except OSError as error:
            # Not the whole text of the error, because it names a file that the user does not know.
            raise _failure(self._path, error.strerror or type(error).__name__) from error


def _split(path: str) -> tuple[str, str]:
    """Return the parent and the name of a path."""
    parent, name = os.path.split(path.rstrip("/"))
    return parent or "/", name


def _failure(path: str, reason: str) -> Failure:
    return Failure(
        f"Failed to write the export {path!r}",
        code=FILE_NOT_WRITABLE,
        reason=reason,
        advice="Specify a path in a writable directory with enough space, and run the task again.",
    )
