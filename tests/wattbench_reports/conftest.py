"""Synthetic runs, written by the real writer: what the reports are tested on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from wattbench.records import (
    SCHEMA_VERSION,
    ExpertRow,
    ItemRow,
    RunHeader,
    RunRecords,
    RunWriter,
    SystemRow,
    WindowRow,
    read_run,
)

START_S = 1_700_000_000.0


@dataclass(frozen=True)
class FakeSystem:
    """How a made-up system behaves. Joules are multiples of 1/64, so that their sums are exact in any order."""

    name: str
    kind: str = "generalist"
    accuracy: float = 0.5
    latency_s: float = 0.5
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
    favour: float = 0.0
    """For a mixture: how much more often the n-th domain's items ask the n-th expert, 0 to 1."""


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


def plain_systems() -> tuple[FakeSystem, ...]:
    """A run as it should be: measured, valid, several systems that differ."""
    return (
        FakeSystem("generalist", accuracy=0.55, latency_s=0.8, energy_j=12.0),
        FakeSystem("specialist", "specialist", accuracy=0.5, latency_s=0.25, energy_j=3.0),
        FakeSystem("regex", "specialist", accuracy=0.3, latency_s=0.002, energy_j=0.25, engine="python"),
    )


def write_run(root: Path, fake: FakeRun) -> Path:
    """Write the records of a made-up run and return its directory."""
    run = f"20260102T030405Z-{fake.name}-{fake.id}"
    header = RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite={
            "path": "/somewhere/demo.yaml",
            "suite": {
                "name": fake.name,
                "description": fake.description,
                "measure": {"scenario": _scenario(fake), "batch": fake.batch, "repeats": fake.repeats, "seed": 1234},
                "carbon": fake.carbon,
                "workload": dict(fake.workload),
            },
            "systems": {
                system.name: {
                    "kind": system.kind,
                    "router": {"type": system.router},
                    "members": {f"label-{place}": member for place, member in enumerate(system.members)},
                }
                for system in fake.systems
                if system.router
            }
            | {
                system.name: {"kind": system.kind, "engine": "endpoint", "base_url": system.base_url}
                for system in fake.systems
                if system.base_url
            }
            | {
                system.name: {"kind": system.kind, "engine": system.engine, "dtype": "auto"}
                for system in fake.systems
                if system.weights
            },
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
    )
    items: list[ItemRow] = []
    windows: list[WindowRow] = []
    with RunWriter.create(root / run, header) as writer:
        for number, system in enumerate(fake.systems):
            _write_system(writer, run, system, number, fake, items, windows)
        for window in windows:
            writer.append_window(window)
        if fake.finished:
            writer.finish(items, windows, "2026-01-02T03:10:00+00:00")
    return root / run


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
    rng = np.random.default_rng(number)
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
    for place, (task, domain) in enumerate(fake.tasks):
        window = f"w{number}{place}"
        spoiled = system.invalid if place == 0 else ()
        rows = _items(run, system, task, domain, window, fake, rng)
        items += rows
        if system.experts:
            domains = list(dict.fromkeys(domain for _, domain in fake.tasks))
            writer.write_experts(system.name, task, _experts(system, rows, domains.index(domain)))
        joules = [row.energy_j for row in rows if row.energy_j is not None]
        length_s = sum(row.finished_s - row.started_s for row in rows)
        windows.append(
            _window(window, run, system, task, "measured", length_s, sum(joules) if joules else None, spoiled)
        )


