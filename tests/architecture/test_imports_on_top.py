"""Imports are at the top of a module, so that what it needs is read in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BY_COMMAND = ("harness/wattbench/__init__.py", "harness/wattbench/cli/", "harness/wattbench/pytest_plugin/")
"""What is loaded before the command is known: it imports what a command needs inside that command."""
HEAVY = frozenset(
    {
        "codecarbon",
        "datasets",
        "duckdb",
        "lm_eval",
        "matplotlib",
        "pandas",
        "ray",
        "rich",
        "sklearn",
        "torch",
        "transformers",
    }
)
"""Packages that take long to load, and that not every command needs."""
OPTIONAL = frozenset({"amdsmi", "inspect_ai", "peft", "pynvml", "safetensors", "skops", "threadpoolctl", "xllamacpp"})
"""Packages of extras, and those that fail to load on some machines."""
LOADS_HEAVY = frozenset(
    {"wattbench.measure", "wattbench.scenarios", "wattbench.systems", "wattbench.tasks", "wattbench.train"}
)
"""Our rooms with modules that load lm-eval or PyTorch at their top."""


def late_imports(path: Path) -> Iterator[str]:
    """Yield the imports inside functions of a file that belong at its top."""
    functions = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        for name in names:
            first = name.partition(".")[0]
            room = ".".join(name.split(".")[:2])
            if first not in HEAVY | OPTIONAL and room not in LOADS_HEAVY:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {name}"


@pytest.mark.parametrize("folder", ["harness", "reports"])
def test_imports_are_at_the_top_but_for_heavy_packages_and_commands(folder: str) -> None:
    files = (path for path in sorted((ROOT / folder).rglob("*.py")))
    late = [
        name
        for path in files
        if not path.relative_to(ROOT).as_posix().startswith(BY_COMMAND)
        for name in late_imports(path)
    ]
    assert late == []
