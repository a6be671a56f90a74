"""What the money of a gate's systems is made of, and whether its rounds have to be long enough for joules."""

from __future__ import annotations

from typing import Any

import pytest

from wattbench.api.gates.gate_power import what_a_gate_finds
from wattbench.config import GatePolicy
from wattbench.records.schema.price import Price
from wattbench.scenarios.interleaved.gate import PaidBy, judges_joules, paid_by

BY_TOKEN = {"output_per_million": 10.0, "currency": "EUR"}
COUNTER = {"gpu0": "counter"}


@pytest.mark.parametrize(
    ("prices", "per_kwh", "expected"),
    [
        ((BY_TOKEN, BY_TOKEN), None, PaidBy.PRICES),
        ((BY_TOKEN, None), None, PaidBy.NOTHING),
        ((BY_TOKEN, None), 0.3, PaidBy.JOULES),
        ((None, None), 0.3, PaidBy.JOULES),
        ((None, None), None, PaidBy.NOTHING),
        ((BY_TOKEN, {**BY_TOKEN, "electricity": "added"}), 0.3, PaidBy.JOULES),
    ],
)
def test_money_is_of_prices_or_of_joules(suite, prices: Any, per_kwh: float | None, expected: PaidBy) -> None:
    resolved = suite()
    workload = resolved.suite.workload.model_copy(update={"price_per_kwh": per_kwh})
    systems = [
        system.model_copy(update={"price": None if price is None else Price.model_validate(price)})
        for system, price in zip(list(resolved.systems.values())[:2], prices, strict=True)
    ]
    assert paid_by(resolved.suite.model_copy(update={"workload": workload}), systems) is expected


def test_money_of_joules_needs_long_rounds() -> None:
    policy = GatePolicy.model_validate({"metrics": {"cost_per_request": {"margin": 0.1}}})
    assert judges_joules(policy, COUNTER, PaidBy.JOULES)
    assert not judges_joules(policy, COUNTER, PaidBy.PRICES)
    assert not judges_joules(policy, {"cpu": "modelled"}, PaidBy.JOULES)


def test_what_a_gate_finds_names_money_where_there_are_prices() -> None:
    priced = GatePolicy.model_validate(
        {"metrics": {name: {"margin": 0.1} for name in ("accuracy", "joules_per_request", "cost_per_correct")}}
    )
    for paid, meters, named in (
        (PaidBy.PRICES, {}, True),
        (PaidBy.JOULES, COUNTER, True),
        (PaidBy.JOULES, {}, False),
        (PaidBy.NOTHING, COUNTER, False),
    ):
        said = " ".join(what_a_gate_finds(priced, {"text": 400}, meters, paid=paid))
        assert ("cost per correct answer" in said) is named, paid
