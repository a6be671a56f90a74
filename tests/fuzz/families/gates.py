"""What gates, nights and calibrations wrote, and pytest-benchmark's files; a history and its index."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fuzz.families.records import sealed
from tests.fuzz.targets import Target, given
from tests.made_up import gate_results
from tests.made_up.gates import FakeGate, gate_policy, write_gate
from tests.made_up.whole_run import write_whole_run
from wattbench.api.history import night_listing
from wattbench.nights.nights import NightsLayout, kept_run
from wattbench.records import read_run
from wattbench_reports.export.gate import result_of_json
from wattbench_reports.export.gate.json import as_json as gate_json
from wattbench_reports.gate.calibration.record import Calibration, Drill, Rates, as_json, read_calibration
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.gate.evidence.pytest_benchmark import evidence_of_files
from wattbench_reports.history.loader import index_path, load_history
from wattbench_reports.history.night_verdict import all_alerts, night_verdict
from wattbench_reports.history.sql import query
from wattbench_reports.stats.intervals import Interval
from wattbench_reports.tables.session_record import SessionRecord, read_sessions, sessions_json

RATES = Rates(
    gates=20,
    median_items=64.0,
    regressed=Interval(0.05, 0.0, 0.2),
    passed=Interval(0.9, 0.7, 1.0),
    inconclusive=Interval(0.05, 0.0, 0.2),
)
CALIBRATION = Calibration(
    suite="s",
    system="a",
    created_utc="2026-01-02T03:04:05+00:00",
    machine={"device": {"cpu": "x"}},
    runs=("r1", "r2"),
    items=400,
    restarts=2,
    rounds=40,
    alpha=0.05,
    beta=0.1,
    equal=RATES,
    drills=(Drill({"delay": 0.2}, ("regressed",), ("latency_p50",), RATES),),
    floors={"latency_p50": 0.1, "accuracy": None},
    not_judged={"x": "why"},
    noise={"latency_p50": 0.03},
)
SESSIONS = SessionRecord(
    suite="s",
    suite_sha256="0",
    created_utc="2026-01-02T03:04:05+00:00",
    runs=("r1", "r2", "r3"),
    machine={"device": {"cpu": "x"}},
    figures={"energy_j": {"a": (1.0, 1.1, 0.9)}, "seconds": {"a": (0.5, 0.4, None)}, "p95": {"a": (1.0, 1.2, 1.1)}},
    source="x",
)
BENCH: dict[str, Any] = {
    "machine_info": {"machine": "x86_64", "python_version": "3.11.7", "cpu": {"brand_raw": "Example", "count": 2}},
    "commit_info": {"id": "abc"},
    "benchmarks": [
        {
            "name": "test_a",
            "fullname": "bench_x.py::test_a",
            "options": {"timer": "perf_counter"},
            "stats": {"mean": 1.0, "data": [0.01 * (1 + place) for place in range(12)]},
            "extra_info": {
                "scores": [1.0, 0.0, 1.0],
                "documents": "d" * 64,
                "weights_sha256": "b" * 64,
                "energy_j_per_request": 2.0,
                "energy_provenance": {"gpu0": "counter"},
                "round_energy_j": [10.0] * 12,
                "wattbench_machine": {"cpu": "Example", "gpus": [], "cpu_power": {"governor": "performance"}},
            },
        }
    ],
}


def _results(_: Path) -> Sequence[bytes]:
    made = (
        gate_results.passed(),
        gate_results.regressed(),
        gate_results.each_domain(),
        gate_results.traded(),
        gate_results.waived(),
    )
    return [gate_json(result).encode() for result in made]


def _benchmarks(path: Path) -> Any:
    old = path.with_name("old.json")
    old.write_text(json.dumps(BENCH))
    return evidence_of_files(
        old, path, gate_policy(metrics={"accuracy": {"margin": 0.1}, "latency_p50": {"margin": 0.1}})
    )


def _history(folder: Path) -> Path:
    (folder / "runs").mkdir()
    (folder / "verdicts").mkdir()
    run = write_whole_run(folder / "runs")
    later = "20260103T030405Z-whole-abc124"
    shutil.copytree(run, run.with_name(later))
    header = json.loads((run / "run.json").read_text())
    (run.with_name(later) / "run.json").write_text(
        json.dumps(header | {"run": later, "created_utc": "2026-01-03T03:04:05+00:00"})
    )
    sealed(run.with_name(later))
    (folder / "verdicts" / f"{run.name}.json").write_text(gate_json(gate_results.passed()))
    return run


def _verdicts(folder: Path) -> Sequence[bytes]:
    _history(folder)
    night = json.loads(gate_json(gate_results.regressed()))
    alerts = [{"kind": "alarm", "system": "big", "domain": "x", "metric": "latency_p50", "text": "slower"}]
    return [*_results(folder), json.dumps(night | {"night": {"alerts": alerts, "history": {}}}).encode()]


def _listed(path: Path) -> Any:
    return night_listing(NightsLayout(path.parent.parent))


def _alerts(path: Path) -> Any:
    history = load_history(path.parent.parent)
    return all_alerts(history, night_verdict(history))


def _index(folder: Path) -> Sequence[bytes]:
    _history(folder)
    load_history(folder)
    return [index_path(folder).read_bytes()]


def _indexed(path: Path) -> Any:
    root = path.parents[1] if (path.parents[1] / "runs").is_dir() else path.parents[2]
    return load_history(root), query(root, "SELECT count(*) FROM cells")


def _night_headers(folder: Path) -> Sequence[bytes]:
    run = _history(folder)
    header = json.loads((run / "run.json").read_text())
    night = {
        "date": "2026-01-02",
        "commit": "0" * 40,
        "backfilled": False,
        "policy": {},
        "commits": {"from": "a", "to": "b", "commits": []},
    }
    environment = header["environment"] | {
        "commit": "0" * 40,
        "gpus": [{"name": "x", "index": 0}],
        "packages": {"a": "1"},
    }
    return [json.dumps(header | {"night": night, "environment": environment}).encode()]


def _night(path: Path) -> Any:
    kept = kept_run(sealed(path.parent))
    root = path.parents[2]
    index_path(root).unlink(missing_ok=True)
    return kept, load_history(root)


def _gate_runs(folder: Path) -> Sequence[bytes]:
    run = write_gate(folder, FakeGate())
    run.rename(folder / "gate")
    return [(folder / "gate" / "run.json").read_bytes()]


def _gate_rounds(folder: Path) -> Sequence[bytes]:
    _gate_runs(folder)
    return [(folder / "gate" / "rounds.jsonl").read_bytes()]


def _judged(path: Path) -> Any:
    return evidence_in_turns(
        read_run(path.parent), gate_policy(metrics={"accuracy": {"margin": 0.1}, "latency_p50": {"margin": 0.1}})
    )


TARGETS = (
    Target("gate-json", "json", _results, lambda path: result_of_json(path.read_bytes(), str(path)), "gate.json"),
    Target("gate-run", "json", _gate_runs, _judged, "gate/run.json", weight=0.2),
    Target("gate-rounds", "jsonl", _gate_rounds, _judged, "gate/rounds.jsonl", weight=0.2),
    Target("calibration", "json", given(as_json(CALIBRATION)), read_calibration, "calibration.json"),
    Target("sessions", "json", given(sessions_json(SESSIONS)), read_sessions, "sessions.json"),
    Target("pytest-benchmark", "json", given(json.dumps(BENCH)), _benchmarks, "new.json", named=False),
    Target("night-listing", "json", _verdicts, _listed, "verdicts/20260102T030405Z-whole-abc123.json", weight=0.2),
    Target(
        "night-alerts",
        "json",
        _verdicts,
        _alerts,
        "verdicts/20260102T030405Z-whole-abc123.json",
        (),
        named=False,
        weight=0.2,
    ),
    Target("history-index", "parquet", _index, _indexed, str(index_path(Path())), (), named=False, weight=0.2),
    Target("night-header", "json", _night_headers, _night, "runs/20260102T030405Z-whole-abc123/run.json", weight=0.2),
)
