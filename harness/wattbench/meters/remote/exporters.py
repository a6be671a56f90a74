"""Know the pages of three exporters (NVIDIA's of DCGM, AMD's of its GPUs, Kepler) and of TensorRT-LLM's server.

Sources, read in November 2026:
- dcgm-exporter 4.8.2, `etc/default-counters.csv`: `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION` counts mJ since the driver was
  loaded, `DCGM_FI_DEV_POWER_USAGE` is W; labels `gpu` and `UUID`. No time stamps, no start time. Of a GPU that is
  divided (MIG) or shared, each instance or pod has a line with the figures of the whole GPU. DCGM writes what it
  does not know as an integer just below 2^63; newer exporters leave it out.
- device-metrics-exporter (ROCm), `pkg/amdgpu/gpuagent/gpuagent_gpu_metrics.go`: `gpu_energy_consumed`, a gauge of µJ
  though it counts; `gpu_package_power` (MI3xx) and `gpu_average_package_power` (MI2xx, Radeon) in W; label `gpu_id`. Of
  a divided GPU only the partition 0 has the sensor; the others have 0 or nothing.
- kepler 0.10 and later, `docs/user/metrics.md`: `kepler_node_cpu_joules_total` by `zone` (`package`, `dram`, ...; they
  overlap) and `path` (one per socket), `kepler_node_gpu_joules_total` by `gpu`; before (0.8)
  `kepler_node_package_joules_total`, `..._dram_...` and `..._gpu_...` by `package` and `mode`, `dynamic` and `idle`,
  whose sum is all. Both count joules since Kepler began.
- TensorRT-LLM, `tensorrt_llm/serve/openai_server.py`, `get_energy_metrics` (since March 2026, with
  `enable_energy_metrics: true`): ``{"total_energy_j": 1234.5, "query_time": 99.1}``. The joules are those of NVML's
  counters of the server's GPUs since the server began; of a server on several machines, those of its own machine's GPUs
  in proportion. `query_time` is a monotonic clock. Without the option, and if NVML fails, it answers 503.

Read the samples of a page in Prometheus' text format, of the metrics that are asked for.

The lines are parsed by prometheus_client, the parser that the format's own project keeps (Apache-2.0). It reads a page
of one hostile line in time that grows with the square of its length (4 s for 400 kB, measured), and gives up the whole
page for one line that it cannot read. So it is given one line at a time, only those of the wanted metrics, and none
that is longer than any exporter's. It comes with codecarbon, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from prometheus_client.parser import text_string_to_metric_families

from wattbench.meters.base import COUNTER, RAPL


class PageError(Exception):
    """A page holds nothing that can be used; the text says why."""


@dataclass(frozen=True)
class Figure:
    """The figures of a page on one part of the machine."""

    energy_j: float | None = None
    """Joules counted so far."""
    power_w: float | None = None
    stamp_s: float | None = None
    """When that was, by the exporter's clock, seconds since the epoch; None where the page does not say."""
    modelled: bool = False
    """Whether the exporter estimates it by a model."""
    use: float | None = None
    """Share of the time in which a GPU computed, lately."""
    whole_module: bool = False
    """Whether its counter is of a module with a processor, of which its power is a part."""
    identity: str = ""
    """What does not change as long as it is the same device: a GPU's UUID."""


@dataclass(frozen=True)
class PageFigures:
    """The figures of one page, by part of the machine."""

    parts: Mapping[str, Figure]
    """By part: ``gpu0``, ``cpu``."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Parts of which the page has no figure that can be used, and why."""
    begun_s: float | None = None
    """When the exporter's process began, by its own clock; None where the page does not say."""


_MOST_LINE = 4096
"""Characters of a line. The labels of a sample take some hundred."""
MOST_SAMPLES = 10_000
"""Samples of the wanted metrics that are read of one page: some per device."""

_NAME = re.compile(r"[^\s{]*")


