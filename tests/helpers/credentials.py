# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access key in the forms of AWS's files, of the modules and of the environment."""

from __future__ import annotations

from collections.abc import Mapping


def config_section(name: str, settings: Mapping[str, str]) -> str:
    """Return a section of an AWS configuration or credentials file."""
    return "".join(f"{line}\n" for line in [f"[{name}]", *(f"{key} = {value}" for key, value in settings.items())])


def module_options(user: Mapping[str, str]) -> dict[str, str]:
    """Return a module's options for an access key in boto3's form."""
    return {"access_key": user["aws_access_key_id"], "secret_key": user["aws_secret_access_key"]}


def environment_variables(user: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for an access key in boto3's form."""
    return {"AWS_ACCESS_KEY_ID": user["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": user["aws_secret_access_key"]}
