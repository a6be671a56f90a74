"""Two runs as evidence: which systems, which items, and what keeps the two apart, in sentences."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.gates import gate_policy
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.made_up.standard_runs import recorded
from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.metrics.registry import ENERGY, MONEY
from wattbench_reports.metrics.registry import METRICS as ALL_METRICS

METRICS = [name for name in ALL_METRICS if name not in MONEY]  # of systems without a price
EVERYTHING = {"metrics": {name: {"margin": 0.1} for name in METRICS}}
FIGURES = set(METRICS) - {"ttft"}
"""These systems do not tell when the first token came."""
BIG = {"accuracy": 0.7, "energy_j": 12.0, "weights": "b" * 64}

CASES = {
    "nothing differs": {},
    "other machine": {"machine": {"cpu": "Other CPU"}},
    "other card of the same model": {"machine": {"uuid": "GPU-2"}},
    "other driver and power limit": {"machine": {"driver": "580.10", "power_limit_w": 450.0}},
    "other weights": {"system": {"weights": "c" * 64}},
    "other weights, which the change is about": {"system": {"weights": "c" * 64}, "may_differ": ["weights"]},
    "other weights and engine, of which one may differ": {
        "system": {"weights": "c" * 64, "engine": "llama.cpp"}, "may_differ": ["weights"],
    },
    "other prompts": {"system": {"prompt": "!"}},
    "other task version": {"cell": {"task_version": "2.0"}},
    "documents missing": {"items": 50},
    "other documents under one id": {"content": " changed"},
    "other batch": {"batch": 8},
    "modelled against counted": {"system": {"provenance": "modelled"}},
    "no joules in the second": {"system": {"energy_j": None}},
    "some joules not to be believed": {"system": {"unmetered": 9, "invalid": ("throttled",)}},
    "another system": {"system": {"name": "small", "weights": "5" * 64, "energy_j": 3.0}},
    "another machine, across it": {"machine": {"cpu": "Other CPU"}, "across": ("device",)},
    "another task version, across it, and documents missing": {
        "cell": {"task_version": "2.0"}, "items": 50, "across": ("tasks",),
    },
    "a server elsewhere": {"system": {"base_url": "https://api.example.org/v1", "engine": "endpoint"}},
    "an old record": {"environment": {}},
    "other prompts, which the change is about": {"system": {"prompt": "!"}, "may_differ": ["prompts"]},
    "other prompts, across them": {"system": {"prompt": "!"}, "across": ("prompts",)},
}  # fmt: skip


def _first() -> FakeRun:
    return recorded("aaa111", systems=(FakeSystem("big", **BIG),))


def _second(fake: SimpleNamespace, case: dict[str, object]) -> FakeRun:
    """The run of a case: as the first, but for what the case changes."""
    changes = {name: value for name, value in case.items() if name not in ("may_differ", "across")}
    if "machine" in changes:
        changes["environment"] = fake.machine(**changes.pop("machine"))
    if "cell" in changes:
        changes["cell"] = {"task_version": "1.0", "docs_sha256": "d" * 64, "task_sha256": "a" * 64} | changes["cell"]
    system = {"name": "big"} | BIG | changes.pop("system", {})
    return fake.recorded("bbb222", systems=(fake.System(**system),), **changes)


@pytest.fixture(scope="module")
def of_case(run_store, fake) -> Callable[[str], Evidence]:
    """Read the evidence of a case, once for all tests."""

    @cache
    def evidence_of(name: str) -> Evidence:
        case = CASES[name]
        policy = gate_policy(**EVERYTHING, may_differ=case.get("may_differ", []))
        runs = (run_store.read(each) for each in (_first(), _second(fake, case)))
        return evidence_of_two(*runs, policy, across=case.get("across", ()))

    return evidence_of


def _told(found: Evidence) -> list[str]:
    """What a reader is told, metrics with one text together."""
    lines = [f"{found.baseline} against {found.candidate}, {found.items} items"]
    for what, texts in (("apart", found.apart), ("missing", found.missing)):
        by_text: dict[str, list[str]] = {}
        for metric, text in texts.items():
            by_text.setdefault(text, []).append(metric)
        lines += [f"{what} ({', '.join(metrics)}): {text}" for text, metrics in by_text.items()]
    return [*lines, *(f"note: {note}" for note in found.notes)]


@pytest.mark.slow
def test_golden_texts_of_every_case(of_case, golden) -> None:
    text = "\n\n".join("\n".join([f"# {name}", *_told(of_case(name))]) for name in CASES) + "\n"
    golden("tworuns.txt", text)


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("nothing differs", set()),
        ("other machine", FIGURES - {"accuracy"}),
        ("another machine, across it", set()),
        ("other weights", FIGURES),
        ("other weights, which the change is about", set()),
        ("other weights and engine, of which one may differ", FIGURES),
        ("another system", set()),
        ("other task version", FIGURES),
        ("documents missing", FIGURES),
        ("modelled against counted", set(ENERGY)),
        ("some joules not to be believed", set()),
        ("an old record", FIGURES - {"accuracy"}),
    ],
)
def test_what_is_apart(of_case, name: str, metrics: set[str]) -> None:
    assert set(of_case(name).apart) == metrics


def _means(run: RunRecords) -> pd.DataFrame:
    """The means of each item's answers, by hand."""
    items = pd.read_parquet(run.layout.items_table)
    own = items.assign(seconds=items["finished_s"] - items["started_s"])
    return own.groupby(["task", "doc_id"])[["correct", "seconds", "energy_j"]].mean()


