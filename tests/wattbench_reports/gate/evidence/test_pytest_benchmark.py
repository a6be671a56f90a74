"""Files of pytest-benchmark as evidence: what is paired, what is missing, and what keeps two files apart."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.gates import gate_policy
from wattbench.errors import UserError
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.model import Evidence
from wattbench_reports.gate.evidence.pytest_benchmark import evidence_of_files
from wattbench_reports.metrics.registry import ENERGY, MONEY
from wattbench_reports.metrics.registry import METRICS as ALL_METRICS

METRICS = [name for name in ALL_METRICS if name not in MONEY]  # of systems without a price
EVERYTHING = gate_policy(metrics={name: {"margin": 0.1} for name in METRICS})
NEVER_TOLD = {"ttft", "peak_memory"}
MACHINE = {
    "machine": "x86_64", "python_implementation": "CPython", "python_version": "3.11.7",
    "cpu": {"brand_raw": "Example CPU", "count": 2},
}  # fmt: skip
OURS = {
    "cpu": "Example CPU",
    "cpus_usable": 16,
    "cpus_quota": None,
    "gpus": [],
    "container": None,
    "cpu_power": {"package_limit_w": None, "governor": "performance", "boost": "on"},
}
MEASURED = {
    "accuracy": 0.5, "scores": [1.0, 0.0, 1.0, 0.0, 0.5], "documents": "d" * 64, "weights_sha256": "b" * 64,
    "energy_j_per_request": 2.0, "energy_provenance": {"gpu0": "counter"}, "round_energy_j": [10.0] * 20,
}  # fmt: skip
UNMETERED = {name: value for name, value in MEASURED.items() if "energy" not in name}


def _bench(name: str = "test_a", data: list[float] | None = None, **extra: Any) -> dict[str, Any]:
    return {
        "name": name, "fullname": f"benchmarks/bench_x.py::{name}", "extra_info": extra,
        "options": {"timer": "perf_counter"},
        "stats": {"mean": 1.0, "data": [0.01 * (1 + place) for place in range(20)] if data is None else data},
    }  # fmt: skip


def _file(folder: Path, name: str, *benchmarks: Mapping[str, Any], **machine: Any) -> Path:
    path = folder / name
    told = {"machine_info": MACHINE | machine, "commit_info": {"id": "abc"}, "benchmarks": list(benchmarks)}
    path.write_text(json.dumps(told))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., Mapping[str, Evidence]]:
    """Judge two benchmarks, or two lists of them, against each other."""

    def judge(old: Any, new: Any, **machine: Any) -> Mapping[str, Evidence]:
        one = _file(tmp_path, "old.json", *(old if isinstance(old, list) else [old]))
        two = _file(tmp_path, "new.json", *(new if isinstance(new, list) else [new]), **machine)
        return evidence_of_files(one, two, EVERYTHING)

    return judge


def _numbered(start: float) -> list[float]:
    return [start + place for place in range(20)]


def test_rounds_are_paired_in_order(pair) -> None:
    found = pair(_bench(data=_numbered(1)), _bench(data=_numbered(101)[:18]))["test_a"]
    assert (found.baseline, found.candidate, found.in_turns) == ("old.json", "new.json", False)
    assert (found.items, found.rounds) == (18, ())
    seconds = found.measured["latency_mean"]
    assert (seconds.baseline, seconds.candidate) == (9.5, 109.5)
    assert found.notes == ("old.json has 2 further rounds, left out.",)
    assert set(found.measured) == {"latency_mean", "latency_p50", "latency_p95"}
    assert set(found.missing) == set(METRICS) - set(found.measured)
    assert found.apart == {}


def test_twenty_rounds_are_enough_to_find_a_slowdown(pair) -> None:
    noise = np.random.default_rng(3).normal(0, 0.01, (2, 20))
    found = pair(_bench(data=np.exp(noise[0]).tolist()), _bench(data=(1.5 * np.exp(noise[1])).tolist()))["test_a"]
    policy = gate_policy(metrics={"latency_p50": {"margin": 0.1}}, drift=0.03)
    assert judge(found, policy, suite="x").verdict == "regressed"


def test_scores_and_joules_of_our_benches_are_paired_too(pair) -> None:
    scores = [place / 10 for place in range(10)]
    old = _bench(**MEASURED | {"scores": scores, "round_energy_j": [20.0] * 10 + [None] + [20.0] * 9})
    new = _bench(**MEASURED | {"scores": scores[::-1], "round_energy_j": [10.0] * 20})
    found = pair(old, new)["test_a"]
    assert set(found.missing) == NEVER_TOLD
    assert found.provenance == ("counter", "counter")
    accuracy, joules, per_correct = (
        found.measured[name] for name in ("accuracy", "joules_per_request", "joules_per_correct")
    )
    assert (accuracy.baseline, accuracy.candidate) == (pytest.approx(0.45), pytest.approx(0.45))
    assert (found.items, accuracy.bounds.items.tolist()) == (10, [10])
    # Going through all ten documents takes 20 J and 10 J.
    assert (joules.baseline, joules.candidate, joules.bounds.items.tolist()) == (2.0, 1.0, [19])
    assert (per_correct.baseline, per_correct.candidate) == (pytest.approx(2 / 0.45), pytest.approx(1 / 0.45))
    assert per_correct.bounds.high(0.1)[0] - per_correct.bounds.low(0.1)[0] > 0.1, "scores vary, joules do not"
    assert found.notes == ("1 of 20 rounds has no joules: no meter could be read.",)


def test_rounds_that_follow_each_other_are_a_batch(pair) -> None:
    """What slows half a process slows many rounds: it is no proof of many."""
    slow = np.repeat([1.0, 1.1], 1000)
    found = pair(_bench(data=[1.0] * 2000), _bench(data=slow.tolist()))["test_a"].measured["latency_mean"].bounds
    single = 0.05 / 2000**0.5
    assert found.items.tolist() == [2000]
    assert found.standard_error[0] > 5 * single


def test_joules_without_scores_are_of_the_rounds(pair) -> None:
    told = {"round_energy_j": [2.0] * 20, "energy_provenance": "rapl"}
    found = pair(_bench(**told), _bench(**told))["test_a"]
    assert "joules_per_request" not in found.missing
    assert "joules_per_correct" in found.missing
    assert found.measured["joules_per_request"].baseline == 2.0
    assert found.provenance == ("rapl", "rapl")


def test_a_benchmark_that_is_gone_cannot_pass(pair) -> None:
    found = pair([_bench("test_a"), _bench("test_gone")], [_bench("test_new"), _bench("test_a")])
    assert list(found) == ["test_a", "test_gone", "test_new"]
    assert set(found["test_gone"].missing) == set(METRICS)
    assert found["test_gone"].missing["latency_p50"] == (
        "benchmarks/bench_x.py::test_gone is in old.json and not in new.json: a removed benchmark cannot pass"
    )
    assert (
        found["test_new"]
        .missing["accuracy"]
        .endswith("new.json and not in old.json: there is nothing to judge it against")
    )
    assert (found["test_new"].items, found["test_new"].measured) == (0, {})


def test_benchmarks_of_one_name_are_told_apart_by_their_files(pair) -> None:
    other = _bench() | {"fullname": "benchmarks/bench_y.py::test_a"}
    found = pair([_bench(), other], [_bench(), other, _bench("test_b")])
    assert list(found) == ["benchmarks/bench_x.py::test_a", "benchmarks/bench_y.py::test_a", "test_b"]


CASES: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing differs": (MEASURED, MEASURED, {}),
    "other processor": (MEASURED, MEASURED, {"cpu": {"brand_raw": "Other CPU"}}),
    "other Python": (MEASURED, MEASURED, {"python_version": "3.12.1"}),
    "a later patch of Python": (MEASURED, MEASURED, {"python_version": "3.11.9"}),
    "no processor told": (MEASURED, MEASURED, {"cpu": {}}),
    "GPUs told of one": (MEASURED, MEASURED, {"wattbench": OURS | {"gpus": [{"name": "Example GPU"}]}}),
    "counted against modelled": (MEASURED, MEASURED | {"energy_provenance": {"cpu": "modelled"}}, {}),
    "other documents": (MEASURED, MEASURED | {"documents": "e" * 64}, {}),
    "documents not told": (MEASURED, MEASURED | {"documents": None}, {}),
    "other weights": (MEASURED, MEASURED | {"weights_sha256": "c" * 64}, {}),
    "single figures": (
        {"accuracy": 0.5, "energy_j_per_request": 2.0}, {"accuracy": 0.5, "j_per_correct": 2, "wattbench_run": "R"}, {}
    ),
    "no sensor": (
        MEASURED, UNMETERED | {"energy_missing": "nothing was measured: no meter was read"}, {},
    ),
    "fewer scores": (MEASURED, MEASURED | {"scores": [1.0]}, {}),
    "joules of other rounds": (MEASURED, MEASURED | {"round_energy_j": [1.0] * 5}, {}),
    "no joules to believe": (MEASURED, MEASURED | {"round_energy_j": [None] * 20}, {}),
    "a plain benchmark": ({}, {}, {}),
}  # fmt: skip


def _told(found: Evidence) -> list[str]:
    lines = []
    for what, texts in (("apart", found.apart), ("missing", found.missing)):
        by_text: dict[str, list[str]] = {}
        for metric, text in texts.items():
            by_text.setdefault(text, []).append(metric)
        lines += [f"{what} ({', '.join(metrics)}): {text}" for text, metrics in by_text.items()]
    return [*lines, *(f"note: {note}" for note in found.notes)]


def test_golden_texts_of_every_case(pair, golden) -> None:
    said = []
    for name, (old, new, machine) in CASES.items():
        found = pair(_bench(**old), _bench(**new), **machine)["test_a"]
        said.append("\n".join([f"# {name}", *_told(found)]))
    text = "\n\n".join(said) + "\n"
    golden("benchfiles.txt", text)


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("nothing differs", set()),
        ("other processor", {"latency_mean", "latency_p50", "latency_p95", *ENERGY}),
        ("other Python", {"latency_mean", "latency_p50", "latency_p95", *ENERGY}),
        ("a later patch of Python", set()),
        ("counted against modelled", set(ENERGY)),
        ("other documents", set(METRICS) - NEVER_TOLD),
        ("other weights", set(METRICS) - NEVER_TOLD),
        ("a plain benchmark", set()),
    ],
)
def test_what_is_apart(pair, name: str, apart: set[str]) -> None:
    old, new, machine = CASES[name]
    assert set(pair(_bench(**old), _bench(**new), **machine)["test_a"].apart) == apart


def test_other_weights_may_be_what_the_change_is_about(tmp_path) -> None:
    files = [
        _file(tmp_path, f"{name}.json", _bench(**MEASURED | {"weights_sha256": name * 64}), wattbench=OURS)
        for name in ("a", "b")
    ]
    found = evidence_of_files(*files, gate_policy(may_differ=["weights"]))["test_a"]
    assert found.apart == {}
    assert found.notes == (
        "Parts that may differ do: other weights (a.json: SHA-256 aaaaaaaaaaaa; b.json: SHA-256 bbbbbbbbbbbb).",
    )


@pytest.mark.slow
@pytest.mark.alone
def test_what_pytest_benchmark_writes_is_read(tmp_path, monkeypatch) -> None:
    """The real plugin's file, so that a change of its form is noticed."""
    pytest.importorskip("pytest_benchmark")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # under which nothing is timed
    (tmp_path / "test_it.py").write_text("def test_sum(benchmark):\n    benchmark.pedantic(sum, ([1],), rounds=20)\n")
    path = tmp_path / "out.json"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--benchmark-json={path}", "test_it.py"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    copied = shutil.copy(path, tmp_path / "copied.json")
    found = evidence_of_files(path, copied, gate_policy())
    assert list(found) == ["test_sum"]
    assert found["test_sum"].items == 20
    assert found["test_sum"].apart == {}


