"""Eight slots of one machine at once: each GPU's joules are its own, and the processor's are divided and sum up."""

from __future__ import annotations

import csv
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.driver import FakeDriver, results_of
from tests.fakes.waveform import RAMP, SQUARE, Waveform

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SLOTS = 8
GPUS = [
    Waveform(watts=100.0),
    Waveform(watts=250.0),
    Waveform(watts=700.0),
    SQUARE,
    Waveform("square", watts=600.0, low=100.0, period=1.1),
    RAMP,
    Waveform("ramp", watts=650.0, low=90.0, period=2.3),
    Waveform("square", watts=500.0, low=80.0, period=0.5, duty=0.3),
]
CPU = Waveform("square", watts=180.0, low=60.0, period=1.7)
"""What the processor of the whole machine draws."""
IDLE_W = 40.0

MEASURE = """
from wattbench.machine.measuring_lock import measuring_lock
from wattbench.machine.slot import find_slot
from wattbench.meters import MachineWatch, RaplMeter
from wattbench.meters.slots.here import in_slot

ready = Path(os.environ["READY"])
slot = find_slot(str(SLOT))
slot.take()
with measuring_lock(slot=slot, idle_w={"cpu": IDLE_W}):
    meters = in_slot([NvmlMeter(), RaplMeter(("cpu",), root=Path(os.environ["POWERCAP"]))])
    with Metering(meters) as metering:
        metering.trace_to(ready / f"trace{SLOT}.csv")
        (ready / f"ready{SLOT}").touch()
        while len(list(ready.glob("ready*"))) < SLOTS:
            time.sleep(0.02)
        window = metering.open(label())
        while window.elapsed_s < SECONDS:
            busy_until = time.process_time() + 0.001 * (1 + SLOT)  # some slots use more of the processor than others
            while time.process_time() < busy_until:
                pass
            time.sleep(0.08)
        row = window.close()
        (ready / f"done{SLOT}").touch()
        while len(list(ready.glob("done*"))) < SLOTS:
            time.sleep(0.02)
tell(row)
"""


@contextmanager
def powercap(root: Path) -> Iterator[Path]:
    """A RAPL tree whose package has drawn what `CPU` says, at every moment."""
    domain = root / "intel-rapl:0"
    domain.mkdir(parents=True)
    (domain / "name").write_text("package-0\n")
    (domain / "max_energy_range_uj").write_text("1000000000000000\n")
    began_s, ended = time.time(), threading.Event()
    descriptor = os.open(domain / "energy_uj", os.O_WRONLY | os.O_CREAT)

    def count() -> None:
        while not ended.wait(0.004):
            os.pwrite(descriptor, f"{int(CPU.energy_j(began_s, time.time()) * 1e6):020d}\n".encode(), 0)

    os.pwrite(descriptor, f"{0:020d}\n".encode(), 0)
    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield root
    finally:
        ended.set()
        thread.join()
        os.close(descriptor)


@pytest.fixture(scope="module")
def measured(fake_library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Path]:
    """The windows of eight slots that measured at once, and the folder of their traces."""
    scratch = tmp_path_factory.mktemp("slots")
    driver = FakeDriver(fake_library, scratch)
    settings: dict[str, object] = {"gpus": SLOTS}
    for number, waveform in enumerate(GPUS):
        settings |= waveform.settings(number)
    with powercap(scratch / "powercap") as root:
        environ = {"READY": str(scratch), "POWERCAP": str(root), "WATTBENCH_LOCKS": str(scratch / "locks")}

        def start(slot: int) -> Any:
            head = f"SLOT, SLOTS, SECONDS, IDLE_W = {slot}, {SLOTS}, 4.0, {IDLE_W}\n"
            return lambda: driver.start(head + MEASURE, environ, **settings)

        rows = results_of({slot: start(slot) for slot in range(SLOTS)}, at_once=SLOTS)
    return [rows[slot] for slot in range(SLOTS)], scratch


def test_each_slot_has_the_joules_of_its_own_gpu(measured) -> None:
    rows, _ = measured
    for number, (row, waveform) in enumerate(zip(rows, GPUS, strict=True)):
        assert set(row["energy_j"]) == {f"gpu{number}", "cpu"}, row["reasons"]
        true_j = waveform.energy_j(row["started_s"], row["finished_s"])
        assert row["valid"], row["reasons"]
        assert row["energy_j"][f"gpu{number}"] == pytest.approx(true_j, rel=0.01)


def test_the_windows_say_what_was_shared_and_with_how_many(measured) -> None:
    rows, _ = measured
    for row in rows:
        assert (row["shared"], row["co_runners"]) == (["cpu"], SLOTS - 1)
        assert any("7 other slots of this machine measured meanwhile" in reason for reason in row["reasons"])
        assert any("the joules of cpu are this slot's part" in reason for reason in row["reasons"])


def counts(trace: Path) -> np.ndarray:
    """When, and the slot's part of the processor's joules so far; shape (readings, 2)."""
    with trace.open() as lines:
        rows = [(float(row["at_s"]), row["energy_j"]) for row in csv.DictReader(lines) if row["component"] == "cpu"]
    return np.array([(at_s, float(energy_j)) for at_s, energy_j in rows if energy_j])


def test_the_processors_joules_are_divided_and_sum_to_the_machines(measured) -> None:
    rows, scratch = measured
    from_s = max(row["started_s"] for row in rows) + 0.3
    to_s = min(row["finished_s"] for row in rows) - 0.3
    assert to_s - from_s > 2.0
    parts_j = []
    for number in range(SLOTS):
        at_s, energy_j = counts(scratch / f"trace{number}.csv").T
        parts_j.append(float(np.diff(np.interp([from_s, to_s], at_s, energy_j))[0]))
    assert sum(parts_j) == pytest.approx(CPU.energy_j(from_s, to_s), rel=0.02)
    assert min(parts_j) > IDLE_W * (to_s - from_s) / SLOTS  # each bears as much of the idle draw
    assert parts_j[-1] > 1.5 * parts_j[0]  # and the one that computed more bears more of the rest
