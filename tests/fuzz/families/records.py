"""A run's own files: the header, every kind of line, tables, traces; and a whole run with one of them changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fuzz.families.meters import TRACE
from tests.fuzz.targets import Target, given
from tests.made_up.agents import FakeAgent, FakeAgentRun, write_agents
from tests.made_up.gates import FakeGate, write_gate
from tests.made_up.runs import FakeRun, write_run
from tests.made_up.standard_runs import family_run
from tests.made_up.whole_run import label_whole_run, write_whole_run
from wattbench.api.read import read
from wattbench.api.verify import verify
from wattbench.config.loader import load_suite, resolved_from_record, tasks_from_record
from wattbench.measure.rebuilt_tables import rebuild
from wattbench.records import AnswerRow, CallRow, ScoreRow, SystemRow, WindowLabel, WindowRow, read_run
from wattbench.records.files.jsonl import Appender
from wattbench.records.finish_record import finish_record, read_finish
from wattbench.records.layout import RunLayout
from wattbench.records.reader import read_rows
from wattbench.records.rows.arrival_rates import LoadRow
from wattbench.records.rows.blocks import BlockRow
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow
from wattbench.records.rows.looks import LookRow
from wattbench.records.rows.phases import PhaseRow
from wattbench.records.rows.rounds import RoundRow
from wattbench.records.rows.windows import PassRow
from wattbench_reports.export.comparison.compared_section import as_table
from wattbench_reports.tables.header_record import header_record

LOAD = {
    "system": "a",
    "task": "t",
    "offered_per_s": 2.0,
    "window": "w0",
    "scheduled_per_s": 2.1,
    "served_per_s": 2.0,
    "queries": 100,
    "failed": 0,
    "in_time": 95,
    "duration_s": 50.0,
    "drain_s": 0.5,
    "deadline_s": 4.0,
    "held": True,
    "reasons": [],
    "loadgen": {"result_x": 1},
}
BOUNDED_LOAD = LOAD | {
    "here": True,
    "lacks": [],
    "bounds": {"cut": 10, "requests": 90, "in_time": 1.0, "in_time_low": 0.94, "effective": 85, "growth_p": 0.5},
    "held": False,
}
"""With what its requests show of the long run, which older rows lack."""
PHASE = {
    "system": "a",
    "task": "t",
    "component": "gpu0",
    "provenance": "counter",
    "items": 8,
    "prefill_s": 1.0,
    "decode_s": 2.0,
    "other_s": 0.1,
    "energy_j": 30.0,
    "prefill_j": 10.0,
    "decode_j": 19.0,
    "other_j": 1.0,
    "method": "none",
    "reason": "",
    "readings": 30,
}
PASS = {"window": "w0", "number": 1, "started_s": 1.0, "finished_s": 2.0, "passes": 2}


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _rows(kind: Any) -> Callable[[Path], Any]:
    """Return a reader of lines, which a resumed run cuts and appends to first."""

    def read_them(path: Path) -> Any:
        rows = read_rows(path, kind)
        Appender(path).close()
        assert len(read_rows(path, kind)) == len(rows)
        return rows

    return read_them


def _of_made(make: Callable[[Path], Path], *patterns: str) -> Callable[[Path], Sequence[bytes]]:
    """Return seeds that are the files of a made-up run: its first few lines."""

    def seeds(folder: Path) -> Sequence[bytes]:
        run = make(folder)
        files = [path for pattern in patterns for path in sorted(run.glob(pattern))][:3]
        return [b"".join(path.read_bytes().splitlines(keepends=True)[:4]) for path in files]

    return seeds


def _blocks(folder: Path) -> Path:
    return write_run(folder, FakeRun(systems=family_run().systems, items=12, blocks=3, asked_again=1))


def _looks(folder: Path) -> Path:
    first, second, *others = family_run().systems
    dropped = replace(first, dropped_after=1), replace(second, dropped_after=2)
    return write_run(folder, FakeRun(systems=(*dropped, *others), items=12, blocks=3))


def _family(folder: Path) -> Path:
    return write_run(folder, family_run(items=8))


def _gate(folder: Path) -> Path:
    return write_gate(folder, FakeGate())


RUN = "20260102T030405Z-whole-abc123"


def _whole(name: str, make: Callable[[Path], Path] = write_whole_run) -> Callable[[Path], Sequence[bytes]]:
    def seeds(folder: Path) -> Sequence[bytes]:
        return [(make(folder) / name).read_bytes()]

    return seeds


def _agents(folder: Path) -> Path:
    return write_agents(folder, FakeAgentRun(agents=(FakeAgent("careful"),), items=2, repeats=1, name="whole"))


def _judged(folder: Path) -> Path:
    run = write_whole_run(folder, judged=True)
    label_whole_run(run)
    return run


def _root(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.name == RUN)


def sealed(root: Path) -> Path:
    """Write a run's digests anew, so that what is behind them is read too."""
    layout = RunLayout(root)
    ended = read_finish(layout)
    record = finish_record(layout, ended.finished_utc, ended.items, ended.windows, ended.calls)
    layout.finished.write_bytes(record)
    return root


def _analysed(path: Path) -> Any:
    """Read a run in every way of the Python API, and print what `compare` prints."""
    run = read(_root(path) if path.name == "finished.json" else sealed(_root(path)))
    frames = run.systems(), run.items(), run.windows(), run.power(), run.calls()
    print(as_table(run.analysis.comparison))  # noqa: T201 - the property looks at what is printed
    return frames


