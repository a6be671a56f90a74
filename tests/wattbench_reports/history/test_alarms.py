"""What the last night raises: changes of level for the worse that it is the first to show."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

<<<<<<< HEAD
from tests.made_up.history_of_figures import day, history_of
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy, Rule, Waiver
from wattbench_reports.history import Alarm, alarms

NIGHTS, AT = 46, 40
=======
from tests.made_up.nights_on_disk import Step, make_history
from wattbench.config import GatePolicy
from wattbench_reports.gate.policy import DEFAULT_POLICY, NIGHT_POLICY, Policy, Rule, Waiver, policy_of
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import Alarm, Drift, History, alarms, drift, load_history

Maker = Callable[..., History]
NOTHING = Drift(NIGHT_POLICY)
>>>>>>> gate-turns
WAIVER = Waiver("latency_p50", "known", datetime.date(2027, 1, 1))


def stepped(by: float, count: int = NIGHTS, at: int = AT, seed: int = 1) -> np.ndarray:
    figures = 0.5 * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, count))
    figures[at:] *= 1 + by
    return figures


<<<<<<< HEAD
def raised(metric: str, figures: np.ndarray, policy: Policy = NIGHT_POLICY, **more: Any) -> dict[int, list[Alarm]]:
    """The alarms of each night since the step, by its number from 1; nights without one are left out."""
    nights = {
        count: list(alarms(history_of({("a", "text", metric): figures[:count]}, **more), policy))
        for count in range(AT, len(figures) + 1)
    }
    return {count: own for count, own in nights.items() if own}
=======
def raised(make: Maker, metric: str, figures: np.ndarray, policy: Policy = NIGHT_POLICY, **more: object) -> list[Alarm]:
    return list(alarms(make({("a", "text", metric): figures}, **more), Drift(policy)))
>>>>>>> gate-turns


def test_a_change_is_raised_on_the_night_that_first_shows_it_and_not_again() -> None:
    ((shown, [alarm]),) = raised("latency_p50", stepped(0.3)).items()
    assert shown == AT + 3
    assert (alarm.system, alarm.domain, alarm.metric) == ("a", "text", "latency_p50")
    assert (alarm.change.date, alarm.change.shown, alarm.change.nights) == (day(AT), day(AT + 2), 3)


def test_a_smaller_change_takes_more_nights_and_one_within_the_margin_none() -> None:
    first = {by: min(raised("latency_p50", stepped(by, 60)), default=0) for by in (0.05, 0.15, 0.3, 2.5)}
    assert first[0.05] == 0
    assert AT + 2 <= first[2.5] <= first[0.3] < first[0.15] <= AT + 6


@pytest.mark.parametrize(
    ("metric", "by", "more", "policy"),
    [
<<<<<<< HEAD
        ("latency_p50", -0.3, {}, NIGHT_POLICY),
        ("output_tokens", 0.3, {}, NIGHT_POLICY),
        ("latency_p95", 0.3, {}, NIGHT_POLICY),
        ("joules_per_request", 0.3, {"provenance": "counter+modelled"}, NIGHT_POLICY),
        ("latency_p50", 0.3, {}, Policy((Rule("latency_p50", 0.1, blocks=False),))),
        ("latency_p50", 0.3, {}, replace(NIGHT_POLICY, waivers=(WAIVER,))),
=======
        ("latency_p50", -0.1, {}, NIGHT_POLICY),
        ("output_tokens", 0.1, {}, NIGHT_POLICY),
        ("joules_per_request", 0.1, {"provenance": "counter+modelled"}, NIGHT_POLICY),
        ("latency_p50", 0.1, {}, Policy((Rule("latency_p50", 0.1, blocks=False),))),
        (
            "latency_p50",
            0.1,
            {},
            replace(NIGHT_POLICY, waivers=(Waiver("latency_p50", "known", datetime.date(2027, 1, 1)),)),
        ),
>>>>>>> gate-turns
    ],
    ids=["better", "tokens", "not in the policy", "modelled", "does not block", "waived"],
)
def test_what_raises_no_alarm(metric: str, by: float, more: dict[str, str], policy: Policy) -> None:
    assert not raised(metric, stepped(by), policy, **more)


<<<<<<< HEAD
def test_modelled_joules_raise_one_where_the_policy_judges_them() -> None:
    policy = replace(NIGHT_POLICY, judge_modelled=True)
    assert len(raised("joules_per_request", stepped(0.3), policy, provenance="modelled")) == 1


def test_a_waiver_that_has_run_out_lets_nothing_through() -> None:
    past = replace(NIGHT_POLICY, waivers=(replace(WAIVER, until=datetime.date(2026, 1, 31)),))
    assert len(raised("latency_p50", stepped(0.3), past)) == 1


def test_either_direction_counts_where_the_policy_says_so() -> None:
    either = Policy((Rule("latency_p50", 0.1, either=True),))
    assert len(raised("latency_p50", stepped(-0.3), either)) == 1
=======
def test_modelled_joules_raise_one_where_the_policy_judges_them(in_memory: Maker) -> None:
    figures, policy = stepped(106, 100, 0.1), replace(NIGHT_POLICY, judge_modelled=True)
    found = [
        raised(in_memory, "joules_per_request", figures[:n], policy, provenance="modelled") for n in range(101, 107)
    ]
    assert sum(map(bool, found)) == 1


def test_a_waiver_that_has_run_out_lets_nothing_through(in_memory: Maker) -> None:
    past = replace(NIGHT_POLICY, waivers=(Waiver("latency_p50", "known", datetime.date(2026, 1, 31)),))
    figures = stepped(106, 100, 0.1)
    assert any(raised(in_memory, "latency_p50", figures[:count], past) for count in range(101, 107))


def test_no_nights_no_alarms(in_memory: Maker) -> None:
    history = in_memory({("a", "", "accuracy"): np.ones(2)}, gaps=(0, 1))
    assert alarms(history) == ()
    assert drift(history) == Drift(NIGHT_POLICY)
>>>>>>> gate-turns


def test_no_nights_no_alarms() -> None:
    assert alarms(history_of({("a", "", "latency_p50"): np.ones(1)}, gaps=(0,))) == ()


<<<<<<< HEAD
def test_golden_sentences(golden) -> None:
    accuracy = np.full(NIGHTS, 0.6)
    accuracy[AT:] = 0.45
    said = [
        alarm.text
        for metric, figures in (
            ("latency_p50", stepped(0.16)), ("joules_per_request", 40 * stepped(0.6)), ("accuracy", accuracy),
        )
        for some in raised(metric, figures, provenance="rapl").values()
        for alarm in some
    ]  # fmt: skip
    assert len(said) == 3
    golden("alarms.txt", "\n".join(said) + "\n")
=======
@pytest.fixture(scope="module")
def slowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten nights of 200 items a cell; in the last one a system is slower by two thirds and draws more."""
    root = tmp_path_factory.mktemp("slowed")
    steps = [Step(9, "generalist", seconds=0.66, joules=0.2), Step(9, "generalist-large", wrong=0.6)]
    make_history(root, 10, systems=3, domains=2, items=200, steps=steps)
    first = load_history(root).nights[0].run
    (root / "reference.yaml").write_text(f"run: {first}\nreason: the first\nreviewed_by: ann\ndate: 2026-01-02\n")
    return root


