"""Modelled power of processor and memory: codecarbon's own tracker next to wattbench's meter, over the same seconds.

Both look at the load of the whole machine, each in a process of its own. In a run wattbench charges a system only its
part of it; here that is switched off, so that the two figures are of the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.ground_truth.line import Line, NotHereError, Sources

SECONDS = 20.0
LONGEST_S = 120.0
WAIT = f"""
import json, sys, time
SECONDS = {SECONDS}
def wait():
    print("ready", flush=True)
    sys.stdin.readline()
"""
THEIRS = """
import os
os.environ["CODECARBON_LOG_LEVEL"] = "critical"
from codecarbon import OfflineEmissionsTracker

tracker = OfflineEmissionsTracker(
    country_iso_code="DEU", output_methods=[], allow_multiple_runs=True, pue=1.0, measure_power_secs=1,
    log_level="critical",
)
tracker.start_task()  # the first looks at the machine, for seconds
time.sleep(0.2)
tracker.stop_task()
wait()
tracker.start_task()
time.sleep(SECONDS)
made = tracker.stop_task()
tracker.stop()
print(json.dumps({"cpu": made.cpu_energy * 3.6e6 / made.duration, "dram": made.ram_energy * 3.6e6 / made.duration}))
"""
OURS = """
from wattbench.meters import Metering
from wattbench.meters.codecarbon import CodecarbonMeter
from wattbench.records import WindowLabel

meter = CodecarbonMeter()
meter.whole_machine = True
with Metering([meter]) as metering:
    wait()
    window = metering.open(WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured"))
    time.sleep(SECONDS)
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
        yield Line(f"machine-{part}", f"{what} of one machine, {SECONDS:g} s: power", "W", known[part], found.get(part))


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
