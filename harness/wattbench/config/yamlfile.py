"""Read YAML from any author: keep line numbers, and refuse files that are dangerous or ambiguous."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wattbench.errors import UserError

MAX_BYTES = 1_000_000
MAX_NODES = 200_000
"""Nested aliases can expand to more nodes than any memory holds; a real suite has far fewer than this."""


@dataclass(frozen=True)
class YamlFile:
    """A parsed file with the line of each key."""

    path: Path
    data: dict[str, Any]
    _root: yaml.Node

    @property
    def folder(self) -> Path:
        """Return the folder to which the file's relative paths are relative."""
        return self.path.parent

    def where(self, keys: Sequence[str | int]) -> str:
        """Return ``file:line`` of the deepest of the keys that is in the file."""
        node, line = self._root, self._root.start_mark.line
        for key in keys:
            step = _child(node, key)
            if step is None:
                continue  # pydantic's locations hold the tag of a union, too
            node, line = step
        return f"{self.path}:{line + 1}"


def read_yaml(path: Path) -> YamlFile:
    """Parse a file whose top level is a mapping.

    Raises:
        UserError: it is missing, unreadable, not YAML, not a mapping, too large, or names a key twice.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if len(raw) > MAX_BYTES:
        raise UserError(f"{path}: {len(raw):,} bytes are more than a suite or a catalogue may have ({MAX_BYTES:,})")
    try:
        root, data = _parse(raw)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}" if mark is not None else ""
        raise UserError(f"{path}{at}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if root is None:
        raise UserError(f"{path}: the file is empty")
    if not isinstance(data, dict):
        raise UserError(f"{path}: the file must be a mapping of keys to values, not a {type(data).__name__}")
    return YamlFile(path, data, root)


def _parse(raw: bytes) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(raw)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        _size(root, {})
        return root, loader.construct_document(root)
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """The safe loader, but a key named twice is an error: YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key_node.value!r} appears twice", problem_mark=key_node.start_mark
                )
            if isinstance(key_node, yaml.ScalarNode):
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the nodes after every alias is expanded."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = 1  # an alias to its own ancestor counts once here, and is refused when constructed
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_size(child, known) for child in node.value)
    elif isinstance(node, yaml.MappingNode):
        total += sum(_size(child, known) for pair in node.value for child in pair)
    if total > MAX_NODES:
        raise yaml.YAMLError(f"more than {MAX_NODES:,} values after its aliases are expanded")
    known[id(node)] = total
    return total


def _child(node: yaml.Node, key: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return value_node, key_node.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        child = node.value[key]
        return child, child.start_mark.line
    return None
