"""Tabulate the check of the data, for the terminal, Markdown and the page."""

from __future__ import annotations

from wattbench_reports.comparability.input_check import (
    JOULES,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    SECONDS,
    FigureCheck,
    InputCheck,
    SystemInput,
)
from wattbench_reports.formatting import units

TITLE = "Data"

HEADINGS = (
    "system", "items", "missing", "repeats", "scores", "tokens in", "tokens out", "joules", "seconds", "joules of",
)  # fmt: skip

_SILENT = {"missing": "0", "repeats": "0", "tokens in": "none", "tokens out": "none", "joules of": units.NONE}
"""Columns that are left out where all systems have this."""

NUMERIC = frozenset({"items", "missing", "repeats"})

_UNIT = {JOULES: "J", SECONDS: "s"}

_MEANINGS = {
    "null": "null: not recorded",
    "zero": "zero: 0 in the source or the record",
    "all alike": "alike: the same in every answer",
    "not said": "not said: whether joules are of the model's machine or of a client, which import --joules-of says",
    "client": "client: joules of waiting for a model that runs elsewhere, ranked with no other system's",
}
"""What a word in the table means, said where it is there."""


def summary(check: InputCheck) -> str:
    """Say how many items there are and how many of them all systems answered."""
    systems = len(check.systems)
    if systems < 2:
        return f"{units.plural(check.items, 'item')}."
    all_of_them = "both" if systems == 2 else f"all {systems} systems"
    answered = "all" if check.common == check.items else f"{check.common:,}"
    return f"{units.plural(check.items, 'item')}, {answered} of them answered by {all_of_them}."


def meaning(check: InputCheck) -> str:
    """Explain the words in the table; empty where none needs an explanation."""
    texts = " ".join(cell for row in _rows(check) for cell in row[3:])
    said = [meant for word, meant in _MEANINGS.items() if word in texts]
    if any(each.missing for each in check.systems):
        said.insert(0, "missing: items that another system answered")
    if any(each.repeated for each in check.systems):
        said.insert(0, "repeats: further answers to the same item")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def table(check: InputCheck) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heading and one row of texts per system."""
    rows = _rows(check)
    kept = [
        position
        for position, name in enumerate(HEADINGS)
        if name not in _SILENT or any(row[position] != _SILENT[name] for row in rows)
    ]
    return tuple(HEADINGS[position] for position in kept), [tuple(row[position] for position in kept) for row in rows]


def _rows(check: InputCheck) -> list[tuple[str, ...]]:
    """Return the cells of each system, under `HEADINGS`."""
    return [
        (
            each.system,
            f"{each.items:,}",
            f"{each.missing:,}",
            f"{each.repeated:,}",
            _scores(each),
            *(_figure(each.figures[name], _UNIT.get(name, "")) for name in (PROMPT_TOKENS, OUTPUT_TOKENS)),
            *(_figure(each.figures[name], _UNIT[name]) for name in (JOULES, SECONDS)),
            each.joules_of.value or units.NONE,
        )
        for each in check.systems
    ]


def _scores(system: SystemInput) -> str:
    low, high = system.score_low, system.score_high
    if low is None or high is None:
        return "none"
    texts = [units.trimmed(units.digits(each)) for each in (low, high)]
    return f"all {texts[0]}" if low == high else " to ".join(texts)


def _figure(figure: FigureCheck, unit: str) -> str:
    """Count the answers that lack a figure or have an odd one: ``all``, ``9 of 185, 176 zero``."""
    counts = {"zero": figure.zeros, "null": figure.missing, "negative": figure.negative}
    wrong = [f"{count:,} {what}" for what, count in counts.items() if count]
    if figure.constant and figure.low is not None:
        low = f"{figure.low:,.0f}" if figure.low.is_integer() else units.digits(figure.low)
        wrong.append(f"all alike ({low}{unit and f' {unit}'})")
    if not figure.known and not figure.zeros:
        return "none"
    return ", ".join(wrong) or "all"
