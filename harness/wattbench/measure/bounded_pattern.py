"""Search texts by a regular expression in a process of its own, which is ended where one text takes too long.

What a model wrote is hostile, and a pattern such as ``(a+)+$`` takes longer than anyone waits for a text that almost
matches. Python cannot interrupt a search from within.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from wattbench.errors import UserError
from wattbench.terminal import clipped, printable

TEXT_S = 5.0
"""Seconds after which a text counts as one for which the pattern takes too long."""

START_S = 120.0
"""Seconds that a busy machine may need to start the process."""

_SHOWN = 60


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern, compiled.

    Raises:
        UserError: it is not a regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UserError(f"--regex {pattern!r:.80}: this is not a regular expression ({error})") from error


def first_matches(pattern: str, texts: Sequence[str], text_s: float = TEXT_S) -> dict[str, str]:
    """Return what a pattern extracts of each text in which it is found.

    That is the first match: of a pattern with groups, the first of them that took part. Blanks around it are left out,
    as lm-eval's filter `regex` does.

    Args:
        pattern: a regular expression of Python.
        texts: to be searched.
        text_s: seconds that one text may take.

    Returns:
        Text to what was extracted of it.

    Raises:
        UserError: the pattern is no regular expression, or takes too long.
    """
    compiled(pattern)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    done = context.Value("q", -1, lock=False)
    process = context.Process(target=_search, args=(theirs, pattern, list(texts), done), daemon=True)
    process.start()
    theirs.close()
    try:
        at, since_s = -1, time.monotonic()
        while not ours.poll(0.02):
            now_s = time.monotonic()
            if done.value != at:
                at, since_s = done.value, now_s
            elif now_s - since_s > (text_s if at >= 0 else START_S):
                raise UserError(_too_long(pattern, texts[at] if at >= 0 else "", text_s))
        extracted: dict[str, str] = ours.recv()
    except EOFError as error:
        raise UserError(f"--regex {pattern!r:.80}: the process that searches the answers died") from error
    finally:
        process.kill()
        process.join()
        ours.close()
    return extracted


def _too_long(pattern: str, text: str, text_s: float) -> str:
    return (
        f"--regex {pattern!r:.80}: takes over {text_s:g} s for one answer ({clipped(printable(text), _SHOWN)!r}, "
        f"{len(text):,} characters). Repetitions inside repetitions, such as (a+)+, are the usual cause"
    )


def _search(connection: Connection, pattern: str, texts: Sequence[str], done: Any) -> None:
    regex = re.compile(pattern)
    extracted = {}
    for number, text in enumerate(texts):
        done.value = number
        match = regex.search(text)
        if match is not None:
            groups = [group for group in match.groups() if group]
            extracted[text] = (groups[0] if groups else "" if regex.groups else match.group()).strip()
    connection.send(extracted)
