"""CONTRIBUTING's list of words to avoid, held against everything a user reads and every name in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = [path for root in ("harness", "reports") for path in sorted((ROOT / root).rglob("*.py"))]
PROSE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "action.yml",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "reports").rglob("*.j2")),
    *sorted((ROOT / "reports").rglob("*.js")),
]


def listed(heading: str) -> list[str]:
    """The first column of the table under a heading of CONTRIBUTING: what not to say, in backticks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = re.search(rf"^### {heading}\n(?:(?!^#).*\n)*?((?:^\|.*\n)+)", text, re.MULTILINE)
    assert table, heading
    return [word for line in table[1].splitlines()[2:] for word in re.findall(r"`([^`]+)`", line.split("|")[1])]


WORDS = re.compile(rf"(?<![\w`-])({'|'.join(map(re.escape, listed('Words')))})(?![\w`-])", re.IGNORECASE)
NAMES = set(listed("Names"))


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """String literals, and the first line of every docstring."""
    documents: set[int] = set()
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            value = getattr(statement, "value", None) if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                documents.add(id(value))
                yield statement.lineno, value.value.strip().partition("\n")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.lineno, node.value


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What is bound: variables, parameters, functions, classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def _without_the_list(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return ["" if path.name == "CONTRIBUTING.md" and line.startswith("| `") else line for line in lines]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_speaks_plain_english(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = [
        f"{path}:{line}: {found[0]!r} in {text[:80]!r}" for line, text in texts(tree) for found in WORDS.finditer(text)
    ]
    wrong += [f"{path}:{line}: the name {name!r}" for line, name in names(tree) if name.lstrip("_") in NAMES]
    assert not wrong, "see the word list in CONTRIBUTING.md:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_speak_plain_english(path: Path) -> None:
    lines = _without_the_list(path)
    wrong = [f"{path}:{number}: {found[0]!r}" for number, line in enumerate(lines, 1) for found in WORDS.finditer(line)]
    assert not wrong, "see the word list in CONTRIBUTING.md:\n" + "\n".join(wrong)