@dataclass(frozen=True)
class PageSample:
    """One sample of a page."""

    metric: str
    labels: Mapping[str, str]
    value: float
    """May be infinite or no number."""
    stamp_s: float | None
    """When it was taken by the exporter's clock, seconds since the epoch; None where the page does not say."""


@dataclass(frozen=True)
class UnreadLine:
    """A line of a wanted metric that cannot be read."""

    metric: str
    why: str


def samples(text: str, metrics: Collection[str], *, open_metrics: bool = False) -> Iterator[PageSample | UnreadLine]:
    """Yield the samples of some metrics, in the order of the page.

    Args:
        text: the page.
        metrics: whole names.
        open_metrics: the page is in OpenMetrics, whose time stamps are seconds; else they are milliseconds.
    """
    number = 0
    for line in text.split("\n"):
        stripped = line.strip()
        metric = _name(stripped[:_MOST_LINE])
        if metric not in metrics:
            continue
        number += 1
        if number > MOST_SAMPLES:
            yield UnreadLine(metric, f"more than {MOST_SAMPLES:,} samples")
            return
        yield _sample(metric, stripped, open_metrics)


def _name(line: str) -> str:
    """Return the metric's name at the beginning of a line."""
    return _NAME.match(line)[0]  # type: ignore[index]  # it matches anything, nothing included


def _sample(metric: str, line: str, open_metrics: bool) -> PageSample | UnreadLine:
    if len(line) > _MOST_LINE:
        return UnreadLine(metric, f"a line of more than {_MOST_LINE:,} characters")
    try:
        # What follows in OpenMetrics is an exemplar.
        (family,) = text_string_to_metric_families(line.partition(" # {")[0] if open_metrics else line)
        (sample,) = family.samples
        value = float(sample.value)
        stamp_s = None if sample.timestamp is None else float(sample.timestamp) * (1000.0 if open_metrics else 1.0)
    except (ValueError, OverflowError, IndexError):
        return UnreadLine(metric, "a line that is no sample")
    return PageSample(metric, dict(sample.labels), value, stamp_s)


BEGUN = "process_start_time_seconds"
"""What the client libraries of Prometheus export of their own process."""
BLANK = 2.0**62
"""DCGM's integers for *not known* begin at 2^63 - 16."""
MOST_PARTS = 256
"""More parts than any machine has: a page with more is hostile, or of a whole cluster."""
ALIKE = 1e-3
"""Within what share figures of one GPU in several lines are the same."""
_SUPERCHIP = re.compile(r"\bG[HB]\d00\b")
"""GH200 and its successors, whose counter is of the module (ml-energy/zeus, pull request 172)."""
TENSORRT_LLM_PART = "gpus"
"""All GPUs of the server together: their number is not in the answer."""
GATHERED = "lines of several machines (are these the pages of a Prometheus server? name the exporter itself)"


@dataclass(frozen=True)
class ExportedMetric:
    """One metric of an exporter."""

    metric: str
    factor: float
    """To joules, or watts."""
    counts: bool | None
    """Whether it counts joules, or gives watts; None: it gives the share of the time in which a GPU computes."""
    part: Callable[[Mapping[str, str]], str | None]
    """From labels to the part of the machine; None: of none that is read."""
    added: bool = False
    """Whether the lines of a part are added (sockets); else they are all of the same device."""
    identity: str = ""
    """The label that says which device it is."""
    machine: tuple[str, ...] = ()
    """Labels that say which machine it is."""


