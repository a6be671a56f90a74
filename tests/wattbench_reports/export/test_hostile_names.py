"""A hostile name in every text that is made of comparisons and routing studies: it is text, and does nothing."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.made_up import routing_studies as made
from tests.made_up.records import call_on
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.export import render
from wattbench_reports.export.any_rows import rows_text
from wattbench_reports.export.compared_runs import decided
from wattbench_reports.export.routing.routing_json import routing_as_json
from wattbench_reports.presenter.html import as_html
from wattbench_reports.presenter.markdown import as_markdown
from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.routing import routing_words

HOSTILE = "::error::a\u202e\x1b[2J\x9b ##[group]@octocat #1 GH-2 [x[y]](z) <img src=x>|`$b$"


def hostile(value: Any) -> Any:
    """A study with another name for each of its systems."""
    if isinstance(value, str):
        return re.sub(r"^(gpt-4|haiku|sonnet|llama)$", rf"{HOSTILE} \1", value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {each.name: hostile(getattr(value, each.name)) for each in dataclasses.fields(value) if each.init}
        return dataclasses.replace(value, **named)
    if isinstance(value, dict):
        return {hostile(key): hostile(each) for key, each in value.items()}
    return type(value)(map(hostile, value)) if type(value) in (list, tuple, frozenset) else value


@pytest.fixture(scope="module")
def study() -> Any:
    return hostile(made.worth_building())


@pytest.fixture
def compared(make_run: Any, fake: Any) -> Callable[[str], str]:
    """A comparison in a format, of a run in which a system has the name."""
    run = make_run(fake.Run((fake.System(HOSTILE), fake.System("fine"))))
    analysis = analyse(run)
    return lambda form: render(analysis.comparison, form, call_on(decided, analysis))


def is_harmless_in_a_log(text: str) -> None:
    lines = text.split("\n")
    assert any("octocat" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


def is_harmless_in_markdown(text: str) -> None:
    assert "octocat" in text
    assert all(line.isprintable() for line in text.split("\n"))
    plain = re.sub(r"\\.|&#\d+;", " ", text)
    assert not re.search(r"(?<!\w)@\w|#\d|GH-\d|\]\(|<img|\$", plain)
    for row in (line for line in plain.split("\n") if line.startswith("|")):
        assert row.endswith("|")
        assert "`" not in row


def test_a_comparison(compared: Callable[[str], str]) -> None:
    is_harmless_in_a_log(compared("table"))
    is_harmless_in_markdown(compared("markdown"))
    text = compared("json")
    is_harmless_in_a_log(text.replace("##[", ""))  # a program's: none of its lines begins with a name
    assert HOSTILE in {each["system"] for each in json.loads(text)["systems"]}


def test_a_routing_study(study: Any) -> None:
    is_harmless_in_a_log(as_text(routing_words(study)))
    is_harmless_in_markdown(as_markdown(routing_words(study)))
    page = as_html(routing_words(study))
    assert "octocat" in page
    assert "<img" not in page
    assert page.replace("\n", "").isprintable()
    text = routing_as_json(study)
    assert text.replace("\n", "").isprintable()
    assert f"{HOSTILE} gpt-4" in json.loads(text)["systems"]


def test_a_table_of_any_rows() -> None:
    is_harmless_in_a_log(rows_text((HOSTILE, "b"), [{HOSTILE: HOSTILE, "b": 1.5}], "table"))
