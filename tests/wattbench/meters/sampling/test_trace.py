from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from wattbench.errors import UserError
from wattbench.meters import Reading
from wattbench.meters.sampling.trace import TraceWriter, read_trace
from wattbench.records.trace import COLUMNS


class TwoGpus:
    name = "nvml"
    period_s = 0.1
    step_s = {"gpu0": 0.1, "gpu1": 0.1}
    provenance = {"gpu0": "counter", "gpu1": "integrated"}


def test_a_trace_gives_back_what_was_read(tmp_path: Path) -> None:
    meter: Any = TwoGpus()
    readings = [
        Reading(1.25, {"gpu0": 10.5}, {"gpu0": 100.0, "gpu1": 50.0}, {"gpu0": 40.0}),
        Reading(
            1.35,
            {},
            {"gpu1": 55.0},
            {},
            frozenset({"gpu1: power-capped", "b"}),
            {"gpu0": 'GPU is lost, "gone"\n\rback'},
        ),
        Reading(1.45, {"gpu0": 30.0}, {"gpu0": 100.0, "gpu1": 0.0}),
    ]
    writer = TraceWriter(tmp_path / "power" / "t.csv")
    for reading in readings:
        writer.write(meter, reading)
    trace = read_trace(writer.path)  # before it is closed: it is there as soon as it is written
    writer.close()
    assert trace.readings == [("nvml", reading) for reading in readings]
    assert trace.provenance == meter.provenance
    assert trace.step_s == meter.step_s
    assert writer.path.read_text().splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize("left", [0, 1, 16, len(",".join(COLUMNS))])
def test_a_trace_of_which_a_part_of_the_first_line_was_written_begins_anew(tmp_path: Path, left: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(COLUMNS)[:left])
    writer = TraceWriter(path)
    writer.write(TwoGpus(), Reading(1.5, {"gpu0": 30.0}, {"gpu0": 100.0, "gpu1": 0.0}))  # type: ignore[arg-type]
    writer.close()
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert [reading.at_s for _, reading in read_trace(path).readings] == [1.5]


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_torn_line_is_passed_over_and_the_next_run_goes_on_after_it(tmp_path: Path, lost: int) -> None:
    meter: Any = TwoGpus()
    path = tmp_path / "t.csv"
    writer = TraceWriter(path)
    writer.write(meter, Reading(1.0, {"gpu0": 1.0}, {"gpu1": 5.0}))
    writer.write(meter, Reading(2.0, {"gpu0": 2.0}, {"gpu1": 5.0}))
    writer.close()
    path.write_bytes(path.read_bytes()[:-lost])
    whole = Reading(3.0, {"gpu0": 3.0}, {"gpu1": 5.0})
    again = TraceWriter(path)
    again.write(meter, whole)
    again.close()
    trace = read_trace(path)
    assert [reading.at_s for _, reading in trace.readings] == [1.0, 2.0, 3.0]
    assert trace.readings[-1] == ("nvml", whole)


def test_what_is_no_trace_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(UserError, match="no such file"):
        read_trace(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="not a power trace"):
        read_trace(path)


def test_a_trace_is_on_disk_once_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda each: (fsync(each), synced.append(os.fstat(each).st_size)))
    meter: Any = TwoGpus()
    path = tmp_path / "t.csv"
    for second in (1.0, 2.0):  # the second writer goes on where the first was killed, within a line
        writer = TraceWriter(path)
        for part in (0.0, 0.5):
            writer.write(meter, Reading(second + part, {"gpu0": 1.0}, {"gpu1": 5.0}))
            writer.sync()
            assert synced[-1] == path.stat().st_size
        path.write_bytes(path.read_bytes()[:-3])


def test_a_trace_is_on_disk_once_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda each: synced.append(os.fstat(each).st_size))
    writer = TraceWriter(tmp_path / "t.csv")
    writer.write(TwoGpus(), Reading(1.0, {"gpu0": 1.0}, {"gpu1": 5.0}))  # type: ignore[arg-type]
    writer.close()
    assert synced[-1] == (tmp_path / "t.csv").stat().st_size


def test_what_is_no_trace_is_added_to_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xff\xfe" * 100)
    writer = TraceWriter(path)
    writer.write(TwoGpus(), Reading(1.0, {"gpu0": 1.0}, {"gpu1": 5.0}))  # type: ignore[arg-type]
    writer.close()
    assert path.read_bytes().startswith(b"\xff\xfe" * 100)
    with pytest.raises(UserError, match="not a power trace"):
        read_trace(path)
