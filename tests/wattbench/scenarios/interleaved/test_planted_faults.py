"""Planted regressions are of the size that was asked for, and of no other kind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import pytest
from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.scenarios.interleaved.planted_faults import Plant, planted
from wattbench.systems import Facts, Reply
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD

pytestmark = [pytest.mark.slow, pytest.mark.alone]

TAKES_S = 0.02


class Streaming(MadeUpEngine):
    """Takes 20 ms for each request, and says when its tokens came."""

    lm = None
    concurrent = True

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.closed = False

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        replies = []
        for request in requests:
            self.asked[int(request.doc_id)] += 1
            started_s = now_s()
            time.sleep(TAKES_S)
            replies.append(
                Reply(
                    "yes",
                    (started_s + TAKES_S / 2, started_s + TAKES_S),
                    started_s + TAKES_S,
                    prompt_tokens=3,
                    output_tokens=2,
                )
            )
        return replies

    def facts(self) -> Facts:
        return Facts(weights_sha256="w")

    def close(self) -> None:
        self.closed = True


def request(doc_id: int, kind: str = GENERATE) -> Instance:
    return Instance(kind, {}, ("?", {}), 0, ("t", doc_id, 1))


def test_a_delay_stretches_every_stamp_from_when_it_was_sent() -> None:
    engine = planted(Streaming(), Plant(delay=0.5))
    started_s = now_s()
    [reply] = engine.answer(GENERATE, [request(0)])
    took_s = now_s() - started_s
    assert took_s >= 1.5 * TAKES_S  # it really waited
    assert reply.finished_s - started_s == pytest.approx(1.5 * TAKES_S, rel=0.1)
    assert reply.token_s[0] - started_s == pytest.approx(1.5 * TAKES_S / 2, rel=0.1)
    assert reply.finished_s <= started_s + took_s
    assert (reply.value, reply.prompt_tokens, reply.output_tokens) == ("yes", 3, 2)


def test_a_delay_plants_no_work_and_loses_no_answer() -> None:
    inner = Streaming()
    replies = planted(inner, Plant(delay=0.1)).answer(GENERATE, [request(each) for each in range(4)])
    assert [reply.value for reply in replies] == ["yes"] * 4
    assert set(inner.asked.values()) == {1}


@pytest.mark.parametrize("batch", [1, 3])
def test_work_asks_a_share_of_the_requests_again_however_they_are_batched(batch: int) -> None:
    inner = Streaming()
    engine = planted(inner, Plant(work=0.25))
    for start in range(0, 12, batch):
        engine.answer(GENERATE, [request(each) for each in range(start, start + batch)])
    assert inner.asked == Counter({each: 2 if each % 4 == 3 else 1 for each in range(12)})


def test_work_of_more_than_all_asks_everything_again_and_some_twice() -> None:
    inner = Streaming()
    planted(inner, Plant(work=1.5)).answer(GENERATE, [request(each) for each in range(4)])
    assert inner.asked == Counter({0: 2, 1: 3, 2: 2, 3: 3})


def test_what_is_asked_again_ends_later() -> None:
    engine = planted(Streaming(), Plant(work=0.5))
    started_s = now_s()
    first, again = engine.answer(GENERATE, [request(0), request(1)])
    assert first.finished_s - started_s < 2 * TAKES_S
    assert again.finished_s - started_s >= 3 * TAKES_S


def test_dropped_answers_are_of_the_same_documents_each_time() -> None:
    def dropped(seed: int) -> list[int]:
        engine = planted(Quick(), Plant(drop=0.3), seed=seed)
        return [each for each in range(1000) if engine.answer(GENERATE, [request(each)])[0].value == ""]

    assert dropped(1) == dropped(1) != dropped(2)
    assert 250 < len(dropped(1)) < 350  # 3.5 standard deviations


class Quick(Streaming):
    """Takes no time."""

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        return [Reply("yes") for _ in requests]


def test_likelihoods_cannot_be_dropped() -> None:
    with pytest.raises(UserError, match="this task asks for likelihoods: use delay or work"):
        planted(Quick(), Plant(drop=0.3)).answer(LOGLIKELIHOOD, [request(0, LOGLIKELIHOOD)])


def test_it_is_still_the_system_that_it_wraps() -> None:
    inner = Streaming()
    engine = planted(inner, Plant(delay=0.1))
    assert engine.facts() == inner.facts()
    assert engine.concurrent
    with engine:
        pass
    assert inner.closed


def test_it_is_read_from_words() -> None:
    assert Plant.parse([]) is None
    assert Plant.parse(["delay=20%", "work=0.1"]) == Plant(delay=0.2, work=0.1)
    assert Plant.parse(["drop=5%"]).as_record() == {"drop": 0.05}


def test_a_trade_between_tasks_is_read_from_words_and_divided_between_the_systems() -> None:
    plant = Plant.parse(["drop@sums=20%", "gain@more=0.1", "delay=5%"])
    assert plant == Plant(delay=0.05, drop_in={"sums": 0.2}, gain_in={"more": 0.1})
    assert plant.as_record() == {"delay": 0.05, "drop@sums": 0.2, "gain@more": 0.1}
    assert Plant.of_record(plant.as_record()) == plant
    assert plant.of_side("candidate") == Plant(delay=0.05, drop_in={"sums": 0.2})
    assert plant.of_side("baseline") == Plant(drop_in={"more": 0.1})
    plant.check_tasks(["sums", "more"])
    with pytest.raises(UserError, match="no task 'more'"):
        plant.check_tasks(["sums", "mole"])


def test_a_drop_of_one_task_leaves_the_others_alone() -> None:
    engine = planted(Quick(), Plant(drop_in={"t": 0.3}))
    lost = {
        task: sum(
            engine.answer(GENERATE, [Instance(GENERATE, {}, ("?", {}), 0, (task, each, 1))])[0].value == ""
            for each in range(400)
        )
        for task in ("t", "u")
    }
    assert 83 < lost["t"] < 157  # 4 standard deviations
    assert lost["u"] == 0


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("delai=20%", "did you mean 'delay'"),
        ("delay", "write delay=20%, drop=5% or work=10%"),
        ("delay@sums=5%", "for one task drop@TASK=5%"),
        ("gain=5%", "for one task drop@TASK=5% or gain@TASK=5%"),
        ("drop@sums=150%", "more than 0 and at most 100%"),
        ("delay=-20%", "write delay=20%"),
        ("delay=0%", "more than 0 and at most 1000%"),
        ("drop=120%", "more than 0 and at most 100%"),
    ],
)
def test_what_cannot_be_planted_is_refused(told: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        Plant.parse([told])
