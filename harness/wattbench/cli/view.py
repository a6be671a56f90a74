"""`wattbench view`: look at a run in the browser, also while it is under way."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from wattbench.cli._group import ComputingCommand, runs
from wattbench.progress.notices import notice


@runs.command(
    "view",
    cls=ComputingCommand,
    short_help="Show a run in the browser, also under way.",
    examples=(
        "wattbench view runs/20260105T031500Z-quick-a1b2c3",
        "wattbench view --no-open runs",
    ),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--no-open", is_flag=True, help="Open no browser; the address is printed all the same.")
def view(run: Path, *, no_open: bool) -> None:
    """Show RUN in the browser until Ctrl-C: its report, or how far it is.

    Of a run under way the page shows the answers of each system and its accuracy and joules so far, and becomes the
    report when the run is finished. Of a run that was stopped it shows how to resume it. Of a folder of runs the one
    under way is taken, else the newest finished one.

    The page is served on this machine alone, at an address that cannot be guessed; it is printed.
    """
    from wattbench.api.run_folder import find_run_to_view
    from wattbench.api.viewing.page_server import PageServer, RunPages

    pages = RunPages(find_run_to_view(run))
    with PageServer(pages) as server:
        click.echo(server.address)
        notice("wattbench: Ctrl-C ends this")
        if not no_open:  # a browser in the terminal ends when it is closed, and needs the page before
            threading.Thread(target=_open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            notice("wattbench: the page is no longer served")


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        notice("wattbench: no browser could be opened; open the address in one")
