# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new directory that appears at its path only when it is complete. Nothing of AWS is imported here.

Until then, its files are in a temporary directory next to it, whose name begins with a dot and ends with .incomplete.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Iterator

from .._aws.errors import FILE_NOT_WRITABLE, Failure, as_failure, invalid_option

if TYPE_CHECKING:
    from types import TracebackType

_SUFFIX = ".incomplete"
_RANDOM_BYTES = 8


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


class NewDirectory:
    """
    A context manager that makes a directory. finish() moves it to its path; without finish(), it is removed.

    :param path: the path of the directory, for which validate_path() raises nothing.
    :raises Failure: if the operating system reports an error, such as a full disk. All methods raise it.
    """

    def __init__(self, path: str) -> None:
        parent, name = _split(path)
        self._path = os.path.join(parent, name)
        self._temporary = os.path.join(parent, f".{name}.{secrets.token_hex(_RANDOM_BYTES)}{_SUFFIX}")
        self._is_finished = False
        self._open_files: list[IO[bytes]] = []
        with self.failing():
            os.mkdir(self._temporary, 0o700)
            # Files are made relative to it, so that nothing is written elsewhere if the directory is moved or replaced.
            self._descriptor = os.open(self._temporary, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            os.fchmod(self._descriptor, 0o700)

    def __enter__(self) -> NewDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open_files:
            # Closing a file writes its buffer, which fails if the disk is full.
            with suppress(OSError):
                file.close()
        try:
            if not self._is_finished or self._is_in_place():
                self._remove()
        except OSError as reason:
            advice = (
                f"Delete {self._temporary}, which could not be removed ({reason.strerror}): it contains personal data."
            )
            failure = as_failure(error) if error else self.failure("it was not finished")
            raise failure.with_advice(f"{failure.advice} {advice}") from error
        finally:
            os.close(self._descriptor)

    def create(self, name: str) -> IO[bytes]:
        """Create a file that only its owner can read, and return it for writing."""
        with self.failing():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
            os.fchmod(descriptor, 0o600)
            file = os.fdopen(descriptor, "wb")
        self._open_files.append(file)
        return file

    def temporary_file(self) -> IO[bytes]:
        """Return a new file without a name, which disappears with the process."""
        with self.failing():
            file: IO[bytes] = TemporaryFile(dir=self._temporary)  # noqa: SIM115  # __exit__() closes it
        self._open_files.append(file)
        return file

    def close(self, file: IO[bytes]) -> None:
        """Write a file's buffer to the disk, and close the file."""
        with self.failing():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        self._open_files.remove(file)

    def finish(self) -> None:
        """Move the directory to its path."""
        with self.failing():
            os.fsync(self._descriptor)
            if not self._is_in_place():
                raise self.failure(f"{self._temporary} was moved or replaced during the export")
            # os.rename() would replace an empty directory.
            if os.path.lexists(self._path):
                raise self.failure("it was created during the export")
            # Set before the rename: an interruption right after it must not remove the finished export.
            self._is_finished = True
            os.rename(self._temporary, self._path)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Raise an error of the operating system as Failure."""
        try:
            yield
        except OSError as error:
            # Not the whole text of the error, because it names a file that the user does not know.
            raise self.failure(error.strerror or type(error).__name__) from error

    def failure(self, reason: str) -> Failure:
        """Return the failure to write the directory."""
        return _failure(self._path, reason)

    def _is_in_place(self) -> bool:
        """Return whether the directory is still where it was made."""
        try:
            there = os.stat(self._temporary, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def _remove(self) -> None:
        """Remove the files, and the directory if it is in place. Raises an OSError."""
        for name in os.listdir(self._descriptor):
            # A directory that somebody has made in it can't be removed so.
            with suppress(OSError):
                os.unlink(name, dir_fd=self._descriptor)
        if self._is_in_place():
            os.rmdir(self._temporary)


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
