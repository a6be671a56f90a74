"""Build routers by the types that they name. A router is imported when it is used, not before."""

from __future__ import annotations

from typing import Any

from wattbench.config import ROUTERS
from wattbench.routers.base import Router, Setup


def router_class(router: str) -> type[Router]:
    """Import the class behind a router's type in the suite.

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
