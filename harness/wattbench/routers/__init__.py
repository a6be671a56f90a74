"""Routers: the ways in which a hybrid chooses the member that answers.

May import: `wattbench.config`, `wattbench.errors`, `wattbench.clock`; what a router needs, at the moment it is needed.
Must not import engines: the hybrid passes its members as functions.
"""

from typing import Any

from wattbench.config import ROUTERS
from wattbench.routers.base import Attempt, Choice, Chooser, Question, Routed, Router, Setup

__all__ = ["Attempt", "Choice", "Chooser", "Question", "Routed", "Router", "Setup", "open_router", "router_class"]


def router_class(router: str) -> type[Router]:
    """Import the class behind a router's type in the suite: when it is used, not before.

    Raises:
        UserError: there is no such router, or its class cannot be used.
    """
    loaded: type[Router] = ROUTERS.load(router)
    return loaded


def open_router(config: Any, setup: Setup) -> Router:
    """Build a router by its configuration.

    Raises:
        UserError: it cannot be built, and what to do about it.
    """
    return router_class(config.type).open(config, setup)
