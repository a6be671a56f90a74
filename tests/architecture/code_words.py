"""The words of a Python file: its texts, the names that it binds, and its classes.

A file is parsed once for all tests of a process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LEAVES = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
"""Nodes that have neither words nor nodes below them."""


@dataclass(frozen=True)
class CodeWords:
    """What a file says and names, with line numbers."""

    texts: tuple[tuple[int, str], ...]
    """String literals, and the first line of every docstring."""
    names: tuple[tuple[int, str], ...]
    """What is bound: variables, parameters, functions, classes."""
    classes: tuple[str, ...]


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node after those above it: what `ast.walk` yields, without leaves."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                todo += [each for each in value if isinstance(each, ast.AST) and not isinstance(each, _LEAVES)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                todo.append(value)


def _docstrings(node: ast.AST) -> Iterator[tuple[ast.Expr, ast.Constant]]:
    """Yield the statements of a body that are a string alone: docstrings, and those below a variable."""
    body = getattr(node, "body", None)
    for statement in body if isinstance(body, list) else []:
        value = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield statement, value


def words_of(text: str) -> CodeWords:
    """Parse Python, and return its words in the order of lines."""
    documents: set[int] = set()
    texts, names, classes = [], [], []
    for node in _nodes(ast.parse(text)):
        for statement, value in _docstrings(node):
            documents.add(id(value))
            texts.append((statement.lineno, value.value.strip().partition("\n")[0]))
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and id(node) not in documents:
                texts.append((node.lineno, node.value))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.append((node.lineno, node.id))
        elif isinstance(node, ast.arg):
            names.append((node.lineno, node.arg))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append((node.lineno, node.name))
            if isinstance(node, ast.ClassDef):
                classes.append(node.name)
    return CodeWords(tuple(sorted(texts)), tuple(sorted(names)), tuple(classes))


@cache
def words_of_file(path: Path) -> CodeWords:
    """Return the words of a file."""
    return words_of(path.read_text(encoding="utf-8"))
