"""An exporter of metrics on loopback, whose sensors draw a known waveform in a time that the test sets."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wattbench.clock import now_s

BEGAN_S = 1_790_000_000.0
"""When the test's time begins, seconds since the epoch."""
TRIP_S = 0.02
"""How long a request and its answer take."""


@dataclass
class Course:
    """Power over time, and its exact integral: a mean, and a sine or a square around it."""

    mean_w: float = 300.0
    swing_w: float = 0.0
    period_s: float = 8.0
    square: bool = False

    def power_w(self, at_s: float) -> float:
        """Watts at a moment."""
        turn = math.fmod(at_s, self.period_s) / self.period_s
        wave = (1.0 if turn < 0.5 else -1.0) if self.square else math.sin(2.0 * math.pi * turn)
        return self.mean_w + self.swing_w * wave

    def energy_j(self, from_s: float, until_s: float) -> float:
        """Joules between two moments."""
        return self._since_j(until_s) - self._since_j(from_s)

    def _since_j(self, at_s: float) -> float:
        into_s = math.fmod(at_s, self.period_s)
        if self.square:
            above = into_s if into_s < self.period_s / 2.0 else self.period_s - into_s
        else:
            above = self.period_s / (2.0 * math.pi) * (1.0 - math.cos(2.0 * math.pi * into_s / self.period_s))
        return self.mean_w * (at_s - BEGAN_S) + self.swing_w * above


@dataclass
class FakeExporter:
    """An exporter whose settings may be changed while it serves; `now_s` is set by the test alone."""

    page: Callable[[FakeExporter, float], str]
    """Writes a page of what the sensors showed at a moment."""
    course: Course = field(default_factory=Course)
    gpus: int = 1
    updates_s: float = 0.0
    """How often it looks at its sensors; 0: when it is asked."""
    ahead_s: float = 0.0
    """How far its clock is ahead."""
    dated: bool = True
    """Whether its answers have a date."""
    stamped: bool = False
    """Whether its samples have time stamps."""
    frozen_s: float = math.inf
    """From when on it shows the same for ever."""
    frozen_counter_s: float = math.inf
    """From when on its counters stand still, though its power does not."""
    began_s: float = BEGAN_S - 1000.0
    """When its process began, and began to count."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """What it sends in place of a page."""
    live: bool = False
    """Whether its time is that of the machine after all."""
    now_s: float = BEGAN_S
    url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)

    def clock(self) -> float:
        """Return the test's time."""
        return self.now_s

    def looked_s(self) -> float:
        """Return when the exporter last read its sensors."""
        at_s = min(self.now_s, self.frozen_s)
        if not self.updates_s:
            return at_s
        phase_s = 0.37 * self.updates_s
        return math.floor((at_s - phase_s) / self.updates_s) * self.updates_s + phase_s

    def counted_j(self, at_s: float) -> float:
        """Return the joules that the counter shows."""
        return self.course.energy_j(self.began_s, min(at_s, self.frozen_counter_s))

    def stamp(self, at_s: float) -> str:
        """Return the end of a sample's line."""
        return f" {(at_s + self.ahead_s) * 1000.0:.0f}" if self.stamped else ""

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return the page that is sent now."""
        self.now_s = now_s() if self.live else self.now_s + TRIP_S / 2.0
        at_s = self.looked_s()
        body = self.page(self, at_s).encode() if self.body is None else self.body
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", **self.headers}
        if self.dated:
            headers.setdefault("Date", formatdate(math.floor(self.now_s + self.ahead_s), usegmt=True))
        if not self.live:
            self.now_s += TRIP_S / 2.0
        return self.status, headers, body


def dcgm_page(exporter: FakeExporter, at_s: float) -> str:
    """Write the page of dcgm-exporter."""
    lines = ["# HELP DCGM_FI_DEV_SM_CLOCK SM clock frequency (in MHz).", "# TYPE DCGM_FI_DEV_SM_CLOCK gauge"]
    labels = [
        f'{{gpu="{i}",UUID="GPU-{i}",pci_bus_id="00000000:0{i}:00.0",device="nvidia{i}",modelName="NVIDIA H100",'
        'Hostname="alpha"}'
        for i in range(exporter.gpus)
    ]
    lines += [f"DCGM_FI_DEV_SM_CLOCK{label} 1980{exporter.stamp(at_s)}" for label in labels]
    lines += ["# TYPE DCGM_FI_DEV_POWER_USAGE gauge"]
    lines += [
        f"DCGM_FI_DEV_POWER_USAGE{label} {exporter.course.power_w(at_s):.3f}{exporter.stamp(at_s)}" for label in labels
    ]
    lines += ["# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter"]
    lines += [
        f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{label} {exporter.counted_j(at_s) * 1000.0:.0f}{exporter.stamp(at_s)}"
        for label in labels
    ]
    return "\n".join([*lines, ""])


def power_page(exporter: FakeExporter, at_s: float) -> str:
    """Write the page of dcgm-exporter with power alone among its metrics."""
    return "\n".join(line for line in dcgm_page(exporter, at_s).split("\n") if "ENERGY" not in line)


def amd_page(exporter: FakeExporter, at_s: float) -> str:
    """Write the page of AMD's exporter, of GPUs in two partitions."""
    labels = 'card_model="x",gpu_compute_partition_type="dpx",hostname="alpha",serial_number="s'
    lines = ["# TYPE gpu_energy_consumed gauge"]
    for i in range(exporter.gpus):
        uj, watts = exporter.counted_j(at_s) * 1e6, exporter.course.power_w(at_s)
        lines.append(f'gpu_energy_consumed{{{labels}{i}",gpu_id="{i}",gpu_partition_id="0"}} {uj:e}')
        lines.append(f'gpu_package_power{{{labels}{i}",gpu_id="{i}",gpu_partition_id="0"}} {watts}')
        lines.append(f'gpu_package_power{{{labels}{i}",gpu_id="{i}",gpu_partition_id="1"}} 0')
    return "\n".join([*lines, ""])


