"""Which file holds which engine. Engines are imported when they are used, not before."""

from __future__ import annotations

import importlib
from typing import Any

from harness.systems.base import Engine

_ENGINES = {
    "transformers": "harness.systems.transformers:TransformersEngine",
    "moe": "harness.systems.moe:MoeEngine",
    "endpoint": "harness.systems.endpoint:EndpointEngine",
    "python": "harness.systems.python:PythonEngine",
    "lm_eval": "harness.systems.lm_eval:LmEvalEngine",
    "hybrid": "harness.systems.hybrid:HybridEngine",
}


def engine_class(engine: str) -> type[Engine]:
    """The class behind an engine's name in the suite."""
    module, _, name = _ENGINES[engine].partition(":")
    found: type[Engine] = getattr(importlib.import_module(module), name)
    return found


def open_engine(name: str, config: Any, *, batch: int, seed: int) -> Engine:
    """Load a system by its configuration.

    Raises:
        UserError: it cannot be loaded, and what to do about it.
    """
    return engine_class(config.engine).open(name, config, batch=batch, seed=seed)


def base_key(config: Any) -> object | None:
    """What systems that can share one loaded base have in common; None where nothing can be shared."""
    if config.engine == "hybrid":
        keys = {base_key(config.pool[name]) for name in config.resident} - {None}
        return keys.pop() if len(keys) == 1 else None
    if config.engine not in ("transformers", "moe"):
        return None
    from harness.systems import held_base

    return held_base.key(config)


def release_base() -> None:
    """Free a base that is still held for systems to share."""
    from harness.systems import held_base

    held_base.release_base()
