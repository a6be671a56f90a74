"""Rates of corrected figures: what they are held against, the worst worlds, and runs by their seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.adversaries import judged
from benchmarks.adversaries.figures import read
from wattbench_reports.stats.label_correction import TaskAnswers

RATE = {(rate.claim, rate.world): rate.rate.share for rate in read("judged")}


def test_an_opinion_rarely_holds_the_truth_and_flips_choices() -> None:
    assert RATE["judged-opinion", "biased judge, pass, 50 of 300 labelled"] < 0.05
    favoured = [rate for (claim, _), rate in RATE.items() if claim == "judged-opinion-flips"]
    assert min(favoured) > 0.5


def test_the_worst_worlds_are_published() -> None:
    """Labels that are not drawn at random, and labels that are wrong: no correction holds then."""
    assert RATE["judged-interval", "easy answers labelled first, biased judge, 1..5"] < 0.93
    assert RATE["judged-interval", "10% of labels by lot, 500 of 2000 labelled"] < 0.93


@pytest.mark.parametrize("scale", ["pass", "1..5", "pair"])
def test_people_and_the_judge_say_in_the_long_run_what_they_are_made_to(scale: judged.Scale) -> None:
    setup = judged.Setup("good", scale, items=40_000, favour=judged.FAVOUR, behind=0.05)
    run = judged.simulated(setup, np.random.default_rng(1))
    assert run.labels.mean(axis=(0, 2)) == pytest.approx(run.truth, abs=0.01)
    gaps = (run.verdicts - run.labels).mean(axis=(0, 2))
    assert gaps == pytest.approx([judged.FAVOUR, 0], abs=0.01)
    assert run.truth[0] < run.truth[1]


def labelled(setup: judged.Setup) -> TaskAnswers:
    rng = np.random.default_rng(2)
    return judged.labelled(setup, judged.simulated(setup, rng), rng)


def test_labels_are_of_the_same_items_of_all_systems() -> None:
    answers = labelled(judged.Setup("biased", labels=(50, 20)))
    of = [set(answers.items[answers.known & (answers.systems == each)].tolist()) for each in (0, 1)]
    assert of[1] < of[0]
    assert [len(each) for each in of] == [50, 20]


def test_labels_by_verdict_have_the_chances_that_are_said() -> None:
    answers = labelled(judged.Setup("biased", labels=(60, 60), drawn="by verdict"))
    assert answers.weights.sum() == pytest.approx(len(answers.labels))
    assert len(np.unique(answers.weights[answers.known])) > 2


@pytest.mark.parametrize("world", judged.WORLDS[::9], ids=lambda world: world.name)
def test_a_run_of_a_world_is_what_it_was(world: judged.World) -> None:
    outcomes = world.run(0)
    assert outcomes == world.run(0)
    assert all(0 <= hits <= chances for hits, chances in outcomes.values())
