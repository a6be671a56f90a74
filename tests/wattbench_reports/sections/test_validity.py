"""Validity and environment: every caveat, provenance and window, and what each system was made with."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.schema.header import MeterRecord
from wattbench_reports.analyses.validity import origins
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.sections import validity as panel
from wattbench_reports.sections.environment import environment_section
from wattbench_reports.sections.validity import validity_section


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_every_caveat_stands_there(analysed, fake) -> None:
    analysis = analysed(fake.hostile())
    (table,) = call_on(validity_section, analysis).passages[0].tables
    assert [row[:2] for row in texts(table)] == [[each.code, each.text] for each in analysis.comparison.caveats]
    concerned = {row[0]: row[2] for row in texts(table)}
    assert concerned["invalid-windows"] == "throttled"
    assert concerned["different-documents"] == "unmetered"


def test_no_caveat_is_said(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b", "specialist")), items=100))
    (passage, *_) = call_on(validity_section, analyse(run)).passages
    assert passage.tables == ()
    assert "None: no check" in passage.sentences[0]


def test_joules_by_component_are_the_windows(make_run, fake) -> None:
    run = make_run(fake.hostile())
    found = {(each.component, each.provenance): each for each in origins(analyse(run).measured)}
    windows = pd.read_parquet(run.layout.windows_table)
    sums: dict[tuple[str, str], list[float]] = {}
    for energy, how in zip(windows["energy_j"], windows["provenance"], strict=True):
        for component, joules in json.loads(energy).items():
            sums.setdefault((component, json.loads(how)[component]), []).append(joules)
    assert set(found) == set(sums) == {("part0", "counter"), ("part1", "modelled")}
    for key, joules in sums.items():
        assert found[key].energy_j == pytest.approx(sum(joules))
        assert found[key].windows == len(joules)
    assert found["part1", "modelled"].systems == ("modelled$x^",)


def test_what_the_header_says_of_a_meter(make_run, fake) -> None:
    run = make_run(fake.plain())
    raw = json.loads(run.layout.header.read_text())
    raw["meter_details"] = {"part0": {"meter": "nvml", "reads": "a <b>counter</b>", "step_s": 0.1}}
    run.layout.header.write_text(json.dumps(raw))
    (each,) = origins(analyse(read_run(run.layout.root)).measured)
    assert each.meter == MeterRecord(meter="nvml", reads="a <b>counter</b>", step_s=0.1)
    assert "a &lt;b&gt;counter&lt;/b&gt;" in report(read_run(run.layout.root))
    raw["meter_details"] = {"part0": {}}
    run.layout.header.write_text(json.dumps(raw))
    (each,) = origins(analyse(read_run(run.layout.root)).measured)
    assert each.meter == MeterRecord()
    raw["meter_details"] = {"part0": "old"}
    run.layout.header.write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"meter_details\.part0 is 'old': it must be a mapping"):
        read_run(run.layout.root)


def test_damaged_windows_end_in_a_sentence(make_run, fake) -> None:
    run = make_run(fake.plain())
    analysis = analyse(run)
    table = pd.read_parquet(run.layout.windows_table)
    table["energy_j"] = "[1]"
    table.to_parquet(run.layout.windows_table)
    with pytest.raises(UserError, match="not a JSON object"):
        origins(analysis.measured)


def test_of_many_windows_the_bad_ones_and_some_of_all_the_run_are_shown(make_run, fake, monkeypatch) -> None:
    systems = tuple(fake.System(f"s{place}", invalid=("late",) if place == 9 else ()) for place in range(10))
    run = make_run(fake.Run(systems, items=2))
    windows = pd.read_parquet(run.layout.windows_table)
    bad = windows.loc[~windows["valid"], "window"].tolist()
    monkeypatch.setattr(panel, "MOST_WINDOWS", 7)
    (table,) = call_on(validity_section, analyse(run)).passages[-1].folded
    shown = [row[0] for row in texts(table)]
    assert set(bad) <= set(shown)
    assert (shown[0], len(shown)) == (windows["window"][0], 7)
    assert table.caption == "7 of 30 windows, those not valid (1) first"
    assert str(run.layout.windows_table) in table.note


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 70))
def test_windows_that_are_not_valid_come_first(valid: list[bool], most: int) -> None:
    shown = panel.shown_windows(np.array(valid, dtype=np.bool_), most)
    assert shown == sorted(set(shown))
    assert len(shown) == min(most, len(valid))
    spoiled = [place for place, fine in enumerate(valid) if not fine]
    assert set(spoiled[:most]) <= set(shown)


def test_valid_ones_are_taken_from_all_of_the_run() -> None:
    assert panel.shown_windows(np.ones(1001, dtype=np.bool_), 5) == [0, 250, 500, 750, 1000]


def test_commands_hold_what_the_reader_chose(make_run, fake) -> None:
    run = make_run(fake.plain())
    section = call_on(environment_section, analyse(run, Assumptions(CarbonChoice(region="FRA", pue=1.1))))
    commands = [shlex.split(command) for _, command in section.passages[0].commands]
    root = str(run.layout.root)
    assert ["wattbench", "runs", "report", root, "-o", "report.html", "--region", "FRA", "--pue", "1.1"] in commands
    assert ["wattbench", "runs", "compare", root, "--region", "FRA", "--pue", "1.1"] in commands


def test_fingerprints_part_by_part(analysed, fake) -> None:
    analysis = analysed(fake.recorded())
    passage = call_on(environment_section, analysis).passages[-1]
    (short,) = passage.tables
    assert texts(short) == [[name, each.short] for name, each in analysis.measured.prints.items()]
    alike, *apart = passage.folded
    assert ["device", "GPU", "Example GPU"] in [[part, what, value] for part, what, value in texts(alike)] or any(
        "Example GPU" in value for _, _, value in texts(alike)
    )
    # Together they are all facts of each, once.
    for name, table in zip(analysis.measured.prints, apart, strict=True):
        assert table.caption.startswith(f"{name} (")
        facts = [fact for part in analysis.measured.prints[name].parts.values() for fact in part.facts]
        assert len(facts) == len(table.rows) + len(alike.rows)
    assert any("b" * 64 in value for _, _, value in texts(apart[0]))
    assert not any("b" * 64 in value for _, _, value in texts(apart[1]))


def test_control_characters_in_a_record_show(make_run, fake) -> None:
    systems = (fake.System("a"), fake.System("b\u202e\x1b[31m", invalid=("why\x00",)))
    page = report(make_run(fake.Run(systems, environment=fake.machine(cpu="bell\x07"))))
    assert "b⟨U+202E⟩␛[31m" in page
    assert "why␀" in page
    assert "bell␇" in page
    assert not {"\x00", "\x07", "\x1b", "\u202e"} & set(page)


def test_golden(analysed, fake, golden) -> None:
    golden("validity.txt", as_text(call_on(validity_section, analysed(fake.hostile()))))


def test_blocks_that_were_asked_again_are_counted_with_the_reason(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b")), items=40, blocks=6, asked_again=2))
    (passage,) = [each for each in call_on(validity_section, analyse(run)).passages if each.heading == "Blocks"]
    assert passage.sentences == (
        "6 blocks: in each, all systems were asked the same items.",
        "Chosen by auto: switching takes 2% of a block's time.",
        "2 blocks were asked again, because the machine was busy (waiting for a core (2×)).",
        "Of 8 attempts the last of each block counts.",
    )
    (windows,) = call_on(validity_section, analyse(run)).passages[-1].folded
    blocks = [row[3].text for row in windows.rows if row[4].text == "measured"]
    assert blocks[:3] == ["1, attempt 2", "2, attempt 2", "3"]


def test_a_run_of_one_block_says_what_it_lacks(analysed, fake) -> None:
    (passage,) = [
        each for each in call_on(validity_section, analysed(fake.plain())).passages if each.heading == "Blocks"
    ]
    assert passage.sentences == ("One block: what changes on the machine over time is in no interval.",)


def test_a_busy_machine_is_said_and_its_windows_are_marked(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b")), items=40, blocks=4))
    windows = pd.read_parquet(run.layout.windows_table)
    busy = windows["window"] == "w0b1"
    windows.assign(contended=busy).to_parquet(run.layout.windows_table)
    analysis = analyse(run)
    (caveat,) = [each for each in analysis.comparison.caveats if each.code == "busy-machine"]
    assert caveat.systems == ("a",)
    assert "other work ran during measured windows of a (1 of 4). Their" in caveat.text
    (table,) = call_on(validity_section, analysis).passages[-1].folded
    marked = [row[0].text for row in table.rows if "valid, busy machine" in [cell.text for cell in row]]
    assert marked == ["w0b1"]
