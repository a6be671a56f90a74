"""Put answers to a person, line by line: in a terminal, or scripted on standard input.

Texts are hostile: control characters and what turns the direction of writing are shown as signs, and long texts are
cut until the person wants all of them. What is shown of an answer never says whose it is, nor what the judge said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from wattbench.api.labelling.book import LabelBook
from wattbench.api.labelling.draws import DrawnAnswer, shown_first
from wattbench.api.labelling.sheet import AnswerTexts
from wattbench.config.label_scale import LabelScale
from wattbench.errors import UserError
from wattbench.terminal import printable, wrapped
from wattbench_reports.formatting.safe_text import visible

MOST_CHARACTERS = 3000
MOST_LINES = 60
"""Of a text that is shown at once."""
_AHEAD = 50
"""Answers whose texts are read at once."""

_UNSURE, _BACK, _RUBRIC, _ALL, _QUIT = "s", "u", "?", "m", "q"
_WORDS = {"skip": _UNSURE, "undo": _BACK, "back": _BACK, "help": _RUBRIC, "more": _ALL, "quit": _QUIT}
_ALWAYS = "s cannot tell, u back, ? rubric, m all of a long text, q quit"


@dataclass
class Dialogue:
    """A session of a person."""

    book: LabelBook
    drawn: Sequence[DrawnAnswer]
    person: str
    read: Callable[[], str | None]
    """Returns the next line; None at the end."""
    show: Callable[[str], None]
    """Prints lines."""
    scripted: bool = False
    """Whether lines come from a script. One that says nothing is then an error, as those that follow would be taken for
    other answers."""
    given: int = field(default=0, init=False)
    """Labels that were recorded."""

    def hold(self) -> None:
        """Put the answers to the person until there is no more, or she quits.

        Raises:
            UserError: a line of a script says nothing.
        """
        texts: dict[int, AnswerTexts] = {}
        rubric_of: str | None = None
        position = 0
        while position < len(self.drawn):
            if position not in texts:
                ahead = [each.answer for each in self.drawn[position : position + _AHEAD]]
                texts = dict(enumerate(self.book.sheet.texts(ahead), start=position))
            drawn = self.drawn[position]
            if drawn.answer.task != rubric_of:
                rubric_of = drawn.answer.task
                self.show("\n".join(self._rubric(drawn)))
            step = self._label(position, drawn, texts[position])
            if step is None:
                return
            position = max(position + step, 0)

    def _label(self, position: int, drawn: DrawnAnswer, texts: AnswerTexts) -> int | None:
        """Record what the person says of an answer.

        Returns:
            By how many answers the session goes on; None: it ends.
        """
        scale = self.book.sheet.scales[drawn.answer.task]
        choices = scale.choices(self._first(drawn))
        scores = {typed: scale.score(word) for key, word, says in choices for typed in (key, says.lower())}
        started_s = time.monotonic()
        self.show("\n".join(self._shown(position, drawn, texts)))
        while True:
            self.show(f"{_choices(scale)}; {_ALWAYS}:")
            line = self.read()
            said = _QUIT if line is None else line.strip().lower()
            said = _WORDS.get(said, said)
            if said == _QUIT:
                return None
            if said == _BACK:
                return -1
            if said == _UNSURE or said in scores:
                seconds = None if self.scripted else time.monotonic() - started_s
                self.book.give(drawn, score=scores.get(said), person=self.person, seconds=seconds)
                self.given += 1
                return 1
            if said == _RUBRIC:
                self.show("\n".join(self._rubric(drawn)))
            elif said == _ALL:
                self.show("\n".join(self._shown(position, drawn, texts, whole=True)))
            elif self.scripted:
                raise UserError(f"answer {position + 1}: {line!r:.40} says nothing; type {_choices(scale)}")
            else:
                self.show(f"{printable(said[:40])!r} says nothing")

    def _first(self, drawn: DrawnAnswer) -> bool:
        return shown_first(self.book.sheet.run, drawn.answer)

    def _rubric(self, drawn: DrawnAnswer) -> Iterator[str]:
        judge = self.book.sheet.judges[drawn.answer.task]
        yield from (
            "",
            f"=== What a good answer to {printable(drawn.answer.task)} is",
            *_lines(judge.rubric, whole=True),
        )

    def _shown(self, position: int, drawn: DrawnAnswer, texts: AnswerTexts, *, whole: bool = False) -> Iterator[str]:
        yield from ("", f"[{position + 1} of {len(self.drawn)}] === Item", *_lines(texts.item, whole=whole, end=True))
        if texts.reference:
            yield from ("--- Reference", *_lines(texts.reference, whole=whole))
        if texts.compared is None:
            yield from ("--- Answer", *_lines(texts.answer, whole=whole))
            return
        sides = (texts.answer, texts.compared)
        for letter, text in zip("AB", sides if self._first(drawn) else sides[::-1], strict=True):
            yield from (f"--- Answer {letter}", *_lines(text, whole=whole))


def _choices(scale: LabelScale) -> str:
    """Return what can be typed for a score, in words."""
    if scale.grades is not None:
        return f"{scale.grades[0]} to {scale.grades[1]}"
    return ", ".join(f"{key} {says}" for key, _, says in scale.choices(first=True))


def _lines(text: str, *, whole: bool, end: bool = False) -> Iterator[str]:
    """Yield the lines of a text for a terminal, indented; of a long one a part unless the whole is wanted.

    Args:
        text: any.
        whole: whether all of it is shown.
        end: which part is shown: the last one, as of a prompt, where the question comes after examples.
    """
    shown = text
    if not whole and end:
        shown = "".join(text[-MOST_CHARACTERS:].splitlines(keepends=True)[-MOST_LINES:])
    elif not whole:
        shown = "".join(text[:MOST_CHARACTERS].splitlines(keepends=True)[:MOST_LINES])
    left_out = f"  ... {len(text) - len(shown):,} more characters; m shows them"
    if end and len(shown) < len(text):
        yield left_out
    for line in visible(shown).split("\n"):
        yield from wrapped(line, "  ", "  ") or [""]
    if not shown:
        yield "  (nothing)"
    if not end and len(shown) < len(text):
        yield left_out
