"""Tasks that cannot be loaded, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.repositories import repository
from wattbench.config import load_suite
from wattbench.errors import UserError
from wattbench.tasks.loading import load_task


def test_a_csv_is_found_from_the_current_folder_and_where_it_is_not_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "project", items=6)
    suite = load_suite(str(root / "gates" / "tickets.yaml"))
    monkeypatch.chdir(root)
    assert load_task(suite, suite.tasks[0]).items == 6
    monkeypatch.chdir(root / "gates")
    message = rf"tickets\.csv'\. Paths under data_files are relative to the current folder, which is {root / 'gates'}"
    with pytest.raises(UserError, match=message):
        load_task(suite, suite.tasks[0])
