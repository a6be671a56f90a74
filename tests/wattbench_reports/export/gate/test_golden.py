"""Every verdict in every place where people look, against golden files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.made_up.gate_results import GATES
from wattbench_reports.export import gate
from wattbench_reports.gate.result import GateResult, Verdict

FORMATS: dict[str, Callable[[GateResult], str]] = {
    "txt": gate.as_text,
    "md": gate.as_markdown,
    "xml": gate.as_junit,
    "json": gate.as_json,
    "annotations": lambda result: "".join(f"{line}\n" for line in gate.annotations(result)),
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", GATES)
def test_golden(name: str, suffix: str, golden) -> None:
    text = FORMATS[suffix](GATES[name]())
    golden(f"{name}.{suffix}", text)


def test_there_is_one_for_every_verdict() -> None:
    assert {make().verdict for make in GATES.values()} == set(Verdict)
