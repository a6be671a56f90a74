"""What `--help` of a command shows: its options in groups, those that most need first, and two examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

HELP_NAMES = ["-h", "--help"]
MOST_IN_ONE_LIST = 10
"""Options that are still read as one list. More are shown in groups."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Requirements": (
        "min-accuracy", "max-p95", "max-cost", "max-joules", "max-grams", "max-memory", "risk", "minimise",
    ),
    "Worth and prices": (
        "worth-right", "cost-wrong", "carbon-price", "mix", "requests", "price", "currency", "system-price",
    ),
    "Carbon and impacts": ("region", "intensity", "intensity-csv", "pue", "embodied", "impacts"),
    "Intervals and comparability": ("across", "sessions", "cluster_by"),
    "What is asked": ("suite", "systems", "tasks", "limit", "block", "seed", "retry-failed", "allow-unsafe-code"),
    "Measuring": ("effort", "energy", "require-measured", "wait", "cluster", "slots", "gpus-per-slot", "slot"),
    "Compared": ("base", "system", "baseline", "candidate", "policy", "plant"),
    "Questions and answers": (
        "input", "target", "score", "judge", "rubric", "scale", "pattern", "choices", "domain", "fewshot", "split",
        "encoding", "keep-duplicates", "api-key-env",
    ),
    "Labels": ("labels", "person", "task", "where-they-tell-most", "html", "import", "skip-foreign", "export", "need"),
    "The server": ("upstream", "key-env", "listen", "record-prompts"),
    "Router": (
        "members", "routes", "requests-per-hour", "router-joules", "router-seconds", "router-cost", "check-cost",
        "write",
    ),
    "The source": ("from", "source", "map", "metric", "score-range", "joules-of", "repeats"),
    "Nights": ("history", "date", "commit", "keep-nights", "keep-weeks"),
    "Output": (
        "format", "json", "markdown", "junit", "no-github", "output", "out", "report", "open", "name", "resume",
        "finish", "force", "figures", "so-far", "help",
    ),
}  # fmt: skip
"""The groups of options in their order: an option by its long name, or, if two have it, by its variable's."""
_NAMES = frozenset(name for names in SECTIONS.values() for name in names)


class DescribedCommand(click.Command):
    """A command whose help ends with examples, and has its options in groups if they are many.

    Args:
        most_used: the names of the options that are shown first, at most ten: ``"systems limit"``. For a command that
            has more than ten.
        examples: the command as a user types it.
    """

    def __init__(self, *args: Any, most_used: str = "", examples: Sequence[str] = (), **others: Any) -> None:
        super().__init__(*args, **others)
        self.most_used = tuple(most_used.split())
        self.examples = tuple(examples)

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return the same names in every context."""
        return HELP_NAMES

    def option_groups(self, ctx: click.Context) -> Iterator[tuple[str, list[click.Option]]]:
        """Yield the title of each group of options, and its options."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        shown = [each for each in options if each.get_help_record(ctx) is not None]
        if len(shown) <= MOST_IN_ONE_LIST:
            yield "Options", shown
            return
        left = {_name(each): each for each in shown}
        titles = {"Most used": self.most_used, **SECTIONS, "Other options": tuple(left)}
        for title, names in titles.items():
            if options := [left.pop(name) for name in names if name in left]:
                yield title, options

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in their groups."""
        for title, options in self.option_groups(ctx):
            with formatter.section(title):
                formatter.write_dl([record for each in options if (record := each.get_help_record(ctx))])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for each in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{each}\n")


def _name(option: click.Option) -> str:
    """Return the name of an option in the table of groups: ``min-accuracy``."""
    name = str(option.name)
    return name if "_" in name and name in _NAMES else max(option.opts, key=len).lstrip("-")
