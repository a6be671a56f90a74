"""Find a function in the source of a Python file, without running it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from pathlib import Path

from wattbench.errors import UserError, nearest

MAX_BYTES = 10_000_000

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_source(where: str, path: Path, name: str) -> None:
    """Check by its source that a file has a function that takes one text.

    Args:
        where: the beginning of a message.
        path: the file.
        name: of the function; `Class.method` for one of a class.

    Raises:
        UserError: it has not, or cannot be read.
    """
    tree = _parsed(where, path)
    first, *rest = name.split(".")
    known = _names(tree.body)
    if first not in known:
        if any(isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names) for node in tree.body):
            return
        raise UserError(f"{where}: {path.name} has no function {first!r}{nearest(first, _public(known))}")
    node = known[first]
    if rest and isinstance(node, ast.ClassDef):
        methods = _names(node.body)
        if rest[0] not in methods and not node.bases:
            raise UserError(f"{where}: {first} has no method {rest[0]!r}{nearest(rest[0], _public(methods))}")
        return
    if isinstance(node, ast.AsyncFunctionDef):
        raise UserError(f"{where}: it is an async function; write one that returns the answer itself")
    if isinstance(node, ast.FunctionDef) and not rest:
        _check_takes_one(where, node)


def functions_in(where: str, path: Path) -> list[str]:
    """Return the names of a file's functions.

    Raises:
        UserError: it cannot be read.
    """
    return _public(name for name, node in _names(_parsed(where, path).body).items() if isinstance(node, _Function))


def _parsed(where: str, path: Path) -> ast.Module:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{where}: too large for a Python file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how it is written
            return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{where}: {path}: cannot be read ({error.strerror})") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{where}: {path}{line}: not valid Python ({getattr(error, 'msg', error)})") from error


def _names(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Map each name to the statement that binds it, also under `if` and `try`."""
    names: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.asname or each.name.partition(".")[0]: node for each in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id: node for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.If | ast.Try | ast.With):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            inner += [each for handler in getattr(node, "handlers", []) for each in handler.body]
            names |= _names(inner)
    return names


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _check_takes_one(where: str, node: ast.FunctionDef) -> None:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    needed = len(positional) - len(given.defaults)
    named = [each.arg for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    if needed > 1 or named or not (positional or given.vararg):
        wants = ", ".join([*(each.arg for each in positional[: max(needed, 0)]), *named]) or "nothing"
        raise UserError(f"{where}: it is called with one text and returns the answer; this function takes {wants}")
