"""Serve completions on a port of loopback, and note when each request came: `python server.py ANSWER_S`.

It prints its port. `GET /stamps` gives the moment at which each prompt's request had been read, in order, by the clock
that all processes of a machine have in common (`wattbench.clock.machine_s`).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

TOKENS = 8
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"


class Stamped:
    """A server that keeps when each request came."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s = answer_s
        self._stamps: list[tuple[str, float]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        while head := await self._head(reader):
            first, *lines = head.split("\r\n")
            length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            read_s = time.perf_counter()
            if first.startswith("POST"):
                self._stamps.append((str(json.loads(body)["prompt"]), read_s))
                await self._answer(writer)
            else:
                stamps = "/stamps" in first
                text = json.dumps(self._stamps if stamps else {"data": [{"id": "stamped"}]})
                writer.write((_HEAD.format(kind="application/json", length=len(text)) + text).encode())
            await writer.drain()
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return ""

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        choices = [{"choices": [{"index": 0, "text": f" {n}", "finish_reason": None}]} for n in range(TOKENS)]
        choices[-1]["choices"][0]["finish_reason"] = "length"
        usage = {"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": TOKENS}}
        events = [f"data: {json.dumps(each)}\n\n" for each in [*choices, usage]] + ["data: [DONE]\n\n"]
        writer.write(_HEAD.format(kind="text/event-stream", length=sum(map(len, events))).encode())
        for event in events:
            await asyncio.sleep(self._answer_s / len(events))
            writer.write(event.encode())


async def main(answer_s: float) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Stamped(answer_s).serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
