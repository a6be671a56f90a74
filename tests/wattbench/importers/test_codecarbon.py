"""codecarbon's files become joules and seconds of sessions. The rows were written by codecarbon 3.3.2 (MIT)."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.importers.imported import Imported
from wattbench.records import read_run

SAMPLES = Path(__file__).parents[2] / "data" / "codecarbon"
KWH = 3.6e6


def figures(imported: Imported, system: str) -> dict[str, tuple[float, str, str]]:
    return {row.figure: (row.value, row.unit, row.source_name) for row in imported.summaries if row.system == system}


def test_a_run_that_was_written_twice_has_its_last_totals_at_the_machine(tmp_path) -> None:
    path = SAMPLES / "emissions.csv"
    assert detect([path]) == "codecarbon"
    imported = read_sources([path])
    assert list(imported.configs) == ["quick", "tasks"]
    assert imported.version == "3.3.2"
    assert imported.left_out == {"rows that a later one of the same run continues": 1}
    of = figures(imported, "quick")
    assert of["energy"] == (pytest.approx(5.593299893505444e-05 * KWH / 1.2), "J", "energy_consumed / pue")
    assert of["ram_energy"][0] == pytest.approx(20.0 * of["duration"][0], rel=0.01)  # a constant 20 W for memory
    assert of["emissions"] == (3.134429327321516e-06, "kg", "emissions")
    assert not {"gpu_energy", "cpu_power", "longitude"} & set(of)
    assert figures(imported, "tasks")["energy"] == (pytest.approx(3.12086444610759e-05 * KWH), "J", "energy_consumed")
    assert "models the processor by its load" in imported.remarks["codecarbon-models"]
    assert set(read_run(write_run(imported, tmp_path, "c", [])).systems()) == {"quick", "tasks"}


def test_each_task_is_a_system_of_its_own() -> None:
    imported = read_sources([SAMPLES / "emissions_base.csv"])
    assert list(imported.configs) == ["tasks load", "tasks answer"]
    assert figures(imported, "tasks answer")["energy"][0] == pytest.approx(1.564322530665474e-05 * KWH)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("energy_consumed", "energy", "no columns emissions_rate, energy_consumed"),
        ("3.12086444610759e-05", "-1", "emissions.csv:4: energy_consumed is '-1'"),
        ("3.12086444610759e-05", "much", "emissions.csv:4: energy_consumed is 'much'"),
        (",1.0,0.0\n", ",1.0\n", "emissions.csv:4: 37 fields"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, old, new, said) -> None:
    path = tmp_path / "emissions.csv"
    path.write_text((SAMPLES / "emissions.csv").read_text().replace(old, new))
    with pytest.raises(UserError, match=said):
        read_sources([path], "codecarbon")