def _items(
    run: str, system: FakeSystem, task: str, domain: str, window: str, fake: FakeRun, rng: np.random.Generator
) -> list[ItemRow]:
    rows = []
    now_s = START_S
    # The same documents are hard for everyone: scores of systems go together, as real ones do.
    hardness = np.random.default_rng(len(task)).random(fake.items)
    for doc in range(fake.items - system.skip_docs):
        for repeat in range(fake.repeats):
            accuracy = system.by_domain.get(domain, system.accuracy)
            correct = float(0.7 * hardness[doc] + 0.3 * rng.random() < accuracy) if accuracy else 0.0
            tokens = int(rng.integers(4, 40))
            latency_s = system.latency_s * (0.5 + tokens / 40)
            joules = None
            if system.energy_j is not None and doc >= system.unmetered:
                joules = round(system.energy_j * (0.5 + tokens / 40) * 64) / 64
            route = system.routes[domain][doc % len(system.routes[domain])] if system.routes else None
            rows.append(
                ItemRow(
                    run=run, system=system.name, kind=system.kind, task=task, domain=domain, doc_id=doc,
                    doc_hash=f"{task}-{doc}{fake.content}",
                    prompt_hash=f"p-{system.name}-{doc}{system.prompt}", repeat=repeat, correct=correct,
                    metrics=json.dumps({"exact_match,none": correct}), prompt_tokens=30, output_tokens=tokens,
                    scheduled_s=now_s, started_s=now_s, first_token_s=None, finished_s=now_s + latency_s,
                    token_s=[], batch=len(rows), batch_size=1, window=window, energy_j=joules,
                    energy_above_idle_j=None if joules is None else joules / 2,
                    energy_provenance="" if joules is None else system.provenance, route=route,
                    router_s=None if route is None else latency_s / 16,
                    router_energy_j=None if route is None or joules is None else joules / 16,
                    route_asked=[] if route is None else [route], prompt="What is it?", output=system.output,
                    filtered=system.output, target="42",
                )
            )  # fmt: skip
            now_s += latency_s
    return rows


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
    return WindowRow(
        window=window, run=run, system=system.name, task=task, purpose=purpose, started_s=START_S,
        finished_s=START_S + length_s, energy_j=energy, provenance=dict(zip(energy, parts, strict=False)),
        idle_w={part: j / 2 / length_s for part, j in energy.items()} if purpose == "measured" else {},
        samples=50, largest_gap_s=0.1, valid=not reasons, reasons=list(reasons),
    )  # fmt: skip


HOSTILE = '<script>alert("x")</script>'
HOSTILE_IMAGE = '"><img src=x onerror=alert(1)>'


def hostile_run() -> FakeRun:
    """Everything that can be wrong at once, and markup wherever a record holds text."""
    return FakeRun(
        systems=(
            FakeSystem("generalist", accuracy=0.55, energy_j=12.0),
            FakeSystem(HOSTILE, "specialist", accuracy=0.45, energy_j=6.0, engine=HOSTILE_IMAGE, output=HOSTILE),
            FakeSystem("throttled", "moe", invalid=("throttled: <b>hot</b>",), energy_j=5.0),
            FakeSystem("modelled$x^", "distilled", provenance="counter+modelled", energy_j=4.0, unmetered=3),
            FakeSystem("never-right", "hybrid", accuracy=0.0, energy_j=2.0),
            FakeSystem("unmetered", "generalist", energy_j=None, skip_docs=2),
        ),
        tasks=(("chain_sum", "arithmetic"), ("<i>markup</i>", HOSTILE_IMAGE), ("a" * 80, "text")),
        name="hostile",
        description=HOSTILE_IMAGE,
        carbon={"region": "DEU", "intensity_g_per_kwh": None, "pue": 1.2},
    )


def golden_run() -> FakeRun:
    """The run behind the golden files. Its intensity is its own, so that no data of others changes them."""
    return FakeRun(
        systems=(
            *plain_systems(),
            FakeSystem("never-right", "hybrid", accuracy=0.0, energy_j=2.0),
            FakeSystem("no-sensor", "distilled", energy_j=None, invalid=("no meter could be read",)),
        ),
        carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25},
    )


def trained(
    energy_j: float | None = 3600.0, provenance: str = "counter", *, teacher_tokens: int = 0
) -> dict[str, object]:
    """What a run's record keeps of one ledger."""
    return {
        "method": "adapter", "documents": 1500, "tokens": 180_000, "teacher_tokens": teacher_tokens, "seconds": 540.0,
        "energy_j": {} if energy_j is None else {"part0": energy_j},
        "provenance": {} if energy_j is None else {"part0": provenance}, "cpu": "Example CPU",
    }  # fmt: skip


