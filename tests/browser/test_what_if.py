"""The controls: what they state in the browser is what the command line computes, to the printed digit."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import pytest

from tests.browser.conftest import STATED
from tests.made_up import routing_studies as studies
from tests.made_up.records import call_on, page_texts
from tests.made_up.runs import write_run
from tests.made_up.standard_runs import family_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html.whatif import command, script_of_page
from wattbench_reports.html.whatif.embedded_data import carried_residents
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.routing.kept_loaded import gain_at
from wattbench_reports.routing.model import Residents, ResidentSet, RoutingStudy
from wattbench_reports.routing.study import routing_study
from wattbench_reports.wording.routing import study_measures
from wattbench_reports.wording.routing.residents import gain_text, rate_sentence

pytestmark = pytest.mark.slow

SET = """
const [values, weights] = arguments, form = document.getElementById('what-if-form');
form.reset();
for (const [name, value] of Object.entries(values)) {
  const field = form.elements.namedItem(name);
  if (field.type === 'checkbox') field.checked = value; else field.value = value;
}
if (weights) [...form.querySelectorAll('[data-domain]')].forEach((field, at) => { field.value = weights[at]; });
form.dispatchEvent(new Event('input'));
"""
READ = """
const found = {};
for (const each of document.querySelectorAll('[data-restate]'))
  found[each.dataset.restate] = each.textContent.replaceAll('\u00a0', ' ');