GOOD = {"machine_info": MACHINE, "benchmarks": [_bench(**MEASURED)]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\x00\xff", "is not JSON"),
        ("[]", "pytest --benchmark-json"),
        ('{"benchmarks": {}, "machine_info": {}}', "pytest --benchmark-json"),
        ('{"benchmarks": []}', "pytest --benchmark-json"),
        ('{"benchmarks": [], "machine_info": {}}', "holds no benchmark"),
        ('{"benchmarks": [3], "machine_info": {}}', "has no fullname"),
        ('{"benchmarks": [{"fullname": "a", "stats": 3}], "machine_info": {}}', "stats is not an object"),
        ('{"benchmarks": [{"fullname": "a"}], "machine_info": {}}', "--benchmark-save-data"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": 3}}], "machine_info": {}}', "is not a list"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": []}}], "machine_info": {}}', "no rounds"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": [0]}}], "machine_info": {}}', "of zero duration"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": [NaN]}}], "machine_info": {}}', "'nan'"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": ["1"]}}], "machine_info": {}}', "not a valid number"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": [true]}}], "machine_info": {}}', "not a valid number"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"data": [1e999]}}], "machine_info": {}}', "not a valid number"),
        (json.dumps(GOOD | {"benchmarks": [_bench(data=[10**400])]}), "not a valid number"),
        (json.dumps(GOOD | {"benchmarks": GOOD["benchmarks"] * 2}), "twice"),
        (json.dumps(GOOD | {"benchmarks": [_bench(scores=[2.0])]}), "between 0 and 1"),
        (json.dumps(GOOD | {"benchmarks": [_bench(scores=[None])]}), "not a valid number"),
        (json.dumps(GOOD | {"benchmarks": [_bench(round_energy_j=[-1.0])]}), "below 0"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_ends_in_a_sentence_that_names_it(tmp_path, text: str, expected: str) -> None:
    good, bad = _file(tmp_path, "good.json", _bench()), tmp_path / "bad.json"
    bad.write_text(text, encoding="latin-1")
    for files in ((good, bad), (bad, good)):
        with pytest.raises(UserError, match=expected) as told:
            evidence_of_files(*files, gate_policy())
        assert str(told.value).startswith(f"{bad}: ")


def test_a_file_that_is_not_there_or_given_twice_is_named(tmp_path) -> None:
    good = _file(tmp_path, "good.json", _bench())
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        evidence_of_files(good, tmp_path / "none.json", gate_policy())
    with pytest.raises(UserError, match="given twice"):
        evidence_of_files(good, tmp_path / "." / "good.json", gate_policy())


@settings(max_examples=60)
@given(
    rounds=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    documents=st.integers(0, 40),
    bare=st.sets(st.integers(0, 69)),
)
def test_pairing_loses_nothing_and_invents_nothing(rounds: tuple[int, int], documents: int, bare: set[int]) -> None:
    scores = [place / max(documents, 1) for place in range(documents)]
    with tempfile.TemporaryDirectory() as folder:
        files = [
            _file(
                Path(folder), f"{side}.json",
                _bench(
                    data=[100.0 * side + place for place in range(1, number + 1)],
                    round_energy_j=[None if place in bare else 4.0 for place in range(number)],
                    **({"scores": scores, "documents": "d"} if documents else {}),
                ),
            )
            for side, number in enumerate(rounds, start=1)
        ]  # fmt: skip
        [found] = evidence_of_files(*files, EVERYTHING).values()
    both = min(rounds)
    seconds = found.measured["latency_mean"]
    assert (seconds.baseline, seconds.candidate) == pytest.approx((100 + (both + 1) / 2, 200 + (both + 1) / 2))
    assert found.items == (documents or both)
    assert bool(found.notes) >= (rounds[0] != rounds[1])
    if documents:
        accuracy = found.measured["accuracy"]
        assert accuracy.baseline == accuracy.candidate == pytest.approx(np.mean(scores))
    read = both - len({place for place in bare if place < both})
    assert ("joules_per_request" in found.measured) == (read > 0)
    if read:
        joules = found.measured["joules_per_request"]
        assert joules.candidate == pytest.approx(4.0 / (documents or 1))
        assert joules.bounds.items.tolist() == [read]
