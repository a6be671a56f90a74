"""Offer a person who stopped a run the report of what there is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from wattbench.cli._ending import end_of_run, page_of
from wattbench.cli._options import command_line
from wattbench.errors import UserError
from wattbench.interrupts import ending_at_once, was_ctrl_c
from wattbench.progress.notices import notice


@contextlib.contextmanager
def report_offered(report: Path | None, *, open_page: bool, allow_unsafe_code: bool) -> Iterator[None]:
    """Where a person at a terminal stops the run of this block, ask whether its complete blocks are to be reported.

    Args:
        report: the file of the report; None: next to the run of these blocks.
        open_page: whether it is opened in a browser.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        KeyboardInterrupt: the run was stopped, whatever was answered.
    """
    from wattbench.api.run_so_far import BlocksSoFar
    from wattbench.api.stopped_run import RunInterruptedError

    try:
        yield
    except RunInterruptedError as stopped:
        so_far = BlocksSoFar.of_run(stopped.root)
        if so_far is None or not so_far.complete or not _someone_is_there():
            raise
        with ending_at_once():
            click.echo(f"Write the report of the {so_far.in_words} so far? [y/N] ", nl=False, err=True)
            if sys.__stdin__ is not None and sys.__stdin__.readline().strip().lower() in ("y", "yes"):
                _write(stopped.root, report, open_page=open_page, allow_unsafe_code=allow_unsafe_code)
        raise


def _someone_is_there() -> bool:
    """Return whether Ctrl-C was pressed at a terminal. `sys.stdin` is none: libraries are to ask nothing."""
    return sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.stderr.isatty() and was_ctrl_c()


def _write(root: Path, report: Path | None, *, open_page: bool, allow_unsafe_code: bool) -> None:
    from wattbench.api.run_so_far import part_of

    try:
        part = part_of(root, command_line(), allow_unsafe_code=allow_unsafe_code)
        end_of_run(part, report or page_of(part), open_page=open_page)
    except UserError as error:
        notice(f"wattbench: {error}")
