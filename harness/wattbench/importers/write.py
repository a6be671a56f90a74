"""Write answers as a run directory, atomically."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside
from wattbench.importers.answer import Answer, Imported
from wattbench.importers.files import digest, file_digest
from wattbench.records import SCHEMA_VERSION, ItemRow, RunHeader, RunWriter, SystemRow
from wattbench.records.atomic_write import move_into_place
from wattbench.records.named_item import named_item_hash
from wattbench.records.provenance import IMPORTED

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
CURRENCY = re.compile(r"[A-Z]{3}")
KINDS = ("generalist", "specialist", "moe", "distilled", "hybrid")
UNSPECIFIED = "unspecified"
"""The kind of a system whose source does not state it."""


def write_run(imported: Imported, out: Path, name: str, command: Sequence[str], currency: str | None = None) -> Path:
    """Make a run directory `<UTC>-<name>-<id>` under a folder and return its path.

    It is written under another name and renamed when it is complete.

    Args:
        imported: what was read.
        out: the folder.
        name: of the run.
        command: for the record.
        currency: of the costs (ISO 4217); None: as the source names it, if it does.

    Raises:
        UserError: the name or the currency is invalid, nothing was read, an answer is duplicated, some answers of a
            system have no score, or the directory cannot be written.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"--name {name!r:.80}: use letters, digits, dots, dashes and underscores, at most 80 of them")
    answers = [_completed(answer) for answer in imported.answers]
    if not answers:
        raise UserError(f"{imported.files[0]}: it has no answers")
    _check_each_once(answers)
    _check_all_scored(answers)
    named = _currency(answers, currency)
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%SZ}-{name}-{secrets.token_hex(3)}"
    header, systems = _header(imported, answers, run, name, now, command, named), _systems(imported, answers)
    rows = _rows(answers, run, {system.system: system.kind for system in systems})
    try:
        with folder_aside(out / f".{run}.importing", left=out.glob(".*Z-*.importing")) as aside:
            with RunWriter.create(aside / run, header) as writer:
                for system in systems:
                    writer.append_system(system)
                writer.finish(rows, [], now.isoformat(timespec="seconds"))
            move_into_place(aside / run, out / run, failure="the run cannot be written")
    except OSError as error:
        raise UserError(f"{out / run}: the run cannot be written ({error.strerror})") from error
    return out / run


def _completed(answer: Answer) -> Answer:
    """Complete an answer with what follows from the rest: a domain, and hashes of its document and its prompt."""
    texts: dict[str, Any] = {name: _utf8(getattr(answer, name)) for name in _TEXTS}
    answer = replace(answer, **texts)
    return replace(
        answer,
        domain=answer.domain or answer.task,
        doc_hash=answer.doc_hash or named_item_hash(answer.task, answer.item),
        prompt_hash=answer.prompt_hash or digest(answer.prompt),
        filtered=answer.filtered or answer.answer,
    )


_TEXTS = ("item", "doc_hash", "prompt_hash", "prompt", "answer", "filtered", "target", "failure", "route")


