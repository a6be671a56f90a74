"""Write tonight's changes and what changed with them in plain words, for the terminal, Markdown and the site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench.records import LABELS
from wattbench_reports.formatting import units
from wattbench_reports.formatting.repository_links import RepositoryLinks
from wattbench_reports.history.change_words import AGAINST, compared_with, label, short, size
from wattbench_reports.history.night_changes import NightChange
from wattbench_reports.history.what_changed import CODE, FactChange, NightDifference, PartChange
from wattbench_reports.presenter.model import Span, Text, point

ALL_WITHIN = "All within their margins"

SHOWN = ("alarm", "still_regressed", "worse", "not_judged", "better")
"""States in which a change by more than the margin is shown."""

_SHORT_HASH = 10
_SHORT_DIGEST = 12
_LONGEST_FACT = 60


def shown_changes(changes: Sequence[NightChange]) -> list[NightChange]:
    """Return the changes beyond their margins, and those within their margins that crept or stepped, in order."""
    return [each for each in changes if each.state in SHOWN or (each.state == "within" and each.note)]


def against_lines(changes: Sequence[NightChange], most: int) -> Iterator[tuple[str, str]]:
    """Yield, for each level that was compared with, its name and the result.

    Its date or span is named where all changes share it.

    Args:
        changes: of a night.
        most: the number of changes that a line names.
    """
    for against in AGAINST:
        made = [each for each in changes if each.against == against]
        if not made:
            continue
        some = shown_changes(made) or [each for each in made if each.state == "open"]
        named = [short(each) for each in some[:most]]
        if len(some) > most:
            named.append(f"{len(some) - most} more")
        alike = len({each.label for each in made}) == 1
        yield compared_with(made[0]) if alike else AGAINST[against], "; ".join(named) or _nothing_shown(made)


def _nothing_shown(made: Sequence[NightChange]) -> str:
    """Say that all metrics are within their margins, and for how many metrics nothing could be shown."""
    counted = [(sum(each.state == state for each in made), text) for state, text in _OPEN.items()]
    left = [f"{number} {text}" for number, text in counted if number]
    if sum(number for number, _ in counted) < len(made):
        return f"{ALL_WITHIN}{f', but {units.listed(left)}' if left else ''}"
    sized = next((each for each in made if each.change is not None), None)
    biggest = "" if sized is None else f"; the biggest change is {sized.system} {label(sized.metric)} {size(sized)}"
    return f"Nothing could be shown: {units.listed(left)}{biggest}"


_OPEN = {
    "too_few_nights": "with too few nights",
    "not_comparable": "not comparable",
    "not_measured": "not measured",
}


def difference_title(difference: NightDifference) -> str:
    """Write since when: ``Since the previous night, 2026-01-04``."""
    since = "the previous night" if difference.against == "previous" else AGAINST[difference.against]
    return f"Since {since}, {difference.night.date}"


def difference_points(difference: NightDifference) -> Iterator[Text]:
    """Yield what changed, a point for each part, then the commits and the uncommitted files, linked where the
    repository's host is known."""
    lines = [*map(part_line, difference.parts), *systems_lines(difference)]
    yield from map(point, lines)
    if difference.commits:
        yield _commits(difference, difference.commits)
    if difference.uncommitted:
        yield point(uncommitted_line(difference))


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
    """Write one fact before and after; of a digest of prompts only the name."""
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


def _commits(difference: NightDifference, commits: tuple[str, str]) -> Text:
    """Write the commits and files between two nights of different commits; where not listed, the two commits."""
    links, since = RepositoryLinks(difference.remote or ""), difference.since
    spans = [Span("commits "), Span(span(commits), "code", links.compare(*commits) or "")]
    if since is not None and since.commits:
        between = ": "
        for each in since.commits:
            spans += [Span(between), Span(short_hash(each.commit), "code", links.commit(each.commit) or "")]
            spans += [Span(f" {each.subject}")]
            between = "; "
        spans += [Span(f"; {each}") for each in rest(len(since.commits), since.commits_in_all)]
        between = ". Files: "
        for file in since.files:
            spans += [Span(between), Span(file, "code", links.file(file, commits[1]) or "")]
            between = ", "
        spans += [Span(f"{between}{each}") for each in rest(len(since.files), since.files_in_all)]
    return Text(tuple(spans), "- ")


def uncommitted_line(difference: NightDifference) -> str:
    """Write the files that were not committed when the last night was run."""
    files = [*difference.uncommitted, *rest(len(difference.uncommitted), difference.uncommitted_in_all)]
    return f"not committed in the last night: {', '.join(files)}"


def rest(shown: int, in_all: int) -> list[str]:
    """Count what a list leaves out: ``["7 more"]``; empty if it leaves out none."""
    return [f"{in_all - shown:,} more"] if in_all > shown else []
