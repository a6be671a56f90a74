"""A hybrid above a perfect router between the candidates is named, with the reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.routed import Routed, by_score, members, routed_run
from wattbench_reports.routing.model import RoutingStudy, WorthBuilding
from wattbench_reports.routing.study import routing_study
from wattbench_reports.wording.routing import routing_sentences


def studied(routed: Routed) -> RoutingStudy:
    found = call_on(routing_study, routed.again())
    assert isinstance(found, RoutingStudy)
    return found


def with_hybrid_right(routed: Routed) -> Routed:
    routed.table.loc[routed.table["system"] == "mixed", "correct"] = 1.0
    return routed


def test_a_hybrid_of_systems_that_did_not_run_is_above_the_ceiling(make_run) -> None:
    study = studied(with_hybrid_right(routed_run(make_run, by_score(0.3), systems=members()[:2])))
    clause = "mixed answers 100.0% of the same items correctly, because it asks c, which is not among these systems"
    assert study.ceiling.exceeded.startswith(clause)
    assert study.verdict.answer != WorthBuilding.NO
    assert (study.hybrid.name, study.hybrid.accuracy) == ("mixed", 1.0)
    assert any(clause in each for each in routing_sentences(study)["ceiling"])


def test_a_hybrid_of_systems_that_answered_otherwise_is_above_it_too(make_run) -> None:
    study = studied(with_hybrid_right(routed_run(make_run, by_score(0.3))))
    assert "because its members answered otherwise than alone" in study.ceiling.exceeded


@pytest.mark.slow
def test_a_hybrid_below_it_is_not_named(make_run) -> None:
    routed = routed_run(make_run, by_score(0.3))
    assert studied(routed).ceiling.exceeded == ""
    assert studied(routed).hybrid is not None
    # Nor is one that did not answer all of the items.
    routed = with_hybrid_right(routed)
    rows = np.flatnonzero(routed.table["system"] == "mixed")[:1]
    routed = dataclasses.replace(routed, table=routed.table.drop(index=rows))
    assert studied(routed).ceiling.exceeded == ""
    assert studied(routed).hybrid is None