def _utf8(text: str | None) -> str | None:
    """Escape half a surrogate pair, which JSON allows and UTF-8 does not."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _check_each_once(answers: Sequence[Answer]) -> None:
    seen: dict[tuple[str, str, str, int], str] = {}
    for each in answers:
        key = (each.system, each.task, each.item, each.repeat)
        if key in seen:
            raise UserError(
                f"{each.where}: {each.system} on {each.task} answers item {each.item!r:.60} a second time (first: "
                f"{seen[key]}). If items were asked several times, number the answers in a column `repeat`"
            )
        seen[key] = each.where


def _check_all_scored(answers: Sequence[Answer]) -> None:
    """Check that all answers of a system have a score or none: otherwise accuracy and joules are of different
    requests."""
    scored = {each.system for each in answers if each.score is not None}
    for each in answers:
        if each.system in scored and each.score is None:
            raise UserError(
                f"{each.where}: no score, but other answers of {each.system} have one. Score it (0 if it is wrong), or "
                "leave it out"
            )


def _currency(answers: Sequence[Answer], given: str | None) -> str | None:
    """Return the one currency of a run's costs: the given one, or that of the source; None where none is named.

    Raises:
        UserError: it is no currency, or there are several.
    """
    first = {each.currency: each.where for each in reversed(answers) if each.currency}
    for name, where in (*first.items(), *([] if given is None else [(given, "--currency")])):
        if not CURRENCY.fullmatch(name):
            raise UserError(f"{where}: the currency {name!r:.60} must be three letters, such as USD (ISO 4217)")
    if len(first) > 1:
        listed = " and ".join(sorted(first))
        raise UserError(
            f"{answers[0].where}: costs are in {listed}; a run has one currency: import each one separately"
        )
    source = next(iter(first), None)
    if given is not None and source is not None and given != source:
        raise UserError(f"--currency {given}: the costs of {first[source]} are in {source}; leave the option out")
    return given or source


def _kind(answers: Sequence[Answer]) -> str:
    kinds = dict.fromkeys(answer.kind for answer in answers if answer.kind)
    first = answers[0]
    if len(kinds) > 1:
        raise UserError(f"{first.where}: {first.system} has several kinds ({', '.join(kinds)}); it can have one")
    kind = next(iter(kinds), "hybrid" if any(answer.route for answer in answers) else UNSPECIFIED)
    if kind not in (*KINDS, UNSPECIFIED):
        raise UserError(f"{first.where}: {first.system} has the kind {kind!r:.60}; choose one of {', '.join(KINDS)}")
    return kind


def _systems(imported: Imported, answers: Sequence[Answer]) -> list[SystemRow]:
    by_system: dict[str, list[Answer]] = {}
    for answer in answers:
        by_system.setdefault(answer.system, []).append(answer)
    return [
        SystemRow(
            system=name,
            kind=_kind(of_system),
            engine=str(imported.configs.get(name, {}).get("engine", imported.format)),
            engine_version=imported.version,
            served_model=imported.configs.get(name, {}).get("model"),
            members=sorted({answer.route for answer in of_system if answer.route}),
        )
        for name, of_system in by_system.items()
    ]


def _header(
    imported: Imported,
    answers: Sequence[Answer],
    run: str,
    name: str,
    now: datetime,
    command: Sequence[str],
    currency: str | None,
) -> RunHeader:
    cells: dict[tuple[str, str], set[str]] = {}
    first: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        cells.setdefault((answer.system, answer.task), set()).add(answer.item)
        first.setdefault((answer.system, answer.task), answer)
    suite: dict[str, Any] = {
        "suite": {"name": name, "description": f"Imported from {imported.format}"},
        "systems": {system: dict(config) for system, config in imported.configs.items()},
    }
    return RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite=suite,
        suite_sha256=hashlib.sha256(json.dumps(suite, sort_keys=True).encode()).hexdigest(),
        created_utc=now.isoformat(timespec="seconds"),
        command=list(command),
        environment={},  # of the machine that answered nothing is known
        meters={},
        cells=[
            {
                "system": system,
                "kind": first[system, task].kind or UNSPECIFIED,
                "task": task,
                "domain": first[system, task].domain,
                "items": len(items),
                **imported.facts.get((system, task), {}),
            }
            for (system, task), items in cells.items()
        ],
        imported={
            "from": imported.format,
            "version": imported.version,
            "files": [{"name": path.name, "sha256": file_digest(path)} for path in imported.files],
            "left_out": {reason: count for reason, count in imported.left_out.items() if count},
            "scenario": {system: dict(load) for system, load in imported.scenario.items()},
            "currency": currency,
        },
    )


def _rows(answers: Sequence[Answer], run: str, kinds: dict[str, str]) -> list[ItemRow]:
    numbers = _numbers(answers)
    return [
        _row(answer, run, kinds[answer.system], numbers[answer.task][answer.item], index)
        for index, answer in enumerate(answers)
    ]


def _numbers(answers: Sequence[Answer]) -> dict[str, dict[str, int]]:
    """Number the items of each task: by their names if all are whole numbers, else by their sorted order."""
    items: dict[str, set[str]] = {}
    for answer in answers:
        items.setdefault(answer.task, set()).add(answer.item)
    numbers = {}
    for task, names in items.items():
        as_numbers = {name: int(name) for name in names if re.fullmatch(r"(0|[1-9]\d{0,15})", name)}
        in_order = {name: index for index, name in enumerate(sorted(names))}
        numbers[task] = as_numbers if len(as_numbers) == len(names) else in_order
    return numbers


def _row(answer: Answer, run: str, kind: str, doc_id: int, index: int) -> ItemRow:
    started_s = answer.started_s if answer.started_s is not None or answer.seconds is None else 0.0
    finished_s = None if started_s is None or answer.seconds is None else started_s + answer.seconds
    late = answer.first_token_seconds
    return ItemRow(
        run=run, system=answer.system, kind=kind, task=answer.task, domain=answer.domain, doc_id=doc_id,
        doc_hash=answer.doc_hash, prompt_hash=answer.prompt_hash, repeat=answer.repeat, correct=answer.score,
        metrics=json.dumps(dict(answer.metrics), default=str), prompt_tokens=answer.prompt_tokens,
        cached_tokens=answer.cached_tokens,
        output_tokens=answer.output_tokens, scheduled_s=started_s, started_s=started_s,
        first_token_s=None if started_s is None or late is None else started_s + late, finished_s=finished_s,
        token_s=[], batch=index, batch_size=1, window="", energy_j=answer.joules,
        energy_above_idle_j=answer.joules_above_idle, energy_provenance="" if answer.joules is None else IMPORTED,
        route=answer.route, route_asked=[answer.route] if answer.route else [], failure=answer.failure,
        cost=answer.cost, prompt=answer.prompt, output=answer.answer, filtered=answer.filtered, target=answer.target,
    )  # fmt: skip
