"""How long answers take, their first token and those after it: as the file has it, and never from too few requests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.made_up.load_runs import write_load_run
from tests.made_up.percentiles import figure_of, percentile_of
from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text, table
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.formatting import units
from wattbench_reports.sections.latency import latency_section
from wattbench_reports.tables import token_timings
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.tables.token_timings import token_times

WHOLE = "Latency of a request, from sending it to its last token"
FIRST = "Time to first token, from sending it"
LATER = "Time per output token after the first"


def stamp(run, *systems: str) -> pd.DataFrame:
    """Let some systems tell when their tokens came: evenly, the first after a quarter of the time."""
    path = run.layout.items_table
    schema = pq.read_schema(path)
    rows = pd.read_parquet(path)
    seconds = rows["finished_s"] - rows["started_s"]
    told = rows["system"].isin(systems)
    rows.loc[told, "first_token_s"] = rows["started_s"] + seconds / 4
    rows["token_s"] = [
        list(begin + length * np.linspace(0.25, 0.9, int(tokens))) if own else []
        for begin, length, tokens, own in zip(rows["started_s"], seconds, rows["output_tokens"], told, strict=True)
    ]
    pq.write_table(pa.Table.from_pandas(rows, schema=schema, preserve_index=False), path)
    return rows


@pytest.fixture
def streamed(make_run, fake):
    run = make_run(fake.Run(fake.plain().systems, items=50))
    return run, stamp(run, "generalist", "specialist")


def test_first_and_later_tokens_are_the_files(streamed) -> None:
    run, rows = streamed
    section = call_on(latency_section, analyse(run))
    first, later = table(section, FIRST), table(section, LATER)
    for system in ("generalist", "specialist"):
        own = rows[rows["system"] == system]
        seconds = own["first_token_s"] - own["started_s"]
        pauses = own["token_s"].map(lambda stamps: (stamps[-1] - stamps[0]) / (len(stamps) - 1))
        for shown, values in ((first, seconds), (later, pauses)):
            assert shown[system]["Requests"] == "100"
            assert figure_of(shown[system]["p50"]) == units.quantity(percentile_of(values, 0.5), "s")
            assert figure_of(shown[system]["p95"]) == units.quantity(percentile_of(values, 0.95), "s")
            assert shown[system]["Maximum"] == units.quantity(values.max(), "s")
            assert shown[system]["p99"] == "–"
    assert set(first["regex"].values()) == {"regex", "0", "–"}
    assert "Not reported by the engine of regex." in as_text(section)
    assert [passage.figure is not None for passage in section.passages] == [True, True, True, False]
    assert section.passages[-1].heading == "Throughput"


def test_where_only_the_first_is_on_record_the_rest_ends_with_the_answer(streamed) -> None:
    run, rows = streamed
    rows = rows.drop(columns="token_s")
    rows.loc[rows.index[:3], "output_tokens"] = 1
    rows.loc[rows.index[3:5], "output_tokens"] = None
    rows.to_parquet(run.layout.items_table)
    found = token_times(load_frames(run))["generalist"]
    own = rows[rows["system"] == "generalist"]
    own = own[own["output_tokens"] >= 2]
    expected = (own["finished_s"] - own["first_token_s"]) / (own["output_tokens"] - 1)
    assert len(found.first_s) == 100
    assert found.per_token_s == pytest.approx(np.sort(expected))
    assert len(found.per_token_s) == 95


def test_stamps_count_where_tokens_were_not(streamed) -> None:
    run, rows = streamed
    path = run.layout.items_table
    expected = token_times(load_frames(run))["specialist"].per_token_s
    rows["output_tokens"] = pd.Series([None] * len(rows), dtype="Int64")
    pq.write_table(pa.Table.from_pandas(rows, schema=pq.read_schema(path), preserve_index=False), path)
    assert token_times(load_frames(run))["specialist"].per_token_s == pytest.approx(expected)


def test_stamps_of_some_parts_of_a_table_alone(make_run, fake, monkeypatch) -> None:
    run = make_run(fake.Run(fake.plain().systems, items=50))
    stamp(run, "specialist")  # asked after another, and before a third
    expected = token_times(load_frames(run))
    monkeypatch.setattr(token_timings, "_BATCH_ROWS", 7)
    assert [len(each.first_s) for each in expected.values()] == [0, 100, 0]
    for name, found in token_times(load_frames(run)).items():
        assert np.array_equal(found.first_s, expected[name].first_s)
        assert np.array_equal(found.per_token_s, expected[name].per_token_s)
        assert (found.answers, found.decode_s) == (expected[name].answers, expected[name].decode_s)


def test_answers_in_one_chunk_have_no_time_per_token(streamed) -> None:
    run, rows = streamed
    path = run.layout.items_table
    own = rows["system"] == "specialist"
    rows["token_s"] = [stamps[:1] if chunk else stamps for stamps, chunk in zip(rows["token_s"], own, strict=True)]
    pq.write_table(pa.Table.from_pandas(rows, schema=pq.read_schema(path), preserve_index=False), path)
    found = token_times(load_frames(run))["specialist"]
    assert (len(found.first_s), len(found.per_token_s), found.decode_s) == (100, 0, None)
    section = call_on(latency_section, analyse(run))
    assert set(table(section, LATER)["specialist"].values()) == {"specialist", "0", "–"}
    assert table(section, FIRST)["specialist"]["Requests"] == "100"
    assert "not available for an answer of one token or in one chunk" in as_text(section)


def test_an_older_run_without_stamps_is_readable(make_run, fake) -> None:
    run = make_run(fake.plain())
    rows = pd.read_parquet(run.layout.items_table).drop(columns=["first_token_s", "token_s"])
    rows.to_parquet(run.layout.items_table)
    section = call_on(latency_section, analyse(run))
    assert section.passages[1].sentences[0].startswith("No engine of this run reports")
    assert [passage.heading for passage in section.passages] == ["", "Time to first token (TTFT)", "Throughput"]


def test_some_of_the_requests_are_said_to_be_some(streamed) -> None:
    run, rows = streamed
    rows.loc[rows[rows["system"] == "specialist"].index[:60], "first_token_s"] = np.nan
    path = run.layout.items_table
    pq.write_table(pa.Table.from_pandas(rows, schema=pq.read_schema(path), preserve_index=False), path)
    text = as_text(call_on(latency_section, analyse(run)))
    assert "Reported for some requests only: specialist (40 of 100)." in text


def test_a_damaged_table_is_one_message(streamed) -> None:
    run, _ = streamed
    frames = load_frames(run)
    run.layout.items_table.write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match="cannot be read"):
        token_times(frames)


@pytest.mark.parametrize("requests", [6, 7, 43, 44, 89, 90])
def test_percentiles_begin_with_as_many_requests_as_they_ask_for(make_run, fake, requests: int) -> None:
    run = make_run(fake.Run((fake.System("a"),), (("t", "d"),), items=requests))
    section = call_on(latency_section, analyse(run))
    row = table(section, WHOLE)["a"]
    assert [row[label] != "–" for label in ("p50", "p90", "p95", "p99", "p99.9")] == [
        requests >= fewest for fewest in (7, 44, 90, 459, 4603)
    ]
    assert ("95% within" in section.passages[0].figure.drawing.description) == (requests >= 90)


def test_under_load_it_counts_from_when_a_request_was_due(tmp_path) -> None:
    run = write_load_run(tmp_path, held={0.5: ("sturdy",)})
    rows = pd.read_parquet(run.layout.items_table)
    section = call_on(latency_section, analyse(run))
    own = rows[(rows["system"] == "sturdy") & rows["failure"].isna()]
    whole = table(section, "Latency of a request, from its scheduled arrival to its last token")
    latest_s, first_s = own["finished_s"] - own["scheduled_s"], own["first_token_s"] - own["scheduled_s"]
    assert figure_of(whole["sturdy"]["p90"]) == units.quantity(percentile_of(latest_s, 0.9), "s")
    first = table(section, "Time to first token, from its scheduled arrival")
    assert figure_of(first["sturdy"]["p90"]) == units.quantity(percentile_of(first_s, 0.9), "s")
    weak = whole["weak"]
    assert weak["Requests"] == "100", "those that failed took no time"
    assert (weak["p50"], first["weak"]["p50"]) == ("–", "–")
    assert "weak does not sustain that rate" in as_text(section)


def test_only_the_rate_that_is_compared_is_counted(tmp_path) -> None:
    run = write_load_run(tmp_path)
    found = token_times(analyse(run).measured.frames)
    assert {name: each.answers for name, each in found.items()} == {"sturdy": 250, "weak": 250}


def test_golden(streamed, golden) -> None:
    run, _ = streamed
    golden("latency.txt", as_text(call_on(latency_section, analyse(run))))
