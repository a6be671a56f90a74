"""Makes the section *Answers*, whose table the page's script fills, and puts the script together."""

from __future__ import annotations

import shlex
from pathlib import Path

from wattbench_reports.formatting import units
from wattbench_reports.html.answers.embedded_answers import EmbeddedAnswers
from wattbench_reports.presenter.model import Passage, Section
from wattbench_reports.presenter.templating import own_file
from wattbench_reports.sections.answer_links import ANSWERS

PARTS = ("parts", "filters", "difference", "table", "item", "opening")
"""Files of `script/`, in the order in which they are joined: a part uses those before it, and the last one acts."""


def answers_section(answers: EmbeddedAnswers, run: Path) -> Section:
    """Make the section, without its table.

    Args:
        answers: as the page holds them.
        run: the directory of the run, for the commands that show all of it.
    """
    root = shlex.quote(str(run.resolve()))
    apart = (
        f"{units.plural(answers.apart, 'answer')} of the run are not here: they are at other rates, of machines that "
        "are not compared, or of systems that were not asked to the end."
    )
    sentences = (_carried(answers), apart if answers.apart > 0 else "", _cut(answers))
    commands = (
        ("All answers in full, in a browser", f"wattbench view {root}"),
        ("All answers in full, as text", f"wattbench runs items {root}"),
    )
    return Section(
        ANSWERS,
        "Answers",
        "Answers",
        "",
        (Passage(sentences=sentences, commands=commands),),
        line=f"{units.plural(answers.count, 'answer')} to read, search and compare",
    )


def _carried(answers: EmbeddedAnswers) -> str:
    if answers.count == answers.of:
        return ""
    first = f"the first {units.plural(answers.items, 'item')} of each task" if answers.items else ""
    sample = "a random sample of items" if answers.sampled else ""
    which = f"to {' in '.join(filter(None, (first, sample)))}"
    return f"This page holds {answers.count:,} of {units.plural(answers.of, 'answer')}: those {which}."


def _cut(answers: EmbeddedAnswers) -> str:
    if not answers.cut:
        return ""
    return (
        f"{units.capital(units.plural(answers.cut, 'text'))} cut to {answers.longest:,} characters, to keep the page "
        "small: of a prompt the last ones are kept, of an answer the first. Search reads what is kept."
    )


def script_of_answers() -> str:
    """Return the JavaScript that loads, filters and shows the answers."""
    parts = (own_file(f"script/{name}.js", "wattbench_reports.html.answers") for name in PARTS)
    return "\n".join(("(() => {", '"use strict";', *parts, "})();\n"))
