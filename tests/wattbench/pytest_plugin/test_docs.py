"""The snippets of docs/pytest.md, in a project whose joules are those of a recording."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "pytest.md").read_text()
HERE = {
    '"quick"': '"sums.yaml"', '"hybrid"': '"adder"', '"generalist-tuned"': '"small"', '"moe"': '"adder"', "=25": "=4"
}  # fmt: skip
"""What the page names, and what the project has."""


@pytest.mark.slow
def test_its_tests_get_as_far_as_their_assertions(session: Callable[..., pytest.RunResult]) -> None:
    first, second = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert first.startswith("import pytest")
    body = "".join(f"    {line}\n" for line in second.splitlines())
    text = f'{first}\n\n@pytest.mark.wattbench(suite="quick")\ndef test_judged(wattbench):\n{body}'
    for old, new in HERE.items():
        assert old in text
        text = text.replace(old, new)
    result = session(text)
    outcomes = result.parseoutcomes()
    assert outcomes.get("passed", 0) + outcomes.get("failed", 0) == 2
    assert outcomes.get("errors", 0) == 0
    # Whether so few items show a difference is not what the page says: but nothing else than that may be missing.
    ends = [line for line in result.outlines if line.startswith("FAILED ")]
    assert [line for line in ends if " - assert " not in line] == []
