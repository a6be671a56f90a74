"""Files of other tools: lm-eval, GuideLLM, AIPerf, tables of one's own; and ledgers and documents of trainings."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.targets import Target, given
from tests.made_up.agent_results import (
    SUBMISSION,
    claude_code_lines,
    genai_span,
    harbor_trial,
    mini_trajectory,
    resource_spans,
    simulation,
    spend_row,
    step,
    tau2_results,
    terminal_bench_trial,
    totals,
    trajectory,
    two_steps,
    usage,
)
from tests.made_up.energy_results import (
    experiment,
    jarvis_line,
    leaderboard,
    logged_request,
    trace_line,
    write_hybrid,
    write_power_series,
    write_request_log,
)
from tests.made_up.evalscope_work import write_evaluation, write_perf
from tests.made_up.gpu_readings import write_readings
from tests.made_up.inference_perf_reports import write_run as write_inference_perf
from tests.made_up.inspect_logs import log, sample
from tests.made_up.mlperf_results import write_result
from tests.made_up.other_tools import START_S, aiperf_profile, guidellm_report
from tests.made_up.serving_results import sglang_result, vllm_result
from tests.made_up.token_power_bench import FIRST, write_token_power_bench
from tests.made_up.traces import azure, mooncake, otlp, span
from wattbench.importers import detect, read_sources
from wattbench.importers.metered import metered
from wattbench.importers.survey import survey
from wattbench.records import CallRow
from wattbench.systems.training_ledger import LEDGER_VERSION, read_ledger
from wattbench.traces import read_trace
from wattbench.train.examples import documents

EMISSIONS = (Path(__file__).parents[2] / "data" / "codecarbon" / "emissions.csv").read_text()
DATE = "2026-01-02T03-04-05.678901"
RESULTS = {
    "results": {"sums": {"exact_match,none": 0.5}},
    "configs": {"sums": {"task": "sums", "output_type": "generate_until", "num_fewshot": 0}},
    "model_name": "org/adder",
    "model_source": "hf",
    "lm_eval_version": "0.4.13",
    "config": {"model": "hf", "model_args": {"pretrained": "org/adder"}},
    "higher_is_better": {"sums": {"exact_match": True}},
    "git_hash": "abc",
    "versions": {"sums": 1.0},
    "date": 1767322000.0,
}
MLPERF = "results/8xB200/llama3.1-8b/Server"
COLUMNS = (
    "system",
    "task",
    "domain",
    "item",
    "prompt",
    "answer",
    "target",
    "score",
    "seconds",
    "first_token_seconds",
    "joules",
    "output_tokens",
)
ROWS = [
    (system, "t", "d", str(item), f"p{item}", "42", "42", "1", "0.5", "0.1", "2.5", "3")
    for system in ("a", "b")
    for item in range(4)
]


JUDGED = (
    "system,item,answer,verdict,label,person,judge,drawn\n"
    "a,1,x,pass,1,anna,j,evenly\na,1,x,pass,fail,ben,j,\na,2,y,,0,anna,,by verdict\nb,1,z,0.5,,,,\n"
)
"""A table of verdicts and labels."""


def _sample(doc_id: int) -> dict[str, Any]:
    return {
        "doc_id": doc_id,
        "doc": {"question": f"{doc_id} + 1"},
        "target": str(doc_id + 1),
        "arguments": {"gen_args_0": {"arg_0": f"{doc_id} + 1", "arg_1": {}}},
        "resps": [[str(doc_id + 1)]],
        "filtered_resps": [str(doc_id + 1)],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": f"d{doc_id}",
        "prompt_hash": f"p{doc_id}",
        "target_hash": f"t{doc_id}",
        "exact_match": float(doc_id % 2),
    }


def _lines(entries: Sequence[Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in entries).encode()


SAMPLES = _lines([_sample(each) for each in range(4)])


def _lm_eval(folder: Path) -> Sequence[bytes]:
    (folder / "m").mkdir()
    (folder / "m" / f"samples_sums_{DATE}.jsonl").write_bytes(SAMPLES)
    (folder / "m" / f"results_{DATE}.json").write_text(json.dumps(RESULTS))
    return [json.dumps(RESULTS).encode()]


def _folder(path: Path) -> Any:
    return read_sources([path.parent], detect([path.parent]))


def _aiperf(folder: Path, name: str = "profile_export.jsonl") -> Sequence[bytes]:
    return [(aiperf_profile(folder / "a", 1, 6) / name).read_bytes()]


def _aiperf_readings(folder: Path) -> Sequence[bytes]:
    _aiperf(folder)
    write_readings(folder / "a" / "readings", START_S, START_S + 7)
    return [folder.joinpath("a", "readings").read_bytes()]


def _aiperf_grades(folder: Path) -> Sequence[bytes]:
    _aiperf(folder)
    grades = [
        {"x_request_id": f"x-{number}", "task": "t", "passed": True, "actual": "4", "expected": "4", "confidence": 1.0}
        for number in range(6)
    ]
    return [_lines(grades)]


def _metered(path: Path) -> Any:
    imported = read_sources([path.parent], "aiperf")
    return metered(imported, survey(imported.answers), "run")


def _evalscope(name: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda folder: [(write_evaluation(folder / "work", task="arc_test") / name).read_bytes()]


def _evalscope_perf(name: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda folder: [(write_perf(folder / "run") / name).read_bytes()]


def _inference_perf(name: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda folder: [(write_inference_perf(folder / "run") / name).read_bytes()]


def _mlperf(name: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda folder: [(write_result(folder).parents[3] / name).read_bytes()]


def _in_results(path: Path) -> Any:
    return read_sources([next(each for each in path.parents if (each / "results").is_dir())], "mlperf")


def _hybrid(name: str) -> Callable[[Path], Sequence[bytes]]:
    return lambda folder: [(write_hybrid(folder / "cell") / name).read_bytes()]


def _power_series(folder: Path) -> Sequence[bytes]:
    """Return a series whose result is next to it."""
    experiment_folder = folder / "experiment"
    experiment_folder.mkdir(parents=True, exist_ok=True)
    (experiment_folder / "result.json").write_text(json.dumps(experiment(total_inference_time_sec=59.5)))
    return [write_power_series(experiment_folder, [200.0 + second % 2 for second in range(60)]).read_bytes()]


def _request_log(folder: Path) -> Sequence[bytes]:
    """Return a log of requests whose result is next to it."""
    experiment_folder = folder / "experiment"
    experiment_folder.mkdir(parents=True, exist_ok=True)
    (experiment_folder / "result.json").write_text(json.dumps(experiment(server={"level_index": 0})))
    rows = [logged_request(0, in_measurement_window=False), logged_request(1), logged_request(2, status="error")]
    return [write_request_log(experiment_folder, rows).read_bytes()]


def _in(form: str, folder: str) -> Callable[[Path], Any]:
    """Return a reader of the folder of this name above the file."""

    def read(path: Path) -> Any:
        return read_sources([next(each for each in path.parents if each.name == folder)], form)

    return read


def _attempts(form: str) -> Callable[[Path], Any]:
    """Return a reader of the attempts of agents whose model calls can be rows of a record."""

    def read(path: Path) -> Any:
        imported = read_sources([path], form)
        return [CallRow.from_json(each.as_json()) for each in imported.calls]

    return read


CHILD = trajectory(step(2, 300, 15), trajectory_id="child")
REFERRED = {"observation": {"results": [{"subagent_trajectory_ref": [{"trajectory_path": "other.json"}]}]}}
SPANS = resource_spans(
    genai_span("r", None, 0, 20, "invoke_agent", **usage(4000, 400), gen_ai__conversation__id="c1"),
    genai_span("1", "r", 1, 3, **usage(1000, 100, 500, 0.01)),
    genai_span("2", "1", 1, 3, **usage(1000, 100), status="overloaded"),
)


def _trajectory_seeds(folder: Path) -> Sequence[bytes]:
    """Return trajectories, one of which refers to a file next to it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "other.json").write_text(json.dumps(two_steps()))
    whole = two_steps(subagent_trajectories=[CHILD], final_metrics=totals(2500, 80, 900, 0.1))
    return [json.dumps(each).encode() for each in (whole, trajectory(step(2, 5, 5, **REFERRED)))]


