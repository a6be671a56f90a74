"""Software Carbon Intensity: ((E × I) + M) per R from the records again, by the hour, in batches, or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import without_own_scripts
from wattbench.records import read_run
from wattbench_reports.analyses.training_cost import trainings
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.export import render
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.sections.carbon import carbon_section
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section
from wattbench_reports.stats import block_ratio

MANUFACTURE = "{kg_per_device: 350, lifetime_years: 4, utilisation: 0.5, source: its data sheet, year: 2024}"
G_PER_S = 350_000 / (4 * 8760 * 0.5) / 3600
HOUR_S = 1_700_000_000 // 3600 * 3600
"""The hour in which a made-up run begins."""


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@pytest.fixture
def grid(tmp_path: Path):
    """A file of hourly intensities from the hour in which a made-up run begins; None leaves an hour out."""

    def make(*figures: float | None, start_s: float = HOUR_S) -> Path:
        rows = [f"{stamp(start_s + 3600 * hour)},{x}" for hour, x in enumerate(figures) if x is not None]
        path = tmp_path / "grid.csv"
        path.write_text("\n".join(["time,g_per_kwh", *rows]) + "\n")
        return path

    return make


def edited(run, name: str, change) -> object:
    """The run again after its table of items or windows was changed in place."""
    path = getattr(run.layout, f"{name}_table")
    table = pd.read_parquet(path)
    change(table)
    table.to_parquet(path)
    return read_run(run.layout.root)


@pytest.mark.parametrize("repeats", [1, 2])
def test_the_score_can_be_recomputed_from_the_records(make_run, fake, repeats: int) -> None:
    run = make_run(fake.Run(fake.plain().systems, repeats=repeats))
    comparison = compare(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100, pue=1.5, embodied=MANUFACTURE)))
    table = pd.read_parquet(run.layout.items_table)
    for place, figures in enumerate(comparison.systems):
        own = table[table["system"] == figures.system]
        seconds = (own["finished_s"] - own["started_s"]).sum()
        sci = comparison.sci[figures.system]
        assert sci.energy_kwh == pytest.approx(own["energy_j"].sum() / 3.6e6 * 1.5)
        assert sci.intensity_g_per_kwh == pytest.approx(100)
        assert sci.operational_g == pytest.approx(sci.energy_kwh * 100)
        assert sci.embodied_g == pytest.approx(seconds * G_PER_S, rel=1e-4)
        assert sci.correct == own["correct"].sum()
        assert sci.requests == len(own) == 80 * repeats
        assert figures.sci_g_per_correct == pytest.approx((sci.operational_g + sci.embodied_g) / sci.correct)
        assert figures.sci_g_per_correct_low < figures.sci_g_per_correct < figures.sci_g_per_correct_high
        assert figures.co2_g_per_1000 == pytest.approx(own["energy_j"].mean() * 1000 / 3.6e6 * 150), "no manufacture"
        assert list(comparison.sci)[place] == figures.system


def test_without_manufacture_the_interval_is_that_of_the_joules(make_run, fake) -> None:
    run = make_run(fake.plain())
    comparison = compare(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100)))
    for figures in comparison.systems:
        joules = (figures.j_per_correct, figures.j_per_correct_low, figures.j_per_correct_high)
        grams = (figures.sci_g_per_correct, figures.sci_g_per_correct_low, figures.sci_g_per_correct_high)
        assert grams == pytest.approx([value / 3.6e6 * 100 for value in joules])
        assert comparison.sci[figures.system].embodied_g is None


def test_the_interval_lets_energy_manufacture_and_answers_vary_together(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("only"),), tasks=(("t", "d"),)))
    (figures,) = compare(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100, embodied=MANUFACTURE))).systems
    own = pd.read_parquet(run.layout.items_table).sort_values("doc_id")
    grams = own["energy_j"] / 3.6e6 * 100 + (own["finished_s"] - own["started_s"]) * G_PER_S
    ratio = block_ratio(grams.to_numpy(), own["correct"].to_numpy())
    by_hand = ratio.interval()
    got = (figures.sci_g_per_correct, figures.sci_g_per_correct_low, figures.sci_g_per_correct_high)
    assert got[0] == pytest.approx(by_hand.estimate, rel=0.02)  # shares go by the joules
    assert got[1:] == pytest.approx((by_hand.low, by_hand.high), rel=0.07)  # the outer ends of these and of percentiles


def test_no_correct_answer_is_not_divided_by(make_run, fake) -> None:
    analysis = analyse(
        make_run(fake.Run((fake.System("never", accuracy=0.0), fake.System("some")))),
        Assumptions(CarbonChoice(intensity_g_per_kwh=100, embodied=MANUFACTURE)),
    )
    never = analysis.comparison.systems[0]
    assert (never.sci_g_per_correct, never.sci_g_per_correct_low, never.sci_g_per_correct_high) == (None,) * 3
    assert never.co2_g_per_1000 is not None
    assert analysis.comparison.sci["never"].correct == 0
    section = call_on(carbon_section, analysis)
    assert section.passages[0].tables[0].rows[0][-1].text == "none correct"
    assert "never" not in render(analysis.comparison).partition("SCI")[2].partition("Manufacture")[0]


def test_items_in_flight_together_share_the_hours(make_run, fake) -> None:
    """Eight at a time, each as long as its batch: the hardware is still only taken up once."""
    run = make_run(fake.Run((fake.System("batched"),), tasks=(("t", "d"),), items=32))

    def batch(table: pd.DataFrame) -> None:
        number = np.arange(len(table)) // 8
        table["started_s"] = 1_700_000_000.0 + 2 * number
        table["finished_s"] = table["started_s"] + 2
        table["energy_j"] = 10.0

    def window(table: pd.DataFrame) -> None:
        measured = table["purpose"] == "measured"
        table.loc[measured, ["finished_s", "total_j"]] = [1_700_000_008.0, 320.0]

    edited(run, "items", batch)
    sci = compare(
        edited(run, "windows", window), Assumptions(CarbonChoice(intensity_g_per_kwh=100, embodied=MANUFACTURE))
    ).sci
    assert sci["batched"].embodied_g == pytest.approx(8 * G_PER_S)


def test_an_item_of_several_passes_takes_up_one_of_them(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("short"),), tasks=(("t", "d"),), items=10))
    seconds = pd.read_parquet(run.layout.windows_table).query("purpose == 'measured'")
    length_s = float((seconds["finished_s"] - seconds["started_s"]).iloc[0])

    def passes(table: pd.DataFrame) -> None:
        measured = table["purpose"] == "measured"
        table.loc[measured, "passes"] = 4
        table.loc[measured, "total_j"] *= 4
        table.loc[measured, "finished_s"] += 3 * length_s

    sci = compare(
        edited(run, "windows", passes), Assumptions(CarbonChoice(intensity_g_per_kwh=100, embodied=MANUFACTURE))
    ).sci
    assert sci["short"].embodied_g == pytest.approx(length_s * G_PER_S)


def test_a_window_that_drew_nothing_still_took_its_time(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("free", energy_j=0.0),), tasks=(("t", "d"),), items=10))
    sci = compare(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100, embodied=MANUFACTURE))).sci["free"]
    items = pd.read_parquet(run.layout.items_table)
    assert sci.operational_g == 0
    assert sci.intensity_g_per_kwh is None
    assert sci.embodied_g == pytest.approx((items["finished_s"] - items["started_s"]).sum() * G_PER_S)


def test_an_item_whose_window_is_lost_speaks_for_itself(make_run, fake, grid) -> None:
    run = make_run(fake.Run((fake.System("only"),), tasks=(("t", "d"),), items=10))
    assumptions = Assumptions(CarbonChoice(intensity_csv=grid(50, 60), embodied=MANUFACTURE))
    before = compare(run, assumptions).sci["only"]
    run = edited(run, "items", lambda table: table.__setitem__("window", "gone"))
    after = compare(run, assumptions).sci["only"]
    assert after.operational_g == pytest.approx(before.operational_g)
    assert after.embodied_g == pytest.approx(before.embodied_g)


def test_joules_have_the_intensity_of_their_hour(make_run, fake, grid) -> None:
    """Three tasks in three hours; the window of the second lies half in the hour after."""
    run = make_run(fake.Run((fake.System("only"),), tasks=(("a", "d"), ("b", "d"), ("c", "d")), items=10))
    starts = {"a": HOUR_S + 600, "b": HOUR_S + 5400, "c": HOUR_S + 10_000}

    def move(table: pd.DataFrame) -> None:
        for task, start_s in starts.items():
            own = table["task"] == task
            length_s = 3600 if task == "b" else 60
            table.loc[own, ["started_s", "finished_s"]] = [start_s, start_s + length_s]

    run = edited(run, "windows", move)
    comparison = compare(run, Assumptions(CarbonChoice(intensity_csv=grid(100, 200, 400), pue=2)))
    joules = pd.read_parquet(run.layout.items_table).groupby("task")["energy_j"].sum()
    grams = 2 * (joules["a"] * 100 + joules["b"] * 300 + joules["c"] * 400) / 3.6e6
    assert comparison.sci["only"].operational_g == pytest.approx(grams)
    assert comparison.sci["only"].intensity_g_per_kwh == pytest.approx(grams / (joules.sum() * 2 / 3.6e6))
    assert comparison.systems[0].co2_g_per_1000 == pytest.approx(1000 * grams / 30)
    assert comparison.carbon.describe().startswith("100 to 400 g CO2e per kWh, hour by hour from 2023-11-14 22:00 to")
    assert [caveat.code for caveat in comparison.caveats] == ["few-requests"]


def test_an_hour_that_the_file_lacks_costs_the_grams_of_who_ran_in_it(make_run, fake, grid) -> None:
    run = make_run(fake.Run((fake.System("early"), fake.System("late"))))

    def move(table: pd.DataFrame) -> None:
        late = (table["system"] == "late") & (table["purpose"] == "measured")
        table.loc[late, ["started_s", "finished_s"]] += 3600

    run = edited(run, "windows", move)
    comparison = compare(run, Assumptions(CarbonChoice(intensity_csv=grid(100, None, 300))))
    early, late = comparison.systems
    assert early.co2_g_per_1000 is not None
    assert early.sci_g_per_correct is not None
    assert (late.co2_g_per_1000, late.sci_g_per_correct) == (None, None)
    assert late.energy_j_per_request is not None
    (caveat,) = [caveat for caveat in comparison.caveats if caveat.code == "hours-missing"]
    assert caveat.systems == ("late",)
    assert caveat.text == (
        "grid.csv does not cover all hours in which late ran; the first is 2023-11-14 23:00 UTC. Their grams are not "
        "stated."
    )
    section = call_on(carbon_section, analyse(run, Assumptions(CarbonChoice(intensity_csv=grid(100, None, 300)))))
    assert section.passages[0].tables[0].rows[1][-1].text == "hours missing"


def test_a_file_of_another_year_does_not_cover_the_run(make_run, fake, grid) -> None:
    run = make_run(fake.plain())
    comparison = compare(run, Assumptions(CarbonChoice(intensity_csv=grid(1, 2, start_s=HOUR_S - 365 * 86_400))))
    assert all(figures.co2_g_per_1000 is None for figures in comparison.systems)
    (caveat,) = [caveat for caveat in comparison.caveats if caveat.code == "hours-missing"]
    assert caveat.text == (
        "grid.csv covers 2022-11-14 22:00 to 2022-11-15 00:00 UTC, and no hour of this run: no grams are stated."
    )
    assert caveat.text in " ".join(render(comparison).replace("\n  ", " ").splitlines())


def test_a_suites_file_that_is_gone_leaves_the_joules(make_run, fake, tmp_path) -> None:
    run = make_run(fake.Run(fake.plain().systems, carbon={"intensity_csv": str(tmp_path / "gone.csv"), "pue": 1.1}))
    comparison = compare(run)
    assert comparison.carbon is None
    assert comparison.systems[0].j_per_correct is not None
    (caveat,) = [caveat for caveat in comparison.caveats if caveat.code == "no-intensity"]
    assert "gone.csv: no such file" in caveat.text
    text = render(comparison)
    assert "CO2: not available, because the file of intensities cannot be used." in text
    assert ">not available<" in report(run)
    assert compare(run, Assumptions(CarbonChoice(region="FRA"))).carbon is not None


def test_the_score_stands_in_every_format(make_run, fake, grid) -> None:
    run = make_run(fake.plain())
    assumptions = Assumptions(CarbonChoice(region="FRA", intensity_csv=grid(50, 60), embodied=MANUFACTURE))
    comparison = compare(run, assumptions)
    document = json.loads(render(comparison, "json"))
    rows = list(csv.DictReader(io.StringIO(render(comparison, "csv"))))
    for figures, plain, row in zip(comparison.systems, document["systems"], rows, strict=True):
        assert plain["sci_g_per_correct"] == figures.sci_g_per_correct == float(row["sci_g_per_correct"])
        assert plain["sci_g_per_correct_high"] == float(row["sci_g_per_correct_high"])
    assert document["carbon"]["region"] == "FRA"
    assert document["carbon"]["intensity_g_per_kwh"] is None
    assert document["carbon"]["intensity_csv"]["file"] == "grid.csv"
    assert document["carbon"]["intensity_csv"]["from_utc"] == "2023-11-14T22:00:00Z"
    assert document["carbon"]["embodied"]["source"] == "its data sheet"
    assert [terms["system"] for terms in document["sci"]] == [figures.system for figures in comparison.systems]
    terms = document["sci"][0]
    score = (terms["operational_g"] + terms["embodied_g"]) / terms["correct"]
    assert document["systems"][0]["sci_g_per_correct"] == pytest.approx(score)
    assert math.isclose(terms["operational_g"], terms["energy_kwh"] * terms["intensity_g_per_kwh"])
    page = report(run, assumptions)
    assert "Carbon footprint, term by term" in page
    assert "its data sheet, 2024" in page


def test_grams_of_a_training_need_an_intensity_that_does_not_go_by_the_hour(make_run, fake, grid) -> None:
    tuned = fake.System("tuned", "specialist", training={"tuned": fake.trained(3600.0)})
    run = make_run(fake.Run((fake.System("base"), tuned)))
    (flat,) = call_on(trainings, analyse(run, Assumptions(CarbonChoice(intensity_g_per_kwh=100, pue=1.5))))
    assert flat.grams_co2e == pytest.approx(0.15)
    by_hour = analyse(run, Assumptions(CarbonChoice(intensity_csv=grid(100, 200))))
    (hourly,) = call_on(trainings, by_hour)
    assert hourly.grams_co2e is None
    section = call_on(lifecycle_section, by_hour)
    assert "the hours of the training are not recorded" in section.passages[0].tables[0].note


@pytest.mark.slow
def test_hostile_source_and_file_name_are_text(make_run, fake, tmp_path) -> None:
    path = tmp_path / "<b>grid.csv"
    path.write_text(f"time,g_per_kwh\n{stamp(HOUR_S)},50\n")
    assumptions = Assumptions(
        carbon=CarbonChoice(
            intensity_csv=path,
            embodied='{g_per_device_hour: 20, source: "<script>alert(1)</script>\\e[31m", year: 2024}',
        )
    )
    run = make_run(fake.plain())
    assert "<script" not in without_own_scripts(report(run, assumptions))
    assert "<b>" not in report(run, assumptions)
    assert "<script" not in render(compare(run, assumptions), "markdown")
    assert "\x1b" not in render(compare(run, assumptions))
