"""Renders answers as one offline page on which a person scores them, and which saves a CSV.

The page says of no answer whose it is, nor what a judge said: not in its source either. It loads nothing and sends
nothing; what a person says is kept in her browser until she saves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache

from markupsafe import Markup

from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.presenter.templating import as_bytes, engine, own_file, policy_hash

_PACKAGE = "wattbench_reports.html"


@dataclass(frozen=True)
class LabelChoice:
    """What can be said of an answer."""

    key: str
    """That is pressed; empty: none is."""
    word: str
    """That the CSV has."""
    text: str
    """On the button."""


@dataclass(frozen=True)
class AnswerOnPage:
    """An answer to label."""

    id: str
    """Which does not say whose it is. So the next five, for the CSV."""
    task: str
    doc_id: int
    repeat: int
    answer_sha256: str
    drawn: str
    item: str
    """What was asked."""
    reference: str
    """A right answer; empty: there is none."""
    texts: tuple[str, ...]
    """The answer; of a pair both, as they are shown."""
    choices: tuple[LabelChoice, ...]


@dataclass(frozen=True)
class PageToLabel:
    """What a page has."""

    run: str
    person: str
    rubrics: Mapping[str, str]
    """By task."""
    answers: Sequence[AnswerOnPage]


def label_page(sheet: PageToLabel) -> bytes:
    """Render the page as an HTML document."""
    css, script = _files()
    page = (
        engine(_PACKAGE)
        .get_template("label_page.html.j2")
        .render(
            css=Markup(css),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            data=Markup(_data(sheet)),  # noqa: S704 - no text in it can end the element
            policy=f"default-src 'none'; style-src 'sha256-{policy_hash(css)}'; "
            f"script-src 'sha256-{policy_hash(script)}'; img-src data:; base-uri 'none'; form-action 'none'",
            sheet=sheet,
        )
    )
    return as_bytes(page)


def _data(sheet: PageToLabel) -> str:
    shown = [
        {
            **asdict(each),
            "item": visible(each.item),
            "reference": visible(each.reference),
            "texts": [visible(text) for text in each.texts],
        }
        for each in sheet.answers
    ]
    rubrics = {task: visible(text) for task, text in sheet.rubrics.items()}
    data = {"run": sheet.run, "person": sheet.person, "rubrics": rubrics, "answers": shown}
    return json.dumps(data).replace("<", "\\u003c")


@cache
def _files() -> tuple[str, str]:
    css = own_file("style.css", _PACKAGE) + own_file("label_page.css", _PACKAGE)
    return css, own_file("label_page.js", _PACKAGE)
