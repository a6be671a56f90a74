"""Follows a training as it goes: moves the progress bar, keeps the loss curve, divides the metered windows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from wattbench.progress import Progress
from wattbench.records.jsonl import Appender, read_lines
from wattbench.train.metered import BuildMeter
from wattbench.train.trainer import Counts

LOSS = "loss.jsonl"
COUNTS = "counts.jsonl"


class Watch(TrainerCallback):
    """Told by the trainer of every step, log and checkpoint."""

    def __init__(self, work: Path, meter: BuildMeter, progress: Progress, counts: Counts, batch: int) -> None:
        self._loss = Appender(work / LOSS)
        self._counts = Appender(work / COUNTS)
        self._session = len({row["session"] for row in read_lines(work / COUNTS)})
        self._meter, self._progress, self._own, self._batch = meter, progress, counts, batch

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Steps that an earlier session did are done. This one counts, even if it is killed before a checkpoint."""
        self._keep_counts()
        self._progress.advance(state.global_step * self._batch)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One batch further."""
        self._progress.advance(self._batch)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """A point of the loss curve."""
        if logs is not None and "loss" in logs:
            self._loss.append({"step": state.global_step, "loss": round(float(logs["loss"]), 4)})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint is on disk: what was counted and metered up to here is put there, too."""
        self._keep_counts()
        if state.global_step < state.max_steps:  # what is left after the last one would make too short a window
            self._meter.mark()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """As after a checkpoint; the files are closed."""
        self._keep_counts()
        self._loss.close()
        self._counts.close()

    def _keep_counts(self) -> None:
        self._counts.append({"session": self._session, **asdict(self._own)})


def loss_curve(work: Path) -> list[tuple[int, float]]:
    """Step and loss; a step that was done again after an interruption counts once."""
    return sorted({int(row["step"]): float(row["loss"]) for row in read_lines(work / LOSS)}.items())


def all_counts(work: Path) -> tuple[Counts, int]:
    """What all sessions worked through together, and how many sessions there were."""
    last = {row["session"]: row for row in read_lines(work / COUNTS)}
    total = Counts()
    for row in last.values():
        total.documents += row["documents"]
        total.tokens += row["tokens"]
        total.teacher_tokens += row["teacher_tokens"]
    return total, max(len(last), 1)
