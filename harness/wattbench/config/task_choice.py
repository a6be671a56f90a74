"""A task of a suite: its name, its domain, and which of its documents are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt

from wattbench.records.schema.base import Items, Strict


def _each_once(documents: list[int]) -> list[int]:
    twice = [number for number, times in Counter(documents).items() if times > 1]
    if twice:
        raise ValueError(f"document {twice[0]} is named twice")
    return sorted(documents)


class TaskChoice(Strict):
    """One lm-eval task, and its role in this suite."""

    task: str
    """lm-eval's name of the task."""
    domain: str
    """The label that groups tasks: arithmetic, text, ..."""
    source: Literal["include", "lm_eval"] = "include"
    """`include`: a YAML file in one of the folders above. `lm_eval`: a task that lm-eval ships."""
    limit: Items | None = None
    """Use the first `limit` documents; None uses all."""
    documents: Annotated[list[NonNegativeInt], Field(min_length=1), AfterValidator(_each_once)] | None = None
    """Use only these documents, by their `doc_id` (from 0); with `limit` the first `limit` of them. None uses all."""
    metric: str | None = None
    """The task's metric that counts as correctness, from 0 to 1: `exact_match`, or `exact_match,strict-match` to name
    the filter too. None takes the task's first."""

    def doc_ids(self, items: int) -> Sequence[int]:
        """Return the documents that are asked, by their `doc_id`, ascending.

        Args:
            items: how many are asked.
        """
        return range(items) if self.documents is None else self.documents[:items]

    def as_included(self) -> TaskChoice:
        """Return the same choice of a task that is a YAML file in a folder."""
        return TaskChoice(
            task=self.task, domain=self.domain, limit=self.limit, documents=self.documents, metric=self.metric
        )
