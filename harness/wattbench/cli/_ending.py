"""Where the report of a run goes, and how it is opened."""

from __future__ import annotations

from pathlib import Path

import click

from wattbench.api.session import notice

open_option = click.option("--open", "open_page", is_flag=True, help="Open the report in a browser.")


def page_of(run: Path) -> Path:
    """Return where a run's report goes by default: next to its directory, under its name. A record never changes."""
    root = run.resolve()
    return run.parent / f"{root.name}.html" if run.name == root.name else root.with_name(f"{root.name}.html")


def open_in_browser(page: Path) -> None:
    """Open a page in the user's browser, and say so where there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        notice(f"wattbench: no browser could be opened; the page is {page}")
