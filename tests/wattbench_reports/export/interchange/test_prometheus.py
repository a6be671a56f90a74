"""Prometheus' text: read by the parser of its own client, with the figures of the records."""

from __future__ import annotations

import csv
import io
import math
import re

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.made_up.prices import with_prices
from wattbench.records import read_run
from wattbench_reports.export.export_run import export_to_bytes
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

THROUGHPUT = {
    "requests_per_s": "wattbench_system_served_requests_per_second",
    "output_tokens_per_s": "wattbench_system_output_tokens_per_second",
    "requests_in_flight": "wattbench_system_requests_in_flight",
}
PRICED = Assumptions(CarbonChoice(intensity_g_per_kwh=100.0, pue=1.25))


def samples(run, **options) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Name to its samples."""
    text = export_to_bytes(run, "prometheus", **options).decode()
    named: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            named.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return named


def value(named, name: str, **labels: str) -> float:
    (found,) = [value for own, value in named[name] if labels.items() <= own.items()]
    return found


def test_figures_are_those_of_the_records(make_run, fake, golden) -> None:
    run = make_run(fake.golden())
    golden("prometheus.prom", export_to_bytes(run, "prometheus", assumptions=PRICED).decode())
    named = samples(run, assumptions=PRICED)
    items = pd.read_parquet(run.layout.items_table)
    rows = list(csv.DictReader(io.StringIO(export_to_bytes(run, "csv", assumptions=PRICED).decode())))
    for row in (row for row in rows if not row["domain"]):
        for column, name in THROUGHPUT.items():
            found = value(named, name, system=row["system"])
            assert found == pytest.approx(float(row[column]))
    for system, own in items[items["energy_j"].notna()].groupby("system"):
        joules = own["energy_j"].sum()
        assert value(named, "wattbench_system_energy_joules", system=system) == pytest.approx(joules)
        assert value(named, "wattbench_system_request_energy_joules", system=system) == pytest.approx(joules / len(own))
        parts = [each for labels, each in named["wattbench_device_energy_joules"] if labels["system"] == system]
        assert sum(parts) == pytest.approx(joules)
        assert value(named, "wattbench_system_accuracy_ratio", system=system) == pytest.approx(own["correct"].mean())
        grams = joules / len(own) / 3.6e6 * 125
        assert value(named, "wattbench_system_request_co2e_grams", system=system) == pytest.approx(grams)
        for domain, of_domain in own.groupby("domain"):
            found = value(named, "wattbench_domain_request_energy_joules", system=system, domain=domain)
            assert found == pytest.approx(of_domain["energy_j"].mean())


def test_names_and_labels_follow_the_conventions(make_run, fake) -> None:
    text = export_to_bytes(make_run(fake.family(8)), "prometheus", assumptions=PRICED).decode()
    units = (
        "seconds",
        "joules",
        "grams",
        "litres",
        "ratio",
        "requests",
        "items",
        "windows",
        "tokens",
        "valid",
        "info",
        "cost",
    )
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert re.fullmatch(r"wattbench_[a-z0-9_]+", family.name)
        assert family.name.endswith(units) or re.search(r"_per_second$|_in_flight$|_cost_(low|high)$", family.name)
        labelled = [frozenset(sample.labels) for sample in family.samples]
        assert len(set(labelled)) == 1
        assert len({tuple(sorted(sample.labels.items())) for sample in family.samples}) == len(family.samples)


def test_joules_that_are_not_valid_are_not_numbers_and_nothing_is_nan(make_run, fake) -> None:
    named = samples(make_run(fake.hostile()))
    assert value(named, "wattbench_system_valid", system="throttled") == 0
    assert value(named, "wattbench_system_invalid_windows", system="throttled", cause="throttled") > 0
    for name, found in named.items():
        assert all(math.isfinite(value) for _, value in found)
        if name.endswith(("joules", "grams")):
            assert {labels["system"] for labels, _ in found}.isdisjoint({"throttled", "unmetered"})
    assert value(named, "wattbench_system_accuracy_ratio", system="throttled") > 0


def test_a_system_that_is_never_right_has_no_joules_per_correct_answer(make_run, fake) -> None:
    named = samples(make_run(fake.golden()))
    assert value(named, "wattbench_system_request_energy_joules", system="never-right") > 0
    per_correct = named["wattbench_system_correct_answer_energy_joules"]
    assert "never-right" not in {labels["system"] for labels, _ in per_correct}


def test_money_is_left_out_where_it_pays_for_joules_that_are_not_valid(make_run, fake) -> None:
    systems = (fake.System("paid", invalid=("throttled",)), fake.System("free", invalid=("throttled",)))
    run = make_run(fake.Run(systems, items=20, workload={"price_per_kwh": 0.3, "currency": "EUR"}))
    with_prices(run.layout.root, {"paid": {"per_request": 0.0025}})
    named = samples(read_run(run.layout.root))
    assert {labels["system"] for labels, _ in named["wattbench_system_request_cost"]} == {"paid"}
    assert value(named, "wattbench_system_request_cost", system="paid", currency="EUR") == pytest.approx(0.0025)


def test_one_system_can_be_chosen(make_run, fake) -> None:
    named = samples(make_run(fake.plain()), system="regex")
    systems = {labels["system"] for found in named.values() for labels, _ in found if "system" in labels}
    assert systems == {"regex"}


def test_a_hostile_name_is_one_visible_label(make_run, fake) -> None:
    names = ('a"} 1\nwattbench_up 1', "b\u202e\x1b[2J", "c\x1b[2J", "d\\n")
    run = make_run(fake.Run(tuple(fake.System(name) for name in names), items=10))
    text = export_to_bytes(run, "prometheus").decode()
    assert all(line.isprintable() for line in text.split("\n"))
    named = samples(run)
    assert "wattbench_up" not in named
    shown = {labels["system"] for labels, _ in named["wattbench_system_items"]}
    assert shown == {'a"} 1\\nwattbench_up 1', "b\\u202e\\u001b[2J", "c\\u001b[2J", "d\\n"}
