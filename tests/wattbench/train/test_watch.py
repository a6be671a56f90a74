"""What a training leaves word of, over all its sessions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wattbench.train.trainer import Counts
from wattbench.train.watch import Watch, all_counts, loss_curve


class Marks:
    """A meter that counts how often its windows are divided."""

    count = 0

    def mark(self) -> None:
        self.count += 1


@pytest.fixture
def marks() -> Marks:
    return Marks()


def at(step: int, of: int = 10) -> Any:
    return SimpleNamespace(global_step=step, max_steps=of)


def session(tmp_path: Path, quiet: Any, marks: Marks, steps: range, saves: set[int], kill: bool = False) -> None:
    """A training of so many steps, a document and ten tokens each, its loss a hundredth of the step."""
    counts = Counts()
    watch = Watch(tmp_path, marks, quiet, counts, 1)
    watch.on_train_begin(None, at(steps.start), None)
    for step in range(steps.start + 1, steps.stop + 1):
        counts.documents += 1
        counts.tokens += 10
        counts.teacher_tokens += 3
        watch.on_step_end(None, at(step), None)
        watch.on_log(None, at(step), None, logs={"loss": step / 100 + len(saves), "grad_norm": 1.0})
        if step in saves:
            watch.on_save(None, at(step), None)
    if not kill:
        watch.on_log(None, at(steps.stop), None, logs={"train_loss": 9.0})
        watch.on_train_end(None, at(steps.stop), None)


def test_a_step_that_was_done_again_is_on_the_curve_once(tmp_path: Path, quiet: Any, marks: Marks) -> None:
    session(tmp_path, quiet, marks, range(5), {3}, kill=True)
    session(tmp_path, quiet, marks, range(3, 7), set())
    curve = loss_curve(tmp_path)
    assert [step for step, _ in curve] == [1, 2, 3, 4, 5, 6, 7]
    assert dict(curve)[3] == 1.03
    assert dict(curve)[4] == 0.04  # as it was done the second time


def test_counts_of_sessions_add_up(tmp_path: Path, quiet: Any, marks: Marks) -> None:
    session(tmp_path, quiet, marks, range(5), {2, 4}, kill=True)
    assert all_counts(tmp_path) == (Counts(4, 40, 12), 1)
    session(tmp_path, quiet, marks, range(4, 10), {6, 8})
    assert all_counts(tmp_path) == (Counts(10, 100, 30), 2)
    assert quiet.advanced == 5 + 4 + 6  # what an earlier session did counts as done
    assert marks.count == 4


def test_a_session_that_was_killed_before_its_first_checkpoint_is_one(tmp_path: Path, quiet: Any, marks: Marks) -> None:
    session(tmp_path, quiet, marks, range(2), set(), kill=True)
    session(tmp_path, quiet, marks, range(10), {5, 10})
    assert all_counts(tmp_path) == (Counts(10, 100, 30), 2)
    assert marks.count == 1  # after the last step there is nothing to begin a window for


def test_a_method_without_a_training_loop_is_one_session(tmp_path: Path) -> None:
    assert all_counts(tmp_path) == (Counts(), 1)
    assert loss_curve(tmp_path) == []
