"""Read the text below each field of a class, for the JSON Schemas of suites and records.

pydantic does so itself where `use_attribute_docstrings` is set, but while it makes the classes: that took a fifth of
the time of importing them, and every command imports them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def field_texts(model: type) -> dict[str, str]:
    """Return the text below each field of a class, inherited fields included.

    Args:
        model: a class whose source is there; of any other there are no texts.
    """
    texts: dict[str, str | None] = {}
    for each in reversed(model.__mro__):
        if each.__module__.partition(".")[0] not in ("builtins", "pydantic"):
            texts |= _own_texts(each)
    return {name: text for name, text in texts.items() if text is not None}


def _own_texts(model: type) -> dict[str, str | None]:
    """Return the text below each field that a class itself defines."""
    try:
        (defined,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    except (OSError, TypeError):
        return {}
    body = defined.body if isinstance(defined, ast.ClassDef) else []
    return {
        statement.target.id: _text(following)
        for statement, following in pairwise([*body, ast.Pass()])
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _text(statement: ast.stmt) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return inspect.cleandoc(value.value) if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
