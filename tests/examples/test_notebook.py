"""The example notebook runs from its first cell to its last, in a kernel of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def _outputs(cell: Any, kind: str) -> list[str]:
    """Return the outputs of a cell of this MIME type."""
    return [output["data"][kind] for output in cell["outputs"] if kind in output.get("data", {})]


def test_it_is_stored_without_outputs() -> None:
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in _code(notebook))


@pytest.mark.slow
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    notebook = nbformat.read(tmp_path / "examples" / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path / "examples"}}).execute()
    cells = {cell["source"]: cell for cell in _code(notebook)}
    assert not [each for cell in cells.values() for each in cell["outputs"] if each.get("name") == "stderr"]
    shown, *_ = _outputs(next(cell for source, cell in cells.items() if "wattbench.run(" in source), "text/plain")
    assert shown.split()[:2] == ["system", "items"], "the progress of the run, as it ended"
    [table] = _outputs(cells["run.compare()"], "text/html")
    assert "<table>" in table
    assert "careful" in table
    figures = _outputs(next(cell for source, cell in cells.items() if source.startswith("for draw in")), "image/png")
    assert len(figures) == 6
    assert (tmp_path / "examples" / "tradeoff.pdf").read_bytes().startswith(b"%PDF")
    [window] = _outputs(next(cell for source, cell in cells.items() if source.startswith("import time")), "text/plain")
    assert window.startswith("<window 'sorting': ")
    assert (tmp_path / "examples" / "report.html").exists()
    assert len(list((tmp_path / "examples" / "runs").iterdir())) == 1


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
