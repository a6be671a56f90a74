"""The exit codes of all commands, in one table."""

from __future__ import annotations

from dataclasses import dataclass

EXIT_USER = 2
EXIT_APART = 3
"""No figure of one run may be ranked against a figure of another. They are shown all the same."""
EXIT_ERROR = 3
"""Of a command whose 1 and 2 are verdicts."""
EXIT_BUDGET = 4
"""As `wattbench.systems.spending` has it, which may not import the command line."""
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class ExitCode:
    """What an exit code means."""

    code: int
    commands: tuple[str, ...]
    """By the names that are typed after `wattbench`. Empty: all that the other rows of this code do not name."""
    meaning: str


VERDICTS = ("gate", "nightly")

EXIT_CODES = (
    ExitCode(0, (), "Done."),
    ExitCode(0, VERDICTS, "Passed; `nightly`: no alarm."),
    ExitCode(1, VERDICTS, "Regressed; `nightly`: an alarm."),
    ExitCode(1, (), "A fault in wattbench itself, with a traceback: please report it."),
    ExitCode(EXIT_USER, (), "An error, said in one message on standard error. `runs verify`: something is wrong."),
    ExitCode(EXIT_USER, VERDICTS, "No verdict: inconclusive, not comparable, not measured. Also an unknown option."),
    ExitCode(EXIT_ERROR, (*VERDICTS, "dev calibrate"), "An error."),
    ExitCode(EXIT_APART, ("runs compare", "decide"), "No run can be ranked against another. The figures are printed."),
    ExitCode(EXIT_BUDGET, ("run",), "The budget of `--max-cost` is reached. The run can be resumed."),
    ExitCode(EXIT_INTERRUPTED, (), "Stopped by Ctrl-C, or while it measures by SIGTERM. Complete blocks are kept."),
)


def as_markdown() -> str:
    """Return the table of the docs."""
    rows = []
    for each in EXIT_CODES:
        rest = "all" if sum(other.code == each.code for other in EXIT_CODES) == 1 else "all others"
        rows.append(f"| {each.code} | {', '.join(f'`{name}`' for name in each.commands) or rest} | {each.meaning} |")
    return "\n".join(["| code | commands | meaning |", "| --- | --- | --- |", *rows])