def kepler_page(exporter: FakeExporter, at_s: float) -> str:
    """Write the page of Kepler since 0.10, of two sockets, whose zones overlap."""
    whole_j = exporter.counted_j(at_s)
    shares = {"package-0": 0.6, "package-1": 0.4, "core": 0.5, "psys": 1.5, "dram": 0.1}
    lines = [f"process_start_time_seconds {exporter.began_s + exporter.ahead_s}"]
    for number, (zone, share) in enumerate(shares.items()):
        labels = f'node_name="alpha",path="/sys/class/powercap/intel-rapl:{number}",zone="{zone.partition("-")[0]}"'
        lines.append(f"kepler_node_cpu_joules_total{{{labels}}} {whole_j * share!r}")
        lines.append(f'kepler_process_cpu_joules_total{{pid="1",{labels}}} {whole_j!r}')
    return "\n".join([*lines, ""])


def old_kepler_page(exporter: FakeExporter, at_s: float) -> str:
    """Write the page of Kepler before 0.10."""
    whole_j = exporter.counted_j(at_s)
    lines = []
    for name, share in (("package", 1.0), ("core", 0.5), ("dram", 0.1)):
        for mode, part in (("dynamic", 0.7), ("idle", 0.3)):
            for socket in (0, 1):
                labels = f'instance="alpha",mode="{mode}",package="{socket}",source="rapl-sysfs"'
                lines.append(f"kepler_node_{name}_joules_total{{{labels}}} {whole_j * share * part / 2.0!r}")
    return "\n".join([*lines, ""])


def tensorrt_llm_page(exporter: FakeExporter, at_s: float) -> str:
    """Write trtllm-serve's answer at /energy_metrics."""
    return json.dumps({"total_energy_j": round(exporter.counted_j(at_s), 4), "query_time": at_s - BEGAN_S})


def serve(exporter: FakeExporter) -> Iterator[FakeExporter]:
    """Serve it on loopback until the generator is resumed."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            exporter.requests.append(dict(self.headers))
            status, headers, body = exporter.answer()
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    exporter.url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
    yield exporter
    server.shutdown()
    server.server_close()
    thread.join()
