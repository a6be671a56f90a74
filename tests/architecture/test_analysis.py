"""What uses an analysis names the records that it needs of it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

HOLDERS = {
    "harness/wattbench/api/plot.py": {"__init__"},
    "harness/wattbench/api/route.py": {"__init__"},
    "reports/wattbench_reports/html/report.py": {"write_report", "_page", "page_sections", "_made"},
}
"""Functions that hold an analysis and pass on its records: objects of the Python API, and the page."""

RECORDS = {"Measured", "Paid", "Emitted", "Weighed"}


def _takes_all(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    kinds = {ast.unparse(each.annotation) for each in arguments if each.annotation is not None}
    return any("Analysis" in kind.split(" | ") for kind in kinds) or kinds >= RECORDS


def test_no_other_function_takes_all_of_an_analysis() -> None:
    found: dict[str, set[str]] = {}
    for path in sorted([*(ROOT / "reports").rglob("*.py"), *(ROOT / "harness").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and _takes_all(node):
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(node.name)
    assert found == HOLDERS
