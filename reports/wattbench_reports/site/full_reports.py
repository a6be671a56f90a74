"""The full reports of the last nights: each is made once, as that takes as long as all else of a site, and kept."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench_reports.history import History, Night
from wattbench_reports.html import report
from wattbench_reports.html.atomic_write import write_whole
from wattbench_reports.html.templating import as_bytes
from wattbench_reports.site.links import report_name

KEPT = 30
"""Nights, counted back from the last, whose report stays."""


@dataclass(frozen=True)
class FullReports:
    """What there is of them."""

    runs: frozenset[str]
    """Those that have one in the site."""
    lacking: str
    """Why the last night has none; empty: it has one."""


def full_reports(history: History, out: Path) -> FullReports:
    """Make the report of the last night where it is not there yet, and put those of the last nights into a site.

    They are kept in `DIR/.index/reports/`, which can be deleted: the last one is then made again.

    Args:
        history: with one night at least.
        out: folder of the site.

    Raises:
        UserError: a file cannot be written.
    """
    kept = history.root / ".index" / "reports"
    recent = history.nights[-KEPT:]
    lacking = _make(recent[-1], kept)
    own = {_kept_name(night): night for night in recent}
    found = []
    for page in sorted(kept.glob("*.html")):
        night = own.get(page.name)
        if night is None:
            page.unlink(missing_ok=True)
        else:
            _put(page, out / report_name(night.root))
            found.append(night.run)
    return FullReports(frozenset(found), lacking)


def _kept_name(night: Night) -> str:
    return f"{night.root.name}.html"


def _make(night: Night, kept: Path) -> str:
    """Why it cannot be; empty: it is there."""
    page = kept / _kept_name(night)
    if page.is_file():
        return ""
    try:
        made = report(read_run(night.root))
    except UserError as error:
        return str(error)
    write_whole({page: as_bytes(made)})
    return ""


def _put(page: Path, place: Path) -> None:
    """By a second name for the same file, where the disk can; else as a copy."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(page, place)
        except OSError:
            shutil.copyfile(page, place)
    except OSError as error:
        raise UserError(f"{place}: the report cannot be written ({error.strerror})") from error
