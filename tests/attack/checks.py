# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what must hold after every run, whatever the accounts answer. Each check describes what is wrong."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from .accounts import TOKEN_BEGINNING, Account
from .answers import FORGED_LINE, FORGED_TAG

#: The formats of a report's files, as in the names of the variables.
FORMATS = ("json", "html", "csv", "junit")

#: The longest piece of a secret that may be shown, in characters.
_MAX_PIECE = 11

# ansible-core 2.18 and older use these words for an error in a template too, in one line.
_TRACEBACKS = re.compile(
    "Traceback|module_stderr|An unhandled exception(?! occurred while templating)|Unexpected Exception"
)


@dataclass(frozen=True)
class Run:
    """A finished run of a playbook.

    :ivar code: its exit code.
    :ivar files: the paths of the report's files by their formats. A file may be missing.
    """

    code: int
    stdout: str
    stderr: str
    files: Mapping[str, Path]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the rows of the JSON report by their names. Without a report there are none."""
        file = self.files["json"]
        accounts = json.loads(file.read_text(encoding="utf-8"))["accounts"] if file.exists() else []
        return {row["name"]: row for row in accounts}

    def failed(self) -> dict[str, int]:
        """Return the number of failed tasks of each host, as in the play recap."""
        recap = self.stdout.rpartition("PLAY RECAP")[2]
        return {
            name.strip(): int(number) for name, number in re.findall(r"^(.+?) +: .*\bfailed=(\d+)", recap, re.MULTILINE)
        }

    def texts(self) -> dict[str, str]:
        """Return everything that was printed or written, by its place."""
        written = {
            form: file.read_text(encoding="utf-8", errors="surrogateescape")
            for form, file in self.files.items()
            if file.exists()
        }
        return {"stdout": self.stdout, "stderr": self.stderr, **written}


# Secrets --------------------------------------------------------------------------------------------------------------


def leaks(texts: Mapping[str, str], accounts: Iterable[Account]) -> Iterator[tuple[Account, str]]:
    """Yield each account with a secret that a text shows, and where it is. A long piece of a secret counts too, and so do
    secrets that are percent-encoded or HTML-escaped."""
    pieces: dict[str, Account] = {}
    for account in accounts:
        for secret in (secret.removeprefix(TOKEN_BEGINNING) for secret in account.secrets):
            pieces.update((piece, account) for piece in _pieces(secret))
    found: dict[str, tuple[Account, list[str], str]] = {}
    for place, text in texts.items():
        for word in _words(text):
            for account in {pieces[piece].name: pieces[piece] for piece in _pieces(word) if piece in pieces}.values():
                places = found.setdefault(account.name, (account, [], word))[1]
                places += [] if place in places else [place]
    for account, places, word in found.values():
        yield account, f"a secret is in {', '.join(places)}: {word[:60]!r}"


def _pieces(text: str) -> Iterator[str]:
    """Yield each piece that is too long to be shown, in lower case."""
    small = text.lower()
    return (small[start : start + _MAX_PIECE + 1] for start in range(len(small) - _MAX_PIECE))


def _words(text: str) -> set[str]:
    """Return the words of a text that are long enough to have a piece of a secret: as they are, and as a browser or a JSON
    parser reads them."""
    views = [text]
    for read in (html.unescape, unquote, lambda text: text.replace("\\/", "/"), _without_json_escapes):
        views += [view for view in {read(view) for view in views} if view not in views]
    return {word for view in views for word in re.findall(rf"[^\s\"'<>]{{{_MAX_PIECE + 1},}}", view)}


def _without_json_escapes(text: str) -> str:
    return re.sub(r"\\u00([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), text, flags=re.IGNORECASE)


# The terminal ---------------------------------------------------------------------------------------------------------


def printed_wrongly(run: Run) -> Iterator[str]:
    """Yield what must not be on a terminal: tracebacks, control characters, and lines of an attacker."""
    if found := _TRACEBACKS.search(run.output):
        yield f"a traceback: ...{run.output[max(0, found.start() - 300) : found.start() + 700]}"
    for match in list(
        re.finditer(
            r"[^\n]*([\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069])[^\n]*", run.output
        )
    )[:3]:
        yield f"the control character {match[1]!r} is printed: {match[0][:300]!r}"
    for line in run.output.split("\n"):
        if line.startswith(FORGED_LINE):
            yield f"a line of an attacker is printed: {line[:100]}"
    if any("\ud800" <= letter <= "\udfff" for letter in run.output):
        yield "what is printed is not UTF-8"


# The files ------------------------------------------------------------------------------------------------------------


def files_wrong(run: Run, names: list[str]) -> Iterator[str]:
    """Yield what is wrong with the report's files. Each must exist, be well-formed, and have a row for each host."""
    for form, file in run.files.items():
        if not file.exists():
            yield f"there is no {form}"
            continue
        try:
            found = _READERS[form](file.read_text(encoding="utf-8"))
        except (ValueError, ElementTree.ParseError, UnicodeError) as error:
            yield f"{form} can't be read: {error!r:.500}"
            continue
        missing = set(names) - set(found)
        if missing or len(found) < len(names):
            yield f"{form} has {len(found)} of {len(names)} rows; without {sorted(missing)[:5]}"


def _json_names(text: str) -> list[str]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return [row["name"] for row in json.loads(text, parse_constant=refuse)["accounts"]]


def _csv_names(text: str) -> list[str]:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        for column, cell in row.items():
            # What a spreadsheet takes for a formula (OWASP, CSV injection).
            if cell and cell[0] in "=+-@\t\r":
                raise ValueError(f"a formula in {column}: {cell[:100]!r}")
    return [row["name"] for row in rows]


def _junit_names(text: str) -> list[str]:
    cases = list(ElementTree.fromstring(text).iter("testcase"))
    if any(case.get("name") == "forged" for case in cases):
        raise ValueError("a forged test case")
    return [str(case.get("name")) for case in cases]


def _html_names(text: str) -> list[str]:
    """Return all texts of the page, which include the names."""
    page = _Page()
    page.feed(text)
    page.close()
    if page.wrong:
        raise ValueError("; ".join(page.wrong[:5]))
    return page.texts


_READERS = {"json": _json_names, "html": _html_names, "csv": _csv_names, "junit": _junit_names}


class _Page(HTMLParser):
    """The page of a report: its texts, and what no text of an answer may add to it."""

    _ONCE = ("html", "head", "body", "title", "style", "script", "table")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.wrong: list[str] = []
        self._counts: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._counts[tag] += 1
        is_again = tag in self._ONCE and self._counts[tag] > 1
        if is_again or tag in (FORGED_TAG, "img", "iframe", "object", "embed", "base", "form"):
            self.wrong.append(f"<{tag}> at {self.getpos()}")
        for name, value in attrs:
            is_address = name in ("href", "src") and not (value or "").startswith(("data:", "#"))
            if name.startswith("on") or is_address:
                self.wrong.append(f"{name}={value!r:.80} at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())
