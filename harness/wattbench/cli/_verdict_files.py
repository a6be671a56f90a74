"""Write a verdict to the files that the options name, and to GitHub where it runs the job."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wattbench.cli._exit_codes import EXIT_ERROR, EXIT_INTERRUPTED
from wattbench.errors import UserError, as_message, refusal_of_machine
from wattbench.progress.notices import notice

if TYPE_CHECKING:
    from wattbench_reports.gate.result import GateResult

MOST_SUMMARY_BYTES = 1024 * 1024
"""Of a step's summary. GitHub shows nothing of a larger one, and a step may run several gates ("Workflow commands for
GitHub Actions: step isolation and limits")."""


STDOUT = Path("-")
"""The file of `--json` that is standard output."""


@dataclass(frozen=True)
class VerdictTexts:
    """Functions that return a verdict in each format, called only for the formats that are wanted."""

    junit: Callable[[], str]
    markdown: Callable[[], str]
    json: Callable[[], str]
    annotations: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class VerdictFiles:
    """The files to which a verdict is written, in addition to standard output."""

    junit: Path | None
    markdown: Path | None
    json: Path | None
    github: bool
    command: str = "gate"
    """Whose verdict it is, as its titles say."""

    @property
    def prints_json(self) -> bool:
        """Return whether standard output has the verdict as JSON, and nothing else."""
        return self.json == STDOUT

    def write(self, result: GateResult) -> None:
        """Write all files of a gate's result.

        Raises:
            UserError: a file cannot be written.
        """
        from wattbench_reports.export.gate import annotations, as_json, as_junit, as_markdown

        self.write_texts(
            VerdictTexts(
                junit=lambda: as_junit(result, command=self.command),
                markdown=lambda: as_markdown(result, command=self.command),
                json=lambda: as_json(result),
                annotations=lambda: annotations(result, command=self.command),
            )
        )

    def write_texts(self, texts: VerdictTexts) -> None:
        """Write all files; annotations are GitHub's commands, which it reads on both outputs.

        Raises:
            UserError: a file cannot be written.
        """
        from wattbench.records.files.atomic_write import write_atomically

        for path, text in ((self.junit, texts.junit), (self.markdown, texts.markdown), (self.json, texts.json)):
            if path == STDOUT:
                click.echo(text(), nl=False)
            elif path is not None:
                write_atomically(path, text().encode())
        if not self.github:
            return
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            _append(Path(summary), texts.markdown())
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in texts.annotations():
                click.echo(line, err=self.prints_json)


def verdict_options(command: Any) -> Any:
    """Add the options that name files for a verdict, in addition to standard output."""
    file = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--no-github", is_flag=True, help="On GitHub: write no step summary and no annotations."),
        click.option(
            "--json",
            "json_file",
            type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
            is_flag=False,
            flag_value=str(STDOUT),
            metavar="[FILE]",
            help="Print the verdict as JSON in place of text, or write it to FILE.",
        ),
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
        message = str(error) if isinstance(error, UserError) else refusal_of_machine(error)
        if message is None:
            notice(traceback.format_exc().rstrip())
            message = as_message(f"{type(error).__name__}: {error}")
        notice(f"wattbench: {message}")
        then()
        try:
            files.write(failed(message))
        except UserError as unwritten:
            notice(f"wattbench: {unwritten}")
        raise click.exceptions.Exit(EXIT_ERROR) from error


def _append(path: Path, text: str) -> None:
    from wattbench.records.files.atomic_write import failing_as

    data = f"{text.removesuffix(chr(10))}\n".encode()
    with failing_as(path, "cannot be written"), path.open("ab") as file:
        if file.tell() + len(data) > MOST_SUMMARY_BYTES:
            notice(
                f"wattbench: the step's summary would exceed {MOST_SUMMARY_BYTES:,} bytes; this verdict is not in it"
            )
        else:
            file.write(data)
