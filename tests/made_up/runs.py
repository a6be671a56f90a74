"""Small runs, written by the real writer: what the reports are tested on.

With `FakeSystem.dropped_after` a run in blocks has looks (`looks.jsonl`) that drop systems, as `measure.stop` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.made_up.digests import without_digests
from tests.made_up.judged_runs import FakeJudge, judge_items, judging_window
from tests.made_up.rows import HEADER, ITEM, START_S, WINDOW
from wattbench.records import (
    BlockPlan,
    BlockRow,
    BoundedRow,
    DroppedRow,
    ExpertRow,
    ItemRow,
    LookRow,
    RunHeader,
    RunWriter,
    SystemRow,
    WindowRow,
)


@dataclass(frozen=True)
class FakeSystem:
    """How a made-up system behaves. Joules are multiples of 1/64, so that their sums are exact in any order."""

    name: str
    kind: str = "generalist"
    accuracy: float = 0.5
    latency_s: float = 0.5
    pause_s: float = 0.0
    """What the client takes between two of its requests."""
    energy_j: float | None = 8.0
    provenance: str = "counter"
    engine: str = "transformers"
    output: str = "42"
    invalid: tuple[str, ...] = ()
    """Reasons that spoil its first measured window."""
    unmetered: int = 0
    """Its first so many items of each task have no joules."""
    skip_docs: int = 0
    """Its last so many documents of each task are not answered."""
    by_domain: Mapping[str, float] = field(default_factory=dict)
    """Its accuracy in some domains, where it is another."""
    domain: str | None = None
    teacher: str | None = None
    training: Mapping[str, dict[str, object]] | None = None
    members: tuple[str, ...] = ()
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a hybrid: the members that answer in a domain, in turn."""
    router: str | None = None
    """The type of its router, as the suite records it."""
    experts: tuple[str, ...] = ()
    weights: str | None = None
    """The hash of its weights."""
    prompt: str = ""
    """Changes the hashes of its prompts."""
    base_url: str | None = None
    """Of a server that wattbench did not start."""
    price: Mapping[str, object] | None = None
    """As the suite has it."""
    dropped_after: int | None = None
    """After how many blocks it is asked no more; None: it is asked to the end."""
    arm: Mapping[str, object] | None = None
    """Its place in a grid, as the suite records it: `{"grid": "llama", "labels": {"effort": "low"}}`."""
    copies: int = 1
    """Each of its answers is recorded this often, as repeats of one item."""
    favour: float = 0.0
    """For a mixture: how much more often the n-th domain's items ask the n-th expert, 0 to 1."""


@dataclass(frozen=True)
class FakeNode:
    """A machine of a made-up run in blocks, which asks every n-th block."""

    node: str
    slower: float = 1.0
    """What it multiplies all seconds and joules by."""
    own: Mapping[str, float] = field(default_factory=dict)
    """The same for some systems, in addition."""
    environment: Mapping[str, object] | None = None
    """None: as that of the run."""
    temperature_c: float | None = None

    def factor(self, system: str) -> float:
        """Return what it multiplies a system's seconds and joules by."""
        return self.slower * self.own.get(system, 1.0)


@dataclass(frozen=True)
class FakeRun:
    """A whole made-up run."""

    systems: tuple[FakeSystem, ...]
    tasks: tuple[tuple[str, str], ...] = (("chain_sum", "arithmetic"), ("spell_backward", "text"))
    """(task, domain)."""
    items: int = 40
    repeats: int = 1
    name: str = "demo"
    description: str | None = None
    carbon: dict[str, object] = field(default_factory=lambda: {"region": None, "intensity_g_per_kwh": None, "pue": 1.0})
    workload: Mapping[str, object] = field(default_factory=dict)
    finished: bool = True
    id: str = "abc123"
    """The last part of its name."""
    environment: Mapping[str, object] | None = None
    """None: as a very old record has it."""
    batch: int = 1
    cell: Mapping[str, object] = field(default_factory=dict)
    """What every cell records beside the usual."""
    content: str = ""
    """Changes the hashes of the documents."""
    blocks: int = 0
    """Into how many blocks the items of all tasks are dealt; 0: none, each task has a window of its own."""
    block_noise: float = 0.2
    """The spread of the log of a block's speed, which all systems share."""
    asked_again: int = 0
    """So many of the first blocks have an earlier attempt, during which the machine was busy."""
    busy_blocks: int = 0
    """In so many of the first blocks other work ran next to the measured windows."""
    speed: float = 1.0
    """What the session multiplies all seconds and joules by."""
    own_cpu: bool = False
    """Whether CPU seconds are on record: nine tenths of an item's own."""
    stop: Mapping[str, object] = field(default_factory=lambda: {"min_accuracy": 0.4, "minimise": "joules"})
    """`measure.stop`, where a system has `dropped_after`: there is then a look after each block but the last."""
    nodes: tuple[FakeNode, ...] = ()
    """The machines that measured it, where it is in blocks; empty: an older record, which names none."""
    decide: Mapping[str, object] = field(default_factory=dict)
    """The block of the suite."""
    draw: int | None = None
    """Of items and answers: another number draws others. None: always the same ones."""
    judges: Mapping[str, FakeJudge] = field(default_factory=dict)
    """What scores the answers to some tasks. People label none of them as yet: `tests.made_up.judged_runs`."""

    @property
    def looks(self) -> bool:
        """Return whether systems are dropped."""
        return any(system.dropped_after is not None for system in self.systems)

    def asked_in(self, block: int) -> list[str]:
        """Return the systems that are asked a block, which is counted from 0."""
        return [each.name for each in self.systems if each.dropped_after is None or block < each.dropped_after]

    def node_of(self, block: int) -> FakeNode:
        """Return the machine that asked a block."""
        return self.nodes[block % len(self.nodes)] if self.nodes else FakeNode("")


