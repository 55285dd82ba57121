# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registers the ``ssm-incidents`` backend with moto, for ``mock_aws`` and moto's server, when it is imported."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import moto
from moto.backend_index import backend_url_patterns

_SERVICES = str(Path(__file__).parent / "moto_services")
NAME = "ssmincidents"


def register() -> None:
    """Make ``moto.ssmincidents`` importable and let moto route to it. Calling it again changes nothing."""
    if _SERVICES not in moto.__path__:
        moto.__path__.append(_SERVICES)
    if not any(name == NAME for name, _pattern in backend_url_patterns):
        urls = importlib.import_module(f"moto.{NAME}.urls")
        backend_url_patterns.extend((NAME, re.compile(base)) for base in urls.url_bases)


register()

__all__ = ["kinds", "models", "register", "utils"]

if TYPE_CHECKING:
    from .moto_services.ssmincidents import models, utils
    from .moto_services.ssmincidents.read_side import kinds
else:
    # Imported by their names in moto: under another name they would be a second copy, with a second state.
    models = importlib.import_module(f"moto.{NAME}.models")
    utils = importlib.import_module(f"moto.{NAME}.utils")
    kinds = importlib.import_module(f"moto.{NAME}.read_side.kinds")
