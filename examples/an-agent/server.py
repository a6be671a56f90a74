"""Imitate a server with two models on this machine, so that the example runs without a GPU, a key or a bill.

    python server.py 8765

It is no model: `script.py` has what it says. It calls the tool `bash`, counts a token for each four characters, has a
cache for the prompts of a conversation, and keeps a processor busy for as long as its models are meant to take.
"""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from script import MODELS, command

PREFILL_S = {"scripted-large": 40e-6, "scripted-small": 10e-6}
"""Seconds per token of a prompt that is not cached."""
DECODE_S = {"scripted-large": 2e-3, "scripted-small": 0.5e-3}
"""Seconds per token of an answer."""
CACHE_BLOCK = 16
"""Tokens that the cache keeps together."""


def tokens(part: Any) -> int:
    """Return how many tokens a part of a conversation has."""
    return len(json.dumps(part)) // 4


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """Return the next step of a conversation, by the issue that it names and how many steps it has."""
    model, messages = body["model"], body["messages"]
    steps = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    issue = re.search(r"(\w+)\.py:", messages[1]["content"])
    module = "" if issue is None else issue[1]
    call = {"name": "bash", "arguments": json.dumps({"command": command(model, module, len(steps))})}
    tool_call = {"id": f"call-{len(steps)}", "type": "function", "function": call}
    message = {"role": "assistant", "content": f"Step {len(steps) + 1}.", "tool_calls": [tool_call]}
    tools = body.get("tools", [])
    prompt, output = tokens([tools, messages]), tokens(message)
    # The prompt of the step before is in the cache, in whole blocks.
    cached = tokens([tools, messages[: steps[-1]]]) // CACHE_BLOCK * CACHE_BLOCK if steps else 0
    work((prompt - cached) * PREFILL_S[model] + output * DECODE_S[model])
    return {
        "id": f"{module}-{len(steps)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def work(seconds: float) -> None:
    """Keep a processor busy."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


class Server(BaseHTTPRequestHandler):
    """`POST /v1/chat/completions`, `GET /v1/models` and `GET /health`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List the models, also to those who ask whether it is ready."""
        self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})

    def do_POST(self) -> None:
        """Answer a conversation; refuse one that the script does not have."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._send(200, answer(body))
        except (KeyError, IndexError, TypeError) as error:
            message = f"the script has nothing for this: {error!r}"
            self._send(400, {"error": {"message": message, "type": "invalid_request_error"}})

    def _send(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing per request."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
