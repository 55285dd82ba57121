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
import shutil
from contextlib import ExitStack, contextmanager, suppress
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

        self._unnamed = ExitStack()

    def __enter__(self) -> NewDirectory:
        with self.failing():
            os.mkdir(self._temporary)
            # Whatever the umask is.
            os.chmod(self._temporary, 0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The disk may be full. Nobody needs these files any more.
        with suppress(OSError):
            self._unnamed.close()
        if not error:
            return
        try:
            shutil.rmtree(self._temporary)
        except OSError as reason:
            failure = as_failure(error)
            why = reason.strerror or reason
            advice = f"Delete {self._temporary}, which could not be removed ({why}) and can contain personal data."
            raise failure.with_advice(f"{failure.advice} {advice}") from error

    @contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        """Create a file that only its owner can read, for a with statement. At its end, the file is on the disk."""
        with self.failing(), open(os.path.join(self._temporary, name), "xb") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())

    def temporary_file(self) -> IO[bytes]:
        """Return a new file without a name, which disappears at the end of the with statement."""
        with self.failing():
            return self._unnamed.enter_context(TemporaryFile(dir=self._temporary))

    def finish(self) -> None:
        """Move the directory to its path."""
        with self.failing():
            # os.rename() would replace an empty directory.
            if os.path.lexists(self._path):
                raise _failure(self._path, "it was created during the export")
            os.rename(self._temporary, self._path)

    @contextmanager
    def failing(self) -> Iterator[None]:
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