return found;
"""


def grid() -> list[tuple[dict[str, Any], list[float] | None]]:
    """Yield settings of the form: each control at several values, and several together.

    Every fifth of them has each pair of two controls' values.
    """
    places = [{}, {"grid": "FRA"}, {"intensity": "12.5"}, {"grid": "POL", "pue": "1.37"}]
    years = [{}, {"price": "0.2875"}, {"requests": "123456.5", "price": "1"}]
    mixes = [None, [1.0, 0.0, 0.0, 3.0], [0.2, 0.3, 0.1, 0.4], [0, 0, 1, 0]]
    made = [{}, {"embodied": True}]
    everything = itertools.product(places, years, mixes, made)
    return [(place | year | manufacture, mix) for place, year, mix, manufacture in everything]


def assumptions(values: dict[str, Any], weights: list[float] | None, domains: tuple[str, ...]) -> Assumptions:
    """Return the settings as the command line takes them."""
    region = values.get("grid")
    carbon = CarbonChoice(
        region=region,
        intensity_g_per_kwh=float(values["intensity"]) if "intensity" in values else None,
        pue=float(values["pue"]) if "pue" in values else None,
        embodied="ecologits-gpu-server" if values.get("embodied") else None,
    )
    named = None if weights is None else ",".join(f"{d}={w}" for d, w in zip(domains, weights, strict=True))
    number = {name: float(values[name]) if name in values else None for name in ("price", "requests")}
    return Assumptions(carbon, WorkloadChoice(named, number["requests"], number["price"]))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, write_stated: Any) -> dict[str, Any]:
    """The family; the same without an intensity; one whose suite has a mix and a price; one with few items, so that
    figures fall on ties of rounding and bounds are infinite; one in blocks, one in blocks with a mix, and one of
    modelled joules next to other work."""
    root = tmp_path_factory.mktemp("what-if")
    family = family_run(24)
    silent = {"region": None, "intensity_g_per_kwh": None, "pue": 1.1}
    made = {
        "family": family,
        "silent": dataclasses.replace(family, carbon=silent, name="silent"),
        "mixed": dataclasses.replace(
            family, name="mixed", workload={"mix": {"text": 2, "logic": 1}, "price_per_kwh": 0.31, "currency": "USD"}
        ),
        "few": dataclasses.replace(family_run(8), name="few"),
        "blocks": dataclasses.replace(family, name="blocks", blocks=6),
        "few-blocks": dataclasses.replace(
            family_run(9), name="few-blocks", blocks=5, workload={"mix": {"text": 2, "logic": 1, "time": 1}}
        ),
    }
    modelled = tuple(dataclasses.replace(system, provenance="modelled") for system in family.systems)
    made["busy"] = dataclasses.replace(made["blocks"], name="busy", systems=modelled, busy_blocks=4)
    found = {}
    for name, run in made.items():
        directory = write_run(root / name, run)
        found[name] = (directory, write_stated(directory, root / f"{name}.html"))
    return found


@pytest.mark.parametrize("name", ["family", "silent", "mixed", "few", "blocks", "few-blocks", "busy"])
def test_the_page_states_what_the_command_line_computes(browser, show, runs, name) -> None:
    directory, page = runs[name]
    show(page)
    run = read_run(directory)
    own = analyse(run)
    before = browser.execute_script(READ)
    assert set(before) <= set(page_texts(own))
    assert before == {key: text for key, text in page_texts(own).items() if key in before}
    asked = grid()[:: {"family": 5, "blocks": 23, "few-blocks": 31, "busy": 23}.get(name, 11)]
    for values, weights in asked:
        browser.execute_script(SET, values, weights)
        shown = browser.execute_script(READ)
        analysis = own.under(assumptions(values, weights, own.measured.basis.domains))
        told = page_texts(analysis)
        assert shown == {key: told[key] for key in shown}, (values, weights)
        line = browser.execute_script("return document.querySelector('#what-if .the-command').textContent")
        assert line.startswith(call_on(command, own))
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("name", ["plain", "family", "many"])
def test_the_controls_state_something_in_no_other_section(browser, show, pages, name) -> None:
    show(pages[name])
    found = browser.execute_script(
        "return [...document.querySelectorAll('[data-restate], [data-at-rate]')].map(e => e.closest('section').id)"
    )
    assert {"what-if", "comparison"} < set(found)
    assert set(found) <= {each.replace("_", "-") for each in STATED} | {"verdict", "evidence"}
    in_routing = browser.execute_script(
        "const places = [...document.querySelectorAll('#routing [data-restate], #routing [data-at-rate]')];"
        "return places.map(e => e.closest('.passage').id)"
    )
    assert set(in_routing) <= {"routing-what-stays-loaded"}


def test_the_controls_move_the_verdict(browser, show, runs) -> None:
    show(runs["family"][1])
    before = browser.execute_script(READ)["headline"]
    heads = set()
    for place in range(4):
        browser.execute_script(SET, {}, [float(place == other) for other in range(4)])
        heads.add(browser.execute_script(READ)["headline"])
    assert len(heads | {before}) > 2
    assert not browser.execute_script("return getComputedStyle(document.querySelector('.banner')).display === 'none'")
    browser.execute_script("document.getElementById('what-if-form').reset()")
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert browser.execute_script(READ)["headline"] == before
    assert browser.execute_script("return getComputedStyle(document.querySelector('.banner')).display === 'none'")


def test_a_setting_that_is_none_is_said_and_changes_nothing(browser, show, runs) -> None:
    show(runs["family"][1])
    before = browser.execute_script(READ)
    for values, said in (
        ({"pue": "0.5"}, "PUE: a number of 1 or more."),
        ({"price": "-1"}, "Price: a number of 0 or more."),
        ({"requests": "0"}, "Requests per year: a number of 1 or more."),
        ({"intensity": "-3"}, "Grams per kWh: a number of 0 or more."),
    ):
        browser.execute_script(SET, values, None)
        assert browser.execute_script("return document.querySelector('#what-if .what-if-error').textContent") == said
        assert browser.execute_script(READ) == before
    browser.execute_script(SET, {}, [0, 0, 0, 0])
    assert "Shares" in browser.execute_script("return document.querySelector('#what-if .what-if-error').textContent")
    browser.execute_script(SET, {}, None)
    assert browser.execute_script("return document.querySelector('#what-if .what-if-error').textContent") == ""
    assert browser.execute_script(READ) == before


MARKED = "document.querySelector('[data-restate=headline]').textContent = 'marked'"


def test_what_changes_no_setting_states_nothing_anew(browser, show, runs) -> None:
    show(runs["family"][1])
    before = browser.execute_script(READ)["headline"]
    for values, expected in (({"price": "0.3"}, before), ({"price": "0.3"}, "marked"), ({}, before), ({}, "marked")):
        browser.execute_script(SET, values, None)
        assert browser.execute_script(READ)["headline"] == expected
        browser.execute_async_script("setTimeout(arguments[0], 50)")  # until what follows the reset has run
        browser.execute_script(MARKED)
    browser.execute_script(AT_RATE, "2e6")
    assert browser.execute_script(READ)["headline"] == "marked"


AT_RATE = """
const field = document.getElementById('requests-per-hour'), shown = {};
if (arguments[0] !== null) {
  field.value = arguments[0];
  field.dispatchEvent(new Event('input'));
}
for (const each of document.querySelectorAll('[data-at-rate]')) shown[each.dataset.atRate] = each.textContent;
return shown;
"""
RATES = ("0.004", "1", "113.7", "9070", "19999", "46704.5", "250000", "3e6", "1e12", "")


def at_rate(study: RoutingStudy, rate: float) -> dict[str, str]:
    """Return the report's words at a rate of requests per hour, by the keys of the page."""
    measures, residents = study_measures(study), study.residents
    gains = [gain_at(each, rate, residents.idle_gain_per_w) for each in residents.sets]
    texts = {f"gain-{number}": gain_text(measures, gain) for number, gain in enumerate(gains)}
    return {"sentence": rate_sentence(measures, residents, rate), **texts}


