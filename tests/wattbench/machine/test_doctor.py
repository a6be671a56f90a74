from __future__ import annotations

import json
from dataclasses import replace

import pytest

from wattbench.machine import lock_holder
from wattbench.machine.busy import BusyNow
from wattbench.machine.doctor import as_data, as_text
from wattbench.machine.lock_holder import Doing, LockHolder
from wattbench.machine.measuring_lock import LiveSlot
from wattbench.meters import Sensor, SignalState
from wattbench.meters.contention.limits import Signal

NO_GPU = Sensor(
    meter="nvml",
    component="gpu",
    what="NVIDIA GPU energy",
    readable=False,
    used=False,
    why_not="no NVIDIA driver (libnvidia-ml.so.1 was not found)",
    exists=False,
)
MIG = Sensor(
    meter="nvml",
    component="gpu",
    what="NVIDIA GPU energy",
    readable=False,
    used=False,
    why_not="gpu0: MIG mode is on, and energy is counted for the whole GPU, not for an instance",
    fix="sudo nvidia-smi -i 0 -mig 0",
)


def gpu(index: int, provenance: str = "counter") -> Sensor:
    what = "energy counter" if provenance == "counter" else "sampled power"
    return Sensor(
        meter="nvml",
        component=f"gpu{index}",
        what=f"NVIDIA H100 80GB HBM3, {what}",
        readable=True,
        used=True,
        provenance=provenance,
    )


def rapl(component: str, *, why_not: str | None = None, fix: str | None = None, exists: bool = True) -> Sensor:
    return Sensor(
        meter="rapl",
        component=component,
        what="CPU package energy (RAPL)" if component == "cpu" else "memory energy (RAPL)",
        readable=why_not is None,
        used=why_not is None,
        provenance="rapl" if why_not is None else None,
        why_not=why_not,
        fix=fix,
        exists=exists,
    )


def model(component: str, *, used: bool) -> Sensor:
    what = "CPU" if component == "cpu" else "memory"
    return Sensor(
        meter="codecarbon",
        component=component,
        what=f"codecarbon's model of {what}",
        readable=True,
        used=used,
        provenance="modelled",
    )


LOCKED = {
    "why_not": "/sys/class/powercap/intel-rapl:0/energy_uj is readable by root only (since 2020)",
    "fix": "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj   (holds until the next boot)",
}

MACHINES = {
    "all-measured": [
        gpu(0), gpu(1, "integrated"), rapl("cpu"), rapl("dram"), model("cpu", used=False), model("dram", used=False),
    ],
    "rapl-locked": [
        gpu(0), rapl("cpu", **LOCKED), rapl("dram", why_not="RAPL has no dram domain on this machine", exists=False),
        model("cpu", used=True), model("dram", used=True),
    ],
    "nothing": [
        NO_GPU,
        rapl("cpu", why_not="no RAPL domain", exists=False), rapl("dram", why_not="no RAPL domain", exists=False),
        model("cpu", used=True), model("dram", used=True),
    ],
    "mig": [MIG, rapl("cpu"), rapl("dram"), model("cpu", used=False), model("dram", used=False)],
}  # fmt: skip


SHOWN = [
    SignalState(Signal.RUN_QUEUE_WAIT, "own threads that wait for a processor", True),
    SignalState(Signal.FOREIGN_CPU, "CPU time of other processes", True),
    SignalState(Signal.CANARY, "a fixed piece of work, timed before and after", True),
]
HIDDEN = [
    *SHOWN,
    SignalState(Signal.STEAL, "time that the hypervisor withheld", False, "always 0: its hypervisor may hide it"),
    SignalState(Signal.THROTTLED, "time that a control group stopped own threads", False, "no control group \x1b[2J"),
]
QUIET = BusyNow(0.004)
BUSY = BusyNow(0.37, (("python3", 0.31), ("chro\x1b[2Jmium", 0.04)), 2.5)


