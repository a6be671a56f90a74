"""Write what a decision on a file or a run ends with: what the data supports, the advice, the table, the notes.

`wattbench decide`, the end of `wattbench run` and `wattbench.decide` show it. Of several runs, for which nothing is
decided, the comparison follows what their data supports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.data_support import DataSupport
from wattbench_reports.export.comparison.compared_section import compared_section, data_passage
from wattbench_reports.export.comparison.comparison_json import as_json
from wattbench_reports.export.comparison.decision_section import decision_section
from wattbench_reports.formatting import units
from wattbench_reports.presenter.html import as_html as sections_as_html
from wattbench_reports.presenter.markdown import as_markdown as sections_as_markdown
from wattbench_reports.presenter.model import Passage, Section, Table, point
from wattbench_reports.presenter.text import as_text
from wattbench_reports.sections.agents import agents_summary
from wattbench_reports.sections.dropped import dropped_passage
from wattbench_reports.sections.grid import grid_passages
from wattbench_reports.sections.judged import judged_summary
from wattbench_reports.wording import data_support
from wattbench_reports.wording.decision import DecisionWords


def ending_sections(
    comparison: Comparison, decided: DecisionWords | None, support: DataSupport | None, *, show_data: bool = False
) -> tuple[Section, ...]:
    """Make the sections.

    Args:
        comparison: of one run or several.
        decided: the decision on one run; None of several.
        support: what the data supports; None: there are no answers.
        show_data: whether a row per system on the data is shown also where nothing in it is notable.
    """
    check = comparison.data
    if decided is None:
        return *_data(support), compared_section(comparison)
    by_system = () if check is None or not (show_data or check.notable) else data_passage(check).tables
    return *_data(support, *by_system), decision_section(
        decided,
        comparison.suite,
        *grid_passages(decided.grids, decided.decision),
        dropped_passage(comparison.dropped),
        agents_summary(comparison),
        judged_summary(comparison),
        _notes(decided, comparison),
    )


def _data(support: DataSupport | None, *by_system: Table) -> tuple[Section, ...]:
    passages = (*(() if support is None else (data_support.passage(support),)), Passage(tables=by_system))
    return (Section("support", "Data", "Data", "", passages),)


def ending_as_text(comparison: Comparison, decided: DecisionWords | None, support: DataSupport | None) -> str:
    """Return the sections for a terminal of 100 columns."""
    return as_text(*ending_sections(comparison, decided, support))


def ending_as_html(comparison: Comparison, decided: DecisionWords | None, support: DataSupport | None) -> str:
    """Return the sections as an HTML fragment for a notebook."""
    return sections_as_html(*ending_sections(comparison, decided, support))


def ending_as_markdown(comparison: Comparison, decided: DecisionWords | None, support: DataSupport | None) -> str:
    """Return the sections as Markdown."""
    return sections_as_markdown(*ending_sections(comparison, decided, support))


DECIDED_FORMATS: Mapping[str, Callable[[Comparison, DecisionWords | None, DataSupport | None], str]] = {
    "table": ending_as_text,
    "markdown": ending_as_markdown,
    "json": as_json,
}
"""Name of a format to the function that writes it."""


def _notes(decided: DecisionWords, comparison: Comparison) -> Passage:
    """Make the caveat that limits the decision the most, and the number of the others."""
    if decided.caveat is None:
        return Passage()
    others = len(comparison.caveats) - 1
    more = (point(f"{units.plural(others, 'more note')} in the report.", "! "),) if others > 0 else ()
    return Passage(points=(point(decided.caveat.text, "! "), *more))
