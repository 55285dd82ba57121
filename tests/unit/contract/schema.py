# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys and types of everything that the collection returns. Since 2.0.0, keys can be added, but not changed or removed.

A schema is a flat mapping from paths to Ansible's types. In a path, "*" stands for any key of a dictionary, and "[]" for any
element of a list. A "?" after a type means that the value may be null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, str]

_SET = {
    "arn": "str",
    "created_by": "str?",
    "created_time": "str?",
    "deletion_protected": "bool?",
    "last_modified_by": "str?",
    "last_modified_time": "str?",
    "region_map": "dict",
    "region_map.*": "dict",
    "region_map.*.kms_key": "dict?",
    "region_map.*.kms_key.custom_key_store_id": "str?",
    "region_map.*.kms_key.deletion_date": "str?",
    "region_map.*.kms_key.enabled": "bool",
    "region_map.*.kms_key.key_manager": "str?",
    "region_map.*.kms_key.key_spec": "str?",
    "region_map.*.kms_key.key_state": "str?",
    "region_map.*.kms_key.key_usage": "str?",
    "region_map.*.kms_key.origin": "str?",
    "region_map.*.sse_kms_key_id": "str?",
    "region_map.*.status": "str?",
    "region_map.*.status_message": "str?",
    "region_map.*.status_update_date_time": "str?",
    "status": "str",
    "tags": "dict?",
}

FACTS: Schema = {
    "exists": "bool",
    "region": "str",
    "replication_set": "dict",
    **{f"replication_set.{key}": kind for key, kind in _SET.items()},
}
ERROR: Schema = {
    "error": "dict",
    "error.code": "str",
    "error.message": "str",
    "response_metadata": "dict",
    "boto3_version": "str",
    "botocore_version": "str",
}
ACTIONS: Schema = {
    "actions": "list",
    "actions[]": "dict",
    "actions[].action": "str",
    "actions[].status": "str",
}
EXPORT: Schema = {
    "arn": "str",
    "region": "str",
    "complete": "bool",
    "counts": "dict",
    "counts.*": "int?",
    "changes_count": "int",
    "missing_count": "int",
    "unsettled": "int",
    "missing": "list",
    "missing[]": "dict",
    "missing[].kind": "str",
    "missing[].arn": "str?",
    "missing[].id": "str?",
    "missing[].operation": "str?",
    "missing[].region": "str?",
    "missing[].code": "str",
}
DIRECTORY: Schema = {"directory": "str"}
AUDIT: Schema = {
    **{path: f"{kind.rstrip('?')}?" for path, kind in FACTS.items()},
    "account_id": "str?",
    "expected_account_id": "str?",
    "findings": "list",
    "findings[]": "dict",
    "findings[].actual": "raw?",
    "findings[].expected": "raw?",
    "findings[].known": "bool",
    "findings[].msg": "str",
    "findings[].region": "str?",
    "findings[].rule": "str",
    "msg": "str",
    "outcome": "str",
    "rules": "dict",
    "time": "str",
}
SUMMARY: Schema = {
    "msg": "str",
    "text": "list",
    "text[]": "str",
    "unreported": "list",
    "unreported[]": "str",
    "summary": "dict",
    "summary.accounts": "int",
    "summary.failed": "int",
    "summary.passed": "int",
    "summary.unknown": "int",
    "ansible_stats": "dict",
    "ansible_stats.per_host": "bool",
    "ansible_stats.aggregate": "bool",
    "ansible_stats.data": "dict",
    "ansible_stats.data.incident_manager_audit": "dict",
    **{
        f"ansible_stats.data.incident_manager_audit.{name}": "int"
        for name in ("accounts", "failed", "passed", "unknown")
    },
    "ansible_stats.data.incident_manager_audit.headline": "str",
    "ansible_stats.data.incident_manager_audit.files": "dict",
    "ansible_stats.data.incident_manager_audit.files.*": "str",
}

_CONTACT = {"arn": "str", "alias": "str", "display_name": "str?"}
_LISTED = {
    "response_plans": {"arn": "str", "name": "str", "display_name": "str?"},
    "open_incidents": {"arn": "str", "title": "str", "impact": "int", "status": "str", "creation_time": "str"},
    "contacts": _CONTACT,
    "escalation_plans": _CONTACT,
    "on_call_schedules": _CONTACT,
    "rotations": {"arn": "str", "name": "str"},
}
#: What a replication set holds.
DATA: Schema = {
    "complete": "bool",
    "missing": "list",
    "missing[]": "dict",
    **{f"missing[].{name}": "str" for name in ("part", "region", "code", "msg")},
    "counts": "dict",
    **{f"counts.{part}": "int?" for part in (*_LISTED, "incidents")},
    "incidents": "dict?",
    "incidents.by_status": "dict",
    "incidents.first_creation_time": "str?",
    "incidents.last_creation_time": "str?",
    **dict.fromkeys(_LISTED, "list?"),
    **{f"{part}[]": "dict" for part in _LISTED},
    **{f"{part}[].{name}": kind for part, members in _LISTED.items() for name, kind in members.items()},
}
#: The counts of what is deleted with the set.
DELETED: Schema = {"data": "dict", **{f"data.{part}": "int?" for part in (*_LISTED, "incidents")}}
DATA_INFO: Schema = {"exists": "bool", "region": "str", "arn": "str?", **DATA}

