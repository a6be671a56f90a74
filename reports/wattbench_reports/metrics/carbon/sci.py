"""Compute the Software Carbon Intensity of every system: ((E × I) + M) per R, where R is a correct answer.

Source: ISO/IEC 21031:2024, "Software Carbon Intensity (SCI) specification"; the same text is published by the Green
Software Foundation (github.com/Green-Software-Foundation/sci). E is energy in kWh with the building's share (PUE), I
the grid's intensity where and when it was drawn, M the embodied emissions TE × TS × RS: of the hardware's lifetime, the
share that was taken up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.metrics.carbon.factor import Carbon
from wattbench_reports.metrics.carbon.grid_mix import JOULES_PER_KWH
from wattbench_reports.metrics.carbon.hourly_intensity import HourlyIntensity
from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import combined, per_request
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.stats import Interval
from wattbench_reports.tables.item_matrix import ItemTable, item_sums
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames


@dataclass(frozen=True)
class Sci:
    """One system's terms, over all its requests that have joules."""

    system: str
    requests: int
    """Those with joules."""
    energy_kwh: float
    """E: at the machine, times PUE."""
    intensity_g_per_kwh: float | None
    """I, as an average over E; None where some of the hours are missing, or E is nothing."""
    operational_g: float | None
    """E × I; None where some of the hours are missing: a part of them would be a guess at the rest."""
    embodied_g: float | None
    """M; None where none is declared: `g_per_correct` is then without it, and less than the standard's score."""
    correct: float
    """R: the sum of the scores."""
    operational_g_per_request: float | None
    """Of the energy alone; under a mix of domains, for the mean request of the mix. So for the next three."""
    embodied_g_per_request: float | None
    """None where no manufacture is declared."""
    g_per_correct: Interval | None
    """None where nothing was answered correctly, or the hours are missing."""
    lacks_s: float | None
    """When the first slot begins that the hourly file lacks; None where it lacks none."""

    @property
    def co2_g_per_1000(self) -> float | None:
        """Return grams of the energy alone, for 1,000 requests."""
        return None if self.operational_g_per_request is None else 1000 * self.operational_g_per_request


SECONDS, WEIGHED = "seconds", "hourly_g_j_per_kwh"
"""Kinds of sums in a basis: the machine's seconds, and joules times the intensity of their hour."""


def carbon_sums(frames: Frames, hourly: HourlyIntensity | None) -> dict[str, NDArray[np.float64]]:
    """Return the sums, other than joules, that grams are computed from: kind to shape (items, systems).

    An item has a share of its window's joules. It has the same share of the window's seconds, so that items in flight
    together divide them and what happened between items is not lost; and its joules have the intensity of the window's
    hours, since within a window power is taken as even and an item may have been asked in several passes of it.

    Args:
        frames: the run.
        hourly: where the intensity goes by the hour.

    Returns:
        `SECONDS` and, with `hourly`, `WEIGHED`: NaN where hours are missing.
    """
    windows = _windows(frames)

    def of_system(system: str) -> Iterator[NDArray[np.float64]]:
        rows = frames.answers_of(system)
        spans, energy_j = _spans(frames, windows, rows), frames.figures("energy_j", rows)
        metered = np.isfinite(energy_j)
        yield np.where(metered, spans.item_s, 0.0)
        if hourly is not None:
            weighed = energy_j * hourly.mean_g_per_kwh(spans.started_s, spans.finished_s)
            yield np.where(metered, weighed, 0.0)

    kinds = [SECONDS, *([] if hourly is None else [WEIGHED])]
    return dict(zip(kinds, item_sums(frames, len(kinds), of_system), strict=True))


def energy_parts(carbon: Carbon) -> dict[str, float]:
    """Return the grams of energy for one unit of each kind of sum."""
    if isinstance(carbon.intensity, HourlyIntensity):
        return {WEIGHED: carbon.pue / JOULES_PER_KWH}
    return {"energy_j": carbon.intensity.g_per_kwh * carbon.pue / JOULES_PER_KWH}


def embodied_parts(carbon: Carbon) -> dict[str, float]:
    """Return the grams of manufacture for one unit of each kind of sum; empty where no manufacture is declared."""
    return {} if carbon.embodied is None else {SECONDS: carbon.embodied.g_per_hour / 3600}


