"""Write the calibration of a machine's gates for a terminal."""

from __future__ import annotations

from wattbench.terminal import TextColumn, printable, text_table
from wattbench_reports.formatting.units import listed, percent, plural, points
from wattbench_reports.gate.calibration.noise_floor import Calibration
from wattbench_reports.gate.calibration.simulate import Rates, planted_in_words
from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.stats import Interval


def calibration_text(calibration: Calibration) -> str:
    """Return the error rates, drills and noise floors as plain text."""
    lines = [
        f"Gate calibration of suite {calibration.suite} on this machine: {calibration.system} compared with itself",
        "",
        *(f"  {line}" for line in _rates(calibration)),
        "",
        f"  {plural(calibration.equal.gates, 'simulated gate')} per row, resampled from "
        f"{plural(calibration.rounds, 'measured round')}, of at most {plural(calibration.items, 'item')}.",
        "  [a, b]: 95% confidence interval of the rate. items: median until the verdict.",
        "",
    ]
    lines += [
        f"  Measured gate with {planted_in_words(drill.planted)} planted: {drill.verdict} ({_labels(drill.regressed)})."
        for drill in calibration.drills
    ]
    lines += ["", "  Noise floor (the smallest margin at which these gates keep their error rates):"]
    lines += [f"    {line}" for line in _margins(calibration)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _rates(calibration: Calibration) -> list[str]:
    columns = (
        TextColumn(least_width=22),
        *(TextColumn(head, right=True, least_width=20) for head in ("regressed", "pass", "inconclusive")),
        TextColumn("items", right=True, least_width=6),
    )
    rates = {"no fault (A/A)": calibration.equal} | {
        planted_in_words(each.planted): each.rates for each in calibration.drills
    }
    return text_table(columns, [_row(what, each) for what, each in rates.items()])


def _row(what: str, rates: Rates) -> tuple[str, ...]:
    shares = (rates.regressed, rates.passed, rates.inconclusive)
    return (what, *map(_share, shares), f"{rates.median_items:.0f}")


def _margins(calibration: Calibration) -> list[str]:
    rows = [(METRICS[metric].label, _floor(metric, floor)) for metric, floor in calibration.floors.items()]
    rows += [(METRICS[metric].label, f"not judged: {why}") for metric, why in calibration.not_judged.items()]
    return text_table((TextColumn(least_width=25), TextColumn()), rows)


def _share(share: Interval) -> str:
    return f"{percent(share.estimate)} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _labels(metrics: tuple[str, ...]) -> str:
    return listed([METRICS[each].label for each in metrics]) or "no metric"


def _floor(metric: str, floor: float | None) -> str:
    if floor is None:
        return "above 50%"
    return points(floor) if metric == "accuracy" else percent(floor)
