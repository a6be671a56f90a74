"""Send one request again and again with other bodies.

httpx merges headers, reads the URL, chooses a transport and a way to authenticate, and looks for cookies and hooks, for
each request anew: a third of what a request takes it of the processor. Here that is done once. Connections, proxies and
timeouts are those of the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpcore
import httpx
from httpx._transports.default import ResponseStream, map_httpcore_exceptions

_LENGTH = b"content-length"


class RepeatedPost:
    """A POST to one URL. Several threads may send it at once."""

    def __init__(self, client: httpx.Client, url: httpx.URL, headers: Mapping[str, str]) -> None:
        """Work out what all requests have in common; nothing is sent.

        Args:
            client: without hooks and cookies, and without `auth`: the URL alone may have a password.
            url: of all of them.
            headers: besides those of the client.
        """
        self._client, self._url, self._extra = client, url, dict(headers)
        request = client.build_request("POST", url, content=b"", headers=self._extra)
        self._request = next(client._build_request_auth(request).sync_auth_flow(request))
        self._headers = [each for each in self._request.headers.raw if each[0].lower() != _LENGTH]
        raw = self._request.url
        self._target = httpcore.URL(scheme=raw.raw_scheme, host=raw.raw_host, port=raw.port, target=raw.raw_path)
        transport = client._transport_for_url(url)
        self._pool = transport._pool if type(transport) is httpx.HTTPTransport else None

    def send(self, content: bytes) -> httpx.Response:
        """Send it with a body, and return the unread answer, as `httpx.Client.send` does with `stream=True`.

        Raises:
            httpx.HTTPError: as of `httpx.Client.send`.
            httpx.InvalidURL: the answer redirects, but not to a URL.
        """
        if self._pool is None or self._client.is_closed:
            request = self._client.build_request("POST", self._url, content=content, headers=self._extra)
            return self._client.send(request, stream=True)
        response = self._response(self._pool, content)
        if response.has_redirect_location:
            try:
                self._client._build_redirect_request(self._request, response)  # not followed, and looked at
            except BaseException:
                response.close()
                raise
        return response

    def _response(self, pool: httpcore.ConnectionPool, content: bytes) -> httpx.Response:
        request = httpcore.Request(
            b"POST",
            self._target,
            headers=[*self._headers, (b"Content-Length", b"%d" % len(content))],
            content=content,
            extensions=self._request.extensions,
        )
        try:
            answer = pool.handle_request(request)
        except Exception:
            with map_httpcore_exceptions():
                raise
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=ResponseStream(answer.stream),
            extensions=answer.extensions,
            request=self._request,
        )
