"""The fields of each file of a run, from the JSON Schema that the rows make."""

from __future__ import annotations

from typing import Any

from wattbench.records.record_schema import record_schema

_HEAD = """# Fields of records

Generated from the rows that write and read the files of a run. [Records](../records.md) explains the files;
`wattbench dev schema --records` prints the same as a JSON Schema. A field with a default may be missing in older
records.
"""


def page() -> str:
    """Return a page with a table for each file of a run."""
    schema = record_schema()
    shared = schema["$defs"]
    tables = [
        _table(name, shared[each["$ref"].rpartition("/")[2]], shared) for name, each in schema["properties"].items()
    ]
    return "\n\n".join([_HEAD.rstrip(), *tables]) + "\n"


def _table(name: str, row: dict[str, Any], shared: dict[str, Any]) -> str:
    lines = [
        f"| `{field}` | {_kind(of, shared)} | {_default(of, needed=field in row['required'])} "
        f"| {_cell(of.get('description', ''))} |"
        for field, of in row["properties"].items()
    ]
    head = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {name}", "", row["description"].strip(), "", *head, *lines])


def _kind(of: dict[str, Any], shared: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        return _kind(shared[name], shared) if "enum" in shared[name] else f"`{name}`"
    if "anyOf" in of:
        return " or ".join(_kind(each, shared) for each in of["anyOf"])
    if "enum" in of:
        return ", ".join(f"`{each}`" for each in of["enum"])
    if of.get("type") == "array":
        inner = of.get("items", {}) or {}
        return f"list of {_kind(inner, shared)}" if inner else "list"
    if isinstance(of.get("additionalProperties"), dict):
        return f"object of {_kind(of['additionalProperties'], shared)}"
    return str(of.get("type", "any"))


def _default(of: dict[str, Any], *, needed: bool) -> str:
    if needed:
        return ""
    return f"`{of['default']}`" if of.get("default") not in (None, "") else "empty"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
