"""Search texts by a regular expression in a process of its own, which is ended where one text takes too long.

What a model wrote is hostile, and a pattern such as ``(a+)+$`` takes longer than anyone waits for a text that almost
matches. Python cannot interrupt a search from within.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import IO, NamedTuple

from wattbench.errors import UserError
from wattbench.terminal import clipped, printable

TEXT_S = 5.0
"""Seconds after which a text counts as one for which the pattern takes too long."""

START_S = 120.0
"""Seconds that a busy machine may need to start the process."""

_SHOWN = 60

_SEARCH = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
search = re.compile(pattern).search
print("ready", flush=True)
for text in texts:
    match = search(text)
    print(json.dumps(match and [match.group(), *match.groups()]), flush=True)
"""
"""What the process runs: the standard library alone. A line of JSON for each text, as soon as it was searched."""


class Match(NamedTuple):
    """Where a pattern was found first in a text."""

    whole: str
    groups: tuple[str, ...]
    """Those that took part and are not empty, in order."""


def compiled(pattern: str, key: str = "--regex") -> re.Pattern[str]:
    """Compile a pattern, a regular expression of Python.

    Args:
        pattern: a regular expression of Python.
        key: the option or the setting that it comes from, for messages.

    Raises:
        UserError: it is not a regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError, ValueError) as error:  # of a count of 5,000 digits
        raise UserError(f"{key} {pattern!r:.80}: this is not a regular expression ({error})") from error


def first_matches(pattern: str, texts: Sequence[str], text_s: float = TEXT_S) -> dict[str, str]:
    """Return the text that a pattern extracts from each text with a match.

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
    has_groups = compiled(pattern).groups > 0
    extracted = {}
    for text, match in search(pattern, texts, text_s=text_s).items():
        extracted[text] = (match.groups[0] if match.groups else "" if has_groups else match.whole).strip()
    return extracted


def search(pattern: str, texts: Sequence[str], *, key: str = "--regex", text_s: float = TEXT_S) -> dict[str, Match]:
    """Return the first match of a pattern in each text with a match.

    Args:
        pattern: a regular expression of Python.
        texts: to be searched.
        key: the option or the setting that the pattern comes from, for messages.
        text_s: seconds that one text may take.

    Returns:
        Text to its match.

    Raises:
        UserError: the pattern is no regular expression, or takes too long.
    """
    compiled(pattern, key)
    if not texts:
        return {}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SEARCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        encoding="ascii",
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    lines: SimpleQueue[str] = SimpleQueue()
    threads = [
        threading.Thread(target=_send, args=(process.stdin, json.dumps([pattern, list(texts)])), daemon=True),
        threading.Thread(target=_receive, args=(process.stdout, lines), daemon=True),
    ]
    for thread in threads:
        thread.start()
    matches: dict[str, Match] = {}
    try:
        _next_line(lines, pattern, key, "", START_S)
        for text in texts:
            match = json.loads(_next_line(lines, pattern, key, text, text_s))
            if match is not None:
                matches[text] = Match(match[0], tuple(group for group in match[1:] if group))
    finally:
        process.kill()
        process.wait()
        for thread in threads:
            thread.join()
        process.stdout.close()
    return matches


def _send(stdin: IO[str], text: str) -> None:
    try:
        with stdin:
            stdin.write(text)
    except (OSError, ValueError):  # it was ended meanwhile
        return


def _receive(stdout: IO[str], lines: SimpleQueue[str]) -> None:
    for line in stdout:
        lines.put(line)
    lines.put("")


def _next_line(lines: SimpleQueue[str], pattern: str, key: str, text: str, within_s: float) -> str:
    try:
        line = lines.get(timeout=within_s)
    except Empty:
        raise UserError(
            f"{key} {pattern!r:.80}: takes over {within_s:g} s for one answer ({clipped(printable(text), _SHOWN)!r}, "
            f"{len(text):,} characters). Repetitions inside repetitions, such as (a+)+, are the usual cause"
        ) from None
    if not line:
        raise UserError(f"{key} {pattern!r:.80}: the process that searches the answers died")
    return line
