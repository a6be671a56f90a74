"""Routers: the ways in which a hybrid chooses the member that answers. Each has a file.

May import: `wattbench.config`, `wattbench.errors`, `wattbench.clock`; what a router needs, at the moment it is needed.
Must not import engines: the hybrid passes its members as functions.
"""

from wattbench.routers.base import Attempt, Choice, Chooser, Question, Routed, Router, Setup
from wattbench.routers.registry import open_router, router_class

__all__ = ["Attempt", "Choice", "Chooser", "Question", "Routed", "Router", "Setup", "open_router", "router_class"]
