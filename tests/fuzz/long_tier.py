"""Try as many inputs of each target as there is time for, each target in a process of its own, which may die."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutations import mutated
from tests.fuzz.property import CPU_S, Fault, fault_of
from tests.fuzz.targets import Target

SHRINK_S = 10.0
"""Seconds to make an input simpler that failed."""
LAST = "last-input"
GRACE_S = 60.0 + 2 * CPU_S


@dataclass
class Outcome:
    """What was tried of a target, and what failed."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    faults: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """What broke to details and the simplest input that breaks it."""


def attack(target: Target, seconds: float, seed: int) -> Outcome:
    """Try a target for some seconds, in a new process.

    Args:
        target: what is attacked.
        seconds: how long, after its seeds were made.
        seed: of the choices: the same seed tries the same inputs in the same order.
    """
    folder = Path(tempfile.mkdtemp(prefix="wattbench-fuzz-"))
    context = multiprocessing.get_context("fork")  # the targets' functions cannot be pickled
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(target, seconds, seed, folder, theirs))
    process.start()
    theirs.close()
    outcome = Outcome(target.name)
    try:
        if ours.poll(seconds + SHRINK_S * 5 + GRACE_S):
            outcome = ours.recv()
        else:
            outcome.faults["does not return"] = "", _last(folder)
    except EOFError:
        process.join()
        outcome.faults[f"the process died ({process.exitcode})"] = "", _last(folder)
    finally:
        process.kill()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _last(folder: Path) -> bytes:
    path = folder.with_name(f"{folder.name}-{LAST}")
    data = path.read_bytes() if path.exists() else b""
    path.unlink(missing_ok=True)
    return data


def _work(target: Target, seconds: float, seed: int, folder: Path, pipe: Any) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    outcome = Outcome(target.name)
    seeds = target.seeds(folder)
    for number, data in enumerate(seeds):  # the first one also imports what is imported late
        fault_of(target, data, folder)
        if fault := fault_of(target, data, folder):
            outcome.faults[f"seed {number}: {fault.what}"] = fault.details, data
    last = folder.with_name(f"{folder.name}-{LAST}")
    started_s = time.monotonic()
    for data in _inputs(target, seeds, seed):
        if time.monotonic() - started_s > seconds:
            break
        last.write_bytes(data)
        fault = fault_of(target, data, folder)
        outcome.inputs += 1
        if fault is not None and fault.what not in outcome.faults:
            outcome.faults[fault.what] = (
                fault.details,
                simpler(data, lambda each, what=fault.what: _same(target, each, folder, what)),
            )
    last.unlink(missing_ok=True)
    outcome.seconds = time.monotonic() - started_s
    pipe.send(outcome)


def _inputs(target: Target, seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    number = 0
    while True:
        yield mutated(Random(f"{target.name} {seed} {number}"), seeds, target.form)
        number += 1


def _same(target: Target, data: bytes, folder: Path, what: str) -> bool:
    fault: Fault | None = fault_of(target, data, folder)
    return fault is not None and fault.what == what


def simpler(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Take parts out of an input for as long as it still fails: lines first, then bytes."""
    until_s = time.monotonic() + SHRINK_S
    for pieces in (data.splitlines(keepends=True), None):
        parts = pieces if pieces is not None else [data[at : at + 1] for at in range(len(data))]
        size = max(1, len(parts) // 2)
        while size and time.monotonic() < until_s:
            at = 0
            while at < len(parts) and time.monotonic() < until_s:
                rest = parts[:at] + parts[at + size :]
                if rest and fails(b"".join(rest)):
                    parts = rest
                else:
                    at += size
            size //= 2
        data = b"".join(parts)
    return data


def keep(outcome: Outcome, folder: Path, form: str) -> list[Path]:
    """Write each input that failed to a folder, with what it broke next to it, and return the files of the inputs."""
    paths = []
    for what, (details, data) in outcome.faults.items():
        name = hashlib.sha256(data).hexdigest()[:8]
        path = folder / outcome.target / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{what}\n{details}\n", errors="replace")
        paths.append(path)
    return paths


def as_table(outcomes: Sequence[Outcome]) -> str:
    """Return a row per target as Markdown."""
    rows = [f"| {each.target} | {each.inputs:,} | {each.seconds:.0f} | {len(each.faults)} |" for each in outcomes]
    total = f"| all | {sum(each.inputs for each in outcomes):,} | {sum(each.seconds for each in outcomes):.0f} | " + (
        f"{sum(len(each.faults) for each in outcomes)} |"
    )
    return "\n".join(("| target | inputs | seconds | faults |", "| --- | --- | --- | --- |", *rows, total))
