from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wattbench.meters import AbsentError, MeterError, NvmlMeter, Sensor, meters_for, survey


def rapl(root: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        folder = root / f"intel-rapl:{i}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(name)
        (folder / "energy_uj").write_text("1")
        (folder / "max_energy_range_uj").write_text("1000000")
    return root


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: NvmlMeter) -> None:
        raise AbsentError("no NVIDIA driver")

    monkeypatch.setattr(NvmlMeter, "open", refuse)


def used(sensors: list[Sensor]) -> dict[str, str]:
    return {sensor.component: sensor.meter for sensor in sensors if sensor.used}


@pytest.mark.usefixtures("no_gpu")
def test_without_any_sensor_all_is_modelled(tmp_path: Path) -> None:
    sensors = survey(powercap=tmp_path)
    assert used(sensors) == {"cpu": "codecarbon", "dram": "codecarbon"}
    assert {sensor.component for sensor in sensors if not sensor.exists} == {"gpu", "cpu", "dram"}
    (meter,) = meters_for(sensors)
    assert meter.provenance == {"cpu": "modelled", "dram": "modelled"}


@pytest.mark.usefixtures("no_gpu")
def test_only_what_no_sensor_measures_is_modelled(tmp_path: Path) -> None:
    sensors = survey(powercap=rapl(tmp_path, "package-0"))
    assert used(sensors) == {"cpu": "rapl", "dram": "codecarbon"}
    meters = meters_for(sensors, powercap=tmp_path)
    assert [meter.name for meter in meters] == ["rapl", "codecarbon"]
    assert meters[0].provenance == {"cpu": "rapl"}  # before it is opened
    meters[0].open()
    assert set(meters[0].read().energy_j) == {"cpu"}
    assert set(meters[1].provenance) == {"dram"}


@pytest.mark.usefixtures("no_gpu")
def test_with_rapl_for_both_nothing_is_modelled(tmp_path: Path) -> None:
    sensors = survey(powercap=rapl(tmp_path, "package-0", "dram"))
    assert used(sensors) == {"cpu": "rapl", "dram": "rapl"}
    assert [meter.name for meter in meters_for(sensors)] == ["rapl"]


def test_a_gpu_that_exists_and_cannot_be_read_keeps_its_reason_and_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: NvmlMeter) -> None:
        raise MeterError("gpu0: MIG mode is on", fix="turn it off")

    monkeypatch.setattr(NvmlMeter, "open", refuse)
    gpu = survey(powercap=tmp_path)[0]
    assert (gpu.exists, gpu.readable, gpu.why_not, gpu.fix) == (True, False, "gpu0: MIG mode is on", "turn it off")


@pytest.mark.slow
def test_a_gpu_is_found_and_used(driver: Any) -> None:
    sensors = driver.run(
        """
from wattbench.meters import meters_for, survey
meters = meters_for(survey())[:1]
before = dict(meters[0].provenance)
with Metering(meters) as metering:
    tell([survey(powercap=Path("/nowhere"))[:2], meters[0].name, before, metering.provenance])
""",
        gpus=2,
        gpu1__counter=0,
    )
    found, first, before, provenance = sensors
    assert first == "nvml"
    assert before == provenance == {"gpu0": "counter", "gpu1": "integrated"}
    assert {sensor["what"] for sensor in found} == {"Fake H100, energy counter", "Fake H100, sampled power"}
    assert all(sensor["used"] and sensor["readable"] for sensor in found)


def test_this_machine_has_some_meter() -> None:
    assert meters_for(survey())


def test_importing_the_package_is_cheap() -> None:
    script = "import sys, wattbench.meters, wattbench.machine.doctor; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"codecarbon", "torch", "lm_eval"} & set(result.stdout.split())
