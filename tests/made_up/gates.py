"""Made-up gates, written by the real writer: two systems asked in turns, round by round."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.made_up.digests import without_digests
from tests.made_up.rows import ANSWER, HEADER, ITEM, START_S, WINDOW
from wattbench.config import GatePolicy
from wattbench.records import (
    BASELINE,
    CANDIDATE,
    SIDES,
    AnswerRow,
    ItemRow,
    RoundRow,
    RunHeader,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowRow,
)
from wattbench_reports.gate.policy import Policy, policy_of

Item = tuple[str, int]
"""Task and document."""


@dataclass(frozen=True)
class FakeSide:
    """How one of the two systems behaves."""

    name: str
    accuracy: float = 0.6
    latency_s: float = 0.5
    slowdown: float = 0.0
    """A share of every answer's seconds, on top."""
    energy_j: float | None = 8.0
    """Of a request; None: no meter reads it."""
    provenance: str = "counter"
    component: str = "gpu0"
    first_token: bool = True
    peak_memory_bytes: int | None = None
    peak_device_memory_bytes: int | None = None
    weights: str | None = None
    content: str = ""
    """Changes the hashes of the documents that it is asked."""
    prompted: str = ""
    """Changes the hashes of its prompts."""
    messages: str = ""
    """Of its prompts, the hash of what they were before a chat template."""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    """What the suite says of its prompts."""
    base_url: str | None = None
    """Of a server that wattbench did not start."""
    output_tokens: int = 5
    """Of every answer."""


