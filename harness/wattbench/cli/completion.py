"""`wattbench dev completion`: the script that completes commands, options, files and suites in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from wattbench.cli._group import dev, main

_PROGRAM, _VARIABLE = "wattbench", "_WATTBENCH_COMPLETE"


@dev.command(
    short_help="Print the script that completes commands in a shell.",
    examples=(
        'eval "$(wattbench dev completion bash)"',
        "wattbench dev completion fish > ~/.config/fish/completions/wattbench.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script by which SHELL completes commands, options, files and the names of suites.

    For bash and zsh, the first example goes into ~/.bashrc or ~/.zshrc. It needs bash 4.4 or later.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, _PROGRAM, _VARIABLE).source())
