"""A made-up history of any length, written in seconds, for benches of trends and of the site.

One run is made up (`made_up_run`) and told again for every night: with its seconds, joules and scores moved by a little
noise, and from a given night on by a step. Nothing is random but what a seed decides.
"""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tests.made_up.large_run import make_run
from tests.made_up.large_systems import DOMAINS, SYSTEMS, TASKS
from wattbench.records import RunHeader, RunRecords, RunWriter, WindowRow, read_run
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.tables.run_tables import windows_parquet

FIRST = datetime.date(2026, 1, 1)
DAY_S = 86_400.0
CHURN = 0.01
"""Of the answers, so many are scored the other way round in a night."""


@dataclass(frozen=True)
class Step:
    """A change of one system that stays."""

    night: int
    """Counted from 0: the first that has it."""
    system: str
    seconds: float = 0.0
    """The share by which it is slower; its joules go along."""
    joules: float = 0.0
    """The share by which it draws more."""
    wrong: float = 0.0
    """The share of its right answers that are now wrong."""
    domain: str | None = None
    """None: in all."""


@dataclass(frozen=True)
class _Template:
    """The run that each night repeats."""

    records: RunRecords
    items: pa.Table
    windows: tuple[WindowRow, ...]
    cell: NDArray[np.int64]
    """Shape (answers,): which of `cells`."""
    cells: tuple[tuple[str, str], ...]
    """(System, task)."""


def make_history(
    root: Path,
    nights: int,
    *,
    systems: int = 6,
    domains: int = 4,
    items: int = 40,
    noise: float = 0.01,
    steps: Sequence[Step] = (),
    gaps: Collection[int] = (),
    seed: int = 7,
) -> Path:
    """Write a history and return its folder.

    Args:
        root: the folder that gets `runs/`.
        nights: how many calendar dates, from `FIRST`.
        systems: how many; so `domains`, of one task each.
        items: of each task.
        noise: standard deviation of the logarithm of each cell's seconds from night to night.
        steps: what changes.
        gaps: nights without a run.
        seed: of everything drawn.
    """
    with tempfile.TemporaryDirectory() as aside:
        template = _template(Path(aside), systems, domains, items, seed)
        for night in range(nights):
            if night not in gaps:
                _write_night(root / "runs", template, night, noise, steps, np.random.default_rng([seed, night]))
    return root


def _template(aside: Path, systems: int, domains: int, items: int, seed: int) -> _Template:
    chosen = SYSTEMS[:systems]
    rows = items * len(chosen) * len(TASKS) * 3 // 2  # the smallest task has two thirds of the average
    records = read_run(make_run(aside, rows, chosen, seed))
    tasks = [task for task, domain in TASKS[::2] if domain in DOMAINS[:domains]]
    table = pq.read_table(records.layout.items_table)
    table = table.filter(pa.compute.is_in(table["task"], pa.array(tasks)))
    table = table.filter(pa.compute.less(table["doc_id"], items))
    joules = table.group_by("window").aggregate([("energy_j", "sum")])
    used = dict(zip(joules["window"].to_pylist(), joules["energy_j_sum"].to_pylist(), strict=True))
    own = zip(table["system"].to_pylist(), table["task"].to_pylist(), strict=True)
    cells = [(system.name, task) for system in chosen for task in tasks]
    place = {cell: number for number, cell in enumerate(cells)}
    header = replace(
        records.header, cells=[cell | {"items": items} for cell in records.header.cells if cell["task"] in tasks]
    )
    return _Template(
        records=replace(records, header=header),
        items=table.set_column(table.schema.get_field_index("token_s"), table.schema.field("token_s"), _empty(table)),
        windows=tuple(_windows_of(records, used)),
        cell=np.array([place[cell] for cell in own]),
        cells=tuple(cells),
    )


def _windows_of(records: RunRecords, used: Mapping[str, float]) -> Iterator[WindowRow]:
    """Return the windows of the repeated answers, with the joules of these alone."""
    for window in records.windows():
        if window.purpose == "load":
            yield window
        elif window.window in used and window.total_j:
            share = used[window.window] / window.total_j
            yield replace(window, energy_j={part: joules * share for part, joules in window.energy_j.items()})