@dataclass(frozen=True)
class FakeGate:
    """A whole made-up gate, of two equal systems unless said otherwise."""

    baseline: FakeSide = FakeSide("old")
    candidate: FakeSide = FakeSide("new")
    tasks: tuple[str, ...] = ("chain_sum", "spell_backward")
    judged: tuple[str, ...] = ()
    """The tasks that a judge scores; each has a domain of its name."""
    items: int = 40
    """Of each task, as planned."""
    rounds: int | None = None
    """After which it stopped; None: when there were no more items."""
    block: int = 4
    short: int = 0
    """How many short rounds, of one item each, come first."""
    loads: Mapping[int, int] = field(default_factory=dict)
    """Pair to the load that answered it, where that is not the first."""
    meters: Mapping[str, str] = field(default_factory=lambda: {"gpu0": "counter"})
    """Component to the provenance of its joules, as found when the gate began."""
    long_rounds: bool | None = None
    """What `run.json` says of them; None: nothing, as in older runs."""
    passes: int = 1
    """How often a round's items were asked to fill a window; every figure is once as large all the same."""
    repeats: int = 1
    """How often each item is asked, in one window."""
    invalid: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Round to the reasons that spoil the candidate's window in it."""
    contended: tuple[int, ...] = ()
    """Rounds in which something else ran next to the candidate."""
    killed: bool = False
    """A process died in its first round, whose items were answered slowly, in windows of no round, and are left out."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """What a suite would say under `gate`."""
    planted: Mapping[str, float] | None = None
    base: Mapping[str, object] | None = None
    """As `BaseOfGate.as_record` writes it."""
    environment: Mapping[str, Any] = field(default_factory=lambda: {"cpu": "Example CPU", "gpus": []})
    finished: bool = True
    seed: int = 1
    id: str = "abc123"
    name: str = "demo"

    @property
    def side(self) -> Mapping[str, FakeSide]:
        """Return a side by its name."""
        return {BASELINE: self.baseline, CANDIDATE: self.candidate}

    @property
    def settings(self) -> dict[str, Any]:
        """Return the policy as a record holds it."""
        return GatePolicy.model_validate({"block": self.block, **self.policy}).model_dump(mode="json")


@dataclass
class _Written:
    """The rows that a gate has written so far."""

    writer: RunWriter
    run: str
    fake: FakeGate
    rng: np.random.Generator
    items: list[ItemRow] = field(default_factory=list)
    windows: list[WindowRow] = field(default_factory=list)
    now_s: float = START_S
    coin: bool = True
    """Of the current pair."""
    asked_in: dict[str, int] = field(default_factory=dict)
    """Window to the answers in it."""


def write_gate(root: Path, fake: FakeGate) -> Path:
    """Write the record of a made-up gate and return its directory."""
    run = f"20260102T030405Z-{fake.name}-{fake.id}"
    with RunWriter.create(root / run, _header(run, fake)) as writer:
        for side in fake.side.values():
            writer.append_system(
                SystemRow(
                    system=side.name, kind="specialist", engine="transformers", engine_version="5.1", dtype="bfloat16",
                    device="cpu", weights_sha256=side.weights or "b" * 64, peak_memory_bytes=side.peak_memory_bytes,
                    peak_device_memory_bytes=side.peak_device_memory_bytes,
                )
            )  # fmt: skip
        written = _Written(writer, run, fake, np.random.default_rng(fake.seed))
        rounds = _rounds(fake)
        if fake.killed:
            torn = next(rounds)
            for side in SIDES:
                _answer(written, side, torn, slower=10.0)
        for number, items in enumerate(itertools.islice(rounds, fake.rounds)):
            _round(written, number, items)
        if fake.finished:
            writer.finish(written.items, written.windows, "2026-01-02T03:10:00+00:00")
    return without_digests(root / run) if fake.finished else root / run


def _header(run: str, fake: FakeGate) -> RunHeader:
    systems = {
        side.name: {"kind": "specialist", "engine": "endpoint" if side.base_url else "transformers"}
        | ({"base_url": side.base_url} if side.base_url else {})
        | ({"prompt": dict(side.prompt)} if side.prompt else {})
        for side in fake.side.values()
    }
    return replace(
        HEADER, run=run,
        suite={
            "path": "/somewhere/demo.yaml",
            "suite": {
                "name": fake.name,
                "measure": {"scenario": "single-stream", "batch": 1, "repeats": fake.repeats, "seed": fake.seed},
                "tasks": {"select": [{"task": task, "score": {"judge": "critic"}} for task in fake.judged]},
            },
            "systems": systems,
        },
        suite_sha256="ab" * 32, created_utc="2026-01-02T03:04:05+00:00", command=["wattbench", "gate", "demo.yaml"],
        environment=dict(fake.environment), meters=dict(fake.meters),
        cells=[
            {"system": side.name, "kind": "specialist", "task": task, "items": fake.items,
             "domain": task if task in fake.judged else "text", "task_version": "1.0", "docs_sha256": "d" * 64,
             "task_sha256": "a" * 64}
            for side in fake.side.values()
            for task in fake.tasks
        ],
        gate={
            side: {"name": system.name, "system": system.name} for side, system in fake.side.items()
        } | {"policy": fake.settings, "policy_source": "demo.yaml", "planted": fake.planted, "seed": fake.seed}
        | {"base": fake.base}
        | ({} if fake.long_rounds is None else {"long_rounds": fake.long_rounds}),
    )  # fmt: skip


def _rounds(fake: FakeGate) -> Iterator[list[Item]]:
    """Return the items of each round, those of a task in order: short rounds first."""
    items = [(task, doc_id) for doc_id in range(fake.items) for task in fake.tasks]
    for item in items[: fake.short]:
        yield [item]
    for start in range(fake.short, len(items), fake.block):
        yield items[start : start + fake.block]


def _round(written: _Written, number: int, items: list[Item]) -> None:
    windows, scores = {}, {}
    long = number >= written.fake.short
    if number % 2 == 0:
        written.coin = written.rng.random() < 0.5
    order = SIDES if written.coin == (number % 2 == 0) else SIDES[::-1]
    for side in order:
        spoiled = written.fake.invalid.get(number, ()) if side == CANDIDATE else ()
        spoiled = spoiled if long else (*spoiled, "0.5 s, shorter than the 1.0 s that a window needs")
        contended = side == CANDIDATE and number in written.fake.contended
        answers, window = _answer(written, side, items, spoiled=spoiled, contended=contended)
        windows[side] = window.window
        scores[side] = _scores(written, side, items)
        for task, of_task in answers.items():
            written.items += _item_rows(written, side, task, of_task, scores[side][task], window)
    written.writer.append_round(
        RoundRow(
            number=number, pair=number // 2, first=order[0], items=items, windows=windows, scores=scores, long=long,
            load=written.fake.loads.get(number // 2, 0),
        )
    )  # fmt: skip


def _answer(
    written: _Written,
    side: str,
    items: Sequence[Item],
    *,
    slower: float = 1.0,
    spoiled: tuple[str, ...] = (),
    contended: bool = False,
) -> tuple[dict[str, list[AnswerRow]], WindowRow]:
    """Ask one system a round: its answers, and the window about them."""
    system, fake = written.fake.side[side], written.fake
    name = f"w{len(written.windows):04d}"
    started_s = written.now_s
    rows: dict[str, list[AnswerRow]] = {}
    for repeat, (task, doc_id) in itertools.product(range(fake.repeats), items):
        took_s = system.latency_s * (1 + system.slowdown) * slower * (0.5 + written.rng.random())
        rows.setdefault(task, []).append(
            replace(
                ANSWER, doc_id=doc_id, repeat=repeat, prompt="What is it?", messages_hash=system.messages,
                prompt_hash=f"p-{task}-{doc_id}{system.prompted}", replies=["42"], prompt_tokens=30,
                output_tokens=system.output_tokens, scheduled_s=written.now_s, started_s=written.now_s,
                first_token_s=written.now_s + took_s / 4 if system.first_token else None, token_s=[],
                finished_s=written.now_s + took_s, batch=doc_id, window=name,
            )
        )  # fmt: skip
        written.writer.append_answer(system.name, task, rows[task][-1])
        written.now_s += took_s
    joules = None if system.energy_j is None else system.energy_j * slower * len(items) * fake.repeats * fake.passes
    window = replace(
        WINDOW, window=name, run=written.run, system=system.name, task=None, started_s=started_s,
        finished_s=written.now_s, energy_j={} if joules is None else {system.component: joules}, idle_w={},
        provenance={} if joules is None else {system.component: system.provenance}, passes=fake.passes,
        valid=joules is not None and not spoiled, contended=contended,
        reasons=list(spoiled) if joules is not None else ["nothing was measured: no meter was read"],
    )  # fmt: skip
    written.writer.append_window(window)
    written.windows.append(window)
    written.asked_in[name] = len(items) * fake.repeats
    return rows, window


def _scores(written: _Written, side: str, items: Sequence[Item]) -> dict[str, list[ScoreRow]]:
    """Draw scores of both systems, for which the same documents are hard."""
    system = written.fake.side[side]
    rows: dict[str, list[ScoreRow]] = {}
    for repeat, (task, doc_id) in itertools.product(range(written.fake.repeats), items):
        hardness = np.random.default_rng(doc_id + 1000 * len(task)).random()
        correct = float(0.7 * hardness + 0.3 * written.rng.random() < system.accuracy)
        judged = task in written.fake.judged
        rows.setdefault(task, []).append(
            ScoreRow(
                doc_id=doc_id, repeat=repeat, doc_hash=f"{task}-{doc_id}{system.content}", target="42",
                filtered="42" if correct else "41", correct=None if judged else correct,
                metrics={} if judged else {"exact_match,none": correct},
            )
        )  # fmt: skip
    return rows


def _item_rows(
    written: _Written,
    side: str,
    task: str,
    answers: Sequence[AnswerRow],
    scores: Sequence[ScoreRow],
    window: WindowRow,
) -> Iterator[ItemRow]:
    joules = window.total_j if window.valid else None
    for answer, score in zip(answers, scores, strict=True):
        same = ("doc_id", "prompt_hash", "repeat", "output_tokens", "scheduled_s", "started_s", "first_token_s",
                "finished_s", "batch", "window", "prompt")  # fmt: skip
        yield replace(
            ITEM, **{name: getattr(answer, name) for name in same}, run=written.run,
            system=written.fake.side[side].name, kind="specialist", task=task, domain="text", doc_hash=score.doc_hash,
            correct=score.correct, metrics=json.dumps(score.metrics), energy_provenance=window.provenance_label,
            energy_j=None if joules is None else joules / written.asked_in[window.window] / window.passes,
        )  # fmt: skip


def gate_policy(**settings: Any) -> Policy:
    """Return the reports' policy of a suite's `gate` settings."""
    return policy_of(GatePolicy.model_validate(settings))