def write_run(root: Path, fake: FakeRun) -> Path:
    """Write the records of a made-up run and return its directory. It has no digests: a test may change it."""
    run = f"20260102T030405Z-{fake.name}-{fake.id}"
    header = replace(
        HEADER,
        run=run,
        suite={
            "path": "/somewhere/demo.yaml",
            "suite": {
                "name": fake.name,
                "description": fake.description,
                "measure": {
                    "scenario": _scenario(fake),
                    "batch": fake.batch,
                    "repeats": fake.repeats,
                    "seed": 1234,
                    **({"stop": {"error": 0.05, **fake.stop}} if fake.looks else {}),
                },
                "carbon": fake.carbon,
                "workload": dict(fake.workload),
                **({"decide": dict(fake.decide)} if fake.decide else {}),
                **({"tasks": {"select": _selected(fake)}} if fake.judges else {}),
            },
            "systems": _settings(fake),
            **(
                {"judges": {each.judge: {"kind": "generalist"} for each in fake.judges.values()}} if fake.judges else {}
            ),
        },
        suite_sha256="ab" * 32,
        created_utc="2026-01-02T03:04:05+00:00",
        command=["wattbench", "run", "my suite.yaml"],
        environment=dict(fake.environment)
        if fake.environment is not None
        else {
            "hostname": "bench-1",
            "cpu": {"model": "Example CPU", "cores": 2},
            "packages": {f"package-{index}": f"1.{index}" for index in range(20)},
        },
        meters={"gpu0": "counter", "cpu": "modelled"},
        cells=[
            {
                "system": system.name,
                "kind": system.kind,
                "task": task,
                "domain": domain,
                "items": fake.items,
                **fake.cell,
            }
            for system in fake.systems
            for task, domain in fake.tasks
        ],
        node=fake.nodes[0].node if len(fake.nodes) == 1 else "",
    )
    if len(fake.nodes) > 1:
        header = replace(header, machines=_machines(fake, header))
    items: list[ItemRow] = []
    windows: list[WindowRow] = []
    with RunWriter.create(root / run, header) as writer:
        for number, system in enumerate(fake.systems):
            _write_system(writer, run, system, number, fake, items, windows)
        if fake.judges:
            items = judge_items(writer, fake.judges, items)
            windows.append(judging_window(run, windows[-1]))
        for window in windows:
            writer.append_window(window)
        if fake.blocks:
            _write_plan(writer, fake)
        if fake.looks:
            _write_looks(writer, fake, items)
        if fake.finished:
            writer.finish(items, windows, "2026-01-02T03:10:00+00:00")
    return without_digests(root / run) if fake.finished else root / run


def _selected(fake: FakeRun) -> list[dict[str, object]]:
    return [
        {"task": task, "domain": domain, **({"score": fake.judges[task].settings} if task in fake.judges else {})}
        for task, domain in fake.tasks
    ]


def _machines(fake: FakeRun, header: RunHeader) -> dict[str, dict[str, object]]:
    return {
        each.node: {
            "environment": dict(header.environment if each.environment is None else each.environment),
            "meters": dict(header.meters),
            "meter_details": {},
        }
        for each in fake.nodes
    }


