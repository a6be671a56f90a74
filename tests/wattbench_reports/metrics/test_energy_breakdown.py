"""Where joules go: the parts sum to the whole, and every figure can be computed from the records again."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import without_own_scripts
from wattbench.records import PhaseRow, RunWriter, read_run
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.export import render
from wattbench_reports.html import report
from wattbench_reports.metrics.energy_breakdown import splits
from wattbench_reports.sections.energy import energy_section
from wattbench_reports.tables.run_tables import load_frames

ROW = PhaseRow(
    system="generalist", task="chain_sum", component="total", provenance="counter", items=40, prefill_s=2.0,
    decode_s=6.0, other_s=0.5, energy_j=100.0, prefill_j=30.0, prefill_low_j=27.0, prefill_high_j=34.0, decode_j=69.0,
    decode_low_j=65.0, decode_high_j=72.0, other_j=1.0, method="fitted", readings=80,
)  # fmt: skip


def with_phases(run, *rows: PhaseRow):
    with RunWriter(run.layout.root) as writer:
        for row in rows:
            writer.append_phase(row)
    return read_run(run.layout.root)


@pytest.mark.parametrize("provenance", ["counter", "counter+modelled+rapl"])
def test_parts_sum_to_the_whole(make_run, fake, provenance) -> None:
    run = make_run(fake.Run((fake.System("a", energy_j=12.0, provenance=provenance), fake.System("b", unmetered=5))))
    items = pd.read_parquet(run.layout.items_table)
    for name, split in splits(load_frames(run)).items():
        own = items[(items["system"] == name) & items["energy_j"].notna()]
        assert split.requests == len(own)
        assert split.j_per_request == pytest.approx(own["energy_j"].mean())
        assert split.above_idle_j_per_request == pytest.approx(own["energy_above_idle_j"].mean())
        assert split.idle_j_per_request + split.above_idle_j_per_request == pytest.approx(split.j_per_request)
        assert sum(part.j_per_request for part in split.components) == pytest.approx(split.j_per_request)
        above = [part.above_idle_j_per_request for part in split.components]
        assert sum(above) == pytest.approx(split.above_idle_j_per_request)
    assert {part.provenance for part in splits(load_frames(run))["a"].components} == set(provenance.split("+"))


def test_loading_is_a_hundredth_after_a_hundred_times_its_joules(make_run, fake) -> None:
    split = splits(load_frames(make_run(fake.plain())))["generalist"]
    assert split.load.energy_j == 16.0
    assert split.load.requests * split.j_per_request * 0.01 == pytest.approx(16.0)


def test_what_a_router_took_is_a_mean_over_metered_requests(make_run, fake) -> None:
    run = make_run(fake.family(12))
    items = pd.read_parquet(run.layout.items_table)
    found = splits(load_frames(run))
    own = items[items["system"] == "hybrid"]
    assert found["hybrid"].router_j_per_request == pytest.approx(own["router_energy_j"].mean())
    assert found["base"].router_j_per_request is None


def test_phases_of_several_tasks_add_and_their_errors_in_quadrature(make_run, fake) -> None:
    run = with_phases(make_run(fake.plain()), ROW, replace(ROW, task="spell_backward"))
    (phases,) = splits(load_frames(run))["generalist"].phases
    assert (phases.tasks, phases.missing, phases.method) == (2, 0, "fitted")
    assert phases.prefill.estimate + phases.decode.estimate + phases.other_j == pytest.approx(phases.energy_j) == 200.0
    assert phases.prefill.estimate - phases.prefill.low == pytest.approx(3.0 * 2**0.5)
    assert phases.prefill.high - phases.prefill.estimate == pytest.approx(4.0 * 2**0.5)
    own = pd.read_parquet(run.layout.items_table).query("system == 'generalist'")
    assert phases.j_per_prompt_token.estimate == pytest.approx(60.0 / own["prompt_tokens"].sum())
    assert phases.j_per_output_token.high == pytest.approx(phases.decode.high / own["output_tokens"].sum())


def test_one_task_by_time_leaves_no_bounds_and_one_undivided_is_left_out(make_run, fake) -> None:
    by_time = replace(ROW, task="spell_backward", method="by time", prefill_low_j=None, prefill_high_j=None,
                      decode_low_j=None, decode_high_j=None, reason="too few")  # fmt: skip
    run = with_phases(make_run(fake.plain()), ROW, by_time)
    (phases,) = splits(load_frames(run))["generalist"].phases
    assert phases.method == "by time"
    assert not phases.prefill.low <= phases.prefill.estimate  # no number

    silent = replace(by_time, method="", prefill_j=None, decode_j=None, other_j=None, reason="no trace")
    (phases,) = splits(load_frames(with_phases(run, silent)))["generalist"].phases
    assert (phases.tasks, phases.missing, phases.energy_j, phases.reasons) == (1, 1, 100.0, ("no trace",))
    own = pd.read_parquet(run.layout.items_table).query("system == 'generalist' and task == 'chain_sum'")
    assert phases.prompt_tokens == own["prompt_tokens"].sum()


def test_programs_get_the_components(make_run, fake) -> None:
    comparison = compare(make_run(fake.Run((fake.System("a", provenance="counter+modelled"),))))
    document = json.loads(render(comparison, "json"))
    parts = document["energy_by_component"]["a"]
    assert sum(part["energy_j_per_request"] for part in parts.values()) == pytest.approx(
        document["systems"][0]["energy_j_per_request"]
    )
    assert {part["energy_provenance"] for part in parts.values()} == {"counter", "modelled"}


def test_a_meter_at_the_wall_holds_the_others(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a", provenance="counter+counter"),)))
    lines = [json.loads(line) for line in run.layout.windows.read_text().splitlines()]
    for line in lines:
        joules = sum(line["energy_j"].values())
        line["energy_j"] = {"wall": joules, "gpu0": joules / 2}
        line["provenance"] = {"wall": "integrated", "gpu0": "counter"}
    run.layout.windows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    analysis = analyse(run)
    split = analysis.measured.splits["a"]
    wall, gpu = split.components
    assert wall.j_per_request == pytest.approx(split.j_per_request)
    assert gpu.j_per_request == pytest.approx(split.j_per_request / 2)
    assert (wall.in_total, gpu.in_total) == (True, False)
    section = call_on(energy_section, analysis)
    assert "not added" in section.passages[0].tables[0].note
    assert "rest of the machine 50.0%" in section.passages[0].figure.drawing.description


def test_the_page_shows_the_split_and_survives_markup(make_run, fake) -> None:
    rows = [replace(ROW, reason="<script>x</script>"), replace(ROW, component="<script>gpu", method="by time",
            prefill_low_j=None, decode_low_j=None)]  # fmt: skip
    page = report(with_phases(make_run(fake.plain()), *rows))
    assert "30.0 [27.0, 34.0] J" in page
    assert "Joules of prefill and decode" in page
    assert "<script" not in without_own_scripts(page)


def test_a_run_from_before_has_no_phases_and_still_has_parts(analysed, fake) -> None:
    analysis = analysed(fake.plain())
    assert all(split.phases == () for split in analysis.measured.splits.values())
    section = call_on(energy_section, analysis)
    assert [passage.heading for passage in section.passages] == [""]
