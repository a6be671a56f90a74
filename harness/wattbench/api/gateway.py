"""`wattbench.gateway`: the joules, money and seconds of sessions of one's own program, in a record as that of a run."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wattbench.api.narrowing import seconds_to_wait
from wattbench.api.session import meters_here, sharing_machine
from wattbench.clock import now_s
from wattbench.config import AskingSystem, Measure, Resolved, Suite, TaskChoice
from wattbench.config.suite import Systems, Tasks
from wattbench.errors import UserError, require_installed
from wattbench.gateway import Gateway, Session, Upstream
from wattbench.importers.files import digest
from wattbench.machine.environment import node
from wattbench.measure.measuring_context import MeasuringContext, measuring
from wattbench.measure.plan import Cell
from wattbench.measure.resume import new_run
from wattbench.measure.sessions import TASK, answer_of, finish_sessions, session_rows
from wattbench.meters import OpenWindow
from wattbench.network.urls import is_loopback, port_of, public_url, read_url
from wattbench.progress import Progress
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.records import CallRow, ItemRow, Purpose, SessionRow, SystemRow, read_run
from wattbench.records.schema.base import NAME
from wattbench.redaction import hide_command, keep_secret, keep_secrets_of
from wattbench_reports.metrics.money.prices import written_price

if TYPE_CHECKING:
    from wattbench.records.schema.price import Price

CONNECT_S = 5.0
"""How long the server has to take a connection, before anything is measured."""


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """What is metered, and how."""

    upstream: str
    """The base URL of the server."""
    system: str = "agent"
    """What the program is called in the record."""
    kind: str = "generalist"
    """Its role in a comparison, as in a suite."""
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

    def resolved(self) -> Resolved:
        """Return a suite of one system and one task, by which the record is read as that of any run.

        Raises:
            UserError: a name, the URL or the price is wrong.
        """
        if not re.fullmatch(NAME, self.system):
            raise UserError(f"name: {self.system!r:.80} is no name of a system: begin with a letter or a digit")
        price: Price | None = None if self.price is None else written_price(self.price, "price")
        config = AskingSystem(
            kind=cast("Any", self.kind), engine="agent", base_url=self.upstream, api_key_env=self.key_env,
            record_prompts=self.record_prompts, price=price,
        )  # fmt: skip
        systems = Systems.model_construct(include=[], select=None, define={self.system: cast("Any", config)})
        suite = Suite(
            name="meter",
            description="Sessions of a program, metered without a suite",
            tasks=Tasks(select=[TaskChoice(task=TASK, domain=TASK)]),
            systems=systems,
            measure=Measure(warmup=0, blocks=1, repeats=1),
        )
        return Resolved(suite, {self.system: config}, Path.cwd() / "meter")

    def cell(self, config: AskingSystem) -> Cell:
        """Return the cell of the record. What is asked is what the program is, and is not known in advance."""
        words = hide_command(self.program)
        return Cell(
            system=self.system, config=config, choice=TaskChoice(task=TASK, domain=TASK), items=0,
            task_version="", docs_sha256=digest(*words), task_sha256=digest(TASK),
        )  # fmt: skip


@contextlib.contextmanager
def gateway(
    upstream: str,
    *,
    name: str = "agent",
    key_env: str | None = None,
    price: str | Mapping[str, object] | None = None,
    record_prompts: bool = False,
    listen: str | None = None,
    out: str | os.PathLike[str] = "runs",
    wait: bool | float = False,
) -> Iterator[MeteredGateway]:
    """Run a gateway in front of a server, and meter the sessions of this program that ask it.

    ``with gateway("http://localhost:8000/v1") as g, g.session("first") as s:`` gives a base URL for any client,
    ``s.base_url``. At the end there is the record of a run, ``g.run``, which `wattbench.read` and all others read.

    One at a time meters on a machine, and never during a run: energy is counted for the whole machine.

    Args:
        upstream: the server's base URL.
        name: what the program is called in the record.
        key_env: the environment variable with the server's key, sent in place of what clients send. None: theirs.
        price: the keys of a price in a suite: ``{"input_per_million": 3, "output_per_million": 15, "currency": "USD"}``
            or ``"input_per_million=3,output_per_million=15,currency=USD"``.
        record_prompts: record the bodies of all calls, redacted.
        listen: ``"HOST:PORT"``; None: a free port that this machine alone can reach.
        out: the folder in which the run gets its directory.
        wait: while another run measures on this machine, wait this many seconds at most; True: as long as it takes.

    Raises:
        UserError: the server cannot be reached, an argument is wrong, a meter cannot measure anything here, or another
            run is measuring on this machine.
    """
    settings = GatewaySettings(
        upstream=upstream,
        system=name,
        key_env=key_env,
        price=",".join(f"{key}={each}" for key, each in price.items()) if isinstance(price, Mapping) else price,
        record_prompts=record_prompts,
        listen=listen,
        out=Path(out),
        command=["wattbench.gateway", upstream],
        wait_s=seconds_to_wait(wait),
    )
    with metered_gateway(settings) as metered:
        yield metered


@contextlib.contextmanager
def metered_gateway(settings: GatewaySettings) -> Iterator[MeteredGateway]:
    """Begin a record, measure the idle draw, run a gateway, and complete the record at the end of the block.

    Whatever ends the block, the sessions so far are kept. Without a session no record is left.

    Raises:
        UserError: as `gateway`.
    """
    require_installed("starlette", "uvicorn", "httpx", extra="agents", what="a gateway")
    keep_secrets_of({"base_url": settings.upstream})
    key, (host, port), resolved = settings.key(), settings.address(), settings.resolved()
    check_reachable(settings.upstream)
    if not is_loopback(host):
        notice(f"wattbench: the gateway listens at {host}: whoever can reach this machine can use it, and its key")
    with contextlib.ExitStack() as stack:
        with stdout_to_stderr():
            machine = stack.enter_context(sharing_machine(settings.wait_s))
            chosen = meters_here(resolved.suite, resolved.systems)
            config = cast("AskingSystem", resolved.systems[settings.system])
            metered = {"upstream": public_url(settings.upstream), "command": hide_command(settings.program) or None}
            writer = new_run(
                settings.out, resolved, [settings.cell(config)], chosen.provenance, settings.command, chosen.details,
                metered=metered,
            )  # fmt: skip
            root = writer.layout.root
            stack.callback(_remove_if_empty, root)
            context = stack.enter_context(measuring(writer, resolved, chosen, _Notes(), machine=machine))
            machine.name_run(root)
            stack.enter_context(context.alone())
            row = SystemRow(system=settings.system, kind=config.kind, engine=config.engine, node=node())
            writer.append_system(row)
            context.trace_to(settings.system, None)
            idle_w = context.idle_power_w(settings.system, settings.system)
            context.trace_to(settings.system, TASK)
            upstream = Upstream(settings.upstream, key)
            running = MeteredGateway(context, settings, upstream, idle_w, config.price, host, port)
        try:
            yield running
        except BaseException as error:
            running.close(f"the program ended with {type(error).__name__}")
            _finish(context)
            raise
        running.close()
        _finish(context)


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


class MeteredGateway:
    """A gateway whose sessions are metered. Made by `wattbench.gateway`."""

    def __init__(
        self,
        context: MeasuringContext,
        settings: GatewaySettings,
        upstream: Upstream,
        idle_w: Mapping[str, float],
        price: Price | None,
        host: str,
        port: int,
    ) -> None:
        self._context, self._system, self._idle_w = context, settings.system, idle_w
        self.price = price
        self.run: Path = context.writer.layout.root
        """The directory of its record, which is complete when the ``with`` block has ended."""
        self._lock = threading.Lock()
        """Of what follows; never held while the gateway is asked something, as its thread takes it, too."""
        self._names: dict[str, list[str]] = {}
        """Name to the sessions that have it, in order."""
        self._rows: dict[str, SessionRow] = {}
        self._open: dict[str, MeteredSession] = {}
        self._made: dict[str, list[CallRow]] = {}
        """Session that the program named itself to its calls."""
        self._window: OpenWindow | None = None
        self._gateway = Gateway(
            upstream,
            system=settings.system,
            keep=self._keep,
            begins=self._begin,
            adopts=bool(settings.program),
            record_prompts=settings.record_prompts,
            host=host,
            port=port,
        )
        self.url: str = self._gateway.url
        """Its address. A call that names no session is recorded, too."""

    @contextlib.contextmanager
    def session(self, name: str = "session") -> Iterator[MeteredSession]:
        """Open a session for the block under ``with``: ``with gateway.session("first") as s: client(s.base_url)``.

        Sessions may be nested, and open in several threads at once: the joules of each moment are divided among the
        calls in flight.

        Args:
            name: what it is called in the record. Sessions of one name are repeats of one item.

        Raises:
            UserError: the record cannot be written.
        """
        session = self.open_session(name)
        try:
            yield session
        except BaseException as error:
            self.end_session(session, f"the code in it raised {type(error).__name__}")
            raise
        self.end_session(session)

    def open_session(self, name: str) -> MeteredSession:
        """Open a session, which `end_session` ends. A window is opened for it if none is open."""
        with self._lock:
            if self._window is None:
                self._window = self._context.open_window(self._system, TASK, Purpose.MEASURED)
        opened = self._gateway.open_session()
        with self._lock:
            row = self._recorded(opened.id, name, now_s())
            session = self._open[opened.id] = MeteredSession(self, opened, row)
        return session

    def end_session(
        self, session: MeteredSession, failure: str | None = None, agent_cpu_s: float | None = None
    ) -> None:
        """End a session: calls under way are cancelled. With the last open one the window is closed.

        Args:
            session: that is open.
            failure: why it counts as failed; None: it does not.
            agent_cpu_s: CPU seconds of the program's own processes, if they are known.

        Raises:
            UserError: the record could not be written.
        """
        calls = session.opened.close()
        finished_s = now_s()
        with self._lock:
            self._open.pop(session.id, None)
            self._answer(session.row, calls, finished_s, failure, agent_cpu_s)
            if not self._open and not self._made:
                self._close_window()

    def ensure(self) -> None:
        """Start the gateway's process anew if it has died: sessions stay open.

        Raises:
            UserError: it cannot be started.
        """
        self._gateway.ensure()

    def close(self, failure: str | None = None) -> None:
        """End what is open, and the gateway's process.

        Args:
            failure: why sessions that are still open count as failed.
        """
        for session in [*self._open.values()]:
            self.end_session(session, failure or "it was not ended before the gateway")
        self._gateway.close()
        with self._lock:
            for session_id, calls in self._made.items():
                row = self._rows[session_id]
                last_s = max((call.finished_s for call in calls), default=row.started_s)
                self._answer(row, calls, max(last_s, row.started_s), failure, None)
            self._made.clear()
            self._close_window()

    def item_of(self, session_id: str) -> ItemRow:
        """Return the row of a session that has ended, with its share of the joules of its window.

        Raises:
            UserError: its window is still open, as other sessions are.
        """
        with self._lock:
            row = self._rows[session_id]
            if self._window is not None and self._window.label.window == row.window:
                raise UserError(
                    f"session {row.name!r:.80}: its joules are known when all sessions that were open with it end"
                )
        records = read_run(self.run)
        return next(item for item in session_rows(records, records.windows()) if item.session == session_id)

    def _recorded(self, session: str, name: str, started_s: float) -> SessionRow:
        repeats = self._names.setdefault(name, [])
        row = SessionRow(
            session=session,
            name=name,
            doc_id=list(self._names).index(name),
            repeat=len(repeats),
            window="" if self._window is None else self._window.label.window,
            started_s=started_s,
        )
        repeats.append(session)
        self._rows[session] = row
        self._context.writer.append_session(row)
        return row

    def _answer(
        self, row: SessionRow, calls: Sequence[CallRow], finished_s: float, failure: str | None, cpu_s: float | None
    ) -> None:
        number = list(self._rows).index(row.session)
        answer = answer_of(row, calls, number=number, finished_s=finished_s, failure=failure, agent_cpu_s=cpu_s)
        self._context.writer.append_answer(self._system, TASK, answer)

    def _close_window(self) -> None:
        if self._window is not None:
            self._context.writer.append_window(self._window.close(idle_w=self._idle_w))
            self._window = None

    def _begin(self, call: CallRow) -> None:
        """Record that a call is sent, and the session that it names if the program made it. In the gateway's thread."""
        self._context.writer.append_open_call(call)
        with self._lock:
            if call.session and call.session not in self._rows:
                self._recorded(call.session, call.session, call.started_s)
                self._made[call.session] = []

    def _keep(self, call: CallRow) -> None:
        """Record a call as it ends. In the gateway's thread."""
        self._context.writer.append_call(call)
        with self._lock:
            if call.session in self._made:
                self._made[call.session].append(call)

    def __repr__(self) -> str:
        return f"<gateway at {self.url}: {len(self._rows)} sessions>"


