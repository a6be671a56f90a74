"""The comparison: every number again from the records, and what is said of those that cannot be."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.load_runs import write_load_run
from tests.made_up.percentiles import percentile_of
from tests.made_up.records import call_on, page_texts
from tests.made_up.runs import FakeNode
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.export import render
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.sections.comparison import comparison_table
from wattbench_reports.sections.domains import domain_table
from wattbench_reports.sections.energy import energy_section
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.tables.streamed import StreamedFrames


@pytest.mark.parametrize("repeats", [1, 3])
def test_every_figure_can_be_recomputed_from_the_records(make_run, fake, repeats) -> None:
    run = make_run(fake.Run(fake.plain().systems, repeats=repeats, carbon={"intensity_g_per_kwh": 100.0, "pue": 1.5}))
    comparison = compare(run)
    table = pd.read_parquet(run.layout.items_table)
    assert [figures.system for figures in comparison.systems] == ["generalist", "specialist", "regex"]
    for figures in comparison.systems:
        rows = table[table["system"] == figures.system]
        latency_s = rows["finished_s"] - rows["started_s"]
        assert figures.kind == rows["kind"].iloc[0]
        assert figures.items == rows.groupby(["task", "doc_id"]).ngroups == 80
        assert figures.accuracy == pytest.approx(rows["correct"].mean())
        assert figures.accuracy_low < figures.accuracy < figures.accuracy_high
        assert figures.latency_p50_s == pytest.approx(percentile_of(latency_s, 0.5))
        tail = 0.95 if len(rows) >= 90 else 0.9
        assert figures.latency_tail_s == pytest.approx(percentile_of(latency_s, tail))
        assert (figures.latency_p95_s is None) == (len(rows) < 90)
        assert figures.output_tokens == pytest.approx(rows["output_tokens"].mean())
        assert figures.energy_j_per_request == pytest.approx(rows["energy_j"].mean())
        assert figures.j_per_correct == pytest.approx(rows["energy_j"].sum() / rows["correct"].sum())
        assert figures.j_per_correct_low < figures.j_per_correct < figures.j_per_correct_high
        assert figures.co2_g_per_1000 == pytest.approx(1000 * rows["energy_j"].mean() / 3.6e6 * 100 * 1.5)
        assert figures.energy_above_idle_j_per_request == pytest.approx(rows["energy_above_idle_j"].mean())
        assert figures.energy_provenance == "counter"
        assert figures.valid
    assert compare(run) == comparison, "the same records give the same figures"


def test_a_clean_run_has_only_the_caveat_of_its_size(make_run, fake) -> None:
    few = compare(make_run(fake.plain()))
    assert [caveat.code for caveat in few.caveats] == ["few-requests"]


def test_items_without_joules_are_left_out_of_energy_alone(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("half", unmetered=20), fake.System("whole"))))
    half = compare(run).systems[0]
    rows = pd.read_parquet(run.layout.items_table).query("system == 'half'")
    metered = rows[rows["energy_j"].notna()]
    assert len(metered) == 40
    assert half.items == 80
    assert half.accuracy == pytest.approx(rows["correct"].mean())
    assert half.j_per_correct == pytest.approx(metered["energy_j"].sum() / metered["correct"].sum())
    assert half.energy_j_per_request == pytest.approx(metered["energy_j"].mean())


def test_what_limits_a_run_is_said(make_run, fake) -> None:
    comparison = compare(make_run(fake.hostile()))
    by_name = {figures.system: figures for figures in comparison.systems}
    said = {caveat.code: caveat for caveat in comparison.caveats}

    assert not by_name["throttled"].valid
    assert by_name["generalist"].valid
    assert said["invalid-windows"].text == (
        "Joules: 1 of 18 measured windows is not valid (throttled: 1); see Validity in the report. "
        "Not ranked by energy: throttled."
    )

    never_right = by_name["never-right"]
    assert never_right.accuracy == 0
    assert never_right.energy_j_per_request is not None
    assert (never_right.j_per_correct, never_right.j_per_correct_low, never_right.j_per_correct_high) == (None,) * 3
    assert said["none-correct"].systems == ("never-right",)

    unmetered = by_name["unmetered"]
    assert unmetered.energy_j_per_request is None
    assert unmetered.co2_g_per_1000 is None
    assert unmetered.energy_provenance == ""
    assert said["no-energy"].systems == ("unmetered",)
    assert "6 of 120 items" in said["different-documents"].text
    assert said["different-documents"].systems == ("unmetered",)

    assert "are not ranked by energy" in said["mixed-provenance"].text
    assert said["partly-modelled-energy"].systems == ("modelled$x^",)
    assert "9 of 120 requests" in said["unmetered-items"].text


def test_wholly_modelled_energy_is_called_so(make_run, fake) -> None:
    comparison = compare(make_run(fake.Run((fake.System("a", provenance="modelled"),))))
    (caveat,) = [caveat for caveat in comparison.caveats if caveat.code == "modelled-energy"]
    assert "not measured by a sensor" in caveat.text


def test_documents_of_other_content_are_other_documents(make_run, fake) -> None:
    run = make_run(fake.plain())
    table = pd.read_parquet(run.layout.items_table)
    changed = (table["system"] == "regex") & (table["doc_id"] == 3)
    table.loc[changed, "doc_hash"] = "something else"
    table.to_parquet(run.layout.items_table)
    gaps = {(gap.system, gap.task): gap.missing for gap in load_frames(run).differences}
    tasks = ("chain_sum", "spell_backward")
    assert gaps == {(system, task): 1 for system in ("generalist", "specialist", "regex") for task in tasks}


def test_a_system_that_answered_nothing_is_named(make_run, fake) -> None:
    comparison = compare(make_run(fake.Run((fake.System("a"), fake.System("silent", skip_docs=40)))))
    assert [figures.system for figures in comparison.systems] == ["a"]
    (caveat,) = [caveat for caveat in comparison.caveats if caveat.code == "no-items"]
    assert caveat.systems == ("silent",)


def test_no_region_gives_no_grams_until_one_is_named(make_run, fake) -> None:
    run = make_run(fake.plain())
    silent, french = compare(run), compare(run, Assumptions(CarbonChoice(region="FRA", pue=1.1)))
    assert silent.carbon is None
    assert all(figures.co2_g_per_1000 is None for figures in silent.systems)
    for figures in french.systems:
        assert figures.co2_g_per_1000 == pytest.approx(french.carbon.grams(1000 * figures.energy_j_per_request))


def test_one_correct_answer_leaves_the_upper_bound_open(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("lucky", accuracy=0.02),), items=30))
    table = pd.read_parquet(run.layout.items_table)
    table["correct"] = [1.0] + [0.0] * (len(table) - 1)
    table.to_parquet(run.layout.items_table)
    (lucky,) = compare(run).systems
    assert lucky.j_per_correct == pytest.approx(table["energy_j"].sum())
    assert math.isinf(lucky.j_per_correct_high)


def test_an_unfinished_run_is_refused_with_the_command_that_finishes_it(make_run, fake) -> None:
    run = make_run(fake.Run(fake.plain().systems, finished=False))
    with pytest.raises(UserError, match=r"wattbench run --resume \S*demo"):
        compare(run)


def test_a_damaged_table_is_refused(make_run, fake) -> None:
    run = make_run(fake.plain())
    run.layout.items_table.write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match="cannot be read"):
        compare(run)


def test_a_missing_column_is_named(make_run, fake) -> None:
    run = make_run(fake.plain())
    pd.read_parquet(run.layout.items_table).drop(columns="energy_j").to_parquet(run.layout.items_table)
    with pytest.raises(UserError, match="no column energy_j"):
        compare(run)


def test_a_score_beyond_one_is_refused(make_run, fake) -> None:
    run = make_run(fake.plain())
    table = pd.read_parquet(run.layout.items_table)
    table["correct"] *= 100
    table.to_parquet(run.layout.items_table)
    with pytest.raises(UserError, match="between 0 and 1"):
        compare(run)


def test_a_header_without_a_suite_still_compares(make_run, fake) -> None:
    run = make_run(fake.plain())
    header = json.loads(run.layout.header.read_text()) | {"suite": {}}
    run.layout.header.write_text(json.dumps(header))
    from wattbench.records import read_run

    comparison = compare(read_run(run.layout.root))
    assert comparison.suite == comparison.run
    assert comparison.carbon is None


def test_cpu_seconds_are_in_every_table_where_they_were_recorded(make_run, fake) -> None:
    analysis = analyse(make_run(fake.Run((fake.System("a"), fake.System("b")), blocks=4, own_cpu=True)))
    seconds = {
        name: (rows["finished_s"] - rows["started_s"]).mean() * 0.9
        for name, rows in analysis.measured.frames.items.groupby("system", observed=True)
    }
    for figures in analysis.comparison.systems:
        assert figures.own_cpu_s_per_request == pytest.approx(seconds[figures.system])
    assert "CPU per request" in render(analysis.comparison, "markdown")
    energy = call_on(energy_section, analysis)
    tables = [comparison_table(analysis.comparison), call_on(domain_table, analysis), energy.passages[0].tables[0]]
    for table in tables:
        assert "CPU per request" in [column.label for column in table.columns]


OTHERS = (
    Assumptions(
        CarbonChoice(region="FRA", pue=1.37, embodied="ecologits-gpu-server"),
        WorkloadChoice("arithmetic=3,text=1", 1e6, 0.3),
        prices=("regex:per_request=0.01,currency=EUR,source=list,date=2026-01-01",),
    ),
    Assumptions(cluster="task"),
)
NODES = (FakeNode("a"), FakeNode("b"))


@pytest.mark.slow
@pytest.mark.parametrize("layout", [{}, {"blocks": 4}, {"blocks": 4, "nodes": NODES}], ids=["items", "blocks", "nodes"])
def test_under_other_assumptions_all_is_as_if_the_run_were_read_again(make_run, fake, layout) -> None:
    _check_under(make_run(replace(fake.plain(), **layout)), OTHERS)


@pytest.mark.slow
def test_under_other_assumptions_a_streamed_run_is_as_if_it_were_read_again(make_run, fake, monkeypatch) -> None:
    monkeypatch.setattr("wattbench_reports.comparison.analysis.MOST_IN_MEMORY", 10)
    run = make_run(replace(fake.plain(), blocks=4))
    assert isinstance(analyse(run).measured.frames, StreamedFrames)
    _check_under(run, OTHERS)


def test_under_other_assumptions_a_run_under_load_is_as_if_it_were_read_again(tmp_path: Path) -> None:
    _check_under(write_load_run(tmp_path), [Assumptions(CarbonChoice(region="FRA", pue=1.37))])


def _check_under(run: RunRecords, others: Sequence[Assumptions]) -> None:
    kept = analyse(run)
    page_texts(kept)  # what it computes is kept too
    for other in others:
        kept, again = kept.under(other), analyse(run, other)
        assert render(kept.comparison, "json") == render(again.comparison, "json")
        first, second = (re.sub(" at 0x[0-9a-f]+", "", repr(each.comparison)) for each in (kept, again))
        assert first == second
        assert page_texts(kept) == page_texts(again)
        assert kept.measured.prints == again.measured.prints


def test_other_assumptions_do_not_read_the_run_again(make_run, fake, monkeypatch) -> None:
    before = analyse(make_run(fake.Run(fake.plain().systems)))
    monkeypatch.setattr("wattbench_reports.comparison.analysis.load_frames", None)
    assert before.under(OTHERS[0]).comparison.sci
    with pytest.raises(UserError, match="pue"):
        before.under(Assumptions(CarbonChoice(pue=0.5)))
