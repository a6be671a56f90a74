"""LLenergyMeasure's series of power is integrated and judged as wattbench's own readings are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.energy_results import experiment, write_power_series
from tests.wattbench.importers.others_data import others
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.importers.imported import Imported
from wattbench.importers.llenergymeasure import read_series

STEADY = [200.0 + second % 2 for second in range(60)]


def imported_with(folder: Path, **changes: Any) -> Imported:
    (folder / "result.json").write_text(json.dumps(experiment(**changes)))
    return read_sources([folder])


def of_gpu(imported: Imported) -> dict[str, float]:
    return {row.figure: row.value for row in imported.summaries if "GPU 0" in row.figure}


def test_joules_are_the_means_of_seconds_summed(tmp_path) -> None:
    """The last second is a part of one, and ends with the inference."""
    write_power_series(tmp_path, STEADY)
    imported = imported_with(tmp_path, total_inference_time_sec=59.5)
    expected_j = sum(STEADY[:-1]) + 0.5 * STEADY[-1]
    figures = of_gpu(imported)
    assert figures["energy of GPU 0"] == pytest.approx(expected_j, rel=2e-3)
    assert figures["power of GPU 0"] == pytest.approx(expected_j / 59.5, rel=2e-3)
    assert (figures["least power of GPU 0"], figures["most power of GPU 0"]) == (200.0, 201.0)
    assert [path.name for path in imported.files] == ["result.json", "timeseries.parquet"]
    assert "series-without-joules" not in imported.remarks
    assert not +imported.left_out
    assert {row.figure: row.value for row in imported.summaries}["energy"] == 847.25  # what the source says stays
    assert len(write_run(imported, tmp_path / "runs", "l", ["wattbench"]).name)


def test_without_its_length_the_last_second_is_whole(tmp_path) -> None:
    path = write_power_series(tmp_path, STEADY)
    for seconds in (None, 1.0, 61.0):
        (power,) = read_series(path, seconds, None)
        assert power.energy_j == pytest.approx(sum(STEADY), rel=1e-12)


@pytest.mark.parametrize(
    ("watts", "limit_w", "why"),
    [
        (STEADY[:30], 400.0, "30.0 s is too short for a sensor that advances every 1 s (at least 40 s)"),
        ([*STEADY[:20], None, None, *STEADY[22:]], 400.0, "not read for 3.00 s"),
        ([*STEADY[:20], 0.0, 0.0, *STEADY[22:]], 400.0, "not read for 3.00 s"),
        ([None, *STEADY[1:]], 400.0, "could not be read when the window opened"),
        ([50.0, 350.0] * 30, 400.0, "power changed faster than it was read"),
        ([9000.0] * 60, 400.0, "9000"),
    ],
)
def test_a_series_that_carries_no_joules_says_why(tmp_path, watts, limit_w, why) -> None:
    write_power_series(tmp_path, watts)
    hardware = {"hardware": {"gpu": {"name": "NVIDIA A100"}, "thermal": {"power_limit_w": limit_w}}}
    imported = imported_with(tmp_path, environment_snapshot=hardware, total_inference_time_sec=60.0)
    assert why in imported.remarks["series-without-joules"]
    assert set(of_gpu(imported)) == {"least power of GPU 0", "most power of GPU 0"}


def test_each_gpu_is_judged_alone(tmp_path) -> None:
    path = write_power_series(tmp_path, STEADY)
    one = pq.read_table(path)
    other = one.set_column(1, "gpu_index", pa.array([1] * 60, pa.int32()))
    pq.write_table(pa.concat_tables([other.slice(0, 20), one]), path)
    first, second = read_series(path, None, None)
    assert (first.gpu, first.why) == (0, None)
    assert second.gpu == 1
    assert "20.0 s is too short" in str(second.why)


def test_only_the_file_next_to_the_result_is_read(tmp_path) -> None:
    """A result may name any path."""
    folder = tmp_path / "in" / "experiment"
    folder.mkdir(parents=True)
    write_power_series(tmp_path, STEADY)
    imported = imported_with(folder)
    assert of_gpu(imported) == {}
    assert [*(+imported.left_out).values()] == [1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gpu_index": pa.array([None] * 60, pa.int32())}, "row 1: timestamp_s and gpu_index must have values"),
        ({"gpu_index": pa.array([5000] * 60, pa.int32())}, "gpu_index is 5000: it must be below 1024"),
        ({"timestamp_s": pa.array([7.0] * 60)}, "two rows of one second"),
        ({"power_w": pa.array([-1.0] * 60)}, "row 1: power_w is -1"),
        ({"power_w": pa.array([float("inf")] * 60)}, "row 1: power_w is inf"),
        ({"power_w": pa.array(["a"] * 60)}, "row 1: power_w is 'a'"),
    ],
)
def test_a_damaged_series_is_named(tmp_path, changes, said) -> None:
    path = write_power_series(tmp_path, STEADY, **changes)
    with pytest.raises(UserError, match=said) as error:
        imported_with(tmp_path)
    assert str(path) in str(error.value)


def test_what_is_no_series_is_named(tmp_path) -> None:
    path = tmp_path / "timeseries.parquet"
    pq.write_table(pa.table({"timestamp_s": [0.0], "gpu_index": [0]}), path)
    with pytest.raises(UserError, match="no column power_w; this is no series of LLenergyMeasure"):
        imported_with(tmp_path)
    path.write_bytes(b"PAR1")
    with pytest.raises(UserError, match="not a Parquet file"):
        imported_with(tmp_path)
    write_power_series(tmp_path, [])
    assert "it has no rows" in imported_with(tmp_path).remarks["series-without-joules"]


def test_a_series_written_by_llenergymeasure_has_the_joules_of_its_samples() -> None:
    """Written by `write_timeseries_parquet` of 0.7.0 from samples of our own: 90.5 s, 250 W with a sine of 20 W.

    The truth is the integral of that, from the first sample to the end of the inference.
    """
    (power,) = read_series(others("llenergymeasure") / "series" / "timeseries.parquet", 90.5, 400.0)
    truth_j = 250.0 * 90.5 + 20.0 * 30.0 / (2 * np.pi) * (1 - np.cos(2 * np.pi * 90.5 / 30.0))
    assert power.energy_j == pytest.approx(truth_j, rel=2e-3)