def _settings(fake: FakeRun) -> dict[str, dict[str, object]]:
    """Return the settings of those systems that the suite says something of."""
    settings: dict[str, dict[str, object]] = {}
    for system in fake.systems:
        if system.router:
            members = {f"label-{place}": member for place, member in enumerate(system.members)}
            settings[system.name] = {"kind": system.kind, "router": {"type": system.router}, "members": members}
        if system.base_url:
            settings[system.name] = {"kind": system.kind, "engine": "endpoint", "base_url": system.base_url}
        if system.weights:
            settings[system.name] = {"kind": system.kind, "engine": system.engine, "dtype": "auto"}
        if system.arm:
            known = settings.get(system.name, {"kind": system.kind, "engine": system.engine})
            settings[system.name] = {**known, "arm": dict(system.arm)}
        if system.price:
            known = settings.get(system.name, {"kind": system.kind, "engine": system.engine})
            settings[system.name] = {**known, "price": dict(system.price)}
    return settings


def _scenario(fake: FakeRun) -> str:
    return "single-stream" if fake.batch == 1 else "throughput"


def _write_system(
    writer: RunWriter,
    run: str,
    system: FakeSystem,
    number: int,
    fake: FakeRun,
    items: list[ItemRow],
    windows: list[WindowRow],
) -> None:
    rng = np.random.default_rng(number if fake.draw is None else [fake.draw, number])
    writer.append_system(
        SystemRow(
            system=system.name, kind=system.kind, engine=system.engine, engine_version="5.1",
            parameters_total=None if system.engine == "python" else 134_515_008,
            parameters_active=None if system.engine == "python" else 134_515_008,
            weight_bytes=98_000_000, dtype="bfloat16", device="cpu", peak_memory_bytes=512_000_000,
            load_s=1.5, load_window=f"load{number}", weights_sha256=system.weights, experts=list(system.experts),
            expert_layers=list(range(2, 8)) if system.experts else [],
            experts_per_token=2 if system.experts else None, expert_bytes=1_500_000 if system.experts else None,
            shared_bytes=80_000_000 if system.experts else None, members=list(system.members),
            teacher=system.teacher, domain=system.domain,
            training=None if system.training is None else dict(system.training),
        )
    )  # fmt: skip
    windows.append(_window(f"load{number}", run, system, None, "load", 1.5, 16.0))
    if fake.blocks:
        _write_blocks(run, system, number, fake, rng, items, windows)
        return
    for place, (task, domain) in enumerate(fake.tasks):
        window = f"w{number}{place}" if place < 10 else f"w{number}-{place}"
        spoiled = system.invalid if place == 0 else ()
        rows = _items(run, system, task, domain, window, fake, rng)
        items += rows
        if system.experts:
            domains = list(dict.fromkeys(domain for _, domain in fake.tasks))
            writer.write_experts(system.name, task, _experts(system, rows, domains.index(domain)))
        joules = [row.energy_j for row in rows if row.energy_j is not None]
        length_s = sum(row.finished_s - row.started_s + system.pause_s for row in rows)
        windows.append(
            _window(window, run, system, task, "measured", length_s, sum(joules) if joules else None, spoiled)
        )


def _write_plan(writer: RunWriter, fake: FakeRun) -> None:
    """Write how the run was laid out in blocks, and each attempt of them."""
    block_of = {task: dealt(place, fake) for place, (task, _) in enumerate(fake.tasks)}
    plan = BlockPlan(
        blocks=fake.blocks, seed=7, resident="all", chosen_by="auto", why="switching takes 2% of a block's time"
    )
    writer.write_block_plan(plan)
    number = {system.name: place for place, system in enumerate(fake.systems)}
    for block in range(fake.blocks):
        names = fake.asked_in(block)
        tries = 2 if block < fake.asked_again else 1
        for attempt in range(tries):
            busy = {name: ["run_queue_wait"] for name in names} if attempt < tries - 1 else {}
            docs = {task: [doc for doc, of in enumerate(blocks) if of == block] for task, blocks in block_of.items()}
            windows = {name: [f"w{number[name]}b{block}"] for name in names}
            writer.append_block(
                BlockRow(
                    number=block,
                    attempt=attempt,
                    order=names,
                    doc_ids=docs,
                    windows=windows,
                    contended=busy,
                    node=fake.node_of(block).node,
                )
            )