@dataclass(frozen=True)
class Exporter:
    """Reads the pages of an exporter."""

    reads: str
    series: Sequence[ExportedMetric]
    updates_s: float
    """How often it looks at its sensors, where nothing else is set."""
    shared: str = COUNTER
    accept: str = "text/plain;version=0.0.4"
    prefix: str = ""

    def __call__(self, body: bytes, content_type: str) -> PageFigures:
        """Read a page.

        Raises:
            PageError: it has none of the exporter's metrics, or too many.
        """
        known = {self.prefix + each.metric: each for each in self.series}
        gathered = _Gathered()
        begun_s = None
        text = body.decode("utf-8", errors="replace")
        for line in samples(text, {*known, BEGUN}, open_metrics="openmetrics" in content_type.lower()):
            if isinstance(line, UnreadLine):
                gathered.broken.setdefault(line.metric, line.why)
            elif line.metric == BEGUN:
                begun_s = line.value if math.isfinite(line.value) else None
            else:
                gathered.take(known[line.metric], line)
        broken = "; ".join(f"{metric}: {why}" for metric, why in gathered.broken.items())
        if not gathered.lines:
            names = ", ".join(name for name, each in known.items() if each.counts is not None)
            raise PageError(f"a page without {names}" + (f" ({broken})" if broken else ""))
        parts, unread = gathered.figures()
        return PageFigures(parts, unread, begun_s)


