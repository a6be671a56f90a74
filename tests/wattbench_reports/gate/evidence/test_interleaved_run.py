"""A gate's own run as evidence: what counts of it, and what a reader is told of the rest."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up.gates import FakeGate, FakeSide, gate_policy, write_gate
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.interleaved_run import evidence_in_turns
from wattbench_reports.metrics.registry import ENERGY, MONEY
from wattbench_reports.metrics.registry import METRICS as ALL_METRICS

METRICS = [name for name in ALL_METRICS if name not in MONEY]  # of systems without a price
MEASURED = set(METRICS) - {"peak_memory"}
EVERYTHING = {"metrics": {name: {"margin": 0.1} for name in METRICS}}


def test_it_holds_every_item_of_every_round_in_the_order_asked(make_gate, gates) -> None:
    run = make_gate(gates.Gate(rounds=7))
    found = evidence_in_turns(run, gates.policy())
    assert (found.baseline, found.candidate, found.in_turns) == ("old", "new", True)
    assert [each.items for each in found.rounds] == [4] * 7
    assert found.items_left == 80 - 28
    assert {task: each.items for task, each in found.suite_tasks.items()} == {"chain_sum": 40, "spell_backward": 40}
    assert {each.domain for each in found.suite_tasks.values()} == set(found.suite_domains)
    assert found.apart == found.missing == {}
    scores = {
        (task, each.doc_id): each.correct
        for row in run.rounds()
        for task, of_task in row.scores["candidate"].items()
        for each in of_task
    }
    asked = [scores[item] for row in run.rounds() for item in row.items]
    assert np.concatenate([each.correct[:, 1] for each in found.rounds]).tolist() == asked
    answers = {(task, row.doc_id): row for task in ("chain_sum", "spell_backward") for row in run.answers("old", task)}
    seconds = [answers[item].finished_s - answers[item].started_s for item in run.rounds()[0].items]
    assert found.rounds[0].seconds[:, 0].tolist() == pytest.approx(seconds)
    assert found.rounds[0].ttft_s[:, 0].tolist() == pytest.approx([each / 4 for each in seconds], abs=1e-6)


def test_rounds_say_of_which_task_domain_pair_and_load_they_are(make_gate, gates) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(rounds=5, short=2, loads={1: 1, 2: 1})), gates.policy())
    assert [each.items for each in found.rounds] == [1, 1, 4, 4, 4]
    assert [each.pair for each in found.rounds] == [0, 0, 1, 1, 2]
    assert [each.load for each in found.rounds] == [0, 0, 1, 1, 1]
    assert found.rounds[2].tasks == ("chain_sum", "spell_backward") * 2
    assert found.rounds[2].domains == ("text",) * 4


def test_short_rounds_owe_no_joules(make_gate, gates) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(rounds=6, short=4, long_rounds=True)), gates.policy())
    assert [each.energy_j for each in found.rounds] == [None] * 4 + [(32.0, 32.0)] * 2
    assert found.notes == ()
    begun = evidence_in_turns(make_gate(gates.Gate(rounds=3, short=4, finished=False, id="b")), gates.policy())
    assert begun.missing == {}
    assert begun.notes == ()


@pytest.mark.parametrize(
    ("meters", "expected"),
    [({}, "no meter could be read"), ({"cpu": "rapl", "gpu0": "modelled"}, "its joules are modelled from CPU seconds")],
)
def test_a_gate_without_long_rounds_says_at_once_why_it_has_no_joules(make_gate, gates, meters, expected: str) -> None:
    fake = gates.Gate(rounds=3, short=80, long_rounds=False, meters=meters, finished=False)
    found = evidence_in_turns(make_gate(fake), gates.policy())
    assert found.missing["joules_per_correct"].startswith(expected)
    assert found.notes == ()


def test_rounds_of_an_older_run_are_read(make_gate, gates) -> None:
    """Every round was of one task, and there were no pairs."""
    run = make_gate(gates.Gate(rounds=3, tasks=("chain_sum",)))
    expected = evidence_in_turns(run, gates.policy())
    lines = [json.loads(line) for line in run.layout.rounds.read_text().splitlines()]
    for line in lines:
        line |= {"task": "chain_sum", "doc_ids": [doc_id for _, doc_id in line.pop("items")]}
        line["scores"] = {side: of_side["chain_sum"] for side, of_side in line["scores"].items()}
        for new in ("pair", "long", "load"):
            del line[new]
    run.layout.rounds.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = evidence_in_turns(read_run(run.layout.root), gates.policy())
    assert [each.pair for each in found.rounds] == [None] * 3
    for one, other in zip(found.rounds, expected.rounds, strict=True):
        assert np.array_equal(one.correct, other.correct)
        assert np.array_equal(one.seconds, other.seconds)
        assert (one.energy_j, one.tasks, one.load) == (other.energy_j, other.tasks, 0)


def test_prompts_that_differ_without_a_reason_keep_the_two_apart(make_gate, gates) -> None:
    plain = {"chat": False}
    old, other = gates.Side("old", prompt=plain), gates.Side("new", prompted="!", prompt=plain)
    fake = gates.Gate(baseline=old, candidate=other, rounds=1)
    found = evidence_in_turns(make_gate(fake), gates.policy(**EVERYTHING))
    assert set(found.apart) == MEASURED
    assert found.apart["accuracy"] == (
        "Prompts differ: 2 of 2 items of chain_sum and 2 of 2 items of spell_backward (document 0 of chain_sum, for "
        "example). If that is the intended change: may_differ: [prompts] in the policy."
    )
    allowed = gates.policy(**EVERYTHING, may_differ=["prompts"])
    assert not evidence_in_turns(make_gate(replace(fake, id="b")), allowed).apart


def test_prompts_that_the_suite_sets_differently_are_a_note_and_templates_are_expected(make_gate, gates) -> None:
    other = gates.Side("new", prompted="!", prompt={"fewshot": 2})
    found = evidence_in_turns(make_gate(gates.Gate(candidate=other, rounds=1)), gates.policy())
    assert not found.apart
    [note] = found.notes
    assert note.startswith("old and new have prompt settings of their own, and prompts differ: ")
    chats = {name: gates.Side(name, prompted=name, prompt={"chat": True}, messages="m") for name in ("old", "new")}
    fake = gates.Gate(baseline=chats["old"], candidate=chats["new"], rounds=1, id="b")
    found = evidence_in_turns(make_gate(fake), gates.policy())
    assert not found.apart
    assert not found.notes
    other = replace(chats["new"], messages="other examples")
    fake = gates.Gate(baseline=chats["old"], candidate=other, rounds=1, id="c")
    assert "Prompts differ" in evidence_in_turns(make_gate(fake), gates.policy()).apart["accuracy"]


def test_joules_are_of_one_pass_and_the_cap_counts_all_of_them(make_gate, gates) -> None:
    candidate = gates.Side("new", energy_j=4.0, provenance="rapl+modelled")
    found = evidence_in_turns(make_gate(gates.Gate(candidate=candidate, passes=3, rounds=2)), gates.policy())
    assert [each.energy_j for each in found.rounds] == [None, None]  # read in two ways
    alike = gates.Side("new", energy_j=4.0)
    found = evidence_in_turns(make_gate(gates.Gate(candidate=alike, passes=3, rounds=2, id="b")), gates.policy())
    assert [each.energy_j for each in found.rounds] == [(32.0, 16.0)] * 2
    assert found.energy_j == 3 * 2 * (32.0 + 16.0)
    assert found.provenance == ("counter", "counter")


def test_a_gate_that_runs_is_read_without_its_tables(make_gate, gates) -> None:
    run = make_gate(gates.Gate(finished=False, rounds=3))
    assert not run.layout.items_table.exists()
    assert len(evidence_in_turns(run, gates.policy()).rounds) == 3


def test_before_its_first_round_nothing_is_known_and_nothing_missing(make_gate, gates) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(finished=False, rounds=0)), gates.policy(**EVERYTHING))
    assert found.rounds == ()
    assert found.items_left == 80
    assert set(found.missing) == {"peak_memory"}
    assert found.energy_j is None


def test_what_differs_from_the_base_is_noted(make_gate, gates) -> None:
    found = evidence_in_turns(
        make_gate(gates.Gate(rounds=2, base={"notes": ["Files that differ: a.py."]})), gates.policy()
    )
    assert found.notes[0] == "Files that differ: a.py."


def test_what_a_killed_round_left_behind_does_not_count(make_gate, gates) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(killed=True, rounds=2)), gates.policy())
    assert max(each.seconds.max() for each in found.rounds) < 1.0  # there it took 2.5 s at least
    assert [each.energy_j for each in found.rounds] == [(32.0, 32.0)] * 2
    assert found.energy_j == 2 * 2 * 32.0 + 2 * 10 * 32.0  # the joules were used all the same
    assert found.items_left == 80 - 2 * 4 - 4  # nobody will be asked them again


def test_items_that_one_side_alone_answered_in_a_round_that_was_cut_off_are_not_left(make_gate, gates) -> None:
    run = make_gate(gates.Gate(killed=True, rounds=1))
    for task in ("chain_sum", "spell_backward"):
        lines = run.layout.answers("new", task).read_text().splitlines(keepends=True)
        run.layout.answers("new", task).write_text("".join(lines[2:]))
    assert evidence_in_turns(run, gates.policy()).items_left == 80 - 4 - 4


@pytest.mark.parametrize(
    ("side", "reason"),
    [
        ({"energy_j": None}, "no meter was read (7×)"),
        ({"provenance": "modelled"}, "old was read by gpu0 counter; new was read by gpu0 modelled (7×)"),
        ({"component": "cpu"}, "old was read by gpu0 counter; new was read by cpu counter (7×)"),
        ({"energy_j": 0.0}, "a window counted no joules (7×)"),
    ],
)
def test_joules_that_are_not_of_both_are_missing(make_gate, gates, side: dict[str, object], reason: str) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(candidate=gates.Side("new", **side), rounds=7)), gates.policy())
    assert {each.energy_j for each in found.rounds} == {None}
    assert found.missing == dict.fromkeys(("joules_per_request", "joules_per_correct"), reason)
    assert found.provenance == ("", "")


def test_while_it_runs_joules_that_are_not_believed_yet_are_not_said_to_be_missing(make_gate, gates) -> None:
    policy, spoiled = gates.policy(**EVERYTHING), {0: ("throttled",), 1: ("throttled",)}
    running = evidence_in_turns(make_gate(gates.Gate(rounds=2, invalid=spoiled, finished=False)), policy)
    assert not {*ENERGY} & {*running.missing}
    assert running.notes == ("2 of 2 rounds have no joules: throttled (2×).",)
    ended = evidence_in_turns(make_gate(gates.Gate(rounds=2, invalid=spoiled, id="b")), policy)
    assert {ended.missing[metric] for metric in ENERGY} == {"throttled (2×)"}
    unread = gates.Gate(rounds=2, candidate=gates.Side("new", energy_j=None), finished=False, id="c")
    assert {*ENERGY} <= {*evidence_in_turns(make_gate(unread), policy).missing}


def test_of_repeats_the_means_count_and_joules_are_of_one(make_gate, gates) -> None:
    found = evidence_in_turns(make_gate(gates.Gate(rounds=2, repeats=3, passes=2)), gates.policy())
    assert [each.items for each in found.rounds] == [4, 4]
    assert [each.energy_j for each in found.rounds] == [(32.0, 32.0)] * 2
    assert {round(3 * score) for each in found.rounds for score in each.correct.flat} >= {0, 3}


def test_rounds_with_invalid_windows_are_counted_by_cause(make_gate, gates) -> None:
    busy = "the machine was busy: other processes used 40% of the processor (limit 10%)"
    invalid = {1: ("throttled",), 3: ("throttled", "gaps"), 5: ("lasted 0.5 s",), 6: ("lasted 0.5 s", busy)}
    found = evidence_in_turns(make_gate(gates.Gate(invalid=invalid)), gates.policy())
    assert [number for number, each in enumerate(found.rounds) if each.energy_j is None] == [1, 3, 5, 6]
    [note] = found.notes
    assert note == "4 of 20 rounds have no joules: throttled (2×); too short; other work on this machine."
    assert not found.missing


def test_windows_that_are_not_valid_or_contended_are_counted_by_system(make_gate, gates) -> None:
    spoiled = gates.Gate(invalid={3: ("throttled",)}, contended=(2, 4, 5), short=1)
    found = evidence_in_turns(make_gate(spoiled), gates.policy())
    assert found.validity == "new: 1 of 20 windows not valid, 3 of 20 windows contended"
    joules = {"joules_per_request": {"margin": "10%"}, "accuracy": {"margin": "5 points"}}
    judged = judge(found, gates.policy(metrics=joules), suite="demo")
    assert {each.metric: each.validity for each in judged.metrics} == {
        "joules_per_request": found.validity, "accuracy": "",
    }  # fmt: skip
    assert evidence_in_turns(make_gate(gates.Gate(id="quiet")), gates.policy()).validity == ""


def test_first_tokens_are_missing_where_one_system_does_not_tell(make_gate, gates) -> None:
    run = make_gate(gates.Gate(candidate=gates.Side("new", first_token=False), rounds=2))
    found = evidence_in_turns(run, gates.policy(**EVERYTHING))
    assert [each.ttft_s for each in found.rounds] == [None, None]
    assert found.missing["ttft"] == "new does not report when the first token arrived"
    assert "ttft" not in evidence_in_turns(run, gates.policy()).missing  # which nobody asked for


def test_peak_memory_counts_where_the_gate_measured_each_alone(make_gate, gates) -> None:
    sides = {
        "baseline": gates.Side("old", peak_memory_bytes=10, peak_device_memory_bytes=100),
        "candidate": gates.Side("new", peak_memory_bytes=20),
    }
    policy = gates.policy(**EVERYTHING)
    together = evidence_in_turns(make_gate(gates.Gate(**sides, rounds=1)), policy)
    assert together.peak_memory_bytes == (None, None)
    assert "name peak_memory in the policy" in together.missing["peak_memory"]
    alone = evidence_in_turns(make_gate(gates.Gate(**sides, rounds=1, policy=EVERYTHING, id="b")), policy)
    assert alone.peak_memory_bytes == (10, 20)
    on_gpu = sides | {"candidate": gates.Side("new", peak_memory_bytes=20, peak_device_memory_bytes=200)}
    found = evidence_in_turns(make_gate(gates.Gate(**on_gpu, rounds=1, policy=EVERYTHING, id="c")), policy)
    assert found.peak_memory_bytes == (100, 200)
    silent = evidence_in_turns(make_gate(gates.Gate(rounds=1, policy=EVERYTHING, id="d")), policy)
    assert silent.missing["peak_memory"] == "the peak memory of old and new is not recorded"


def test_other_documents_under_one_number_keep_the_two_apart(make_gate, gates) -> None:
    run = make_gate(gates.Gate(candidate=gates.Side("new", content="!"), rounds=1))
    found = evidence_in_turns(run, gates.policy(**EVERYTHING))
    assert set(found.apart) == MEASURED
    assert found.apart["accuracy"] == (
        "The systems were not asked the same documents: document 0 of chain_sum differs between old and new, as do "
        "3 other items."
    )


def test_a_system_on_a_server_elsewhere_may_be_judged_by_its_answers_alone(make_gate, gates) -> None:
    far = gates.Side("new", base_url="https://api.example.org/v1")
    found = evidence_in_turns(make_gate(gates.Gate(candidate=far, rounds=1)), gates.policy(**EVERYTHING))
    assert set(found.apart) == MEASURED - {"accuracy"}
    assert found.apart["ttft"] == (
        "The systems do not run on the same device: old runs on this machine; new asks api.example.org."
    )
    both = gates.Gate(baseline=gates.Side("old", base_url=far.base_url), candidate=far, rounds=1, id="b")
    assert not evidence_in_turns(make_gate(both), gates.policy()).apart


def test_a_run_that_is_no_gate_is_refused(make_run, fake, gates) -> None:
    with pytest.raises(UserError, match="not the run of a gate"):
        evidence_in_turns(make_run(fake.plain()), gates.policy())


def _damage(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rounds.jsonl", '"number": 1', '"number": 2'),
        ("rounds.jsonl", '"correct": 1.0', '"correct": 1.5'),
        ("rounds.jsonl", '"correct": 1.0', '"correct": NaN'),
        ("rounds.jsonl", '"correct": 1.0', '"correct": "yes"'),
        ("rounds.jsonl", '"items": [["chain_sum", 0]', '"items": [["chain_sum", 33]'),
        ("rounds.jsonl", '"items": [["chain_sum", 0]', '"items": [["chain_sum", 1]'),
        ("rounds.jsonl", '"items": [["chain_sum", 0]', '"items": [["chain_sum"]'),
        ("rounds.jsonl", '"items": [["chain_sum", 0]', '"items": [["spell", 0]'),
        ("rounds.jsonl", '"items": ', '"items": 7, "x": '),
        ("rounds.jsonl", '"windows": {"', '"windows": {"x'),
        ("rounds.jsonl", '"chain_sum": [', '"chain": ['),
        ("rounds.jsonl", '"chain_sum": [', '"chain_sum": 3, "x": ['),
        ("rounds.jsonl", '"scores": {"baseline"', '"scores": {"nobody"'),
        ("windows.jsonl", '"window": "w0000"', '"window": "w9000"'),
        ("windows.jsonl", '"passes": 1', '"passes": 0'),
        ("windows.jsonl", '"gpu0": 32.0', '"gpu0": "many"'),
        ("windows.jsonl", '"gpu0": 32.0', '"gpu0": Infinity'),
        ("windows.jsonl", '"provenance": {"gpu0"', '"provenance": {"other"'),
        ("items/old/chain_sum.jsonl", '"started_s": 17', '"started_s": 97'),
        ("items/old/chain_sum.jsonl", '"started_s": 17', '"started_s": null, "x": 17'),
        ("items/old/chain_sum.jsonl", '"window": "w', '"window": "x'),
        ("items/old/chain_sum.jsonl", '"window": ', '"winow": '),
        ("run.json", '"name": "old"', '"nme": "old"'),
        ("run.json", '"name": "old"', '"name": "new"'),
    ],
)
def test_a_damaged_record_ends_in_a_sentence_that_names_the_file(
    make_gate, gates, file: str, old: str, new: str
) -> None:
    root = make_gate(gates.Gate(rounds=3)).layout.root
    _damage(root / file, old, new)
    with pytest.raises(UserError, match="damaged") as told:
        evidence_in_turns(read_run(root), gates.policy())
    assert Path(file).stem in str(told.value)


def test_a_torn_last_round_is_not_there(make_gate, gates) -> None:
    run = make_gate(gates.Gate(rounds=3))
    data = run.layout.rounds.read_bytes()
    run.layout.rounds.write_bytes(data[:-20])
    assert len(evidence_in_turns(run, gates.policy()).rounds) == 2


@settings(max_examples=15)
@given(
    items=st.integers(1, 30),
    block=st.integers(1, 9),
    tasks=st.integers(1, 3),
    rounds=st.none() | st.integers(0, 5),
    killed=st.booleans(),
    spoiled=st.sets(st.integers(0, 9)),
)
def test_no_item_is_lost_and_none_invented(
    items: int, block: int, tasks: int, rounds: int | None, killed: bool, spoiled: set[int]
) -> None:
    fake = FakeGate(
        baseline=FakeSide("a/b"), tasks=("t", "tt", "ttt")[:tasks], items=items, block=block, rounds=rounds,
        killed=killed, invalid=dict.fromkeys(spoiled, ("spoiled",)), finished=False,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = read_run(write_gate(Path(folder), fake))
        found = evidence_in_turns(run, gate_policy(**EVERYTHING))
        asked = [len(row.items) for row in run.rounds()]
    assert [each.items for each in found.rounds] == asked
    assert sum(asked) + found.items_left == items * tasks - (min(block, items * tasks) if killed else 0)
    for number, each in enumerate(found.rounds):
        assert each.correct.shape == each.seconds.shape == each.ttft_s.shape == (asked[number], 2)
        assert np.isfinite(each.seconds).all()
        assert (each.energy_j is None) == (number in spoiled)
    whole = bool(found.rounds) and all(number in spoiled for number in range(len(found.rounds)))
    assert (set(ENERGY) <= set(found.missing)) == (whole and not found.items_left)


def test_attempts_whose_harness_failed_are_no_answers(make_gate, gates) -> None:
    run = make_gate(gates.Gate(rounds=3))
    before = evidence_in_turns(run, gates.policy())
    first, second = run.rounds()[0].items[0], run.rounds()[1].items
    for task, doc_id in [first, *second]:  # one item of the first round, and the whole second one
        path = run.layout.answers("new", task)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if line["doc_id"] == doc_id:
                line |= {"ended": "harness", "failure": "no bwrap", "calls": 0, "prompt_tokens": None}
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    after = evidence_in_turns(read_run(run.layout.root), gates.policy())
    assert [each.items for each in before.rounds] == [4, 4, 4]
    assert [each.items for each in after.rounds] == [3, 4]
    assert after.rounds[1].correct.tolist() == before.rounds[2].correct.tolist()
    assert after.items_left == before.items_left
    assert "new: 5 attempts left out: the harness failed before any model call." in after.notes
    assert not [note for note in after.notes if "in flight" in note]  # no attempt with a call is left
    assert not [note for note in after.notes if "failed: they count as not correct" in note]


def test_joules_of_attempts_include_what_is_idle_which_is_said(make_gate, gates) -> None:
    run = make_gate(gates.Gate(rounds=3))
    assert not [note for note in evidence_in_turns(run, gates.policy()).notes if "in flight" in note]
    for path in (run.layout.root / "items" / "new").glob("*.jsonl"):
        lines = [json.loads(line) | {"ended": "answered", "calls": 2} for line in path.read_text().splitlines()]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    notes = evidence_in_turns(read_run(run.layout.root), gates.policy()).notes
    said = "The joules of new include those drawn while no model call was in flight; a comparison leaves them out."
    assert said in notes
