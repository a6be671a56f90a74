"""A throughput that is mostly the client's is a lower bound: it is said so, and nothing is concluded from it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.records import call_on
from wattbench_reports.analyses.break_even import break_evens
from wattbench_reports.analyses.capacity import fleets
from wattbench_reports.analyses.lifecycle import totals
from wattbench_reports.analyses.pareto_front import tradeoffs
from wattbench_reports.comparability.rules import FIGURES, LATENCY
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.comparison.leaderboard import throughput_standings
from wattbench_reports.comparison.several_runs import of_one_run
from wattbench_reports.comparison.system_figures import SystemFigures, with_throughput
from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.export import render
from wattbench_reports.export.comparison.decision_data import decision_data
from wattbench_reports.export.comparison.leaderboard import rank_lines
from wattbench_reports.export.frames.windows_frame import windows_frame
from wattbench_reports.metrics.throughput import CLIENT, MOSTLY, RATES, REQUESTS, STATED, Rate, Throughput, throughputs
from wattbench_reports.sections.verdict.verdict import verdicts
from wattbench_reports.tables.run_tables import load_frames
from wattbench_reports.wording.decision import decision_words


def shares(analysis: Analysis) -> dict[str, float | None]:
    return {row.system: row.client_share for row in analysis.comparison.systems}


@pytest.mark.slow
def test_the_share_of_each_system_is_that_of_its_records(analysed, fake) -> None:
    """Three tenths of a millisecond between answers of 0.8 s, 1 ms and 20 µs."""
    analysis = analysed(fake.quick())
    found = shares(analysis)
    assert found["model"] == pytest.approx(0.0003 / 0.8, rel=0.2)
    assert found["classifier"] == pytest.approx(0.0003 / 0.0013, rel=0.2)
    assert found["rule"] == pytest.approx(0.0003 / 0.00032, rel=0.02)
    for row in analysis.comparison.systems:
        assert row.client_share == pytest.approx(1 - row.requests_in_flight, abs=1e-9), "one at a time"
        assert row.throughput_from == (CLIENT if row.system == "rule" else REQUESTS)
        assert (row.requests_per_s_low is None) == (row.system == "rule"), "it has no bounds above"
    windows = windows_frame(analysis.measured)
    own = windows[(windows["purpose"] == "measured") & (windows["system"] == "rule")]
    assert (own["client_share"] > MOSTLY).all()


@pytest.mark.parametrize(("format_name", "suffix"), [("table", "txt"), ("markdown", "md")])
def test_it_is_said_where_a_throughput_is_shown(make_run, fake, golden, format_name: str, suffix: str) -> None:
    comparison, _ = of_one_run(make_run(fake.quick()))
    golden(f"quick-systems.{suffix}", render(comparison, format_name))


@pytest.mark.slow
def test_the_joules_of_windows_that_are_mostly_the_clients_are_called_so(analysed, fake) -> None:
    def named(analysis: Analysis) -> list[tuple[str, ...]]:
        return [caveat.systems for caveat in analysis.comparison.caveats if caveat.code == "client-joules"]

    assert named(analysed(fake.quick())) == [("rule",)]
    assert named(analysed(fake.plain())) == []
    again = replace(fake.quick(), systems=tuple(replace(each, energy_j=None) for each in fake.quick().systems))
    assert named(analysed(again)) == [], "it has no joules"


def test_joules_of_a_window_in_which_items_were_asked_again_are_not(make_run, fake) -> None:
    """Its record was written once, and the window holds a thousand passes."""
    frames = load_frames(make_run(fake.quick()))
    windows = frames.windows
    longer = windows.assign(finished_s=windows["started_s"] + 1000 * (windows["finished_s"] - windows["started_s"]))
    once, again = (throughputs(replace(frames, windows=each))["rule"] for each in (windows, longer))
    assert once.client_share == again.client_share > MOSTLY
    assert once.client_share_of_windows > MOSTLY
    assert again.client_share_of_windows < 0.01


SYSTEMS = ("a", "b", "c", "d", "e")
TABLES = st.fixed_dictionaries(
    {
        name: st.tuples(
            st.one_of(st.none(), st.floats(1e-3, 1e6)), st.sampled_from([REQUESTS, CLIENT, STATED]), st.booleans()
        )
        for name in SYSTEMS
    }
)


@pytest.mark.slow
@settings(max_examples=200)
@given(TABLES, st.integers(0, len(SYSTEMS)))
def test_no_ranking_has_a_lower_bound_or_is_of_what_one_leaves(row: SystemFigures, table, cut) -> None:
    rows = [
        replace(row, system=name, requests_per_s=per_s, throughput_from=source, output_tokens_per_s=None)
        for name, (per_s, source, _) in table.items()
    ]
    candidates = {name for name, (*_, candidate) in table.items() if candidate}
    divided = dict.fromkeys(FIGURES, (SYSTEMS[:cut], SYSTEMS[cut:]))
    for standing in throughput_standings(rows, candidates, divided):
        places = [each.system for each in standing.places]
        members = divided[LATENCY][standing.group - 1]
        assert all(table[name][1] == REQUESTS for name in places)
        assert candidates.issuperset(places)
        assert [each.value for each in standing.places] == sorted((table[name][0] for name in places), reverse=True)
        bounded = [name for name in members if name in candidates and table[name][1] == CLIENT]
        assert len(places) > 1 or not bounded, "the one that is left is not the first of anything"


@pytest.fixture(scope="module")
def row() -> SystemFigures:
    known = {"system": "a", "kind": "generalist", "items": 1, "energy_provenance": "", "valid": True}
    names = [field.name for field in fields(SystemFigures)]
    return SystemFigures(**{name: known.get(name) for name in names[: names.index("imported")]})


def conclusions(analysis: Analysis) -> dict[str, object]:
    """Everything that is advised, called best, on a front, or computed of a load that was not measured."""
    return {
        "decision": decision_data(call_on(decision_words, analysis, call_on(decide, analysis))),
        "verdicts": repr(verdicts(analysis.measured)),
        "fronts": repr(tradeoffs(analysis.measured)),
        "servers": repr(call_on(fleets, analysis)),
        "a year": repr(call_on(totals, analysis)),
        "break-even": repr(call_on(break_evens, analysis)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quick", "family"])
def test_no_conclusion_is_drawn_from_a_throughput(analysed, fake, name: str) -> None:
    """Conclusions stay the same whatever the throughputs are, and whichever share of their time is the client's."""
    analysis = analysed(getattr(fake, name)())
    expected = conclusions(analysis)
    for factor, source in ((1000.0, CLIENT), (1e-3, CLIENT), (1000.0, REQUESTS)):
        served = {
            system: Throughput(Rate((number + 1) * factor), Rate(factor), 1.0, 1.0, 1, source, 0.9)
            for number, system in enumerate(analysis.measured.frames.systems)
        }
        read = replace(analysis.measured.read)
        vars(read)["served"] = served  # in place of what it would compute
        changed = replace(
            analysis,
            measured=replace(analysis.measured, read=read),
            comparison=replace(
                analysis.comparison,
                systems=tuple(with_throughput(each, served[each.system]) for each in analysis.comparison.systems),
            ),
        )
        assert conclusions(changed) == expected


def test_a_ranking_that_is_printed_names_no_lower_bound(make_run, fake) -> None:
    comparison, _ = of_one_run(make_run(fake.quick()))
    ranked = {title: lines for title, lines in rank_lines(comparison) if "throughput" in title}
    assert len(ranked) == len(RATES)
    assert all("rule" not in line and "model" in line for lines in ranked.values() for line in lines)
