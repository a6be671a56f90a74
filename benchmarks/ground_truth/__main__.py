"""Make the lines of ground truth again, record them and write their table: `tox -e ground-truth`.

Without names every subject is made; with `subject` or `subject/line` only those, and these lines are printed. What
cannot be made here keeps its recorded figures.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.ground_truth.document import of_lines, table
from benchmarks.ground_truth.figures import FIGURES, as_json, read
from benchmarks.ground_truth.line import Made, NotHereError, Sources
from benchmarks.ground_truth.subjects import SUBJECTS
from benchmarks.written_tables import finish, note, options_of
from tests.wattbench.importers.others_data import VARIABLE
from wattbench.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as `python -m benchmarks.ground_truth`.

    Returns:
        1 if a subject that was named could not be made, or has no such line.
    """
    parser = options_of("benchmarks.ground_truth", __doc__)
    parser.add_argument("names", nargs="*", metavar="SUBJECT[/LINE]", help="only these; default: all")
    parser.add_argument(
        "--others", type=Path, metavar="FOLDER", help=f"what fetch_others.py fetched; default: ${VARIABLE}"
    )
    parser.add_argument(
        "--tool", action="append", default=[], metavar="NAME=PYTHON", help="the interpreter of a tool's own environment"
    )
    options = parser.parse_args(arguments)
    wanted = {name.partition("/")[0] for name in options.names}
    unknown = sorted(wanted - {each.name for each in SUBJECTS})
    if unknown:
        parser.error(f"no subject {unknown[0]!r}; there are {', '.join(each.name for each in SUBJECTS)}")
    figures = read() if FIGURES.exists() else {}
    missing = _make(figures, wanted, _others(options.others), _tools(parser, options.tool))
    text = _chosen(options.names, figures)
    if text:
        print(text)
    finish([] if text and options.print else [table(figures)], {FIGURES: as_json(figures)}, only_print=options.print)
    strangers = [name for name in options.names if not _known(name, figures)]
    for name in strangers:
        note(f"{name}: its subject has no such line; its name alone shows all of them")
    return int((missing and bool(wanted)) or bool(strangers))


def _known(name: str, figures: Mapping[str, Made]) -> bool:
    """Return whether a name is a subject's, or a line's that is recorded."""
    subject, _, line = name.partition("/")
    return not line or (subject in figures and any(line == each.name for each in figures[subject].lines))


def _make(figures: dict[str, Made], wanted: set[str], others: Path | None, tools: dict[str, Path]) -> bool:
    """Put what is made into the figures, in the order of the subjects; return whether something could not be."""
    missing = False
    with tempfile.TemporaryDirectory(prefix="ground-truth-", ignore_cleanup_errors=True) as folder:
        for subject in SUBJECTS:
            recorded = figures.pop(subject.name, None)
            try:
                if not wanted or subject.name in wanted:
                    figures[subject.name] = recorded = subject.made(Sources(others, tools, Path(folder)))
                    note(f"{subject.name}: {len(recorded.lines)} lines")
            except (NotHereError, UserError) as error:
                missing = True
                kept = "nothing is recorded" if recorded is None else f"the figures of {recorded.made_utc} stay"
                note(f"{subject.name}: {kept}. {error}")
            if recorded is not None:
                figures[subject.name] = recorded
    return missing


def _chosen(names: Sequence[str], figures: dict[str, Made]) -> str:
    """Return a table of each subject that was named, with the lines that were."""
    tables = []
    for subject in SUBJECTS:
        lines = {name.partition("/")[2] for name in names if name.partition("/")[0] == subject.name}
        if lines and subject.name in figures:
            own = [line for line in figures[subject.name].lines if "" in lines or line.name in lines]
            tables.append(of_lines(subject, figures[subject.name], own))
    return "\n".join(tables)


def _others(folder: Path | None) -> Path | None:
    named = os.environ.get(VARIABLE)
    return folder if folder is not None or not named else Path(named)


def _tools(parser: argparse.ArgumentParser, given: Sequence[str]) -> dict[str, Path]:
    tools = {}
    for each in given:
        name, _, python = each.partition("=")
        if not os.access(python, os.X_OK):
            parser.error(f"--tool {each}: write NAME=PYTHON, with the path of an interpreter, such as zeus/bin/python")
        tools[name] = Path(python)
    return tools


if __name__ == "__main__":
    sys.exit(main())
