"""Put tables of figures between two markers of a document."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[1] / "docs" / "methodology.md"


@dataclass(frozen=True)
class Place:
    """The part of a document between two lines that mark it."""

    name: str
    by: str = "calibration"
    """The environment of tox that writes it."""

    @property
    def begin(self) -> str:
        """Return the line before it."""
        return f"<!-- {self.name}: written by tox -e {self.by} -->\n"

    @property
    def end(self) -> str:
        """Return the line after it."""
        return f"<!-- end of {self.name} -->\n"

    def filled(self, document: str, text: str) -> str:
        """Return a document with a text in this place.

        Raises:
            ValueError: the document does not have the two lines once.
        """
        before, rest = document.split(self.begin)
        _, after = rest.split(self.end)
        return f"{before}{self.begin}{text}{self.end}{after}"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table as Markdown."""
    header = [*columns]
    lines = (header, ["---"] * len(header), *rows)
    return "".join("|".join(["", *(f" {cell} " if cell else " " for cell in cells), "\n"]) for cells in lines)


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


def finish(text: str, files: Mapping[Path, str], *, only_print: bool) -> None:
    """Print the tables, or write the files that hold them and their figures."""
    if only_print:
        print(text)
        return
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
