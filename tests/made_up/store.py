"""Made-up runs, each written once in a session: a test gets a copy, or an analysis that it shares with others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.made_up.runs import FakeRun, write_run
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.html import report


class RunStore:
    """Runs on disk and their analyses, by what they were made of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, Path] = {}
        self._analyses: dict[str, Analysis] = {}
        self._pages: dict[str, str] = {}

    def write(self, root: Path, fake: FakeRun) -> Path:
        """Put a copy of a made-up run into a folder and return the run's directory, which the test may change."""
        original = self._original(fake)
        return Path(shutil.copytree(original, root / original.name))

    def read(self, fake: FakeRun) -> RunRecords:
        """Open a made-up run. Tests share its files, and may not change them."""
        return read_run(self._original(fake))

    def analysis(self, fake: FakeRun) -> Analysis:
        """Analyse a made-up run. Tests share the analysis and the files behind it, and may change neither."""
        key = repr(fake)
        if key not in self._analyses:
            self._analyses[key] = analyse(self.read(fake))
        return self._analyses[key]

    def page(self, fake: FakeRun) -> tuple[RunRecords, str]:
        """Read a made-up run, and its report. Tests share both and the files behind them, and may change none."""
        key = repr(fake)
        run = self.read(fake)
        if key not in self._pages:
            self._pages[key] = report(run)
        return run, self._pages[key]

    def _original(self, fake: FakeRun) -> Path:
        key = repr(fake)
        if key not in self._runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "fsync", lambda _: None)  # what is made up need not survive a power cut
                self._runs[key] = write_run(self._folder / str(len(self._runs)), fake)
        return self._runs[key]
