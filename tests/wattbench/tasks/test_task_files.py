"""Files of a folder of tasks are opened only where they end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench.tasks.loading import check_task_files, forget_task_files, tasks_in
from wattbench.tasks.task_code import code_in


@pytest.mark.parametrize(
    "text", ["include: /dev/full\ntask: x\n", '"incl\\u0075de": [/dev/zero]\n', "<<: {include: pipe}\n"]
)
def test_what_a_task_includes_is_not_read_without_end(tmp_path: Path, text: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "x.yaml").write_text(text.replace("pipe", "../pipe"))
    for read in (check_task_files, tasks_in):
        forget_task_files()
        with pytest.raises(UserError, match=r"it is a (device|pipe), not a file"):
            read(tmp_path)


def test_what_is_missing_or_no_yaml_or_goes_round_is_left_to_lm_eval(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("include: [b.yaml, none.yaml, ~nobody/x.yaml]\n")
    (tmp_path / "b.yaml").write_text("include: a.yaml\n")
    (tmp_path / "c.yaml").write_text("{")
    (tmp_path / "d.yaml").write_bytes(b"\xff\xff")
    check_task_files(tmp_path, 4)
    with pytest.raises(UserError, match="more than 3 files"):
        check_task_files(tmp_path, 3)


def test_a_file_that_is_included_twice_over_is_read_once(tmp_path: Path) -> None:
    """Each of forty files includes the next one twice: 2^40 readings, one after the other."""
    for number in range(40):
        (tmp_path / f"{number}.txt").write_text(f"include: {number + 1}.txt\ninclude: ./{number + 1}.txt\n")
    (tmp_path / "40.txt").write_text("doc_to_text: !function text.of\n")
    (tmp_path / "a.yaml").write_text("include: 0.txt\ntask: a\n")
    assert code_in(tmp_path / "a.yaml", {}).named == ("text.of",)
