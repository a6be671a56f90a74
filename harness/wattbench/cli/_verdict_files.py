"""Where a verdict goes: to the files that the options name, and to GitHub where it runs the job."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._group import EXIT_INTERRUPTED
from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench_reports.gate.result import GateResult

EXIT_ERROR = 3


@dataclass(frozen=True)
class VerdictFiles:
    """The files to which a verdict is written, in addition to standard output."""

    junit: Path | None
    markdown: Path | None
    json: Path | None
    github: bool

    def write(self, result: GateResult) -> None:
        """Write all files; annotations are GitHub's commands, which it reads on standard output.

        Raises:
            UserError: a file cannot be written.
        """
        from wattbench.records.atomic_write import write_atomically
        from wattbench_reports.export.gate import annotations, as_json, as_junit, as_markdown

        for path, text in ((self.junit, as_junit), (self.markdown, as_markdown), (self.json, as_json)):
            if path is not None:
                write_atomically(path, text(result).encode())
        if not self.github:
            return
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            _append(Path(summary), as_markdown(result))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in annotations(result):
                click.echo(line)


def verdict_options(command: Any) -> Any:
    """Add the options that name files for a verdict, in addition to standard output."""
    file = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--no-github", is_flag=True, help="On GitHub: write no step summary and no annotations."),
        click.option("--json", "json_file", type=file, metavar="FILE", help="Write the verdict as JSON."),
        click.option("--markdown", type=file, metavar="FILE", help="Write it as Markdown for a pull request."),
        click.option("--junit", type=file, metavar="FILE", help="Write it as JUnit XML, with a test case per metric."),
    ):
        command = option(command)
    return command


@contextmanager
def errors_as_verdicts(
    files: VerdictFiles, failed: Callable[[str], GateResult], then: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Turn any failure into the verdict `error`, with its files and exit code 3.

    Python's own exit code of an uncaught exception is 1, as click's of Ctrl-C, which would mean `regressed`.

    Args:
        files: where the verdict goes.
        failed: makes the verdict from a message.
        then: called after the message is printed, also on Ctrl-C.
    """
    try:
        yield
    except click.exceptions.Exit:
        raise
    except KeyboardInterrupt as error:
        then()
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from error
    except Exception as error:  # an engine raises whatever its libraries raise
        if not isinstance(error, UserError):
            traceback.print_exc()
        message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        click.echo(f"wattbench: {message}", err=True)
        then()
        try:
            files.write(failed(message))
        except UserError as unwritten:
            click.echo(f"wattbench: {unwritten}", err=True)
        raise click.exceptions.Exit(EXIT_ERROR) from error


def _append(path: Path, text: str) -> None:
    from wattbench.records.atomic_write import failing_as

    with failing_as(path, "cannot be written"), path.open("a", encoding="utf-8") as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
