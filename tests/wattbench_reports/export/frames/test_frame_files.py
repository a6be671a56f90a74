"""The figures beside the page: the records' numbers at full precision, in CSV and Parquet alike."""

from __future__ import annotations

import csv
import io
from functools import partial

import numpy as np
import pandas as pd
import pytest

from tests.made_up.percentiles import percentile_of
from tests.made_up.records import call_on
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.system_figures import COLUMNS
from wattbench_reports.export.frames.frame_files import frame_as_csv, frame_as_parquet
from wattbench_reports.export.frames.systems_frame import TYPES, figures_frame
from wattbench_reports.html import write_report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice


def test_every_figure_is_the_records(make_run, fake) -> None:
    run = make_run(fake.family(30))
    frame = call_on(figures_frame, analyse(run))
    table = pd.read_parquet(run.layout.items_table)
    assert list(frame.columns) == list(TYPES)
    assert set(COLUMNS) <= set(TYPES), "all that compare prints"
    domains = [None, *table["domain"].unique()]
    assert len(frame) == len(domains) * table["system"].nunique()
    for _, row in frame.iterrows():
        own = table[table["system"] == row["system"]]
        own = own if pd.isna(row["domain"]) else own[own["domain"] == row["domain"]]
        assert row["run"] == run.header.run
        assert row["requests"] == row["items"] == len(own)
        assert row["accuracy"] == pytest.approx(own["correct"].mean(), rel=1e-12)
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"] or row["accuracy"] in (0, 1)
        assert row["energy_j_per_request"] == pytest.approx(own["energy_j"].mean(), rel=1e-12)
        assert row["energy_above_idle_j_per_request"] == pytest.approx(own["energy_above_idle_j"].mean(), rel=1e-12)
        tail, supported = (0.95, "p95") if len(own) >= 90 else (0.9, "p90") if len(own) >= 44 else (0.5, "p50")
        assert row["latency_tail_s"] == pytest.approx(percentile_of(own["finished_s"] - own["started_s"], tail))
        assert row["latency_tail_percentile"] == supported
        assert pd.isna(row["latency_p95_s"]) == (len(own) < 90)
        assert row["output_tokens"] == pytest.approx(own["output_tokens"].mean())
        assert row["co2_g_per_1000"] == pytest.approx(own["energy_j"].mean() * 1000 / 3.6e6 * 100 * 1.25)
        if own["correct"].sum():
            per_correct = own["energy_j"].sum() / own["correct"].sum()
            assert row["j_per_correct"] == pytest.approx(per_correct, rel=1e-12)
            assert row["sci_g_per_correct"] == pytest.approx(per_correct / 3.6e6 * 100 * 1.25, rel=1e-9)
        else:
            assert pd.isna(row["j_per_correct"])
        assert row["yardstick"] == (row["system"] == "told")
        assert row["valid"]


def test_what_is_missing_is_missing(analysed, fake) -> None:
    analysis = analysed(fake.hostile())
    frame = call_on(figures_frame, analysis).set_index("system")
    everything = frame[frame["domain"].isna()]
    assert pd.isna(everything.loc["unmetered", "energy_j_per_request"])
    assert everything.loc["unmetered", "energy_provenance"] == ""
    assert everything.loc["unmetered", "unmetered"] == 114
    assert pd.isna(everything.loc["never-right", "j_per_correct"])
    assert not everything.loc["throttled", "valid"]
    figures = frame.select_dtypes("float64").to_numpy()
    assert not np.isinf(figures).any()


def test_csv_and_parquet_say_the_same(analysed, fake) -> None:
    frame = call_on(figures_frame, analysed(fake.hostile()))
    exact = partial(pd.read_csv, float_precision="round_trip")
    text = exact(io.BytesIO(frame_as_csv(frame)), dtype=TYPES, keep_default_na=False, na_values={
        name: [""] for name, kind in TYPES.items()
        if kind == "float64" or name in ("domain", "cost_currency", "throughput_from")
    })  # fmt: skip
    table = pd.read_parquet(io.BytesIO(frame_as_parquet(frame)))
    pd.testing.assert_frame_equal(table.astype(TYPES), frame)
    pd.testing.assert_frame_equal(text, frame, check_exact=True)


def test_a_name_is_no_formula(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("=HYPERLINK(1)"), fake.System("fine"))))
    lines = frame_as_csv(call_on(figures_frame, analyse(run))).decode().splitlines()
    assert any(",'=HYPERLINK(1)," in line for line in lines)
    assert not any(",=HYPERLINK(1)," in line for line in lines)


def test_a_carriage_return_alone_ends_no_row() -> None:
    texts = ["a\rb", "a\r\nb", "a\nb", "plain"]
    data = frame_as_csv(pd.DataFrame({"text": texts, "figure": [1.5, 2.5, None, 0.1]}))
    assert data.endswith(b"\nplain,0.1\n")
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert [text for text, _ in rows[1:]] == texts


def test_they_lie_beside_the_page_and_follow_the_readers_choice(make_run, fake, tmp_path) -> None:
    run = make_run(fake.plain())
    assumptions = Assumptions(CarbonChoice(intensity_g_per_kwh=50.0))
    write_report(run.layout.root, tmp_path / "a" / "page.v2.html", assumptions)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"page.v2.html", "page.v2.csv", "page.v2.parquet"}
    expected = call_on(figures_frame, analyse(run, assumptions))
    assert (tmp_path / "a" / "page.v2.csv").read_bytes() == frame_as_csv(expected)
    found = pd.read_parquet(tmp_path / "a" / "page.v2.parquet").astype(TYPES)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("name", ["report.csv", "report.PARQUET"])
def test_a_page_is_not_written_where_its_figures_go(make_run, fake, tmp_path, name) -> None:
    run = make_run(fake.plain())
    with pytest.raises(UserError, match=r"ends in \.html"):
        write_report(run.layout.root, tmp_path / name)


def test_where_one_cannot_be_written_none_is(make_run, fake, tmp_path) -> None:
    run, folder = make_run(fake.plain()), tmp_path / "out"
    (folder / "report.parquet").mkdir(parents=True)
    (folder / "report.html").write_text("the page of yesterday")
    with pytest.raises(UserError, match=r"report\.parquet: the report cannot be written"):
        write_report(run.layout.root, folder / "report.html")
    assert {path.name for path in folder.iterdir()} == {"report.parquet", "report.html"}
    assert (folder / "report.html").read_text() == "the page of yesterday"
