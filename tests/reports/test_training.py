"""What was trained, what it cost, and when that is saved."""

from __future__ import annotations

import math

import pytest

from reports.compare import analyse
from reports.panels.training import training_section
from reports.training import trainings


def tuned(fake, name: str = "tuned", kind: str = "specialist", **more):
    ledger = more.pop("ledger", None) or {name: fake.trained()}
    return fake.System(name, kind, **{"accuracy": 0.7, "energy_j": 2.0, "training": ledger, **more})


@pytest.fixture
def found(make_run, fake):
    """Systems in, the trainings and the section out."""

    def make(*systems, **settings):
        analysis = analyse(make_run(fake.Run(systems, **settings)))
        return trainings(analysis), training_section(analysis)

    return make


def rows(section, caption: str) -> list[list[str]]:
    (table,) = [t for p in section.passages for t in (*p.tables, *p.folded) if t.caption.startswith(caption)]
    return [[cell.text for cell in row] for row in table.rows]


def test_all_that_was_trained_is_summed(found, fake) -> None:
    ledger = {"one": fake.trained(100.0, teacher_tokens=7), "two": fake.trained(20.0)}
    carbon = {"intensity_g_per_kwh": 100.0, "pue": 1.5}
    ((training,), _) = found(fake.System("base"), tuned(fake, ledger=ledger), carbon=carbon)
    assert (training.energy_j, training.seconds, training.tokens, training.teacher_tokens) == (
        120.0,
        1080.0,
        360_000,
        7,
    )
    assert training.provenance == "counter"
    assert training.grams_co2e == pytest.approx(120.0 / 3.6e6 * 150)
    assert [step.name for step in training.steps] == ["one", "two"]


def test_break_even_is_the_outlay_over_what_is_saved(make_run, fake) -> None:
    analysis = analyse(make_run(fake.Run((fake.System("base", energy_j=16.0), tuned(fake)))))
    ((even,),) = (training.break_even for training in trainings(analysis))
    assert even.against == "base"
    assert even.payback is not None
    ours, theirs = (analysis.measured[name].j_per_correct.estimate for name in ("tuned", "base"))
    assert even.payback.answers.estimate == pytest.approx(3600.0 / (theirs - ours))
    assert 0 < even.payback.answers.low < even.payback.answers.estimate < even.payback.answers.high


def test_what_needs_more_joules_is_never_paid_back(found, fake) -> None:
    (training,), section = found(fake.System("base", energy_j=1.0), tuned(fake, energy_j=64.0))
    assert training.break_even[0].payback is not None
    assert math.isinf(training.break_even[0].payback.answers.estimate)
    (row,) = rows(section, "After how many")
    assert row[3:] == ["never", "under 1%"]


def test_joules_of_another_provenance_are_refused_and_it_is_said_why(found, fake) -> None:
    ledger = {"tuned": fake.trained(provenance="modelled")}
    (training,), section = found(fake.System("base"), tuned(fake, ledger=ledger))
    assert training.break_even[0].payback is None
    (row,) = rows(section, "After how many")
    assert row[3] == ("cannot be told: joules of different provenance (training modelled, tuned counter, base counter)")
    assert row[4] == "–"


@pytest.mark.parametrize(
    ("base", "own", "reason"),
    [
        ({"energy_j": None}, {}, "base has no joules"),
        ({}, {"invalid": ("throttled",)}, "the measured windows of tuned are not all valid"),
        ({"accuracy": 0.0}, {}, "nothing answered correctly by base"),
        ({}, {"unread": True}, "the joules of its training are not known"),
    ],
)
def test_why_there_is_no_figure(found, fake, base, own, reason: str) -> None:
    if own.pop("unread", False):
        own["ledger"] = {"tuned": fake.trained(None)}
    (training,), section = found(fake.System("base", **base), tuned(fake, **own))
    assert training.break_even[0].reason == reason
    assert rows(section, "After how many")[0][3] == f"cannot be told: {reason}"


def test_a_specialist_is_set_against_others_in_its_domain(found, fake) -> None:
    (training,), section = found(
        fake.System("base", energy_j=16.0), tuned(fake, accuracy=0.0, by_domain={"text": 0.9}, domain="text")
    )
    assert training.break_even[0].domain == "text"
    assert training.break_even[0].payback is not None
    assert training.break_even[0].payback.probability == 1.0
    assert rows(section, "After how many")[0][2] == "text"


def test_trained_generalists_and_yardsticks_are_nothing_to_break_even_with(found, fake) -> None:
    routes = {"arithmetic": ("tuned",), "text": ("tuned",)}
    ledger = {"tuned": fake.trained()}
    told = fake.System("told", "hybrid", members=("tuned",), routes=routes, router="oracle", training=ledger)
    all_found, section = found(tuned(fake, kind="generalist"), told)
    assert [training.system for training in all_found] == ["tuned"]
    assert all_found[0].break_even == ()
    assert "No generalist of this run is without a training: there is nothing to break even with." in (
        section.passages[0].sentences
    )


def test_what_is_shared_and_what_is_not_on_record_is_said(found, fake) -> None:
    ledger = {"tuned": fake.trained(), "mix": fake.trained()}
    _, section = found(
        fake.System("base"), tuned(fake), tuned(fake, "mix", "moe", ledger=ledger), fake.System("rules", "specialist")
    )
    said = section.passages[0].sentences
    assert said[0] == "No training is on record for rules: what that took is unknown, not nothing."
    assert said[1].startswith("tuned went into several systems and counts whole in each")
    assert "What the base itself took to train is in none of these figures, and is not known here." in section.lead
    assert [row[0] for row in rows(section, "Everything that was trained, each once (2)")] == ["tuned", "mix"]


def test_absent_where_nothing_was_trained(make_run, fake) -> None:
    assert training_section(analyse(make_run(fake.plain()))) is None