class MeteredSession:
    """A session of a metered program. Its joules can be read when its ``with`` block has ended."""

    def __init__(self, gateway: MeteredGateway, opened: Session, row: SessionRow) -> None:
        self._gateway, self.opened, self.row = gateway, opened, row
        self.id: str = opened.id
        self.base_url: str = opened.base_url
        """For clients of OpenAI's protocol; ends in ``/v1``."""
        self.anthropic_url: str = opened.anthropic_url
        """For clients of Anthropic's protocol, which add ``/v1/messages`` themselves."""

    @property
    def calls(self) -> Sequence[CallRow]:
        """The model calls that have ended so far, in the order in which they ended."""
        return self.opened.calls

    @property
    def seconds(self) -> float:
        """The length of the session in seconds."""
        item = self._gateway.item_of(self.id)
        assert item.finished_s is not None
        assert item.started_s is not None
        return item.finished_s - item.started_s

    @property
    def energy_j(self) -> float | None:
        """The joules of the session: its part of those of the server and of its own processes; None where they are not
        measured, or their window is not valid.

        Raises:
            UserError: the session, or another that was open at the same time, has not ended.
        """
        return self._gateway.item_of(self.id).energy_j

    @property
    def cost(self) -> float | None:
        """The money of the session's tokens and requests, in the currency of the price; None without a price, or where
        tokens are not recorded."""
        return cost_of(self._gateway.price, self.calls)

    def __repr__(self) -> str:
        return f"<session {self.row.name!r}: {len(self.calls)} calls>"