AGENTS: Sequence[tuple[str, str, Callable[[Path], Sequence[bytes]], str]] = (
    ("atif", "json", _trajectory_seeds, "trajectory.json"),
    ("harbor", "json", given(json.dumps(harbor_trial("a", 1))), "result.json"),
    (
        "terminal-bench",
        "json",
        given(json.dumps({"results": [terminal_bench_trial("a"), terminal_bench_trial("b")]})),
        "results.json",
    ),
    ("mini-swe-agent", "json", given(json.dumps(mini_trajectory())), "a.traj.json"),
    ("tau2", "json", given(json.dumps(tau2_results(simulation("t1", 0), simulation("t1", 1)))), "results.json"),
    ("litellm", "jsonl", given(_lines([spend_row("1", "s"), spend_row("2", "s", 5), spend_row("3", None)])), "s.jsonl"),
    ("otlp", "json", given(json.dumps(SPANS)), "spans.json"),
)
"""Format, its form, seeds and file."""


def _table(delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in (COLUMNS, *ROWS)).encode()


def _parquet(_: Path) -> Sequence[bytes]:
    sink = io.BytesIO()
    columns = dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))
    typed = {
        name: [float(value) for value in values] if name in ("score", "seconds", "joules") else values
        for name, values in columns.items()
    }
    pq.write_table(pa.table({name: list(values) for name, values in typed.items()}), sink)
    return [sink.getvalue()]


