"""The environment of the run, and how to reproduce it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from wattbench.records import LABELS
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table

_LONG_ENOUGH_TO_FOLD = 12


def environment_section(measured: Measured, weighed: Weighed) -> Section:
    """Make the section from everything that `run.json` records about the environment."""
    run = measured.frames.run
    record, root = measured.frames.record, str(run.layout.root.resolve())
    plain: list[tuple[str, str]] = [("run", run.header.run), ("created", record.created_utc)]
    plain += [(f"meter of {component}", str(how)) for component, how in record.provenances.items()]
    plain += [(f"measure.{name}", str(value)) for name, value in record.suite.measure.as_recorded.items()]
    imported = {} if record.imported is None else record.imported.as_recorded
    plain += [pair for key, value in imported.items() for pair in _flat(f"imported.{key}", value)]
    folded = []
    for key, value in record.machine.as_recorded.items():
        pairs = list(_flat(str(key), value))
        if len(pairs) > _LONG_ENOUGH_TO_FOLD:
            folded.append(_table(f"{key} ({len(pairs)})", pairs))
        else:
            plain += pairs
    commands = (
        ("Command that made this run", shlex.join(record.command)),
        (
            "Command that writes this page, with its metrics as CSV and Parquet files next to it",
            shlex.join(
                ["wattbench", "runs", "report", root, "-o", "report.html", *weighed.assumptions.as_report_options()]
            ),
        ),
        (
            "Command that prints its metrics",
            shlex.join(["wattbench", "runs", "compare", root, *weighed.assumptions.as_options()]),
        ),
        ("Directory of its records", root),
        ("Hash of the suite: runs with the same hash measured the same suite", run.header.suite_sha256),
    )
    made = Passage("", (), (_table("Machine, software and meters", plain),), folded=tuple(folded), commands=commands)
    return Section(
        "reproduce",
        "Reproduce",
        "Environment, and how to reproduce the run",
        "",
        (made, *_fingerprints(measured)),
        line="the machine, the packages and the commands",
    )


def _fingerprints(measured: Measured) -> tuple[Passage, ...]:
    """List the measuring conditions of each system; those common to all are listed once."""
    prints = measured.prints
    if not prints:
        return ()
    facts = {name: _facts(each) for name, each in prints.items()}
    first, *others = facts.values()
    shared = {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
    short = Table(
        caption="Fingerprints",
        columns=(Column("System"), Column("Fingerprint")),
        rows=tuple(
            (Cell(name, series=measured.frames.systems.index(name)), Cell(each.short)) for name, each in prints.items()
        ),
        note="First 12 digits of a SHA-256 over all parts below: equal if all parts are equal, also between runs.",
    )
    folded = [_parts("Common to all systems", shared)] if others and shared else []
    for name, of_system in facts.items():
        different = {key: value for key, value in of_system.items() if not others or key not in shared}
        if different:
            folded.append(_parts(name, different))
    sentence = (
        "Metrics are comparable only as far as the conditions of their measurement are the same. These are the "
        "conditions that are compared, part by part."
    )
    return (Passage("Fingerprints", (sentence,), (short,), folded=tuple(folded)),)


def _facts(fingerprint: Fingerprint) -> dict[tuple[str, str], str]:
    return {
        (LABELS.get(name, name), what): value for name, part in fingerprint.parts.items() for what, value in part.facts
    }


def _parts(whose: str, facts: Mapping[tuple[str, str], str]) -> Table:
    return Table(
        caption=f"{whose} ({len(facts)})",
        columns=(Column("Part"), Column("Setting"), Column("Recorded value")),
        rows=tuple((Cell(part), Cell(what), Cell(value)) for (part, what), value in facts.items()),
        prose=True,
    )


def _table(caption: str, pairs: list[tuple[str, str]]) -> Table:
    rows = tuple((Cell(key), Cell(value)) for key, value in pairs)
    return Table(caption, (Column("Setting"), Column("Recorded value")), rows, prose=True)


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Flatten nested mappings to dotted keys; a list of plain values becomes one line."""
    if isinstance(value, Mapping):
        for inner, deeper in value.items():
            yield from _flat(f"{key}.{inner}", deeper)
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for index, deeper in enumerate(value):
            yield from _flat(f"{key}.{index}", deeper)
    elif isinstance(value, list) and value:
        yield key, ", ".join(str(part) for part in value)
    elif value not in (None, "", []):
        yield key, str(value)
