"""How each router chooses; and what holds for all: whoever is asked, replies come in order, in one call per member."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from wattbench.config import Router as RouterConfig
from wattbench.errors import UserError
from wattbench.routers import Attempt, Question, Router, Setup, open_router, router_class
from wattbench.routers.llm import softmax
from wattbench.text_classifier import TextClassifier, TextFeatures, fit_labels, save_classifier

MEMBERS = {"arithmetic": "adder", "text": "speller", "rest": "generalist"}


class Readers:
    """A reader for whom words are the likelier the more often their first letter is in the prompt."""

    def __init__(self) -> None:
        self.calls: list[list[tuple[str, str]]] = []

    def __call__(self, system: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
        assert system == "reader"
        self.calls.append(list(pairs))
        return [float(prompt.count(words[0])) for prompt, words in pairs]


class Systems:
    """Systems that answer with their name and the question's key, and are as sure as they are told."""

    def __init__(self, confidence: dict[str, float | None] | None = None) -> None:
        self.confidence = confidence or {}
        self.calls: list[tuple[str, list[Any]]] = []

    def __call__(self, system: str, questions: Sequence[Question]) -> list[Attempt[str]]:
        self.calls.append((system, [question.key for question in questions]))
        return [
            Attempt(f"{system} on {question.key}", self.confidence.get(question.text, self.confidence.get(system)))
            for question in questions
        ]


def router(readers: Any = None, *, fallback: str | None = None, seed: int = 1, **config: Any) -> Router:
    parsed = TypeAdapter(RouterConfig).validate_python(config)
    return open_router(parsed, Setup("system 'h': router", MEMBERS, fallback, seed, readers or Readers()))


def questions(*texts: str, domain: str | None = None) -> list[Question]:
    return [Question(text, domain, key) for key, text in enumerate(texts)]


def chosen(one: Router, *texts: str, domain: str | None = None) -> list[str]:
    return [routed.systems[-1] for routed in one.route(questions(*texts, domain=domain), Systems())]


def test_always_asks_the_same() -> None:
    assert chosen(router(type="always", member="text"), "a", "b") == ["speller", "speller"]


def test_the_oracle_asks_the_domains_own_member_or_the_fallback() -> None:
    assert chosen(router(type="oracle"), "a", domain="text") == ["speller"]
    assert chosen(router(type="oracle", fallback="rest"), "a", domain="law") == ["generalist"]
    with pytest.raises(UserError, match=r"the router chose no member \(domain 'law'.*Name a member with fallback:"):
        chosen(router(type="oracle"), "a", domain="law")


def test_chance_is_even_and_the_same_again() -> None:
    texts = [f"question {number} {{\ud800" for number in range(600)]
    first = chosen(router(type="random"), *texts)
    assert min(Counter(first).values()) > 150
    assert set(first) == set(MEMBERS.values())
    # As after a resume: in other batches, another process, whatever came before.
    assert [chosen(router(type="random"), text)[0] for text in reversed(texts)][::-1] == first
    assert chosen(router(type="random", seed=2), *texts) != first


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("router") / "router.npz"
    texts = [f"what is {n} plus {n + 1}" for n in range(20)] + [f"spell the word {chr(97 + n)}at" for n in range(20)]
    save_classifier(path, fit_labels(texts, ["arithmetic"] * 20 + ["text"] * 20))
    return path


def test_the_classifier_reads(classifier: Path) -> None:
    one = router(type="classifier", model=classifier)
    routed = one.route(questions("what is 7 plus 9", "spell the word dog"), Systems())
    assert [each.systems for each in routed] == [("adder",), ("speller",)]
    assert all(each.score > 0.8 for each in routed)
    assert list(one.parts.values()) == [classifier.stat().st_size]
    assert one.version.startswith("scikit-learn ")


def test_below_the_least_score_the_fallback_answers(classifier: Path) -> None:
    unsure = router(type="classifier", model=classifier, min_score=0.8, fallback="rest")
    assert chosen(unsure, "what is 7 plus 9", "xylophone") == ["adder", "generalist"]