def test_figures_are_those_of_the_items_of_both(make_run, fake) -> None:
    small = fake.System("small", accuracy=0.4, latency_s=0.25, energy_j=3.0, weights="5" * 64)
    runs = make_run(_first()), make_run(fake.recorded("bbb222", systems=(small,), repeats=3))
    found = evidence_of_two(*runs, gate_policy(drift=0.03))
    assert (found.baseline, found.candidate, found.in_turns, found.items_left) == ("big", "small", False, 0)
    assert (found.items, found.rounds) == (120, ())
    assert found.domains == ("arithmetic", "text")
    assert found.provenance == ("counter", "counter")
    assert found.peak_memory_bytes == (512_000_000, 512_000_000)
    ours, theirs = (_means(run) for run in runs)
    for metric, column in {"accuracy": "correct", "latency_mean": "seconds", "joules_per_request": "energy_j"}.items():
        each = found.measured[metric]
        assert (each.baseline, each.candidate) == pytest.approx((ours[column].mean(), theirs[column].mean()))
        assert each.bounds.items.tolist() == [120]
        assert each.bounds.low(0.05)[0] <= each.bounds.estimate[0] <= each.bounds.high(0.05)[0]
    per_correct = found.measured["joules_per_correct"]
    assert per_correct.baseline == pytest.approx(ours["energy_j"].sum() / ours["correct"].sum())
    p95 = found.measured["latency_p95"]
    assert p95.baseline == pytest.approx(np.sort(ours["seconds"])[113])
    joules = [pd.read_parquet(run.layout.items_table)["energy_j"].sum() for run in runs]
    assert found.energy_j == pytest.approx(sum(joules))


def test_pairs_are_of_one_document(make_run, fake) -> None:
    """The documents are as hard for both: a wrong partner would show in what differs."""
    runs = make_run(_first()), make_run(fake.recorded("bbb222", systems=(fake.System("big", **BIG),)))
    accuracy = evidence_of_two(*runs, gate_policy()).measured["accuracy"]
    assert 0 < accuracy.baseline < 1
    assert accuracy.bounds.high(0.1)[0] < 0.02  # the two runs drew the same


def test_the_order_of_the_answers_changes_nothing(make_run, fake) -> None:
    small = fake.System("big", **BIG | {"accuracy": 0.6, "latency_s": 0.3})
    runs = make_run(_first()), make_run(fake.recorded("bbb222", systems=(small,), repeats=2))
    found = evidence_of_two(*runs, gate_policy(drift=0.03))
    for run in runs:
        pd.read_parquet(run.layout.items_table).sample(frac=1, random_state=3).to_parquet(run.layout.items_table)
    again = evidence_of_two(*(read_run(run.layout.root) for run in runs), gate_policy(drift=0.03))
    for metric, each in found.measured.items():
        other = again.measured[metric]
        assert (each.baseline, each.candidate) == (other.baseline, other.candidate), metric
        for level in (0.01, 0.1):
            assert each.bounds.low(level) == other.bounds.low(level), metric
            assert each.bounds.high(level) == other.bounds.high(level), metric


