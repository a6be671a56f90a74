"""Write tonight's changes and what changed with them in plain words, for the terminal, Markdown and the site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.records import LABELS
from wattbench_reports.formatting import units
from wattbench_reports.history.change_words import AGAINST, compared_with, label, short, size
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.what_changed import CODE, FactChange, NightDifference, PartChange

NONE_FOUND = "None found"

FOUND = ("alarm", "beyond_all_seen", "changed")
"""States in which a change was found."""

_SHORT_HASH = 10
_SHORT_DIGEST = 12
_LONGEST_FACT = 60


def found_changes(changes: Sequence[NightChange], against: str | None = None) -> list[NightChange]:
    """Return the changes that were found, in the given order.

    Args:
        changes: of a night.
        against: one of `AGAINST`; None: all.
    """
    return [each for each in changes if each.state in FOUND and against in (None, each.against)]


def against_lines(changes: Sequence[NightChange], most: int) -> Iterator[tuple[str, str]]:
    """Yield, for each comparison that was made, what it is with and what was found: `NONE_FOUND` where nothing was.

    Args:
        changes: of a night.
        most: the number of changes that a line names.
    """
    for against in AGAINST:
        made = [each for each in changes if each.against == against]
        if not made:
            continue
        some = found_changes(made)
        named = [short(each) for each in some[:most]]
        if len(some) > most:
            named.append(f"{len(some) - most} more")
        yield compared_with(made[0]), "; ".join(named) or _nothing_found(made)


def _nothing_found(made: Sequence[NightChange]) -> str:
    """Say that nothing was found, and of how many metrics nothing could be."""
    apart = sum(each.state == "not_comparable" for each in made)
    early = sum(each.state == "too_few_nights" for each in made)
    left = [f"{early} with too few nights"] if early else []
    left += [f"{apart} not comparable"] if apart else []
    if early + apart == len(made):
        sized = next((each for each in made if each.change is not None), None)
        biggest = "" if sized is None else f"; the biggest change is {sized.system} {label(sized.metric)} {size(sized)}"
        return f"Nothing could have been found: {units.listed(left)}{biggest}"
    return f"{NONE_FOUND}{f', but {units.listed(left)}' if left else ''}"


def difference_title(difference: NightDifference) -> str:
    """Write since when: ``Since the previous night, 2026-01-04``."""
    return f"Since {AGAINST[difference.against]}, {difference.night.date}"


def difference_lines(difference: NightDifference) -> Iterator[str]:
    """Yield what changed, a line for each part, then the commits and the uncommitted files."""
    for part in difference.parts:
        yield part_line(part)
    yield from systems_lines(difference)
    if difference.commits:
        yield commits_line(difference)
    if difference.uncommitted:
        yield uncommitted_line(difference)


def systems_lines(difference: NightDifference) -> Iterator[str]:
    """Yield the systems that only one of the two nights has."""
    if difference.added:
        yield f"new systems: {units.named(difference.added)}"
    if difference.removed:
        yield f"systems no longer in the suite: {units.named(difference.removed)}"


def part_line(part: PartChange) -> str:
    """Write one part that changed: ``code of adder (answers.py:add): SHA-256 0f3a... → 9bc1...``."""
    name = CODE if part.part == CODE else LABELS[part.part]
    whose = f" of {units.named(part.systems)}" if part.systems else ""
    files = f" ({', '.join(_clipped(each) for each in part.files)})" if part.files else ""
    return f"{name}{whose}{files}: {'; '.join(fact(each) for each in part.facts)}"


def fact(change: FactChange) -> str:
    """Write one fact before and after; the name alone of one that is a digest of prompts."""
    if not change.before and not change.now:
        return change.name
    return f"{change.name} {_clipped(change.before)} → {_clipped(change.now)}"


def _clipped(value: str) -> str:
    if len(value) >= 40 and all(character in "0123456789abcdef" for character in value):
        return value[:_SHORT_DIGEST]
    return value if len(value) <= _LONGEST_FACT else f"{value[:_LONGEST_FACT]}..."


def short_hash(commit: str) -> str:
    """Shorten a commit's hash."""
    return commit[:_SHORT_HASH]


def span(commits: tuple[str, str]) -> str:
    """Write two commits: ``1f0c2d3e4f..9a8b7c6d5e``."""
    return "..".join(short_hash(each) for each in commits)


def commits_line(difference: NightDifference) -> str:
    """Write the commits and files between two nights of different commits; where they are not listed, the two."""
    assert difference.commits is not None
    since, both = difference.since, span(difference.commits)
    if since is None or not since.commits:
        return f"commits {both}"
    commits = [f"{short_hash(each.commit)} {each.subject}" for each in since.commits]
    commits += rest(len(since.commits), since.commits_in_all)
    files = [*since.files, *rest(len(since.files), since.files_in_all)]
    return f"commits {both}: {'; '.join(commits)}. Files: {', '.join(files)}"


def uncommitted_line(difference: NightDifference) -> str:
    """Write the files that were not committed when the last night was run."""
    files = [*difference.uncommitted, *rest(len(difference.uncommitted), difference.uncommitted_in_all)]
    return f"not committed in the last night: {', '.join(files)}"


def rest(shown: int, in_all: int) -> list[str]:
    """Count what a list leaves out: ``["7 more"]``; empty if it leaves out none."""
    return [f"{in_all - shown:,} more"] if in_all > shown else []
