"""What meters, kernels and load generators leave: logs, counters, /proc, traces; and hourly intensities of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.fuzz.targets import Target, given, of_text
from tests.made_up.gpu_logs import DMON, SMI, exporter_page
from tests.made_up.proc import stat_line
from wattbench.config.meters.meter import Command, CsvLog
from wattbench.errors import UserError
from wattbench.machine.environment import cpu_power
from wattbench.meters.base import MeterError
from wattbench.meters.contention.proc_files import (
    OwnGroups,
    cpus_quota,
    folders,
    key_values,
    process_times,
    processor_times,
    thread_times,
)
from wattbench.meters.external import CommandSource, CsvLogSource
from wattbench.meters.rapl import find_domains
from wattbench.meters.remote.exporters import EXPORTERS, PageError, TensorRtLlmPage
from wattbench.meters.replay.recording import read_recording
from wattbench.meters.sampling.trace import read_trace as read_sampled
from wattbench.records.trace import COLUMNS, trace_rows
from wattbench.scenarios.open_loop.loadgen_logs import read_detail, read_trace
from wattbench_reports.metrics.carbon.hourly_csv import read_hourly
from wattbench_reports.tables.power_trace import trace_table

CSV_LOG = (
    "time,watts,kwh\n2026-01-02T03:04:05Z,12.5,1.000\n2026-01-02T03:04:06Z,13.5,1.001\n2026-01-02T03:04:07Z,14,1.002\n"
)
READINGS = "".join(f"{100.0 + at},nvml,gpu0,{5.5 * at},55.0,40,,counter,0.1\n" for at in range(4))
TRACE = f"{','.join(COLUMNS)}\n{READINGS}104,nvml,gpu0,,,,gap: no reading | note,counter,0.1\n"
PLAIN = "at_s,component,power_w\n0,cpu,10\n1,cpu,11\n2,cpu,12\n0.5,wall,30\n1.5,wall,31\n"
HOURS = "time (UTC),intensity\n" + "".join(f"2026-01-02 {hour:02}:00,{300 + hour}.5\n" for hour in range(24))
ENTSOE = (
    'MTU (UTC);g CO2e per kWh\n01.01.2026 00:00 - 01.01.2026 01:00;"301"\n01.01.2026 01:00 - 01.01.2026 02:00;302\n'
)
DETAIL = (
    ':::MLLOG {"key": "loadgen_version", "value": "5.0 @ abc", "time_ms": 0.1, "metadata": {"is_error": false}}\n'
    ':::MLLOG {"key": "result_validity", "value": "VALID", "metadata": {"is_error": false}}\n'
    ':::MLLOG {"key": "result_99.00_percentile_latency_ns", "value": 123, "metadata": {"is_error": true}}\n'
)
QUERY = (
    '{{"name":"Sample","cat":"default","ph":"b","id":{0},"ts":100{0},'
    '"args":{{"sample_seq":{0},"query_id":{0},"sample_idx":3,"issue_start_ns":5,"complete_ns":99}}}},\n'
)
QUERIES = "[\n" + "".join(map(QUERY.format, range(3)))
PAGE = """\
# HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",device="nvidia0",modelName="x",Hostname="h"} 61.250 1767322000000
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-1",Hostname="h"} 123456789
gpu_package_power{gpu_id="0",gpu_uuid="u",hostname="h"} 61.25
gpu_average_package_power{gpu_id="1",hostname="h"} 61.25
kepler_node_cpu_joules_total{zone="package-0",path="/sys"} 1234.5
kepler_node_package_joules_total{instance="h",mode="dynamic",source="rapl"} 1234.5
process_start_time_seconds 1.7673e9
"""
STAT = "cpu  10 0 5 1000 3 0 1 2 0 0\ncpu0 5 0 2 500 1 0 0 1 0 0\ncpu1 5 0 3 500 2 0 1 1 0 0\nintr 1 2\nctxt 9\n"


def _csv_log(**settings: Any) -> Any:
    def read(path: Path) -> Any:
        source = CsvLogSource(CsvLog(path=path, time="time", power="watts", energy="kwh", **settings), "wall")
        try:
            return [source.open(), source.look()]
        finally:
            source.close()

    return read


def _command(**settings: Any) -> Any:
    source = CommandSource(Command(run="meter", power_unit="W", **settings), "wall")
    return source._number


def _domains(folder: Path) -> Sequence[bytes]:
    for name, kind in (("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "dram")):
        domain = folder / name
        domain.mkdir()
        for file, text in (
            ("name", kind),
            ("max_energy_range_uj", "262143328850"),
            ("energy_uj", "1000000"),
            ("constraint_0_power_limit_uw", "9"),
        ):
            (domain / file).write_text(f"{text}\n")
    return [b"262143328850\n", b"1000000\n", b"package-0\n"]


def _rapl(path: Path) -> Any:
    return [(domain.read_uj(), domain.limit_w()) for domain in find_domains(path.parent.parent)]


def _groups(folder: Path) -> Sequence[bytes]:
    (folder / "cgroup").write_text("0::/\n")
    (folder / "cpu.max").write_text("200000 100000\n")
    (folder / "cpu.stat").write_text("usage_usec 5\nthrottled_usec 7\n")
    return [
        b"200000 100000\n",
        b"usage_usec 5000\nthrottled_usec 7\nnr_periods 0\n",
        b"max 100000\n",
        b"0::/\n4:cpu,cpuacct:/x\n",
    ]


def _control_group(path: Path) -> Any:
    own = path.parent / "cgroup"
    return cpus_quota(path.parent, own), folders(path.parent, own), OwnGroups(path.parent, own).times()


def _processors(folder: Path) -> Sequence[bytes]:
    for name in ("cpu/cpu0/cpufreq/scaling_governor", "cpu/cpufreq/boost", "cpu/intel_pstate/no_turbo"):
        (folder / "devices/system" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "devices/system" / name).write_text("1\n")
    zone = folder / "class/powercap/intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    return [b"performance\n", b"1\n", b"3500000\n"]


def _power_limits(path: Path) -> Any:
    root = next(parent for parent in path.parents if (parent / "devices").is_dir())
    return cpu_power(root)


def _pages(name: str) -> Callable[[Path], Any]:
    return lambda path: EXPORTERS[name](path.read_bytes(), "text/plain; version=0.0.4")


METER = (MeterError, UserError)
CPU = "devices/system/cpu"
PAGES = f"1780000000.5\n{exporter_page(1, 2.0)}1780000001\n{exporter_page(2, 3.0)}"
TARGETS = (
    Target("csv-log", "csv", given(CSV_LOG, CSV_LOG.replace("\n", "\r\n")), _csv_log(), "wall.csv", METER),
    Target(
        "csv-log-epoch",
        "csv",
        given("time;watts;kwh\n1767322000;12,5;1\n1767322001;13,5;2\n"),
        _csv_log(time_format="epoch_s", delimiter=";", decimal=","),
        "wall.csv",
        METER,
    ),
    Target(
        "csv-log-format",
        "csv",
        given("time,watts,kwh\n02.01.2026 03:04:05,12,1\n02.01.2026 03:04:06,13,2\n"),
        _csv_log(time_format="%d.%m.%Y %H:%M:%S", timezone="Europe/Berlin"),
        "wall.csv",
        METER,
    ),
    of_text(
        "command-pattern",
        _command(pattern=r"([-+0-9.eE]+)\s*[Ww]?"),
        "Instantaneous power reading: 120 Watts",
        "12.5 W",
        errors=METER,
    ),
    of_text(
        "command-json",
        _command(json_path="outlets.0.watts"),
        '{"outlets": [{"watts": 12.5}]}',
        '{"outlets": [{"watts": "3"}]}',
        form="json",
        errors=METER,
    ),
    Target("rapl-counter", "text", _domains, _rapl, "intel-rapl:0/energy_uj", (MeterError,), named=False),
    Target("rapl-range", "text", _domains, _rapl, "intel-rapl:0/max_energy_range_uj", (MeterError,), named=False),
    Target("rapl-name", "text", _domains, _rapl, "intel-rapl:0:0/name", (MeterError,), named=False),
    Target(
        "rapl-limit", "text", _domains, _rapl, "intel-rapl:0/constraint_0_power_limit_uw", (MeterError,), named=False
    ),
    Target("recording-trace", "csv", given(TRACE), read_recording, "power.csv"),
    Target("recording-plain", "csv", given(PLAIN, PLAIN.replace("power_w", "energy_j")), read_recording, "power.csv"),
    Target("recording-nvidia-smi", "csv", given(SMI), read_recording, "power.csv", weight=0.5),
    Target("recording-dcgmi", "text", given(DMON), read_recording, "power.log", weight=0.5),
    Target("recording-exporter", "text", given(PAGES), read_recording, "power.log", weight=0.5),
    Target("power-trace", "csv", given(TRACE), lambda path: list(trace_rows(path)), "gpu.csv"),
    Target("power-trace-sampled", "csv", given(TRACE), read_sampled, "gpu.csv"),
    Target("power-trace-table", "csv", given(TRACE), trace_table, "gpu.csv"),
    *(
        Target(f"exporter-{name}", "text", given(PAGE), _pages(name), errors=(PageError,), named=False)
        for name in EXPORTERS
    ),
    Target(
        "exporter-tensorrt-llm",
        "json",
        given('{"total_energy_j": 12.5}'),
        lambda path: TensorRtLlmPage()(path.read_bytes(), "application/json"),
        errors=(PageError,),
        named=False,
    ),
    Target("hourly", "csv", given(HOURS, ENTSOE), read_hourly, "grid.csv"),
    Target("loadgen-detail", "jsonl", given(DETAIL), lambda path: read_detail(path.parent), "mlperf_log_detail.txt"),
    Target("loadgen-trace", "jsonl", given(QUERIES), lambda path: read_trace(path.parent), "mlperf_log_trace.json"),
    of_text("proc-stat", lambda text: (processor_times(text), processor_times(text, {0, 1})), STAT, errors=()),
    of_text("proc-process", process_times, stat_line(7, name="a (b) c", cpu_s=3.0), errors=()),
    of_text("proc-thread", thread_times, "123456 789 3\n", errors=()),
    of_text("proc-keys", key_values, "usage_usec 5000\nthrottled_usec 7\n", errors=()),
    Target("cgroup-max", "text", _groups, _control_group, "cpu.max", (), named=False),
    Target("cgroup-stat", "text", _groups, _control_group, "cpu.stat", (), named=False),
    Target("cgroup-own", "text", _groups, _control_group, "cgroup", (), named=False),
    Target("cpu-governor", "text", _processors, _power_limits, f"{CPU}/cpu0/cpufreq/scaling_governor", (), named=False),
    Target(
        "cpu-limit",
        "text",
        _processors,
        _power_limits,
        "class/powercap/intel-rapl:0/constraint_0_power_limit_uw",
        (),
        named=False,
    ),
    Target("cpu-boost", "text", _processors, _power_limits, f"{CPU}/cpufreq/boost", (), named=False),
    Target("cpu-turbo", "text", _processors, _power_limits, f"{CPU}/intel_pstate/no_turbo", (), named=False),
)
