"""Check that a Python file has a function, from its text: nothing of it is run."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from collections.abc import Iterable
from pathlib import Path

from wattbench.errors import UserError, nearest

MAX_BYTES = 10_000_000

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_callable(path: Path, name: str) -> None:
    """Check that a file has a function that can be called with one text.

    Args:
        path: the file.
        name: of the function; `Class.method` for one of a class.

    Raises:
        UserError: it has not, or cannot be read.
    """
    tree = _parsed(path)
    where = f"{path}:{name}"
    first, *rest = name.split(".")
    known = _names(tree.body)
    if first not in known:
        if any(isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names) for node in tree.body):
            return
        raise UserError(f"--system {where}: {path.name} has no function {first!r}{nearest(first, _public(known))}")
    node = known[first]
    if rest and isinstance(node, ast.ClassDef):
        methods = _names(node.body)
        if rest[0] not in methods and not node.bases:
            raise UserError(f"--system {where}: {first} has no method {rest[0]!r}{nearest(rest[0], _public(methods))}")
        return
    if isinstance(node, ast.AsyncFunctionDef):
        raise UserError(f"--system {where}: it is an async function; write one that returns the answer itself")
    if isinstance(node, ast.FunctionDef) and not rest:
        _check_takes_one(where, node)


def check_module(module: str, name: str) -> None:
    """Check that the package of a function is installed; nothing of it is imported.

    Raises:
        UserError: it is not.
    """
    package = module.partition(".")[0]
    try:
        installed = importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        installed = False
    if not installed:
        raise UserError(
            f"--system {module}:{name}: no module {package!r} is installed here; name an installed one, or a file as "
            "rules.py:answer"
        )


def functions_in(path: Path) -> list[str]:
    """Return the names of a file's functions.

    Raises:
        UserError: it cannot be read.
    """
    return _public(name for name, node in _names(_parsed(path).body).items() if isinstance(node, _Function))


def _parsed(path: Path) -> ast.Module:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"--system {path}: too large for a Python file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how it is written
            return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"--system {path}: cannot be read ({error.strerror})") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"--system {path}{line}: not valid Python ({getattr(error, 'msg', error)})") from error


def _names(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Return what the statements of a file or a class name, also under `if` and `try`."""
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
        raise UserError(
            f"--system {where}: it is called with one text and returns the answer; this function takes {wants}"
        )
