"""A comparison in Python is the command's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import wattbench
from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import golden_run, recorded
from tests.made_up.store import RunStore
from wattbench.api.assumptions import assumptions_of
from wattbench.cli import main
from wattbench_reports.export.comparison.compared_section import as_html

Write = Callable[[FakeRun], Path]

RESTATED = {"mix": "arithmetic=3,text=1", "requests": 5000.0, "price": 0.3, "region": "FRA", "pue": 1.5}


def _command(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["runs", "compare", *map(str, arguments)])
    assert done.exit_code in (0, 3), done.stderr
    return done.stdout


@pytest.mark.slow
def test_it_prints_what_the_command_prints(write: Write) -> None:
    root = write(golden_run())
    comparison = wattbench.read(root).compare(**RESTATED)  # type: ignore[arg-type]
    options = [word for name, value in RESTATED.items() for word in (f"--{name}", value)]
    assert f"{comparison}\n" == _command(root, *options)
    for form in ("markdown", "csv", "json"):
        assert comparison.text(form) == _command(root, *options, "--format", form)


def test_a_mapping_of_domains_is_the_commands_mix(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    assert str(run.compare(mix={"arithmetic": 3, "text": 1})) == str(run.compare(mix="arithmetic=3,text=1"))


def test_embodied_may_be_a_mapping(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    declared = {"g_per_device_hour": 30, "source": "a made-up source", "year": 2025}
    text = json.dumps(declared)
    assert str(run.compare(embodied=declared)) == str(run.compare(embodied=text))


@pytest.mark.parametrize(
    ("assumptions", "message"),
    [
        ({"pue": 0.9}, "pue is 0.9: it must be a number of 1 or more"),
        ({"price": -1}, "price_per_kwh is -1.0: it must be a number of 0 or more"),
        ({"requests": 0}, "requests_per_year is 0.0: it must be a number above 0"),
        ({"intensity": "low"}, "intensity is 'low': it must be a number"),
        ({"pue": True}, "pue is True: it must be a number"),
        ({"region": 49}, "region is 49: it must be a text"),
        ({"region": "XYZ"}, "XYZ"),
        ({"mix": {"arithmetic": 1}}, "no weight for text"),
        ({"mix": {"sums": 1}}, "no domain 'sums' in this run"),
        ({"intensity": 100, "intensity_csv": "x.csv"}, "either a constant or an hourly file"),
        ({"intensity_csv": "x.csv"}, "x.csv"),
    ],
)
def test_a_wrong_assumption_is_a_user_error(write: Write, assumptions: Mapping[str, object], message: str) -> None:
    run = wattbench.read(write(golden_run()))
    with pytest.raises(wattbench.UserError, match=message):
        run.compare(**assumptions)  # type: ignore[arg-type]


def test_an_unknown_argument_is_a_type_error(write: Write) -> None:
    run = wattbench.read(write(golden_run()))
    with pytest.raises(TypeError, match="unexpected keyword argument 'regoin'; there are mix, requests, price, region"):
        run.compare(regoin="FRA")  # type: ignore[call-arg]


@given(st.dictionaries(st.text("abc", min_size=1), st.floats(0, 1e6), min_size=1))
def test_every_weight_of_a_mapping_survives_as_an_option(mix: dict[str, float]) -> None:
    option = assumptions_of(mix=mix).workload.mix
    assert option is not None
    assert {name: float(weight) for name, weight in (part.split("=") for part in option.split(","))} == mix


def test_figures_are_found_by_system(write: Write) -> None:
    comparison = wattbench.compare(write(golden_run()))
    assert comparison.systems == tuple(comparison) == ("generalist", "specialist", "regex", "never-right", "no-sensor")
    assert len(comparison) == 5
    figures = comparison["specialist"]
    assert figures.accuracy_low < figures.accuracy < figures.accuracy_high  # type: ignore[operator]
    assert comparison["no-sensor"].j_per_correct is None
    assert any("never-right answered nothing correctly" in caveat for caveat in comparison.caveats)
    head, *shown = repr(comparison).splitlines()
    assert head == "<comparison of 5 systems>"
    systems = "systems: generalist, specialist, regex, never-right, no-sensor"
    assert " ".join(map(str.strip, shown)) == f"{comparison.advice} {systems}"
    with pytest.raises(wattbench.UserError, match="no system 'regexp' in this comparison; did you mean 'regex'"):
        _ = comparison["regexp"]
    with pytest.raises(wattbench.UserError, match="no format 'xlsx'"):
        comparison.text("xlsx")


def test_a_frame_has_the_columns_of_the_csv_and_no_infinity(write: Write) -> None:
    comparison = wattbench.compare(write(golden_run()))
    frame = comparison.frame("all")
    assert list(frame) == comparison.text("csv").partition("\n")[0].split(",")
    assert frame.set_index("system").loc["never-right"].isna()["j_per_correct_high"]
    assert str(frame["accuracy"].dtype) == "float64"
    assert str(frame["system"].dtype) == "string"


@pytest.mark.slow
def test_several_runs_are_ranked_where_they_may_be(write: Write) -> None:
    first = write(recorded())
    second = write(recorded("bbb222", environment={**recorded().environment, "cpu": "Another CPU", "gpus": []}))
    apart = wattbench.compare([first, wattbench.read(second)])
    assert apart.systems == ("big@aaa111", "small@aaa111", "big@bbb222", "small@bbb222")
    assert wattbench.compare([first]).comparable
    crossed = wattbench.compare([first, second], across="all")
    assert crossed.comparable
    assert f"{crossed}\n" == _command(first, second, "--across", "all")
    with pytest.raises(wattbench.UserError, match="given already"):
        wattbench.compare([first, first])
    with pytest.raises(wattbench.UserError, match="no run to compare"):
        wattbench.compare([])


def test_html_is_that_of_the_golden_file(write: Write, golden: Callable[[str, str], None]) -> None:
    golden("comparison.html", wattbench.compare(write(golden_run()))._repr_html_())


def test_no_representation_lets_a_name_steer_the_terminal(write: Write) -> None:
    escape = "\x1b[31mred\u202e"
    systems = (FakeSystem(escape), FakeSystem("plain"))
    root = write(FakeRun(systems))
    run = wattbench.read(root)
    result = wattbench.gate(run, run, baseline=escape, candidate="plain")
    for text in (repr(run.compare()), str(run.compare()), repr(result), str(result)):
        assert "red" in text
        assert "\x1b" not in text
    for text in (run._repr_html_(), run.compare()._repr_html_(), result._repr_html_()):
        assert "red" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


@given(name=st.text(st.characters(), min_size=1, max_size=20))
def test_a_name_of_any_characters_leaves_the_tags_as_they_are(api_runs: RunStore, name: str) -> None:
    plain = api_runs.analysis(golden_run()).comparison
    systems = tuple(replace(each, system=name) for each in plain.systems)
    named = replace(plain, systems=systems, years={name: plain.years["generalist"]})
    tags = [part.partition(">")[0] for part in as_html(plain).split("<")[1:]]
    assert [part.partition(">")[0] for part in as_html(named).split("<")[1:]] == tags
