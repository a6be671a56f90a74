"""A text classifier: what it is fitted to, and that its scores are those of ridge regression, about probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench.errors import UserError
from wattbench.text_classifier import STRENGTHS, features_for, fit_labels, fit_scores, products, spread

TOPICS = {"sums": "add the numbers", "words": "spell the letters", "code": "write a function"}


def texts_of(items: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    labels = [list(TOPICS)[each % 3] for each in range(items)]
    return [f"{TOPICS[label]} {' '.join(f'w{w}' for w in rng.integers(0, 60, 6))}" for label in labels], labels


def test_labels_of_unseen_texts_are_found_with_scores_that_are_about_probabilities() -> None:
    rng = np.random.default_rng(1)
    model = fit_labels(*texts_of(150, rng))
    texts, labels = texts_of(90, rng)
    assert model.labels == ("code", "sums", "words")
    assert model.label(texts) == labels
    scores = model.scores(texts)
    assert scores.max(axis=1).min() > 0.6
    assert scores.sum(axis=1) == pytest.approx(np.ones(90), abs=0.05)


def test_where_labels_are_often_wrong_no_score_is_near_1() -> None:
    rng = np.random.default_rng(2)
    texts, labels = texts_of(600, rng)
    wrong = rng.random(600) < 0.4
    model = fit_labels(texts, np.where(wrong, rng.permutation(labels), labels).tolist())
    scores = model.scores(texts_of(90, rng)[0]).max(axis=1)
    assert scores.mean() == pytest.approx(1 - 0.4 * 2 / 3, abs=0.15)


def test_two_labels_are_the_least() -> None:
    with pytest.raises(UserError, match=r"texts of at least two members \(here: 1\)"):
        fit_labels(["a text"] * 6, ["a"] * 6)


def test_the_strength_is_that_with_the_least_error_on_texts_left_out() -> None:
    rng = np.random.default_rng(3)
    texts, labels = texts_of(60, rng)
    score = np.array([[label == "sums", label != "sums"] for label in labels], dtype=np.float64)
    chosen = fit_scores(texts, ["sums", "others"], score)

    def error(strength: float) -> float:
        left_out = 0.0
        for each in range(60):
            others = [*texts[:each], *texts[each + 1 :]]
            model = fit_scores(others, ["sums", "others"], np.delete(score, each, axis=0), strength)
            left_out += float(((model.scores([texts[each]])[0] - score[each]) ** 2).sum())
        return left_out

    best = min(STRENGTHS, key=error)
    assert chosen.coef == pytest.approx(fit_scores(texts, ["sums", "others"], score, best).coef)


def test_inner_products_are_in_units_of_the_spread() -> None:
    vectors = features_for(["words"]).matrix(texts_of(30, np.random.default_rng(4))[0])
    whole = vectors.toarray()
    assert spread(vectors) == pytest.approx(((whole - whole.mean(axis=0)) ** 2).sum() / 30)
    assert products(vectors) == pytest.approx(whole @ whole.T / spread(vectors))
    same = features_for(["words"]).matrix(["one text"] * 5)
    assert spread(same) == 1


def test_a_script_without_blanks_is_read_by_characters() -> None:
    assert features_for(["ordinary words with blanks"]).analyzer == "word"
    assert features_for(["没有空格的文字需要按字符来读才能比较两个请求"]).analyzer == "char_wb"
