"""Engines: how a system runs. One file each, and each builds an lm-eval `LM`.

May import: `harness.config`, `harness.weights`, `harness.errors`, `harness.clock`; lm-eval, and what its engine
needs, at the moment it is needed. Must not import meters, the runner or `reports`.
"""

from harness.systems.base import Engine, ExpertsAsked, Facts, Mixture, Reply, Route, TaskContext
from harness.systems.registry import base_key, engine_class, open_engine, release_base

__all__ = [
    "Engine",
    "ExpertsAsked",
    "Facts",
    "Mixture",
    "Reply",
    "Route",
    "TaskContext",
    "base_key",
    "engine_class",
    "open_engine",
    "release_base",
]
