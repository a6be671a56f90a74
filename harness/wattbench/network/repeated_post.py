"""Send one request again and again with other bodies.

httpx merges headers, reads the URL, chooses a transport and a way to authenticate, and looks for cookies and hooks, for
each request anew: a third of what a request takes it of the processor. Here that is done once. Connections, proxies and
timeouts are those of the client.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from wattbench.network.kept_connections import KeptConnections
from wattbench.network.plain_exchange import PlainExchange, PlainRequest

_NO_LENGTH = b"0\r\n\r\n"


class RepeatedPost:
    """A POST to one URL. Several threads may send it at once."""

    def __init__(
        self, client: httpx.Client, connections: KeptConnections, url: httpx.URL, headers: Mapping[str, str]
    ) -> None:
        """Work out what all requests have in common; nothing is sent.

        Args:
            client: without hooks and cookies, and without `auth`: the URL alone may have a password.
            connections: of the client to the server.
            url: of all of them.
            headers: besides those of the client.
        """
        self._client, self._connections, self._url, self._extra = client, connections, url, dict(headers)
        request = client.build_request("POST", url, content=b"", headers=self._extra)
        self._request = next(client._build_request_auth(request).sync_auth_flow(request))
        self._plain = PlainRequest(
            self._request.url.raw_path,
            [each for each in self._request.headers.raw if each[0].lower() != b"content-length"],
            self._request.extensions["timeout"],
        )
        self._head = b""

    def send(self, content: bytes) -> httpx.Response:
        """Send it with a body, and return the unread answer, as `httpx.Client.send` does with `stream=True`.

        Raises:
            httpx.HTTPError: as of `httpx.Client.send`.
            httpx.InvalidURL: the answer redirects, but not to a URL.
        """
        if not self._connections.possible or self._client.is_closed:
            request = self._client.build_request("POST", self._url, content=content, headers=self._extra)
            return self._client.send(request, stream=True)
        exchange = PlainExchange(self._connections, self._plain, self._head_of(content), content)
        response = httpx.Response(
            exchange.status,
            headers=exchange.headers,
            stream=exchange,
            extensions=exchange.extensions,
            request=self._request,
        )
        if response.has_redirect_location:
            try:
                self._client._build_redirect_request(self._request, response)  # not followed, and looked at
            except BaseException:
                response.close()
                raise
        return response

    def _head_of(self, content: bytes) -> bytes:
        """Return the bytes before a body. h11 has written, and checked, those of the first; its length is last."""
        if not self._head:
            head = self._plain.head(0)
            assert head.endswith(_NO_LENGTH)
            self._head = head.removesuffix(_NO_LENGTH)
        return self._head + b"%d\r\n\r\n" % len(content)