def _empty(table: pa.Table) -> pa.Array:
    return pa.ListArray.from_arrays(np.zeros(len(table) + 1, dtype=np.int32), pa.array([], pa.float64()))


def _write_night(
    runs: Path, template: _Template, night: int, noise: float, steps: Sequence[Step], rng: np.random.Generator
) -> None:
    date = FIRST + datetime.timedelta(days=night)
    run = f"{date:%Y%m%d}T030000Z-nights-{night:04x}"
    slower, dearer, wrong = _moved(template, night, noise, steps, rng)
    header = _header(template.records.header, run, date)
    with RunWriter.create(runs / run, header) as writer:
        layout = writer.layout
        shutil.copy(template.records.layout.systems, layout.systems)
        windows = list(_windows(template, run, night, slower * dearer))
        layout.windows.write_text("".join(json.dumps(asdict(window)) + "\n" for window in windows))
        layout.windows_table.write_bytes(windows_parquet(windows))
        table = _items(template, run, night, slower, dearer, wrong, rng)
        pq.write_table(table, layout.items_table, compression="zstd")
        summary = {"finished_utc": f"{date}T03:30:00+00:00", "items": len(table), "windows": len(windows)}
        write_atomically(layout.finished, json.dumps(summary).encode())


def _header(header: RunHeader, run: str, date: datetime.date) -> RunHeader:
    return replace(
        header,
        run=run,
        created_utc=f"{date}T03:00:00+00:00",
        command=["wattbench", "nightly", "scale.yaml", "--history", "nights"],
        night={"date": date.isoformat(), "commit": f"{date.toordinal():040x}", "backfilled": False},
    )


def _moved(
    template: _Template, night: int, noise: float, steps: Sequence[Step], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return for each cell the factors on its seconds and watts, and how many right answers become wrong."""
    domain_of = dict(TASKS)
    slower = rng.lognormal(0.0, noise, len(template.cells))
    dearer = rng.lognormal(0.0, noise / 4, len(template.cells))
    wrong = np.zeros(len(template.cells))
    for step in steps:
        for place, (system, task) in enumerate(template.cells):
            if night >= step.night and system == step.system and step.domain in (None, domain_of[task]):
                slower[place] *= 1 + step.seconds
                dearer[place] *= 1 + step.joules
                wrong[place] = step.wrong
    return slower, dearer, wrong


def _windows(template: _Template, run: str, night: int, factor: NDArray[np.float64]) -> Iterator[WindowRow]:
    place = {cell: number for number, cell in enumerate(template.cells)}
    for window in template.windows:
        own = 1.0 if window.task is None else float(factor[place[window.system, window.task]])
        yield replace(
            window,
            run=run,
            started_s=window.started_s + night * DAY_S,
            finished_s=window.finished_s + night * DAY_S,
            energy_j={part: joules * own for part, joules in window.energy_j.items()},
        )


def _items(
    template: _Template,
    run: str,
    night: int,
    slower: NDArray[np.float64],
    dearer: NDArray[np.float64],
    wrong: NDArray[np.float64],
    rng: np.random.Generator,
) -> pa.Table:
    table, cell = template.items, template.cell
    started_s = table["started_s"].to_numpy() + night * DAY_S
    taken_s = (table["finished_s"].to_numpy() - table["started_s"].to_numpy()) * slower[cell]
    correct = table["correct"].to_numpy()
    drawn = rng.random((2, len(correct)))
    correct = np.where(drawn[0] < CHURN, 1 - correct, correct) * (drawn[1] >= wrong[cell])
    columns = {
        "run": pa.array(np.full(len(table), run)), "correct": correct,
        "scheduled_s": started_s, "started_s": started_s, "first_token_s": started_s + 0.2 * taken_s,
        "finished_s": started_s + taken_s,
    } | {
        name: table[name].to_numpy() * (slower * dearer)[cell] for name in ("energy_j", "energy_above_idle_j")
    }  # fmt: skip
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), pa.array(values))
    return table
