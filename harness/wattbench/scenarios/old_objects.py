"""Keep what was there before a run out of the collection of garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MOST_BY_PYTHON = 1_000
"""Python 3.12 keeps 375 objects out itself from the start; a caller's `gc.freeze` keeps out all, 5,000 at least."""


@contextmanager
def old_objects_kept() -> Iterator[None]:
    """Let no collection of garbage look at what is there now: modules and suites, which stay.

    With lm-eval and its libraries in memory a full one takes some 0.1 s of the processor, in the middle of a request,
    and a run of some hundred items has several. Models are loaded later and are collected as ever: their memory must be
    free when the next one comes. Where the caller keeps objects out already, nothing is changed.
    """
    if gc.get_freeze_count() > MOST_BY_PYTHON:
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