def test_runs_of_more_answers_than_memory_holds_are_judged_alike(make_run, fake, monkeypatch) -> None:
    slow = fake.System("big", **BIG | {"accuracy": 0.6, "latency_s": 0.3, "unmetered": 5})
    runs = make_run(_first()), make_run(fake.recorded("bbb222", systems=(slow, fake.System("more"))))
    policy = gate_policy(drift=0.03, **EVERYTHING)
    found = evidence_of_two(*runs, policy, candidate="big")
    monkeypatch.setattr("wattbench_reports.gate.evidence.two_runs.MOST_IN_MEMORY", 100)
    streamed = evidence_of_two(*runs, policy, candidate="big")
    assert _told(streamed) == _told(found)
    assert streamed.measured.keys() == found.measured.keys()
    for metric, each in found.measured.items():
        other = streamed.measured[metric]
        assert (each.baseline, each.candidate) == (other.baseline, other.candidate), metric
        assert each.bounds.high(0.1) == other.bounds.high(0.1), metric


def test_two_systems_of_one_run_in_blocks_are_judged_block_by_block(make_run, fake) -> None:
    """No session is between them, whatever the machine did from block to block."""
    slow = fake.System("slow", accuracy=0.7, energy_j=12.0, latency_s=0.75, weights="b" * 64)
    run = make_run(fake.recorded(systems=(fake.System("big", **BIG), slow), blocks=12, items=60, block_noise=0.5))
    policy = gate_policy(metrics={"latency_mean": {"margin": 0.1}})
    found = evidence_of_two(run, run, policy, baseline="big", candidate="slow")
    assert found.missing == {}
    bounds = found.measured["latency_mean"].bounds
    assert bounds.low(0.05)[0] > 0.1
    assert judge(found, policy, suite="x").verdict == "regressed"
    apart = make_run(fake.recorded("bbb222", systems=(fake.System("big", **BIG),)))
    assert (
        "two sessions" in evidence_of_two(apart, run, policy, baseline="big", candidate="slow").missing["latency_mean"]
    )


def test_one_run_of_several_systems_is_judged_against_itself_if_they_are_named(make_run, fake) -> None:
    run = make_run(fake.recorded())
    found = evidence_of_two(run, run, gate_policy(), baseline="big", candidate="small")
    assert (found.baseline, found.candidate) == ("big", "small")
    assert found.apart == {}
    [note] = found.notes
    assert "chat templates" in note
    with pytest.raises(UserError, match="judged against itself"):
        evidence_of_two(run, run, gate_policy(), baseline="big", candidate="big")
    with pytest.raises(UserError, match=r"several systems \(big and small\): name one with --candidate"):
        evidence_of_two(run, run, gate_policy(), baseline="big")


