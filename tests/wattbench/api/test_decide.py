"""A decision in Python: what it names, and its forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import wattbench
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems

Write = Callable[[FakeRun], Path]


def test_a_requirement_is_decided(write: Write) -> None:
    run = wattbench.read(write(FakeRun(plain_systems())))
    decision = run.decide(min_accuracy={"all": 0.25}, max_p95="900ms")
    assert decision.chosen in decision.best
    assert decision.unit == "J"
    assert len(decision) == 3
    assert set(decision) == set(decision.systems) == {"generalist", "specialist", "regex"}
    checks = decision["specialist"].checks
    assert [(each.requirement.quantity, each.requirement.bound) for each in checks] == [
        ("accuracy", 0.25),
        ("p95", 0.9),
    ]
    assert str(decision).startswith(decision.advice.split(":")[0][:20])
    assert repr(decision).startswith(f"<decision>\n  {decision.advice[:40]}")
    assert decision.evidence
    with pytest.raises(wattbench.UserError, match="no system 'regx' in this decision; did you mean 'regex'"):
        decision["regx"]


def test_without_requirements_prices_are_stated(write: Write) -> None:
    decision = wattbench.read(write(FakeRun(plain_systems()))).decide()
    assert decision.chosen is None
    first = decision.prices[0]
    assert first.price.low <= first.price.estimate <= first.price.high
    assert decision.between is not None
    assert {decision.between.cheaper, decision.between.dearer} <= set(decision)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_accuracy": 80}, "min_accuracy: 80 is more than all: write 80% or 0.8"),
        ({"min_accuracy": "text=0.9,txt=0.3"}, "no domain 'txt' in this run"),
        ({"max_p95": "fast"}, "max_p95: 'fast' is not a time"),
        ({"max_cost": -1}, "max_cost_per_request is -1.0: it must be a number above 0"),
        ({"worth_right": float("nan")}, "worth_right is nan: it must be a number of 0 or more"),
        ({"minimise": "euros"}, "minimise: 'euros' is not one of joules, grams, money"),
    ],
)
def test_what_is_wrong_is_said(write: Write, options: dict, message: str) -> None:
    with pytest.raises(wattbench.UserError, match=message.replace("(", r"\(")):
        wattbench.read(write(FakeRun(plain_systems()))).decide(**options)
