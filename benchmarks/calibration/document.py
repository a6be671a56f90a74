"""Write the figures as tables, and put them into docs/methodology.md."""

from __future__ import annotations

from benchmarks.calibration.figures import BLOCKS, ITEMS, TODAY, Calibration
from benchmarks.written_tables import Place, table
from tests.made_up.noisy_machine import NOISES

PLACE = Place("calibration")
MOST_CALLED_DIFFERENT, LEAST_COVERAGE, MOST_LOST = 0.06, 0.92, 0.05
"""Limits: figures beyond them are bold."""


def tables(figures: Calibration) -> str:
    """Return the tables as Markdown."""
    runs = ", ".join(f"{figures.kind('still', items, BLOCKS).runs:,} runs of {items} items" for items in ITEMS)
    return (
        f"For each line and layout {runs} (version {figures.version}). After ± is the standard\n"
        "error, clustered by run, and at least the binomial one. **Bold** is beyond its limit.\n\n"
        f"{_errors(figures)}\n{_coverage(figures)}"
    )


def _errors(figures: Calibration) -> str:
    columns = [
        "machine", "items", f"alike systems called different, {BLOCKS} blocks", f"{TODAY} block",
        f"some leader lost, {BLOCKS} blocks", f"{TODAY} block",
    ]  # fmt: skip
    rows = [["*limit*", "", f"{MOST_CALLED_DIFFERENT:.0%}", "", f"{MOST_LOST:.0%}", ""]]
    for items in ITEMS:
        for noise in NOISES:
            pair = [figures.kind(noise, items, blocks) for blocks in (BLOCKS, TODAY)]
            different = [kind.called_different.text(most=MOST_CALLED_DIFFERENT) for kind in pair]
            lost = [kind.leader_lost.text(most=MOST_LOST) for kind in pair]
            rows.append([noise, str(items), *different, *lost])
    return table(columns, rows)


def _coverage(figures: Calibration) -> str:
    columns = [
        "machine", "items", f"interval of *other items* holds, {BLOCKS} blocks", f"{TODAY} block",
        f"interval of *another run* holds, {BLOCKS} blocks", f"{TODAY} block",
        f"width of *other items*, {BLOCKS} blocks / {TODAY}",
    ]  # fmt: skip
    rows = [["*limit*", "", f"{LEAST_COVERAGE:.0%}", "", f"{LEAST_COVERAGE:.0%}", "", ""]]
    for items in ITEMS:
        for noise in NOISES:
            pair = [figures.kind(noise, items, blocks) for blocks in (BLOCKS, TODAY)]
            of_items = [kind.other_items.text(least=LEAST_COVERAGE) for kind in pair]
            of_runs = [kind.another_run.text(least=LEAST_COVERAGE) for kind in pair]
            width = f"{pair[0].log_width / pair[1].log_width:.2f}"
            rows.append([noise, str(items), *of_items, *of_runs, width])
    return table(columns, rows)


def with_tables(document: str, figures: Calibration) -> str:
    """Return a document with the tables in their place."""
    return PLACE.filled(document, tables(figures))