def cost_of(price: Price | None, calls: Sequence[CallRow]) -> float | None:
    """Return the money of the tokens and requests of calls; None without a price of them, or where a count is missing.

    A call that the server refused costs nothing.
    """
    if price is None or not (price.by_token or price.per_request is not None):
        return None
    billed = [call for call in calls if call.status is None or call.status < 400]
    total = (price.per_request or 0.0) * len(billed)
    for call in billed if price.by_token else ():
        counts = (call.prompt_tokens, call.cached_tokens, call.cache_write_tokens, call.output_tokens)
        money = float(price.tokens.money(*(float("nan") if each is None else float(each) for each in counts)))
        if math.isnan(money):
            return None
        total += money
    return total


class _Notes(Progress):
    """Passes on what is said before the program begins; while it runs the terminal is the program's."""

    def note(self, text: str, *, keep: bool = False) -> None:
        notice(f"wattbench: {text}")


def _finish(context: MeasuringContext) -> None:
    if context.records.sessions():
        finish_sessions(context.records, context.writer)


def _remove_if_empty(root: Path) -> None:
    """Remove the record of a program that opened no session."""
    with contextlib.suppress(UserError):
        if not read_run(root).sessions():
            shutil.rmtree(root, ignore_errors=True)
            notice("wattbench: no session was opened, so that no record is left")
