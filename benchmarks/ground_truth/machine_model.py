"""Modelled power of processor and memory: codecarbon's own tracker next to wattbench's meter.

The processor by the model of a process: each in a process of its own, which burns as many CPU seconds as the other. The
memory by the model of the machine, which is a constant.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.ground_truth.line import Line, NotHereError, Sources

SECONDS = 20.0
LONGEST_S = 120.0
BURNT_S = 5.0
"""Of one processor."""
WAIT = f"""
import json, sys, time
SECONDS = {SECONDS}
def wait():
    print("ready", flush=True)
    sys.stdin.readline()
def work():
    began_s, until_s = time.perf_counter(), time.process_time() + {BURNT_S}
    while time.process_time() < until_s:
        pass
    time.sleep(max(0.0, SECONDS - (time.perf_counter() - began_s)))
"""
THEIRS = """
import os
os.environ["CODECARBON_LOG_LEVEL"] = "critical"
from codecarbon import OfflineEmissionsTracker

trackers = [
    OfflineEmissionsTracker(
        country_iso_code="DEU", output_methods=[], allow_multiple_runs=True, pue=1.0, measure_power_secs=1,
        log_level="critical", tracking_mode=mode,
    )
    for mode in ("process", "machine")
]
for tracker in trackers:
    tracker.start_task()  # the first looks at the machine, for seconds
time.sleep(0.2)
for tracker in trackers:
    tracker.stop_task()
wait()
for tracker in trackers:
    tracker.start_task()
work()
process, machine = [tracker.stop_task() for tracker in trackers]
for tracker in trackers:
    tracker.stop()
watts = {"cpu": process.cpu_energy * 3.6e6 / process.duration, "dram": machine.ram_energy * 3.6e6 / machine.duration}
print(json.dumps(watts))
"""
OURS = """
from wattbench.meters import Metering
from wattbench.meters.codecarbon import CodecarbonMeter
from wattbench.records import WindowLabel

memory = CodecarbonMeter(["dram"])
memory.whole_machine = True
with Metering([CodecarbonMeter(["cpu"]), memory]) as metering:
    wait()
    window = metering.open(WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured"))
    work()
    row = window.close()
print(json.dumps({part: joules / row.duration_s for part, joules in row.energy_j.items()}))
"""
PARTS = {"cpu": "processor", "dram": "memory"}


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the mean watts of each part.

    Raises:
        NotHereError: one of the two gave no figures.
    """
    known, found = measured_at_once(THEIRS, OURS)
    for part, what in PARTS.items():
        said = f"{what}, {SECONDS:g} s with {BURNT_S:g} CPU seconds: power"
        yield Line(f"machine-{part}", said, "W", known[part], found.get(part))


def measured_at_once(*scripts: str) -> list[dict[str, float]]:
    """Run scripts that begin to measure at the same moment, and return what each prints at its end.

    Raises:
        NotHereError: one of them failed, or prints no figures.
    """
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen([sys.executable, "-c", WAIT + script], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for script in scripts
    ]
    try:
        for each in running:
            while each.stdout is not None and each.stdout.readline() not in ("ready\n", ""):
                pass
        for each in running:
            if each.stdin is not None:
                each.stdin.write("\n")
                each.stdin.flush()
        outputs = [each.communicate(timeout=LONGEST_S) for each in running]
        return [json.loads(printed.splitlines()[-1]) for printed, _ in outputs]
    except (OSError, subprocess.TimeoutExpired, IndexError, ValueError) as error:
        raise NotHereError(f"codecarbon's model cannot be compared here ({error!r})") from error
    finally:
        for each in running:
            each.kill()
            each.wait()
