"""Write the pictures of a routing study as files, each with its numbers next to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.records.files.atomic_write import write_all_atomically
from wattbench_reports.export.frames.frame_files import frame_as_csv
from wattbench_reports.figures.routing_cascades import NAME as CASCADES
from wattbench_reports.figures.routing_tradeoff import NAME as TRADEOFF
from wattbench_reports.figures.svg import file_svg
from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing.pictures import cascades_picture, tradeoff_picture

if TYPE_CHECKING:
    import pandas as pd

_PLAIN = {"mixed": False, "recommended": False}
WITHOUT_UNIT = "share of requests to the best single system"
"""The unit of costs in the files, where no system has a cost."""


def write_routing_figures(study: RoutingStudy, folder: Path) -> tuple[Path, ...]:
    """Write `routing-tradeoff.svg` and, where there are cascades, `routing-cascades.svg`, and their numbers as CSV.

    Args:
        study: of a run.
        folder: is made where it is not there; files in it of these names are replaced.

    Returns:
        The files that were written. Numbers are shares and costs per request, not rounded, with 95% intervals.

    Raises:
        UserError: a file cannot be written.
    """
    files = {
        folder / f"{TRADEOFF}.svg": file_svg(tradeoff_picture(study)).encode(),
        folder / f"{TRADEOFF}.csv": frame_as_csv(tradeoff_frame(study)),
    }
    cascades = cascades_picture(study)
    if cascades is not None:
        files[folder / f"{CASCADES}.svg"] = file_svg(cascades).encode()
        files[folder / f"{CASCADES}.csv"] = frame_as_csv(cascades_frame(study))
    write_all_atomically(files, failure="the figures cannot be written")
    return tuple(files)


def tradeoff_frame(study: RoutingStudy) -> pd.DataFrame:
    """Return a row per system, router and perfect router, and one per point of a router's curve."""
    import pandas as pd

    ceiling = study.ceiling
    perfect = (ceiling.best, ceiling.cross_fitted, ceiling.pair, ceiling.triple)
    rows = [_row(each, study) for each in (*study.singles, *study.choices, *perfect) if each is not None]
    rows += [
        {"kind": curve.kind, "setting": "curve", **_figures(accuracy, Interval(cost, cost, cost), study), **_PLAIN}
        for curve in study.curves
        for cost, accuracy in zip(curve.costs, curve.accuracies, strict=True)
    ]
    return pd.DataFrame(rows)


def cascades_frame(study: RoutingStudy) -> pd.DataFrame:
    """Return a row per cascade and quality of its check."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"first": each.first, "then": each.then, "quality": quality, **_figures(accuracy, cost, study)}
            for each in study.cascades
            for quality, accuracy, cost in zip(each.qualities, each.accuracies, each.costs, strict=True)
        ]
    )


def _row(choice: RoutingChoice, study: RoutingStudy) -> dict[str, Any]:
    return {
        "kind": choice.kind,
        "setting": choice.setting,
        "name": choice.name,
        "members": "; ".join(choice.members),
        **_figures(choice.accuracy, choice.cost, study),
        **dict(_bounds("gain", choice.gain)),
        "gain_of": study.aim,
        "mixed": choice.kind == "single" and choice.name in study.hull,
        "recommended": choice == study.verdict.choice,
    }


def _figures(accuracy: Interval, cost: Interval, study: RoutingStudy) -> dict[str, Any]:
    unit = WITHOUT_UNIT if study.unit is None else study.label
    return {**dict(_bounds("accuracy", accuracy)), **dict(_bounds("cost", cost)), "cost_unit": unit}


def _bounds(name: str, interval: Interval) -> Iterator[tuple[str, float]]:
    yield name, interval.estimate
    yield f"{name}_low", interval.low
    yield f"{name}_high", interval.high