def _write_looks(writer: RunWriter, fake: FakeRun, items: Sequence[ItemRow]) -> None:
    """Write a look after each block but the last: a system fails the required accuracy, or costs more than the cheapest
    system that has it and is asked to the end. Bounds are a tenth of the estimate wide to either side."""
    systems = {system.name: system for system in fake.systems}
    required, level = float(str(fake.stop.get("min_accuracy", 0.0))), 0.025 / (fake.blocks - 1) / len(systems)
    for blocks in range(1, fake.blocks):
        if len(fake.asked_in(blocks - 1)) < 2:
            break
        means = {
            name: _means([row for row in items if row.system == name and (row.block or 0) < blocks])
            for name in fake.asked_in(blocks - 1)
        }
        stay = [name for name in means if systems[name].dropped_after is None]
        best = min([name for name in stay if means[name][1] >= required] or stay, key=lambda name: means[name][2])
        dropped = []
        for name, (number, accuracy, cost) in means.items():
            if systems[name].dropped_after != blocks:
                continue
            row = DroppedRow(system=name, items=number, accuracy=_bounded(accuracy), cost=_bounded(cost))
            if accuracy < required:
                row = replace(row, quantity="accuracy", bound=required, figure=_bounded(accuracy))
            else:
                less = {"accuracy": means[best][1] - accuracy, "cost": cost - means[best][2]}
                row = replace(row, rival=best, worse={key: _bounded(value) for key, value in less.items() if value > 0})
            dropped.append(row)
        writer.append_look(
            LookRow(
                blocks=blocks, level=level, objective="cost", unit="joules", currency=None, systems=list(means),
                dropped=dropped, at_s=START_S + blocks, took_s=0.25,
            )
        )  # fmt: skip


def _means(rows: Sequence[ItemRow]) -> tuple[int, float, float]:
    """Return how many items these are, their mean score and their mean joules."""
    documents = len({(row.task, row.doc_id) for row in rows})
    return (
        documents,
        sum(row.correct or 0.0 for row in rows) / len(rows),
        sum(row.energy_j or 0.0 for row in rows) / len(rows),
    )


def _bounded(estimate: float) -> BoundedRow:
    return BoundedRow(estimate=estimate, low=estimate - abs(estimate) / 10, high=estimate + abs(estimate) / 10)


def dealt(place: int, fake: FakeRun) -> list[int]:
    """Return the block of each document of the task at a position of the suite."""
    order = np.random.default_rng(place).permutation(fake.items)
    return [int(block) for block in (order + place) % fake.blocks]


def _write_blocks(
    run: str,
    system: FakeSystem,
    number: int,
    fake: FakeRun,
    rng: np.random.Generator,
    items: list[ItemRow],
    windows: list[WindowRow],
) -> None:
    """Deal the items of each task over the blocks, the same for all systems, and give each block a window."""
    speeds = np.exp(fake.block_noise * np.random.default_rng(5).standard_normal(fake.blocks))
    rows: list[ItemRow] = []
    for place, (task, domain) in enumerate(fake.tasks):
        block_of = dealt(place, fake)
        for row in _items(run, system, task, domain, "", fake, rng):
            block = block_of[row.doc_id]
            if system.dropped_after is not None and block >= system.dropped_after:
                continue
            node = fake.node_of(block)
            slower = speeds[block] * node.factor(system.name)
            joules = None if row.energy_j is None else round(row.energy_j * slower * 64) / 64
            seconds = (row.finished_s - row.started_s) * slower
            above = None if joules is None else joules / 2
            rows.append(
                replace(
                    row, block=block, window=f"w{number}b{block}", energy_j=joules, energy_above_idle_j=above,
                    finished_s=row.started_s + seconds, attempt=int(block < fake.asked_again),
                    own_cpu_s=0.9 * seconds if fake.own_cpu else None, node=node.node,
                )
            )  # fmt: skip
    rows = _one_after_the_other(rows, system.pause_s)
    items += rows
    for block in range(fake.blocks if system.dropped_after is None else system.dropped_after):
        inside = [row for row in rows if row.block == block]
        joules = [row.energy_j for row in inside if row.energy_j is not None]
        length_s = sum(row.finished_s - row.started_s + system.pause_s for row in inside)
        reasons = system.invalid if block == 0 else ()
        total_j = sum(joules) if joules else None
        window = _window(f"w{number}b{block}", run, system, None, "measured", length_s, total_j, reasons)
        attempt, node = int(block < fake.asked_again), fake.node_of(block)
        own_cpu_s = 0.9 * length_s if fake.own_cpu else None
        heat = {} if node.temperature_c is None else {"part0": node.temperature_c}
        windows.append(
            replace(
                window, block=block, attempt=attempt, own_cpu_s=own_cpu_s, node=node.node, temperature_c=heat,
                contended=block < fake.busy_blocks,
            )
        )  # fmt: skip


