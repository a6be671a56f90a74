"""What measuring costs: the same requests through lm-eval alone and through wattbench, side by side in one run.

Cell by cell, as `blocks: 1` asks; and in blocks, as users' runs do.

lm-eval alone is `lm_eval.simple_evaluate` with its own, unstamped model class around the very same weights, with the
same documents, prompts, batch and threads. The two take turns, and which goes first changes from round to round, so
that a machine that slows down slows both. Of the rounds the fastest of each counts: what disturbs one only ever adds.

Compared is the time between the moment lm-eval hands over a task's requests and the moment it has all answers. On
wattbench's side that holds everything it adds: a stamp on every token, a record with an fsync for every item, the
sampling thread of this machine's meters, and the opening and closing of windows. Not compared is what a suite asks for
on purpose and states as windows of its own: loading, idle, warm-up, and further passes until a window is long
enough. The whole cell (task, prompts and scores included) is told beside it; there lm-eval's own report on the
environment counts against lm-eval.

In blocks it is a whole run, `blocks: auto`, with the machine watched: compared are its turns, from the choice of what
to ask to the end of the turn, less the warm-up in them. lm-eval alone is asked the same items, task by task.

Left out are hybrids, which lm-eval alone cannot ask.
"""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from wattbench.config import Resolved, TaskChoice, load_suite
from wattbench.measure.ask_items import ItemRequests, ask_items, items_of
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext, WindowNames, measuring
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.measure.scorer import Scorer
from wattbench.meters import Metering, choose, meters_for, survey
from wattbench.progress import Display, Log
from wattbench.records import SCHEMA_VERSION, RunHeader, RunWriter, read_run
from wattbench.scenarios.blocks import run_blocks
from wattbench.scenarios.blocks.turn import Turns
from wattbench.systems import Engine, open_engine, release_base
from wattbench.tasks.loading import quiet_lm_eval
from wattbench.tasks.requests import requests_by_document

MOST = 0.03
"""Of the wall time of the suite's answers."""
ROUNDS = int(os.environ.get("WATTBENCH_BENCH_ROUNDS", "5"))
ITEMS = int(os.environ.get("WATTBENCH_BENCH_DOCUMENTS", "8"))
"""Of each cell, as in the quick suite."""
CELLS = {
    "generalist": "addition",
    "generalist-tuned": "syllogism",
    "specialist-arithmetic": "gcd",
    "specialist-logic": "family_relationships",
    "moe": "weekday_offset",
    "distilled": "letter_counting",
    "rules-arithmetic": "addition",
}
"""Of the quick suite: every system that lm-eval can ask, each on one task."""


