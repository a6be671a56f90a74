"""What is metered, and how: a server, a name, a key, a price."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wattbench.config import AskingSystem, Measure, Resolved, Suite, TaskChoice
from wattbench.config.suite import Systems, Tasks
from wattbench.errors import UserError
from wattbench.importers.files import digest
from wattbench.measure.plan import Cell
from wattbench.measure.sessions import TASK
from wattbench.network.urls import port_of, public_url, read_url
from wattbench.records.schema.base import NAME
from wattbench.redaction import hide_command, keep_secret
from wattbench_reports.metrics.money.prices import written_price

CONNECT_S = 5.0
"""How long the server has to take a connection, before anything is measured."""


_CHOICE = TaskChoice(task=TASK, domain=TASK)


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """What is metered, and how."""

    upstream: str
    """The base URL of the server."""
    system: str = "agent"
    """What the program is called in the record."""
    key_env: str | None = None
    """The variable with the server's key, which is sent in place of what the program sends."""
    price: str | None = None
    """As `wattbench_reports.metrics.money.prices.written_price` takes it."""
    record_prompts: bool = False
    listen: str | None = None
    """``HOST:PORT``; None: a free port of this machine alone."""
    out: Path = Path("runs")
    command: Sequence[str] = ()
    """How it was started, for the record."""
    program: Sequence[str] = ()
    """What is metered, for the record; empty: a program in Python."""
    wait_s: float = 0.0

    def key(self) -> str | None:
        """Return the server's key; None where the program's own passes through.

        Raises:
            UserError: the variable is not set.
        """
        if self.key_env is None:
            return None
        key = os.environ.get(self.key_env)
        if not key:
            raise UserError(f"the environment variable {self.key_env} is not set: it should hold the key of the server")
        keep_secret(key)
        return key

    def address(self) -> tuple[str, int]:
        """Return the host and the port at which the gateway listens.

        Raises:
            UserError: they cannot be read.
        """
        if self.listen is None:
            return "127.0.0.1", 0
        host, colon, port = self.listen.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise UserError(
                f"listen: {self.listen!r:.80} is not HOST:PORT, such as 127.0.0.1:4711 (port 0: a free one)"
            )
        return host.strip("[]"), int(port)

    @cached_property
    def config(self) -> AskingSystem:
        """Return the program as a system of a suite.

        Raises:
            UserError: its name, the URL or the price is wrong.
        """
        if not re.fullmatch(NAME, self.system):
            raise UserError(f"name: {self.system!r:.80} is no name of a system: begin with a letter or a digit")
        try:
            return AskingSystem(
                kind="generalist",
                engine="agent",
                base_url=self.upstream,
                api_key_env=self.key_env,
                record_prompts=self.record_prompts,
                price=None if self.price is None else written_price(self.price, "price"),
            )
        except ValidationError as error:
            raise UserError(f"upstream: {self.upstream!r:.80} ({error.errors()[0]['msg']})") from None

    @property
    def resolved(self) -> Resolved:
        """Return a suite of one system and one task, by which the record is read as that of any run."""
        define: Any = {self.system: self.config}
        suite = Suite(
            name="meter",
            description="Sessions of a program, metered without a suite",
            tasks=Tasks(select=[_CHOICE]),
            systems=Systems.model_construct(include=[], select=None, define=define),
            measure=Measure(warmup=0, blocks=1, repeats=1),
        )
        return Resolved(suite, define, Path.cwd() / "meter")

    @property
    def cell(self) -> Cell:
        """Return the cell of the record. How many sessions there will be is not known in advance."""
        return Cell(
            system=self.system,
            config=self.config,
            choice=_CHOICE,
            items=0,
            task_version="",
            docs_sha256=digest(*hide_command(self.program)),
            task_sha256=digest(TASK),
        )


def check_reachable(url: str) -> None:
    """Check that a server takes connections.

    Raises:
        UserError: it does not, or the URL is none.
    """
    try:
        parts = read_url(url)
        shown = public_url(url)
    except ValueError as error:
        raise UserError(f"upstream: {url!r:.80} is no URL of a server ({error})") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"upstream: {shown!r:.80} is no URL of a server: write http://HOST:PORT/v1")
    try:
        socket.create_connection((parts.hostname, port_of(parts)), timeout=CONNECT_S).close()
    except OSError as error:
        raise UserError(
            f"upstream: cannot connect to {shown} ({error.strerror or error}). Start the server, or correct the address"
        ) from None
