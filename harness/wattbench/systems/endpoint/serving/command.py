"""Start any server by its command line: vLLM, SGLang, a build of llama.cpp, your own."""

from __future__ import annotations

import socket
import time

from wattbench.config import Serve
from wattbench.errors import UserError
from wattbench.network.urls import port_of, public_url
from wattbench.redaction import keep_secret, keep_secrets_of
from wattbench.systems.endpoint.client import OpenAIClient, parse_url
from wattbench.systems.endpoint.serving.base import HelpedServer
from wattbench.systems.endpoint.serving.command_line import split_command, with_port
from wattbench.systems.endpoint.serving.helper import HelperProcess

POLL_S = 0.1
POLL_TIMEOUT_S = 5.0
STOP_S = 10.0
"""How long the command has to end itself when asked; vLLM takes a few seconds to free its devices."""


class CommandServer(HelpedServer):
    """A server that runs until closed. Its process group ends with it, and with wattbench however that ends."""

    def __init__(self, where: str, serve: Serve, *, base_url: str, key: str | None) -> None:
        """Start the command and wait until `serve.ready` answers 200.

        Args:
            where: the name of the system in messages.
            serve: its part of the suite, with a `command`.
            base_url: where it will answer; `{port}` in it and in the command becomes a free port.
            key: the key that the server requires, if any.

        Raises:
            UserError: it cannot be started, ends early, or is not ready in `serve.timeout_s`; or another
                server answers at its address already.
        """
        deadline_s = time.monotonic() + serve.timeout_s
        keep_secret(key)
        keep_secrets_of({"command": serve.command, "base_url": base_url})
        argv, self.base_url = with_port(split_command(serve, where), base_url)
        self._refuse_occupied(where)
        order = {"argv": argv, "grace_s": STOP_S}
        super().__init__(HelperProcess("command_child.py", order, where=where, grace_s=STOP_S + 5.0))
        try:
            answer = self._helper.read(deadline_s)
            if "error" in answer:
                raise UserError(f"{where}: serve.command cannot be started: {answer['error']}")
            self.pid = answer["pid"]
            self._wait_ready(where, serve, key, deadline_s)
        except BaseException:
            self.close()
            raise

    def _refuse_occupied(self, where: str) -> None:
        url = parse_url(self.base_url, where)
        try:
            socket.create_connection((url.hostname or "", port_of(url)), timeout=1.0).close()
        except OSError:
            return
        raise UserError(
            f"{where}: a server answers at {public_url(self.base_url)} before serve.command was started, and "
            "would be measured instead. Stop it, remove serve: to measure it, or write {port} in command and "
            "base_url"
        )

    def _wait_ready(self, where: str, serve: Serve, key: str | None, deadline_s: float) -> None:
        client = OpenAIClient(where=where, base_url=self.base_url, key=key, timeout_s=POLL_TIMEOUT_S)
        try:
            while not client.answers(serve.ready, min(POLL_TIMEOUT_S, max(POLL_S, deadline_s - time.monotonic()))):
                if self.ended() is not None:
                    self._helper.fail("serve.command ended while it was starting")
                if time.monotonic() > deadline_s:
                    self._helper.fail(
                        f"{public_url(client.url(serve.ready).geturl())} did not answer 200 within serve.timeout_s = "
                        f"{serve.timeout_s:g}. Raise it, or correct ready, base_url or command"
                    )
                time.sleep(POLL_S)
        finally:
            client.close()
