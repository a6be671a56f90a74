"""Compare what clients add to a request and take of the processor, and write the table."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.client_overhead.document import table
from benchmarks.client_overhead.figures import FIGURES, as_json
from benchmarks.client_overhead.measure import INSTALL, LENGTHS, installed, measure
from benchmarks.client_overhead.server import Delays
from benchmarks.written_tables import finish, note, options_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as `python -m benchmarks.client_overhead`."""
    parser = options_of("benchmarks.client_overhead", __doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each tool is run at each length")
    parser.add_argument(
        "--lengths",
        type=int,
        nargs=2,
        default=LENGTHS,
        metavar="N",
        help="requests of short and of long runs, for each in flight",
    )
    parser.add_argument("--folder", type=Path, help="where the tools run, and their files stay; default: removed")
    options = parser.parse_args(arguments)
    tools, absent = installed()
    for name in absent:
        note(f"{name} is not installed: {INSTALL[name]}")
    with tempfile.TemporaryDirectory(prefix="client-overhead-", ignore_cleanup_errors=True) as name:
        short, long = options.lengths
        figures = measure(
            options.folder or Path(name), tools, delays=Delays(), lengths=(short, long), rounds=options.rounds,
            absent=absent,
        )  # fmt: skip
    finish([table(figures)], {FIGURES: as_json(figures)}, only_print=options.print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
