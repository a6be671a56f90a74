"""A server on this machine for handlers that a test makes."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer(ThreadingHTTPServer):
    """A server in a thread of its own, until it is closed."""

    daemon_threads = True
    request_queue_size = 128
    """More than connect at once: one that finds no place waits a second."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.base_url = f"http://127.0.0.1:{self.server_port}/v1"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Ignore clients that hang up."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
