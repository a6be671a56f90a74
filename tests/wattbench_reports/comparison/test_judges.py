"""What is said of judged answers and of judges, and what judging took, against figures computed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made_up.judged_runs import FakeJudge, add_labels, truth_of
from tests.made_up.rows import START_S, WINDOW, item, write_items
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.records import RunRecords, RunWriter, SystemRow, WindowRow, read_run
from wattbench.records.rows.judgements import JudgementRow, JudgeRow, answer_digest
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.judges import JudgeBill, JudgedAnswers, JudgedTask
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.workload import WorkloadChoice

pytestmark = pytest.mark.slow  # most draw the items of a run again, some thousand times

PRICE = {"input_per_million": 2.0, "output_per_million": 10.0, "currency": "USD"}


def _fake(*, items: int = 60, both: bool = False, judge: FakeJudge | None = None, **more: object) -> FakeRun:
    systems = (FakeSystem("small", accuracy=0.6, energy_j=4.0), FakeSystem("large", accuracy=0.8, energy_j=16.0))
    tasks = (("letters", "text"), ("sums", "arithmetic")) if both else (("letters", "text"),)
    judges = {"letters": judge or FakeJudge()}
    return FakeRun(systems, tasks=tasks, items=items, judges=judges, **more)  # type: ignore[arg-type]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., RunRecords]:
    """Write a made-up run whose task `letters` is judged."""

    def write(fake: FakeRun, labels: int = 0, **how: object) -> RunRecords:
        path = write_run(tmp_path, fake)
        if labels:
            add_labels(path, labels, **how)  # type: ignore[arg-type]
        return read_run(path)

    return write


def _judged(run: RunRecords, assumptions: Assumptions | None = None) -> JudgedAnswers:
    found = analyse(run, assumptions or Assumptions()).comparison.judged
    assert found is not None
    return found


def _task(run: RunRecords) -> JudgedTask:
    (task,) = _judged(run).tasks
    return task


def _codes(run: RunRecords) -> dict[str, str]:
    return {each.code: each.text for each in analyse(run).comparison.caveats}


def test_a_run_without_judges_says_nothing_of_them(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, FakeRun((FakeSystem("small"),), items=4)))
    assert analyse(run).comparison.judged is None


def test_without_labels_there_is_an_opinion_and_nothing_else(judged: Callable[..., RunRecords]) -> None:
    run = judged(_fake(both=True, judge=FakeJudge(unread=0.1)))
    task = _task(run)
    assert not task.counts and task.why_opinion == "it lacks 20 labels of small and 20 labels of large"
    by_system: dict[str, list[float | None]] = {}
    for row in run.judgements():
        by_system.setdefault(row.system, []).append(row.verdict)
    for each in task.systems:
        verdicts = [value for value in by_system[each.system] if value is not None]
        assert each.judges_opinion == pytest.approx(np.mean(verdicts))
        assert each.not_judged == by_system[each.system].count(None) > 0
        assert (each.labels, each.people, each.corrected, each.difference, each.lacking) == (0, 0, None, None, 20)
    assert task.not_judged == {"the reply has no verdict": sum(each.not_judged for each in task.systems)}
    assert task.to_read == () and task.agreement is None and task.reliability.agreement is None
    text = _codes(run)["judges-opinion"]
    assert text.startswith("There is only a judge's opinion of letters (it lacks 20 labels")
    assert "left out of every figure" in text and text.endswith("wattbench label RUN")


def test_where_nothing_is_scored_the_caveat_says_so_once(judged: Callable[..., RunRecords]) -> None:
    codes = _codes(judged(_fake()))
    assert "no accuracy is known, and nothing is ranked by it" in codes["judges-opinion"]
    assert "not-scored" not in codes


@pytest.mark.parametrize("blocks", [0, 5])
def test_of_one_task_the_corrected_figure_is_the_accuracy(judged: Callable[..., RunRecords], blocks: int) -> None:
    run = judged(_fake(blocks=blocks), 25)
    comparison = analyse(run).comparison
    assert comparison.judged is not None
    (task,) = comparison.judged.tasks
    assert task.counts
    for each, row in zip(task.systems, comparison.systems, strict=True):
        assert each.corrected == row.interval("accuracy")
        assert each.difference == pytest.approx(each.corrected.estimate - (each.judges_opinion or 0.0))


def test_labels_of_another_text_or_that_say_nothing_do_not_count(judged: Callable[..., RunRecords]) -> None:
    run = judged(_fake(), 20)
    first, second, *others = run.labels()
    lines = [replace(first, answer_sha256=answer_digest("another text")), replace(second, score=None), *others]
    run.layout.labels.write_text("".join(f"{json.dumps(line.as_json())}\n" for line in lines))
    task = _task(read_run(run.layout.root))
    assert [each.labels for each in task.systems] == [18, 20]
    assert not task.counts and task.people == 1


def test_answers_to_read_are_those_that_differ_most(judged: Callable[..., RunRecords]) -> None:
    run = judged(_fake(judge=FakeJudge(scale="1..5", wrong=0.6, right=0.6)), 30)
    task = _task(run)
    gaps = [abs(each.verdict - each.label) for each in task.to_read]
    assert gaps == sorted(gaps, reverse=True) and len(gaps) == 5 and min(gaps) >= 0.25
    for each in task.to_read:
        assert each.output is not None and truth_of(each.output) == each.label
        assert each.replies == (f"Verdict: {each.verdict:g}",)


def test_thoughts_before_an_answer_are_not_shown(judged: Callable[..., RunRecords]) -> None:
    fake = _fake(judge=FakeJudge(right=0.5, wrong=0.5))
    thinking = replace(fake, systems=tuple(replace(each, output="<think>no</think> 42") for each in fake.systems))
    assert all(each.output is not None and each.output.startswith("42") for each in _task(judged(thinking, 30)).to_read)


def test_people_are_compared_with_each_other(judged: Callable[..., RunRecords]) -> None:
    run = judged(_fake(), 20, people=("ann", "bob"))
    agreement = _task(run).agreement
    assert agreement is not None and (agreement.people, agreement.answers, agreement.alpha) == (2, 40, 1.0)
    assert "one-person" not in _codes(run) and "people-disagree" not in _codes(run)


def test_people_who_disagree_are_a_caveat(judged: Callable[..., RunRecords]) -> None:
    run = judged(_fake(), 20)
    add_labels(run.layout.root, 20, people=("bob",), score=lambda text: 1 - truth_of(text))
    assert "people disagree (Krippendorff's alpha −" in _codes(read_run(run.layout.root))["people-disagree"]


def test_one_person_and_labels_as_given_are_caveats(judged: Callable[..., RunRecords]) -> None:
    codes = _codes(judged(_fake(), 20, drawn="as given"))
    assert codes["labels-as-given"].startswith("letters: 40 labels as given. That they are of answers drawn at random")
    assert "one person gave all labels" in codes["one-person"]


def test_a_judge_of_pairs_contradicts_itself_by_position(judged: Callable[..., RunRecords]) -> None:
    task = _task(judged(_fake(items=120, judge=FakeJudge(scale="pair", first=0.6)), 40))
    (position,) = (each for each in task.biases if each.kind == "position")
    assert position.size.low > 0.1 and position.p_value < 0.05
    assert task.reliability.orders is not None and task.reliability.orders.contradicting.low > 0.3


def test_a_judge_that_favours_a_system_is_named(judged: Callable[..., RunRecords]) -> None:
    fake = _fake(items=150, judge=FakeJudge(right=0.9, wrong=0.1, favours={"large": 0.6}))
    biases = {each.kind: each for each in _task(judged(fake, 100)).biases}
    assert biases["system"].system in ("small", "large")
    sign = 1 if biases["system"].system == "large" else -1
    assert sign * biases["system"].size.estimate > 0.05 and biases["system"].p_value < 0.05


def test_more_labels_narrow_and_a_perfect_judge_narrows_more(judged: Callable[..., RunRecords]) -> None:
    task = _task(judged(_fake(items=200), 30))
    for each in task.systems:
        buys = each.more_labels
        assert buys is not None and buys.twice == 60
        assert buys.half_width > buys.with_twice > buys.with_perfect_judge
        assert each.corrected is not None
        assert buys.half_width == pytest.approx((each.corrected.high - each.corrected.low) / 2, rel=0.25)


def test_runs_side_by_side_name_what_they_were_judged_by(tmp_path: Path) -> None:
    one, other = _fake(), _fake(id="def456", judge=FakeJudge(rubric="Short replies are good."))
    runs = [read_run(write_run(tmp_path, each)) for each in (one, other)]
    compared = side_by_side(runs)
    assert compared.judged is not None
    assert [each.run for each in compared.judged.tasks] == [run.header.run for run in runs]
    assert [each.system for each in compared.judged.tasks[1].systems] == ["small@def456", "large@def456"]
    (text,) = (each.text for each in compared.caveats if each.code == "other-judges")
    assert text.startswith("letters: the runs differ in the rubric by which it was judged.")


# The bill.


def _verdict(doc_id: int, **changes: object) -> JudgementRow:
    row = JudgementRow(
        system="one", task="letters", doc_id=doc_id, repeat=0, answer_sha256=answer_digest("42"), judge="judge",
        verdict=1.0, reply="Verdict: pass", prompt_hash="j", prompt_tokens=100, output_tokens=10,
        started_s=START_S + 100, finished_s=START_S + 101, window="j0",
    )  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


def _window(name: str, purpose: str, joules: float, seconds: float, **changes: object) -> WindowRow:
    energy = {"energy_j": {"gpu0": joules}, "provenance": {"gpu0": "counter"}, "idle_w": {}}
    times = {"started_s": START_S + 100, "finished_s": START_S + 100 + seconds}
    return replace(WINDOW, window=name, system="judge", task=None, purpose=purpose, **energy | times | changes)  # type: ignore[arg-type]


WINDOWS = (
    _window("l0", "load", 500.0, 5.0),
    _window("j0", "judging", 60.0, 30.0),
    _window("j1", "judging", 20.0, 10.0),
)


def _written(
    folder: Path, rows: list[JudgementRow], windows: tuple[WindowRow, ...], judge: dict[str, object]
) -> RunRecords:
    """Write a run of four answers of one system, of which `rows` are verdicts."""
    answers = [replace(item(number, number), task="letters", correct=None, judged=1.0) for number in range(4)]

    def also(writer: RunWriter) -> None:
        writer.append_judge(
            JudgeRow(judge=rows[0].judge, task="letters", scale="pass", rubric="r", prompt_version="1", facts={})
        )
        for row in rows:
            writer.append_judgement(row)
        for window in windows:
            writer.append_window(window)

    suite = {
        "suite": {"name": "s", "measure": {}, "workload": {}},
        "systems": {"one": {"kind": "generalist", "engine": "transformers"}},
        "judges": {"judge": {"kind": "generalist", "engine": "openai", **judge}},
    }
    return write_items(folder, answers, also=also, suite=suite)


def _comparison(folder: Path, windows: tuple[WindowRow, ...], rows: list[JudgementRow]) -> Comparison:
    return analyse(_written(folder, rows, windows, {})).comparison


def _bill(
    folder: Path,
    rows: list[JudgementRow],
    windows: tuple[WindowRow, ...] = WINDOWS,
    judge: dict[str, object] | None = None,
    assumptions: Assumptions | None = None,
) -> tuple[JudgeBill, JudgedAnswers]:
    found = _judged(_written(folder, rows, windows, judge or {}), assumptions)
    (bill,) = found.bills
    return bill, found


def test_the_bill_is_of_the_windows_of_judging(tmp_path: Path) -> None:
    bill, _ = _bill(tmp_path, [_verdict(0), _verdict(1), _verdict(2, window="j1"), _verdict(3, window="j1")])
    assert (bill.judge, bill.answers, bill.requests, bill.is_a_system) == ("judge", 4, 4, False)
    assert (bill.judging.energy_j, bill.judging.seconds, bill.judging.windows) == (80.0, 40.0, 2)
    assert bill.energy_j_per_answer == 20.0 and bill.seconds_per_answer == 10.0
    assert bill.other is not None and (bill.other.energy_j, bill.other.seconds) == (500.0, 5.0)
    assert (bill.prompt_tokens, bill.output_tokens, bill.uncounted) == (400, 40, 0)
    assert bill.money is None and bill.why_no_money == "the judge has no price"


def test_joules_of_windows_that_are_not_valid_are_left_out_and_counted(tmp_path: Path) -> None:
    windows = (WINDOWS[1], replace(WINDOWS[2], valid=False, reasons=["the machine was busy"]))
    bill, _ = _bill(tmp_path, [_verdict(0), _verdict(1), _verdict(2, window="j1")], windows)
    assert (bill.judging.energy_j, bill.judging.seconds, bill.judging.without_joules) == (60.0, 40.0, 1)
    assert bill.metered_answers == 2 and bill.energy_j_per_answer == 30.0
    assert bill.other is None


def test_a_pair_has_two_requests_and_one_answer(tmp_path: Path) -> None:
    rows = [_verdict(0, shown=shown) for shown in ("first", "second")]
    bill, _ = _bill(tmp_path, rows)
    assert (bill.answers, bill.requests, bill.prompt_tokens) == (1, 2, 200)


def test_money_is_that_of_the_judges_tokens(tmp_path: Path) -> None:
    bill, _ = _bill(tmp_path, [_verdict(number) for number in range(4)], judge={"price": PRICE})
    assert bill.money == pytest.approx((400 * 2 + 40 * 10) / 1e6) and bill.currency == "USD"
    assert bill.money_per_answer == pytest.approx(bill.money / 4)


def test_a_reader_may_set_the_price_of_a_judge(tmp_path: Path) -> None:
    reader = Assumptions(prices=("judge:per_request=0.5,currency=EUR",))
    bill, _ = _bill(tmp_path, [_verdict(0), _verdict(1)], assumptions=reader)
    assert (bill.money, bill.currency) == (1.0, "EUR")


def test_an_hour_of_the_judge_is_that_of_its_windows(tmp_path: Path) -> None:
    price = {"per_machine_hour": 36.0, "currency": "USD", "electricity": "added"}
    reader = Assumptions(workload=WorkloadChoice(price_per_kwh=0.25, currency="USD"))
    bill, _ = _bill(tmp_path, [_verdict(0), _verdict(1)], judge={"price": price}, assumptions=reader)
    assert bill.money == pytest.approx(40 * 36 / 3600 + 80 / 3.6e6 * 0.25)


@pytest.mark.parametrize(
    ("price", "rows", "windows", "why"),
    [
        (PRICE, [_verdict(0), _verdict(1, prompt_tokens=None)], WINDOWS, "prompt tokens have a price, and are not rec"),
        (
            {**PRICE, "electricity": "added"},
            [_verdict(0)],
            WINDOWS,
            "it pays for its joules, and electricity has no pr",
        ),
    ],
)
def test_money_that_is_not_known_has_its_reason(
    tmp_path: Path, price: dict[str, object], rows: list[JudgementRow], windows: tuple[WindowRow, ...], why: str
) -> None:
    bill, _ = _bill(tmp_path, rows, windows, judge={"price": price})
    assert bill.money is None and bill.why_no_money.startswith(why)
    assert bill.uncounted == sum(row.prompt_tokens is None for row in rows)


def test_electricity_is_not_billed_where_joules_lack(tmp_path: Path) -> None:
    windows = (replace(WINDOWS[1], energy_j={}, provenance={}),)
    reader = Assumptions(workload=WorkloadChoice(price_per_kwh=0.25, currency="USD"))
    bill, _ = _bill(tmp_path, [_verdict(0)], windows, assumptions=reader)
    assert bill.judging.energy_j is None and bill.energy_j_per_answer is None
    assert bill.why_no_money == "it has no price, and some of its windows have no valid joules"


def test_judging_is_in_no_systems_figures(tmp_path: Path) -> None:
    both = [
        _comparison(tmp_path / name, windows, [_verdict(0, window="j0")])
        for name, windows in (("without", ()), ("with", WINDOWS))
    ]
    assert both[0].systems == both[1].systems and both[0].splits == both[1].splits
    assert both[0].money == both[1].money and both[0].years == both[1].years


def test_a_failed_request_had_no_tokens_where_none_are_on_record(tmp_path: Path) -> None:
    nothing = {"prompt_tokens": None, "output_tokens": None, "verdict": None, "reply": "", "why": "its request failed"}
    bill, _ = _bill(tmp_path, [_verdict(0), _verdict(1, **nothing)], judge={"price": PRICE})
    assert bill.uncounted == 0 and bill.money == pytest.approx((100 * 2 + 10 * 10) / 1e6)


def test_a_judge_that_has_the_model_of_a_system_is_named(tmp_path: Path) -> None:
    answers = [replace(item(number, number), task="letters", correct=None, judged=1.0) for number in range(2)]

    def also(writer: RunWriter) -> None:
        facts = SystemRow(system="judge", kind="generalist", engine="llama.cpp", weights_sha256="f" * 64).as_json()
        row = JudgeRow(judge="judge", task="letters", scale="pass", rubric="r", prompt_version="1", facts=facts)
        writer.append_judge(row)
        writer.append_system(SystemRow(system="one", kind="generalist", engine="llama.cpp", weights_sha256="f" * 64))

    codes = _codes(write_items(tmp_path, answers, also=also))
    assert codes["judge-shares-model"].startswith("The judge judge has the model of one.")


def test_functions_of_one_file_are_no_model(tmp_path: Path) -> None:
    answers = [replace(item(number, number), task="letters", correct=None, judged=1.0) for number in range(2)]

    def also(writer: RunWriter) -> None:
        facts = SystemRow(system="kind", kind="generalist", engine="python", weights_sha256="f" * 64).as_json()
        row = JudgeRow(judge="kind", task="letters", scale="pass", rubric="r", prompt_version="1", facts=facts)
        writer.append_judge(row)
        writer.append_system(SystemRow(system="one", kind="generalist", engine="python", weights_sha256="f" * 64))

    assert "judge-shares-model" not in _codes(write_items(tmp_path, answers, also=also))


def test_a_judge_of_its_own_answers_is_named(tmp_path: Path) -> None:
    _, found = _bill(tmp_path, [_verdict(0, judge="one", window="w0")], ())
    assert found.related == {"one": ("one",)}
    (bill,) = found.bills
    assert bill.is_a_system and bill.other is None
