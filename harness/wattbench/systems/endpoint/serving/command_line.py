"""Read the command line of a `serve:` block: its words, and the port on which the server listens."""

from __future__ import annotations

import shlex
import socket

from wattbench.config import Serve
from wattbench.errors import UserError

PORT = "{port}"
"""Replaced by a free port, in the command and in `base_url`."""


def split_command(serve: Serve, where: str) -> list[str]:
    """Split `serve.command` into words, as a shell does.

    Raises:
        UserError: it is empty, or a quotation mark is not closed.
    """
    try:
        argv = shlex.split(serve.command or "")
    except ValueError as error:
        raise UserError(f"{where}: cannot split serve.command ({error}): {serve.command}") from None
    if not argv:
        raise UserError(f"{where}: serve.command is empty")
    return argv


def with_port(argv: list[str], base_url: str) -> tuple[list[str], str]:
    """Replace `{port}` by a free port."""
    if PORT not in base_url:
        return argv, base_url
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    return [word.replace(PORT, port) for word in argv], base_url.replace(PORT, port)
