"""Read the results of OpenJarvis 1.0: correctness, times, tokens, joules and dollars of every sample.

Its evaluations (`EvalRunner`) write ``<benchmark>_<model>.jsonl`` and ``<benchmark>_<model>.summary.json``; its
hybrids, per cell, a folder with ``results.jsonl``, ``config.json`` and ``summary.json``; its agents ``traces.jsonl``
(`QueryTrace`).

Traps: a figure that was not measured is 0.0, so that 0 is missing (of joules, watts, first tokens and money, as in its
own statistics); a sample that ended in an error is in no accuracy; joules of a sample are what its meter counted while
it was answered, with those of others that were answered at once, which no file says; joules and tokens of a hybrid are
of the whole cell and of its own machine's GPUs; joules of an agent are sums over its turns, of GPUs and processor where
both are stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.fields import MS, Field, at, count, figure, listed, read_fields, section, words
from wattbench.importers.files import mapping, read_object, read_objects, text
from wattbench.importers.imported import Format, ImportDraft
from wattbench.importers.stated import Total, Totals, is_figure

CURRENCY = "USD"


def _right(value: Any, name: str, where: str) -> float:
    if not isinstance(value, bool):
        raise UserError(f"{where}: {name} is {value!r:.60}: it must be true or false")
    return float(value)


def _measured(*paths: str) -> Field:
    """Describe the field of a figure for which 0 means that it was not measured."""
    return figure(*paths, zero=False)


MARKS = {
    "eval": {"record_id", "benchmark", "model", "is_correct"},
    "hybrid": {"task_id", "tokens_local", "tokens_cloud"},
    "trace": {"query_id", "workload_type", "turns"},
}
"""The kinds of lines, and the keys by which they are recognised."""
LINES = {
    "eval": {
        "score": Field(("is_correct",), _right),
        "task": words("benchmark"),
        "item": words("record_id"),
        "seconds": _measured("latency_seconds"),
        "first_token_seconds": _measured("ttft"),
        "prompt_tokens": count("prompt_tokens"),
        "output_tokens": count("completion_tokens"),
        "joules": _measured("energy_joules"),
        "cost": _measured("cost_usd"),
        "answer": words("model_answer"),
    },
    "hybrid": {
        "score": Field(("score.success",), _right, name="score.success"),
        "item": words("task_id"),
        "seconds": _measured("latency_s"),
        "cost": _measured("cost_usd"),
        "answer": words("answer"),
    },
    "trace": {
        "score": Field(("is_resolved",), _right),
        "task": words("workload_type"),
        "item": words("query_id"),
        "seconds": _measured("total_wall_clock_s"),
        "prompt": words("query_text"),
        "answer": words("response_text"),
    },
}
OF_A_HYBRID = ("tokens_local", "tokens_cloud", "tool_calls", "n_cloud_calls", "n_local_calls", "web_search_uses")
"""Counts of a line that are sums over prompt and output, kept as metrics."""
CONFIG = {
    "method": "settings.method",
    "local": "settings.local.model",
    "cloud": "settings.cloud.model",
    "backend": "summary.backend",
    "energy_method": "summary.energy_method",
}
"""What is kept of a cell's settings and a summary: names of models and meters, and no address or key."""
TOTALS = Totals(
    {
        "latency_stats.*": Total("latency"),
        "ttft_stats.*": Total("first_token"),
        "itl_stats.*": Total("token_gap", scale=MS),
        "energy_stats.*": Total("energy"),
        "power_stats.*": Total("power"),
        "input_token_stats.*": Total("prompt_tokens"),
        "output_token_stats.*": Total("output_tokens"),
        "accuracy_stats.*": Total("accuracy"),
        "total_samples": Total("requests"),
        "n_done": Total("requests"),
        "errors": Total("failed_requests"),
        "n_err": Total("failed_requests"),
        "total_energy_joules": Total("energy"),
        "energy_j_total": Total("energy"),
        "total_input_tokens": Total("prompt_tokens"),
        "total_output_tokens": Total("output_tokens"),
        "wall_time_s": Total("duration"),
        "accuracy": Total("accuracy", "mean"),
        "mean_latency_seconds": Total("latency", "mean"),
    },
    units={"_usd": "USD", "_usd_total": "USD", "_joules": "J", "_watts": "W", "_w": "W", "_seconds": "s", "_pct": "%"},
    settings=("started_at", "ended_at", "generated_at", "hardware_info", "config", "n_target", "task_count"),
    zeros=("accuracy", "failed_requests", "requests"),
)


