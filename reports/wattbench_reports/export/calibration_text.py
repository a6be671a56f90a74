"""Write the calibration of a machine's gates for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from wattbench_reports.formatting.units import listed, percent, percent_interval, plural
from wattbench_reports.gate.calibration.record import Calibration, Drill
from wattbench_reports.gate.calibration.simulate import planted_in_words
from wattbench_reports.gate.metrics import METRICS, size_text
from wattbench_reports.presenter.model import Cell, Column, Passage, Section, Table, numbers, text_rows
from wattbench_reports.presenter.text import as_text
from wattbench_reports.wording.gate import label

_LEGEND = "[a, b]: 95% confidence interval of the rate. items: median until the verdict."


def calibration_text(calibration: Calibration) -> str:
    """Return the error rates, drills and noise floors as plain text."""
    lead = f"Gate calibration of suite {calibration.suite} on this machine: {calibration.system} compared with itself"
    promised = (_promised(calibration), _origin(calibration), _LEGEND)
    passages = (
        Passage(tables=(_rates(calibration),)),
        Passage(sentences=promised),
        Passage(points=tuple(map(_measured, calibration.drills))),
        Passage(tables=(_margins(calibration),)),
        Passage(tables=(_noise(calibration),)),
    )
    return as_text(Section("calibration", "Calibration", "Gate calibration", lead, passages))


def _promised(calibration: Calibration) -> str:
    """State which rate counts false alarms and which counts misses, and the rates that the policy promises."""
    return (
        f"False alarms are what regressed without a fault or with a trade: at most {percent(calibration.alpha)} are "
        f"promised. Misses are what passed with twice the margin planted: at most {percent(calibration.beta)}."
    )


def _origin(calibration: Calibration) -> str:
    gates = plural(calibration.equal.gates, "gate")
    return (
        f"Without a fault {gates} are judged: stretches of {plural(calibration.rounds, 'measured round')} in their "
        f"order, of at most {plural(calibration.items, 'item')}, each also with the systems exchanged. The bounds "
        f"count each of {plural(calibration.restarts, 'restart')} once, as the gates of one are alike: more "
        "--restarts narrow them."
    )


def _measured(drill: Drill) -> str:
    """Write the verdicts of the real gates with a planted change: ``regressed in 3 of 3 (latency p50)``."""
    counts = Counter(drill.verdicts).most_common()
    verdicts = listed([f"{verdict} in {number} of {len(drill.verdicts)}" for verdict, number in counts])
    trade = " It gains in one task what it loses in another." if drill.trade else ""
    regressed = listed([label(each) for each in drill.regressed]) or "no metric regressed"
    return f"Measured with {planted_in_words(drill.planted)} planted: {verdicts} ({regressed}).{trade}"


def _noise(calibration: Calibration) -> Table:
    rows = [(METRICS[metric].label, size_text(metric, noise)) for metric, noise in calibration.noise.items()]
    return _pairs("Noise of one item (standard error of a worsening times the square root of its items)", rows)


def _rates(calibration: Calibration) -> Table:
    heads = ("regressed", "pass", "inconclusive", "items")
    rates = {"no fault (A/A)": calibration.equal} | {
        planted_in_words(each.planted): each.rates for each in calibration.drills
    }
    rows = [
        (what, *map(percent_interval, (each.regressed, each.passed, each.inconclusive)), f"{each.median_items:.0f}")
        for what, each in rates.items()
    ]
    columns = (Column(""), *numbers(*heads))
    return Table("", columns, text_rows(rows))


def _margins(calibration: Calibration) -> Table:
    rows = [(METRICS[metric].label, _floor(metric, floor)) for metric, floor in calibration.floors.items()]
    rows += [(METRICS[metric].label, f"not judged: {why}") for metric, why in calibration.not_judged.items()]
    title = "Noise floor (the smallest margin at which an unchanged system passes as often as is promised)"
    return _pairs(title, rows)


def _pairs(caption: str, rows: Iterable[tuple[str, str]]) -> Table:
    return Table(caption, (Column(""), Column("")), tuple((Cell(name), Cell(text)) for name, text in rows))


def _floor(metric: str, floor: float | None) -> str:
    if floor is None:
        return "above 50%"
    return size_text(metric, floor)
