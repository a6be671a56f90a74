"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.decisions.document import tables, with_tables
from benchmarks.decisions.figures import FIGURES, ITEMS, as_json, calibration
from benchmarks.written_tables import DOCUMENT, add_runs, finish, mapping_in, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.decisions`."""
    parser = options_of("benchmarks.decisions", __doc__)
    add_runs(parser, ITEMS, "for each kind")
    options = parser.parse_args(arguments)
    with mapping_in(options.processes, chunksize=10) as each:
        figures = calibration(dict(zip(ITEMS, options.runs, strict=True)), each, note)
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    finish(tables(figures), {FIGURES: as_json(figures), DOCUMENT: document}, only_print=options.print)


if __name__ == "__main__":
    main()
