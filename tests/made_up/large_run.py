"""A made-up run of any size, written in seconds, for benches of the report.

The header, systems and phases go through the real writer. The tables are made a cell at a time from arrays, with the
columns and types that the real writer gives them: a million rows as Python objects would take minutes and many GB.
Nothing is random but what a seed decides, so the same size gives the same run.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tests.made_up.large_systems import CPU, DOMAINS, GPU, IDLE_W, MEMBERS, PROVENANCE, SYSTEMS, TASKS, LargeSystem
from wattbench.records import SCHEMA_VERSION, ItemRow, PhaseRow, RunHeader, RunWriter, Split, SystemRow, WindowRow
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.tables.run_tables import default_columns, items_parquet, windows_parquet

START_S = 1_760_000_000.0
WINDOW_S = 30.0
TRACE_STEP_S = 1.0
FILTERED_TASKS = 4
"""In so many tasks the answer is cut out of the output; in the others the whole output is what is scored."""


@dataclass(frozen=True)
class _Documents:
    """The documents of one task."""

    task: str
    domain: str
    ids: NDArray[np.int64]
    hashes: pa.Array
    bodies: pa.Array
    targets: NDArray[np.int64]
    hardness: NDArray[np.float64]
    """0 to 1, the same for every system: scores of systems go together, as real ones do."""
    filtered: bool


@dataclass(frozen=True)
class _Cell:
    """One system on one task, in time."""

    system: LargeSystem
    documents: _Documents
    started_s: NDArray[np.float64]
    finished_s: NDArray[np.float64]
    tokens: NDArray[np.int64]
    window: NDArray[np.int64]
    """Shape (items,): which of the cell's windows."""
    windows: tuple[WindowRow, ...]


def make_run(
    root: Path, rows: int, systems: Sequence[LargeSystem] = SYSTEMS, seed: int = 7, name: str = "scale"
) -> Path:
    """Write a finished run with about `rows` rows in `items.parquet`, and return its directory.

    Args:
        root: where the run's directory is made.
        rows: over all systems and tasks, to the nearest document; the largest task has twice the smallest one's.
        systems: who takes part.
        seed: of everything drawn; documents and prompts are the same with another of systems.
        name: in that of the run.
    """
    sizes = np.linspace(2 / 3, 4 / 3, len(TASKS)) * rows / (len(systems) * len(TASKS))
    rng = np.random.default_rng(seed)
    run = f"20260102T030405Z-{name}-{rows}"
    documents = [_documents(place, max(1, round(size)), rng) for place, size in enumerate(sizes.tolist())]
    schema = pq.read_schema(io.BytesIO(items_parquet([])))
    parts, windows = [], []
    with RunWriter.create(root / run, _header(run, systems, documents)) as writer:
        now_s, number = START_S, 0
        for place, system in enumerate(systems):
            load = _load_window(run, system, place, now_s)
            windows.append(load)
            writer.append_system(_system_row(system, load.window))
            now_s = load.finished_s
            for own in documents:
                cell = _cell(run, system, own, now_s, number, rng)
                parts.append(_table(run, cell, rng, schema))
                windows += cell.windows
                for phase in _phases(cell):
                    writer.append_phase(phase)
                _write_trace(writer.layout.trace(system.name, own.task), cell)
                now_s, number = float(cell.finished_s[-1]) + 5.0, number + len(cell.windows)
        layout = writer.layout
        # As the writer puts them, but in one go: it syncs the disk for every window.
        layout.windows.write_text("".join(json.dumps(asdict(window)) + "\n" for window in windows))
        layout.windows_table.write_bytes(windows_parquet(windows))
        pq.write_table(pa.concat_tables(parts), layout.items_table, compression="zstd")
        summary = {"finished_utc": "2026-01-03T03:04:05+00:00", "items": rows, "windows": len(windows)}
        write_atomically(layout.finished, json.dumps(summary).encode())
    return root / run


