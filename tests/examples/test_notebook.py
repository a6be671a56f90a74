"""The example notebook runs from its first cell to its last, in a kernel of its own, and its outputs are stored."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "notebook.ipynb"
MOST_BYTES = 200_000


def _outputs(cell: Any, kind: str) -> list[str]:
    """Return the outputs of a cell of this MIME type."""
    return [output["data"][kind] for output in cell["outputs"] if kind in output.get("data", {})]


def _shape(cell: Any) -> list[tuple[Any, ...]]:
    """Return what the outputs of a cell are, without figures: their types, first lines, and the columns of frames."""
    return [
        (
            output["output_type"],
            sorted(output.get("data", {})),
            _masked(_text(output)).split(),
            re.findall(r"<th>([^<]*)</th>", str(output.get("data", {}).get("text/html", "")).partition("</thead>")[0]),
        )
        for output in cell["outputs"]
    ]


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", "")).strip().partition("\n")[0]


def _masked(line: str) -> str:
    return re.sub(r"\d[\dTZ]*", "#", re.sub(r"sums-[0-9a-f]{6}|: \(?\d.*", "#", line))


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Run the notebook, and return it with its folder; WATTBENCH_UPDATE_GOLDEN stores what its cells gave."""
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copytree(EXAMPLES, folder / "examples")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATTBENCH_CACHE", str(folder / "cache"))
        place = {"metadata": {"path": folder / "examples"}}
        nbclient.NotebookClient(notebook, timeout=300, resources=place).execute()
    for cell in _code(notebook):
        cell["metadata"].pop("execution", None)  # when it ran
    if os.environ.get("WATTBENCH_UPDATE_GOLDEN"):
        nbformat.write(notebook, NOTEBOOK)
    return notebook, folder / "examples"


def test_its_stored_outputs_are_small_and_name_no_folder() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert len(text) < MOST_BYTES
    cells = _code(json.loads(text))
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), "run from first to last"
    assert not re.search(r"/(?:tmp|work|home|root|Users)/", text)


@pytest.mark.slow
def test_its_stored_outputs_are_what_its_cells_give(executed: tuple[Any, Path]) -> None:
    stored, given = (_code(each) for each in (nbformat.read(NOTEBOOK, as_version=4), executed[0]))
    for old, new in zip(stored, given, strict=True):
        assert _shape(old) == _shape(new), new["source"]


@pytest.mark.slow
def test_every_cell_runs(executed: tuple[Any, Path]) -> None:
    notebook, folder = executed
    cells = {cell["source"]: cell for cell in _code(notebook)}
    assert not [each for cell in cells.values() for each in cell["outputs"] if each.get("name") == "stderr"]
    first = next(cell for source, cell in cells.items() if "wattbench.run(" in source)
    progress, run = _outputs(first, "text/plain")
    assert progress.split()[:2] == ["system", "items"], "the progress of the run, as it ended"
    assert "Run careful" in run
    [advice] = _outputs(first, "text/html")
    [table] = _outputs(cells["run.compare()"], "text/html")
    for each in (advice, table):
        assert "<table>" in each
        assert "Run careful" in each
    figures = _outputs(next(cell for source, cell in cells.items() if source.startswith("for draw in")), "image/png")
    assert len(figures) == 3
    assert (folder / "tradeoff.pdf").read_bytes().startswith(b"%PDF")
    [verdict] = _outputs(next(cell for source, cell in cells.items() if source.startswith("result =")), "text/html")
    assert "wattbench gate: regressed" in verdict
    [window] = _outputs(next(cell for source, cell in cells.items() if source.startswith("import time")), "text/plain")
    assert window.startswith("<window 'sorting': ")
    assert (folder / "report.html").exists()
    assert len(list((folder / "runs").iterdir())) == 1


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
