"""Servers that wattbench starts, waits for and stops. Each kind has a file.

May import: `wattbench.config`, `wattbench.systems.weights`, `wattbench.errors` and the text and HTTP helpers of
`wattbench.systems.endpoint`. The `*_child.py` files are run as programs in processes of their own and import nothing of
the harness, so that a child starts fast and whatever path the harness was imported from.
"""

from __future__ import annotations

import shutil

from wattbench.config import Serve
from wattbench.errors import MissingHereError, UserError, require_installed
from wattbench.systems import weights
from wattbench.systems.endpoint.serving.base import Server
from wattbench.systems.endpoint.serving.command import CommandServer
from wattbench.systems.endpoint.serving.command_line import PORT, split_command
from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer

__all__ = ["Server", "check_server", "start_server"]


def check_server(serve: Serve, *, where: str, base_url: str | None) -> None:
    """Check, without starting anything, that the server can be started on this machine.

    Raises:
        UserError: it cannot, and what to do about it.
    """
    if serve.llamacpp is not None:
        require_installed("xllamacpp", extra="llamacpp", what=f"{where}: serve: {{llamacpp: ...}}")
        weights.check(serve.llamacpp.weights, where=where)
        return
    program = split_command(serve, where)[0]
    if (PORT in (serve.command or "")) != (PORT in (base_url or "")):
        raise UserError(f"{where}: {PORT} must be in both serve.command and base_url, or in neither")
    if shutil.which(program) is None:
        raise MissingHereError(
            f"{where}: serve.command: no program {program!r} on the PATH. Install it, or write its path",
            f"program {program}",
        )


def start_server(serve: Serve, *, where: str, base_url: str | None, key: str | None) -> Server:
    """Start the server and wait until it is ready.

    Args:
        serve: the block of the suite.
        where: what to call the system in messages.
        base_url: where a command will answer; llama.cpp finds its own.
        key: the key that a command's server requires, if any.

    Raises:
        UserError: it cannot be started, and what to do about it.
    """
    if serve.llamacpp is not None:
        return LlamaCppServer(where, serve.llamacpp, timeout_s=serve.timeout_s)

    return CommandServer(where, serve, base_url=str(base_url), key=key)
