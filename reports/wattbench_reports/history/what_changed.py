"""Find what changed in code, weights, prompts and surroundings since the nights that the last one is compared with.

The parts are those of a fingerprint; the commits and files are what the last night recorded when it was run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from wattbench.errors import UserError
from wattbench.records import NOT_RECORDED, Part, read_run
from wattbench.records.schema.header import CommitsSinceRecord, commit_hash
from wattbench_reports.comparability.fingerprint import Fingerprint, fingerprints
from wattbench_reports.comparability.rules import Difference, differences
from wattbench_reports.history.model import History, Night
from wattbench_reports.tables.run_tables import Frames, load_frames

CODE = "code"
"""What the weights of a system are that is a Python function: the file that defines it."""

_UNTELLING = ("seed",)
"""Parts whose change explains no figure."""

_NAMES_FILES = ("call", "weights", "adapter", "experts", "router", "serve.llamacpp.weights")
"""Settings that name what a system's weights or code are read from."""

_NO_FILE = ("sha256", "revision")


@dataclass(frozen=True)
class FactChange:
    """One fact of a part."""

    name: str
    before: str
    """Empty for a digest that differs for each system although the change is one: of prompts. So `now`."""
    now: str


@dataclass(frozen=True)
class PartChange:
    """A change in one part, of one or more systems."""

    systems: tuple[str, ...]
    """Empty: of all systems of both nights."""
    part: str
    """One of `wattbench.records.LABELS`, or `CODE`."""
    facts: tuple[FactChange, ...]
    files: tuple[str, ...] = ()
    """The files that changed weights or code are read from, as the last night's suite names them."""


@dataclass(frozen=True)
class NightDifference:
    """All that changed between an earlier night and the last one."""

    against: Literal["previous", "reference"]
    night: Night
    """The earlier one."""
    parts: tuple[PartChange, ...]
    added: tuple[str, ...]
    """Systems that the earlier night did not have."""
    removed: tuple[str, ...]
    commit_before: str | None
    """None where it is not recorded. So `commit_now`."""
    commit_now: str | None
    remote: str | None
    """The https address of the repository; None where it is not recorded."""
    since: CommitsSinceRecord | None
    """The commits and files; None where the last night did not record those since this night."""
    uncommitted: tuple[str, ...]
    """The first files that were not committed in the last night."""
    uncommitted_in_all: int

    @property
    def commits(self) -> tuple[str, str] | None:
        """Return the commits of the two nights; None if they are the same or not recorded."""
        if self.commit_before is None or self.commit_now is None or self.commit_before == self.commit_now:
            return None
        return self.commit_before, self.commit_now

    @property
    def empty(self) -> bool:
        """Return whether no change is on record."""
        return not (self.parts or self.added or self.removed or self.commits or self.uncommitted)


def what_changed(history: History) -> tuple[NightDifference, ...]:
    """Return what changed since the previous night, and since the reference.

    An earlier night that cannot be read is left out: its comparison says why.

    Raises:
        UserError: the last night cannot be read.
    """
    nights = history.series_nights()
    if len(nights) < 2:
        return ()
    now = load_frames(read_run(nights[-1].root))
    prints = fingerprints(now)
    others: list[tuple[Literal["previous", "reference"], Night]] = [("previous", nights[-2])]
    if history.reference is not None and history.reference.run != nights[-1].run:
        others.append(("reference", history.reference_night()))
    known = []
    for against, night in others:
        try:
            known.append(_difference(against, night, nights[-1], now, prints))
        except UserError:
            continue
    return tuple(known)


def _difference(
    against: Literal["previous", "reference"], night: Night, last: Night, now: Frames, prints: Mapping[str, Fingerprint]
) -> NightDifference:
    before = fingerprints(load_frames(read_run(night.root)))
    both = [name for name in prints if name in before]
    since, repository = now.record.night.since, now.record.machine.repository
    return NightDifference(
        against=against,
        night=night,
        parts=tuple(_merged(_parts(before, prints, both), len(both))),
        added=tuple(name for name in prints if name not in before),
        removed=tuple(name for name in before if name not in prints),
        commit_before=commit_hash(night.commit),
        commit_now=commit_hash(last.commit),
        remote=repository.remote,
        since=since if since is not None and since.run == night.run else None,
        uncommitted=repository.uncommitted,
        uncommitted_in_all=repository.uncommitted_in_all,
    )


def _parts(
    before: Mapping[str, Fingerprint], prints: Mapping[str, Fingerprint], both: list[str]
) -> Iterator[tuple[str, PartChange]]:
    for name in both:
        differing = differences(before[name], prints[name])
        changes = [_part(each, before[name], prints[name], name) for each in differing if each.part not in _UNTELLING]
        other_documents = any(each.part == "tasks" and each.facts for each in changes)
        for each in changes:
            # Other documents make other prompts.
            if each.facts and not (each.part == "prompts" and other_documents):
                yield name, each


def _part(one: Difference, first: Fingerprint, second: Fingerprint, system: str) -> PartChange:
    facts = tuple(_facts(first.parts[one.part], second.parts[one.part]))
    of_code = one.part == "weights" and "python" in second.parts["engine"].fact("engine")
    return PartChange(
        systems=(system,),
        part=CODE if of_code else one.part,
        facts=tuple(replace(each, before="", now="") for each in facts) if one.part == "prompts" else facts,
        files=tuple(_files(second.parts["settings"])) if one.part == "weights" else (),
    )


def _facts(before: Part, after: Part) -> Iterator[FactChange]:
    """Yield the facts that differ between two nights, except facts that neither night records."""
    for name in before.differing(after):
        was, is_now = before.fact(name), after.fact(name)
        if not was == is_now == NOT_RECORDED:
            yield FactChange(name, was, is_now)


def _files(settings: Part) -> Iterator[str]:
    for name, value in settings.facts:
        names_file = any(f"{name}.".startswith(f"{each}.") for each in _NAMES_FILES)
        if names_file and name.rpartition(".")[2] not in _NO_FILE:
            yield value


def _merged(parts: Iterator[tuple[str, PartChange]], systems: int) -> Iterator[PartChange]:
    """Yield each change once, with all systems that share it."""
    names: dict[PartChange, list[str]] = {}
    for name, part in parts:
        names.setdefault(PartChange((), part.part, part.facts, part.files), []).append(name)
    for part, of in names.items():
        everyone = len(of) == systems and systems > 1
        yield PartChange(() if everyone else tuple(of), part.part, part.facts, part.files)
