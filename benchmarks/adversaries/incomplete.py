"""Tables in which rows lack, and tables in which trials are named as items.

Every run is a table of two systems, imported and analysed as `wattbench runs import` does. B answers each item rightly
with a probability of its own text; what is true is its accuracy over all texts that it could have been asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.adversaries.claim import Claim, Outcomes, World
from wattbench.importers import read_sources, write_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.ties import is_significant

ITEMS = 200
TEXTS, TRIALS = 50, 4
GAP = 0.05
"""By how much B is more accurate than A, over all texts."""

CLAIMS = (
    Claim(
        key="rows-interval",
        says="The accuracy of a system that lacks rows has an interval that holds its accuracy over all items in 95%.",
        estimand="the mean over all texts of the probability that it answers rightly, those of missing rows included",
        assumption="whether a row is missing has nothing to do with whether its answer is right",
        seen_by="The look at the data says how many items each system lacks, and its caveat between what its accuracy "
        "over all of them lies; another system's answers to these items show whether they are harder.",
        least=0.92,
        most=0.98,
    ),
    Claim(
        key="rows-leader",
        says="A system that is 5 points less accurate, and lacks rows, is shown to be more accurate in at most 2.5%.",
        estimand="the more accurate of two systems over all texts",
        assumption="whether a row is missing has nothing to do with whether its answer is right",
        seen_by="As above. With fewer than nine of ten items of each in common the two are not ranked.",
        most=0.025,
    ),
    Claim(
        key="trials-interval",
        says="An accuracy has an interval that holds the truth in 95%, where a text is asked several times.",
        estimand="the mean over all texts of the probability that it is answered rightly",
        assumption="trials of a text are numbered as repeats, or have the same recorded text",
        seen_by="An import says where the names of items look like those of trials: `--repeats` takes them as such.",
        least=0.92,
        most=0.98,
    ),
)


def _analysed(table: pd.DataFrame, *, repeats: bool = False) -> Analysis:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        root = write_run(read_sources([path]), Path(folder) / "runs", "made-up", ["wattbench"], repeats=repeats)
        return analyse(read_run(root))


def _easiness(rng: np.random.Generator, number: int, mean: float) -> NDArray[np.float64]:
    """Return the probability that each text is answered rightly; most texts are easy or hard."""
    return rng.beta(mean * 1.5, (1 - mean) * 1.5, number)


def _holds(measured: Measured, system: str, truth: float) -> tuple[int, int]:
    accuracy = measured.systems[system].accuracy
    assert accuracy is not None
    return int(accuracy.low <= truth <= accuracy.high), 1


def _rows(seed: int, share: float, *, hardest: bool) -> Outcomes:
    """Simulate two systems of which A, the less accurate, lacks a share of its rows: any, or wrong ones."""
    rng = np.random.default_rng([1, seed])
    better = _easiness(rng, ITEMS, 0.7)
    worse = np.clip(better - GAP / 0.7 * better, 0, 1)
    right = {"A": rng.random(ITEMS) < worse, "B": rng.random(ITEMS) < better}
    number = round(share * ITEMS)
    among = np.flatnonzero(~right["A"]) if hardest else np.arange(ITEMS)
    missing = set(rng.choice(among, min(number, len(among)), replace=False).tolist())
    rows = [
        {"system": name, "item": item, "score": int(right[name][item])}
        for name in "AB"
        for item in range(ITEMS)
        if name == "B" or item not in missing
    ]
    analysis = _analysed(pd.DataFrame(rows))
    gap = analysis.measured.pairs().accuracy("A", "B", detectable=False)
    assert gap is not None
    ahead = gap.difference.estimate > 0 and is_significant(gap.p_value)
    return {"rows-interval": _holds(analysis.measured, "A", 0.7 - GAP), "rows-leader": (int(ahead), 1)}


def _trials(seed: int, columns: Sequence[str], name: str, *, repeats: bool = False) -> Outcomes:
    """Simulate a system that is asked each text several times; `columns` of the table say so."""
    rng = np.random.default_rng([2, seed])
    easiness = _easiness(rng, TEXTS, 0.7)
    rows = [
        {
            "system": "B",
            "item": name.format(text=text, trial=trial),
            "score": int(rng.random() < easiness[text]),
            "repeat": trial,
            "prompt": f"text {text}",
        }
        for text in range(TEXTS)
        for trial in range(TRIALS)
    ]
    table = pd.DataFrame(rows)[["system", "item", "score", *columns]]
    return {"trials-interval": _holds(_analysed(table, repeats=repeats).measured, "B", 0.7)}


_OF_TEXTS = partial(_trials, columns=("prompt",), name="{text}x{trial}")
_AS_REPEATS = partial(_trials, columns=(), name="{text}#{trial}", repeats=True)

WORLDS = (
    World("1% of the rows missing, any", True, partial(_rows, share=0.01, hardest=False), 150),
    World("10% of the rows missing, any", True, partial(_rows, share=0.1, hardest=False), 150),
    World("1% of the rows missing, all of them wrong", False, partial(_rows, share=0.01, hardest=True), 150),
    World("10% of the rows missing, all of them wrong", False, partial(_rows, share=0.1, hardest=True), 150),
    World("trials in a column", True, partial(_trials, columns=("repeat",), name="{text}"), 200),
    World("trials named text#1, taken as repeats", True, _AS_REPEATS, 200),
    World("trials named otherwise, with the text", True, _OF_TEXTS, 200),
    World("trials taken for items, without a text", False, partial(_trials, columns=(), name="{text}x{trial}"), 200),
)
