"""Simulate, record the figures and write their table: `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.routing.document import DOCUMENT, tables, with_tables
from benchmarks.routing.figures import FIGURES, RUNS, RUNS_BY_WORDS, as_json, calibration
from benchmarks.written_tables import add_processes, finish, mapping_in, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.routing`."""
    parser = options_of("benchmarks.routing", __doc__)
    runs = (RUNS, RUNS_BY_WORDS)
    parser.add_argument("--runs", type=int, nargs=2, default=runs, metavar="N", help="of each kind by domain, by words")
    add_processes(parser)
    options = parser.parse_args(arguments)
    with mapping_in(options.processes, chunksize=5) as each:
        figures = calibration(tuple(options.runs), each, note)
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    finish(tables(figures), {FIGURES: as_json(figures), DOCUMENT: document}, only_print=options.print)


if __name__ == "__main__":
    main()