class TensorRtLlmPage:
    """Reads the answer of `/energy_metrics`."""

    accept = "application/json"
    reads = "joules that TensorRT-LLM counts of its GPUs"
    shared = COUNTER
    updates_s = 0.1
    """It reads NVML's counters when it is asked; they advance about every 100 ms."""

    def __call__(self, body: bytes, content_type: str) -> PageFigures:
        """Read a page.

        Raises:
            PageError: it has no joules.
        """
        try:
            answer = json.loads(body)
            total_j = answer["total_energy_j"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PageError("an answer without total_energy_j") from None
        if isinstance(total_j, bool) or not isinstance(total_j, int | float):
            raise PageError("a total_energy_j that is no number")
        try:
            energy_j = float(total_j)
        except OverflowError:
            energy_j = math.inf
        if not math.isfinite(energy_j) or energy_j < 0.0:
            return PageFigures({}, {TENSORRT_LLM_PART: "total_energy_j is no valid figure"})
        return PageFigures({TENSORRT_LLM_PART: Figure(energy_j)})


PageReader = Exporter | TensorRtLlmPage
"""What reads the pages of one kind of exporter."""


@dataclass
class _Gathered:
    """The lines of a page, by part and metric."""

    lines: dict[str, dict[str, list[PageSample]]] = field(default_factory=dict)
    series: dict[str, ExportedMetric] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    machines: set[str] = field(default_factory=set)

    def take(self, series: ExportedMetric, line: PageSample) -> None:
        part = series.part(line.labels)
        if part is None:
            return
        self.machines |= {line.labels[name] for name in series.machine if name in line.labels}
        if len(self.machines) > 1:
            raise PageError(GATHERED)
        self.series[line.metric] = series
        self.lines.setdefault(part, {}).setdefault(line.metric, []).append(line)
        if len(self.lines) > MOST_PARTS:
            raise PageError(f"more than {MOST_PARTS} devices")

    def figures(self) -> tuple[dict[str, Figure], dict[str, str]]:
        parts, unread = {}, dict.fromkeys(self.lines, "no figure of it can be used")
        for part, by_metric in self.lines.items():
            energy_j = power_w = use = None
            of_part: list[PageSample] = []
            why: str | None = None
            for metric, lines in by_metric.items():
                series = self.series[metric]
                value = None if metric in self.broken else _value(series, lines)
                if value is None and series.counts is not None:
                    why = f"{metric}: {self.broken.get(metric) or _why_not(series, lines)}"
                    continue
                if series.counts is None:
                    use = value
                    continue
                if series.counts and energy_j is None:
                    energy_j = value
                elif not series.counts and power_w is None:
                    power_w = value
                else:
                    continue
                of_part += lines
            if energy_j is None and power_w is None:
                unread[part] = why or unread[part]
                continue
            del unread[part]
            parts[part] = Figure(
                energy_j,
                power_w,
                _oldest_s(of_part),
                use=use,
                whole_module=any(_SUPERCHIP.search(line.labels.get("modelName", "")) for line in of_part),
                modelled=any(_estimated(line.labels) for line in of_part),
                identity=next((line.labels.get(self.series[line.metric].identity, "") for line in of_part), ""),
            )
        return parts, unread


def _value(series: ExportedMetric, lines: Sequence[PageSample]) -> float | None:
    values = [line.value for line in lines]
    if any(not math.isfinite(value) or value < 0.0 or value >= BLANK for value in values):
        return None
    if series.added:
        return math.fsum(values) * series.factor
    if max(values) - min(values) > ALIKE * max(values):
        return None
    return max(values) * series.factor


def _why_not(series: ExportedMetric, lines: Sequence[PageSample]) -> str:
    values = [line.value for line in lines]
    strange = next((v for v in values if not math.isfinite(v) or v < 0.0 or v >= BLANK), None)
    if strange is not None:
        return (
            f"{strange:g}, which the exporter does not know"
            if BLANK <= strange < math.inf
            else f"{strange:g}, no valid figure"
        )
    return f"{len(values)} lines of one device, with different figures"


def _oldest_s(lines: Iterable[PageSample]) -> float | None:
    stamps = [line.stamp_s for line in lines if line.stamp_s is not None and math.isfinite(line.stamp_s)]
    return min(stamps, default=None)


def _estimated(labels: Mapping[str, str]) -> bool:
    """Return whether Kepler's labels say that its joules come from a model and not from a sensor."""
    return "estimator" in labels.get("source", "") or labels.get("mode") == "estimated"


def _numbered(label: str, *others: str) -> Callable[[Mapping[str, str]], str | None]:
    def part(labels: Mapping[str, str]) -> str | None:
        number = next((labels[name] for name in (label, *others) if name in labels), "")
        return f"gpu{int(number)}" if number.isascii() and number.isdecimal() and len(number) < 5 else None

    return part


def _first_partition(labels: Mapping[str, str]) -> str | None:
    return _numbered("gpu_id")(labels) if labels.get("gpu_partition_id", "0") == "0" else None


def _zone(labels: Mapping[str, str]) -> str | None:
    zone = labels.get("zone", "").lower()
    return "cpu" if zone.startswith("package") else "dram" if zone.startswith("dram") else None


def _always(part: str) -> Callable[[Mapping[str, str]], str | None]:
    return lambda _: part


_dcgm = partial(ExportedMetric, part=_numbered("gpu"), identity="UUID", machine=("hostname", "Hostname"))
_amd = partial(ExportedMetric, part=_first_partition, identity="serial_number", machine=("hostname",))
_kepler = partial(ExportedMetric, factor=1.0, counts=True, added=True, machine=("node_name", "instance"))

EXPORTERS: Mapping[str, Exporter] = {
    "dcgm": Exporter(
        reads="DCGM's energy counter and power",
        series=[
            _dcgm("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 1e-3, counts=True),
            _dcgm("DCGM_FI_DEV_POWER_USAGE", 1.0, counts=False),
            _dcgm("DCGM_FI_DEV_GPU_UTIL", 1e-2, counts=None),
        ],
        updates_s=30.0,  # its --collect-interval
    ),
    "amd": Exporter(
        reads="AMD's energy counter and power",
        series=[
            _amd("gpu_energy_consumed", 1e-6, counts=True),
            _amd("gpu_package_power", 1.0, counts=False),
            _amd("gpu_average_package_power", 1.0, counts=False),
            _amd("gpu_gfx_activity", 1e-2, counts=None),
        ],
        updates_s=0.1,  # it reads its sensors when it is asked
    ),
    "kepler": Exporter(
        reads="Kepler's joules",
        series=[
            _kepler("kepler_node_cpu_joules_total", part=_zone),
            _kepler("kepler_node_package_joules_total", part=_always("cpu")),
            _kepler("kepler_node_dram_joules_total", part=_always("dram")),
            _kepler("kepler_node_gpu_joules_total", part=_numbered("gpu", "package"), identity="gpu_uuid"),
        ],
        updates_s=0.5,  # its staleness: it reads its sensors when it is asked. Before 0.10 it did so every 3 s
        shared=RAPL,
    ),
}
"""By their names in a suite."""
