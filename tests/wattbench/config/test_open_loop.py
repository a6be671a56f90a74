"""The keys of a trace in a suite, and its hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.traces import azure, mooncake, write
from wattbench.config import load_suite
from wattbench.errors import UserError
from wattbench.measure.arrivals import check_trace, dealt_documents, described, mean_rate_per_s, offers
from wattbench.measure.plan import requests
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS

SUITE = """
name: arriving
tasks: {{select: [{{task: sums, domain: arithmetic}}]}}
systems: {{define: {{a: {{kind: specialist, engine: python, call: "os:getcwd"}}}}}}
measure:
  scenario: load
  min_window_s: 1
  load: {load}
"""


def suite(folder: Path, load: str):
    return load_suite(str(write(folder / "suite.yaml", SUITE.format(load=load))))


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ("{deadline_s: 1}", "name the rates under rates_per_s, or a file of arrivals under trace"),
        ("{deadline_s: 1, rates_per_s: [1], speed: 2}", "speed: belongs to a trace"),
        ("{deadline_s: 1, rates_per_s: [1], sessions: true}", "sessions: belongs to a trace"),
        ("{deadline_s: 1, trace: none.csv}", "measure.load.trace: no such file"),
        ("{deadline_s: 1, trace: a.csv, speed: 0}", "speed"),
        ("{deadline_s: 1, trace: a.csv, speed: .nan}", "speed"),
        ("{deadline_s: 1, trace: a.csv, start_s: -1}", "start_s"),
        ("{deadline_s: 1, trace: a.csv, duration_s: 0}", "duration_s"),
    ],
)
def test_a_wrong_key_is_named_with_its_place(load: str, said: str, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", azure(range(50)))
    with pytest.raises(UserError, match=r"suite\.yaml:\d+: ") as refused:
        suite(tmp_path, load)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ("{deadline_s: 1, trace: a.csv, sessions: true}", "no users and no conversations. Leave sessions out"),
        ("{deadline_s: 1, trace: a.csv, speed: 100}", "are 0.490 s, and windows shorter than min_window_s = 1"),
        ("{deadline_s: 1, trace: a.csv, start_s: 90}", "Change start_s or duration_s"),
        ("{deadline_s: 1, trace: same.csv}", "at one moment, so that it has no rate"),
        ("{deadline_s: 1, trace: broken.csv}", r"broken.csv:3: TIMESTAMP"),
        ("{deadline_s: 1, trace: plain.jsonl, sessions: true}", "no hash_ids"),
    ],
)
def test_a_trace_that_cannot_be_sent_is_refused_before_anything_is_asked(load: str, said: str, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", azure(range(50)))
    write(tmp_path / "same.csv", azure([1] * 50))
    write(tmp_path / "broken.csv", azure([1]) + "\n?,1,2\n")
    write(tmp_path / "plain.jsonl", mooncake(*((1000 * n, 5, 5, []) for n in range(50))))
    with pytest.raises(UserError) as refused:
        check_trace(suite(tmp_path, load))
    assert said in str(refused.value)


def test_the_part_that_is_sent_is_cut_to_whole_passes_over_the_documents(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", azure([n * n / 50 for n in range(50)]))
    resolved = suite(tmp_path, "{deadline_s: 1, trace: a.csv, speed: 4, rates_per_s: [2], min_duration_s: 30}")
    load = resolved.suite.measure.load
    planned = offers(load, 8)
    assert [(each.arrivals, each.queries) for each in planned] == [
        (None, 2000), (TRACE_ARRIVALS, 48), (POISSON_ARRIVALS, 48),
    ]  # fmt: skip
    span_s = 49 * 49 / 50 / 4
    assert planned[1].rate_per_s == planned[2].rate_per_s == pytest.approx(49 / span_s)  # the same for every task
    assert offers(load, 7)[1].rate_per_s == planned[1].rate_per_s == mean_rate_per_s(load)
    assert planned[1].duration_s == pytest.approx(47 * 47 / 50 / 4)
    assert requests(8, resolved.suite.measure, next(iter(resolved.systems.values()))) == 2096
    about = described(load, 8)
    assert (about["arrivals"], about["left_out"], about["sessions"]) == (50, 2, None)
    assert about["input_tokens"] == {"p50": 124.0, "p90": 143.0, "mean": 123.5}
    with pytest.raises(UserError, match="the task has 51 documents, to be asked equally often"):
        offers(load, 51)


def test_documents_are_dealt_in_passes_that_the_seed_gives() -> None:
    dealt = dealt_documents(12, 4, seed=1)
    assert all(sorted(dealt[start : start + 4]) == [0, 1, 2, 3] for start in (0, 4, 8))
    assert dealt == dealt_documents(12, 4, seed=1) != dealt_documents(12, 4, seed=2)


def test_suites_without_a_trace_keep_their_hash(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", azure(range(50)))
    plain = suite(tmp_path, "{deadline_s: 1, rates_per_s: [1]}")
    load = plain.as_record()["suite"]["measure"]["load"]
    assert not {"trace", "speed", "sessions"} & load.keys()
    assert load["rates_per_s"] == [1.0]
    alike = suite(tmp_path, "{deadline_s: 1, rates_per_s: [1], beside_poisson: true}")
    assert alike.sha256 == plain.sha256
    hashes = {
        suite(tmp_path, f"{{deadline_s: 1, rates_per_s: [1], {keys}}}").sha256
        for keys in ("trace: a.csv", "trace: a.csv, speed: 2", "trace: a.csv, beside_poisson: false")
    }
    assert len(hashes | {plain.sha256}) == 4