def _file(path: Path) -> Any:
    return read_sources([path], "table")


def _documents(path: Path) -> Any:
    recipe: Any = SimpleNamespace(tasks_folder=path.parents[1], domains={"d": ["t"]})
    return documents(recipe, "train", 1)


LEDGERS = json.dumps(
    {
        "version": LEDGER_VERSION,
        "name": "m",
        "method": "adapter",
        "recipe_sha256": "0",
        "documents_sha256": "0",
        "seed": 3,
        "needs": [],
        "started_utc": "2026-01-02T03:04:05+00:00",
        "finished_utc": "2026-01-02T04:04:05+00:00",
        "sessions": 1,
        "documents": 10,
        "tokens": 100,
        "teacher_tokens": 0,
        "seconds": 3.0,
        "energy_j": {"cpu": 5.0},
        "provenance": {"cpu": "counter"},
        "windows": 1,
        "windows_invalid": [],
        "grams_co2e": None,
        "grams_basis": "",
        "loss": [[1, 0.5]],
        "hardware": {"cpu": "x"},
        "packages": {"torch": "2"},
        "files": {"a": "0"},
        "bytes": 5,
    }
)

TARGETS = (
    Target("lm-eval-results", "json", _lm_eval, _folder, f"m/results_{DATE}.json"),
    Target(
        "lm-eval-samples",
        "jsonl",
        lambda folder: _lm_eval(folder) and [SAMPLES],
        _folder,
        f"m/samples_sums_{DATE}.jsonl",
    ),
    Target(
        "guidellm",
        "json",
        given(json.dumps(guidellm_report())),
        lambda path: read_sources([path], detect([path])),
        "benchmarks.json",
        weight=0.3,
    ),
    Target("aiperf-records", "jsonl", _aiperf, _folder, "a/profile_export.jsonl"),
    Target(
        "aiperf-totals",
        "json",
        lambda folder: _aiperf(folder, "profile_export_aiperf.json"),
        _folder,
        "a/profile_export_aiperf.json",
    ),
    Target("aiperf-readings", "jsonl", _aiperf_readings, _metered, "a/gpu_telemetry_export.jsonl"),
    Target("aiperf-grades", "jsonl", _aiperf_grades, _folder, "a/accuracy_export.jsonl"),
    *(
        Target(
            f"evalscope-{name.split('/')[0]}",
            name.rpartition(".")[2],
            _evalscope(name),
            _in("evalscope", "work"),
            f"work/{name}",
            weight=0.5,
        )
        for name in ("reviews/model/arc_test.jsonl", "predictions/model/arc_test.jsonl", "configs/task_config.yaml")
    ),
    *(
        Target(
            f"evalscope-perf-{name.partition('.')[0]}",
            name.rpartition(".")[2],
            _evalscope_perf(name),
            _in("evalscope", "run"),
            f"run/{name}",
            weight=0.5,
        )
        for name in ("benchmark_summary.json", "benchmark_percentile.json", "benchmark_args.json", "benchmark_data.db")
    ),
    *(
        Target(
            f"inference-perf-{name.partition('.')[0]}",
            name.rpartition(".")[2],
            _inference_perf(name),
            _in("inference-perf", "run"),
            f"run/{name}",
            weight=0.5,
        )
        for name in (
            "stage_0_lifecycle_metrics.json",
            "stage_0_prometheus_metrics.json",
            "per_request_lifecycle_metrics.json",
            "config.yaml",
        )
    ),
    Target(
        "openjarvis",
        "jsonl",
        given(_lines([jarvis_line(1), jarvis_line(2)]), _lines([trace_line()])),
        lambda path: read_sources([path], "openjarvis"),
        "r.jsonl",
    ),
    *(
        Target(
            f"openjarvis-{name.partition('.')[0]}",
            name.rpartition(".")[2],
            _hybrid(name),
            _in("openjarvis", "cell"),
            f"cell/{name}",
            weight=0.5,
        )
        for name in ("results.jsonl", "config.json", "summary.json")
    ),
    *(
        Target(
            form,
            "json",
            given(json.dumps(file)),
            lambda path, form=form: read_sources([path], form),
            "result.json",
            weight=0.5,
        )
        for form, file in (("llenergymeasure", experiment()), ("ml-energy", leaderboard()))
    ),
    Target(
        "llenergymeasure-series",
        "parquet",
        _power_series,
        _in("llenergymeasure", "experiment"),
        "experiment/timeseries.parquet",
        weight=0.5,
    ),
    Target(
        "llenergymeasure-requests",
        "parquet",
        _request_log,
        _in("llenergymeasure", "experiment"),
        "experiment/requests.parquet",
        weight=0.5,
    ),
    Target(
        "inspect",
        "json",
        given(json.dumps(log([sample(place) for place in range(3)]))),
        lambda path: read_sources([path], "inspect"),
        "log.json",
        weight=0.5,
    ),
    *(
        Target(
            f"mlperf-{name.rpartition('/')[2].partition('.')[0]}",
            "json" if name.endswith("json") else "text",
            _mlperf(name),
            _in_results,
            name,
            weight=0.5,
        )
        for name in (
            f"{MLPERF}/performance/run_1/mlperf_log_detail.txt",
            f"{MLPERF}/performance/run_1/spl.txt",
            f"{MLPERF}/accuracy/accuracy.txt",
            "systems/8xB200.json",
        )
    ),
    *(
        Target(
            form,
            "jsonl",
            given(_lines([result(), result(detailed=False)])),
            lambda path, form=form: read_sources([path], form),
            "r.jsonl",
            weight=0.5,
        )
        for form, result in (("vllm", vllm_result), ("sglang", sglang_result))
    ),
    *(Target(form, shape, seeds, _attempts(form), file, weight=0.5) for form, shape, seeds, file in AGENTS),
    Target("tau2-submission", "json", given(json.dumps(SUBMISSION)), _attempts("tau2"), "submission.json", weight=0.3),
    Target("claude-code", "jsonl", given(_lines(claude_code_lines())), _attempts("claude-code"), "c.jsonl", weight=0.2),
    Target("codecarbon", "csv", given(EMISSIONS), lambda path: read_sources([path], "codecarbon"), "e.csv", weight=0.5),
    Target(
        "tokenpowerbench",
        "json",
        lambda folder: [
            (write_token_power_bench(folder / "run") / "results.json").read_bytes(),
            json.dumps(FIRST).encode(),
        ],
        _in("tokenpowerbench", "run"),
        "run/results.json",
        weight=0.5,
    ),
    Target("table-csv", "csv", given(_table(), _table().replace(b"\n", b"\r\n"), JUDGED), _file, "t.csv"),
    Target("table-tsv", "csv", given(_table("\t")), _file, "t.tsv"),
    Target("table-parquet", "parquet", _parquet, _file, "t.parquet"),
    Target(
        "detected",
        "csv",
        lambda folder: [_table(), SAMPLES, json.dumps(guidellm_report()).encode()],
        lambda path: read_sources([path]),
        "x.csv",
        weight=0.5,
    ),
    Target("trace-azure", "csv", given(azure([1, 2.5, 2.5, 9])), read_trace, "trace.csv"),
    Target(
        "trace-mooncake",
        "jsonl",
        given(mooncake((0, 600, 5, [1, 2]), (20, 1200, 5, [1, 3]), (30, 7, 5, [9]))),
        read_trace,
        "trace.jsonl",
    ),
    Target("trace-otel", "json", given(otlp(span(0, 1), span(2, 3), span(2, 4))), read_trace, "trace.json"),
    Target("ledger", "json", given(LEDGERS), read_ledger, "ledger.json"),
    Target(
        "documents",
        "jsonl",
        given(_lines([{"question": "a", "answer": "b", "reasoning": "c"}] * 3)),
        _documents,
        "d/t.train.jsonl",
    ),
)
