"""Arithmetic by rules: finds the numbers and the operation in a question, and computes.

What a few regular expressions can do, and no more: the bar that a model has to clear in this domain to be worth its
joules. On what it has no rule for it says so.
"""

from __future__ import annotations

import math
import operator
import re

UNKNOWN = "I don't know"

_OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
# A date such as 2022-10-30 is no subtraction.
_CALCULATION = re.compile(r"(?<![\w-])(-?\d{1,18})\s*([-+*])\s*(-?\d{1,18})(?![\w-])")
_GCD = re.compile(r"greatest common divisor|\bgcd\b", re.IGNORECASE)
_INTEGER = re.compile(r"\d{1,18}")


def solve(prompt: str) -> str:
    """Answer the last question of a prompt."""
    question = prompt.rpartition("Question:")[2]
    if _GCD.search(question):
        numbers = [int(number) for number in _INTEGER.findall(question)]
        return str(math.gcd(*numbers)) if len(numbers) > 1 else UNKNOWN
    if calculation := _CALCULATION.search(question):
        left, sign, right = calculation.groups()
        return str(_OPERATIONS[sign](int(left), int(right)))
    return UNKNOWN
