"""Kill commands at chosen and at random moments, resume them, and record what came of it."""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.kills.document import table
from benchmarks.kills.figures import FIGURES, Figures, as_json, merged, read
from benchmarks.kills.kill import Kill, Undisturbed, kill, undisturbed
from benchmarks.kills.server import start
from benchmarks.kills.subjects import Subject, subjects
from benchmarks.kills.work_folder import WorkFolder, environment_of
from benchmarks.written_tables import finish, note, options_of

TWICE = 3
"""Every third random kill is followed by a kill of the resumption."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as `python -m benchmarks.kills`; return 1 if anything was lost, doubled or left."""
    parser = options_of("benchmarks.kills", __doc__)
    parser.add_argument("--kills", type=int, default=60, metavar="N", help="at random moments, next to all chosen ones")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="only this command, by its name in the table",
    )
    parser.add_argument("--folder", type=Path, help="where they are killed, and what failed stays; default: removed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as name:
        kills = tuple(_kills(options.folder or Path(name), options.kills, options.seed, options.only))
    figures = merged(read() if FIGURES.exists() else None, Figures(options.seed, kills))
    finish([table(figures)], {FIGURES: as_json(figures)}, only_print=options.print)
    return int(any(each.problems for each in kills))


def _kills(folder: Path, number: int, seed: int, only: Sequence[str]) -> Iterator[Kill]:
    server = start()
    try:
        work = WorkFolder(folder, environment_of(folder))
        every = subjects(f"http://127.0.0.1:{server.server_port}/v1")
        for place, subject in enumerate(every):
            share = number // len(every) + (place < number % len(every))
            if subject.name in only or not only:
                yield from _of_subject(subject, share, folder / str(place), work, random.Random(f"{seed} {place}"))
    finally:
        server.shutdown()


def _of_subject(
    subject: Subject, number: int, folder: Path, work: WorkFolder, random_: random.Random
) -> Iterator[Kill]:
    of = undisturbed(subject, folder, work)
    note(f"{subject.name}: {of.seconds:.1f} s undisturbed")
    names = (folder / f"kill-{count}" for count in itertools.count())
    for moment in subject.moments:
        yield _noted(kill(of, next(names), moment=moment))
    for count in range(number):
        times = 2 if count % TWICE == TWICE - 1 else 1
        yield _noted(kill(of, next(names), after_s=[_moment(of, random_) for _ in range(times)]))


def _moment(of: Undisturbed, random_: random.Random) -> float:
    """Draw how many seconds after it began a command is killed."""
    return random_.uniform(0.0, of.seconds)


def _noted(done: Kill) -> Kill:
    ended = "" if done.killed else ", and had ended"
    note(f"    {done.moment}{ended}: {done.answers} answers; " + ("; ".join(done.problems) or "nothing lost"))
    return done


if __name__ == "__main__":
    sys.exit(main())