#: The schema of what the RETURN text of each page documents.
PAGES: dict[str, Schema] = {
    "modules/ssm_incidents_data_info.py": {**DATA_INFO, **ERROR},
    "modules/ssm_incidents_export.py": {**DIRECTORY, **EXPORT, **ERROR},
    "modules/ssm_incidents_replication_set_info.py": {**FACTS, **ERROR},
    "modules/ssm_incidents_replication_set.py": {**FACTS, **ACTIONS, **DELETED, **ERROR},
    "modules/ssm_incidents_replication_set_audit.py": {**AUDIT, **ERROR},
    "modules/ssm_incidents_replication_set_report.py": {**SUMMARY, **ERROR},
    "lookup/ssm_incidents_replication_set.py": {
        "_list": "list",
        "_list[]": "dict",
        **{f"_list[].{path}": kind for path, kind in FACTS.items()},
    },
}

# Ansible's own keys, which need no documentation.
_COMMON = {"changed", "deprecations", "diff", "failed", "invocation", "msg", "warnings"}

# AWS can send keys that are not documented, and they are returned too. The other entries are Ansible's.
_OPEN = {"diff", "error", "invocation", "response_metadata"}

# Keys that the user chooses, or the keys of a step's values.
_FREE = {"actions[]", "incidents.by_status", "replication_set.tags", "rules"}

_TYPES = {"bool": bool, "dict": dict, "int": int, "list": list, "raw": object, "str": str}


def violations(result: Mapping[str, Any], schema: Schema) -> list[str]:
    """Return how a result differs from a schema: in missing keys, in keys that the schema does not have, and in types."""
    allowed = {**dict.fromkeys(_COMMON, "raw?"), **schema}
    return [message for message in _violations("", result, allowed) if message]


def _violations(path: str, value: Any, schema: Schema) -> Iterator[str]:
    if path:
        kind = schema[path]
        if value is None:
            yield "" if kind.endswith("?") else f"{path} is null"
            return
        if not isinstance(value, _TYPES[kind.rstrip("?")]):
            yield f"{path} is {value!r}, not a {kind}"
            return
    if isinstance(value, list) and f"{path}[]" in schema:
        for item in value:
            yield from _violations(f"{path}[]", item, schema)
    if not isinstance(value, Mapping):
        return
    prefix = f"{path}." if path else ""
    if f"{prefix}*" in schema:
        for item in value.values():
            yield from _violations(f"{prefix}*", item, schema)
        return
    keys = {key.removeprefix(prefix) for key in schema if key.startswith(prefix)}
    children = {key for key in keys if not set(key) & set(".[*")}
    # Without a set, replication_set is {}. Without an answer from AWS, response_metadata is {}.
    required = set() if not value and path.startswith("re") else children - (set() if path else _COMMON)
    for key in sorted(required - set(value)):
        yield f"{prefix}{key} is missing"
    for key, item in value.items():
        if key in children:
            yield from _violations(f"{prefix}{key}", item, schema)
        elif path not in _OPEN | _FREE:
            yield f"{prefix}{key} is not in the schema"


def documented(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the schema that a RETURN text documents, without "?" and "*"."""
    return dict(_documented("", values))


def _documented(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        yield path, value["type"]
        inner = f"{path}." if value["type"] == "dict" else f"{path}[]."
        if value["type"] == "list" and value.get("elements"):
            yield f"{path}[]", value["elements"]
        if "contains" in value:
            yield from _documented(inner, value["contains"])
        elif name in ("_list", "replication_set", "ansible_stats"):
            # The sample has these keys. For the facts, the info module's page documents them.
            sample = value["sample"][0] if value["type"] == "list" else value["sample"]
            yield from _sampled(inner, sample)


def _sampled(prefix: str, sample: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sample.items():
        yield f"{prefix}{name}", "raw" if value is None else type(value).__name__
        if name == "region_map":
            for info in value.values():
                yield from _sampled(f"{prefix}{name}.", info)
        elif isinstance(value, dict) and name not in ("tags", "files"):
            yield from _sampled(f"{prefix}{name}.", value)


def undocumented(schema: Schema, text: Mapping[str, str]) -> list[str]:
    """Return how a schema and a RETURN text differ."""
    wanted = {path.replace(".*", ""): kind.rstrip("?") for path, kind in schema.items() if not path.endswith("*")}
    wanted = {path: kind for path, kind in wanted.items() if path != "msg"}
    given = {path: kind for path, kind in text.items() if path != "msg" and not path.startswith("response_metadata.")}
    different = [
        f"{path}: the schema says {wanted[path]}, RETURN {given[path]}"
        for path in sorted(set(wanted) & set(given))
        if "raw" not in (wanted[path], given[path]) and wanted[path] != given[path]
    ]
    return [
        *different,
        *(f"{path} is not in RETURN" for path in sorted(set(wanted) - set(given))),
        *(f"{path} is not in the schema" for path in sorted(set(given) - set(wanted))),
    ]
