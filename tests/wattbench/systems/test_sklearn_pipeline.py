"""A pipeline of scikit-learn as a system: it reads the input of a file's row, and answers with its class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from lm_eval.api.instance import Instance
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from wattbench.config import SklearnSystem, load_suite
from wattbench.errors import UserError
from wattbench.measure.code_to_run import code_to_run
from wattbench.measure.task_requests import task_context
from wattbench.systems import open_engine

pytestmark = pytest.mark.slow  # skops loads every part of scikit-learn, which loads PyTorch


def dump(texts: Sequence[str], labels: Sequence[str], classifier: Any, path: Path) -> None:
    import skops.io

    skops.io.dump(make_pipeline(CountVectorizer(), classifier).fit(texts, labels), path)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    rows = [*(f"the invoice {n},bills" for n in range(4)), *(f"it crashes {n},bugs" for n in range(4))]
    (tmp_path / "tickets.csv").write_text("my text,team\n" + "\n".join(rows) + "\n")
    texts, labels = zip(*(row.split(",") for row in rows), strict=True)
    dump(texts, labels, MultinomialNB(), tmp_path / "teams.skops")
    path = tmp_path / "suite.yaml"
    task = {"file": "tickets.csv", "input": "my text", "target": "team", "score": "label"}
    system = {"kind": "specialist", "engine": "sklearn", "model": "teams.skops"}
    path.write_text(
        yaml.safe_dump({"name": "t", "tasks": {"select": [task]}, "systems": {"define": {"teams": system}}})
    )
    return path


def test_it_reads_the_input_of_a_file_s_row_and_the_prompt_of_any_other_task(suite: Path) -> None:
    resolved = load_suite(str(suite))
    [choice], config = resolved.tasks, resolved.systems["teams"]
    assert code_to_run(resolved) == []
    context = task_context(resolved, choice, allow_unsafe_code=False)
    with open_engine("teams", config, batch=1, seed=0) as engine:
        requests = [request for each in context.requests(config.prompt, engine.lm).values() for request in each]
        other = Instance("generate_until", {"my text": "the invoice"}, ("it crashes", {}), 0)
        assert [reply.value for reply in engine.answer("generate_until", [other])] == ["bugs"]
        engine.begin_task(context)
        replies = engine.answer("generate_until", requests)
        assert [reply.value for reply in replies] == ["bills"] * 4 + ["bugs"] * 4
        facts = engine.facts()
        assert facts.weight_bytes == (suite.parent / "teams.skops").stat().st_size
        assert "skops" in facts.engine_version
        assert engine.parts() == {facts.weights_sha256: facts.weight_bytes}


def test_in_a_cascade_it_states_the_probability_of_its_class(suite: Path) -> None:
    config = load_suite(str(suite)).systems["teams"]
    request = Instance("generate_until", {}, ("the invoice", {}), 0)
    with open_engine("teams", config, batch=1, seed=0) as engine:
        [before] = engine.answer("generate_until", [request])
        engine.report_confidence()
        [after] = engine.answer("generate_until", [request])
    assert (before.value, before.confidence) == ("bills", None)
    import skops.io

    model = skops.io.load(suite.parent / "teams.skops")
    assert after.value == "bills"
    assert after.confidence == pytest.approx(math.log(model.predict_proba(["the invoice"])[0][0]))

    texts = ["the invoice", "it crashes"] * 4
    dump(texts, ["a", "b"] * 4, LinearSVC(), config.model)
    with (
        open_engine("teams", config, batch=1, seed=0) as engine,
        pytest.raises(UserError, match=r"system 'teams': .*teams.skops gives no probabilities .*Fit a classifier"),
    ):
        engine.report_confidence()


def test_what_it_cannot_do_is_said(suite: Path) -> None:
    config = load_suite(str(suite)).systems["teams"]
    with (
        open_engine("teams", config, batch=1, seed=0) as engine,
        pytest.raises(UserError, match="system 'teams': it generates, and has no likelihoods"),
    ):
        engine.answer("loglikelihood", [Instance("loglikelihood", {}, ("a", "b"), 0)])
    gone = SklearnSystem(kind="specialist", engine="sklearn", model=suite.parent / "gone.skops")
    with pytest.raises(UserError, match=r"system 'teams': .*: no such file"):
        open_engine("teams", gone, batch=1, seed=0)
