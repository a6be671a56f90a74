"""Imitate a service of the OpenAI protocol on this machine, so that the example runs without a key and without a bill.

    python server.py 8765

It answers with the right amount for most invoices, after a wait like that of a network, streams its answer, and counts
a token for each four characters. It is no model, and what it gets right says nothing about any.
"""

import hashlib
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_S = 0.03
SHARE_WRONG = 0.04


def amount(invoice: str) -> str:
    """Return what is to be paid, read from the whole invoice; wrong for a fixed share of invoices."""
    amounts = [float(each.replace(",", "")) for each in re.findall(r"[\d,]+\.\d\d", invoice)]
    last = re.search(r"Still to pay: ([\d,]+\.\d\d)", invoice)
    right = float(last[1].replace(",", "")) if last else max(amounts)
    if invoice.endswith("VAT."):
        right = amounts[-2] + amounts[-1]
    wrong = hashlib.sha256(invoice.encode()).digest()[0] < 256 * SHARE_WRONG
    return f"{right * (10 if wrong else 1):.2f}"


class Service(BaseHTTPRequestHandler):
    """`POST /v1/chat/completions` and `GET /v1/models`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List the one model."""
        self._send("application/json", json.dumps({"data": [{"id": "imitation"}]}))

    def do_POST(self) -> None:
        """Answer the last message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"]
        time.sleep(WAIT_S)
        answer = amount(prompt.rpartition("Input:")[2].rpartition("\nAnswer:")[0].strip())
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(answer) // 4 + 1}
        usage["total_tokens"] = sum(usage.values())
        chunks = [
            {"choices": [{"index": 0, "delta": {"content": answer}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": usage},
        ]
        events = [json.dumps({"model": "imitation", **chunk}) for chunk in chunks]
        self._send("text/event-stream", "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]))

    def _send(self, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing per request."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
