"""A run under load: a table per rate, and nothing ranked across rates or where a rate is not held."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.made_up.load_runs import write_load_run
from tests.made_up.percentiles import percentile_of
from tests.made_up.records import call_on
from wattbench.records import RunRecords, read_run
from wattbench_reports.analyses.pareto_front import tradeoffs
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.decision.problem import outside
from wattbench_reports.export import as_csv, as_json, as_markdown, as_table
from wattbench_reports.export.frames.systems_frame import figures_frame
from wattbench_reports.html import report
from wattbench_reports.metrics.arrival_rates import PERCENTILES
from wattbench_reports.sections.disagreements import items_section
from wattbench_reports.sections.verdict.verdict import verdicts
from wattbench_reports.stats.percentiles import needed, percentiles


@pytest.fixture
def loaded(tmp_path: Path) -> RunRecords:
    return write_load_run(tmp_path)


@pytest.mark.parametrize(("form", "render"), [("txt", as_table), ("md", as_markdown)])
def test_golden(form: str, render, loaded: RunRecords, golden) -> None:
    golden(f"load.{form}", render(compare(loaded)))


def test_tokens_per_second_are_over_the_seconds_of_the_requests_served(loaded: RunRecords) -> None:
    comparison = compare(loaded)
    items = pd.read_parquet(loaded.layout.items_table)
    for at in comparison.load.rates:
        for each in at.systems:
            own = items[(items["system"] == each.system) & (items["offered_per_s"] == at.offered_per_s)]
            seconds = own["finished_s"].max() - own["scheduled_s"].min()
            waited = (own["finished_s"] - own["scheduled_s"]).sum()
            assert each.served_per_s == pytest.approx(own["failure"].isna().sum() / seconds)
            assert each.output_tokens_per_s == pytest.approx(own["output_tokens"].sum() / seconds)
            assert each.requests_in_flight == pytest.approx(waited / seconds)
    for row in comparison.systems:
        (same,) = [each for each in comparison.load.compared.systems if each.system == row.system]
        assert row.requests_per_s == pytest.approx(same.served_per_s)
        assert row.output_tokens_per_s == same.output_tokens_per_s
        assert row.client_share is None, "requests were sent when they were due"


def test_the_minimum_counts_are_loadgens() -> None:
    assert [needed(share) for share in (0.5, 0.9, 0.99, 0.999)] == [7, 44, 459, 4603]
    found = percentiles(np.arange(44, dtype=float), PERCENTILES)
    assert found[0.9] is not None
    assert found[0.99] is None
    assert percentiles(np.arange(43, dtype=float), PERCENTILES)[0.9] is None
    assert percentiles(np.array([]), PERCENTILES) == dict.fromkeys((0.5, 0.9, 0.99, 0.999))


def test_figures_are_of_one_rate_and_come_from_the_records(loaded: RunRecords) -> None:
    comparison = compare(loaded)
    assert comparison.load.compared.offered_per_s == 0.5  # the highest that both hold
    table = pd.read_parquet(loaded.layout.items_table)
    for at in comparison.load.rates:
        for figures in at.systems:
            rows = table[(table["system"] == figures.system) & (table["offered_per_s"] == at.offered_per_s)]
            whole = rows[rows["failure"].isna()]
            latency_s = whole["finished_s"] - whole["scheduled_s"]
            assert figures.latency_s[0.9] == pytest.approx(percentile_of(latency_s, 0.9) if len(whole) >= 44 else None)
            assert figures.ttft_s[0.5] == pytest.approx(
                percentile_of(whole["first_token_s"] - whole["scheduled_s"], 0.5)
            )
            assert figures.j_per_request.estimate == pytest.approx(rows["energy_j"].sum() / len(whole))
            assert figures.j_per_correct.estimate == pytest.approx(rows["energy_j"].sum() / rows["correct"].sum())
            assert figures.accuracy.estimate == pytest.approx(rows["correct"].mean())
            assert figures.failed == len(rows) - len(whole)
    (sturdy, weak) = comparison.systems
    assert sturdy.energy_j_per_request == weak.energy_j_per_request == pytest.approx(8.0)  # of 0.5 a second alone


def test_a_rate_that_is_not_held_shows_no_percentile_and_is_not_ranked(tmp_path: Path) -> None:
    run = write_load_run(tmp_path, held={4.0: ("sturdy",)})
    analysis = analyse(run)
    said = as_table(analysis.comparison)
    assert re.search(r"^weak +NO ", said, re.MULTILINE)
    assert "not sustained: " in said
    codes = {caveat.code: caveat for caveat in analysis.comparison.caveats}
    assert codes["not-held"].systems == ("weak",)
    assert codes["failed-requests"].systems == ("weak",)
    (verdict, *_) = verdicts(analysis.measured)
    assert "weak" not in " ".join([verdict.headline, *verdict.sentences, *(pick.answer for pick in verdict.picks)])


def test_nothing_is_ranked_where_nothing_is_held(tmp_path: Path) -> None:
    analysis = analyse(write_load_run(tmp_path, held={4.0: ()}))
    (verdict,) = verdicts(analysis.measured)
    assert verdict.headline == (
        "No system is shown to sustain any of the offered rates in the long run, so none is ranked."
    )


def test_programs_get_every_rate(loaded: RunRecords) -> None:
    comparison = compare(loaded)
    found = json.loads(as_json(comparison))
    assert found["compared_per_s"] == 0.5
    assert [(row["system"], row["offered_per_s"], row["held"]) for row in found["load"]] == [
        ("sturdy", 0.5, True), ("weak", 0.5, True), ("sturdy", 4.0, True), ("weak", 4.0, False),
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(as_csv(comparison))))
    assert [row["held"] for row in rows] == ["true", "true", "true", "false"]
    assert rows[0]["latency_p99_s"] == ""


def test_the_page_draws_the_curve_with_what_is_not_held_hollow(loaded: RunRecords) -> None:
    html = report(loaded)
    assert 'id="load"' in html
    assert 'id="load-figure-' in html
    assert "weak at 4 per second (not shown to be sustained)" in html
    assert '<span class="badge-bad">NO</span>' in html


@pytest.mark.slow
def test_the_figures_beside_the_page_and_the_flipped_items_are_of_the_rate_that_is_compared(tmp_path) -> None:
    run = write_load_run(tmp_path, held={0.5: (), 4.0: ("sturdy",)})
    analysis = analyse(run)
    frame = call_on(figures_frame, analysis)
    rate = analysis.comparison.load.compared.offered_per_s
    assert set(frame["offered_per_s"]) == {rate}
    table = pd.read_parquet(run.layout.items_table)
    table = table[table["offered_per_s"] == rate]
    everything = frame[frame["domain"].isna()].set_index("system")
    means = table.groupby("system")["correct"].mean()
    assert everything["accuracy"].to_dict() == pytest.approx(means.to_dict())

    section = items_section(analysis.measured)
    right = table.groupby(["task", "doc_id", "system"])["correct"].mean().unstack().dropna() >= 0.5
    flipped = right[right["sturdy"] != right["weak"]]
    assert len(flipped), "what the weak one did not answer is wrong"
    assert section.passages[0].tables[0].rows[0][5].text == str(len(right))
    ((_, command),) = section.passages[0].commands
    done = subprocess.run([sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, check=True)
    found = pd.read_csv(io.StringIO(done.stdout))
    docs = {doc for _, doc in flipped.index}
    assert set(found["doc_id"]) == docs
    assert len(found) == table["doc_id"].isin(docs).sum(), "and of no other rate"


def test_cpu_seconds_have_a_column_where_they_were_recorded(tmp_path) -> None:
    run = write_load_run(tmp_path)
    items = pd.read_parquet(run.layout.items_table)
    items.assign(own_cpu_s=0.25).to_parquet(run.layout.items_table)
    comparison = compare(read_run(run.layout.root))
    assert "CPU per request" in as_markdown(comparison)
    assert "250 ms of CPU per request" in " ".join(as_table(comparison).split())
    assert comparison.load.compared.systems[0].own_cpu_s_per_request == 0.25


def test_what_was_held_only_in_this_minute_is_shown_and_ranked_nowhere(tmp_path: Path) -> None:
    analysis = analyse(
        write_load_run(tmp_path, held={0.5: ("sturdy", "weak"), 4.0: ("sturdy",)}, here=("sturdy", "weak"))
    )
    comparison = analysis.comparison
    at = comparison.load.compared
    assert at.offered_per_s == 0.5  # the highest that most held as seen
    assert (at.not_held, list(at.only_here), list(at.unranked)) == ({}, ["sturdy", "weak"], ["sturdy", "weak"])
    assert analysis.measured.contest.candidates == {}
    assert "in the long run" in analysis.measured.contest.why_none
    said = " ".join(as_table(comparison).split())
    assert "sturdy this minute 0.502 100.0% 188 ms" in said  # measured, and said to be no more than that
    assert "no claim beyond this minute: its 225 requests after the transient count as 46 independent ones" in said
    assert "no claim beyond" in as_markdown(comparison)
    assert {each.code for each in comparison.caveats} >= {"held-here"}
    rows = json.loads(as_json(comparison))["load"]
    assert [(row["held"], row["here"]) for row in rows] == [(False, True)] * 3 + [(False, False)]
    assert rows[0]["in_time_low"] == 0.891
    assert rows[0]["effective_requests"] == 46


def test_of_a_rate_whose_client_was_late_nothing_is_said_of_the_system(tmp_path: Path) -> None:
    run = write_load_run(tmp_path, held={0.5: ("sturdy",), 4.0: ()})
    rows = [json.loads(line) for line in run.layout.loads.read_text().splitlines()]
    why = "the client lagged: it sent 24 of 250 requests late. Give it more processors"
    for row in rows:
        if row["system"] == "weak" and row["offered_per_s"] == 0.5:
            row |= {"client_late": True, "reasons": [why]}
    run.layout.loads.write_text("".join(json.dumps(row) + "\n" for row in rows))
    analysis = analyse(read_run(run.layout.root))
    comparison = analysis.comparison
    at = comparison.load.compared
    assert (at.not_held, at.not_known, list(analysis.measured.contest.candidates)) == ({}, {"weak": why}, ["sturdy"])
    assert outside(analysis.measured)["weak"] == f"it is not known whether it sustains it: {why}"
    assert {"client-late"} == {each.code for each in comparison.caveats} & {"client-late", "not-held"}
    for text in (as_table(comparison), as_markdown(comparison), report(read_run(run.layout.root))):
        said = " ".join(text.split())
        assert f"not known whether weak sustains 0.5 requests per second: {why}" in said
        assert "weak does not sustain 0.5" not in said
        assert re.search(r">not known<|\| weak \| not known \||weak not known ", said)
    page = report(read_run(run.layout.root))
    assert "weak does not sustain this rate" in page  # the other rate, where it is slow
    assert "It is not known of weak whether that rate is sustained" in page
    assert "weak does not sustain that rate" not in page
    (row,) = [row for row in json.loads(as_json(comparison))["load"] if row["client_late"]]
    assert (row["system"], row["offered_per_s"], row["held"], row["here"]) == ("weak", 0.5, False, False)
    assert row["reasons"] == [why]


def test_a_system_that_is_held_only_in_this_minute_does_not_take_part_against_one_of_the_long_run(
    tmp_path: Path,
) -> None:
    analysis = analyse(write_load_run(tmp_path, held={0.5: ("sturdy", "weak")}, here=("weak",)))
    assert list(analysis.measured.contest.candidates) == ["sturdy"]
    assert "weak" in outside(analysis.measured)
    assert "held it only in this minute" in outside(analysis.measured)["weak"]
    for tradeoff in tradeoffs(analysis.measured):
        places = {place.system: place.reason for place in tradeoff.places}
        assert places["weak"] == "not shown to sustain the rate in the long run"


def test_the_page_shows_the_bounds_of_the_long_run(tmp_path: Path) -> None:
    html = report(write_load_run(tmp_path, here=("weak",)))
    assert "In the long run at 0.5 requests per second" in html
    assert "weak sustains 0.5 per second in this minute, of 2 offered rates." in html
    assert "sturdy sustains 0.5 and 4 per second in the long run, of 2 offered rates." in html
    assert "weak sustained this rate in this minute, with no claim beyond" in html