def test_a_classifier_of_other_labels_is_refused(classifier: Path) -> None:
    config = TypeAdapter(RouterConfig).validate_python({"type": "classifier", "model": classifier})
    for members in ({"arithmetic": "adder"}, {"arithmetic": "adder", "spelling": "speller"}):
        with pytest.raises(UserError, match=r"members 'arithmetic', 'text', and 'text' is not among the members: "):
            router_class("classifier").check("system 'h': router", config, members)
    router_class("classifier").check("system 'h': router", config, MEMBERS)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The adder is right where there is a plus, the generalist, at four times the cost, in three quarters of cases."""
    path, words = tmp_path_factory.mktemp("router") / "router.npz", TextFeatures(ngram_range=(1, 1))
    plus = words.matrix(["plus"]).toarray()[0] * np.sqrt(2)  # of the two words of "plus nine"
    model = TextClassifier(("arithmetic", "rest"), words, np.array([plus, 0 * plus]), np.array([0.0, 0.75]))
    save_classifier(path, model, np.array([1.0, 4.0]))
    return path


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["adder", "generalist"]),  # 1 against .75, and 0 against .75
        ({"margin": 0.2}, ["adder", "generalist"]),
        ({"margin": 0.3}, ["generalist", "generalist"]),
        ({"worth": 8.0}, ["adder", "generalist"]),  # .25 + 3/8, and -.75 + 3/8
        ({"worth": 8.0, "margin": 0.7}, ["generalist", "generalist"]),
        ({"worth": 2.0}, ["adder", "adder"]),  # and -.75 + 3/2
        ({"worth": 2.0, "margin": 0.75}, ["adder", "generalist"]),  # at the margin the fallback answers
    ],
)
def test_another_member_answers_where_it_is_better_by_more_than_the_margin(
    scores: Path, settings: dict[str, float], expected: list[str]
) -> None:
    one = router(type="predicted", model=scores, fallback="rest", **settings)
    assert chosen(one, "plus nine", "spell the word dog") == expected
    assert list(one.parts.values()) == [scores.stat().st_size]
    [routed] = one.route(questions("plus nine"), Systems())
    worth = settings.get("worth")
    assert routed.score == pytest.approx(0.25 + (0.0 if worth is None else 3 / worth))


def test_a_router_of_other_members_is_refused(scores: Path) -> None:
    config = TypeAdapter(RouterConfig).validate_python({"type": "predicted", "model": scores})
    with pytest.raises(UserError, match=r"members 'arithmetic', 'rest', and 'arithmetic' is not among the members: "):
        router_class("predicted").check("system 'h': router", config, {"rest": "generalist"})
    with pytest.raises(UserError, match=r"predicts nothing of the fallback 'text'; name one of arithmetic, rest"):
        router(type="predicted", model=scores, fallback="text")
    router_class("predicted").check("system 'h': router", config, MEMBERS)


READING = {
    "type": "llm",
    "reader": "reader",
    "prompt": "{question}?",
    "continuations": {"arithmetic": "arithmetic", "text": "text"},
}


def test_the_reader_is_asked_for_every_label_relative_to_no_question() -> None:
    readers = Readers()
    one = router(readers, **(READING | {"prompt": "tt{question}{braces}?"}))  # t is likely whatever is asked
    (routed,) = one.route(questions("{aaa} t"), Systems())
    assert routed.systems == ("adder",)
    # gains: a 4 - 1 (there is one in "braces" as well), t 3 - 2
    assert routed.score == pytest.approx(math.exp(3) / (math.exp(3) + math.exp(1)))
    assert readers.calls == [
        [("ttN/A{braces}?", "arithmetic"), ("ttN/A{braces}?", "text")],
        [("tt{aaa} t{braces}?", "arithmetic"), ("tt{aaa} t{braces}?", "text")],
    ]
    one.route(questions("a", "t"), Systems())
    assert [len(call) for call in readers.calls] == [2, 2, 4]  # the empty question once, a batch in one call


def test_an_unsure_reader_leaves_it_to_the_fallback() -> None:
    one = router(fallback="rest", **(READING | {"min_score": 0.6}))
    assert chosen(one, "at", "aat", "att") == ["generalist", "adder", "speller"]
    nowhere = router(lambda system, pairs: [-math.inf] * len(pairs), fallback="rest", **READING)
    assert chosen(nowhere, "a") == ["generalist"]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=6))
def test_shares_sum_to_one_whatever_the_likelihoods(values: list[float]) -> None:
    shares = softmax(values)
    if shares is None:
        assert not any(map(math.isfinite, values))
    else:
        assert sum(shares) == pytest.approx(1)
        assert all(share == 0 for share, value in zip(shares, values, strict=True) if not math.isfinite(value))


CASCADE = {"type": "cascade", "order": ["text", "arithmetic", "rest"], "min_confidence": -0.5}


def test_a_cascade_asks_the_next_where_the_answer_was_unsure() -> None:
    # Each system is as sure of "easy" as it can be; only the second is sure of the rest.
    systems = Systems({"easy": -0.1, "speller": -0.9, "adder": -0.5, "silent": None})
    easy, middling, silent = router(**CASCADE).route(questions("easy", "middling", "silent"), systems)
    assert easy.systems == ("speller",)
    assert middling.systems == ("speller", "adder")
    assert silent.systems == ("speller", "adder", "generalist")  # who does not tell is not sure
    assert [attempt.answer for attempt in middling.attempts] == ["speller on 1", "adder on 1"]
    assert [each.score for each in (easy, middling, silent)] == [-0.1, -0.5, None]
    assert easy.router_s == 0
    assert 0 < middling.router_s < silent.router_s
    assert systems.calls == [("speller", [0, 1, 2]), ("adder", [1, 2]), ("generalist", [2])]


def test_the_last_of_a_cascade_is_accepted_with_the_doubt_that_led_to_it() -> None:
    (routed,) = router(**CASCADE).route(questions("hard"), Systems({"hard": -2.0}))
    assert routed.systems == ("speller", "adder", "generalist")
    assert routed.score == -2.0


confidences = st.one_of(st.none(), st.floats(-2, 0))


@given(
    texts=st.lists(st.sampled_from([f"question {n}" for n in range(12)]), max_size=12),
    sure=st.dictionaries(st.sampled_from([f"question {n}" for n in range(12)]), confidences),
    config=st.sampled_from([{"type": "random"}, {"type": "oracle"}, CASCADE, READING]),
    seed=st.integers(0, 3),
)
def test_replies_are_in_order_and_each_system_is_asked_once(
    texts: list[str], sure: dict[str, float | None], config: dict[str, Any], seed: int
) -> None:
    systems = Systems(sure)
    one = router(fallback="rest", seed=seed, **config)
    routed = one.route(questions(*texts), systems)
    assert [each.attempts[-1].answer for each in routed] == [f"{r.systems[-1]} on {n}" for n, r in enumerate(routed)]
    assert all(len(each.attempts) == len(each.systems) for each in routed)
    assert all(each.router_s >= 0 for each in routed)
    assert max(Counter(system for system, _ in systems.calls).values(), default=0) <= 1
    # A question alone is routed as it is among others.
    assert [one.route([q], Systems(sure))[0].systems for q in questions(*texts)] == [each.systems for each in routed]
