"""Tables of the fields of a JSON Schema, in Markdown."""

from __future__ import annotations

import re
from typing import Any


def table(name: str, model: dict[str, Any], shared: dict[str, Any], *, linked: bool = False) -> str:
    """Return a section with a row for each field of a model.

    Args:
        name: the section's heading.
        model: the JSON Schema of an object.
        shared: the models that it names.
        linked: whether each of these has a section on the same page.
    """
    required = model.get("required", ())
    lines = []
    for field, of in model.get("properties", {}).items():
        kind = _kind(of, shared)
        if linked:
            kind = re.sub(r"`(\w+)`", lambda name: _link(name[1]) if name[1] in shared else name[0], kind)
        default = _default(of, needed=field in required)
        lines.append(f"| `{field}` | {kind} | {default} | {_cell(of.get('description', ''))} |")
    head = ["", "| field | type | default | meaning |", "| --- | --- | --- | --- |"] if lines else []
    return "\n".join([f"## {name}", "", model.get("description", "").strip(), *head, *lines])


def _link(name: str) -> str:
    return f"[`{name}`](#{name.lower()})"


def _kind(of: dict[str, Any], shared: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        return _kind(shared[name], shared) if "enum" in shared[name] else f"`{name}`"
    if "anyOf" in of or "oneOf" in of:
        return " or ".join(dict.fromkeys(_kind(each, shared) for each in of.get("anyOf") or of["oneOf"]))
    if "const" in of:
        return f"`{of['const']}`"
    if "enum" in of:
        return ", ".join(f"`{each}`" for each in of["enum"])
    if of.get("type") == "array":
        inner = of.get("items", {}) or {}
        return f"list of {_kind(inner, shared)}" if inner else "list"
    for values in (of.get("additionalProperties"), *of.get("patternProperties", {}).values()):
        if isinstance(values, dict):
            return f"object of {_kind(values, shared)}"
    return str(of.get("type", "any"))


def _default(of: dict[str, Any], *, needed: bool) -> str:
    if needed:
        return ""
    default = of.get("default")
    return "empty" if default in (None, "", [], {}) or isinstance(default, (dict, list)) else f"`{default}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
