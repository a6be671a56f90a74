"""What the last night raises."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made_up.nights_on_disk import Step, make_history
from wattbench.config import GatePolicy
from wattbench_reports.gate.policy import DEFAULT_POLICY, NIGHT_POLICY, Policy, Rule, Waiver, policy_of
from wattbench_reports.gate.result import Verdict
from wattbench_reports.history import Alarm, Drift, History, alarms, drift, load_history

Maker = Callable[..., History]
NOTHING = Drift(NIGHT_POLICY)
WAIVER = Waiver("latency_p50", "known", datetime.date(2027, 1, 1))


def stepped(count: int, at: int, by: float, level: float = 0.5, seed: int = 1) -> np.ndarray:
    figures = level * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, count))
    figures[at:] *= 1 + by
    return figures


def raised(make: Maker, metric: str, figures: np.ndarray, policy: Policy = NIGHT_POLICY, **more: object) -> list[Alarm]:
    return list(alarms(make({("a", "text", metric): figures}, **more), Drift(policy)))


def test_a_change_is_told_on_the_night_that_first_shows_it_and_not_again(in_memory: Maker) -> None:
    figures = stepped(110, 100, 0.06)
    nights = {count: raised(in_memory, "latency_p50", figures[:count]) for count in range(95, 110)}
    [shown] = [count for count, own in nights.items() if own]
    assert 102 <= shown <= 104  # 102 nights: the step's first two are among them
    [alarm] = nights[shown]
    assert (alarm.kind, alarm.system, alarm.domain, alarm.metric) == ("change", "a", "text", "latency_p50")
    assert alarm.change is not None
    assert abs((alarm.change.date - datetime.date(2026, 4, 11)).days) <= 1


@pytest.mark.parametrize(
    ("metric", "by", "more", "policy"),
    [
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
    ],
    ids=["better", "tokens", "modelled", "does not block", "waived"],
)
def test_what_raises_no_alarm(in_memory: Maker, metric: str, by: float, more: dict[str, str], policy: Policy) -> None:
    figures = stepped(106, 100, by)
    quiet = [raised(in_memory, metric, figures[:count], policy, **more) for count in range(101, 107)]
    assert not any(quiet)
    assert any(raised(in_memory, "latency_p50", stepped(106, 100, 0.1)[:count]) for count in range(101, 107))


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


def test_the_defaults_are_those_of_a_suite_without_a_policy() -> None:
    assert policy_of(GatePolicy().model_dump(mode="json")) == DEFAULT_POLICY


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
