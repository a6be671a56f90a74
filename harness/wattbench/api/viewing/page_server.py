"""Serve the page of a run on this machine alone, to those who have its address.

Other users of the machine, and pages of other sites that the browser shows, can reach the port. So the address has a
token, and a request is answered only where its ``Host`` is this machine: a site whose name was pointed here meanwhile
(DNS rebinding) sends its own. Every answer forbids what the page does not need.
"""

from __future__ import annotations

import hmac
import json
import secrets
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from wattbench.api.viewing.followed_run import FollowedRun
from wattbench.api.viewing.whole_answer import whole_answer
from wattbench.errors import UserError
from wattbench.records.files.regular_file import read_regular
from wattbench_reports.html import write_report
from wattbench_reports.html.under_way import content_of_page, under_way_page, under_way_policy
from wattbench_reports.presenter.templating import as_bytes

_HTML, _JSON, _TEXT = "text/html", "application/json", "text/plain"
_CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_OF_REPORT = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page of a report has the rest of its policy in itself."""
_HOSTS = frozenset({"127.0.0.1", "localhost"})
_TOKEN_BYTES = 18
_MOST_BYTES = 1_000_000_000
"""Of a report."""
_PATIENCE_S = 20.0
"""For a client that sends or takes nothing."""


@dataclass(frozen=True)
class _Reply:
    body: bytes
    kind: str = _TEXT
    status: HTTPStatus = HTTPStatus.OK
    policy: str = _CLOSED


_NOTHING = _Reply(b"not available\n", status=HTTPStatus.NOT_FOUND)


class RunPages:
    """What can be looked at of a run, by path."""

    def __init__(self, root: Path) -> None:
        """Read the header, and make the report of a finished run.

        Raises:
            UserError: it is not a run, or is damaged.
        """
        self.run = FollowedRun(root)
        self._turn = threading.Lock()
        self._report: bytes | None = None
        self._so_far_or_report()

    def reply(self, path: str) -> _Reply:
        """Answer a request.

        Args:
            path: below the token, percent-encoded: empty for the page, ``state.json``, or
                ``answers/<system>/<task>/<document>``.
        """
        if path == "":
            return self._page()
        if path == "state.json":
            return _Reply(json.dumps(self._state()).encode(), _JSON)
        first, *names = map(unquote, path.split("/"))
        if first == "answers" and len(names) == 3 and names[2].isascii() and names[2].isdecimal():
            return self._answer(names[0], names[1], int(names[2][:18]))
        return _NOTHING

    def _page(self) -> _Reply:
        with self._turn:
            try:
                if (so_far := self._so_far_or_report()) is None:
                    return _Reply(self._report or b"", _HTML, policy=_OF_REPORT)
                page = under_way_page(self.run.records, so_far)
            except UserError as error:
                page = under_way_page(self.run.records, str(error))
        return _Reply(as_bytes(page), _HTML, policy=f"{under_way_policy()}; frame-ancestors 'none'")

    def _state(self) -> dict[str, Any]:
        """Return the state, and while the run is not finished what the page shows of it."""
        with self._turn:
            try:
                state = self.run.listed().state
                so_far = self.run.so_far()
                content = "" if so_far is None else content_of_page(so_far)
            except UserError as error:
                state, content = "damaged", content_of_page(str(error))
        return {"state": state, "content": content}

    def _so_far_or_report(self) -> Any:
        """Return how far the run is; None where it is finished, once the report is made."""
        if self._report is not None:
            return None
        so_far = self.run.so_far()
        if so_far is None:
            with tempfile.TemporaryDirectory() as folder:
                page = write_report(self.run.root, Path(folder) / "report.html")
                self._report = read_regular(page, _MOST_BYTES)
        return so_far

    def _answer(self, system: str, task: str, doc_id: int) -> _Reply:
        try:
            text = whole_answer(self.run.now(), system, task, doc_id)
        except UserError as error:
            return _Reply(as_bytes(f"{error}\n"), status=HTTPStatus.INTERNAL_SERVER_ERROR)
        return _NOTHING if text is None else _Reply(as_bytes(text))


class PageServer(ThreadingHTTPServer):
    """Serves `RunPages` at a free port of this machine. A context manager."""

    daemon_threads = True

    def __init__(self, pages: RunPages) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        super().__init__(("127.0.0.1", 0), partial(_Handler, pages, self.token))

    @property
    def address(self) -> str:
        """Return the address of the page, which opens on this machine alone."""
        return f"http://127.0.0.1:{self.server_address[1]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that left."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE_S

    def __init__(self, pages: RunPages, token: str, *given: Any) -> None:
        self._pages, self._token = pages, token
        super().__init__(*given)

    def do_GET(self) -> None:
        self._send(self._reply())

    def do_HEAD(self) -> None:
        self._send(self._reply(), body=False)

    def _reply(self) -> _Reply:
        if not _is_here(self.headers.get_all("Host") or []):
            return _Reply(b"not this machine's address\n", status=HTTPStatus.MISDIRECTED_REQUEST)
        _, token, *path = urlsplit(self.path).path.split("/", 2) if self.path.startswith("/") else ("", "")
        if not path or not hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            return _NOTHING
        return self._pages.reply(path[0])

    def _send(self, reply: _Reply, *, body: bool = True) -> None:
        self.send_response(reply.status)
        for name, value in {
            "Content-Type": f"{reply.kind}; charset=utf-8",
            "Content-Length": str(len(reply.body)),
            "Content-Security-Policy": reply.policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(reply.body)

    def version_string(self) -> str:
        return "wattbench"

    def log_message(self, *_: Any) -> None:
        """Log nothing: what a client sends is no line of a terminal."""


def _is_here(hosts: list[str]) -> bool:
    """Return whether a request names this machine, at any port: one may be forwarded."""
    if len(hosts) != 1:
        return False
    name, colon, port = hosts[0].strip().lower().partition(":")
    return name in _HOSTS and (not colon or port.isdecimal())