def _one_after_the_other(rows: list[ItemRow], pause_s: float) -> list[ItemRow]:
    """Return rows with the times of a system that is asked block after block, in the order of `rows`."""
    now_s, started_s = START_S, [0.0] * len(rows)
    for place in sorted(range(len(rows)), key=lambda place: rows[place].block or 0):
        started_s[place] = now_s
        now_s += rows[place].finished_s - rows[place].started_s + pause_s
    return [
        replace(row, scheduled_s=at_s, started_s=at_s, finished_s=at_s + row.finished_s - row.started_s)
        for row, at_s in zip(rows, started_s, strict=True)
    ]


def _items(
    run: str, system: FakeSystem, task: str, domain: str, window: str, fake: FakeRun, rng: np.random.Generator
) -> list[ItemRow]:
    rows = []
    now_s = START_S
    # The same documents are hard for everyone: scores of systems go together, as real ones do.
    hardness = np.random.default_rng(len(task) if fake.draw is None else [fake.draw, 99, len(task)]).random(fake.items)
    for doc in range(fake.items - system.skip_docs):
        for repeat in range(fake.repeats):
            accuracy = system.by_domain.get(domain, system.accuracy)
            correct = float(0.7 * hardness[doc] + 0.3 * rng.random() < accuracy) if accuracy else 0.0
            tokens = int(rng.integers(4, 40))
            latency_s = fake.speed * system.latency_s * (0.5 + tokens / 40)
            joules = None
            if system.energy_j is not None and doc >= system.unmetered:
                joules = round(fake.speed * system.energy_j * (0.5 + tokens / 40) * 64) / 64
            route = system.routes[domain][doc % len(system.routes[domain])] if system.routes else None
            rows.append(
                replace(
                    ITEM, run=run, system=system.name, kind=system.kind, task=task, domain=domain, doc_id=doc,
                    doc_hash=f"{task}-{doc}{fake.content}", prompt_hash=f"p-{system.name}-{doc}{system.prompt}",
                    repeat=repeat, correct=correct, metrics=json.dumps({"exact_match,none": correct}),
                    output_tokens=tokens, scheduled_s=now_s, started_s=now_s, finished_s=now_s + latency_s,
                    batch=len(rows), window=window, energy_j=joules,
                    energy_above_idle_j=None if joules is None else joules / 2,
                    energy_provenance="" if joules is None else system.provenance, route=route,
                    router_s=None if route is None else latency_s / 16,
                    router_energy_j=None if route is None or joules is None else joules / 16,
                    route_asked=[] if route is None else [route], prompt="What is it?", output=system.output,
                    filtered=system.output,
                )
            )  # fmt: skip
            now_s += latency_s + system.pause_s
    copies = range(system.copies)
    return [replace(row, repeat=row.repeat * len(copies) + copy) for row in rows for copy in copies]


def _experts(system: FakeSystem, rows: list[ItemRow], domain: int) -> list[ExpertRow]:
    """Twelve tokens an item, five of them the answer's, each asking two experts in each of six layers, from a
    generator of their own."""
    number = len(system.experts)
    chances = np.full(number, (1 - system.favour) / number + 1e-12)
    chances[domain % number] += system.favour
    keys = np.log(chances) + np.random.default_rng(77 + domain).gumbel(size=(len(rows), 6, 12, number))
    asked = np.zeros_like(keys, dtype=int)
    np.put_along_axis(asked, np.argsort(keys, axis=-1)[..., -2:], 1, axis=-1)
    first, second = np.triu_indices(number, k=1)
    return [
        ExpertRow(
            doc_id=row.doc_id, repeat=row.repeat, tokens=12, counts=own.sum(axis=1).tolist(), prompt_tokens=7,
            prompt_counts=own[:, :7].sum(axis=1).tolist(),
            pairs=(own[:, :, first] * own[:, :, second]).sum(axis=1).tolist(),
        )
        for row, own in zip(rows, asked, strict=True)
    ]  # fmt: skip


def _window(
    window: str,
    run: str,
    system: FakeSystem,
    task: str | None,
    purpose: str,
    length_s: float,
    joules: float | None,
    reasons: tuple[str, ...] = (),
) -> WindowRow:
    parts = system.provenance.split("+")
    energy = {} if joules is None else {f"part{place}": joules / len(parts) for place in range(len(parts))}
    return replace(
        WINDOW, window=window, run=run, system=system.name, task=task, purpose=purpose, started_s=START_S,
        finished_s=START_S + length_s, energy_j=energy, provenance=dict(zip(energy, parts, strict=False)),
        idle_w={part: j / 2 / length_s for part, j in energy.items()} if purpose == "measured" else {},
        samples=50, largest_gap_s=0.1, valid=not reasons, reasons=list(reasons),
    )  # fmt: skip
