"""AMD GPUs through a made-up `amdsmi`, whose joules are known."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.amdsmi import FakeAmdSmi, FakeGpu
from tests.fakes.exporter import BEGAN_S, Course
from wattbench.config import AmdSmiSettings
from wattbench.meters import AbsentError, AmdSmiMeter, MeterError, NvmlMeter, WindowEvidence, judge, meters_for, survey
from wattbench.records import WindowRow

WAVE = Course(mean_w=420.0, swing_w=250.0, period_s=3.1)
Install = Callable[..., FakeAmdSmi]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def with_gpus(*gpus: FakeGpu) -> FakeAmdSmi:
        smi = FakeAmdSmi(*gpus)
        monkeypatch.setitem(sys.modules, "amdsmi", smi)
        monkeypatch.setattr("wattbench.meters.amd.now_s", lambda: smi.now_s)
        return smi

    return with_gpus


def measured(
    smi: FakeAmdSmi, meter: AmdSmiMeter, label: Any, spoil: Callable[[float], None] = lambda _: None
) -> WindowRow:
    """Read a meter every 0.1 s for 10 s, and judge it."""
    meter.open()
    readings = []
    for number in range(101):
        smi.now_s = BEGAN_S + number / 10.0
        spoil(number / 10.0)
        readings.append(meter.read())
    meter.close()
    return judge(
        WindowEvidence(
            label=label,
            started_s=BEGAN_S,
            finished_s=BEGAN_S + 10.0,
            readings=readings,
            provenance=meter.provenance,
            step_s=meter.step_s,
        )
    )


@pytest.mark.parametrize(
    ("gpu", "provenance", "reads"),
    [
        (FakeGpu(WAVE), "counter", "energy counter; power of the moment"),
        (FakeGpu(WAVE, old=True, power="average_socket_power"), "counter", "energy counter; averaged power"),
        (FakeGpu(WAVE, power=None), "counter", "energy counter"),
        (FakeGpu(WAVE, counter=False), "integrated", "power of the moment"),
    ],
)
def test_a_known_course_is_right_to_one_percent(
    install: Install, label: Any, gpu: FakeGpu, provenance: str, reads: str
) -> None:
    smi = install(gpu, replace(gpu, course=Course(mean_w=100.0)))
    meter = AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi"))
    assert smi.initialised == 0
    assert meter.provenance == {"gpu0": provenance, "gpu1": provenance}
    assert meter.reads["gpu0"] == reads
    row = measured(smi, meter, label)
    assert row.valid, row.reasons
    assert row.energy_j["gpu0"] == pytest.approx(WAVE.energy_j(BEGAN_S, BEGAN_S + 10.0), rel=0.01)
    assert row.energy_j["gpu1"] == pytest.approx(1000.0, rel=0.01)
    assert smi.initialised == 0


def test_a_gpu_that_is_lost_is_a_gap_and_no_zero(install: Install, label: Any) -> None:
    smi = install(FakeGpu(WAVE), FakeGpu(WAVE))

    def lose(at_s: float) -> None:
        smi.gpus[1].lost = at_s >= 4.0

    row = measured(smi, AmdSmiMeter(), label, lose)
    assert set(row.energy_j) == {"gpu0"}
    assert not row.valid
    assert any(r.startswith("gpu1: meter lost") and "Permission Denied" in r for r in row.reasons)


def test_of_a_divided_gpu_the_first_partition_has_the_sensors(install: Install) -> None:
    install(*(FakeGpu(partition=i % 4, counter=i % 4 == 0, power=None) for i in range(8)))
    assert list(AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi")).provenance) == ["gpu0", "gpu1"]


def test_some_gpus_may_be_named(install: Install) -> None:
    install(*(FakeGpu() for _ in range(4)))
    meter = AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi", components=["gpu2"]))
    assert list(meter.provenance) == ["gpu2"]
    with pytest.raises(MeterError, match="there is no gpu9, but gpu0, gpu1, gpu2, gpu3"):
        AmdSmiMeter.from_settings(AmdSmiSettings(use="amdsmi", components=["gpu9"]))


def test_what_cannot_be_read_is_said(install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(FakeGpu(counter=False, power=None))
    with pytest.raises(MeterError, match="gpu0: no energy counter and no power can be read"):
        AmdSmiMeter().open()
    install()
    with pytest.raises(AbsentError, match="AMDSMI_STATUS_DRIVER_NOT_LOADED"):
        AmdSmiMeter().open()
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    with pytest.raises(AbsentError, match="amdsmi is not installed"):
        AmdSmiMeter().open()


NO_FIGURES: list[Any] = [
    None, "N/A", [], {}, True, -1, 10**400, float("nan"), float("inf"),
    OSError("x"), SystemExit(1), AttributeError("y"), RuntimeError("\x1b[31m" * 99), MemoryError(),
]  # fmt: skip


@pytest.mark.parametrize("given", NO_FIGURES, ids=lambda given: repr(given)[:20])
@pytest.mark.parametrize("function", ["energy_count", "power_info", "gpu_activity", "processor_handles"])
def test_a_library_that_answers_nonsense_ends_in_no_traceback_and_no_figure(
    install: Install, monkeypatch: pytest.MonkeyPatch, function: str, given: Any
) -> None:
    fields = {
        "energy_count": "energy_accumulator",
        "power_info": "current_socket_power",
        "gpu_activity": "gfx_activity",
    }

    def answer(*_: Any) -> Any:
        if isinstance(given, BaseException):
            raise given
        return {fields[function]: given, "counter_resolution": 15.3} if function in fields else given

    smi = install(FakeGpu(WAVE))
    monkeypatch.setattr(smi, f"amdsmi_get_{function}", answer, raising=False)
    meter = AmdSmiMeter()
    if function == "processor_handles":
        with pytest.raises(MeterError):
            meter.open()
        return
    meter.open()
    reading = meter.read()
    assert meter.provenance == {"gpu0": "integrated" if function == "energy_count" else "counter"}
    assert ("gpu0" in reading.energy_j, "gpu0" in reading.power_w, "gpu0" in reading.use, dict(reading.gaps)) == (
        function != "energy_count", function != "power_info", False, {},
    )  # fmt: skip


def test_a_counter_that_is_off_a_hundredfold_is_contradicted_by_its_power(install: Install, label: Any) -> None:
    """Seen of the library: https://github.com/ROCm/amdsmi/issues/38."""
    smi = install(FakeGpu(WAVE))
    right = smi.amdsmi_get_energy_count
    smi.amdsmi_get_energy_count = lambda gpu: {**right(gpu), "counter_resolution": 0.15259}  # type: ignore[method-assign]
    row = measured(smi, AmdSmiMeter(), label)
    assert not row.valid
    assert any("sensors contradict each other" in reason for reason in row.reasons)


