"""What a page embeds of systems that stay loaded: numbers of the sets, and the phrases that the report fills."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.made_up import routing_studies as studies
from wattbench_reports.html.whatif.embedded_data import carried_residents
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.kept_loaded import gain_at
from wattbench_reports.sections.routing.residents import residents_passage
from wattbench_reports.stats import Interval
from wattbench_reports.wording.routing import study_measures
from wattbench_reports.wording.routing.residents import gain_text, rate_sentence


def test_nothing_is_embedded_where_nothing_is_known() -> None:
    assert carried_residents(None) is None
    assert carried_residents("fewer than two systems are candidates") is None
    assert carried_residents(studies.not_worth_it()) is None


@pytest.mark.parametrize(
    ("aim", "unit", "label", "shown"),
    [
        ("mix", CostUnit.JOULES, "J", ("J", None)),
        ("benefit", CostUnit.MONEY, "USD", ("USD", 1000.0)),
        ("cost", CostUnit.JOULES, "J", ("J", None)),
    ],
)
def test_the_sets_and_how_gains_are_written_are_embedded(aim, unit, label, shown) -> None:
    study = replace(studies.not_worth_it(), aim=aim, unit=unit, label=label, residents=studies.residents())
    data = carried_residents(study)
    assert [each["from"] for each in data["sets"]] == [each.from_requests_per_hour for each in study.residents.sets]
    assert [each["names"] for each in data["sets"]] == ["gpt-4", "haiku and gpt-4", "haiku, sonnet and gpt-4"]
    assert [each["alone"] for each in data["sets"]] == [True, False, False]
    assert (data["unit"], data["factor"]) == shown
    # Filled as the script fills them, they are the report's sentence.
    measures, residents, rate = study_measures(study), study.residents, 50_000.0
    gain = data["of_requests"].replace("{gain}", gain_text(measures, gain_at(residents.best, rate, data["per_w"])))
    unsure = data["unsure"] if gain_at(residents.best, rate, data["per_w"]) <= data["sets"][1]["margin"] else ""
    gains = data["gains"].replace("{best}", data["over"]).replace("{gain}", gain).replace("{unsure}", unsure)
    filled = data["best"].replace("{gains}", gains).replace("{rate}", "50,000")
    assert filled.replace("{names}", data["sets"][1]["names"]) == rate_sentence(measures, residents, rate)


def test_a_passage_has_a_key_for_every_gain_and_a_field_for_the_rate() -> None:
    passage = residents_passage(studies.in_joules())
    assert [row[-1].at_rate for row in passage.tables[0].rows] == ["gain-0", "gain-1", "gain-2"]
    assert passage.rate.shown == "50,000"
    silent = residents_passage(studies.not_worth_it())
    assert (silent.rate, silent.tables) == (None, ())


def test_what_is_best_at_a_low_rate_gains_by_its_idle_power_alone() -> None:
    study = studies.in_joules()
    low, high = (rate_sentence(study_measures(study), study.residents, rate) for rate in (10.0, 1e7))
    assert low == "At 10.0 requests per hour keep gpt-4 loaded, the best of 15 sets."
    assert high.startswith("At 10.0 M requests per hour keep haiku, sonnet and gpt-4 loaded")
    assert "do not show to be above 0" not in high


def test_a_gain_whose_bounds_hold_0_or_are_infinite_is_not_said_to_be_one() -> None:
    study = studies.in_joules()
    first, best, last = study.residents.sets
    for interval in (Interval(3.1, -math.inf, math.inf), Interval(3.1, 0.5, 5.7)):
        sets = (first, replace(best, interval=interval), last)
        changed = replace(study, residents=replace(study.residents, best=sets[1], sets=sets))
        sentence = rate_sentence(study_measures(changed), changed.residents, 50_000.0)
        assert sentence.endswith("which these items do not show to be above 0.")  # 0.86 J of it is idle
        margin = carried_residents(changed)["sets"][1]["margin"]
        assert margin == (None if math.isinf(interval.low) else pytest.approx(2.6))
