"""Write the figures as a table of docs/data."""

from __future__ import annotations

from benchmarks.calibration.figures import BLOCKS, ITEMS, TODAY, Calibration
from benchmarks.shares import Share
from benchmarks.written_tables import RATE_COLUMNS, Table, rate_row
from tests.made_up.noisy_machine import NOISES

MOST_CALLED_DIFFERENT, LEAST_COVERAGE, MOST_LOST = 0.06, 0.92, 0.05
"""Limits."""


def tables(figures: Calibration) -> tuple[Table, ...]:
    """Return the table of rates: runs in blocks hold the assumption, runs without blocks do not."""
    runs = ", ".join(f"{figures.kind('still', items, BLOCKS).runs:,} runs of {items} items" for items in ITEMS)
    made = (
        f"Made by tox -e calibration, version {figures.version}: {runs} for each machine and layout. "
        "error: standard error, clustered by run, at least the binomial one"
    )
    rows: list[tuple[str, ...]] = []
    for items in ITEMS:
        for noise in NOISES:
            for blocks in (BLOCKS, TODAY):
                kind = figures.kind(noise, items, blocks)
                world = f"{noise}, {items} items, {blocks} block{'s' if blocks > 1 else ''}"
                for claim, rate, least, most in (
                    ("alike systems called different", kind.called_different, 0.0, MOST_CALLED_DIFFERENT),
                    ("some leader lost", kind.leader_lost, 0.0, MOST_LOST),
                    ("interval of other items holds", kind.other_items, LEAST_COVERAGE, 1.0),
                    ("interval of another run holds", kind.another_run, LEAST_COVERAGE, 1.0),
                ):
                    rows.append(rate_row(claim, world, blocks > TODAY, kind.runs, rate, least, most))
            pair = [figures.kind(noise, items, blocks) for blocks in (BLOCKS, TODAY)]
            width = Share(pair[0].log_width / pair[1].log_width, float("nan"))
            rows.append(
                rate_row(
                    f"width of other items, {BLOCKS} blocks / {TODAY}",
                    f"{noise}, {items} items",
                    True,
                    pair[0].runs,
                    width,
                )
            )
    return (Table("intervals", made, RATE_COLUMNS, tuple(rows)),)
