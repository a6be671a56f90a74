"""A run with agents, with all of its lines and readings: sessions of several model calls, divided by the real code.

The server draws `IDLE_W`, and `CALL_W` more for each call in flight: what a call truly drew is its seconds of `CALL_W`
and its part of `IDLE_W`.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from tests.made_up.rows import ANSWER, HEADER, START_S
from wattbench.machine.environment import installation
from wattbench.measure.rebuilt_tables import rebuild
from wattbench.meters import Reading
from wattbench.meters.sampling.trace import TraceWriter
from wattbench.records import (
    AnswerRow,
    CallRow,
    Purpose,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowLabel,
    WindowRow,
    read_run,
)
from wattbench.records.rows.answers import Ended

IDLE_W = 64.0
CALL_W = 256.0
PROCESSOR_W = 16.0
OWN_CPU_SHARE = 0.5
"""CPU seconds of all own processes in a second of a window."""
READ_EVERY_S = 0.25

PRICE: Mapping[str, object] = {
    "input_per_million": 3.0, "cached_input_per_million": 0.3, "output_per_million": 15.0, "currency": "USD",
}  # fmt: skip


@dataclass(frozen=True)
class FakeAgent:
    """How a made-up agent behaves."""

    name: str
    solves: float = 0.5
    """The share of its attempts that are solved."""
    calls: tuple[int, int] = (3, 8)
    """The fewest and the most model calls of an attempt."""
    call_s: float = 2.0
    """The mean seconds of a call."""
    wait_s: float = 1.0
    """What a tool takes between two calls, with no call in flight."""
    grows: int = 800
    """Tokens by which the prompt grows from call to call."""
    cached: float = 0.85
    """The share of what the prompt was before that is in the cache."""
    streamed: bool = True
    unrecorded: float = 0.0
    """The share of its calls without tokens."""
    fails: Sequence[Ended] = ("agent", "limit", "server", "harness")
    """How every tenth attempt ends, in turn; empty: all are answered."""
    reported: float | None = 1.0
    """What it reports of the money that its tokens cost, as a share; None: nothing."""
    agent_cpu: float | None = 0.1
    """CPU seconds of its own processes in a second; None: not recorded."""
    kind: str = "generalist"


@dataclass(frozen=True)
class FakeAgentRun:
    """A whole run of agents, and of systems that answer with one call."""

    agents: tuple[FakeAgent, ...] = (
        FakeAgent("careful", solves=0.7),
        FakeAgent("hasty", solves=0.4, calls=(1, 4), call_s=1.0, kind="specialist"),
    )
    plain: tuple[str, ...] = ("plain",)
    """Systems without a session, which a document takes a second."""
    tasks: tuple[tuple[str, str], ...] = (("repair", "code"), ("look-up", "search"))
    items: int = 8
    repeats: int = 3
    at_once: int = 3
    """Attempts of an agent in flight together."""
    name: str = "agents"
    seed: int = 1
    strays: int = 1
    """Calls without a session in each window."""
    finished: bool = True
    invalid: frozenset[str] = frozenset()
    """Systems whose windows are not valid."""
    price: Mapping[str, object] = field(default_factory=lambda: PRICE)


def write_agents(folder: Path, made: FakeAgentRun | None = None) -> Path:
    """Write the run and return its directory; finished, it has digests, and verifies."""
    made = made or FakeAgentRun()
    run = f"20260102T030405Z-{made.name}-abc123"
    systems = [(each.name, each.kind, "agent") for each in made.agents]
    systems += [(name, "generalist", "endpoint") for name in made.plain]
    settings = {name: {"kind": kind, "engine": engine, "price": dict(made.price)} for name, kind, engine in systems}
    header = replace(
        HEADER, run=run, meters={"gpu0": "counter", "cpu": "modelled"},
        suite={
            "path": "/suites/agents.yaml",
            "suite": {
                "name": made.name,
                "measure": {"scenario": "throughput", "batch": made.at_once, "repeats": made.repeats},
            },
            "systems": settings,
        },
        environment={"hostname": "bench-1", "packages": installation()["packages"]},
        cells=[
            {"system": name, "kind": kind, "task": task, "domain": domain, "items": made.items, "repeats": made.repeats}
            for name, kind, _ in systems
            for task, domain in made.tasks
        ],
    )  # fmt: skip
    with RunWriter.create(folder / run, header) as writer:
        windows = itertools.count(1)
        start_s = START_S
        for name, kind, engine in systems:
            writer.append_system(SystemRow(system=name, kind=kind, engine=engine, load_s=1.5))
            for task, _ in made.tasks:
                agent = next((each for each in made.agents if each.name == name), None)
                cell = _Cell(writer, made, run, name, task, f"w{next(windows):04d}", start_s)
                start_s = cell.write(agent) + 10.0
        if made.finished:
            _finish(writer)
    return folder / run


def _finish(writer: RunWriter) -> None:
    records = read_run(writer.layout.root)
    whole = rebuild(records, records.windows())
    writer.finish(whole.items, whole.windows, "2026-01-02T03:10:00+00:00", whole.calls)


@dataclass
class _Cell:
    """One system on one task, in one window."""

    writer: RunWriter
    made: FakeAgentRun
    run: str
    system: str
    task: str
    window: str
    start_s: float
    spans: list[tuple[float, float]] = field(default_factory=list)
    """When the calls were in flight."""

    def write(self, agent: FakeAgent | None) -> float:
        """Write all lines, and return when the window ended."""
        draw = random.Random(f"{self.made.seed} {self.system} {self.task}")
        label = WindowLabel(
            window=self.window, run=self.run, system=self.system, task=self.task, purpose=Purpose.MEASURED,
            started_s=self.start_s,
        )  # fmt: skip
        self.writer.append_open_window(label)
        slots = [self.start_s + 0.5] * self.made.at_once
        scores, cpu_s = [], 0.0
        for repeat, doc_id in itertools.product(range(self.made.repeats), range(self.made.items)):
            slot = min(range(len(slots)), key=slots.__getitem__)
            number = repeat * self.made.items + doc_id
            row, correct = self._attempt(agent, draw, doc_id, repeat, number, slots[slot])
            slots[slot] = row.finished_s + 0.125
            cpu_s += row.agent_cpu_s or 0.0
            self.writer.append_answer(self.system, self.task, row)
            scores.append(
                ScoreRow(
                    doc_id=doc_id, repeat=repeat, doc_hash=f"{self.task}-{doc_id}", target="42", filtered="42",
                    correct=correct, metrics={"exact_match,none": correct},
                )
            )  # fmt: skip
        end_s = max(slots) + 0.5
        for stray in range(self.made.strays if agent is not None else 0):
            self._call(agent, draw, "", f"{self.window}-stray-{stray}", self.start_s + 1.0 + stray, 500, None)
        length_s = end_s - self.start_s
        busy_s = sum(last_s - first_s for first_s, last_s in self.spans)
        bad = self.system in self.made.invalid
        self.writer.append_window(
            WindowRow(
                **vars(label) | {"started_s": self.start_s}, finished_s=end_s,
                energy_j={"gpu0": IDLE_W * length_s + CALL_W * busy_s, "cpu": PROCESSOR_W * length_s},
                provenance={"gpu0": "counter", "cpu": "modelled"}, idle_w={"gpu0": IDLE_W, "cpu": PROCESSOR_W / 2},
                samples=50, largest_gap_s=READ_EVERY_S, own_cpu_s=max(OWN_CPU_SHARE * length_s, cpu_s),
                valid=not bad, reasons=["gpu0: throttled"] if bad else [],
            )
        )  # fmt: skip
        self._write_trace(end_s)
        self.writer.write_scores(self.system, self.task, scores)
        return end_s

    def _attempt(
        self, agent: FakeAgent | None, draw: random.Random, doc_id: int, repeat: int, number: int, at_s: float
    ) -> tuple[AnswerRow, float]:
        row = replace(
            ANSWER, doc_id=doc_id, repeat=repeat, prompt=f"Task {doc_id}", prompt_hash=f"p{doc_id}", replies=["42"],
            scheduled_s=at_s, started_s=at_s, first_token_s=None, token_s=[], batch=number,
            batch_size=self.made.at_once, window=self.window,
        )  # fmt: skip
        if agent is None:
            self.spans.append((at_s, at_s + 1.0))
            whole = replace(row, finished_s=at_s + 1.0, prompt_tokens=400, output_tokens=60)
            return whole, float(draw.random() < 0.5)
        session = f"{self.window}-s{number}"
        ended: Ended = "answered"
        if agent.fails and number % 10 == 9:
            ended = agent.fails[number // 10 % len(agent.fails)]
        calls = list(self._calls(agent, draw, session, at_s + 0.25, ended))
        end_s = max((call.finished_s for call in calls), default=at_s + 0.25) + agent.wait_s / 2
        correct = float(ended == "answered" and draw.random() < agent.solves)
        answered = [call for call in calls if call.error is None]  # what the server refused took no tokens
        tokens = AnswerRow.summed(answered) if answered else dict.fromkeys(ANSWER.counts)
        cost = _money(calls, self.made.price)
        return replace(
            row, **tokens, finished_s=end_s, session=session, calls=len(calls), ended=ended,
            failure=None if ended == "answered" else _WHY[ended], checked=None if ended != "answered" else correct,
            agent_cpu_s=None if agent.agent_cpu is None else agent.agent_cpu * (end_s - at_s),
            reported_cost=None if agent.reported is None or cost is None else agent.reported * cost,
            reported_currency=None if agent.reported is None or cost is None else "USD",
        ), correct  # fmt: skip

    def _calls(
        self, agent: FakeAgent, draw: random.Random, session: str, at_s: float, ended: Ended
    ) -> Iterator[CallRow]:
        """Yield the calls of a session: each prompt holds the one before; the second is a retry of a refused one."""
        number = 0 if ended == "harness" else draw.randint(*agent.calls)
        prompt, before, failed = agent.grows, 0, None
        for step in range(number):
            name = f"{session}-c{step}"
            refused = number > 2 and step == 1
            call = self._call(
                agent, draw, session, name, at_s, prompt, before, retry_of=failed,
                error="the server answered 503" if refused or (ended == "server" and step == number - 1) else None,
            )  # fmt: skip
            yield call
            failed = name if refused else None
            at_s = call.finished_s + (0.125 if refused else agent.wait_s)
            if not refused:
                prompt, before = prompt + agent.grows, prompt

    def _call(
        self,
        agent: FakeAgent,
        draw: random.Random,
        session: str,
        name: str,
        at_s: float,
        prompt: int,
        before: int | None,
        *,
        retry_of: str | None = None,
        error: str | None = None,
    ) -> CallRow:
        seconds = agent.call_s * draw.uniform(0.5, 1.5) if error is None else 0.25
        known = error is None and draw.random() >= agent.unrecorded
        row = CallRow(
            call=name, session=session, system=self.system, protocol="chat", path="/v1/chat/completions",
            model_asked="model", model_answered=None if error else "model", started_s=at_s,
            first_byte_s=None if error else at_s + seconds * (0.25 if agent.streamed else 0.995),
            finished_s=at_s + seconds, status=503 if error else 200, streamed=agent.streamed and error is None,
            finish_reason=None if error else "tool_calls", tool_calls=None if error else 1, retry_of=retry_of,
            error=error, request_bytes=4 * prompt, answer_bytes=400, prompt_tokens=prompt if known else None,
            cached_tokens=int(agent.cached * (before or 0)) if known else None,
            output_tokens=draw.randint(40, 200) if known else None,
        )  # fmt: skip
        self.spans.append((row.started_s, row.finished_s))
        self.writer.append_call(row)
        return row

    def _write_trace(self, end_s: float) -> None:
        trace = TraceWriter(self.writer.layout.trace(self.system, self.task))
        length_s = end_s - self.start_s
        readings = round(length_s / READ_EVERY_S)
        for number in range(readings + 1):
            at_s = end_s if number == readings else self.start_s + length_s * number / readings
            busy_s = sum(max(min(last_s, at_s) - first_s, 0.0) for first_s, last_s in self.spans)
            passed_s = at_s - self.start_s
            energy_j = {"gpu0": 1000.0 + IDLE_W * passed_s + CALL_W * busy_s, "cpu": PROCESSOR_W * passed_s}
            trace.write(_Meter(), Reading(at_s, energy_j))
        trace.close()


class _Meter:
    name = "made up"
    provenance: ClassVar = {"gpu0": "counter", "cpu": "modelled"}
    step_s: ClassVar = {"gpu0": 0.001, "cpu": 0.001}


_WHY: Mapping[str, str] = {
    "agent": "the agent ended with exit code 1: Traceback: boom",
    "harness": "the agent made no model call: command not found",
    "server": "the server answered 503",
    "limit": "max_calls: 8",
}


def _money(calls: Sequence[CallRow], price: Mapping[str, object]) -> float | None:
    """Return what the tokens of calls cost; None if those of one that was answered are not known."""
    answered = [call for call in calls if call.error is None]
    if any(call.prompt_tokens is None for call in answered):
        return None
    prices: Mapping[str, Any] = price
    uncached = sum(call.uncached_tokens or 0 for call in answered)
    cached = sum(call.cached_tokens or 0 for call in answered)
    output = sum(call.output_tokens or 0 for call in answered)
    fresh, kept, made = (prices[f"{name}_per_million"] for name in ("input", "cached_input", "output"))
    return float(uncached * fresh + cached * kept + output * made) / 1e6
