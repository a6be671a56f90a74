"""Pass requests through to a server as the fewest lines of Starlette do: `python bare.py BASE_URL PORT`."""

from __future__ import annotations

import sys

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

client = httpx.AsyncClient(base_url=sys.argv[1], timeout=300.0)


async def pass_on(request: Request) -> Response:
    """Send a request to the server and stream its answer."""
    sent = client.build_request(
        request.method, request.url.path, headers=request.headers.raw, content=await request.body()
    )
    answer = await client.send(sent, stream=True)
    return StreamingResponse(
        answer.aiter_raw(), answer.status_code, dict(answer.headers), background=BackgroundTask(answer.aclose)
    )


if __name__ == "__main__":
    app = Starlette(routes=[Route("/{path:path}", pass_on, methods=["GET", "POST"])])
    uvicorn.run(app, port=int(sys.argv[2]), http="h11", log_level="critical")
