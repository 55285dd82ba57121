# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails if a page of the documentation is cut at its right edge on a phone.

Usage: narrow_pages.py DIRECTORY
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser import MISSING, browser, find

#: The width of the screen, in pixels.
WIDTH = 390

#: The texts of elements that end beyond the screen, if nothing that contains them can be scrolled. The theme hides what does not
#: fit, so that the document itself is never wider than the screen.
CUT = """() => [...document.querySelectorAll(".wy-nav-content *")].filter((element) => {
    if (!element.textContent.trim() || element.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let one = element; one; one = one.parentElement)
        if (one !== document.body && ["auto", "scroll"].includes(getComputedStyle(one).overflowX)) return false;
    return element.getBoundingClientRect().width > 0;
}).map((element) => element.tagName + ": " + element.textContent.trim().slice(0, 80))"""


def main() -> None:
    if not find():
        print(f"Whether the pages fit on a phone was not checked. {MISSING}")
        return
    cut: list[str] = []
    with browser() as started:
        page = started.new_page(viewport={"width": WIDTH, "height": 800})
        for file in sorted(Path(sys.argv[1]).rglob("*.html")):
            page.goto(file.resolve().as_uri())
            cut += [f"{file}: {text}" for text in page.evaluate(CUT)]
    if cut:
        sys.exit("\n".join(["These elements are cut at the right edge of a phone:", *cut]))


if __name__ == "__main__":
    main()