def _header(run: str, systems: Sequence[LargeSystem], documents: Sequence[_Documents]) -> RunHeader:
    select = [{"task": own.task, "domain": own.domain, "metric": None} for own in documents]
    gpu = {
        "index": 0,
        "name": "Example GPU",
        "uuid": "GPU-1",
        "visible": True,
        "driver": "570.86",
        "power_limit_w": 700.0,
    }
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite={
            "path": "/somewhere/scale.yaml",
            "suite": {
                "name": "scale",
                "description": "A made-up run",
                "tasks": {"select": select},
                "measure": {"scenario": "single-stream", "batch": 1, "repeats": 1, "seed": 1234},
                "carbon": {"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.2},
            },
            "systems": {
                system.name: {"kind": system.kind, "engine": system.row.get("engine", "transformers"), **system.config}
                for system in systems
            },
        },
        suite_sha256="ab" * 32,
        created_utc="2026-01-02T03:04:05+00:00",
        command=["wattbench", "run", "scale.yaml"],
        environment={
            "python": "3.11.9", "cpu": "Example CPU", "cpus_usable": 16, "cpus_quota": None, "container": None,
            "cpu_power": {"package_limit_w": 250.0, "governor": "performance", "boost": "on"},
            "packages": {"torch": "2.9.0"}, "gpus": [gpu],
        },
        meters=dict(PROVENANCE),
        cells=[
            {"system": system.name, "kind": system.kind, "task": own.task, "domain": own.domain,
             "items": len(own.ids), "task_version": "1.0", "docs_sha256": "d" * 64, "task_sha256": "a" * 64}
            for system in systems
            for own in documents
        ],
    )  # fmt: skip


def _system_row(system: LargeSystem, load_window: str) -> SystemRow:
    code = system.row.get("engine") == "python"
    row = SystemRow(
        system=system.name, kind=system.kind, engine="transformers", engine_version="5.1",
        parameters_total=None if code else 374_000_000, parameters_active=None if code else 374_000_000,
        weight_bytes=748_000_000, weights_sha256=None if code else hashlib.sha256(system.name.encode()).hexdigest(),
        dtype="bfloat16", device="cuda", load_s=12.0, load_window=load_window,
    )  # fmt: skip
    return replace(row, **system.row)


def _documents(place: int, count: int, rng: np.random.Generator) -> _Documents:
    task, domain = TASKS[place]
    ids = np.arange(count)
    hashes = [hashlib.sha256(f"{task} {number}".encode()).hexdigest() for number in range(count)]
    words = pa.array(["copper", "meadow", "lantern", "harbour", "thistle", "granite", "orchard", "violet"])
    drawn = [words.take(pa.array(rng.integers(0, len(words), count))) for _ in range(24)]
    bodies = pc.binary_join_element_wise(
        "Question", pa.array(ids).cast(pa.string()), "of", task, *drawn, "?\nAnswer:", " "
    )
    return _Documents(
        task=task, domain=domain, ids=ids, hashes=pa.array(hashes), bodies=bodies,
        targets=rng.integers(0, 10_000, count), hardness=rng.random(count), filtered=place < FILTERED_TASKS,
    )  # fmt: skip