def _looks_like(source: Path) -> bool:
    if source.is_dir():
        results = source / "results.jsonl"
        if results.is_file():
            return _kind(results) is not None
        return any(_summary_of(path).is_file() and _kind(path) for path in source.glob("*.jsonl"))
    return source.suffix == ".jsonl" and source.is_file() and _kind(source) is not None


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some results. Each file is a system: a model, or a cell."""
    by_model: dict[tuple[str, str], str] = {}
    hybrids: list[str] = []
    for path in (path for source in sources for path in _paths(source)):
        kind = _kind(path)
        if kind is None:
            raise UserError(f"{path}: its first line is not one of OpenJarvis's results")
        settings_path, summary_path = path.with_name("config.json"), _summary_of(path)
        settings = read_object(settings_path) if kind == "hybrid" and settings_path.is_file() else {}
        summary = read_object(summary_path) if summary_path.is_file() else {}
        model, task = _described(path, kind, settings, summary)
        # One model on several benchmarks is one system; on the same benchmark again it is another.
        name = draft.unique(model) if (model, task) in by_model else model
        by_model.setdefault((model, task), name)
        known = {key: at({"settings": settings, "summary": summary}, route) for key, route in CONFIG.items()}
        config = {key: value for key, value in known.items() if isinstance(value, str)}
        draft.add_system(name, None, engine="openjarvis", model=model, **config)
        draft.add_gpus(name, at(summary, "hardware_info.gpu.name"), at(summary, "hardware_info.gpu.count"))
        if kind == "hybrid":
            hybrids.append(name)
            named = ", ".join(hybrids[:5])
            draft.remarks["local-joules"] = (
                f"Joules of {named} are those of the GPUs of its own machine: what services drew is not in them"
            )
        draft.stated.add_all(name, TOTALS, summary, summary_path)
        draft.files += [each for each in (path, summary_path, settings_path) if each.is_file()]
        for where, row in read_objects(path):
            if _kind_of(row) != kind and not row.get("error"):
                raise UserError(f"{where}: this line is not one of OpenJarvis's results, as the first one is")
            if row.get("error"):
                draft.left_out["samples that ended in an error"] += 1
            elif at(row, *LINES[kind]["score"].paths) is None:
                draft.left_out["samples that were not scored"] += 1
            else:
                yield _answer(name, kind, row, settings, where)


def _paths(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    results = source / "results.jsonl"
    paths = [results] if results.is_file() else sorted(path for path in source.glob("*.jsonl") if _kind(path))
    if not paths:
        raise UserError(f"{source}: it has no .jsonl with results of OpenJarvis")
    return paths


def _kind(path: Path) -> str | None:
    try:
        first = next(iter(read_objects(path)), None)
    except UserError:
        return None
    return None if first is None else _kind_of(first[1])


def _kind_of(row: Mapping[str, Any]) -> str | None:
    return next((kind for kind, marks in MARKS.items() if marks <= set(row)), None)


def _summary_of(path: Path) -> Path:
    return path.with_name("summary.json") if path.name == "results.jsonl" else path.with_suffix(".summary.json")


def _described(path: Path, kind: str, settings: Mapping[str, Any], summary: Mapping[str, Any]) -> tuple[str, str]:
    """Return the system's name and its benchmark."""
    if kind == "hybrid":
        return text(settings.get("name")) or path.resolve().parent.name, text(settings.get("bench"))
    if kind == "trace":
        return text(summary.get("model")) or path.resolve().parent.name, text(summary.get("benchmark"))
    _, first = next(iter(read_objects(path)))
    return text(first.get("model")) or path.stem, text(first.get("benchmark"))


def _answer(system: str, kind: str, row: Mapping[str, Any], settings: Mapping[str, Any], where: str) -> Answer:
    fields = read_fields(LINES[kind], row, where)
    in_fields = {path for each in LINES[kind].values() for path in each.paths}
    if kind == "eval":
        fields["metrics"] = {
            name: value
            for name, value in row.items()
            if is_figure(value) and (value or name == "score") and name not in in_fields
        }
    elif kind == "hybrid":
        if section(settings, "local") and section(settings, "cloud"):
            fields["kind"] = "hybrid"
        fields["task"] = text(settings.get("bench")) or "tasks"
        metrics = {name: row.get(name) for name in OF_A_HYBRID} | {"score": at(row, "score.score")}
        fields["metrics"] = {name: value for name, value in metrics.items() if is_figure(value)}
    else:
        fields |= _of_turns(row, where)
    currency = "" if fields["cost"] is None else CURRENCY
    return Answer(where=where, system=system, currency=currency, **fields)


def _of_turns(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the sums over the turns of an agent."""
    if row.get("turns") is None:
        raise UserError(f"{where}: turns is of type NoneType, not a list")
    turns = [mapping(turn) for turn in listed(row["turns"], "turns", where)]

    def total(name: str) -> float | None:
        figures = [number(turn.get(name), name, where) for turn in turns]
        return sum(each for each in figures if each is not None) or None

    rails = [
        total(f"{rail}_energy_joules") or _measured(f"query_{rail}_energy_joules").of(row, where)
        for rail in ("gpu", "cpu")
    ]
    known = [rail for rail in rails if rail is not None]
    return {
        "prompt_tokens": whole_number(total("input_tokens"), "input_tokens", where),
        "output_tokens": whole_number(total("output_tokens"), "output_tokens", where),
        "joules": sum(known) if known else None,
        "cost": total("cost_usd"),
        "metrics": {"turns": len(turns)},
    }


OPENJARVIS = Format("openjarvis", _looks_like, _read, needs="results.jsonl of an evaluation, a hybrid or traces")
