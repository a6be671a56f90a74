"""The local specialist: a regular expression per way in which an invoice says what is to be paid."""

import re

AMOUNT = r"([\d,]+\.\d\d)"
PATTERNS = [rf"Total: {AMOUNT}", rf"Amount due {AMOUNT}", rf"pay {AMOUNT}"]


def to_pay(invoice: str) -> str:
    """Return the amount of the first pattern that is in the invoice."""
    for pattern in PATTERNS:
        if found := re.search(pattern, invoice):
            return found[1]
    return "not found"
