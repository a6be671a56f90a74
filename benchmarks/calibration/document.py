"""Write the figures as tables, and put them into docs/methodology.md."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.calibration.figures import BLOCKS, ITEMS, TODAY, Calibration, Share
from tests.made_up.noisy_machine import NOISES

DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology.md"
BEGIN, END = "<!-- calibration: written by tox -e calibration -->\n", "<!-- end of calibration -->\n"
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
    lines = [
        f"| machine | items | alike systems called different, {BLOCKS} blocks | {TODAY} block "
        f"| some leader lost, {BLOCKS} blocks | {TODAY} block |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| *limit* | | {MOST_CALLED_DIFFERENT:.0%} | | {MOST_LOST:.0%} | |",
    ]
    for items in ITEMS:
        for noise in NOISES:
            pair = [figures.kind(noise, items, blocks) for blocks in (BLOCKS, TODAY)]
            different = [_share(kind.called_different, most=MOST_CALLED_DIFFERENT) for kind in pair]
            lost = [_share(kind.leader_lost, most=MOST_LOST) for kind in pair]
            lines.append(_row(noise, str(items), *different, *lost))
    return "\n".join(lines) + "\n"


def _coverage(figures: Calibration) -> str:
    lines = [
        f"| machine | items | interval of *other items* holds, {BLOCKS} blocks | {TODAY} block "
        f"| interval of *another run* holds, {BLOCKS} blocks | {TODAY} block "
        f"| width of *other items*, {BLOCKS} blocks / {TODAY} |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        f"| *limit* | | {LEAST_COVERAGE:.0%} | | {LEAST_COVERAGE:.0%} | | |",
    ]
    for items in ITEMS:
        for noise in NOISES:
            pair = [figures.kind(noise, items, blocks) for blocks in (BLOCKS, TODAY)]
            of_items = [_share(kind.other_items, least=LEAST_COVERAGE) for kind in pair]
            of_runs = [_share(kind.another_run, least=LEAST_COVERAGE) for kind in pair]
            width = f"{pair[0].log_width / pair[1].log_width:.2f}"
            lines.append(_row(noise, str(items), *of_items, *of_runs, width))
    return "\n".join(lines) + "\n"


def _share(of: Share, least: float = -math.inf, most: float = math.inf) -> str:
    text = f"{100 * of.share:.1f} ± {100 * of.error:.1f}%"
    return text if least <= of.share <= most else f"**{text}**"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def with_tables(document: str, figures: Calibration) -> str:
    """Return a document with the tables between the two markers."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}{tables(figures)}{END}{rest.split(END)[1]}"
