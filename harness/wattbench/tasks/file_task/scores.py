"""Find an answer in a reply, and compare it with the target.

What each score forgives:

- all: what precedes `</think>`; blanks, capitals, Unicode's compatible forms (NFKC), punctuation at both ends.
- `label`: all words around the label; `-` and `_` between words are blanks. A reply that names two labels names none.
- `exact`: nothing more. `contains`: all words around the target.
- `number`: all words around the last number; separators of thousands (`1,234`, `1.234,5`, `1'234`), a percent sign.
- `regex`: all that the pattern leaves out. `choice`: the letter, or the text of the choice, in a sentence.
- `f1`: tokens, as SQuAD counts them: articles and punctuation do not count.
- `check`: nothing: a command says of an agent's attempt whether it is solved, and no answer is compared.
- `free`: nothing: a grading function or a judge reads the whole answer.

`wattbench dev tasks export` copies this file: it imports the standard library alone.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

VERSION = 1.0
"""Raised when a score changes."""

NO_ANSWER = "[invalid]"
"""What is left of a reply in which no answer is found; lm-eval's filters leave the same."""

CHECK = "check"
"""The kind of a task that a command judges."""

FREE = "free"
"""The kind of a task whose answers a grading function or a judge scores."""

CHOICES = "choices"
"""Of a document: the texts of its choices."""
LETTER = "answer_letter"
"""Of a document with choices: the letter of the right one."""

LETTERS = string.ascii_uppercase
LONGEST = 100_000
"""Characters of a reply that are looked at, from its end."""

_EDGES = string.whitespace + "\"'`*_“”‘’„«».,;:!?…()[]{}<>。，、；：！？"  # noqa: RUF001 - as texts have them
_THOUSANDS = "'’\u00a0\u202f\u2009"  # noqa: RUF001
_NUMBER = re.compile(
    r"(?<![^\W_])(?<![\d.,])(?:(?<![\w)])[-+\u2212])?"
    rf"(?:\d{{1,3}}(?:[{_THOUSANDS}]\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*|\.\d+)(?:[eE][-+]?\d{{1,3}}(?![\w]))?"
)
_STATED = re.compile(r"\banswer\b(?:\s+is)?\s*:?\s*[*(\[\"']*([A-Z])\b(?![\w'’])", re.IGNORECASE)  # noqa: RUF001
_ALONE = re.compile(r"^[\s*(\[\"'`]*([A-Z])(?:[)\].:,*\"'`]|\s*$|\s*\n)")
_BRACKETED = re.compile(r"\(([A-Z])\)|\*\*([A-Z])\*\*")