def _cell(
    run: str, system: LargeSystem, documents: _Documents, now_s: float, number: int, rng: np.random.Generator
) -> _Cell:
    count = len(documents.ids)
    tokens = rng.integers(4, 13, count)
    request_s = system.request_s * (0.25 + tokens / 11) * rng.lognormal(0.0, 0.15, count)
    finished_s = now_s + np.cumsum(request_s + 0.002)  # between two requests a little is done for neither
    started_s = finished_s - request_s
    _, window = np.unique(((finished_s - now_s) // WINDOW_S).astype(np.int64), return_inverse=True)
    first = np.flatnonzero(np.diff(window, prepend=-1))
    last = np.append(first[1:], count) - 1
    bounds = list(zip(started_s[first].tolist(), finished_s[last].tolist(), strict=True))
    windows = tuple(
        _window(run, f"w{number + place:06}", system, documents.task, "measured", *bound)
        for place, bound in enumerate(bounds)
    )
    return _Cell(system, documents, started_s, finished_s, tokens, window, windows)


def _load_window(run: str, system: LargeSystem, place: int, now_s: float) -> WindowRow:
    return _window(run, f"load{place}", system, None, "load", now_s, now_s + 12.0)


def _window(
    run: str, name: str, system: LargeSystem, task: str | None, purpose: str, started_s: float, finished_s: float
) -> WindowRow:
    length_s = finished_s - started_s
    return WindowRow(
        window=name, run=run, system=system.name, task=task, purpose=purpose, started_s=started_s,
        finished_s=finished_s, energy_j={part: watts * length_s for part, watts in system.watts.items()},
        provenance=PROVENANCE, idle_w=IDLE_W if purpose == "measured" else {}, samples=int(length_s * 10) + 2,
        largest_gap_s=0.12, temperature_c={GPU: 61.0},
    )  # fmt: skip


def _phases(cell: _Cell) -> Iterator[PhaseRow]:
    seconds = float((cell.finished_s - cell.started_s).sum())
    joules = {part: sum(window.energy_j[part] for window in cell.windows) for part in cell.system.watts}
    labels = PROVENANCE | {"total": "+".join(sorted(PROVENANCE.values()))}
    for part, energy_j in (joules | {"total": sum(joules.values())}).items():
        yield PhaseRow(
            system=cell.system.name, task=cell.documents.task, component=part, provenance=labels[part],
            items=len(cell.tokens), prefill_s=0.2 * seconds, decode_s=0.8 * seconds, other_s=0.0, energy_j=energy_j,
            prefill_j=0.3 * energy_j, prefill_low_j=0.28 * energy_j, prefill_high_j=0.32 * energy_j,
            decode_j=0.7 * energy_j, decode_low_j=0.68 * energy_j, decode_high_j=0.72 * energy_j, other_j=0.0,
            method=Split.FITTED, readings=len(cell.windows) * 30,
        )  # fmt: skip


def _write_trace(path: Path, cell: _Cell) -> None:
    """Write a trace as `wattbench.meters.sampling.trace` does, with a reading every `TRACE_STEP_S`."""
    at_s = np.repeat(np.arange(cell.started_s[0], cell.finished_s[-1] + TRACE_STEP_S, TRACE_STEP_S), 2)
    place = np.arange(len(at_s)) % 2
    watts = np.where(place == 0, cell.system.watts[GPU], cell.system.watts[CPU]) * (1 + 0.05 * np.sin(at_s / 3))
    parts = pa.array([GPU, CPU]).take(pa.array(place))
    table = pa.table(
        {
            "at_s": at_s, "meter": pa.array(["nvml", "rapl"]).take(pa.array(place)), "component": parts,
            "energy_j": np.round((at_s - at_s[0]) * watts, 3), "power_w": np.round(watts, 3),
            "temperature_c": pa.array(np.where(place == 0, 61.0, np.nan), from_pandas=True),
            "notes": pa.array([""]).take(pa.array(np.zeros_like(place))),
            "provenance": pa.array(list(PROVENANCE.values())).take(pa.array(place)),
            "step_s": np.full(len(at_s), 0.1),
        }
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="none"))


def _table(run: str, cell: _Cell, rng: np.random.Generator, schema: pa.Schema) -> pa.Table:
    """Return a cell's rows of `items.parquet`."""
    system, documents, count = cell.system, cell.documents, len(cell.tokens)
    request_s = cell.finished_s - cell.started_s
    busy_s = np.bincount(cell.window, weights=request_s)
    total_j = np.array([window.total_j for window in cell.windows])
    above_j = np.array([window.above_idle_j for window in cell.windows])
    share = request_s / busy_s[cell.window]
    own = system.own_domain in (None, documents.domain)
    right = 0.7 * documents.hardness + 0.3 * rng.random(count) < system.accuracy * (1.0 if own else 0.2)
    said = np.where(right, documents.targets, rng.integers(0, 10_000, count))
    stated = pa.array(said).cast(pa.string())
    output = pc.binary_join_element_wise(" Looking at question", pa.array(documents.ids).cast(pa.string()),
                                         "step by step, I find that the answer is", stated, " ")  # fmt: skip
    prompt = documents.bodies if system.prompt == "bare" else pc.binary_join_element_wise(
        "Question: What is 1 and 1?\nAnswer: 2\n\nQuestion: What is 2 and 2?\nAnswer: 4\n\n", documents.bodies, ""
    )  # fmt: skip
    first_s = cell.started_s + 0.2 * request_s
    columns = {
        "doc_id": documents.ids, "doc_hash": documents.hashes, "prompt_hash": _prompt_hashes(system, documents),
        "repeat": np.zeros(count, dtype=np.int64), "correct": right.astype(np.float64),
        "metrics": pa.array(['{"exact_match,none": 0.0}', '{"exact_match,none": 1.0}']).take(pa.array(right * 1)),
        "prompt_tokens": pc.add(pc.divide(pc.utf8_length(prompt), 4), 1), "output_tokens": cell.tokens,
        "scheduled_s": cell.started_s, "started_s": cell.started_s, "first_token_s": first_s,
        "finished_s": cell.finished_s, "token_s": _stamps(first_s, cell.finished_s, cell.tokens),
        "batch": np.arange(count), "batch_size": np.ones(count, dtype=np.int64),
        "window": pa.array([window.window for window in cell.windows]).take(pa.array(cell.window)),
        "energy_j": share * total_j[cell.window], "energy_above_idle_j": share * above_j[cell.window],
        "prompt": prompt, "output": output, "filtered": stated if documents.filtered else output,
        "target": pa.array(documents.targets).cast(pa.string()),
    }  # fmt: skip
    if "members" in system.config:
        columns |= _routes(documents, request_s, share * total_j[cell.window], rng)
    everywhere = {
        "run": run, "system": system.name, "kind": system.kind, "task": documents.task, "domain": documents.domain,
        "energy_provenance": "+".join(sorted(PROVENANCE.values())),
    }  # fmt: skip
    defaults = default_columns(ItemRow, count)
    arrays = []
    for column in schema:
        if column.name in everywhere:
            arrays.append(pa.repeat(pa.scalar(everywhere[column.name], column.type), count))
        elif column.name in columns:
            arrays.append(pa.array(columns[column.name]).cast(column.type))
        else:
            arrays.append(defaults[column.name])
    return pa.table(arrays, schema=schema)


def _prompt_hashes(system: LargeSystem, documents: _Documents) -> pa.Array:
    lines = (f"{system.prompt} {documents.task} {number}" for number in documents.ids.tolist())
    return pa.array([hashlib.sha256(line.encode()).hexdigest() for line in lines])


def _stamps(first_s: NDArray[np.float64], finished_s: NDArray[np.float64], tokens: NDArray[np.int64]) -> pa.Array:
    """Return when each output token arrived: evenly from the first to the end."""
    ends = np.cumsum(tokens)
    place = np.arange(ends[-1]) - np.repeat(ends - tokens, tokens)
    step_s = (finished_s - first_s) / np.maximum(tokens - 1, 1)
    return pa.ListArray.from_arrays(
        np.append(0, ends).astype(np.int32), np.repeat(first_s, tokens) + place * np.repeat(step_s, tokens)
    )


def _routes(
    documents: _Documents, request_s: NDArray[np.float64], energy_j: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, Any]:
    """Return routes: nine of ten items go to the specialist of their domain."""
    count = len(request_s)
    right, anywhere = DOMAINS.index(documents.domain), rng.integers(0, len(DOMAINS), count)
    place = np.where(rng.random(count) < 0.9, right, anywhere)
    route = pa.array([MEMBERS[domain] for domain in DOMAINS]).take(pa.array(place))
    return {
        "route": route, "route_score": rng.uniform(0.5, 1.0, count), "router_s": 0.01 * request_s,
        "router_energy_j": 0.01 * energy_j,
        "route_asked": pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32), route),
    }  # fmt: skip
