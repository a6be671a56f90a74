"""Servers that wattbench starts, waits for and stops. Each kind has a file.

May import: `wattbench.config`, `wattbench.systems.weights`, `wattbench.errors` and the text and HTTP helpers of
`wattbench.systems.endpoint`. The `*_child.py` files are run as programs in processes of their own and import nothing of
the harness, so that a child starts fast and whatever path the harness was imported from.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from wattbench.config import Serve
from wattbench.errors import MissingHereError, UserError, require_installed
from wattbench.systems import weights
from wattbench.systems.endpoint.serving.base import Server
from wattbench.systems.endpoint.serving.command import CommandServer
from wattbench.systems.endpoint.serving.command_line import PORT, split_command
from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer

__all__ = ["Server", "check_server", "kept_running", "server_key", "start_server"]

_running: WeakValueDictionary[str, LlamaCppServer] = WeakValueDictionary()
"""Servers by their `server_key`."""


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


def server_key(serve: Serve) -> str | None:
    """Return a key that is equal for systems that can share one server; None if the system has its own.

    llama.cpp computes each prompt anew. A command's server may keep what one system asked for the next.
    """
    return None if serve.llamacpp is None else serve.llamacpp.model_dump_json()


@contextmanager
def kept_running(serve: Serve) -> Iterator[None]:
    """Keep the server running, if it is and can be shared, while its users close it."""
    server = _running.get(server_key(serve) or "")
    kept = server is not None and server.share()
    try:
        yield
    finally:
        if server is not None and kept:
            server.close()


def start_server(name: str, serve: Serve, *, base_url: str | None, key: str | None) -> Server:
    """Start the server and wait until it is ready, or share one that runs. Each user closes it once.

    Args:
        name: of the system.
        serve: the block of the suite.
        base_url: where a command will answer; llama.cpp finds its own.
        key: the key that a command's server requires, if any.

    Raises:
        UserError: it cannot be started, and what to do about it.
    """
    where, shared_by = f"system {name!r}", server_key(serve)
    if serve.llamacpp is not None and shared_by is not None:
        server = _running.get(shared_by)
        if server is None or not server.share():
            server = LlamaCppServer(where, serve.llamacpp, timeout_s=serve.timeout_s, owner=name)
            _running[shared_by] = server
        return server

    return CommandServer(where, serve, base_url=str(base_url), key=key)
