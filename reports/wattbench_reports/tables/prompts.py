"""Read the prompt of each item, as a router would have read it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.answer_texts import texts_at
from wattbench_reports.tables.run_tables import Frames

PROMPT_CHARACTERS = 4_000
"""Of a prompt the last ones are kept, at most this many: what is asked comes after examples and instructions, which
many items have in common, and time and memory stay bounded."""


def item_prompts(
    frames: Frames, system: str, rows: NDArray[np.int64], characters: int | None = PROMPT_CHARACTERS
) -> list[str] | None:
    """Read the end of the prompt of each item, as one system was asked it; the first time where it was asked again.

    Args:
        frames: the run.
        system: whose prompts are read. Others may have been asked in another form.
        rows: shape (items,): of the item table (`wattbench_reports.tables.item_matrix`), each once.
        characters: the last ones that are kept of each; None: all.

    Returns:
        A text per item; None where prompts are not on record, or some item was not asked of the system.

    Raises:
        UserError: the table of items is damaged.
    """
    answers = np.flatnonzero((frames.items["system"] == system).to_numpy())
    row = frames.row_of_answer
    first = np.full(int(row.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[row[answers[::-1]]] = answers[::-1]
    places = first[rows]
    if not len(places) or (places < 0).any():
        return None
    texts = texts_at(frames, places, ["prompt"])
    if "prompt" not in texts:
        return None
    prompts = [str(text or "")[-(characters or 0) :] for text in texts["prompt"].reindex(places)]
    return prompts if any(text.strip() for text in prompts) else None
