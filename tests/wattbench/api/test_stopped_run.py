"""A run that was stopped says how it goes on where there is something to go on from, and leaves no empty directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattbench.api.stopped_run import how_to_go_on
from wattbench.records import RunWriter, read_run


def test_a_run_with_an_answer_is_resumed(whole_run: Path) -> None:
    said = how_to_go_on(whole_run, "wattbench run --resume it")
    assert said == "wattbench: stopped. Recorded answers are kept; resume with: wattbench run --resume it"
    assert how_to_go_on(whole_run, None) is None
    assert read_run(whole_run).header


def test_a_run_of_which_only_the_header_was_written_is_removed(writer: RunWriter) -> None:
    root = writer.layout.root
    assert {path.name for path in root.iterdir()} == {"run.json", "run.lock"}
    said = how_to_go_on(root, "wattbench run --resume it")
    assert said == "wattbench: stopped. Nothing was recorded, and no run is kept"
    assert not root.exists()


@pytest.mark.parametrize("name", ["windows.jsonl", "power/a/%load.csv"])
def test_what_was_measured_before_the_first_answer_is_kept(writer: RunWriter, name: str) -> None:
    root = writer.layout.root
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("measured\n")
    (root / "items" / "a").mkdir(parents=True)
    (root / "items" / "a" / "t.jsonl").touch()
    said = how_to_go_on(root, "wattbench run --resume it")
    assert said is not None and "resume with" not in said and str(root) in said
    assert (root / name).read_text() == "measured\n"


def test_answers_of_a_shard_count(writer: RunWriter) -> None:
    root = writer.layout.root
    answers = root / "shards" / "s1" / "items" / "a" / "t.jsonl"
    answers.parent.mkdir(parents=True)
    answers.write_text("{}\n")
    said = how_to_go_on(root, "again", "Complete blocks are kept")
    assert said == "wattbench: stopped. Complete blocks are kept; resume with: again"
