"""A router before it is built, in Python: what the study names, its forms, and what is wrong with arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import wattbench
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems

Write = Callable[[FakeRun], Path]


def test_a_study_has_a_verdict_and_what_it_rests_on(write: Write) -> None:
    routing = wattbench.read(write(FakeRun(plain_systems()))).route()
    assert routing.answer in ("worth building", "not worth it", "not known")
    assert routing.systems == ("generalist", "specialist", "regex")
    assert routing.unit == "J"
    assert str(routing).startswith(routing.verdict[:60])
    assert repr(routing).startswith(f"<routing>\n  {routing.verdict[:40]}")
    assert routing.sentences[0].startswith("A perfect router would answer ")
    alone = routing[routing.study.best_single]
    assert routing.study.ceiling.best.accuracy.estimate >= alone.accuracy.estimate
    assert all(each.accuracy.estimate <= alone.accuracy.estimate for each in routing.singles)
    with pytest.raises(wattbench.UserError, match="no system 'regx' in this study; did you mean 'regex'"):
        routing["regx"]


def test_every_format_has_the_verdict(write: Write) -> None:
    routing = wattbench.read(write(FakeRun(plain_systems()))).route(
        members=["generalist", "regex"], router_seconds=0.01
    )
    data = json.loads(routing.text("json"))
    assert data["verdict"] == routing.verdict
    assert data["answer"] == routing.answer
    assert [each["name"] for each in data["singles"]] == list(routing.systems)
    assert not any(name in json.dumps(data) for name in ("gain_parts", "evidence"))
    assert routing.text("markdown").startswith(f"**{routing.verdict[:20]}")
    assert "<table>" in routing._repr_html_()
    with pytest.raises(wattbench.UserError, match="no format 'jsn'; did you mean 'json'"):
        routing.text("jsn")


def test_one_system_has_no_router(write: Write) -> None:
    routing = wattbench.read(write(FakeRun(plain_systems()[:1]))).route()
    assert routing.answer is None
    assert routing.best is routing.gain is None
    assert routing.choices == routing.singles == routing.systems == routing.sentences == ()
    assert (
        routing.verdict
        == str(routing)
        == "No router can be judged: fewer than two systems could be members of a router."
    )
    assert json.loads(routing.text("json")) == {"verdict": routing.verdict, "answer": None, "sentences": {}}
    assert routing.verdict in routing.text("markdown")
    assert routing.verdict in routing._repr_html_()
    with pytest.raises(wattbench.UserError, match="fewer than two systems"):
        _ = routing.study
    with pytest.raises(wattbench.UserError, match="no figures are written"):
        routing.figures("figures")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": "generalist"}, "members: 'generalist' is not a list of names"),
        ({"members": ["generalist"]}, "members: generalist: a router chooses between two systems or more"),
        ({"members": ["generalist", "regx"]}, "members: no system 'regx' in this run; did you mean 'regex'"),
        ({"requests_per_hour": 0}, "requests_per_hour is 0: it must be above 0"),
        ({"router_joules": -1}, "router_joules is -1: it must be a number of 0 or more"),
        ({"router_cost": float("nan")}, "router_cost is nan: it must be a number of 0 or more"),
        ({"check_cost": "much"}, "check_cost is 'much': it must be a number"),
        ({"min_accuracy": 80}, "min_accuracy: 80 is more than all: write 80% or 0.8"),
    ],
)
def test_what_is_wrong_is_said(write: Write, options: dict, message: str) -> None:
    with pytest.raises(wattbench.UserError, match=message):
        wattbench.read(write(FakeRun(plain_systems()))).route(**options)


def test_a_typing_error_in_a_name_is_an_error(write: Write) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'worth_rigth'"):
        wattbench.read(write(FakeRun(plain_systems()))).route(worth_rigth=1.0)
