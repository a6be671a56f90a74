"""Count the items that every system of an earlier run answered right, and those that none did.

They are concordant: a test of accuracies over the same items (McNemar 1947; Cochran's Q, 1950) is a function of the
other items alone. Which items are concordant depends on the systems, so that nothing is left out by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wattbench_reports.formatting.units import listed, named, percent, plural
from wattbench_reports.presenter.model import Column, Passage, Table, numbers, point, text_rows

if TYPE_CHECKING:
    from wattbench.tasks.loading import LoadedTask
    from wattbench_reports.tables.run_tables import Frames

FEW_SYSTEMS = 3
"""Up to this many systems the passage says that fewer items are concordant among more systems."""
_ITEM = ["task", "content", "nth"]


@dataclass(frozen=True)
class ConcordantTask:
    """The items of one task."""

    task: str
    planned: int
    """That the plan asks."""
    counted: int
    """Those of them that each of the systems answered in the earlier run, with a score for every answer."""
    all_right: int
    """Those of the counted ones of which every answer of every system has the score 1."""
    none_right: int
    """Those of the counted ones of which every answer of every system has the score 0."""


@dataclass(frozen=True)
class ConcordantItems:
    """The items of a plan that tell nothing between the accuracies of some systems of an earlier run."""

    run: Path
    """The earlier run."""
    systems: tuple[str, ...]
    """Whose answers count."""
    planned: bool
    """Whether these systems are planned with the same settings; False: they are all systems of the earlier run."""
    left_out: tuple[str, ...]
    """Systems that the earlier run stopped asking."""
    tasks: tuple[ConcordantTask, ...]
    other_tasks: tuple[str, ...]
    """Tasks of the plan whose documents were not read, or that the earlier run did not ask and score alike."""
    seconds_share: float | None
    """Of the seconds of the requests for the counted items, 0 to 1; None: not known."""
    joules_share: float | None
    """Of their joules; None: not known, or not of one provenance."""
    joules_known: float
    """The share of these requests whose joules are known, 0 to 1."""
    provenance: str
    """Of these joules; empty where their share is not known."""

    def total(self, name: str) -> int:
        """Return the sum of a number over the tasks: ``planned``, ``counted``, ``all_right`` or ``none_right``."""
        return sum(int(getattr(each, name)) for each in self.tasks)

    def as_record(self) -> dict[str, Any]:
        """Return the items as plain data."""
        return asdict(self) | {"run": str(self.run)}


def count_concordant(
    frames: Frames, seconds: pd.Series, tasks: Sequence[LoadedTask], other_tasks: Iterable[str], alike: Iterable[str]
) -> ConcordantItems | str:
    """Count the planned items that every system of an earlier run answered right, and those that none did.

    An item that some system was not asked, whose request failed or whose answer has no score is not counted.

    Args:
        frames: of the earlier run, with the systems that it asked to the end.
        seconds: of its requests, with the index of `frames.items`; NaN where they are not known.
        tasks: that are planned, and asked and scored alike in that run.
        other_tasks: the other ones that are planned, by name.
        alike: the systems of that run that are planned with the same settings.

    Returns:
        The items; or, as a text, why they are not known.
    """
    systems = list(frames.systems)
    planned = [name for name in systems if name in set(alike)]
    counted = planned if len(planned) > 1 else systems
    if len(counted) < 2:
        return f"it has the answers of {plural(len(counted), 'system')}, and two are needed"
    items = frames.items
    rows = items["system"].isin(counted) & items["task"].isin([each.choice.task for each in tasks])
    of_items = _by_item(frames, items[rows])
    wanted = _planned_items(tasks)
    answered = of_items.groupby(_ITEM, sort=False).agg(
        systems=("system", "nunique"), low=("correct", "min"), high=("correct", "max"), unscored=("unscored", "any")
    )
    known = answered[(answered["systems"] == len(counted)) & ~answered["unscored"]]
    known = known[known.index.isin(pd.MultiIndex.from_frame(wanted))]
    if known.empty:
        return f"no item of this plan was answered and scored for each of its systems ({named(counted)})"
    all_right, none_right = known["low"] == 1.0, known["high"] == 0.0
    spent = of_items.assign(seconds=seconds).set_index(_ITEM)
    spent = spent[spent.index.isin(known.index)]
    concordant = spent.index.isin(known.index[all_right | none_right])
    labels = set(spent.loc[spent["energy_j"].notna(), "energy_provenance"].astype(str))
    joules_share = _share(spent["energy_j"], concordant) if len(labels) == 1 else None
    of_task = known.index.get_level_values("task")
    return ConcordantItems(
        run=frames.run.layout.root,
        systems=tuple(counted),
        planned=counted is planned,
        left_out=tuple(sorted(frames.left_out)),
        tasks=tuple(
            ConcordantTask(
                each.choice.task,
                each.items,
                int((of_task == each.choice.task).sum()),
                int(all_right[of_task == each.choice.task].sum()),
                int(none_right[of_task == each.choice.task].sum()),
            )
            for each in tasks
        ),
        other_tasks=tuple(other_tasks),
        seconds_share=_share(spent["seconds"], concordant),
        joules_share=joules_share,
        joules_known=float(spent["energy_j"].notna().mean()),
        provenance=labels.pop() if joules_share is not None else "",
    )


def _by_item(frames: Frames, items: pd.DataFrame) -> pd.DataFrame:
    """Return answers with the task, the content and, among the items of this content, the number of their item."""
    documents = frames.documents
    texts = np.asarray([] if documents is None else documents.to_pylist(), dtype=object)
    codes = items["document"].to_numpy()
    with_content = items[codes >= 0]
    answers = with_content.assign(
        task=with_content["task"].astype(str),
        system=with_content["system"].astype(str),
        content=texts[codes[codes >= 0]],
        unscored=with_content["failed"] | with_content["correct"].isna(),
    )
    each = answers[["task", "content", "doc_id"]].drop_duplicates().sort_values("doc_id")
    each["nth"] = each.groupby(["task", "content"]).cumcount()
    joined = answers.merge(each, on=["task", "content", "doc_id"], how="left")
    return joined.set_index(answers.index)


def _planned_items(tasks: Sequence[LoadedTask]) -> pd.DataFrame:
    pairs = [(loaded.choice.task, content) for loaded in tasks for content in loaded.doc_hashes]
    wanted = pd.DataFrame(pairs, columns=["task", "content"])
    wanted["nth"] = wanted.groupby(["task", "content"]).cumcount()
    return wanted


def _share(values: pd.Series, chosen: Any) -> float | None:
    """Return the share of a sum that some of its values have, over those that are known; None where the sum is 0."""
    whole = float(values.sum())
    return float(values[chosen].sum()) / whole if whole > 0 else None


def concordant_passage(items: ConcordantItems | None, in_short: Callable[[Sequence[str]], str] = named) -> Passage:
    """Make the passage on the items that tell nothing between systems; empty without an earlier run that shows it.

    Args:
        items: as counted.
        in_short: lists systems of the plan.
    """
    if items is None:
        return Passage()
    counted, planned = items.total("counted"), items.total("planned")
    systems = in_short(items.systems) if items.planned else named(items.systems)
    alike = items.total("all_right") + items.total("none_right")
    first = (
        f"Of {plural(counted, 'item')}, {items.total('all_right'):,} were answered right by every system and "
        f"{items.total('none_right'):,} by none in {items.run.name} ({systems})"
    )
    shares = [
        *([] if items.seconds_share is None else [f"{percent(items.seconds_share)} of the seconds"]),
        *([] if items.joules_share is None else [f"{percent(items.joules_share)} of the joules ({_joules(items)})"]),
    ]
    took = f"they took {listed(shares)} of the requests for these items, and " if shares else "they "
    tell = f"{first}: {took}tell nothing between the accuracies of these systems." if alike else f"{first}."
    bias = "All are asked: leaving items out by earlier answers would bias accuracies."
    limits = [
        *(
            []
            if items.planned
            else ["these are all systems of that run: fewer than two of them are planned as they were"]
        ),
        *([f"systems that it stopped asking are not counted: {in_short(items.left_out)}"] if items.left_out else []),
        *([_not_counted(planned - counted, planned)] if counted < planned else []),
        *(
            [f"not counted, as that run did not ask them so, or they are not read here: {named(items.other_tasks)}"]
            if items.other_tasks
            else []
        ),
        *([_few(len(items.systems))] if len(items.systems) <= FEW_SYSTEMS else []),
    ]
    heads = numbers("items", "counted", "right by all", "right by none")
    rows = [
        (each.task, *(f"{number:,}" for number in (each.planned, each.counted, each.all_right, each.none_right)))
        for each in items.tasks
    ]
    table = Table("", (Column("task"), *heads), text_rows(rows))
    return Passage(
        sentences=(tell, *([bias] if alike else []), *map(point, limits)), tables=(table,) if len(rows) > 1 else ()
    )


def _joules(items: ConcordantItems) -> str:
    if items.joules_known == 1.0:
        return items.provenance
    return f"{items.provenance}; known of {percent(items.joules_known)} of the requests"


def _not_counted(number: int, planned: int) -> str:
    return (
        f"{number:,} of the {planned:,} planned items are not counted: in that run a system was not asked them, a "
        "request failed, or an answer has no score"
    )


def _few(systems: int) -> str:
    return f"with more than {systems} systems, or unlike ones, there would be fewer such items"
