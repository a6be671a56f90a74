"""Grades a note to a customer by a program: the truth that a judge of the task `notes` is held against.

A note is right if it states the order number, the delivery day and the amount, and no other number or day. Its words,
their order and its tone are free.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_DAY = re.compile(
    r"(?i:\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(today|tomorrow|tonight)\b)"
    # Without a capital most of the short forms are words of their own: sat, sun, wed.
    r"|\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b"
)


def grade(item: Mapping[str, object], answer: str) -> bool:
    """Return whether a note states the facts of its item, and no other number or day.

    Args:
        item: a row of notes.jsonl: `order`, `day` and `amount` are the facts.
        answer: the note.
    """
    numbers = {_value(match) for match in _NUMBER.findall(answer)}
    return numbers == {_value(str(item["order"])), _value(str(item["amount"]))} and _days(answer) == _days(
        str(item["day"])
    )


def _value(written: str) -> Decimal | None:
    """Return the value of a number as people write it: 37.50, 37,50, 48,213 or 1,250.00; None if it is neither."""
    whole, separator, after = written.rpartition("." if "." in written else ",")
    if not separator:
        return Decimal(written)
    if separator == "," and len(after) == len("000"):
        whole, after = whole + after, "0"
    whole = re.sub(r",(?=[0-9]{3}\b)", "", whole)
    return Decimal(f"{whole}.{after}") if whole.isdecimal() else None


def _days(text: str) -> set[str]:
    """Return the days that a text names, by their first three letters."""
    return {next(filter(None, match.groups()))[:3].casefold() for match in _DAY.finditer(text)}
