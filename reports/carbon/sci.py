"""Software Carbon Intensity of every system: ((E × I) + M) per R, where R is a correct answer.

Source: ISO/IEC 21031:2024, "Software Carbon Intensity (SCI) specification"; the same text is published by the Green
Software Foundation (github.com/Green-Software-Foundation/sci). E is energy in kWh with the building's share (PUE), I
the grid's intensity where and when it was drawn, M the embodied emissions TE × TS × RS: of the hardware's lifetime, the
share that was taken up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.carbon.factor import Carbon
from reports.carbon.hourly import HourlyIntensity
from reports.carbon.intensity import JOULES_PER_KWH
from reports.frames import Frames
from reports.itemtable import ItemTable
from reports.measures import SEED
from reports.stats import Interval, ratio_intervals


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
    g_per_correct: Interval | None
    """None where nothing was answered correctly, or the hours are missing."""
    lacks_s: float | None
    """When the first slot begins that the hourly file lacks; None where it lacks none."""

    @property
    def co2_g_per_1000(self) -> float | None:
        """Grams of the energy alone, for 1,000 requests."""
        return None if self.operational_g is None or not self.requests else 1000 * self.operational_g / self.requests


def software_carbon(frames: Frames, table: ItemTable, carbon: Carbon) -> dict[str, Sci]:
    """Each system's terms, in the order of `frames.systems`; without those that have no joules.

    An item has a share of its window's joules. It has the same share of the window's seconds, so that items in flight
    together divide them and what happened between items is not lost; and its joules have the intensity of the window's
    hours, since within a window power is taken as even and an item may have been asked in several passes of it.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        carbon: what joules and hours cost.
    """
    spans = _spans(frames)
    energy_j = frames.items["energy_j"].to_numpy(dtype=np.float64)
    metered = np.isfinite(energy_j)
    operational = carbon.grams_at(energy_j, spans.started_s, spans.finished_s)
    rate = 0.0 if carbon.embodied is None else carbon.embodied.g_per_hour / 3600
    manufacture = spans.item_s * rate
    column = frames.items["system"].cat.codes.to_numpy().astype(np.int64)
    cell = frames.row_of_answer * len(frames.systems) + column

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = np.where(metered, values, 0.0)
        sums: NDArray[np.float64] = np.bincount(cell, weights=kept, minlength=table.asked.size).astype(np.float64)
        return sums.reshape(table.asked.shape)

    energy, grams, made = total(energy_j), total(operational), total(manufacture)
    unknown = np.asarray(np.isnan(grams).any(axis=0))
    intervals = ratio_intervals(np.nan_to_num(grams) + made, table.metered_correct, seed=SEED)
    found = {}
    for place, name in enumerate(frames.systems):
        if not table.metered[:, place].any():
            continue
        kwh = float(energy[:, place].sum()) / JOULES_PER_KWH * carbon.pue
        operational_g = None if unknown[place] else float(grams[:, place].sum())
        lacking = metered & (column == place) & np.isnan(operational)
        found[name] = Sci(
            system=name,
            requests=int(table.metered[:, place].sum()),
            energy_kwh=kwh,
            intensity_g_per_kwh=operational_g / kwh if operational_g is not None and kwh else None,
            operational_g=operational_g,
            embodied_g=None if carbon.embodied is None else float(made[:, place].sum()),
            correct=float(table.metered_correct[:, place].sum()),
            g_per_correct=None if unknown[place] else intervals[place],
            lacks_s=_first_missing(carbon, spans, lacking),
        )
    return found


def run_span(frames: Frames) -> tuple[float, float]:
    """When the first measured window began and the last one ended; NaN where none was measured."""
    windows = frames.windows[frames.windows["purpose"] == "measured"]
    if windows.empty:
        return float("nan"), float("nan")
    return float(windows["started_s"].min()), float(windows["finished_s"].max())


@dataclass(frozen=True)
class _Spans:
    """For each answer, all of shape (answers,): its window, and its own share of it."""

    started_s: NDArray[np.float64]
    finished_s: NDArray[np.float64]
    item_s: NDArray[np.float64]


def _spans(frames: Frames) -> _Spans:
    items = frames.items
    window, names = pd.factorize(items["window"], use_na_sentinel=False)
    windows = frames.windows.drop_duplicates("window").set_index("window").reindex(names)
    started, finished, total_j, passes = (
        windows[name].to_numpy(dtype=np.float64)[window] for name in ("started_s", "finished_s", "total_j", "passes")
    )
    own_started, own_finished, energy_j = (
        items[name].to_numpy(dtype=np.float64) for name in ("started_s", "finished_s", "energy_j")
    )
    beside = np.bincount(window)[window].astype(np.float64)
    # A window that drew nothing at all still took its time: its items divide that evenly.
    evenly = 1 / (beside * np.maximum(passes, 1))
    share = np.divide(energy_j, total_j, out=evenly, where=total_j > 0)
    orphan = np.isnan(started)  # of a window that the record has lost: the item speaks for itself
    return _Spans(
        np.where(orphan, own_started, started),
        np.where(orphan, own_finished, finished),
        np.where(orphan, own_finished - own_started, (finished - started) * share),
    )


def _first_missing(carbon: Carbon, spans: _Spans, lacking: NDArray[np.bool_]) -> float | None:
    if not lacking.any() or not isinstance(carbon.intensity, HourlyIntensity):
        return None
    return carbon.intensity.first_missing_s(spans.started_s[lacking], spans.finished_s[lacking])
