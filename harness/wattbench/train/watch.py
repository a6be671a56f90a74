"""Follow a training: advance the progress bar, record the loss curve, divide the metered windows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from wattbench.progress import Progress
from wattbench.records.files.jsonl import Appender, read_lines
from wattbench.train.metered import BuildMeter
from wattbench.train.trainer import Counts

LOSS = "loss.jsonl"
COUNTS = "counts.jsonl"


class Watch(TrainerCallback):
    """Called by the trainer at every step, log and checkpoint."""

    def __init__(self, work: Path, meter: BuildMeter, progress: Progress, counts: Counts, batch: int) -> None:
        self._loss = Appender(work / LOSS)
        self._counts = Appender(work / COUNTS)
        self._session = len({row["session"] for row in read_lines(work / COUNTS)})
        self._meter, self._progress, self._own, self._batch = meter, progress, counts, batch

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Advance the progress by the steps of earlier sessions, and count this session from its beginning."""
        self._keep_counts()
        self._progress.advance(state.global_step * self._batch)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Advance the progress by one batch."""
        self._progress.advance(self._batch)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Record a point of the loss curve."""
        if logs is not None and "loss" in logs:
            self._loss.append({"step": state.global_step, "loss": round(float(logs["loss"]), 4)})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write all counts and joules up to here, as a checkpoint has been saved."""
        self._keep_counts()
        if state.global_step < state.max_steps:  # what is left after the last one would make too short a window
            self._meter.mark()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the final counts, and close the files."""
        self._keep_counts()
        self._loss.close()
        self._counts.close()

    def _keep_counts(self) -> None:
        self._counts.append({"session": self._session, **asdict(self._own)})


def loss_curve(work: Path) -> list[tuple[int, float]]:
    """Return steps and losses in order; a step that was repeated after an interruption counts once."""
    return sorted({int(row["step"]): float(row["loss"]) for row in read_lines(work / LOSS)}.items())


def all_counts(work: Path) -> tuple[Counts, int]:
    """Sum the counts of all sessions, and count the sessions."""
    last = {row["session"]: row for row in read_lines(work / COUNTS)}
    total = Counts()
    for row in last.values():
        total.documents += row["documents"]
        total.tokens += row["tokens"]
        total.teacher_tokens += row["teacher_tokens"]
    return total, max(len(last), 1)
