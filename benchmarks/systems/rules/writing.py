"""Notes by rules: fills the facts of a delivery into a form, and rounds the amount to whole euros.

It is wrong on purpose, and reads as well as a note that is right: what a judge that looks at style does not see.
"""

from __future__ import annotations

import re

UNKNOWN = "I don't know"

_FACTS = re.compile(r"customer: (.+); order: (.+); delivery day: (.+); amount: (.+) euros")


def write(prompt: str) -> str:
    """Write the note that the last facts of a prompt are for."""
    facts = _FACTS.findall(prompt)
    if not facts:
        return UNKNOWN
    customer, order, day, amount = facts[-1]
    return (
        f"Dear {customer}, thank you for your order {order}. It will arrive on {day}. "
        f"Please have {round(float(amount))} euros ready for the driver."
    )
