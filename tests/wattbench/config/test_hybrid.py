"""A hybrid in the suite file: the systems it names are found, and what cannot be one is said."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.made_up.suites import replaced, suite_of
from wattbench.config import HybridSystem, Resolved, System, resolved_from_record
from wattbench.config.loader import systems_as_measured
from wattbench.errors import UserError

SUITE = """
name: demo
tasks:
  select:
    - {task: sums, domain: arithmetic}
systems:
  include: [catalogue.yaml]
  select: [hybrid]
"""
CATALOGUE = """
systems:
  adder: {kind: specialist, engine: python, call: "./answers.py:add"}
  general: {kind: generalist, engine: lm_eval, model: dummy}
  reader: {kind: generalist, engine: lm_eval, model: dummy}
  hybrid:
    kind: hybrid
    engine: hybrid
    members: {arithmetic: adder, rest: general}
    router: {type: oracle}
    fallback: rest
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, *changes: tuple[str, str]) -> Resolved:
    (folder / "catalogue.yaml").write_text(replaced(CATALOGUE, *changes))
    return suite_of(SUITE, folder)


def test_its_systems_come_along_without_being_selected(folder: Path) -> None:
    resolved = load(folder)
    assert list(resolved.systems) == ["hybrid"]
    hybrid = resolved.systems["hybrid"]
    assert list(hybrid.pool) == hybrid.resident == ["adder", "general"]
    assert hybrid.pool["adder"].call == f"{folder / 'answers.py'}:add"


def test_the_systems_that_the_router_asks_are_loaded_too(folder: Path) -> None:
    reading = "{type: llm, reader: reader, prompt: '{question}', continuations: {arithmetic: a, rest: b}}"
    hybrid = load(folder, ("{type: oracle}", reading)).systems["hybrid"]
    assert hybrid.resident == list(hybrid.pool) == ["adder", "general", "reader"]


def test_a_run_s_record_holds_the_pool(folder: Path) -> None:
    resolved = load(folder)
    again = resolved_from_record(resolved.as_record())
    assert again.systems["hybrid"] == resolved.systems["hybrid"]
    assert again.sha256 == resolved.sha256


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rest: general}", "rest: genral}",
         "system 'hybrid': members: unknown system 'genral'; did you mean 'general'?"),
        ("rest: general}", "rest: hybrid}",
         "system 'hybrid': members: 'hybrid' is a hybrid itself; name its members"),
        ("fallback: rest", "fallback: general",
         "systems.hybrid: fallback: 'general' is not one of the members: arithmetic, rest"),
        ("fallback: rest", "pool: {adder: {kind: moe}}",
         "systems.hybrid.pool: pool is filled in from members; leave it out"),
        ("{type: oracle}", "{type: always, member: adder}",
         "systems.hybrid: member: 'adder' is not one of the members: arithmetic, rest"),
        ("{type: oracle}", "{type: cascade, order: [rest, law], min_confidence: -1}",
         "systems.hybrid: order: 'law' is not one of the members: arithmetic, rest"),
        ("{type: oracle}", "{type: cascade, order: [rest, rest], min_confidence: -1}",
         "systems.hybrid: order: a cascade asks each system once (here: general, general)"),
        ("{type: oracle}", "{type: cascade, order: [arithmetic, rest], min_confidence: -1, min_probability: 0.5}",
         "systems.hybrid.router: min_confidence, min_probability: name one of the two"),
        ("{type: oracle}", "{type: cascade, order: [arithmetic, rest], min_probability: 1.5}",
         "systems.hybrid.router.min_probability: input should be less than or equal to 1 (here: 1.5)"),
        ("{type: oracle}", "{type: llm, reader: reader, prompt: '{question}', continuations: {law: a, rest: b}}",
         "systems.hybrid: continuations: 'law' is not one of the members: arithmetic, rest"),
        ("{type: oracle}", "{type: llm, reader: raeder, prompt: '{question}', continuations: {arithmetic: a, rest: b}}",
         "system 'hybrid': members: unknown system 'raeder'; did you mean 'reader'?"),
        ("{type: oracle}\n    fallback: rest", "{type: classifier, model: r.npz, min_score: 0.5}",
         "systems.hybrid: fallback: missing; with min_score some requests go to it"),
        ("{type: oracle}\n    fallback: rest", "{type: predicted, model: r.npz, margin: 0.1}",
         "systems.hybrid: fallback: missing; it answers unless another member is better by more than the margin"),
        ("{type: oracle}", "{type: predicted, model: r.npz, worth: -1}",
         "systems.hybrid.router.worth: input should be greater than 0 (here: -1)"),
        ("{type: oracle}", "{type: predicted, model: r.npz, margin: .nan}",
         "systems.hybrid.router.margin: input should be a finite number (here: nan)"),
        ("{type: oracle}", "{type: orakel}",
         "systems.hybrid.router.type: no router 'orakel' is known here; did you mean 'oracle'?"),
        ("{type: oracle}", "{member: rest}",
         "systems.hybrid.router.type: missing; this key is required, and is one of: "
         "classifier, predicted, sklearn, python, llm, cascade, oracle, random, always"),
        ("{type: oracle}", "{type: always, membr: rest}",
         "systems.hybrid.router.membr: unknown key; did you mean 'member'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(folder: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        load(folder, (old, new))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_threshold_may_be_a_probability(folder: Path) -> None:
    cascade = "{type: cascade, order: [arithmetic, rest]"
    for settings, threshold in (
        ("min_probability: 0.5", math.log(0.5)), ("min_confidence: -0.2", -0.2), ("min_probability: 1", 0.0),
    ):  # fmt: skip
        router = load(folder, ("{type: oracle}", f"{cascade}, {settings}}}")).systems["hybrid"].router
        assert router.threshold == threshold
    assert load(folder, ("{type: oracle}", f"{cascade}}}")).systems["hybrid"].router.threshold is None


def test_settings_that_are_newer_than_a_suite_leave_its_hash_as_it_was() -> None:
    cascade = {"type": "cascade", "order": ["a", "b"], "min_confidence": -0.2}
    classifier = {"type": "classifier", "model": "r.npz"}
    before = {"h": {"router": cascade}, "i": {"router": classifier}}
    now = {"h": {"router": {**cascade, "min_probability": None}}, "i": {"router": {**classifier, "sees": "prompt"}}}
    assert systems_as_measured(now) == before
    other = {"h": {"router": {**cascade, "min_probability": 0.5}}, "i": {"router": {**classifier, "sees": "input"}}}
    assert systems_as_measured(other) == other


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    )
)
def test_no_router_makes_reading_fail_but_by_a_validation_error(router: object) -> None:
    data = {"kind": "hybrid", "engine": "hybrid", "members": {"a": "b"}, "router": router}
    with pytest.raises(ValueError, match="router"):
        TypeAdapter(System).validate_python(data)
    assert HybridSystem.model_validate(data | {"router": {"type": "random"}}).resident == ["b"]
