"""Merging judged shards: verdicts, labels and corrected figures are those of the whole run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.sharded_runs import JUDGED_TASK, SYSTEMS, Made, write_shard
from wattbench.api.verify import verify
from wattbench.distributed.merging import merge_shards
from wattbench.errors import UserError
from wattbench.records import Purpose, RunRecords, SystemRow, read_run
from wattbench_reports.tables.judged_tasks import judged_tasks

PARTS = ((0, 4), (1, 2), (3, 5))


def write_parts(folder: Path) -> list[Path]:
    return [
        write_shard(folder, Made(blocks=blocks, node=f"{number % 2:012x}", judged=True))
        for number, blocks in enumerate(PARTS)
    ]


def said(records: RunRecords) -> list[list[tuple[Any, ...]]]:
    """Return what judges and people said, without where it was measured."""
    verdicts = [(row.system, row.task, *row.key, row.answer_sha256, row.verdict) for row in records.judgements()]
    labels = [(row.system, row.task, *row.key, row.answer_sha256, row.person, row.score) for row in records.labels()]
    return [sorted(verdicts, key=str), sorted(labels, key=str)]


@pytest.mark.slow
def test_merging_judged_shards_changes_no_figure(tmp_path: Path) -> None:
    whole = read_run(write_shard(tmp_path / "whole", Made(shard=False, judged=True)))
    shards = write_parts(tmp_path / "shards")
    merged = read_run(merge_shards(shards, tmp_path / "merged", ["merge"]))
    assert said(merged) == said(whole)
    assert len(said(whole)[0]) == 65
    assert list(merged.judges()) == [JUDGED_TASK]
    assert len(merged.layout.judges.read_text().splitlines()) == 1
    windows = [row for row in merged.windows() if row.purpose == Purpose.JUDGING]
    assert {row.window for row in windows} == {row.window for row in merged.judgements()}
    assert len(windows) == len(PARTS)
    one, other = judged_tasks(whole), judged_tasks(merged)
    assert one is not None
    assert other is not None
    assert other.counted == one.counted == {JUDGED_TASK}
    for name, _, _ in SYSTEMS:
        first, second = one.cells[name, JUDGED_TASK], other.cells[name, JUDGED_TASK]
        assert (second.labels, second.not_judged, second.failed) == (first.labels, first.not_judged, first.failed)
        assert second.opinion == pytest.approx(first.opinion)
        assert second.corrected.scores.mean() == pytest.approx(first.corrected.scores.mean())
    assert [p for check in verify(merged.layout.root).checks for p in check.problems] == []


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"rubric": "Be strict."}, "rubric"),
        ({"judge": "other"}, "judge"),
        ({"prompt_version": "2"}, "prompt_version"),
        ({"facts": {"weights_sha256": "ef"}}, "SHA-256"),
    ],
)
def test_shards_with_unlike_judges_are_refused(tmp_path: Path, fields: dict[str, Any], what: str) -> None:
    shards = write_parts(tmp_path / "shards")
    for number, root in enumerate(shards):
        path, finished = root / "judges.jsonl", root / "finished.json"
        facts = vars(SystemRow(system="critic", kind="generalist", engine="python", weights_sha256="ab"))
        row = json.loads(path.read_text()) | {"facts": dict(facts)}
        if number == 2:
            row |= fields | ({"facts": {**facts, **fields["facts"]}} if "facts" in fields else {})
        path.write_text(json.dumps(row) + "\n")
        record = json.loads(finished.read_text())
        finished.write_text(json.dumps({key: record[key] for key in ("finished_utc", "items", "windows")}))
    with pytest.raises(UserError, match=f"{what} of the judge of {JUDGED_TASK} differs from that in"):
        merge_shards(shards, tmp_path / "merged", ["merge"])
