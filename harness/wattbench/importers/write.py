"""Write answers as a run directory, atomically.

Name the systems whose client sent requests later than they were due.

A latency counts from when a request was sent. What it waited in a client that did not keep its rate is in no latency,
so that a rate which was never offered looks as if it was held.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.errors import UserError, nearest
from wattbench.folder_aside import folder_aside
from wattbench.importers.call_spool import call_batches
from wattbench.importers.files import file_digest
from wattbench.importers.imported import Imported
from wattbench.importers.item_rows import item_batches
from wattbench.importers.metered import Metered, meter_details, metered
from wattbench.importers.opinions import judgement_rows, label_rows
from wattbench.importers.repeats import as_repeats, trials
from wattbench.importers.survey import UNSPECIFIED, Survey, survey
from wattbench.importers.zeros import remark
from wattbench.meters.sampling.trace import TraceWriter
from wattbench.quantities import quantity
from wattbench.records import SCHEMA_VERSION, RunHeader, RunWriter, SystemRow
from wattbench.records.files.atomic_write import move_into_place

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
OWNERS = ("model", "client")
"""The machine that runs the model, or a client that waits for it."""


def write_run(
    imported: Imported,
    out: Path,
    name: str,
    command: Sequence[str],
    currency: str | None = None,
    *,
    joules: Sequence[str] = (),
    repeats: bool = False,
) -> Path:
    """Make a run directory `<UTC>-<name>-<id>` under a folder and return its path.

    It is written under another name and renamed when it is complete.

    Args:
        imported: what was read.
        out: the folder.
        name: of the run.
        command: for the record.
        currency: of the costs (ISO 4217); None: as the source names it, if it does.
        joules: whose they are, as `joules_of` takes it.
        repeats: take items whose names are those of numbered trials for repeats (`wattbench.importers.repeats`).

    Raises:
        UserError: the name, the currency or `joules` is invalid, there are no trials to take, nothing was read, an
            answer is duplicated, some answers of a system have no score, or the directory cannot be written.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"--name {name!r:.80}: use letters, digits, dots, dashes and underscores, at most 80 of them")
    if not len(imported.answers) and not imported.summaries:
        raise UserError(f"{imported.files[0]}: it has no answers")
    numbered = trials(imported.answers)
    if repeats:
        imported = replace(imported, answers=as_repeats(imported.answers, numbered))
    known = survey(imported.answers, currency, imported.judges)
    notes = {
        "zeros": [{"system": system, "column": column, "answers": count}
                  for (system, column), count in sorted(imported.answers.zeros.items())],
        "joules_of": joules_of(joules, known.kinds),
        "repeats": len(numbered.repeat_of) if repeats and numbered is not None else 0,
    }  # fmt: skip
    if numbered is not None and not repeats:
        imported = replace(imported, remarks={**imported.remarks, "trials": numbered.remark})
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}"
    windows = metered(imported, known, run)
    header = _header(imported, known, run, name, now, command)
    header = replace(header, imported={**(header.imported or {}), **{key: each for key, each in notes.items() if each}})
    try:
        with folder_aside(out / f".{run}.importing", left=out.glob(".*Z-*.importing")) as aside:
            with RunWriter.create(aside / run, header) as writer:
                for system in _systems(imported, known):
                    writer.append_system(system)
                writer.append_summaries(imported.summaries)
                _write_power(writer, imported, windows)
                for judge in imported.judges.values():
                    writer.append_judge(judge)
                writer.append_judgements(judgement_rows(imported, known))
                writer.append_labels(label_rows(imported, known, header.created_utc))
                items = item_batches(imported.answers, known, run, windows, imported.judges)
                rows = () if windows is None else windows.windows
                writer.append_calls(imported.calls)
                calls = call_batches(imported.calls, run)
                writer.finish_batches(items, rows, now.isoformat(timespec="seconds"), calls)
            move_into_place(aside / run, out / run, failure="the run cannot be written")
    except OSError as error:
        raise UserError(f"{out / run}: the run cannot be written ({error.strerror})") from error
    return out / run


def joules_of(given: Sequence[str], systems: Collection[str]) -> dict[str, str]:
    """Map systems to the declared owner of their joules.

    Args:
        given: each ``client`` or ``model``, for all systems, or ``SYSTEM=client`` for one, which goes before.
        systems: of the import.

    Raises:
        UserError: an owner or a system is not known.
    """
    declared: dict[str, str] = {}
    for each in sorted(given, key=lambda one: "=" in one):
        system, equals, owner = each.rpartition("=")
        if owner not in OWNERS:
            raise UserError(f"--joules-of {each:.80}: write {' or '.join(OWNERS)}, or SYSTEM=client")
        if equals and system not in systems:
            raise UserError(f"--joules-of {each:.80}: no system {system!r:.60}{nearest(system, list(systems))}")
        declared |= dict.fromkeys([system] if equals else systems, owner)
    return declared


def _write_power(writer: RunWriter, imported: Imported, windows: Metered | None) -> None:
    """Write the judged windows, and the readings behind each, as those of a measured run."""
    for row in () if windows is None else windows.windows:
        telemetry = imported.telemetry[row.system]
        trace = TraceWriter(writer.layout.trace(row.system, row.task))
        try:
            for reading in sorted(telemetry.readings, key=lambda each: each.at_s):
                trace.write(telemetry, reading)
        finally:
            trace.close()
        writer.append_window(row)  # once the readings behind it are on disk


