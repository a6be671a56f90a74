"""How free answers are scored: by a judge, which is a system, or by a grading function of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from wattbench.config.code_files import Call
from wattbench.records.rows.judgements import grades_of
from wattbench.records.schema.base import Name, RelativePath, Strict

PASS, PAIR = "pass", "pair"
"""The scales that are no range of whole numbers."""


class JudgedBy(Strict):
    """A judge that scores free answers. Its scores are an opinion until people have labelled some of the answers."""

    judge: Name
    """The system that scores: one under `judges`, or one of the suite's systems. It is asked after all answers are
    recorded, and what that takes is in no system's figures."""
    rubric: RelativePath
    """A text file, relative to this one, that says what a good answer is."""
    scale: str = PASS
    """`pass`: pass or fail. `1..5`, or another range of whole numbers: a grade, counted from 0 to 1. `pair`: better or
    worse than the answer to compare with, asked in both orders; the figure is then the share of answers preferred."""
    against: Name | None = None
    """For `pair`: the system whose answers are compared with. None: the text in the target column."""
    labels: RelativePath | None = None
    """A CSV file of people's scores of some answers, as `wattbench label` saves it. The file may be missing as yet."""

    @field_validator("scale", mode="before")
    @classmethod
    def _known_scale(cls, scale: Any) -> Any:
        check_scale(scale)
        return scale

    @model_validator(mode="after")
    def _against_belongs_to_pair(self) -> Self:
        if self.against is not None and self.scale != PAIR:
            raise ValueError(f"against: belongs to scale: pair (here: {self.scale})")
        return self

    @property
    def grades(self) -> tuple[int, int] | None:
        """Return the lowest and the highest grade; None where the scale is no range."""
        return grades_of(self.scale)


def check_scale(scale: Any) -> None:
    """Check that a text is a scale.

    Raises:
        ValueError: it is not.
    """
    if scale not in (PASS, PAIR) and (not isinstance(scale, str) or grades_of(scale) is None):
        raise ValueError(f"{scale!r:.40}: write pass, pair, or a range of whole numbers such as 1..5")


def form_of_score(given: Any) -> str:
    """Return the tag of a `score` in a suite, the name of its type: a judge, a function, or the name of a score."""
    if isinstance(given, JudgedBy | Mapping):
        return JudgedBy.__name__
    return FUNCTION if isinstance(given, str) and ":" in given else NAMED


FUNCTION, NAMED = "str", "Literal"
"""The tags of a grading function, and of a score by its name."""

GradingFunction = Annotated[Call, Field(description="A grading function of one's own.")]
"""`./grade.py:grade`, relative to the file that names it: takes an item (a dict of its columns) and an answer, and
returns its score from 0 to 1."""
