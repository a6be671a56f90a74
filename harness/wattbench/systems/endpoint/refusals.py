"""Define the errors of a request that was not answered, and how a server refused it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattbench.errors import UserError
from wattbench.redaction import hide

_SPENT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
"""What OpenAI calls an account that has nothing left, though it answers 429: no wait helps."""


@dataclass(frozen=True)
class Refusal:
    """How a server refused a request before it answered it."""

    status: int | None
    """Of HTTP; None: there was no connection."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With names in small letters."""
    spent: bool = False
    """The account has nothing left."""


class ServerError(UserError):
    """A request was not answered."""

    def __init__(self, message: str, what: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.what = hide(what)
        """What went wrong, in a clause, without where and what to do."""
        self.refusal = refusal
        """None: it was sent, and more than a refusal may have come, for which a service may want money."""
        self.waited_s = 0.0
        """As `Reply.waited_s` has it. So for the next one."""
        self.resent = 0


class FailedRequestError(ServerError):
    """A working server has no answer to one request, and would most likely have none to a second try."""


class SpoiledAnswerError(FailedRequestError):
    """A used connection brought something that is not the answer to this request. On a new connection it may be."""


def is_spent(body: object) -> bool:
    """Return whether the body of a refusal says that the account has nothing left."""
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and any(error.get(key) in _SPENT for key in ("code", "type"))
