"""Tell whether an answer is that of its request.

A server, or a proxy, that sends an answer twice would else have each later request of the connection read the answer of
the one before. So a connection carries another request only after an answer that ended in the usual way, with nothing
behind it. A copy may come after the next request was written: it is known by its id, or where answers have none by its
text and counts. Then, and if what comes is no answer, the request is spoiled: it may be answered over a new connection.

From the first one on each request has a connection of its own, on which there can be no other answer. So nothing has to
be known of a server's ids: one that gives all of its answers the same id is asked once more, and never again.

What cannot be seen: a copy that is not like its answer and comes while the next request waits, and a proxy that gives
the answer to one request to another before any of it is here.
"""

from __future__ import annotations

from wattbench.network.allowance import Allowance, CarryingConnection, StreamError
from wattbench.network.bounded_stream import Reuse

_END = b"0\r\n\r\n"
"""The usual end of a body in chunks."""
_MOST_ANSWERS = 1000
"""A connection carries no more, as of nginx (`keepalive_requests`): what it has carried is kept in mind."""


class OwnAnswers:
    """Decides over which connections of a client more than one request goes."""

    def __init__(self, reuse: Reuse) -> None:
        """Begin.

        Args:
            reuse: of the connections of the client.
        """
        self._reuse = reuse

    def check(self, known_by: int, connection: CarryingConnection | None) -> None:
        """Check that an answer is new, and close its connection if it did not end in the usual way.

        Args:
            known_by: the same for the same answer.
            connection: that carried it; None: there is none.

        Raises:
            StreamError: the connection has carried the same answer before.
        """
        if connection is None:
            return
        if known_by in connection.carried:
            raise StreamError("it sent an answer again that it had sent before on the same connection")
        connection.carried.add(known_by)
        usual = connection.last == _END
        if not (usual and self._reuse.allowed and len(connection.carried) < _MOST_ANSWERS):
            connection.close()

    def spoiled(self, allowance: Allowance) -> bool:
        """Return whether a request that failed met with what was left of another, as far as can be seen: it went over a
        connection that had carried an answer, and no answer came.

        Args:
            allowance: of the request.
        """
        if allowance.connection is None or not allowance.connection.carried or allowance.answered:
            return False
        if allowance.any_came:  # else the server has only closed it
            self._reuse.allowed = False
        return True
