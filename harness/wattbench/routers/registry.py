"""Which file holds which router. Routers are imported when they are used, not before."""

from __future__ import annotations

import importlib
from typing import Any

from wattbench.routers.base import Router, Setup

_ROUTERS = {
    "classifier": "wattbench.routers.classifier:Classifier",
    "llm": "wattbench.routers.llm:Reader",
    "cascade": "wattbench.routers.cascade:Cascade",
    "oracle": "wattbench.routers.oracle:Oracle",
    "random": "wattbench.routers.chance:Chance",
    "always": "wattbench.routers.always:Always",
}


def router_class(router: str) -> type[Router]:
    """The class behind a router's type in the suite."""
    module, _, name = _ROUTERS[router].partition(":")
    found: type[Router] = getattr(importlib.import_module(module), name)
    return found


def open_router(config: Any, setup: Setup) -> Router:
    """Build a router by its configuration.

    Raises:
        UserError: it cannot be built, and what to do about it.
    """
    return router_class(config.type).open(config, setup)
