"""The formats of a comparison, against golden files."""

from __future__ import annotations

import csv
import io
import json
import math

import pandas as pd
import pytest
from rich.cells import cell_len

from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import compare
from wattbench_reports.comparison.system_figures import COLUMNS
from wattbench_reports.export import FORMATS, render
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

SUFFIX = {"table": "txt", "markdown": "md", "csv": "csv", "json": "json"}


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_golden(make_run, fake, format_name: str, golden) -> None:
    text = render(compare(make_run(fake.golden())), format_name)
    golden(f"compare.{SUFFIX[format_name]}", text)


@pytest.mark.parametrize("format_name", ["markdown", "table"])
def test_golden_with_manufacture(make_run, fake, format_name: str, golden) -> None:
    text = render(
        compare(make_run(fake.golden()), Assumptions(CarbonChoice(embodied="ecologits-gpu-server"))), format_name
    )
    golden(f"compare-manufacture.{SUFFIX[format_name]}", text)


def test_an_unknown_format_names_the_nearest(make_run, fake) -> None:
    with pytest.raises(UserError, match="did you mean 'markdown'"):
        render(compare(make_run(fake.plain())), "markdwn")


def test_programs_get_every_column_at_full_precision(make_run, fake) -> None:
    comparison = compare(make_run(fake.golden()))
    from_json = json.loads(render(comparison, "json"))["systems"]
    from_csv = list(csv.DictReader(io.StringIO(render(comparison, "csv"))))
    for figures, as_json, as_csv in zip(comparison.systems, from_json, from_csv, strict=True):
        assert list(as_json) == list(as_csv) == list(COLUMNS)
        for name in COLUMNS:
            value = getattr(figures, name)
            if value is None or (isinstance(value, float) and math.isinf(value)):
                assert as_json[name] is None
                assert as_csv[name] == ""
            else:
                assert as_json[name] == value
                assert as_csv[name] == (str(value).lower() if isinstance(value, bool) else str(value))


def test_an_unbounded_bound_is_null_beside_a_figure(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("lucky"),), items=20))
    table = pd.read_parquet(run.layout.items_table)
    table["correct"] = [1.0] + [0.0] * (len(table) - 1)
    table.to_parquet(run.layout.items_table)
    comparison = compare(run)
    (row,) = json.loads(render(comparison, "json"))["systems"]
    assert row["j_per_correct"] is not None
    assert row["j_per_correct_high"] is None
    assert "∞" in render(comparison, "table")


def test_the_table_fits_a_terminal_and_cannot_steer_it(make_run, fake) -> None:
    systems = (fake.System("\x1b[31mred\x07"), fake.System("n" * 80), fake.System("語" * 40))
    lines = render(compare(make_run(fake.Run(systems))), "table").split("\n")
    assert max(cell_len(line) for line in lines) <= 100
    assert all(line.isprintable() for line in lines)
    first, *others = (cell_len(line.partition(" J ")[0]) for line in lines if " J " in line and " ms" in line)
    assert others == [first] * 2, "figures stand one above the other, whatever the script of the name"


def test_markdown_shows_markup_as_text(make_run, fake) -> None:
    text = render(compare(make_run(fake.Run((fake.System("<img src=x>|[a](b)`*"), fake.System("b"))))), "markdown")
    assert "<img" not in text
    assert r"&lt;img src=x&gt;\|[a\](b)\`\*" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {16, 3}, "the figures, and those of a year"


def test_a_spreadsheet_is_not_handed_a_formula(make_run, fake) -> None:
    text = render(compare(make_run(fake.Run((fake.System("=cmd|' /C calc'!A0"),)))), "csv")
    assert text.splitlines()[1].startswith("'=cmd")