def software_carbon(
    frames: Frames,
    table: ItemTable,
    carbon: Carbon,
    basis: Basis,
    sums: Mapping[str, NDArray[np.float64]],
    shares: Shares | None = None,
) -> dict[str, Sci]:
    """Return each system's Software Carbon Intensity, in the order of `frames.systems`; not for systems without joules.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        carbon: what joules and hours cost.
        basis: of that table and `sums` (its NaN as 0).
        sums: from `carbon_sums`.
        shares: the mix that scores are stated for; None: every item counts the same.
    """
    energy, made = energy_parts(carbon), embodied_parts(carbon)
    scores = intervals(basis, energy | made, shares, per_correct=True)
    requests = {name: _per_request(basis, parts, shares) for name, parts in (("energy", energy), ("made", made))}
    sums_of = {}
    for index, name in enumerate(frames.systems):
        if not table.metered[:, index].any():
            continue
        ((kind, worth),) = energy.items()
        rows = sums.get(kind, table.energy_j)[:, index]
        kwh = float(table.energy_j[:, index].sum()) / JOULES_PER_KWH * carbon.pue
        unknown = bool(np.isnan(rows).any())
        # Imported, and nobody knows for how long the hardware was taken.
        untimed = bool(made) and bool(np.isnan(sums[SECONDS][:, index]).any())
        operational_g = None if unknown else float(rows.sum()) * worth
        sums_of[name] = Sci(
            system=name,
            requests=int(table.metered[:, index].sum()),
            energy_kwh=kwh,
            intensity_g_per_kwh=operational_g / kwh if operational_g is not None and kwh else None,
            operational_g=operational_g,
            embodied_g=float(sums[SECONDS][:, index].sum()) * made[SECONDS] if made and not untimed else None,
            correct=float(table.metered_correct[:, index].sum()),
            operational_g_per_request=None if unknown else requests["energy"][index],
            embodied_g_per_request=requests["made"][index] if made and not untimed else None,
            g_per_correct=None if unknown or untimed else scores[index],
            lacks_s=_first_missing(frames, carbon, index) if unknown else None,
        )
    return sums_of


def _per_request(basis: Basis, parts: Mapping[str, float], shares: Shares | None) -> list[float | None]:
    total = per_request(basis, combined(parts, basis.totals), shares)
    return [float(value) if np.isfinite(value) else None for value in total]


def run_span(frames: Frames) -> tuple[float, float]:
    """Return when the first measured window began and the last one ended; NaN where none was measured."""
    windows = frames.windows[frames.windows["purpose"] == "measured"]
    if windows.empty:
        return float("nan"), float("nan")
    return float(windows["started_s"].min()), float(windows["finished_s"].max())


@dataclass(frozen=True)
class _Spans:
    """The window of each of some answers, and the share of it that is theirs. All of shape (answers,)."""

    started_s: NDArray[np.float64]
    finished_s: NDArray[np.float64]
    item_s: NDArray[np.float64]


_OF_WINDOWS = ("started_s", "finished_s", "total_j", "passes")


@dataclass(frozen=True)
class _Windows:
    """The windows of a run, by the code in the column `window`; the last one is of answers without any."""

    table: pd.DataFrame
    """Columns `_OF_WINDOWS`."""
    answers: NDArray[np.int64]
    """Shape (windows,): how many answers were given in each, of any system."""


def _windows(frames: Frames) -> _Windows:
    names = [*frames.categories("window"), None]
    columns = frames.windows[["window", *_OF_WINDOWS]]
    table = columns.drop_duplicates("window").set_index("window").reindex(names)
    answers = np.zeros(len(names), dtype=np.int64)
    for rows in frames.answers_by_system:
        answers += np.bincount(frames.codes("window", rows).astype(np.int64) % len(names), minlength=len(names))
    return _Windows(table, answers)


def _spans(frames: Frames, windows: _Windows, rows: Rows) -> _Spans:
    window = frames.codes("window", rows)  # -1: the last one
    started, finished, total_j, passes = (
        windows.table[name].to_numpy(dtype=np.float64)[window] for name in _OF_WINDOWS
    )
    own_started, own_finished, energy_j = (
        frames.figures(name, rows) for name in ("started_s", "finished_s", "energy_j")
    )
    beside = windows.answers[window].astype(np.float64)
    # A window that drew nothing at all still took its time: its items divide that evenly.
    evenly = 1 / (beside * np.maximum(passes, 1))
    share = np.divide(energy_j, total_j, out=evenly, where=total_j > 0)
    orphan = np.isnan(started)  # of a window that the record has lost: the item speaks for itself
    return _Spans(
        np.where(orphan, own_started, started),
        np.where(orphan, own_finished, finished),
        np.where(orphan, own_finished - own_started, (finished - started) * share),
    )


def _first_missing(frames: Frames, carbon: Carbon, system: int) -> float | None:
    if not isinstance(carbon.intensity, HourlyIntensity):
        return None
    rows = frames.answers_by_system[system]
    spans, metered = _spans(frames, _windows(frames), rows), np.isfinite(frames.figures("energy_j", rows))
    return carbon.intensity.first_missing_s(spans.started_s[metered], spans.finished_s[metered])