def _rebuilt(path: Path) -> Any:
    """Finish and verify a run, as `--resume`, `verify` and `rescore` read it."""
    records = read_run(_root(path))
    verify(_root(path))
    return (
        rebuild(records, records.windows()),
        records.open_windows(),
        records.passes(),
        records.block_plan(),
        header_record(records),
    )


def _header(path: Path) -> Any:
    records = read_run(_root(path))
    return header_record(records), records.finished


def _suite_record(folder: Path) -> Sequence[bytes]:
    write_whole_run(folder)
    header = json.loads((folder / RUN / "run.json").read_text())
    suite = load_suite("quick").as_record()
    return [
        json.dumps(
            header
            | {"suite": suite, "environment": {"commit": "0" * 40, "gpus": [{"name": "x"}], "packages": {"a": "1"}}}
        ).encode()
    ]


def _suite(path: Path) -> Any:
    records = read_run(_root(path))
    return tasks_from_record(records.header.suite), resolved_from_record(records.header.suite)


WHOLE = (
    ("run.json", "json"),
    ("items/big/add.jsonl", "jsonl"),
    ("scores/small/spell.jsonl", "jsonl"),
    ("systems.jsonl", "jsonl"),
    ("windows.jsonl", "jsonl"),
    ("open-windows.jsonl", "jsonl"),
    ("finished.json", "json"),
    ("items.parquet", "parquet"),
    ("windows.parquet", "parquet"),
)
OF_JUDGES = (
    ("judges.jsonl", "jsonl"),
    ("judgements.jsonl", "jsonl"),
    ("labels.jsonl", "jsonl"),
)
OF_AGENTS = (
    ("calls.jsonl", "jsonl"),
    ("calls.parquet", "parquet"),
    ("items/careful/repair.jsonl", "jsonl"),
)
TARGETS = (
    Target("header", "json", _suite_record, _header, f"{RUN}/run.json"),
    Target("recorded-suite", "json", _suite_record, _suite, f"{RUN}/run.json", named=False, weight=0.3),
    Target("answers", "jsonl", _of_made(_gate, "items/*/*.jsonl"), _rows(AnswerRow), "rows.jsonl"),
    Target("scores", "jsonl", _of_made(write_whole_run, "scores/*/*.jsonl"), _rows(ScoreRow), "rows.jsonl"),
    Target("systems", "jsonl", _of_made(_family, "systems.jsonl"), _rows(SystemRow), "rows.jsonl"),
    Target("windows", "jsonl", _of_made(_blocks, "windows.jsonl"), _rows(WindowRow), "rows.jsonl"),
    Target("window-labels", "jsonl", _of_made(write_whole_run, "open-windows.jsonl"), _rows(WindowLabel), "rows.jsonl"),
    Target("blocks", "jsonl", _of_made(_blocks, "blocks.jsonl"), _rows(BlockRow), "rows.jsonl"),
    Target("looks", "jsonl", _of_made(_looks, "looks.jsonl"), _rows(LookRow), "rows.jsonl"),
    Target("rounds", "jsonl", _of_made(_gate, "rounds.jsonl"), _rows(RoundRow), "rows.jsonl"),
    Target("experts", "jsonl", _of_made(_family, "experts/*/*.jsonl"), _rows(ExpertRow), "rows.jsonl"),
    Target("loads", "jsonl", given(_line(LOAD), _line(BOUNDED_LOAD)), _rows(LoadRow), "rows.jsonl"),
    Target("calls", "jsonl", _of_made(_agents, "calls.jsonl"), _rows(CallRow), "rows.jsonl"),
    Target("judges", "jsonl", _of_made(_judged, "judges.jsonl"), _rows(JudgeRow), "rows.jsonl"),
    Target("judgements", "jsonl", _of_made(_judged, "judgements.jsonl"), _rows(JudgementRow), "rows.jsonl"),
    Target("labels", "jsonl", _of_made(_judged, "labels.jsonl"), _rows(LabelRow), "rows.jsonl"),
    Target("phases", "jsonl", given(_line(PHASE)), _rows(PhaseRow), "rows.jsonl"),
    Target("passes", "jsonl", given(_line(PASS)), _rows(PassRow), "rows.jsonl"),
    Target(
        "finished",
        "json",
        _whole("finished.json"),
        lambda path: read_finish(RunLayout(path.parent)),
        f"{RUN}/finished.json",
    ),
    *(
        Target(
            f"run-{Path(name).name.replace('.', '-')}",
            form,
            _whole(name),
            _analysed,
            f"{RUN}/{name}",
            named=False,
            weight=0.05,
        )
        for name, form in WHOLE
    ),
    *(
        Target(
            f"verify-{Path(name).name.replace('.', '-')}",
            form,
            _whole(name),
            _rebuilt,
            f"{RUN}/{name}",
            named=False,
            weight=0.05,
        )
        for name, form in WHOLE
    ),
    *(
        Target(
            f"{what}-of-{kind}-{Path(name).name.replace('.', '-')}",
            form,
            _whole(name, make),
            read_it,
            f"{RUN}/{name}",
            named=False,
            weight=0.05,
        )
        for kind, make, files in (("agents", _agents, OF_AGENTS), ("judges", _judged, OF_JUDGES))
        for name, form in files
        for what, read_it in (("run", _analysed), ("verify", _rebuilt))
    ),
    Target(
        "run-power",
        "csv",
        lambda folder: [TRACE.encode()] if write_whole_run(folder) else [],
        _analysed,
        f"{RUN}/power/big/add.csv",
        weight=0.05,
    ),
)
