"""Write tables of figures as the CSV files of docs/data, from which the pages' pictures are drawn."""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.shares import Share

DATA = Path(__file__).parents[1] / "docs" / "data"

RATE_COLUMNS = ("claim", "world", "assumption", "runs", "percent", "error", "least", "most")
"""Of a table of rates: what is counted, in which world, whether the claim's assumption holds there, of how many runs,
the rate and its standard error in per cent, and the limits of the rate, empty without one."""


@dataclass(frozen=True)
class Table:
    """A CSV file in docs/data."""

    name: str
    """Of the file, without its ending."""
    made: str
    """How and when the figures were made, for the first line."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return DATA / f"{self.name}.csv"

    @property
    def text(self) -> str:
        """Return what the file holds: a comment, the names of the columns, and a line per row."""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return f"# {self.made}\n{lines.getvalue()}"


def rate_row(
    claim: str, world: str, holds: bool, runs: int, rate: Share, least: float = 0.0, most: float = 1.0
) -> tuple[str, ...]:
    """Return a row of `RATE_COLUMNS`, with a tenth of a per cent of the rate and of its error."""
    limits = ("" if least <= 0 else f"{100 * least:g}", "" if most >= 1 else f"{100 * most:g}")
    error = "" if math.isnan(rate.error) else f"{100 * rate.error:.1f}"
    return (claim, world, "holds" if holds else "broken", str(runs), f"{100 * rate.share:.1f}", error, *limits)


def stale(tables: Iterable[Table]) -> list[str]:
    """Return the files that do not hold their table."""
    return [
        each.path.name
        for each in tables
        if not each.path.is_file() or each.path.read_text(encoding="utf-8") != each.text
    ]


def options_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return the command line of a module that simulates and writes tables."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    parser.add_argument("--print", action="store_true", help="print the tables and write nothing")
    return parser


def add_processes(parser: argparse.ArgumentParser) -> None:
    """Add the option of how many processes simulate."""
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))


def add_runs(parser: argparse.ArgumentParser, items: Sequence[int], of: str) -> None:
    """Add the options of a simulation of runs of two sizes, `items` of each, and of how many processes simulate."""
    sizes = " and ".join(map(str, items))
    parser.add_argument(
        "--runs", type=int, nargs=len(items), default=[1000, 500], metavar="N", help=f"of {sizes} items, {of}"
    )
    add_processes(parser)


@contextmanager
def mapping_in(processes: int, chunksize: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """Give a `map` that spreads its calls over processes, in chunks."""
    with ProcessPoolExecutor(processes) as pool:
        yield partial(pool.map, chunksize=chunksize)


def note(line: str) -> None:
    """Print a line on a simulation's progress."""
    print(line, file=sys.stderr, flush=True)


def finish(tables: Iterable[Table], files: Mapping[Path, str], *, only_print: bool) -> None:
    """Print the tables, or write them, and the files that hold their figures."""
    for each in tables:
        if only_print:
            print(each.text)
        else:
            each.path.parent.mkdir(parents=True, exist_ok=True)
            each.path.write_text(each.text, encoding="utf-8")
    for path, content in {} if only_print else files.items():
        path.write_text(content, encoding="utf-8")
