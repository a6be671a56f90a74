"""Select the shards that make a whole run together, or name the commands that ask missing blocks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from wattbench.distributed.merging.found_shards import Shard, Shards, check_disjoint
from wattbench.errors import UserError
from wattbench.records import RunHeader
from wattbench.records.shards import blocks_in_words, spans_of

SHOWN = 3
"""Commands that an error lists. Of more, all are printed before it."""

_OF_THE_API = {"systems": "--systems", "tasks": "--tasks", "limit": "--limit"}


def complete_set(shards: Sequence[Shard], notice: Callable[[str], None]) -> Shards:
    """Return the finished shards, if they have every block once.

    One that is not finished is passed over where finished ones have its blocks.

    Args:
        shards: of one suite, number of blocks and seed.
        notice: prints which are passed over, and the commands that an error has no room for.

    Raises:
        UserError: blocks are there twice, or missing: with the command that asks them.
    """
    finished = [shard for shard in shards if shard.finished]
    owner = check_disjoint(finished)
    cut_off = [shard for shard in shards if not shard.finished]
    of = int((shards[0].header.shard or {})["of"])
    missing = set(range(of)) - owner.keys()
    if missing:
        commands = _commands(missing, cut_off, shards[0])
        if len(commands) > SHOWN:
            notice("\n".join(["wattbench: what is missing is asked with:", *(f"  {each}" for each in commands)]))
        raise UserError(_missing(missing, of, commands))
    for shard in cut_off:
        notice(f"wattbench: {shard.root} was cut off and is passed over: finished shards have its blocks")
    return Shards(tuple(finished), owner)


def _commands(missing: set[int], cut_off: Sequence[Shard], like: Shard) -> list[str]:
    """Return the commands that ask the missing blocks; interrupted shards are resumed on their machines."""
    commands, left = [], set(missing)
    for shard in cut_off:
        if left & set(shard.numbers):
            left -= set(shard.numbers)
            commands.append(f"wattbench run --resume {shlex.quote(str(shard.root))} (on the machine that began it)")
    return [*commands, *(command_for(like, span) for span in spans_of(left))]


def _missing(missing: set[int], of: int, commands: Sequence[str]) -> str:
    which = f"{'block' if len(missing) == 1 else 'blocks'} {blocks_in_words(missing)} of {of}"
    more = f"; and {len(commands) - SHOWN} more commands" if len(commands) > SHOWN else ""
    return (
        f"nothing is merged: {which} {'is' if len(missing) == 1 else 'are'} missing. Ask with: "
        f"{'; '.join(commands[:SHOWN])}{more}"
    )


def command_for(like: Shard, span: tuple[int, int]) -> str:
    """Return the command that asks a span of blocks, numbered from 0, in the same way as another shard.

    Args:
        like: that shard; the new one goes next to it.
        span: the first and the last block.
    """
    header, shard = like.header, like.header.shard or {}
    block = f"{span[0] + 1}/{shard['of']}" if span[0] == span[1] else f"{span[0] + 1}-{span[1] + 1}/{shard['of']}"
    words = [*_without(_as_typed(header), ("--block", "--seed", "--out", "--report", "--wait"), ("--open",))]
    words += ["--block", block, "--seed", str(shard["seed"]), "--out", str(like.root.parent)]
    return shlex.join(words)


def _as_typed(header: RunHeader) -> list[str]:
    """Return the command that began a shard, as words of the command line even if Python began the shard."""
    command = list(header.command)
    if command[:2] == ["wattbench", "run"] and len(command) > 2:
        return command
    path = str(header.suite.get("path", "SUITE"))
    words = ["wattbench", "run", command[1] if command[:1] == ["wattbench.run"] and len(command) > 1 else path]
    for word in command[2:] if command[:1] == ["wattbench.run"] else ():
        name, _, value = word.partition("=")
        if name in _OF_THE_API:
            words += [_OF_THE_API[name], value]
    return words


def _without(words: Sequence[str], with_value: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Return the words of a command without some options; `--wait` may have no value."""
    kept: list[str] = []
    skip = False
    for at, word in enumerate(words):
        if skip:
            skip = False
            continue
        name, equals, _ = word.partition("=")
        if name in flags:
            continue
        if name in with_value:
            following = words[at + 1] if at + 1 < len(words) else ""
            skip = not equals and (name != "--wait" or following.replace(".", "", 1).isdigit())
            continue
        kept.append(word)
    return kept