def _systems(imported: Imported, known: Survey) -> list[SystemRow]:
    kinds = dict(known.kinds) | {row.system: UNSPECIFIED for row in imported.summaries if row.system not in known.kinds}
    return [
        SystemRow(
            system=name,
            kind=kind,
            engine=str(imported.configs.get(name, {}).get("engine", imported.format)),
            engine_version=imported.version,
            served_model=imported.configs.get(name, {}).get("model"),
            members=known.routes.get(name, []),
        )
        for name, kind in kinds.items()
    ]


def _header(imported: Imported, known: Survey, run: str, name: str, now: datetime, command: Sequence[str]) -> RunHeader:
    suite: dict[str, Any] = {
        "suite": {"name": name, "description": f"Imported from {imported.format}"},
        "systems": _finite(imported.configs),
    }
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite=suite,
        suite_sha256=hashlib.sha256(json.dumps(suite, sort_keys=True).encode()).hexdigest(),
        created_utc=now.isoformat(timespec="seconds"),
        command=list(command),
        environment={},  # of the machine that answered nothing is known
        meters={component: how for each in imported.telemetry.values() for component, how in each.provenance.items()},
        meter_details=dict(meter_details(imported)),
        cells=[
            {
                "system": cell.system,
                "kind": cell.kind or UNSPECIFIED,
                "task": cell.task,
                "domain": cell.domain,
                "items": cell.items,
                **_finite(imported.facts.get((cell.system, cell.task), {})),
            }
            for cell in known.cells
        ],
        imported={
            "from": imported.format,
            "version": imported.version,
            "files": [{"name": path.name, "sha256": file_digest(path)} for path in imported.files],
            "left_out": {reason: count for reason, count in imported.left_out.items() if count},
            "scenario": _finite(imported.scenario),
            "machines": _finite(imported.machines),
            "currency": known.currency,
            "remarks": _remarks(imported),
            **({"columns": [dict(each) for each in imported.columns]} if imported.columns else {}),
        },
    )


def _remarks(imported: Imported) -> dict[str, str]:
    """Return the remarks of an import, each by its code."""
    answers = imported.answers
    notes = {"late-client": late_clients(imported), "zeros": remark(answers.zeros, len(answers))}
    return {**imported.remarks, **{code: said for code, said in notes.items() if said is not None}}


def _finite(settings: Any) -> Any:
    """Return settings with ``inf`` and ``nan`` as texts, which a record's JSON may not have as numbers."""
    if isinstance(settings, float) and not math.isfinite(settings):
        return str(settings)
    if isinstance(settings, Mapping):
        return {key: _finite(value) for key, value in settings.items()}
    return [_finite(value) for value in settings] if isinstance(settings, list | tuple) else settings


_LATE_SHARE = 0.1
"""Of the mean latency: a mean delay that is longer is named."""

_MOST_NAMED = 8


def late_clients(imported: Imported) -> str | None:
    """Return one sentence about all systems whose requests were sent late. None if there are no such systems.

    Delays are those that the source states, or those between due and sent of its answers.
    """
    late = {
        system: (delay_s, latency_s)
        for system, delay_s, latency_s in (*_stated(imported), *_of_answers(imported))
        if latency_s > 0 and delay_s > _LATE_SHARE * latency_s
    }
    if not late:
        return None
    worst = sorted(late, key=lambda system: -late[system][0])
    listed = "; ".join(
        f"{system}: {quantity(late[system][0], 's')} late, answered in {quantity(late[system][1], 's')}"
        for system in worst[:_MOST_NAMED]
    )
    more = f"; and {len(worst) - _MOST_NAMED} more" if len(worst) > _MOST_NAMED else ""
    return (
        "The client did not keep its rate: it sent requests later than they were due, and no latency counts that wait "
        f"(means: {listed}{more})"
    )


def _stated(imported: Imported) -> Iterator[tuple[str, float, float]]:
    """Yield systems with the mean delay and the mean latency that the source states."""
    means: dict[str, dict[str, float]] = {}
    for row in imported.summaries:
        if row.figure in ("schedule_delay", "latency") and row.statistic == "mean":
            means.setdefault(row.system, {})[row.figure] = row.value
    for system, known in means.items():
        if len(known) == 2:
            yield system, known["schedule_delay"], known["latency"]


def _of_answers(imported: Imported) -> Iterator[tuple[str, float, float]]:
    """Yield systems with the mean delay and the mean latency of their answers.

    Answers without one of both do not count.
    """
    sums: dict[str, list[float]] = {}
    for batch in imported.answers.batches(("system", "scheduled_s", "started_s", "seconds")):
        if batch.column("scheduled_s").null_count == batch.num_rows:
            continue
        due_s, started_s, seconds = (
            batch.column(name).to_numpy(zero_copy_only=False) for name in ("scheduled_s", "started_s", "seconds")
        )
        known = np.isfinite(started_s - due_s) & np.isfinite(seconds)
        systems = batch.column("system").dictionary_encode()
        for code, system in enumerate(systems.dictionary.to_pylist()):
            rows = known & (systems.indices.to_numpy() == code)
            total = sums.setdefault(system, [0.0, 0.0, 0.0])
            total[0] += float((started_s - due_s)[rows].sum())
            total[1] += float(seconds[rows].sum())
            total[2] += int(rows.sum())
    for system, (delay_s, latency_s, answers) in sums.items():
        if answers:
            yield system, delay_s / answers, latency_s / answers
