"""Read YAML from any author: keep line numbers, and refuse files that are dangerous or ambiguous."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wattbench.errors import UserError
from wattbench.records.files.plain_yaml import parse_yaml, yaml_problem
from wattbench.records.files.regular_file import read_regular

MAX_BYTES = 1_000_000
Keys = tuple[str | int, ...]
"""The keys and places in lists that lead to a value."""


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
        """Return ``file:line`` of the deepest key that the file has."""
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
    return yaml_file(path, read_regular(path))


def yaml_file(path: Path, raw: bytes) -> YamlFile:
    """Parse the content of a file whose top level is a mapping.

    Args:
        path: of the file, which is not read.
        raw: its content.

    Raises:
        UserError: it is not YAML, not a mapping, too large, or names a key twice.
    """
    if len(raw) > MAX_BYTES:
        raise UserError(f"{path}: {len(raw):,} bytes are more than a suite or a catalogue may have ({MAX_BYTES:,})")
    try:
        root, data = parse_yaml(raw)
    except yaml.YAMLError as error:
        problem, line = yaml_problem(error)
        raise UserError(
            f"{path}{f':{line}' if line else ''}: not valid YAML: {problem}"
        ) from None  # which quotes the line
    if root is None:
        raise UserError(f"{path}: the file is empty")
    if not isinstance(data, dict):
        raise UserError(f"{path}: the file must be a mapping of keys to values, not a {type(data).__name__}")
    return YamlFile(path, data, root)


def texts_in(data: Any) -> Iterator[tuple[Keys, str]]:
    """Yield each text in parsed YAML or JSON, with the keys that lead to it."""
    return ((keys, value) for keys, value in values_in(data) if isinstance(value, str))


def values_in(data: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield each value in parsed YAML or JSON that holds no others, with the keys that lead to it."""
    if not isinstance(data, Mapping | list):
        yield keys, data
        return
    for key, value in data.items() if isinstance(data, Mapping) else enumerate(data):
        yield from values_in(value, (*keys, key))


def with_texts(data: Any, change: Callable[[Keys, str], Any], keys: Keys = ()) -> Any:
    """Return parsed YAML or JSON with each of its texts changed."""
    if isinstance(data, str):
        return change(keys, data)
    if isinstance(data, Mapping):
        return {key: with_texts(value, change, (*keys, key)) for key, value in data.items()}
    return [with_texts(each, change, (*keys, at)) for at, each in enumerate(data)] if isinstance(data, list) else data


def _child(node: yaml.Node, key: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return value_node, key_node.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        child = node.value[key]
        return child, child.start_mark.line
    return None
