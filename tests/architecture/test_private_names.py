"""No code reads a private name of another package: it may go with any version."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("wattbench", "wattbench_reports", "benchmarks")
DOCUMENTED = ("os._exit",)
"""Names that their documentation has."""


def private_names(path: Path) -> Iterator[str]:
    """Yield the private names of other packages that a file imports, or reads of a name that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(each.name, each.asname or each.name.partition(".")[0]) for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [(f"{node.module}.{each.name}", each.asname or each.name) for each in node.names]
        else:
            continue
        for name, bound in names:
            if name.partition(".")[0] not in OURS:
                imported[bound] = name
                if any(map(is_private, name.split("."))):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and is_private(node.attr):
            name = f"{imported.get(node.value.id)}.{node.attr}"
            if node.value.id in imported and name not in DOCUMENTED:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {name}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("folder", ["harness", "reports", "benchmarks"])
def test_no_private_name_of_another_package_is_read(folder: str) -> None:
    assert [name for path in sorted((ROOT / folder).rglob("*.py")) for name in private_names(path)] == []


def test_a_private_name_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.architecture.test_private_names.ROOT", tmp_path)
    path = tmp_path / "code.py"
    path.write_text(
        "from __future__ import annotations\nimport a.b._c\nfrom d import _e\nimport f as g\nfrom wattbench import _h\n"
        "g._i\ng.__version__\nself._j\n"
    )
    assert [each.rpartition(" ")[2] for each in private_names(path)] == ["a.b._c", "d._e", "f._i"]
