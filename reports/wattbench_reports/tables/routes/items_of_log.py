"""Find the item of a run that a logged request is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from wattbench.records.rows.answers import named_item_hash
from wattbench.records.tables.damaged_table import opened_table
from wattbench_reports.tables.routes.csv_routes import rows_of_items
from wattbench_reports.tables.routes.logged_route import LoggedRoute
from wattbench_reports.tables.run_tables import Frames

HOW = (
    "a request is of an item if its id is task/doc_id (or task/item, as imported), the document's hash or the "
    "prompt's, or if its prompt is the item's"
)


@dataclass(frozen=True)
class ItemFinder:
    """Looks requests up in one run."""

    frames: Frames
    by_text: Mapping[str, Sequence[int]]
    """Rows of the item table by prompt, without differences of white space; only prompts of the log."""
    by_hash: Mapping[str, Sequence[int]]
    """By the hash of the prompt or of its messages."""

    def rows_of(self, route: LoggedRoute) -> Sequence[int]:
        """Return the items of a request: several where documents have the same prompt; none where unknown."""
        for name in route.ids:
            if rows := self._imported(name) or self._by_id.get(name) or self.by_hash.get(name):
                return rows
        for each in route.hashes:
            if rows := self.by_hash.get(each):
                return rows
        return next((rows for text in route.texts if (rows := self.by_text.get(squeezed(text)))), ())

    @property
    def has_prompts(self) -> bool:
        """Return whether any prompt of the log is on record."""
        return bool(self.by_text or self.by_hash)

    def _imported(self, name: str) -> Sequence[int]:
        """Look up an item by the name that its import recorded as a hash."""
        if self.frames.record.imported is None:
            return ()
        before, _, after = name.partition("/")
        start, _, end = name.rpartition("/")
        pairs = [(before, after), (start, end), *((task, name) for task in self._only_task)]
        return next((rows for pair in pairs if (rows := self._by_document.get(named_item_hash(*pair)))), ())

    @cached_property
    def _only_task(self) -> tuple[str, ...]:
        tasks = self.frames.items["task"].cat.categories
        return (str(tasks[0]),) if len(tasks) == 1 else ()

    @cached_property
    def _by_id(self) -> dict[str, list[int]]:
        rows_by_name: dict[str, list[int]] = {}
        for (task, doc_id), rows in rows_of_items(self.frames).items():
            for name in (f"{task}/{doc_id}", f"{task}:{doc_id}", *([str(doc_id)] if self._only_task else [])):
                rows_by_name[name] = rows
        return rows_by_name | self._by_document

    @cached_property
    def _by_document(self) -> dict[str, list[int]]:
        items = self.frames.items[["document"]].assign(row=self.frames.row_of_answer).drop_duplicates()
        return _rows_by(self.frames.document_of_answer.series(items.index.to_numpy()).fillna(""), items["row"])


def item_finder(frames: Frames, routes: Iterable[LoggedRoute]) -> ItemFinder:
    """Read which items have the prompts of a log.

    Raises:
        UserError: the table of items is damaged.
    """
    texts, hashes = set(), set()
    for route in routes:
        texts |= {squeezed(text) for text in route.texts}
        hashes |= {each for each in (*route.hashes, *route.ids) if each.isascii()}  # hexadecimal, if it is one
    items = frames.more_columns("prompt_hash", newer=("messages_hash",)).assign(row=frames.row_of_answer)
    by_hash: dict[str, list[int]] = {}
    for name in ("prompt_hash", "messages_hash"):
        if name in items:
            known = items[items[name].isin(hashes - {""})].drop_duplicates([name, "row"])
            by_hash |= _rows_by(known[name], known["row"])
    by_text = _rows_by_text(frames, items, texts) if texts else {}
    return ItemFinder(frames, by_text, by_hash)


def squeezed(text: str) -> str:
    """Return a text with one space for each stretch of white space, and none around it."""
    return " ".join(text.split())


def _rows_by(names: pd.Series, rows: pd.Series) -> dict[str, list[int]]:
    rows_by_name: dict[str, list[int]] = {}
    for name, row in zip(names, rows, strict=True):
        if name:
            rows_by_name.setdefault(str(name), []).append(int(row))
    return rows_by_name


def _rows_by_text(frames: Frames, items: pd.DataFrame, texts: set[str]) -> dict[str, list[int]]:
    """Return the rows of the items whose prompt is one of some texts, by text.

    Reads one prompt per item and way of asking it, never all at once: prompts are most of a table's bytes.
    """
    path = frames.run.layout.items_table
    wanted = np.flatnonzero(~items.duplicated(["row", "prompt_hash"]).to_numpy())
    rows = items["row"].to_numpy()[wanted]
    places = wanted if frames.rows is None else np.flatnonzero(frames.rows.to_numpy())[wanted]
    rows_by_text: dict[str, set[int]] = {}
    with opened_table(path) as source:
        if "prompt" not in source.schema_arrow.names:
            return {}
        start = 0
        for batch in source.iter_batches(columns=["prompt"]):
            here = _between(places, start, start + len(batch))
            prompts = batch.column(0).take(pa.array(places[here] - start)).to_pylist()
            for row, prompt in zip(rows[here].tolist(), prompts, strict=True):
                if prompt and (text := squeezed(str(prompt))) in texts:
                    rows_by_text.setdefault(text, set()).add(row)
            start += len(batch)
    return {text: sorted(of_text) for text, of_text in rows_by_text.items()}


def _between(places: NDArray[np.int64], start: int, end: int) -> slice:
    """Return the slice of ascending positions that lie between a start and an end."""
    return slice(int(np.searchsorted(places, start)), int(np.searchsorted(places, end)))
