"""Put tables of figures between two markers of docs/methodology.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "methodology.md"


@dataclass(frozen=True)
class Place:
    """The part of a document between two lines that mark it."""

    name: str

    @property
    def begin(self) -> str:
        """Return the line before it."""
        return f"<!-- {self.name}: written by tox -e calibration -->\n"

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


def note(line: str) -> None:
    """Print how far a simulation is."""
    print(line, file=sys.stderr, flush=True)


def finish(text: str, files: Mapping[Path, str], *, only_print: bool) -> None:
    """Print the tables, or write the files that hold them and their figures."""
    if only_print:
        print(text)
        return
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
