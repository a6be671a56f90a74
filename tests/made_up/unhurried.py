"""Have the answerers of `examples/sums` wait a moment: windows of a second, filled with askings, take little then."""

from __future__ import annotations

from pathlib import Path

WAITING = """

import time


def _unhurried(answer):
    def call(prompt):
        time.sleep(0.002)
        return answer(prompt)

    return call


careful, hasty = _unhurried(careful), _unhurried(hasty)
"""


def make_unhurried(folder: Path) -> None:
    """Change the answerers of a copy of the example."""
    with (folder / "answers.py").open("a") as answers:
        answers.write(WAITING)
