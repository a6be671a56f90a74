"""The table of docs/routing.md is that of the recorded figures, which the code still gives, and is right."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.routing import __main__ as command
from benchmarks.routing.document import DOCUMENT, LEAST_POWER, MOST_ALARMS, PLACE, tables, with_tables
from benchmarks.routing.figures import FIRST, RUNS, RUNS_BY_WORDS, calibration, read
from benchmarks.routing.judge import judged
from benchmarks.routing.worlds import PLANTED, SHUFFLED, WORLDS, made_up
from benchmarks.shares import Share

RECORDED = read()
BY_DOMAIN = [kind for kind in RECORDED.kinds if kind.world.startswith("by domain")]


def test_the_page_has_the_recorded_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text, RECORDED) == text, "tox -e calibration writes docs/routing.md and the figures together"


def test_every_kind_is_recorded() -> None:
    kinds = [(kind.world, kind.shuffled, kind.items) for kind in RECORDED.kinds]
    assert kinds == [(world.name, world.shuffled, world.items) for world in WORLDS]
    assert all(len(kind.first) == FIRST for kind in RECORDED.kinds)
    for kind in RECORDED.kinds:
        assert kind.runs >= (RUNS if kind in BY_DOMAIN else RUNS_BY_WORDS), "recorded of a trial run"


def test_shuffled_answers_are_rarely_called_worth_building() -> None:
    for kind in RECORDED.kinds:
        if kind.shuffled:
            assert kind.worth_building.share <= MOST_ALARMS, kind.world


def test_planted_gains_on_record_as_domains_are_found() -> None:
    for kind in BY_DOMAIN:
        if not kind.shuffled:
            assert kind.worth_building.share >= LEAST_POWER, kind.world


def test_no_router_was_above_the_ceiling() -> None:
    assert all(kind.above_ceiling == 0 < kind.judged for kind in RECORDED.kinds)


@pytest.mark.simulation
@pytest.mark.parametrize("kind", BY_DOMAIN, ids=lambda kind: f"{kind.world}, {kind.shuffled}")
def test_the_code_gives_the_recorded_runs(kind) -> None:
    world = next(each for each in WORLDS if (each.name, each.shuffled) == (kind.world, kind.shuffled))
    for number, recorded in enumerate(kind.first):
        result = asdict(judged(world, number))
        for name, value in asdict(recorded).items():
            assert result[name] == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), name


def test_a_made_up_run_has_the_gain_that_it_says() -> None:
    world = replace(PLANTED[0], items=20_000)
    run = made_up(world, 1)
    answers = run.context.answers
    own = answers.domain == answers.domains.index("topic 0")
    assert own.mean() == pytest.approx(world.share, abs=1e-3)
    gain = own * (answers.score[:, 1] - answers.score[:, 0])
    assert gain.mean() == pytest.approx(world.gain, abs=0.004)
    assert answers.score[:, 0].mean() == pytest.approx(0.65, abs=0.015)
    assert np.corrcoef(answers.score[:, 0], answers.score[:, 1])[0, 1] > 0.1, "hard items are hard for both"


def test_shuffling_leaves_nothing_that_tells() -> None:
    world = replace(SHUFFLED[0], items=20_000)
    answers = made_up(world, 1).context.answers
    own = answers.domain == answers.domains.index("topic 0")
    ahead = answers.score[:, 1] - answers.score[:, 0]
    assert ahead[own].mean() == pytest.approx(ahead[~own].mean(), abs=0.05)
    assert world.gain == 0


def test_requests_tell_the_topic() -> None:
    world = replace(PLANTED[2], items=200)
    run = made_up(world, 1)
    assert run.texts is not None
    assert run.context.answers.domains == ("all",)
    assert len(set(run.texts)) == 200
    assert made_up(world, 1).texts == run.texts != made_up(world, 2).texts


def test_what_is_beyond_a_limit_is_bold() -> None:
    shuffled, planted = RECORDED.kinds[0], RECORDED.kinds[-1]
    for kind, share, bold in [
        (shuffled, 0.051, True), (shuffled, 0.05, False), (planted, 0.79, True), (planted, 0.8, False),
    ]:  # fmt: skip
        text = tables(replace(RECORDED, kinds=(replace(kind, worth_building=Share(share, 0.01)),)))
        assert (f"**{Share(share, 0.01).text()}**" in text) is bold
    assert "**3 of" in tables(replace(RECORDED, kinds=(replace(shuffled, above_ceiling=3),)))


@pytest.mark.simulation
def test_the_command_writes_figures_and_page(tmp_path: Path, monkeypatch, capsys) -> None:
    figures, page = tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text(f"before\n{PLACE.begin}{PLACE.end}after\n")
    few = [replace(SHUFFLED[0], items=200), replace(PLANTED[2], items=120)]
    monkeypatch.setattr(command, "FIGURES", figures)
    monkeypatch.setattr(command, "DOCUMENT", page)
    monkeypatch.setattr(command, "calibration", lambda *each: calibration(*each, worlds=few))
    command.main(["--runs", "2", "2", "--processes", "1", "--print"])
    assert not figures.exists()
    printed = capsys.readouterr().out
    command.main(["--runs", "2", "2", "--processes", "2"])
    assert page.read_text() == f"before\n{PLACE.begin}{tables(read(figures))}{PLACE.end}after\n"
    assert printed.rstrip() == tables(read(figures)).rstrip(), "the number of processes changes no figure"
