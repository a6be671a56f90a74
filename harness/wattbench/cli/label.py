"""The command `label`: people score answers that a judge has scored."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from wattbench.cli._group import main
from wattbench.cli._json import json_option, print_json
from wattbench.cli._options import Finite, RunPath
from wattbench.errors import UserError
from wattbench.progress.notices import notice
from wattbench.terminal import TextColumn, printable, text_table, wrapped

if TYPE_CHECKING:
    from wattbench.api.labelling.needed import LabelNeed
    from wattbench.api.labelling.progress import LabelProgress

_LONGEST_LINE = 1000
_FILE = click.Path(path_type=Path, dir_okay=False)


@main.command(
    "label",
    short_help="Score answers yourself, to correct a judge.",
    most_used="labels person task html import export need",
    examples=("wattbench label runs --labels 40", "wattbench label runs --import labels.csv"),
)
@click.argument("run", type=RunPath())
@click.option(
    "--labels",
    "number",
    type=click.IntRange(min=1),
    help="How many answers. Default: as many as bring each system to the next 20 labels of each task.",
)
@click.option("--person", metavar="NAME", help="Who labels. Default: the user's name.")
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Only this task; may be repeated.")
@click.option(
    "--where-they-tell-most",
    "telling_most",
    is_flag=True,
    help="After 20 labels of each system and task: draw answers where a label narrows intervals most.",
)
@click.option("--html", "page", type=_FILE, help="Write the answers as one offline page that saves a CSV.")
@click.option("--import", "imported", type=_FILE, help="Add the labels of a CSV: of the page, or of your own.")
@click.option(
    "--skip-foreign", is_flag=True, help="With --import: leave out rows of answers that the run does not have."
)
@click.option("--export", "exported", type=_FILE, help="Write all labels of the run as CSV.")
@click.option(
    "--need",
    type=Finite(0, 50, min_open=True),
    metavar="POINTS",
    help="Say how many labels bring intervals of accuracy to this half-width, and tell systems apart. Asks for none.",
)
@json_option
def label(
    run: Path,
    number: int | None,
    person: str | None,
    tasks: tuple[str, ...],
    telling_most: bool,
    page: Path | None,
    imported: Path | None,
    skip_foreign: bool,
    exported: Path | None,
    need: float | None,
    as_json: bool,
) -> None:
    """Score answers of RUN that a judge has scored: they are drawn at random, and shown without saying whose they are.

    Each label is kept as it is given, so that a session can end at any time and goes on where it was. Answers are drawn
    item by item, of all systems. Another person labels the same answers first; how far both agree is shown at the end.
    From 20 labels of each system on, figures are corrected by them. Keys are read from standard input, one a line.
    """
    from wattbench.api.label import export_labels, import_labels, user_name
    from wattbench.api.labelling.book import label_book
    from wattbench.api.labelling.dialogue import Dialogue
    from wattbench.api.labelling.draws import draw
    from wattbench.api.labelling.progress import label_progress
    from wattbench.api.labelling.sheet import read_sheet
    from wattbench.records import read_run

    if sum(each is not None for each in (page, imported, exported, need)) > 1:
        raise UserError("--html, --import, --export and --need are steps of their own: name one of them")
    if skip_foreign and imported is None:
        raise UserError("--skip-foreign goes with --import")
    person = person or user_name()
    if page is not None:
        from wattbench.api.labelling.page import labels_page

        notice(f"{labels_page(run, page, person, number, tasks, telling_most=telling_most):,} answers: {page}")
    elif imported is not None:
        matched = import_labels(run, imported, person, skip_foreign=skip_foreign)
        notice(f"{len(matched.rows):,} labels added, {matched.known:,} known before, {matched.foreign:,} left out")
    elif exported is not None:
        notice(f"{export_labels(run, exported):,} labels: {exported}")
    elif need is None:
        stream = sys.__stdin__
        with label_book(run, tasks) as book:
            drawn = draw(book.sheet, person, number, telling_most=telling_most)
            scripted = stream is None or not stream.isatty()
            session = Dialogue(book, drawn, person, _lines_of(stream), notice, scripted)
            try:
                session.hold()
            finally:
                notice(f"\n{session.given:,} labels recorded")
    progress = label_progress(read_sheet(read_run(run), tasks), None if need is None else need / 100)
    if as_json:
        print_json(asdict(progress))
    else:
        click.echo("\n".join(_progress_lines(progress, run)))


def _lines_of(stream: TextIO | None) -> Callable[[], str | None]:
    """Return what reads the next line of a stream, and None at its end."""

    def read() -> str | None:
        try:
            return (None if stream is None else stream.readline(_LONGEST_LINE)) or None
        except ValueError as error:  # no text, or closed
            raise UserError(f"standard input cannot be read ({error})") from error

    return read


def _progress_lines(progress: LabelProgress, run: Path) -> Iterator[str]:
    """Yield what labels the run has, how far people agree, and what to do next."""
    from wattbench_reports.formatting.units import plural

    columns = [TextColumn("system"), TextColumn("task"), *(TextColumn(each, right=True) for each in _HEADS)]
    rows = [
        (each.system, each.task, f"{each.answers:,}", f"{each.labels:,}", f"{each.cannot_tell:,}", f"{each.lacking:,}")
        for each in progress.cells
    ]
    yield from text_table(columns, rows)
    for each in progress.agreements:
        shown = each.agreement
        interval = "" if shown.low is None or shown.high is None else f" [{shown.low:.2f}, {shown.high:.2f}]"
        alpha = "is not defined, as all labels are the same" if shown.alpha is None else f"{shown.alpha:.2f}{interval}"
        yield from wrapped(
            f"Agreement of {shown.people} people on {printable(each.task)}: Krippendorff's alpha {alpha}. "
            f"{plural(shown.answers, 'answer')} with labels of at least two."
        )
    if progress.need is not None:
        yield from _need_lines(progress.need)
    lacking = sum(each.lacking for each in progress.cells)
    path = shlex.quote(str(run))
    yield ""
    if lacking:
        yield from wrapped(f"{lacking:,} labels lack before figures are corrected. Next:")
        yield f"  wattbench label {path}"
    else:
        yield "Figures are corrected by these labels. Next:"
        yield f"  wattbench runs compare {path}"


def _need_lines(need: LabelNeed) -> Iterator[str]:
    """Yield what further labels would bring, if the figures stay."""
    wanted = f"±{100 * need.half_width:g} points"
    if not need.intervals:
        yield from wrapped(f"What {wanted} would take is not known before figures are corrected.")
        return
    heads = (TextColumn("system"), TextColumn("task"), TextColumn("interval", right=True))
    rows = [
        (each.system, each.task, f"±{100 * each.half_width:.1f}", _further(each.further)) for each in need.intervals
    ]
    yield from ("", f"Further labels that bring the interval of accuracy to {wanted}:")
    yield from text_table([*heads, TextColumn("further labels", right=True)], rows)
    for choice in need.choices:
        apart = f"{choice.first} and {choice.second} apart on {choice.task} ({100 * choice.difference:.1f} points)"
        yield from wrapped(f"To tell {apart}: {_labels(choice.further)}{' of each' if choice.further else ''}.")
    for each in need.requirements:
        what = f"{each.system} meets {100 * each.required:g}% on {each.task} ({100 * each.accuracy:.1f}%)"
        yield from wrapped(f"To tell whether {what}: {_labels(each.further)}.")
    yield from wrapped("Time (blocks) is left aside: where it widens an interval, it takes more labels.")


def _further(labels: int | None) -> str:
    return "not by labels: ask more items" if labels is None else f"{labels:,}"


def _labels(labels: int | None) -> str:
    return "labels suffice" if labels == 0 else _further(None) if labels is None else f"{labels:,} further labels"


_HEADS = ("answers", "labels", "cannot tell", "lacking")
