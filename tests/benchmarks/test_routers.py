"""The code still gives the recorded rates of routers, in worlds that are as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.adversaries.figures import rate_of, read
from benchmarks.adversaries.router_worlds import Copies, RouterWorld, copied, made_up
from benchmarks.adversaries.routers import FOUND, WORLDS, WORTH
from wattbench_reports.routing.predictors import alike

RECORDED = read("routers")
WORLD = RouterWorld("test", 20_000, share=0.1, advantage=0.3)
AGAIN = ("shuffled answers, by domain, systems alike", "1 point by domain, 10 on a tenth",
         "8 of 400 items below what is required")  # fmt: skip


def test_the_worst_known_worlds_are_on_the_page() -> None:
    worst = {each.world: each.rate.share for each in RECORDED if each.claim == WORTH and not each.holds}
    assert min(worst.values()) > 0.05
    assert len(worst) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", AGAIN)
def test_the_code_gives_the_recorded_rate(name: str) -> None:
    world = next(each for each in WORLDS if each.name == name)
    outcomes = [world.run(seed) for seed in range(world.runs)]
    for rate in (each for each in RECORDED if each.world == name):
        again = rate_of(rate.claim, outcomes)
        assert again.share == pytest.approx(rate.rate.share, abs=0.011)  # another processor may round one run otherwise


@pytest.mark.slow
def test_a_world_with_a_gain_is_told_from_one_without() -> None:
    by_name = {each.name: each for each in WORLDS}
    found = [by_name["3 points by domain, 30 on a tenth"].run(seed)[FOUND][0] for seed in range(10)]
    alarms = [by_name["shuffled answers, by domain"].run(seed)[WORTH][0] for seed in range(10)]
    assert sum(found) >= 8
    assert sum(alarms) <= 1


def test_a_made_up_run_has_the_gain_that_it_says() -> None:
    answers = made_up(WORLD, 1).context.answers
    topic = answers.domain == answers.domains.index("topic 0")
    assert topic.mean() == pytest.approx(WORLD.share, abs=1e-3)
    assert (topic * (answers.score[:, 1] - answers.score[:, 0])).mean() == pytest.approx(WORLD.gain, abs=0.004)
    assert answers.score[:, 0].mean() == pytest.approx(0.65, abs=0.015)
    assert np.corrcoef(answers.score[:, 0], answers.score[:, 1])[0, 1] > 0.1, "hard items are hard for both"


def test_shuffling_leaves_nothing_that_tells() -> None:
    world = replace(WORLD, shuffled=True)
    answers = made_up(world, 1).context.answers
    topic = answers.domain == answers.domains.index("topic 0")
    ahead = answers.score[:, 1] - answers.score[:, 0]
    assert ahead[topic].mean() == pytest.approx(ahead[~topic].mean(), abs=0.05)
    assert world.gain == 0


def test_copies_are_recognised_unless_a_third_of_the_words_is_another() -> None:
    for kind, different in ((Copies("test"), 40), (Copies("test", replaced=8), 400)):
        run = copied(kind, 1)
        assert run.texts is not None
        assert run.context.answers.different == pytest.approx(different, abs=12)
        assert len(np.unique(alike(run.texts))) == run.context.answers.different
    assert copied(Copies("test", prompts=False), 1).context.answers.alike is None
