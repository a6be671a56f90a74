"""Decide whether an answer belongs to its request.

A server, or a proxy, that sends an answer twice would else have each later request of the connection read the answer of
the one before. So a connection carries another request only after an answer that ended in the usual way, with nothing
behind it. A copy may come after the next request was written: it is known by its id, or where answers have none by its
text and counts. Then, and if what comes is no answer, the request is spoiled: it may be answered over a new connection.

From the first one on each request has a connection of its own, on which there can be no other answer. So nothing has to
be known of a server's ids: one that gives all of its answers the same id is asked once more, and never again. But where
ids differed, and the new connection brings the same id again, something replays an answer: it is that of no request.

What cannot be seen: a copy that is not like its answer and comes while the next request waits, and a proxy that gives
the answer to one request to another before any of it is here.
"""

from __future__ import annotations

import threading

from wattbench.network.connection import Connection, Response, StreamError
from wattbench.network.connections import Connections
from wattbench.network.event_stream import RefusedAnswerError
from wattbench.systems.endpoint.completion_stream import Completion

_MOST_ANSWERS = 1000
"""A connection carries no more, as of nginx (`keepalive_requests`): what it has carried is kept in mind."""


class OwnAnswers:
    """Checks answers, and decides which connections may carry another request."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._suspects: dict[int, int] = {}
        """Thread to by what the copy is known that its last request met with."""
        self._replayed: set[int] = set()

    def check(self, completion: Completion, answer: Response) -> None:
        """Check that an answer is new, and approve of its connection if it ended in the usual way.

        Args:
            completion: what was answered. A request that is asked again is in the same thread.
            answer: as it was read.

        Raises:
            RefusedAnswerError: it is one that is sent again and again.
            StreamError: the connection has carried the same answer before.
        """
        known_by, thread, connection = completion.known_by, threading.get_ident(), answer.connection
        if self._suspects.pop(thread, None) == known_by:
            self._replayed.add(known_by)
        if known_by in self._replayed:
            raise RefusedAnswerError("it sent an answer to one request to others as well")
        if known_by in connection.carried:
            if completion.has_id and len(connection.carried) > 1:
                self._suspects[thread] = known_by
            raise StreamError("it sent an answer again that it had sent before on the same connection")
        connection.carried.add(known_by)
        connection.approved = answer.in_chunks and len(connection.carried) < _MOST_ANSWERS

    def spoiled(self, connection: Connection, *, any_came: bool) -> bool:
        """Return whether a request probably failed because it read the rest of an earlier answer.

        Its connection had carried one, and no answer of its own came.

        Args:
            connection: to which the request was written.
            any_came: something came after it.
        """
        if not connection.carried or connection.answered:
            return False
        if any_came:  # else the server has only closed it
            self._connections.shared = False
        return True
