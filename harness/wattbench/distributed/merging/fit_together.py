"""Check that shards are of one run: the same suite, plan and systems, each as it was written and whole."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from wattbench.distributed.merging.found_shards import Shard, Shards, check_disjoint
from wattbench.errors import UserError
from wattbench.records import RunHeader, SystemRow, machine_parts, system_parts
from wattbench.records.fingerprint_parts import LABELS
from wattbench.records.rows.components import within_slot
from wattbench.records.rows.judgements import JudgeRow
from wattbench.records.shards import blocks_in_words, spans_of
from wattbench.records.verified_files import check_unchanged

_OF_A_JUDGE = ("judge", "scale", "rubric", "against", "prompt_version")
_OF_A_MACHINE = ("device", "driver", "power_limit")
"""Parts of a machine that must not change between its own shards. Machines may differ: each has all systems."""


def check_same_plan(shards: Sequence[Shard]) -> None:
    """Check that shards are of the same suite, dealt in the same way.

    Raises:
        UserError: they are not; the message says what differs.
    """
    first, *others = shards
    for other in others:
        for what, was, now in _of_plan(first.header, other.header):
            if was != now:
                raise UserError(
                    f"{other.root}: it is no shard of the run that {first.root} is of: {what} {now}, there {was}"
                )


def _of_plan(first: RunHeader, other: RunHeader) -> Iterator[tuple[str, str, str]]:
    """Yield each fact of two headers that must be equal, with both values in words."""
    yield "its suite has the hash", first.suite_sha256[:12], other.suite_sha256[:12]
    for key, what in (("of", "number of blocks"), ("seed", "seed")):
        yield f"its {what} is", str((first.shard or {})[key]), str((other.shard or {})[key])
    yield "number of its cells:", str(len(first.cells)), str(len(other.cells))
    for was, now in zip(first.cells, other.cells, strict=False):
        cell = f"{now.get('system')} on {now.get('task')}"
        for key in ("system", "task", "kind", "domain", "items", "task_version", "docs_sha256", "task_sha256"):
            yield f"{key} of {cell} is", str(was.get(key)), str(now.get(key))
    yield "its night is", str(first.night), str(other.night)


def check_fit_together(shards: Shards) -> None:
    """Check the contents of shards that together have every block once.

    Raises:
        UserError: a file was changed, a system or a machine is not the same, or a block is not whole.
    """
    for shard in shards.every:
        check_unchanged(replace(shard.records, check_digests=True))
    _check_same_systems(shards.every)
    _check_same_judges(shards.every)
    _check_same_machines(shards.every)
    _check_windows(shards.every)
    _check_whole_blocks(shards)
    _check_documents(shards)


def _check_same_systems(shards: Sequence[Shard]) -> None:
    """Check that each system has the same weights, engine and type in all shards."""
    first = shards[0].records.systems()
    for shard in shards[1:]:
        rows = shard.records.systems()
        for name, row in first.items():
            if name not in rows:
                raise UserError(f"{shard.root}: systems.jsonl lacks {name}; the record is damaged")
            was, now = (system_parts(each, name) for each in (row, rows[name]))
            for part in was:
                for fact in was[part].differing(now[part]):
                    raise UserError(
                        f"{shard.root}: {LABELS[part]} of {name} ({fact}) is {now[part].fact(fact)}, and "
                        f"{was[part].fact(fact)} in {shards[0].root}: their answers are of two systems. Ask the blocks "
                        "of one of the two again"
                    )


def _check_same_judges(shards: Sequence[Shard]) -> None:
    """Check that each judged task has the same judge, rubric and prompt in all shards: one figure has one judge."""
    first: dict[str, tuple[Shard, JudgeRow]] = {}
    for shard in shards:
        for task, row in shard.records.judges().items():
            before, judge = first.setdefault(task, (shard, row))
            differing = [name for name in _OF_A_JUDGE if getattr(row, name) != getattr(judge, name)]
            was, now = (system_parts(_loaded(each), each.judge) for each in (judge, row))
            if row.facts and judge.facts:
                differing += [fact for part in was for fact in was[part].differing(now[part])]
            if row.facts and not judge.facts:
                first[task] = shard, row
            if differing:
                raise UserError(
                    f"{shard.root}: {differing[0]} of the judge of {task} differs from that in {before.root}. Put the "
                    "answers of one of the two to the judge again: wattbench rescore RUN --judge"
                )


def _loaded(judge: JudgeRow) -> SystemRow | None:
    return SystemRow.from_json(judge.facts) if judge.facts else None


def _check_same_machines(shards: Sequence[Shard]) -> None:
    """Check that a machine was the same for all of its shards: the merged record has its facts once."""
    first: dict[str, Shard] = {}
    for shard in shards:
        before = first.setdefault(shard.header.node, shard)
        was, now = (machine_parts(each.header.environment, "this machine") for each in (before, shard))
        for part in _OF_A_MACHINE:
            for fact in was[part].differing(now[part]):
                raise UserError(
                    f"{shard.root}: {fact} of its machine ({shard.header.node}) is {now[part].fact(fact)}, and "
                    f"{was[part].fact(fact)} in {before.root}. Ask the blocks of one of the two again"
                )
        if _within_slot(shard) != _within_slot(before):
            raise UserError(
                f"{shard.root}: its energy was measured as {_meters(shard)}, and on the same machine as "
                f"{_meters(before)} in {before.root}. Ask the blocks of one of the two again"
            )


def _within_slot(shard: Shard) -> dict[str, str]:
    """Map the components of a shard to their provenance, with GPUs named as within a slot."""
    meters = shard.header.meters
    return {name: meters[component] for component, name in within_slot(meters).items()}


def _meters(shard: Shard) -> str:
    return ", ".join(f"{name} {how}" for name, how in shard.header.meters.items()) or "not at all"


def _check_windows(shards: Sequence[Shard]) -> None:
    """Check that window names are unique: items would otherwise get the joules of another shard."""
    owner: dict[str, Shard] = {}
    for shard in shards:
        for window in shard.windows:
            other = owner.setdefault(window, shard)
            if other is not shard:
                raise UserError(f"{shard.root}: its window {window} has the name of one of {other.root}")


def _check_whole_blocks(shards: Shards) -> None:
    """Check that each shard asked all systems in each of its blocks, in windows that are recorded."""
    systems = {system for system, _ in shards.cells}
    for shard in shards.every:
        windows = set(shard.windows)
        if set(shard.counted) != set(shard.numbers):
            lacking = blocks_in_words(set(shard.numbers) ^ set(shard.counted))
            raise UserError(f"{shard.root}: blocks.jsonl has other blocks than its header ({lacking}); it is damaged")
        for row in shard.counted.values():
            missing = systems - {name for name, of_system in row.windows.items() if set(of_system) & windows}
            if missing:
                raise UserError(
                    f"{shard.root}: block {row.number + 1} has no window of {sorted(missing)[0]}: no whole block"
                )


def _check_documents(shards: Shards) -> None:
    """Check that the blocks have each document of each task once."""
    of_task: dict[str, list[list[int]]] = {}
    for number, shard in shards.owner.items():
        for task, doc_ids in shard.counted[number].doc_ids.items():
            of_task.setdefault(task, []).append(doc_ids)
    items = {str(cell["task"]): int(cell["items"]) for cell in shards.first.header.cells}
    for task, number_of_items in items.items():
        parts = [np.asarray(each, dtype=np.int64) for each in of_task.get(task, [])]
        every = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        distinct = len(np.unique(every))
        if distinct != len(every):
            raise UserError(f"{len(every) - distinct} documents of {task} are in two blocks: these are not of one deal")
        if distinct != number_of_items:
            raise UserError(f"the blocks have {distinct} documents of {task}, and the suite {number_of_items}")


_SHOWN = 3
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
        if len(commands) > _SHOWN:
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
    return [*commands, *(_command_for(like, span) for span in spans_of(left))]


def _missing(missing: set[int], of: int, commands: Sequence[str]) -> str:
    which = f"{'block' if len(missing) == 1 else 'blocks'} {blocks_in_words(missing)} of {of}"
    more = f"; and {len(commands) - _SHOWN} more commands" if len(commands) > _SHOWN else ""
    return (
        f"nothing is merged: {which} {'is' if len(missing) == 1 else 'are'} missing. Ask with: "
        f"{'; '.join(commands[:_SHOWN])}{more}"
    )


def _command_for(like: Shard, span: tuple[int, int]) -> str:
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