def test_joules_of_one_run_that_came_about_differently_are_apart(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a"), fake.System("b", provenance="modelled"))))
    found = evidence_of_two(run, run, gate_policy(drift=0.03, **EVERYTHING), baseline="a", candidate="b")
    assert set(found.apart) == set(ENERGY)
    assert (
        "The provenance of the joules differs (a: part0 counter; b: part0 modelled and "
        in found.apart["joules_per_correct"]
    )


def test_a_system_is_found_by_the_name_of_its_partner(make_run, fake) -> None:
    several, one = make_run(fake.recorded()), make_run(fake.recorded("bbb222", systems=(fake.System("big", **BIG),)))
    found = evidence_of_two(several, one, gate_policy())
    assert (found.baseline, found.candidate) == ("big@aaa111", "big@bbb222")
    found = evidence_of_two(several, several_2 := make_run(fake.recorded("ccc333")), gate_policy(), candidate="small")
    assert (found.baseline, found.candidate) == ("small@aaa111", "small@ccc333")
    with pytest.raises(UserError, match="several systems"):
        evidence_of_two(several, several_2, gate_policy())
    with pytest.raises(UserError, match="no system 'bigg' in this run; did you mean 'big'"):
        evidence_of_two(several, one, gate_policy(), baseline="bigg")


def test_a_dropped_system_moves_no_verdict_on_others_and_has_none(make_run, fake) -> None:
    poor = fake.System("poor", accuracy=0.1, weights="c" * 64)
    others = (fake.System("small", accuracy=0.5, energy_j=4.0, weights="d" * 64), fake.System("big", **BIG))
    whole, dropping = (
        make_run(fake.recorded(name, systems=(dataclasses.replace(poor, dropped_after=after), *others), blocks=6))
        for name, after in (("aaa111", None), ("bbb222", 3))
    )
    results = [
        judge(evidence_of_two(run, run, gate_policy(), baseline="small", candidate="big"), gate_policy(), suite="x")
        for run in (whole, dropping)
    ]
    assert len({str(dataclasses.replace(each, created_utc="")) for each in results}) == 1
    with pytest.raises(UserError, match="'poor' was dropped during this run"):
        evidence_of_two(dropping, dropping, gate_policy(), baseline="small", candidate="poor")


def test_a_gate_of_yesterday_is_evidence_too(make_gate, gates, make_run, fake) -> None:
    one = make_gate(gates.Gate(tasks=("chain_sum",), rounds=5, invalid={2: ("throttled",)}))
    found = evidence_of_two(one, one, gate_policy(drift=0.03, **EVERYTHING), baseline="old", candidate="new")
    assert found.items == 20
    assert found.apart == {}
    assert found.measured["ttft"].bounds.items.tolist() == [20]
    assert found.notes == (
        "4 of 20 items have no joules: new has no valid joules for 4 items (windows not valid, throttled: 1).",
    )
    assert found.validity == "new: 1 of 5 windows not valid"
    joules = found.measured["joules_per_request"]
    assert (joules.baseline, joules.candidate, joules.bounds.items.tolist()) == (8.0, 8.0, [16])
    two = make_gate(gates.Gate(tasks=("chain_sum",), rounds=6, id="b"))
    apart = evidence_of_two(one, two, gate_policy(), baseline="old", candidate="old")
    assert apart.apart["accuracy"].endswith("4 items of old@b have no counterpart.")


def test_what_an_import_lacks_is_missing(make_run, fake) -> None:
    run = make_run(fake.recorded(systems=(fake.System("big", **BIG), fake.System("bare", energy_j=None))))
    items = pd.read_parquet(run.layout.items_table)
    bare = items["system"] == "bare"
    items.loc[bare, ["correct", "started_s", "finished_s"]] = np.nan
    items.to_parquet(run.layout.items_table)
    header = json.loads(run.layout.header.read_text()) | {"imported": {"from": "a table"}}
    run.layout.header.write_text(json.dumps(header))
    run = read_run(run.layout.root)
    found = evidence_of_two(run, run, gate_policy(drift=0.03, **EVERYTHING), baseline="big", candidate="bare")
    assert found.missing["accuracy"] == found.missing["joules_per_correct"] == "the answers of bare have no scores"
    assert found.missing["latency_mean"] == found.missing["latency_p95"] == "the answers of bare have no times"
    assert found.missing["joules_per_request"] == "bare has no valid joules for 120 items"
    assert found.missing["ttft"] == "big and bare do not report when the first token arrived"
    assert {"accuracy", "latency_mean", "joules_per_request"}.isdisjoint(found.measured)


@pytest.mark.parametrize("may_differ", [[], ["weights"], ["dtype"]])
def test_settings_that_only_name_a_part_are_told_with_it(make_run, fake, may_differ: list[str]) -> None:
    runs = [make_run(each) for each in (_first(), _second(fake, CASES["other weights"]))]
    for run, name in zip(runs, ("a", "b"), strict=True):
        run.header.suite["systems"]["big"]["weights"] = {"path": f"/models/{name}.gguf", "sha256": name * 64}
    policy = gate_policy(may_differ=may_differ)
    found = evidence_of_two(*runs, policy)
    assert bool(found.apart) == (may_differ != ["weights"])
    assert all(text.endswith("--across weights, or may_differ in the policy.") for text in found.apart.values())
    runs[1].header.suite["systems"]["big"]["max_output_tokens"] = 9
    text = evidence_of_two(*runs, policy).apart["accuracy"]
    assert "other settings (big@aaa111: nothing of the kind; big@bbb222: max_output_tokens 9)" in text


def test_runs_that_cannot_be_judged_are_refused(make_run, fake) -> None:
    good, policy = make_run(_first()), gate_policy()
    with pytest.raises(UserError, match="wattbench run --resume"):
        evidence_of_two(good, make_run(fake.recorded("bbb222", finished=False)), policy)
    cut = make_run(fake.recorded("ccc333"))
    pd.read_parquet(cut.layout.items_table).iloc[:-3].to_parquet(cut.layout.items_table)
    with pytest.raises(UserError, match="items are missing"):
        evidence_of_two(good, cut, policy)
    loaded = make_run(fake.recorded("ddd444"))
    loaded.header.suite["suite"]["measure"]["scenario"] = "load"
    with pytest.raises(UserError, match="under load"):
        evidence_of_two(loaded, good, policy)


@pytest.mark.parametrize(
    ("across", "expected"),
    [("software", "nothing to allow"), ("wieghts", "did you mean 'weights'"), ("devise", "did you mean 'device'")],
)
def test_across_takes_what_forbids(make_run, fake, across: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        evidence_of_two(make_run(_first()), make_run(fake.recorded("b")), gate_policy(), across=(across,))


def test_across_everything_leaves_nothing_apart_but_what_has_no_partner(make_run, fake) -> None:
    other = _second(fake, CASES["an old record"] | {"system": {"weights": "c" * 64}, "batch": 8})
    runs = make_run(_first()), make_run(other)
    assert evidence_of_two(*runs, gate_policy(), across=("all",)).apart == {}
    strange = make_run(_second(fake, {"content": " changed"} | {"id": "ccc333"}))
    found = evidence_of_two(runs[0], strange, gate_policy(), across=("all",))
    assert (found.items, found.measured) == (0, {})
    assert set(found.apart.values()) == {"No document was answered by both."}


@pytest.mark.slow
@settings(max_examples=12)
@given(
    items=st.integers(1, 25),
    fewer=st.integers(0, 3),
    repeats=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    unmetered=st.integers(0, 3),
    shuffle=st.integers(0, 2**31),
)
def test_pairing_loses_no_item_and_invents_none(
    items: int, fewer: int, repeats: tuple[int, int], unmetered: int, shuffle: int
) -> None:
    fewer = min(fewer, items - 1)
    one = recorded("a", systems=(FakeSystem("x", unmetered=unmetered),), items=items, repeats=repeats[0])
    two = recorded("b", systems=(FakeSystem("y"),), items=items - fewer, repeats=repeats[1])
    with tempfile.TemporaryDirectory() as folder:
        runs = [read_run(write_run(Path(folder), each)) for each in (one, two)]
        tables = [pd.read_parquet(run.layout.items_table) for run in runs]
        tables[1].sample(frac=1, random_state=shuffle).to_parquet(runs[1].layout.items_table)
        found = evidence_of_two(*runs, gate_policy(), across=("tasks",))
    assert found.items == 2 * (items - fewer)
    for table, name in zip(tables, ("baseline", "candidate"), strict=True):
        own = table[table["doc_id"] < items - fewer]
        means = own.assign(s=own["finished_s"] - own["started_s"]).groupby(["task", "doc_id"])["s"].mean()
        assert getattr(found.measured["latency_mean"], name) == pytest.approx(means.mean())
    bare = 2 * min(unmetered, items - fewer)
    assert any("have no joules" in note or "has no joules" in note for note in found.notes) == (0 < bare < found.items)
    assert bool(fewer) == any("no counterpart" in note for note in found.notes)
