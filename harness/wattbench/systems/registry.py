"""Which file holds which engine. Engines are imported when they are used, not before."""

from __future__ import annotations

import importlib
from typing import Any

from wattbench.systems.base import Engine

_ENGINES = {
    "transformers": "wattbench.systems.local.transformers:TransformersEngine",
    "moe": "wattbench.systems.local.moe:MoeEngine",
    "endpoint": "wattbench.systems.endpoint.engine:EndpointEngine",
    "python": "wattbench.systems.python:PythonEngine",
    "lm_eval": "wattbench.systems.lm_eval:LmEvalEngine",
    "hybrid": "wattbench.systems.hybrid.engine:HybridEngine",
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
    from wattbench.systems.local import base_cache

    return base_cache.key(config)


def release_base() -> None:
    """Free a base that is still held for systems to share."""
    from wattbench.systems.local import base_cache

    base_cache.release_base()
