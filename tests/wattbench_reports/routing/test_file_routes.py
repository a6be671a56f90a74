"""Routers of a file, judged: whose items, at whose cost, and what is not judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.routing_logs import replay_record, standard_payload, write_lines
from tests.made_up.routing_worlds import routed_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.routing.file_routes import file_routes
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.routing.router_own import ASSUMED_PER_HOUR, ASSUMED_S
from wattbench_reports.routing.study import routing_study

ITEMS = 60
PROMPTS = [f"What is {each} plus one?" for each in range(ITEMS)]
RIGHT = np.arange(ITEMS) % 3
SCORE = np.stack([RIGHT < 1, RIGHT < 2], axis=1).astype(float)
"""The small system is right on a third of the items, the large one on those and another third."""
COST = [0.001, 0.01]
ASSUMED = ASSUMED_S * ASSUMED_PER_HOUR / 3600
"""What a router costs of which a file says no money."""


def studied(path: Path, routes: Path, **figures) -> tuple[RoutingStudy, Analysis]:
    run = routed_run(path, SCORE, COST, prompts=PROMPTS, systems=("small", "large"), **figures)
    analysis = analyse(run, Assumptions(routers=routes))
    study = call_on(routing_study, analysis)
    assert isinstance(study, RoutingStudy)
    return study, analysis


def perfect(item: int) -> str:
    return "large" if RIGHT[item] == 1 else "small"


def test_a_log_is_judged_as_a_router_that_can_be_built(tmp_path) -> None:
    entries = [replay_record(f"r{each}", perfect(each), PROMPTS[each]) for each in range(ITEMS)]
    study, _ = studied(tmp_path, write_lines(tmp_path / "log.jsonl", entries))
    choice = study.of("file")
    assert (choice.name, choice.members) == ("MoM", ("small", "large"))
    assert choice.accuracy.estimate == pytest.approx(2 / 3)
    assert choice.cost.estimate == pytest.approx((2 * 0.001 + 0.01) / 3 + ASSUMED)
    assert choice.accuracy_gain.estimate == 0
    assert choice.cost_gain.estimate == pytest.approx(-0.006 + ASSUMED)
    assert choice.shares == {"small": pytest.approx(2 / 3), "large": pytest.approx(1 / 3)}
    # a third of the way to the dear system at random one gets a third of the third that only it answers
    assert choice.above_mix.estimate == pytest.approx(2 / 9, abs=1e-5)
    assert choice.gain.estimate == 0  # it is as accurate as the large system, and saves
    assert study.verdict.choice == choice
    # as accurate on all of 60 items, it may lose more than a point on others
    assert study.verdict.answer.value == "not known"
    assert study.verdict.items_to_tell is not None and 50 < study.verdict.items_to_tell < 1000


def test_items_without_a_route_are_left_out_and_said(tmp_path) -> None:
    entries = [standard_payload(f"r{each}", "small", PROMPTS[each]) for each in range(0, ITEMS, 2)]
    study, _ = studied(tmp_path, write_lines(tmp_path / "log.jsonl", entries))
    choice = study.of("file")
    assert choice.accuracy.estimate == pytest.approx(1 / 3)
    assert choice.accuracy_gain.estimate == pytest.approx(-1 / 3)
    assert "log.jsonl has no request to smart-router for 30 of 60 items, which are left out" in study.notes


def test_the_routers_own_cost_is_what_the_file_says(tmp_path) -> None:
    entries = [standard_payload(f"r{each}", "small", PROMPTS[each]) for each in range(ITEMS)]
    study, _ = studied(tmp_path, write_lines(tmp_path / "log.jsonl", entries))
    choice = study.of("file")
    assert choice.cost.estimate == pytest.approx(0.001 + 0.0004)


def test_seconds_and_joules_of_a_table_are_added(tmp_path) -> None:
    rows = [f"mine,task,{each},small>large,0.5,2" for each in range(ITEMS)]
    path = tmp_path / "routes.csv"
    path.write_text("\n".join(["router,task,doc_id,member,router_s,router_j", *rows]))
    study, _ = studied(tmp_path, path, seconds=[1.0, 3.0])
    choice = study.of("file")
    assert choice.amounts["seconds"].estimate == pytest.approx(4.5)
    assert choice.cost.estimate == pytest.approx(0.011 + ASSUMED)
    assert choice.shares == {"small": pytest.approx(1.0), "large": pytest.approx(1.0)}


def test_a_router_that_asks_no_candidate_is_not_judged(tmp_path) -> None:
    rows = [f"mine,task,{each},s2" for each in range(ITEMS)]
    path = tmp_path / "routes.csv"
    path.write_text("\n".join(["router,task,doc_id,member", *rows]))
    score = np.column_stack([SCORE, np.ones(ITEMS)])
    missing = [(each, 2) for each in range(ITEMS // 2)]  # too many for it to be compared
    run = routed_run(tmp_path, score, [*COST, 1.0], missing=missing)
    analysis = analyse(run, Assumptions(routers=path))
    study = call_on(routing_study, analysis)
    assert isinstance(study, RoutingStudy)
    assert study.of("file") is None
    assert "mine is not judged, because it asks s2, which is no candidate here" in study.notes


def test_without_a_file_there_is_nothing(tmp_path) -> None:
    run = routed_run(tmp_path, SCORE, COST)
    analysis = analyse(run)
    assert file_routes(None, analysis.paid, analysis.weighed).choices == ()  # type: ignore[arg-type]  # nothing is judged
