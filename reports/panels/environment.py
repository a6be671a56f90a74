"""Where the run was made, and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from harness.records import RunHeader
from reports.compare import Analysis
from reports.panels.section import Passage, Section
from reports.panels.table import Cell, Column, Table
from reports.settings import suite_section

_LONG_ENOUGH_TO_FOLD = 12


def environment_section(analysis: Analysis) -> Section:
    """Everything `run.json` says about where and how."""
    run = analysis.frames.run
    header, root = run.header, str(run.layout.root.resolve())
    plain: list[tuple[str, str]] = [("run", header.run), ("created", header.created_utc)]
    plain += [(f"meter of {component}", how) for component, how in header.meters.items()]
    plain += [(f"measure.{name}", str(value)) for name, value in suite_section(header, "measure").items()]
    plain += [(f"fingerprint of {name}", each.short) for name, each in analysis.prints.items()]
    plain += [pair for key, value in (header.imported or {}).items() for pair in _flat(f"imported.{key}", value)]
    folded = []
    for key, value in header.environment.items():
        pairs = list(_flat(str(key), value))
        if len(pairs) > _LONG_ENOUGH_TO_FOLD:
            folded.append(_table(f"{key} ({len(pairs)})", pairs))
        else:
            plain += pairs
    commands = (
        ("This run was made with", _command(header)),
        ("Its figures are printed by", shlex.join(["wattbench", "compare", root, *analysis.choice.as_options()])),
        ("Its records lie in", root),
        ("Two runs with this hash were asked to do the same", header.suite_sha256),
    )
    passage = Passage("", (), (_table("Machine, software and meters", plain),), folded=tuple(folded), commands=commands)
    return Section("reproduce", "Reproduce", "Where, and how to do it again", "", (passage,))


def _command(header: RunHeader) -> str:
    return shlex.join(str(part) for part in header.command)


def _table(caption: str, pairs: list[tuple[str, str]]) -> Table:
    rows = tuple((Cell(key), Cell(value)) for key, value in pairs)
    return Table(caption, (Column("What"), Column("As recorded")), rows)


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested mappings as dotted keys; a list of plain values on one line."""
    if isinstance(value, Mapping):
        for inner, deeper in value.items():
            yield from _flat(f"{key}.{inner}", deeper)
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for place, deeper in enumerate(value):
            yield from _flat(f"{key}.{place}", deeper)
    elif isinstance(value, list) and value:
        yield key, ", ".join(str(part) for part in value)
    elif value not in (None, "", []):
        yield key, str(value)
