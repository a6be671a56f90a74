"""What `wattbench runs export` writes: against golden files, other tools' own readers, and back through `import`.

Run with WATTBENCH_UPDATE_GOLDEN=1 to write the golden files anew.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import click.testing
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from tests.made_up.prices import with_prices
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export import as_markdown
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.export.export_run import export_items, export_to_bytes
from wattbench_reports.export.interchange.codecarbon_csv import CODECARBON
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice

GERMANY = Assumptions(CarbonChoice(region="DEU", intensity_g_per_kwh=100.0, pue=1.25))
"""A place, and an intensity that no data of others changes."""


def wattbench(*arguments: object) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_model_card_is_as_the_hub_reads_it(make_run, fake, golden) -> None:
    run = make_run(dataclasses.replace(fake.family(), environment=fake.machine()))
    card = export_to_bytes(run, "model-card", system="student", assumptions=GERMANY)
    golden("model-card.md", card.decode())
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(card.decode()).data
    emissions = data.to_dict()["co2_eq_emissions"]
    assert set(emissions) == {"emissions", "source", "training_type", "geographical_location", "hardware_used"}
    assert emissions["emissions"] == pytest.approx((3600 + 1800) / 3.6e6 * 1.25 * 100)
    assert emissions["training_type"] == "fine-tuning"
    items = pd.read_parquet(run.layout.items_table)
    own = items[items["system"] == "student"]
    results = {each.dataset_name: each for each in data.eval_results}
    assert set(results) == set(own["task"])
    for task, each in results.items():
        assert (each.metric_type, each.task_type) == ("accuracy", "text-generation")
        assert each.metric_value == pytest.approx(own.loc[own["task"] == task, "correct"].mean())
        asked = own.loc[own["task"] == task, "doc_id"].nunique()
        stated = re.fullmatch(r"Accuracy \(95% CI (\S+)% to (\S+)%, (\d+) items\)", each.metric_name)
        assert stated is not None
        low, high, items_stated = map(float, stated.groups())
        assert low < 100 * each.metric_value < high
        assert items_stated == asked
        bounds = rf"\[{stated[1]}, {stated[2]}\]"
        assert re.search(rf"\| {task} \| +{asked} \| .*{bounds} \|", card.decode().replace("\\_", "_"))


def test_a_model_card_has_what_a_system_costs(make_run, fake) -> None:
    run = make_run(fake.family())
    with_prices(run.layout.root, {"student": {"per_request": 0.0025}})
    card = export_to_bytes(read_run(run.layout.root), "model-card", system="student", assumptions=GERMANY).decode()
    assert "2.50 EUR per 1,000 requests" in card
    assert "Prices: the price list, 2026-11-25." in card
    silent = export_to_bytes(read_run(run.layout.root), "model-card", system="base", assumptions=GERMANY).decode()
    assert "EUR" not in silent


def test_a_model_card_invents_nothing(make_run, fake) -> None:
    run = make_run(fake.plain())
    with pytest.raises(UserError, match="--region"):
        export_to_bytes(run, "model-card", system="generalist")
    with pytest.raises(UserError, match="name it with --system; choose one of: generalist, regex, specialist"):
        export_to_bytes(run, "model-card", assumptions=GERMANY)
    with pytest.raises(UserError, match="did you mean 'regex'"):
        export_to_bytes(run, "model-card", system="regx", assumptions=GERMANY)
    card = export_to_bytes(run, "model-card", system="generalist", assumptions=GERMANY).decode()
    front = yaml.safe_load(card.split("---")[1])
    assert "co2_eq_emissions" not in front  # its training is not recorded
    assert "The energy of its training is not recorded." in card


def test_a_training_needs_an_intensity_that_does_not_go_by_the_hour(make_run, fake, tmp_path) -> None:
    hours = tmp_path / "grid.csv"
    hours.write_text("time,g_per_kwh\n2023-11-14T22:00Z,100\n2023-11-14T23:00Z,300\n")
    with pytest.raises(UserError, match="the hours in which tuned was trained are not recorded"):
        export_to_bytes(
            make_run(fake.family(8)),
            "model-card",
            system="tuned",
            assumptions=Assumptions(CarbonChoice(intensity_csv=hours)),
        )


def test_a_name_cannot_break_out_of_the_front_matter(make_run, fake) -> None:
    evil = "a\n---\nlicense: mit\n<b>"
    run = make_run(fake.Run((fake.System(evil),), items=10))
    card = export_to_bytes(run, "model-card", assumptions=GERMANY).decode()
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(card).data.to_dict()
    assert "license" not in data
    assert data["model-index"][0]["name"] == " ".join(evil.split())
    assert "<b>" not in card.split("\n---\n", 1)[1]


def test_emissions_have_codecarbons_own_columns(make_run, fake, golden) -> None:
    emissions_data = pytest.importorskip("codecarbon.output_methods.emissions_data").EmissionsData
    assert tuple(field.name for field in dataclasses.fields(emissions_data)) == CODECARBON
    run = make_run(dataclasses.replace(fake.golden(), environment=fake.machine()))
    text = export_to_bytes(run, "emissions", assumptions=GERMANY)
    golden("emissions.csv", text.decode())
    served = {each.system: each for each in analyse(run).comparison.systems}
    rows = {row["experiment_id"]: row for row in csv.DictReader(io.StringIO(text.decode()))}
    items = pd.read_parquet(run.layout.items_table)
    windows = pd.read_parquet(run.layout.windows_table)
    for system, own in items.groupby("system"):
        row = rows[system]
        assert float(row["requests_per_s"]) == served[system].requests_per_s
        assert row["output_tokens_per_s"] == str(served[system].output_tokens_per_s or "")
        joules = own["energy_j"].sum()
        if own["energy_j"].isna().all():
            assert row["energy_consumed"] == row["emissions"] == row["duration"] == ""
            continue
        kwh = joules / 3.6e6 * 1.25
        assert float(row["energy_consumed"]) == pytest.approx(kwh)
        assert float(row["emissions"]) == pytest.approx(kwh * 100 / 1000)
        mine = windows[(windows["system"] == system) & (windows["purpose"] == "measured")]
        seconds = (mine["finished_s"] - mine["started_s"]).sum()
        assert float(row["duration"]) == pytest.approx(seconds)
        assert float(row["emissions_rate"]) == pytest.approx(kwh * 100 / 1000 / seconds)
        assert (row["country_iso_code"], row["country_name"]) == ("DEU", "Germany")
        assert row["water_consumed"] == row["wue"] == row["on_cloud"] == ""


def test_emissions_by_component(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("one", provenance="counter"),), items=10))
    path = run.layout.windows
    path.write_text(path.read_text().replace("part0", "gpu0"))
    (row,) = csv.DictReader(io.StringIO(export_to_bytes(run, "emissions").decode()))
    assert float(row["gpu_energy"]) == pytest.approx(float(row["energy_consumed"]))
    assert float(row["gpu_power"]) == pytest.approx(float(row["gpu_energy"]) * 3.6e6 / float(row["duration"]))
    assert row["cpu_energy"] == row["ram_energy"] == row["emissions"] == row["country_name"] == ""
    assert row["pue"] == "1.0"


def test_markdown_is_compares(make_run, fake, golden) -> None:
    run = make_run(fake.golden())
    data = export_to_bytes(run, "markdown")
    golden("export.md", data.decode())
    compared = compare_runs([run])
    assert data.decode() == as_markdown(compared.comparison, compared.decided)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_items_come_back_as_they_went(make_run, fake, tmp_path, suffix) -> None:
    run = make_run(dataclasses.replace(fake.golden(), repeats=2, items=45))
    path = tmp_path / f"items.{suffix}"
    path.write_bytes(b"".join(export_items(run, suffix)))
    back = read_run(write_run(read_sources([path]), tmp_path / "back", "back", ["wattbench"]))
    ours, theirs = analyse(run), analyse(back)
    assert ours.measured.frames.systems == theirs.measured.frames.systems
    for name, before in ours.measured.systems.items():
        after = theirs.measured.systems[name]
        assert after.accuracy == before.accuracy
        assert after.items == before.items
        assert after.requests == before.requests
        assert after.j_per_request == before.j_per_request
        assert after.j_per_correct == before.j_per_correct
        assert after.output_tokens == before.output_tokens
        assert np.array_equal(after.latency_s.sorted_s(), before.latency_s.sorted_s())
        assert after.provenance == ("imported" if before.provenance else "")
    for domain, own in ours.measured.by_domain.items():
        for name, before in own.items():
            assert theirs.measured.by_domain[domain][name].accuracy == before.accuracy
    assert ours.measured.kinds == theirs.measured.kinds
    columns = ["system", "task", "doc_id", "doc_hash", "repeat", "prompt", "output", "target"]
    first, second = (pd.read_parquet(each.layout.items_table)[columns] for each in (run, back))
    pd.testing.assert_frame_equal(first, second)


def test_joules_that_came_back_are_never_ranked_beside_those_measured(make_run, fake, tmp_path) -> None:
    run = make_run(fake.golden())
    path = tmp_path / "items.parquet"
    path.write_bytes(b"".join(export_items(run, "parquet")))
    back = read_run(write_run(read_sources([path]), tmp_path / "back", "back", ["wattbench"]))
    comparison = side_by_side([run, back], across=["tasks", "device", "driver", "power_limit", "scenario"])
    ranked = comparison.ranked
    assert ranked is not None
    sides: dict[str, set[int]] = {run.header.run: set(), back.header.run: set()}
    for figures, place in zip(comparison.systems, ranked.placements, strict=True):
        if figures.energy_j_per_request is not None:
            sides[place.run].add(place.joules_group)
            assert place.accuracy_group == place.latency_group == 1
    assert not set.intersection(*sides.values())
    assert all(len(groups) == 1 for groups in sides.values())
    assert "mixed-provenance" in {caveat.code for caveat in comparison.caveats}


def test_text_that_looks_like_a_formula_is_disarmed_and_comes_back(make_run, fake, tmp_path) -> None:
    run = make_run(fake.Run((fake.System("=cmd|' /C calc'!A0", output='-1\r\n=2,"x"'),), items=6))
    data = b"".join(export_items(run, "csv"))
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))]
    path = tmp_path / "items.csv"
    path.write_bytes(data)
    answers = read_sources([path]).answers
    assert {(answer.system, answer.answer) for answer in answers} == {("=cmd|' /C calc'!A0", '-1\r\n=2,"x"')}


def test_parquet_has_types(make_run, fake, tmp_path) -> None:
    run = make_run(fake.golden())
    for what, types in (
        ("items", {"item": "int64", "score": "double", "joules": "double", "system": "string", "prompt": "string"}),
        ("systems", {"accuracy": "double", "valid": "bool", "items": "int64", "system": "string"}),
        ("windows", {"started_s": "double", "valid": "bool", "samples": "int64"}),
    ):
        path = tmp_path / f"{what}.parquet"
        items = what == "items"
        path.write_bytes(
            b"".join(export_items(run, "parquet")) if items else export_to_bytes(run, "parquet", what=what)
        )
        schema = pq.read_schema(path)
        for name, expected in types.items():
            assert str(schema.field(name).type).removeprefix("large_") == expected, (what, name)


def test_systems_are_all_of_them_over_everything_and_by_domain(make_run, fake) -> None:
    run = make_run(fake.golden())
    rows = list(csv.DictReader(io.StringIO(export_to_bytes(run, "csv").decode())))
    items = pd.read_parquet(run.layout.items_table)
    assert len(rows) == items["system"].nunique() * (1 + items["domain"].nunique())
    for row in rows:
        own = items[items["system"] == row["system"]]
        own = own if not row["domain"] else own[own["domain"] == row["domain"]]
        assert float(row["accuracy"]) == pytest.approx(own["correct"].mean())
    one = list(csv.DictReader(io.StringIO(export_to_bytes(run, "csv", system="regex").decode())))
    assert {row["system"] for row in one} == {"regex"}


def test_the_command(make_run, fake, tmp_path) -> None:
    root = make_run(fake.golden()).layout.root
    out = tmp_path / "deep" / "emissions.csv"
    assert wattbench("runs", "export", root, "--to", "emissions", "-o", out).stdout == f"{out}\n"
    assert out.read_text().startswith("timestamp,project_name,run_id")
    assert wattbench("runs", "export", root, "--to", "csv", "--what", "windows").stdout.startswith(
        "run,system,task,window"
    )
    for arguments, said in (
        (("--to", "parquet"), "name a file with -o"),
        (("--to", "markdown", "--what", "items"), "--what items goes with"),
        (("--to", "markdown", "--system", "regex"), "has all systems"),
        (
            (
                "--to",
                "model-card",
            ),
            "name it with --system",
        ),
        (("--to", "emissions", "--region", "Atlantis"), "not the code of a country"),
        (("--to", "emissions", "-o", root), "is a directory"),
    ):
        result = wattbench("runs", "export", root, *arguments)
        assert result.exit_code == 2
        assert said in result.output
    assert wattbench("runs", "export", root / "nowhere", "--to", "csv").exit_code == 2


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_run_without_scores_is_reported_without_a_warning(tmp_path) -> None:
    table = tmp_path / "times.csv"
    table.write_text(
        "system,item,seconds\n" + "".join(f"{name},{item},0.{item}\n" for name in "ab" for item in range(1, 9))
    )
    run = wattbench("runs", "import", table, "--out", tmp_path / "runs").stdout.strip()
    page = tmp_path / "page.html"
    done = wattbench("runs", "report", run, "-o", page)
    assert done.exit_code == 0, done.output
    assert 'value="nan"' not in page.read_text()
