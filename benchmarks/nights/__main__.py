"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.nights.document import DOCUMENT, tables, with_tables
from benchmarks.nights.figures import FIGURES, as_json, simulated


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.nights`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nights", description=__doc__)
    parser.add_argument("--years", type=int, default=40, metavar="N", help="of each world, and of each planted change")
    parser.add_argument("--print", action="store_true", help="print the tables and write nothing")
    options = parser.parse_args(arguments)
    figures = simulated(options.years, lambda line: print(line, file=sys.stderr, flush=True))
    if options.print:
        print(tables(figures))
        return
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    FIGURES.write_text(as_json(figures), encoding="utf-8")
    DOCUMENT.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    main()