def test_long_names_of_components_keep_the_columns_apart_and_none_steers_the_terminal() -> None:
    text = as_text([gpu(0), replace(gpu(0), component="gpu-of-node-7", what="GPU \x1b[2J")], SHOWN, QUIET)
    assert "  gpu0           NVIDIA" in text
    assert "  gpu-of-node-7  GPU ?[2J" in text


@pytest.mark.parametrize("machine", MACHINES)
def test_the_text_is_as_agreed(machine: str, golden) -> None:
    golden(f"doctor-{machine}.txt", as_text(MACHINES[machine], SHOWN, QUIET))


@pytest.mark.parametrize(
    ("machine", "measured", "modelled", "unmeasured"),
    [
        ("all-measured", ["gpu0", "gpu1", "cpu", "dram"], [], []),
        ("rapl-locked", ["gpu0"], ["cpu", "dram"], []),
        ("nothing", [], ["cpu", "dram"], []),
        ("mig", ["cpu", "dram"], [], ["gpu"]),
    ],
)
def test_the_data_says_what_is_measured_and_what_only_modelled(
    machine: str, measured: list[str], modelled: list[str], unmeasured: list[str]
) -> None:
    data = json.loads(json.dumps(as_data(MACHINES[machine], HIDDEN, BUSY)))
    assert (data["measured"], data["modelled"], data["unmeasured"]) == (measured, modelled, unmeasured)
    assert len(data["sensors"]) == len(MACHINES[machine])
    assert [signal["signal"] for signal in data["contention"]] == [signal.signal for signal in HIDDEN]
    assert [signal["readable"] for signal in data["contention"]] == [True, True, True, False, False]
    assert (data["busy"]["share"], data["busy"]["text"]) == (0.37, BUSY.text)


def test_hidden_signals_and_a_busy_machine_are_said(golden) -> None:
    text = as_text(MACHINES["all-measured"], HIDDEN, BUSY)
    assert all(line.isprintable() for line in text.splitlines())
    golden("doctor-busy.txt", text)


def test_slots_that_measure_now_are_listed_and_none_steers_the_terminal() -> None:
    holder = LockHolder(4242, "elsewhere", "wattbench run \x1b[2J", 0.0)
    slots = [LiveSlot(("GPU-1", "GPU-2"), holder), LiveSlot(("GPU-3",), None)]
    text = as_text(MACHINES["nothing"], SHOWN, QUIET, slots)
    assert "\nSlots that measure now\n  GPU-1, GPU-2: process 4242 of another container (wattbench run " in text
    assert "  GPU-3: a process that is not known\n" in text
    assert "\x1b" not in text
    data = as_data(MACHINES["nothing"], SHOWN, QUIET, slots)["slots"]
    assert [slot["gpus"] for slot in data] == [["GPU-1", "GPU-2"], ["GPU-3"]]
    assert "Slots that measure now" not in as_text(MACHINES["nothing"], SHOWN, QUIET)


def test_other_runs_are_listed_with_what_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_holder, "now_s", lambda: 200.0)
    measures = LockHolder(4242, "elsewhere", "wattbench run \x1b[2J", 80.0, "/runs/one", ends_s=503.0)
    accuracy = LockHolder(17, "elsewhere", "wattbench run a.yaml --energy off", 140.0, does=Doing.ENERGY_OFF)
    text = as_text(MACHINES["nothing"], SHOWN, QUIET, [], [measures, accuracy])
    assert text.splitlines()[-5:-2] == [
        f"  {QUIET.text}",
        "  process 4242 of another container (wattbench run ?[2J), since 1970-01-01 00:01 UTC (2 min 0 s ago), run "
        "/runs/one: measures, for 5 min 3 s more",
        "  process 17 of another container (wattbench run a.yaml --energy off), since 1970-01-01 00:02 UTC (1 min 0 s "
        "ago): energy off",
    ]
    data = json.loads(json.dumps(as_data(MACHINES["nothing"], SHOWN, QUIET, [], [measures, accuracy])))["runs"]
    assert [run["does"] for run in data] == ["measures", "energy off"]
