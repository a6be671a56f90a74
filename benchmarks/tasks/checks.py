"""Leaves out documents whose given answer is wrong or disputed: some of reasoning-gym's generators make such.

One check per generator that needs one; each says of a document whether to keep it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Statement = tuple[str, int, int]
"""Quantifier (All, No, Some, Some not), and the numbers of the terms that are subject and predicate."""

_STATEMENT = re.compile(r"(All|No|Some) (\w+) are (not )?(\w+)")
_KINDS = range(8)
"""The kinds of thing that three terms can tell apart: bit i says whether it is one of term i."""


def syllogism(question: str, answer: str) -> bool:
    """Keep what follows (or not) in every reading, found by going through every world there can be.

    The generator overlooks the undistributed middle ("All A are B, some B are not C: some A are not C") and is
    wrong in about one of eight. Readers differ on whether "All A are B" says that there is an A: what follows in
    only one of these readings is left out too.
    """
    found = _STATEMENT.findall(question)
    terms = list(dict.fromkeys(term for _, subject, _, predicate in found[:-1] for term in (subject, predicate)))
    *premises, conclusion = [
        (quantifier + (" not" if negated else ""), terms.index(subject), terms.index(predicate))
        for quantifier, subject, negated, predicate in found
    ]
    readings = {_follows(tuple(premises), conclusion, all_exist=all_exist) for all_exist in (True, False)}
    return readings == {answer == "Yes"}


@cache
def _follows(premises: tuple[Statement, ...], conclusion: Statement, *, all_exist: bool) -> bool:
    """Say whether a conclusion holds in every world where its premises do; ``all_exist``: no term is empty there.

    Which words the terms are does not matter, so that thousands of questions need few searches.
    """
    for world in range(2 ** len(_KINDS)):
        things = [kind for kind in _KINDS if world >> kind & 1]
        if all_exist and not all(any(thing >> term & 1 for thing in things) for term in range(3)):
            continue
        if all(_holds(premise, things) for premise in premises) and not _holds(conclusion, things):
            return False
    return True


def _holds(statement: Statement, things: list[int]) -> bool:
    quantifier, subject, predicate = statement
    are = [bool(thing >> predicate & 1) for thing in things if thing >> subject & 1]
    return {"All": all(are), "No": not any(are), "Some": any(are), "Some not": not all(are)}[quantifier]


def family_relationships(question: str, answer: str) -> bool:
    """Leave out the relations that the generator names from the wrong end: it calls a son's wife father-in-law."""
    return answer not in {"mother-in-law", "father-in-law", "niece", "nephew"}


def needle_haystack(question: str, answer: str) -> bool:
    """Keep the question if it means one person: two statements may differ in the name alone."""
    statements, _, asked = question.partition(" \nWho ")
    means = f" {asked.partition('?')[0]}"
    return [one.removesuffix(means) for one in re.split(r"\. ?", statements) if one.endswith(means)] == [answer]


CHECKS: dict[str, Callable[[str, str], bool]] = {
    "syllogism": syllogism,
    "family_relationships": family_relationships,
    "needle_haystack": needle_haystack,
}
