"""A comparison that begins with a decision, in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.cells import cell_len

from wattbench_reports.export import FORMATS, render
from wattbench_reports.export.compared_runs import ComparedRuns, compare_runs
from wattbench_reports.export.comparison.compared_section import as_html
from wattbench_reports.export.comparison.comparison_rows import comparison_frame
from wattbench_reports.export.comparison.decision_data import DECISION_COLUMNS
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.decision_settings import DecisionChoice


@pytest.fixture
def compared(make_run, fake) -> ComparedRuns:
    """A run of five systems, one of which has no joules, against a requirement."""
    return compare_runs([make_run(fake.golden())], assumptions=Assumptions(decision=DecisionChoice(min_accuracy="0.3")))


def test_the_table_begins_with_the_advice_and_a_row_per_system(compared: ComparedRuns) -> None:
    assert compared.decided is not None
    lines = render(compared.comparison, "table", compared.decided).splitlines()
    assert " ".join(lines[:2]).startswith("Run specialist: it is 38.8% accurate (at least 31.4%; 30% needed) at 3.17 J")
    head = next(number for number, line in enumerate(lines) if line.startswith("system"))
    rows = [line.split()[0] for line in lines[head + 1 : head + 11] if line and not line.startswith(" ")][:5]
    assert rows == [each.system for each in compared.decided.decision.systems]


def test_json_holds_the_whole_decision_and_no_infinity(make_run, fake) -> None:
    compared = compare_runs([make_run(fake.golden())])
    assert compared.decided is not None
    decision = json.loads(render(compared.comparison, "json", compared.decided))["decision"]
    assert decision["advice"] == compared.decided.advice
    assert decision["unit"] == "joules"
    assert [each["system"] for each in decision["systems"]] == [row[0].text for row in compared.decided.table.rows]
    assert [step["dearer"] for step in decision["hull"]] == ["specialist", "generalist"]
    assert decision["hull"][1]["price"]["high"] is None
    assert [leader["system"] for leader in decision["leaders"]] == ["regex", "specialist", "generalist"]
    assert (decision["chosen"], decision["between"]["cheaper"], decision["between"]["dearer"]) == (
        None, "regex", "generalist",
    )  # fmt: skip


def test_tables_for_programs_say_who_qualifies(compared: ComparedRuns) -> None:
    assert compared.decided is not None
    frame = comparison_frame(compared.comparison, compared.decided).set_index("system")
    rows = csv.DictReader(io.StringIO(render(compared.comparison, "csv", compared.decided)))
    assert set(DECISION_COLUMNS) <= set(frame)
    for row in rows:
        of_frame = frame.loc[row["system"]]
        decided = compared.decided.decision.of(row["system"])
        if decided.apart:
            assert row["qualifies"] == row["advised"] == ""
            assert of_frame[list(DECISION_COLUMNS)].isna().all()
        else:
            assert row["qualifies"] == of_frame["qualifies"] == str(decided.qualifies)
            assert bool(of_frame["counted"]) == decided.counted
            assert bool(of_frame["advised"]) == (row["system"] == compared.decided.decision.chosen)
            assert (row["counted"], row["advised"]) == (
                str(decided.counted).lower(),
                str(bool(of_frame["advised"])).lower(),
            )


def test_hostile_names_show_as_text(make_run, fake) -> None:
    compared = compare_runs([make_run(fake.hostile())])
    texts = {name: render(compared.comparison, name, compared.decided) for name in FORMATS}
    assert "<script>" not in texts["markdown"]
    assert "<script>" not in as_html(compared.comparison, compared.decided)
    lines = texts["table"].splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(cell_len(line) for line in lines) <= 100
