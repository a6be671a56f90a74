"""Write a comparison in each format that people and programs ask for: one file per format.

May import: `wattbench_reports.comparison.analysis` and what it is made of. Must not import `wattbench_reports.html`,
and computes nothing: a number that is not in the comparison does not appear.
"""

from collections.abc import Callable, Mapping

from wattbench.errors import UserError, nearest
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.export.comparison.compared_section import as_html, as_markdown, as_table
from wattbench_reports.export.comparison.comparison_json import as_json
from wattbench_reports.export.comparison.comparison_rows import as_csv
from wattbench_reports.wording.decision import DecisionWords

FORMATS: Mapping[str, Callable[[Comparison, DecisionWords | None], str]] = {
    "table": as_table,
    "markdown": as_markdown,
    "csv": as_csv,
    "json": as_json,
}
"""Name of a format to the function that writes it, as `wattbench runs compare --format` takes them."""


def render(
    comparison: Comparison,
    format: str = "table",  # noqa: A002 - the option's own name
    decided: DecisionWords | None = None,
) -> str:
    """Return the comparison as text that ends in a newline.

    Args:
        comparison: of one run or several.
        format: one of `FORMATS`.
        decided: which system of the run to run, with which the text begins; None where several runs are compared.

    Raises:
        UserError: there is no such format.
    """
    if format not in FORMATS:
        raise UserError(f"no format {format!r}{nearest(format, FORMATS)}")
    return FORMATS[format](comparison, decided)


__all__ = ["FORMATS", "as_csv", "as_html", "as_json", "as_markdown", "as_table", "render"]
