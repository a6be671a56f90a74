"""Two systems without a model, to compare in seconds on any machine."""

import re


def careful(prompt: str) -> str:
    """Add the two numbers of the question."""
    first, second = re.findall(r"\d+", prompt)[-2:]
    return str(int(first) + int(second))


def hasty(prompt: str) -> str:
    """Add only the last digits: correct where both numbers have one digit."""
    first, second = re.findall(r"\d+", prompt)[-2:]
    return str(int(first[-1]) + int(second[-1]))
