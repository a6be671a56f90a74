"""Every verdict in every place where people look, against golden files.

Run with WATTBENCH_UPDATE_GOLDEN=1 to write them anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wattbench_reports.gateresults import GATES
from wattbench_reports.export import gate
from wattbench_reports.gate.result import GateResult, Verdict

GOLDEN = Path(__file__).parent / "golden"
FORMATS: dict[str, Callable[[GateResult], str]] = {
    "txt": gate.as_text,
    "md": gate.as_markdown,
    "xml": gate.as_junit,
    "json": gate.as_json,
    "annotations": lambda result: "".join(f"{line}\n" for line in gate.annotations(result)),
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", GATES)
def test_golden(name: str, suffix: str) -> None:
    text = FORMATS[suffix](GATES[name]())
    path = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("WATTBENCH_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_there_is_one_for_every_verdict() -> None:
    assert {make().verdict for make in GATES.values()} == set(Verdict)
