"""Keep full reports of the last nights: each takes as long to make as the rest of the site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.files.atomic_write import link_or_copy, write_atomically
from wattbench_reports.history import History, Night
from wattbench_reports.html import report
from wattbench_reports.presenter.templating import as_bytes
from wattbench_reports.site.links import report_name

KEPT = 30
"""How many nights' reports are kept."""
_FAILURE = "the report cannot be written"


@dataclass(frozen=True)
class FullReports:
    """The full reports of the site."""

    runs: frozenset[str]
    """The runs with a full report."""
    missing_reason: str
    """Why the last night has no report; empty if it has one."""


def full_reports(history: History, out: Path) -> FullReports:
    """Make the last night's report if it does not exist, and copy the kept reports into a site.

    They are kept in `DIR/.index/reports/`, which can be deleted: the last one is then made again.

    Args:
        history: with one night at least.
        out: folder of the site.

    Raises:
        UserError: a file cannot be written.
    """
    kept = history.root / ".index" / "reports"
    recent = history.nights[-KEPT:]
    missing_reason = _make(recent[-1], kept)
    by_name = {_kept_name(night): night for night in recent}
    runs = []
    for page in sorted(kept.glob("*.html")):
        night = by_name.get(page.name)
        if night is None:
            page.unlink(missing_ok=True)
        else:
            link_or_copy(page, out / report_name(night.root), failure=_FAILURE)
            runs.append(night.run)
    return FullReports(frozenset(runs), missing_reason)


def _kept_name(night: Night) -> str:
    return f"{night.root.name}.html"


def _make(night: Night, kept: Path) -> str:
    """Make a night's report, and return why that failed; empty on success."""
    page = kept / _kept_name(night)
    if page.is_file():
        return ""
    try:
        page_text = report(read_run(night.root))
    except UserError as error:
        return str(error)
    write_atomically(page, as_bytes(page_text), failure=_FAILURE)
    return ""