def test_a_binding_without_its_library_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "amdsmi.py").write_text("print('Unable to find libamd_smi.so library')\n{}['libamd_smi.so']\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "amdsmi", raising=False)
    with pytest.raises(AbsentError, match=r"amdsmi cannot be used \(KeyError") as refused:
        AmdSmiMeter().open()
    assert refused.value.fix == "install amd-smi-lib of ROCm"
    assert capsys.readouterr().out == ""


def test_a_survey_uses_amds_gpus_where_there_is_no_other(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(self: NvmlMeter) -> None:
        raise AbsentError("no NVIDIA driver")

    monkeypatch.setattr(NvmlMeter, "open", refuse)
    (kfd := tmp_path / "kfd").touch()
    install(FakeGpu(), FakeGpu(counter=False))
    sensors = survey(powercap=tmp_path, kfd=kfd)
    assert [(s.component, s.provenance, s.what) for s in sensors if s.meter == "amdsmi"] == [
        ("gpu0", "counter", "AMD GPU, energy counter"),
        ("gpu1", "integrated", "AMD GPU, sampled power"),
    ]
    assert next(meter.name for meter in meters_for(sensors)) == "amdsmi"
    assert all(sensor.meter != "amdsmi" for sensor in survey(powercap=tmp_path, kfd=tmp_path / "no"))
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    (unread,) = [s for s in survey(powercap=tmp_path, kfd=kfd) if s.meter == "amdsmi"]
    assert (unread.exists, unread.used, unread.fix) == (True, False, "pip install 'wattbench[amd]'")
