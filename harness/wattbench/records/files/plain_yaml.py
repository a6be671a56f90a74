"""Parse YAML from any author into plain values; every fault is a `yaml.YAMLError` with its line."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

MAX_NODES = 200_000
"""Nested aliases can expand to more nodes than any memory holds; a real suite has far fewer than this."""

MOST_DIGITS = 1100
LARGEST_INTEGER_BITS = 1000
"""A longer one cannot be a float, and Python does not write one of more than 4300 digits. Real ones have 64."""

_NOT_A_VALUE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What YAML's safe loader raises for a value that its tag does not allow, such as ``!!bool x``."""


def parse_yaml(raw: bytes | str) -> tuple[yaml.Node | None, Any]:
    """Return the tree and the value of a document; both are None if it is empty.

    Tags that are not YAML's own, keys that are lists or mappings, keys named twice, values that their tag does not
    allow, whole numbers of more than 1000 bits, halves of a surrogate pair, aliases of what they are in, and documents
    that expand to more than `MAX_NODES` values are errors. Nothing in it is run.

    Raises:
        yaml.YAMLError: it is no such document, and for no other reason; with its line where there is one.
    """
    try:
        loader = _Loader(raw)
        try:
            root = loader.get_single_node()
            if root is None:
                return None, None
            _size(root, {})
            return root, loader.construct_document(root)
        finally:
            loader.dispose()
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error


def yaml_problem(error: yaml.YAMLError) -> tuple[str, int | None]:
    """Return the problem on one line, and its line number in the document (from 1; None if unknown)."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split()), None
    mark = error.problem_mark or error.context_mark
    return " ".join(str(error.problem or error.context).split()), None if mark is None else mark.line + 1


def exponent_read(value: Any) -> Any:
    """Return the number of a text such as ``5e-8``, which YAML 1.1 reads as text; other values unchanged."""
    if isinstance(value, str) and _EXPONENT.fullmatch(value):
        return float(value)
    return value


_EXPONENT = re.compile(r"[-+]?\d{1,30}(\.\d{0,30})?[eE][-+]?\d{1,3}")


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses ambiguous keys, huge integers and invalid texts."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _NOT_A_VALUE as error:
            kind = node.tag.removeprefix("tag:yaml.org,2002:")
            raise _problem(f"{str(node.value)[:40]!r} is not a valid {kind}", node) from error

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        # Checked first: in base 60 the time to read it grows with its square.
        value: int = super().construct_yaml_int(node) if len(node.value) <= MOST_DIGITS else 1 << LARGEST_INTEGER_BITS
        if value.bit_length() > LARGEST_INTEGER_BITS:
            raise ValueError("too many digits")
        return value

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
            raise _problem("half of a surrogate pair, which no text can hold", node)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        if node.id != "mapping":  # as `!!map [a]`
            return super().construct_mapping(node, deep)
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                shown = "list" if isinstance(key_node, yaml.SequenceNode) else "mapping"
                raise _problem(f"a key is a {shown}; write it as plain text", key_node)
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if key_node.value in seen:
                raise _problem(f"key {key_node.value!r} appears twice", key_node)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _problem(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Count the nodes of a document with every alias expanded."""
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            raise _problem("an alias of what it is in", node)
        return size
    known[id(node)] = None
    total = 1
    if isinstance(node, yaml.SequenceNode):
        total += sum(_size(child, known) for child in node.value)
    elif isinstance(node, yaml.MappingNode):
        total += sum(_size(child, known) for pair in node.value for child in pair)
    if total > MAX_NODES:
        raise yaml.YAMLError(f"more than {MAX_NODES:,} values after its aliases are expanded")
    known[id(node)] = total
    return total
