"""The machines of a run in every format, and none of a run of one machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.made_up.records import call_on
from tests.made_up.runs import FakeNode, FakeRun
from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.export import render
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.export.frames.items_frame import items_frame
from wattbench_reports.export.frames.machines_frame import machines_frame
from wattbench_reports.export.frames.windows_frame import windows_frame
from wattbench_reports.sections.machines import machines_section

A, B, C, D = "a0" * 6, "b1" * 6, "c2" * 6, "d3" * 6


@pytest.fixture
def unequal(fake: SimpleNamespace) -> FakeRun:
    """Four machines of one class; on one of them one system takes far longer, and it is hot."""
    nodes = (
        FakeNode(A, temperature_c=60.0),
        FakeNode(B, own={"small": 1.6}, temperature_c=80.0),
        FakeNode(C, temperature_c=60.0),
        FakeNode(D, temperature_c=61.0),
    )
    return replace(fake.recorded(), blocks=12, items=96, block_noise=0.02, nodes=nodes)


def test_the_section_has_a_row_per_machine(analysed: Callable[[FakeRun], Analysis], unequal: FakeRun) -> None:
    section = call_on(machines_section, analysed(unequal))
    assert section is not None
    first, another, differences = section.passages
    (table,) = first.tables
    assert [row[0].text for row in table.rows] == [A, B, C, D]
    assert [row[-1].text for row in table.rows][1].endswith("hot")
    assert table.rows[0][2].text == "1 × Example GPU, Example CPU"
    assert any("not the same" not in each and B in each for each in first.sentences)
    assert [row[0].text for row in another.tables[0].rows] == ["big", "small"]
    assert {row[1].text for row in differences.tables[0].rows} == {"seconds", "joules"}


def test_one_machine_has_no_section_and_no_line(analysed: Callable[[FakeRun], Analysis], unequal: FakeRun) -> None:
    one = analysed(replace(unequal, nodes=(FakeNode(A),)))
    older = analysed(replace(unequal, nodes=()))
    assert call_on(machines_section, one) is None
    for form in ("table", "markdown", "csv", "json"):
        assert render(one.comparison, form) == render(older.comparison, form)


def test_text_markdown_and_json_say_it(analysed: Callable[[FakeRun], Analysis], unequal: FakeRun) -> None:
    comparison = analysed(unequal).comparison
    text = " ".join(render(comparison, "table").split())
    assert "4 machines of one class; systems are compared within machines." in text
    assert "On another machine of this class, joules per correct answer: big" in text
    assert "! The difference between big and small is not the same on all machines" in text
    markdown = render(comparison, "markdown")
    assert "| machine | class | device |" in markdown
    assert f"| {B} | 1 |" in markdown
    document = json.loads(render(comparison, "json"))["machines"]
    assert [each["node"] for each in document["machines"]] == [A, B, C, D]
    assert document["tested"] == 2
    assert set(document["differences"][0]["on"]) == {A, B, C, D}
    assert set(document["j_per_correct_on_another"]) == {"big", "small"}


def test_frames_have_the_machine(analysed: Callable[[FakeRun], Analysis], unequal: FakeRun) -> None:
    several, older = analysed(unequal), analysed(replace(unequal, nodes=()))
    frame = machines_frame(several.measured)
    assert frame["node"].tolist() == [A, B, C, D]
    assert frame["answers"].sum() == len(call_on(items_frame, several))
    assert frame["blocks"].tolist() == [3, 3, 3, 3]
    assert frame.loc[1, "hotter_c"] == 20.0
    items, windows = call_on(items_frame, several), windows_frame(several.measured)
    assert set(items["node"]) == {A, B, C, D}
    assert (items.groupby("block")["node"].nunique() == 1).all()
    assert windows.loc[windows["purpose"] == "measured", "node"].notna().all()
    seconds = 1 / windows["requests_per_s"]  # of a request in each window
    of_windows = seconds.groupby(windows["node"]).mean()
    assert (1 / frame.set_index("node")["requests_per_s"]).to_dict() == pytest.approx(of_windows.to_dict())
    assert frame.loc[1, "requests_per_s"] < frame.loc[0, "requests_per_s"]
    assert frame["output_tokens_per_s"].notna().all()
    assert frame["client_share"].between(0, 1).all()
    (only,) = machines_frame(older.measured)["requests_per_s"]
    assert 1 / only == pytest.approx((1 / windows_frame(older.measured)["requests_per_s"]).mean())
    assert len(machines_frame(older.measured)) == 1
    assert machines_frame(older.measured)["node"].isna().all()
    assert call_on(items_frame, older)["node"].isna().all()
    assert windows_frame(older.measured)["node"].isna().all()


def test_a_run_of_unlike_machines_keeps_its_items(
    analysed: Callable[[FakeRun], Analysis], unequal: FakeRun, fake: SimpleNamespace
) -> None:
    other = replace(unequal.nodes[1], environment=fake.machine(driver="580.1"))
    unlike = analysed(replace(unequal, nodes=(unequal.nodes[0], other, *unequal.nodes[2:])))
    items = call_on(items_frame, unlike)
    assert items["joules"].notna().all()
    assert items["seconds"].notna().all()
    assert machines_frame(unlike.measured)["of_class"].tolist() == [1, 1, 1, 2]


def test_export_writes_the_table_of_machines(make_run: Callable[[FakeRun], RunRecords], unequal: FakeRun) -> None:
    run = make_run(unequal)
    lines = export_to_bytes(run, "csv", what="machines").decode().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("run,node,of_class,device")
    with pytest.raises(UserError, match="not divided by systems"):
        export_to_bytes(run, "csv", what="machines", system="big")