def family_run(items: int = 60, *, favour: float = 0.3) -> FakeRun:
    """Every kind of system over four domains, as the reference family has them."""
    domains = ("arithmetic", "text", "logic", "time")
    names = {domain: f"specialist-{domain}" for domain in domains}
    ledgers = {name: trained() for name in names.values()}
    specialists = tuple(
        FakeSystem(name, "specialist", accuracy=0.08, by_domain={domain: 0.7}, energy_j=4.0, output=f"{domain}.",
                   domain=domain, training={name: ledgers[name]})
        for domain, name in names.items()
    )  # fmt: skip
    routes = {domain: (name, name, name, names["text"]) for domain, name in names.items()}
    members = tuple(names.values())
    hybrid = FakeSystem("hybrid", "hybrid", accuracy=0.55, energy_j=4.5, members=members, routes=routes,
                        router="classifier", training=ledgers | {"router-classifier": trained(18.0)})  # fmt: skip
    return FakeRun(
        systems=(
            FakeSystem("base", accuracy=0.15, energy_j=8.0, output="rambling on"),
            FakeSystem("tuned", accuracy=0.6, energy_j=4.0, output="The answer is 42.", training={"tuned": trained()}),
            *specialists,
            FakeSystem("mixture", "moe", accuracy=0.5, energy_j=6.0, experts=members, favour=favour,
                       training=ledgers | {"mixture": trained(900.0)}),
            FakeSystem("student", "distilled", accuracy=0.45, by_domain={"time": 0.2}, energy_j=2.0, output=" 42",
                       teacher="tuned",
                       training={"tuned": trained(), "student": trained(1800.0, teacher_tokens=90_000)}),
            hybrid,
            FakeSystem("told", "hybrid", accuracy=0.95, energy_j=1.0, members=members,
                       routes={domain: (name,) for domain, name in names.items()}, router="oracle"),
        ),
        tasks=(("chain_sum", "arithmetic"), ("spelling", "text"), ("syllogism", "logic"), ("calendar", "time")),
        items=items,
        name="family",
        carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25},
    )  # fmt: skip


def machine(**changes: object) -> dict[str, object]:
    """What a run's record holds of a machine with one GPU."""
    gpu = {
        "index": 0, "name": "Example GPU", "uuid": "GPU-1", "visible": True, "driver": "570.86", "power_limit_w": 700.0
    }  # fmt: skip
    whole: dict[str, object] = {
        "python": "3.11.9", "cpu": "Example CPU", "cpus_usable": 16, "cpus_quota": None, "container": None,
        "cpu_power": {"package_limit_w": 250.0, "governor": "performance", "boost": "on"},
        "packages": {"torch": "2.9.0", "codecarbon": "3.3.1"},
    }  # fmt: skip
    changed = {key: changes.pop(key) for key in list(changes) if key in whole}
    return {**whole, "gpus": [gpu | changes], **changed}


def recorded(identity: str = "aaa111", **changes: object) -> FakeRun:
    """A run that holds everything a fingerprint asks for."""
    whole: dict[str, object] = {
        "systems": (
            FakeSystem("big", accuracy=0.7, energy_j=12.0, weights="b" * 64),
            FakeSystem("small", "specialist", accuracy=0.5, latency_s=0.25, energy_j=3.0, weights="5" * 64),
        ),
        "id": identity, "environment": machine(), "items": 60,
        "cell": {"task_version": "1.0", "docs_sha256": "d" * 64, "task_sha256": "a" * 64},
    }  # fmt: skip
    return FakeRun(**{**whole, **changes})  # type: ignore[arg-type]


@pytest.fixture
def fake() -> SimpleNamespace:
    """The makers of made-up runs, for tests that need their own."""
    return SimpleNamespace(
        Run=FakeRun,
        System=FakeSystem,
        plain=lambda: FakeRun(plain_systems()),
        hostile=hostile_run,
        golden=golden_run,
        family=family_run,
        trained=trained,
        machine=machine,
        recorded=recorded,
        write=write_run,
    )


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[FakeRun], RunRecords]:
    """Write a made-up run and open it."""
    return lambda made_up: read_run(write_run(tmp_path, made_up))
