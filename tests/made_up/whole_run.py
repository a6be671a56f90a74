"""A small run with all of its lines and readings, so that its tables can be built from them; and ways to damage it."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from tests.made_up.rows import ANSWER, START_S
from wattbench.machine.environment import installation
from wattbench.measure.rebuilt_tables import rebuild
from wattbench.meters import Reading
from wattbench.meters.sampling.trace import TraceWriter
from wattbench.records import (
    SCHEMA_VERSION,
    Purpose,
    RunHeader,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowLabel,
    WindowRow,
    read_run,
)
from wattbench.records.finish_record import run_files
from wattbench.records.layout import RunLayout
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, LabelRow, answer_digest

SYSTEMS = (("big", 0.5, 8.0), ("small", 0.25, 3.0))
"""Name, seconds and joules of an answer."""
TASKS = (("add", "arithmetic"), ("spell", "text"))
DOCUMENTS = 8
JUDGE, JUDGED_TASK = "critic", "spell"


class _Counter:
    """What a trace says of a meter that counts."""

    name = "rapl"
    provenance: ClassVar = {"cpu": "counter"}
    step_s: ClassVar = {"cpu": 0.05}


def write_whole_run(folder: Path, *, night: int | None = None, judged: bool = False) -> Path:
    """Write a finished run of two systems on two tasks and return its directory.

    Args:
        folder: that gets it.
        night: of a history, from 0: each takes 1% longer than the one before. None: of no history.
        judged: whether a judge scores the answers to the last task; `label_whole_run` labels them.
    """
    date = datetime.date(2026, 1, 2) + datetime.timedelta(days=night or 0)
    run = f"{date:%Y%m%d}T030405Z-whole-abc123"
    cells = [
        {"system": system, "kind": "generalist", "task": task, "domain": domain, "items": DOCUMENTS}
        for system, _, _ in SYSTEMS
        for task, domain in TASKS
    ]
    header = RunHeader(
        schema_version=SCHEMA_VERSION, run=run, suite={"suite": {"name": "whole"}, "systems": {}}, suite_sha256="0",
        created_utc=f"{date}T03:04:05+00:00", command=["wattbench", "run"],
        environment={"hostname": "bench-1", "packages": installation()["packages"]}, meters={"cpu": "counter"},
        cells=cells, night=None if night is None else {"date": f"{date}", "commit": "0" * 40, "backfilled": False},
        journal=True,
    )  # fmt: skip
    with RunWriter.create(folder / run, header) as writer:
        for number, cell in enumerate(cells):
            is_judged = judged and cell["task"] == JUDGED_TASK
            _write_cell(
                writer, run, number, str(cell["system"]), str(cell["task"]), 1.01 ** (night or 0), judged=is_judged
            )
        if judged:
            _write_judging(writer, run)
        records = read_run(folder / run)
        whole = rebuild(records, records.windows())
        writer.finish(whole.items, whole.windows, f"{date}T03:10:00+00:00")
    return folder / run


def _write_judging(writer: RunWriter, run: str) -> None:
    """Let a judge pass every answer to `JUDGED_TASK`, but for one that it said nothing of."""
    started_s, window = START_S + 1000, "w0009"
    writer.append_judge(
        JudgeRow(judge=JUDGE, task=JUDGED_TASK, scale="pass", rubric="Friendly is good.\n", prompt_version="1")
    )
    writer.append_open_window(WindowLabel(window=window, run=run, system=JUDGE, task=None, purpose=Purpose.JUDGING))
    records = read_run(writer.layout.root)
    answers = [(name, row) for name, _, _ in SYSTEMS for row in records.answers(name, JUDGED_TASK)]
    for number, (name, row) in enumerate(answers):
        verdict = None if number == 3 else float(number % 3 != 0)
        said = {None: "I cannot say.", 0.0: "Verdict: fail", 1.0: "It is fine.\n\nVerdict: pass"}[verdict]
        writer.append_judgement(
            JudgementRow(
                system=name, task=JUDGED_TASK, doc_id=row.doc_id, repeat=0, judge=JUDGE, reply=said,
                answer_sha256=answer_digest(row.replies[0]), verdict=verdict,
                why=None if verdict is not None else "it has no verdict", prompt_hash="j", started_s=started_s + number,
                finished_s=started_s + number + 0.5, window=window, output_tokens=4,
            )
        )  # fmt: skip
    writer.append_window(
        WindowRow(
            window=window, run=run, system=JUDGE, task=None, purpose=Purpose.JUDGING, started_s=started_s,
            finished_s=started_s + len(answers), energy_j={"cpu": 40.0}, provenance={"cpu": "counter"},
            idle_w={"cpu": 1.0}, samples=50, largest_gap_s=0.1, own_cpu_s=2.0,
        )
    )  # fmt: skip
    _write_trace(writer.layout.trace(JUDGE, None), started_s, len(answers), 40.0 / len(answers))


def label_whole_run(run: Path, labels: int = DOCUMENTS) -> None:
    """Label the first answers of each system to `JUDGED_TASK`."""
    records = read_run(run)
    rows = [
        LabelRow(
            system=name, task=JUDGED_TASK, doc_id=row.doc_id, repeat=0, answer_sha256=answer_digest(row.replies[0]),
            score=float(row.doc_id % 2), person="ada", labelled_utc="2026-01-03T00:00:00+00:00",
        )
        for name, _, _ in SYSTEMS
        for row in records.answers(name, JUDGED_TASK)[:labels]
    ]  # fmt: skip
    with records.layout.labels.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row.as_json()) + "\n" for row in rows)


def _write_cell(
    writer: RunWriter, run: str, number: int, system: str, task: str, longer: float, *, judged: bool
) -> None:
    seconds, joules = next((longer * each for each in rest) for name, *rest in SYSTEMS if name == system)
    if task == TASKS[0][0]:
        writer.append_system(SystemRow(system=system, kind="generalist", engine="python", load_s=1.5))
    window, start_s = f"w{number:04d}", START_S + 100 * number
    writer.append_open_window(WindowLabel(window=window, run=run, system=system, task=task, purpose=Purpose.MEASURED))
    scores = []
    for doc_id in range(DOCUMENTS):
        began_s = start_s + doc_id * seconds
        writer.append_answer(
            system,
            task,
            replace(
                ANSWER, doc_id=doc_id, prompt=f"Question {doc_id} ä", prompt_hash=f"p{doc_id}", replies=["42"],
                prompt_tokens=12, output_tokens=3 + doc_id, scheduled_s=began_s, started_s=began_s,
                first_token_s=began_s + seconds / 4, finished_s=began_s + seconds * (0.5 + doc_id / 20), token_s=[],
                batch=doc_id, window=window,
            ),
        )  # fmt: skip
        correct = float(doc_id % (2 + number) == 0)
        scores.append(
            ScoreRow(
                doc_id=doc_id, repeat=0, doc_hash=f"{task}-{doc_id}", target="42", filtered="42",
                correct=None if judged else correct, metrics={} if judged else {"exact_match,none": correct},
            )
        )  # fmt: skip
    writer.append_window(
        WindowRow(
            window=window, run=run, system=system, task=task, purpose=Purpose.MEASURED, started_s=start_s,
            finished_s=start_s + DOCUMENTS * seconds, energy_j={"cpu": DOCUMENTS * joules},
            provenance={"cpu": "counter"},
            idle_w={"cpu": 1.0}, samples=50, largest_gap_s=0.1, own_cpu_s=2.0,
        )
    )  # fmt: skip
    writer.write_scores(system, task, scores)
    _write_trace(writer.layout.trace(system, task), start_s, DOCUMENTS * seconds, joules / seconds)


def _write_trace(path: Path, started_s: float, length_s: float, power_w: float) -> None:
    """Write the readings of a counter around a window."""
    trace, readings = TraceWriter(path), round(length_s / 0.1)
    for number in range(readings + 1):
        at_s = started_s + length_s * number / readings
        trace.write(_Counter(), Reading(at_s, {"cpu": 1000.0 + power_w * (at_s - started_s)}))
    trace.close()


ODD: tuple[object, ...] = (
    None, True, -1, 0, 1e308, 10**30, float("nan"), float("inf"),
    "", "x", "\ud800", "\x1b[2J", [], [[]], {}, {"a": None},
)  # fmt: skip
"""Values of fields that expect others."""


def damage(root: Path, seed: int) -> str:
    """Damage one file of a run, as a seed says, and return what was done."""
    draw = random.Random(seed)
    name = draw.choice([*run_files(RunLayout(root)), "finished.json"])
    ways: list[Callable[[Path, random.Random], str]] = [_bytes, _cut, _bits, _remove]
    if name.endswith((".jsonl", ".json")):
        ways += [_field, _field, _field, _digit, _lines]
    way = draw.choice(ways)
    return f"{name}: {way(root / name, draw)}"


def _bytes(path: Path, draw: random.Random) -> str:
    data = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 8, 200])):
        data[draw.randrange(len(data))] = draw.randrange(256)
    path.write_bytes(data)
    return "bytes overwritten"


def _bits(path: Path, draw: random.Random) -> str:
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    return "a bit flipped"


def _cut(path: Path, draw: random.Random) -> str:
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))])
    return "cut"


def _remove(path: Path, draw: random.Random) -> str:
    path.unlink()
    if draw.random() < 0.5:
        return "removed"
    path.mkdir()
    return "replaced by a folder"


def _lines(path: Path, draw: random.Random) -> str:
    lines = path.read_bytes().splitlines(keepends=True)
    at = draw.randrange(len(lines))
    way = draw.choice(["repeated", "left out", "swapped", "empty"])
    if way == "repeated":
        lines.insert(at, lines[at])
    elif way == "left out":
        del lines[at]
    elif way == "swapped":
        draw.shuffle(lines)
    else:
        lines.insert(at, b"\n")
    path.write_bytes(b"".join(lines))
    return f"lines {way}"


def _digit(path: Path, draw: random.Random) -> str:
    data = bytearray(path.read_bytes())
    digits = [at for at, byte in enumerate(data) if byte in b"0123456789"]
    data[draw.choice(digits)] = draw.choice(b"0123456789")
    path.write_bytes(data)
    return "a digit changed"


def _field(path: Path, draw: random.Random) -> str:
    lines = [path.read_text()] if path.suffix == ".json" else path.read_text().splitlines()
    at = draw.randrange(len(lines))
    row = json.loads(lines[at])
    key, value = draw.choice(sorted(row)), draw.choice(ODD)
    inner = row[key]
    if isinstance(inner, dict) and inner and draw.random() < 0.5:
        inner[draw.choice(sorted(inner))] = value
    elif isinstance(inner, list) and inner and draw.random() < 0.5:
        inner[draw.randrange(len(inner))] = value
    elif draw.random() < 0.2:
        del row[key]
    else:
        row[key] = value
    lines[at] = json.dumps(row)
    path.write_text("\n".join(lines) + "\n")
    return f"{key} changed to {value!r}"