class Score(NamedTuple):  # a dataclass would look its module up, which lm-eval registers after it has run
    """The rules by which the replies of one task are scored."""

    kind: str
    """`label`, `exact`, `number`, `contains`, `regex`, `choice`, `f1`, `check` or `free`."""
    target: str
    """The key of a document under which its right answer is; empty without one."""
    labels: tuple[str, ...] = ()
    pattern: str = ""
    tolerance: float = 0.0

    def extract(self, reply: str, doc: Mapping[str, Any]) -> str:
        """Return the answer in a reply to a document; `NO_ANSWER` for a reply without one."""
        said = said_in(reply)
        if self.kind in (CHECK, FREE):  # an empty text is an answer, too: an agent may have changed its folder
            return said
        if said in ("", NO_ANSWER):  # it is no answer, though a label may be in it
            return NO_ANSWER
        if self.kind == "label":
            return _one_of(_words(self.labels).named_in(said))
        if self.kind == "number":
            numbers = _NUMBER.findall(said)
            return numbers[-1] if numbers else NO_ANSWER
        if self.kind == "regex":
            return self._matched(said)
        if self.kind == "choice":
            return _one_of(_letters(said, doc[CHOICES]))
        return said

    def correct(self, answer: str, doc: Mapping[str, Any]) -> dict[str, float]:
        """Return the metrics of an extracted answer, each from 0 to 1.

        Args:
            answer: what `extract` returned, or what another filter left of a reply.
            doc: the document.
        """
        if self.kind == CHECK:
            return {"checked": 0.0}
        if self.kind == FREE:
            return {}
        target = str(doc[self.target])
        if self.kind == "f1":
            return {"f1": token_f1(answer, target), "exact_match": float(tokens(answer) == tokens(target))}
        if answer == NO_ANSWER:
            return {"exact_match": 0.0}
        if self.kind == "number":
            right = _near(number(answer), number(target), self.tolerance)
        elif self.kind == "choice":
            right = _one_of(_letters(answer, doc[CHOICES])) == doc[LETTER]
        elif self.kind == "contains":
            right = bool(Words((target,)).named_in(answer))
        else:
            right = plain(answer) == plain(target)
        return {"exact_match": float(right)}

    def filter_replies(self, replies: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
        """Extract the answer of each document's first reply, as a filter of lm-eval."""
        return [self.extract(str(of_doc[0]), doc) for of_doc, doc in zip(replies, docs, strict=True)]

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
        """Score a document's answer, as lm-eval's `process_results`."""
        return self.correct(str(results[0]), doc)

    def _matched(self, said: str) -> str:
        match = re.search(self.pattern, said)
        return NO_ANSWER if match is None else of_match(match.group(), [each for each in match.groups() if each])


def said_in(reply: str) -> str:
    """Return the part of a reply after its reasoning, cut to the end in which an answer is looked for."""
    return reply.rpartition("</think>")[2][-LONGEST:].strip()


def of_match(whole: str, groups: Sequence[str]) -> str:
    """Return the answer in a pattern's match: the first group that took part, else the whole match."""
    return (groups[0] if groups else whole).strip() or NO_ANSWER


class Words:
    """Some texts that are looked for in a reply, as whole words."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._known = {plain(text): text for text in texts}
        longest_first = sorted((text for text in self._known if text), key=lambda text: -len(text))
        self._pattern = re.compile("|".join(map(_bounded, longest_first)) or r"(?!)")

    def named_in(self, reply: str) -> list[str]:
        """Return the texts that a reply names, each once. Of `card` and `card lost` at one position, the longer."""
        whole = self._known.get(plain(reply))
        if whole is not None:
            return [whole]
        return [self._known[text] for text in dict.fromkeys(self._pattern.findall(_folded(reply)))]


@lru_cache(maxsize=64)
def _words(texts: tuple[str, ...]) -> Words:
    return Words(texts)


def plain(text: str) -> str:
    """Return a text as it is compared: without capitals, blanks and punctuation at its ends.

    A text of nothing but punctuation stays.
    """
    folded = _folded(text)
    return folded.strip(_EDGES) or folded


def _folded(text: str) -> str:
    compatible = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"_+|(?<=\w)-(?=\w)", " ", unicodedata.normalize("NFKC", compatible)).split())


def _bounded(text: str) -> str:
    """Return a pattern that finds a text as a whole word; scripts without blanks have no ends of words.

    A combining accent is a part of the word: the small form of `İ` is an `i` and a dot.
    """
    before = r"(?<![\w\u0300-\u036f])" if _of_words(text[0]) else ""
    return before + re.escape(text) + (r"(?![\w\u0300-\u036f])" if _of_words(text[-1]) else "")


def _of_words(character: str) -> bool:
    return character.isalnum() and not ("\u0e00" <= character <= "\u0eff" or "\u1000" <= character <= "\u109f"
                                        or "\u1780" <= character <= "\u17ff" or character >= "\u2e80")  # fmt: skip


def _one_of(answers: Sequence[str]) -> str:
    return answers[0] if len(answers) == 1 else NO_ANSWER


def _letters(said: str, choices: Sequence[str]) -> list[str]:
    """Return the letters of the choices that a reply names, by letter or by text."""
    known = LETTERS[: len(choices)]
    letter_of = {choice: letter for letter, choice in zip(known, choices, strict=True)}
    if (whole := plain(said).upper()) in known and len(whole) == 1 and plain(said) not in map(plain, choices):
        return [whole]
    texts = [letter_of[text] for text in Words(choices).named_in(said)]
    alone = [match.group(1) for match in [_ALONE.match(said)] if match]
    stated = [match.upper() for match in _STATED.findall(said)]
    bracketed = [one or other for one, other in _BRACKETED.findall(said)]
    named = alone or stated or bracketed
    return sorted({*texts, *(letter for letter in named if letter in known)})


def number(text: str) -> Decimal | None:
    """Return the last number in a text; None without a number.

    Groups of three digits after `,` or a blank are thousands; a `.` or `,` before other digits is the decimal point.
    """
    numbers = _NUMBER.findall(text)
    if not numbers:
        return None
    digits, _, exponent = numbers[-1].lower().replace("\u2212", "-").partition("e")
    digits = re.sub(f"[{_THOUSANDS}]", "", digits)
    return Decimal(_with_point(digits) + (f"e{exponent}" if exponent else ""))


def _with_point(digits: str) -> str:
    """Return digits with a decimal point, and without separators of thousands."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    mark, whole, rest = digits[last], digits[:last], digits[last + 1 :]
    if digits.count(mark) > 1 and len(rest) != 3:
        return rest  # 1,2,3: a list
    other = "," if mark == "." else "."
    if other in whole or (digits.count(mark) == 1 and mark == ".") or len(rest) != 3 or not whole.strip("+-0"):
        return f"{re.sub('[.,]', '', whole)}.{rest}"  # 1,234.5; 1.5; 3,75; 0,125
    return re.sub("[.,]", "", digits)  # 1,234; 1.234.567


def _near(answer: Decimal | None, target: Decimal | None, tolerance: float) -> bool:
    if answer is None or target is None:
        return False
    return answer == target or abs(answer - target) <= Decimal(repr(tolerance))


def tokens(text: str) -> list[str]:
    """Return a text's words as SQuAD compares them: lower-cased, without punctuation and articles."""
    lower = unicodedata.normalize("NFKC", text.rpartition("</think>")[2]).lower()
    words = "".join(character for character in lower if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", words).split()


def token_f1(answer: str, target: str) -> float:
    """Return the F1 of the words that an answer and its target have in common (Rajpurkar et al., 2016)."""
    said, right = tokens(answer), tokens(target)
    if not said or not right:
        return float(said == right)
    common = sum((Counter(said) & Counter(right)).values())
    return 2 * common / (len(said) + len(right))
