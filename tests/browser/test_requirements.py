"""The controls of requirements, worths and prices: the first screen states what the command line decides."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.browser.test_what_if import READ
from tests.made_up.runs import write_run
from tests.made_up.standard_runs import family_run
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report
from wattbench_reports.html.whatif import restated, words_of_page
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.sections.first_screen import first_screen

pytestmark = pytest.mark.browser

SET = """
const [values, levels, weights] = arguments, form = document.getElementById('what-if-form');
form.reset();
for (const [name, value] of Object.entries(values)) form.elements.namedItem(name).value = value;
for (const field of document.querySelectorAll('[data-accuracy]')) field.value = levels[field.dataset.accuracy] ?? '';
if (weights) [...form.querySelectorAll('[data-domain]')].forEach((field, at) => { field.value = weights[at]; });
form.dispatchEvent(new Event('input'));
"""
PICTURE = """
const told = document.createElement('template');
told.innerHTML = arguments[0];
const drawn = document.getElementById('decision-picture');
return told.content.firstElementChild.isEqualNode(drawn) ? '' : drawn.outerHTML;
"""
MIX = [3.0, 1.0, 0.0, 2.0]

PRICES = {
    "generalist": {"input_per_million": 2.5, "output_per_million": 10.0, "currency": "EUR"},
    "moe": {"per_machine_hour": 0.7, "currency": "EUR", "electricity": "added"},
    "distilled": {"per_request": 0.00002, "currency": "USD"},
}
"""Of systems of a kind; the others pay for their joules alone."""

Setting = tuple[dict[str, str], dict[str, str], list[float] | None]
SETTINGS: list[Setting] = [
    ({}, {"": "50"}, None),
    ({}, {"": "40", "text": "70"}, MIX),
    ({"max-p95": "0.72"}, {"": "30"}, None),
    ({"max-joules": "4.2", "minimise": "joules"}, {}, MIX),
    ({"minimise": "grams", "max-grams": "0.0002"}, {}, None),
    ({"intensity": "48", "pue": "1.5", "carbon-price": "100", "price": "0.3"}, {"": "45"}, None),
    ({"worth-right": "0.000005", "cost-wrong": "0.000001", "price": "0.25"}, {}, MIX),
    ({"worth-right": "0.000002", "price": "0.3", "max-p95": "1"}, {"": "30"}, None),
    ({"max-p95": "0.01", "max-memory": "4"}, {"": "99"}, None),
    ({"minimise": "money"}, {}, None),
]
"""Fields, percents that must be correct by domain (all: no name), and weights of the domains."""


def assumptions(setting: Setting, domains: tuple[str, ...]) -> Assumptions:
    """The same settings as the command line takes them."""
    values, levels, weights = setting

    def number(name: str) -> float | None:
        return float(values[name]) if name in values else None

    accuracy = ",".join(f"{domain}{'=' if domain else ''}{level}%" for domain, level in levels.items())
    mix = None if weights is None else ",".join(f"{d}={w}" for d, w in zip(domains, weights, strict=True))
    return Assumptions(
        CarbonChoice(intensity_g_per_kwh=number("intensity"), pue=number("pue")),
        WorkloadChoice(mix, None, number("price")),
        decision=DecisionChoice(
            min_accuracy=accuracy or None,
            max_p95_s=number("max-p95"),
            max_cost_per_request=number("max-cost"),
            max_joules_per_request=number("max-joules"),
            max_grams_per_request=number("max-grams"),
            max_memory_gib=number("max-memory"),
            worth_right=number("worth-right"),
            cost_wrong=number("cost-wrong"),
            carbon_price_per_tonne=number("carbon-price"),
            minimise=values.get("minimise"),
        ),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RunRecords, Path]]:
    """The family without blocks; in blocks with a mix and with prices; and with two provenances."""
    root = tmp_path_factory.mktemp("requirements")
    family = family_run(18)
    two = tuple(
        dataclasses.replace(each, provenance="modelled") if each.kind == "specialist" else each
        for each in family.systems
    )
    priced = tuple(dataclasses.replace(each, price=PRICES.get(each.kind)) for each in family.systems)
    made = {
        "items": family,
        "blocks": dataclasses.replace(
            family, name="blocks", blocks=5, systems=priced, workload={"mix": {"text": 2, "logic": 1, "time": 1}}
        ),
        "two-provenances": dataclasses.replace(family, name="two", blocks=4, systems=two),
    }
    opened = {name: read_run(write_run(root / name, run)) for name, run in made.items()}
    pages = {name: root / f"{name}.html" for name in made}
    for name, run in opened.items():
        pages[name].write_text(report(run), encoding="utf-8")
    return {name: (opened[name], pages[name]) for name in made}


@pytest.mark.parametrize(("name", "every"), [("items", 1), ("blocks", 2), ("two-provenances", 3)])
def test_the_first_screen_states_what_the_command_line_decides(browser, show, runs, name, every) -> None:
    run, page = runs[name]
    show(page)
    domains = analyse(run).basis.domains
    movable = browser.execute_script("return document.querySelector('[data-domain]') !== null")
    for values, levels, weights in SETTINGS[::every]:
        setting = values, levels, weights if movable else None
        browser.execute_script(SET, *setting)
        shown = browser.execute_script(READ)
        analysis = analyse(run, assumptions(setting, domains))
        words = words_of_page(analysis)
        told = {key: text for key, text in restated(analysis, words).items() if not key.startswith("decision-heading-")}
        first = {key: text for key, text in told.items() if key.startswith(("advice", "decision-", "evidence-"))}
        assert {key: text for key, text in shown.items() if key in first} == first, setting
        assert shown == {key: told[key] for key in shown}, setting
        picture = first_screen(words, analysis).picture
        assert picture is not None
        assert browser.execute_script(PICTURE, picture.svg) == "", (setting, picture.svg)
        legend = browser.execute_script("return document.querySelector('.deciding figcaption').textContent")
        assert legend == picture.caption
    assert browser.get_log("browser") == []
