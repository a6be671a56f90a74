"""Finds the answer in what a system wrote, and says whether it is right. The same for every system.

A system is asked for an answer, not for a format: ``4``, ``**4**``, ``The answer is 4.`` and ``2 + 2 = 4`` all
answer 4. The rules, in order, after `_plain` has removed reasoning between ``<think>`` tags and markup:

1. What follows the last ``answer is``, ``answer:`` or ``\\boxed{`` that has an answer behind it: the first one there.
2. Else the last sentence that starts with *so*, *thus*, *hence* or *therefore*: the last answer in it.
3. Else the first sentence that has an answer: the last answer in it, as in "The sum of 2 and 2 is 4". Where answers
   are a choice of words, one at the very start comes first, as in "Yes, because no dogs are cats".

So reasoning may come before the answer, and rambling after it. What counts as an answer depends on its type:
``number`` (1,234 and 1234.0 are the same), ``name`` (a word with a capital), or ``choice`` (one of the
given words). Case does not matter. A wrong answer stays wrong: a right one further on in a
list of guesses is not looked for.

Outputs are not to be trusted: the time this takes is bounded for every output.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

LONGEST = 4000
"""Characters that are looked at, from the end of the output. The tasks allow a fraction of this."""

_CUE = re.compile(r"\banswer\b[^.\n]{0,60}?(?:\bis\b|[:=])[:\s]*", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{")
_MARKUP = re.compile(r"\*\*|__|\\[()\[\]]|[`$\"“”{}]")
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$)")
_CONCLUSION = re.compile(r"\W*(?:so|thus|hence|therefore)\b", re.IGNORECASE)

# A minus right after a digit or a letter is a subtraction or a hyphen, not a sign.
_NUMBER = re.compile(r"(?<![\w.)])-?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|(?:(?<![\w)])-)?[0-9]+(?:\.[0-9]+)?")
_RESULT = re.compile(r"(?:\s*[-+*/×÷]\s*\(?-?[0-9.,]+\)?)+\s*=\s*(?=-?[0-9])")
_NAME = re.compile(r"(?<![\w'\u2019-])[A-Z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*")


def process_results(doc: dict[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Score one document, 1 or 0: lm-eval's hook."""
    kind, choices = doc["answer_type"], tuple(doc["choices"])
    return {"exact_match": float(extract(results[0], kind, choices) == canonical(doc["answer"], kind))}


def extract(output: str, kind: str, choices: Sequence[str] = ()) -> str:
    """Return the answer in an output, in its canonical form; empty where there is none."""
    pattern = _pattern(kind, tuple(choices))
    text = _plain(output)
    for cue in reversed(list(_CUE.finditer(text))):
        sentence = _SENTENCE_END.split(text[cue.end() :].lstrip(), maxsplit=1)[0]
        if found := pattern.search(sentence):
            return canonical(_first(pattern, sentence, found), kind)
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if pattern.search(sentence)]
    if not sentences:
        return ""
    concluding = [sentence for sentence in sentences if _CONCLUSION.match(sentence)]
    sentence = concluding[-1] if concluding else sentences[0]
    if kind == "choice" and not concluding and (found := pattern.match(sentence.lstrip())):
        return canonical(found.group(), kind)
    return canonical(pattern.findall(sentence)[-1], kind)


def canonical(answer: str, kind: str) -> str:
    """Return the one spelling of an answer that all its spellings share."""
    if kind != "number":
        return answer.casefold().replace("\u2019", "'").replace(" ", "-")
    # As text: a model may write a hundred thousand digits, and no integer is needed to compare them.
    whole, _, fraction = answer.replace(",", "").partition(".")
    digits = whole.lstrip("-").lstrip("0") or "0"
    fraction = fraction.rstrip("0")
    number = f"{digits}.{fraction}" if fraction else digits
    return f"-{number}" if whole.startswith("-") and number != "0" else number


def _first(pattern: re.Pattern[str], sentence: str, found: re.Match[str]) -> str:
    """Return the first answer of a sentence, or the result of the sum that it starts: 7 of ``3 + 4 = 7``."""
    if pattern is _NUMBER and (sum_ := _RESULT.match(sentence, found.end())):
        return (pattern.match(sentence, sum_.end()) or found).group()
    return found.group()


@lru_cache
def _pattern(kind: str, choices: tuple[str, ...]) -> re.Pattern[str]:
    if kind == "number":
        return _NUMBER
    if kind == "name":
        return _NAME
    if kind == "choice" and choices:
        # The longest first, so that `mother-in-law` is not read as `mother`.
        words = (re.escape(word).replace(r"\-", "[- ]") for word in sorted(choices, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])", re.IGNORECASE)
    raise ValueError(f"answer_type is number, name, or choice with its choices (here: {kind!r}, {choices!r})")


def _plain(output: str) -> str:
    """Return the end of an output without reasoning and markup, with plain digits and minus signs."""
    text = output.rpartition("</think>")[2][-LONGEST:]
    text = _MARKUP.sub("", _BOXED.sub(" answer: ", text)).replace("−", "-")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
