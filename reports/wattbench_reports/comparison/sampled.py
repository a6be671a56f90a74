"""State whose answers are sampled, how often each item was asked, and how often the scores of its answers differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wattbench.records.schema.header import PlannedCell
from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.formatting.units import listed, percent, plural
from wattbench_reports.tables.run_tables import Frames

SOME_SAMPLED = "Answers of {names} are sampled: they vary, and so do figures of another run with other seeds."


def sampled_caveats(frames: Frames) -> Iterator[Caveat]:
    """Yield a caveat for each system whose answers are sampled, by its own settings or by those of its tasks."""
    for name in frames.systems:
        cells = [cell for cell in frames.record.cells if cell.system == name]
        how = [*_by_system(cells, at_rates=frames.record.suite.measure.scenario == "load"), *_by_tasks(cells)]
        if how:
            text = f"Answers of {name} vary, as they are sampled: {'; '.join(how)}.{_differing(frames, name)}"
            yield Caveat("sampled", text, (name,))


def _by_system(cells: list[PlannedCell], *, at_rates: bool) -> Iterator[str]:
    """Yield a clause on how a system samples by its own settings, which are the same in all of its cells."""
    cell = next((each for each in cells if each.sampling is not None), None)
    if cell is None or cell.sampling is None:
        return
    answers, seeds = f", {plural(cell.repeats or 1, 'answer')} to each item", cell.sampling.seeds
    with_seeds = f" with the {'seed' if len(seeds) == 1 else 'seeds'} {listed([str(each) for each in seeds])}"
    degrees = listed([f"{each:g}" for each in cell.sampling.temperatures])
    yield f"temperature {degrees} in its requests{'' if at_rates else answers}{with_seeds if seeds else ''}"


def _by_tasks(cells: list[PlannedCell]) -> Iterator[str]:
    by_temperature: dict[float, list[str]] = {}
    for cell in cells:
        if cell.task_temperature is not None:
            by_temperature.setdefault(cell.task_temperature, []).append(cell.task)
    for temperature, tasks in by_temperature.items():
        yield f"temperature {temperature:g} in the settings of {listed(tasks)}"


def _differing(frames: Frames, system: str) -> str:
    """Return a sentence on the share of a system's items whose answers have different scores.

    Empty where no item has two scores, and where items are in pools.
    """
    if frames.pools is not None:
        return ""
    rows = frames.answers_of(system)
    scores, item = frames.figures("score", rows), frames.table_rows_of(system)
    scored = np.isfinite(scores)
    scores, item = scores[scored], item[scored]
    low, high = np.full(frames.table_rows, np.inf), np.full(frames.table_rows, -np.inf)
    np.minimum.at(low, item, scores)
    np.maximum.at(high, item, scores)
    several = np.bincount(item, minlength=frames.table_rows) > 1
    if not several.any():
        return ""
    number = int(several.sum())
    return f" The scores of {percent(float((high > low)[several].mean()))} of {plural(number, 'item')} differ."
