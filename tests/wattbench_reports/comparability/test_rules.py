"""What may be ranked beside what: the fingerprints of runs, and the sentences about where they differ."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import click.testing
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.records import CIRCUMSTANCES, CONDITIONS, IDENTITY, LABELS, NOT_RECORDED, Part, part, read_run
from wattbench_reports.comparability.fingerprint import Fingerprint
from wattbench_reports.comparability.rules import FIGURES, FORBIDS, differences, divides, groups, parts_to_cross
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export import render
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.tables.merge import KeyedTable, item_keys, joined

CASES = {
    "same machine": {},
    "other GPU": {"machine": {"name": "Another GPU", "uuid": "GPU-2"}},
    "other card of the same model": {"machine": {"uuid": "GPU-2"}},
    "other driver": {"machine": {"driver": "580.10"}},
    "other power limit": {"machine": {"power_limit_w": 450.0}},
    "other software": {"machine": {"packages": {"torch": "2.6.0", "codecarbon": "3.3.1"}}},
    "other weights": {"system": {"weights": "c" * 64}},
    "other task version": {"cell": {"task_version": "2.0"}},
    "other documents under one id": {"content": " changed"},
    "other prompts": {"system": {"prompt": "!"}},
    "other batch": {"batch": 8},
    "modelled against measured": {"system": {"provenance": "modelled"}},
    "an old record": {"environment": {}},
}


def _second(fake, case: dict[str, object]):
    """The run of a case: as the first, but for what the case changes."""
    changes = dict(case)
    if "machine" in changes:
        changes["environment"] = fake.machine(**changes.pop("machine"))
    if "cell" in changes:
        changes["cell"] = {"task_version": "1.0", "docs_sha256": "d" * 64, "task_sha256": "a" * 64} | changes["cell"]
    system = {"accuracy": 0.7, "energy_j": 12.0, "weights": "b" * 64} | changes.pop("system", {})
    return fake.recorded("bbb222", systems=(fake.System("big", **system),), **changes)


def _runs(make_run, fake, name: str):
    return [make_run(fake.recorded()), make_run(_second(fake, CASES[name]))]


@pytest.fixture(scope="module")
def both(run_store, fake) -> Callable[..., Comparison]:
    """Compare the two runs of a case, once for all tests that ask for the same. A test may not change it."""

    @cache
    def both_of(name: str, across: tuple[str, ...] = ()) -> Comparison:
        runs = [run_store.read(each) for each in (fake.recorded(), _second(fake, CASES[name]))]
        return side_by_side(runs, across=across)

    return both_of


@pytest.mark.slow
def test_golden_texts_of_every_case(both, golden) -> None:
    said = []
    for name in CASES:
        comparison = both(name)
        told = [caveat.text for caveat in comparison.caveats if caveat.code != "few-requests"]
        said.append("\n".join([f"# {name}", *(told or ["(nothing differs)"])]))
    text = "\n\n".join(said) + "\n"
    golden("comparability.txt", text)


@pytest.mark.parametrize(
    ("name", "one_group"),
    [
        ("same machine", FIGURES),
        ("other GPU", ("accuracy",)),
        ("other driver", ("accuracy",)),
        ("other batch", ("accuracy",)),
        ("an old record", ("accuracy",)),
        ("modelled against measured", ("accuracy", "latency")),
        ("other weights", FIGURES),
        ("other prompts", FIGURES),
        ("other task version", ()),
        ("other documents under one id", ()),
    ],
)
def test_what_is_ranked(both, name: str, one_group: tuple[str, ...]) -> None:
    ranked = both(name).ranked
    assert ranked is not None
    found = {figure for figure in FIGURES if sum(each.figure == figure for each in ranked.standings) == 1}
    assert found == set(one_group)
    assert ranked.apart == (not one_group)


@pytest.mark.parametrize("across", [(), ("device",)], ids=["refused", "across"])
@pytest.mark.parametrize("form", ["table", "markdown"])
def test_golden_pages_of_two_machines(both, form: str, across: tuple[str, ...], golden) -> None:
    text = render(both("other GPU", across), form)
    golden(f"two-runs{'-across' if across else ''}.{'md' if form == 'markdown' else 'txt'}", text)


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_the_caveat_stays_where_a_reader_ranks_all_the_same(both, form: str) -> None:
    text = " ".join(render(both("other GPU", ("device",)), form).replace("\\", "").split())
    assert "Device differs" in text
    assert "because of --across device: " in text


def test_csv_keeps_what_was_ranked_across(make_run, fake) -> None:
    def rows(across: tuple[str, ...]) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(render(side_by_side(runs, across=across), "csv"))))

    runs = _runs(make_run, fake, "other GPU")
    refused = rows(())
    assert [row["system"] for row in refused] == ["big@aaa111", "small", "big@bbb222"]
    assert [row["joules_group"] for row in refused] == ["1", "1", "2"]
    assert [row["accuracy_group"] for row in refused] == ["1", "1", "1"]
    assert {row["differs_in"] for row in refused} == {"device"}
    assert {(row["joules_group"], row["ranked_across"]) for row in rows(("device",))} == {("1", "device")}


def test_joules_of_one_run_that_came_about_differently_are_ranked_only_when_asked(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b", provenance="modelled"))))
    apart, together = side_by_side([run]), side_by_side([run], across=("meter",))
    joules = [[len(s.places) for s in each.ranked.standings if s.figure == "joules"] for each in (apart, together)]
    assert joules == [[1, 1], [2]]
    assert [caveat.code for caveat in together.caveats].count("mixed-provenance") == 1


def test_a_server_elsewhere_is_not_this_machine(analysed, fake) -> None:
    here, there = fake.System("here"), fake.System("there", base_url="https://api.example.org/v1")
    near = fake.System("near", base_url="http://127.0.0.1:8000/v1")
    prints = analysed(fake.recorded(systems=(here, there, near))).measured.prints
    assert groups(prints, "latency") == (("here", "near"), ("there",))
    assert groups(prints, "joules") == (("here", "near"), ("there",))
    assert groups(prints, "accuracy") == (("here", "there", "near"),)


def test_a_run_that_misses_items_is_not_set_beside_another(make_run, fake) -> None:
    cut = make_run(fake.recorded("bbb222"))
    table = pd.read_parquet(cut.layout.items_table)
    table.iloc[:-3].to_parquet(cut.layout.items_table)
    with pytest.raises(UserError, match="items are missing"):
        side_by_side([make_run(fake.recorded()), cut])


def test_an_unfinished_run_is_refused_whatever_stands_beside_it(make_run, fake) -> None:
    with pytest.raises(UserError, match="wattbench run --resume"):
        side_by_side([make_run(fake.recorded()), make_run(fake.recorded("bbb222", finished=False))])


def test_runs_of_different_grids_state_no_grams_until_one_is_named(make_run, fake) -> None:
    grid = {"region": None, "intensity_g_per_kwh": 50.0, "pue": 1.0}
    runs = [make_run(fake.recorded()), make_run(fake.recorded("bbb222", carbon=grid))]
    silent, french = (
        side_by_side(runs),
        side_by_side(runs, assumptions=Assumptions(CarbonChoice(region="FRA", pue=1.1))),
    )
    assert {figures.co2_g_per_1000 for figures in silent.systems} == {None}
    assert "different-grids" in {caveat.code for caveat in silent.caveats}
    assert all(figures.co2_g_per_1000 for figures in french.systems)


def test_names_stay_apart_however_runs_and_systems_are_called(make_run, fake, tmp_path) -> None:
    runs = [
        make_run(fake.recorded(systems=(fake.System("a"), fake.System("a@aaa111")))),
        read_run(fake.write(tmp_path / "elsewhere", fake.recorded(systems=(fake.System("a"),), name="other"))),
    ]
    comparison = side_by_side(runs)
    names = [figures.system for figures in comparison.systems]
    assert len(set(names)) == 3
    assert names[0].startswith("a@20260102T030405Z-demo")  # both runs end in the same six digits
    assert [place.run for place in comparison.ranked.placements] == [runs[0].header.run] * 2 + [runs[1].header.run]


def test_the_items_of_two_runs_are_paired_by_their_content(make_run, fake) -> None:
    runs = [make_run(fake.recorded()), make_run(fake.recorded("bbb222", systems=(fake.System("other"),)))]
    parts = [
        KeyedTable(each.measured.table, item_keys(each.measured.frames), each.measured.table.systems)
        for each in (analyse(run) for run in runs)
    ]
    both = joined(parts)
    assert both.systems == ("big", "small", "other")
    assert len(both.tasks) == 120
    assert both.trials.min() == 1
    for each in parts:
        for name in each.names:
            mine, theirs = each.table.column(name), both.column(name)
            assert both.energy_j[:, theirs].tolist() == each.table.energy_j[:, mine].tolist()
    changed = replace(parts[1], keys=parts[1].keys.assign(doc_hash="other " + parts[1].keys["doc_hash"]))
    apart = joined([parts[0], changed])
    assert len(apart.tasks) == 240
    assert not ((apart.trials[:, 0] > 0) & (apart.trials[:, 2] > 0)).any()


@pytest.mark.slow
def test_a_doctored_environment_is_said_and_breaks_nothing(make_run, fake) -> None:
    for number, strange in enumerate(({"gpus": "none"}, {"gpus": [3, {}]}, {"packages": [], "cpu_power": 7})):
        runs = [make_run(fake.recorded(f"a{number}")), make_run(fake.recorded(f"b{number}", environment=strange))]
        comparison = side_by_side(runs)
        assert any(NOT_RECORDED in caveat.text for caveat in comparison.caveats)
        assert render(comparison, "markdown")


def test_a_run_is_named_once(make_run, fake) -> None:
    run = make_run(fake.recorded())
    with pytest.raises(UserError, match="given already"):
        side_by_side([run, run])


@pytest.mark.parametrize(("name", "expected"), [("weights", "forbids no ranking"), ("devise", "did you mean 'device'")])
def test_across_takes_what_forbids(name: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        parts_to_cross([name])
    assert parts_to_cross(["all"]) == CONDITIONS


def test_the_command_line_shows_figures_that_cannot_be_ranked_and_exits_with_3(make_run, fake) -> None:
    roots = [str(make_run(each).layout.root) for each in (fake.recorded(), _second(fake, CASES["other task version"]))]
    done = click.testing.CliRunner().invoke(main, ["runs", "compare", *roots, "--format", "json"])
    assert done.exit_code == 3
    assert len(json.loads(done.stdout)["systems"]) == 3
    assert "nothing in these runs can be ranked" in done.stderr
    assert click.testing.CliRunner().invoke(main, ["runs", "compare", *roots, "--across", "tasks"]).exit_code == 0


_PARTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", NOT_RECORDED]), min_size=1)


@st.composite
def _prints(draw: st.DrawFn) -> Fingerprint:
    owner = draw(st.sampled_from(["r1", "r2"]))
    return Fingerprint(owner, "s", {name: part(draw(_PARTS), owner) for name in LABELS})


@pytest.mark.slow
@settings(max_examples=40)
@given(_prints(), _prints())
def test_differences_are_symmetric(first: Fingerprint, second: Fingerprint) -> None:
    there, back = differences(first, second), differences(second, first)
    assert [(one.part, one.first, one.second) for one in there] == [(one.part, one.second, one.first) for one in back]
    assert (first.short == second.short) == (not there)
    assert differences(first, first) == ()


@settings(max_examples=40)
@given(st.lists(_prints(), min_size=1, max_size=5), st.lists(st.sampled_from(CONDITIONS), unique=True))
def test_groups_divide_the_systems_and_more_may_be_ranked_across_more(
    prints: list[Fingerprint], across: list[str]
) -> None:
    named = {str(place): each for place, each in enumerate(prints)}
    for figure in FIGURES:
        found = groups(named, figure, across)
        assert sorted(name for group in found for name in group) == sorted(named)
        assert len(found) <= len(groups(named, figure))
    assert len(groups(named, "joules", CONDITIONS)) == 1


def test_what_is_not_recorded_equals_nobody_elses() -> None:
    ours, theirs = part({"a": NOT_RECORDED}, "one run"), part({"a": NOT_RECORDED}, "another")
    assert ours != theirs
    assert ours == part({"a": NOT_RECORDED}, "one run")
    assert ours.differing(theirs) == ("a",)
    assert Part() == Part()


def test_every_part_is_in_the_table_and_has_a_name() -> None:
    assert set(FORBIDS) == set(LABELS) == {*CONDITIONS, *IDENTITY, *CIRCUMSTANCES}
    assert all(FORBIDS[name] for name in CONDITIONS)
    assert divides({}) == ()
