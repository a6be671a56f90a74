"""Writes the rows of the task `notes`: ``python benchmarks/tasks/writing/draw_notes.py``.

A row holds the facts of one delivery. The same seed writes the same bytes, and a test holds the file to that.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

FILE = Path(__file__).with_name("notes.jsonl")
ROWS = 200
SEED = 45

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
TITLES = ("Ms", "Mr")
CUSTOMERS = (
    "Adeyemi", "Bergmann", "Castillo", "Dubois", "Eriksen", "Fontana", "Gruber", "Haddad", "Ivanova", "Jansen",
    "Kowalski", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka",
)  # fmt: skip
ORDERS = range(10_000, 100_000)
EUROS = range(5, 400)
CENTS = ("00", "25", "50", "90")


def rows(count: int = ROWS, seed: int = SEED) -> list[dict[str, str]]:
    """Return the rows: who gets what, when, and for how much. No order number comes twice."""
    chance = random.Random(seed)
    drawn = []
    for order in map(str, chance.sample(ORDERS, count)):
        customer = f"{chance.choice(TITLES)} {chance.choice(CUSTOMERS)}"
        day = chance.choice(DAYS)
        amount = f"{chance.choice(EUROS)}.{chance.choice(CENTS)}"
        facts = f"customer: {customer}; order: {order}; delivery day: {day}; amount: {amount} euros"
        drawn.append({"facts": facts, "order": order, "day": day, "amount": amount})
    return drawn


def text() -> str:
    """Return the file's text: a line of JSON per row."""
    return "".join(json.dumps(row) + "\n" for row in rows())


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
