"""The tables of simulated gates are those of the recorded figures, and the code still gives these."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gates import __main__ as command
from benchmarks.gates.document import FOUND, MOST_FAIL, MOST_PASS, NEAR, PLACE, tables, with_tables
from benchmarks.gates.figures import FIRST, as_json, label, read, simulated
from benchmarks.gates.fixed_size import fixed_size
from benchmarks.gates.kinds import KINDS, Truth
from benchmarks.gates.policies import POLICIES
from benchmarks.gates.simulate import Outcome, evidence_of, gate, rounds_of, until_known
from benchmarks.shares import Share
from benchmarks.written_tables import DOCUMENT
from wattbench_reports.gate.decision.judge import known

RECORDED = read()
BEYOND = {"longer on 2% × 6; 200 items": 0.15, "equal; each wanders by 3% over 60 s": 0.75}
"""Kinds that are beyond a limit, which the page says in bold, with a limit that holds them where they are."""


def test_the_page_has_the_recorded_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text, RECORDED) == text, "tox -e calibration writes docs/methodology.md and the figures together"


def test_every_kind_is_recorded() -> None:
    assert [each.kind for each in RECORDED.rates] == [label(kind) for kind in KINDS]
    assert len({label(kind) for kind in KINDS}) == len(KINDS)
    assert all(each.gates >= 250 and len(each.first) == FIRST for each in RECORDED.rates), "recorded of a trial run"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=label)
def test_the_code_gives_the_recorded_gates(kind) -> None:
    for number, recorded in enumerate(RECORDED.of(kind).first):
        found = gate(kind, number)
        assert replace(found, detects=recorded.detects) == recorded
        # Another processor's logarithm may differ in its last digit.
        assert found.detects == pytest.approx(recorded.detects, rel=1e-9)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.truth is Truth.NO_WORSE], ids=label)
def test_what_is_no_worse_fails_as_seldom_as_promised(kind) -> None:
    assert RECORDED.of(kind).regressed.share <= MOST_FAIL


def beyond_chance(most: float) -> float:
    """Return a limit plus two standard errors of a share that is exactly at it."""
    return most + 2 * np.sqrt(most * (1 - most) / RECORDED.rates[0].gates)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.truth is Truth.AT_THE_MARGIN], ids=label)
def test_what_is_worse_by_the_margin_passes_as_seldom_as_promised(kind) -> None:
    assert RECORDED.of(kind).passed.share <= BEYOND.get(kind.name, beyond_chance(MOST_PASS))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.stated], ids=label)
def test_what_is_stated_to_be_found_is_found(kind) -> None:
    for each in RECORDED.of(kind).stated:
        assert BEYOND.get(kind.name, FOUND - NEAR - 2 * each.found.error) <= each.found.share, each


def test_the_default_policy_decides_most_gates_of_equal_systems() -> None:
    for kind in KINDS:
        if kind.policy == "default":
            assert RECORDED.of(kind).passed.share >= (0.75 if kind.world.items > 100 else 0.4), kind.name


def test_figures_are_shares_of_gates_and_are_read_back(tmp_path: Path) -> None:
    outcomes = [
        Outcome("regressed", 40, False, ("latency_mean", "accuracy")),
        Outcome("regressed", 20, False, ("latency_mean",)),
        Outcome("passed", 100, False, (), {"accuracy": 0.1}),
        Outcome("inconclusive", 1200, True, ()),
    ]
    kind = next(kind for kind in KINDS if kind.truth is Truth.NO_WORSE and not kind.stated)
    found = simulated(4, [kind], each=lambda _, numbers: [outcomes[number] for number in numbers])
    rates = found.of(kind)
    assert [rates.regressed.share, rates.passed.share, rates.inconclusive.share] == [0.5, 0.25, 0.25]
    assert rates.items[0] == 70.0
    assert rates.futile.share == 0.25
    assert rates.first == tuple(outcomes[:FIRST])
    (tmp_path / "figures.json").write_text(as_json(found))
    assert read(tmp_path / "figures.json") == found


@pytest.mark.parametrize("policy", POLICIES)
def test_rounds_evaluated_ahead_change_nothing(policy: str) -> None:
    """A gate that runs asks after each round, and knows nothing of those to come."""
    kind = next(kind for kind in KINDS if kind.policy == policy)
    every = rounds_of(kind, 0)
    rounds = every[: 1 + int(np.searchsorted(np.cumsum([each.items for each in every]), 130))]
    ends = range(1, len(rounds) + 1)
    end = next((end for end in ends if known(evidence_of(rounds[:end], kind.world), POLICIES[policy])), None)
    at_once = until_known(rounds, POLICIES[policy], kind.world)
    if end is None:
        assert at_once.verdict == "inconclusive"
    else:
        assert at_once.items == sum(each.items for each in rounds[:end])


@pytest.mark.slow
def test_the_command_writes_figures_and_page(tmp_path: Path, monkeypatch, capsys) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text(f"before\n{PLACE.begin}{PLACE.end}after\n")
    monkeypatch.setattr(command, "FIGURES", figures)
    monkeypatch.setattr(command, "DOCUMENT", page)
    kinds = [next(kind for kind in KINDS if kind.truth is truth and not kind.stated) for truth in Truth]
    monkeypatch.setattr(command, "KINDS", kinds)
    command.main(["--gates", "1", "--processes", "1", "--print"])
    assert not figures.exists()
    printed = capsys.readouterr().out
    command.main(["--gates", "1", "--processes", "2"])
    assert page.read_text() == f"before\n{PLACE.begin}{tables(read(figures))}{PLACE.end}after\n"
    assert printed.rstrip() == tables(read(figures)).rstrip(), "the number of processes changes no figure"


def test_a_figure_beyond_its_limit_is_bold() -> None:
    first = next(number for number, kind in enumerate(KINDS) if kind.truth is Truth.NO_WORSE)
    rates = list(RECORDED.rates)
    rates[first] = replace(rates[first], regressed=Share(0.0501, 0.005))
    bold = tables(replace(RECORDED, rates=tuple(rates)))
    assert f"| {KINDS[first].name} | {KINDS[first].policy} | **5.0 ± 0.5%** |" in bold
    rates[first] = replace(rates[first], regressed=Share(0.05, 0.005))
    assert f"| {KINDS[first].name} | {KINDS[first].policy} | 5.0 ± 0.5% |" in tables(
        replace(RECORDED, rates=tuple(rates))
    )


def test_each_kind_is_a_row() -> None:
    rows = re.findall(r"^\| (.*?) \|", tables(RECORDED), re.MULTILINE)
    assert all(kind.name in rows for kind in KINDS)


@pytest.mark.slow
def test_a_fixed_size_test_needs_more_items_of_noisier_systems() -> None:
    still, wanders = (
        fixed_size(next(kind for kind in KINDS if kind.name == name))
        for name in ("equal; still", "equal; each wanders by 10% over 30 s")
    )
    assert still.items["latency_mean"] < wanders.items["latency_mean"]
    assert still.items["accuracy"] == pytest.approx(wanders.items["accuracy"], rel=0.5)
