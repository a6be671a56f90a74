"""Scores beyond 0 to 1: kept as shares of a declared range, by every reader of scores."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.importers.answer import ScoreRange
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import compare


def table(tmp_path: Path, scores: list[object], suffix: str = "csv") -> Path:
    path = tmp_path / f"judged.{suffix}"
    if suffix == "csv":
        rows = "".join(f"a,{item},{score}\n" for item, score in enumerate(scores))
        path.write_text(f"system,item,score\n{rows}")
    else:
        items = [str(item) for item in range(len(scores))]
        pq.write_table(pa.table({"system": ["a"] * len(scores), "item": items, "score": scores}), path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("declared", "scores", "shares"),
    [
        ("1..5", [1, 3, 5], [0, 0.5, 1]),
        ("-1..1", [-1, 0, 0.5], [0, 0.5, 0.75]),
        ("10..0", [10, 5, 0], [0, 0.5, 1]),
        ("0..100", [0, 25, 100], [0, 0.25, 1]),
    ],
)
def test_scores_are_shares_of_the_declared_range(tmp_path, suffix, declared, scores, shares) -> None:
    read = read_sources([table(tmp_path, [float(score) for score in scores], suffix)], score_range=declared)
    assert [answer.score for answer in read.answers] == pytest.approx(shares)
    run = read_run(write_run(read, tmp_path / "runs", "judged", ["wattbench"]))
    comparison = compare(run)
    assert comparison.systems[0].accuracy == pytest.approx(sum(shares) / 3)
    (remark,) = (caveat.text for caveat in comparison.caveats if caveat.code == "score-range")
    assert declared in remark


def test_a_block_that_is_read_answer_by_answer_has_the_same_scores(tmp_path) -> None:
    read = read_sources([table(tmp_path, [" 1", "3.0", "5e0"])], score_range="1..5")
    assert [answer.score for answer in read.answers] == pytest.approx([0, 0.5, 1])


def test_a_score_out_of_its_range_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"judged.csv:3: score is '6'.*: it must be 1 to 5"):
        read_sources([table(tmp_path, [1, 6])], score_range="1..5")
    with pytest.raises(UserError, match="it must be 0 to 1"):
        read_sources([table(tmp_path, [1, 6])])


def test_lm_evals_metrics_have_a_range_too(lm_eval_folder) -> None:
    halved = read_sources([lm_eval_folder], score_range="-1..1")
    plain = read_sources([lm_eval_folder])
    assert [answer.score for answer in halved.answers] == [(each.score + 1) / 2 for each in plain.answers]
    assert [answer.metrics for answer in halved.answers] == [answer.metrics for answer in plain.answers]


@pytest.mark.parametrize("given", ["1", "1..1", "a..b", "..", "nan..1", "0..inf"])
def test_what_is_no_range_is_refused(given) -> None:
    with pytest.raises(UserError, match="--score-range"):
        ScoreRange.of(given)


def test_a_range_goes_with_scores(guidellm_file) -> None:
    with pytest.raises(UserError, match="--score-range is of scores"):
        read_sources([guidellm_file], score_range="1..5")
