"""Call functions with the records of an analysis that their parameters name, and analyses of changed data."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.html.whatif import restated, words_of_page

T = TypeVar("T")

RECORDS = ("measured", "paid", "emitted", "weighed", "comparison")


def call_on(function: Callable[..., T], analysis: Analysis, *rest: Any, **named: Any) -> T:
    """Call a function of the records of an analysis.

    Args:
        function: some of its parameters are named as `RECORDS` are.
        analysis: has the records.
        rest: its other arguments, in their order.
        named: those by keyword.
    """
    others, arguments = iter(rest), dict(named)
    for name in inspect.signature(function).parameters:
        if name in RECORDS:
            arguments[name] = getattr(analysis, name)
        elif name not in named and (value := next(others, None)) is not None:
            arguments[name] = value
    return function(**arguments)


def read_again(analysis: Analysis, **changed: Any) -> Analysis:
    """Return an analysis in which some fields of what was read of the run are others."""
    read = dataclasses.replace(analysis.measured.read, **changed)
    return dataclasses.replace(analysis, measured=dataclasses.replace(analysis.measured, read=read))


def page_texts(analysis: Analysis) -> dict[str, str]:
    """Return by key all texts of the page that its controls change."""
    return restated(analysis.measured, analysis.comparison, call_on(words_of_page, analysis))
