"""A run in blocks with all of its lines, whole or as shards: what is measured of a block is the same in both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wattbench.measure.rebuilt_tables import rebuild
from wattbench.records import (
    SCHEMA_VERSION,
    AnswerRow,
    BlockPlan,
    BlockRow,
    CallRow,
    EstimateRow,
    PhaseRow,
    Purpose,
    RunHeader,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowLabel,
    WindowRow,
    read_run,
)
from wattbench.records.rows.experts import ExpertRow
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow, answer_digest
from wattbench.records.rows.phases import TOTAL, Split
from wattbench.records.rows.spending import SpentRow
from wattbench.records.rows.windows import PassRow
from wattbench.records.trace import COLUMNS
from wattbench.scenarios.blocks.turn import Block, deal, order_of

START_S = 1_700_000_000.0
BLOCK_S = 1000.0
SYSTEMS = (("big", "generalist", 0.5), ("small", "specialist", 0.25), ("both", "hybrid", 0.75))
"""Name, kind and seconds of an answer."""
TASKS = {"add": 11, "spell": 3}
"""Of the second one, not every block has a document."""
OF, SEED, REPEATS = 6, 5, 2
AGAIN, INVALID, FAILED = 2, 3, 4
JUDGE, JUDGED_TASK = "critic", "add"
"""Blocks that were asked twice, that have a window which is not valid, and a request that failed."""


def _trace_of(meter: str) -> str:
    """Return a trace of one reading, long before the windows."""
    return f"{','.join(COLUMNS)}\n1.0,{meter},cpu,1.0,,,,counter,0.1\n"


@dataclass(frozen=True)
class Made:
    """How a run of some blocks is made up."""

    blocks: Sequence[int] = tuple(range(OF))
    """In the order in which they are asked."""
    node: str = "0123456789ab"
    shard: bool = True
    finished: bool = True
    gpu: str = "gpu0"
    """What is metered next to the processor."""
    judged: bool = False
    """Whether a judge scores the answers to `JUDGED_TASK`, of which people label some."""
    agent: bool = False
    """Whether the first system is an agent, whose answers take two model calls each."""
    name: str = "ab"
    """The last part of its name."""
    header: Mapping[str, Any] | None = None
    """Fields of the header that are others."""
    system: Mapping[str, Any] | None = None
    """Fields of the row of the first system that are others."""


def write_shard(folder: Path, made: Made) -> Path:
    """Write a run of some blocks, or with all of them and `shard=False` a whole run; return its directory."""
    numbers = sorted(made.blocks)
    run = f"20260102T0304{numbers[0]:02}Z-shards-{len(numbers):02}{numbers[-1]:02}{made.name}"
    with RunWriter.create(folder / run, _header(run, made)) as writer:
        names = _Names(run, made)
        for name, kind, _ in SYSTEMS:
            window = names.open(writer, name, Purpose.LOAD, START_S - 5.0)
            writer.append_window(_window(window, made.gpu, START_S - 1.0, 3.0))
            more = made.system if made.system is not None and name == "big" else {}
            row = SystemRow(
                system=name, kind=kind, engine="python", load_s=4.0, node=made.node, load_window=window.window
            )
            writer.append_system(replace(row, **more))
            trace = writer.layout.trace(name, None, shard=f"b{numbers[0] + 1}" if made.shard else "")
            trace.parent.mkdir(parents=True)
            trace.write_text(_trace_of(f"loading on {made.node}"))
        plan = BlockPlan(blocks=OF, seed=SEED, resident="all", chosen_by="shards", why=f"{OF} blocks")
        writer.write_block_plan(plan)
        calls = dict.fromkeys((name for name, _, _ in SYSTEMS), 0)
        for block in (deal(TASKS, OF, SEED)[number] for number in made.blocks):
            for attempt in (0, 1) if block.number == AGAIN else (0,):
                _write_attempt(writer, names, block, attempt, calls)
        if made.judged:
            _judge(writer, names)
        if made.finished:
            _finish(writer, made.gpu, judged=made.judged)
    return folder / run


def _judge(writer: RunWriter, names: _Names) -> None:
    """Let a judge score the answers to a task, and a person some of them: by the answer alone."""
    records, made = read_run(writer.layout.root), names.made
    writer.append_judge(JudgeRow(judge=JUDGE, task=JUDGED_TASK, scale="pass", rubric="Be kind.", prompt_version="1"))
    label = names.open(writer, JUDGE, Purpose.JUDGING, START_S + BLOCK_S * 20)
    for name, _, _ in SYSTEMS:
        for row in records.answers(name, JUDGED_TASK):
            if row.failure is not None:
                continue
            of_answer = {"system": name, "task": JUDGED_TASK, "doc_id": row.doc_id, "repeat": row.repeat}
            of_answer["answer_sha256"] = answer_digest(row.replies[0])
            verdict = float(random.Random(str(of_answer)).random() < 0.7)
            writer.append_judgement(
                JudgementRow(
                    **of_answer, judge=JUDGE, verdict=verdict, prompt_hash="j",
                    reply=f"Verdict: {'pass' if verdict else 'fail'}",
                    started_s=START_S + BLOCK_S * 20, finished_s=START_S + BLOCK_S * 20 + 1, window=label.window,
                )
            )  # fmt: skip
            if made.finished:
                writer.append_labels(
                    [
                        LabelRow(
                            **of_answer, score=1.0 - verdict * 0.5, person="ada", labelled_utc="2026-01-03T00:00:00Z"
                        )
                    ]
                )
    writer.append_window(_window(label, made.gpu, START_S + BLOCK_S * 20 + 1, 2.0))


def _header(run: str, made: Made) -> RunHeader:
    header = RunHeader(
        schema_version=SCHEMA_VERSION, run=run,
        suite={"path": "/suites/s.yaml", "suite": {"name": "shards", "measure": {"repeats": REPEATS}}, "systems": {}},
        suite_sha256="ab" * 32, created_utc="2026-01-02T03:04:05+00:00",
        command=["wattbench", "run", "my suite.yaml", "--limit", "11", "--block", "1/6"],
        environment={"hostname": f"host of {made.node}", "cpu": {"model": "Example"}},
        meters={"cpu": "rapl", made.gpu: "counter"},
        cells=[
            {"system": name, "kind": kind, "task": task, "domain": f"of {task}", "items": items, "docs_sha256": "1"}
            for name, kind, _ in SYSTEMS
            for task, items in TASKS.items()
        ],
        node=made.node,
        shard={"blocks": sorted(made.blocks), "of": OF, "seed": SEED} if made.shard else None,
    )  # fmt: skip
    return replace(header, **(made.header or {}))


@dataclass
class _Names:
    run: str
    made: Made
    number: int = 0

    def open(
        self,
        writer: RunWriter,
        system: str,
        purpose: Purpose,
        started_s: float,
        block: int | None = None,
        attempt: int = 0,
    ) -> WindowLabel:
        self.number += 1
        prefix = f"b{min(self.made.blocks) + 1}-" if self.made.shard else ""
        label = WindowLabel(
            window=f"{prefix}w{self.number:04d}", run=self.run, system=system, task=None, purpose=purpose,
            started_s=started_s, block=block, attempt=attempt, node=self.made.node,
        )  # fmt: skip
        writer.append_open_window(label)
        return label


def _window(label: WindowLabel, gpu: str, finished_s: float, energy_j: float, **more: Any) -> WindowRow:
    assert label.started_s is not None
    return WindowRow(
        window=label.window, run=label.run, system=label.system, task=None, purpose=label.purpose,
        started_s=label.started_s, finished_s=finished_s, energy_j=dict.fromkeys(("cpu", gpu), energy_j),
        provenance={"cpu": "rapl", gpu: "counter"}, idle_w=dict.fromkeys(("cpu", gpu), 0.5), samples=9,
        block=label.block, attempt=label.attempt, node=label.node, **more,
    )  # fmt: skip


def _write_attempt(writer: RunWriter, names: _Names, block: Block, attempt: int, calls: dict[str, int]) -> None:
    """Ask all systems a block: what comes of it depends on the block and the attempt alone."""
    at_s = START_S + BLOCK_S * (2 * block.number + attempt)
    order = order_of([name for name, _, _ in SYSTEMS], SEED, block.number, attempt)
    windows = {}
    for name in order:
        draw = random.Random(f"{name} {block.number} {attempt}")
        label = names.open(writer, name, Purpose.MEASURED, at_s, block.number, attempt)
        windows[name] = [label.window]
        is_agent = names.made.agent and name == SYSTEMS[0][0]
        at_s = _ask(writer, label, name, block, draw, calls, is_agent=is_agent)
        passes = 3 if block.number % 2 and not is_agent else 1
        broken = block.number == INVALID and name == "small"
        writer.append_window(
            _window(
                label, names.made.gpu, at_s, draw.uniform(50.0, 90.0), passes=passes, own_cpu_s=draw.uniform(0.0, 1.0),
                valid=not broken, reasons=["too short"] if broken else [],
            )
        )  # fmt: skip
        if passes > 1:
            writer.append_passes(
                [PassRow(window=label.window, number=0, started_s=at_s - 9.0, finished_s=at_s, passes=passes)]
            )
        trace = writer.layout.trace(name, None, block.number)
        trace.write_text(_trace_of(f"block {block.number} of {name}"))
    writer.append_block(
        BlockRow(
            number=block.number, attempt=attempt, order=order, doc_ids=block.doc_ids, windows=windows,
            node=label.node, contended={order[0]: ["steal"]} if block.number == AGAIN and attempt == 0 else {},
        )
    )  # fmt: skip


def _ask(
    writer: RunWriter,
    label: WindowLabel,
    name: str,
    block: Block,
    draw: random.Random,
    calls: dict[str, int],
    *,
    is_agent: bool,
) -> float:
    """Write the answers of a system in a block, two in each call, and return when the last one ended."""
    seconds = next(rest for each, _, rest in SYSTEMS if each == name)
    at_s = label.started_s or 0.0
    wanted = [(*key, repeat) for repeat in range(REPEATS) for key in block.items]
    for pair in (wanted[at : at + 2] for at in range(0, len(wanted), 2)):
        number = calls[name]
        calls[name] += 1
        for task, doc_id, repeat in pair:
            took_s = seconds * draw.uniform(0.5, 1.5)
            failed = block.number == FAILED and name == "big" and doc_id == block.items[0][1] and repeat == 0
            hybrid = {"route": "big", "route_score": 0.5, "router_s": took_s / 8, "route_asked": ["big"]}
            session = f"{block.number}-{label.attempt}-{task}-{doc_id}-{repeat}"
            if is_agent:
                _call_twice(writer, name, session, at_s, took_s, draw)
            writer.append_answer(
                name,
                task,
                AnswerRow(
                    doc_id=doc_id, repeat=repeat, request_type="generate_until", prompt_hash=f"{task} {doc_id}",
                    prompt=f'Say "batch": 3, "batch_size": 1 or "block": 7, "attempt": 0 of {doc_id} ä \\u0000',
                    replies=["" if failed else f'42 {{"block": {doc_id}, "attempt": 1}}'], prompt_tokens=9,
                    output_tokens=3, scheduled_s=at_s, started_s=at_s, first_token_s=at_s + took_s / 4,
                    finished_s=at_s + took_s, batch=number, batch_size=len(pair), window=label.window,
                    block=block.number, attempt=label.attempt, failure="HTTP 500" if failed else None,
                    **(hybrid if name == "both" else {}),
                    **({"session": session, "calls": 2, "ended": "answered", "agent_cpu_s": 0.01} if is_agent else {}),
                ),
            )  # fmt: skip
        at_s += seconds * 1.5
    return at_s


def _call_twice(writer: RunWriter, system: str, session: str, at_s: float, took_s: float, draw: random.Random) -> None:
    """Write two model calls of an attempt, one after the other."""
    for number, part in enumerate((0.1, 0.6)):
        began_s = at_s + part * took_s
        writer.append_call(
            CallRow(
                call=f"{session}-{number}", session=session, system=system, protocol="chat", path="/v1/chat",
                started_s=began_s, first_byte_s=began_s + 0.1 * took_s, finished_s=began_s + 0.3 * took_s, status=200,
                streamed=True, prompt_tokens=draw.randint(10, 90), output_tokens=draw.randint(10, 90),
            )
        )  # fmt: skip


def _finish(writer: RunWriter, gpu: str, *, judged: bool) -> None:
    """Write scores, sums and tables as a run with blocks does at its end."""
    records = read_run(writer.layout.root)
    plan = {(str(cell["system"]), str(cell["task"])): cell for cell in records.header.cells}
    for system in dict.fromkeys(system for system, _ in plan):
        _write_sums(writer, gpu, system, [row for row in records.windows() if row.system == system])
    for system, task in plan:
        answers = sorted(records.answers(system, task), key=lambda row: (row.repeat, row.doc_id))
        scores = [_score(task, row) for row in answers]
        if judged and task == JUDGED_TASK:
            scores = [replace(score, correct=None, metrics={}) for score in scores]
        writer.write_scores(system, task, scores)
        if system == "small":
            of_items = sorted(answers, key=lambda row: (row.doc_id, row.repeat))
            rows = [ExpertRow(doc_id=row.doc_id, repeat=row.repeat, tokens=9, counts=[[4, 5]]) for row in of_items]
            writer.write_experts(system, task, rows)
        writer.append_estimates(
            [
                EstimateRow(
                    system=system, task=task, answered_by=system, requests=len(answers), estimated=len(answers),
                    **{
                        name: [1.0 * len(answers), 2.0 * len(answers)] if answers else []
                        for name in ("energy_j", "co2_g", "water_l")
                    },
                )
            ]
        )  # fmt: skip
        first = len(read_run(writer.layout.root).spending())
        for number, row in enumerate(answers, start=first):
            writer.append_spent(SpentRow(number=number, system=system, cost=0.25, currency="EUR", at_s=row.finished_s))
    records = read_run(writer.layout.root)
    whole = rebuild(records, records.windows())
    writer.finish(whole.items, whole.windows, "2026-01-02T04:00:00+00:00", whole.calls)


def _score(task: str, row: AnswerRow) -> ScoreRow:
    right = float(row.failure is None and (row.doc_id * 7 + row.repeat + (row.block or 0)) % 3 > 0)
    return ScoreRow(
        doc_id=row.doc_id, repeat=row.repeat, doc_hash=f"{task} {row.doc_id}", target="42", filtered="42",
        correct=right, metrics={"exact_match,none": right},
    )  # fmt: skip


def _write_sums(writer: RunWriter, gpu: str, system: str, rows: Iterable[WindowRow]) -> None:
    valid = [row for row in rows if row.purpose == Purpose.MEASURED and row.valid]
    for component in ("cpu", gpu, TOTAL):
        energy_j = sum(
            (row.total_j or 0.0 if component == TOTAL else row.energy_j[component]) / row.passes for row in valid
        )
        writer.append_phase(
            PhaseRow(
                system=system, task=None, component=component, provenance="counter" if component == gpu else "rapl",
                items=len(valid), prefill_s=len(valid), decode_s=3.0 * len(valid), other_s=0.0, energy_j=energy_j,
                prefill_j=0.25 * energy_j, prefill_low_j=0.2 * energy_j, prefill_high_j=0.3 * energy_j,
                decode_j=0.75 * energy_j, decode_low_j=0.7 * energy_j, decode_high_j=0.8 * energy_j, other_j=0.0,
                method=Split.FITTED, readings=10 * len(valid),
            )
        )  # fmt: skip


def rewrite(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file, such as a `run.json`."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