IN_BLOCKS = ("generalist", "specialist-arithmetic", "distilled", "rules-arithmetic")
"""Of them, those that are asked every task in blocks."""
ITEMS_IN_BLOCKS = max(ITEMS // 2, 1)
"""Of each task."""


Clocked = list[tuple[float, float]]
"""Wall and processor seconds of calls."""


@dataclass
class Side:
    """One of the two ways to run a cell."""

    answering_s: list[float] = field(default_factory=list)
    """Per round, seconds from the requests to the last answer."""
    processor_s: list[float] = field(default_factory=list)
    """Per round, processor time of this process for that: less moved by what else runs on the machine."""
    cell_s: list[float] = field(default_factory=list)
    """Per round, seconds for the whole cell."""
    answers: list[list[str]] = field(default_factory=list)
    """Per round, what was answered: it has to be the same."""

    def clock(self, generate: Callable[..., list[str]]) -> Callable[..., list[str]]:
        """Call the method, and record its seconds."""

        def clocked(requests: Any, *args: Any, **kwargs: Any) -> list[str]:
            before, processor_before = time.perf_counter(), time.process_time()
            texts = generate(requests, *args, **kwargs)
            self.answering_s.append(time.perf_counter() - before)
            self.processor_s.append(time.process_time() - processor_before)
            self.answers.append(texts)
            return texts

        return clocked


@pytest.fixture(scope="module")
def suite() -> Iterator[Resolved]:
    """Load the quick suite."""
    quiet_lm_eval()
    yield load_suite("quick")
    release_base()


def test_wattbench_takes_little_longer_than_lm_eval_alone(benchmark: Any, suite: Resolved, tmp_path: Path) -> None:
    """Run all cells `ROUNDS` times each way; the answers have to be the same."""
    print(f"\n\n{'system':<22} {'lm-eval':>9} {'wattbench':>9} {'tax':>8} {'per item':>9}   whole cell, each")
    cells: dict[str, tuple[Side, Side]] = {}

    def all_cells() -> None:
        for name, task in CELLS.items():
            cells[name] = _both_ways(suite, name, task, writer)
            _print(name, *cells[name])  # as it comes: the whole takes minutes

    with RunWriter.create(tmp_path / "run", _header()) as writer:
        benchmark.pedantic(all_cells, rounds=1)
    for name, (alone, ours) in cells.items():
        benchmark.extra_info[name] = {
            "lm_eval_s": alone.answering_s, "wattbench_s": ours.answering_s,
            "lm_eval_processor_s": alone.processor_s, "wattbench_processor_s": ours.processor_s,
        }  # fmt: skip
        assert ours.answers == alone.answers
    alone_s, ours_s = (sum(min(cell[side].answering_s) for cell in cells.values()) for side in (0, 1))
    tax = ours_s / alone_s - 1.0
    benchmark.extra_info["tax"] = tax
    print(f"{'all of them':<22} {alone_s:8.2f}s {ours_s:8.2f}s {tax:+8.2%}")
    alone_s, ours_s = (sum(min(cell[side].processor_s) for cell in cells.values()) for side in (0, 1))
    print(f"{'  in processor time':<22} {alone_s:8.2f}s {ours_s:8.2f}s {ours_s / alone_s - 1.0:+8.2%}")
    assert tax <= MOST


def test_a_run_in_blocks_takes_little_longer_than_lm_eval_alone(
    benchmark: Any, suite: Resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the same items of every task `ROUNDS` times each way; the answers have to be the same."""
    alone, ours = Side(), Side()
    turns, warm_ups = (_clocked(monkeypatch, *method) for method in ((Turns, "ask"), (CellRecorder, "warm_up")))
    ways = [lambda: _tasks_alone(suite, alone), lambda: _run_in_blocks(suite, tmp_path, turns, warm_ups, ours)]

    def all_rounds() -> None:
        for number in range(ROUNDS):
            for way in ways if number % 2 else reversed(ways):
                way()

    benchmark.pedantic(all_rounds, rounds=1)
    assert ours.answers == alone.answers
    alone_s, ours_s = min(alone.answering_s), min(ours.answering_s)
    benchmark.extra_info |= {
        "lm_eval_s": alone.answering_s, "wattbench_s": ours.answering_s, "tax": ours_s / alone_s - 1.0,
        "lm_eval_processor_s": alone.processor_s, "wattbench_processor_s": ours.processor_s,
    }  # fmt: skip
    print(f"\n\n{'a run in blocks':<22} {alone_s:8.2f}s {ours_s:8.2f}s {ours_s / alone_s - 1.0:+8.2%}")
    alone_s, ours_s = min(alone.processor_s), min(ours.processor_s)
    print(f"{'  in processor time':<22} {alone_s:8.2f}s {ours_s:8.2f}s {ours_s / alone_s - 1.0:+8.2%}")
    assert benchmark.extra_info["tax"] <= MOST


def _clocked(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> Clocked:
    """Record the wall and processor seconds of each call of a method."""
    seconds: Clocked = []
    original = getattr(owner, method)

    def clocked(self: Any, *args: Any) -> None:
        before, processor_before = time.perf_counter(), time.process_time()
        original(self, *args)
        seconds.append((time.perf_counter() - before, time.process_time() - processor_before))

    monkeypatch.setattr(owner, method, clocked)
    return seconds


def _tasks_alone(suite: Resolved, total: Side) -> None:
    """Run one round through lm-eval alone: each system loaded and asked once beforehand, then each of its tasks."""
    round_ = Side()
    for name in IN_BLOCKS:
        with open_engine(name, suite.systems[name], batch=1, seed=0) as engine:
            choices = [choice.model_copy(update={"limit": ITEMS_IN_BLOCKS}) for choice in suite.tasks]
            _alone(suite, name, engine, choices[0], Side())
            for choice in choices:
                _alone(suite, name, engine, choice, round_)
    total.answering_s.append(sum(round_.answering_s))
    total.processor_s.append(sum(round_.processor_s))
    total.answers.append([text for texts in round_.answers for text in texts])


def _run_in_blocks(suite: Resolved, folder: Path, turns: Clocked, warm_ups: Clocked, total: Side) -> None:
    """Run one round through wattbench as a user's run does, without repeats for a sensor."""
    settings = {"idle_s": 0.0, "min_window_s": 0.0, "blocks": "auto", "busy": "mark"}
    measure = suite.suite.measure.model_copy(update=settings)
    resolved = replace(suite, suite=suite.suite.model_copy(update={"measure": measure}))
    resolved = resolved.narrowed(systems=IN_BLOCKS, limit=ITEMS_IN_BLOCKS)
    cells, chosen = plan(resolved), choose()
    writer = new_run(folder, resolved, cells, chosen.provenance, ["bench"])
    for clocked in (turns, warm_ups):
        clocked.clear()
    with measuring(writer, resolved, chosen, Display([], Log())) as context:
        context.metering.shortest_window_s = 0.0
        run_blocks(context, cells)
    for which, seconds in enumerate((total.answering_s, total.processor_s)):
        seconds.append(sum(one[which] for one in turns) - sum(one[which] for one in warm_ups))
    records = read_run(writer.layout.root)
    rows = [sorted(records.answers(name, choice.task), key=lambda row: row.doc_id)
            for name in IN_BLOCKS for choice in resolved.tasks]  # fmt: skip
    total.answers.append([str(row.replies[0]) for of_task in rows for row in of_task])


def _both_ways(suite: Resolved, name: str, task: str, writer: RunWriter) -> tuple[Side, Side]:
    choice = next(choice for choice in suite.tasks if choice.task == task).model_copy(update={"limit": ITEMS})
    alone, ours = Side(), Side()
    with open_engine(name, suite.systems[name], batch=1, seed=0) as engine:
        ways = [
            lambda: _alone(suite, name, engine, choice, alone),
            lambda: _ours(suite, name, engine, choice, writer, ours),
        ]
        for way in ways:  # once each beforehand: what is compiled or cached on the way is nobody's tax
            way()
        for side in (alone, ours):
            side.answering_s.clear()
            side.processor_s.clear()
            side.cell_s.clear()
            side.answers.clear()
        for number in range(ROUNDS):
            for way in ways if number % 2 else reversed(ways):
                way()
    return alone, ours


def _alone(suite: Resolved, name: str, engine: Engine, choice: TaskChoice, side: Side) -> None:
    """Run a cell as a user of lm-eval does."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    prompt, model = suite.systems[name].prompt, getattr(engine.lm, "model", None)
    lm: Any = engine.lm
    if model is not None:
        lm = HFLM(pretrained=model, tokenizer=engine.lm.tokenizer, backend="causal", batch_size=1)
    generate = lm.generate_until
    lm.generate_until = side.clock(generate)
    with Metering(meters_for(survey())):
        pass  # the seconds that opening meters takes are a rest for the processor: both ways begin rested alike
    before = time.perf_counter()
    lm_eval.simple_evaluate(
        model=lm,
        tasks=[choice.task],
        num_fewshot=prompt.fewshot,
        limit=choice.limit,
        task_manager=TaskManager(
            include_path=[str(path) for path in suite.suite.tasks.include], include_defaults=False
        ),
        apply_chat_template=prompt.chat,
        fewshot_as_multiturn=prompt.chat and prompt.multiturn,
        bootstrap_iters=0,
    )
    side.cell_s.append(time.perf_counter() - before)
    lm.generate_until = generate


def _ours(suite: Resolved, name: str, engine: Engine, choice: TaskChoice, writer: RunWriter, side: Side) -> None:
    """Run a cell as `wattbench.scenarios.closed_loop` does, with the meters of this machine."""
    measure = suite.suite.measure.model_copy(update={"min_window_s": 0.0, "warmup": 0})  # nothing is asked twice
    suite = replace(suite, suite=suite.suite.model_copy(update={"measure": measure}))
    cell = secrets.token_hex(4)  # each round is a cell of its own
    with Metering(meters_for(survey())) as metering:
        metering.shortest_window_s = 0.0  # nor is an item asked again for a sensor's sake
        before = time.perf_counter()
        context = MeasuringContext(suite, writer, metering, WindowNames("bench", 0), Display([], Log()))
        context.trace_to(name, cell)
        recorder = CellRecorder(context, engine, system=name, task=cell, idle_w={})

        def answer(asks: list[ItemRequests]) -> list[str]:
            rows = list(ask_items(engine, recorder, asks, batch=1, numbers=itertools.count()))
            recorder.done()
            return [row.replies[0] for row in rows]

        requests = requests_by_document(suite, choice, suite.systems[name].prompt, measure, engine.lm)
        side.clock(answer)([ask for each in requests.values() for ask in items_of(each[0].request_type, each)])
        writer.write_scores(name, cell, Scorer(suite, choice).score(recorder.rows[cell]))
        side.cell_s.append(time.perf_counter() - before)


def _print(name: str, alone: Side, ours: Side) -> None:
    alone_s, ours_s = min(alone.answering_s), min(ours.answering_s)
    print(
        f"{name:<22} {alone_s:8.2f}s {ours_s:8.2f}s {ours_s / alone_s - 1.0:+8.2%} "
        f"{1000 * (ours_s - alone_s) / ITEMS:+6.1f} ms   {min(alone.cell_s):.2f} s and {min(ours.cell_s):.2f} s",
        flush=True,
    )


def _header() -> RunHeader:
    return RunHeader(
        schema_version=SCHEMA_VERSION, run="bench", suite={}, suite_sha256="", created_utc="", command=[],
        environment={}, meters={}, cells=[],
    )  # fmt: skip
