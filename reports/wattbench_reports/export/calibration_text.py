"""What gates on a machine can be trusted with, as people read it."""

from __future__ import annotations

from wattbench_reports.formatting.units import listed, percent, plural, points
from wattbench_reports.gate.calibration.noise_floor import Calibration
from wattbench_reports.gate.calibration.simulate import Rates, planted_in_words
from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.stats import Interval


def calibration_text(calibration: Calibration) -> str:
    """For a terminal: rates, drills and noise floors."""
    lines = [
        f"Gates of {calibration.suite} on this machine: {calibration.system} against itself",
        "",
        f"  {'':<22}{'fails':>22}{'passes':>22}{'no verdict':>22}{'items':>8}",
        _row("equal", calibration.equal),
        *(_row(planted_in_words(drill.planted), drill.rates) for drill in calibration.drills),
        "",
        f"  {plural(calibration.equal.gates, 'gate')} each, drawn from {plural(calibration.rounds, 'real round')},",
        f"  stopped after {plural(calibration.items, 'item')} at most.",
        "  [a, b]: 95% interval over such draws. items: median to a verdict.",
        "",
    ]
    lines += [
        f"  Real gate with {planted_in_words(drill.planted)} planted: {drill.verdict} ({_by(drill.regressed)})."
        for drill in calibration.drills
    ]
    lines += ["", "  Smallest margins that such gates hold (noise floor):"]
    lines += [
        f"    {METRICS[metric].label:<26} {_floor(metric, floor)}" for metric, floor in calibration.floors.items()
    ]
    lines += [f"    {METRICS[metric].label:<26} not judged: {why}" for metric, why in calibration.not_judged.items()]
    return "\n".join(lines) + "\n"


def _row(what: str, rates: Rates) -> str:
    shares = (rates.regressed, rates.passed, rates.inconclusive)
    return f"  {what:<22}" + "".join(f"{_share(each):>22}" for each in shares) + f"{rates.median_items:>8.0f}"


def _share(share: Interval) -> str:
    return f"{percent(share.estimate)} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _by(metrics: tuple[str, ...]) -> str:
    return f"by {listed([METRICS[each].label for each in metrics])}" if metrics else "by no metric"


def _floor(metric: str, floor: float | None) -> str:
    if floor is None:
        return "none up to a half"
    return points(floor) if metric == "accuracy" else percent(floor)