def test_a_night_is_held_against_the_one_before_and_the_reference(slowed: Path) -> None:
    history = load_history(slowed)
    found = drift(history)
    assert found.policy == NIGHT_POLICY
    for results, night in ((found.previous, history.nights[-2]), (found.reference, history.nights[0])):
        assert {system: result.verdict for system, result in results.items()} == {
            "generalist": Verdict.REGRESSED, "generalist-large": Verdict.REGRESSED, "generalist-tuned": Verdict.PASS,
        }  # fmt: skip
        assert results["generalist"].runs == (night.run, history.nights[-1].run)
    metrics = {(kind, system, metric) for kind, system, metric in found.lasting if system == "generalist"}
    assert ("previous", "generalist", "latency_p50") in metrics
    assert ("reference", "generalist", "latency_p50") in metrics
    raised = alarms(history, found)
    assert {(alarm.kind, alarm.system, alarm.metric) for alarm in raised} == found.lasting
    assert all(alarm.result is found.previous[alarm.system] for alarm in raised if alarm.kind == "previous")
    assert all(alarm.result is found.reference[alarm.system] for alarm in raised if alarm.kind == "reference")


def test_a_quiet_night_raises_nothing(slowed: Path) -> None:
    history = load_history(slowed)
    quiet = replace(history, nights=history.nights[:-1])
    assert not drift(quiet).lasting
    assert alarms(quiet) == ()


def test_the_first_night_has_nothing_to_be_held_against(slowed: Path) -> None:
    history = load_history(slowed)
    found = drift(replace(history, nights=history.nights[:1]))  # which is the reference, too
    assert (found.previous, found.reference, found.lasting, found.notes) == ({}, {}, frozenset(), ())


def test_a_history_of_one_system_says_what_it_cannot_know(in_memory: Maker, slowed: Path) -> None:
    history = load_history(slowed)
    assert not drift(history).notes
    alone = replace(history, values=history.values[history.values["system"] == "generalist"])
    [note] = drift(alone).notes
    assert note.startswith("With one system, what the machine does in a night cannot be taken off")


def test_golden_sentences(in_memory: Maker, slowed: Path, golden) -> None:
    accuracy = np.full(106, 0.6)
    accuracy[100:] = 0.5
    said = []
    for metric, figures, domain in (
        ("latency_p50", stepped(106, 100, 0.06), "text"), ("latency_p95", stepped(106, 100, 0.2), ""),
        ("ttft", stepped(106, 100, 0.1), "text"), ("joules_per_request", stepped(106, 100, 0.1), ""),
        ("joules_per_correct", stepped(106, 100, 0.3), "text"), ("accuracy", accuracy, "text"),
    ):  # fmt: skip
        nights = [in_memory({("a", domain, metric): figures[:count]}, provenance="rapl") for count in range(101, 107)]
        said += [alarm.text for history in nights for alarm in alarms(history, NOTHING)]
    assert len(said) == 6
    said += [alarm.text for alarm in alarms(load_history(slowed))]
    text = "\n".join(said) + "\n"
    golden("alarms.txt", text)
>>>>>>> gate-turns
