"""Keep secrets out of what pytest shows of a test: of a failure in code that had them in its arguments and locals."""

from __future__ import annotations

from typing import Any

import pytest

from wattbench.redaction import hide, keep_environment


def hide_report(report: pytest.TestReport, config: pytest.Config) -> None:
    """Hide the secrets in a test's report: in its failure and in its captured output.

    A failure is taken apart and put together by pytest's own hooks, as it is for pytest-xdist.
    """
    keep_environment()
    report.sections = [(title, hide(text)) for title, text in report.sections]
    if report.longrepr is None:
        return
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    hidden = config.hook.pytest_report_from_serializable(
        config=config, data={**data, "longrepr": _hidden(data["longrepr"])}
    )
    report.longrepr = hidden.longrepr


def _hidden(data: Any) -> Any:
    if isinstance(data, str):
        return hide(data)
    if isinstance(data, dict):
        return {key: _hidden(value) for key, value in data.items()}
    return type(data)(map(_hidden, data)) if isinstance(data, list | tuple) else data
