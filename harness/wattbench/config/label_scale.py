"""The scale of a judge as a person uses it: what may be typed, and what is written to a CSV file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.config.judged import PASS, JudgedBy

PASS_WORDS: Mapping[str, float] = {"pass": 1.0, "fail": 0.0}
PAIR_WORDS: Mapping[str, float] = {"better": 1.0, "tie": 0.5, "worse": 0.0}
"""Of an answer, against the one that it is compared with."""


@dataclass(frozen=True)
class LabelScale:
    """What a label can say of an answer; scores are 0 to 1, as in a record."""

    words: Mapping[str, float]
    """Word to score; empty where labels are grades."""
    grades: tuple[int, int] | None
    """The lowest and the highest grade."""

    @classmethod
    def of(cls, scale: str) -> LabelScale:
        """Return the scale by its name in a suite: ``pass``, ``pair``, or a range such as ``1..5``.

        Raises:
            ValueError: it is no scale.
        """
        judged = JudgedBy(judge="any", rubric="any", scale=scale)
        if judged.grades is not None:
            return cls({}, judged.grades)
        return cls(PASS_WORDS if scale == PASS else PAIR_WORDS, None)

    @property
    def expected(self) -> str:
        """Return what a label must be, in words."""
        if self.grades is not None:
            return f"a number from {self.grades[0]} to {self.grades[1]}"
        *words, last = self.words
        return f"{', '.join(words)} or {last}, or a number from 0 to 1"

    def score(self, text: str) -> float:
        """Return the score that a text says, as a person or a CSV file has it.

        Raises:
            ValueError: it is nothing that a label can say; the message says what one can.
        """
        said = text.strip().lower()
        if said in self.words:
            return self.words[said]
        lowest, highest = self.grades or (0, 1)
        try:
            number = float(said)
        except ValueError:
            number = math.nan
        if not lowest <= number <= highest:
            raise ValueError(f"{text!r:.40}: expected {self.expected}")
        return (number - lowest) / (highest - lowest)

    def choices(self, first: bool) -> list[tuple[str, str, str]]:
        """Return what a person can choose: the key that she presses, the word of a CSV file, and what it says to her.

        Args:
            first: of a pair: whether the answer is shown as A.
        """
        if self.grades is not None:
            return [(str(grade), str(grade), str(grade)) for grade in range(self.grades[0], self.grades[1] + 1)]
        if self.words is PAIR_WORDS:
            of_a, of_b = ("better", "worse") if first else ("worse", "better")
            return [("a", of_a, "A is better"), ("b", of_b, "B is better"), ("t", "tie", "tie")]
        return [(word[0], word, word) for word in self.words]

    def text(self, score: float) -> str:
        """Return a score as `score` reads it."""
        if self.grades is not None:
            lowest, highest = self.grades
            return f"{lowest + score * (highest - lowest):.6g}"
        return next((word for word, each in self.words.items() if each == score), f"{score:.6g}")
