"""Read the traces of Mooncake: JSON lines with a time in milliseconds, lengths, and hashes of blocks of the prompt.

Source: README.md and FAST25-release/traces of github.com/kvcache-ai/Mooncake: `hash_ids` has one number per block of
512 tokens of the prompt, and two prompts that begin alike have the same numbers there; the last block may be part of
one.

There are no conversations in it; wattbench sees them in the blocks. A request follows an earlier one if the whole
blocks of that one's prompt begin its own, and its prompt is at least as long as the earlier prompt with its answer: a
next turn holds both. Of several, it follows the one with the longest prompt, and the latest of these.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattbench.traces.model import MOST_S, Stamped, TraceRows, check_number, clean, refuse, tokens

BLOCK_TOKENS = 512
MOST_BLOCKS = 100_000
"""Of a prompt: 51 million tokens."""


def is_format(first: str) -> bool:
    """Return whether the first line is an object of such a file."""
    return first.startswith("{") and '"timestamp"' in first and ('"input_length"' in first or '"hash_ids"' in first)


def read(path: Path, text: str) -> TraceRows:
    """Read every line.

    Raises:
        UserError: a line is wrong.
    """
    stamped: list[Stamped] = []
    blocks: list[tuple[int, ...]] = []
    for row, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        entry = _entry(path, row, line)
        stamped.append(
            Stamped(
                _at_ns(path, row, entry.get("timestamp")),
                row,
                tokens(path, row, "input_length", entry.get("input_length")),
                tokens(path, row, "output_length", entry.get("output_length")),
            )
        )
        blocks.append(_blocks(path, row, entry.get("hash_ids")))
        check_number(path, stamped)
    no_sessions = None if any(blocks) else "this trace has no hash_ids, in which conversations could be seen"
    if no_sessions is None:
        _follow(stamped, blocks)
    return TraceRows("Mooncake JSON lines", stamped, len(stamped), no_sessions=no_sessions)


def _entry(path: Path, row: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        refuse(path, row, f"not a JSON object on one line: {clean(line)!r}; is the file complete?")
    if not isinstance(entry, dict):
        refuse(path, row, f"a {type(entry).__name__}, and not an object with a timestamp")
    return entry


def _at_ns(path: Path, row: int, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_S * 1e3:
        refuse(path, row, f"timestamp is {clean(value)!r}; it is a number of milliseconds that is not below 0")
    return value * 1_000_000 if isinstance(value, int) else round(value * 1e6)


def _blocks(path: Path, row: int, value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_BLOCKS or any(type(each) is not int for each in value):
        refuse(path, row, f"hash_ids is {clean(value)!r}; it is a list of at most {MOST_BLOCKS:,} whole numbers")
    return tuple(value)


def _follow(stamped: Sequence[Stamped], blocks: Sequence[tuple[int, ...]]) -> None:
    """Set for each request the one that it follows, and its session: the index of the session's first request."""
    children: dict[tuple[int, int], int] = {}
    ended: dict[int, int] = {}  # a node of the tree of prefixes to the last request whose whole blocks end there
    for index in sorted(range(len(stamped)), key=lambda each: stamped[each].at_ns):
        request, whole = stamped[index], (stamped[index].input_tokens or 0) // BLOCK_TOKENS
        node, before, end = 0, None, None
        for depth, block in enumerate(blocks[index], 1):
            node = children.setdefault((node, block), len(children) + 1)
            if node in ended and _is_next(stamped[ended[node]], request):
                before = ended[node]
            if depth == whole:
                end = node
        if end is not None:
            ended[end] = index
        if before is not None:
            request.after = (before,)
        request.session = str(index) if before is None else stamped[before].session


def _is_next(earlier: Stamped, request: Stamped) -> bool:
    held = (earlier.input_tokens or 0) + (earlier.output_tokens or 0)
    return earlier.at_ns < request.at_ns and (request.input_tokens or 0) >= held
