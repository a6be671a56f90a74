"""Say whether a hybrid came out as it was predicted from the answers of its members."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wattbench_reports.formatting import units
from wattbench_reports.routing.prediction_check import PredictedFigure, PredictionCheck
from wattbench_reports.stats import Interval

COLUMNS = ("Figure", "Predicted", "Measured", "Measured − predicted", "Agrees")
_NAMES = {
    "accuracy": "accuracy",
    "joules": "joules per request",
    "seconds": "seconds per request",
    "money": "money per {scale}",
}


def prediction_sentences(check: PredictionCheck) -> tuple[str, ...]:
    """Say from what a hybrid was predicted, and whether it agrees with the prediction."""
    known = check.prediction
    figures = (*check.figures, *check.over_single)
    apart = [each for each in figures if not each.agrees]
    items = units.plural(known.items, "item")
    lead = f"{check.hybrid} was predicted from {items} of {known.run} that its router was not trained on"
    if not figures:
        return (f"{lead}; nothing that was predicted was measured in this run.",)
    if not apart:
        return (f"{lead}, and came out as predicted: every difference is within its interval.",)
    names = units.named([_name(each, check) for each in apart])
    if _another_session(check, apart):
        accuracy = "in accuracy and " if any(each.name == "accuracy" for each in check.figures) else ""
        return (
            f"{lead}, and came out as predicted {accuracy}in comparison with {known.single}.",
            f"Its {names} differ from the prediction, and those of {known.single} by as much, within the interval: "
            "this is another session of the machine.",
        )
    return (f"{lead}. Not as predicted: {names}.",)


def _another_session(check: PredictionCheck, apart: Sequence[PredictedFigure]) -> bool:
    """Return whether the machine's speed, which moves all systems alike, explains every figure that differs."""
    compared = {each.name for each in check.over_single if each.agrees}
    return all(each in check.figures and each.name != "accuracy" and each.name in compared for each in apart)


def prediction_rows(check: PredictionCheck, currency: str) -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table with `COLUMNS`.

    Args:
        check: of one hybrid.
        currency: of the run's money; empty without any.
    """
    every = (*check.figures, *check.over_single)
    factor, scale = units.money_scale(each.predicted.estimate for each in every if each.name == "money")

    def cells(each: PredictedFigure) -> tuple[str, ...]:
        difference = each in check.over_single
        written = _writer(each.name, factor, currency, difference=difference)
        gap = _writer(each.name, factor, currency, difference=True)
        return (
            _name(each, check, scale), written(each.predicted), written(each.measured), gap(each.difference),
            "yes" if each.agrees else "no",
        )  # fmt: skip

    return tuple(cells(each) for each in every)


def prediction_figures(check: PredictionCheck) -> tuple[str, ...]:
    """Write the predicted and the measured figures except money in one sentence; empty without figures."""
    listed = [each for each in (*check.figures, *check.over_single) if each.name != "money"]
    if not listed:
        return ()
    parts = []
    for each in listed:
        written = _writer(each.name, 1.0, "", difference=each in check.over_single)
        parts.append(f"{_name(each, check)}: {written(each.predicted)} predicted, {written(each.measured)} measured")
    sentence = "; ".join(parts)
    return (f"{sentence[:1].upper()}{sentence[1:]}.",)


def prediction_note(check: PredictionCheck) -> str:
    """Explain the intervals."""
    return (
        f"Means with 95% intervals, measured over {units.plural(check.items, 'item')}. The difference takes both "
        "errors as independent, so that it is wider than it need be where the items are the same."
    )


def _writer(name: str, factor: float, currency: str, *, difference: bool) -> Callable[[Interval], str]:
    if name == "accuracy":
        return units.points_interval if difference else units.percent_interval
    if name == "money":
        return lambda each: _minus(units.money_interval(each.times(factor), currency))
    unit = {"joules": "J", "seconds": "s"}[name]
    return lambda each: _minus(units.quantity_interval(each, unit))


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _name(each: PredictedFigure, check: PredictionCheck, scale: str = "request") -> str:
    name = _NAMES[each.name].format(scale=scale)
    return f"{name} − that of {check.prediction.single}" if each in check.over_single else name
