"""A night's verdict of each kind in every format, as people and programs get it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.made_up.night_verdicts import NIGHTS
from wattbench_reports.export.gate import as_junit
from wattbench_reports.export.night import annotations, as_json, as_markdown, as_text
from wattbench_reports.history.night_verdict import NightVerdict

FORMATS: dict[str, Callable[[NightVerdict], str]] = {
    "txt": as_text,
    "md": as_markdown,
    "xml": lambda verdict: as_junit(verdict.result, command="nightly"),
    "json": as_json,
    "annotations.txt": lambda verdict: "".join(f"{line}\n" for line in annotations(verdict)),
}


@pytest.mark.parametrize("name", NIGHTS)
def test_every_kind_of_night_in_every_format(name: str, golden) -> None:
    for ending, write in FORMATS.items():
        golden(f"{name}.{ending}", write(NIGHTS[name]))
