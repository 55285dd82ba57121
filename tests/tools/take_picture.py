# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a screenshot of a page.

Usage: take_picture.py PAGE.html PICTURE.png [--width W --height H]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from browser import browser


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a screenshot of a page.")
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    arguments = parser.parse_args()
    with browser() as started:
        page = started.new_page(
            viewport={"width": arguments.width, "height": arguments.height},
            device_scale_factor=2,  # for screens with a high resolution
        )
        page.goto(arguments.page.resolve(strict=True).as_uri())
        page.screenshot(path=arguments.picture)


if __name__ == "__main__":
    main()
