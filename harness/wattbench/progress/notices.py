"""Print notices where the progress of a run goes, and keep standard output for what was asked for."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator

from wattbench.progress.surfaces import in_notebook
from wattbench.redaction import hide
from wattbench.terminal import log_text


def notice(text: str) -> None:
    """Print lines to standard error, like the run's progress. Their text may be hostile.

    In a notebook on standard output, as there the other one is red. Where no one listens any more (a terminal that was
    closed, a pipe that ended) nothing is printed.
    """
    with contextlib.suppress(OSError):
        stream = sys.stdout if in_notebook() else sys.stderr
        print(log_text(hide(text)), file=stream, flush=True)


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what libraries print to standard error. In a notebook, send standard error to standard output instead."""
    if not in_notebook():
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    warnings.filterwarnings("ignore", message="IProgress not found")  # of tqdm as it is imported: its bars are off
    with contextlib.redirect_stderr(sys.stdout):
        yield
