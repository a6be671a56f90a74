"""The laws of a night's verdict, over random histories: whoever reads its figures does not find it refuted."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.history_of_figures import history_of, judged
from tests.wattbench_reports.site.pagetext import Page
from wattbench_reports.export.night import annotations, as_json, as_markdown, as_text
from wattbench_reports.formatting.units import NONE
from wattbench_reports.gate.metrics import size_text
from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.gate.result import EXIT_CODES, Verdict
from wattbench_reports.history import History, NightChange, trends
from wattbench_reports.history.change_words import size, state
from wattbench_reports.site.build import site_pages
from wattbench_reports.site.full_reports import FullReports

pytestmark = pytest.mark.slow

ITEMS = 200
ACCURACY, SECONDS = "accuracy", "latency_p50"
BAD = {"worse", "still_regressed", "alarm"}


@dataclass(frozen=True)
class Made:
    """A history as it was drawn, to be made with a change."""

    figures: Mapping[tuple[str, str, str], np.ndarray]
    settings: Mapping[str, Any]

    def history(
        self, change: Callable[[str, str, np.ndarray], np.ndarray] = lambda system, metric, own: own
    ) -> History:
        """The history; its series changed."""
        return history_of(
            {key: change(key[0], key[2], own) for key, own in self.figures.items()}, items=ITEMS, **self.settings
        )

    def of(self, *systems: str) -> Made:
        """The same of some systems alone."""
        return replace(self, figures={key: own for key, own in self.figures.items() if key[0] in systems})


@st.composite
def histories(draw: st.DrawFn, least_systems: int = 1) -> Made:
    """One to three systems over 1 to 40 nights, with steps, spikes, creeps, gaps, a reference and a canary."""
    nights = draw(st.sampled_from(range(1, 41)))
    names = "abc"[: draw(st.integers(least_systems, 3))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    figures = {}
    for name in names:
        noise = draw(st.sampled_from((0.0, 0.003, 0.003, 0.01, 0.01, 0.03, 0.1)))
        figures[name, "", SECONDS] = draw(st.sampled_from((7e-4, 0.5, 30.0))) * np.exp(rng.normal(0, noise, nights))
        right = rng.binomial(ITEMS, 0.8, nights) if noise else np.full(nights, 0.8 * ITEMS)
        figures[name, "", ACCURACY] = right / ITEMS
    for _ in range(draw(st.integers(0, 3))):
        shape = draw(st.sampled_from(("step", "step", "spike", "creep", "gone")))
        at = draw(st.sampled_from(range(nights)) | st.sampled_from(range(max(nights - 4, 0), nights)))
        by = draw(st.sampled_from((-0.3, 0.05, 0.12, 0.3, 0.6, 2.0)))
        metric = draw(st.sampled_from((ACCURACY, SECONDS)))
        for name in draw(st.sets(st.sampled_from(names), min_size=1)):
            figures[name, "", metric] = changed(figures[name, "", metric], metric, shape, at, by)
    given_settings = {
        "gaps": draw(st.sets(st.integers(0, nights - 1), max_size=3).filter(lambda gaps: len(gaps) < nights)),
        "canaries": draw(st.sampled_from(((), (), (names[-1],)))),
    }
    there = sorted(set(range(nights)) - given_settings["gaps"])
    given_settings["reference"] = draw(st.none() | st.sampled_from(there))
    other = draw(st.just(0) | st.sampled_from(there))
    given_settings["conditions"] = lambda night: "new" if night >= other else "old"
    return Made(figures, given_settings)


def changed(own: np.ndarray, metric: str, shape: str, at: int, by: float) -> np.ndarray:
    """A series with a change."""
    since = np.arange(len(own)) >= at
    if shape == "gone":
        return np.where(since, np.nan, own)
    much = {
        "step": np.where(since, 1.0, 0.0),
        "spike": np.where(np.arange(len(own)) == at, 1.0, 0.0),
        "creep": np.where(since, np.arange(len(own)) - at, 0.0) / len(own),
    }[shape]
    if metric == SECONDS:
        return own * (1 + by * much)
    return np.clip(np.round(ITEMS * (own - by * much)) / ITEMS, 0, 1)


def printed(change: NightChange) -> tuple[float, float]:
    """The bounds as they are printed, for the worse: in per cent, or points."""
    low, high = re.fullmatch(r".*\[(\S+), (\S+)\]", size(change)).groups()
    bounds = [float(each.replace("−", "-").replace("∞", "inf").replace(",", "")) for each in (low, high)]
    return (-bounds[1], -bounds[0]) if change.metric == ACCURACY else (bounds[0], bounds[1])


def margin_printed(change: NightChange) -> float:
    return float(re.match(r"[\d.]+", size_text(change.metric, change.margin)).group())


@settings(max_examples=200)
@given(histories())
def test_a_verdict_is_not_refuted_by_the_figures_next_to_it(made: Made) -> None:
    verdict = judged(made.history())
    blocking = [each for each in verdict.changes if each.blocks]
    for each in verdict.changes:
        if each.state in ("worse", "better", "within", "open"):
            least, most = printed(each)
            limit = margin_printed(each)
            assert (each.state == "worse") is (least > limit)
            assert (each.state == "better") is (most < -limit)
            assert (each.state == "open") is (least <= limit < most)
        if each.state == "still_regressed":
            assert printed(each)[0] > margin_printed(each)
            assert each.change is not None
            assert each.worse
    if verdict.result.verdict is Verdict.PASS:
        assert blocking
        assert not verdict.alarms
        assert not BAD & {each.state for each in verdict.changes}
        assert all(printed(each)[1] <= margin_printed(each) for each in blocking)
    elif verdict.result.verdict is Verdict.REGRESSED:
        assert verdict.alarms or "still_regressed" in {each.state for each in blocking}
    else:
        assert not blocking or {each.state for each in blocking} - {"within", "better"}
        assert not {"alarm", "still_regressed"} & {each.state for each in blocking}


@settings(max_examples=200)
@given(histories())
def test_the_figures_of_an_alarm_support_it(made: Made) -> None:
    history = made.history()
    verdict = judged(history)
    for alarm in verdict.alarms:
        own = history.values.query("system == @alarm.system and metric == @alarm.metric").set_index("date")["value"]
        since = own[(own.index >= alarm.change.date)]
        assert len(since) == alarm.change.nights
        for value in [*since, alarm.change.after]:
            if alarm.metric == ACCURACY:
                assert alarm.change.before - value > abs(alarm.change.limit)
            else:
                assert value / alarm.change.before - 1 > alarm.change.limit > 0
        assert f"({alarm.change.nights} night" in alarm.text
        (row,) = [
            each
            for each in verdict.changes
            if (each.system, each.metric, each.against) == (alarm.system, alarm.metric, "four_weeks")
        ]
        assert row.state == "alarm"
        assert printed(row)[1] > 0
        assert row.low * row.high > 0
    assert len(verdict.alarms) == sum(each.state == "alarm" for each in verdict.changes)


@settings(max_examples=60)
@given(histories())
def test_every_place_has_the_same_verdict_and_figures(made: Made) -> None:
    history = made.history()
    verdict = judged(history)
    name, code = verdict.result.verdict, verdict.result.exit_code
    assert code == EXIT_CODES[name]
    document = json.loads(as_json(verdict))
    assert (document["verdict"], document["exit_code"], document["headline"]) == (name, code, verdict.result.headline)
    assert len(verdict.result.headline.split()) <= 30
    assert document["night"]["changes"] == [json_of(each) for each in verdict.changes]
    word = name.value.replace("_", " ")
    text, markdown = " ".join(as_text(verdict).split()), as_markdown(verdict).replace("\\", "")
    page = Page(site_pages(history, trends(history), verdict, FullReports(frozenset(), ""))["index.html"].decode()).text
    assert text.startswith(f"{word.upper()}: {verdict.result.headline}")
    assert markdown.startswith(f"### wattbench nightly: {word}\n\n{verdict.result.headline}")
    assert f"{word} {verdict.result.headline if len(verdict.alarms) < 2 else ''}" in page
    for each in verdict.changes:
        for place in (markdown, page):
            assert size(each) in place or size(each) == NONE  # a column without a figure is not shown
            assert state(each) in place
    for alarm in verdict.alarms:
        assert all(alarm.text in place for place in (text, markdown, page))
    loud = [line for line in annotations(verdict) if line.startswith(("::error", "::warning"))]
    assert bool(loud) is (code != 0)


def json_of(change: NightChange) -> dict[str, Any]:
    return {key: None if isinstance(each, float) and not math.isfinite(each) else each
            for key, each in asdict(change).items()}  # fmt: skip


def own_rows(history: History, system: str) -> dict[tuple[str, str], NightChange]:
    return {(each.metric, each.against): each for each in judged(history).changes if each.system == system}


@settings(max_examples=150)
@given(histories(least_systems=2))
def test_other_systems_do_not_move_a_systems_own_rows(made: Made) -> None:
    """What another system does may withhold an alarm and is then noted; with more series an alarm takes more."""
    alone, together = made.of("a").history(), made.history()
    if any(each.changes for history in (alone, together) for each in trends(history) if each.system == "a"):
        return  # a level that changed earlier or later is another level
    first, second = own_rows(alone, "a"), own_rows(together, "a")
    assert {key: replace(each, note="") for key, each in first.items()} == {
        key: replace(each, note="") for key, each in second.items()
    }


@settings(max_examples=100)
@given(histories(), st.sampled_from((1e-3, 0.1, 7.0, 4096.0)))
def test_another_unit_changes_no_state(made: Made, factor: float) -> None:
    plain = judged(made.history())
    scaled = judged(made.history(lambda system, metric, own: own * factor if metric == SECONDS else own))
    assert len(plain.changes) == len(scaled.changes)
    for first, second in zip(plain.changes, scaled.changes, strict=True):
        assert second.change == pytest.approx(first.change, abs=1e-9)
        assert second == replace(
            first, before=second.before, now=second.now, change=second.change, low=second.low, high=second.high,
            detectable=second.detectable,
        )  # fmt: skip
    assert plain.result.verdict is scaled.result.verdict


@settings(max_examples=50)
@given(histories(least_systems=2))
def test_the_order_of_systems_changes_nothing(made: Made) -> None:
    backwards = replace(made, figures=dict(reversed(made.figures.items())))
    assert as_json(judged(made.history())) == as_json(judged(backwards.history()))


def with_margin(factor: float) -> Policy:
    rules = tuple(replace(rule, margin=factor * rule.margin) for rule in NIGHT_POLICY.rules)
    return replace(NIGHT_POLICY, rules=rules)


@settings(max_examples=200)
@given(histories(), st.sampled_from((1.2, 2.0, 5.0)))
def test_a_wider_margin_takes_no_pass_away(made: Made, factor: float) -> None:
    history = made.history()
    if judged(history).result.verdict is Verdict.PASS:
        assert judged(history, with_margin(factor)).result.verdict is Verdict.PASS
