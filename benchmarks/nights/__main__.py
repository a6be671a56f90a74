"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.nights.document import DOCUMENT, tables, with_tables
from benchmarks.nights.figures import FIGURES, as_json, simulated
from benchmarks.written_tables import finish, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.nights`."""
    parser = options_of("benchmarks.nights", __doc__)
    parser.add_argument("--years", type=int, default=40, metavar="N", help="of each world, and of each planted change")
    options = parser.parse_args(arguments)
    figures = simulated(options.years, note)
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    finish(tables(figures), {FIGURES: as_json(figures), DOCUMENT: document}, only_print=options.print)


if __name__ == "__main__":
    main()