def test_the_field_for_requests_per_hour_states_what_stays_loaded(browser, show, runs) -> None:
    directory, page = runs["family"]
    study = call_on(routing_study, analyse(read_run(directory)))
    show(page)
    usual, before = study.residents.requests_per_hour, browser.execute_script(READ)
    assert browser.execute_script(AT_RATE, None) == at_rate(study, usual)
    said = set()
    for rate in RATES:
        shown = browser.execute_script(AT_RATE, rate)
        assert shown == at_rate(study, float(rate or usual)), rate
        said.add(shown["sentence"].partition(" keep ")[2])
    assert len(said) > 3
    browser.execute_script(AT_RATE, "2e6")
    assert browser.execute_script(READ) == before
    assert browser.execute_script("return getComputedStyle(document.querySelector('.banner')).display") == "none"
    shown = browser.execute_script(AT_RATE, "0")
    error = browser.execute_script("return document.querySelector('.at-rate .what-if-error').textContent")
    assert (shown, error) == (at_rate(study, 2e6), "Requests per hour: a number above 0.")
    browser.execute_script("document.getElementById('what-if-form').reset()")
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert browser.execute_script(AT_RATE, None) == at_rate(study, usual)


@pytest.mark.parametrize(("aim", "unit", "label"), [("mix", "money", "USD"), ("cost", "grams", "g")])
def test_gains_at_a_rate_are_written_in_the_unit_of_the_study(browser, show, runs, tmp_path, aim, unit, label) -> None:
    html = runs["family"][1].read_text()
    before, mark, rest = html.partition('id="what-if-data">')
    text, end, after = rest.partition("</script>")
    data, scale = json.loads(text), {"money": 1e-4, "grams": 2e-5}[unit]
    number = len(data["residents"]["sets"])
    sets = tuple(
        ResidentSet(
            (studies.BEST,) if place == 1 else (f"s{place}",), scale * (place - 1), 3.0 * (place - 1), 40.0 * place
        )
        for place in range(number)
    )
    study = dataclasses.replace(
        studies.not_worth_it(), aim=aim, unit=CostUnit(unit), label=label,
        residents=Residents(100.0, sets[2], sets, 255, scale * 40 / 3),
    )  # fmt: skip
    data["residents"] = carried_residents(study)
    page = tmp_path / "page.html"
    page.write_text(before + mark + json.dumps(data).replace("<", "\\u003c") + end + after)
    show(page)
    for rate in RATES[:-1]:
        assert browser.execute_script(AT_RATE, rate) == at_rate(study, float(rate)), rate


def test_the_script_is_small_and_the_data_are_data(runs) -> None:
    script = script_of_page()
    assert len(script.encode()) < 109_000
    html = runs["family"][1].read_text()
    (data,) = [part.partition("</script>")[0] for part in html.split('id="what-if-data">')[1:]]
    assert set(json.loads(data)) >= {"systems", "domains", "draws", "blocks", "decision", "texts"}
    assert "<" not in data
